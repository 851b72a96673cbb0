#include "contracts/lending/morpho_blue/market.hpp"

#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/rows.hpp"
#include "contracts/lending/morpho_blue/errors.hpp"
#include "contracts/lending/morpho_blue/math.hpp"
#include "contracts/lending/morpho_blue/morpho.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace runnel::contracts
{

using namespace morpho_blue;

namespace morpho_blue
{

Result<LiquidationAmounts> liquidation_by_collateral(
    const MarketState& market, const Amount& lltv, const Amount& price, const Amount& seized)
{
    const auto incentive = RUNNEL_TRY(liquidation_incentive(lltv));
    const Pot debts{market.total_borrow_assets, market.total_borrow_shares};
    LiquidationAmounts amounts;
    amounts.seized_assets = seized;
    amounts.is_by_collateral = true;
    const auto value = ratio_up(seized, price, oracle_price_scale);
    amounts.repaid_shares = RUNNEL_TRY(to_shares_up(wad_div_up(value, incentive), debts));
    amounts.repaid_assets = RUNNEL_TRY(to_assets_up(amounts.repaid_shares, debts));
    return amounts;
}

Result<LiquidationAmounts> liquidation_by_shares(
    const MarketState& market, const Amount& lltv, const Amount& price, const Amount& shares)
{
    const auto incentive = RUNNEL_TRY(liquidation_incentive(lltv));
    const Pot debts{market.total_borrow_assets, market.total_borrow_shares};
    LiquidationAmounts amounts;
    amounts.repaid_shares = shares;
    const auto value = wad_mul_down(to_assets_down(shares, debts), incentive);
    amounts.seized_assets = RUNNEL_TRY(ratio_down(value, oracle_price_scale, price));
    amounts.repaid_assets = RUNNEL_TRY(to_assets_up(shares, debts));
    return amounts;
}

std::optional<LiquidationAmounts> largest_liquidation(const MarketState& market,
    const Position& position, const Amount& lltv, const Amount& price, const Amount& assets_max)
{
    const Pot debts{market.total_borrow_assets, market.total_borrow_shares};
    const auto owed = to_assets_up(position.borrow_shares, debts);
    const auto affordable = to_shares_down(assets_max, debts);
    if (price.is_zero() || !owed.ok())
        return std::nullopt;
    const auto shares = assets_max >= owed.value
                            ? position.borrow_shares
                            : std::min(position.borrow_shares, affordable.value);
    const auto fits = [&](const Result<LiquidationAmounts>& amounts)
    {
        return amounts.has_value() && !amounts->repaid_shares.is_zero() &&
               !amounts->seized_assets.is_zero() &&
               amounts->repaid_shares <= position.borrow_shares &&
               amounts->repaid_assets <= assets_max &&
               amounts->seized_assets <= position.collateral;
    };
    const auto by_shares = liquidation_by_shares(market, lltv, price, shares);
    if (fits(by_shares))
        return *by_shares;
    if (!by_shares.has_value() || by_shares->seized_assets <= position.collateral)
        return std::nullopt;
    // That costs no more than the shares, which would take more: what those take is rounded down.
    const auto by_collateral = liquidation_by_collateral(market, lltv, price, position.collateral);
    return fits(by_collateral) ? std::optional{*by_collateral} : std::nullopt;
}

Result<Accrual> accrue(MarketState& market, const Amount& rate, std::uint64_t elapsed)
{
    Accrual accrual;
    accrual.interest =
        RUNNEL_TRY(wad_mul_down(market.total_borrow_assets, taylor_compounded_down(rate, elapsed)));
    const auto interest = RUNNEL_TRY(to_uint128(accrual.interest));
    market.total_borrow_assets = RUNNEL_TRY(add_uint128(market.total_borrow_assets, interest));
    market.total_supply_assets = RUNNEL_TRY(add_uint128(market.total_supply_assets, interest));
    if (market.fee.is_zero())
        return accrual;
    const auto fee = RUNNEL_TRY(wad_mul_down(interest, market.fee));
    // The fee buys shares at the price that they have without it.
    const auto others = RUNNEL_TRY(Checked{market.total_supply_assets} - fee);
    accrual.fee_shares = RUNNEL_TRY(to_shares_down(fee, Pot{others, market.total_supply_shares}));
    market.total_supply_shares =
        RUNNEL_TRY(add_uint128(market.total_supply_shares, accrual.fee_shares));
    return accrual;
}

}  // namespace morpho_blue

namespace
{
Amount saturating(const Checked& amount)
{
    return amount.ok() ? amount.value : Amount::max();
}

void put_word(Bytes& out, const World& world, ContractId contract)
{
    out.insert(out.end(), 12, 0);
    const auto* found = world.find_contract(contract);
    Encoder{out}.put(found == nullptr ? Address{} : world.account(found->account()).address);
}
}  // namespace

MorphoBlueMarket::MorphoBlueMarket(ContractIdentity identity, const MarketConstructor& arguments)
  : ContractBase{std::move(identity)},
    arguments_{arguments},
    state_{name() + ".market"},
    positions_{name() + ".positions", KeyOf::account},
    collateral_total_{name() + ".collateral"}
{
    add_table(state_);
    add_table(positions_);
    add_table(collateral_total_);
}

Amount MorphoBlueMarket::id_of(const World& world, const MarketParams& params)
{
    Bytes words;
    for (const auto contract :
        {params.loan_token, params.collateral_token, params.oracle, params.irm})
        put_word(words, world, contract);
    Encoder{words}.put(params.lltv);
    return Amount::load_big_endian(keccak256(words).bytes);
}

void MorphoBlueMarket::connect(World& world)
{
    auto* morpho = dynamic_cast<MorphoBlue*>(world.find_contract(arguments_.morpho));
    RUNNEL_CHECK(morpho != nullptr && "a market is one of Morpho's");
    morpho_ = morpho;
    morpho_account_ = morpho->account();
    market_id_ = id_of(world, params());
    loan_ = find_token(world, params().loan_token);
    collateral_ = find_token(world, params().collateral_token);
    oracle_ = dynamic_cast<Oracle*>(world.find_contract(params().oracle));
    irm_ = dynamic_cast<InterestRateModel*>(world.find_contract(params().irm));
    const auto decimals = [&world](ContractId token)
    {
        const auto* contract = world.find_contract(token);
        const auto info = contract == nullptr ? std::nullopt : contract->token_info();
        return info.has_value() ? info->decimals : std::uint8_t{18};
    };
    const auto loan_decimals = decimals(params().loan_token);
    value_decimals_ = std::max<std::uint8_t>(18, loan_decimals);
    value_unit_ = Amount::power_of_ten(static_cast<unsigned>(value_decimals_ - loan_decimals));
    loan_unit_ = Amount::power_of_ten(loan_decimals);
    collateral_unit_ = Amount::power_of_ten(decimals(params().collateral_token));
}

// --- What the market is worth -------------------------------------------------------------------

Result<Amount> MorphoBlueMarket::price(CallContext& context) const
{
    RUNNEL_REQUIRE(oracle_ != nullptr, Refusal::empty());
    return oracle_->price(context);
}

std::optional<Amount> MorphoBlueMarket::price() const
{
    if (oracle_ == nullptr)
        return std::nullopt;
    const auto price = oracle_->price();
    return price.has_value() ? std::optional{*price} : std::nullopt;
}

Result<MarketState> MorphoBlueMarket::accrued(CallContext& context) const
{
    auto market = context.read(state_, 0);
    const auto elapsed =
        RUNNEL_TRY(Checked{context.block().timestamp} - market.last_update).low64();
    if (elapsed != 0 && irm_ != nullptr)
    {
        const auto rate = RUNNEL_TRY(irm_->borrow_rate_view(context, {id(), market_id_, market}));
        RUNNEL_TRY(morpho_blue::accrue(market, rate, elapsed));
    }
    market.last_update = context.block().timestamp;
    return market;
}

std::optional<MarketState> MorphoBlueMarket::accrued(std::uint64_t now) const
{
    auto market = state();
    if (market.last_update == 0 || now <= market.last_update)
        return market;
    if (irm_ != nullptr)
    {
        const auto rate = irm_->borrow_rate_view({id(), market_id_, market}, now);
        if (!rate.has_value() ||
            !morpho_blue::accrue(market, *rate, now - market.last_update).has_value())
            return std::nullopt;
    }
    market.last_update = now;
    return market;
}

std::optional<Amount> MorphoBlueMarket::collateral_value(
    const Amount& amount, const Amount& price) const
{
    const auto value = ratio_down(amount, price, oracle_price_scale) * value_unit_;
    return value.ok() ? std::optional{value.value} : std::nullopt;
}

LendingHealth MorphoBlueMarket::health(
    AccountId user, const MarketState& accrued, const std::optional<Amount>& price) const
{
    const auto& position = positions_.get(user);
    const Pot debts{accrued.total_borrow_assets, accrued.total_borrow_shares};
    LendingHealth health;
    const auto owed =
        position.borrow_shares.is_zero() ? Checked{0} : to_assets_up(position.borrow_shares, debts);
    const auto backing = ratio_down(position.collateral, price.value_or(0), oracle_price_scale);
    health.collateral = saturating(backing * value_unit_);
    health.debt = saturating(owed * value_unit_);
    health.ltv = health.threshold = params().lltv.to_double() / 1e18;
    if (owed.ok() && !owed.value.is_zero())
    {
        health.health_factor = saturating(wad_div_down(wad_mul_down(backing, params().lltv), owed));
    }
    return health;
}

std::vector<AccountId> MorphoBlueMarket::accounts() const
{
    std::vector<AccountId> found;
    for (const auto key : positions_.keys())
        found.push_back(AccountId{static_cast<std::uint32_t>(key)});
    return found;
}

std::vector<AccountId> MorphoBlueMarket::borrowers() const
{
    std::vector<AccountId> found;
    for (const auto key : positions_.keys())
    {
        if (!positions_.get(key).borrow_shares.is_zero())
            found.push_back(AccountId{static_cast<std::uint32_t>(key)});
    }
    return found;
}

// --- Rows ---------------------------------------------------------------------------------------

void MorphoBlueMarket::record_loan(CallContext& context, AccountId account) const
{
    const auto& market = context.read(state_, 0);
    const auto& position = context.read(positions_, account);
    LendingBalance row;
    row.account = account;
    row.token = params().loan_token;
    row.supplied_scaled = div_down(position.supply_shares, virtual_shares);
    row.debt_scaled = div_down(position.borrow_shares, virtual_shares);
    row.supplied_raw = to_assets_down(
        position.supply_shares, Pot{market.total_supply_assets, market.total_supply_shares})
                           .value;
    row.debt_raw = to_assets_up(
        position.borrow_shares, Pot{market.total_borrow_assets, market.total_borrow_shares})
                       .value;
    context.emit(id(), row);
}

void MorphoBlueMarket::record_collateral(CallContext& context, AccountId account) const
{
    const auto& collateral = context.read(positions_, account).collateral;
    LendingBalance row;
    row.account = account;
    row.token = params().collateral_token;
    row.supplied_scaled = collateral;
    row.supplied_raw = collateral;
    row.used_as_collateral = true;
    context.emit(id(), row);
}

void MorphoBlueMarket::record_position(CallContext& context, AccountId account) const
{
    const auto price = oracle_ == nullptr ? Result<Amount>{Amount{}} : oracle_->price(context);
    const auto market = accrued(context);
    if (!price.has_value() || !market.has_value())
        return;  // There is no value to tell.
    const auto& position = context.read(positions_, account);
    const auto owed = position.borrow_shares.is_zero()
                          ? Checked{0}
                          : to_assets_up(position.borrow_shares,
                                Pot{market->total_borrow_assets, market->total_borrow_shares});
    const auto backing = ratio_down(position.collateral, *price, oracle_price_scale);
    const auto collateral = backing * value_unit_;
    const auto debt = owed * value_unit_;
    if (!collateral.ok() || !debt.ok())
        return;
    LendingPosition row;
    row.account = account;
    row.collateral = collateral.value;
    row.debt = debt.value;
    constexpr std::uint64_t bps = 10'000;
    row.liquidation_threshold = (Checked{params().lltv} * bps / wad).value;
    row.health_factor = owed.value.is_zero()
                            ? Amount::max()
                            : saturating(wad_div_down(wad_mul_down(backing, params().lltv), owed));
    row.value_token = params().loan_token;
    row.value_decimals = value_decimals_;
    context.emit(id(), row);
}

void MorphoBlueMarket::record_liquidation(CallContext& context, AccountId borrower,
    const LiquidationAmounts& amounts, const Amount& price) const
{
    LendingLiquidation row;
    row.borrower = borrower;
    row.liquidator = context.sender();
    row.collateral_token = params().collateral_token;
    row.debt_token = params().loan_token;
    row.collateral_amount_raw = amounts.seized_assets;
    row.debt_amount_raw = amounts.repaid_assets;
    row.collateral_value = collateral_value(amounts.seized_assets, price).value_or(Amount{});
    row.debt_value = saturating(Checked{amounts.repaid_assets} * value_unit_);
    row.value_token = params().loan_token;
    row.value_decimals = value_decimals_;
    context.emit(id(), row);
}

void MorphoBlueMarket::snapshot(SnapshotContext& context) const
{
    if (loan_ != nullptr && state().last_update != 0)
        snapshot_lending(context, id(), *this);
}

void MorphoBlueMarket::check_invariants(const World&, Findings& findings) const
{
    Checked supply{0};
    Checked borrow{0};
    Checked collateral{0};
    for (const auto key : positions_.keys())
    {
        const auto& position = positions_.get(key);
        supply = supply + position.supply_shares;
        borrow = borrow + position.borrow_shares;
        collateral = collateral + position.collateral;
    }
    const auto& market = state();
    const auto compare = [&](std::string_view what, const Checked& sum, const Amount& total)
    {
        if (sum.ok() && sum.value == total)
            return;
        findings.push_back(fmt::format("{}: {} sum to {}, recorded are {}", name(), what,
            sum.value.to_string(), total.to_string()));
    };
    compare("shares of supply", supply, market.total_supply_shares);
    compare("shares of debt", borrow, market.total_borrow_shares);
    compare("collateral", collateral, total_collateral());
    if (market.total_borrow_assets > market.total_supply_assets)
    {
        findings.push_back(fmt::format("{}: {} are lent of {} that were supplied", name(),
            market.total_borrow_assets.to_string(), market.total_supply_assets.to_string()));
    }
}

// --- Calls --------------------------------------------------------------------------------------

namespace
{
Returns returns_of(const Moved& moved)
{
    return {moved.assets, moved.shares};
}
}  // namespace

Result<Returns> MorphoBlueMarket::execute(const MarketWithdraw& call, CallContext& context)
{
    const auto user = context.sender();
    RUNNEL_TRY(morpho_->require_market(context, params()));
    if (call.assets != Amount::max())
    {
        return returns_of(
            RUNNEL_TRY(morpho_->withdraw(context, *this, call.assets, 0, user, call.receiver)));
    }
    const auto shares = context.read(positions_, user).supply_shares;
    return returns_of(
        RUNNEL_TRY(morpho_->withdraw(context, *this, 0, shares, user, call.receiver)));
}

Result<Returns> MorphoBlueMarket::execute(
    const MarketWithdrawCollateral& call, CallContext& context)
{
    const auto user = context.sender();
    RUNNEL_TRY(morpho_->require_market(context, params()));
    const auto assets =
        call.assets == Amount::max() ? context.read(positions_, user).collateral : call.assets;
    RUNNEL_TRY(morpho_->withdraw_collateral(context, *this, assets, user, call.receiver));
    return Returns{assets};
}

Result<Returns> MorphoBlueMarket::execute(const MarketBorrow& call, CallContext& context)
{
    const auto user = context.sender();
    RUNNEL_TRY(morpho_->require_market(context, params()));
    return returns_of(RUNNEL_TRY(morpho_->borrow(context, *this, call.assets, 0, user, user)));
}

Result<Returns> MorphoBlueMarket::execute(const MarketRepay& call, CallContext& context)
{
    RUNNEL_TRY(morpho_->require_market(context, params()));
    RUNNEL_REQUIRE(
        index(call.debtor) < context.world().account_count(), Refusal::ledger("no such account"));
    const auto market = RUNNEL_TRY(accrued(context));
    const Amount shares = context.read(positions_, call.debtor).borrow_shares;
    const auto owed = RUNNEL_TRY(
        to_assets_up(shares, Pot{market.total_borrow_assets, market.total_borrow_shares}));
    const bool is_all = call.assets >= owed;
    return returns_of(RUNNEL_TRY(morpho_->repay(context, *this, is_all ? Amount{} : call.assets,
        is_all ? shares : Amount{}, call.debtor, {})));
}

Result<Returns> MorphoBlueMarket::execute(const MarketLiquidate& call, CallContext& context)
{
    RUNNEL_TRY(morpho_->require_market(context, params()));
    RUNNEL_REQUIRE(
        index(call.borrower) < context.world().account_count(), Refusal::ledger("no such account"));
    const auto market = RUNNEL_TRY(accrued(context));
    const auto price_now = RUNNEL_TRY(price(context));
    const auto amounts = largest_liquidation(
        market, context.read(positions_, call.borrower), params().lltv, price_now, call.assets_max);
    if (!amounts)
    {
        RUNNEL_TRY(morpho_->accrue(context, *this));
        const bool is_healthy =
            RUNNEL_TRY(MorphoBlue::is_healthy(context, *this, call.borrower, price_now));
        return fail(is_healthy ? errors::healthy_position : errors::inconsistent_input);
    }
    const auto moved = RUNNEL_TRY(morpho_->liquidate(context, *this, call.borrower,
        amounts->is_by_collateral ? amounts->seized_assets : Amount{},
        amounts->is_by_collateral ? Amount{} : amounts->repaid_shares, {}));
    return Returns{moved[0], moved[1]};
}

}  // namespace runnel::contracts
