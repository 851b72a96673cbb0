#include "contracts/lending/compound_v2/comptroller.hpp"

#include <algorithm>
#include <set>

/// The Comptroller as strategies know it: a lending market like any other.
namespace runnel::contracts
{

using namespace compound_v2;

namespace
{
// What others count in is ray; a mantissa times this.
const Amount ray_per_mantissa{1'000'000'000};
constexpr std::uint64_t seconds_per_year = 31'536'000;

double share_of(const Amount& mantissa)
{
    return mantissa.to_double() * 1e-18;
}

Amount or_zero(const Checked& amount)
{
    return amount.ok() ? amount.value : Amount{};
}

Amount or_max(const Checked& amount)
{
    return amount.ok() ? amount.value : Amount::max();
}

/// A market as its calls will find it.
struct MarketNow
{
    MarketState stored;
    MarketState accrued;
    Amount cash;
    Amount stored_rate;
    Amount rate;  // Exchange rate once accrued.
    Amount price;
    MarketConfig config;
    bool works = true;  // Its interest can be accrued.
};

/// Accounts with a record other than zeros in any of the tables.
template <typename Present>
std::vector<AccountId> accounts_of(std::size_t markets, Present&& present)
{
    std::set<std::uint64_t> keys;
    for (std::size_t market = 0; market < markets; ++market)
        present(market, keys);
    std::vector<AccountId> accounts;
    accounts.reserve(keys.size());
    for (const auto key : keys)
        accounts.push_back(AccountId{static_cast<std::uint32_t>(key)});
    return accounts;
}
}  // namespace

class ComptrollerView final : public LendingView
{
public:
    ComptrollerView(const CompoundV2Comptroller& comptroller, std::vector<MarketNow> markets,
        std::vector<LendingReserveInfo> reserves)
      : LendingView{std::move(reserves)}, comptroller_{comptroller}, markets_{std::move(markets)}
    {}

