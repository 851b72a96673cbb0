#include "contracts/kit/plain_tokens.hpp"
#include "ledger/check.hpp"
#include "strategies/market/common.hpp"
#include "strategies/strategies.hpp"

#include <array>
#include <limits>

namespace runnel::strategies
{
namespace
{
using contracts::OpeningOrder;
using contracts::Venue;

struct WalletState
{
    bool is_done = false;  // It has opened the pool, or found that another did.
    std::uint8_t failures = 0;
    RUNNEL_FIELDS(is_done, failures);
};

/// Opens an exchange of two tokens in the middle of a run, at the price of the world outside, and
/// keeps its shares.
class PoolOpener : public StatefulStrategy<WalletState>
{
public:
    PoolOpener(const Parameters& parameters, const WalletGroup& wallets)
      : venue_{contracts::find_venue(*wallets.world, parameters.contract("router"))},
        tokens_{parameters.token("token_a"), parameters.token("token_b")},
        at_blocks_{static_cast<std::uint64_t>(
            parameters.duration_ms("at") / (std::int64_t{wallets.slot_seconds} * 1000))}
    {
        RUNNEL_CHECK(venue_ != nullptr);
        states_.resize(wallets.accounts.size());
        for (std::size_t i = 0; i < states_.size(); ++i)
        {
            sizes_usd_.push_back(wallets.draw(parameters.distribution("size"), "size",
                wallets.first_number + static_cast<std::uint32_t>(i)));
        }
    }

    std::uint64_t first_block(std::size_t) override { return 1 + at_blocks_; }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        const auto gas = venue_->opening_gas(tokens_);
        state.is_done = state.is_done || !gas;
        if (state.is_done || wallet.pending() > 0)
            return never;  // learn() wakes it up.
        std::vector<Amount> amounts;
        for (const auto token : tokens_)
        {
            // Half of the value in each, as far as it holds so much.
            const auto usd = reference_usd(view, token);
            const auto wanted =
                usd > 0 ? to_units(sizes_usd_[position] / 2 / usd, decimals_of(*view.world, token))
                        : Amount{};
            if (wanted.is_zero() || wanted > holding_of(view, token, wallet.account()))
                return never;
            amounts.push_back(wanted);
        }
        CallWriter calls;
        for (std::size_t i = 0; i < tokens_.size(); ++i)
        {
            add_approval(calls, view, tokens_[i], wallet.account(), venue_->contract().account(),
                amounts[i]);
        }
        venue_->add_opening(calls, OpeningOrder{{tokens_.begin(), tokens_.end()}, amounts,
                                       wallet.account(), view.timestamp + deadline_seconds});
        auto bid = wallet.habitual_bid();
        bid.extra_gas = *gas;
        wallet.submit(std::move(calls), bid);
        return never;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        auto& state = states_[position];
        if (outcome.kind == TransactionOutcome::Kind::succeeded)
            state.is_done = true;
        else
            state.is_done = ++state.failures >= failures_max;
        return !state.is_done;
    }

private:
    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState&) const override
    {
        return state.failures <= failures_max;
    }

    static constexpr std::uint8_t failures_max = 10;
    static constexpr std::uint64_t deadline_seconds = 1'200;

    const Venue* venue_;
    std::array<ContractId, 2> tokens_;
    std::uint64_t at_blocks_;
    std::vector<double> sizes_usd_;  // By wallet.
};

std::string check_tokens(const Parameters& parameters)
{
    return parameters.token("token_a") == parameters.token("token_b")
               ? "token_b: expected another token than token_a, got the same"
               : "";
}

std::string check_venue(const Parameters& parameters, const World& world)
{
    const std::array tokens{parameters.token("token_a"), parameters.token("token_b")};
    return contracts::find_venue(world, parameters.contract("router"))->opening_gas(tokens)
               ? ""
               : "router: expected one where an exchange of token_a and token_b can be opened, got "
                 "one that has it or opens none";
}
}  // namespace

const StrategyType& pool_opener_strategy()
{
    static const StrategyType type{.name = "pool_opener",
        .purpose = Purpose::liquidity,
        .help = "Opens an exchange of two tokens in the middle of a run and keeps its shares.",
        .parameters =
            {
                {.name = "router",
                    .kind = ParameterKind::contract,
                    .default_value = "",
                    .unit = {},
                    .help = "Where it opens the exchange.",
                    .contract_kind = Venue::sector},
                {.name = "token_a",
                    .kind = ParameterKind::token,
                    .default_value = "",
                    .unit = {},
                    .help = "One of its tokens; has a reference price.",
                    .contract_kind = contracts::plain_tokens},
                {.name = "token_b",
                    .kind = ParameterKind::token,
                    .default_value = "",
                    .unit = {},
                    .help = "The other one; likewise.",
                    .contract_kind = contracts::plain_tokens},
                {"at", ParameterKind::duration, "\"1h\"", {}, "When, from the start of the run."},
                {"size", ParameterKind::distribution, "{ log_normal = [11.5, 1.0] }", unit::usd,
                    "What it puts in, half in each token.", 0, 1e12},
            },
        .create = [](const Parameters& parameters,
                      const WalletGroup& wallets) -> std::unique_ptr<Strategy>
        { return std::make_unique<PoolOpener>(parameters, wallets); },
        .validate = check_tokens,
        .validate_in = check_venue};
    return type;
}

}  // namespace runnel::strategies
