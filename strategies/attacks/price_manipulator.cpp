#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/exchange.hpp"
#include "contracts/kit/sectors/lending.hpp"
#include "contracts/kit/sectors/pool_price.hpp"
#include "strategies/attacks/raid.hpp"
#include "strategies/market/routes.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace runnel::strategies
{
namespace
{

using contracts::LendingAction;
using contracts::LendingMarket;
using contracts::PoolPriceSource;
using contracts::PoolReserves;

/// Collateral bought at a fair price.
struct Purchase
{
    const Exchange* exchange = nullptr;  // nullptr: none is.
    Amount paid;
    Amount bought;
};

/// What one attack does and earns, in the market's loan token.
struct Plan
{
    Amount push;    // Paid into the pool that the market looks at,
    Amount pushed;  // for so much collateral.
    Purchase elsewhere;
    Amount borrowed;
    Amount gain;  // Borrowed less paid; before the flash loan's fee.
};

/// Drives up the price of a market's collateral in the pool that the market's price source looks
/// at, and borrows against what it has bought: all in one transaction, with money that it borrows
/// for the length of it. The debt stays.
///
/// It knows what all of that comes to before it acts, by the exact quotes of pools and price
/// source; where that is nothing, as with a price that is a mean over time or that somebody
/// reports, it does nothing.
class PriceManipulator : public Raider
{
public:
    PriceManipulator(const Parameters& parameters, const WalletGroup& wallets)
      : Raider{parameters, wallets},
        market_{dynamic_cast<const LendingMarket&>(
            wallets.world->contract(parameters.contract("market")))},
        source_{dynamic_cast<const PoolPriceSource*>(
            wallets.world->find_contract(market_.price_source()))},
        desk_{nullptr},
        push_{parameters.number("push")},
        buy_{parameters.number("buy")}
    {
        for (const auto id : parameters.contracts("exchanges"))
            exchanges_.push_back(contracts::find_exchange(*wallets.world, id));
        if (source_ != nullptr)
            pool_ = contracts::find_exchange(*wallets.world, source_->pool());
    }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        const auto& state = states_[position];
        const auto& view = wallet.view();
        // A price that no pool makes is nothing to it.
        if (pool_ == nullptr || is_done(state))
            return never;
        const auto next = raid_.next_look(view);
        if (wallet.pending() > 0)
            return next;
        const auto loan = market_.find_reserve(source_->quote());
        const auto collateral = market_.find_reserve(source_->base());
        if (!loan || !collateral)
            return never;
        const auto market = market_.view_at(view.timestamp);
        const auto decimals = decimals_of(*view.world, source_->quote());
        const auto purchases = possible_purchases(to_units(buy_, decimals));
        const auto plan = best_plan(to_units(push_, decimals), steps,
            [&](const Amount& push)
            { return plan_for(push, purchases, view, *market, *loan, *collateral); });
        if (!plan)
            return next;
        const auto paid = wrapping_add(plan->push, plan->elsewhere.paid);
        const auto flash = raid_.loan(view, source_->quote(), paid);
        if (!flash || flash->fee >= plan->gain)
            return next;
        const auto gain = wrapping_sub(plan->gain, flash->fee);
        if (raid_.is_worth_it(wallet, nested_gas, reference_usd(view, source_->quote(), gain)))
            attack(state, wallet, *plan, *flash, *loan, *collateral);
        return next;
    }

private:
    static constexpr unsigned steps = 24;
    static constexpr std::uint64_t nested_gas = 900'000;

    /// With @p push paid into the pool, and the purchase that earns most then.
    [[nodiscard]] std::optional<Plan> plan_for(const Amount& push,
        const std::vector<Purchase>& purchases, const WorldView& view,
        const contracts::LendingView& market, std::size_t loan, std::size_t collateral) const
    {
        const auto pushed = pool_->quote_exact_input(source_->quote(), source_->base(), push);
        if (!pushed.has_value() || *pushed >= pool_->reserve(source_->base()))
            return std::nullopt;
        const PoolReserves after{wrapping_sub(pool_->reserve(source_->base()), *pushed),
            wrapping_add(pool_->reserve(source_->quote()), push)};
        const auto price = source_->preview_update(view.timestamp, after);
        if (!price.has_value())
            return std::nullopt;
        std::optional<Plan> best;
        for (const auto& purchase : purchases)
        {
            Plan plan{push, *pushed, purchase, {}, {}};
            const auto secured = wrapping_add(*pushed, purchase.bought);
            plan.borrowed = room(market, loan, collateral, secured, *price);
            const auto paid = wrapping_add(push, purchase.paid);
            if (plan.borrowed <= paid)
                continue;
            plan.gain = wrapping_sub(plan.borrowed, paid);
            if (!best || plan.gain > best->gain)
                best = plan;
        }
        return best;
    }

    /// None, and those of the sizes up to @p most, in equal steps, that an exchange sells.
    [[nodiscard]] std::vector<Purchase> possible_purchases(const Amount& most) const
    {
        std::vector<Purchase> all(1);
        for (unsigned k = 1; k <= steps; ++k)
        {
            const auto purchase = best_purchase(mul_div_down(most, k, steps).value);
            if (purchase.exchange != nullptr)
                all.push_back(purchase);
        }
        return all;
    }

    /// What the market lends against so much collateral at this price; a little less, for its own
    /// rounding.
    [[nodiscard]] Amount room(const contracts::LendingView& market, std::size_t loan,
        std::size_t collateral, const Amount& amount, const Amount& price) const
    {
        const auto& quote_price = source_->prices().get(index(source_->quote())).price;
        const auto& secured = market.reserve(collateral);
        const auto& lent = market.reserve(loan);
        if (quote_price.is_zero())
            return {};
        const auto whole = amount.to_double() / secured.unit.to_double();
        const auto worth = whole * price.to_double() / quote_price.to_double();
        const auto units = worth * secured.ltv * (1 - 1e-6) * lent.unit.to_double();
        return std::min(Amount::from_double(units), lent.borrow_room);
    }

    /// Of the exchange that gives most for @p amount, the first of equals.
    [[nodiscard]] Purchase best_purchase(const Amount& amount) const
    {
        Purchase best;
        if (amount.is_zero())
            return best;
        for (const auto* exchange : exchanges_)
        {
            if (exchange == pool_ || !exchange->trades(source_->base()) ||
                !exchange->trades(source_->quote()) || exchange->venue() == nullptr)
                continue;
            const auto out = exchange->quote_exact_input(source_->quote(), source_->base(), amount)
                                 .value_or(Amount{});
            if (out > best.bought)
                best = {exchange, amount, out};
        }
        return best;
    }

    void attack(const RaiderState& state, WalletContext& wallet, const Plan& plan,
        const FlashLoan& flash, std::size_t loan, std::size_t collateral) const
    {
        const auto& view = wallet.view();
        const auto self = wallet.account();
        const auto base = source_->base();
        const auto quote = source_->quote();
        CallWriter nested;
        const auto swap = [&](const Exchange& exchange, const Amount& in, const Amount& out)
        {
            const Hop hop{&exchange, quote, base};
            desk_.add_swap(nested, view, {&hop, 1}, in, out, self, view.timestamp + order_lifetime);
        };
        swap(*pool_, plan.push, plan.pushed);
        if (const auto& other = plan.elsewhere; other.exchange != nullptr)
            swap(*other.exchange, other.paid, other.bought);
        source_->add_update(nested);
        const auto secured = wrapping_add(plan.pushed, plan.elsewhere.bought);
        add_approval(nested, view, base, self, market_.spender_of(collateral), secured);
        market_.add_supply(nested, collateral, secured, self);
        market_.add_borrow(nested, loan, plan.borrowed);
        CallWriter calls;
        flash.add(calls, view, self, nested.list());
        const auto extra_gas = flash.gas.extra + market_.gas_of(LendingAction::supply).extra +
                               market_.gas_of(LendingAction::borrow).extra;
        strike(
            state, wallet, std::move(calls), extra_gas, quote, wrapping_sub(plan.gain, flash.fee));
    }

    const LendingMarket& market_;
    const PoolPriceSource* source_;   // nullptr: the market's prices come from elsewhere.
    const Exchange* pool_ = nullptr;  // Where they come from.
    std::vector<const Exchange*> exchanges_;
    SwapDesk desk_;
    double push_;
    double buy_;
};

}  // namespace

