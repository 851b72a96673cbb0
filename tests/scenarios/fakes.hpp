#pragma once

#include "contracts/tokens/erc20/erc20.hpp"
#include "contracts/tokens/native/native_coin.hpp"
#include "scenarios/scenario.hpp"
#include "state/world.hpp"

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::scenarios::tests
{

/// A contract without calls: what it does at genesis is all there is.
///
/// It gives `reserve` of `asset` to the account NAME/seed, which pays `payment` to the contract in
/// block 0. With a payment above the reserve, block 0 reverts.
class FakePool : public Contract
{
public:
    FakePool(const ContractType& type, ContractIdentity identity)
      : Contract{std::move(identity)}, type_{type}
    {}
    [[nodiscard]] const ContractType& type() const override { return type_; }
    bool declare(const CallView&, AccountId, AccessCollector&) const override { return true; }
    Result<Returns> execute(const CallView&, CallContext&) override { return Returns{}; }

    void genesis(const Parameters& parameters, GenesisBuilder& builder) override
    {
        const auto seed = builder.account(name() + "/seed", "liquidity_provider");
        const auto asset = parameters.token("asset");
        auto* token = dynamic_cast<contracts::Erc20*>(&builder.world().contract(asset));
        if (token == nullptr)
            return;
        token->allocate(seed, parameters.amount("reserve"));
        CallWriter calls;
        calls.add(asset, contracts::Erc20Transfer{account(), parameters.amount("payment")});
        builder.transaction(seed, std::move(calls).take());
    }

private:
    const ContractType& type_;
};

inline const ContractType& fake_pool_type()
{
    static constexpr std::array columns{
        ParameterSpec{"cap", ParameterKind::amount, "0", unit::smallest_unit, "Most."},
        ParameterSpec{"weight", ParameterKind::number, "", {}, "Its share.", 0, 1},
    };
    static const ContractType type{.kind = "fake_pool",
        .help = "A contract for tests.",
        .role = ContractRole::dex,
        .methods = {},
        .events = {},
        .parameters =
            {
                {"asset", ParameterKind::token, "", {}, "What it holds."},
                {"reserve", ParameterKind::amount, "0", unit::smallest_unit_of("asset"),
                    "At first."},
                {"payment", ParameterKind::amount, "0", unit::smallest_unit_of("asset"),
                    "Paid in."},
                {"fee_bps", ParameterKind::integer, "30", unit::per_10_000, "Fee.", 0, 10'000},
                {"mode", ParameterKind::choice, "\"fast\"", {}, "How.", 0, 0, "fast|slow"},
                {"delay", ParameterKind::duration, "12s", {}, "When."},
                {"enabled", ParameterKind::boolean, "true", {}, "Whether."},
                {"gas_price", ParameterKind::amount, "\"1 gwei\"", unit::wei_per_gas,
                    "Price of gas."},
                {"price", ParameterKind::amount, "\"1 USD\"", unit::usd_e8, "Price."},
                {"anything", ParameterKind::amount, "0", {}, "Of any token."},
                {"oracle", ParameterKind::contract, "\"\"", {}, "Where prices are.", 0, 0, "",
                    "fake_feed"},
                {"owner", ParameterKind::account, "\"\"", {}, "Who may."},
                {"peers", ParameterKind::contracts, "[]", {}, "Others."},
                {"accepted", ParameterKind::tokens, "[]", {}, "What else it takes."},
                {.name = "reserves",
                    .kind = ParameterKind::per_token,
                    .default_value = "{}",
                    .unit = {},
                    .help = "By token.",
                    .columns = columns},
            },
        .create = [](const Parameters&, ContractIdentity identity) -> std::unique_ptr<Contract>
        { return std::make_unique<FakePool>(fake_pool_type(), std::move(identity)); },
        .validate = [](const Parameters& parameters) -> std::string
        {
            if (parameters.boolean("enabled") || parameters.integer("fee_bps") == 0)
                return "";
            return "fee_bps: expected 0 while enabled is false, got " +
                   std::to_string(parameters.integer("fee_bps"));
        }};
    return type;
}

inline const ContractType& fake_oracle_type()
{
    static const ContractType type{.kind = "fake_oracle",
        .help = "Another contract for tests.",
        .role = ContractRole::oracle,
        .sectors = {"fake_feed"},
        .methods = {},
        .events = {},
        .parameters = {{"asset", ParameterKind::token, "\"ETH\"", {}, "What it prices."}},
        .create = [](const Parameters&, ContractIdentity identity) -> std::unique_ptr<Contract>
        { return std::make_unique<FakePool>(fake_oracle_type(), std::move(identity)); }};
    return type;
}

inline const StrategyType& fake_strategy_type()
{
    static const StrategyType type{"payer", Purpose::payment, "Pays now and then.",
        {
            {"amount", ParameterKind::distribution, "{ pareto = [1, 2], max = 100 }",
                unit::whole_tokens, "Of a payment.", 0, 1'000'000},
            {"every", ParameterKind::duration, "\"10m\"", {}, "Mean time between payments.", 1'000},
            {"payees", ParameterKind::group, "\"\"", {}, "Whom it pays."},
            {"token", ParameterKind::token, "\"ETH\"", {}, "What it pays with."},
        },
        nullptr};
    return type;
}

/// Real tokens, contracts of our own.
inline LoadOptions test_options()
{
    static const std::array<const ContractType*, 4> contracts{
        &contracts::NativeCoin::contract_type(), &contracts::Erc20::contract_type(),
        &fake_pool_type(), &fake_oracle_type()};
    static const std::array<const StrategyType*, 1> strategies{&fake_strategy_type()};
    return {{contracts, strategies}, true};
}

}  // namespace runnel::scenarios::tests
