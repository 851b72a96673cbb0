#include "ledger/portable_math.hpp"
#include "strategies/commerce/goods.hpp"
#include "strategies/market/common.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace runnel::strategies
{
namespace
{

using contracts::EscrowParty;
using contracts::EscrowStatus;
using contracts::GoodsListing;
using contracts::GoodsMarket;
using contracts::GoodsOrder;

struct WalletState
{
    float interval_seconds = 0;
    float confirms = 0;  // The share of good deliveries that it confirms,
    float lies = 0;      // and of those that it says never came.
    bool in_escrow = false;
    std::uint32_t wake_block = 0;       // When it buys again.
    std::vector<std::uint32_t> avoids;  // Sellers who have cheated it.
    Refusals refusals;
    RUNNEL_FIELDS((interval_seconds, seconds), confirms, lies, in_escrow,
        (wake_block, block_number), avoids, refusals);
};

/// Buys goods for its own use at the times of a Poisson process, rather from sellers whom buyers
/// praise and who ask little, and never again from one who has cheated it.
///
/// It pays the seller, or an escrow. When a parcel is there it opens it. Of a full one it confirms
/// the receipt, or says nothing; a liar says that it was empty. Of an empty one it raises a
/// dispute, if the money is in escrow, and else has only its rating to hit back with. What a
/// time-out gives it, it asks for.
class GoodsBuyer : public StatefulStrategy<WalletState>
{
public:
    GoodsBuyer(const Parameters& parameters, const WalletGroup& wallets)
      : market_{*contracts::find_goods_market(*wallets.world, parameters.contract("market"))},
        orders_{market_},
        token_{parameters.token("token")},
        decimals_{decimals_of(*wallets.world, token_)},
        transit_{parameters.distribution("transit")},
        spend_share_{parameters.number("spend_share")},
        trust_weight_{parameters.number("trust_weight")},
        price_weight_{parameters.number("price_weight")},
        prior_{parameters.number("prior")},
        prior_ratings_{parameters.number("prior_ratings")},
        belief_{parameters.number("belief")},
        patience_{static_cast<std::uint64_t>(parameters.duration_ms("patience") / 1'000)},
        every_ms_{parameters.duration_ms("every")},
        slot_seconds_{wallets.slot_seconds},
        seed_{wallets.seed},
        stream_{wallets.stream},
        first_number_{wallets.first_number}
    {
        const EventTimes times{wallets, parameters, "interval"};
        states_.resize(wallets.accounts.size());
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            const auto number = first_number_ + static_cast<std::uint32_t>(i);
            const auto draw = [&](std::string_view what)
            { return wallets.draw(parameters.distribution(what), what, number); };
            auto& state = states_[i];
            state.interval_seconds = static_cast<float>(times.mean_seconds(number));
            state.confirms = static_cast<float>(draw("confirms"));
            state.lies = static_cast<float>(draw("lies"));
            state.in_escrow = draw("escrow") >= 0.5;
        }
    }

    std::uint64_t first_block(std::size_t position) override
    {
        static const auto stream = stream_of_name("first_purchase");
        RandomStream random{seed_, stream_ ^ stream, first_number_ + position, 0};
        plan_purchase(states_[position], random, 0);
        return states_[position].wake_block;
    }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        if (state.refusals.is_silent())
            return never;
        const auto look = view.block_number + view.blocks_of_ms(every_ms_);
        if (wallet.pending() > 0)
            return look;
        orders_.observe(view);
        const auto orders = orders_.of_buyer(wallet.account());
        CallWriter calls;
        Motive motive;
        const auto added = see_to(calls, state, wallet, orders, motive);
        if (added > 0)
            wallet.submit(std::move(calls), wallet.habitual_bid(), 0, motive);
        else if (view.block_number >= state.wake_block)
        {
            plan_purchase(state, wallet.random(), view.block_number);
            if (buy(state, wallet))
                return look;
        }
        return orders.empty() && added == 0
                   ? std::max<std::uint64_t>(state.wake_block, view.block_number + 1)
                   : look;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        states_[position].refusals.count(outcome);
        return false;
    }

private:
    static constexpr std::size_t orders_max = 4;   // That it sees to in a transaction.
    static constexpr std::size_t avoids_max = 16;  // That it remembers.
    static constexpr std::uint64_t block_max = std::numeric_limits<std::uint32_t>::max();

    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        return state.interval_seconds == born.interval_seconds && state.confirms == born.confirms &&
               state.lies == born.lies && state.in_escrow == born.in_escrow &&
               state.avoids.size() <= avoids_max && state.refusals.is_possible();
    }

    void plan_purchase(WalletState& state, RandomStream& random, std::uint64_t block) const
    {
        const auto wait = blocks_until_next(random, double{state.interval_seconds}, slot_seconds_);
        state.wake_block = static_cast<std::uint32_t>(std::min(block + wait, block_max));
    }

    // ---- Buying ----

    [[nodiscard]] double weight(
        const WalletState& state, const GoodsListing& listing, WalletContext& wallet) const
    {
        const bool is_avoided = std::find(state.avoids.begin(), state.avoids.end(),
                                    index(listing.seller)) != state.avoids.end();
        if (listing.stock == 0 || listing.token != token_ || listing.seller == wallet.account() ||
            listing.arbiter == wallet.account() || is_avoided)
            return 0;
        const auto& known = market_.reputation(listing.seller);
        // One star is the worst.
        const auto good =
            (static_cast<double>(known.stars) - static_cast<double>(known.ratings)) / 4;
        const auto trust = (prior_ * prior_ratings_ + good) /
                           (prior_ratings_ + static_cast<double>(known.ratings));
        if (!(trust > 0))
            return 0;
        return portable_pow(trust, trust_weight_) /
               portable_pow(to_whole(listing.price, decimals_), price_weight_);
    }

    bool buy(const WalletState& state, WalletContext& wallet) const
    {
        const auto held = holding_of(wallet.view(), token_, wallet.account());
        const auto limit = to_units(to_whole(held, decimals_) * spend_share_, decimals_);
        std::vector<std::pair<std::uint64_t, double>> offers;
        double sum = 0;
        for (std::uint64_t number = 0; number < market_.listings(); ++number)
        {
            const auto& listing = market_.listing(number);
            if (listing.price > limit)
                continue;
            if (const auto w = weight(state, listing, wallet); w > 0)
                offers.emplace_back(number, sum += w);
        }
        const auto point = wallet.random().uniform_double() * sum;
        const auto chosen = std::find_if(offers.begin(), offers.end(),
            [point](const auto& offer) { return point < offer.second; });
        if (chosen == offers.end())
            return false;
        const auto& price = market_.listing(chosen->first).price;
        CallWriter calls;
        add_approval(
            calls, wallet.view(), token_, wallet.account(), market_.contract().account(), price);
        market_.add_purchase(calls, chosen->first, 1, price, state.in_escrow);
        auto bid = wallet.habitual_bid();
        bid.extra_gas += market_.purchase_gas(state.in_escrow).extra;
        wallet.submit(std::move(calls), bid);
        return true;
    }

    // ---- Orders ----

    /// What it thinks of an order, and what it says.
    struct Verdict
    {
        bool is_good = false;    // It has what it paid for,
        bool says_good = false;  // and says so.
        std::uint8_t stars = 1;
    };
    [[nodiscard]] Verdict verdict(
        const WalletState& state, const GoodsOrder& order, std::uint64_t number) const
    {
        const auto parcel = parcel_of(order, number);
        const auto shipping = market_.shipping(order);
        Verdict result;
        result.is_good = shipping.shipped_at != 0 && is_full_parcel(parcel, shipping.reference);
        static const auto lies_stream = stream_of_name("lies");
        auto random = parcel_stream(seed_, lies_stream, parcel);
        // Who has paid the seller himself gains nothing by a lie.
        const bool lies = order.is_in_escrow && random.bernoulli(double{state.lies});
        result.says_good = result.is_good && !lies;
        if (result.says_good)
        {
            const bool was_late =
                2 * (shipping.shipped_at - order.ordered_at) > order.ship_by - order.ordered_at;
            result.stars = was_late ? 3 : 5;
        }
        return result;
    }

    [[nodiscard]] bool has_arrived(
        const GoodsOrder& order, std::uint64_t number, std::uint64_t now) const
    {
        const auto shipped_at = market_.shipping(order).shipped_at;
        if (shipped_at == 0)
            return false;
        static const auto transit_stream = stream_of_name("transit");
        auto random = parcel_stream(seed_, transit_stream, parcel_of(order, number));
        return static_cast<double>(now) >= static_cast<double>(shipped_at) + transit_.draw(random);
    }

    std::size_t see_to(CallWriter& calls, WalletState& state, WalletContext& wallet,
        std::span<const std::uint64_t> orders, Motive& motive)
    {
        const auto& view = wallet.view();
        const auto me = wallet.account();
        const auto& escrow = market_.escrow();
        auto left = holding_of(view, token_, me);
        std::size_t seen_to = 0;
        bool withdraws = false;
        for (const auto number : orders)
        {
            if (seen_to >= orders_max)
                break;
            const auto& order = market_.order(number);
            if (order.token != token_)
                continue;
            bool is_over = false;
            std::size_t added = 0;
            if (order.is_in_escrow)
                added = see_to_deal(calls, state, wallet, number, left, is_over, withdraws, motive);
            else
            {
                is_over = has_arrived(order, number, view.timestamp) ||
                          (order.shipped_at == 0 && view.timestamp >= order.ship_by + patience_);
            }
            if (is_over)
            {
                const auto opinion = verdict(state, order, number);
                market_.add_rating(calls, number, opinion.stars);
                if (!opinion.is_good)
                    avoid(state, order.seller);
                ++added;
            }
            seen_to += added > 0 ? 1 : 0;
        }
        // A ruling may have given it something that no call of this transaction does.
        if (withdraws || (seen_to > 0 && !escrow.credit(me, token_).is_zero()))
            escrow.add_withdrawal(calls, me, token_);
        return seen_to;
    }

    /// Does what an order in escrow needs. Returns how many calls that took.
    std::size_t see_to_deal(CallWriter& calls, const WalletState& state, WalletContext& wallet,
        std::uint64_t number, Amount& left, bool& is_over, bool& withdraws, Motive& motive) const
    {
        const auto now = wallet.view().timestamp;
        const auto& escrow = market_.escrow();
        const auto& order = market_.order(number);
        const auto& deal = escrow.deal(order.deal);
        const auto settle = [&]
        {
            escrow.add_settlement(calls, order.deal);
            is_over = withdraws = true;
            return std::size_t{1};
        };
        switch (deal.status)
        {
            case EscrowStatus::resolved: is_over = true; return 0;
            case EscrowStatus::waiting_seller:
            case EscrowStatus::dispute_created: return escrow.is_due(deal, now) ? settle() : 0;
            case EscrowStatus::waiting_buyer: {
                const auto opinion = verdict(state, order, number);
                return opinion.says_good
                           ? 0
                           : dispute(calls, wallet, order.deal, opinion, left, motive);
            }
            case EscrowStatus::no_dispute: break;
        }
        if (deal.shipped_at == 0)
            return escrow.is_due(deal, now) ? settle() : 0;
        if (escrow.is_due(deal, now))
        {
            // The seller will have it: there is nothing left to be done.
            is_over = true;
            return 0;
        }
        if (!has_arrived(order, number, now))
            return 0;
        const auto opinion = verdict(state, order, number);
        if (!opinion.says_good)
        {
            const auto added = dispute(calls, wallet, order.deal, opinion, left, motive);
            is_over = added == 0;
            return added;
        }
        is_over = true;
        static const auto confirms_stream = stream_of_name("confirms");
        auto random = parcel_stream(seed_, confirms_stream, {true, order.deal});
        if (!random.bernoulli(double{state.confirms}))
            return 0;
        escrow.add_release(calls, order.deal, deal.amount);
        return 1;
    }

    /// Deposits for the arbiter what it believes to be worth it; 0 if it is not, or cannot.
    std::size_t dispute(CallWriter& calls, WalletContext& wallet, std::uint64_t number,
        const Verdict& opinion, Amount& left, Motive& motive) const
    {
        const auto& escrow = market_.escrow();
        const auto& deal = escrow.deal(number);
        const auto deposit = escrow.deposit(deal, EscrowParty::buyer);
        const auto stake = to_whole(deposit, decimals_);
        const auto gain = to_whole(deal.amount, decimals_);
        if (deposit > left || belief_ * gain <= stake)
            return 0;
        left = wrapping_sub(left, deposit);
        if (opinion.is_good)
            add_fraud(motive, wallet.account(), token_, {true, number}, deal.amount);
        add_approval(
            calls, wallet.view(), token_, wallet.account(), escrow.contract().account(), deposit);
        escrow.add_deposit(calls, number, EscrowParty::buyer);
        return 2;
    }

    void avoid(WalletState& state, AccountId seller) const
    {
        if (std::find(state.avoids.begin(), state.avoids.end(), index(seller)) !=
            state.avoids.end())
            return;
        if (state.avoids.size() == avoids_max)
            state.avoids.erase(state.avoids.begin());
        state.avoids.push_back(index(seller));
    }

    const GoodsMarket& market_;
    OpenOrders orders_;
    ContractId token_;
    std::uint8_t decimals_;
    Distribution transit_;
    double spend_share_;
    double trust_weight_;
    double price_weight_;
    double prior_;
    double prior_ratings_;
    double belief_;
    std::uint64_t patience_;  // Seconds.
    std::int64_t every_ms_;
    std::uint32_t slot_seconds_;
    std::uint64_t seed_;
    std::uint64_t stream_;
    std::uint32_t first_number_;
};

}  // namespace

