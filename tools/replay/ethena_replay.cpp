#include "tools/replay/ethena_replay.hpp"

#include "contracts/staking/ethena/susde.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "tools/replay/json_fields.hpp"
#include "tools/replay/refusal_text.hpp"

#include <algorithm>
#include <map>

namespace runnel::replay
{
namespace
{
using namespace contracts::ethena;
using contracts::EthenaSusde;
using contracts::Sandbox;
using nlohmann::json;

/// The recordings' token, which has a word of its own for want of balance.
class RecordedToken final : public contracts::Erc20
{
public:
    explicit RecordedToken(ContractIdentity identity)
      : Erc20{std::move(identity), TokenInfo{"USDe", 18}, contracts::TokenFlavour::openzeppelin4}
    {}

    Result<void> transfer(CallContext context, AccountId to, const Amount& amount) override
    {
        RUNNEL_REQUIRE(!book_.lacks_funds(context, context.sender(), amount), refusal());
        return Erc20::transfer(context, to, amount);
    }
    Result<void> transfer_from(
        CallContext context, AccountId from, AccountId to, const Amount& amount) override
    {
        RUNNEL_REQUIRE(!book_.lacks_funds(context, from, amount), refusal());
        return Erc20::transfer_from(context, from, to, amount);
    }

private:
    [[nodiscard]] static Refusal refusal() { return Refusal::error("balance"); }
};

class EthenaReplayer final : public Replayer
{
public:
    void start(const json& header) override;
    void operation(const json& line, Comparison& comparison) override;

private:
    void add_account(const std::string& name, const std::string& address);
    [[nodiscard]] AccountId account(const std::string& name) const;
    [[nodiscard]] AccountId account_in(const json& line, const char* field) const
    {
        return account(text_of(line, field));
    }
    [[nodiscard]] CallWriter plan(const json& line);
    [[nodiscard]] std::optional<Result<Amount>> view(const json& line) const;
    /// As recorded: an account that a reason names is its address there.
    [[nodiscard]] std::string refusal_text(const Refusal& refusal) const;
    void compare_outcome(
        const json& line, const Result<Returns>& outcome, Comparison& comparison) const;
    void note_gas(const json& line, const Sandbox::Outcome& outcome, Comparison& comparison) const;
    void compare_state(const json& line, Comparison& comparison);

