#include "contracts/exchanges/uniswap_v3/factory.hpp"
#include "contracts/exchanges/uniswap_v3/pool.hpp"
#include "contracts/exchanges/uniswap_v3/position_manager.hpp"
#include "contracts/exchanges/uniswap_v3/quoter.hpp"
#include "contracts/exchanges/uniswap_v3/router.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "tools/replay/json_fields.hpp"
#include "tools/replay/uniswap_v3_replay.hpp"

#include <algorithm>
#include <array>
#include <limits>
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
using contracts::UniswapV3PositionManager;
using contracts::UniswapV3Router;
using nlohmann::json;

class PeripheryReplayer final : public Replayer
{
public:
    void start(const json& header) override;
    void operation(const json& line, Comparison& comparison) override;

private:
    using Texts = std::map<std::string, std::vector<std::string>, std::less<>>;

    [[nodiscard]] AccountId account(const std::string& name) const;
    [[nodiscard]] UniswapV3Pool& pool(const std::string& name) const;
    [[nodiscard]] ContractId token(const std::string& name) const;
    void add_pool(const json& entry);
    void approve_all(ContractId spender);
    [[nodiscard]] std::vector<UniswapV3Pool*> path_of(const json& args) const;
    void add_call(CallWriter& calls, const json& line) const;
    void add_position_call(CallWriter& calls, const json& line) const;
    [[nodiscard]] Result<Texts> quote(const json& line) const;
    void compare_state(const json& line, Comparison& comparison);
    static void compare_returns(const json& line, const Texts& replayed, Comparison& comparison);

    Sandbox sandbox_;
    UniswapV3Factory* factory_ = nullptr;
    UniswapV3Router* router_ = nullptr;
    UniswapV3PositionManager* manager_ = nullptr;
    std::map<std::string, AccountId, std::less<>> accounts_;
    std::vector<Erc20*> tokens_;
    std::map<std::string, UniswapV3Pool*, std::less<>> pools_;
};

std::uint64_t deadline_of(const json& args)
{
    const auto deadline = amount_of(args, "deadline");
    return deadline.fits_uint64() ? deadline.low64() : std::numeric_limits<std::uint64_t>::max();
}

std::uint32_t fee_of(const json& entry)
{
    const auto fee = integer_of(entry, "fee");
    if (fee >= fee_denominator)
        throw std::invalid_argument{"\"fee\": expected less than 1000000"};
    return static_cast<std::uint32_t>(fee);
}

void PeripheryReplayer::start(const json& header)
{
    const auto& setup = object_of(header, "setup");
    accounts_ = {{"ZERO", zero_account}};
    std::vector<AccountId> actors;
    for (const auto& [name, address] : object_of(setup, "actors").items())
    {
        actors.push_back(sandbox_.account("actor/" + name));
        accounts_.emplace(name, actors.back());
    }
    const auto funds = amount_of(setup, "actorTokenBalance");
    if ((Checked{funds} * actors.size()).fault != Fault::none)
        throw std::invalid_argument{"the actors' balances exceed 256 bits"};
    factory_ = &sandbox_.add<UniswapV3Factory>("factory");
    router_ = &sandbox_.add<UniswapV3Router>("router", factory_->id());
    manager_ = &sandbox_.add<UniswapV3PositionManager>("npm", factory_->id());
    const auto& tokens = member(setup, "tokens");
    for (std::size_t i = 0; i < tokens.size(); ++i)
    {
        const auto name = fmt::format("T{}", i);
        tokens_.push_back(
            &sandbox_.add<Erc20>(name, TokenInfo{name, 18}, contracts::TokenFlavour::uniswap));
        for (const auto actor : actors)
            tokens_.back()->allocate(actor, funds);
    }
    for (const auto& entry : member(setup, "pools"))
        add_pool(entry);
    sandbox_.connect();
    for (const auto& entry : member(setup, "pools"))
    {
        sandbox_.set_time(integer_of(entry, "initializedAt"));
        if (!sandbox_
                 .run(zero_account, pool(text_of(entry, "id")).id(),
                     Initialize{amount_of(entry, "sqrtPriceX96")})
                 .ok())
            throw std::invalid_argument{"\"sqrtPriceX96\" is no price"};
    }
    approve_all(router_->id());
    approve_all(manager_->id());
}