const StrategyType& goods_buyer_strategy()
{
    static const StrategyType type{.name = "goods_buyer",
        .purpose = Purpose::payment,
        .help = "Buys goods on a marketplace, directly or in escrow, and learns whom to trust.",
        .parameters =
            {
                {.name = "market",
                    .kind = ParameterKind::contract,
                    .default_value = "",
                    .unit = {},
                    .help = "Where it buys.",
                    .contract_kind = GoodsMarket::sector},
                {"token", ParameterKind::token, "", {}, "What it pays in."},
                {"interval", ParameterKind::distribution, "{ log_normal = [11, 0.6] }",
                    unit::seconds, "Mean time between a wallet's purchases.", 1},
                {"escrow", ParameterKind::distribution, "1", {},
                    "From 0.5 on it pays the escrow, below it pays the seller.", 0, 1},
                {"spend_share", ParameterKind::number, "0.5", {},
                    "The most that it spends on a piece, as a share of what it holds.", 0, 1},
                {"transit", ParameterKind::distribution, "{ log_normal = [11.5, 0.4] }",
                    unit::seconds, "From a shipment until the parcel is there.", 0, 1e9},
                {"confirms", ParameterKind::distribution, "0.7", {},
                    "The share of good deliveries whose receipt it confirms; it keeps silent about "
                    "the others.",
                    0, 1},
                {"lies", ParameterKind::distribution, "0", {},
                    "The share of good deliveries in escrow that it says were empty.", 0, 1},
                {"trust_weight", ParameterKind::number, "3", {},
                    "How much more it buys from those with better ratings: an exponent.", 0, 100},
                {"price_weight", ParameterKind::number, "1", {},
                    "How much less it buys of what costs more: an exponent.", 0, 100},
                {"prior", ParameterKind::number, "0.8", {},
                    "What it thinks of a seller without ratings, from 0 to 1.", 0, 1},
                {"prior_ratings", ParameterKind::number, "5", unit::other("ratings"),
                    "How many ratings that thought outweighs.", 0.001, 1e6},
                {"belief", ParameterKind::number, "0.9", {},
                    "How probable it thinks that an arbiter finds for it.", 0, 1},
                {"patience", ParameterKind::duration, "\"4d\"", {},
                    "How long after the promised time it gives an order up that it paid directly.",
                    1'000},
                {"every", ParameterKind::duration, "\"1h\"", {},
                    "From one look at its orders to the next.", 1'000},
            },
        .create = create_strategy<GoodsBuyer>};
    return type;
}

}  // namespace runnel::strategies
