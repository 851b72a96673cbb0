#include "tools/replay/uniswap_v3_replay.hpp"

#include "contracts/exchanges/uniswap_v3/factory.hpp"
#include "contracts/exchanges/uniswap_v3/pool.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "execution/gas.hpp"
#include "tools/replay/json_fields.hpp"
#include "tools/replay/uniswap_v3_actor.hpp"

#include <algorithm>
#include <array>
#include <map>

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

class UniswapV3Replayer final : public Replayer
{
public:
    void start(const json& header) override;
    void operation(const json& line, Comparison& comparison) override;

private:
    struct Pool
    {
        UniswapV3Pool* pool = nullptr;
        std::array<Erc20*, 2> tokens{};
    };
    using Texts = std::map<std::string, std::string, std::less<>>;

    [[nodiscard]] AccountId account(const std::string& name, const Pool& pool) const;
    [[nodiscard]] static bool pays_exactly(const json& line);
    void add_call(CallWriter& calls, const json& line, const Pool& pool) const;
    void add_paid_call(CallWriter& calls, const json& line, const Pool& pool) const;
    void view(const json& line, const Pool& pool, Comparison& comparison) const;
    static void note_gas(const json& line, const Sandbox::Outcome& outcome, Comparison& comparison);
    void compare_outcome(
        const json& line, const Sandbox::Outcome& outcome, Comparison& comparison) const;
    void compare_state(const json& line, const Pool& pool, Comparison& comparison);
    void compare_position(const json& recorded, const Pool& pool, Comparison& comparison) const;
    static void compare_refusal(const json& line, const Refusal& refusal, Comparison& comparison);
    static void compare_list(Comparison& comparison, const std::string& what, const json& recorded,
        const std::vector<std::string>& replayed);

    Sandbox sandbox_;
    Actor* actor_ = nullptr;
    UniswapV3Factory* factory_ = nullptr;
    std::map<std::string, AccountId, std::less<>> accounts_;
    std::map<std::string, Pool, std::less<>> pools_;
};

std::string text(bool flag)
{
    return flag ? "true" : "false";
}
/// As recorded: strings as they are, booleans by name.
std::string text(const json& value, std::string_view where)
{
    return value.is_boolean() ? text(value.get<bool>()) : as_text(value, where);
}

std::uint32_t small_of(const json& object, const char* name, std::uint64_t max)
{
    const auto value = integer_of(object, name);
    if (value > max)
        throw std::invalid_argument{fmt::format("\"{}\" is above {}", name, max)};
    return static_cast<std::uint32_t>(value);
}

