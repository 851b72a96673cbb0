#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/collateral_sale.hpp"
#include "contracts/kit/sectors/exchange.hpp"
#include "ledger/transaction.hpp"
#include "strategies/market/bidding.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/gas_money.hpp"
#include "strategies/market/lending_market.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace runnel::strategies
{
namespace
{

using contracts::CollateralSale;

struct WalletState
{
    std::uint64_t scan_blocks = 1;
    std::uint64_t phase = 0;
    std::uint64_t reaction_blocks = 0;
    double bid_share = 0;  // Of the profit; what it first believes rivals bid.
    bool borrows = false;
    std::vector<std::uint64_t> first_seen;  // Block, by token that may be for sale; 0: none there.
    RaceMemory races;
    std::uint64_t level = 0;  // The bid of what is on its way,
    double gain = 0;          // for this, in native coins.
    RUNNEL_FIELDS(scan_blocks, phase, reaction_blocks, bid_share, borrows,
        (first_seen, block_number), races, level, (gain, whole_tokens));
};

/// Buys what a lending protocol has taken over and sells below its price, and sells it to exchanges
/// in the same transaction: whoever it was that made the protocol take it over.
///
/// Of all that is for sale, and 1/2, 1/4 ... 1/64 of it, it takes what earns most by exact quotes.
/// It pays with its own money, or, where that earns more, has the exchange pay out before it is
/// paid.
class CollateralBuyer : public StatefulStrategy<WalletState>
{
public:
    CollateralBuyer(const Parameters& parameters, const WalletGroup& wallets)
      : market_{parameters.contract("market")},
        desk_{*wallets.world, parameters.contract("router")},
        profit_min_{parameters.number("profit_min")},
        bidding_{parameters, wallets.slot_seconds},
        gas_money_{parameters, *wallets.world},
        costs_{parameters},
        tokens_{dynamic_cast<const CollateralSale&>(wallets.world->contract(market_)).sale_tokens()}
    {
        states_.resize(wallets.accounts.size());
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            const auto number = wallets.first_number + static_cast<std::uint32_t>(i);
            const auto draw = [&](std::string_view name)
            { return wallets.draw(parameters.distribution(name), name, number); };
            auto& state = states_[i];
            const auto slots = [&](double seconds) {
                return static_cast<std::uint64_t>(
                    std::clamp(seconds / wallets.slot_seconds + 0.5, 0.0, 1e6));
            };
            state.scan_blocks = std::max<std::uint64_t>(1, slots(draw("scan_every")));
            state.phase = number % state.scan_blocks;
            state.reaction_blocks = slots(draw("reaction"));
            state.bid_share = draw("bid_share");
            state.borrows = draw("flash") >= 0.5;
            state.first_seen.assign(tokens_.size(), 0);
        }
    }

    std::uint64_t first_block(std::size_t) override { return 1; }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        const auto next = view.block_number + 1;
        if (view.block_number % state.scan_blocks != state.phase || wallet.pending() > 0 ||
            gas_money_.refill(wallet))
            return next;
        const auto& sale = view.state<CollateralSale>(market_);
        std::optional<Plan> best;
        for (std::size_t i = 0; i < tokens_.size(); ++i)
        {
            const auto available = sale.for_sale(tokens_[i], view.timestamp);
            auto& seen = state.first_seen[i];
            if (available.is_zero())
            {
                seen = 0;
                continue;
            }
            if (seen == 0)
                seen = view.block_number;
            if (view.block_number < seen + state.reaction_blocks)
                continue;
            auto plan = best_plan(state, wallet, sale, tokens_[i], available);
            if (plan && (!best || plan->net > best->net))
                best = std::move(plan);
        }
        if (best)
            take(state, wallet, sale, *best);
        return next;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        auto& state = states_[position];
        if (outcome.tag != GasMoney::tag)
            Bidding::learn(state.races, outcome, state.level, state.gain);
        return false;
    }

private:
    static constexpr unsigned halvings_max = 6;
    static constexpr double gain_max = 1e30;  // Native coins.

    struct Plan
    {
        ContractId token{};
        Amount payment;
        Amount bought;
        RouteSwap swap;  // Of what is bought.
        bool borrows = false;
        contracts::CallGas gas;
        double gain = 0;  // USD, before gas,
        double net = 0;   // and after it, at its habitual bid.
    };

    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        return state.scan_blocks == born.scan_blocks && state.phase == born.phase &&
               state.reaction_blocks == born.reaction_blocks && state.bid_share == born.bid_share &&
               state.borrows == born.borrows && state.first_seen.size() == born.first_seen.size() &&
               is_possible(state.races) && state.level < Bidding::levels &&
               state.gain >= -gain_max && state.gain <= gain_max;
    }

    [[nodiscard]] std::optional<Plan> best_plan(const WalletState& state, WalletContext& wallet,
        const CollateralSale& sale, ContractId token, const Amount& available)
    {
        const auto& view = wallet.view();
        const auto held = holding_of(view, sale.payment_token(), wallet.account());
        std::optional<Plan> best;
        const auto consider = [&](const Amount& payment, bool borrows)
        {
            auto plan = plan_of(wallet, sale, token, payment, borrows);
            if (plan && (!best || plan->net > best->net))
                best = std::move(plan);
        };
        auto amount = available;
        for (unsigned i = 0; i <= halvings_max; ++i, amount = div_down(amount, 2))
        {
            const auto payment = sale.sale_price(token, amount);
            consider(std::min(payment, held), false);
            if (state.borrows && payment > held)
                consider(payment, true);
        }
        return best;
    }

    /// Empty unless it earns.
    [[nodiscard]] std::optional<Plan> plan_of(WalletContext& wallet, const CollateralSale& sale,
        ContractId token, const Amount& payment, bool borrows)
    {
        const auto& view = wallet.view();
        if (payment.is_zero())
            return std::nullopt;
        const auto bought = sale.quote_purchase(token, payment, view.timestamp);
        if (!bought || bought->is_zero())
            return std::nullopt;
        auto swap = desk_.best_swap(token, sale.payment_token(), *bought);
        if (!swap || swap->amount_out <= payment)
            return std::nullopt;
        Plan plan{token, payment, *bought, std::move(*swap), borrows, sale.purchase_gas()};
        plan.gas.method += contracts::Erc20Approve::gas;
        if (borrows)
        {
            // An exchange pays out before it is paid only where it is the whole route.
            const auto& route = plan.swap.route;
            const auto gas = route.front().exchange->postpaid_swap_gas();
            if (route.size() != 1 || !gas)
                return std::nullopt;
            plan.gas += *gas;
            plan.gas.method += contracts::Erc20Transfer::gas;
        }
        else
            plan.gas += desk_.gas(plan.swap.route);
        const auto gain = wrapping_sub(plan.swap.amount_out, payment);
        plan.gain = reference_usd(view, sale.payment_token(), gain);
        const auto price = view.base_fee + wallet.habitual_bid().priority_fee;
        plan.net = plan.gain - costs_.usd(view, plan.gas.total(), price);
        return plan.net > 0 ? std::optional{std::move(plan)} : std::nullopt;
    }

    void take(
        WalletState& state, WalletContext& wallet, const CollateralSale& sale, const Plan& plan)
    {
        const auto& view = wallet.view();
        const auto coin_usd = costs_.coin_usd(view);
        if (!(coin_usd > 0))
            return;
        const auto race =
            search_chance(wallet, plan.gain, plan.gas.total() + intrinsic_gas, coin_usd);
        const auto offer = bidding_.offer(
            state.races, race, state.bid_share, profit_min_, coin_usd, view.block_number);
        if (!offer)
            return;
        auto bid = Bidding::bid(*offer, race, wallet, coin_usd);
        bid.extra_gas = plan.gas.extra;
        submit(wallet, sale, plan, bid);
        state.level = offer->level;
        state.gain = plan.gain / coin_usd;
    }

    void submit(
        WalletContext& wallet, const CollateralSale& sale, const Plan& plan, const Bid& bid) const
    {
        const auto& view = wallet.view();
        const auto self = wallet.account();
        const auto& [route, amount_in, amount_out] = plan.swap;
        CallWriter calls;
        add_approval(calls, view, sale.payment_token(), self, sale.payee(), plan.payment);
        if (!plan.borrows)
        {
            sale.add_purchase(calls, plan.token, plan.payment, plan.bought, self);
            // Never at a loss, whatever the exchange has done meanwhile.
            desk_.add_swap(calls, view, route, amount_in, wrapping_add(plan.payment, 1), self,
                view.timestamp + order_lifetime);
        }
        else
        {
            const auto& hop = route.front();
            CallWriter nested;
            sale.add_purchase(nested, plan.token, plan.payment, plan.bought, self);
            add_payment(nested, plan.token, hop.exchange->contract().account(), amount_in);
            hop.exchange->add_postpaid_swap(
                calls, {hop.token_in, hop.token_out, amount_in, amount_out, self}, nested.list());
        }
        wallet.submit(std::move(calls), bid);
    }

    ContractId market_;
    SwapDesk desk_;
    double profit_min_;
    Bidding bidding_;
    GasMoney gas_money_;
    GasCosts costs_;
    std::vector<ContractId> tokens_;
};

}  // namespace

