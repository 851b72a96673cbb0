#include "strategies/commerce/goods.hpp"
#include "strategies/market/common.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>

namespace runnel::strategies
{
namespace
{

using contracts::EscrowParty;
using contracts::EscrowStatus;
using contracts::GoodsMarket;

struct WalletState
{
    double price = 0;  // Whole tokens.
    std::uint32_t stock = 0;
    float cheats = 0;    // The share of orders that it ships an empty parcel for,
    float contests = 0;  // and of disputes over these that it stands.
    Refusals refusals;
    RUNNEL_FIELDS((price, whole_tokens), stock, cheats, contests, refusals);
};

/// Sells one kind of goods. It lists them, ships what is ordered after a time that it needs for
/// each, and buys from a supplier what it ships. A cheat posts a shipment too, of an empty parcel,
/// and saves what the goods would have cost.
///
/// It looks at its orders every so often, stands the disputes in which it is right, lets the others
/// go unless it hopes for an arbiter's error, asks for what time-outs give it, and withdraws what
/// has come together.
class GoodsSeller : public StatefulStrategy<WalletState>
{
public:
    GoodsSeller(const Parameters& parameters, const WalletGroup& wallets)
      : market_{*contracts::find_goods_market(*wallets.world, parameters.contract("market"))},
        orders_{market_},
        token_{parameters.token("token")},
        decimals_{decimals_of(*wallets.world, token_)},
        handling_{parameters.distribution("handling")},
        cost_share_{parameters.number("cost_share")},
        arbitration_cost_{to_units(parameters.number("arbitration_cost"), decimals_)},
        withdraw_min_{to_units(parameters.number("withdraw_min"), decimals_)},
        ship_within_{seconds(parameters, "ship_within")},
        inspection_{seconds(parameters, "inspection")},
        every_ms_{parameters.duration_ms("every")},
        seed_{wallets.seed},
        stream_{wallets.stream},
        first_number_{wallets.first_number},
        groups_{wallets.groups},
        suppliers_{find_group(*groups_, parameters.text("suppliers"))},
        arbiters_{find_group(*groups_, parameters.text("arbiters"))}
    {
        states_.resize(wallets.accounts.size());
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            const auto number = first_number_ + static_cast<std::uint32_t>(i);
            const auto draw = [&](std::string_view what)
            { return wallets.draw(parameters.distribution(what), what, number); };
            auto& state = states_[i];
            state.price = draw("price");
            state.stock = static_cast<std::uint32_t>(draw("stock"));
            state.cheats = static_cast<float>(draw("cheats"));
            state.contests = static_cast<float>(draw("contests"));
        }
    }

    std::uint64_t first_block(std::size_t position) override
    {
        // Spread, so that sellers do not all look at once.
        static const auto stream = stream_of_name("first_look");
        RandomStream random{seed_, stream_ ^ stream, first_number_ + position, 0};
        return 1 + random.uniform_below(first_blocks);
    }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        const auto& state = states_[position];
        const auto& view = wallet.view();
        if (state.refusals.is_silent())
            return never;
        const auto next = view.block_number + view.blocks_of_ms(every_ms_);
        if (wallet.pending() > 0)
            return next;
        orders_.observe(view);
        const auto listings = orders_.listings_of(wallet.account());
        CallWriter calls;
        Motive motive;
        std::size_t added = 0;
        if (listings.empty())
            added = add_listing(calls, state, wallet);
        else
        {
            added = serve(calls, state, wallet, motive);
            if (market_.listing(listings.front()).stock == 0)
            {
                market_.add_update(
                    calls, listings.front(), market_.listing(listings.front()).price, state.stock);
                ++added;
            }
        }
        if (added > 0)
            wallet.submit(std::move(calls), wallet.habitual_bid(), 0, motive);
        return next;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        states_[position].refusals.count(outcome);
        return false;
    }

private:
    static constexpr std::uint64_t first_blocks = 50;
    static constexpr std::size_t calls_max = 12;

    [[nodiscard]] static std::uint64_t seconds(const Parameters& parameters, std::string_view name)
    {
        return static_cast<std::uint64_t>(parameters.duration_ms(name) / 1'000);
    }
    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        return state.price == born.price && state.stock == born.stock &&
               state.cheats == born.cheats && state.contests == born.contests &&
               state.refusals.is_possible();
    }