void UniswapV3Replayer::start(const json& header)
{
    const auto& setup = object_of(header, "setup");
    accounts_ = {{"ZERO", zero_account}, {"OWNER", sandbox_.account("OWNER")}};
    std::vector<AccountId> actors;
    for (const auto& [name, address] : object_of(setup, "actors").items())
    {
        actors.push_back(sandbox_.account("actor/" + name));
        accounts_.emplace(name, actors.back());
    }
    const auto funds = amount_of(setup, "actorTokenBalance");
    if ((Checked{funds} * actors.size()).fault != Fault::none)
        throw std::invalid_argument{"the actors' balances exceed 256 bits"};
    factory_ = &sandbox_.add<UniswapV3Factory>("factory", accounts_.at("OWNER"));
    actor_ = &sandbox_.add<Actor>("actor");
    for (const auto& entry : member(setup, "pools"))
    {
        const auto& name = text_of(entry, "id");
        const auto spacing = tick_of(entry, "tickSpacing");
        if (spacing <= 0 || spacing >= 16'384)
            throw std::invalid_argument{"\"tickSpacing\": expected 1 to 16383"};
        Pool pool;
        for (unsigned side = 0; side < 2; ++side)
        {
            pool.tokens[side] = &sandbox_.add<Erc20>(fmt::format("token{}/{}", side, name),
                TokenInfo{fmt::format("T{}", side), 18}, contracts::TokenFlavour::uniswap);
            for (const auto actor : actors)
                pool.tokens[side]->allocate(actor, funds);
        }
        pool.pool = &sandbox_.add<UniswapV3Pool>(
            "pool/" + name, PoolConstructor{pool.tokens[0]->id(), pool.tokens[1]->id(),
                                factory_->id(), small_of(entry, "fee", 999'999), spacing});
        if (!pools_.emplace(name, pool).second)
            throw std::invalid_argument{fmt::format("two pools are called \"{}\"", name)};
    }
    sandbox_.connect();
}

AccountId UniswapV3Replayer::account(const std::string& name, const Pool& pool) const
{
    if (name == "POOL")
        return pool.pool->account();
    const auto found = accounts_.find(name);
    if (found == accounts_.end())
        throw std::invalid_argument{fmt::format("\"{}\" is no account of this file", name)};
    return found->second;
}

void UniswapV3Replayer::add_call(CallWriter& calls, const json& line, const Pool& pool) const
{
    const auto& args = object_of(line, "args");
    const auto& name = text_of(line, "op");
    const auto id = pool.pool->id();
    // A requested amount beyond its 128 bits was sent as the most that fits.
    const auto requested = [&args](const char* field)
    { return std::min(amount_of(args, field), uint128_max); };
    const auto recipient = [&] { return account(text_of(args, "recipient"), pool); };
    if (pays_exactly(line) && name != "flash")
        return add_paid_call(calls, line, pool);
    Act act;
    act.pool = id;
    if (name == "mint" || name == "swap" || name == "flash")
    {
        act.recipient = recipient();
        act.adjustments = {signed_of(args, "adj0"), signed_of(args, "adj1")};
        act.reenter = flag_of(args, "reenter");
    }
    if (name == "mint")
    {
        act.kind = Act::Kind::mint;
        act.tick_lower = tick_of(args, "tickLower");
        act.tick_upper = tick_of(args, "tickUpper");
        act.amount0 = amount_of(args, "amount");
        calls.add(actor_->id(), act);
    }
    else if (name == "swap")
    {
        act.kind = Act::Kind::swap;
        act.zero_for_one = flag_of(args, "zeroForOne");
        act.amount_specified = signed_of(args, "amountSpecified");
        act.price_limit = amount_of(args, "sqrtPriceLimitX96");
        calls.add(actor_->id(), act);
    }
    else if (name == "flash")
    {
        act.kind = Act::Kind::flash;
        act.amount0 = amount_of(args, "amount0");
        act.amount1 = amount_of(args, "amount1");
        calls.add(actor_->id(), act);
    }
    else if (name == "initialize")
        calls.add(id, Initialize{amount_of(args, "sqrtPriceX96")});
    else if (name == "burn")
    {
        calls.add(id, Burn{tick_of(args, "tickLower"), tick_of(args, "tickUpper"),
                          amount_of(args, "amount")});
    }
    else if (name == "collect")
    {
        calls.add(id, Collect{recipient(), tick_of(args, "tickLower"), tick_of(args, "tickUpper"),
                          requested("amount0Requested"), requested("amount1Requested")});
    }
    else if (name == "setFeeProtocol")
    {
        calls.add(id, SetFeeProtocol{static_cast<std::uint8_t>(small_of(args, "feeProtocol0", 255)),
                          static_cast<std::uint8_t>(small_of(args, "feeProtocol1", 255))});
    }
    else if (name == "collectProtocol")
    {
        calls.add(id, CollectProtocol{recipient(), requested("amount0Requested"),
                          requested("amount1Requested")});
    }
    else if (name == "increaseObservationCardinalityNext")
    {
        calls.add(id, IncreaseObservationCardinalityNext{static_cast<std::uint16_t>(
                          small_of(args, "observationCardinalityNext", 65'535))});
    }
    else
        throw std::invalid_argument{fmt::format("unknown operation \"{}\"", name)};
}

/// Whether the caller pays what the pool asks for and does nothing else when it is called back.
bool UniswapV3Replayer::pays_exactly(const json& line)
{
    const auto& name = text_of(line, "op");
    if (name != "mint" && name != "swap" && name != "flash")
        return false;
    const auto& args = object_of(line, "args");
    return signed_of(args, "adj0").is_zero() && signed_of(args, "adj1").is_zero() &&
           !flag_of(args, "reenter");
}

/// The pool's own call, whose list pays: what it costs is what a transaction is charged.
void UniswapV3Replayer::add_paid_call(CallWriter& calls, const json& line, const Pool& pool) const
{
    const auto& args = object_of(line, "args");
    const auto& name = text_of(line, "op");
    const auto to = account(text_of(args, "recipient"), pool);
    std::array<bool, 2> pays{true, true};
    if (name == "swap")
        pays = {flag_of(args, "zeroForOne"), !flag_of(args, "zeroForOne")};
    else if (name == "mint" && line.contains("ret"))
    {
        const auto& amounts = object_of(line, "ret");
        pays = {!amount_of(amounts, "amount0").is_zero(), !amount_of(amounts, "amount1").is_zero()};
    }
    CallWriter payments;
    for (const unsigned side : {0U, 1U})
    {
        if (!pays[side])
            continue;
        const contracts::Erc20Transfer transfer{pool.pool->account(), {}};
        payments.add(side == 0 ? pool.pool->token0() : pool.pool->token1(), transfer,
            Binding{transfer.value, ResultOf{ResultOf::callback, static_cast<std::uint8_t>(side)}});
    }
    const auto id = pool.pool->id();
    if (name == "mint")
    {
        calls.add(id, Mint{to, tick_of(args, "tickLower"), tick_of(args, "tickUpper"),
                          amount_of(args, "amount"), payments.list()});
    }
    else
    {
        calls.add(id, Swap{to, flag_of(args, "zeroForOne"), signed_of(args, "amountSpecified"),
                          amount_of(args, "sqrtPriceLimitX96"), payments.list()});
    }
}

void UniswapV3Replayer::operation(const json& line, Comparison& comparison)
{
    const auto found = pools_.find(text_of(line, "p"));
    if (found == pools_.end())
        throw std::invalid_argument{
            fmt::format("\"{}\" is no pool of this file", text_of(line, "p"))};
    const auto& pool = found->second;
    const auto& name = text_of(line, "op");
    if (name == "observe" || name == "snapshotCumulativesInside")
        view(line, pool, comparison);
    else if (name != "dump")
    {
        sandbox_.set_time(integer_of(line, "t"));
        CallWriter calls;
        add_call(calls, line, pool);
        const auto outcome = sandbox_.run(account(text_of(line, "sender"), pool), calls);
        compare_outcome(line, outcome, comparison);
        note_gas(line, outcome, comparison);
    }
    compare_state(line, pool, comparison);
}

void UniswapV3Replayer::view(const json& line, const Pool& pool, Comparison& comparison) const
{
    const auto& args = object_of(line, "args");
    const auto time = integer_of(line, "t");
    std::vector<std::pair<std::string, std::vector<std::string>>> replayed;
    const auto run = [&]() -> Result<void>
    {
        if (text_of(line, "op") == "snapshotCumulativesInside")
        {
            const auto inside = RUNNEL_TRY(pool.pool->snapshot_cumulatives_inside(
                time, tick_of(args, "tickLower"), tick_of(args, "tickUpper")));
            replayed = {{"tickCumulativeInside", {std::to_string(inside.cumulatives.tick)}},
                {"secondsPerLiquidityInsideX128",
                    {inside.cumulatives.seconds_per_liquidity_x128.to_string()}},
                {"secondsInside", {std::to_string(inside.seconds)}}};
            return {};
        }
        std::vector<std::string> ticks;
        std::vector<std::string> seconds;
        for (const auto& ago : member(args, "secondsAgos"))
        {
            const auto value = parse_amount(as_text(ago, "secondsAgos"));
            if (value > Amount{0xFFFFFFFF})
                throw std::invalid_argument{"\"secondsAgos\" does not fit 32 bits"};
            const auto sums =
                RUNNEL_TRY(pool.pool->observe(time, static_cast<std::uint32_t>(value.low64())));
            ticks.push_back(std::to_string(sums.tick));
            seconds.push_back(sums.seconds_per_liquidity_x128.to_string());
        }
        replayed = {{"tickCumulatives", ticks}, {"secondsPerLiquidityCumulativeX128s", seconds}};
        return {};
    };
    const auto result = run();
    const bool ok = flag_of(line, "ok");
    comparison.equal("ok", text(ok), text(result.has_value()));
    if (ok != result.has_value())
        return;
    if (!ok)
        return compare_refusal(line, result.error(), comparison);
    const auto& recorded = object_of(line, "ret");
    for (const auto& [field, values] : replayed)
    {
        const auto& value = member(recorded, field);
        compare_list(
            comparison, "ret." + field, value.is_array() ? value : json::array({value}), values);
    }
}

void UniswapV3Replayer::compare_list(Comparison& comparison, const std::string& what,
    const json& recorded, const std::vector<std::string>& replayed)
{
    if (!recorded.is_array() || recorded.size() != replayed.size())
    {
        comparison.mismatch(fmt::format("{}: {} values", what, replayed.size()));
        return;
    }
    for (std::size_t i = 0; i < replayed.size(); ++i)
        comparison.equal(fmt::format("{}[{}]", what, i), text(recorded[i], what), replayed[i]);
}

void UniswapV3Replayer::compare_refusal(
    const json& line, const Refusal& refusal, Comparison& comparison)
{
    const bool is_plain = refusal.kind == RefusalKind::error ||
                          refusal.kind == RefusalKind::empty ||
                          refusal.kind == RefusalKind::invalid_opcode;
    comparison.equal(
        "err", text_of(line, "err"), is_plain ? std::string{refusal.text} : refusal.to_string());
    comparison.equal("errKind", line.value("errKind", ""),
        refusal.kind == RefusalKind::invalid_opcode ? "invalid opcode" : "");
}

void UniswapV3Replayer::compare_outcome(
    const json& line, const Sandbox::Outcome& outcome, Comparison& comparison) const
{
    const bool ok = flag_of(line, "ok");
    comparison.equal("ok", text(ok), text(outcome.ok()));
    if (!outcome.ok())
    {
        if (ok)
            comparison.mismatch("refused: " + outcome.receipt.refusal.to_string());
        else
            compare_refusal(line, outcome.receipt.refusal, comparison);
        return;
    }
    if (!ok)
        return;
    const bool is_swap = text_of(line, "op") == "swap";
    if (line.contains("ret"))
    {
        std::size_t next = 0;
        const auto& names = text_of(line, "op") == "flash" ? std::array{"paid0", "paid1"}
                                                           : std::array{"amount0", "amount1"};
        const auto& recorded = object_of(line, "ret");
        comparison.equal("ret", std::to_string(recorded.size()), "2");
        for (const auto* name : names)
        {
            const auto value =
                next < outcome.returns.count ? outcome.returns.values[next] : Amount{};
            ++next;
            comparison.equal(fmt::format("ret.{}", name), text_of(recorded, name),
                is_swap ? Int256::from_bits(value).to_string() : value.to_string());
        }
    }
    if (!is_swap)
        return;
    for (const auto& event : outcome.block.events)
    {
        SwapLog swap;
        if (event.type == &event_type<SwapLog> && decode(outcome.block.encoding(event), swap))
        {
            compare_list(comparison, "event", member(line, "event"),
                {swap.amount0.to_string(), swap.amount1.to_string(),
                    swap.sqrt_price_x96.to_string(), swap.liquidity.to_string(),
                    std::to_string(swap.tick)});
        }
    }
}

void UniswapV3Replayer::note_gas(
    const json& line, const Sandbox::Outcome& outcome, Comparison& comparison)
{
    if (!line.contains("gasTx") || line.contains("errKind"))
        return;
    // The actor's own contract and the calldata that it hands on; as much for its callback, which
    // what is refused has hardly ever come to.
    constexpr std::uint64_t actor_gas = 5'573;
    const auto& name = text_of(line, "op");
    const bool is_called_back = name == "mint" || name == "swap" || name == "flash";
    if (is_called_back && !pays_exactly(line))
        return;
    const auto reason = line.value("err", "");
    comparison.gas(flag_of(line, "ok") ? name : fmt::format("{}: {}", name, reason),
        {integer_of(line, "gasTx") - actor_gas * (is_called_back && flag_of(line, "ok") ? 2 : 1),
            outcome.receipt.gas_used});
}

void UniswapV3Replayer::compare_position(
    const json& recorded, const Pool& pool, Comparison& comparison) const
{
    if (!recorded.is_array() || recorded.size() < 3)
        throw std::invalid_argument{"\"position\": expected owner, ticks and values"};
    const json key{{"lower", recorded[1]}, {"upper", recorded[2]}};
    const auto& position = pool.pool->position({account(as_text(recorded[0], "position"), pool),
        tick_of(key, "lower"), tick_of(key, "upper")});
    compare_list(comparison, "position", recorded,
        {as_text(recorded[0], "position"), as_text(recorded[1], "position"),
            as_text(recorded[2], "position"), position.liquidity.to_string(),
            position.fee_growth_inside0_last_x128.to_string(),
            position.fee_growth_inside1_last_x128.to_string(), position.tokens_owed0.to_string(),
            position.tokens_owed1.to_string()});
}

void UniswapV3Replayer::compare_state(const json& line, const Pool& pool, Comparison& comparison)
{
    const auto& state = pool.pool->state();
    const auto& recorded = object_of(line, "state");
    compare_list(comparison, "slot0", member(recorded, "slot0"),
        {state.sqrt_price_x96.to_string(), std::to_string(state.tick),
            std::to_string(state.observation_index), std::to_string(state.observation_cardinality),
            std::to_string(state.observation_cardinality_next), std::to_string(state.fee_protocol),
            text(state.unlocked)});
    comparison.equal("liquidity", text_of(recorded, "liquidity"), state.liquidity.to_string());
    comparison.equal("feeGrowthGlobal0X128", text_of(recorded, "feeGrowthGlobal0X128"),
        state.fee_growth_global0_x128.to_string());
    comparison.equal("feeGrowthGlobal1X128", text_of(recorded, "feeGrowthGlobal1X128"),
        state.fee_growth_global1_x128.to_string());
    compare_list(comparison, "protocolFees", member(recorded, "protocolFees"),
        {state.protocol_fees0.to_string(), state.protocol_fees1.to_string()});
    const auto balances = [&](AccountId holder)
    {
        return std::vector<std::string>{pool.tokens[0]->balance(holder).to_string(),
            pool.tokens[1]->balance(holder).to_string()};
    };
    compare_list(
        comparison, "poolBalance", member(recorded, "poolBalance"), balances(pool.pool->account()));
    if (line.contains("bal"))
    {
        for (const auto& [name, values] : object_of(line, "bal").items())
            compare_list(comparison, "bal." + name, values, balances(account(name, pool)));
    }
    if (line.contains("position"))
        compare_position(line["position"], pool, comparison);
    if (line.contains("positions"))
    {
        for (const auto& position : line["positions"])
            compare_position(position, pool, comparison);
    }
    const auto compare_observation = [&](const json& values)
    {
        if (!values.is_array() || values.empty())
            throw std::invalid_argument{"\"obs\": expected a slot and its values"};
        const json slot{{"slot", values[0]}};
        const auto number = small_of(slot, "slot", 65'535);
        const auto& observation = pool.pool->observation(static_cast<std::uint16_t>(number));
        compare_list(comparison, "obs", values,
            {std::to_string(number), std::to_string(observation.block_timestamp),
                std::to_string(observation.tick_cumulative),
                observation.seconds_per_liquidity_cumulative_x128.to_string(),
                text(observation.initialized)});
    };
    if (line.contains("obs"))
        compare_observation(line["obs"]);
    if (line.contains("observations"))
    {
        for (const auto& values : line["observations"])
            compare_observation(values);
    }
    if (line.contains("ticks"))
    {
        for (const auto& values : line["ticks"])
        {
            if (!values.is_array() || values.empty())
                throw std::invalid_argument{"\"ticks\": expected a tick and its values"};
            const json key{{"tick", values[0]}};
            const auto tick = tick_of(key, "tick");
            const auto& info =
                tick >= min_tick && tick <= max_tick ? pool.pool->tick_info(tick) : TickInfo{};
            compare_list(comparison, "tick", values,
                {std::to_string(tick), info.liquidity_gross.to_string(),
                    info.liquidity_net.to_string(), info.fee_growth_outside0_x128.to_string(),
                    info.fee_growth_outside1_x128.to_string(),
                    std::to_string(info.tick_cumulative_outside),
                    info.seconds_per_liquidity_outside_x128.to_string(),
                    std::to_string(info.seconds_outside), text(info.initialized)});
        }
        if (text_of(line, "op") == "dump")
        {
            comparison.equal("number of ticks", std::to_string(line["ticks"].size()),
                std::to_string(pool.pool->initialized_ticks().size()));
        }
    }
    if (line.contains("bitmap"))
    {
        for (const auto& [position, word] : object_of(line, "bitmap").items())
        {
            const auto number = parse_signed(position);
            const auto magnitude = static_cast<std::int32_t>(number.magnitude().low64());
            comparison.equal("bitmap." + position, as_text(word, "bitmap"),
                pool.pool->bitmap_word(number.is_negative() ? -magnitude : magnitude).to_string());
        }
    }
    Findings findings;
    pool.pool->check_invariants(sandbox_.world(), findings);
    for (const auto& finding : findings)
        comparison.mismatch(finding);
}
}  // namespace

Protocol uniswap_v3_protocol()
{
    return {"uniswap-v3",
        [](const json& header) { return header.value("protocol", json{}) == "uniswap-v3"; },
        []() -> std::unique_ptr<Replayer> { return std::make_unique<UniswapV3Replayer>(); }};
}

}  // namespace runnel::replay
