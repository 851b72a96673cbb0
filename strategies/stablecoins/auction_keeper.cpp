#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/debt_positions.hpp"
#include "contracts/kit/sectors/exchange.hpp"
#include "strategies/market/bidding.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/gas_money.hpp"
#include "strategies/market/lending_market.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace runnel::strategies
{
namespace
{

using contracts::AuctionPurchase;
using contracts::CollateralAuction;
using contracts::DebtAction;
using contracts::DebtPositions;
using contracts::DebtTerms;

/// A position that is unsafe, or an auction.
struct Seen
{
    std::uint64_t first_block = 0;
    std::uint64_t last_block = 0;
    bool is_pending = false;  // A transaction is on its way,
    Amount committed;         // for this much of its own,
    std::size_t level = 0;    // whose bid this was,
    double gain = 0;          // for this, in native coins.
    RUNNEL_FIELDS((first_block, block_number), (last_block, block_number), is_pending, committed,
        level, (gain, whole_tokens));
};

/// An auction worth buying from that it left to others.
struct LeftAlone
{
    std::uint64_t key = 0;  // 0: it left none alone.
    Amount collateral;      // For sale when it looked.
    RUNNEL_FIELDS(key, collateral);
};

struct WalletState
{
    std::uint64_t scan_blocks = 1;
    std::uint64_t phase = 0;
    std::uint64_t reaction_blocks = 0;
    double bid_share = 0;  // Of the profit; what it first believes rivals bid.
    double discount = 0;   // Below the reference price, that it wants.
    bool starts = false;
    bool sells_first = false;
    RaceMemory races;
    LeftAlone left_alone;  // The best of its last look.
    bool is_busy = false;  // Selling or claiming.
    Refusals sales;        // That were refused.
    std::map<std::uint64_t, Seen> seen;
    std::map<std::uint64_t, Amount> first_stock;  // By collateral: what it had to begin with.
    RUNNEL_FIELDS(scan_blocks, phase, reaction_blocks, bid_share, discount, starts, sells_first,
        races, left_alone, is_busy, sales, seen, first_stock);
};

/// Keeps a system of debt positions safe for profit: starts auctions of unsafe positions, buys from
/// auctions whose price, after gas, is far enough below what the collateral is worth elsewhere, and
/// sells what it has bought.
///
/// It pays with the system's token that it holds, and is out of the market when that is used up; or
/// with what exchanges give for the collateral in the same transaction, if it can do that. It bids
/// as Bidding says, up to the highest fee that its wallet pays: beyond that it is kept out.
class AuctionKeeper : public StatefulStrategy<WalletState>
{
public:
    AuctionKeeper(const Parameters& parameters, const WalletGroup& wallets)
      : system_{parameters.contract("system")},
        desk_{*wallets.world, parameters.contract("router")},
        calls_max_{static_cast<std::uint64_t>(parameters.integer("calls_per_block"))},
        profit_min_{parameters.number("profit_min")},
        start_gain_{parameters.number("start_gain")},
        slippage_{parameters.number("slippage")},
        bidding_{parameters, wallets.slot_seconds},
        gas_money_{parameters, *wallets.world},
        costs_{parameters}
    {
        states_.resize(wallets.accounts.size());
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            const auto number = wallets.first_number + static_cast<std::uint32_t>(i);
            const auto draw = [&](std::string_view name)
            { return wallets.draw(parameters.distribution(name), name, number); };
            const auto blocks = [&](std::string_view name)
            {
                return static_cast<std::uint64_t>(
                    std::clamp(draw(name) / wallets.slot_seconds + 0.5, 0.0, 1e6));
            };
            auto& state = states_[i];
            state.scan_blocks = std::max<std::uint64_t>(1, blocks("scan_every"));
            state.phase = number % state.scan_blocks;
            state.reaction_blocks = blocks("reaction");
            state.bid_share = draw("bid_share");
            state.discount = draw("discount");
            state.starts = draw("starts") >= 0.5;
            state.sells_first = draw("sells_first") >= 0.5;
        }
    }

    std::uint64_t first_block(std::size_t) override { return 1; }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        const auto next = view.block_number + 1;
        const auto& system = view.state<DebtPositions>(system_);
        look(system, view);
        if (view.block_number % state.scan_blocks != state.phase)
            return next;
        if (wallet.pending() == 0 && gas_money_.refill(wallet))
            return next;
        note_seen(state, view.block_number);
        watch(state, view.block_number);
        std::uint64_t room = calls_max_ - std::min<std::uint64_t>(calls_max_, wallet.pending());
        for (std::size_t i = 0; i < collaterals_.size(); ++i)
        {
            for (const auto& auction : collaterals_[i].auctions)
            {
                if (room > 0 && handle(state, wallet, system, i, auction))
                    --room;
            }
            for (const auto owner : collaterals_[i].unsafe)
            {
                if (room > 0 && start(state, wallet, system, i, owner))
                    --room;
            }
        }
        if (room > 0 && !state.is_busy && !state.sales.is_silent())
            tidy_up(state, wallet, system);
        return next;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        auto& state = states_[position];
        if (outcome.tag == GasMoney::tag)
            return false;
        if (outcome.tag == tidy_tag)
        {
            state.is_busy = false;
            state.sales.count(outcome);
            return false;
        }
        if (const auto seen = state.seen.find(outcome.tag); seen != state.seen.end())
        {
            seen->second.is_pending = false;
            seen->second.committed = {};
            if (seen->second.gain > 0)
                Bidding::learn(state.races, outcome, seen->second.level, seen->second.gain);
        }
        return false;
    }

private:
    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        return state.scan_blocks == born.scan_blocks && state.phase == born.phase &&
               state.reaction_blocks == born.reaction_blocks && state.bid_share == born.bid_share &&
               state.discount == born.discount && state.starts == born.starts &&
               state.sells_first == born.sells_first && is_possible(state.races) &&
               state.sales.is_possible() &&
               std::all_of(state.seen.begin(), state.seen.end(),
                   [](const auto& entry)
                   {
                       const auto& seen = entry.second;
                       return seen.level < Bidding::levels && seen.gain >= 0 &&
                              seen.gain <= gain_max;
                   });
    }

    static constexpr unsigned halvings_max = 6;
    static constexpr double gain_max = 1e30;  // Native coins.
    // Else a tag is the key of what has been seen.
    static constexpr std::uint64_t tidy_tag = ~std::uint64_t{0};
    static constexpr unsigned collateral_shift = 48;
    static constexpr std::uint64_t auction_flag = std::uint64_t{1} << 63U;

    [[nodiscard]] static std::uint64_t key_of(std::size_t i, AccountId owner)
    {
        return (std::uint64_t{i} << collateral_shift) | index(owner);
    }
    [[nodiscard]] static std::uint64_t key_of(std::size_t i, const CollateralAuction& auction)
    {
        return auction_flag | (std::uint64_t{i} << collateral_shift) | auction.id;
    }

    /// One collateral as every wallet sees it.
    struct Collateral
    {
        DebtTerms terms;
        std::vector<AccountId> unsafe;  // Largest debts first, then by account.
        std::vector<CollateralAuction> auctions;
        double usd = 0;  // Per whole token, as the world outside quotes it.
    };

    /// Looks at the system; once per block for all wallets.
    void look(const DebtPositions& system, const WorldView& view)
    {
        if (!collaterals_.empty() && looked_at_ == view.block_number)
            return;
        looked_at_ = view.block_number;
        debt_token_ = system.debt_token();
        debt_usd_ = reference_usd(view, debt_token_);
        debt_decimals_ = decimals_of(*view.world, debt_token_);
        collaterals_.resize(system.collateral_count());
        for (std::size_t i = 0; i < collaterals_.size(); ++i)
        {
            auto& now = collaterals_[i];
            now.terms = system.terms(i);
            now.usd = reference_usd(view, now.terms.collateral);
            now.auctions = system.auctions(i, view.timestamp);
            std::vector<std::pair<Amount, AccountId>> unsafe;
            if (now.terms.starts)
            {
                for (const auto account : system.accounts(i))
                {
                    if (const auto held = system.position(i, account); held.is_unsafe)
                        unsafe.emplace_back(held.debt, account);
                }
            }
            std::stable_sort(unsafe.begin(), unsafe.end(),
                [](const auto& a, const auto& b) { return a.first > b.first; });
            now.unsafe.clear();
            for (const auto& [debt, account] : unsafe)
                now.unsafe.push_back(account);
        }
    }

    /// Remembers since when it sees something, and forgets what is gone.
    void note_seen(WalletState& state, std::uint64_t block) const
    {
        const auto note = [&](std::uint64_t key)
        {
            const auto [found, inserted] = state.seen.try_emplace(key);
            if (inserted)
                found->second.first_block = block;
            found->second.last_block = block;
        };
        for (std::size_t i = 0; i < collaterals_.size(); ++i)
        {
            for (const auto& auction : collaterals_[i].auctions)
                note(key_of(i, auction));
            for (const auto owner : collaterals_[i].unsafe)
                note(key_of(i, owner));
        }
        std::erase_if(state.seen, [block](const auto& entry)
            { return entry.second.last_block != block && !entry.second.is_pending; });
    }

    /// Learns what became of the auction that it left alone at its last look: others bought from
    /// it, or it has as much for sale as then.
    void watch(WalletState& state, std::uint64_t block)
    {
        const auto left = std::exchange(state.left_alone, LeftAlone{});
        left_gain_ = 0;
        if (left.key == 0)
            return;
        bool taken = true;
        for (std::size_t i = 0; i < collaterals_.size(); ++i)
        {
            for (const auto& auction : collaterals_[i].auctions)
            {
                if (key_of(i, auction) == left.key)
                    taken = auction.collateral < left.collateral;
            }
        }
        bidding_.watch(state.races, taken, block);
    }

    [[nodiscard]] double debt_usd(const Amount& amount) const
    {
        return to_whole(amount, debt_decimals_) * debt_usd_;
    }
    /// The lower of what others pay outside, less its discount.
    [[nodiscard]] static double own_value(
        const WalletState& state, const Collateral& now, const Amount& amount)
    {
        return amount.to_double() / now.terms.unit.to_double() * now.usd * (1 - state.discount);
    }

    bool start(WalletState& state, WalletContext& wallet, const DebtPositions& system,
        std::size_t i, AccountId owner)
    {
        const auto& view = wallet.view();
        auto& seen = state.seen.at(key_of(i, owner));
        if (!state.starts || seen.is_pending || owner == wallet.account() ||
            view.block_number < seen.first_block + state.reaction_blocks)
            return false;
        const auto gain = debt_usd(system.start_reward(i, owner)) +
                          debt_usd(system.position(i, owner).debt) * start_gain_;
        if (!is_worth(wallet, system.gas_of(DebtAction::start), gain))
            return false;
        CallWriter calls;
        system.add_start(calls, i, owner, wallet.account());
        send(wallet, std::move(calls), system.gas_of(DebtAction::start), key_of(i, owner));
        seen.is_pending = true;
        seen.gain = 0;
        return true;
    }

    /// Starts an auction again, or buys from it.
    bool handle(WalletState& state, WalletContext& wallet, const DebtPositions& system,
        std::size_t i, const CollateralAuction& auction)
    {
        const auto& view = wallet.view();
        auto& seen = state.seen.at(key_of(i, auction));
        if (seen.is_pending || view.block_number < seen.first_block + state.reaction_blocks)
            return false;
        if (!auction.restarts)
            return take(state, seen, wallet, system, i, auction);
        if (!state.starts || !is_worth(wallet, system.gas_of(DebtAction::restart),
                                 debt_usd(auction.wanted) * start_gain_))
            return false;
        CallWriter calls;
        system.add_restart(calls, i, auction.id, wallet.account());
        send(wallet, std::move(calls), system.gas_of(DebtAction::restart), key_of(i, auction));
        seen.is_pending = true;
        seen.gain = 0;
        return true;
    }

    struct Plan
    {
        AuctionPurchase purchase;
        std::optional<RouteSwap> swap;  // That pays for it.
        contracts::CallGas gas;
        double gain = 0;  // USD, before gas.
    };

    bool take(WalletState& state, Seen& seen, WalletContext& wallet, const DebtPositions& system,
        std::size_t i, const CollateralAuction& auction)
    {
        const auto& view = wallet.view();
        const auto& now = collaterals_[i];
        // What it cannot gain by is not worth a closer look.
        const auto price = debt_usd(auction.price);
        if (auction.price.is_zero() ||
            (state.sells_first ? now.usd : own_value(state, now, now.terms.unit)) <= price)
            return false;
        auto plan = with_own(state, wallet, system, i, auction);
        // One sale at a time: a second one would find the exchanges moved by the first.
        if (state.sells_first && !is_selling(state))
        {
            auto other = with_sale(view, system, i, auction);
            if (other && (!plan || other->gain > plan->gain))
                plan = std::move(other);
        }
        const auto coin_usd = costs_.coin_usd(view);
        if (!plan || !(coin_usd > 0))
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
                state.left_alone = {key_of(i, auction), auction.collateral};
            }
            return false;
        }
        auto bid = Bidding::bid(*offer, race, wallet, coin_usd);
        bid.extra_gas = plan->gas.extra;
        submit(wallet, system, i, auction, *plan, bid);
        seen.is_pending = true;
        seen.committed = plan->swap ? Amount{} : plan->purchase.cost;
        seen.level = offer->level;
        seen.gain = plan->gain / coin_usd;
        return true;
    }

    /// Whether a purchase that it pays with a sale is on its way.
    [[nodiscard]] static bool is_selling(const WalletState& state)
    {
        return std::any_of(state.seen.begin(), state.seen.end(),
            [](const auto& entry)
            {
                const auto& seen = entry.second;
                return seen.is_pending && seen.gain > 0 && seen.committed.is_zero();
            });
    }

    /// What it holds of the system's token, less what is on its way.
    [[nodiscard]] Amount free_capital(const WalletState& state, const WalletContext& wallet) const
    {
        auto capital = holding_of(wallet.view(), debt_token_, wallet.account());
        for (const auto& [key, seen] : state.seen)
            capital = wrapping_sub(capital, std::min(capital, seen.committed));
        return capital;
    }

    [[nodiscard]] std::optional<Plan> with_own(const WalletState& state,
        const WalletContext& wallet, const DebtPositions& system, std::size_t i,
        const CollateralAuction& auction) const
    {
        const auto& now = collaterals_[i];
        const auto capital = free_capital(state, wallet);
        const auto affordable = mul_div_down(capital, now.terms.unit, auction.price);
        if (!affordable.ok() || affordable.value.is_zero())
            return std::nullopt;
        const auto most = std::min(auction.collateral, affordable.value);
        const auto purchase = system.preview_take(i, auction.id, most, wallet.view().timestamp);
        if (!purchase || purchase->cost > capital || purchase->collateral.is_zero())
            return std::nullopt;
        Plan plan;
        plan.purchase = *purchase;
        plan.gas = system.gas_of(DebtAction::take);
        plan.gain = own_value(state, now, purchase->collateral) - debt_usd(purchase->cost);
        return plan;
    }

    /// As much as earns most, in halves, of what exchanges take at once.
    [[nodiscard]] std::optional<Plan> with_sale(const WorldView& view, const DebtPositions& system,
        std::size_t i, const CollateralAuction& auction)
    {
        std::optional<Plan> best;
        auto most = auction.collateral;
        for (unsigned k = 0; k <= halvings_max && !most.is_zero(); ++k, most = div_down(most, 2))
        {
            const auto purchase = system.preview_take(i, auction.id, most, view.timestamp);
            if (!purchase || purchase->collateral.is_zero())
                continue;
            auto swap = desk_.best_swap(
                collaterals_[i].terms.collateral, debt_token_, purchase->collateral);
            if (!swap || swap->amount_out <= purchase->cost)
                continue;
            Plan plan;
            plan.purchase = *purchase;
            plan.gas = system.gas_of(DebtAction::take_and_sell);
            plan.gas += desk_.gas(swap->route);
            plan.gain = debt_usd(wrapping_sub(swap->amount_out, purchase->cost));
            plan.swap = std::move(swap);
            if (!best || plan.gain > best->gain)
                best = std::move(plan);
        }
        return best;
    }

    void submit(WalletContext& wallet, const DebtPositions& system, std::size_t i,
        const CollateralAuction& auction, const Plan& plan, const Bid& bid) const
    {
        const auto& view = wallet.view();
        const auto self = wallet.account();
        CallWriter calls;
        add_approval(
            calls, view, debt_token_, self, system.debt_spender(), Amount::power_of_two(255));
        if (!plan.swap)
            system.add_take(calls, i, auction.id, plan.purchase, self);
        else
        {
            const auto& [route, amount_in, amount_out] = *plan.swap;
            desk_.add_approvals(calls, view, route, Amount::power_of_two(255), self);
            const auto sell = [&, &path = route, &sold = amount_in](CallWriter& sale) {
                desk_.add_orders(
                    sale, path, sold, plan.purchase.cost, self, view.timestamp + order_lifetime);
            };
            system.add_take_and_sell(calls, i, auction.id, plan.purchase, sell, self);
        }
        wallet.submit(std::move(calls), bid, key_of(i, auction));
    }

    [[nodiscard]] bool is_worth(
        const WalletContext& wallet, const contracts::CallGas& gas, double gain) const
    {
        const auto& view = wallet.view();
        const auto price = view.base_fee + wallet.habitual_bid().priority_fee;
        return costs_.usd(view, gas.total(), price) < gain;
    }

    static void send(
        WalletContext& wallet, CallWriter calls, const contracts::CallGas& gas, std::uint64_t tag)
    {
        auto bid = wallet.habitual_bid();
        bid.extra_gas = gas.extra;
        wallet.submit(std::move(calls), bid, tag);
    }

    /// Claims what the system keeps for it, or sells collateral beyond what it began with.
    void tidy_up(WalletState& state, WalletContext& wallet, const DebtPositions& system)
    {
        const auto& view = wallet.view();
        const auto self = wallet.account();
        for (std::size_t i = 0; i < collaterals_.size(); ++i)
        {
            const auto& now = collaterals_[i];
            const auto claims = system.claims(i, self);
            const auto worth =
                debt_usd(claims.debt_token) + own_value(state, now, claims.collateral);
            if (wallet.pending() == 0 &&
                is_worth(wallet, system.gas_of(DebtAction::claim), worth * cost_share_max))
            {
                CallWriter calls;
                system.add_claim(calls, i, claims, self);
                send(wallet, std::move(calls), system.gas_of(DebtAction::claim), tidy_tag);
                state.is_busy = true;
                return;
            }
            const auto held = holding_of(view, now.terms.collateral, self);
            const auto first = state.first_stock.try_emplace(i, held).first->second;
            if (held > first && sell(wallet, now, wrapping_sub(held, first)))
            {
                state.is_busy = true;
                return;
            }
        }
    }

    bool sell(WalletContext& wallet, const Collateral& now, const Amount& amount)
    {
        const auto& view = wallet.view();
        const auto swap = largest_fair_swap(
            desk_, view, now.terms.collateral, debt_token_, amount, slippage_, halvings_max);
        if (!swap)
            return false;
        const auto gas = desk_.gas(swap->route);
        if (!is_worth(wallet, gas, debt_usd(swap->amount_out) * cost_share_max))
            return false;
        CallWriter calls;
        desk_.add_swap(calls, view, swap->route, swap->amount_in,
            min_amount_out(swap->amount_out, static_cast<std::uint32_t>(slippage_ * 5'000)),
            wallet.account(), view.timestamp + order_lifetime);
        send(wallet, std::move(calls), gas, tidy_tag);
        return true;
    }

    // What claims and sales may cost of what they bring.
    static constexpr double cost_share_max = 0.01;

    ContractId system_;
    SwapDesk desk_;
    std::uint64_t calls_max_;
    double profit_min_;
    double start_gain_;
    double slippage_;
    Bidding bidding_;
    GasMoney gas_money_;
    GasCosts costs_;
    ContractId debt_token_{};
    double debt_usd_ = 0;
    std::uint8_t debt_decimals_ = 18;
    std::vector<Collateral> collaterals_;
    std::uint64_t looked_at_ = 0;  // Block.
    double left_gain_ = 0;         // USD, of what it left alone in this decision.
};

}  // namespace

