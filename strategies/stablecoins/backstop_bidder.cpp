#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/backstop_auctions.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/gas_money.hpp"
#include "strategies/market/lending_market.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace runnel::strategies
{
namespace
{

using contracts::BackstopAction;
using contracts::BackstopAuction;
using contracts::BackstopAuctions;
using contracts::BackstopBid;
using contracts::BackstopKind;

struct WalletState
{
    std::uint64_t scan_blocks = 1;
    std::uint64_t phase = 0;
    double discount = 0;  // That it wants on what it gets.
    double opening = 0;   // How near to its limit it begins, 1: there.
    bool starts = false;
    Refusals bids;         // And starts, that were refused.
    Refusals collections;  // Likewise settlements and claims.
    RUNNEL_FIELDS(scan_blocks, phase, discount, opening, starts, bids, collections);
};

/// Bids in a system's auctions of surplus and of debt, at what governance tokens cost elsewhere.
///
/// Its limit is the reference price less a discount of its own: so much of the governance token for
/// a surplus, at least so much of it for money. It begins some way off, betters who outbids it by
/// as little as it may, and leaves an auction that has passed its limit to others. It pays with
/// what it holds, one transaction at a time, settles what it has won, and has money paid out that
/// outbid bids leave with the system. One that starts auctions does so when the system's books
/// allow it, there is none of the kind that nobody has bid in, and it would bid itself.
class BackstopBidder : public StatefulStrategy<WalletState>
{
public:
    BackstopBidder(const Parameters& parameters, const WalletGroup& wallets)
      : system_{parameters.contract("system")},
        profit_min_{parameters.number("profit_min")},
        gas_money_{parameters, *wallets.world},
        costs_{parameters}
    {
        states_.resize(wallets.accounts.size());
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            const WalletDraws draw{parameters, wallets, i};
            auto& state = states_[i];
            state.scan_blocks = static_cast<std::uint64_t>(
                std::clamp(draw("scan_every") / wallets.slot_seconds + 0.5, 1.0, 1e6));
            state.phase = draw.number() % state.scan_blocks;
            state.discount = draw("discount");
            state.opening = draw("opening");
            state.starts = draw("starts") >= 0.5;
        }
    }

    std::uint64_t first_block(std::size_t position) override { return 1 + states_[position].phase; }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        const auto next = view.block_number + state.scan_blocks;
        if (wallet.pending() > 0 || gas_money_.refill(wallet))
            return next;
        const auto& system = view.state<BackstopAuctions>(system_);
        if (look(system, view))
            act(state, wallet, system);
        return next;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        if (outcome.tag == GasMoney::tag)
            return false;
        auto& state = states_[position];
        (outcome.tag == collects_tag ? state.collections : state.bids).count(outcome);
        return false;
    }

private:
    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        return state.scan_blocks == born.scan_blocks && state.phase == born.phase &&
               state.discount == born.discount && state.opening == born.opening &&
               state.starts == born.starts && state.bids.is_possible() &&
               state.collections.is_possible();
    }

    // Of settlements and claims.
    static constexpr std::uint64_t collects_tag = 1;
    // What a settlement or a claim may cost of what it brings.
    static constexpr double cost_share_max = 0.01;
    static constexpr std::array kinds{BackstopKind::surplus, BackstopKind::deficit};

    /// A token with its price outside.
    struct Coin
    {
        ContractId token{};
        double usd = 0;
        std::uint8_t decimals = 18;

        [[nodiscard]] double worth(const Amount& amount) const
        {
            return to_whole(amount, decimals) * usd;
        }
        [[nodiscard]] Amount for_usd(double dollars) const
        {
            return to_units(dollars / usd, decimals);
        }
    };
    /// What a winner gets, and gives.
    [[nodiscard]] const Coin& won(BackstopKind kind) const
    {
        return kind == BackstopKind::surplus ? money_ : governance_;
    }
    [[nodiscard]] const Coin& given(BackstopKind kind) const
    {
        return kind == BackstopKind::surplus ? governance_ : money_;
    }

    /// Whether there are such auctions, and prices to judge them by.
    bool look(const BackstopAuctions& system, const WorldView& view)
    {
        const auto governance = system.governance_token();
        if (!governance)
            return false;
        const auto coin = [&view](ContractId token) {
            return Coin{token, reference_usd(view, token), decimals_of(*view.world, token)};
        };
        governance_ = coin(*governance);
        money_ = coin(system.backstop_money());
        return governance_.usd > 0 && money_.usd > 0;
    }

    struct Plan
    {
        CallWriter calls;
        double gain = 0;  // USD, after gas.
        std::uint64_t tag = 0;
    };

    void act(const WalletState& state, WalletContext& wallet, const BackstopAuctions& system)
    {
        std::optional<Plan> best;
        const auto consider = [&](std::optional<Plan> plan)
        {
            const bool is_silent =
                plan && (plan->tag == collects_tag ? state.collections.is_silent()
                                                   : state.bids.is_silent());
            if (plan && !is_silent && (!best || plan->gain > best->gain))
                best = std::move(plan);
        };
        consider(claim(wallet, system));
        for (const auto kind : kinds)
        {
            const auto auctions = system.backstop_auctions(kind, wallet.view().timestamp);
            bool is_ignored = false;
            for (const auto& auction : auctions)
            {
                is_ignored = is_ignored || auction.bidder == zero_account;
                if (auction.is_over)
                    consider(settle(wallet, system, kind, auction));
                else if (auction.restarts)
                    consider(restart(state, wallet, system, kind, auction));
                else if (auction.takes_bids)
                    consider(bid(state, wallet, system, kind, auction));
            }
            if (!is_ignored)
                consider(start(state, wallet, system, kind));
        }
        if (best)
            wallet.submit(std::move(best->calls), wallet.habitual_bid(), best->tag);
    }

    [[nodiscard]] double gas_usd(const WalletContext& wallet, const contracts::CallGas& gas) const
    {
        const auto& view = wallet.view();
        return costs_.usd(view, gas.total(), view.base_fee + wallet.habitual_bid().priority_fee);
    }

    /// The bid that it makes after the last one, which @p least betters; empty beyond its limit, or
    /// for want of what it pays with.
    [[nodiscard]] std::optional<BackstopBid> choose(const WalletState& state,
        const WalletContext& wallet, BackstopKind kind, const BackstopBid& least) const
    {
        const auto held = holding_of(wallet.view(), given(kind).token, wallet.account());
        auto bid = least;
        if (kind == BackstopKind::surplus)
        {
            const auto limit = money_.worth(least.won) * (1 - state.discount);
            if (governance_.worth(least.given) > limit)
                return std::nullopt;
            bid.given =
                std::max(least.given, std::min(held, governance_.for_usd(limit * state.opening)));
        }
        else
        {
            const auto limit = money_.worth(least.given) / (1 - state.discount);
            if (governance_.worth(least.won) < limit)
                return std::nullopt;
            bid.won = std::min(least.won, governance_.for_usd(limit / state.opening));
        }
        if (bid.given > held || bid.given.is_zero() || bid.won.is_zero())
            return std::nullopt;
        return bid;
    }
    [[nodiscard]] double gain_of(BackstopKind kind, const BackstopBid& bid) const
    {
        return won(kind).worth(bid.won) - given(kind).worth(bid.given);
    }

    [[nodiscard]] std::optional<Plan> bid(const WalletState& state, const WalletContext& wallet,
        const BackstopAuctions& system, BackstopKind kind, const BackstopAuction& auction) const
    {
        const auto least = system.better_bid(kind, auction);
        if (auction.bidder == wallet.account() || !least)
            return std::nullopt;
        const auto chosen = choose(state, wallet, kind, *least);
        if (!chosen)
            return std::nullopt;
        Plan plan;
        plan.gain = gain_of(kind, *chosen) -
                    gas_usd(wallet, system.backstop_gas(kind, BackstopAction::bid)) -
                    gas_usd(wallet, system.backstop_gas(kind, BackstopAction::settle));
        if (plan.gain < profit_min_)
            return std::nullopt;
        system.add_backstop_bid(plan.calls, kind, auction.id, *chosen, wallet.account());
        return plan;
    }

    /// Whether it would bid in an auction that takes @p least first, and what it would gain after
    /// it has paid for @p before too.
    [[nodiscard]] std::optional<Plan> prospect(const WalletState& state,
        const WalletContext& wallet, const BackstopAuctions& system, BackstopKind kind,
        const std::optional<BackstopBid>& least, BackstopAction before) const
    {
        const auto chosen = least ? choose(state, wallet, kind, *least) : std::nullopt;
        if (!chosen)
            return std::nullopt;
        Plan plan;
        plan.gain = gain_of(kind, *chosen);
        for (const auto action : {before, BackstopAction::bid, BackstopAction::settle})
            plan.gain -= gas_usd(wallet, system.backstop_gas(kind, action));
        return plan.gain < profit_min_ ? std::nullopt : std::optional{std::move(plan)};
    }

    [[nodiscard]] std::optional<Plan> start(const WalletState& state, const WalletContext& wallet,
        const BackstopAuctions& system, BackstopKind kind) const
    {
        if (!state.starts)
            return std::nullopt;
        const auto now = wallet.view().timestamp;
        auto plan = prospect(
            state, wallet, system, kind, system.first_bid(kind, now), BackstopAction::start);
        if (plan)
            system.add_backstop(plan->calls, kind, now);
        return plan;
    }

    [[nodiscard]] std::optional<Plan> restart(const WalletState& state, const WalletContext& wallet,
        const BackstopAuctions& system, BackstopKind kind, const BackstopAuction& auction) const
    {
        if (!state.starts)
            return std::nullopt;
        auto plan = prospect(
            state, wallet, system, kind, system.better_bid(kind, auction), BackstopAction::restart);
        if (plan)
            system.add_backstop_restart(plan->calls, kind, auction.id);
        return plan;
    }

    [[nodiscard]] std::optional<Plan> settle(const WalletContext& wallet,
        const BackstopAuctions& system, BackstopKind kind, const BackstopAuction& auction) const
    {
        if (auction.bidder != wallet.account())
            return std::nullopt;
        return collect(wallet, won(kind).worth(auction.won),
            system.backstop_gas(kind, BackstopAction::settle),
            [&](CallWriter& calls) { system.add_backstop_settlement(calls, kind, auction.id); });
    }

    [[nodiscard]] std::optional<Plan> claim(
        const WalletContext& wallet, const BackstopAuctions& system) const
    {
        const auto amount = system.backstop_claim(wallet.account());
        return collect(wallet, money_.worth(amount),
            system.backstop_gas(BackstopKind::surplus, BackstopAction::claim),
            [&](CallWriter& calls) { system.add_backstop_claim(calls, amount, wallet.account()); });
    }

    /// Takes what is its own already, if that is worth the gas.
    template <typename AddCalls>
    [[nodiscard]] std::optional<Plan> collect(const WalletContext& wallet, double worth,
        const contracts::CallGas& gas, AddCalls add_calls) const
    {
        const auto cost = gas_usd(wallet, gas);
        if (cost >= worth * cost_share_max)
            return std::nullopt;
        Plan plan;
        plan.gain = worth - cost;
        plan.tag = collects_tag;
        add_calls(plan.calls);
        return plan;
    }

    ContractId system_;
    double profit_min_;
    GasMoney gas_money_;
    GasCosts costs_;
    Coin money_;
    Coin governance_;
};

}  // namespace

