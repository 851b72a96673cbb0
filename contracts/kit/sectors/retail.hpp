#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/sector.hpp"

#include <array>
#include <cstdint>
#include <string_view>

/// What strategies and reports may know of those who sell goods for a token, whatever keeps their
/// books: who sells at which price, what there is, what is made and by whom.
namespace runnel::contracts
{

/// What a seller offers. Goods are all alike and counted in pieces.
struct RetailOffer
{
    Amount price;  // Of a piece, smallest units of the token.
    Amount stock;  // Pieces.
};

class Retail
{
public:
    static constexpr std::string_view sector = "retail";

    virtual ~Retail() = default;

    [[nodiscard]] virtual const Contract& contract() const noexcept = 0;
    /// What everybody pays in.
    [[nodiscard]] virtual ContractId token() const noexcept = 0;
    /// Of no price if the account sells nothing.
    [[nodiscard]] virtual RetailOffer offer(AccountId seller) const = 0;
    /// What a piece costs in wages.
    [[nodiscard]] virtual const Amount& wage_per_piece() const noexcept = 0;

    // Each adds one call. Who pays must let contract().account() spend the token.

    /// The seller's.
    virtual void add_set_price(CallWriter& calls, const Amount& price) const = 0;
    /// Buys @p pieces if none costs more than @p price_max: to use them up, or to sell them again.
    [[nodiscard]] virtual CallGas purchase_gas() const noexcept = 0;
    virtual void add_purchase(CallWriter& calls, AccountId seller, const Amount& pieces,
        const Amount& price_max, bool to_resell) const = 0;
    /// Pays a wage. One who is paid to produce makes a piece for each wage_per_piece() that he
    /// gets.
    virtual void add_wage(
        CallWriter& calls, AccountId worker, const Amount& amount, bool produces) const = 0;
};

/// nullptr if the contract is none.
[[nodiscard]] const Retail* find_retail(const World& world, ContractId id);

/// All goods after a block in which some were made or sold, and every hour.
struct RetailRow
{
    static constexpr std::string_view name = "Retail";
    static constexpr std::string_view table = "retail_markets";
    static constexpr EventUse use = EventUse::snapshot;
    static constexpr std::array<std::string_view, 6> meanings{"What is paid in.",
        "Pieces that sellers have.", "Pieces that were ever made, those of block 0 included.",
        "Pieces that were used up.", "What was ever paid for goods.",
        "What was ever paid in wages."};

    ContractId token{};
    Amount stock;
    Amount produced;
    Amount consumed;
    Amount sales_raw;
    Amount wages_raw;
    RUNNEL_FIELDS(token, (stock, other("pieces")), (produced, other("pieces")),
        (consumed, other("pieces")), (sales_raw, smallest_unit_of("token")),
        (wages_raw, smallest_unit_of("token")));
};

/// Goods that were sold.
struct RetailSale
{
    static constexpr std::string_view name = "RetailSale";
    static constexpr std::string_view table = "retail_sales";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 7> meanings{"Who sold.", "Who bought.",
        "What was paid in.", "How many pieces.", "What one cost.", "What all cost.",
        "Whether they were bought to be sold again; else they were used up."};

    AccountId seller{};
    AccountId buyer{};
    ContractId token{};
    Amount pieces;
    Amount price;
    Amount amount_raw;
    bool to_resell = false;
    RUNNEL_FIELDS(seller, buyer, token, (pieces, other("pieces")),
        (price, smallest_unit_of("token")), (amount_raw, smallest_unit_of("token")), to_resell);
};

/// A wage that was paid.
struct WagePayment
{
    static constexpr std::string_view name = "WagePayment";
    static constexpr std::string_view table = "wage_payments";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 5> meanings{"Who paid.", "Who worked.",
        "What was paid in.", "How much.", "Pieces that were made for it."};

    AccountId employer{};
    AccountId worker{};
    ContractId token{};
    Amount amount_raw;
    Amount pieces;
    RUNNEL_FIELDS(employer, worker, token, (amount_raw, smallest_unit_of("token")),
        (pieces, other("pieces")));
};

/// A seller's new price.
struct RetailPrice
{
    static constexpr std::string_view name = "RetailPrice";
    static constexpr std::string_view table = "retail_prices";
    static constexpr EventUse use = EventUse::sector;
    static constexpr std::array<std::string_view, 4> meanings{
        "Who sells.", "What is paid in.", "What a piece costs from now on.", "Pieces that he has."};

    AccountId seller{};
    ContractId token{};
    Amount price;
    Amount stock;
    RUNNEL_FIELDS(seller, token, (price, smallest_unit_of("token")), (stock, other("pieces")));
};

}  // namespace runnel::contracts
