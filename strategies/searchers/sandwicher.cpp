#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/rows.hpp"
#include "execution/simulation.hpp"
#include "ledger/transaction.hpp"
#include "strategies/market/bidding.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/gas_money.hpp"
#include "strategies/market/mempool.hpp"
#include "strategies/market/routes.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

namespace runnel::strategies
{
namespace
{

struct WalletState
{
    float profit_min = 0;  // USD.
    float bid_share = 0;   // Of the profit; what it first believes rivals bid.
    RaceMemory races;
    std::uint32_t incidents = 0;  // Sandwiches begun.
    // What it bought ahead of somebody and has not sold again.
    bool has_bought = false;
    std::uint32_t pool = 0;
    std::uint32_t other = 0;  // The position of the token that it paid.
    std::uint32_t token = 1;  // Of the one that it got.
    Amount amount;
    // What the first half of the one under way has used and paid.
    std::uint64_t front_gas = 0;
    std::uint64_t front_gas_price = 0;
    Refusals refusals;
    RUNNEL_FIELDS((profit_min, usd), bid_share, races, incidents, has_bought, pool, other, token,
        (amount, smallest_unit), (front_gas, other("gas")), (front_gas_price, wei_per_gas),
        refusals);
};

/// Sees a swap that waits, buys ahead of it as much as its limit bears, and sells behind it.
///
/// It knows no protocol's calls: what a waiting transaction will trade, and whether it still
/// succeeds behind a purchase, it learns by running both on copies of the committed state, as
/// searchers do on a fork. Its place is a matter of fees: ahead by a higher tip, right behind by
/// the same tip and a later arrival. Where others come between, the second half is refused, and it
/// sells what it holds in the next block. Where builders take bundles, both halves and the victim
/// are one.
class Sandwicher : public StatefulStrategy<WalletState>
{
public:
    Sandwicher(const Parameters& parameters, const WalletGroup& wallets)
      : coin_{parameters.token("coin")},
        attention_{parameters.number("attention")},
        inventory_share_max_{parameters.number("inventory_share_max")},
        deadline_seconds_{static_cast<std::uint64_t>(parameters.duration_ms("deadline")) / 1000},
        bidding_{parameters, wallets.slot_seconds},
        gas_money_{parameters, *wallets.world}
    {
        for (const auto id : parameters.contracts("pairs"))
            pools_.push_back(contracts::find_exchange(*wallets.world, id));
        states_.resize(wallets.accounts.size());
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            const auto number = wallets.first_number + static_cast<std::uint32_t>(i);
            const auto draw = [&](std::string_view what) {
                return static_cast<float>(
                    wallets.draw(parameters.distribution(what), what, number));
            };
            states_[i].profit_min = draw("profit_min");
            states_[i].bid_share = draw("bid_share");
        }
    }

    std::uint64_t first_block(std::size_t) override { return 1; }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        const auto next = view.block_number + 1;
        if (state.refusals.is_silent())
            return never;
        if (wallet.pending() > 0 || view.mempool == nullptr || gas_money_.refill(wallet))
            return next;
        if (state.has_bought)
        {
            sell_off(state, wallet);
            return next;
        }
        look(view);
        std::optional<Plan> best;
        for (const auto& victim : victims_)
        {
            const auto attention = wallet.random().uniform_double();
            if (victim.transaction->sender == wallet.account() || attention >= attention_)
                continue;
            auto plan = plan_around(wallet, victim);
            if (plan && (!best || plan->gain > best->gain))
                best = std::move(plan);
        }
        if (best)
            send(state, wallet, *best);
        return next;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        auto& state = states_[position];
        if (outcome.tag == GasMoney::tag)
            return false;
        const auto step = static_cast<Step>(outcome.tag % steps);
        const auto rest = outcome.tag / steps;
        const bool succeeded = outcome.kind == TransactionOutcome::Kind::succeeded;
        switch (step)
        {
            case Step::front:
                state.has_bought = state.has_bought || succeeded;
                state.front_gas = outcome.gas_used;
                state.front_gas_price = outcome.gas_price;
                break;
            case Step::back:
                state.has_bought = state.has_bought && !succeeded;
                Bidding::learn(state.races, both_halves(state, outcome), rest % Bidding::levels,
                    static_cast<double>(rest / Bidding::levels) / gain_scale);
                break;
            case Step::sale:
                state.has_bought = state.has_bought && !succeeded;
                state.refusals.count(outcome);
                break;
        }
        return false;
    }

private:
    enum class Step : std::uint8_t
    {
        front,
        back,
        sale,  // Of what a sandwich that failed has left.
    };
    static constexpr std::uint64_t steps = 3;
    /// A tag is the step, the level of the bid and, in 1e-9 native coins, the gain.
    static constexpr double gain_scale = 1e9;
    /// Victims of a block that it looks at closely, the largest first.
    static constexpr std::size_t victims_max = 4;

