#pragma once

#include "contracts/lending/aave_v3/pool.hpp"
#include "contracts/oracles/price_oracle/price_oracle.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "state/world.hpp"
#include "tests/contracts/contract_fixture.hpp"

#include <array>
#include <string>
#include <vector>

namespace runnel::contracts
{

/// @p whole tokens of @p decimals decimals.
inline Amount tokens(std::uint64_t whole, unsigned decimals = 18)
{
    return wrapping_mul(whole, Amount::power_of_ten(decimals));
}

/// A pool with three reserves and round parameters; prices USDC 1, WETH 2'000, DAI 1.
///
/// Every borrow rate is 4 % * usage / 80 % up to the optimal usage of 80 %, then 75 % more.
struct AaveV3Fixture : ContractFixture
{
    static constexpr std::uint64_t start = 1'700'000'000;
    static constexpr std::size_t usdc = 0;
    static constexpr std::size_t weth = 1;
    static constexpr std::size_t dai = 2;

    explicit AaveV3Fixture(
        aave_v3::Version version = aave_v3::Version::v3_0_2, std::uint16_t close_factor_bps = 0)
      : keeper{sandbox.account("keeper")},
        admin{sandbox.account("admin")},
        treasury{sandbox.account("treasury")},
        alice{sandbox.account("alice")},
        bob{sandbox.account("bob")},
        carol{sandbox.account("carol")},
        token{&sandbox.add<Erc20>("USDC", TokenInfo{"USDC", 6}, TokenFlavour::openzeppelin4),
            &sandbox.add<Erc20>("WETH", TokenInfo{"WETH", 18}, TokenFlavour::openzeppelin4),
            &sandbox.add<Erc20>("DAI", TokenInfo{"DAI", 18}, TokenFlavour::openzeppelin4)},
        oracle{sandbox.add<PriceOracle>("oracle", "keeper",
            std::vector<TokenPrice>{{token[usdc]->id(), dollars(1)},
                {token[weth]->id(), dollars(2'000)}, {token[dai]->id(), dollars(1)}})},
        pool{sandbox.add<AaveV3Pool>("pool", oracle.id(), specs(), settings(), "treasury", "admin",
            version, std::uint64_t{0}, close_factor_bps)}
    {
        sandbox.connect();
        set_time(start);
        for (const auto user : {alice, bob, carol})
        {
            token[usdc]->allocate(user, tokens(1'000'000, 6));
            token[weth]->allocate(user, tokens(1'000));
            token[dai]->allocate(user, tokens(1'000'000));
            for (const auto* underlying : token)
                expect_ok(user, underlying->id(), Erc20Approve{pool.account(), Amount::max()});
        }
    }

    static Amount dollars(std::uint64_t whole) { return tokens(whole, 8); }

    std::vector<aave_v3::ReserveSpec> specs() const
    {
        std::vector<aave_v3::ReserveSpec> result(3);
        for (std::size_t i = 0; i < result.size(); ++i)
        {
            auto& [id, config, strategy] = result[i];
            id = token[i]->id();
            config.ltv_bps = 7'500;
            config.liquidation_threshold_bps = 8'000;
            config.liquidation_bonus_bps = 10'500;
            config.reserve_factor_bps = 1'000;
            config.liquidation_protocol_fee_bps = 1'000;
            config.borrowing_enabled = true;
            config.flash_loan_enabled = true;
            strategy.optimal_usage_ratio = aave_v3::percent_mul_half_up(aave_v3::ray, 8'000).value;
            strategy.variable_rate_slope1 = aave_v3::percent_mul_half_up(aave_v3::ray, 400).value;
            strategy.variable_rate_slope2 = aave_v3::percent_mul_half_up(aave_v3::ray, 7'500).value;
            strategy.optimal_stable_to_total_debt_ratio = aave_v3::ray;
        }
        return result;
    }
    static aave_v3::PoolSettings settings() { return {9, 3'000}; }

    void set_time(std::uint64_t timestamp)
    {
        now = timestamp;
        sandbox.set_time(timestamp);
    }
    void pass(std::uint64_t seconds) { set_time(now + seconds); }

    using ContractFixture::expect_ok;
    template <typename Call>
    Sandbox::Outcome expect_ok(AccountId sender, const Call& call)
    {
        return expect_ok(sender, pool.id(), call);
    }
    template <typename Call>
    void expect_refusal(AccountId sender, const Call& call, std::string_view reason)
    {
        ContractFixture::expect_refusal(sender, pool.id(), call, reason);
    }

    void supply(AccountId user, std::size_t reserve, const Amount& amount)
    {
        expect_ok(user, aave_v3::Supply{id(reserve), amount, user});
    }
    void borrow(AccountId user, std::size_t reserve, const Amount& amount)
    {
        expect_ok(user, aave_v3::Borrow{id(reserve), amount, 2});
    }
    void set_price(std::size_t reserve, const Amount& price)
    {
        expect_ok(keeper, oracle.id(), SetPrice{id(reserve), price});
    }
    [[nodiscard]] ContractId id(std::size_t reserve) const { return token[reserve]->id(); }
    [[nodiscard]] aave_v3::AccountData data(AccountId user) const
    {
        return pool.account_data(user, now);
    }
    [[nodiscard]] aave_v3::Balance balance(AccountId user, std::size_t reserve) const
    {
        return pool.balance(user, reserve, pool.market(now));
    }

    std::uint64_t now = 0;
    AccountId keeper, admin, treasury, alice, bob, carol;
    std::array<Erc20*, 3> token;
    PriceOracle& oracle;
    AaveV3Pool& pool;
};

}  // namespace runnel::contracts