const StrategyType& auction_keeper_strategy()
{
    static const StrategyType type{.name = "auction_keeper",
        .purpose = Purpose::liquidation,
        .help = "Starts auctions of unsafe debt positions and buys from them for profit.",
        .parameters =
            {
                contracts::contract_parameter(
                    "system", DebtPositions::sector, "The system whose positions it watches."),
                contracts::contract_parameter(
                    "router", contracts::Venue::sector, "Through which it sells collateral."),
                {"scan_every", ParameterKind::distribution, "12", unit::seconds,
                    "Time between two looks at positions and auctions.", 1, 1e6},
                {"reaction", ParameterKind::distribution, "{ log_normal = [2.5, 1.0] }",
                    unit::seconds,
                    "Time from first seeing an unsafe position or an auction to the transaction.",
                    0, 1e6},
                {"discount", ParameterKind::distribution, "{ uniform = [0.03, 0.1] }", {},
                    "How far below the reference price it wants collateral that it pays with its "
                    "own.",
                    0, 1},
                {"starts", ParameterKind::distribution, "1", {},
                    "From 0.5 on it starts auctions too, also those that must start again.", 0, 1},
                {"start_gain", ParameterKind::number, "0.01", {},
                    "Share of a position's debt that it expects to earn by the auction that it "
                    "starts, beside the reward.",
                    0, 1},
                {"sells_first", ParameterKind::distribution, "1", {},
                    "From 0.5 on it can pay for collateral with what exchanges give for it in the "
                    "same transaction, where that pays more.",
                    0, 1},
                {"bid_share", ParameterKind::distribution, "{ uniform = [0.05, 0.4] }", {},
                    "Share of the profit that it first believes rivals to bid; then it goes by "
                    "what its own races teach.",
                    0, 1},
                bid_stake_parameter(),
                bid_memory_parameter(),
                gas_money_parameter(),
                {"calls_per_block", ParameterKind::integer, "4", unit::other("transactions"),
                    "The most it has on their way at a time.", 1, 1000},
                {"profit_min", ParameterKind::number, "1", unit::usd,
                    "Least profit after gas and tip.", -1e9, 1e12},
                {"slippage", ParameterKind::number, "0.02", {},
                    "The worst price at which it sells collateral that it has, below the reference "
                    "price; larger amounts are halved.",
                    0, 0.5},
                coin_parameter(),
            },
        .create = create_strategy<AuctionKeeper>};
    return type;
}

}  // namespace runnel::strategies
