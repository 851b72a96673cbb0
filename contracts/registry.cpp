#include "contracts/registry.hpp"

#include "contracts/assets/share_registry/registry.hpp"
#include "contracts/commerce/arbitrated_escrow/escrow.hpp"
#include "contracts/commerce/goods_register/goods_register.hpp"
#include "contracts/commerce/listing_board/board.hpp"
#include "contracts/commerce/marketplace/marketplace.hpp"
#include "contracts/compliance/screening_list/screening_list.hpp"
#include "contracts/custody/custodial_exchange/exchange.hpp"
#include "contracts/custody/guardian_bridge/bridge.hpp"
#include "contracts/exchanges/balancer_weighted/pool.hpp"
#include "contracts/exchanges/curve_stableswap/pool.hpp"
#include "contracts/exchanges/order_book/book.hpp"
#include "contracts/exchanges/uniswap_v2/factory.hpp"
#include "contracts/exchanges/uniswap_v2/pair.hpp"
#include "contracts/exchanges/uniswap_v2/router.hpp"
#include "contracts/exchanges/uniswap_v3/factory.hpp"
#include "contracts/exchanges/uniswap_v3/pool.hpp"
#include "contracts/exchanges/uniswap_v3/position_manager.hpp"
#include "contracts/exchanges/uniswap_v3/router.hpp"
#include "contracts/exchanges/uniswap_v4/hooks/limit_orders.hpp"
#include "contracts/exchanges/uniswap_v4/hooks/volatility_fee.hpp"
#include "contracts/exchanges/uniswap_v4/manager.hpp"
#include "contracts/exchanges/uniswap_v4/pool.hpp"
#include "contracts/exchanges/uniswap_v4/router.hpp"
#include "contracts/farms/masterchef/masterchef.hpp"
#include "contracts/farms/staking_rewards/staking_rewards.hpp"
#include "contracts/governance/stake_governor/governor.hpp"
#include "contracts/insurance/claims_assessment/assessment.hpp"
#include "contracts/insurance/cover_pool/cover_pool.hpp"
#include "contracts/insurance/cover_products/products.hpp"
#include "contracts/lending/aave_v3/deployer.hpp"
#include "contracts/lending/aave_v3/pool.hpp"
#include "contracts/lending/comet/comet.hpp"
#include "contracts/lending/comet/implementation.hpp"
#include "contracts/lending/compound_v2/c_token.hpp"
#include "contracts/lending/compound_v2/comptroller.hpp"
#include "contracts/lending/compound_v2/jump_rate_model.hpp"
#include "contracts/lending/compound_v2/simple_price_oracle.hpp"
#include "contracts/lending/morpho_blue/adaptive_curve_irm.hpp"
#include "contracts/lending/morpho_blue/fixed_rate_irm.hpp"
#include "contracts/lending/morpho_blue/market.hpp"
#include "contracts/lending/morpho_blue/morpho.hpp"
#include "contracts/lending/morpho_blue/oracle.hpp"
#include "contracts/lending/naive_lender/lender.hpp"
#include "contracts/mixers/tornado/tornado.hpp"
#include "contracts/oracles/pool_oracle/pool_oracle.hpp"
#include "contracts/oracles/price_oracle/price_oracle.hpp"
#include "contracts/relays/builder_relay/relay.hpp"
#include "contracts/stablecoins/fiat_token/fiat_token.hpp"
#include "contracts/stablecoins/issuer_desk/desk.hpp"
#include "contracts/stablecoins/makerdao_dss/dai.hpp"
#include "contracts/stablecoins/makerdao_dss/dss.hpp"
#include "contracts/stablecoins/terra_market/market.hpp"
#include "contracts/staking/ethena/susde.hpp"
#include "contracts/staking/lido/steth.hpp"
#include "contracts/staking/lido/wsteth.hpp"
#include "contracts/tokens/erc20/deployer.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "contracts/tokens/erc721/erc721.hpp"
#include "contracts/tokens/native/native_coin.hpp"
#include "contracts/tokens/weth9/weth9.hpp"
#include "contracts/vaults/curve_vault/curve_vault.hpp"
#include "contracts/vaults/erc4626/deployer.hpp"
#include "contracts/vaults/erc4626/erc4626.hpp"
#include "contracts/vaults/strategy_vault/strategy_vault.hpp"

