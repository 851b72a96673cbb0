#include "contracts/kit/sectors/issuer.hpp"
#include "ledger/portable_math.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/dex.hpp"
#include "strategies/market/lending_market.hpp"
#include "strategies/market/split.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

namespace runnel::strategies
{
namespace
{

using contracts::Issuer;
using contracts::IssuerAction;

struct WalletState
{
    float interval_seconds = 0;
    float margin = 0;
    float loss = 0;            // What it believes to be lost of the coin in question at first,
    float sober_loss = 0;      // and once it has calmed down.
    float doubt = 0;           // And from the relief until its issuer has opened.
    float hears_seconds = 0;   // Since the scenario's start: when it hears the news,
    float relief_seconds = 0;  // and that all is well; 0: never.
    float size_max = 0;        // USD.
    bool is_customer = false;
    bool returns = false;  // To what it has redeemed, once it trusts it again.
    std::uint32_t wake_block = 0;
    Refusals refusals;
    RUNNEL_FIELDS((interval_seconds, seconds), margin, loss, sober_loss, doubt,
        (hears_seconds, seconds), (relief_seconds, seconds), (size_max, usd), is_customer, returns,
        (wake_block, block_number), refusals);
};

/// Holds coins that are meant to be worth the same, and trusts each as far as it does.
///
/// What it believes a coin to be worth is 1 less the loss that it expects. When it hears the news
/// of a coin it expects the worst; that wears off by half-lives to what a sober mind expects, and
/// is gone when it hears that all is well, but for a doubt until the issuer has opened. Of a coin
/// that is issued against the one in question it expects a share of the loss. It sells what pools
/// pay more for than it believes, and buys what they ask less for, if that is more than its margin:
/// fear and bargain-hunting are one rule, and the price is where they meet.
///
/// A customer of the issuers has another way out: while the bank is open, coins are worth what they
/// are redeemed for. What it distrusts it sends to the issuer, open or not; what it bought beyond
/// what it had at the start too; and with the money that comes back it orders what it is short of.
/// So what it can buy below par is limited by its capital until the bank opens. Who serves at once
/// serves everybody, customer or not.
class CoinHolder : public StatefulStrategy<WalletState>
{
public:
    CoinHolder(const Parameters& parameters, const WalletGroup& wallets)
      : map_{*wallets.world, parameters.contracts("pairs")},
        desk_{nullptr},
        costs_{parameters},
        slot_seconds_{wallets.slot_seconds},
        seed_{wallets.seed},
        stream_{wallets.stream},
        first_number_{wallets.first_number},
        size_min_{parameters.number("size_min")},
        exposure_{parameters.number("exposure")},
        half_life_{static_cast<double>(parameters.duration_ms("calm")) / 1000},
        slippage_bps_{static_cast<std::uint32_t>(parameters.integer("slippage_bps"))}
    {
        for (const auto& pool : map_.pools())
            exchanges_.push_back(pool.exchange);
        for (const auto id : parameters.contracts("desks"))
            add_issuer(*wallets.world, *contracts::find_issuer(*wallets.world, id));
        if (parameters.has("news_of"))
            in_question_ = position_of(parameters.token("news_of"));
        const auto news = static_cast<double>(parameters.duration_ms("news_at")) / 1000;
        const auto relief = static_cast<double>(parameters.duration_ms("relief_at")) / 1000;
        const EventTimes times{wallets, parameters, "interval"};
        states_.resize(wallets.accounts.size());
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            const auto number = first_number_ + static_cast<std::uint32_t>(i);
            const auto draw = [&](std::string_view what)
            { return wallets.draw(parameters.distribution(what), what, number); };
            auto& state = states_[i];
            state.interval_seconds = static_cast<float>(times.mean_seconds(number));
            state.margin = static_cast<float>(draw("margin"));
            state.loss = static_cast<float>(draw("loss"));
            state.sober_loss = static_cast<float>(draw("sober_loss"));
            state.doubt = static_cast<float>(draw("doubt"));
            state.hears_seconds = static_cast<float>(news + draw("hears_after"));
            state.relief_seconds =
                relief > 0 ? static_cast<float>(relief + draw("relief_after")) : 0;
            state.size_max = static_cast<float>(draw("size_max"));
            state.is_customer = draw("customer") >= 0.5;
            state.returns = draw("returns") >= 0.5;
            for (const auto& coin : map_.tokens())
                homes_.push_back(starting_holding(wallets, i, coin.token));
        }
    }

