#pragma once

#include "strategies/api/strategy.hpp"

/// The strategies of this folder, one function per file's type. A new one adds its line here and in
/// strategies/registry.cpp.
namespace runnel::strategies
{

[[nodiscard]] const StrategyType& payer_strategy();
[[nodiscard]] const StrategyType& merchant_strategy();
[[nodiscard]] const StrategyType& holder_strategy();
[[nodiscard]] const StrategyType& noise_trader_strategy();
[[nodiscard]] const StrategyType& arbitrageur_strategy();
[[nodiscard]] const StrategyType& sandwicher_strategy();
[[nodiscard]] const StrategyType& front_runner_strategy();
[[nodiscard]] const StrategyType& liquidity_provider_strategy();
[[nodiscard]] const StrategyType& pool_opener_strategy();
[[nodiscard]] const StrategyType& market_maker_strategy();
[[nodiscard]] const StrategyType& range_provider_strategy();
[[nodiscard]] const StrategyType& stable_provider_strategy();
[[nodiscard]] const StrategyType& aggregating_trader_strategy();
[[nodiscard]] const StrategyType& price_keeper_strategy();
[[nodiscard]] const StrategyType& pool_price_keeper_strategy();
[[nodiscard]] const StrategyType& peg_arbitrageur_strategy();
[[nodiscard]] const StrategyType& fleeing_holder_strategy();
[[nodiscard]] const StrategyType& dip_buyer_strategy();
[[nodiscard]] const StrategyType& price_relayer_strategy();
[[nodiscard]] const StrategyType& cdp_owner_strategy();
[[nodiscard]] const StrategyType& auction_keeper_strategy();
[[nodiscard]] const StrategyType& vault_inflator_strategy();
[[nodiscard]] const StrategyType& coin_drainer_strategy();
[[nodiscard]] const StrategyType& price_manipulator_strategy();
[[nodiscard]] const StrategyType& governor_attacker_strategy();
[[nodiscard]] const StrategyType& token_voter_strategy();
[[nodiscard]] const StrategyType& vault_manipulator_strategy();
[[nodiscard]] const StrategyType& rug_puller_strategy();
[[nodiscard]] const StrategyType& hype_buyer_strategy();
[[nodiscard]] const StrategyType& wash_trader_strategy();
[[nodiscard]] const StrategyType& phisher_strategy();
[[nodiscard]] const StrategyType& phishing_victim_strategy();
[[nodiscard]] const StrategyType& address_poisoner_strategy();
[[nodiscard]] const StrategyType& habitual_payer_strategy();
[[nodiscard]] const StrategyType& backstop_bidder_strategy();
[[nodiscard]] const StrategyType& lender_strategy();
[[nodiscard]] const StrategyType& leveraged_borrower_strategy();
[[nodiscard]] const StrategyType& liquidator_strategy();
[[nodiscard]] const StrategyType& collateral_buyer_strategy();
[[nodiscard]] const StrategyType& refinancer_strategy();
[[nodiscard]] const StrategyType& leverage_looper_strategy();
[[nodiscard]] const StrategyType& yield_chaser_strategy();
[[nodiscard]] const StrategyType& vault_depositor_strategy();
[[nodiscard]] const StrategyType& vault_keeper_strategy();
[[nodiscard]] const StrategyType& coin_holder_strategy();
[[nodiscard]] const StrategyType& issuer_operator_strategy();
[[nodiscard]] const StrategyType& mixer_user_strategy();
[[nodiscard]] const StrategyType& relayer_strategy();
[[nodiscard]] const StrategyType& launderer_strategy();
[[nodiscard]] const StrategyType& compliance_officer_strategy();
[[nodiscard]] const StrategyType& goods_seller_strategy();
[[nodiscard]] const StrategyType& goods_buyer_strategy();
[[nodiscard]] const StrategyType& arbiter_strategy();
[[nodiscard]] const StrategyType& underwriter_strategy();
[[nodiscard]] const StrategyType& cover_buyer_strategy();
[[nodiscard]] const StrategyType& claims_assessor_strategy();
[[nodiscard]] const StrategyType& exchange_operator_strategy();
[[nodiscard]] const StrategyType& exchange_customer_strategy();
[[nodiscard]] const StrategyType& cash_desk_strategy();
[[nodiscard]] const StrategyType& double_spender_strategy();
[[nodiscard]] const StrategyType& bridge_guardian_strategy();
[[nodiscard]] const StrategyType& bridge_relayer_strategy();
[[nodiscard]] const StrategyType& bridge_user_strategy();
[[nodiscard]] const StrategyType& shop_strategy();
[[nodiscard]] const StrategyType& asset_issuer_strategy();
[[nodiscard]] const StrategyType& share_investor_strategy();
[[nodiscard]] const StrategyType& tender_bidder_strategy();

}  // namespace runnel::strategies
