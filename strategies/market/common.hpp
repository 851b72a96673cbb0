#pragma once

#include "contracts/kit/sectors/exchange.hpp"
#include "contracts/kit/token.hpp"
#include "ledger/block.hpp"
#include "strategies/api/strategy.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

namespace runnel::strategies
{

/// A number of whole tokens in smallest units, rounded down; 0 for what is not positive.
[[nodiscard]] Amount to_units(double whole, std::uint8_t decimals);
/// The other way round; for beliefs only.
[[nodiscard]] double to_whole(const Amount& units, std::uint8_t decimals);

/// A parameter that may name no contract.
[[nodiscard]] std::optional<ContractId> optional_contract(
    const Parameters& parameters, std::string_view name);

/// A number of blocks until the next event of a Poisson process, which is looked at once per block:
/// the mean of the draws is @p mean_seconds exactly, from a slot on; below, it is every block.
[[nodiscard]] std::uint64_t blocks_until_next(
    RandomStream& random, double mean_seconds, std::uint32_t slot_seconds);

/// The mean times between events of a group's wallets.
///
/// The draws of the parameter say how wallets differ, and its mean how often the group acts: one
/// event per wallet and mean. A few that are due all the time would outweigh the rest otherwise,
/// because the mean of 1 / x is more than 1 / the mean of x. So all draws are stretched alike, by
///
///     mean of x * mean of 1 / x        over the group's wallets
///
/// of whom a group beyond 16,384 asks the first; the mean of x is that of as many draws always.
class EventTimes
{
public:
    /// @p parameter  A distribution in seconds; draws below a second count as one.
    EventTimes(
        const WalletGroup& wallets, const Parameters& parameters, std::string_view parameter);

    [[nodiscard]] double mean_seconds(std::uint32_t number) const
    {
        return stretch_ * drawn(number);
    }

private:
    [[nodiscard]] double drawn(std::uint32_t number) const;

