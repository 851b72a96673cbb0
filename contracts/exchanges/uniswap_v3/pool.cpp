#include "contracts/exchanges/uniswap_v3/pool.hpp"

#include "contracts/exchanges/uniswap_v3/factory.hpp"
#include "contracts/exchanges/uniswap_v3/range_amounts.hpp"
#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/rows.hpp"
#include "contracts/kit/token_book.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace runnel::contracts
{

using namespace uniswap_v3;

namespace
{
/// The callback of a call that a transaction made: a list that runs as its sender.
class ListCaller final : public PoolCaller
{
public:
    explicit ListCaller(const CallList& list) noexcept : list_{list} {}

    Result<void> pay(CallContext context, const std::array<Int256, 2>& amounts) override
    {
        if (!list_.bytes.empty())
            RUNNEL_TRY(
                context.run(list_, context.sender(), Returns{amounts[0].bits, amounts[1].bits}));
        return {};
    }

private:
    const CallList& list_;
};

/// As the ABI decodes it: what has more bits reverts without data.
Result<void> require_bits(const Amount& amount, unsigned bits)
{
    RUNNEL_REQUIRE(amount.bit_width() <= bits, Refusal::empty());
    return {};
}

Result<void> check_ticks(std::int32_t tick_lower, std::int32_t tick_upper)
{
    RUNNEL_REQUIRE(tick_lower < tick_upper, Refusal::error("TLU"));
    RUNNEL_REQUIRE(tick_lower >= min_tick, Refusal::error("TLM"));
    RUNNEL_REQUIRE(tick_upper <= max_tick, Refusal::error("TUM"));
    return {};
}

Amount wrap_uint128(const Amount& amount) noexcept
{
    return amount & uint128_max;
}
Amount wrap_uint160(const Amount& amount) noexcept
{
    return amount & uint160_max;
}

/// Of the running call's figure @p most is for what costs @p gas this time.
Result<void> spend(CallContext& context, std::uint64_t most, std::uint64_t gas)
{
    if (gas > most)
        RUNNEL_TRY(context.charge_gas(gas - most));
    else
        context.save_gas(most - gas);
    context.use_gas(gas);
    return {};
}

std::uint64_t slot_gas(const Amount& before, const Amount& after) noexcept
{
    return gas::slot_written(before.is_zero(), after.is_zero(), before == after);
}

/// What a tick's four slots cost when liquidity is put there or taken away.
std::uint64_t tick_gas(const TickInfo& before, const TickInfo& after, bool is_flipped) noexcept
{
    const bool is_cleared = is_flipped && after.liquidity_gross.is_zero();
    auto gas = 4 * gas::cold_slot - (is_flipped ? 0 : gas::cold_slot) +
               gas::slot_written(before.liquidity_gross.is_zero(), is_cleared, false);
    if (!is_flipped)
        return gas;
    gas += gas::slot_written(!before.initialized, is_cleared, false);
    for (const auto side :
        {&TickInfo::fee_growth_outside0_x128, &TickInfo::fee_growth_outside1_x128})
    {
        if (before.*side != after.*side)
            gas += slot_gas(before.*side, after.*side);
    }
    return gas;
}

/// Part of what came in is the protocol's; rounded down.
Amount protocol_share_down(const Amount& amount, unsigned fee_protocol)
{
    return fee_protocol == 0 ? Amount{} : div_down(amount, fee_protocol);
}
unsigned fee_protocol_of(const PoolState& pool, unsigned side) noexcept
{
    return side == 0 ? pool.fee_protocol & 15U : pool.fee_protocol >> 4U;
}
}  // namespace

/// Liquidity that is put into a position or taken from it.
struct UniswapV3Pool::Change
{
    PositionKey position;
    Int256 liquidity;  // int128
};

/// What comes of it.
struct UniswapV3Pool::Changed
{
    Position* position = nullptr;
    std::array<Amount, 2> owed;     // What the position was owed before.
    std::array<Int256, 2> amounts;  // Of both tokens, to the pool; negative: it owes them.

    /// What it costs to note what the position is owed now.
    [[nodiscard]] std::uint64_t owed_gas() const noexcept
    {
        const std::array now{position->tokens_owed0, position->tokens_owed1};
        if (now == owed)
            return 0;
        return gas::slot_written(
            owed[0].is_zero() && owed[1].is_zero(), now[0].is_zero() && now[1].is_zero(), false);
    }
};

UniswapV3Pool::UniswapV3Pool(ContractIdentity identity, const PoolConstructor& arguments)
  : ContractBase{std::move(identity)},
    arguments_{arguments},
    tokens_{arguments.token0, arguments.token1},
    state_{name() + ".state"},
    ticks_{name() + ".ticks", KeyOf::sparse_number},
    bitmap_{name() + ".bitmap", KeyOf::sparse_number},
    observations_{name() + ".observations"},
    positions_{name() + ".positions"}
{
    const auto limit = uniswap_v3::max_liquidity_per_tick(arguments.tick_spacing);
    RUNNEL_CHECK(limit.has_value());
    max_liquidity_per_tick_ = *limit;
    add_table(state_);
    for (RecordTable* table :
        {static_cast<RecordTable*>(&ticks_), static_cast<RecordTable*>(&bitmap_),
            static_cast<RecordTable*>(&observations_), static_cast<RecordTable*>(&positions_)})
    {
        table->set_guard(state_);
        add_table(*table);
    }
}

void UniswapV3Pool::connect(World& world)
{
    for (unsigned side = 0; side < 2; ++side)
    {
        token_[side] = &token_at(world, tokens_[side]);
        token_contract_[side] = &world.contract(tokens_[side]);
    }
    factory_ = dynamic_cast<const UniswapV3Factory*>(world.find_contract(factory()));
    RUNNEL_CHECK(factory_ != nullptr);
}

std::optional<Amount> UniswapV3Pool::quote(const QuoteRequest& request) const
{
    return answer_quote(*this, request);
}

void UniswapV3Pool::snapshot(SnapshotContext& context) const
{
    snapshot_exchange(*this, context);
    if (context.snapshots() == Snapshots::changed)
        return;
    std::vector<PositionKey> found;
    for (const auto place : positions_.keys())
    {
        const auto& [key, is_taken, position] = positions_.record(place);
        if (!position.liquidity.is_zero() || !position.tokens_owed0.is_zero() ||
            !position.tokens_owed1.is_zero())
            found.push_back(key);
    }
    snapshot_ranges(
        *this, found.size(),
        [&](std::size_t i)
        {
            const auto& key = found[i];
            const PriceRange range{key.tick_lower, key.tick_upper};
            return RangePosition{
                key.owner, range, position(key).liquidity, range_owed(key.owner, range)};
        },
        context);
}

std::vector<std::int32_t> UniswapV3Pool::initialized_ticks() const
{
    std::vector<std::int32_t> found;
    for (const auto key : bitmap_.keys())
    {
        const auto word = static_cast<std::int32_t>(key) - 32'768;
        const auto& bits = bitmap_.get(key);
        for (unsigned bit = 0; bit < 256; ++bit)
        {
            if (bits.bit(bit))
                found.push_back((word * 256 + static_cast<std::int32_t>(bit)) * tick_spacing());
        }
    }
    return found;
}

void UniswapV3Pool::restore(const PoolSnapshot& snapshot)
{
    state_.at(0) = snapshot.state;
    for (const auto& [tick, info] : snapshot.ticks)
    {
        RUNNEL_CHECK(tick >= min_tick && tick <= max_tick && tick % tick_spacing() == 0);
        if (!info.initialized)
            continue;
        ticks_.at(tick_key(tick)) = info;
        const auto [word, bit] = bit_position(tick / tick_spacing());
        bitmap_.at(word_key(word)).set_bit(bit, true);
    }
    for (const auto& [key, position] : snapshot.positions)
    {
        const auto place = positions_.place(
            key, [this](std::uint64_t at) -> const auto& { return positions_.record(at); });
        positions_.Table::at(place) = {key, true, position};
    }
    for (std::size_t slot = 0; slot < snapshot.observations.size(); ++slot)
        observations_.at(slot) = snapshot.observations[slot];
}

void UniswapV3Pool::check_invariants(const World&, Findings& findings) const
{
    const auto& pool = state();
    // Liquidity in range is what the ticks at and below add up to; all of them cancel out.
    Int256 below;
    Int256 all;
    for (const auto tick : initialized_ticks())
    {
        const auto& info = tick_info(tick);
        all = Int256::from_bits(wrapping_add(all.bits, info.liquidity_net.bits));
        if (tick <= pool.tick)
            below = all;
        if (!info.initialized || info.liquidity_gross.is_zero() ||
            info.liquidity_gross > max_liquidity_per_tick_)
        {
            findings.push_back(fmt::format("{}: tick {} has its bit and a gross liquidity of {}",
                name(), tick, info.liquidity_gross.to_string()));
        }
    }
    if (!all.is_zero())
        findings.push_back(
            fmt::format("{}: net liquidity adds up to {}, not 0", name(), all.to_string()));
    if (below.bits != pool.liquidity)
    {
        findings.push_back(fmt::format("{}: liquidity is {}, the ticks below add up to {}", name(),
            pool.liquidity.to_string(), below.to_string()));
    }
    if (!pool.sqrt_price_x96.is_zero())
    {
        const auto at = sqrt_ratio_at_tick(pool.tick);
        const auto above = sqrt_ratio_at_tick(std::min(pool.tick + 1, max_tick));
        if (!at.has_value() || !above.has_value() || pool.sqrt_price_x96 < *at ||
            pool.sqrt_price_x96 > *above)
        {
            findings.push_back(fmt::format("{}: its price {} is not of its tick {}", name(),
                pool.sqrt_price_x96.to_string(), pool.tick));
        }
        if (!pool.unlocked)
            findings.push_back(fmt::format("{}: is locked between transactions", name()));
    }
    const std::array owed{pool.protocol_fees0, pool.protocol_fees1};
    for (unsigned side = 0; side < 2; ++side)
    {
        const auto balance = token_[side]->holding(account());
        if (owed[side] > balance && !token_[side]->rebases())
        {
            findings.push_back(fmt::format("{}: owes the protocol {} of token{}, holds {}", name(),
                owed[side].to_string(), side, balance.to_string()));
        }
    }
}

// ---- What the calls have in common ----

Amount UniswapV3Pool::held(CallContext& context, unsigned side) const
{
    return token_contract_[side]->balance_of(context, account()).value_or(Amount{});
}

/// TransferHelper's: whatever the token's reason was, this one replaces it.
Result<void> UniswapV3Pool::pay(
    CallContext& context, unsigned side, AccountId to, const Amount& amount)
{
    const auto paid = token_[side]->transfer(context.as(account()), to, amount);
    if (!paid.has_value()) [[unlikely]]
    {
        return fail(paid.error().kind == RefusalKind::ledger ? paid.error() : Refusal::error("TF"));
    }
    return {};
}

Result<PoolState*> UniswapV3Pool::lock(CallContext& context)
{
    auto& pool = context.write(state_, 0);
    RUNNEL_REQUIRE(pool.unlocked, Refusal::error("LOK"));
    pool.unlocked = false;
    context.use_gas(gas::locked);
    return &pool;
}

Cumulatives UniswapV3Pool::cumulatives_now(CallContext& context, const PoolState& pool) const
{
    const auto& newest = context.read(observations_, pool.observation_index);
    const auto time = now(context);
    return newest.block_timestamp == time
               ? newest.cumulatives()
               : continued(newest, time, pool.tick, pool.liquidity).cumulatives();
}

/// @p tick and @p liquidity are those from before the change that is noted.
void UniswapV3Pool::write_observation(
    CallContext& context, PoolState& pool, std::int32_t tick, const Amount& liquidity)
{
    const Observation newest = context.read(observations_, pool.observation_index);
    const auto time = now(context);
    if (newest.block_timestamp == time)
        return;
    if (pool.observation_cardinality_next > pool.observation_cardinality &&
        pool.observation_index == pool.observation_cardinality - 1)
        pool.observation_cardinality = pool.observation_cardinality_next;
    pool.observation_index =
        static_cast<std::uint16_t>((pool.observation_index + 1) % pool.observation_cardinality);
    context.write(observations_, pool.observation_index) = continued(newest, time, tick, liquidity);
}

/// What write_observation() would cost, beside reading the newest one. Only where it takes another
/// slot is the pool's first slot another one afterwards.
std::uint64_t UniswapV3Pool::observation_gas(CallContext& context, const PoolState& pool) const
{
    if (context.read(observations_, pool.observation_index).block_timestamp == now(context))
        return 0;
    const bool grows = pool.observation_cardinality_next > pool.observation_cardinality;
    return pool.observation_cardinality == 1 && !grows ? 2'900 : gas::slot_changed;
}

Result<void> UniswapV3Pool::flip_tick(CallContext& context, std::int32_t tick)
{
    RUNNEL_REQUIRE(tick % tick_spacing() == 0, Refusal::empty());
    const auto [word, bit] = bit_position(tick / tick_spacing());
    auto& bits = context.write(bitmap_, word_key(word));
    bits.set_bit(bit, !bits.bit(bit));
    return {};
}

/// Returns whether the tick was initialized, or no longer is.
Result<bool> UniswapV3Pool::update_tick(CallContext& context, const PoolState& pool,
    std::int32_t tick, const Int256& liquidity_change, const Cumulatives& sums, bool is_upper)
{
    auto& info = context.write(ticks_, tick_key(tick));
    const auto after = RUNNEL_TRY(add_delta(info.liquidity_gross, liquidity_change));
    RUNNEL_REQUIRE(after <= max_liquidity_per_tick_, Refusal::error("LO"));
    const bool was_empty = info.liquidity_gross.is_zero();
    if (was_empty)
    {
        // By convention all that ever grew grew below the tick.
        if (tick <= pool.tick)
        {
            info.fee_growth_outside0_x128 = pool.fee_growth_global0_x128;
            info.fee_growth_outside1_x128 = pool.fee_growth_global1_x128;
            info.seconds_per_liquidity_outside_x128 = sums.seconds_per_liquidity_x128;
            info.tick_cumulative_outside = sums.tick;
            info.seconds_outside = now(context);
        }
        info.initialized = true;
    }
    info.liquidity_gross = after;
    const auto net = RUNNEL_TRY(is_upper ? subtract(info.liquidity_net, liquidity_change)
                                         : add(info.liquidity_net, liquidity_change));
    RUNNEL_REQUIRE(fits_int128(net), Refusal::empty());
    info.liquidity_net = net;
    return after.is_zero() != was_empty;
}

/// What has grown between two ticks, of both tokens; wraps, and means something only in
/// differences.
std::array<Amount, 2> UniswapV3Pool::fee_growth_inside(CallContext& context, const PoolState& pool,
    std::int32_t tick_lower, std::int32_t tick_upper) const
{
    return growth_inside(pool, {tick_lower, tick_upper}, context.read(ticks_, tick_key(tick_lower)),
        context.read(ticks_, tick_key(tick_upper)));
}

/// Pays out nothing: what a position has earned is noted as owed.
Result<Position*> UniswapV3Pool::update_position(
    CallContext& context, const PoolState& pool, const Change& change)
{
    const auto& [key, liquidity_change] = change;
    const bool adds = !liquidity_change.is_zero() && !liquidity_change.is_negative();
    const auto tick_most = adds ? gas::tick_set : gas::tick_changed;
    bool flips_lower = false;
    bool flips_upper = false;
    if (!liquidity_change.is_zero())
    {
        context.use_gas(gas::cold_slot);  // The newest observation.
        const auto sums = cumulatives_now(context, pool);
        const auto update = [&](std::int32_t tick, bool is_upper) -> Result<bool>
        {
            const TickInfo before = context.read(ticks_, tick_key(tick));
            const bool flips =
                RUNNEL_TRY(update_tick(context, pool, tick, liquidity_change, sums, is_upper));
            auto after = context.read(ticks_, tick_key(tick));
            if (flips && !adds)
                after = {};  // Below.
            RUNNEL_TRY(spend(context, tick_most, tick_gas(before, after, flips)));
            return flips;
        };
        flips_lower = RUNNEL_TRY(update(key.tick_lower, false));
        flips_upper = RUNNEL_TRY(update(key.tick_upper, true));
        const auto flip = [&](std::int32_t tick, bool flips) -> Result<void>
        {
            if (!flips)
                return spend(context, adds ? gas::slot_set : 0, 0);
            const auto word = word_key(bit_position(tick / tick_spacing()).word);
            const Amount before = context.read(bitmap_, word);
            RUNNEL_TRY(flip_tick(context, tick));
            return spend(context, adds ? gas::slot_set : 0,
                gas::cold_slot + slot_gas(before, context.read(bitmap_, word)));
        };
        RUNNEL_TRY(flip(key.tick_lower, flips_lower));
        RUNNEL_TRY(flip(key.tick_upper, flips_upper));
        if (flips_lower && flips_upper && !adds)
            RUNNEL_TRY(spend(context, 0, gas::both_ticks_emptied));
    }
    else
        RUNNEL_TRY(spend(context, 2 * tick_most, 4 * gas::cold_slot));
    const auto growth = fee_growth_inside(context, pool, key.tick_lower, key.tick_upper);
    auto& position = context.write(positions_, key);
    const auto liquidity = position.liquidity;
    context.use_gas(3 * gas::cold_slot);
    RUNNEL_REQUIRE(!liquidity_change.is_zero() || !liquidity.is_zero(), Refusal::error("NP"));
    const auto liquidity_after = RUNNEL_TRY(add_delta(liquidity, liquidity_change));
    const auto earned = [&](const Amount& inside, const Amount& last) -> Result<Amount>
    {
        return wrap_uint128(RUNNEL_TRY(
            mul_shift_rounding_down(wrapping_sub(inside, last), liquidity, fixed_point_128)));
    };
    const auto earned0 = RUNNEL_TRY(earned(growth[0], position.fee_growth_inside0_last_x128));
    const auto earned1 = RUNNEL_TRY(earned(growth[1], position.fee_growth_inside1_last_x128));
    // What it is owed is noted by the call itself.
    const auto most =
        (adds ? gas::position_set : gas::position_changed) - gas::slot_set - 3 * gas::cold_slot;
    RUNNEL_TRY(spend(context, most,
        (liquidity_change.is_zero() ? 0 : slot_gas(liquidity, liquidity_after)) +
            slot_gas(position.fee_growth_inside0_last_x128, growth[0]) +
            slot_gas(position.fee_growth_inside1_last_x128, growth[1])));
    position.liquidity = liquidity_after;
    position.fee_growth_inside0_last_x128 = growth[0];
    position.fee_growth_inside1_last_x128 = growth[1];
    position.tokens_owed0 = wrap_uint128(wrapping_add(position.tokens_owed0, earned0));
    position.tokens_owed1 = wrap_uint128(wrapping_add(position.tokens_owed1, earned1));
    if (liquidity_change.is_negative())
    {
        if (flips_lower)
            context.write(ticks_, tick_key(key.tick_lower)) = {};
        if (flips_upper)
            context.write(ticks_, tick_key(key.tick_upper)) = {};
    }
    return &position;
}

Result<UniswapV3Pool::Changed> UniswapV3Pool::modify_position(
    CallContext& context, PoolState& pool, const Change& change)
{
    const auto& [key, liquidity_change] = change;
    RUNNEL_TRY(check_ticks(key.tick_lower, key.tick_upper));
    context.use_gas(gas::growth_read);
    Changed changed;
    const Position& before = context.read(positions_, key);
    changed.owed = {before.tokens_owed0, before.tokens_owed1};
    changed.position = RUNNEL_TRY(update_position(context, pool, change));
    auto& amounts = changed.amounts;
    const auto liquidity_most = liquidity_change.is_negative() || liquidity_change.is_zero()
                                    ? gas::slot_changed
                                    : gas::slot_set;
    const bool is_in_range = pool.tick >= key.tick_lower && pool.tick < key.tick_upper;
    if (liquidity_change.is_zero())
    {
        context.save_gas(liquidity_most + gas::observed + gas::in_range + gas::burn_something);
        context.save_gas(gas::restored);
        return changed;
    }
    if (!is_in_range)
    {
        RUNNEL_TRY(spend(context, liquidity_most, gas::cold_slot));
        context.save_gas(gas::observed - gas::cold_slot + gas::in_range + gas::restored);
    }
    else
    {
        const auto after = RUNNEL_TRY(add_delta(pool.liquidity, liquidity_change));
        RUNNEL_TRY(
            spend(context, liquidity_most, gas::cold_slot + slot_gas(pool.liquidity, after)));
        const auto observed = observation_gas(context, pool);
        RUNNEL_TRY(spend(context, gas::observed - gas::cold_slot, observed));
        if (observed != gas::slot_changed)
            context.save_gas(gas::restored);
    }
    const auto lower = RUNNEL_TRY(sqrt_ratio_at_tick(key.tick_lower));
    const auto upper = RUNNEL_TRY(sqrt_ratio_at_tick(key.tick_upper));
    if (pool.tick < key.tick_lower)
        amounts[0] = RUNNEL_TRY(amount0_delta(lower, upper, liquidity_change));
    else if (pool.tick < key.tick_upper)
    {
        write_observation(context, pool, pool.tick, pool.liquidity);
        amounts[0] = RUNNEL_TRY(amount0_delta(pool.sqrt_price_x96, upper, liquidity_change));
        amounts[1] = RUNNEL_TRY(amount1_delta(lower, pool.sqrt_price_x96, liquidity_change));
        pool.liquidity = RUNNEL_TRY(add_delta(pool.liquidity, liquidity_change));
    }
    else
        amounts[1] = RUNNEL_TRY(amount1_delta(lower, upper, liquidity_change));
    return changed;
}

/// A change of a position, for a row of dex_range_changes.
struct UniswapV3Pool::RangeChange
{
    DexRangeChangeType type{};
    const PositionKey& key;
    Amount liquidity;
    std::array<Amount, 2> amounts;
};

/// Not of what moves nothing: burns of 0, which bring a position up to date.
void UniswapV3Pool::emit_change(CallContext& context, const RangeChange& change) const
{
    if (change.liquidity.is_zero() && change.amounts[0].is_zero() && change.amounts[1].is_zero())
        return;
    context.emit(id(),
        DexRangeChange{change.type, change.key.owner, change.key.tick_lower, change.key.tick_upper,
            change.liquidity, token0(), token1(), change.amounts[0], change.amounts[1]});
}

// ---- The calls ----

Result<std::array<Amount, 2>> UniswapV3Pool::mint(CallContext context, AccountId recipient,
    std::int32_t tick_lower, std::int32_t tick_upper, const Amount& amount, PoolCaller& caller)
{
    RUNNEL_TRY(require_account(context.world(), recipient));
    RUNNEL_TRY(require_bits(amount, 128));
    auto& pool = *RUNNEL_TRY(lock(context));
    RUNNEL_REQUIRE(!amount.is_zero(), Refusal::empty());
    const Change change{{recipient, tick_lower, tick_upper}, RUNNEL_TRY(to_int128(amount))};
    const auto changed = RUNNEL_TRY(modify_position(context, pool, change));
    const auto& owed = changed.amounts;
    RUNNEL_TRY(spend(context, gas::slot_set, gas::cold_slot + changed.owed_gas()));
    std::array<Amount, 2> before;
    for (unsigned side = 0; side < 2; ++side)
    {
        if (!owed[side].is_zero())
            before[side] = held(context, side);
        RUNNEL_TRY(spend(context, gas::mint_token, owed[side].is_zero() ? 0 : gas::mint_token));
    }
    RUNNEL_TRY(caller.pay(context, owed));
    for (unsigned side = 0; side < 2; ++side)
    {
        if (owed[side].is_zero())
            continue;
        const auto wanted = RUNNEL_TRY(guarded(Checked{before[side]} + owed[side].bits));
        RUNNEL_REQUIRE(wanted <= held(context, side), Refusal::error(side == 0 ? "M0" : "M1"));
    }
    context.emit(id(), MintLog{context.sender(), recipient, tick_lower, tick_upper, amount,
                           owed[0].bits, owed[1].bits});
    emit_change(context,
        {DexRangeChangeType::deposit, change.position, amount, {owed[0].bits, owed[1].bits}});
    pool.unlocked = true;
    return std::array{owed[0].bits, owed[1].bits};
}

Result<std::array<Amount, 2>> UniswapV3Pool::burn(
    CallContext context, std::int32_t tick_lower, std::int32_t tick_upper, const Amount& amount)
{
    RUNNEL_TRY(require_bits(amount, 128));
    auto& pool = *RUNNEL_TRY(lock(context));
    const PositionKey key{context.sender(), tick_lower, tick_upper};
    const auto change = RUNNEL_TRY(to_int128(amount));
    const auto changed = RUNNEL_TRY(modify_position(context, pool, {key, -change}));
    const std::array amounts{changed.amounts[0].magnitude(), changed.amounts[1].magnitude()};
    auto& position = *changed.position;
    position.tokens_owed0 = wrap_uint128(wrapping_add(position.tokens_owed0, amounts[0]));
    position.tokens_owed1 = wrap_uint128(wrapping_add(position.tokens_owed1, amounts[1]));
    RUNNEL_TRY(spend(context, gas::slot_set, gas::cold_slot + changed.owed_gas()));
    context.emit(
        id(), BurnLog{context.sender(), tick_lower, tick_upper, amount, amounts[0], amounts[1]});
    emit_change(context, {DexRangeChangeType::withdrawal, key, amount, amounts});
    pool.unlocked = true;
    return amounts;
}

Result<std::array<Amount, 2>> UniswapV3Pool::collect(CallContext context, AccountId recipient,
    std::int32_t tick_lower, std::int32_t tick_upper, const Amount& amount0_requested,
    const Amount& amount1_requested)
{
    RUNNEL_TRY(require_account(context.world(), recipient));
    RUNNEL_TRY(require_bits(amount0_requested, 128));
    RUNNEL_TRY(require_bits(amount1_requested, 128));
    auto& pool = *RUNNEL_TRY(lock(context));
    const PositionKey key{context.sender(), tick_lower, tick_upper};
    const Position owed = context.read(positions_, key);
    const std::array amounts{std::min(amount0_requested, owed.tokens_owed0),
        std::min(amount1_requested, owed.tokens_owed1)};
    // Read before written: whoever owns nothing here leaves no trace.
    if (!amounts[0].is_zero())
    {
        auto& left = context.write(positions_, key).tokens_owed0;
        left = wrapping_sub(left, amounts[0]);
        RUNNEL_TRY(pay(context, 0, recipient, amounts[0]));
    }
    if (!amounts[1].is_zero())
    {
        auto& left = context.write(positions_, key).tokens_owed1;
        left = wrapping_sub(left, amounts[1]);
        RUNNEL_TRY(pay(context, 1, recipient, amounts[1]));
    }
    const auto paid = static_cast<std::uint64_t>(!amounts[0].is_zero()) +
                      static_cast<std::uint64_t>(!amounts[1].is_zero());
    const bool empties = amounts[0] == owed.tokens_owed0 && amounts[1] == owed.tokens_owed1;
    context.save_gas((2 - paid) * gas::collect_token + (paid == 0 || empties ? 2'900 : 0));
    context.emit(id(),
        CollectLog{context.sender(), recipient, tick_lower, tick_upper, amounts[0], amounts[1]});
    emit_change(context, {DexRangeChangeType::payout, key, {}, amounts});
    pool.unlocked = true;
    return amounts;
}

/// What a swap finds and leaves on its way, in the state of a transaction.
class UniswapV3Pool::SwapSteps
{
public:
    SwapSteps(UniswapV3Pool& pool, CallContext& context, const PoolState& state, bool zero_for_one)
      : pool_{pool},
        context_{context},
        state_{state},
        side_{zero_for_one ? 0U : 1U},
        fee_protocol_{fee_protocol_of(state, side_)},
        fee_growth_{zero_for_one ? state.fee_growth_global0_x128 : state.fee_growth_global1_x128}
    {}

    const Amount& word(std::int32_t position)
    {
        ++words_;
        return context_.read(pool_.bitmap_, word_key(position));
    }
    void step(const SwapStep& step, const Amount& liquidity)
    {
        const auto share = protocol_share_down(step.fee, fee_protocol_);
        protocol_fee_ = wrap_uint128(wrapping_add(protocol_fee_, share));
        if (liquidity.is_zero())
            return;
        const auto kept = wrapping_sub(step.fee, share);
        // A fee passes 2^128 only beside liquidity that makes the quotient small.
        const auto growth = mul_div_down(kept, Amount::power_of_two(fixed_point_128), liquidity);
        growth_overflowed_ = growth_overflowed_ || !growth.ok();
        fee_growth_ = wrapping_add(fee_growth_, growth.value);
    }
    Result<Int256> cross(std::int32_t tick)
    {
        if (!sums_known_)
        {
            sums_ = pool_.cumulatives_now(context_, state_);
            sums_known_ = true;
        }
        auto& info = context_.write(pool_.ticks_, tick_key(tick));
        const auto before =
            std::array{info.fee_growth_outside0_x128, info.fee_growth_outside1_x128};
        const auto& global0 = side_ == 0 ? fee_growth_ : state_.fee_growth_global0_x128;
        const auto& global1 = side_ == 1 ? fee_growth_ : state_.fee_growth_global1_x128;
        info.fee_growth_outside0_x128 = wrapping_sub(global0, info.fee_growth_outside0_x128);
        info.fee_growth_outside1_x128 = wrapping_sub(global1, info.fee_growth_outside1_x128);
        info.seconds_per_liquidity_outside_x128 = wrap_uint160(wrapping_sub(
            sums_.seconds_per_liquidity_x128, info.seconds_per_liquidity_outside_x128));
        info.tick_cumulative_outside = wrap_int56(sums_.tick - info.tick_cumulative_outside);
        info.seconds_outside = now(context_) - info.seconds_outside;
        crossing_gas_ += gas::tick_step + 2 * gas::slot_changed - 2'900 + 2 * gas::cold_slot +
                         slot_gas(before[0], info.fee_growth_outside0_x128) +
                         slot_gas(before[1], info.fee_growth_outside1_x128);
        return info.liquidity_net;
    }

    [[nodiscard]] unsigned words() const noexcept { return words_; }
    [[nodiscard]] std::uint64_t crossing_gas() const noexcept { return crossing_gas_; }
    [[nodiscard]] const Amount& fee_growth_before() const noexcept
    {
        return side_ == 0 ? state_.fee_growth_global0_x128 : state_.fee_growth_global1_x128;
    }
    [[nodiscard]] bool growth_overflowed() const noexcept { return growth_overflowed_; }
    [[nodiscard]] const Amount& fee_growth() const noexcept { return fee_growth_; }
    [[nodiscard]] const Amount& protocol_fee() const noexcept { return protocol_fee_; }

private:
    UniswapV3Pool& pool_;
    CallContext& context_;
    const PoolState& state_;  // Still as the swap found it.
    unsigned side_;
    unsigned fee_protocol_;
    Amount fee_growth_;
    Amount protocol_fee_;
    Cumulatives sums_;
    bool sums_known_ = false;
    bool growth_overflowed_ = false;
    unsigned words_ = 0;
    std::uint64_t crossing_gas_ = 0;
};

Result<SwapAmounts> UniswapV3Pool::swap(CallContext context, AccountId recipient, bool zero_for_one,
    const Int256& amount_specified, const Amount& sqrt_price_limit_x96, PoolCaller& caller)
{
    RUNNEL_TRY(require_account(context.world(), recipient));
    RUNNEL_TRY(require_bits(sqrt_price_limit_x96, 160));
    RUNNEL_REQUIRE(!amount_specified.is_zero(), Refusal::error("AS"));
    context.use_gas(gas::cold_slot);
    auto& pool = context.write(state_, 0);
    RUNNEL_REQUIRE(pool.unlocked, Refusal::error("LOK"));
    RUNNEL_REQUIRE(
        zero_for_one
            ? sqrt_price_limit_x96 < pool.sqrt_price_x96 && sqrt_price_limit_x96 > min_sqrt_ratio
            : sqrt_price_limit_x96 > pool.sqrt_price_x96 && sqrt_price_limit_x96 < max_sqrt_ratio,
        Refusal::error("SPL"));
    pool.unlocked = false;

    const SwapRequest request{zero_for_one, !amount_specified.is_negative(),
        amount_specified.magnitude(), sqrt_price_limit_x96};
    SwapProgress progress{pool.sqrt_price_x96, pool.tick, pool.liquidity, request.amount, {}, {}};
    SwapSteps steps{*this, context, pool, zero_for_one};
    RUNNEL_TRY(run_swap(progress, request, swap_fee(), tick_spacing(), steps));
    RUNNEL_REQUIRE(!steps.growth_overflowed(), Refusal::empty());
    RUNNEL_TRY(context.charge_gas(steps.crossing_gas() + gas::bitmap_word * (steps.words() - 1)));
    RUNNEL_TRY(spend(context, gas::observed,
        progress.tick == pool.tick ? 0 : gas::cold_slot + observation_gas(context, pool)));
    RUNNEL_TRY(spend(context, gas::slot_changed,
        gas::cold_slot + (progress.liquidity == pool.liquidity
                                 ? 0
                                 : slot_gas(pool.liquidity, progress.liquidity))));
    RUNNEL_TRY(spend(context, gas::slot_changed,
        gas::cold_slot + slot_gas(steps.fee_growth_before(), steps.fee_growth())));
    RUNNEL_TRY(spend(context, gas::slot_changed,
        steps.protocol_fee().is_zero()
            ? 0
            : gas::cold_slot +
                  gas::slot_written(pool.protocol_fees0.is_zero() && pool.protocol_fees1.is_zero(),
                      false, false)));

    if (progress.tick != pool.tick)
    {
        write_observation(context, pool, pool.tick, pool.liquidity);
        pool.tick = progress.tick;
    }
    pool.sqrt_price_x96 = progress.price;
    pool.liquidity = progress.liquidity;
    (zero_for_one ? pool.fee_growth_global0_x128 : pool.fee_growth_global1_x128) =
        steps.fee_growth();
    auto& protocol_fees = zero_for_one ? pool.protocol_fees0 : pool.protocol_fees1;
    protocol_fees = wrap_uint128(wrapping_add(protocol_fees, steps.protocol_fee()));

    const auto done = wrapping_sub(request.amount, progress.remaining);
    const unsigned side_in = zero_for_one ? 0 : 1;
    const auto& amount_in = request.exact_in ? done : progress.moved;
    const auto& amount_out = request.exact_in ? progress.moved : done;
    SwapAmounts amounts;
    amounts[side_in] = Int256::from_bits(amount_in);
    amounts[1 - side_in] = Int256::from_magnitude(amount_out, true);
    if (!amount_out.is_zero())
        RUNNEL_TRY(pay(context, 1 - side_in, recipient, amount_out));
    const auto before = held(context, side_in);
    RUNNEL_TRY(caller.pay(context, amounts));
    const auto wanted = RUNNEL_TRY(guarded(Checked{before} + amount_in));
    RUNNEL_REQUIRE(wanted <= held(context, side_in), Refusal::error("IIA"));
    // A row of dex_trades says what was paid for what: not of a swap that only moved the price.
    if (!amount_in.is_zero() && !amount_out.is_zero())
    {
        context.emit(
            id(), DexTrade{tokens_[1 - side_in], tokens_[side_in], amount_out, amount_in, recipient,
                      tokens_[side_in], wrapping_sub(progress.fees, steps.protocol_fee())});
    }
    context.emit(id(), SwapLog{context.sender(), recipient, amounts[0], amounts[1],
                           pool.sqrt_price_x96, pool.liquidity, pool.tick});
    pool.unlocked = true;
    return amounts;
}

Result<std::array<Amount, 2>> UniswapV3Pool::flash(CallContext context, AccountId recipient,
    const Amount& amount0, const Amount& amount1, PoolCaller& caller)
{
    RUNNEL_TRY(require_account(context.world(), recipient));
    auto& pool = *RUNNEL_TRY(lock(context));
    const Amount liquidity = pool.liquidity;
    RUNNEL_REQUIRE(!liquidity.is_zero(), Refusal::error("L"));
    const std::array lent{amount0, amount1};
    std::array<Amount, 2> fees;
    std::array<Amount, 2> before;
    for (unsigned side = 0; side < 2; ++side)
        fees[side] = RUNNEL_TRY(mul_div_rounding_up(lent[side], swap_fee(), fee_denominator));
    for (unsigned side = 0; side < 2; ++side)
        before[side] = held(context, side);
    for (unsigned side = 0; side < 2; ++side)
    {
        if (!lent[side].is_zero())
            RUNNEL_TRY(pay(context, side, recipient, lent[side]));
    }
    RUNNEL_TRY(caller.pay(context, {Int256::from_bits(fees[0]), Int256::from_bits(fees[1])}));
    const std::array after{held(context, 0), held(context, 1)};
    for (unsigned side = 0; side < 2; ++side)
    {
        const auto wanted = RUNNEL_TRY(guarded(Checked{before[side]} + fees[side]));
        RUNNEL_REQUIRE(wanted <= after[side], Refusal::error(side == 0 ? "F0" : "F1"));
    }
    const auto protocol_before = std::array{pool.protocol_fees0, pool.protocol_fees1};
    std::array<Amount, 2> paid;
    for (unsigned side = 0; side < 2; ++side)
    {
        paid[side] = wrapping_sub(after[side], before[side]);
        if (paid[side].is_zero())
            continue;
        const auto share = protocol_share_down(paid[side], fee_protocol_of(pool, side));
        auto& protocol_fees = side == 0 ? pool.protocol_fees0 : pool.protocol_fees1;
        protocol_fees = wrap_uint128(wrapping_add(protocol_fees, wrap_uint128(share)));
        auto& growth = side == 0 ? pool.fee_growth_global0_x128 : pool.fee_growth_global1_x128;
        growth =
            wrapping_add(growth, RUNNEL_TRY(mul_div_rounding_down(wrapping_sub(paid[side], share),
                                     Amount::power_of_two(fixed_point_128), liquidity)));
    }
    for (unsigned side = 0; side < 2; ++side)
        RUNNEL_TRY(spend(context, gas::flash_token, lent[side].is_zero() ? 0 : gas::flash_token));
    const auto protocol = std::array{pool.protocol_fees0, pool.protocol_fees1};
    RUNNEL_TRY(
        spend(context, gas::slot_changed, protocol == protocol_before ? 0 : gas::slot_changed));
    context.emit(id(), FlashLog{context.sender(), recipient, amount0, amount1, paid[0], paid[1]});
    pool.unlocked = true;
    return paid;
}

Result<Returns> UniswapV3Pool::execute(const Initialize& call, CallContext& context)
{
    RUNNEL_TRY(require_bits(call.sqrt_price_x96, 160));
    auto& pool = context.write(state_, 0);
    RUNNEL_REQUIRE(pool.sqrt_price_x96.is_zero(), Refusal::error("AI"));
    pool.tick = RUNNEL_TRY(tick_at_sqrt_ratio(call.sqrt_price_x96));
    pool.sqrt_price_x96 = call.sqrt_price_x96;
    auto& first = context.write(observations_, 0);
    first.block_timestamp = now(context);
    first.initialized = true;
    pool.observation_cardinality = 1;
    pool.observation_cardinality_next = 1;
    pool.unlocked = true;
    context.emit(id(), InitializeLog{pool.sqrt_price_x96, pool.tick});
    return Returns{};
}

Result<Returns> UniswapV3Pool::execute(const Mint& call, CallContext& context)
{
    ListCaller caller{call.data};
    const auto amounts = RUNNEL_TRY(
        mint(context, call.recipient, call.tick_lower, call.tick_upper, call.amount, caller));
    return Returns{amounts[0], amounts[1]};
}

Result<Returns> UniswapV3Pool::execute(const Burn& call, CallContext& context)
{
    const auto amounts = RUNNEL_TRY(burn(context, call.tick_lower, call.tick_upper, call.amount));
    return Returns{amounts[0], amounts[1]};
}

Result<Returns> UniswapV3Pool::execute(const Collect& call, CallContext& context)
{
    const auto amounts = RUNNEL_TRY(collect(context, call.recipient, call.tick_lower,
        call.tick_upper, call.amount0_requested, call.amount1_requested));
    return Returns{amounts[0], amounts[1]};
}

Result<Returns> UniswapV3Pool::execute(const Swap& call, CallContext& context)
{
    ListCaller caller{call.data};
    const auto amounts = RUNNEL_TRY(swap(context, call.recipient, call.zero_for_one,
        call.amount_specified, call.sqrt_price_limit_x96, caller));
    return Returns{amounts[0].bits, amounts[1].bits};
}

Result<Returns> UniswapV3Pool::execute(const Flash& call, CallContext& context)
{
    ListCaller caller{call.data};
    RUNNEL_TRY(flash(context, call.recipient, call.amount0, call.amount1, caller));
    return Returns{};
}

AccountId UniswapV3Pool::factory_owner(CallContext& context) const
{
    return context.read(factory_->state(), 0).owner;
}

Result<Returns> UniswapV3Pool::execute(const SetFeeProtocol& call, CallContext& context)
{
    auto& pool = *RUNNEL_TRY(lock(context));
    RUNNEL_REQUIRE(context.sender() == factory_owner(context), Refusal::empty());
    const auto is_allowed = [](unsigned part) { return part == 0 || (part >= 4 && part <= 10); };
    RUNNEL_REQUIRE(
        is_allowed(call.fee_protocol0) && is_allowed(call.fee_protocol1), Refusal::empty());
    const auto old = pool.fee_protocol;
    pool.fee_protocol = static_cast<std::uint8_t>(call.fee_protocol0 + call.fee_protocol1 * 16);
    context.emit(
        id(), SetFeeProtocolLog{static_cast<std::uint8_t>(old % 16),
                  static_cast<std::uint8_t>(old / 16), call.fee_protocol0, call.fee_protocol1});
    pool.unlocked = true;
    return Returns{};
}

Result<Returns> UniswapV3Pool::execute(const CollectProtocol& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.recipient));
    RUNNEL_TRY(require_bits(call.amount0_requested, 128));
    RUNNEL_TRY(require_bits(call.amount1_requested, 128));
    auto& pool = *RUNNEL_TRY(lock(context));
    RUNNEL_REQUIRE(context.sender() == factory_owner(context), Refusal::empty());
    const std::array requested{call.amount0_requested, call.amount1_requested};
    std::array<Amount, 2> amounts;
    for (unsigned side = 0; side < 2; ++side)
    {
        auto& owed = side == 0 ? pool.protocol_fees0 : pool.protocol_fees1;
        amounts[side] = std::min(requested[side], owed);
        if (amounts[side].is_zero())
        {
            context.save_gas(gas::protocol_token);
            continue;
        }
        // The slot is never emptied: filling it again would cost more gas.
        if (amounts[side] == owed)
            amounts[side] = wrapping_sub(amounts[side], 1);
        owed = wrapping_sub(owed, amounts[side]);
        RUNNEL_TRY(pay(context, side, call.recipient, amounts[side]));
    }
    context.emit(
        id(), CollectProtocolLog{context.sender(), call.recipient, amounts[0], amounts[1]});
    pool.unlocked = true;
    return Returns{amounts[0], amounts[1]};
}

Result<Returns> UniswapV3Pool::execute(
    const IncreaseObservationCardinalityNext& call, CallContext& context)
{
    auto& pool = *RUNNEL_TRY(lock(context));
    const auto before = pool.observation_cardinality_next;
    const auto after = call.observation_cardinality_next;
    if (after > before)
    {
        RUNNEL_TRY(
            context.charge_gas(gas::observation_slot * static_cast<std::uint64_t>(after - before)));
        // Not zero any more, so that writing an observation is cheaper later on.
        for (std::uint32_t slot = before; slot < after; ++slot)
            context.write(observations_, slot).block_timestamp = 1;
        pool.observation_cardinality_next = after;
        context.emit(id(), IncreaseObservationCardinalityNextLog{before, after});
    }
    pool.unlocked = true;
    return Returns{};
}

// ---- Views of committed state ----

namespace
{
/// What a quote finds on its way; nothing is changed.
class QuoteSteps
{
public:
    explicit QuoteSteps(const UniswapV3Pool& pool) noexcept : pool_{pool} {}

    const Amount& word(std::int32_t position) const { return pool_.bitmap_word(position); }
    void step(const SwapStep&, const Amount&) const noexcept {}
    Result<Int256> cross(std::int32_t tick) const { return pool_.tick_info(tick).liquidity_net; }

private:
    const UniswapV3Pool& pool_;
};
}  // namespace

Result<SwapQuote> UniswapV3Pool::quote_swap(const SwapRequest& request) const
{
    RUNNEL_REQUIRE(!request.amount.is_zero(), Refusal::error("AS"));
    const auto& pool = state();
    RUNNEL_REQUIRE(pool.unlocked, Refusal::error("LOK"));
    const bool down = request.zero_for_one;
    RUNNEL_REQUIRE(
        down ? request.price_limit < pool.sqrt_price_x96 && request.price_limit > min_sqrt_ratio
             : request.price_limit > pool.sqrt_price_x96 && request.price_limit < max_sqrt_ratio,
        Refusal::error("SPL"));
    SwapProgress progress{pool.sqrt_price_x96, pool.tick, pool.liquidity, request.amount, {}, {}};
    QuoteSteps steps{*this};
    RUNNEL_TRY(run_swap(progress, request, swap_fee(), tick_spacing(), steps));
    const auto done = wrapping_sub(request.amount, progress.remaining);
    SwapQuote quote{{}, progress.price, progress.tick, progress.ticks_crossed};
    const unsigned side_in = down ? 0 : 1;
    quote.amounts[side_in] = Int256::from_bits(request.exact_in ? done : progress.moved);
    quote.amounts[1 - side_in] =
        Int256::from_magnitude(request.exact_in ? progress.moved : done, true);
    return quote;
}

Result<Cumulatives> UniswapV3Pool::observe(std::uint64_t time, std::uint32_t seconds_ago) const
{
    const auto& pool = state();
    return observe_single({pool.observation_index, pool.observation_cardinality, pool.tick,
                              pool.liquidity, static_cast<std::uint32_t>(time)},
        seconds_ago,
        [this](std::uint16_t slot) -> const Observation& { return observation(slot); });
}

Result<CumulativesInside> UniswapV3Pool::snapshot_cumulatives_inside(
    std::uint64_t time, std::int32_t tick_lower, std::int32_t tick_upper) const
{
    RUNNEL_TRY(check_ticks(tick_lower, tick_upper));
    const auto& lower = tick_info(tick_lower);
    const auto& upper = tick_info(tick_upper);
    RUNNEL_REQUIRE(lower.initialized && upper.initialized, Refusal::empty());
    const auto outside = [](const TickInfo& tick)
    {
        return CumulativesInside{
            {tick.tick_cumulative_outside, tick.seconds_per_liquidity_outside_x128},
            tick.seconds_outside};
    };
    const auto difference = [](const CumulativesInside& a, const CumulativesInside& b)
    {
        return CumulativesInside{
            {wrap_int56(a.cumulatives.tick - b.cumulatives.tick),
                wrap_uint160(wrapping_sub(a.cumulatives.seconds_per_liquidity_x128,
                    b.cumulatives.seconds_per_liquidity_x128))},
            a.seconds - b.seconds};
    };
    if (state().tick < tick_lower)
        return difference(outside(lower), outside(upper));
    if (state().tick >= tick_upper)
        return difference(outside(upper), outside(lower));
    const CumulativesInside all{RUNNEL_TRY(observe(time, 0)), static_cast<std::uint32_t>(time)};
    return difference(difference(all, outside(lower)), outside(upper));
}

// ---- What calls touch ----

void UniswapV3Pool::declare(const Initialize&, AccountId, AccessCollector& access) const
{
    access.write(state_, 0);
}

void UniswapV3Pool::declare(const Mint& call, AccountId sender, AccessCollector& access) const
{
    access.write(state_, 0);
    for (const auto* token : token_)
        token->declare_holding(access, account());
    access.calls(call.data, sender);
}

void UniswapV3Pool::declare(const Burn&, AccountId, AccessCollector& access) const
{
    access.write(state_, 0);
}

void UniswapV3Pool::declare(const Collect& call, AccountId, AccessCollector& access) const
{
    access.write(state_, 0);
    for (const auto* token : token_)
        token->declare_transfer(access, account(), call.recipient);
}

void UniswapV3Pool::declare_swap(
    bool zero_for_one, AccountId recipient, AccessCollector& access) const
{
    access.write(state_, 0);
    const unsigned side_in = zero_for_one ? 0 : 1;
    token_[side_in]->declare_holding(access, account());
    token_[1 - side_in]->declare_transfer(access, account(), recipient);
}

void UniswapV3Pool::declare(const Swap& call, AccountId sender, AccessCollector& access) const
{
    declare_swap(call.zero_for_one, call.recipient, access);
    access.calls(call.data, sender);
}

}  // namespace runnel::contracts
