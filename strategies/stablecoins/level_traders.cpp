#include "contracts/kit/registration.hpp"
#include "strategies/market/dex.hpp"
#include "strategies/stablecoins/level_trader.hpp"
#include "strategies/strategies.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace runnel::strategies
{
namespace
{

using contracts::ConvertibleStablecoin;

/// Gets out of a token when it falls, when there is ever more of it, or when holding it does not
/// pay what it wants any more.
class FleeingHolder : public LevelTrader
{
public:
    FleeingHolder(const Parameters& parameters, const WalletGroup& wallets)
      : LevelTrader{parameters, wallets, true}, yield_{parameters.number("yield")}
    {
        draw_all(parameters, wallets, "flees_below", &LevelTraderState::level);
        draw_all(parameters, wallets, "supply_max", &LevelTraderState::supply_level);
        draw_all(parameters, wallets, "yield_wanted", &LevelTraderState::yield_wanted);
        if (stablecoin())
        {
            start_supply_ = supply(*contracts::find_convertible(*wallets.world, *stablecoin()), 0);
        }
    }

private:
    [[nodiscard]] double supply(const ConvertibleStablecoin& coin, std::uint64_t block) const
    {
        const auto state = coin.state_in(block);
        return (token() == coin.stable_token() ? state.stable_supply : state.volatile_supply)
            .to_double();
    }

    [[nodiscard]] bool wants(
        const LevelTraderState& state, const WorldView& view, double price) const override
    {
        if (price < double{state.level} || yield_ < double{state.yield_wanted})
            return true;
        return stablecoin() && state.supply_level > 0 &&
               supply(view.state<ConvertibleStablecoin>(*stablecoin()), view.block_number) >
                   start_supply_ * double{state.supply_level};
    }

    double yield_;
    double start_supply_ = 0;
};

/// Buys what has become cheap, with so much money and no more.
class DipBuyer : public LevelTrader
{
public:
    DipBuyer(const Parameters& parameters, const WalletGroup& wallets)
      : LevelTrader{parameters, wallets, false}
    {
        draw_all(parameters, wallets, "buys_below", &LevelTraderState::level);
    }

private:
    [[nodiscard]] bool wants(
        const LevelTraderState& state, const WorldView&, double price) const override
    {
        return price < double{state.level};
    }
};

std::vector<ParameterSpec> parameters_of(std::vector<ParameterSpec> own)
{
    std::vector<ParameterSpec> all{
        {"token", ParameterKind::token, "", {}, "What it holds or buys."},
        {"money", ParameterKind::token, "", {},
            "What it wants for it or pays; with a reference price."},
        {.name = "pairs",
            .kind = ParameterKind::contracts,
            .default_value = "",
            .unit = {},
            .help = "Exchanges it knows.",
            .contract_kind = Exchange::sector},
        coin_parameter(),
    };
    all.insert(all.end(), own.begin(), own.end());
    const std::vector<ParameterSpec> common{
        {"delay", ParameterKind::distribution, "{ log_normal = [8, 1] }", unit::seconds,
            "From the moment that moves it to its first order.", 0, 1e9},
        {"interval", ParameterKind::distribution, "{ log_normal = [8, 1] }", unit::seconds,
            "Mean time between its orders.", 1, 1e9},
        {"part", ParameterKind::distribution, "0.25", {},
            "Share of what it began with that an order gives.", 0.001, 1},
        {"impact_max", ParameterKind::number, "0.05", {},
            "It accepts no average price this share worse than the present one: it gives less, "
            "half as much each time.",
            0, 1},
        {"size_min", ParameterKind::number, "50", unit::usd, "Less it does not trade.", 0, 1e12},
        {"slippage_bps", ParameterKind::distribution, "100", unit::per_10_000,
            "How much less than its quote it accepts; doubled with each failure.", 0, 5'000},
        fee_tolerance_parameter(),
        {"check_every", ParameterKind::duration, "\"5m\"", {}, "How often it looks at the price.",
            1'000},
        {"deadline", ParameterKind::duration, "\"20m\"", {}, "How long an order stands.", 1'000},
        {"retries", ParameterKind::integer, "2", {}, "How often it tries again what failed.", 0, 8},
    };
    all.insert(all.end(), common.begin(), common.end());
    return all;
}

/// What is wrong between the parameters in the world before the first block.
std::string check_level_trader(const Parameters& parameters, const World& world)
{
    if (auto wrong = check_map(parameters, world, true); !wrong.empty())
        return wrong;
    const auto token = parameters.token("token");
    const auto money = parameters.token("money");
    const auto& pairs = parameters.contracts("pairs");
    const auto trades_both = [&](ContractId id)
    {
        const auto* exchange = contracts::find_exchange(world, id);
        return exchange != nullptr && exchange->trades(token) && exchange->trades(money);
    };
    if (std::none_of(pairs.begin(), pairs.end(), trades_both))
        return "pairs: expected an exchange of token and money among them, got none";
    const auto stablecoin = optional_contract(parameters, "stablecoin");
    const auto* coin = stablecoin ? contracts::find_convertible(world, *stablecoin) : nullptr;
    if (coin != nullptr && token != coin->stable_token() && token != coin->volatile_token())
        return "stablecoin: expected one that converts token, got one of other tokens";
    return {};
}

constexpr ParameterSpec stablecoin_parameter(std::string_view help)
{
    ParameterSpec spec{"stablecoin", ParameterKind::contract, "\"\"", {}, help};
    spec.contract_kind = ConvertibleStablecoin::sector;
    return spec;
}
}  // namespace

const StrategyType& fleeing_holder_strategy()
{
    static const StrategyType type{.name = "fleeing_holder",
        .purpose = Purpose::trade,
        .help =
            "Sells a token, part by part, while it is too cheap, too plentiful or pays too "
            "little.",
        .parameters = parameters_of({
            stablecoin_parameter("The contract that converts the stablecoin: whose supply it "
                                 "watches, and through which it leaves where that pays more."),
            {"flees_below", ParameterKind::distribution, "0", unit::other("money per token"),
                "It sells below this price; 0: never.", 0, 1e12},
            {"supply_max", ParameterKind::distribution, "0", {},
                "It sells when there is this many times as much of the token as at the start; 0: "
                "never.",
                0, 1e12},
            {"yield", ParameterKind::number, "0", unit::per_year,
                "What the token pays to those who hold it, somewhere outside of the chain; an "
                "event may change it.",
                0, 100},
            {"yield_wanted", ParameterKind::distribution, "0", unit::per_year,
                "It sells when it pays less.", 0, 100},
        }),
        .create = create_strategy<FleeingHolder>,
        .validate = check_pairs,
        .validate_in = check_level_trader};
    return type;
}

const StrategyType& dip_buyer_strategy()
{
    static const StrategyType type{.name = "dip_buyer",
        .purpose = Purpose::trade,
        .help = "Buys a token, part by part, while it is cheap and its money lasts.",
        .parameters = parameters_of({
            {"buys_below", ParameterKind::distribution, "", unit::other("money per token"),
                "It buys below this price.", 0, 1e12},
        }),
        .create = create_strategy<DipBuyer>,
        .validate = check_pairs,
        .validate_in = check_level_trader};
    return type;
}

}  // namespace runnel::strategies