    /// Somebody's swap that waits, and the pool where it can be taken advantage of.
    struct Victim
    {
        const PendingTransaction* transaction = nullptr;
        std::uint32_t pool = 0;
        ContractId token_in{};
        ContractId token_out{};
        double impact = 0;  // Share of the pool's depth that it pays in.
    };
    struct Plan
    {
        Victim victim;
        Amount paid;
        Amount bought;
        Amount profit;    // Of the token that it pays.
        double gain = 0;  // USD, before fees.
        std::uint64_t front_gas = 0;
        std::uint64_t back_gas = 0;
    };

    /// One race: won if the second half succeeds, paid for by both.
    [[nodiscard]] static TransactionOutcome both_halves(
        const WalletState& state, TransactionOutcome back)
    {
        const auto gas = static_cast<double>(back.gas_used) + static_cast<double>(state.front_gas);
        const auto wei =
            static_cast<double>(back.gas_used) * static_cast<double>(back.gas_price) +
            static_cast<double>(state.front_gas) * static_cast<double>(state.front_gas_price);
        back.gas_used += state.front_gas;
        back.gas_price = gas > 0 ? static_cast<std::uint64_t>(wei / gas) : 0;
        return back;
    }

    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        if (state.pool >= pools_.size())
            return false;
        const auto tokens = pools_[state.pool]->tokens().size();
        return state.profit_min == born.profit_min && state.bid_share == born.bid_share &&
               is_possible(state.races) && state.refusals.is_possible() && state.other < tokens &&
               state.token < tokens && state.other != state.token;
    }

    /// What the waiting transactions will trade: the same for all wallets of the cohort.
    void look(const WorldView& view)
    {
        if (looked_ == view.block_number)
            return;
        looked_ = view.block_number;
        victims_.clear();
        trades_.assign(pools_.size(), {});
        block_ = block_of(view);
        for (const auto* waiting : includable_by_tip(view))
        {
            simulation_.begin(*view.world, block_);
            if (!simulation_.run(waiting->calls, waiting->sender))
                continue;
            simulation_.for_each_event<DexTrade>([&](ContractId contract, const DexTrade& trade)
                { add_trade(*waiting, contract, trade); });
        }
        std::stable_sort(victims_.begin(), victims_.end(),
            [](const Victim& a, const Victim& b) { return a.impact > b.impact; });
        if (victims_.size() > victims_max)
            victims_.resize(victims_max);
    }

    void add_trade(const PendingTransaction& waiting, ContractId contract, const DexTrade& trade)
    {
        const auto found = std::find_if(pools_.begin(), pools_.end(),
            [contract](const Exchange* pool) { return pool->contract().id() == contract; });
        if (found == pools_.end() || !(*found)->trades(trade.token_sold) ||
            !(*found)->trades(trade.token_bought))
            return;
        const auto pool = static_cast<std::uint32_t>(found - pools_.begin());
        if (auto& trades = trades_[pool]; trades.empty() || trades.back() != &waiting)
            trades.push_back(&waiting);
        const auto depth = (*found)->depth(trade.token_sold).to_double();
        const auto impact = trade.token_sold_amount_raw.to_double() / depth;
        // Two trades of its own cost twice the fee; the victim moves the price by twice the impact.
        if (depth > 0 && impact > (*found)->fee(trade.token_sold, trade.token_bought))
        {
            victims_.push_back({&waiting, pool, trade.token_sold, trade.token_bought, impact});
        }
    }

    [[nodiscard]] CallWriter swap(const WalletContext& wallet, const Hop& hop,
        const Amount& amount_in, const Amount& amount_out_min) const
    {
        CallWriter calls;
        const std::array<Hop, 1> route{hop};
        desk_.add_swap(calls, wallet.view(), route, amount_in, amount_out_min, wallet.account(),
            wallet.view().timestamp + deadline_seconds_);
        return calls;
    }

    /// Runs a purchase for @p paid as the first of the block, then what waits for the same pool
    /// ahead of the victim, then the victim. False if the purchase or the victim is refused.
    [[nodiscard]] bool run_to_victim(const WalletContext& wallet, const Victim& victim,
        const Hop& hop, const Amount& paid, const Amount& bought_min)
    {
        const auto front = swap(wallet, hop, paid, bought_min);
        const auto& waiting = trades_[victim.pool];
        refused_.assign(waiting.size(), false);
        for (bool again = true; again;)
        {
            again = false;
            simulation_.begin(*wallet.view().world, block_);
            if (!simulation_.run(front.bytes(), wallet.account()))
                return false;
            front_gas_ = intrinsic_gas + simulation_.gas_used();
            // In a bundle nobody comes between.
            const auto others = wallet.view().takes_bundles ? 0 : waiting.size();
            for (std::size_t i = 0; i < others && !again; ++i)
            {
                if (waiting[i] == victim.transaction)
                    break;
                // Behind a refusal all begins anew, without whom was refused.
                if (!refused_[i] && !simulation_.run(waiting[i]->calls, waiting[i]->sender))
                    refused_[i] = again = true;
            }
        }
        return simulation_.run(victim.transaction->calls, victim.transaction->sender).has_value();
    }

    [[nodiscard]] std::optional<Plan> plan_around(WalletContext& wallet, const Victim& victim)
    {
        const auto& view = wallet.view();
        const Hop hop{pools_[victim.pool], victim.token_in, victim.token_out};
        const auto price = reference_usd(view, victim.token_in);
        const auto held = holding_of(view, victim.token_in, wallet.account());
        auto most = Amount::from_double(held.to_double() * inventory_share_max_);
        if (price <= 0 || most.is_zero() || !desk_.can_trade(std::array<Hop, 1>{hop}))
            return std::nullopt;
        // The most that the victim's limit bears: what it earns grows with it.
        if (!run_to_victim(wallet, victim, hop, most, 0))
        {
            Amount least = 0;
            constexpr int halvings = 20;
            for (int i = 0; i < halvings; ++i)
            {
                const auto middle = div_down(wrapping_add(least, most), 2);
                (run_to_victim(wallet, victim, hop, middle, 0) ? least : most) = middle;
            }
            most = least;
        }
        if (most.is_zero())
            return std::nullopt;
        const auto bought = hop.exchange->quote_exact_input(hop.token_in, hop.token_out, most);
        if (!bought || bought->is_zero())
            return std::nullopt;
        Plan plan{victim, most, *bought, {}, 0, 0, 0};
        if (!run_to_victim(wallet, victim, hop, plan.paid, plan.bought) ||
            !simulation_.run(
                swap(wallet, {hop.exchange, hop.token_out, hop.token_in}, plan.bought, plan.paid)
                    .bytes(),
                wallet.account()))
            return std::nullopt;
        plan.front_gas = front_gas_;
        plan.back_gas = intrinsic_gas + simulation_.gas_used();
        Amount returned = 0;
        simulation_.for_each_event<DexTrade>(
            [&](ContractId, const DexTrade& trade) { returned = trade.token_bought_amount_raw; });
        if (returned <= plan.paid)
            return std::nullopt;
        plan.profit = wrapping_sub(returned, plan.paid);
        plan.gain = price * to_whole(plan.profit, decimals_of(*view.world, victim.token_in));
        return plan;
    }

    /// Of the offer the front pays what is left when the back has paid the victim's tip. False: it
    /// would not come first.
    [[nodiscard]] static bool share_offer(
        Bid& front, Bid& back, const Plan& plan, const WalletContext& wallet)
    {
        const auto& view = wallet.view();
        const auto victim_tip = tip_of(*plan.victim.transaction, view);
        const auto gas = plan.front_gas + plan.back_gas;
        const auto wei = static_cast<double>(front.priority_fee) * static_cast<double>(gas) -
                         static_cast<double>(victim_tip) * static_cast<double>(plan.back_gas);
        const auto most = wei / static_cast<double>(plan.front_gas);
        if (most <= static_cast<double>(victim_tip) + 1)
            return false;
        front.priority_fee = static_cast<std::uint64_t>(most);
        front.max_fee = std::max(front.max_fee, view.base_fee + front.priority_fee);
        back = wallet.habitual_bid();
        back.priority_fee = victim_tip;
        back.max_fee = std::max(back.max_fee, view.base_fee + victim_tip);
        return true;
    }

    void send(WalletState& state, WalletContext& wallet, const Plan& plan)
    {
        const auto& view = wallet.view();
        const auto coin_usd = reference_usd(view, coin_);
        if (coin_usd <= 0)
            return;
        const auto gas = plan.front_gas + plan.back_gas;
        const auto race = search_chance(wallet, plan.gain, gas, coin_usd);
        const auto offer = bidding_.offer(
            state.races, race, state.bid_share, state.profit_min, coin_usd, view.block_number);
        if (!offer)
            return;
        const auto& victim = *plan.victim.transaction;
        auto front = Bidding::bid(*offer, race, wallet, coin_usd);
        auto back = front;
        if (view.takes_bundles)
        {
            front.bundle = BundlePlace{2, 0, 1, victim.hash};
            back.bundle = BundlePlace{2, 1, 1, victim.hash};
        }
        else if (!share_offer(front, back, plan, wallet))
            return;
        const Hop hop{pools_[plan.victim.pool], plan.victim.token_in, plan.victim.token_out};
        const std::array<Hop, 1> there{hop};
        const std::array<Hop, 1> home{{{hop.exchange, hop.token_out, hop.token_in}}};
        front.extra_gas = desk_.gas(there).extra;
        back.extra_gas = desk_.gas(home).extra;
        const Motive motive{Purpose::front_running,
            incident_of(wallet.account(), state.incidents++), plan.victim.token_in, plan.profit,
            wallet.account()};
        const auto scaled =
            static_cast<std::uint64_t>(std::clamp(plan.gain / coin_usd * gain_scale, 0.0, 1e15));
        const auto tag = [&](Step step) {
            return static_cast<std::uint64_t>(step) +
                   steps * (offer->level + Bidding::levels * scaled);
        };
        wallet.submit(swap(wallet, hop, plan.paid, plan.bought), front, tag(Step::front), motive);
        wallet.submit(swap(wallet, home[0], plan.bought, plan.paid), back, tag(Step::back), motive);
        state.pool = plan.victim.pool;
        const auto tokens = hop.exchange->tokens();
        const auto place = [&](ContractId token)
        {
            return static_cast<std::uint32_t>(
                std::find(tokens.begin(), tokens.end(), token) - tokens.begin());
        };
        state.other = place(hop.token_in);
        state.token = place(hop.token_out);
        state.amount = plan.bought;
    }

    /// Back into the token that it came from, for what the pool gives now.
    void sell_off(WalletState& state, WalletContext& wallet)
    {
        const auto* pool = pools_[state.pool];
        const Hop hop{pool, pool->tokens()[state.token], pool->tokens()[state.other]};
        const auto held = holding_of(wallet.view(), hop.token_in, wallet.account());
        const auto amount = std::min(held, state.amount);
        const auto quote = pool->quote_exact_input(hop.token_in, hop.token_out, amount);
        if (amount.is_zero() || !quote)
        {
            state.has_bought = false;  // It is gone, or worth nothing here.
            return;
        }
        constexpr std::uint32_t slippage_bps = 100;
        auto bid = wallet.habitual_bid();
        bid.extra_gas = desk_.gas(std::array<Hop, 1>{hop}).extra;
        Motive motive;
        motive.purpose = Purpose::trade;
        wallet.submit(swap(wallet, hop, amount, min_amount_out(*quote, slippage_bps)), bid,
            static_cast<std::uint64_t>(Step::sale), motive);
    }

    std::vector<const Exchange*> pools_;
    ContractId coin_;
    double attention_;
    double inventory_share_max_;
    std::uint64_t deadline_seconds_;
    Bidding bidding_;
    GasMoney gas_money_;
    SwapDesk desk_{nullptr};
    // Caches of the block.
    std::uint64_t looked_ = 0;
    BlockContext block_;
    std::vector<Victim> victims_;
    std::vector<std::vector<const PendingTransaction*>> trades_;  // By pool, in their order.
    std::vector<bool> refused_;
    std::uint64_t front_gas_ = 0;
    Simulation simulation_;
};

}  // namespace

