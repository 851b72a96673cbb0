#include "strategies/market/provider.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <limits>

namespace runnel::strategies
{
namespace
{

using Phase = ProviderPhase;

struct WalletState
{
    float enter_seconds = 0;
    float hold_seconds = 0;
    float size_usd = 0;
    float drawdown_max = 0;
    float remove_share = 0;
    float cost_usd = 0;  // What it paid in, at the prices of that block.
    float loss_max = 0;
    float patience_seconds = 0;
    std::uint32_t exit_block = 0;
    std::uint32_t behind_since = 0;  // The block of the look at which it lost too much; 0: not.
    std::uint16_t slippage_bps = 0;
    DexMap::Position pool = 0;
    Phase phase = Phase::outside;
    std::uint8_t failures = 0;  // In a row.
    bool failed = false;        // The last transaction, and that is still to be digested.
    std::vector<double> paid;   // Whole tokens, by the pool's order.
    RUNNEL_FIELDS(enter_seconds, hold_seconds, (size_usd, usd), drawdown_max, remove_share,
        (cost_usd, usd), loss_max, (patience_seconds, seconds), (exit_block, block_number),
        (behind_since, block_number), slippage_bps, pool, phase, failures, failed,
        (paid, whole_tokens));
};

/// Puts money into a pool, holds it, and takes a part or all of it out when its time has come or
/// when it has lost too much.
///
/// It remembers what it paid in, and compares the worth of its shares with what that was worth then
/// and with what it would be worth now, had it been held. What fails is tried
/// again a few times, each time later; then it leaves things as they are.
class LiquidityProvider : public Provider<WalletState>
{
public:
    LiquidityProvider(const Parameters& parameters, const WalletGroup& wallets)
      : Provider{parameters, wallets},
        desk_{*wallets.world, optional_contract(parameters, "router")}
    {
        draw_states(parameters, wallets,
            [](WalletState& state, const auto& draw)
            {
                state.enter_seconds = draw("enter");
                state.hold_seconds = draw("hold");
                state.size_usd = draw("size");
                state.drawdown_max = draw("drawdown_max");
                state.loss_max = draw("loss_max");
                state.patience_seconds = draw("patience");
                state.remove_share = draw("remove_share");
                state.slippage_bps = static_cast<std::uint16_t>(draw("slippage_bps"));
            });
    }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        if (wallet.pending() > 0)
            return never;  // learn() wakes it up.
        if (state.failed)
            return try_later(state, view);
        switch (state.phase)
        {
            case Phase::outside: return add(state, wallet);
            case Phase::adding: return enter(state, wallet);
            case Phase::inside:
                return wants_out(state, wallet) ? remove(state, wallet) : look_again(state, view);
            case Phase::removing:
            case Phase::swapping:
            case Phase::done: break;
        }
        state.phase = Phase::done;
        return never;
    }

private:
    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState& born) const override
    {
        return state.enter_seconds == born.enter_seconds &&
               state.hold_seconds == born.hold_seconds && state.size_usd == born.size_usd &&
               state.drawdown_max == born.drawdown_max && state.remove_share == born.remove_share &&
               state.loss_max == born.loss_max && state.patience_seconds == born.patience_seconds &&
               is_possible(state.paid) &&
               state.paid.size() <= map_.pools()[state.pool].tokens.size() &&
               state.slippage_bps == born.slippage_bps && state.pool == born.pool &&
               state.cost_usd >= 0 && state.cost_usd <= usd_max && state.phase <= Phase::done &&
               state.failures <= retries_max_;
    }

    static constexpr float usd_max = 1e18F;
    static constexpr double whole_max = 1e60;

    [[nodiscard]] static bool is_possible(const std::vector<double>& paid)
    {
        return std::all_of(paid.begin(), paid.end(),
            [](double amount) { return amount >= 0 && amount <= whole_max; });
    }

    std::uint64_t look_again(const WalletState& state, const WorldView& view) const
    {
        const auto next = view.block_number + view.blocks_of_ms(check_every_ms_);
        return state.drawdown_max >= 1 && state.loss_max >= 1
                   ? std::uint64_t{state.exit_block}
                   : std::min<std::uint64_t>(next, state.exit_block);
    }

