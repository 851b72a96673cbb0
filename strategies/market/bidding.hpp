#pragma once

#include "ledger/fields.hpp"
#include "strategies/api/strategy.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace runnel::strategies
{

/// What a searcher remembers of the races that it ran for chances others saw too.
struct RaceMemory
{
    static constexpr std::size_t levels = 7;

    std::array<double, levels> races{};  // By level: those that tell what such a bid is good for,
    std::array<double, levels> wins{};   // and of these how many it would have won.
    double result = 0;                   // What they brought less what they cost.
    double lost_gas = 0;                 // What a lost one uses, a mean; 0: not known.
    std::uint32_t losses = 0;            // Since the last win.
    std::uint64_t block = 0;             // Up to which it has forgotten.
    RUNNEL_FIELDS(races, wins, (result, whole_tokens), lost_gas, losses, (block, block_number));
};

/// Whether a memory that was read back can be one.
[[nodiscard]] bool is_possible(const RaceMemory& memory);

/// Something that can be earned, by the exact quotes of the committed state. USD.
struct SearchChance
{
    double gain = 0;      // If it comes first; before any fee.
    double base_fee = 0;  // What its gas costs at the base fee,
    double habit = 0;     // and at the wallet's habitual tip.
    std::uint64_t gas = 0;
    bool as_bundle = false;  // A lost race is in no block.
};

/// What brings @p gain for @p gas, the transaction's own 21,000 included, at this block's fees.
[[nodiscard]] SearchChance search_chance(
    const WalletContext& wallet, double gain, std::uint64_t gas, double coin_usd);

/// How a searcher bids: by what a chance earns and by what its own races have taught it.
///
/// A bid is a share of the gain after the base fee, one of a few levels. A race won at a level
/// would have been won at the levels above, one lost there lost below as well; that, forgotten with
/// time, makes the probability P to win at each level. It takes the level with the highest
///
///     P * (gain - base fee - tip) - (1 - P) * lost * (base fee + tip)
///
/// where lost is the share of its gas that a lost race uses, and keeps away where none is positive.
/// Watching is free and teaches too: a chance that others took at once would probably have been a
/// lost race. So rivals drive bids up and margins down, and who keeps losing leaves. It never risks
/// more on a lost race than its stake and half of what it has won of late.
///
/// Where builders take bundles it sends one: a lost race costs nothing, so it takes the level with
/// the highest P * (gain - base fee - tip), however rarely that wins and whatever it has lost. What
/// drives shares of the gain up to what builders are paid on Ethereum is what it has learnt.
class Bidding
{
public:
    static constexpr std::size_t levels = RaceMemory::levels;

    /// Reads "bid_stake" and "bid_memory".
    Bidding(const Parameters& parameters, std::uint32_t slot_seconds);

    struct Offer
    {
        double tip = 0;  // USD for all of the gas.
        std::size_t level = 0;
    };
    /// @p rivals  The share that it believes others to bid, before it knows better.
    /// @p profit_min  USD that must be left of what it wins.
    /// @p coin_usd  USD per native coin.
    [[nodiscard]] std::optional<Offer> offer(RaceMemory& memory, const SearchChance& chance,
        double rivals, double profit_min, double coin_usd, std::uint64_t block) const;

    /// Whether a chance pays for its gas at the habitual tip and leaves @p profit_min USD, if it
    /// comes first.
    [[nodiscard]] static bool would_pay(const SearchChance& chance, double profit_min);

    /// @p gain  What the chance was to bring, in native coins.
    static void learn(
        RaceMemory& memory, const TransactionOutcome& outcome, std::size_t level, double gain);

    /// Tells of a chance that it saw and left alone: whether others had taken it when it looked
    /// again.
    void watch(RaceMemory& memory, bool taken, std::uint64_t block) const;

    /// The offer as wei per gas; at most what leaves the sender @p chance 's gain. A bundle of one
    /// where @p chance is to be one.
    [[nodiscard]] static Bid bid(
        const Offer& offer, const SearchChance& chance, WalletContext& wallet, double coin_usd);

private:
    [[nodiscard]] static std::optional<Offer> bundle_offer(
        const RaceMemory& memory, double net, double most, double rivals);
    void forget(RaceMemory& memory, std::uint64_t block) const;

    double stake_;
    double memory_blocks_;
};

[[nodiscard]] ParameterSpec bid_stake_parameter();
[[nodiscard]] ParameterSpec bid_memory_parameter();

}  // namespace runnel::strategies
