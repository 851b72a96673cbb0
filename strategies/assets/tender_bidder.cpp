#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/share_asset.hpp"
#include "strategies/assets/shares.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>

namespace runnel::strategies
{
namespace
{

using contracts::ShareAsset;

struct WalletState
{
    std::uint32_t tries = 0;  // Tenders that it has opened.
    Refusals refusals;
    RUNNEL_FIELDS(tries, refusals);
};

/// Wants the whole asset: offers a price for all shares, a higher one if too few came, ends its
/// tenders in time, and withdraws what its shares earn.
class TenderBidder : public ShareStrategy<WalletState>
{
public:
    TenderBidder(const Parameters& parameters, const WalletGroup& wallets)
      : ShareStrategy{parameters, wallets},
        after_ms_{parameters.duration_ms("after")},
        lasts_ms_{parameters.duration_ms("lasts")},
        premium_{parameters.number("premium")},
        raise_{parameters.number("raise")},
        tries_{static_cast<std::uint32_t>(parameters.integer("tries"))}
    {}

    std::uint64_t first_block(std::size_t) override { return 1; }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        if (outcome.tag == opening && outcome.kind == TransactionOutcome::Kind::succeeded)
            ++states_[position].tries;
        return ShareStrategy::learn(position, outcome);
    }

private:
    static constexpr double claim_min_usd = 1;
    static constexpr std::uint64_t opening = 1;  // The tag of a transaction that opens a tender.

    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState&) const override
    {
        return state.tries <= tries_ && state.refusals.is_possible();
    }

    std::uint64_t look(
        std::size_t, WalletState& state, CallWriter& calls, WalletContext& wallet) override
    {
        const auto& view = wallet.view();
        const auto me = wallet.account();
        const auto tender = asset_.tender();
        std::uint64_t tag = 0;
        const bool may_hold = is_known(calls, asset_, me);
        if (may_hold && !tender)
        {
            open(state, calls, wallet);
            tag = calls.bytes().empty() ? 0 : opening;
        }
        else if (may_hold && tender->bidder == me && !tender->is_squeeze &&
                 view.timestamp >= tender->ends)
        {
            asset_.add_close(calls);
        }
        add_claim(calls, asset_, view, me, claim_min_usd);
        return tag;
    }

    void open(const WalletState& state, CallWriter& calls, const WalletContext& wallet) const
    {
        const auto& view = wallet.view();
        const auto own = shares_of(wallet);
        const auto worth = share_price(view);
        if (view.now_ms < after_ms_ || state.tries >= tries_ || own >= asset_.shares() ||
            !(worth > 0))
            return;
        const auto offered =
            to_units(worth * (1 + premium_ + raise_ * state.tries), currency_decimals_);
        const auto cost = asset_.tender_cost(offered, own);
        if (offered.is_zero() || cost > money_of(wallet))
            return;
        add_approval(calls, view, currency_, wallet.account(), asset_.contract().account(), cost);
        asset_.add_tender(calls, offered,
            std::max(static_cast<std::uint64_t>(lasts_ms_) / 1'000, asset_.tender_seconds_min()));
    }

    std::int64_t after_ms_;
    std::int64_t lasts_ms_;
    double premium_;
    double raise_;
    std::uint32_t tries_;
};

}  // namespace

const StrategyType& tender_bidder_strategy()
{
    static const StrategyType type{.name = "tender_bidder",
        .purpose = Purpose::trade,
        .help = "Offers to buy all shares of an asset at a premium.",
        .parameters =
            {
                contracts::token_parameter("asset", ShareAsset::sector, "The asset."),
                {"after", ParameterKind::duration, "\"180d\"", {},
                    "From the start to its first tender."},
                {"lasts", ParameterKind::duration, "\"20d\"", {},
                    "How long a tender is open; at least the asset's shortest time.", 1'000},
                {"premium", ParameterKind::number, "0.3", {},
                    "What it pays beyond the reference price.", -1, 1e6},
                {"raise", ParameterKind::number, "0.2", {},
                    "How much more it adds to the premium each time that too few came.", 0, 1e6},
                {"tries", ParameterKind::integer, "2", {}, "How many tenders it makes.", 0, 100},
                {"looks_every", ParameterKind::duration, "\"1d\"", {}, "How often it looks.",
                    1'000},
            },
        .create = create_strategy<TenderBidder>};
    return type;
}

}  // namespace runnel::strategies