void PeripheryReplayer::add_pool(const json& entry)
{
    const auto& name = text_of(entry, "id");
    const auto spacing = tick_of(entry, "tickSpacing");
    if (spacing <= 0 || spacing >= 16'384)
        throw std::invalid_argument{"\"tickSpacing\": expected 1 to 16383"};
    auto& made = sandbox_.add<UniswapV3Pool>("pool/" + name,
        PoolConstructor{token(text_of(entry, "token0")), token(text_of(entry, "token1")),
            factory_->id(), fee_of(entry), spacing});
    if (!pools_.emplace(name, &made).second)
        throw std::invalid_argument{fmt::format("two pools are called \"{}\"", name)};
}

void PeripheryReplayer::approve_all(ContractId spender)
{
    const contracts::Erc20Approve approve{
        sandbox_.world().contract(spender).account(), Amount::max()};
    for (const auto& [name, actor] : accounts_)
    {
        if (actor == zero_account)
            continue;
        CallWriter calls;
        for (const auto* token : tokens_)
            calls.add(token->id(), approve);
        if (!sandbox_.run(actor, calls).ok())
            throw std::invalid_argument{"the actors cannot approve"};
    }
}

AccountId PeripheryReplayer::account(const std::string& name) const
{
    const auto found = accounts_.find(name);
    if (found == accounts_.end())
        throw std::invalid_argument{fmt::format("\"{}\" is no account of this file", name)};
    return found->second;
}

UniswapV3Pool& PeripheryReplayer::pool(const std::string& name) const
{
    const auto found = pools_.find(name);
    if (found == pools_.end())
        throw std::invalid_argument{fmt::format("\"{}\" is no pool of this file", name)};
    return *found->second;
}

ContractId PeripheryReplayer::token(const std::string& name) const
{
    for (const auto* token : tokens_)
    {
        if (token->name() == name)
            return token->id();
    }
    throw std::invalid_argument{fmt::format("\"{}\" is no token of this file", name)};
}

std::vector<UniswapV3Pool*> PeripheryReplayer::path_of(const json& args) const
{
    std::vector<UniswapV3Pool*> found;
    for (const auto& name : member(args, "pools"))
        found.push_back(&pool(as_text(name, "pools")));
    return found;
}

void PeripheryReplayer::add_position_call(CallWriter& calls, const json& line) const
{
    const auto& name = text_of(line, "op");
    const auto& args = object_of(line, "args");
    const auto id = manager_->id();
    if (name == "npmMint")
    {
        const auto& at = pool(text_of(args, "pool"));
        calls.add(id, MintPosition{at.token0(), at.token1(), at.swap_fee(),
                          tick_of(args, "tickLower"), tick_of(args, "tickUpper"),
                          amount_of(args, "amount0Desired"), amount_of(args, "amount1Desired"),
                          amount_of(args, "amount0Min"), amount_of(args, "amount1Min"),
                          account(text_of(args, "recipient")), deadline_of(args)});
        return;
    }
    const auto token_id = integer_of(args, "tokenId");
    if (name == "npmIncrease")
    {
        calls.add(id, IncreaseLiquidity{token_id, amount_of(args, "amount0Desired"),
                          amount_of(args, "amount1Desired"), amount_of(args, "amount0Min"),
                          amount_of(args, "amount1Min"), deadline_of(args)});
    }
    else if (name == "npmDecrease")
    {
        calls.add(id,
            DecreaseLiquidity{token_id, amount_of(args, "liquidity"), amount_of(args, "amount0Min"),
                amount_of(args, "amount1Min"), deadline_of(args)});
    }
    else if (name == "npmCollect")
    {
        calls.add(id, CollectPosition{token_id, account(text_of(args, "recipient")),
                          amount_of(args, "amount0Max"), amount_of(args, "amount1Max")});
    }
    else if (name == "npmBurn")
        calls.add(id, BurnPosition{token_id});
    else
        throw std::invalid_argument{fmt::format("unknown operation \"{}\"", name)};
}

void PeripheryReplayer::add_call(CallWriter& calls, const json& line) const
{
    const auto& name = text_of(line, "op");
    const auto& args = object_of(line, "args");
    const auto id = router_->id();
    if (name.starts_with("npm"))
        return add_position_call(calls, line);
    const auto recipient = account(text_of(args, "recipient"));
    const auto deadline = deadline_of(args);
    const auto amount = amount_of(args, "amount");
    const auto bound = amount_of(args, "bound");
    if (name == "exactInSingle" || name == "exactOutSingle")
    {
        const auto& at = pool(text_of(args, "pool"));
        const bool down = flag_of(args, "zeroForOne");
        const auto token_in = down ? at.token0() : at.token1();
        const auto token_out = down ? at.token1() : at.token0();
        const auto limit = amount_of(args, "sqrtPriceLimitX96");
        if (name == "exactInSingle")
        {
            calls.add(id, ExactInputSingle{token_in, token_out, at.swap_fee(), recipient, deadline,
                              amount, bound, limit});
        }
        else
        {
            calls.add(id, ExactOutputSingle{token_in, token_out, at.swap_fee(), recipient, deadline,
                              amount, bound, limit});
        }
        return;
    }
    TokenPath path;
    FeePath fees;
    const auto& tokens = member(args, "tokens");
    const auto hops = path_of(args);
    if (tokens.size() > 8 || hops.size() + 1 != tokens.size())
        throw std::invalid_argument{"\"tokens\": expected 2 to 8, one more than pools"};
    for (const auto& each : tokens)
        path.push_back(token(as_text(each, "tokens")));
    for (const auto* hop : hops)
        fees.push_back(hop->swap_fee());
    if (name == "exactInPath")
        calls.add(id, ExactInput{path, fees, recipient, deadline, amount, bound});
    else if (name == "exactOutPath")
        calls.add(id, ExactOutput{path, fees, recipient, deadline, amount, bound});
    else
        throw std::invalid_argument{fmt::format("unknown operation \"{}\"", name)};
}

/// QuoterV2's answers. Lists are in the order in which the pools are asked.
Result<PeripheryReplayer::Texts> PeripheryReplayer::quote(const json& line) const
{
    const auto& name = text_of(line, "op");
    const auto& args = object_of(line, "args");
    const bool exact_in = name.starts_with("quoteIn");
    const auto single =
        [exact_in](const UniswapV3Pool& at, bool down, const Amount& amount, const Amount& limit)
    {
        return exact_in ? quote_exact_input_single(at, down, amount, limit)
                        : quote_exact_output_single(at, down, amount, limit);
    };
    if (name.ends_with("Single"))
    {
        const auto answer =
            RUNNEL_TRY(single(pool(text_of(args, "pool")), flag_of(args, "zeroForOne"),
                amount_of(args, "amount"), amount_of(args, "sqrtPriceLimitX96")));
        return Texts{{"amount", {answer.amount.to_string()}},
            {"sqrtPriceX96After", {answer.sqrt_price_after_x96.to_string()}},
            {"initializedTicksCrossed", {std::to_string(answer.initialized_ticks_crossed)}}};
    }
    const auto hops = path_of(args);
    const auto& tokens = member(args, "tokens");
    if (hops.size() + 1 != tokens.size())
        throw std::invalid_argument{"\"tokens\": expected one more than pools"};
    auto amount = amount_of(args, "amount");
    Texts texts;
    for (std::size_t i = 0; i < hops.size(); ++i)
    {
        const auto at = exact_in ? i : hops.size() - 1 - i;
        const bool down = token(as_text(tokens[at], "tokens")) == hops[at]->token0();
        const auto answer = RUNNEL_TRY(single(*hops[at], down, amount, Amount{}));
        amount = answer.amount;
        texts["sqrtPriceX96AfterList"].push_back(answer.sqrt_price_after_x96.to_string());
        texts["initializedTicksCrossedList"].push_back(
            std::to_string(answer.initialized_ticks_crossed));
    }
    texts["amount"] = {amount.to_string()};
    return texts;
}

void PeripheryReplayer::compare_returns(
    const json& line, const Texts& replayed, Comparison& comparison)
{
    for (const auto& [field, recorded] : object_of(line, "ret").items())
    {
        const auto values = recorded.is_array() ? recorded : json::array({recorded});
        const auto found = replayed.find(field);
        if (found == replayed.end() || found->second.size() != values.size())
        {
            comparison.mismatch(fmt::format("ret.{}: not as many values", field));
            continue;
        }
        for (std::size_t i = 0; i < values.size(); ++i)
        {
            comparison.equal(
                fmt::format("ret.{}[{}]", field, i), as_text(values[i], field), found->second[i]);
        }
    }
}

void PeripheryReplayer::operation(const json& line, Comparison& comparison)
{
    const auto& name = text_of(line, "op");
    const bool ok = flag_of(line, "ok");
    Refusal refusal;
    bool replayed_ok = false;
    Texts replayed;
    sandbox_.set_time(integer_of(line, "t"));
    if (name.starts_with("quote"))
    {
        auto answer = quote(line);
        replayed_ok = answer.has_value();
        if (replayed_ok)
            replayed = std::move(*answer);
        else
            refusal = answer.error();
    }
    else
    {
        CallWriter calls;
        add_call(calls, line);
        const auto outcome = sandbox_.run(account(text_of(line, "sender")), calls);
        replayed_ok = outcome.ok();
        refusal = outcome.receipt.refusal;
        static const std::map<std::string, std::vector<std::string>, std::less<>> returned{
            {"npmMint", {"tokenId", "liquidity", "amount0", "amount1"}},
            {"npmIncrease", {"liquidity", "amount0", "amount1"}},
            {"npmDecrease", {"amount0", "amount1"}}, {"npmCollect", {"amount0", "amount1"}},
            {"npmBurn", {}}};
        const auto names = returned.find(name);
        const std::vector<std::string> amount{"amount"};
        std::size_t next = 0;
        for (const auto& field : names == returned.end() ? amount : names->second)
        {
            if (next < outcome.returns.count)
                replayed[field] = {outcome.returns.values[next++].to_string()};
        }
        if (line.contains("gasTx") && !line.contains("errKind"))
        {
            const auto reason = line.value("err", "");
            comparison.gas(ok ? name : fmt::format("{}: {}", name, reason),
                {integer_of(line, "gasTx"), outcome.receipt.gas_used});
        }
    }
    comparison.equal("ok", ok ? "true" : "false", replayed_ok ? "true" : "false");
    if (!ok && !replayed_ok)
    {
        const bool is_plain = refusal.kind == RefusalKind::error ||
                              refusal.kind == RefusalKind::empty ||
                              refusal.kind == RefusalKind::invalid_opcode;
        comparison.equal("err", text_of(line, "err"),
            is_plain ? std::string{refusal.text} : refusal.to_string());
        comparison.equal("errKind", line.value("errKind", ""),
            refusal.kind == RefusalKind::invalid_opcode ? "invalid opcode" : "");
    }
    else if (!replayed_ok)
        comparison.mismatch("refused: " + refusal.to_string());
    else if (ok && line.contains("ret"))
        compare_returns(line, replayed, comparison);
    compare_state(line, comparison);
}

void PeripheryReplayer::compare_state(const json& line, Comparison& comparison)
{
    const auto compare = [&comparison](const std::string& what, const json& recorded,
                             const std::vector<std::string>& values)
    {
        if (!recorded.is_array() || recorded.size() != values.size())
        {
            comparison.mismatch(fmt::format("{}: {} values", what, values.size()));
            return;
        }
        for (std::size_t i = 0; i < values.size(); ++i)
            comparison.equal(fmt::format("{}[{}]", what, i), as_text(recorded[i], what), values[i]);
    };
    for (const auto& [name, recorded] : object_of(line, "pools").items())
    {
        const auto& state = pool(name).state();
        compare("pools." + name, recorded,
            {state.sqrt_price_x96.to_string(), std::to_string(state.tick),
                state.liquidity.to_string(), state.fee_growth_global0_x128.to_string(),
                state.fee_growth_global1_x128.to_string()});
    }
    for (const auto& [name, recorded] : object_of(line, "bal").items())
    {
        std::vector<std::string> balances;
        for (const auto* token : tokens_)
            balances.push_back(token->balance(account(name)).to_string());
        compare("bal." + name, recorded, balances);
    }
    if (line.contains("token"))
    {
        const auto& recorded = object_of(line, "token");
        const auto token_id = integer_of(recorded, "id");
        const auto& position = manager_->position(token_id);
        std::map<std::string, std::string, std::less<>> replayed{{"id", std::to_string(token_id)}};
        if (position.exists)
        {
            const auto owner = std::find_if(accounts_.begin(), accounts_.end(),
                [&](const auto& entry) { return entry.second == manager_->owner_of(token_id); });
            replayed.insert({{"liquidity", position.liquidity.to_string()},
                {"feeGrowthInside0LastX128", position.fee_growth_inside0_last_x128.to_string()},
                {"feeGrowthInside1LastX128", position.fee_growth_inside1_last_x128.to_string()},
                {"tokensOwed0", position.tokens_owed0.to_string()},
                {"tokensOwed1", position.tokens_owed1.to_string()},
                {"owner", owner == accounts_.end() ? "another account" : owner->first}});
        }
        else
            replayed.emplace("err", "Invalid token ID");
        for (const auto& [field, value] : recorded.items())
        {
            const auto found = replayed.find(field);
            comparison.equal("token." + field, as_text(value, field),
                found == replayed.end() ? std::string{"nothing"} : found->second);
        }
    }
    Findings findings;
    for (const auto& [name, at] : pools_)
        at->check_invariants(sandbox_.world(), findings);
    for (const auto& finding : findings)
        comparison.mismatch(finding);
}
}  // namespace

Protocol uniswap_v3_periphery_protocol()
{
    return {"uniswap-v3-periphery",
        [](const json& header)
        { return header.value("protocol", json{}) == "uniswap-v3-periphery"; },
        []() -> std::unique_ptr<Replayer> { return std::make_unique<PeripheryReplayer>(); }};
}

}  // namespace runnel::replay
