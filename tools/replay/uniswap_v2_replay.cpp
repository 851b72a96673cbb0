#include "tools/replay/uniswap_v2_replay.hpp"

#include "contracts/exchanges/uniswap_v2/factory.hpp"
#include "contracts/exchanges/uniswap_v2/pair.hpp"
#include "contracts/exchanges/uniswap_v2/router.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "execution/gas.hpp"
#include "tools/replay/json_fields.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <map>

namespace runnel::replay
{
namespace
{
using contracts::Erc20;
using contracts::Erc20Approve;
using contracts::Erc20Transfer;
using contracts::Sandbox;
using contracts::UniswapV2Factory;
using contracts::UniswapV2Pair;
using contracts::UniswapV2Router;
using nlohmann::json;

class UniswapV2Replayer final : public Replayer
{
public:
    void start(const json& header) override;
    void operation(const json& line, Comparison& comparison) override;

private:
    struct Pair
    {
        UniswapV2Pair* pair = nullptr;
        std::array<Erc20*, 2> tokens{};
    };
    /// The operation at hand.
    struct Operation
    {
        const json& args;
        const Pair& pair;
        AccountId sender{};
    };

    void add_pair(const std::string& name, const Amount& funds);
    void approve_router();
    [[nodiscard]] AccountId account(const std::string& name, const Pair& pair) const;
    [[nodiscard]] std::string_view name_of(AccountId account) const;
    [[nodiscard]] CallWriter calls_of(const std::string& name, const Operation& operation) const;
    void add_router_call(
        CallWriter& calls, const std::string& name, const Operation& operation) const;
    [[nodiscard]] CallWriter flash_callback(const Operation& operation) const;
    void note_gas(const json& line, const CallWriter& calls, const Sandbox::Outcome& outcome,
        Comparison& comparison);
    void compare_outcome(const json& line, const Operation& operation,
        const Sandbox::Outcome& outcome, Comparison& comparison) const;
    void compare_returns(const json& line, const Operation& operation,
        const Sandbox::Outcome& outcome, Comparison& comparison) const;
    void compare_state(const json& line, const Pair& pair, Comparison& comparison) const;

