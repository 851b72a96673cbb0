#include "contracts/kit/sectors/custodian.hpp"
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

using contracts::Custodian;
using contracts::Retail;
using contracts::StatementCheck;

/// What it is about at the exchange.
enum class Errand : std::uint8_t
{
    none,
    buying,   // Coins for money.
    selling,  // Coins for money.
    leaving,  // With all it has there, for good.
};

/// What a transaction was for, as its tag says.
enum class Step : std::uint8_t
{
    purchase,
    open,
    deposit,
    trade,
    withdraw,
};

struct WalletState
{
    double interval_seconds = 0;  // Mean times between purchases,
    double look_seconds = 0;      // and looks at what it has.
    double low = 0;               // Whole coins: it buys below,
    double high = 0;              // sells above,
    double target = 0;            // and comes to this.
    double price_max = 0;         // Whole coins for a piece.
    bool checks = false;          // Looks for itself in statements.
    bool keeps = false;           // Leaves its money at the exchange.
    Errand errand = Errand::none;
    bool has_deposited = false;      // In this errand.
    std::uint64_t errand_since = 0;  // Block.
    std::uint64_t next_purchase = 0;
    std::uint64_t next_look = 0;
    std::uint64_t checked_report = 0;
    bool distrusts = false;
    Refusals refusals;
    RUNNEL_FIELDS((interval_seconds, seconds), (look_seconds, seconds), (low, whole_tokens),
        (high, whole_tokens), (target, whole_tokens), (price_max, whole_tokens), checks, keeps,
        errand, has_deposited, (errand_since, block_number), (next_purchase, block_number),
        (next_look, block_number), checked_report, distrusts, refusals);
};

/// Keeps coins to pay with, buys goods, and goes to an exchange when it has too few or too many.
///
/// Purchases are a Poisson process. It asks a few shops, leaves those that are sold out or dearer
/// than it pays, and buys a basket at the cheapest, or what it can afford of it. Without a market
/// of goods it only keeps its coins.
///
/// At its own times it looks at what it has. Below `low` it sends money to its deposit address,
/// waits until that is credited, buys coins and withdraws them; above `high` it sells what is
/// beyond its target and withdraws the money, or leaves it there for the next time. Each step
/// follows from what the exchange shows; what does not come to an end is given up.
///
/// Some look for themselves in each statement of reserves. Who does not find all that he had takes
/// out what he has, and never comes back.
class ExchangeCustomer : public StatefulStrategy<WalletState>
{
public:
    ExchangeCustomer(const Parameters& parameters, const WalletGroup& wallets)
      : custodian_{*contracts::find_custodian(*wallets.world, parameters.contract("exchange"))},
        coin_{parameters.token("token"), decimals_of(*wallets.world, parameters.token("token"))},
        money_{parameters.token("money"), decimals_of(*wallets.world, parameters.token("money"))},
        purchases_{wallets, "first_purchase"},
        looks_{wallets, "first_look"},
        seed_{wallets.seed},
        stream_{wallets.stream},
        basket_{parameters.distribution("basket")},
        shops_asked_{static_cast<std::uint32_t>(parameters.integer("shops_asked"))},
        slippage_bps_{static_cast<std::uint32_t>(parameters.integer("slippage_bps"))},
        groups_{wallets.groups},
        shops_{find_group(*groups_, parameters.text("shops"))}
    {
        if (const auto market = optional_contract(parameters, "market"))
            market_ = contracts::find_retail(*wallets.world, *market);
        draw_intervals(states_, wallets, parameters);
        const EventTimes looks{wallets, parameters, "look_interval"};
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            const WalletDraws draws{parameters, wallets, i};
            auto& state = states_[i];
            state.look_seconds = looks.mean_seconds(draws.number());
            state.target = draws("target");
            state.low = state.target * parameters.number("low_share");
            state.high = state.target * parameters.number("high_share");
            state.price_max = draws("price_max");
            state.checks = draws("checks") >= 0.5;
            state.keeps = draws("keeps") >= 0.5;
        }
    }

    std::uint64_t first_block(std::size_t position) override
    {
        auto& state = states_[position];
        state.next_purchase = purchases_.first_block(position, state.interval_seconds);
        state.next_look = looks_.first_block(position, state.look_seconds);
        return std::min(state.next_purchase, state.next_look);
    }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        if (state.refusals.is_silent())
            return never;
        const auto now = view.block_number;
        if (now >= state.next_purchase)
        {
            state.next_purchase = purchases_.next_block(wallet, state.interval_seconds);
            if (wallet.pending() == 0 && market_ != nullptr)
                buy_goods(state, wallet);
        }
        if (now >= state.next_look)
        {
            state.next_look = looks_.next_block(wallet, state.look_seconds);
            look(state, wallet);
        }
        if (state.errand != Errand::none && wallet.pending() == 0)
            go_on(state, wallet);
        auto next = std::min(state.next_purchase, state.next_look);
        if (state.errand != Errand::none)
            next = std::min(next, now + view.blocks_of_ms(poll_ms));
        return std::max(next, now + 1);
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        auto& state = states_[position];
        state.refusals.count(outcome);
        const auto step = static_cast<Step>(outcome.tag);
        const bool succeeded = outcome.kind == TransactionOutcome::Kind::succeeded;
        if (step == Step::purchase)
            return false;
        if (!succeeded)
        {
            if (step == Step::deposit)
                state.has_deposited = false;
            if (outcome.kind == TransactionOutcome::Kind::reverted)
                state.errand = Errand::none;  // Until it looks again.
        }
        else if ((step == Step::withdraw && state.errand != Errand::leaving) ||
                 (step == Step::trade && state.errand == Errand::selling && state.keeps))
            state.errand = Errand::none;
        return succeeded;  // The next step follows at once.
    }