const StrategyType& price_manipulator_strategy()
{
    static const StrategyType type{.name = "price_manipulator",
        .purpose = Purpose::attack,
        .help =
            "Drives up the price of a lending market's collateral where the market looks, and "
            "borrows against it, in one transaction by flash loan.",
        .parameters =
            {
                contracts::contract_parameter(
                    "market", LendingMarket::sector, "The market it attacks."),
                lenders_parameter("Who may give it the flash loan."),
                {.name = "exchanges",
                    .kind = ParameterKind::contracts,
                    .default_value = "[]",
                    .unit = {},
                    .help = "Where it buys further collateral at a fair price.",
                    .contract_kind = Exchange::sector},
                at_parameter(),
                every_parameter("\"5m\""),
                {"push", ParameterKind::number, "1000", unit::whole_tokens,
                    "The most that it pays into the pool, of the token lent.", 0, 1e12},
                {"buy", ParameterKind::number, "0", unit::whole_tokens,
                    "The most that it buys for elsewhere.", 0, 1e12},
                gain_min_parameter(),
                {"strikes", ParameterKind::integer, "1", {}, "How often it attacks.", 1, 100},
                fee_tolerance_parameter(),
                coin_parameter(),
            },
        .create = create_strategy<PriceManipulator>};
    return type;
}

}  // namespace runnel::strategies