    /// What it would pay in at most: its size split as the pool's own holdings are, evenly if the
    /// pool is empty, and no more than it has.
    [[nodiscard]] std::vector<Amount> offer(
        const WalletState& state, const WalletContext& wallet, const DexMap::Pool& pool) const
    {
        const auto worth = [&](DexMap::Position position)
        { return worth_usd(position, pool.exchange->reserve(map_.tokens()[position].token)); };
        double total = 0;
        for (const auto position : pool.tokens)
            total += worth(position);
        std::vector<Amount> offered;
        for (const auto position : pool.tokens)
        {
            const auto& token = map_.tokens()[position];
            const auto share =
                total > 0 ? worth(position) / total : 1 / static_cast<double>(pool.tokens.size());
            const auto held = holding_of(wallet.view(), token.token, wallet.account());
            offered.push_back(
                token.usd > 0 ? std::min(held, to_units(double{state.size_usd} * share / token.usd,
                                                   token.decimals))
                              : Amount{});
        }
        return offered;
    }

    [[nodiscard]] static std::vector<Amount> less_slippage(
        std::vector<Amount> amounts, std::uint32_t slippage_bps)
    {
        for (auto& amount : amounts)
            amount = min_amount_out(amount, slippage_bps);
        return amounts;
    }

    /// Pays in as much as it wants and has, as the pool takes it.
    std::uint64_t add(WalletState& state, WalletContext& wallet)
    {
        const auto& view = wallet.view();
        map_.observe(view);
        const auto& pool = map_.pools()[state.pool];
        const auto& exchange = *pool.exchange;
        const auto deposit = exchange.quote_deposit(offer(state, wallet, pool));
        if (!deposit)
            return try_later(state, view);
        state.cost_usd = static_cast<float>(worth_usd(pool, deposit->amounts));
        if (double{state.cost_usd} < size_min_)
            return try_later(state, view);

        state.paid.clear();
        for (std::size_t i = 0; i < deposit->amounts.size(); ++i)
        {
            const auto decimals = map_.tokens()[pool.tokens[i]].decimals;
            state.paid.push_back(std::min(to_whole(deposit->amounts[i], decimals), whole_max));
        }

        const auto& venue = *desk_.venue_for(exchange);
        CallWriter calls;
        for (std::size_t i = 0; i < deposit->amounts.size(); ++i)
        {
            add_approval(calls, view, exchange.tokens()[i], wallet.account(),
                venue.contract().account(), deposit->amounts[i]);
        }
        venue.add_deposit(calls,
            {&exchange, deposit->amounts, less_slippage(deposit->amounts, state.slippage_bps),
                min_amount_out(deposit->shares, state.slippage_bps), wallet.account(),
                view.timestamp + deadline_seconds_});
        wallet.submit(std::move(calls), wallet.habitual_bid());
        state.phase = Phase::adding;
        return never;
    }

    /// Its shares are there.
    std::uint64_t enter(WalletState& state, WalletContext& wallet) const
    {
        const auto& view = wallet.view();
        state.phase = Phase::inside;
        state.failures = 0;
        state.exit_block = block_of(view.block_number + 1 + blocks_of(state.hold_seconds));
        return look_again(state, view);
    }

    [[nodiscard]] bool wants_out(WalletState& state, const WalletContext& wallet)
    {
        if (wallet.view().block_number >= state.exit_block)
            return true;
        if (state.drawdown_max >= 1 && state.loss_max >= 1)
            return false;
        map_.observe(wallet.view());
        const auto& pool = map_.pools()[state.pool];
        const auto worth = worth_usd(
            pool, pool.exchange->share_value(pool.exchange->share_balance(wallet.account())));
        if (worth < double{state.cost_usd} * (1 - double{state.drawdown_max}))
            return true;
        double held = 0;
        for (std::size_t i = 0; i < state.paid.size(); ++i)
            held += state.paid[i] * map_.tokens()[pool.tokens[i]].usd;
        if (!(worth < held * (1 - double{state.loss_max})))
        {
            state.behind_since = 0;
            return false;
        }
        // A loss that prices may still undo: it waits and sees.
        const auto block = wallet.view().block_number;
        if (state.behind_since == 0)
            state.behind_since = static_cast<std::uint32_t>(block);
        return block - state.behind_since >= blocks_of(state.patience_seconds);
    }

