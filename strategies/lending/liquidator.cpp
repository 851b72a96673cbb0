#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/exchange.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "strategies/market/bidding.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/dex.hpp"
#include "strategies/market/gas_money.hpp"
#include "strategies/market/lending_market.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace runnel::strategies
{
namespace
{

using contracts::LendingAction;
using contracts::LendingMarket;
using contracts::LendingView;

struct Seen
{
    std::uint64_t first_block = 0;
    std::uint64_t last_block = 0;
    double take = 1;        // Share of what the close factor allows.
    std::size_t debt = 0;   // Reserve.
    Amount committed;       // By a transaction on its way,
    std::size_t level = 0;  // whose bid this was,
    double gain = 0;        // for this, in native coins.
    RUNNEL_FIELDS((first_block, block_number), (last_block, block_number), take, debt, committed,
        level, (gain, whole_tokens));
};

/// A borrower worth liquidating that it left to others.
struct LeftAlone
{
    std::uint64_t user = 0;  // Number of the account.
    std::size_t reserve = 0;
    Amount debt;  // In the reserve's token when it looked; 0: it left none alone.
    RUNNEL_FIELDS(user, reserve, debt);
};

bool is_possible(const LeftAlone& left)
{
    return left.user <= std::numeric_limits<std::uint32_t>::max();
}

struct WalletState
{
    std::uint64_t scan_blocks = 1;
    std::uint64_t phase = 0;
    std::uint64_t reaction_blocks = 0;
    double bid_share = 0;  // Of the profit; what it first believes rivals bid.
    RaceMemory races;
    LeftAlone left_alone;  // The best of its last look.
    bool flash_loans = false;
    bool flash_swaps = false;
    bool selling = false;
    Refusals sales;                             // That were refused.
    std::map<std::uint64_t, Seen> seen;         // By account of the borrower.
    std::map<std::size_t, Amount> first_stock;  // By reserve: what it had to begin with.
    RUNNEL_FIELDS(scan_blocks, phase, reaction_blocks, bid_share, races, left_alone, flash_loans,
        flash_swaps, selling, sales, seen, first_stock);
};

/// Repays debts of unhealthy borrowers for their collateral at a bonus, against others who do the
/// same. It acts when the collateral is worth more than the debt and the gas: what exchanges take
/// at a fair price is sold in the same transaction and counts for what they quote, the rest at the
/// reference price less its selling cost. It bids as Bidding says.
class Liquidator : public StatefulStrategy<WalletState>
{
public:
    Liquidator(const Parameters& parameters, const WalletGroup& wallets)
      : pool_{parameters.contract("pool")},
        desk_{*wallets.world, parameters.contract("router")},
        full_take_{parameters.number("full_take")},
        calls_max_{static_cast<std::uint64_t>(parameters.integer("calls_per_block"))},
        profit_min_{parameters.number("profit_min")},
        sell_cost_{parameters.number("sell_cost")},
        slippage_{parameters.number("slippage")},
        restock_below_{parameters.number("restock_below")},
        bidding_{parameters, wallets.slot_seconds},
        gas_money_{parameters, *wallets.world},
        costs_{parameters},
        watch_{blocks_of(parameters.duration_ms("rescan"), wallets.slot_seconds)}
    {
        states_.resize(wallets.accounts.size());
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            const auto number = wallets.first_number + static_cast<std::uint32_t>(i);
            const auto draw = [&](std::string_view name)
            { return wallets.draw(parameters.distribution(name), name, number); };
            auto& state = states_[i];
            state.scan_blocks = blocks_of(
                static_cast<std::int64_t>(draw("scan_every") * 1000), wallets.slot_seconds);
            state.phase = number % state.scan_blocks;
            const auto reaction = draw("reaction") / wallets.slot_seconds + 0.5;
            state.reaction_blocks = static_cast<std::uint64_t>(std::clamp(reaction, 0.0, 1e6));
            state.bid_share = draw("bid_share");
            const auto loans = draw("flash_loans");
            state.flash_loans = loans >= 0.5;
            state.flash_swaps = loans >= 1.5;
        }
    }

    std::uint64_t first_block(std::size_t) override { return 1; }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        const auto next = view.block_number + 1;
        const auto& pool = view.state<LendingMarket>(pool_);
        const auto& market = markets_.at(pool, view.timestamp);
        watch_.refresh(market, view.block_number);
        if (view.block_number % state.scan_blocks != state.phase)
            return next;
        if (wallet.pending() == 0 && gas_money_.refill(wallet))
            return next;
        note_seen(state, view.block_number);
        watch(state, market, view.block_number);
        capital_.assign(market.reserves().size(), std::nullopt);
        refused_.assign(market.reserves().size() * market.reserves().size(), 0);
        std::uint64_t room = calls_max_ - std::min<std::uint64_t>(calls_max_, wallet.pending());
        for (const auto& candidate : watch_.unhealthy())
        {
            if (room == 0)
                break;
            if (refused_of(market, candidate) < refused_max &&
                liquidate(state, wallet, pool, market, candidate))
                --room;
        }
        if (room > 0 && !state.selling && !state.sales.is_silent())
            sell(state, wallet, market);
        return next;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        auto& state = states_[position];
        if (outcome.tag == GasMoney::tag)
            return false;
        if (outcome.tag == sale_tag)
        {
            state.selling = false;
            state.sales.count(outcome);
            return false;
        }
        if (const auto seen = state.seen.find(outcome.tag); seen != state.seen.end())
        {
            seen->second.committed = Amount{};
            Bidding::learn(state.races, outcome, seen->second.level, seen->second.gain);
        }
        return false;
    }

    [[nodiscard]] std::size_t shared_records() const override { return watch_.records(); }
    void save_shared(std::size_t record, Encoder& out) const override { watch_.save(record, out); }
    [[nodiscard]] bool load_shared(std::size_t record, Decoder& in) override
    {
        return watch_.load(record, in);
    }

private:
    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        return state.scan_blocks == born.scan_blocks && state.phase == born.phase &&
               state.reaction_blocks == born.reaction_blocks && state.bid_share == born.bid_share &&
               state.flash_loans == born.flash_loans && state.flash_swaps == born.flash_swaps &&
               is_possible(state.races) && state.sales.is_possible() &&
               is_possible(state.left_alone) &&
               std::all_of(state.seen.begin(), state.seen.end(),
                   [](const auto& entry)
                   {
                       const auto& seen = entry.second;
                       return (seen.take == -1 || (seen.take >= 0 && seen.take <= 1)) &&
                              seen.level < Bidding::levels && seen.gain >= -gain_max &&
                              seen.gain <= gain_max;
                   });
    }

    static constexpr unsigned halvings_max = 6;
    /// So many in a row of the same two tokens that do not pay: what is smaller does not either.
    static constexpr unsigned refused_max = 16;
    static constexpr double gain_max = 1e30;          // Native coins.
    static constexpr std::uint64_t sale_tag = ~0ULL;  // Else a tag is the borrower's account.

    [[nodiscard]] static std::uint64_t blocks_of(
        std::int64_t duration_ms, std::uint32_t slot_seconds)
    {
        const auto slot_ms = std::int64_t{slot_seconds} * 1000;
        return static_cast<std::uint64_t>(
            std::max<std::int64_t>(1, (duration_ms + slot_ms / 2) / slot_ms));
    }

    /// Remembers since when it sees a borrower as unhealthy, and forgets those who recovered.
    void note_seen(WalletState& state, std::uint64_t block) const
    {
        for (const auto& candidate : watch_.unhealthy())
        {
            const auto [found, inserted] = state.seen.try_emplace(index(candidate.user));
            if (inserted)
            {
                found->second.first_block = block;
                found->second.take = -1;  // Drawn when it comes to it.
            }
            found->second.last_block = block;
        }
        std::erase_if(state.seen, [block](const auto& entry)
            { return entry.second.last_block != block && entry.second.committed.is_zero(); });
    }

    /// Learns what became of the borrower that it left alone at its last look: others repaid for
    /// it, or it stands there still. Who became healthy with all of its debt tells nothing.
    void watch(WalletState& state, const LendingView& market, std::uint64_t block)
    {
        const auto left = std::exchange(state.left_alone, LeftAlone{});
        left_gain_ = 0;
        if (left.debt.is_zero() || left.reserve >= market.reserves().size())
            return;
        const auto user = AccountId{static_cast<std::uint32_t>(left.user)};
        const bool taken = market.holding(user, left.reserve).debt < left.debt;
        if (taken || state.seen.contains(left.user))
            bidding_.watch(state.races, taken, block);
    }

    /// What it may still spend of a reserve's token; added up once per decision and call on its
    /// way, not for each of the borrowers.
    [[nodiscard]] const Amount& free_capital(const WalletState& state, const WalletContext& wallet,
        const LendingView& market, std::size_t debt)
    {
        auto& known = capital_.at(debt);
        if (known)
            return *known;
        auto capital = holding_of(wallet.view(), market.reserve(debt).token, wallet.account());
        for (const auto& [user, seen] : state.seen)
        {
            if (seen.debt == debt)
                capital = wrapping_sub(capital, std::min(capital, seen.committed));
        }
        return known.emplace(capital);
    }

    /// Whose money pays for the debt.
    enum class Funding : std::uint8_t
    {
        own,
        market,    // A flash loan.
        exchange,  // It pays for the collateral before it has it.
    };

    [[nodiscard]] unsigned& refused_of(const LendingView& market, const Unhealthy& candidate)
    {
        return refused_.at(candidate.collateral * market.reserves().size() + candidate.debt);
    }

    struct Plan
    {
        contracts::LiquidationOrder order;
        contracts::LiquidationPreview preview;
        Funding funding = Funding::own;
        std::optional<RouteSwap> swap;  // Of collateral, in the same transaction.
        Amount swap_out_min;
        contracts::CallGas gas;
        double gain = 0;  // USD, before gas.
    };

    /// Returns whether it submitted a call.
    bool liquidate(WalletState& state, WalletContext& wallet, const LendingMarket& pool,
        const LendingView& market, const Unhealthy& candidate)
    {
        const auto& view = wallet.view();
        auto& seen = state.seen.at(index(candidate.user));
        if (!seen.committed.is_zero() || candidate.user == wallet.account() ||
            view.block_number < seen.first_block + state.reaction_blocks)
            return false;
        // What cannot even pay for gas is not worth a closer look.
        const auto habit = wallet.habitual_bid();
        const auto gas_price = view.base_fee + habit.priority_fee;
        const auto gas_usd_min =
            costs_.usd(view, pool.gas_of(LendingAction::liquidate).total(), gas_price);
        const auto stake = std::min(candidate.debt_value, candidate.collateral_value) *
                           usd_of_value(view, pool.unit_of_account());
        if (stake * market.reserve(candidate.collateral).bonus < gas_usd_min)
            return false;

        auto plan = best_plan(state, seen, wallet, pool, market, candidate);
        ++refused_of(market, candidate);
        if (!plan)
            return false;
        const auto coin_usd = costs_.coin_usd(view);
        if (!(coin_usd > 0))
            return false;
        const auto race =
            search_chance(wallet, plan->gain, plan->gas.total() + intrinsic_gas, coin_usd);
        const auto offer = bidding_.offer(
            state.races, race, state.bid_share, profit_min_, coin_usd, view.block_number);
        if (!offer)
        {
            if (Bidding::would_pay(race, profit_min_) && race.gain > left_gain_)
            {
                left_gain_ = race.gain;
                state.left_alone = {index(candidate.user), candidate.debt,
                    market.holding(candidate.user, candidate.debt).debt};
            }
            return false;
        }
        auto bid = Bidding::bid(*offer, race, wallet, coin_usd);
        bid.extra_gas = plan->gas.extra;
        submit(wallet, pool, market, *plan, bid);
        refused_of(market, candidate) = 0;
        seen.debt = candidate.debt;
        seen.committed = plan->funding == Funding::own ? plan->preview.debt : Amount{1};
        capital_.at(candidate.debt).reset();
        seen.level = offer->level;
        seen.gain = plan->gain / coin_usd;
        return true;
    }

    [[nodiscard]] std::optional<Plan> best_plan(WalletState& state, Seen& seen,
        WalletContext& wallet, const LendingMarket& pool, const LendingView& market,
        const Unhealthy& candidate)
    {
        const auto& view = wallet.view();
        if (seen.take < 0)
        {
            const bool full = wallet.random().bernoulli(full_take_);
            const auto part = 0.2 + 0.8 * wallet.random().uniform_double();
            seen.take = full ? 1 : part;
        }
        auto allowed = market.max_liquidatable_debt(candidate.user, candidate.debt);
        allowed = part_of(allowed, seen.take);
        const auto capital = free_capital(state, wallet, market, candidate.debt);
        Plan plan;
        plan.order = {
            candidate.user, candidate.collateral, candidate.debt, std::min(allowed, capital)};
        auto own = with_sale(plan, view, pool, market);
        if (!state.flash_loans || capital >= allowed)
            return own;
        // What its capital lacks it borrows, if the exchanges take so much collateral at once.
        plan.order.debt_to_cover = allowed;
        const auto profit = [&](const Plan& one)
        { return one.gain - costs_.usd(view, one.gas.total(), gas_price_of(wallet)); };
        auto best = std::move(own);
        const auto consider = [&](std::optional<Plan> borrowed)
        {
            if (borrowed && (!best || profit(*borrowed) > profit(*best)))
                best = std::move(borrowed);
        };
        consider(with_flash_loan(plan, view, pool, market));
        if (state.flash_swaps)
            consider(with_flash_swap(std::move(plan), view, pool, market));
        return best;
    }

    [[nodiscard]] static std::uint64_t gas_price_of(const WalletContext& wallet)
    {
        return wallet.view().base_fee + wallet.habitual_bid().priority_fee;
    }

    /// The plan with its own capital; what exchanges take at a fair price it sells at once.
    [[nodiscard]] std::optional<Plan> with_sale(
        Plan plan, const WorldView& view, const LendingMarket& pool, const LendingView& market)
    {
        const auto preview = market.preview_liquidation(plan.order);
        if (!preview)
            return std::nullopt;
        plan.preview = *preview;
        plan.gas = pool.gas_of(LendingAction::liquidate);
        const auto sold = market.reserve(plan.order.collateral).token;
        const auto bought = market.reserve(plan.order.debt).token;
        if (sold != bought)
        {
            // A little less than it gets: a price that moves meanwhile must not undo the call.
            plan.swap = largest_fair_swap(desk_, view, sold, bought,
                part_of(preview->collateral, 0.99), slippage_, halvings_max);
        }
        auto kept = preview->collateral;
        if (plan.swap)
        {
            kept = wrapping_sub(kept, plan.swap->amount_in);
            plan.swap_out_min = min_amount_out(
                plan.swap->amount_out, static_cast<std::uint32_t>(slippage_ * 10'000));
            plan.gas += desk_.gas(plan.swap->route);
            plan.gain = usd(view, pool, market, plan.order.debt, plan.swap->amount_out);
        }
        plan.gain += usd(view, pool, market, plan.order.collateral, kept) * (1 - sell_cost_) -
                     usd(view, pool, market, plan.order.debt, preview->debt);
        return plan;
    }

    /// The plan paid for by a flash loan and the collateral's sale; empty if that does not pay.
    [[nodiscard]] std::optional<Plan> with_flash_loan(
        Plan plan, const WorldView& view, const LendingMarket& pool, const LendingView& market)
    {
        const auto preview = market.preview_liquidation(plan.order);
        if (!preview)
            return std::nullopt;
        plan.preview = *preview;
        plan.funding = Funding::market;
        plan.gas = pool.gas_of(LendingAction::liquidate);
        const auto sold = market.reserve(plan.order.collateral).token;
        const auto bought = market.reserve(plan.order.debt).token;
        const auto fee = market.flash_fee(plan.order.debt, plan.preview.debt);
        if (!fee || sold == bought)
            return std::nullopt;
        plan.swap = desk_.best_swap(sold, bought, plan.preview.collateral);
        plan.swap_out_min = wrapping_add(wrapping_add(plan.preview.debt, *fee), 1);
        if (!plan.swap || plan.swap->amount_out <= plan.swap_out_min)
            return std::nullopt;
        const auto out = plan.swap->amount_out;
        plan.gas += pool.gas_of(LendingAction::flash_borrow);
        plan.gas += desk_.gas(plan.swap->route);
        plan.gain = usd(view, pool, market, plan.order.debt, wrapping_sub(out, plan.swap_out_min));
        return plan;
    }

    /// The plan paid for by the exchange that takes the collateral, which pays out before it is
    /// paid; empty if that does not pay, or the exchange does not do so.
    [[nodiscard]] std::optional<Plan> with_flash_swap(
        Plan plan, const WorldView& view, const LendingMarket& pool, const LendingView& market)
    {
        const auto preview = market.preview_liquidation(plan.order);
        if (!preview)
            return std::nullopt;
        plan.preview = *preview;
        plan.funding = Funding::exchange;
        plan.gas = pool.gas_of(LendingAction::liquidate);
        const auto sold = market.reserve(plan.order.collateral).token;
        const auto bought = market.reserve(plan.order.debt).token;
        if (sold == bought)
            return std::nullopt;
        plan.swap = desk_.best_swap(sold, bought, plan.preview.collateral);
        if (!plan.swap || plan.swap->route.size() != 1 ||
            plan.swap->amount_out <= plan.preview.debt)
            return std::nullopt;
        const auto gas = plan.swap->route.front().exchange->postpaid_swap_gas();
        if (!gas)
            return std::nullopt;
        plan.gas += *gas;
        plan.gas.method += contracts::Erc20Transfer::gas;
        plan.gain = usd(view, pool, market, plan.order.debt,
            wrapping_sub(plan.swap->amount_out, plan.preview.debt));
        return plan;
    }

    /// USD that an amount of a reserve's token is worth, at the reference price or, where there is
    /// none, at the market's.
    [[nodiscard]] static double usd(const WorldView& view, const LendingMarket& pool,
        const LendingView& market, std::size_t reserve, const Amount& amount)
    {
        const auto& info = market.reserve(reserve);
        auto price = reference_usd(view, info.token);
        if (!(price > 0))
            price = market_usd(info, usd_of_value(view, pool.unit_of_account()));
        return amount.to_double() / info.unit.to_double() * price;
    }

    void submit(WalletContext& wallet, const LendingMarket& pool, const LendingView& market,
        const Plan& plan, const Bid& bid) const
    {
        const auto& view = wallet.view();
        const auto self = wallet.account();
        const auto bought = market.reserve(plan.order.debt).token;
        CallWriter calls;
        add_approval(
            calls, view, bought, self, pool.spender_of(plan.order.debt), Amount::power_of_two(255));
        if (plan.funding == Funding::own)
        {
            pool.add_liquidation(calls, plan.order);
            if (plan.swap)
            {
                desk_.add_swap(calls, view, plan.swap->route, plan.swap->amount_in,
                    plan.swap_out_min, self, view.timestamp + order_lifetime);
            }
        }
        else if (plan.funding == Funding::exchange)
        {
            const auto& [route, amount_in, amount_out] = *plan.swap;
            const auto& hop = route.front();
            CallWriter nested;
            pool.add_liquidation(nested, plan.order);
            add_payment(nested, hop.token_in, hop.exchange->contract().account(), amount_in);
            hop.exchange->add_postpaid_swap(
                calls, {hop.token_in, hop.token_out, amount_in, amount_out, self}, nested.list());
        }
        else
        {
            const auto& [route, amount_in, amount_out] = *plan.swap;
            desk_.add_approvals(calls, view, route, Amount::power_of_two(255), self);
            CallWriter nested;
            pool.add_liquidation(nested, plan.order);
            desk_.add_orders(
                nested, route, amount_in, plan.swap_out_min, self, view.timestamp + order_lifetime);
            pool.add_flash_borrow(calls, plan.order.debt, plan.preview.debt, nested.list());
        }
        wallet.submit(std::move(calls), bid, index(plan.order.borrower));
    }

    /// Sells what it has seized and not sold yet, and of what it began with anything above that
    /// while it is short of another token: for the token that it is shortest of, or where no
    /// exchange pays a fair price in that, for another one that it began with.
    void sell(WalletState& state, WalletContext& wallet, const LendingView& market)
    {
        const auto& view = wallet.view();
        const auto self = wallet.account();
        const auto reserves = market.reserves().size();
        std::vector<std::pair<double, std::size_t>> targets;  // Share left of the stock; reserve.
        for (std::size_t i = 0; i < reserves; ++i)
        {
            const auto held = holding_of(view, market.reserve(i).token, self);
            const auto first = state.first_stock.try_emplace(i, held).first->second;
            if (!first.is_zero())
                targets.emplace_back(held.to_double() / first.to_double(), i);
        }
        std::sort(targets.begin(), targets.end());
        for (std::size_t i = 0; i < reserves; ++i)
        {
            const auto token = market.reserve(i).token;
            const auto held = holding_of(view, token, self);
            const auto& first = state.first_stock.at(i);
            if (held <= first)
                continue;
            for (const auto& [left, target] : targets)
            {
                const bool wanted = first.is_zero() || left < restock_below_;
                if (target != i && wanted &&
                    sell_some(
                        wallet, token, market.reserve(target).token, wrapping_sub(held, first)))
                {
                    state.selling = true;
                    return;
                }
            }
        }
    }

    bool sell_some(WalletContext& wallet, ContractId sold, ContractId bought, const Amount& all)
    {
        const auto& view = wallet.view();
        const auto swap =
            largest_fair_swap(desk_, view, sold, bought, all, slippage_, halvings_max);
        if (!swap)
            return false;
        const auto amount = swap->amount_in;
        const auto gas = desk_.gas(swap->route);
        const auto value = reference_usd(view, sold, amount);
        auto bid = wallet.habitual_bid();
        if (costs_.usd(view, gas.total(), view.base_fee + bid.priority_fee) > value * 0.01)
            return false;
        CallWriter calls;
        desk_.add_swap(calls, view, swap->route, amount,
            min_amount_out(swap->amount_out, static_cast<std::uint32_t>(slippage_ * 5'000)),
            wallet.account(), view.timestamp + order_lifetime);
        bid.extra_gas = gas.extra;
        wallet.submit(std::move(calls), bid, sale_tag);
        return true;
    }

    ContractId pool_;
    SwapDesk desk_;
    double full_take_;
    std::uint64_t calls_max_;
    double profit_min_;
    double sell_cost_;
    double slippage_;
    double restock_below_;
    Bidding bidding_;
    GasMoney gas_money_;
    GasCosts costs_;
    MarketCache markets_;
    BorrowerWatch watch_;
    std::vector<std::optional<Amount>> capital_;  // By reserve, during a decision.
    std::vector<unsigned> refused_;               // By collateral and debt, in this decision.
    double left_gain_ = 0;                        // USD, of what it left alone in this decision.
};

}  // namespace

const StrategyType& liquidator_strategy()
{
    static const StrategyType type{.name = "liquidator",
        .purpose = Purpose::liquidation,
        .help =
            "Liquidates unhealthy borrowers of a lending market for profit, in a race with others.",
        .parameters =
            {
                contracts::contract_parameter(
                    "pool", LendingMarket::sector, "The lending market it watches."),
                contracts::contract_parameter(
                    "router", contracts::Venue::sector, "Through which it sells collateral."),
                {"scan_every", ParameterKind::distribution, "12", unit::seconds,
                    "Time between two looks at the list of unhealthy borrowers.", 1, 1e6},
                {"reaction", ParameterKind::distribution, "{ log_normal = [2.5, 1.0] }",
                    unit::seconds,
                    "Time from first seeing an unhealthy borrower to the transaction.", 0, 1e6},
                {"bid_share", ParameterKind::distribution, "{ uniform = [0.05, 0.4] }", {},
                    "Share of the profit that it first believes rivals to bid; then it goes by "
                    "what its own races teach.",
                    0, 1},
                bid_stake_parameter(),
                bid_memory_parameter(),
                gas_money_parameter(),
                {"full_take", ParameterKind::number, "0.7", unit::other("probability"),
                    "That it repays all the close factor allows; else a uniform 20 to 100 % of it.",
                    0, 1},
                {"flash_loans", ParameterKind::distribution, "1", {},
                    "From 0.5 on it borrows what its capital lacks by flash loan of the market, "
                    "where that pays; from 1.5 on also by having the exchange that takes the "
                    "collateral pay first.",
                    0, 2},
                {"calls_per_block", ParameterKind::integer, "4", unit::other("transactions"),
                    "The most it has on their way at a time.", 1, 1000},
                {"profit_min", ParameterKind::number, "1", unit::usd,
                    "Least profit after gas and tip.", -1e9, 1e12},
                {"sell_cost", ParameterKind::number, "0.01", {},
                    "What it expects to lose on the reference price of collateral that it cannot "
                    "sell at once.",
                    0, 1},
                {"slippage", ParameterKind::number, "0.02", {},
                    "The worst price it sells at, below the reference price; larger amounts are "
                    "halved.",
                    0, 0.5},
                {"restock_below", ParameterKind::number, "0.7", {},
                    "It sells other tokens than those it seized while it holds less of one than "
                    "this share of what it began with.",
                    0, 1},
                {"rescan", ParameterKind::duration, "\"10m\"", {},
                    "Every borrower is looked at again after this time, whatever prices do.", 1000},
                coin_parameter(),
            },
        .create = create_strategy<Liquidator>};
    return type;
}

}  // namespace runnel::strategies
