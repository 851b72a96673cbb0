#pragma once

#include "strategies/api/strategy.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/flash.hpp"
#include "strategies/market/lending_market.hpp"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>

/// What attackers have in common: when they look, what is worth it to them, who lends them money
/// for it, and how they search for the size that gains most.
namespace runnel::strategies
{

/// The motive of a wallet that takes @p stolen of @p token for itself; zero where it prepares that.
/// @p number counts its incidents.
[[nodiscard]] Motive theft(Purpose purpose, const WalletContext& wallet, std::uint32_t number,
    ContractId token, const Amount& stolen);

/// An attack as a scenario plans it.
class Raid
{
public:
    /// Reads "at", "every", "coin", and where a strategy has them "lenders", "gain_min",
    /// "fee_tolerance".
    Raid(const Parameters& parameters, const WalletGroup& wallets);

    /// For Strategy::first_block().
    [[nodiscard]] std::uint64_t first_block() const noexcept { return first_block_; }
    [[nodiscard]] std::uint64_t next_look(const WorldView& view) const
    {
        return view.block_number + view.blocks_of_ms(every_ms_);
    }
    /// Whether @p usd, before @p gas, are enough.
    [[nodiscard]] bool is_worth_it(
        const WalletContext& wallet, std::uint64_t gas, double usd) const;
    /// The cheapest loan for the length of a transaction; empty if nobody gives so much.
    [[nodiscard]] std::optional<FlashLoan> loan(
        const WorldView& view, ContractId token, const Amount& amount)
    {
        return cheapest_flash_loan(lenders_, view, token, amount);
    }

private:
    MarketSet lenders_;
    GasCosts costs_;
    double gain_min_;  // USD.
    std::int64_t every_ms_;
    std::uint64_t first_block_;
};

/// Of plan_for(size), an optional of what has a gain, for sizes up to @p most in @p steps equal
/// steps, rounded down: the one that gains most, the first of equals; empty if none is possible.
template <typename PlanFor>
[[nodiscard]] auto best_plan(const Amount& most, unsigned steps, PlanFor plan_for)
{
    decltype(plan_for(most)) best;
    for (unsigned i = 1; i <= steps; ++i)
    {
        auto plan = plan_for(mul_div_down(most, i, steps).value);
        if (plan && (!best || plan->gain > best->gain))
            best = std::move(plan);
    }
    return best;
}

struct RaiderState
{
    std::uint32_t strikes = 0;
    Refusals refusals;
    RUNNEL_FIELDS(strikes, refusals);
};

/// An attacker who needs one transaction for it, and does it so often.
class Raider : public StatefulStrategy<RaiderState>
{
public:
    /// Reads what Raid does, and "strikes".
    Raider(const Parameters& parameters, const WalletGroup& wallets);

    std::uint64_t first_block(std::size_t position) override;
    bool learn(std::size_t position, const TransactionOutcome& outcome) override;

protected:
    [[nodiscard]] bool is_done(const RaiderState& state) const
    {
        return state.refusals.is_silent() || state.strikes >= strikes_max_;
    }
    [[nodiscard]] bool is_valid(const RaiderState& state, const RaiderState& born) const override;
    /// Sends what takes @p stolen of @p token.
    static void strike(const RaiderState& state, WalletContext& wallet, CallWriter calls,
        std::uint64_t extra_gas, ContractId token, const Amount& stolen);

    Raid raid_;

private:
    std::uint32_t strikes_max_;
};

/// The parameters "at", "every", "gain_min" and "lenders" of those who look from some time on.
[[nodiscard]] ParameterSpec at_parameter();
[[nodiscard]] ParameterSpec every_parameter(std::string_view default_value);
[[nodiscard]] ParameterSpec gain_min_parameter();
[[nodiscard]] ParameterSpec lenders_parameter(std::string_view help);

}  // namespace runnel::strategies
