#include "strategies/market/bidding.hpp"

#include "ledger/portable_math.hpp"

#include <algorithm>

namespace runnel::strategies
{
namespace
{
/// Of the gain after the base fee.
constexpr std::array<double, Bidding::levels> shares{0.02, 0.1, 0.25, 0.45, 0.65, 0.8, 0.92};

/// What it believes before it has run a race, and how many races that weighs.
constexpr double prior_above = 0.45;  // It takes the other to be one.
constexpr double prior_below = 0.05;
constexpr double prior_races = 2;
/// It buys no lottery tickets: races it would win less often than this are for others.
constexpr double probability_min = 0.4;
/// What a chance that it only watched teaches, in races.
constexpr double watched_weight = 0.5;
/// It knows no more than this many races of a level: rivals change.
constexpr double races_max = 24;
/// Of a lost race, before the first.
constexpr double lost_share_guess = 0.4;
constexpr std::uint32_t losses_max = 40;

void remember(RaceMemory& memory, std::size_t level, double races, double wins)
{
    memory.races[level] += races;
    memory.wins[level] += wins;
    if (memory.races[level] > races_max)
    {
        memory.wins[level] *= races_max / memory.races[level];
        memory.races[level] = races_max;
    }
}

constexpr double wei_per_coin = 1e18;
}  // namespace

SearchChance search_chance(
    const WalletContext& wallet, double gain, std::uint64_t gas, double coin_usd)
{
    const auto cost = [&](std::uint64_t price)
    { return static_cast<double>(gas) * static_cast<double>(price) * 1e-18 * coin_usd; };
    const auto& view = wallet.view();
    return {gain, cost(view.base_fee), cost(wallet.habitual_bid().priority_fee), gas,
        view.takes_bundles};
}

bool is_possible(const RaceMemory& memory)
{
    constexpr double rounding = 1e-6;
    constexpr double coins_max = 1e30;
    constexpr double gas_max = 1e12;
    for (std::size_t i = 0; i < RaceMemory::levels; ++i)
    {
        if (!(memory.races[i] >= 0 && memory.races[i] <= races_max && memory.wins[i] >= 0 &&
                memory.wins[i] <= memory.races[i] + rounding))
            return false;
    }
    return memory.result >= -coins_max && memory.result <= coins_max && memory.lost_gas >= 0 &&
           memory.lost_gas <= gas_max && memory.losses <= losses_max;
}

Bidding::Bidding(const Parameters& parameters, std::uint32_t slot_seconds)
  : stake_{parameters.number("bid_stake")},
    memory_blocks_{std::max(
        1.0, static_cast<double>(parameters.duration_ms("bid_memory")) / 1000 / slot_seconds)}
{}

void Bidding::forget(RaceMemory& memory, std::uint64_t block) const
{
    if (block <= memory.block)
        return;
    // Who has only lost believes it for longer each time: it tries again ever more rarely.
    const auto patience = portable_exp(0.6931471805599453 * memory.losses);
    const auto kept = portable_exp(-0.6931471805599453 * static_cast<double>(block - memory.block) /
                                   (memory_blocks_ * patience));
    memory.block = block;
    for (std::size_t i = 0; i < levels; ++i)
    {
        memory.races[i] *= kept;
        memory.wins[i] *= kept;
    }
    memory.result *= kept;
}

std::optional<Bidding::Offer> Bidding::offer(RaceMemory& memory, const SearchChance& chance,
    double rivals, double profit_min, double coin_usd, std::uint64_t block) const
{
    forget(memory, block);
    const auto net = chance.gain - chance.base_fee;
    const auto most = net - profit_min;
    if (!would_pay(chance, profit_min))
        return std::nullopt;
    if (chance.as_bundle)
        return bundle_offer(memory, net, most, rivals);
    const auto lost = memory.lost_gas > 0
                          ? std::min(1.0, memory.lost_gas / static_cast<double>(chance.gas))
                          : lost_share_guess;
    const auto result = memory.result * coin_usd;
    const auto risk = stake_ + (result > 0 ? result / 2 : result);
    const auto affordable = std::min(most, risk / lost - chance.base_fee);
    if (!(affordable >= chance.habit))
        return std::nullopt;

    // Rivals risk no more than it would.
    const auto rival = std::min(rivals * net, stake_ / lost - chance.base_fee);
    std::optional<Offer> best;
    double best_value = 0;
    for (std::size_t wanted = 0; wanted < levels; ++wanted)
    {
        const auto tip = std::min(affordable, std::max(chance.habit, shares[wanted] * net));
        std::size_t level = 0;
        while (level + 1 < levels && shares[level + 1] * net <= tip)
            ++level;
        const auto prior = tip >= rival ? prior_above : prior_below;
        const auto probability =
            (memory.wins[level] + prior * prior_races) / (memory.races[level] + prior_races);
        const auto value =
            probability * (net - tip) - (1 - probability) * lost * (chance.base_fee + tip);
        if (probability >= probability_min && value > best_value)
        {
            best_value = value;
            best = Offer{tip, level};
        }
    }
    return best;
}

std::optional<Bidding::Offer> Bidding::bundle_offer(
    const RaceMemory& memory, double net, double most, double rivals)
{
    std::optional<Offer> best;
    double best_value = 0;
    for (std::size_t level = 0; level < levels; ++level)
    {
        const auto tip = shares[level] * net;
        if (tip > most)
            break;
        const auto prior = shares[level] >= rivals ? prior_above : prior_below;
        const auto probability =
            (memory.wins[level] + prior * prior_races) / (memory.races[level] + prior_races);
        const auto value = probability * (net - tip);
        if (value > best_value)
        {
            best_value = value;
            best = Offer{tip, level};
        }
    }
    return best;
}

bool Bidding::would_pay(const SearchChance& chance, double profit_min)
{
    const auto net = chance.gain - chance.base_fee;
    return net - profit_min >= chance.habit && net > 0;
}

void Bidding::learn(
    RaceMemory& memory, const TransactionOutcome& outcome, std::size_t level, double gain)
{
    const auto fee = static_cast<double>(outcome.gas_used) *
                     static_cast<double>(outcome.gas_price) / wei_per_coin;
    const bool won = outcome.kind == TransactionOutcome::Kind::succeeded;
    for (std::size_t i = won ? level : 0; i < (won ? levels : level + 1); ++i)
    {
        remember(memory, i, 1, won ? 1 : 0);
    }
    memory.result += won ? gain - fee : -fee;
    memory.losses = won ? 0 : std::min(memory.losses + 1, losses_max);
    if (outcome.kind == TransactionOutcome::Kind::reverted)
    {
        const auto gas = static_cast<double>(outcome.gas_used);
        memory.lost_gas = memory.lost_gas > 0 ? memory.lost_gas + (gas - memory.lost_gas) / 8 : gas;
    }
}

void Bidding::watch(RaceMemory& memory, bool taken, std::uint64_t block) const
{
    forget(memory, block);
    for (std::size_t i = 0; i < levels; ++i)
        remember(memory, i, watched_weight, taken ? 0 : watched_weight);
}

Bid Bidding::bid(
    const Offer& offer, const SearchChance& chance, WalletContext& wallet, double coin_usd)
{
    const auto habit = wallet.habitual_bid();
    const auto per_gas = [&](double usd)
    {
        return Amount::from_double(usd / coin_usd / static_cast<double>(chance.gas) * wei_per_coin)
            .low64();
    };
    Bid bid;
    // Two that offer the same share do not bid the same: chance decides, not who was sent first.
    const auto haggle = 1 - wallet.random().uniform_double() / 256;
    bid.priority_fee = per_gas(offer.tip * haggle);
    // However far the base fee rises, it does not pay more than the chance is worth.
    const auto room = wallet.view().base_fee + wallet.view().base_fee / 8;
    bid.max_fee = std::min(per_gas(chance.gain), std::max(habit.max_fee, room) + bid.priority_fee);
    bid.max_fee = std::max(bid.max_fee, bid.priority_fee);
    if (chance.as_bundle)
        bid.bundle = BundlePlace{};
    return bid;
}

ParameterSpec bid_stake_parameter()
{
    return {"bid_stake", ParameterKind::number, "25", unit::usd,
        "What it is ready to lose in races of late; beyond it risks half of what it has won.", 0,
        1e12};
}

ParameterSpec bid_memory_parameter()
{
    return {"bid_memory", ParameterKind::duration, "\"1h\"", {},
        "After this time it has half forgotten a race; twice as long for each loss since the last "
        "win.",
        1'000};
}

}  // namespace runnel::strategies
