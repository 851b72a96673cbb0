#include "tools/replay/lido_replay.hpp"

#include "contracts/staking/lido/steth.hpp"
#include "contracts/staking/lido/wsteth.hpp"
#include "contracts/tokens/native/native_coin.hpp"
#include "state/world.hpp"
#include "tools/replay/json_fields.hpp"
#include "tools/replay/refusal_text.hpp"

#include <map>

namespace runnel::replay
{
namespace
{
using namespace contracts::lido;
using contracts::LidoSteth;
using contracts::LidoWsteth;
using contracts::Sandbox;
using nlohmann::json;

/// Reports, stops and resumptions are open to all in the recorded contract; here its oracle and its
/// manager make them.
class LidoReplayer final : public Replayer
{
public:
    void start(const json& header) override;
    void operation(const json& line, Comparison& comparison) override;

private:
    /// What runs for a recorded operation.
    struct Planned
    {
        AccountId sender{};
        CallWriter calls;
    };

    void add_account(const std::string& name);
    void give_native(AccountId account, const Amount& value);
    [[nodiscard]] AccountId account(const std::string& name) const;
    [[nodiscard]] AccountId account_in(const json& line, const char* field) const
    {
        return account(text_of(line, field));
    }
    [[nodiscard]] Planned plan(const json& line) const;
    [[nodiscard]] std::optional<Result<Amount>> view(const json& line) const;
    void compare_outcome(
        const json& line, const Result<Returns>& outcome, Comparison& comparison) const;
    void note_gas(const json& line, const Sandbox::Outcome& outcome, Comparison& comparison) const;
    void compare_state(const json& line, Comparison& comparison);

