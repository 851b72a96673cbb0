#include "tools/replay/erc4626_replay.hpp"

#include "contracts/tokens/erc20/erc20.hpp"
#include "contracts/vaults/erc4626/erc4626.hpp"
#include "tools/replay/recorded_fields.hpp"

#include <memory>

namespace runnel::replay
{
namespace
{
using namespace contracts::erc4626;
using contracts::Erc20;
using contracts::Erc4626Vault;
using contracts::Sandbox;
using nlohmann::json;

/// Users are numbers; "zero", "vault" and "asset" are accounts too. What a vault loses is burnt by
/// the asset's minter.
class Erc4626Replayer final : public Replayer
{
public:
    void start(const json&) override {}
    void operation(const json& line, Comparison& comparison) override;

private:
    void deploy(const json& args);
    [[nodiscard]] AccountId account(const json& value) const;
    [[nodiscard]] AccountId account(const json& object, const char* name) const
    {
        return account(member(object, name));
    }
    /// As it is written in a recording.
    [[nodiscard]] std::string name_of(AccountId account) const;
    [[nodiscard]] Sandbox::Outcome run(const json& line);
    void compare_arguments(const json& line, const Refusal& refusal, Comparison& comparison) const;
    void compare_previews(const json& line, Comparison& comparison) const;
    void compare_state(const json& line, Comparison& comparison) const;