const StrategyType& collateral_buyer_strategy()
{
    static const StrategyType type{.name = "collateral_buyer",
        .purpose = Purpose::liquidation,
        .help =
            "Buys what a lending protocol has taken over and sells below its price, and sells it "
            "to exchanges.",
        .parameters =
            {
                contracts::contract_parameter(
                    "market", CollateralSale::sector, "What sells collateral."),
                contracts::contract_parameter(
                    "router", contracts::Venue::sector, "Through which it sells what it buys."),
                {"scan_every", ParameterKind::distribution, "12", unit::seconds,
                    "Time between two looks at what is for sale.", 1, 1e6},
                {"reaction", ParameterKind::distribution, "{ log_normal = [2.5, 1.0] }",
                    unit::seconds, "Time from first seeing a token for sale to the transaction.", 0,
                    1e6},
                {"bid_share", ParameterKind::distribution, "{ uniform = [0.05, 0.4] }", {},
                    "Share of the profit that it first believes rivals to bid; then it goes by "
                    "what its own races teach.",
                    0, 1},
                bid_stake_parameter(),
                bid_memory_parameter(),
                gas_money_parameter(),
                {"flash", ParameterKind::distribution, "1", {},
                    "From 0.5 on it lets the exchange pay first where its own money is too little.",
                    0, 1},
                {"profit_min", ParameterKind::number, "1", unit::usd,
                    "Least profit after gas and tip.", -1e9, 1e12},
                coin_parameter(),
            },
        .create = create_strategy<CollateralBuyer>};
    return type;
}

}  // namespace runnel::strategies
