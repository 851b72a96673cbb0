#include "contracts/kit/registration.hpp"
#include "contracts/kit/sectors/price_feed.hpp"
#include "strategies/market/common.hpp"
#include "strategies/market/routes.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace runnel::strategies
{
namespace
{

struct WalletState
{
    Refusals refusals;
    std::uint32_t vote_block = 0;  // Of its next report.
    RUNNEL_FIELDS(refusals, (vote_block, block_number));
};

/// Reports what tokens cost on the chain's own exchanges, at fixed times: an oracle whose price
/// everybody can move who has the money.
class PoolPriceKeeper : public StatefulStrategy<WalletState>
{
public:
    PoolPriceKeeper(const Parameters& parameters, const WalletGroup& wallets)
      : oracle_{parameters.contract("oracle")},
        tokens_{parameters.contracts("tokens")},
        money_{parameters.token("money")},
        money_decimals_{decimals_of(*wallets.world, money_)},
        every_ms_{parameters.duration_ms("every")}
    {
        for (const auto id : parameters.contracts("pairs"))
            exchanges_.push_back(contracts::find_exchange(*wallets.world, id));
        for (const auto token : tokens_)
            decimals_.push_back(decimals_of(*wallets.world, token));
        states_.resize(wallets.accounts.size());
    }

    std::uint64_t first_block(std::size_t) override { return 1; }

    std::uint64_t decide(std::size_t position, WalletContext& wallet) override
    {
        auto& state = states_[position];
        const auto& view = wallet.view();
        if (state.refusals.is_silent())
            return never;
        if (view.block_number < state.vote_block || wallet.pending() > 0)
            return std::max<std::uint64_t>(state.vote_block, view.block_number + 1);
        const auto next = view.block_number + view.blocks_of_ms(every_ms_);
        state.vote_block = static_cast<std::uint32_t>(next);
        const auto& oracle = view.state<contracts::PriceFeed>(oracle_);
        std::vector<contracts::TokenPrice> update;
        for (std::size_t i = 0; i < tokens_.size(); ++i)
        {
            const auto price = price_e8(view, i);
            if (!price || update.size() == oracle.prices_per_report())
                continue;
            if (*price != oracle.prices().get(index(tokens_[i])).price)
                update.push_back({tokens_[i], *price});
        }
        if (update.empty())
            return next;
        CallWriter calls;
        auto bid = wallet.habitual_bid();
        bid.extra_gas = oracle.add_report(calls, update);
        wallet.submit(std::move(calls), bid);
        return next;
    }

    bool learn(std::size_t position, const TransactionOutcome& outcome) override
    {
        states_[position].refusals.count(outcome);
        return false;
    }

private:
    [[nodiscard]] bool is_valid(const WalletState& state, const WalletState&) const override
    {
        return state.refusals.is_possible();
    }

    /// 1e-8 USD per whole token on the deepest exchange, rounded down: 0 where it is less than
    /// that. Empty where no exchange has a price.
    [[nodiscard]] std::optional<Amount> price_e8(const WorldView& view, std::size_t number) const
    {
        const auto token = tokens_[number];
        std::optional<double> price;
        Amount deepest;
        for (const auto* exchange : exchanges_)
        {
            if (!exchange->trades(token) || !exchange->trades(money_))
                continue;
            const auto depth = exchange->depth(money_);
            const auto spot = exchange->spot_price(token, money_);
            if (spot > 0 && depth > deepest)
            {
                deepest = depth;
                price = spot;
            }
        }
        if (!price)
            return std::nullopt;
        const auto whole = to_whole(Amount::power_of_ten(decimals_[number]), money_decimals_);
        return Amount::from_double(std::floor(*price * whole * reference_usd(view, money_) * 1e8));
    }

    ContractId oracle_;
    std::vector<ContractId> tokens_;
    ContractId money_;
    std::uint8_t money_decimals_;
    std::int64_t every_ms_;
    std::vector<const Exchange*> exchanges_;
    std::vector<std::uint8_t> decimals_;  // Of the tokens.
};

}  // namespace

const StrategyType& pool_price_keeper_strategy()
{
    static const StrategyType type{.name = "pool_price_keeper",
        .purpose = Purpose::upkeep,
        .help = "Reports to an oracle, at fixed times, what tokens cost on the chain's exchanges.",
        .parameters =
            {
                contracts::contract_parameter("oracle", contracts::PriceFeed::sector,
                    "Where it reports to; it must be the oracle's keeper."),
                {"tokens", ParameterKind::tokens, "", {}, "Whose prices it reports."},
                {"money", ParameterKind::token, "", {},
                    "In what exchanges price them; with a reference price."},
                {.name = "pairs",
                    .kind = ParameterKind::contracts,
                    .default_value = "",
                    .unit = {},
                    .help = "The exchanges; of several the deepest counts.",
                    .contract_kind = Exchange::sector},
                {"every", ParameterKind::duration, "\"30s\"", {},
                    "Between two reports; Terra's votes took 30 seconds.", 1'000},
            },
        .create = create_strategy<PoolPriceKeeper>};
    return type;
}

}  // namespace runnel::strategies
