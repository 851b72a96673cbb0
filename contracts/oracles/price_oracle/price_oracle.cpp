#include "contracts/oracles/price_oracle/price_oracle.hpp"

#include "contracts/kit/registration.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <array>

namespace runnel::contracts
{
namespace
{
constexpr double price_unit = 1e8;

constexpr std::array price_columns{
    ParameterSpec{"price", ParameterKind::number, "", unit::usd_per_token,
        "The price before the first update.", 0, 1e30},
};
}  // namespace

PriceOracle::PriceOracle(
    ContractIdentity identity, std::string keeper, const std::vector<TokenPrice>& initial)
  : ContractBase{std::move(identity)},
    keeper_name_{std::move(keeper)},
    prices_{name() + ".prices", KeyOf::contract}
{
    add_table(prices_);
    for (const auto& [token, price] : initial)
        prices_.at(index(token)).price = price;
}

const ContractType& PriceOracle::contract_type()
{
    static const ContractType type{.kind = "price_oracle",
        .help = "Prices in USD that a keeper reports.",
        .role = ContractRole::oracle,
        .sectors = implements<PriceOracle, PriceSource, PriceFeed>(),
        .methods = methods(),
        .events = event_types<AssetPriceUpdatedLog>(),
        .parameters =
            {
                {"keeper", ParameterKind::account, "\"keeper/0\"", {},
                    "The account that may set prices."},
                {"prices", ParameterKind::per_token, "", {}, "The prices it starts with.", 0, 0, {},
                    {}, price_columns},
            },
        .create = [](const Parameters& parameters,
                      ContractIdentity identity) -> std::unique_ptr<Contract>
        {
            std::vector<TokenPrice> initial;
            for (const auto& [token, row] : parameters.per_token("prices"))
            {
                // To the nearest 1e-8 USD.
                initial.push_back(
                    {token, Amount::from_double(row.number("price") * price_unit + 0.5)});
            }
            return std::make_unique<PriceOracle>(
                std::move(identity), parameters.text("keeper"), initial);
        }};
    return type;
}

void PriceOracle::connect(World& world)
{
    keeper_ = world.find_account(keeper_name_).value_or(zero_account);
}

void PriceOracle::genesis(const Parameters&, GenesisBuilder& builder)
{
    keeper_ = builder.account(keeper_name_, "keeper");
}

std::uint64_t PriceOracle::add_report(CallWriter& calls, std::span<const TokenPrice> prices) const
{
    RUNNEL_CHECK(prices.size() <= SetPrices::prices_max);
    SetPrices call;
    for (const auto& price : prices)
        call.prices.push_back(price);
    calls.add(id(), call);
    return gas_per_price * prices.size();
}

Result<void> PriceOracle::require_keeper(const CallContext& context) const
{
    RUNNEL_REQUIRE(context.sender() == keeper_ && keeper_ != zero_account,
        Refusal::error("PriceOracle: caller is not the keeper"));
    return {};
}

Result<void> PriceOracle::update(CallContext& context, ContractId token, const Amount& price)
{
    RUNNEL_REQUIRE(context.world().find_contract(token) != nullptr,
        Refusal::error("PriceOracle: unknown token"));
    const auto timestamp = context.block().timestamp;
    context.write(prices_, index(token)) = {price, timestamp};
    context.emit(id(), AssetPriceUpdatedLog{token, price, timestamp});
    return {};
}

void PriceOracle::declare(const SetPrice& call, AccountId, AccessCollector& access) const
{
    if (access.world().find_contract(call.token) != nullptr)
        access.write(prices_, index(call.token));
}

void PriceOracle::declare(const SetPrices& call, AccountId, AccessCollector& access) const
{
    for (const auto& item : call.prices)
    {
        if (access.world().find_contract(item.token) != nullptr)
            access.write(prices_, index(item.token));
    }
}

Result<Returns> PriceOracle::execute(const SetPrice& call, CallContext& context)
{
    RUNNEL_TRY(require_keeper(context));
    RUNNEL_TRY(update(context, call.token, call.price));
    return Returns{};
}

Result<Returns> PriceOracle::execute(const SetPrices& call, CallContext& context)
{
    RUNNEL_TRY(require_keeper(context));
    for (const auto& [token, price] : call.prices)
    {
        RUNNEL_TRY(context.charge_gas(gas_per_price));
        RUNNEL_TRY(update(context, token, price));
    }
    return Returns{};
}

}  // namespace runnel::contracts