    /// Takes a part or all of its shares out, for no less than they are worth now, less slippage.
    std::uint64_t remove(WalletState& state, WalletContext& wallet) const
    {
        constexpr std::uint64_t whole = 1'000'000;
        const auto& view = wallet.view();
        const auto& exchange = *map_.pools()[state.pool].exchange;
        const auto shares = mul_div_down(exchange.share_balance(wallet.account()),
            static_cast<std::uint64_t>(double{state.remove_share} * whole), whole)
                                .value;
        const auto amounts = exchange.share_value(shares);
        if (std::all_of(amounts.begin(), amounts.end(), [](const auto& a) { return a.is_zero(); }))
        {
            state.phase = Phase::done;
            return never;
        }
        const auto& venue = *desk_.venue_for(exchange);
        const auto slippage_bps = std::uint32_t{state.slippage_bps} << state.failures;
        CallWriter calls;
        if (const auto token = exchange.share_token(); token && venue.spends_shares())
            add_approval(calls, view, *token, wallet.account(), venue.contract().account(), shares);
        venue.add_withdrawal(calls, {&exchange, shares, less_slippage(amounts, slippage_bps),
                                        wallet.account(), view.timestamp + deadline_seconds_});
        wallet.submit(std::move(calls), wallet.habitual_bid());
        state.phase = Phase::removing;
        return never;
    }

    SwapDesk desk_;
};

}  // namespace

const StrategyType& liquidity_provider_strategy()
{
    static const StrategyType type{.name = "liquidity_provider",
        .purpose = Purpose::liquidity,
        .help = "Adds liquidity to a pool, holds it, and removes it after a time or a loss.",
        .parameters =
            {
                {.name = "router",
                    .kind = ParameterKind::contract,
                    .default_value = "\"\"",
                    .unit = {},
                    .help =
                        "The router it adds and removes through, where that serves an exchange; "
                        "none: each exchange's own.",
                    .contract_kind = Venue::sector},
                {.name = "pairs",
                    .kind = ParameterKind::contracts,
                    .default_value = "",
                    .unit = {},
                    .help = "Exchanges, 1 to 127; each wallet picks one by chance.",
                    .contract_kind = Exchange::sector},
                {"enter", ParameterKind::distribution, "{ uniform = [0, 7200] }", unit::seconds,
                    "When it adds, from the start on.", 0, 1e9},
                {"size", ParameterKind::distribution, "{ log_normal = [9.5, 2.0] }", unit::usd,
                    "What it wants to deposit, all tokens together; it deposits what it has.", 0,
                    1e15},
                {"size_min", ParameterKind::number, "50", unit::usd, "Less is not worth the fee.",
                    0, 1e15},
                {"hold", ParameterKind::distribution, "{ log_normal = [11.2, 1.8] }", unit::seconds,
                    "How long it stays in.", 0, 1e9},
                {"drawdown_max", ParameterKind::distribution, "0.2", {},
                    "It leaves when its shares are worth less than (1 - this) of what it paid in, "
                    "in "
                    "USD; 1: it does not look.",
                    0, 1},
                {"loss_max", ParameterKind::distribution, "{ uniform = [0.005, 0.05] }", {},
                    "It also leaves when its shares have been worth less than (1 - this) of what "
                    "it paid in would be worth now, at every look for as long as its patience "
                    "lasts; 1: it does not compare.",
                    0, 1},
                {"patience", ParameterKind::distribution, "{ log_normal = [10.0, 1.0] }",
                    unit::seconds, "How long it bears that.", 0, 1e9},
                {"remove_share", ParameterKind::distribution, "1", {},
                    "Share of its liquidity that it takes out when it leaves.", 0, 1},
                {"slippage_bps", ParameterKind::distribution, "100", unit::per_10_000,
                    "How far the pool's ratio may move until its transaction runs; doubled with "
                    "every failure to remove.",
                    0, 5'000},
                {"check_every", ParameterKind::duration, "\"10m\"", {},
                    "How often it looks at its losses.", 1'000},
                {"deadline", ParameterKind::duration, "\"20m\"", {},
                    "How long a transaction stands.", 1'000},
                {"retry_after", ParameterKind::duration, "\"5m\"", {},
                    "The wait after a failure; doubled with every further one.", 1'000},
                {"retries", ParameterKind::integer, "3", {},
                    "How often it tries again before it leaves things as they are.", 0, 10},
            },
        .create = create_strategy<LiquidityProvider>,
        .validate = check_pairs,
        .validate_in = [](const Parameters& parameters, const World& world)
        { return check_map(parameters, world, true); }};
    return type;
}

}  // namespace runnel::strategies