    Sandbox sandbox_;
    UniswapV2Factory* factory_ = nullptr;
    UniswapV2Router* router_ = nullptr;
    std::vector<std::pair<std::string, AccountId>> actors_;
    std::map<std::string, AccountId, std::less<>> accounts_;
    std::map<std::string, Pair, std::less<>> pairs_;
};

void UniswapV2Replayer::start(const json& header)
{
    const auto& setup = object_of(header, "setup");
    accounts_ = {{"ZERO", zero_account}, {"OWNER", sandbox_.account("OWNER")},
        {"FEETO", sandbox_.account("FEETO")}};
    for (const auto& [name, address] : member(setup, "actors").items())
    {
        actors_.emplace_back(name, sandbox_.account("actor/" + name));
        accounts_.insert(actors_.back());
    }
    const auto named = [&](const char* field)
    {
        const auto found = accounts_.find(text_of(setup, field));
        if (found == accounts_.end())
            throw std::invalid_argument{fmt::format("\"{}\" names no account", field)};
        return found->second;
    };
    factory_ = &sandbox_.add<UniswapV2Factory>("factory", named("feeTo"), named("feeToSetter"));
    router_ = &sandbox_.add<UniswapV2Router>("router", factory_->id());
    const auto funds = amount_of(setup, "actorTokenBalance");
    if ((Checked{funds} * actors_.size()).fault != Fault::none)
        throw std::invalid_argument{"the actors' balances exceed 256 bits"};
    for (const auto& pair : member(setup, "pairs"))
        add_pair(text_of(pair, "id"), funds);
    sandbox_.connect();
    approve_router();
}

void UniswapV2Replayer::add_pair(const std::string& name, const Amount& funds)
{
    Pair pair;
    for (unsigned i = 0; i < 2; ++i)
    {
        pair.tokens[i] = &sandbox_.add<Erc20>(fmt::format("token{}/{}", i, name),
            TokenInfo{fmt::format("T{}", i), 18}, contracts::TokenFlavour::uniswap);
        for (const auto& [actor, id] : actors_)
            pair.tokens[i]->allocate(id, funds);
    }
    pair.pair = &sandbox_.add<UniswapV2Pair>(
        "pair/" + name, pair.tokens[0]->id(), pair.tokens[1]->id(), factory_->id());
    if (!pairs_.emplace(name, pair).second)
        throw std::invalid_argument{fmt::format("two pairs are called \"{}\"", name)};
}

void UniswapV2Replayer::approve_router()
{
    const Erc20Approve approve{router_->account(), Amount::max()};
    for (const auto& [name, actor] : actors_)
    {
        for (const auto& [id, pair] : pairs_)
        {
            CallWriter calls;
            calls.add(pair.tokens[0]->id(), approve);
            calls.add(pair.tokens[1]->id(), approve);
            calls.add(pair.pair->id(), approve);
            if (!sandbox_.run(actor, calls).ok())
                throw std::invalid_argument{"the actors cannot approve the router"};
        }
    }
}

AccountId UniswapV2Replayer::account(const std::string& name, const Pair& pair) const
{
    if (name == "PAIR")
        return pair.pair->account();
    if (name == "TOKEN0" || name == "TOKEN1")
        return pair.tokens[name == "TOKEN1" ? 1 : 0]->account();
    const auto found = accounts_.find(name);
    if (found == accounts_.end())
        throw std::invalid_argument{fmt::format("\"{}\" is no account of this file", name)};
    return found->second;
}

std::string_view UniswapV2Replayer::name_of(AccountId account) const
{
    const auto found = std::find_if(accounts_.begin(), accounts_.end(),
        [account](const auto& entry) { return entry.second == account; });
    return found == accounts_.end() ? "another account" : std::string_view{found->first};
}

CallWriter UniswapV2Replayer::flash_callback(const Operation& operation) const
{
    const auto& [args, pair, sender] = operation;
    CallWriter calls;
    if (flag_of(args, "reenter"))
        calls.add(pair.pair->id(), contracts::uniswap_v2::Sync{});
    for (unsigned i = 0; i < 2; ++i)
    {
        const auto payment = amount_of(args, i == 0 ? "pay0" : "pay1");
        if (!payment.is_zero())
            calls.add(pair.tokens[i]->id(), Erc20Transfer{pair.pair->account(), payment});
    }
    return calls;
}

CallWriter UniswapV2Replayer::calls_of(const std::string& name, const Operation& operation) const
{
    const auto& [args, pair, sender] = operation;
    const auto id = pair.pair->id();
    CallWriter calls;
    const auto pay = [&, &fields = args, &to = pair](unsigned i, const char* field, bool if_zero)
    {
        const auto value = amount_of(fields, field);
        if (if_zero || !value.is_zero())
            calls.add(to.tokens[i]->id(), Erc20Transfer{to.pair->account(), value});
    };
    const auto account_in = [&, &fields = args, &at = pair](const char* field)
    { return account(text_of(fields, field), at); };

    if (name == "mint")
    {
        pay(0, "amount0", true);
        pay(1, "amount1", true);
        calls.add(id, contracts::uniswap_v2::Mint{account_in("to")});
    }
    else if (name == "burn")
    {
        calls.add(id, Erc20Transfer{pair.pair->account(), amount_of(args, "liquidity")});
        calls.add(id, contracts::uniswap_v2::Burn{account_in("to")});
    }
    else if (name == "swap")
    {
        pay(0, "amount0In", false);
        pay(1, "amount1In", false);
        calls.add(id, contracts::uniswap_v2::Swap{amount_of(args, "amount0Out"),
                          amount_of(args, "amount1Out"), account_in("to"), {}});
    }
    else if (name == "flash")
    {
        const auto callback = flash_callback(operation);
        calls.add(id, contracts::uniswap_v2::Swap{amount_of(args, "amount0Out"),
                          amount_of(args, "amount1Out"), sender, callback.list()});
    }
    else if (name == "sync")
        calls.add(id, contracts::uniswap_v2::Sync{});
    else if (name == "skim")
        calls.add(id, contracts::uniswap_v2::Skim{account_in("to")});
    else if (name == "donate")
        pay(text_of(args, "token") == "1" ? 1 : 0, "amount", true);
    else if (name == "lpTransfer")
        calls.add(id, Erc20Transfer{account_in("to"), amount_of(args, "value")});
    else if (name == "lpApprove")
        calls.add(id, Erc20Approve{account_in("spender"), amount_of(args, "value")});
    else if (name == "lpTransferFrom")
    {
        calls.add(id, contracts::Erc20TransferFrom{
                          account_in("from"), account_in("to"), amount_of(args, "value")});
    }
    else if (name == "setFeeTo")
        calls.add(factory_->id(), contracts::uniswap_v2::SetFeeTo{account_in("feeTo")});
    else if (name == "createPair")
    {
        calls.add(factory_->id(),
            contracts::uniswap_v2::CreatePair{account_in("tokenA"), account_in("tokenB")});
    }
    else
        add_router_call(calls, name, operation);
    return calls;
}

void UniswapV2Replayer::add_router_call(
    CallWriter& calls, const std::string& name, const Operation& operation) const
{
    const auto& [args, pair, sender] = operation;
    const std::array tokens{pair.tokens[0]->id(), pair.tokens[1]->id()};
    const auto is_router_call =
        name == "rAdd" || name == "rRemove" || name == "rSwapIn" || name == "rSwapOut";
    if (!is_router_call)
        throw std::invalid_argument{fmt::format("unknown operation \"{}\"", name)};
    const auto to = account(text_of(args, "to"), pair);
    // Deadlines are 256 bits there and 64 here; block times are 64 bits in both.
    const auto deadline_amount = amount_of(args, "deadline");
    const auto deadline = deadline_amount.fits_uint64() ? deadline_amount.low64()
                                                        : std::numeric_limits<std::uint64_t>::max();
    if (name == "rSwapIn" || name == "rSwapOut")
    {
        const bool zero_for_one = flag_of(args, "zeroForOne");
        const contracts::uniswap_v2::Path path{
            tokens[zero_for_one ? 0 : 1], tokens[zero_for_one ? 1 : 0]};
        if (name == "rSwapIn")
        {
            calls.add(router_->id(),
                contracts::uniswap_v2::SwapExactTokensForTokens{amount_of(args, "amountIn"),
                    amount_of(args, "amountOutMin"), path, to, deadline});
        }
        else
        {
            calls.add(router_->id(),
                contracts::uniswap_v2::SwapTokensForExactTokens{amount_of(args, "amountOut"),
                    amount_of(args, "amountInMax"), path, to, deadline});
        }
        return;
    }
    const bool a_is_1 = text_of(args, "tokenAIs") == "1";
    const auto token_a = tokens[a_is_1 ? 1 : 0];
    const auto token_b = tokens[a_is_1 ? 0 : 1];
    const auto amount_a_min = amount_of(args, a_is_1 ? "amount1Min" : "amount0Min");
    const auto amount_b_min = amount_of(args, a_is_1 ? "amount0Min" : "amount1Min");
    if (name == "rAdd")
    {
        calls.add(router_->id(), contracts::uniswap_v2::AddLiquidity{token_a, token_b,
                                     amount_of(args, a_is_1 ? "amount1Desired" : "amount0Desired"),
                                     amount_of(args, a_is_1 ? "amount0Desired" : "amount1Desired"),
                                     amount_a_min, amount_b_min, to, deadline});
    }
    else
    {
        calls.add(router_->id(),
            contracts::uniswap_v2::RemoveLiquidity{token_a, token_b, amount_of(args, "liquidity"),
                amount_a_min, amount_b_min, to, deadline});
    }
}

void UniswapV2Replayer::operation(const json& line, Comparison& comparison)
{
    const auto found = pairs_.find(text_of(line, "p"));
    if (found == pairs_.end())
        throw std::invalid_argument{
            fmt::format("\"{}\" is no pair of this file", text_of(line, "p"))};
    const auto& pair = found->second;
    const Operation operation{
        object_of(line, "args"), pair, account(text_of(line, "sender"), pair)};
    sandbox_.set_time(integer_of(line, "t"));
    const auto calls = calls_of(text_of(line, "op"), operation);
    const auto outcome = sandbox_.run(operation.sender, calls);
    note_gas(line, calls, outcome, comparison);
    compare_outcome(line, operation, outcome, comparison);
    compare_state(line, pair, comparison);
}

void UniswapV2Replayer::note_gas(const json& line, const CallWriter& calls,
    const Sandbox::Outcome& outcome, Comparison& comparison)
{
    // What wallets allow is enough.
    if (outcome.ok() && outcome.receipt.gas_used > gas_figure_of(sandbox_.world(), calls.bytes()))
        comparison.mismatch("charged more than the calls' figures");
    if (!line.contains("gasTx") || line.contains("errKind"))
        return;
    // The actor's own contract and the calldata that it hands on, per call, the callback included.
    constexpr std::uint64_t actor_gas = 5'573;
    const auto& name = text_of(line, "op");
    std::uint64_t count = 0;
    CallReader reader{calls.bytes()};
    while (reader.next())
        ++count;
    const auto reason = line.value("err", "");
    if (name == "flash" && reason != "UniswapV2: INSUFFICIENT_OUTPUT_AMOUNT")
        ++count;
    // Refused by the first call, which moves the shares.
    if (name == "burn" && reason == "ds-math-sub-underflow")
        count = 1;
    comparison.gas(reason.empty() ? name : fmt::format("{}: {}", name, reason),
        {integer_of(line, "gasTx") - count * actor_gas, outcome.receipt.gas_used});
}

void UniswapV2Replayer::compare_outcome(const json& line, const Operation& operation,
    const Sandbox::Outcome& outcome, Comparison& comparison) const
{
    const bool ok = flag_of(line, "ok");
    comparison.equal("ok", ok ? "true" : "false", outcome.ok() ? "true" : "false");
    const auto& refusal = outcome.receipt.refusal;
    if (!ok && !outcome.ok())
    {
        const bool is_invalid = refusal.kind == RefusalKind::invalid_opcode;
        const bool has_reason = refusal.kind == RefusalKind::error;
        comparison.equal("err", text_of(line, "err"),
            has_reason || is_invalid || refusal.kind == RefusalKind::empty
                ? std::string{refusal.text}
                : refusal.to_string());
        comparison.equal("errKind", line.value("errKind", ""), is_invalid ? "invalid opcode" : "");
    }
    else if (!outcome.ok())
        comparison.mismatch("refused: " + refusal.to_string());
    if (line.contains("ret"))
        compare_returns(line, operation, outcome, comparison);
}

void UniswapV2Replayer::compare_returns(const json& line, const Operation& operation,
    const Sandbox::Outcome& outcome, Comparison& comparison) const
{
    const auto& pair = operation.pair;
    const auto& name = text_of(line, "op");
    // Recorded by name; what the calls return, in their order.
    std::map<std::string, Amount, std::less<>> replayed;
    const auto& values = outcome.returns.values;
    if (outcome.ok())
    {
        if (name == "mint")
            replayed = {{"liquidity", values[0]}};
        else if (name == "burn")
            replayed = {{"amount0", values[0]}, {"amount1", values[1]}};
        else if (name == "rAdd" || name == "rRemove")
        {
            const auto a = text_of(operation.args, "tokenAIs") == "1" ? 1U : 0U;
            replayed = {{"amount0", values[a]}, {"amount1", values[1 - a]}};
            if (name == "rAdd")
                replayed["liquidity"] = values[2];
        }
        else if (name == "rSwapIn" || name == "rSwapOut")
            replayed = {{"amountIn", values[0]}, {"amountOut", values[1]}};
        for (const auto& event : outcome.block.events)
        {
            contracts::uniswap_v2::SwapLog swap;
            if (event.type != &event_type<contracts::uniswap_v2::SwapLog> ||
                !decode(outcome.block.encoding(event), swap))
                continue;
            replayed["evAmount0In"] = swap.amount0_in;
            replayed["evAmount1In"] = swap.amount1_in;
        }
    }
    if (name == "lpTransferFrom")
    {
        replayed["allowanceAfter"] = pair.pair->allowances().get(
            pair_key(account(text_of(operation.args, "from"), pair), operation.sender));
    }
    for (const auto& [field, recorded] : member(line, "ret").items())
    {
        const auto found = replayed.find(field);
        comparison.equal("ret." + field, as_text(recorded, "ret." + field),
            found == replayed.end() ? std::string{"nothing"} : found->second.to_string());
    }
}

void UniswapV2Replayer::compare_state(
    const json& line, const Pair& pair, Comparison& comparison) const
{
    comparison.equal("feeTo", text_of(line, "feeTo"), name_of(factory_->fee_to()));
    const auto& state = pair.pair->state();
    const std::map<std::string, Amount, std::less<>> replayed{{"reserve0", state.reserve0},
        {"reserve1", state.reserve1}, {"blockTimestampLast", state.block_timestamp_last},
        {"totalSupply", state.total_supply}, {"kLast", state.k_last},
        {"price0CumulativeLast", state.price0_cumulative_last},
        {"price1CumulativeLast", state.price1_cumulative_last}};
    for (const auto& [field, recorded] : member(line, "state").items())
    {
        const auto found = replayed.find(field);
        comparison.equal("state." + field, as_text(recorded, "state." + field),
            found == replayed.end() ? std::string{"nothing"} : found->second.to_string());
    }
    for (const auto& [name, recorded] : member(line, "lp").items())
    {
        comparison.equal("lp." + name, as_text(recorded, "lp." + name),
            pair.pair->share_balance(account(name, pair)).to_string());
    }
    for (const auto& [name, recorded] : member(line, "bal").items())
    {
        for (unsigned i = 0; i < 2; ++i)
        {
            comparison.equal(fmt::format("bal.{}[{}]", name, i),
                as_text(recorded.at(i), "bal." + name),
                pair.tokens[i]->balance(account(name, pair)).to_string());
        }
    }
}
}  // namespace

Protocol uniswap_v2_protocol()
{
    return {"uniswap-v2",
        [](const json& header) { return header.value("protocol", json{}) == "uniswap-v2"; },
        []() -> std::unique_ptr<Replayer> { return std::make_unique<UniswapV2Replayer>(); }};
}

}  // namespace runnel::replay
