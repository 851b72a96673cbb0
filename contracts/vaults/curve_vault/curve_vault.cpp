#include "contracts/vaults/curve_vault/curve_vault.hpp"

#include "contracts/kit/registration.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <algorithm>
#include <utility>

namespace runnel::contracts
{

using namespace erc4626;
using namespace curve_vault;

CurveVault::CurveVault(ContractIdentity identity, Setup setup)
  : TokenBase{std::move(identity), TokenFlavour::openzeppelin5},
    setup_{std::move(setup)},
    state_{name() + ".state"}
{
    state_.set_conservation_weight(-1);
    add_table(state_);
}

const ContractType& CurveVault::contract_type()
{
    static const ContractType type{.kind = "curve_vault",
        .help =
            "A vault that keeps a coin as shares of a Curve pool, as Harvest's did; vulnerable "
            "by parameter.",
        .role = ContractRole::lending,
        .sectors = implements<CurveVault, Vault>(),
        .methods = methods(),
        .events = event_types<TransferLog, ApprovalLog, DepositLog, WithdrawLog, InvestLog,
            VaultFlow, VaultRow>(),
        .parameters =
            {
                contract_parameter("pool", CurveStableSwapPool::contract_type().kind,
                    "Where it puts what it holds."),
                {"coin", ParameterKind::integer, "0", {}, "Which of the pool's coins it takes.", 0,
                    1},
                {"fair_value", ParameterKind::boolean, "true", {},
                    "Whether it values its shares of the pool by the virtual price; else by what "
                    "the pool would pay in the coin at the moment, which a swap changes."},
                {"keeper", ParameterKind::account, "\"\"", {},
                    "The account that may invest; empty: NAME/keeper."},
                {"symbol", ParameterKind::text, "\"\"", {},
                    "What people call a share; empty: its name in the scenario."},
                allocation({"initial_assets", ParameterKind::amount, "0", {},
                    "Deposited at genesis by the account NAME/seed_depositor, which is given the "
                    "tokens; in smallest units. It lies idle until the keeper invests it.",
                    0, 1e60}),
            },
        .create = [](const Parameters& parameters,
                      ContractIdentity identity) -> std::unique_ptr<Contract>
        {
            Setup setup{parameters.contract("pool"),
                static_cast<std::int32_t>(parameters.integer("coin")),
                parameters.boolean("fair_value"), parameters.text("keeper"),
                parameters.text("symbol")};
            if (setup.keeper.empty())
                setup.keeper = identity.name + "/keeper";
            if (setup.symbol.empty())
                setup.symbol = identity.name;
            return std::make_unique<CurveVault>(std::move(identity), std::move(setup));
        }};
    return type;
}

std::optional<TokenInfo> CurveVault::token_info() const
{
    return TokenInfo{setup_.symbol, decimals_};
}

void CurveVault::connect(World& world)
{
    pool_ = dynamic_cast<CurveStableSwapPool*>(world.find_contract(setup_.pool));
    RUNNEL_CHECK(pool_ != nullptr);
    asset_id_ = pool_->tokens()[static_cast<std::size_t>(setup_.coin)];
    asset_ = &token_at(world, asset_id_);
    decimals_ = world.contract(asset_id_).token_info()->decimals;
    keeper_ = world.find_account(setup_.keeper).value_or(zero_account);
}

void CurveVault::genesis(const Parameters& parameters, GenesisBuilder& builder)
{
    connect(builder.world());
    keeper_ = builder.account(setup_.keeper, "keeper");
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

// ---- What it is worth ----

Result<Amount> CurveVault::fair_value(const Amount& pool_shares, const Amount& virtual_price) const
{
    // Shares and the price have 18 digits each.
    return RUNNEL_TRY(
        mul_div_down(pool_shares, virtual_price, Amount::power_of_ten(36U - decimals_)));
}

Result<Amount> CurveVault::invested(CallContext& context) const
{
    const auto shares = pool_->balance_of(context, account()).value_or(Amount{});
    if (shares.is_zero())
        return Amount{};
    if (!setup_.is_fair)
        return pool_->calc_withdraw_one_coin(context, shares, setup_.coin);
    const auto price = RUNNEL_TRY(pool_->virtual_price(context));
    return fair_value(shares, price);
}

Amount CurveVault::invested(std::uint64_t at) const
{
    const auto shares = pool_->balance(account());
    if (shares.is_zero())
        return {};
    if (!setup_.is_fair)
        return pool_->calc_withdraw_one_coin(shares, setup_.coin, at).value_or(Amount{});
    return fair_value(shares, pool_->virtual_price(at).value_or(Amount{})).value_or(Amount{});
}

Result<Totals> CurveVault::totals(CallContext& context) const
{
    const auto in_pool = RUNNEL_TRY(invested(context));
    const auto all = RUNNEL_TRY(Checked{in_pool} + asset_->holding(context, account()));
    return Totals{all, context.read(state_, 0).total_supply, 1, false};
}

Totals CurveVault::totals(std::uint64_t at) const
{
    return {total_assets(at), share_supply(at), 1, false};
}

Amount CurveVault::total_assets(std::uint64_t at) const
{
    return wrapping_add(invested(at), asset_->holding(account()));
}

Amount CurveVault::share_supply(std::uint64_t) const
{
    return state_.get(0).total_supply;
}

Result<Amount> CurveVault::convert_to_shares(const Amount& assets, std::uint64_t at) const
{
    return RUNNEL_TRY(shares_down(assets, totals(at)));
}

Result<Amount> CurveVault::convert_to_assets(const Amount& shares, std::uint64_t at) const
{
    return RUNNEL_TRY(assets_down(shares, totals(at)));
}

Result<Amount> CurveVault::preview_mint(const Amount& shares, std::uint64_t at) const
{
    return RUNNEL_TRY(assets_up(shares, totals(at)));
}

Result<Amount> CurveVault::preview_withdraw(const Amount& assets, std::uint64_t at) const
{
    return RUNNEL_TRY(shares_up(assets, totals(at)));
}

Amount CurveVault::max_deposit(AccountId, std::uint64_t) const
{
    return Amount::max();
}

Amount CurveVault::max_withdraw(AccountId owner, std::uint64_t at) const
{
    return convert_to_assets(balance(owner), at).value_or(Amount{});
}

Amount CurveVault::max_redeem(AccountId owner, std::uint64_t) const
{
    return balance(owner);
}

Result<Amount> CurveVault::assets_of(CallContext& context, const Amount& shares) const
{
    const auto all = RUNNEL_TRY(totals(context));
    return RUNNEL_TRY(assets_down(shares, all));
}

CallGas CurveVault::gas_of(VaultAction action) const noexcept
{
    switch (action)
    {
        case VaultAction::deposit: return {Deposit::gas, pool_gas};
        case VaultAction::mint: return {erc4626::Mint::gas, pool_gas};
        case VaultAction::withdraw: return {Withdraw::gas, 2 * pool_gas};
        case VaultAction::redeem: return {Redeem::gas, 2 * pool_gas};
    }
    return {};
}

// ---- Calls ----

Result<void> CurveVault::take_in(
    CallContext& context, AccountId receiver, const Amount& assets, const Amount& shares)
{
    RUNNEL_REQUIRE(!shares.is_zero(), Refusal::error("CurveVault: ZERO_SHARES"));
    RUNNEL_TRY(asset_->transfer_from(context.as(account()), context.sender(), account(), assets));
    RUNNEL_TRY(book_.mint(context, context.write(state_, 0).total_supply, receiver, shares));
    context.emit(id(), DepositLog{context.sender(), receiver, assets, shares});
    context.emit(
        id(), VaultFlow{VaultFlowType::deposit, receiver, asset_id_, assets, id(), shares});
    return {};
}

Result<Amount> CurveVault::pay_out(CallContext& context, AccountId receiver, AccountId owner,
    const Amount& assets, const Amount& shares)
{
    if (context.sender() != owner)
        RUNNEL_TRY(book_.spend_allowance(context, owner, shares));
    RUNNEL_TRY(book_.burn(context, context.write(state_, 0).total_supply, owner, shares));
    auto paid = assets;
    if (const auto idle = asset_->holding(context, account()); idle < assets)
    {
        RUNNEL_TRY(context.charge_gas(pool_gas));
        const auto missing = wrapping_sub(assets, idle);
        const auto pool_shares = pool_->balance_of(context, account()).value_or(Amount{});
        const auto worth = RUNNEL_TRY(invested(context));
        const auto part = RUNNEL_TRY(mul_div_up(pool_shares, missing, worth));
        RUNNEL_TRY(pool_->remove_liquidity_one_coin(
            context.as(account()), std::min(part, pool_shares), setup_.coin, Amount{}, account()));
        paid = std::min(assets, asset_->holding(context, account()));
    }
    RUNNEL_TRY(asset_->transfer(context.as(account()), receiver, paid));
    context.emit(id(), WithdrawLog{context.sender(), receiver, owner, paid, shares});
    context.emit(id(), VaultFlow{VaultFlowType::withdraw, owner, asset_id_, paid, id(), shares});
    return paid;
}

Result<Returns> CurveVault::execute(const Deposit& call, CallContext& context)
{
    const auto all = RUNNEL_TRY(totals(context));
    const auto shares = RUNNEL_TRY(shares_down(call.assets, all));
    RUNNEL_TRY(take_in(context, call.receiver, call.assets, shares));
    return Returns{shares};
}

Result<Returns> CurveVault::execute(const erc4626::Mint& call, CallContext& context)
{
    const auto all = RUNNEL_TRY(totals(context));
    const auto assets = RUNNEL_TRY(assets_up(call.shares, all));
    RUNNEL_TRY(take_in(context, call.receiver, assets, call.shares));
    return Returns{assets};
}

Result<Returns> CurveVault::execute(const Withdraw& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.owner));
    const auto all = RUNNEL_TRY(totals(context));
    const auto max = RUNNEL_TRY(assets_down(context.read(book_.balances, call.owner), all));
    RUNNEL_REQUIRE(call.assets <= max,
        Refusal::custom("ERC4626ExceededMaxWithdraw").with(call.owner).with(call.assets).with(max));
    const auto shares = RUNNEL_TRY(shares_up(call.assets, all));
    const auto paid = RUNNEL_TRY(pay_out(context, call.receiver, call.owner, call.assets, shares));
    RUNNEL_REQUIRE(paid == call.assets, Refusal::error("CurveVault: SHORT"));
    return Returns{shares};
}

