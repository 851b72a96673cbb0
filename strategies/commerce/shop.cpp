#include "contracts/kit/sectors/retail.hpp"
#include "strategies/market/common.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace runnel::strategies
{
namespace
{

using contracts::Retail;

/// What a transaction was for, as its tag says.
enum class Job : std::uint8_t
{
    price,
    restock,
    wages,
};

struct WalletState
{
    double price = 0;   // Whole tokens for a piece.
    double target = 0;  // Pieces on its shelf.
    bool has_priced = false;
    std::uint64_t next_look = 0;  // Block,
    std::uint64_t next_pay = 0;   // likewise.
    std::uint32_t paid = 0;       // Workers, of this payday.
    double wage = 0;              // Of each on this payday, whole tokens.
    Refusals refusals;
    RUNNEL_FIELDS((price, whole_tokens), target, has_priced, (next_look, block_number),
        (next_pay, block_number), paid, (wage, whole_tokens), refusals);
};

/// Sells goods at a price that follows its shelf, restocks and pays wages.
///
/// A shop with suppliers buys what is missing on its shelf at the cheapest of a few, and pays its
/// workers a share of the money it has beyond its float. One without produces what is missing: its
/// wages make it. Every so often it raises its price when the shelf is half empty, and lowers it
/// when the shelf is full, never below what a piece costs it and its margin.
class Shop : public StatefulStrategy<WalletState>
{
public:
    Shop(const Parameters& parameters, const WalletGroup& wallets)
      : market_{*contracts::find_retail(*wallets.world, parameters.contract("market"))},
        decimals_{decimals_of(*wallets.world, market_.token())},
        times_{wallets, "first_payday"},
        first_number_{wallets.first_number},
        look_ms_{parameters.duration_ms("look_every")},
        pay_ms_{parameters.duration_ms("pay_every")},
        step_{parameters.number("price_step")},
        margin_{parameters.number("margin")},
        float_{parameters.number("float")},
        wage_share_{parameters.number("wage_share")},
        wage_max_{parameters.number("wage_max")},
        workers_each_{static_cast<std::uint32_t>(parameters.integer("workers_each"))},
        first_worker_{static_cast<std::uint32_t>(parameters.integer("first_worker"))},
        groups_{wallets.groups},
        suppliers_{find_group(*groups_, parameters.text("suppliers"))},
        workers_{find_group(*groups_, parameters.text("workers"))},
        wage_per_piece_{to_whole(market_.wage_per_piece(), decimals_)}
    {
        states_.resize(wallets.accounts.size());
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            const WalletDraws draws{parameters, wallets, i};
            states_[i].price = draws("price");
            states_[i].target = draws("shelf");
        }
    }

    std::uint64_t first_block(std::size_t position) override
    {
        // Paydays are spread over the first period.
        states_[position].next_pay = times_.first_block_within(position, pay_ms_);
        states_[position].next_look = 1;
        return 1;
    }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        const auto now = view.block_number;
        if (state.refusals.is_silent())
            return never;
        if (wallet.pending() > 0)
            return now + 1;
        if (!state.has_priced)
        {
            send_price(state, wallet);
            return now + 1;
        }
        if (now >= state.next_pay && pay_wages(position, wallet))
            return now + 1;
        if (now >= state.next_look)
        {
            state.next_look = now + view.blocks_of_ms(look_ms_);
            if (!restock(state, wallet))
                reprice(state, wallet);
        }
        return std::max(now + 1, std::min(state.next_look, state.next_pay));
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        auto& state = states_[position];
        state.refusals.count(outcome);
        if (outcome.tag == static_cast<std::uint64_t>(Job::price))
            state.has_priced = outcome.kind == TransactionOutcome::Kind::succeeded;
        return false;
    }

private:
    static constexpr std::uint32_t wages_at_a_time = 16;
    static constexpr unsigned suppliers_asked = 3;

    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        return state.target == born.target && state.price >= 0 && state.wage >= 0 &&
               state.paid <= workers_each_ && state.refusals.is_possible();
    }

    [[nodiscard]] bool produces() const noexcept { return suppliers_ == nullptr; }
    /// Whole tokens.
    [[nodiscard]] double cash(const WalletContext& wallet) const
    {
        return to_whole(holding_of(wallet.view(), market_.token(), wallet.account()), decimals_);
    }
    [[nodiscard]] double shelf(const WalletContext& wallet) const
    {
        return market_.offer(wallet.account()).stock.to_double();
    }

    void send(WalletContext& wallet, CallWriter calls, Job job) const
    {
        Motive motive;
        motive.purpose = job == Job::price ? Purpose::upkeep : Purpose::payment;
        wallet.submit(
            std::move(calls), wallet.habitual_bid(), static_cast<std::uint64_t>(job), motive);
    }

    void send_price(WalletState& state, WalletContext& wallet) const
    {
        CallWriter calls;
        market_.add_set_price(calls, to_units(state.price, decimals_));
        state.has_priced = true;
        send(wallet, std::move(calls), Job::price);
    }

    /// What the cheapest of a few suppliers asks, if any has something.
    [[nodiscard]] std::optional<AccountId> find_supplier(WalletContext& wallet) const
    {
        std::optional<AccountId> found;
        Amount price = Amount::max();
        for (unsigned k = 0; k < suppliers_asked && !suppliers_->empty(); ++k)
        {
            const auto asked = (*suppliers_)[wallet.random().uniform_below(suppliers_->size())];
            const auto offer = market_.offer(asked);
            if (asked == wallet.account() || offer.price.is_zero() || offer.stock.is_zero() ||
                offer.price >= price)
                continue;
            found = asked;
            price = offer.price;
        }
        return found;
    }

    bool restock(const WalletState& state, WalletContext& wallet) const
    {
        const auto missing = state.target - shelf(wallet);
        if (produces() || missing < state.target * restock_share)
            return false;
        const auto supplier = find_supplier(wallet);
        if (!supplier)
            return false;
        const auto offer = market_.offer(*supplier);
        const auto affordable =
            div_down(holding_of(wallet.view(), market_.token(), wallet.account()), offer.price);
        const auto pieces = std::min({to_units(missing, 0), offer.stock, affordable});
        if (pieces.is_zero())
            return false;
        CallWriter calls;
        add_approval(calls, wallet.view(), market_.token(), wallet.account(),
            market_.contract().account(), wrapping_mul(pieces, offer.price));
        market_.add_purchase(calls, *supplier, pieces, offer.price, true);
        send(wallet, std::move(calls), Job::restock);
        return true;
    }

    void reprice(WalletState& state, WalletContext& wallet) const
    {
        const auto there = shelf(wallet);
        const auto target = state.target;
        auto cost = wage_per_piece_;
        if (!produces())
        {
            if (const auto supplier = find_supplier(wallet))
                cost = to_whole(market_.offer(*supplier).price, decimals_);
        }
        const auto floor = cost * (1 + margin_);
        const auto before = state.price;
        auto price = before;
        // Who is sold out learns nothing from nobody buying.
        if (there > 0 && there < target * scarce_share)
            price *= 1 + step_;
        else if (there > target * plenty_share)
            price *= 1 - step_;
        price = std::max(price, floor);
        if (price == before)
            return;
        state.price = price;
        send_price(state, wallet);
    }

    /// A producer pays for what is missing on its shelf, a shop a share of what it has earned; both
    /// no more than they have. False when all are paid.
    bool pay_wages(std::size_t position, WalletContext& wallet)
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        const auto first =
            std::size_t{first_worker_} + (std::size_t{first_number_} + position) * workers_each_;
        const auto count = workers_ == nullptr || first >= workers_->size()
                               ? 0
                               : std::min<std::size_t>(workers_each_, workers_->size() - first);
        const auto end_payday = [&]
        {
            state.paid = 0;
            state.next_pay = view.block_number + view.blocks_of_ms(pay_ms_);
            return false;
        };
        if (count == 0 || state.paid >= count)
            return end_payday();
        if (state.paid == 0)
        {
            const auto spare = std::max(0.0, cash(wallet) - float_);
            const auto missing = std::max(0.0, state.target - shelf(wallet));
            const auto bill =
                produces() ? std::min(spare, missing * wage_per_piece_) : spare * wage_share_;
            state.wage = std::min(wage_max_, bill / static_cast<double>(count));
        }
        const auto wage = to_units(state.wage, decimals_);
        const auto now = std::min<std::size_t>(wages_at_a_time, count - std::size_t{state.paid});
        const auto sum = wrapping_mul(wage, Amount{now});
        if (wage.is_zero() || holding_of(view, market_.token(), wallet.account()) < sum)
            return end_payday();
        CallWriter calls;
        add_approval(
            calls, view, market_.token(), wallet.account(), market_.contract().account(), sum);
        for (std::size_t k = 0; k < now; ++k)
            market_.add_wage(calls, (*workers_)[first + state.paid + k], wage, produces());
        state.paid += static_cast<std::uint32_t>(now);
        send(wallet, std::move(calls), Job::wages);
        return true;
    }

    static constexpr double restock_share = 0.3;  // Of the shelf, missing.
    static constexpr double scarce_share = 0.5;
    static constexpr double plenty_share = 0.9;

    const Retail& market_;
    std::uint8_t decimals_;
    RandomTimes times_;
    std::uint32_t first_number_;
    std::int64_t look_ms_;
    std::int64_t pay_ms_;
    double step_;
    double margin_;
    double float_;
    double wage_share_;
    double wage_max_;
    std::uint32_t workers_each_;
    std::uint32_t first_worker_;
    std::shared_ptr<const GroupAccounts> groups_;
    const std::vector<AccountId>* suppliers_;  // Of *groups_,
    const std::vector<AccountId>* workers_;    // likewise.
    double wage_per_piece_;
};

}  // namespace

