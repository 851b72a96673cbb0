#pragma once

#include "contracts/kit/sectors/goods_market.hpp"
#include "strategies/api/strategy.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <vector>

/// What sellers, buyers and arbiters of goods share: parcels, and whose orders are open.
namespace runnel::strategies
{

/// What a parcel is found by: the number of its deal in escrow, or of an order paid directly.
struct ParcelNumber
{
    bool is_in_escrow = false;
    std::uint64_t number = 0;
};
[[nodiscard]] ParcelNumber parcel_of(const contracts::GoodsOrder& order, std::uint64_t number);

/// Goods move outside the chain. What a seller really sends is sealed in the reference that he
/// posts, a hash, which tells nothing to those who look at the chain: neither strategies nor
/// reports do. Who opens the parcel knows: its buyer, once it has arrived, and the arbiter to whom
/// it is shown.
[[nodiscard]] Amount seal_parcel(ParcelNumber parcel, bool is_full);
[[nodiscard]] bool is_full_parcel(ParcelNumber parcel, const Amount& reference);

/// A draw that belongs to a parcel, whoever asks for it and whenever. @p what: see
/// stream_of_name().
[[nodiscard]] RandomStream parcel_stream(
    std::uint64_t seed, std::uint64_t what, ParcelNumber parcel);

/// Adds to what a transaction is for: somebody means to have @p amount for nothing. The first
/// parcel names the incident.
void add_fraud(
    Motive& motive, AccountId cheat, ContractId token, ParcelNumber parcel, const Amount& amount);

/// Numbers of orders, listings or deals; ascending.
using NumbersByAccount = std::map<AccountId, std::vector<std::uint64_t>>;

/// Who has something to do with which orders, after the last block.
///
/// A cache of the view: each cohort has its own, and all have the same in it.
class OpenOrders
{
public:
    explicit OpenOrders(const contracts::GoodsMarket& market) : market_{market} {}

    void observe(const WorldView& view);

    /// Orders that are not shipped, or whose deal is not settled; ascending.
    [[nodiscard]] std::span<const std::uint64_t> of_seller(AccountId seller) const;
    /// Orders that the buyer has not rated; ascending.
    [[nodiscard]] std::span<const std::uint64_t> of_buyer(AccountId buyer) const;
    /// The seller's listings; ascending.
    [[nodiscard]] std::span<const std::uint64_t> listings_of(AccountId seller) const;

private:
    [[nodiscard]] bool is_open_to_seller(const contracts::GoodsOrder& order) const;

    const contracts::GoodsMarket& market_;
    std::uint64_t observed_block_ = 0;
    std::uint64_t orders_seen_ = 0;
    std::uint64_t listings_seen_ = 0;
    std::vector<std::uint64_t> open_;  // To seller or buyer.
    NumbersByAccount by_seller_;
    NumbersByAccount by_buyer_;
    NumbersByAccount listings_;
};

/// The disputes that wait for each arbiter of an escrow, oldest deal first; a cache likewise.
class Docket
{
public:
    explicit Docket(const contracts::Escrow& escrow) : escrow_{escrow} {}

    void observe(const WorldView& view);
    [[nodiscard]] std::span<const std::uint64_t> of(AccountId arbiter) const;

private:
    const contracts::Escrow& escrow_;
    std::uint64_t observed_block_ = 0;
    std::uint64_t deals_seen_ = 0;
    std::vector<std::uint64_t> open_;
    NumbersByAccount disputes_;
};

}  // namespace runnel::strategies