private:
    struct Token
    {
        ContractId id{};
        std::uint8_t decimals = 18;
    };
    static constexpr std::int64_t poll_ms = 600'000;
    static constexpr std::int64_t patience_ms = 48 * 3'600'000;

    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        return state.interval_seconds == born.interval_seconds &&
               state.look_seconds == born.look_seconds && state.low == born.low &&
               state.high == born.high && state.target == born.target &&
               state.price_max == born.price_max && state.checks == born.checks &&
               state.keeps == born.keeps && state.errand <= Errand::leaving &&
               state.refusals.is_possible();
    }

    // ---- Goods ----

    void buy_goods(WalletState& state, WalletContext& wallet) const
    {
        auto& random = wallet.random();
        const auto wanted = to_units(basket_.draw(random), 0);
        if (shops_ == nullptr || shops_->empty() || wanted.is_zero())
            return;
        const auto limit = to_units(state.price_max, coin_.decimals);
        std::optional<AccountId> shop;
        Amount price = wrapping_add(limit, 1);
        for (std::uint32_t k = 0; k < shops_asked_; ++k)
        {
            const auto asked = (*shops_)[random.uniform_below(shops_->size())];
            const auto offer = market_->offer(asked);
            if (asked == wallet.account() || offer.price.is_zero() || offer.stock < wanted ||
                offer.price >= price)
                continue;
            shop = asked;
            price = offer.price;
        }
        if (!shop)
            return;
        const auto held = holding_of(wallet.view(), coin_.id, wallet.account());
        const auto pieces = std::min(wanted, div_down(held, price));
        if (pieces.is_zero())
            return;
        CallWriter calls;
        add_approval(calls, wallet.view(), coin_.id, wallet.account(),
            market_->contract().account(), wrapping_mul(pieces, price));
        market_->add_purchase(calls, *shop, pieces, price, false);
        wallet.submit(
            std::move(calls), wallet.habitual_bid(), static_cast<std::uint64_t>(Step::purchase));
    }

    // ---- The exchange ----

    void look(WalletState& state, WalletContext& wallet)
    {
        if (state.checks)
            check_statements(state, wallet);
        if (state.errand != Errand::none)
        {
            const auto patience = wallet.view().blocks_of_ms(patience_ms);
            if (wallet.view().block_number > state.errand_since + patience)
                state.errand = Errand::none;
            return;
        }
        const auto held =
            to_whole(holding_of(wallet.view(), coin_.id, wallet.account()), coin_.decimals);
        if (state.distrusts)
            begin(state, Errand::leaving, wallet);
        else if (held < state.low)
            begin(state, Errand::buying, wallet);
        else if (held > state.high)
            begin(state, Errand::selling, wallet);
    }

    static void begin(WalletState& state, Errand errand, const WalletContext& wallet)
    {
        state.errand = errand;
        state.has_deposited = false;
        state.errand_since = wallet.view().block_number;
    }

    void go_on(WalletState& state, WalletContext& wallet) const
    {
        CallWriter calls;
        const auto customer = custodian_.number_of(wallet.account());
        if (!customer)
        {
            if (state.errand == Errand::leaving)
                return;
            custodian_.add_open(
                calls, *wallet.view().world, wallet.account(), salt_of(wallet.number()));
            return send(wallet, std::move(calls), Step::open);
        }
        if (custodian_.is_frozen(*customer))
            return;
        if (state.errand == Errand::leaving)
        {
            if (!take_out(wallet, *customer, coin_) && !take_out(wallet, *customer, money_) &&
                custodian_.balance(*customer, coin_.id).total().is_zero() &&
                custodian_.balance(*customer, money_.id).total().is_zero())
                state.errand = Errand::none;
            return;
        }
        const bool buys = state.errand == Errand::buying;
        const auto& from = buys ? money_ : coin_;
        const auto& to = buys ? coin_ : money_;
        // What it traded last goes out; what came in is traded; what is there is sent in.
        const bool leaves_it = !buys && state.keeps;
        if (!leaves_it && take_out(wallet, *customer, to))
            return;
        auto came = custodian_.balance(*customer, from.id).available;
        if (buys && state.keeps)
            came = std::min(came, price_of_missing(state, wallet));
        if (const auto quote = custodian_.quote_trade(from.id, to.id, came);
            quote && *quote > custodian_.withdrawal_minimum(to.id))
        {
            custodian_.add_trade(
                calls, from.id, to.id, came, min_amount_out(*quote, slippage_bps_));
            return send(wallet, std::move(calls), Step::trade);
        }
        if (!state.has_deposited)
            send_in(state, wallet, *customer, from);
    }

    /// Withdraws what can be withdrawn of a token; false if that is nothing.
    bool take_out(WalletContext& wallet, std::uint32_t customer, const Token& token) const
    {
        const auto amount = std::min(custodian_.balance(customer, token.id).available,
            custodian_.withdrawal_room(customer, token.id, wallet.view().timestamp));
        if (amount < custodian_.withdrawal_minimum(token.id) ||
            amount <= custodian_.withdrawal_fee(token.id))
            return false;
        CallWriter calls;
        custodian_.add_withdraw(calls, token.id, amount, wallet.account());
        send(wallet, std::move(calls), Step::withdraw);
        return true;
    }

    /// The money that buys what is missing of the target, at what the exchange gives for a coin's
    /// worth of it; 0 if nothing is missing or it gives nothing.
    [[nodiscard]] Amount price_of_missing(const WalletState& state, WalletContext& wallet) const
    {
        const auto target = to_units(state.target, coin_.decimals);
        const auto coins = holding_of(wallet.view(), coin_.id, wallet.account());
        const auto unit = Amount::power_of_ten(money_.decimals);
        const auto quote = custodian_.quote_trade(money_.id, coin_.id, unit);
        if (coins >= target || !quote || quote->is_zero())
            return {};
        return mul_div_up(wrapping_sub(target, coins), unit, *quote).value;
    }
    [[nodiscard]] Amount coins_beyond(const WalletState& state, WalletContext& wallet) const
    {
        const auto target = to_units(state.target, coin_.decimals);
        const auto coins = holding_of(wallet.view(), coin_.id, wallet.account());
        return coins > target ? wrapping_sub(coins, target) : Amount{};
    }

    void send_in(
        WalletState& state, WalletContext& wallet, std::uint32_t customer, const Token& from) const
    {
        const auto held = holding_of(wallet.view(), from.id, wallet.account());
        const auto amount = state.errand == Errand::buying
                                ? std::min(held, price_of_missing(state, wallet))
                                : coins_beyond(state, wallet);
        if (amount.is_zero())
        {
            state.errand = Errand::none;
            return;
        }
        CallWriter calls;
        add_payment(calls, from.id, custodian_.deposit_account(customer), amount);
        state.has_deposited = true;
        send(wallet, std::move(calls), Step::deposit);
    }

    static void send(WalletContext& wallet, CallWriter calls, Step step)
    {
        Motive motive;
        motive.purpose = Purpose::trade;
        wallet.submit(
            std::move(calls), wallet.habitual_bid(), static_cast<std::uint64_t>(step), motive);
    }

    /// What it tells the exchange and nobody else.
    [[nodiscard]] Hash salt_of(std::uint32_t number) const
    {
        static const auto stream = stream_of_name("salt");
        RandomStream random{seed_, stream_ ^ stream, number, 0};
        Hash salt;
        for (auto& byte : salt.bytes)
            byte = static_cast<std::uint8_t>(random.next_uint64() >> 56U);
        return salt;
    }

    void check_statements(WalletState& state, const WalletContext& wallet) const
    {
        const auto customer = custodian_.number_of(wallet.account());
        const auto report = custodian_.report();
        if (!customer || report == state.checked_report)
            return;
        for (const auto& token : {coin_, money_})
        {
            const auto statement = custodian_.statement(token.id);
            if (statement.report != report)
                return;  // It is still to come.
            const auto& world = *wallet.view().world;
            const auto found = contracts::check_liability(statement, salt_of(wallet.number()),
                world.account(wallet.account()).address,
                custodian_.reported_balance(*customer, token.id),
                contracts::prove_liability(world, custodian_, token.id, *customer));
            state.distrusts = state.distrusts || found != StatementCheck::included;
        }
        state.checked_report = report;
    }

    const Custodian& custodian_;
    const Retail* market_ = nullptr;
    Token coin_;
    Token money_;
    RandomTimes purchases_;
    RandomTimes looks_;
    std::uint64_t seed_;
    std::uint64_t stream_;
    Distribution basket_;
    std::uint32_t shops_asked_;
    std::uint32_t slippage_bps_;
    std::shared_ptr<const GroupAccounts> groups_;
    const std::vector<AccountId>* shops_;  // Of *groups_.
};

}  // namespace

