#include "tools/replay/chain_replay.hpp"

#include "contracts/exchanges/uniswap_v3/factory.hpp"
#include "contracts/exchanges/uniswap_v3/pool.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "tools/replay/chain_events.hpp"
#include "tools/replay/uniswap_v3_actor.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <optional>
#include <set>

namespace runnel::replay
{
namespace
{
using namespace contracts::uniswap_v3;
using contracts::Erc20;
using contracts::Sandbox;
using contracts::UniswapV3Factory;
using contracts::UniswapV3Pool;
using nlohmann::json;

class ChainReplayer
{
public:
    explicit ChainReplayer(ChainReport& report) : report_{report} {}

    /// The first reading: who and what is named.
    void meet(const json& line);
    /// Ends it: everybody is there.
    void begin();
    /// The second reading: what happened.
    void replay(const json& line);

    Comparison& comparison() noexcept { return comparison_; }

private:
    struct Pool
    {
        UniswapV3Pool* pool = nullptr;  // nullptr: to be created by the factory.
        Address address;
        PoolConstructor arguments;
        Address token0;
        Address token1;
        bool is_given = false;  // There from the start: the only one of its file.
        std::optional<json> start;
        std::array<Amount, 2> balances;
    };

    AccountId account_of(const Address& address);
    Pool& pool_of(const json& line);
    Erc20& token(const Address& address);
    [[nodiscard]] PoolSnapshot snapshot_of(const Pool& pool, const json& state);
    void create(const json& line);
    void initialize(Pool& pool, const json& line);
    void mint(Pool& pool, const json& line);
    void burn(Pool& pool, const json& line);
    void swap(Pool& pool, const json& line);
    void compare_end(Pool& pool, const json& line);
    void compare_fees(const Pool& pool, const PoolSnapshot& end);
    Sandbox::Outcome run(AccountId sender, ContractId contract, const auto& call)
    {
        auto outcome = sandbox_.run(sender, contract, call);
        if (!outcome.ok())
            comparison_.mismatch(
                fmt::format("{}: refused: {}", where_, outcome.receipt.refusal.to_string()));
        return outcome;
    }
    void equal(std::string_view field, std::string_view expected, std::string_view got)
    {
        comparison_.equal(fmt::format("{}: {}", where_, field), expected, got);
    }

