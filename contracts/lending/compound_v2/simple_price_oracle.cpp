#include "contracts/lending/compound_v2/simple_price_oracle.hpp"

#include "contracts/kit/registration.hpp"
#include "contracts/lending/compound_v2/events.hpp"
#include "state/world.hpp"

#include <array>

namespace runnel::contracts
{

using namespace compound_v2;

namespace
{
constexpr std::array price_columns{
    ParameterSpec{"price", ParameterKind::amount, "", unit::other("1e-18 USD per 1e18 units"),
        "Before the first call: 10^(36 - decimals) is a dollar per whole token."},
};
}  // namespace

CompoundV2SimplePriceOracle::CompoundV2SimplePriceOracle(ContractIdentity identity,
    std::string poster, const std::vector<std::pair<ContractId, Amount>>& initial)
  : ContractBase{std::move(identity)},
    poster_name_{std::move(poster)},
    prices_{name() + ".prices", KeyOf::contract}
{
    add_table(prices_);
    for (const auto& [token, price] : initial)
        prices_.at(index(token)) = price;
}

const ContractType& CompoundV2SimplePriceOracle::contract_type()
{
    static const ContractType type{.kind = "compound_v2_simple_price_oracle",
        .help = "Prices as Compound v2 counts them, posted by one account.",
        .role = ContractRole::oracle,
        .methods = methods(),
        .events = event_types<PricePostedLog>(),
        .parameters = {{"poster", ParameterKind::account, "\"keeper/0\"", {},
                           "The account that may post prices."},
            {"prices", ParameterKind::per_token, "{}", {}, "The prices it starts with.", 0, 0, {},
                {}, price_columns}},
        .create = creator<CompoundV2SimplePriceOracle>(
            [](const Parameters& parameters)
            {
                std::vector<std::pair<ContractId, Amount>> initial;
                for (const auto& [token, row] : parameters.per_token("prices"))
                    initial.emplace_back(token, row.amount("price"));
                return std::make_tuple(parameters.text("poster"), std::move(initial));
            })};
    return type;
}

void CompoundV2SimplePriceOracle::connect(World& world)
{
    poster_ = world.find_account(poster_name_).value_or(zero_account);
}

void CompoundV2SimplePriceOracle::genesis(const Parameters&, GenesisBuilder& builder)
{
    poster_ = builder.account(poster_name_, "keeper");
}

void CompoundV2SimplePriceOracle::declare(
    const SetDirectPrice& call, AccountId, AccessCollector& access) const
{
    if (access.world().find_contract(call.asset) != nullptr)
        access.write(prices_, index(call.asset));
}

Result<Returns> CompoundV2SimplePriceOracle::execute(
    const SetDirectPrice& call, CallContext& context)
{
    RUNNEL_REQUIRE(context.sender() == poster_ && poster_ != zero_account,
        Refusal::error("SimplePriceOracle: caller is not the poster"));
    RUNNEL_REQUIRE(context.world().find_contract(call.asset) != nullptr,
        Refusal::error("SimplePriceOracle: unknown token"));
    auto& price = context.write(prices_, index(call.asset));
    context.emit(id(), PricePostedLog{call.asset, price, call.price, call.price});
    price = call.price;
    return Returns{};
}

}  // namespace runnel::contracts