    std::size_t add_listing(
        CallWriter& calls, const WalletState& state, WalletContext& wallet) const
    {
        const auto price = to_units(state.price, decimals_);
        if (arbiters_ == nullptr || arbiters_->empty() || price.is_zero())
            return 0;
        const auto arbiter = (*arbiters_)[wallet.random().uniform_below(arbiters_->size())];
        market_.add_listing(calls, {wallet.account(), token_, price, state.stock, arbiter,
                                       arbitration_cost_, ship_within_, inspection_});
        return 1;
    }

    /// Does what its open orders need, the oldest first. Returns how many calls that took.
    std::size_t serve(
        CallWriter& calls, const WalletState& state, WalletContext& wallet, Motive& motive)
    {
        const auto& view = wallet.view();
        const auto me = wallet.account();
        const auto& escrow = market_.escrow();
        auto left = holding_of(view, token_, me);
        std::size_t added = 0;
        for (const auto number : orders_.of_seller(me))
        {
            if (added >= calls_max)
                break;
            const auto& order = market_.order(number);
            if (order.token != token_)
                continue;
            if (!order.is_in_escrow)
            {
                added += ship(calls, state, wallet, number, left, motive);
                continue;
            }
            const auto& deal = escrow.deal(order.deal);
            if (deal.status == EscrowStatus::no_dispute && deal.shipped_at == 0)
                added += ship(calls, state, wallet, number, left, motive);
            else if (deal.status == EscrowStatus::waiting_seller)
                added += stand(calls, state, wallet, order.deal, left, motive);
            else if (escrow.is_due(deal, view.timestamp))
            {
                escrow.add_settlement(calls, order.deal);
                ++added;
            }
        }
        const auto& credit = escrow.credit(me, token_);
        if (!credit.is_zero() && credit >= withdraw_min_)
        {
            escrow.add_withdrawal(calls, me, token_);
            ++added;
        }
        return added;
    }

    /// Ships an order once it is ready, and pays a supplier for what is in the parcel.
    std::size_t ship(CallWriter& calls, const WalletState& state, WalletContext& wallet,
        std::uint64_t number, Amount& left, Motive& motive)
    {
        const auto& view = wallet.view();
        const auto& order = market_.order(number);
        const auto parcel = parcel_of(order, number);
        static const auto handling_stream = stream_of_name("handling");
        auto handling = parcel_stream(seed_, handling_stream, parcel);
        const auto ready = static_cast<double>(order.ordered_at) + handling_.draw(handling);
        if (static_cast<double>(view.timestamp) < ready)
            return 0;
        // The escrow takes no shipment from then on: the buyer will have his money back.
        if (order.is_in_escrow && view.timestamp >= order.ship_by)
            return 0;
        const bool is_full = !cheats(state, parcel);
        std::size_t added = 1;
        if (is_full && suppliers_ != nullptr && !suppliers_->empty())
        {
            const auto cost = to_units(to_whole(order.total, decimals_) * cost_share_, decimals_);
            if (cost > left)
                return 0;
            left = wrapping_sub(left, cost);
            static const auto supplier_stream = stream_of_name("supplier");
            auto random = parcel_stream(seed_, supplier_stream, parcel);
            const auto supplier = (*suppliers_)[random.uniform_below(suppliers_->size())];
            if (!cost.is_zero() && supplier != wallet.account())
            {
                add_payment(calls, token_, supplier, cost);
                ++added;
            }
        }
        if (!is_full)
            add_fraud(motive, wallet.account(), token_, parcel, order.total);
        market_.add_shipment(calls, number, seal_parcel(parcel, is_full));
        return added;
    }