#include <array>

namespace runnel::contracts
{

std::span<const ContractType* const> contract_types()
{
    static const std::array types{
        &NativeCoin::contract_type(),
        &Erc20::contract_type(),
        &Weth9::contract_type(),
        &PriceOracle::contract_type(),
        &UniswapV2Factory::contract_type(),
        &UniswapV2Pair::contract_type(),
        &UniswapV2Router::contract_type(),
        &UniswapV3Factory::contract_type(),
        &UniswapV3Pool::contract_type(),
        &UniswapV3Router::contract_type(),
        &UniswapV3PositionManager::contract_type(),
        &UniswapV4Manager::contract_type(),
        &UniswapV4Pool::contract_type(),
        &UniswapV4Router::contract_type(),
        &VolatilityFeeHook::contract_type(),
        &LimitOrderHook::contract_type(),
        &CurveStableSwapPool::contract_type(),
        &BalancerWeightedPool::contract_type(),
        &OrderBook::contract_type(),
        &AaveV3Pool::contract_type(),
        &AaveV3Pool::contract_type_v37(),
        &AaveV3Pool::contract_type_fixed_close(),
        &CompoundV2SimplePriceOracle::contract_type(),
        &CompoundV2CToken::contract_type(),
        &CompoundV2Comptroller::contract_type(),
        &CompoundV2JumpRateModel::contract_type(),
        &Dai::contract_type(),
        &MakerDss::contract_type(),
        &TerraMarket::contract_type(),
        &Erc20Deployer::contract_type(),
        &AaveV3Deployer::contract_type(),
        &StakingRewards::contract_type(),
        &MasterChef::contract_type(),
        &Erc4626Vault::contract_type(),
        &Erc4626Deployer::contract_type(),
        &LidoSteth::contract_type(),
        &LidoWsteth::contract_type(),
        &EthenaSusde::contract_type(),
        &StrategyVault::contract_type(),
        &MorphoBlue::contract_type(),
        &MorphoBlueMarket::contract_type(),
        &MorphoAdaptiveCurveIrm::contract_type(),
        &MorphoFixedRateIrm::contract_type(),
        &MorphoChainlinkOracle::contract_type(),
        &Comet::contract_type(),
        &CometImplementation::contract_type(),
        &FiatToken::contract_type(),
        &IssuerDesk::contract_type(),
        &ShareRegistry::contract_type(),
        &NftMarketplace::contract_type(),
        &Erc721::contract_type(),
        &ArbitratedEscrow::contract_type(),
        &CustodialExchange::contract_type(),
        &GuardianBridge::contract_type(),
        &Tornado::contract_type(),
        &ScreeningList::contract_type(),
        &ListingBoard::contract_type(),
        &CoverPoolContract::contract_type(),
        &ClaimsAssessmentContract::contract_type(),
        &DeficitCover::contract_type(),
        &SharePriceCover::contract_type(),
        &DepegCover::contract_type(),
        &AssessedCover::contract_type(),
        &PoolOracle::contract_type(),
        &NaiveLender::contract_type(),
        &StakeGovernor::contract_type(),
        &CurveVault::contract_type(),
        &GoodsRegister::contract_type(),
        &BuilderRelay::contract_type(),
    };
    return types;
}

const ContractType* find_contract_type(std::string_view kind)
{
    for (const auto* type : contract_types())
    {
        if (type->kind == kind)
            return type;
    }
    return nullptr;
}

}  // namespace runnel::contracts