const StrategyType& shop_strategy()
{
    static const StrategyType type{.name = "shop",
        .purpose = Purpose::payment,
        .help =
            "Sells goods at a price that follows its shelf; buys of suppliers, or produces; pays "
            "wages.",
        .parameters =
            {
                {.name = "market",
                    .kind = ParameterKind::contract,
                    .default_value = "",
                    .unit = {},
                    .help = "Where it sells.",
                    .contract_kind = Retail::sector},
                {"suppliers", ParameterKind::group, "\"\"", {},
                    "Name of the group that it buys of; empty: it produces."},
                {"workers", ParameterKind::group, "\"\"", {},
                    "Name of the group that works for it; empty: nobody."},
                {"workers_each", ParameterKind::integer, "8", unit::other("workers"),
                    "How many work for each shop: the first of them for the first.", 0, 10'000},
                {"first_worker", ParameterKind::integer, "0", unit::other("worker"),
                    "Number of the first who works for this group.", 0, 5e6},
                {"price", ParameterKind::distribution, "10", unit::whole_tokens,
                    "Of a piece, at first.", 0},
                {"shelf", ParameterKind::distribution, "1000", unit::other("pieces"),
                    "What it wants to have on its shelf.", 1, 1e12},
                {"look_every", ParameterKind::duration, "\"3h\"", {},
                    "From one look at its shelf to the next.", 1'000},
                {"pay_every", ParameterKind::duration, "\"24h\"", {},
                    "From one payday to the next.", 1'000},
                {"price_step", ParameterKind::number, "0.03", {},
                    "By which share a price goes up or down at a look.", 0, 0.9},
                {"margin", ParameterKind::number, "0.1", {},
                    "What it wants at least, as a share of what a piece costs it.", 0, 100},
                {"float", ParameterKind::number, "0", unit::whole_tokens,
                    "The money that it keeps.", 0, 1e15},
                {"wage_share", ParameterKind::number, "0.5", {},
                    "What a shop pays its workers of the money beyond that on a payday.", 0, 1},
                {"wage_max", ParameterKind::number, "1e9", unit::whole_tokens,
                    "The most that one worker gets on a payday.", 0, 1e15},
            },
        .create = create_strategy<Shop>};
    return type;
}

}  // namespace runnel::strategies
