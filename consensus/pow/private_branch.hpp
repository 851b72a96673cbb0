#pragma once

#include <cstdint>

namespace runnel
{

/// What a selfish miner does when others' best block comes to lie at a height, while it has a
/// branch that nobody, or not everybody, knows.
enum class SelfishMove : std::uint8_t
{
    give_up,  // Theirs is longer: mine on it.
    race,     // As long: publish all, and mine on one's own.
    win,      // One block shorter: publish all, which beats theirs.
    match,    // Shorter still: publish up to their height.
};
/// Source: Eyal and Sirer (2014), algorithm 1, "Others found a block".
[[nodiscard]] constexpr SelfishMove selfish_move(
    std::uint64_t own_height, std::uint64_t their_height) noexcept
{
    if (own_height < their_height)
        return SelfishMove::give_up;
    if (own_height == their_height)
        return SelfishMove::race;
    return own_height == their_height + 1 ? SelfishMove::win : SelfishMove::match;
}

/// Where the attempt of a double spend is.
enum class DoubleSpendState : std::uint8_t
{
    racing,
    won,  // Publish: the payment is undone.
    gave_up,
};
/// Own and others' blocks since the one before the payment. The victim delivers when it sees so
/// many @p confirmations; a branch that is as long does not win, as nodes keep what they saw first.
[[nodiscard]] constexpr DoubleSpendState double_spend_state(std::uint64_t own, std::uint64_t others,
    std::uint64_t confirmations, std::uint64_t gives_up_behind) noexcept
{
    if (others >= confirmations && own > others)
        return DoubleSpendState::won;
    return others >= own + gives_up_behind ? DoubleSpendState::gave_up : DoubleSpendState::racing;
}

}  // namespace runnel