    std::unique_ptr<Sandbox> sandbox_;
    Erc20* asset_ = nullptr;
    Erc4626Vault* vault_ = nullptr;
    AccountId minter_{};
    std::vector<AccountId> users_;
};

void Erc4626Replayer::deploy(const json& args)
{
    const auto count = user_count_of(args);
    const auto funds = funds_of(args, "user_assets", count);
    const auto decimals = count_of(args, "asset_decimals");
    const auto offset = count_of(args, "decimals_offset");
    if (decimals > 36 || offset > Erc4626Vault::decimals_offset_max)
        throw std::invalid_argument{"\"asset_decimals\" or \"decimals_offset\" is above 36"};
    sandbox_ = std::make_unique<Sandbox>();
    minter_ = sandbox_->account("minter");
    asset_ = &sandbox_->add<Erc20>("asset", TokenInfo{"ASSET", static_cast<std::uint8_t>(decimals)},
        contracts::TokenFlavour::openzeppelin5, minter_);
    vault_ = &sandbox_->add<Erc4626Vault>(
        "vault", asset_->id(), static_cast<std::uint8_t>(offset), "VAULT");
    users_.clear();
    for (std::uint64_t i = 0; i < count; ++i)
    {
        users_.push_back(sandbox_->account(fmt::format("user/{}", i)));
        asset_->allocate(users_.back(), funds);
    }
    sandbox_->connect();
    for (const auto user : users_)
    {
        (void)sandbox_->run(
            user, asset_->id(), contracts::Erc20Approve{vault_->account(), Amount::max()});
    }
}

AccountId Erc4626Replayer::account(const json& value) const
{
    if (value.is_string())
    {
        const auto& name = value.get_ref<const std::string&>();
        if (name == "zero")
            return zero_account;
        if (name == "vault")
            return vault_->account();
        if (name == "asset")
            return asset_->account();
        // A number written as text.
        const auto number = Amount::from_decimal(name);
        if (number && *number < Amount{users_.size()})
            return users_[number->low64()];
    }
    else if (value.is_number_unsigned() && value.get<std::uint64_t>() < users_.size())
        return users_[value.get<std::uint64_t>()];
    throw std::invalid_argument{fmt::format("{} is no account of this file", value.dump())};
}

std::string Erc4626Replayer::name_of(AccountId account) const
{
    for (std::size_t i = 0; i < users_.size(); ++i)
    {
        if (users_[i] == account)
            return std::to_string(i);
    }
    if (account == zero_account)
        return "\"zero\"";
    if (account == vault_->account())
        return "\"vault\"";
    return account == asset_->account() ? "\"asset\"" : "another account";
}

Sandbox::Outcome Erc4626Replayer::run(const json& line)
{
    const auto& name = text_of(line, "op");
    const auto& args = object_of(line, "a");
    const auto user = account(line, "u");
    const auto id = vault_->id();
    if (name == "deposit")
        return sandbox_->run(
            user, id, Deposit{amount_of(args, "assets"), account(args, "receiver")});
    if (name == "mint")
        return sandbox_->run(user, id, Mint{amount_of(args, "shares"), account(args, "receiver")});
    if (name == "withdraw")
    {
        return sandbox_->run(user, id,
            Withdraw{amount_of(args, "assets"), account(args, "receiver"), account(args, "owner")});
    }
    if (name == "redeem")
    {
        return sandbox_->run(user, id,
            Redeem{amount_of(args, "shares"), account(args, "receiver"), account(args, "owner")});
    }
    if (name == "donate")
    {
        return sandbox_->run(user, asset_->id(),
            contracts::Erc20Transfer{vault_->account(), amount_of(args, "assets")});
    }
    if (name == "loss")
    {
        return sandbox_->run(minter_, asset_->id(),
            contracts::Erc20Burn{vault_->account(), amount_of(args, "assets")});
    }
    if (name == "approve_shares")
    {
        return sandbox_->run(
            user, id, contracts::Erc20Approve{account(args, "spender"), amount_of(args, "value")});
    }
    if (name == "transfer_shares")
    {
        return sandbox_->run(account(args, "from"), id,
            contracts::Erc20Transfer{account(args, "to"), amount_of(args, "value")});
    }
    throw std::invalid_argument{fmt::format("unknown operation \"{}\"", name)};
}

void Erc4626Replayer::operation(const json& line, Comparison& comparison)
{
    const auto& name = text_of(line, "op");
    if (name == "deploy")
    {
        deploy(object_of(line, "a"));
        return;
    }
    if (sandbox_ == nullptr)
        throw std::invalid_argument{"an operation comes before \"deploy\""};
    if (name == "preview")
        compare_previews(line, comparison);
    else
    {
        const auto outcome = run(line);
        const auto* refusal = outcome.ok() ? nullptr : &outcome.receipt.refusal;
        compare_outcome(line, refusal, comparison);
        if (refusal != nullptr)
            compare_arguments(line, *refusal, comparison);
        if (line.contains("r"))
        {
            const auto returned = outcome.ok() && outcome.returns.count > 0
                                      ? outcome.returns.values[0].to_string()
                                      : std::string{"nothing"};
            const bool gives_shares = name == "deposit" || name == "withdraw";
            compare_fields("r", member(line, "r"), {{gives_shares ? "shares" : "assets", returned}},
                comparison);
        }
    }
    compare_state(line, comparison);
}

void Erc4626Replayer::compare_arguments(
    const json& line, const Refusal& refusal, Comparison& comparison) const
{
    const auto arguments = line.value("ea", json::array());
    comparison.equal("ea", fmt::format("{} arguments", arguments.size()),
        fmt::format("{} arguments", refusal.argument_count));
    for (unsigned i = 0; i < refusal.argument_count && i < arguments.size(); ++i)
    {
        // An account's number is a JSON number, an amount is a string.
        const auto& value = refusal.arguments[i];
        const bool is_account = (refusal.account_mask >> i & 1U) != 0;
        comparison.equal(fmt::format("ea[{}]", i), arguments.at(i).dump(),
            is_account ? name_of(AccountId{static_cast<std::uint32_t>(value.low64())})
                       : fmt::format("\"{}\"", value.to_string()));
    }
}

void Erc4626Replayer::compare_previews(const json& line, Comparison& comparison) const
{
    comparison.equal("ok", flag_of(line, "ok") ? "true" : "false", "true");
    const auto x = amount_of(object_of(line, "a"), "x");
    const auto text_of_preview = [](const Result<Amount>& preview)
    {
        if (preview.has_value())
            return fmt::format("\"{}\"", preview->to_string());
        const auto& refusal = preview.error();
        return fmt::format("{{\"args\":[\"{}\"],\"e\":\"{}\"}}", refusal.arguments[0].to_string(),
            std::string_view{refusal.text});
    };
    const std::map<std::string, Result<Amount>, std::less<>> replayed{
        {"convertToShares", vault_->convert_to_shares(x)},
        {"convertToAssets", vault_->convert_to_assets(x)},
        {"previewDeposit", vault_->preview_deposit(x, 0)}, {"previewMint", vault_->preview_mint(x)},
        {"previewWithdraw", vault_->preview_withdraw(x)},
        {"previewRedeem", vault_->preview_redeem(x, 0)}};
    for (const auto& [field, recorded] : member(line, "r").items())
    {
        const auto found = replayed.find(field);
        comparison.equal("r." + field, recorded.dump(),
            found == replayed.end() ? std::string{"nothing"} : text_of_preview(found->second));
    }
}

void Erc4626Replayer::compare_state(const json& line, Comparison& comparison) const
{
    compare_fields("s", object_of(line, "s"),
        {{"total_assets", vault_->total_assets().to_string()},
            {"total_shares", vault_->total_supply().to_string()}},
        comparison);
    const auto& recorded = object_of(line, "us");
    const auto user = account(recorded, "user");
    compare_fields("us", recorded,
        {{"user", member(recorded, "user").dump()}, {"assets", asset_->balance(user).to_string()},
            {"shares", vault_->balance(user).to_string()},
            {"max_withdraw", text_of_view(vault_->convert_to_assets(vault_->balance(user)))}},
        comparison);
}
}  // namespace

Protocol erc4626_protocol()
{
    return {"openzeppelin-erc4626",
        [](const json& header)
        { return header.value("protocol", json{}) == "openzeppelin-erc4626"; },
        []() -> std::unique_ptr<Replayer> { return std::make_unique<Erc4626Replayer>(); }};
}

}  // namespace runnel::replay