const StrategyType& exchange_customer_strategy()
{
    static const StrategyType type{.name = "exchange_customer",
        .purpose = Purpose::payment,
        .help =
            "Keeps coins to pay with: buys them at an exchange when it has few, buys goods, sells "
            "what is too much.",
        .parameters =
            {
                {.name = "exchange",
                    .kind = ParameterKind::contract,
                    .default_value = "",
                    .unit = {},
                    .help = "Whose customer it is.",
                    .contract_kind = Custodian::sector},
                {"token", ParameterKind::token, "", {}, "The coins that it pays with."},
                {"money", ParameterKind::token, "", {},
                    "What it buys them with and sells them for; the exchange takes both."},
                {"target", ParameterKind::distribution, "{ log_normal = [6, 0.7] }",
                    unit::whole_tokens, "The coins that it wants to have.", 0},
                {"low_share", ParameterKind::number, "0.3", {},
                    "It buys when it has less than this of its target.", 0, 1},
                {"high_share", ParameterKind::number, "2", {},
                    "It sells when it has more than this of its target.", 1, 1e6},
                {"look_interval", ParameterKind::distribution, "{ log_normal = [10, 0.6] }",
                    unit::seconds, "Mean time between looks at what it has.", 1},
                {"interval", ParameterKind::distribution, "{ log_normal = [10, 0.6] }",
                    unit::seconds, "Mean time between a wallet's purchases.", 1},
                {.name = "market",
                    .kind = ParameterKind::contract,
                    .default_value = "\"\"",
                    .unit = {},
                    .help = "Where goods are sold; empty: it buys none.",
                    .contract_kind = Retail::sector},
                {"shops", ParameterKind::group, "\"\"", {}, "Name of the group that it buys of."},
                {"basket", ParameterKind::distribution, "{ log_normal = [1.5, 0.6], min = 1 }",
                    unit::other("pieces"), "What it buys at a time, rounded down.", 0, 1e9},
                {"price_max", ParameterKind::distribution, "1e9", unit::whole_tokens,
                    "The most that it pays for a piece.", 0},
                {"shops_asked", ParameterKind::integer, "3", unit::other("shops"),
                    "How many it asks for their price, at random.", 1, 100},
                {"slippage_bps", ParameterKind::integer, "50", unit::bps,
                    "How much less than the quote it takes.", 0, 10'000},
                {"checks", ParameterKind::distribution, "0", {},
                    "Above 0.5 it looks for itself in statements of reserves.", 0, 1},
                {"keeps", ParameterKind::distribution, "0", {},
                    "Above 0.5 it leaves the money that it sells coins for at the exchange, and "
                    "buys "
                    "with that first.",
                    0, 1},
            },
        .create = create_strategy<ExchangeCustomer>};
    return type;
}

}  // namespace runnel::strategies
