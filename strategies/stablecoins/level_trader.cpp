#include "strategies/stablecoins/level_trader.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace runnel::strategies
{

using contracts::ConvertibleStablecoin;

namespace
{
constexpr int halvings_max = 8;
constexpr std::uint64_t block_max = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t slippage_bps_max = 5'000;
}  // namespace

LevelTrader::LevelTrader(const Parameters& parameters, const WalletGroup& wallets, bool gives_token)
  : token_{parameters.token("token")},
    money_{parameters.token("money")},
    gives_token_{gives_token},
    token_decimals_{decimals_of(*wallets.world, token_)},
    money_decimals_{decimals_of(*wallets.world, money_)},
    costs_{parameters},
    slot_seconds_{wallets.slot_seconds},
    impact_max_{parameters.number("impact_max")},
    size_min_{parameters.number("size_min")},
    check_every_ms_{parameters.duration_ms("check_every")},
    deadline_seconds_{static_cast<std::uint64_t>(parameters.duration_ms("deadline")) / 1000},
    retries_max_{static_cast<std::uint8_t>(parameters.integer("retries"))}
{
    // Only who has something of a stablecoin asks for its protocol.
    if (gives_token)
        stablecoin_ = optional_contract(parameters, "stablecoin");
    const auto& world = *wallets.world;
    const auto given = gives_token ? token_ : money_;
    const auto taken = gives_token ? money_ : token_;
    const auto* coin = stablecoin_ ? contracts::find_convertible(world, *stablecoin_) : nullptr;
    for (const auto id : parameters.contracts("pairs"))
    {
        const auto* exchange = contracts::find_exchange(world, id);
        if (!exchange->trades(taken))
            continue;
        if (exchange->trades(given))
            direct_.push_back({exchange, given, taken});
        if (coin != nullptr && given == coin->stable_token() &&
            exchange->trades(coin->volatile_token()))
            indirect_.push_back({exchange, coin->volatile_token(), taken});
    }
    const EventTimes times{wallets, parameters, "interval"};
    states_.resize(wallets.accounts.size());
    for (std::size_t i = 0; i < states_.size(); ++i)
    {
        const auto number = wallets.first_number + static_cast<std::uint32_t>(i);
        states_[i].interval_seconds = static_cast<float>(times.mean_seconds(number));
        states_[i].slippage_bps = static_cast<std::uint16_t>(
            wallets.draw(parameters.distribution("slippage_bps"), "slippage_bps", number));
        starts_.push_back(starting_holding(wallets, i, given));
    }
    draw_all(parameters, wallets, "delay", &LevelTraderState::delay_seconds);
    draw_all(parameters, wallets, "part", &LevelTraderState::part);
}

void LevelTrader::draw_all(const Parameters& parameters, const WalletGroup& wallets,
    std::string_view parameter, float LevelTraderState::*field)
{
    for (std::size_t i = 0; i < states_.size(); ++i)
    {
        const auto number = wallets.first_number + static_cast<std::uint32_t>(i);
        states_[i].*field =
            static_cast<float>(wallets.draw(parameters.distribution(parameter), parameter, number));
    }
}

bool LevelTrader::is_valid(const LevelTraderState& state, const LevelTraderState& born) const
{
    return state.level == born.level && state.supply_level == born.supply_level &&
           state.yield_wanted == born.yield_wanted && state.delay_seconds == born.delay_seconds &&
           state.interval_seconds == born.interval_seconds && state.part == born.part &&
           state.slippage_bps == born.slippage_bps && state.failures <= retries_max_ &&
           state.refusals.is_possible();
}

std::uint32_t LevelTrader::later(std::uint64_t block, double seconds) const
{
    const auto blocks = std::min(std::max(seconds, 0.0) / slot_seconds_, 4e9);
    return static_cast<std::uint32_t>(
        std::min(block + static_cast<std::uint64_t>(blocks), block_max));
}

void LevelTrader::observe(const WorldView& view)
{
    if (observed_block_ == view.block_number)
        return;
    observed_block_ = view.block_number;
    price_ = 0;
    Amount deepest;
    for (const auto& hop : direct_)
    {
        const auto depth = hop.exchange->depth(money_);
        const auto price = hop.exchange->spot_price(token_, money_) *
                           to_whole(Amount::power_of_ten(token_decimals_), money_decimals_);
        if (price > 0 && depth > deepest)
        {
            deepest = depth;
            price_ = price;
        }
    }
}

std::uint64_t LevelTrader::decide(std::size_t position, WalletContext& wallet)
{
    auto& state = states_[position];
    const auto& view = wallet.view();
    if (state.refusals.is_silent())
        return never;
    const auto block = view.block_number;
    const auto next_look = block + view.blocks_of_ms(check_every_ms_);
    observe(view);
    if (!(price_ > 0) || !wants(state, view, price_))
    {
        state.start_block = 0;
        return next_look;
    }
    if (state.start_block == 0)
    {
        state.start_block = std::max<std::uint32_t>(1, later(block, double{state.delay_seconds}));
        state.wake_block = state.start_block;
    }
    if (block < state.wake_block)
        return std::min<std::uint64_t>(next_look, state.wake_block);
    if (wallet.pending() > 0)
        return block + 1;
    const auto wait =
        blocks_until_next(wallet.random(), double{state.interval_seconds}, slot_seconds_);
    state.wake_block = static_cast<std::uint32_t>(std::min(block + wait, block_max));
    order(position, wallet);
    return std::min<std::uint64_t>(next_look, std::max<std::uint64_t>(state.wake_block, block + 1));
}

bool LevelTrader::learn(std::size_t position, const TransactionOutcome& outcome)
{
    auto& state = states_[position];
    state.refusals.count(outcome);
    if (outcome.kind == TransactionOutcome::Kind::succeeded || state.failures >= retries_max_)
    {
        state.failures = 0;
        return false;
    }
    // The price ran away: again at once, with another quote and twice the slack.
    ++state.failures;
    state.wake_block = 0;
    return true;
}

std::optional<LevelTrader::Way> LevelTrader::best_way(
    const WorldView& view, const Amount& amount_in, std::uint32_t slippage_bps) const
{
    std::optional<Way> best;
    const auto consider = [&best](Way way)
    {
        if (!best || way.amount_out > best->amount_out)
            best = std::move(way);
    };
    for (const auto& hop : direct_)
    {
        if (const auto out =
                hop.exchange->quote_exact_input(hop.token_in, hop.token_out, amount_in))
            consider({hop, false, {}, *out});
    }
    if (indirect_.empty())
        return best;
    const auto conversion = view.state<ConvertibleStablecoin>(*stablecoin_)
                                .quote_conversion(token_, amount_in, view.block_number);
    if (!conversion)
        return best;
    const auto least = min_amount_out(conversion->amount_out, slippage_bps);
    for (const auto& hop : indirect_)
    {
        if (const auto out = hop.exchange->quote_exact_input(hop.token_in, hop.token_out, least))
            consider({hop, true, least, *out});
    }
    return best;
}

void LevelTrader::order(std::size_t position, WalletContext& wallet)
{
    const auto& state = states_[position];
    const auto& view = wallet.view();
    const auto given = gives_token_ ? token_ : money_;
    const auto given_decimals = gives_token_ ? token_decimals_ : money_decimals_;
    const auto taken_decimals = gives_token_ ? money_decimals_ : token_decimals_;
    const auto held = holding_of(view, given, wallet.account());
    auto amount = std::min(held, part_of(starts_[position], double{state.part}));
    const auto money_usd = reference_usd(view, money_);
    // What a whole token given would bring if nothing moved.
    const auto price = gives_token_ ? price_ : 1 / price_;
    const auto slippage = std::min<std::uint32_t>(
        slippage_bps_max, std::uint32_t{state.slippage_bps} << state.failures);
    for (int i = 0; i < halvings_max; ++i, amount = amount >> 1U)
    {
        const auto whole = to_whole(amount, given_decimals);
        const auto worth = whole * (gives_token_ ? price_ : 1) * money_usd;
        if (!(worth >= size_min_))
            return;
        const auto way = best_way(view, amount, slippage);
        if (!way || to_whole(way->amount_out, taken_decimals) < whole * price * (1 - impact_max_))
            continue;
        auto gas = desk_.gas(std::span{&way->hop, 1});
        if (way->is_converted)
            gas += view.state<ConvertibleStablecoin>(*stablecoin_).conversion_gas();
        if (!costs_.worth_it(wallet, gas.total(), worth))
            return;
        CallWriter calls;
        auto sold = amount;
        if (way->is_converted)
        {
            view.state<ConvertibleStablecoin>(*stablecoin_)
                .add_conversion(calls, token_, amount, way->converted);
            sold = way->converted;
        }
        desk_.add_swap(calls, view, std::span{&way->hop, 1}, sold,
            min_amount_out(way->amount_out, slippage), wallet.account(),
            view.timestamp + deadline_seconds_);
        auto bid = wallet.habitual_bid();
        bid.extra_gas =
            gas.extra + crossing_gas(std::span{&way->hop, 1}, std::array{sold, way->amount_out});
        wallet.submit(std::move(calls), bid);
        return;
    }
}

}  // namespace runnel::strategies