    /// Makes the deposit that a dispute asks for, if it is worth that.
    std::size_t stand(CallWriter& calls, const WalletState& state, WalletContext& wallet,
        std::uint64_t number, Amount& left, Motive& motive)
    {
        const auto& escrow = market_.escrow();
        const auto& deal = escrow.deal(number);
        const ParcelNumber parcel{true, number};
        const bool is_full = is_full_parcel(parcel, deal.reference);
        if (!is_full)
        {
            static const auto contests_stream = stream_of_name("contests");
            auto random = parcel_stream(seed_, contests_stream, parcel);
            if (!random.bernoulli(double{state.contests}))
                return 0;
        }
        const auto deposit = escrow.deposit(deal, EscrowParty::seller);
        if (deposit > left || deposit >= deal.amount)
            return 0;
        if (!is_full)
            add_fraud(motive, wallet.account(), token_, parcel, deal.amount);
        left = wrapping_sub(left, deposit);
        add_approval(
            calls, wallet.view(), token_, wallet.account(), escrow.contract().account(), deposit);
        escrow.add_deposit(calls, number, EscrowParty::seller);
        return 2;
    }

    [[nodiscard]] bool cheats(const WalletState& state, ParcelNumber parcel) const
    {
        static const auto cheats_stream = stream_of_name("cheats");
        auto random = parcel_stream(seed_, cheats_stream, parcel);
        return random.bernoulli(double{state.cheats});
    }

    const GoodsMarket& market_;
    OpenOrders orders_;
    ContractId token_;
    std::uint8_t decimals_;
    Distribution handling_;
    double cost_share_;
    Amount arbitration_cost_;
    Amount withdraw_min_;
    std::uint64_t ship_within_;
    std::uint64_t inspection_;
    std::int64_t every_ms_;
    std::uint64_t seed_;
    std::uint64_t stream_;
    std::uint32_t first_number_;
    std::shared_ptr<const GroupAccounts> groups_;
    const std::vector<AccountId>* suppliers_;  // Of *groups_.
    const std::vector<AccountId>* arbiters_;   // Likewise.
};

}  // namespace

const StrategyType& goods_seller_strategy()
{
    static const StrategyType type{.name = "goods_seller",
        .purpose = Purpose::payment,
        .help = "Sells goods on a marketplace: lists, ships, stands disputes; or cheats.",
        .parameters =
            {
                {.name = "market",
                    .kind = ParameterKind::contract,
                    .default_value = "",
                    .unit = {},
                    .help = "Where it sells.",
                    .contract_kind = GoodsMarket::sector},
                {"token", ParameterKind::token, "", {}, "What it wants to be paid in."},
                {"price", ParameterKind::distribution, "{ log_normal = [4, 0.6] }",
                    unit::whole_tokens, "What a piece costs.", 0, 1e12},
                {"stock", ParameterKind::distribution, "50", unit::other("pieces"),
                    "How many it lists, and lists again when all are sold.", 0, 1e9},
                {"handling", ParameterKind::distribution, "{ log_normal = [10.5, 0.6] }",
                    unit::seconds, "From each order until it is shipped.", 0, 1e9},
                {"cheats", ParameterKind::distribution, "0", {},
                    "The share of orders for which it ships an empty parcel.", 0, 1},
                {"contests", ParameterKind::distribution, "0", {},
                    "The share of disputes over empty parcels that it stands.", 0, 1},
                {"cost_share", ParameterKind::number, "0.7", {},
                    "What it pays a supplier for goods that it ships, as a share of their price.",
                    0, 1},
                {"suppliers", ParameterKind::group, "\"\"", {},
                    "Name of the group that it pays; empty: goods cost it nothing."},
                {"arbiters", ParameterKind::group, "", {},
                    "Name of the group one of whom decides its disputes."},
                {"arbitration_cost", ParameterKind::number, "10", unit::whole_tokens,
                    "What its listings promise the arbiter for a ruling.", 0, 1e12},
                {"ship_within", ParameterKind::duration, "\"3d\"", {},
                    "What its listings promise buyers.", 1'000},
                {"inspection", ParameterKind::duration, "\"7d\"", {},
                    "From the shipment, how long its buyers have to dispute.", 1'000},
                {"withdraw_min", ParameterKind::number, "100", unit::whole_tokens,
                    "It leaves less in the escrow.", 0, 1e12},
                {"every", ParameterKind::duration, "\"30m\"", {}, "From one look to the next.",
                    1'000},
            },
        .create = create_strategy<GoodsSeller>};
    return type;
}

}  // namespace runnel::strategies