    Sandbox sandbox_;
    RecordedToken* usde_ = nullptr;
    EthenaSusde* vault_ = nullptr;
    std::map<std::string, AccountId, std::less<>> accounts_;
    std::map<AccountId, std::string> addresses_;
};

void EthenaReplayer::add_account(const std::string& name, const std::string& address)
{
    const auto id = sandbox_.account(name);
    accounts_.emplace(name, id);
    auto lower = address;
    std::transform(lower.begin(), lower.end(), lower.begin(),
        [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    addresses_.emplace(id, lower);
}

void EthenaReplayer::start(const json& header)
{
    const auto& setup = object_of(header, "setup");
    for (const auto& [name, address] : object_of(setup, "users").items())
        add_account(name, as_text(address, "users"));
    for (const auto* name : {"REWARDER", "ADMIN", "BLM"})
        add_account(name, text_of(setup, name));
    const auto funded = accounts_;
    const auto funds = amount_of(setup, "usdePerAccount");
    if (!(Checked{funds} * funded.size()).ok())
        throw std::invalid_argument{"the accounts' balances exceed 256 bits"};
    const auto cooldown = integer_of(setup, "cooldownDuration");
    if (cooldown > max_cooldown_duration)
        throw std::invalid_argument{"\"cooldownDuration\": expected at most 7776000"};

    usde_ = &sandbox_.add<RecordedToken>("USDE");
    accounts_.emplace("SILO", sandbox_.account(EthenaSusde::silo_name("SUSDE")));
    vault_ = &sandbox_.add<EthenaSusde>("SUSDE", "sUSDe", usde_->id(),
        static_cast<std::uint32_t>(cooldown),
        Roles{account("ADMIN"), account("REWARDER"), account("BLM")});
    accounts_.emplace("ZERO", zero_account);
    accounts_.emplace("USDE", usde_->account());
    accounts_.emplace("SUSDE", vault_->account());
    sandbox_.connect();
    const auto& allowance = text_of(setup, "allowanceToVault");
    const auto allowed = allowance == "max" ? Amount::max() : parse_amount(allowance);
    for (const auto& [name, id] : funded)
    {
        usde_->Erc20::allocate(id, funds);
        (void)sandbox_.run(id, usde_->id(), contracts::Erc20Approve{vault_->account(), allowed});
    }
}

AccountId EthenaReplayer::account(const std::string& name) const
{
    const auto found = accounts_.find(name);
    if (found == accounts_.end())
        throw std::invalid_argument{fmt::format("\"{}\" is no account of this file", name)};
    return found->second;
}

CallWriter EthenaReplayer::plan(const json& line)
{
    const auto& name = text_of(line, "op");
    CallWriter calls;
    const auto amount = [&line](const char* field) { return amount_of(line, field); };
    const auto vault = [&](const auto& call) { calls.add(vault_->id(), call); };
    if (name == "deposit")
        vault(Deposit{amount("assets"), account_in(line, "receiver")});
    else if (name == "mint")
        vault(Mint{amount("shares"), account_in(line, "receiver")});
    else if (name == "withdraw")
    {
        vault(Withdraw{amount("assets"), account_in(line, "receiver"), account_in(line, "owner")});
    }
    else if (name == "redeem")
        vault(Redeem{amount("shares"), account_in(line, "receiver"), account_in(line, "owner")});
    else if (name == "cooldownAssets")
        vault(CooldownAssets{amount("assets")});
    else if (name == "cooldownShares")
        vault(CooldownShares{amount("shares")});
    else if (name == "unstake")
        vault(Unstake{account_in(line, "receiver")});
    else if (name == "transferInRewards")
        vault(TransferInRewards{amount("amount")});
    else if (name == "setCooldownDuration")
    {
        const auto duration = integer_of(line, "duration");
        if (duration > 0xFFFFFF)
            throw std::invalid_argument{"\"duration\" does not fit 24 bits"};
        vault(SetCooldownDuration{static_cast<std::uint32_t>(duration)});
    }
    else if (name == "transfer")
        vault(contracts::Erc20Transfer{account_in(line, "to"), amount("amount")});
    else if (name == "approve")
        vault(contracts::Erc20Approve{account_in(line, "spender"), amount("amount")});
    else if (name == "transferFrom")
    {
        vault(contracts::Erc20TransferFrom{
            account_in(line, "src"), account_in(line, "to"), amount("amount")});
    }
    else if (name == "addToBlacklist")
        vault(AddToBlacklist{account_in(line, "target"), flag_of(line, "full")});
    else if (name == "removeFromBlacklist")
        vault(RemoveFromBlacklist{account_in(line, "target"), flag_of(line, "full")});
    else if (name == "redistributeLockedAmount")
        vault(RedistributeLockedAmount{account_in(line, "src"), account_in(line, "to")});
    else if (name == "rescueTokens")
    {
        const auto* token = sandbox_.world().contract_of(account_in(line, "token"));
        if (token == nullptr)
            throw std::invalid_argument{"\"token\": expected USDE or SUSDE"};
        vault(RescueTokens{token->id(), amount("amount"), account_in(line, "to")});
    }
    else if (name == "renounceRole")
        vault(RenounceRole{Role::full_restricted, account_in(line, "from")});
    else if (name == "donate")
        calls.add(usde_->id(), contracts::Erc20Transfer{vault_->account(), amount("amount")});
    else
        throw std::invalid_argument{fmt::format("unknown operation \"{}\"", name)};
    return calls;
}

std::optional<Result<Amount>> EthenaReplayer::view(const json& line) const
{
    const auto& name = text_of(line, "op");
    const auto with_rate = [&](auto formula, const Amount& amount) -> Result<Amount>
    {
        const auto now = RUNNEL_TRY(vault_->rate(integer_of(line, "t")));
        return formula(now, amount);
    };
    if (name == "convertToShares" || name == "previewDeposit")
        return with_rate(shares_of_down, amount_of(line, "x"));
    if (name == "convertToAssets" || name == "previewRedeem")
        return with_rate(assets_of_down, amount_of(line, "x"));
    if (name == "previewMint")
        return with_rate(assets_of_up, amount_of(line, "x"));
    if (name == "previewWithdraw")
        return with_rate(shares_of_up, amount_of(line, "x"));
    if (name == "maxWithdraw")
        return with_rate(assets_of_down, vault_->balance(account_in(line, "owner")));
    if (name == "maxRedeem")
        return Result<Amount>{vault_->balance(account_in(line, "owner"))};
    return std::nullopt;
}

void EthenaReplayer::operation(const json& line, Comparison& comparison)
{
    sandbox_.set_time(integer_of(line, "t"));
    if (const auto answer = view(line))
    {
        compare_outcome(
            line, answer->map([](const Amount& value) { return Returns{value}; }), comparison);
    }
    else
    {
        const auto outcome = sandbox_.run(account_in(line, "from"), plan(line));
        compare_outcome(line,
            outcome.ok() ? Result<Returns>{outcome.returns} : fail(outcome.receipt.refusal),
            comparison);
        note_gas(line, outcome, comparison);
    }
    compare_state(line, comparison);
}

std::string EthenaReplayer::refusal_text(const Refusal& refusal) const
{
    auto text = revert_text(refusal);
    const auto braces = text.find("{}");
    if (braces == std::string::npos || refusal.argument_count == 0)
        return text;
    const AccountId named{static_cast<std::uint32_t>(refusal.arguments[0].low64())};
    const auto found = addresses_.find(named);
    return text.replace(braces, 2, found == addresses_.end() ? "nobody" : found->second);
}

void EthenaReplayer::compare_outcome(
    const json& line, const Result<Returns>& outcome, Comparison& comparison) const
{
    const bool ok = flag_of(line, "ok");
    comparison.equal("ok", ok ? "true" : "false", outcome.has_value() ? "true" : "false");
    if (!outcome.has_value())
    {
        comparison.equal("revert", ok ? std::string{"none"} : recorded_revert(line),
            refusal_text(outcome.error()));
        return;
    }
    if (line.contains("ret"))
    {
        comparison.equal("ret", recorded_text(line["ret"]),
            outcome->count > 0 ? outcome->values[0].to_string() : "nothing");
    }
}

void EthenaReplayer::note_gas(
    const json& line, const Sandbox::Outcome& outcome, Comparison& comparison) const
{
    if (!line.contains("gasTx"))
        return;
    constexpr std::uint64_t caller_gas = 5'573;  // The recordings' own contract.
    const auto& name = text_of(line, "op");
    const auto& refusal = outcome.receipt.refusal;
    const auto reason = refusal.argument_count == 0 ? std::string{refusal.text} : "AccessControl";
    comparison.gas(flag_of(line, "ok") ? name : fmt::format("{}: {}", name, reason),
        {integer_of(line, "gasTx") - caller_gas, outcome.receipt.gas_used});
}

void EthenaReplayer::compare_state(const json& line, Comparison& comparison)
{
    const auto value_of = [](const Result<Amount>& value)
    { return value.has_value() ? value->to_string() : value.error().to_string(); };
    const auto equal = [&](const char* field, const std::string& replayed)
    { comparison.equal(field, text_of(line, field), replayed); };
    const auto equal_list =
        [&](const std::string& what, const json& recorded, const std::vector<std::string>& replayed)
    {
        if (!recorded.is_array() || recorded.size() != replayed.size())
            throw std::invalid_argument{
                fmt::format("{}: expected {} values", what, replayed.size())};
        for (std::size_t i = 0; i < replayed.size(); ++i)
        {
            const auto where = fmt::format("{}[{}]", what, i);
            comparison.equal(where, as_text(recorded[i], where), replayed[i]);
        }
    };
    const auto time = integer_of(line, "t");
    const auto& state = vault_->state();
    equal("totalSupply", state.total_supply.to_string());
    equal("totalAssets",
        value_of(vault_->rate(time).map([](const ShareRate& rate) { return rate.assets; })));
    equal_list("vesting", member(line, "vesting"),
        {state.vesting_amount.to_string(), std::to_string(state.last_distribution),
            value_of(vault_->unvested(time))});
    equal("cooldownDuration", std::to_string(state.cooldown_duration));
    equal("vaultUsde", usde_->balance(vault_->account()).to_string());
    equal("siloUsde", usde_->balance(vault_->silo()).to_string());
    for (const auto& [name, recorded] : object_of(line, "users").items())
    {
        const auto id = account(name);
        const auto& cooldown = vault_->cooldown(id);
        equal_list("users." + name, recorded,
            {vault_->balance(id).to_string(), usde_->balance(id).to_string(),
                std::to_string(cooldown.end), cooldown.underlying_amount.to_string()});
    }
    Findings findings;
    vault_->check_invariants(sandbox_.world(), findings);
    for (const auto& finding : findings)
        comparison.mismatch(finding);
}
}  // namespace

Protocol ethena_protocol()
{
    return {"ethena-susde",
        [](const json& header) { return header.value("protocol", json{}) == "ethena-susde"; },
        []() -> std::unique_ptr<Replayer> { return std::make_unique<EthenaReplayer>(); }};
}

}  // namespace runnel::replay