const StrategyType& sandwicher_strategy()
{
    static const StrategyType type{.name = "sandwicher",
        .purpose = Purpose::front_running,
        .help =
            "Watches the mempool for swaps that move a price, buys ahead of them and sells "
            "behind them.",
        .parameters =
            {
                {.name = "pairs",
                    .kind = ParameterKind::contracts,
                    .default_value = "",
                    .unit = {},
                    .help = "Exchanges it watches, of any protocols.",
                    .contract_kind = contracts::Exchange::sector},
                {"coin", ParameterKind::token, "", {},
                    "The token whose reference price is the native coin's (WETH): what gas costs."},
                {"attention", ParameterKind::number, "0.9", unit::other("probability"),
                    "That it makes something of a chance that it could see.", 0, 1},
                {"profit_min", ParameterKind::distribution, "{ uniform = [1, 10] }", unit::usd,
                    "What must be left of a sandwich after gas and bid.", 0, 1e9},
                {"bid_share", ParameterKind::distribution, "{ uniform = [0.3, 0.9] }", {},
                    "Share of the profit that it first believes rivals to bid; then it goes by "
                    "what "
                    "its own races teach.",
                    0, 1},
                {"inventory_share_max", ParameterKind::number, "1", {},
                    "Share of what it holds of a token that one sandwich may take.", 1e-3, 1},
                {"deadline", ParameterKind::duration, "\"2m\"", {},
                    "How long its orders may wait for a block.", 1'000},
                bid_stake_parameter(),
                bid_memory_parameter(),
                gas_money_parameter(),
            },
        .create = create_strategy<Sandwicher>,
        .watches_mempool = true};
    return type;
}

}  // namespace runnel::strategies