    std::uint64_t first_block(std::size_t position) override
    {
        static const auto stream = stream_of_name("first_look");
        RandomStream random{seed_, stream_ ^ stream, first_number_ + position, 0};
        return plan_next(states_[position], random, 0);
    }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        if (state.refusals.is_silent())
            return never;
        if (view.block_number < state.wake_block)
            return state.wake_block;
        observe(view);
        const auto next = plan_next(state, wallet.random(), view.block_number);
        if (wallet.pending() > 0)
            return next;
        if (!visit_issuers(position, wallet))
            trade(state, wallet);
        return next;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        states_[position].refusals.count(outcome);
        return false;
    }

private:
    static constexpr int halvings_max = 10;
    static constexpr std::size_t hops_max = 2;
    static constexpr std::size_t routes_max = 4;
    static constexpr unsigned slices = 8;
    static constexpr std::uint64_t deadline_seconds = 1'200;
    static constexpr std::uint64_t block_max = std::numeric_limits<std::uint32_t>::max();

    /// An issuer whose coin is among the tokens of the map.
    struct KnownIssuer
    {
        const Issuer* issuer = nullptr;
        DexMap::Position coin = 0;
        std::optional<DexMap::Position> reserve;  // If that is traded too.
        std::uint8_t reserve_decimals = 18;
    };

    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        return state.interval_seconds == born.interval_seconds && state.margin == born.margin &&
               state.loss == born.loss && state.sober_loss == born.sober_loss &&
               state.doubt == born.doubt && state.hears_seconds == born.hears_seconds &&
               state.relief_seconds == born.relief_seconds && state.size_max == born.size_max &&
               state.is_customer == born.is_customer && state.returns == born.returns &&
               state.refusals.is_possible();
    }

    [[nodiscard]] std::optional<DexMap::Position> position_of(ContractId token) const
    {
        const auto& tokens = map_.tokens();
        const auto found = std::find_if(tokens.begin(), tokens.end(),
            [token](const DexMap::Token& known) { return known.token == token; });
        if (found == tokens.end())
            return std::nullopt;
        return static_cast<DexMap::Position>(found - tokens.begin());
    }

    void add_issuer(const World& world, const Issuer& issuer)
    {
        if (const auto coin = position_of(issuer.coin()))
        {
            issuers_.push_back({&issuer, *coin, position_of(issuer.reserve_token()),
                decimals_of(world, issuer.reserve_token())});
        }
    }

    std::uint64_t plan_next(WalletState& state, RandomStream& random, std::uint64_t block) const
    {
        const auto wait = blocks_until_next(random, double{state.interval_seconds}, slot_seconds_);
        const auto next = std::min(block + std::max<std::uint64_t>(1, wait), block_max);
        state.wake_block = static_cast<std::uint32_t>(next);
        return next;
    }

    /// Once per block and cohort.
    void observe(const WorldView& view)
    {
        if (observed_block_ == view.block_number)
            return;
        observed_block_ = view.block_number;
        map_.observe(view);
        routes_.clear();
    }

    [[nodiscard]] const std::vector<std::vector<Hop>>& routes(
        DexMap::Position from, DexMap::Position to)
    {
        auto known = routes_.find({from, to});
        if (known == routes_.end())
        {
            known = routes_
                        .emplace(std::pair{from, to},
                            disjoint_routes(exchanges_, map_.tokens()[from].token,
                                map_.tokens()[to].token, hops_max, routes_max))
                        .first;
        }
        return known->second;
    }

    // ---- What it believes ----

    /// The share of the coin in question that it expects to be lost.
    [[nodiscard]] double expected_loss(const WalletState& state, const WorldView& view) const
    {
        const auto now = static_cast<double>(view.now_ms) / 1000;
        const auto heard = double{state.hears_seconds};
        const auto relief = double{state.relief_seconds};
        if (now < heard)
            return 0;
        if (relief > 0 && now >= relief)
            return has_opened_since(view, now - relief) ? 0 : double{state.doubt};
        const auto worn = portable_pow(0.5, (now - heard) / half_life_);
        return double{state.sober_loss} + (double{state.loss} - double{state.sober_loss}) * worn;
    }

    /// Whether the issuer of the coin in question has been open at any time of the last seconds.
    [[nodiscard]] bool has_opened_since(const WorldView& view, double seconds) const
    {
        const auto since =
            view.timestamp - std::min(view.timestamp, static_cast<std::uint64_t>(seconds));
        return std::all_of(issuers_.begin(), issuers_.end(),
            [&](const KnownIssuer& known) {
                return known.coin != in_question_ ||
                       known.issuer->opens_at(since) <= view.timestamp;
            });
    }

    /// What it believes a coin to be worth, in its money.
    [[nodiscard]] double worth(
        const WalletState& state, const WorldView& view, DexMap::Position coin) const
    {
        double loss = 0;
        if (in_question_)
        {
            const auto expected = expected_loss(state, view);
            if (coin == *in_question_)
                loss = expected;
            for (const auto& known : issuers_)
            {
                if (known.coin == coin && known.reserve == in_question_)
                    loss = exposure_ * expected;
            }
        }
        if (state.is_customer)
        {
            for (const auto& known : issuers_)
            {
                const auto& issuer = *known.issuer;
                if (known.coin == coin && !known.reserve && issuer.is_open(view.timestamp))
                {
                    const auto one = Amount::power_of_ten(map_.tokens()[coin].decimals);
                    const auto many = wrapping_mul(one, 1'000'000);
                    const auto money = to_whole(
                        issuer.preview(IssuerAction::redeem, many), known.reserve_decimals);
                    loss = std::min(loss, 1 - money / 1e6);
                }
            }
        }
        return std::max(0.0, 1 - loss);
    }

    [[nodiscard]] Amount held(const WalletContext& wallet, DexMap::Position coin) const
    {
        return holding_of(wallet.view(), map_.tokens()[coin].token, wallet.account());
    }
    [[nodiscard]] double whole(const Amount& amount, DexMap::Position coin) const
    {
        return to_whole(amount, map_.tokens()[coin].decimals);
    }

    // ---- Issuers that keep a bank's hours ----

    /// Sends coins to their issuer, or money for coins. Returns whether it did.
    bool visit_issuers(std::size_t position, WalletContext& wallet)
    {
        const auto& state = states_[position];
        if (!state.is_customer)
            return false;
        for (const auto& known : issuers_)
        {
            if (known.issuer->is_immediate())
                continue;
            const auto home = homes_[position * map_.tokens().size() + known.coin];
            const auto has = held(wallet, known.coin);
            const bool is_afraid = in_question_ == known.coin &&
                                   expected_loss(state, wallet.view()) > double{state.margin};
            const auto kept = is_afraid ? Amount{} : home;
            const auto excess = has > kept ? wrapping_sub(has, kept) : Amount{};
            if (order(
                    wallet, *known.issuer, IssuerAction::redeem, excess, whole(excess, known.coin)))
                return true;
            const auto short_of = home > has ? whole(wrapping_sub(home, has), known.coin) : 0;
            const auto money =
                holding_of(wallet.view(), known.issuer->reserve_token(), wallet.account());
            const auto spent = std::min(short_of, to_whole(money, known.reserve_decimals));
            if (state.returns && !is_afraid && !known.reserve &&
                order(wallet, *known.issuer, IssuerAction::issue,
                    to_units(spent, known.reserve_decimals), spent))
                return true;
        }
        return false;
    }

    /// Orders at an issuer, for what is worth @p value; false if it is too little.
    bool order(WalletContext& wallet, const Issuer& issuer, IssuerAction action, const Amount& paid,
        double value)
    {
        if (value < size_min_ || value > 1e15 || paid < issuer.minimum(action) ||
            !costs_.worth_it(wallet, issuer.order_gas().total(), value))
            return false;
        const auto& view = wallet.view();
        const auto token = action == IssuerAction::redeem ? issuer.coin() : issuer.reserve_token();

        CallWriter calls;
        add_approval(calls, view, token, wallet.account(), issuer.contract().account(), paid);
        issuer.add_order(calls, action, paid);
        auto bid = wallet.habitual_bid();
        bid.extra_gas += issuer.order_gas().extra;
        wallet.submit(std::move(calls), bid);
        return true;
    }

    // ---- Trades ----

    /// A way from one coin to another.
    struct Way
    {
        DexMap::Position from = 0;
        DexMap::Position to = 0;
        const Issuer* issuer = nullptr;  // That serves at once; nullptr: through pools.
        IssuerAction action{};
        double gain = 0;  // Of the first unit: what it is worth for what it costs.
    };

    void trade(const WalletState& state, WalletContext& wallet)
    {
        const auto& view = wallet.view();
        const auto count = map_.tokens().size();
        std::vector<double> worths(count);
        for (std::size_t i = 0; i < count; ++i)
            worths[i] = worth(state, view, static_cast<DexMap::Position>(i));
        std::optional<Way> best;
        const auto consider = [&](const Way& way)
        {
            if (way.gain > 1 + double{state.margin} && (!best || way.gain > best->gain))
                best = way;
        };
        for (std::size_t a = 0; a < count; ++a)
        {
            const auto from = static_cast<DexMap::Position>(a);
            if (whole(held(wallet, from), from) < size_min_ || !(worths[a] > 0))
                continue;
            for (std::size_t b = 0; b < count; ++b)
            {
                const auto to = static_cast<DexMap::Position>(b);
                if (a == b || routes(from, to).empty())
                    continue;
                const auto rate = marginal_rate(routes(from, to).front()) *
                                  whole(Amount::power_of_ten(18), to) /
                                  whole(Amount::power_of_ten(18), from);
                consider({from, to, nullptr, {}, rate * worths[b] / worths[a]});
            }
            for (const auto& known : issuers_)
            {
                if (!known.issuer->is_immediate() || !known.reserve ||
                    !known.issuer->is_open(view.timestamp))
                    continue;
                const bool redeems = known.coin == from;
                if (!redeems && *known.reserve != from)
                    continue;
                const auto to = redeems ? *known.reserve : known.coin;
                const auto action = redeems ? IssuerAction::redeem : IssuerAction::issue;
                const auto paid = Amount::power_of_ten(map_.tokens()[a].decimals);
                if (known.issuer->room(action, view.timestamp) < paid)
                    continue;
                const auto rate = whole(known.issuer->preview(action, paid), to);
                consider({from, to, known.issuer, action, rate * worths[to] / worths[a]});
            }
        }
        if (!best)
            return;
        const auto amount = std::min(held(wallet, best->from),
            to_units(double{state.size_max}, map_.tokens()[best->from].decimals));
        if (best->issuer != nullptr)
        {
            const auto paid = std::min(amount, best->issuer->room(best->action, view.timestamp));
            order(wallet, *best->issuer, best->action, paid, whole(paid, best->from));
            return;
        }
        swap(state, wallet, *best, amount, worths[best->to] / worths[best->from]);
    }

    /// Swaps as much as still gains its margin to the last, of what halving gives: along a straight
    /// line the average gain is then halfway from the first unit's to the margin.
    void swap(const WalletState& state, WalletContext& wallet, const Way& way, Amount amount_in,
        double value_ratio)
    {
        const auto& view = wallet.view();
        const auto& paths = routes(way.from, way.to);
        const auto bid = wallet.habitual_bid();
        const auto order_usd =
            costs_.usd(view, desk_.gas(paths.front()).total(), view.base_fee + bid.priority_fee);
        const auto cost_out = to_units(order_usd, map_.tokens()[way.to].decimals);
        const auto least = (1 + double{state.margin} + way.gain) / 2;
        for (int i = 0; i < halvings_max; ++i, amount_in = amount_in >> 1U)
        {
            const auto paid = whole(amount_in, way.from);
            if (paid < size_min_)
                return;
            const auto split = split_order(paths, amount_in, cost_out, slices);
            if (!split || whole(split->amount_out, way.to) * value_ratio < paid * least)
                continue;
            std::uint64_t gas = 0;
            for (const auto& part : split->parts)
                gas += desk_.gas(part.route).total();
            if (costs_.worth_it(wallet, gas, paid))
                send(wallet, *split, bid);
            return;
        }
    }

    void send(WalletContext& wallet, const SplitOrder& split, Bid bid) const
    {
        const auto& view = wallet.view();
        CallWriter calls;
        for (const auto& part : split.parts)
        {
            desk_.add_swap(calls, view, part.route, part.amount_in,
                min_amount_out(part.amount_out, slippage_bps_), wallet.account(),
                view.timestamp + deadline_seconds);
            bid.extra_gas += desk_.gas(part.route).extra +
                             crossing_gas(part.route, quote_along(part.route, part.amount_in));
        }
        wallet.submit(std::move(calls), bid);
    }

    DexMap map_;
    SwapDesk desk_;
    GasCosts costs_;
    std::uint32_t slot_seconds_;
    std::uint64_t seed_;
    std::uint64_t stream_;
    std::uint32_t first_number_;
    double size_min_;
    double exposure_;
    double half_life_;
    std::uint32_t slippage_bps_;
    std::vector<const Exchange*> exchanges_;  // Of the map.
    std::vector<KnownIssuer> issuers_;
    std::optional<DexMap::Position> in_question_;
    std::vector<Amount> homes_;  // By wallet and token of the map.

    std::uint64_t observed_block_ = 0;
    std::map<std::pair<DexMap::Position, DexMap::Position>, std::vector<std::vector<Hop>>> routes_;
};

}  // namespace