    std::vector<AccountId> accounts() const override
    {
        return accounts_of(markets_.size(),
            [&](std::size_t market, std::set<std::uint64_t>& keys)
            {
                const auto& c_token = comptroller_.market(market);
                for (const auto key : c_token.balances().keys())
                    keys.insert(key);
                add_debtors(market, keys);
            });
    }
    std::vector<AccountId> borrowers() const override
    {
        return accounts_of(markets_.size(),
            [&](std::size_t market, std::set<std::uint64_t>& keys) { add_debtors(market, keys); });
    }
    LendingHolding holding(AccountId user, std::size_t reserve) const override
    {
        const auto& c_token = comptroller_.market(reserve);
        const auto& market = markets_.at(reserve);
        return {or_zero(multiply_down(market.rate, c_token.balances().get(user))),
            or_zero(borrow_balance_down(c_token.debts().get(user), market.accrued.borrow_index)),
            comptroller_.membership(user).has(reserve) &&
                !market.config.collateral_factor.is_zero()};
    }
    LendingHealth health(AccountId user) const override
    {
        LendingHealth health;
        for (const auto market : comptroller_.membership(user).markets)
        {
            const auto& now = markets_[market];
            if (!now.config.collateral_factor.is_zero())
            {
                const auto value = multiply_down(now.price,
                    multiply_down(now.rate, comptroller_.market(market).balances().get(user)));
                health.collateral = or_max(Checked{health.collateral} + value);
            }
        }
        const auto liquidity = evaluate(user, [](std::size_t) { return true; });
        if (!liquidity.has_value() || liquidity->error != Code::none)
            return health;  // Nothing may be done with it: it counts as free of debt.
        health.debt = liquidity->debt;
        const auto& weighted = liquidity->weighted_collateral;
        if (!health.collateral.is_zero())
            health.threshold = weighted.to_double() / health.collateral.to_double();
        health.ltv = health.threshold;
        if (!health.debt.is_zero())
            health.health_factor = or_max(divide_down(weighted, health.debt));
        return health;
    }
    Amount max_liquidatable_debt(AccountId user, std::size_t reserve) const override
    {
        if (comptroller_.membership(user).markets.size() == 0)
            return {};
        return most_repaid(user, reserve, [](std::size_t) { return true; });
    }
    std::optional<LiquidationPreview> preview_liquidation(
        const LiquidationOrder& order) const override;

private:
    void add_debtors(std::size_t market, std::set<std::uint64_t>& keys) const
    {
        const auto& debts = comptroller_.market(market).debts();
        for (const auto key : debts.keys())
        {
            if (!debts.get(key).principal.is_zero())
                keys.insert(key);
        }
    }
    /// @p is_accrued: which markets the call brings up to date.
    template <typename IsAccrued>
    [[nodiscard]] Result<AccountLiquidity> evaluate(AccountId user, IsAccrued&& is_accrued) const
    {
        CommittedReader reader;
        return comptroller_.evaluate(reader, user,
            [&](std::size_t market) -> Result<MarketFigures>
            {
                const auto& now = markets_[market];
                const bool accrued = is_accrued(market);
                return MarketFigures{accrued ? now.rate : now.stored_rate,
                    accrued ? now.accrued.borrow_index : now.stored.borrow_index, now.price,
                    now.config.collateral_factor};
            },
            {});
    }
    template <typename IsAccrued>
    [[nodiscard]] Amount most_repaid(
        AccountId user, std::size_t reserve, IsAccrued&& is_accrued) const
    {
        const auto& market = markets_.at(reserve);
        const auto owed = or_zero(borrow_balance_down(
            comptroller_.market(reserve).debts().get(user), market.accrued.borrow_index));
        if (market.config.collateral_factor.is_zero() && market.config.borrow_paused &&
            market.accrued.reserve_factor == one)
            return owed;  // A market that is wound up.
        const auto liquidity = evaluate(user, is_accrued);
        if (!liquidity.has_value() || liquidity->error != Code::none ||
            liquidity->shortfall().is_zero())
            return {};
        return or_zero(multiply_down(comptroller_.settings().close_factor, owed));
    }