    const WalletGroup& wallets_;
    const Distribution& distribution_;
    std::string_view parameter_;
    double stretch_ = 1;
};

/// Sizes @p states for these wallets, and draws the mean time between each one's events from the
/// parameter "interval".
template <typename WalletState>
void draw_intervals(
    std::vector<WalletState>& states, const WalletGroup& wallets, const Parameters& parameters)
{
    const EventTimes times{wallets, parameters, "interval"};
    states.resize(wallets.accounts.size());
    for (std::size_t i = 0; i < states.size(); ++i)
    {
        states[i].interval_seconds =
            times.mean_seconds(wallets.first_number + static_cast<std::uint32_t>(i));
    }
}

/// A block from 1 on within @p span_ms of the start, each equally likely.
[[nodiscard]] std::uint64_t block_within(
    RandomStream& random, std::int64_t span_ms, std::uint32_t slot_seconds);

/// The first block whose slot begins @p span_ms or more after the start, rounded down to a slot.
[[nodiscard]] constexpr std::uint64_t block_after(std::int64_t span_ms, std::uint32_t slot_seconds)
{
    return 1 + static_cast<std::uint64_t>(span_ms) / (std::uint64_t{slot_seconds} * 1'000);
}
/// The block to come, as simulated transactions see it; who proposes it, nobody knows yet.
[[nodiscard]] BlockContext block_of(const WorldView& view);

/// When wallets act that do so at random, each with a mean time of its own.
class RandomTimes
{
public:
    /// @p first  Names the stream that the first times are drawn from.
    RandomTimes(const WalletGroup& wallets, std::string_view first);

    /// For Strategy::first_block().
    [[nodiscard]] std::uint64_t first_block(std::size_t position, double mean_seconds) const;
    /// The same for those who come within a span from the start; see block_within().
    [[nodiscard]] std::uint64_t first_block_within(
        std::size_t position, std::int64_t span_ms) const;
    /// For Strategy::decide(): by the wallet's own draws.
    [[nodiscard]] std::uint64_t next_block(WalletContext& wallet, double mean_seconds) const;

private:
    std::uint64_t seed_;
    std::uint64_t stream_;
    std::uint32_t first_number_;
    std::uint32_t slot_seconds_;
};

/// What a group's parameters give one of its wallets.
class WalletDraws
{
public:
    WalletDraws(const Parameters& parameters, const WalletGroup& wallets, std::size_t position)
      : parameters_{parameters},
        wallets_{wallets},
        number_{wallets.first_number + static_cast<std::uint32_t>(position)}
    {}

    /// The wallet's number within its group.
    [[nodiscard]] std::uint32_t number() const noexcept { return number_; }
    /// Draws the distribution of this name.
    [[nodiscard]] double operator()(std::string_view name) const
    {
        return wallets_.draw(parameters_.distribution(name), name, number_);
    }
    /// The same, at least 0 and at most 1.
    [[nodiscard]] double share(std::string_view name) const
    {
        return std::clamp((*this)(name), 0.0, 1.0);
    }

private:
    const Parameters& parameters_;
    const WalletGroup& wallets_;
    std::uint32_t number_;
};

/// Refusals of one wallet's transactions in a row.
///
/// Nothing is repeated without bound: who has been refused this often is silent from then on.
struct Refusals
{
    static constexpr std::uint8_t most = 16;

    std::uint8_t in_a_row = 0;
    RUNNEL_FIELDS(in_a_row);

    /// Dropped transactions tell nothing: they were never executed.
    void count(const TransactionOutcome& outcome) noexcept
    {
        if (outcome.kind == TransactionOutcome::Kind::succeeded)
            in_a_row = 0;
        else if (outcome.kind == TransactionOutcome::Kind::reverted && in_a_row < most)
            ++in_a_row;
    }
    /// Of what was read back.
    [[nodiscard]] bool is_possible() const noexcept { return in_a_row <= most; }
    [[nodiscard]] bool is_silent() const noexcept { return in_a_row >= most; }
};
/// A block that never comes.
inline constexpr std::uint64_t never = ~std::uint64_t{0};

/// Digits after a token's decimal point.
[[nodiscard]] std::uint8_t decimals_of(const World& world, ContractId token);
/// What an account holds of a token (the native coin included) after the last block.
[[nodiscard]] Amount holding_of(const WorldView& view, ContractId token, AccountId account);
/// What a wallet begins with: at block 0, or when it arrives.
[[nodiscard]] Amount starting_holding(
    const WalletGroup& wallets, std::size_t position, ContractId token);
/// USD per whole token, as the world outside quotes it; 0 without a price.
[[nodiscard]] double reference_usd(const WorldView& view, ContractId token);
/// USD that @p amount of a token is worth by that price.
[[nodiscard]] double reference_usd(const WorldView& view, ContractId token, const Amount& amount);
/// The same of those who take a token without a price for one dollar.
[[nodiscard]] double presumed_usd(const WorldView& view, ContractId token);
[[nodiscard]] double presumed_usd(const WorldView& view, ContractId token, const Amount& amount);
/// What a whole @p token is worth by reference prices, in whole units of @p currency; 0 if one of
/// them has none.
[[nodiscard]] double reference_price(const WorldView& view, ContractId token, ContractId currency);

/// The wallet's habitual bid with @p urgency times its tip. A higher one comes on top of the
/// maximal fee, a lower one leaves it as it is.
[[nodiscard]] Bid urgent_bid(const WalletContext& wallet, double urgency);

/// @p quote less @p slippage_bps of it, rounded down: the least that a trader accepts.
[[nodiscard]] Amount min_amount_out(const Amount& quote, std::uint32_t slippage_bps);

/// Adds a call that pays @p value of a token, the native coin included, to @p payee.
void add_payment(CallWriter& calls, ContractId token, AccountId payee, const Amount& value);

/// An address that nobody has used, as people give out: a new wallet, a shop's for one order.
[[nodiscard]] Address draw_address(RandomStream& random);
/// Whoever has this address, for @p calls. An account of block 0 is named by its number.
[[nodiscard]] AccountId account_of_address(
    const World& world, const Address& address, CallWriter& calls);

/// The accounts of a group, a list that grows while people arrive; nullptr without such a group.
[[nodiscard]] const std::vector<AccountId>* find_group(
    const GroupAccounts& groups, std::string_view name);

/// Adds a call that lets @p spender take whatever it is asked to, unless it already may take
/// @p amount.
void add_approval(CallWriter& calls, const WorldView& view, ContractId token, AccountId owner,
    AccountId spender, const Amount& amount);

}  // namespace runnel::strategies
