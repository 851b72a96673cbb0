#include "strategies/market/provider.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

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
    float fear = 0;  // How far the weakest coin may be below the strongest.
    float reaction_seconds = 0;
    float calm_seconds = 0;  // Of peace, until it comes back; 0: it does not.
    std::uint32_t exit_block = 0;
    std::uint32_t alarm_block = 0;  // Since when it is afraid; 0: it is not.
    std::uint32_t calm_block = 0;  // Since when there is peace, once it has fled; 0: there is none.
    std::uint16_t slippage_bps = 0;
    DexMap::Position pool = 0;
    Phase phase = Phase::outside;
    std::uint8_t failures = 0;  // In a row.
    bool is_balanced = false;   // It deposits all coins.
    bool fled = false;
    bool failed = false;  // The last transaction, and that is still to be digested.
    RUNNEL_FIELDS(enter_seconds, hold_seconds, (size_usd, usd), fear, (reaction_seconds, seconds),
        (calm_seconds, seconds), (exit_block, block_number), (alarm_block, block_number),
        (calm_block, block_number), slippage_bps, pool, phase, failures, is_balanced, fled, failed);
};

/// Provides coins that should be worth the same to a pool of them, and runs when they are not.
///
/// The pool's shares are a claim on whatever coin is weakest: when that is too far below the
/// strongest, it takes out what is worth most by the prices outside, all coins alike or one alone,
/// and comes back when prices have been together for long enough. What fails is tried again a few
/// times, each time later; then it leaves things as they are.
class StableProvider : public Provider<WalletState>
{
public:
    StableProvider(const Parameters& parameters, const WalletGroup& wallets)
      : Provider{parameters, wallets}, desk_{nullptr}
    {
        draw_states(parameters, wallets,
            [](WalletState& state, const auto& draw)
            {
                state.enter_seconds = draw("enter");
                state.hold_seconds = draw("hold");
                state.size_usd = draw("size");
                state.fear = draw("fear");
                state.reaction_seconds = draw("reaction");
                state.calm_seconds = draw("calm");
                state.is_balanced = draw("balanced") >= 0.5F;
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
        map_.observe(view);
        switch (state.phase)
        {
            case Phase::outside:
                return state.fled ? wait_for_peace(state, wallet) : add(state, wallet);
            case Phase::adding:
                state.phase = Phase::inside;
                state.failures = 0;
                state.alarm_block = 0;
                if (state.exit_block == 0)
                {
                    state.exit_block =
                        block_of(view.block_number + 1 + blocks_of(state.hold_seconds));
                }
                return next_look(state, view);
            case Phase::inside: return look(state, wallet);
            case Phase::removing:
                state.failures = 0;
                if (!state.fled || !(state.calm_seconds > 0))
                    break;
                state.phase = Phase::outside;
                state.calm_block = 0;
                return next_look(state, view);
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
               state.fear == born.fear && state.reaction_seconds == born.reaction_seconds &&
               state.calm_seconds == born.calm_seconds && state.slippage_bps == born.slippage_bps &&
               state.pool == born.pool && state.is_balanced == born.is_balanced &&
               state.phase <= Phase::done && state.failures <= retries_max_;
    }

    [[nodiscard]] std::uint64_t next_look(const WalletState& state, const WorldView& view) const
    {
        const auto next = view.block_number + view.blocks_of_ms(check_every_ms_);
        return std::max(view.block_number + 1, std::min<std::uint64_t>(next, state.exit_block));
    }

    /// How far the weakest of a pool's coins is below the strongest, by the prices outside.
    [[nodiscard]] double spread(const DexMap::Pool& pool) const
    {
        double lowest = std::numeric_limits<double>::infinity();
        double highest = 0;
        for (const auto position : pool.tokens)
        {
            const auto usd = map_.tokens()[position].usd;
            if (!(usd > 0))
                continue;
            lowest = std::min(lowest, usd);
            highest = std::max(highest, usd);
        }
        return highest > 0 ? 1 - lowest / highest : 0;
    }

    /// Its size in all coins as the pool has them, or in the one of which it has most.
    [[nodiscard]] std::vector<Amount> offer(
        const WalletState& state, const WalletContext& wallet, const DexMap::Pool& pool) const
    {
        std::vector<double> shares(pool.tokens.size(), 0);
        double total = 0;
        std::size_t most = 0;
        double most_usd = 0;
        for (std::size_t i = 0; i < shares.size(); ++i)
        {
            const auto& token = map_.tokens()[pool.tokens[i]];
            shares[i] = worth_usd(pool.tokens[i], pool.exchange->reserve(token.token));
            total += shares[i];
            const auto usd =
                worth_usd(pool.tokens[i], holding_of(wallet.view(), token.token, wallet.account()));
            if (usd > most_usd)
            {
                most = i;
                most_usd = usd;
            }
        }
        std::vector<Amount> offered(shares.size());
        for (std::size_t i = 0; i < shares.size(); ++i)
        {
            const auto& token = map_.tokens()[pool.tokens[i]];
            const auto share = state.is_balanced && total > 0 ? shares[i] / total
                               : i == most                    ? 1.0
                                                              : 0.0;
            if (!(token.usd > 0) || !(share > 0))
                continue;
            offered[i] = std::min(holding_of(wallet.view(), token.token, wallet.account()),
                to_units(double{state.size_usd} * share / token.usd, token.decimals));
        }
        return offered;
    }

    std::uint64_t add(WalletState& state, WalletContext& wallet)
    {
        const auto& view = wallet.view();
        const auto& pool = map_.pools()[state.pool];
        const auto& exchange = *pool.exchange;
        const auto deposit = exchange.quote_deposit(offer(state, wallet, pool));
        if (!deposit || worth_usd(pool, deposit->amounts) < size_min_)
            return try_later(state, view);
        const auto& venue = *desk_.venue_for(exchange);
        CallWriter calls;
        auto least = deposit->amounts;
        for (std::size_t i = 0; i < least.size(); ++i)
        {
            if (!least[i].is_zero())
            {
                add_approval(calls, view, exchange.tokens()[i], wallet.account(),
                    venue.contract().account(), least[i]);
            }
            least[i] = min_amount_out(least[i], state.slippage_bps);
        }
        venue.add_deposit(calls, {&exchange, deposit->amounts, std::move(least),
                                     min_amount_out(deposit->shares, state.slippage_bps),
                                     wallet.account(), view.timestamp + deadline_seconds_});
        wallet.submit(std::move(calls), wallet.habitual_bid());
        state.phase = Phase::adding;
        state.fled = false;
        return never;
    }

    std::uint64_t look(WalletState& state, WalletContext& wallet)
    {
        const auto& view = wallet.view();
        const auto block = view.block_number;
        if (block >= state.exit_block)
            return remove(state, wallet);
        if (spread(map_.pools()[state.pool]) < double{state.fear})
        {
            state.alarm_block = 0;
            return next_look(state, view);
        }
        if (state.alarm_block == 0)
            state.alarm_block = block_of(block);
        if (block - state.alarm_block < blocks_of(state.reaction_seconds))
            return next_look(state, view);
        state.fled = true;
        return remove(state, wallet);
    }

    /// Back when the coins have been within a quarter of its fear for long enough.
    std::uint64_t wait_for_peace(WalletState& state, WalletContext& wallet)
    {
        const auto& view = wallet.view();
        if (view.block_number >= state.exit_block)
        {
            state.phase = Phase::done;
            return never;
        }
        if (spread(map_.pools()[state.pool]) > double{state.fear} / 4)
            state.calm_block = 0;
        else if (state.calm_block == 0)
            state.calm_block = block_of(view.block_number);
        if (state.calm_block == 0 ||
            view.block_number - state.calm_block < blocks_of(state.calm_seconds))
            return next_look(state, view);
        return add(state, wallet);
    }

    /// Takes everything out, the way that is worth most.
    std::uint64_t remove(WalletState& state, WalletContext& wallet)
    {
        const auto& view = wallet.view();
        const auto& pool = map_.pools()[state.pool];
        const auto& exchange = *pool.exchange;
        const auto shares = exchange.share_balance(wallet.account());
        auto amounts = exchange.share_value(shares);
        auto best = worth_usd(pool, amounts);
        std::optional<SingleCoin> single;
        for (const auto position : pool.tokens)
        {
            const auto token = map_.tokens()[position].token;
            const auto amount = exchange.quote_single_withdrawal(shares, token);
            if (!amount || !(worth_usd(position, *amount) > best))
                continue;
            best = worth_usd(position, *amount);
            single = SingleCoin{token, *amount};
        }
        if (shares.is_zero() || !(best > 0))
        {
            state.phase = Phase::done;
            return never;
        }
        const auto& venue = *desk_.venue_for(exchange);
        const auto slippage =
            std::min<std::uint32_t>(5'000, std::uint32_t{state.slippage_bps} << state.failures);
        const auto deadline = view.timestamp + deadline_seconds_;
        CallWriter calls;
        if (const auto token = exchange.share_token(); token && venue.spends_shares())
            add_approval(calls, view, *token, wallet.account(), venue.contract().account(), shares);
        if (single)
        {
            venue.add_single_withdrawal(
                calls, {&exchange, shares, single->token, min_amount_out(single->amount, slippage),
                           wallet.account(), deadline});
        }
        else
        {
            for (auto& amount : amounts)
                amount = min_amount_out(amount, slippage);
            venue.add_withdrawal(
                calls, {&exchange, shares, std::move(amounts), wallet.account(), deadline});
        }
        wallet.submit(std::move(calls), wallet.habitual_bid());
        state.phase = Phase::removing;
        return never;
    }

    struct SingleCoin
    {
        ContractId token{};
        Amount amount;
    };

    SwapDesk desk_;
};

}  // namespace

const StrategyType& stable_provider_strategy()
{
    static const StrategyType type{.name = "stable_provider",
        .purpose = Purpose::liquidity,
        .help = "Provides coins of one worth to a pool of them, and runs when one loses its peg.",
        .parameters =
            {
                {.name = "pairs",
                    .kind = ParameterKind::contracts,
                    .default_value = "",
                    .unit = {},
                    .help = "Exchanges, 1 to 127; each wallet picks one by chance.",
                    .contract_kind = Exchange::sector},
                {"enter", ParameterKind::distribution, "{ uniform = [0, 7200] }", unit::seconds,
                    "When it adds, from the start on.", 0, 1e9},
                {"size", ParameterKind::distribution, "{ log_normal = [9.5, 2.0] }", unit::usd,
                    "What it wants to deposit, all coins together; it deposits what it has.", 0,
                    1e15},
                {"size_min", ParameterKind::number, "50", unit::usd, "Less is not worth the fee.",
                    0, 1e15},
                {"balanced", ParameterKind::distribution, "0", {},
                    "From 0.5 on it deposits all coins as the pool has them; else the one of which "
                    "it has most.",
                    0, 1},
                {"hold", ParameterKind::distribution, "{ log_normal = [13.5, 1.5] }", unit::seconds,
                    "After this it leaves for good.", 0, 1e9},
                {"fear", ParameterKind::distribution, "{ log_normal = [-3.5, 0.8] }", {},
                    "It runs when the weakest coin is this share below the strongest, by the "
                    "prices outside.",
                    0, 1},
                {"reaction", ParameterKind::distribution, "{ log_normal = [7.5, 1.2] }",
                    unit::seconds, "For how long that must have been so.", 0, 1e9},
                {"calm", ParameterKind::distribution, "0", unit::seconds,
                    "It comes back when the weakest has been within a quarter of its fear for so "
                    "long; 0: never.",
                    0, 1e9},
                {"slippage_bps", ParameterKind::distribution, "50", unit::per_10_000,
                    "How much less it accepts than it was quoted; doubled with every failure to "
                    "remove.",
                    0, 5'000},
                {"check_every", ParameterKind::duration, "\"5m\"", {},
                    "How often it looks at prices.", 1'000},
                {"deadline", ParameterKind::duration, "\"20m\"", {},
                    "How long a transaction stands.", 1'000},
                {"retry_after", ParameterKind::duration, "\"5m\"", {},
                    "The wait after a failure; doubled with every further one.", 1'000},
                {"retries", ParameterKind::integer, "3", {},
                    "How often it tries again before it leaves things as they are.", 0, 10},
            },
        .create = create_strategy<StableProvider>,
        .validate = check_pairs,
        .validate_in = [](const Parameters& parameters, const World& world)
        { return check_map(parameters, world, true); }};
    return type;
}

}  // namespace runnel::strategies
