#include "contracts/vaults/erc4626/erc4626.hpp"

#include "contracts/kit/registration.hpp"
#include "contracts/kit/safe_erc20.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <utility>

namespace runnel::contracts
{

using namespace erc4626;

namespace
{
Result<Amount> result_of(const Checked& amount)
{
    return RUNNEL_TRY(amount);
}
}  // namespace

Erc4626Vault::Erc4626Vault(ContractIdentity identity, ContractId asset,
    std::uint8_t decimals_offset, std::string symbol, bool is_virtual)
  : TokenBase{std::move(identity), TokenFlavour::openzeppelin5},
    asset_id_{asset},
    decimals_offset_{decimals_offset},
    is_virtual_{is_virtual},
    symbol_{std::move(symbol)},
    state_{name() + ".state"}
{
    RUNNEL_CHECK(decimals_offset <= decimals_offset_max);
    state_.set_conservation_weight(-1);
    add_table(state_);
}

const ContractType& Erc4626Vault::contract_type()
{
    static const ContractType type{.kind = "erc4626",
        .help =
            "A vault by ERC-4626 that holds one token; its shares are a token (OpenZeppelin's).",
        .role = ContractRole::lending,
        .sectors = implements<Erc4626Vault, Vault>(),
        .methods = methods(),
        .events =
            event_types<TransferLog, ApprovalLog, DepositLog, WithdrawLog, VaultFlow, VaultRow>(),
        .parameters =
            {
                {"asset", ParameterKind::token, "", {}, "The token that it holds."},
                {"decimals_offset", ParameterKind::integer, "0", {},
                    "How many decimals more shares have than the asset: each makes an inflation "
                    "attack ten times dearer.",
                    0, decimals_offset_max},
                {"virtual_shares", ParameterKind::boolean, "true", {},
                    "Whether it counts virtual shares and a virtual unit of the asset; a vault "
                    "without them, as OpenZeppelin's before 4.9, is open to an inflation attack."},
                {"symbol", ParameterKind::text, "\"\"", {},
                    "What people call a share; empty: its name in the scenario."},
                allocation({"initial_assets", ParameterKind::amount, "0",
                    unit::smallest_unit_of("asset"),
                    "Deposited at genesis by the account NAME/seed_depositor, which is given the "
                    "tokens.",
                    0, 1e60}),
            },
        .create = [](const Parameters& parameters,
                      ContractIdentity identity) -> std::unique_ptr<Contract>
        {
            auto symbol = parameters.text("symbol");
            if (symbol.empty())
                symbol = identity.name;
            return std::make_unique<Erc4626Vault>(std::move(identity), parameters.token("asset"),
                static_cast<std::uint8_t>(parameters.integer("decimals_offset")), std::move(symbol),
                parameters.boolean("virtual_shares"));
        },
        .deploy = [](ByteView encoded, ContractIdentity identity,
                      const World& world) -> std::unique_ptr<Contract>
        {
            Constructor arguments;
            if (!decode(encoded, arguments) || arguments.decimals_offset > decimals_offset_max ||
                find_token(world, arguments.asset) == nullptr)
                return nullptr;
            const auto asset = world.contract(arguments.asset).token_info();
            return std::make_unique<Erc4626Vault>(std::move(identity), arguments.asset,
                arguments.decimals_offset, "v" + (asset ? asset->symbol : std::string{}));
        },
        .list_arguments =
            [](ByteView encoded, FieldSink& parameters)
        {
            Constructor arguments;
            RUNNEL_CHECK(decode(encoded, arguments));
            parameters.contract("asset", arguments.asset);
            parameters.text("decimals_offset", std::to_string(arguments.decimals_offset));
        }};
    return type;
}

std::optional<TokenInfo> Erc4626Vault::token_info() const
{
    return TokenInfo{symbol_, static_cast<std::uint8_t>(asset_info_.decimals + decimals_offset_)};
}

void Erc4626Vault::connect(World& world)
{
    asset_ = &token_at(world, asset_id_);
    asset_contract_ = world.find_contract(asset_id_);
    asset_info_ = asset_contract_->token_info().value_or(TokenInfo{});
}

void Erc4626Vault::genesis(const Parameters& parameters, GenesisBuilder& builder)
{
    const auto& assets = parameters.amount("initial_assets");
    if (assets.is_zero())
        return;
    const auto seed = builder.account(name() + "/seed_depositor", "wallet");
    const bool given = asset_->allocate(builder.world(), seed, assets);
    RUNNEL_CHECK(given);
    CallWriter calls;
    calls.add(asset_id_, Erc20Approve{account(), assets});
    calls.add(id(), Deposit{assets, seed});
    builder.transaction(seed, std::move(calls).take());
}

void Erc4626Vault::check_invariants(const World&, Findings& findings) const
{
    // All shares together cannot be redeemed for more than there is.
    const auto all = assets_down(total_supply(), totals());
    if (all.ok() && all.value > total_assets())
    {
        findings.push_back(fmt::format("{}: its shares are worth {}, more than the {} it holds",
            name(), all.value.to_string(), total_assets().to_string()));
    }
}

// ---- Views ----

Totals Erc4626Vault::totals() const
{
    return {total_assets(), total_supply(), Amount::power_of_ten(decimals_offset_), is_virtual_};
}

Totals Erc4626Vault::totals(CallContext& context) const
{
    return {asset_contract_->balance_of(context, account()).value_or(Amount{}),
        context.read(state_, 0).total_supply, Amount::power_of_ten(decimals_offset_), is_virtual_};
}

Amount Erc4626Vault::total_assets(std::uint64_t) const
{
    return asset_->holding(account());
}

Amount Erc4626Vault::share_supply(std::uint64_t) const
{
    return total_supply();
}

Result<Amount> Erc4626Vault::convert_to_shares(const Amount& assets, std::uint64_t) const
{
    return result_of(shares_down(assets, totals()));
}

Result<Amount> Erc4626Vault::convert_to_assets(const Amount& shares, std::uint64_t) const
{
    return result_of(assets_down(shares, totals()));
}

Result<Amount> Erc4626Vault::preview_mint(const Amount& shares, std::uint64_t) const
{
    return result_of(assets_up(shares, totals()));
}

Result<Amount> Erc4626Vault::preview_withdraw(const Amount& assets, std::uint64_t) const
{
    return result_of(shares_up(assets, totals()));
}

Amount Erc4626Vault::max_deposit(AccountId, std::uint64_t) const
{
    return Amount::max();
}

Amount Erc4626Vault::max_withdraw(AccountId owner, std::uint64_t at) const
{
    return convert_to_assets(balance(owner), at).value_or(Amount{});
}

Amount Erc4626Vault::max_redeem(AccountId owner, std::uint64_t) const
{
    return balance(owner);
}

Result<Amount> Erc4626Vault::assets_of(CallContext& context, const Amount& shares) const
{
    return result_of(assets_down(shares, totals(context)));
}

// ---- Calls ----

void Erc4626Vault::declare_in(AccessCollector& access, AccountId sender, AccountId receiver) const
{
    access.write(state_, 0);
    asset_->declare_transfer_from(access, account(), sender, account());
    book_.declare_credit(access, receiver);
}

void Erc4626Vault::declare_out(
    AccessCollector& access, AccountId sender, AccountId receiver, AccountId owner) const
{
    access.write(state_, 0);
    asset_->declare_transfer(access, account(), receiver);
    book_.declare_balance(access, owner);
    if (owner != sender)
        book_.declare_approve(access, owner, sender);
}

void Erc4626Vault::declare(const Deposit& call, AccountId sender, AccessCollector& access) const
{
    declare_in(access, sender, call.receiver);
}

void Erc4626Vault::declare(
    const erc4626::Mint& call, AccountId sender, AccessCollector& access) const
{
    declare_in(access, sender, call.receiver);
}

void Erc4626Vault::declare(const Withdraw& call, AccountId sender, AccessCollector& access) const
{
    declare_out(access, sender, call.receiver, call.owner);
}

void Erc4626Vault::declare(const Redeem& call, AccountId sender, AccessCollector& access) const
{
    declare_out(access, sender, call.receiver, call.owner);
}

Result<void> Erc4626Vault::take_in(
    CallContext& context, AccountId receiver, const Amount& assets, const Amount& shares)
{
    RUNNEL_TRY(openzeppelin::safe_5(
        asset_->transfer_from(context.as(account()), context.sender(), account(), assets),
        asset_contract_->account()));
    RUNNEL_TRY(book_.mint(context, context.write(state_, 0).total_supply, receiver, shares));
    context.emit(id(), DepositLog{context.sender(), receiver, assets, shares});
    context.emit(
        id(), VaultFlow{VaultFlowType::deposit, receiver, asset_id_, assets, id(), shares});
    return {};
}

Result<void> Erc4626Vault::pay_out(CallContext& context, AccountId receiver, AccountId owner,
    const Amount& assets, const Amount& shares)
{
    if (context.sender() != owner)
        RUNNEL_TRY(book_.spend_allowance(context, owner, shares));
    RUNNEL_TRY(book_.burn(context, context.write(state_, 0).total_supply, owner, shares));
    RUNNEL_TRY(openzeppelin::safe_5(
        asset_->transfer(context.as(account()), receiver, assets), asset_contract_->account()));
    context.emit(id(), WithdrawLog{context.sender(), receiver, owner, assets, shares});
    context.emit(id(), VaultFlow{VaultFlowType::withdraw, owner, asset_id_, assets, id(), shares});
    return {};
}

Result<Returns> Erc4626Vault::execute(const Deposit& call, CallContext& context)
{
    const auto shares = RUNNEL_TRY(shares_down(call.assets, totals(context)));
    RUNNEL_TRY(take_in(context, call.receiver, call.assets, shares));
    return Returns{shares};
}

Result<Returns> Erc4626Vault::execute(const erc4626::Mint& call, CallContext& context)
{
    const auto assets = RUNNEL_TRY(assets_up(call.shares, totals(context)));
    RUNNEL_TRY(take_in(context, call.receiver, assets, call.shares));
    return Returns{assets};
}

Result<Returns> Erc4626Vault::execute(const Withdraw& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.owner));
    const auto all = totals(context);
    const auto max = RUNNEL_TRY(assets_down(context.read(book_.balances, call.owner), all));
    RUNNEL_REQUIRE(call.assets <= max,
        Refusal::custom("ERC4626ExceededMaxWithdraw").with(call.owner).with(call.assets).with(max));
    const auto shares = RUNNEL_TRY(shares_up(call.assets, all));
    RUNNEL_TRY(pay_out(context, call.receiver, call.owner, call.assets, shares));
    return Returns{shares};
}

Result<Returns> Erc4626Vault::execute(const Redeem& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.owner));
    const auto& max = context.read(book_.balances, call.owner);
    RUNNEL_REQUIRE(call.shares <= max,
        Refusal::custom("ERC4626ExceededMaxRedeem").with(call.owner).with(call.shares).with(max));
    const auto assets = RUNNEL_TRY(assets_down(call.shares, totals(context)));
    RUNNEL_TRY(pay_out(context, call.receiver, call.owner, assets, call.shares));
    return Returns{assets};
}

}  // namespace runnel::contracts
