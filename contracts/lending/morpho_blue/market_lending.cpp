#include "contracts/lending/morpho_blue/calls.hpp"
#include "contracts/lending/morpho_blue/market.hpp"
#include "contracts/lending/morpho_blue/math.hpp"
#include "contracts/lending/morpho_blue/morpho.hpp"

#include <algorithm>

/// A market as strategies know it: a lending market like any other.
namespace runnel::contracts
{

using namespace morpho_blue;

namespace
{
const Amount ray = Amount::power_of_ten(27);
constexpr std::uint64_t seconds_per_year = 31'536'000;

/// Shares count a million times what a unit of the token was at first.
Amount index_of(const Amount& assets, const Amount& shares)
{
    return mul_div_down(wrapping_mul(wrapping_add(assets, virtual_assets), virtual_shares), ray,
        wrapping_add(shares, virtual_shares))
        .value;
}

Amount ray_per_year(const Amount& wad_per_second)
{
    const auto rate = Checked{wad_per_second} * seconds_per_year * Amount::power_of_ten(9);
    return rate.ok() ? rate.value : Amount::max();
}

class MarketView final : public LendingView
{
public:
    MarketView(const MorphoBlueMarket& market, const MarketState& accrued,
        const std::optional<Amount>& price, std::vector<LendingReserveInfo> reserves)
      : LendingView{std::move(reserves)}, market_{market}, accrued_{accrued}, price_{price}
    {}

    std::vector<AccountId> accounts() const override { return market_.accounts(); }
    std::vector<AccountId> borrowers() const override { return market_.borrowers(); }
    LendingHolding holding(AccountId user, std::size_t reserve) const override
    {
        const auto& position = market_.position(user);
        if (reserve == MorphoBlueMarket::collateral_reserve)
            return {position.collateral, {}, true};
        const auto debt = position.borrow_shares.is_zero()
                              ? Amount{}
                              : to_assets_up(position.borrow_shares, debts()).value;
        return {to_assets_down(position.supply_shares,
                    Pot{accrued_.total_supply_assets, accrued_.total_supply_shares})
                    .value,
            debt, false};
    }
    LendingHealth health(AccountId user) const override
    {
        return market_.health(user, accrued_, price_);
    }
    Amount max_liquidatable_debt(AccountId user, std::size_t reserve) const override
    {
        if (reserve != MorphoBlueMarket::loan_reserve || !price_ ||
            health(user).health_factor >= wad)
            return {};
        return to_assets_up(market_.position(user).borrow_shares, debts()).value;
    }
    std::optional<LiquidationPreview> preview_liquidation(
        const LiquidationOrder& order) const override
    {
        if (order.debt != MorphoBlueMarket::loan_reserve ||
            order.collateral != MorphoBlueMarket::collateral_reserve || !price_ ||
            health(order.borrower).health_factor >= wad)
            return std::nullopt;
        const auto amounts = largest_liquidation(accrued_, market_.position(order.borrower),
            market_.params().lltv, *price_, order.debt_to_cover);
        if (!amounts)
            return std::nullopt;
        return LiquidationPreview{amounts->repaid_assets, amounts->seized_assets, {}};
    }
    std::optional<Amount> flash_fee(std::size_t reserve, const Amount& amount) const override
    {
        if (amount.is_zero() || amount > market_.flash_liquidity(reserve))
            return std::nullopt;
        return Amount{};
    }

private:
    [[nodiscard]] Pot debts() const
    {
        return {accrued_.total_borrow_assets, accrued_.total_borrow_shares};
    }

