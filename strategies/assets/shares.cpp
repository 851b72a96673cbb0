#include "strategies/assets/shares.hpp"

#include "strategies/market/common.hpp"

namespace runnel::strategies
{

using contracts::ShareAsset;

TenderAnswer answer_to_tender(
    const ShareAsset& asset, const WorldView& view, AccountId holder, double price_min)
{
    const auto tender = asset.tender();
    if (!tender || tender->bidder == holder)
        return TenderAnswer::none;
    if (tender->is_squeeze)
        return TenderAnswer::redeem;
    const auto price = to_whole(tender->price, decimals_of(*view.world, asset.currency()));
    const bool is_open = view.timestamp < tender->ends;
    return is_open && price_min > 0 && price >= price_min ? TenderAnswer::accept
                                                          : TenderAnswer::none;
}

void add_answer(CallWriter& calls, const ShareAsset& asset, TenderAnswer answer, AccountId holder,
    const Amount& shares)
{
    if (shares.is_zero())
        return;
    if (answer == TenderAnswer::accept)
        asset.add_acceptance(calls, shares);
    else if (answer == TenderAnswer::redeem)
        asset.add_redemption(calls, holder);
}

void add_claim(CallWriter& calls, const ShareAsset& asset, const WorldView& view, AccountId holder,
    double usd_min)
{
    const auto due = asset.dividends_of(holder);
    const auto usd = to_whole(due, decimals_of(*view.world, asset.currency())) *
                     reference_usd(view, asset.currency());
    if (!due.is_zero() && usd >= usd_min)
        asset.add_withdrawal_of_dividends(calls);
}

}  // namespace runnel::strategies
