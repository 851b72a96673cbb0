#pragma once

#include "contracts/kit/sectors/convertible.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/lending_market.hpp"
#include "strategies/market/routes.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace runnel::strategies
{

/// Where a wallet stands that trades once something has crossed its level.
struct LevelTraderState
{
    float level = 0;          // Price that matters to it, in whole money per whole token; 0: none.
    float supply_level = 0;   // Supply, as a multiple of that at the start; 0: none.
    float yield_wanted = 0;   // Per year; 0: none.
    float delay_seconds = 0;  // From there to its first order.
    float interval_seconds = 0;  // Between orders.
    float part = 0;              // Of what it began with, per order.
    std::uint16_t slippage_bps = 0;
    std::uint32_t start_block = 0;  // From which it trades; 0: nothing has moved it.
    std::uint32_t wake_block = 0;   // Of its next order, once it trades.
    std::uint8_t failures = 0;      // Of one order, in a row.
    Refusals refusals;
    RUNNEL_FIELDS(level, supply_level, yield_wanted, (delay_seconds, seconds),
        (interval_seconds, seconds), part, slippage_bps, (start_block, block_number),
        (wake_block, block_number), failures, refusals);
};

/// Gives one token for another, part by part, while the price on exchanges is beyond a level, or
/// for another reason that Derived's why() knows.
///
/// What it gives at a time is a part of what it began with, less where the average price would be
/// more than impact_max beyond the present one. Refused for its limit, it tries again at once with
/// twice the slack, a few times.
class LevelTrader : public StatefulStrategy<LevelTraderState>
{
public:
    std::uint64_t first_block(std::size_t) override { return 1; }
    std::uint64_t decide(std::size_t position, WalletContext& wallet) override;
    bool learn(std::size_t position, const TransactionOutcome& outcome) override;

protected:
    /// @p token  What is cheap or dear, in terms of "money"; it is given if @p gives_token, else
    ///           taken.
    LevelTrader(const Parameters& parameters, const WalletGroup& wallets, bool gives_token);

    /// Whether there is a reason to trade at this @p price, in money.
    [[nodiscard]] virtual bool wants(
        const LevelTraderState& state, const WorldView& view, double price) const = 0;

    /// Its stablecoin's protocol, if it knows one.
    [[nodiscard]] const std::optional<ContractId>& stablecoin() const noexcept
    {
        return stablecoin_;
    }
    [[nodiscard]] ContractId token() const noexcept { return token_; }

    void draw_all(const Parameters& parameters, const WalletGroup& wallets,
        std::string_view parameter, float LevelTraderState::*field);

private:
    /// A way to get rid of an amount.
    struct Way
    {
        Hop hop;  // Of the exchange; behind the conversion, if there is one.
        bool is_converted = false;
        Amount converted;  // What the conversion gives at least, which the exchange gets.
        Amount amount_out;
    };

    [[nodiscard]] bool is_valid(
        const LevelTraderState& state, const LevelTraderState& born) const override;
    void observe(const WorldView& view);
    [[nodiscard]] std::optional<Way> best_way(
        const WorldView& view, const Amount& amount_in, std::uint32_t slippage_bps) const;
    void order(std::size_t position, WalletContext& wallet);
    [[nodiscard]] std::uint32_t later(std::uint64_t block, double seconds) const;

    ContractId token_;
    ContractId money_;
    bool gives_token_;
    std::uint8_t token_decimals_;
    std::uint8_t money_decimals_;
    std::optional<ContractId> stablecoin_;
    SwapDesk desk_{nullptr};
    GasCosts costs_;
    std::uint32_t slot_seconds_;
    double impact_max_;
    double size_min_;
    std::int64_t check_every_ms_;
    std::uint64_t deadline_seconds_;
    std::uint8_t retries_max_;
    std::vector<Hop> direct_;     // From what it gives to what it takes.
    std::vector<Hop> indirect_;   // The same from what the stablecoin converts into.
    std::vector<Amount> starts_;  // What it began with of what it gives, by wallet.

    std::uint64_t observed_block_ = 0;
    double price_ = 0;  // Whole money per whole token, on the deepest exchange; 0: none.
};

}  // namespace runnel::strategies
