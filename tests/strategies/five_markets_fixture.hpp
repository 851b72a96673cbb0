#pragma once

#include "contracts/lending/comet/comet.hpp"
#include "contracts/lending/compound_v2/comptroller.hpp"
#include "contracts/lending/morpho_blue/adaptive_curve_irm.hpp"
#include "contracts/lending/morpho_blue/market.hpp"
#include "contracts/lending/morpho_blue/morpho.hpp"
#include "contracts/lending/morpho_blue/oracle.hpp"
#include "tests/strategies/lending_fixture.hpp"

#include <array>

namespace runnel::strategies::tests
{

/// A lending market by what strategies know of it.
struct AnyMarket
{
    std::string name;
    ContractId id{};
    const contracts::LendingMarket* market = nullptr;
};

/// Beside Aave v3.0.2's pool of LendingFixture four other markets of the same oracle: all lend USDC
/// against WETH, five million each.
class FiveMarketsFixture : public LendingFixture
{
public:
    FiveMarketsFixture()
      : aave37{sandbox.add<contracts::AaveV3Pool>("aave37", oracle.id(), reserves(),
            contracts::aave_v3::PoolSettings{5, 4'000}, "treasury", "admin",
            contracts::aave_v3::Version::v3_7)},
        c_usdc{sandbox.add<contracts::CompoundV2CToken>("cUSDC", "cUSDC", usdc.id(), c_settings())},
        c_weth{sandbox.add<contracts::CompoundV2CToken>("cWETH", "cWETH", weth.id(), c_settings())},
        compound{sandbox.add<contracts::CompoundV2Comptroller>(
            "compound", comptroller_setup(), comptroller_markets())},
        comet{sandbox.add<contracts::Comet>("comet", comet_spec(), start)},
        morpho{sandbox.add<contracts::MorphoBlue>("morpho")},
        morpho_oracle{sandbox.add<contracts::MorphoChainlinkOracle>(
            "morpho_oracle", oracle.id(), weth.id(), usdc.id())},
        irm{sandbox.add<contracts::MorphoAdaptiveCurveIrm>("irm")},
        blue{sandbox.add<contracts::MorphoBlueMarket>(
            "blue", contracts::morpho_blue::MarketConstructor{morpho.id(), morpho_params()})},
        owner{sandbox.account("owner")}
    {
        for (const auto* name : {"governor", "guardian", "depositor"})
            sandbox.account(name);
        morpho.set_owner(owner);
        sandbox.connect();
        const auto params = morpho_params();
        run(owner, CallWriter{}
                       .add(morpho.id(), contracts::morpho_blue::EnableIrm{irm.id()})
                       .add(morpho.id(), contracts::morpho_blue::EnableLltv{params.lltv}));
        run(owner, CallWriter{}.add(morpho.id(), contracts::morpho_blue::CreateMarket{params}));
        const auto depositor = *sandbox.world().find_account("depositor");
        usdc.allocate(depositor, dollars(30'000'000));
        for (const auto& [name, id, market] : markets())
        {
            if (id != pool.id())
                supply(depositor, *market, usdc, dollars(5'000'000));
        }
    }

    [[nodiscard]] std::array<AnyMarket, 5> markets() const
    {
        return {AnyMarket{"Aave v3.0.2", pool.id(), &pool}, {"Aave v3.7", aave37.id(), &aave37},
            {"Compound v2", compound.id(), &compound}, {"Comet", comet.id(), &comet},
            {"Morpho", blue.id(), &blue}};
    }

    void supply(AccountId account, const contracts::LendingMarket& market, contracts::Erc20& token,
        const Amount& amount)
    {
        const auto reserve = *market.find_reserve(token.id());
        CallWriter calls;
        calls.add(token.id(), contracts::Erc20Approve{market.spender_of(reserve), Amount::max()});
        market.add_supply(calls, reserve, amount, account);
        run(account, calls);
    }
    /// Whose WETH, at 200 USD, is @p loan_to_value times less worth than what it owes.
    AccountId borrower_at(std::string_view name, const contracts::LendingMarket& market,
        std::uint64_t debt, double loan_to_value)
    {
        const auto account = wallet(name);
        const auto collateral =
            Amount::from_double(static_cast<double>(debt) / loan_to_value / 200 * 1e18);
        weth.allocate(account, collateral);
        supply(account, market, weth, collateral);
        CallWriter calls;
        market.add_borrow(calls, *market.find_reserve(usdc.id()), dollars(debt));
        run(account, calls);
        return account;
    }
    [[nodiscard]] contracts::LendingHolding holding(const contracts::LendingMarket& market,
        AccountId account, const contracts::Erc20& token, std::uint64_t at) const
    {
        return market.view_at(at)->holding(account, *market.find_reserve(token.id()));
    }

    /// Makes the next transaction's block the one that Compound v2, which counts blocks, has at
    /// this time.
    void align(std::uint64_t timestamp)
    {
        const auto& state = c_usdc.state();
        sandbox.set_block(state.accrual_block + (timestamp - state.accrual_time) / 12);
    }

    [[nodiscard]] static Amount percent(std::uint64_t whole)
    {
        return wrapping_mul(whole, Amount::power_of_ten(16));
    }

    contracts::AaveV3Pool& aave37;
    contracts::CompoundV2CToken& c_usdc;
    contracts::CompoundV2CToken& c_weth;
    contracts::CompoundV2Comptroller& compound;
    contracts::Comet& comet;
    contracts::MorphoBlue& morpho;
    contracts::MorphoChainlinkOracle& morpho_oracle;
    contracts::MorphoAdaptiveCurveIrm& irm;
    contracts::MorphoBlueMarket& blue;
    AccountId owner;

private:
    [[nodiscard]] contracts::morpho_blue::MarketParams morpho_params() const
    {
        return {usdc.id(), weth.id(), morpho_oracle.id(), irm.id(), percent(83)};
    }
    [[nodiscard]] static contracts::compound_v2::CTokenSettings c_settings()
    {
        contracts::compound_v2::CTokenSettings settings;
        settings.model = contracts::compound_v2::JumpRateModel::per_year(
            percent(2), percent(10), percent(400), percent(80));
        settings.initial_whole_rate = percent(2);
        settings.reserve_factor = percent(10);
        return settings;
    }
    [[nodiscard]] contracts::CompoundV2Comptroller::Setup comptroller_setup() const
    {
        contracts::CompoundV2Comptroller::Setup setup;
        setup.oracle = oracle.id();
        setup.comp = no_contract;
        setup.admin = "admin";
        setup.settings = {percent(50), percent(108), false, false};
        setup.block_seconds = 12;
        return setup;
    }
    [[nodiscard]] std::vector<contracts::compound_v2::MarketSpec> comptroller_markets() const
    {
        contracts::compound_v2::MarketConfig config;
        config.collateral_factor = percent(80);
        return {{c_usdc.id(), config}, {c_weth.id(), config}};
    }
    [[nodiscard]] contracts::comet::CometSpec comet_spec() const
    {
        using contracts::comet::RateCurve;
        contracts::comet::CometSpec spec;
        spec.base_token = usdc.id();
        spec.price_source = oracle.id();
        spec.governor = "governor";
        spec.pause_guardian = "guardian";
        spec.supply = RateCurve::per_year(percent(80), percent(3), percent(40), {});
        spec.borrow = RateCurve::per_year(percent(80), percent(4), percent(25), percent(1));
        spec.store_front_price_factor = percent(60);
        spec.base_min_for_rewards = dollars(1);
        spec.target_reserves = dollars(5'000'000);
        spec.assets = {{weth.id(), percent(80), percent(83), percent(95), Amount{1'000'000}}};
        return spec;
    }
};

}  // namespace runnel::strategies::tests