Result<Returns> CurveVault::execute(const Redeem& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.owner));
    const auto& max = context.read(book_.balances, call.owner);
    RUNNEL_REQUIRE(call.shares <= max,
        Refusal::custom("ERC4626ExceededMaxRedeem").with(call.owner).with(call.shares).with(max));
    const auto all = RUNNEL_TRY(totals(context));
    const auto assets = RUNNEL_TRY(assets_down(call.shares, all));
    return Returns{RUNNEL_TRY(pay_out(context, call.receiver, call.owner, assets, call.shares))};
}

Result<Returns> CurveVault::execute(const DoHardWork&, CallContext& context)
{
    RUNNEL_REQUIRE(context.sender() == keeper_ && keeper_ != zero_account,
        Refusal::error("CurveVault: KEEPER"));
    const auto idle = asset_->holding(context, account());
    if (idle.is_zero())
        return Returns{Amount{}};
    curve_stableswap::AmountList amounts;
    for (unsigned i = 0; i < pool_->coin_count(); ++i)
        amounts.push_back(static_cast<std::int32_t>(i) == setup_.coin ? idle : Amount{});
    CallWriter calls;
    calls.add(asset_id_, Erc20Approve{pool_->account(), idle});
    calls.add(pool_->id(), curve_stableswap::AddLiquidity{amounts, Amount{}, account()});
    const auto got = RUNNEL_TRY(context.run(calls.list(), account()));
    context.emit(id(), InvestLog{idle});
    return got;
}

}  // namespace runnel::contracts