const StrategyType& coin_holder_strategy()
{
    static const StrategyType type{.name = "coin_holder",
        .purpose = Purpose::redemption,
        .help =
            "Holds stablecoins as far as it trusts them, sells fear and buys bargains, and may "
            "redeem them.",
        .parameters =
            {
                {.name = "pairs",
                    .kind = ParameterKind::contracts,
                    .default_value = "",
                    .unit = {},
                    .help = "Exchanges of the coins, 1 to 127; of any protocols.",
                    .contract_kind = Exchange::sector},
                {.name = "desks",
                    .kind = ParameterKind::contracts,
                    .default_value = "[]",
                    .unit = {},
                    .help = "Issuers of the coins.",
                    .contract_kind = Issuer::sector},
                coin_parameter(),
                {"customer", ParameterKind::distribution, "0", {},
                    "From 0.5 on it may order at issuers that keep a bank's hours.", 0, 1},
                {"returns", ParameterKind::distribution, "1", {},
                    "From 0.5 on it orders again, with the money that it has, what it is short of.",
                    0, 1},
                {"interval", ParameterKind::distribution, "{ log_normal = [7.5, 0.8] }",
                    unit::seconds, "Mean time between a wallet's looks.", 0, 1e9},
                {"margin", ParameterKind::distribution, "0.003", {},
                    "What a trade must gain by what it believes, as a share.", 0, 1},
                {"size_min", ParameterKind::number, "100", unit::usd, "Less it does not trade.", 0,
                    1e12},
                {"size_max", ParameterKind::distribution, "1e9", unit::usd,
                    "More it does not trade at a time.", 0, 1e12},
                {"news_of", ParameterKind::token, "\"\"", {},
                    "The coin that there are bad news of; none: no news."},
                {"news_at", ParameterKind::duration, "\"0s\"", {},
                    "When they come out, after the start.", 0},
                {"hears_after", ParameterKind::distribution, "{ log_normal = [9.5, 0.6] }",
                    unit::seconds, "From there until it hears them.", 0, 1e9},
                {"loss", ParameterKind::distribution, "0", {},
                    "The share that it then believes to be lost.", 0, 1},
                {"sober_loss", ParameterKind::distribution, "0", {},
                    "The share that it believes to be lost once it is calm.", 0, 1},
                {"doubt", ParameterKind::distribution, "0", {},
                    "The share that it believes to be lost from the relief until the coin's issuer "
                    "has opened.",
                    0, 1},
                {"calm", ParameterKind::duration, "\"12h\"", {},
                    "How long until half of its excitement is gone.", 1'000},
                {"exposure", ParameterKind::number, "0.5", {},
                    "What it believes that a coin loses whose issuer holds the one in question, as "
                    "a share of that one's loss.",
                    0, 1},
                {"relief_at", ParameterKind::duration, "\"0s\"", {},
                    "When it comes out that nothing is lost, after the start; 0: never.", 0},
                {"relief_after", ParameterKind::distribution, "{ log_normal = [7.5, 0.8] }",
                    unit::seconds, "From there until it hears that.", 0, 1e9},
                {"slippage_bps", ParameterKind::integer, "50", unit::bps,
                    "How far each part's price may fall until it trades.", 0, 5'000},
                fee_tolerance_parameter(),
            },
        .create = create_strategy<CoinHolder>,
        .validate = check_pairs,
        .validate_in = [](const Parameters& parameters, const World& world)
        { return check_map(parameters, world, true); }};
    return type;
}

}  // namespace runnel::strategies
