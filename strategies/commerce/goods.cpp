#include "strategies/commerce/goods.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace runnel::strategies
{

using contracts::EscrowStatus;
using contracts::GoodsOrder;

namespace
{
std::span<const std::uint64_t> find(const NumbersByAccount& numbers, AccountId account)
{
    const auto found = numbers.find(account);
    return found == numbers.end() ? std::span<const std::uint64_t>{} : found->second;
}
}  // namespace

ParcelNumber parcel_of(const GoodsOrder& order, std::uint64_t number)
{
    return {order.is_in_escrow, order.is_in_escrow ? order.deal : number};
}

Amount seal_parcel(ParcelNumber parcel, bool is_full)
{
    return Amount{stream_of_name(
        fmt::format("parcel {} {} {}", parcel.is_in_escrow, parcel.number, is_full))};
}

bool is_full_parcel(ParcelNumber parcel, const Amount& reference)
{
    return reference == seal_parcel(parcel, true);
}

RandomStream parcel_stream(std::uint64_t seed, std::uint64_t what, ParcelNumber parcel)
{
    return {seed, what, parcel.number, parcel.is_in_escrow ? 1U : 0U};
}

void add_fraud(
    Motive& motive, AccountId cheat, ContractId token, ParcelNumber parcel, const Amount& amount)
{
    if (motive.purpose != Purpose::fraud)
    {
        motive.purpose = Purpose::fraud;
        motive.incident = incident_of(cheat, static_cast<std::uint32_t>(parcel.number));
        motive.token = token;
        motive.controller = cheat;
    }
    motive.stolen = wrapping_add(motive.stolen, amount);
}

// ---- Orders ----

bool OpenOrders::is_open_to_seller(const GoodsOrder& order) const
{
    if (order.is_in_escrow)
        return market_.escrow().deal(order.deal).status != EscrowStatus::resolved;
    return order.shipped_at == 0;
}

void OpenOrders::observe(const WorldView& view)
{
    if (observed_block_ == view.block_number)
        return;
    observed_block_ = view.block_number;
    for (; listings_seen_ < market_.listings(); ++listings_seen_)
        listings_[market_.listing(listings_seen_).seller].push_back(listings_seen_);
    for (; orders_seen_ < market_.orders(); ++orders_seen_)
        open_.push_back(orders_seen_);
    const auto is_closed = [this](std::uint64_t number)
    {
        const auto& order = market_.order(number);
        return order.stars > 0 && !is_open_to_seller(order);
    };
    open_.erase(std::remove_if(open_.begin(), open_.end(), is_closed), open_.end());
    by_seller_.clear();
    by_buyer_.clear();
    for (const auto number : open_)
    {
        const auto& order = market_.order(number);
        if (is_open_to_seller(order))
            by_seller_[order.seller].push_back(number);
        if (order.stars == 0)
            by_buyer_[order.buyer].push_back(number);
    }
}

std::span<const std::uint64_t> OpenOrders::of_seller(AccountId seller) const
{
    return find(by_seller_, seller);
}

std::span<const std::uint64_t> OpenOrders::of_buyer(AccountId buyer) const
{
    return find(by_buyer_, buyer);
}

std::span<const std::uint64_t> OpenOrders::listings_of(AccountId seller) const
{
    return find(listings_, seller);
}

// ---- Disputes ----

void Docket::observe(const WorldView& view)
{
    if (observed_block_ == view.block_number)
        return;
    observed_block_ = view.block_number;
    for (; deals_seen_ < escrow_.deals(); ++deals_seen_)
        open_.push_back(deals_seen_);
    const auto is_closed = [this](std::uint64_t number)
    { return escrow_.deal(number).status == EscrowStatus::resolved; };
    open_.erase(std::remove_if(open_.begin(), open_.end(), is_closed), open_.end());
    disputes_.clear();
    for (const auto number : open_)
    {
        const auto& deal = escrow_.deal(number);
        if (deal.status == EscrowStatus::dispute_created)
            disputes_[deal.arbiter].push_back(number);
    }
}

std::span<const std::uint64_t> Docket::of(AccountId arbiter) const
{
    return find(disputes_, arbiter);
}

}  // namespace runnel::strategies