    ChainReport& report_;
    Comparison comparison_;
    Sandbox sandbox_;
    std::map<Address, Pool> pools_;
    std::map<Address, Erc20*> tokens_;
    std::map<Address, AccountId> accounts_;
    Address only_;  // The pool of a file that names it once.
    Actor* actor_ = nullptr;
    UniswapV3Factory* factory_ = nullptr;
    AccountId payer_{};
    std::string where_;  // Block and event, for messages.
    std::uint64_t last_block_ = 0;
};

AccountId ChainReplayer::account_of(const Address& address)
{
    const auto [found, is_new] = accounts_.try_emplace(address);
    if (is_new)
    {
        if (accounts_.size() > names_max)
            throw std::invalid_argument{fmt::format("more than {} accounts", names_max)};
        auto& world = sandbox_.world();
        const auto known = world.find_account(address);
        found->second =
            known ? *known
                  : world.add_account({address.to_checksum_string(), "wallet", "", address, {}});
    }
    return found->second;
}

ChainReplayer::Pool& ChainReplayer::pool_of(const json& line)
{
    const auto address = line.contains("pool") ? address_in(line, "pool") : only_;
    const auto found = pools_.find(address);
    if (found == pools_.end())
    {
        throw std::invalid_argument{
            line.contains("pool")
                ? fmt::format("\"pool\": {} was not created before", address.to_checksum_string())
                : "expected a \"pool\", or a header line that names it"};
    }
    return found->second;
}

void ChainReplayer::meet(const json& line)
{
    const auto add_pool = [this](const json& from, bool is_given)
    {
        Pool pool;
        pool.address = address_in(from, "pool");
        pool.arguments = constructor_in(from);
        pool.token0 = address_in(from, "token0");
        pool.token1 = address_in(from, "token1");
        if (!(pool.token0 < pool.token1))
            throw std::invalid_argument{"\"token0\": expected the lower of the two addresses"};
        pool.is_given = is_given;
        if (!pools_.emplace(pool.address, pool).second)
            throw std::invalid_argument{"\"pool\": is there already"};
        if (pools_.size() > names_max)
            throw std::invalid_argument{fmt::format("more than {} pools", names_max)};
        tokens_.try_emplace(pool.token0);
        tokens_.try_emplace(pool.token1);
        ++report_.pools;
    };
    if (is_header(line))
    {
        if (!pools_.empty())
            throw std::invalid_argument{"expected the header in the first line"};
        add_pool(line, true);
        only_ = address_in(line, "pool");
        return;
    }
    const auto& kind = text_of(line, "k");
    if (kind == "create")
        return add_pool(line, false);
    auto& pool = pool_of(line);
    if (kind == "start" || kind == "end")
    {
        for (const auto& position : list_in(line, "positions"))
            account_of(address_in(row_of(position, {"owner"}, "positions"), "owner"));
    }
    if (kind == "start")
    {
        if (!pool.is_given || pool.start)
            throw std::invalid_argument{"expected one start, after the header of its pool"};
        pool.start = line;
        const auto& balances = list_in(line, "balances");
        if (balances.size() != 2)
            throw std::invalid_argument{"\"balances\": expected two"};
        for (unsigned side = 0; side < 2; ++side)
            pool.balances[side] = parse_amount(digits_of(balances[side], "balances"));
        return;
    }
    for (const auto* name : {"owner", "sender", "recipient"})
    {
        if (line.contains(name))
            account_of(address_in(line, name));
    }
}

Erc20& ChainReplayer::token(const Address& address)
{
    return *tokens_.at(address);
}

void ChainReplayer::begin()
{
    auto& world = sandbox_.world();
    const auto named = [&](const Address& address)
    {
        const auto text = address.to_checksum_string();
        if (!world.find_account(address))
            world.add_account({text, "wallet", "", address, {}});
        return text;
    };
    factory_ =
        &sandbox_.add<UniswapV3Factory>(named(Address::from_string(factory_address).value()));
    actor_ = &sandbox_.add<Actor>("payer");
    payer_ = actor_->account();
    const auto funds = Amount::power_of_two(200);
    std::size_t number = 0;
    for (auto& [address, token] : tokens_)
    {
        token = &sandbox_.add<Erc20>(named(address), TokenInfo{fmt::format("T{}", number++), 18},
            contracts::TokenFlavour::uniswap);
        token->allocate(payer_, funds);
    }
    for (auto& [address, pool] : pools_)
    {
        pool.arguments.token0 = token(pool.token0).id();
        pool.arguments.token1 = token(pool.token1).id();
        pool.arguments.factory = factory_->id();
        if (!pool.is_given)
            continue;
        pool.pool = &sandbox_.add<UniswapV3Pool>(named(address), pool.arguments);
        if (!pool.start)
            continue;
        const auto snapshot = snapshot_of(pool, *pool.start);
        pool.pool->restore(snapshot);
        const std::array tokens{pool.token0, pool.token1};
        for (unsigned side = 0; side < 2; ++side)
        {
            // Others' tokens may be more than the payer's: both fit.
            if (pool.balances[side] > funds)
                throw std::invalid_argument{"\"balances\": above 2^200"};
            token(tokens[side]).allocate(pool.pool->account(), pool.balances[side]);
        }
        last_block_ = count_in(*pool.start, "block");
    }
    sandbox_.connect();
}

PoolSnapshot ChainReplayer::snapshot_of(const Pool& pool, const json& state)
{
    PoolSnapshot snapshot;
    auto& to = snapshot.state;
    to.sqrt_price_x96 = amount_in(state, "sqrtPriceX96");
    to.tick = tick_in(state, "tick");
    to.observation_index =
        static_cast<std::uint16_t>(count_up_to(65'535, state, "observationIndex"));
    to.observation_cardinality =
        static_cast<std::uint16_t>(count_up_to(65'535, state, "observationCardinality"));
    to.observation_cardinality_next =
        static_cast<std::uint16_t>(count_up_to(65'535, state, "observationCardinalityNext"));
    if (to.observation_cardinality == 0 || to.observation_index >= to.observation_cardinality ||
        to.observation_cardinality_next < to.observation_cardinality)
        throw std::invalid_argument{"\"observationIndex\": expected one of its cardinality"};
    to.liquidity = amount_in(state, "liquidity");
    to.fee_growth_global0_x128 = amount_in(state, "feeGrowthGlobal0X128");
    to.fee_growth_global1_x128 = amount_in(state, "feeGrowthGlobal1X128");
    if (state.contains("feeProtocol"))
        to.fee_protocol = static_cast<std::uint8_t>(count_up_to(255, state, "feeProtocol"));
    to.unlocked = true;
    const auto tick = tick_at_sqrt_ratio(to.sqrt_price_x96);
    if (!tick.has_value() || !to.liquidity.fits_uint128() ||
        // A price that came down to a tick's own stands below that tick.
        (*tick != to.tick && *tick != to.tick + 1))
        throw std::invalid_argument{"\"sqrtPriceX96\": not a price of its tick"};
    for (const auto& values : list_in(state, "ticks"))
    {
        const auto row = row_of(values,
            {"tick", "liquidityGross", "liquidityNet", "feeGrowthOutside0X128",
                "feeGrowthOutside1X128", "tickCumulativeOutside", "secondsPerLiquidityOutsideX128",
                "secondsOutside"},
            "ticks");
        const auto at = tick_in(row, "tick");
        if (at < min_tick || at > max_tick || at % pool.arguments.tick_spacing != 0)
            throw std::invalid_argument{"\"ticks\": a tick that is not on the pool's grid"};
        TickInfo info;
        info.liquidity_gross = amount_in(row, "liquidityGross");
        info.liquidity_net = number_in(row, "liquidityNet");
        if (!info.liquidity_gross.fits_uint128() || !fits_int128(info.liquidity_net))
            throw std::invalid_argument{"\"ticks\": liquidity that does not fit 128 bits"};
        info.fee_growth_outside0_x128 = amount_in(row, "feeGrowthOutside0X128");
        info.fee_growth_outside1_x128 = amount_in(row, "feeGrowthOutside1X128");
        const auto ticks = number_in(row, "tickCumulativeOutside");
        if (ticks.magnitude() > Amount{1ULL << 55U})
            throw std::invalid_argument{"\"tickCumulativeOutside\" does not fit 56 bits"};
        info.tick_cumulative_outside = static_cast<std::int64_t>(ticks.bits.low64());
        info.seconds_per_liquidity_outside_x128 = amount_in(row, "secondsPerLiquidityOutsideX128");
        info.seconds_outside =
            static_cast<std::uint32_t>(count_up_to(0xFFFFFFFF, row, "secondsOutside"));
        info.initialized = !info.liquidity_gross.is_zero();
        snapshot.ticks.emplace_back(at, info);
    }
    for (const auto& values : list_in(state, "positions"))
    {
        const auto row = row_of(values,
            {"owner", "lo", "hi", "liquidity", "feeGrowthInside0LastX128",
                "feeGrowthInside1LastX128", "tokensOwed0", "tokensOwed1"},
            "positions");
        const PositionKey key{
            account_of(address_in(row, "owner")), tick_in(row, "lo"), tick_in(row, "hi")};
        Position position;
        position.liquidity = amount_in(row, "liquidity");
        position.fee_growth_inside0_last_x128 = amount_in(row, "feeGrowthInside0LastX128");
        position.fee_growth_inside1_last_x128 = amount_in(row, "feeGrowthInside1LastX128");
        position.tokens_owed0 = amount_in(row, "tokensOwed0");
        position.tokens_owed1 = amount_in(row, "tokensOwed1");
        if (!position.liquidity.fits_uint128() || !position.tokens_owed0.fits_uint128() ||
            !position.tokens_owed1.fits_uint128())
            throw std::invalid_argument{"\"positions\": more than 128 bits"};
        snapshot.positions.emplace_back(key, position);
    }
    const auto& observations = list_in(state, "observations");
    if (observations.size() < to.observation_cardinality || observations.size() > 65'535)
        throw std::invalid_argument{"\"observations\": expected one for each slot"};
    for (const auto& values : observations)
    {
        const auto row = row_of(values,
            {"blockTimestamp", "tickCumulative", "secondsPerLiquidityCumulativeX128"},
            "observations");
        Observation observation;
        observation.block_timestamp =
            static_cast<std::uint32_t>(count_up_to(0xFFFFFFFF, row, "blockTimestamp"));
        const auto ticks = number_in(row, "tickCumulative");
        if (ticks.magnitude() > Amount{1ULL << 55U})
            throw std::invalid_argument{"\"tickCumulative\" does not fit 56 bits"};
        observation.tick_cumulative = static_cast<std::int64_t>(ticks.bits.low64());
        observation.seconds_per_liquidity_cumulative_x128 =
            amount_in(row, "secondsPerLiquidityCumulativeX128");
        // Slots that were made ready hold a 1.
        observation.initialized = observation.block_timestamp > 1;
        snapshot.observations.push_back(observation);
    }
    return snapshot;
}

void ChainReplayer::replay(const json& line)
{
    if (is_header(line))
        return;
    const auto& kind = text_of(line, "k");
    if (kind == "start")
        return;
    const auto block = count_in(line, line.contains("b") ? "b" : "block");
    if (block < last_block_)
        throw std::invalid_argument{
            fmt::format("expected blocks in order, got {} after {}", block, last_block_)};
    last_block_ = block;
    where_ = fmt::format("block {}, {}", block, kind);
    if (kind == "end")
        return compare_end(pool_of(line), line);
    if (report_.first_block == 0)
        report_.first_block = block;
    report_.last_block = block;
    sandbox_.set_time(count_in(line, "t"));
    if (kind == "create")
        return create(line);
    auto& pool = pool_of(line);
    if (pool.pool == nullptr)
        throw std::invalid_argument{"\"pool\": was not created before"};
    if (kind == "init")
        initialize(pool, line);
    else if (kind == "mint")
        mint(pool, line);
    else if (kind == "burn")
        burn(pool, line);
    else if (kind == "swap")
        swap(pool, line);
    else
        throw std::invalid_argument{fmt::format(
            "\"k\": expected create, init, mint, burn, swap, start or end, got {}", kind)};
}

void ChainReplayer::create(const json& line)
{
    auto& pool = pools_.at(address_in(line, "pool"));
    auto& world = sandbox_.world();
    const auto outcome = run(payer_, factory_->id(),
        CreatePool{token(pool.token0).account(), token(pool.token1).account(), pool.arguments.fee});
    if (!outcome.ok())
        throw std::invalid_argument{"\"create\": the factory refuses it"};
    auto* made =
        factory_->find_pool(pool.arguments.token0, pool.arguments.token1, pool.arguments.fee);
    equal("address", pool.address.to_checksum_string(),
        world.account(made->account()).address.to_checksum_string());
    equal("tickSpacing", std::to_string(pool.arguments.tick_spacing),
        std::to_string(made->tick_spacing()));
    pool.pool = made;
}

void ChainReplayer::initialize(Pool& pool, const json& line)
{
    run(payer_, pool.pool->id(), Initialize{amount_in(line, "sqrtPriceX96")});
    equal("tick", std::to_string(tick_in(line, "tick")), std::to_string(pool.pool->state().tick));
    ++report_.initializations;
}

void ChainReplayer::mint(Pool& pool, const json& line)
{
    Act act;
    act.pool = pool.pool->id();
    act.kind = Act::Kind::mint;
    act.recipient = account_of(address_in(line, "owner"));
    act.tick_lower = tick_in(line, "lo");
    act.tick_upper = tick_in(line, "hi");
    act.amount0 = amount_in(line, "L");
    const auto outcome = run(payer_, actor_->id(), act);
    if (outcome.ok())
    {
        equal("a0", amount_in(line, "a0").to_string(), outcome.returns.values[0].to_string());
        equal("a1", amount_in(line, "a1").to_string(), outcome.returns.values[1].to_string());
    }
    ++report_.mints;
}

void ChainReplayer::burn(Pool& pool, const json& line)
{
    const auto outcome = run(account_of(address_in(line, "owner")), pool.pool->id(),
        Burn{tick_in(line, "lo"), tick_in(line, "hi"), amount_in(line, "L")});
    if (outcome.ok())
    {
        equal("a0", amount_in(line, "a0").to_string(), outcome.returns.values[0].to_string());
        equal("a1", amount_in(line, "a1").to_string(), outcome.returns.values[1].to_string());
    }
    ++report_.burns;
}

void ChainReplayer::swap(Pool& pool, const json& line)
{
    Act act;
    act.pool = pool.pool->id();
    act.kind = Act::Kind::swap;
    act.recipient = line.contains("recipient") ? account_of(address_in(line, "recipient")) : payer_;
    act.zero_for_one = flag_of(line, "zeroForOne");
    act.amount_specified = number_in(line, "amountSpecified");
    act.price_limit = amount_in(line, "limit");
    const auto outcome = run(payer_, actor_->id(), act);
    if (outcome.ok())
    {
        equal("a0", number_in(line, "a0").to_string(),
            Int256::from_bits(outcome.returns.values[0]).to_string());
        equal("a1", number_in(line, "a1").to_string(),
            Int256::from_bits(outcome.returns.values[1]).to_string());
    }
    const auto& state = pool.pool->state();
    equal("sqrtPriceX96", amount_in(line, "sqrtPriceX96").to_string(),
        state.sqrt_price_x96.to_string());
    equal("L", amount_in(line, "L").to_string(), state.liquidity.to_string());
    equal("tick", std::to_string(tick_in(line, "tick")), std::to_string(state.tick));
    ++report_.swaps;
}

void ChainReplayer::compare_end(Pool& pool, const json& line)
{
    const auto expected = snapshot_of(pool, line);
    const auto& state = pool.pool->state();
    const auto& to = expected.state;
    equal("sqrtPriceX96", to.sqrt_price_x96.to_string(), state.sqrt_price_x96.to_string());
    equal("tick", std::to_string(to.tick), std::to_string(state.tick));
    equal("observationIndex", std::to_string(to.observation_index),
        std::to_string(state.observation_index));
    equal("observationCardinality", std::to_string(to.observation_cardinality),
        std::to_string(state.observation_cardinality));
    equal("observationCardinalityNext", std::to_string(to.observation_cardinality_next),
        std::to_string(state.observation_cardinality_next));
    equal("liquidity", to.liquidity.to_string(), state.liquidity.to_string());
    equal("feeGrowthGlobal0X128", to.fee_growth_global0_x128.to_string(),
        state.fee_growth_global0_x128.to_string());
    equal("feeGrowthGlobal1X128", to.fee_growth_global1_x128.to_string(),
        state.fee_growth_global1_x128.to_string());
    for (const auto& [tick, info] : expected.ticks)
    {
        const auto field = fmt::format("tick {}", tick);
        equal(field, dump(info), dump(pool.pool->tick_info(tick)));
    }
    for (const auto& [key, position] : expected.positions)
    {
        const auto& got = pool.pool->position(key);
        const auto field = fmt::format("position {} {} {}", key.tick_lower, key.tick_upper,
            sandbox_.world().account(key.owner).name);
        equal(field + ".liquidity", position.liquidity.to_string(), got.liquidity.to_string());
        equal(field + ".feeGrowthInside0LastX128",
            position.fee_growth_inside0_last_x128.to_string(),
            got.fee_growth_inside0_last_x128.to_string());
        equal(field + ".feeGrowthInside1LastX128",
            position.fee_growth_inside1_last_x128.to_string(),
            got.fee_growth_inside1_last_x128.to_string());
    }
    for (std::size_t slot = 0; slot < expected.observations.size(); ++slot)
    {
        equal(fmt::format("observation {}", slot), dump(expected.observations[slot]),
            dump(pool.pool->observation(static_cast<std::uint16_t>(slot))));
    }
    ++report_.end_states;
    compare_fees(pool, expected);
}

/// What a unit of liquidity between two ticks has earned of both tokens since some time; nothing
/// if the state does not have both ticks.
std::optional<std::array<Amount, 2>> growth_inside(
    const PoolSnapshot& pool, std::int32_t lower, std::int32_t upper)
{
    const auto find = [&pool](std::int32_t tick)
    {
        return std::find_if(pool.ticks.begin(), pool.ticks.end(),
            [tick](const auto& entry) { return entry.first == tick; });
    };
    const auto low = find(lower);
    const auto high = find(upper);
    if (low == pool.ticks.end() || high == pool.ticks.end())
        return std::nullopt;
    const auto inside =
        [&](const Amount& all, const Amount& outside_low, const Amount& outside_high)
    {
        const auto below = pool.state.tick >= lower ? outside_low : wrapping_sub(all, outside_low);
        const auto above = pool.state.tick < upper ? outside_high : wrapping_sub(all, outside_high);
        return wrapping_sub(wrapping_sub(all, below), above);
    };
    return std::array{
        inside(pool.state.fee_growth_global0_x128, low->second.fee_growth_outside0_x128,
            high->second.fee_growth_outside0_x128),
        inside(pool.state.fee_growth_global1_x128, low->second.fee_growth_outside1_x128,
            high->second.fee_growth_outside1_x128)};
}

/// What the positions that both recorded states name have earned between them, whether anybody
/// touched them or not.
void ChainReplayer::compare_fees(const Pool& pool, const PoolSnapshot& end)
{
    if (!pool.start)
        return;
    const auto start = snapshot_of(pool, *pool.start);
    auto replayed = end;
    replayed.state = pool.pool->state();
    for (auto& [tick, info] : replayed.ticks)
        info = pool.pool->tick_info(tick);
    std::size_t positions = 0;
    std::size_t unchanged = 0;
    std::array<Amount, 2> earned;
    for (const auto& [key, position] : start.positions)
    {
        const auto before = growth_inside(start, key.tick_lower, key.tick_upper);
        const auto recorded = growth_inside(end, key.tick_lower, key.tick_upper);
        const auto got = growth_inside(replayed, key.tick_lower, key.tick_upper);
        if (!before || !recorded || !got)
            continue;
        ++positions;
        const bool is_held = !position.liquidity.is_zero() &&
                             pool.pool->position(key).liquidity == position.liquidity;
        unchanged += is_held ? 1 : 0;
        for (const unsigned side : {0U, 1U})
        {
            const auto growth = wrapping_sub((*got)[side], (*before)[side]);
            equal(fmt::format("position {} {} {}: growth of fees in token{}", key.tick_lower,
                      key.tick_upper, sandbox_.world().account(key.owner).name, side),
                wrapping_sub((*recorded)[side], (*before)[side]).to_string(), growth.to_string());
            if (is_held)
            {
                earned[side] = wrapping_add(
                    earned[side], mul_shift_down(position.liquidity, growth, 128).value);
            }
        }
    }
    report_.notes.push_back(fmt::format(
        "LP fees: growth inside of {} positions from the first state to the last; the {} whose "
        "liquidity stood still have earned {} of token0 and {} of token1, in smallest units",
        positions, unchanged, earned[0].to_string(), earned[1].to_string()));
}

/// One pool that all mints and burns of a .csv go to; its price does not move.
class LiquidityReplayer
{
public:
    LiquidityReplayer(const Amount& price, std::int32_t spacing)
    {
        auto& factory = sandbox_.add<UniswapV3Factory>("factory");
        actor_ = &sandbox_.add<Actor>("payer");
        std::array<Erc20*, 2> tokens{};
        for (unsigned side = 0; side < 2; ++side)
        {
            tokens[side] = &sandbox_.add<Erc20>(fmt::format("token{}", side),
                TokenInfo{fmt::format("T{}", side), 18}, contracts::TokenFlavour::uniswap);
            tokens[side]->allocate(actor_->account(), Amount::power_of_two(250));
        }
        pool_ = &sandbox_.add<UniswapV3Pool>("pool",
            PoolConstructor{tokens[0]->id(), tokens[1]->id(), factory.id(), 3'000, spacing});
        sandbox_.connect();
        if (!sandbox_.run(actor_->account(), pool_->id(), Initialize{price}).ok())
            throw std::invalid_argument{"\"sqrtPriceX96\": no price"};
    }

    /// Empty, or why the pool refuses.
    std::string apply(const LiquidityEvent& event)
    {
        const auto account = actor_->account();
        Sandbox::Outcome outcome;
        if (event.is_mint)
        {
            Act act;
            act.pool = pool_->id();
            act.kind = Act::Kind::mint;
            act.recipient = account;
            act.tick_lower = event.tick_lower;
            act.tick_upper = event.tick_upper;
            act.amount0 = event.liquidity;
            outcome = sandbox_.run(account, actor_->id(), act);
        }
        else
        {
            outcome = sandbox_.run(
                account, pool_->id(), Burn{event.tick_lower, event.tick_upper, event.liquidity});
        }
        if (!outcome.ok())
            return outcome.receipt.refusal.to_string();
        for (const auto tick : {event.tick_lower, event.tick_upper})
        {
            if (pool_->tick_info(tick).initialized)
                ticks_.insert(tick);
            else
                ticks_.erase(tick);
        }
        return {};
    }
    [[nodiscard]] bool is_like(const TickMap& map) const
    {
        if (ticks_.size() != map.ticks.size() || pool_->state().liquidity != map.liquidity ||
            pool_->state().tick != map.tick)
            return false;
        return std::all_of(map.ticks.begin(), map.ticks.end(),
            [this](const auto& entry)
            {
                const auto& info = pool_->tick_info(entry.first);
                return info.liquidity_gross.to_string() == entry.second[0] &&
                       info.liquidity_net.to_string() == entry.second[1];
            });
    }

private:
    Sandbox sandbox_;
    Actor* actor_ = nullptr;
    UniswapV3Pool* pool_ = nullptr;
    std::set<std::int32_t> ticks_;  // Those that are initialized.
};

/// Runs one reading of a .csv; what is wrong becomes the report's error. Stops when @p visit says
/// so.
void read_csv(const std::string& path, ChainReport& report,
    const std::function<bool(const LiquidityEvent&, std::uint64_t line)>& visit)
{
    LineReader reader{path};
    try
    {
        for_each_row(
            reader, [&](const LiquidityEvent& event) { return visit(event, reader.line()); });
    }
    catch (const std::exception& error)
    {
        report.error = fmt::format("{}:{}: {}", path, reader.line(), said(error));
    }
    report.error_is_worlds = reader.error_is_worlds();
}

ChainReport replay_liquidity(const std::string& path, const std::string& snapshots)
{
    ChainReport report;
    Comparison comparison;
    std::vector<TickMap> maps;
    try
    {
        if (!snapshots.empty())
            maps = read_snapshots(snapshots);
    }
    catch (const std::exception& error)
    {
        report.error = fmt::format("{}: {}", snapshots, said(error));
        return report;
    }
    TickSpacing spacing;
    read_csv(path, report,
        [&](const LiquidityEvent& event, std::uint64_t)
        {
            spacing.narrow(event);
            if (report.first_block == 0)
                report.first_block = event.block;
            report.last_block = event.block;
            ++(event.is_mint ? report.mints : report.burns);
            return true;
        });
    if (!report.error.empty())
        return report;
    if (report.events() == 0)
    {
        report.error = fmt::format("{}: no events", path);
        return report;
    }
    report.pools = 1;
    report.notes.push_back(fmt::format(
        "amounts are not compared: the file has no swaps, so the price at each event is unknown; "
        "ticks are taken to be {} apart",
        spacing.value()));
    // A pool for each state, at its price; without states one that only has to take the events.
    const auto run = [&](const Amount& price, TickMap* map)
    {
        LiquidityReplayer replayer{price, spacing.value()};
        std::uint64_t number = 0;
        read_csv(path, report,
            [&](const LiquidityEvent& event, std::uint64_t line)
            {
                ++number;
                comparison.set_line(line);
                const auto refused = replayer.apply(event);
                if (!refused.empty())
                    comparison.mismatch(fmt::format("block {}: refused: {}", event.block, refused));
                if (map == nullptr || !replayer.is_like(*map))
                    return true;
                map->found_after = number;
                map->found_block = event.block;
                return false;
            });
    };
    try
    {
        run(Amount::power_of_two(fixed_point_96), nullptr);
        for (auto& map : maps)
            run(map.sqrt_price_x96, &map);
    }
    catch (const std::exception& error)
    {
        report.error = fmt::format("{}: {}", snapshots, said(error));
    }
    std::size_t position = 0;
    for (const auto& map : maps)
    {
        ++position;
        comparison.equal(fmt::format("state {}", position), "reached",
            map.found_after == 0 ? "never reached" : "reached");
        if (map.found_after != 0)
        {
            ++report.end_states;
            report.notes.push_back(fmt::format(
                "state {}: {} ticks (gross, net) and active liquidity are equal after event {}, "
                "block {}",
                position, map.ticks.size(), map.found_after, map.found_block));
        }
    }
    report.comparisons = comparison.comparisons();
    report.mismatches = comparison.mismatches();
    report.kept = comparison.kept();
    return report;
}

/// Runs one reading of the file; what is wrong becomes the report's error.
void read(const std::string& path, ChainReport& report, Comparison* comparison,
    const std::function<void(const json&)>& visit)
{
    LineReader reader{path};
    try
    {
        for_each_line(reader,
            [&](const json& line)
            {
                if (comparison != nullptr)
                    comparison->set_line(reader.line());
                visit(line);
            });
        if (!reader.error().empty())
            report.error = reader.line() == 0
                               ? fmt::format("{}: {}", path, reader.error())
                               : fmt::format("{}:{}: {}", path, reader.line() + 1, reader.error());
        else if (reader.line() == 0)
            report.error = fmt::format("{}: the file is empty", path);
    }
    catch (const std::exception& error)
    {
        report.error = fmt::format("{}:{}: {}", path, reader.line(), said(error));
    }
    report.error_is_worlds = reader.error_is_worlds();
}
}  // namespace

ChainReport replay_chain(const std::string& path, const std::string& snapshots)
{
    if (is_csv(path))
        return replay_liquidity(path, snapshots);
    ChainReport report;
    if (!snapshots.empty())
    {
        report.error = fmt::format("{}: states belong to a .csv of mints and burns", snapshots);
        return report;
    }
    ChainReplayer replayer{report};
    read(path, report, nullptr, [&](const json& line) { replayer.meet(line); });
    if (!report.error.empty())
        return report;
    try
    {
        replayer.begin();
    }
    catch (const std::exception& error)
    {
        report.error = fmt::format("{}: {}", path, said(error));
        return report;
    }
    read(path, report, &replayer.comparison(), [&](const json& line) { replayer.replay(line); });
    const auto& comparison = replayer.comparison();
    report.comparisons = comparison.comparisons();
    report.mismatches = comparison.mismatches();
    report.kept = comparison.kept();
    if (report.error.empty() && report.events() == 0)
        report.error = fmt::format("{}: no events", path);
    return report;
}

}  // namespace runnel::replay
