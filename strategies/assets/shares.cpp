#include "strategies/assets/shares.hpp"

#include <algorithm>

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
    if (!due.is_zero() && reference_usd(view, asset.currency(), due) >= usd_min)
        asset.add_withdrawal_of_dividends(calls);
}

bool is_known(CallWriter& calls, const ShareAsset& asset, AccountId holder)
{
    if (asset.is_verified(holder))
        return true;
    if (!asset.has_applied(holder))
        asset.add_application(calls);
    return false;
}

std::optional<OpenAuctions::Auction> OpenAuctions::first(const WorldView& view)
{
    for (; seen_ < market_.listing_count(); ++seen_)
        open_.push_back(market_.listing_at(seen_));
    std::optional<Auction> found;
    const auto is_over = [&](const contracts::ListingRef& ref)
    {
        const auto listing = market_.listing(ref);
        if (!listing || listing->token != token_ ||
            listing->kind != contracts::SaleKind::dutch_auction || view.timestamp > listing->ends)
            return true;
        if (!found && view.timestamp >= listing->starts)
            found = Auction{ref, *listing};
        return false;
    };
    open_.erase(std::remove_if(open_.begin(), open_.end(), is_over), open_.end());
    return found;
}

}  // namespace runnel::strategies