    Sandbox sandbox_;
    LidoSteth* steth_ = nullptr;
    LidoWsteth* wsteth_ = nullptr;
    AccountId operator_{};
    std::map<std::string, AccountId, std::less<>> accounts_;
};

void LidoReplayer::add_account(const std::string& name)
{
    accounts_.emplace(name, sandbox_.account(name));
}

void LidoReplayer::give_native(AccountId account, const Amount& value)
{
    auto& world = sandbox_.world();
    auto& supply = world.native_supply.at(0);
    const auto sum = Checked{supply} + value;
    if (!sum.ok())
        throw std::invalid_argument{"the coins of all exceed 256 bits"};
    supply = sum.value;
    auto& balance = world.account_states.at(account).balance;
    balance = wrapping_add(balance, value);
}

void LidoReplayer::start(const json& header)
{
    const auto& setup = object_of(header, "setup");
    if (amount_of(setup, "feePrecision") != FeeDistribution::precision)
        throw std::invalid_argument{"\"feePrecision\": expected 100000000000000000000"};
    FeeDistribution fees;
    fees.total = amount_of(setup, "totalFee");
    fees.treasury = text_of(setup, "treasury");
    const auto& modules = member(setup, "modules");
    const auto& module_fees = member(setup, "moduleFees");
    if (modules.size() != module_fees.size())
        throw std::invalid_argument{"\"modules\": expected one for each of \"moduleFees\""};
    Checked all{Amount{}};
    for (std::size_t i = 0; i < modules.size(); ++i)
    {
        fees.modules.push_back(
            {as_text(modules[i], "modules"), parse_amount(as_text(module_fees[i], "moduleFees"))});
        all = all + fees.modules.back().fee;
        add_account(fees.modules.back().account);
    }
    if (!all.ok() || all.value > fees.total || fees.total > FeeDistribution::precision)
        throw std::invalid_argument{"\"moduleFees\": expected at most \"totalFee\" together"};
    add_account(fees.treasury);
    accounts_.emplace("ZERO", zero_account);

    operator_ = sandbox_.account("operator");
    steth_ = &sandbox_.add<LidoSteth>("STETH", "stETH", fees, Roles{operator_, operator_});
    wsteth_ = &sandbox_.add<LidoWsteth>("WSTETH", "wstETH", steth_->id());
    accounts_.emplace("STETH", steth_->account());
    accounts_.emplace("WSTETH", wsteth_->account());
    for (const auto& [name, address] : object_of(setup, "users").items())
    {
        add_account(name);
        give_native(account(name), amount_of(setup, "ethPerUser"));
    }
    sandbox_.connect();
    auto pooled = amount_of(setup, "initialPooled");
    for (const auto& [name, value] : object_of(setup, "initialShares").items())
    {
        const auto shares = parse_amount(as_text(value, "initialShares"));
        if (shares > pooled)
            throw std::invalid_argument{"\"initialShares\": expected one for each wei"};
        pooled = wrapping_sub(pooled, shares);
        add_account(name);
        steth_->allocate(sandbox_.world(), account(name), shares);
    }
    if (!pooled.is_zero())
        throw std::invalid_argument{"\"initialShares\": expected one for each wei"};
}

AccountId LidoReplayer::account(const std::string& name) const
{
    const auto found = accounts_.find(name);
    if (found == accounts_.end())
        throw std::invalid_argument{fmt::format("\"{}\" is no account of this file", name)};
    return found->second;
}

LidoReplayer::Planned LidoReplayer::plan(const json& line) const
{
    const auto& name = text_of(line, "op");
    Planned planned{account_in(line, "from"), {}};
    const auto amount = [&line](const char* field) { return amount_of(line, field); };
    const auto steth = [&](const auto& call) { planned.calls.add(steth_->id(), call); };
    const auto wsteth = [&](const auto& call) { planned.calls.add(wsteth_->id(), call); };
    const auto pay = [&](AccountId to) {
        planned.calls.add(native_coin, contracts::NativeTransfer{to, amount("value")});
    };
    if (name == "submit")
        steth(Submit{amount("value"), zero_account});
    else if (name == "sendSteth")
        pay(steth_->account());
    else if (name == "ethToWst")
        pay(wsteth_->account());
    else if (name == "approve")
        steth(Approve{account_in(line, "spender"), amount("amount")});
    else if (name == "transfer")
        steth(Transfer{account_in(line, "to"), amount("amount")});
    else if (name == "transferFrom")
        steth(TransferFrom{account_in(line, "src"), account_in(line, "to"), amount("amount")});
    else if (name == "transferShares")
        steth(TransferShares{account_in(line, "to"), amount("shares")});
    else if (name == "transferSharesFrom")
    {
        steth(
            TransferSharesFrom{account_in(line, "src"), account_in(line, "to"), amount("shares")});
    }
    else if (name == "wrap")
        wsteth(Wrap{amount("amount")});
    else if (name == "unwrap")
        wsteth(Unwrap{amount("amount")});
    else if (name == "approveWst")
        wsteth(contracts::Erc20Approve{account_in(line, "spender"), amount("amount")});
    else if (name == "wstTransfer")
        wsteth(contracts::Erc20Transfer{account_in(line, "to"), amount("amount")});
    else if (name == "wstTransferFrom")
    {
        wsteth(contracts::Erc20TransferFrom{
            account_in(line, "src"), account_in(line, "to"), amount("amount")});
    }
    else if (name == "report")
    {
        planned.sender = operator_;
        steth(Report{signed_of(line, "cl"), amount("el"), account_in(line, "burnFrom"),
            amount("burnShares"), amount("lock")});
    }
    else if (name == "stop")
    {
        planned.sender = operator_;
        if (flag_of(line, "on"))
            steth(Stop{});
        else
            steth(Resume{});
    }
    else
        throw std::invalid_argument{fmt::format("unknown operation \"{}\"", name)};
    return planned;
}

std::optional<Result<Amount>> LidoReplayer::view(const json& line) const
{
    const auto& name = text_of(line, "op");
    if (name == "getSharesByPooledEth")
        return shares_of_down(steth_->rate(), amount_of(line, "x"));
    if (name == "getPooledEthByShares")
        return ether_of_down(steth_->rate(), amount_of(line, "x"));
    if (name == "getPooledEthBySharesRoundUp")
        return ether_of_up(steth_->rate(), amount_of(line, "x"));
    return std::nullopt;
}

void LidoReplayer::operation(const json& line, Comparison& comparison)
{
    sandbox_.set_time(integer_of(line, "t"));
    if (const auto answer = view(line))
    {
        compare_outcome(
            line, answer->map([](const Amount& value) { return Returns{value}; }), comparison);
    }
    else
    {
        const auto planned = plan(line);
        const auto outcome = sandbox_.run(planned.sender, planned.calls);
        compare_outcome(line,
            outcome.ok() ? Result<Returns>{outcome.returns} : fail(outcome.receipt.refusal),
            comparison);
        note_gas(line, outcome, comparison);
    }
    compare_state(line, comparison);
}

void LidoReplayer::compare_outcome(
    const json& line, const Result<Returns>& outcome, Comparison& comparison) const
{
    const bool ok = flag_of(line, "ok");
    comparison.equal("ok", ok ? "true" : "false", outcome.has_value() ? "true" : "false");
    if (!outcome.has_value())
    {
        comparison.equal("revert", ok ? std::string{"none"} : recorded_revert(line),
            revert_text(outcome.error()));
        return;
    }
    if (line.contains("ret"))
    {
        comparison.equal("ret", recorded_text(line["ret"]),
            outcome->count > 0 ? outcome->values[0].to_string() : "nothing");
    }
}

void LidoReplayer::note_gas(
    const json& line, const Sandbox::Outcome& outcome, Comparison& comparison) const
{
    if (!line.contains("gasTx"))
        return;
    // The recordings' own contract, which makes the accounts' calls, and what it pays for a value.
    constexpr std::uint64_t caller_gas = 5'573;
    constexpr std::uint64_t value_gas = 6'700;
    const bool pays = line.contains("value") && !amount_of(line, "value").is_zero();
    const auto& name = text_of(line, "op");
    comparison.gas(
        flag_of(line, "ok") ? name : fmt::format("{}: {}", name, outcome.receipt.refusal.text),
        {integer_of(line, "gasTx") - caller_gas - (pays ? value_gas : 0),
            outcome.receipt.gas_used});
}

void LidoReplayer::compare_state(const json& line, Comparison& comparison)
{
    constexpr Amount one{1'000'000'000'000'000'000};
    const auto& state = steth_->state();
    const auto rate = steth_->rate();
    const auto value_of = [](const Result<Amount>& value)
    { return value.has_value() ? value->to_string() : value.error().to_string(); };
    const auto equal = [&](const char* field, const std::string& replayed)
    { comparison.equal(field, text_of(line, field), replayed); };
    equal("pooled", state.pooled_ether.to_string());
    equal("totalShares", state.total_shares.to_string());
    equal("wstSupply", wsteth_->total_supply().to_string());
    equal("perShare", value_of(ether_of_down(rate, one)));
    equal("perSteth", value_of(shares_of_down(rate, one)));
    comparison.equal(
        "stopped", flag_of(line, "stopped") ? "true" : "false", state.stopped ? "true" : "false");
    for (const auto& [name, recorded] : object_of(line, "users").items())
    {
        const auto id = account(name);
        const std::array replayed{steth_->shares(id), steth_->balance(id), wsteth_->balance(id),
            sandbox_.world().account_states.get(id).balance};
        if (!recorded.is_array() || recorded.size() != replayed.size())
            throw std::invalid_argument{fmt::format("users.{}: expected four amounts", name)};
        for (std::size_t i = 0; i < replayed.size(); ++i)
        {
            const auto where = fmt::format("users.{}[{}]", name, i);
            comparison.equal(where, as_text(recorded[i], where), replayed[i].to_string());
        }
    }
    if (line.contains("allowance"))
    {
        const auto owner = account_in(line, "src");
        const auto spender = account_in(line, "from");
        const bool is_wrapped = text_of(line, "op") == "wstTransferFrom";
        equal("allowance",
            (is_wrapped ? wsteth_->allowance(owner, spender) : steth_->allowance(owner, spender))
                .to_string());
    }
    Findings findings;
    steth_->check_invariants(sandbox_.world(), findings);
    wsteth_->check_invariants(sandbox_.world(), findings);
    for (const auto& finding : findings)
        comparison.mismatch(finding);
}
}  // namespace

Protocol lido_protocol()
{
    return {"lido-steth",
        [](const json& header) { return header.value("protocol", json{}) == "lido-steth"; },
        []() -> std::unique_ptr<Replayer> { return std::make_unique<LidoReplayer>(); }};
}

}  // namespace runnel::replay