    const MorphoBlueMarket& market_;
    MarketState accrued_;
    std::optional<Amount> price_;
};
}  // namespace

Amount MorphoBlueMarket::flash_liquidity(std::size_t reserve) const
{
    const auto* token = reserve == loan_reserve ? loan_ : collateral_;
    return token == nullptr ? Amount{} : token->holding(morpho_account_);
}

std::unique_ptr<const LendingView> MorphoBlueMarket::view_at(std::uint64_t timestamp) const
{
    const auto brought = accrued(timestamp);
    const auto market = brought.value_or(state());
    const auto price = this->price();
    const auto liquidity = floor_sub(market.total_supply_assets, market.total_borrow_assets);
    const bool is_open = market.last_update != 0 && brought.has_value();
    constexpr unsigned limit_bits = 128;
    const auto limit = wrapping_sub(Amount::power_of_two(limit_bits), 1);

    std::vector<LendingReserveInfo> reserves;
    LendingReserveInfo loan;
    loan.token = params().loan_token;
    loan.unit = loan_unit_;
    loan.price = wrapping_mul(loan_unit_, value_unit_);
    loan.cash = std::min(liquidity, flash_liquidity(loan_reserve));
    loan.total_supplied = market.total_supply_assets;
    loan.total_debt = market.total_borrow_assets;
    loan.borrow_room = is_open ? loan.cash : Amount{};
    loan.supply_room = is_open ? floor_sub(limit, market.total_supply_assets) : Amount{};
    loan.supply_index = index_of(market.total_supply_assets, market.total_supply_shares);
    loan.borrow_index = index_of(market.total_borrow_assets, market.total_borrow_shares);
    if (irm_ != nullptr && market.last_update != 0)
    {
        const auto rate = irm_->borrow_rate_view(
            {id(), market_id_, state()}, std::max(timestamp, state().last_update));
        loan.borrow_rate = rate.has_value() ? ray_per_year(*rate) : Amount{};
        const auto kept = wrapping_sub(wad, market.fee);
        const auto earned = mul_div_down(loan.borrow_rate, kept, wad).value;
        if (!market.total_supply_assets.is_zero())
        {
            loan.supply_rate =
                mul_div_down(earned, market.total_borrow_assets, market.total_supply_assets).value;
        }
    }
    reserves.push_back(loan);
    if (collateral_ != nullptr)
    {
        LendingReserveInfo collateral;
        collateral.token = params().collateral_token;
        collateral.unit = collateral_unit_;
        if (price)
        {
            // Of a whole token, rounded once.
            const auto whole = mul_div_down(
                *price, wrapping_mul(collateral_unit_, value_unit_), oracle_price_scale);
            collateral.price = whole.ok() ? whole.value : Amount{};
        }
        collateral.cash = total_collateral();
        collateral.total_supplied = total_collateral();
        collateral.supply_room = is_open ? limit : Amount{};
        collateral.supply_index = ray;
        collateral.borrow_index = ray;
        collateral.ltv = collateral.threshold = params().lltv.to_double() / 1e18;
        collateral.bonus = liquidation_incentive(params().lltv).value.to_double() / 1e18 - 1;
        reserves.push_back(collateral);
    }
    return std::make_unique<MarketView>(*this, market, price, std::move(reserves));
}

std::optional<std::size_t> MorphoBlueMarket::find_reserve(ContractId token) const noexcept
{
    if (token == params().loan_token)
        return loan_reserve;
    if (collateral_ != nullptr && token == params().collateral_token)
        return collateral_reserve;
    return std::nullopt;
}

Result<Amount> MorphoBlueMarket::supplied(
    CallContext& context, AccountId user, std::size_t reserve) const
{
    const auto& position = context.read(positions_, user);
    if (reserve == collateral_reserve)
        return position.collateral;
    const auto market = RUNNEL_TRY(accrued(context));
    return RUNNEL_TRY(to_assets_down(
        position.supply_shares, Pot{market.total_supply_assets, market.total_supply_shares}));
}

CallGas MorphoBlueMarket::gas_of(LendingAction action) const noexcept
{
    switch (action)
    {
        case LendingAction::supply: return {std::max(Supply::gas, SupplyCollateral::gas), 0};
        case LendingAction::withdraw:
            return {std::max(MarketWithdraw::gas, MarketWithdrawCollateral::gas), 0};
        case LendingAction::borrow: return {MarketBorrow::gas, 0};
        case LendingAction::repay: return {MarketRepay::gas, 0};
        case LendingAction::liquidate: return {MarketLiquidate::gas, 0};
        case LendingAction::flash_borrow: return {FlashLoan::gas, 0};
    }
    return {};
}

void MorphoBlueMarket::add_supply(
    CallWriter& calls, std::size_t reserve, const Amount& amount, AccountId on_behalf_of) const
{
    if (reserve == loan_reserve)
        calls.add(morpho(), Supply{params(), amount, 0, on_behalf_of, {}});
    else
        calls.add(morpho(), SupplyCollateral{params(), amount, on_behalf_of, {}});
}

void MorphoBlueMarket::add_withdraw(
    CallWriter& calls, std::size_t reserve, const Amount& amount, AccountId to) const
{
    if (reserve == loan_reserve)
        calls.add(id(), MarketWithdraw{amount, to});
    else
        calls.add(id(), MarketWithdrawCollateral{amount, to});
}

void MorphoBlueMarket::add_borrow(CallWriter& calls, std::size_t, const Amount& amount) const
{
    calls.add(id(), MarketBorrow{amount});
}

void MorphoBlueMarket::add_repay(
    CallWriter& calls, std::size_t, const Amount& amount, AccountId debtor) const
{
    calls.add(id(), MarketRepay{amount, debtor});
}

void MorphoBlueMarket::add_liquidation(CallWriter& calls, const LiquidationOrder& order) const
{
    calls.add(id(), MarketLiquidate{order.borrower, order.debt_to_cover});
}

void MorphoBlueMarket::add_flash_borrow(
    CallWriter& calls, std::size_t reserve, const Amount& amount, CallList nested) const
{
    const auto token = reserve == loan_reserve ? params().loan_token : params().collateral_token;
    calls.add(morpho(), FlashLoan{token, amount, nested});
}

}  // namespace runnel::contracts