const StrategyType& backstop_bidder_strategy()
{
    static const StrategyType type{.name = "backstop_bidder",
        .purpose = Purpose::arbitrage,
        .help = "Starts and bids in a system's auctions of its surplus and of its bad debt.",
        .parameters =
            {
                contracts::contract_parameter(
                    "system", BackstopAuctions::sector, "The system whose auctions it watches."),
                {"scan_every", ParameterKind::distribution, "{ log_normal = [6.4, 0.8] }",
                    unit::seconds, "Time between two looks at auctions.", 1, 1e6},
                {"discount", ParameterKind::distribution, "{ uniform = [0.02, 0.15] }", {},
                    "How far below the reference price it wants what it gets.", 0, 0.99},
                {"opening", ParameterKind::distribution, "{ uniform = [0.5, 0.95] }", {},
                    "How near to its limit it opens an auction, 1: there.", 0.01, 1},
                {"starts", ParameterKind::distribution, "1", {},
                    "From 0.5 on it starts auctions too, also those that must start again.", 0, 1},
                {"profit_min", ParameterKind::number, "10", unit::usd,
                    "Least profit after gas for a bid.", -1e9, 1e12},
                gas_money_parameter(),
                coin_parameter(),
            },
        .create = create_strategy<BackstopBidder>};
    return type;
}

}  // namespace runnel::strategies