    const CompoundV2Comptroller& comptroller_;
    std::vector<MarketNow> markets_;
};

std::optional<LiquidationPreview> ComptrollerView::preview_liquidation(
    const LiquidationOrder& order) const
{
    const auto& debt = markets_.at(order.debt);
    const auto& collateral = markets_.at(order.collateral);
    const auto& settings = comptroller_.settings();
    if (!debt.works || !collateral.works || settings.seize_paused)
        return std::nullopt;
    // What add_liquidation() will ask for; all the markets it does not name stay as they are.
    const auto repaid = std::min(order.debt_to_cover, comptroller_.coverable(order));
    const auto most = most_repaid(order.borrower, order.debt,
        [&](std::size_t market) { return market == order.debt || market == order.collateral; });
    if (repaid.is_zero() || repaid > most || repaid > debt.accrued.total_borrows)
        return std::nullopt;
    const auto ratio = divide_down(multiply_down(settings.liquidation_incentive, debt.price),
        multiply_down(collateral.price, collateral.rate));
    const auto tokens = multiply_down(ratio, repaid);
    const auto& held = comptroller_.market(order.collateral).balances().get(order.borrower);
    if (!tokens.ok() || tokens.value > held)
        return std::nullopt;

    // The protocol's part becomes reserves, then the liquidator redeems the rest.
    const auto kept = multiply_down(tokens, protocol_seize_share);
    const auto fee = multiply_down(collateral.rate, kept);
    auto after = collateral.accrued;
    auto cash = collateral.cash;
    if (order.debt == order.collateral)
    {
        cash = wrapping_add(cash, repaid);
        after.total_borrows = wrapping_sub(after.total_borrows, repaid);
    }
    const auto reserves = Checked{after.total_reserves} + fee;
    const auto supply = Checked{after.total_supply} - kept;
    if (!reserves.ok() || !supply.ok())
        return std::nullopt;
    after.total_reserves = reserves.value;
    after.total_supply = supply.value;
    const auto rate = exchange_rate_down(
        after, cash, comptroller_.market(order.collateral).initial_exchange_rate());
    const auto paid_out = multiply_down(rate, tokens - kept);
    if (!paid_out.ok() || paid_out.value > cash)
        return std::nullopt;
    return LiquidationPreview{repaid, paid_out.value, fee.value};
}

std::unique_ptr<const LendingView> CompoundV2Comptroller::view_at(std::uint64_t timestamp) const
{
    std::vector<MarketNow> markets;
    std::vector<LendingReserveInfo> reserves;
    const auto blocks_a_year =
        static_cast<double>(seconds_per_year) / static_cast<double>(setup_.block_seconds);
    for (std::size_t i = 0; i < markets_.size(); ++i)
    {
        const auto& c_token = *markets_[i].c_token;
        MarketNow now;
        now.stored = c_token.state();
        now.accrued = now.stored;
        now.cash = c_token.cash();
        now.config = config(i);
        now.price = price(i);
        const auto since = timestamp > now.stored.accrual_time
                               ? (timestamp - now.stored.accrual_time) / setup_.block_seconds
                               : 0;
        // A market that nobody has used yet has no interest, and no time to count from.
        if (now.stored.accrual_time != 0 && since > 0)
        {
            now.works =
                accrue(now.accrued, c_token.model(), now.cash, now.stored.accrual_block + since)
                    .has_value();
        }
        now.stored_rate = or_zero(c_token.exchange_rate_stored());
        now.rate =
            or_zero(exchange_rate_down(now.accrued, now.cash, c_token.initial_exchange_rate()));

        LendingReserveInfo info;
        info.token = c_token.underlying();
        info.unit = c_token.underlying_unit();
        info.price = or_zero(multiply_down(now.price, info.unit));
        info.cash = now.cash;
        info.total_supplied = or_zero(multiply_down(now.rate, now.accrued.total_supply));
        info.total_debt = now.accrued.total_borrows;
        info.treasury_claim = now.accrued.total_reserves;
        const bool lends = now.works && !now.config.borrow_paused && !now.price.is_zero();
        info.borrow_room = lends ? now.cash : Amount{};
        if (lends && !now.config.borrow_cap.is_zero())
        {
            // Debt has to stay below the cap.
            const auto room = Checked{now.config.borrow_cap} - 1 - now.accrued.total_borrows;
            info.borrow_room = std::min(info.borrow_room, or_zero(room));
        }
        info.supply_room = now.works && !now.config.mint_paused ? Amount::max() : Amount{};
        info.supply_index = or_zero(Checked{now.rate} * ray_per_mantissa);
        info.borrow_index = or_zero(Checked{now.accrued.borrow_index} * ray_per_mantissa);
        const auto& state = now.accrued;
        const auto yearly = [&](const Checked& per_block)
        { return Amount::from_double(or_zero(per_block).to_double() * blocks_a_year * 1e9); };
        info.borrow_rate = yearly(
            c_token.model().borrow_rate_down(now.cash, state.total_borrows, state.total_reserves));
        info.supply_rate = yearly(c_token.model().supply_rate_down(
            now.cash, state.total_borrows, state.total_reserves, state.reserve_factor));
        info.ltv = share_of(now.config.collateral_factor);
        info.threshold = info.ltv;
        if (info.threshold > 0)
        {
            info.bonus =
                share_of(settings().liquidation_incentive) * (1 - share_of(protocol_seize_share)) -
                1;
        }
        reserves.push_back(info);
        markets.push_back(std::move(now));
    }
    return std::make_unique<ComptrollerView>(*this, std::move(markets), std::move(reserves));
}

Result<Amount> CompoundV2Comptroller::supplied(
    CallContext& context, AccountId user, std::size_t reserve) const
{
    const auto& c_token = *markets_.at(reserve).c_token;
    auto state = context.read(c_token.states(), 0);
    const auto cash = c_token.cash(context);
    if (const auto block = c_token.block_number(context); state.accrual_block != block)
        RUNNEL_TRY(accrue(state, c_token.model(context), cash, block));
    const auto rate = exchange_rate_down(state, cash, c_token.initial_exchange_rate());
    return RUNNEL_TRY(multiply_down(rate, context.read(c_token.balances(), user)));
}

std::optional<std::size_t> CompoundV2Comptroller::find_reserve(ContractId token) const noexcept
{
    for (std::size_t i = 0; i < markets_.size(); ++i)
    {
        if (markets_[i].c_token->underlying() == token)
            return i;
    }
    return std::nullopt;
}

Amount CompoundV2Comptroller::coverable(const LiquidationOrder& order) const
{
    // The most whose seizure, ratio * repaid / 1e18 rounded down, is no more than what is there.
    // The exchange rate only grows until the call, so that it takes no more cTokens than this.
    const auto& c_token = market(order.collateral);
    const auto ratio =
        divide_down(multiply_down(settings().liquidation_incentive, price(order.debt)),
            multiply_down(price(order.collateral), c_token.exchange_rate_stored()));
    if (!ratio.ok() || ratio.value.is_zero())
        return {};
    const auto held = Checked{c_token.balances().get(order.borrower)};
    return or_zero(((held + 1) * one - 1) / ratio);
}

void CompoundV2Comptroller::snapshot(SnapshotContext& context) const
{
    snapshot_lending(context, id(), *this);
}

CallGas CompoundV2Comptroller::gas_of(LendingAction action) const noexcept
{
    switch (action)
    {
        case LendingAction::supply: return {Mint::gas + EnterMarkets::gas, 0};
        case LendingAction::withdraw: return {Redeem::gas, 0};
        case LendingAction::borrow: return {Borrow::gas, 0};
        case LendingAction::repay: return {RepayBorrowBehalf::gas, 0};
        case LendingAction::liquidate: return {LiquidateBorrow::gas + Redeem::gas, 0};
        case LendingAction::flash_borrow: break;
    }
    return {};
}

void CompoundV2Comptroller::add_supply(
    CallWriter& calls, std::size_t reserve, const Amount& amount, AccountId) const
{
    calls.add(markets_.at(reserve).id, Mint{amount});
    if (!config(reserve).collateral_factor.is_zero())
        calls.add(id(), EnterMarkets{{markets_[reserve].id}});
}

void CompoundV2Comptroller::add_withdraw(
    CallWriter& calls, std::size_t reserve, const Amount& amount, AccountId) const
{
    const auto c_token = markets_.at(reserve).id;
    if (amount != Amount::max())
    {
        calls.add(c_token, RedeemUnderlying{amount});
        return;
    }
    const Redeem all{};
    calls.add(c_token, all, Binding{all.redeem_tokens, BalanceOf{c_token}});
}

void CompoundV2Comptroller::add_borrow(
    CallWriter& calls, std::size_t reserve, const Amount& amount) const
{
    calls.add(markets_.at(reserve).id, Borrow{amount});
}

void CompoundV2Comptroller::add_repay(
    CallWriter& calls, std::size_t reserve, const Amount& amount, AccountId debtor) const
{
    calls.add(markets_.at(reserve).id, RepayBorrowBehalf{debtor, amount});
}

void CompoundV2Comptroller::add_liquidation(CallWriter& calls, const LiquidationOrder& order) const
{
    std::uint8_t number = 0;
    for (CallReader before{calls.bytes()}; before.next().has_value();)
        ++number;
    const auto collateral = markets_.at(order.collateral).id;
    calls.add(markets_.at(order.debt).id,
        LiquidateBorrow{
            order.borrower, std::min(order.debt_to_cover, coverable(order)), collateral});
    const Redeem seized{};
    calls.add(collateral, seized, Binding{seized.redeem_tokens, ResultOf{number, 2}});
}

}  // namespace runnel::contracts
