#pragma once

#include "contracts/kit/sectors/share_asset.hpp"
#include "strategies/api/strategy.hpp"

#include <cstdint>

/// What everybody who has shares of an asset does alike.
namespace runnel::strategies
{

enum class TenderAnswer : std::uint8_t
{
    none,
    accept,
    redeem,  // It is bought out.
};
/// What a holder has to say to the asset's tender, if there is one. @p price_min is what he wants
/// for a whole share, in whole units of the asset's currency; 0: he does not know.
[[nodiscard]] TenderAnswer answer_to_tender(
    const contracts::ShareAsset& asset, const WorldView& view, AccountId holder, double price_min);
/// Adds the call by which he gives @p shares that he then has, or none.
void add_answer(CallWriter& calls, const contracts::ShareAsset& asset, TenderAnswer answer,
    AccountId holder, const Amount& shares);

/// Adds the withdrawal of what a holder's shares have earned, if it is worth @p usd_min at least.
void add_claim(CallWriter& calls, const contracts::ShareAsset& asset, const WorldView& view,
    AccountId holder, double usd_min);

}  // namespace runnel::strategies
