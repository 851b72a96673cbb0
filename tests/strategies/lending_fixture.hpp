#pragma once

#include "contracts/exchanges/uniswap_v2/factory.hpp"
#include "contracts/exchanges/uniswap_v2/pair.hpp"
#include "contracts/exchanges/uniswap_v2/router.hpp"
#include "contracts/kit/sandbox.hpp"
#include "contracts/lending/aave_v3/pool.hpp"
#include "contracts/oracles/price_oracle/price_oracle.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "strategies/registry.hpp"
#include "tests/support/fake_wallet.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace runnel::strategies::tests
{

/// A lending pool, an exchange and an oracle with WETH and USDC, on a chain without fees: what a
/// strategy submits can be run at once.
class LendingFixture
{
public:
    static constexpr std::uint64_t start = 1'699'999'000;  // Before any FakeWallet's first block.

    LendingFixture()
      : weth{sandbox.add<contracts::Erc20>(
            "WETH", TokenInfo{"WETH", 18}, contracts::TokenFlavour::openzeppelin5)},
        usdc{sandbox.add<contracts::Erc20>(
            "USDC", TokenInfo{"USDC", 6}, contracts::TokenFlavour::openzeppelin5)},
        oracle{sandbox.add<contracts::PriceOracle>("oracle", "keeper",
            std::vector<contracts::TokenPrice>{{weth.id(), usd(200)}, {usdc.id(), usd(1)}})},
        factory{sandbox.add<contracts::UniswapV2Factory>("factory")},
        pair{
            sandbox.add<contracts::UniswapV2Pair>("weth_usdc", weth.id(), usdc.id(), factory.id())},
        router{sandbox.add<contracts::UniswapV2Router>("router", factory.id())},
        pool{sandbox.add<contracts::AaveV3Pool>("pool", oracle.id(), reserves(),
            contracts::aave_v3::PoolSettings{5, 4'000}, "treasury", "admin")}
    {
        for (const auto* name : {"keeper", "treasury", "admin"})
            sandbox.account(name);
        sandbox.set_time(start);
        sandbox.connect();
        const auto bank = sandbox.account("bank");
        weth.allocate(bank, ether(50'000));
        usdc.allocate(bank, dollars(50'000'000));
        run(bank,
            CallWriter{}
                .add(usdc.id(), contracts::Erc20Approve{pool.account(), Amount::max()})
                .add(pool.id(), contracts::aave_v3::Supply{usdc.id(), dollars(5'000'000), bank})
                .add(weth.id(), contracts::Erc20Transfer{pair.account(), ether(20'000)})
                .add(usdc.id(), contracts::Erc20Transfer{pair.account(), dollars(4'000'000)})
                .add(pair.id(), contracts::uniswap_v2::Mint{bank}));
    }

    [[nodiscard]] static Amount ether(std::uint64_t whole)
    {
        return wrapping_mul(whole, Amount::power_of_ten(18));
    }
    [[nodiscard]] static Amount dollars(std::uint64_t whole)
    {
        return wrapping_mul(whole, Amount::power_of_ten(6));
    }
    [[nodiscard]] static Amount usd(std::uint64_t whole)
    {
        return wrapping_mul(whole, Amount::power_of_ten(8));
    }

    /// A wallet with native coins for gas.
    AccountId wallet(std::string_view name)
    {
        const auto account = sandbox.account(name);
        sandbox.world().account_states.at(account).balance = ether(1'000);
        sandbox.world().native_supply.at(0) =
            wrapping_add(sandbox.world().native_supply.at(0), ether(1'000));
        return account;
    }

    /// On chain, as the keeper would.
    void set_oracle(ContractId token, double price)
    {
        const auto keeper = *sandbox.world().find_account("keeper");
        run(keeper,
            CallWriter{}.add(oracle.id(),
                contracts::SetPrice{token, Amount{static_cast<std::uint64_t>(price * 1e8)}}));
    }
    void run(AccountId sender, const CallWriter& calls)
    {
        const auto outcome = sandbox.run(sender, calls);
        if (!outcome.ok())
            throw std::runtime_error{outcome.receipt.refusal.to_string()};
    }

    /// A wallet that sees the reference prices of now.
    [[nodiscard]] runnel::tests::FakeWallet watcher(AccountId account)
    {
        runnel::tests::FakeWallet wallet{sandbox, account};
        wallet.set_price(weth.id(), 200);
        wallet.set_price(usdc.id(), 1);
        return wallet;
    }

    /// The strategy @p name for one wallet.
    [[nodiscard]] std::unique_ptr<Strategy> strategy(std::string_view name, AccountId account,
        const std::vector<std::pair<std::string_view, Parameters::Value>>& values)
    {
        Parameters parameters;
        for (const auto& [key, value] : values)
            parameters.set(key, value);
        return find_strategy_type(name)->create(
            parameters, runnel::tests::group_of_one(sandbox.world(), account));
    }

    [[nodiscard]] double health(AccountId user, std::uint64_t timestamp) const
    {
        return pool.account_data(user, timestamp).health_factor.to_double() * 1e-18;
    }

    /// A borrower with this health factor at 200 USD per WETH, who owes @p debt USDC.
    AccountId borrower(std::string_view name, std::uint64_t debt, double health_factor)
    {
        const auto account = wallet(name);
        const auto collateral =
            Amount::from_double(static_cast<double>(debt) * health_factor / 0.825 / 200 * 1e18);
        weth.allocate(account, collateral);
        run(account, CallWriter{}
                         .add(weth.id(), contracts::Erc20Approve{pool.account(), Amount::max()})
                         .add(pool.id(), contracts::aave_v3::Supply{weth.id(), collateral, account})
                         .add(pool.id(), contracts::aave_v3::Borrow{usdc.id(), dollars(debt)}));
        return account;
    }

    contracts::Sandbox sandbox;
    contracts::Erc20& weth;
    contracts::Erc20& usdc;
    contracts::PriceOracle& oracle;
    contracts::UniswapV2Factory& factory;
    contracts::UniswapV2Pair& pair;
    contracts::UniswapV2Router& router;
    contracts::AaveV3Pool& pool;

protected:
    [[nodiscard]] std::vector<contracts::aave_v3::ReserveSpec> reserves() const
    {
        using contracts::aave_v3::ReserveSpec;
        const auto ray = Amount::power_of_ten(27);
        ReserveSpec spec;
        spec.config.reserve_factor_bps = 1'000;
        spec.config.borrowing_enabled = true;
        spec.config.flash_loan_enabled = true;
        spec.strategy.optimal_usage_ratio = mul_div_down(ray, 9, 10).value;
        spec.strategy.variable_rate_slope1 = mul_div_down(ray, 4, 100).value;
        spec.strategy.variable_rate_slope2 = mul_div_down(ray, 60, 100).value;
        spec.strategy.optimal_stable_to_total_debt_ratio = ray;
        auto first = spec;
        first.token = weth.id();
        first.config.ltv_bps = 8'000;
        first.config.liquidation_threshold_bps = 8'250;
        first.config.liquidation_bonus_bps = 10'500;
        auto second = spec;
        second.token = usdc.id();
        second.config.ltv_bps = 7'500;
        second.config.liquidation_threshold_bps = 7'800;
        second.config.liquidation_bonus_bps = 10'450;
        return {first, second};
    }
};

/// The arguments of all calls of type Call to @p contract in a list, in order.
template <typename Call>
[[nodiscard]] std::vector<Call> calls_of(const CallWriter& calls, ContractId contract)
{
    std::vector<Call> found;
    CallReader reader{calls.bytes()};
    while (const auto call = reader.next())
    {
        Call arguments{};
        if (call->contract == contract && call->method == Call::method &&
            decode(call->arguments, arguments))
            found.push_back(arguments);
    }
    return found;
}

}  // namespace runnel::strategies::tests
