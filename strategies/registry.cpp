#include "strategies/registry.hpp"

#include "strategies/strategies.hpp"

#include <algorithm>

namespace runnel::strategies
{

std::span<const StrategyType* const> strategy_types()
{
    static const std::vector<const StrategyType*> types{
        &payer_strategy(),
        &merchant_strategy(),
        &holder_strategy(),
        &noise_trader_strategy(),
        &arbitrageur_strategy(),
        &sandwicher_strategy(),
        &front_runner_strategy(),
        &liquidity_provider_strategy(),
        &pool_opener_strategy(),
        &market_maker_strategy(),
        &range_provider_strategy(),
        &stable_provider_strategy(),
        &aggregating_trader_strategy(),
        &price_keeper_strategy(),
        &pool_price_keeper_strategy(),
        &peg_arbitrageur_strategy(),
        &fleeing_holder_strategy(),
        &dip_buyer_strategy(),
        &lender_strategy(),
        &leveraged_borrower_strategy(),
        &liquidator_strategy(),
        &collateral_buyer_strategy(),
        &refinancer_strategy(),
        &leverage_looper_strategy(),
        &yield_chaser_strategy(),
        &vault_depositor_strategy(),
        &vault_keeper_strategy(),
        &coin_holder_strategy(),
        &issuer_operator_strategy(),
        &goods_seller_strategy(),
        &goods_buyer_strategy(),
        &arbiter_strategy(),
        &underwriter_strategy(),
        &cover_buyer_strategy(),
        &claims_assessor_strategy(),
        &exchange_operator_strategy(),
        &exchange_customer_strategy(),
        &cash_desk_strategy(),
        &double_spender_strategy(),
        &bridge_guardian_strategy(),
        &bridge_relayer_strategy(),
        &bridge_user_strategy(),
        &shop_strategy(),
        &asset_issuer_strategy(),
        &share_investor_strategy(),
        &tender_bidder_strategy(),
        &price_relayer_strategy(),
        &cdp_owner_strategy(),
        &auction_keeper_strategy(),
        &mixer_user_strategy(),
        &relayer_strategy(),
        &launderer_strategy(),
        &compliance_officer_strategy(),
        &vault_inflator_strategy(),
        &coin_drainer_strategy(),
        &price_manipulator_strategy(),
        &governor_attacker_strategy(),
        &token_voter_strategy(),
        &vault_manipulator_strategy(),
        &rug_puller_strategy(),
        &hype_buyer_strategy(),
        &wash_trader_strategy(),
        &phisher_strategy(),
        &phishing_victim_strategy(),
        &address_poisoner_strategy(),
        &habitual_payer_strategy(),
        &backstop_bidder_strategy(),
    };
    return types;
}

const StrategyType* find_strategy_type(std::string_view name)
{
    const auto types = strategy_types();
    const auto found = std::find_if(
        types.begin(), types.end(), [name](const auto* type) { return type->name == name; });
    return found == types.end() ? nullptr : *found;
}

}  // namespace runnel::strategies
