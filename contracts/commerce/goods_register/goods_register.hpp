#pragma once

#include "contracts/kit/sectors/retail.hpp"
#include "contracts/kit/token.hpp"

#include <cstdint>

namespace runnel::contracts
{

namespace goods_register
{

/// Says what a piece costs at the sender's from now on; 0: he sells nothing.
struct SetPrice
{
    RUNNEL_CALL("setPrice", 0, 0);

    Amount price;
    RUNNEL_FIELDS((price, smallest_unit_of_its("token")));
};

/// Buys pieces of a seller if none costs more than @p price_max.
struct Purchase
{
    RUNNEL_CALL("purchase", 1, 19'400);  // A transfer from the buyer to the seller.

    AccountId seller{};
    Amount pieces;
    Amount price_max;
    bool to_resell = false;  // Else they are used up.
    RUNNEL_FIELDS(
        seller, (pieces, other("pieces")), (price_max, smallest_unit_of_its("token")), to_resell);
};

/// Pays a worker, who produces or does other work.
struct PayWage
{
    RUNNEL_CALL("payWage", 2, 19'400);  // Likewise.

    AccountId worker{};
    Amount amount;
    bool produces = false;
    RUNNEL_FIELDS(worker, (amount, smallest_unit_of_its("token")), produces);
};

struct Shelf
{
    Amount stock;
    Amount price;
    RUNNEL_FIELDS((stock, other("pieces")), (price, smallest_unit_of_its("token")));
};

struct Totals
{
    Amount stock;  // Of all shelves.
    Amount produced;
    Amount consumed;
    Amount sales;
    Amount wages;
    RUNNEL_FIELDS((stock, other("pieces")), (produced, other("pieces")),
        (consumed, other("pieces")), (sales, smallest_unit_of_its("token")),
        (wages, smallest_unit_of_its("token")));
};

}  // namespace goods_register

/// The goods' side of trade: what is on whose shelf and at which price. Their money moves on the
/// chain; what it was paid for is off the chain on mainnet, and written down here.
///
///     purchase: price * pieces go from buyer to seller; pieces go from his shelf to the
///               buyer's, or are used up
///     wage:     pieces made = amount / wage_per_piece, rounded down, if the worker produces
///
/// Conservation: pieces produced = pieces consumed + pieces on shelves. Errors: GoodsRegister: not
/// for sale; price has risen; sold out; nothing to buy; nothing to pay; those of the token.
class GoodsRegister : public ContractBase<GoodsRegister, goods_register::SetPrice,
                          goods_register::Purchase, goods_register::PayWage>,
                      public Retail
{
public:
    GoodsRegister(ContractIdentity identity, ContractId token, const Amount& wage_per_piece);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    void snapshot(SnapshotContext& context) const override;
    void check_invariants(const World& world, Findings& findings) const override;

    /// Puts pieces on a shelf at genesis.
    void stock(AccountId seller, const Amount& pieces);
    [[nodiscard]] const goods_register::Totals& totals() const { return totals_.get(0); }

    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] ContractId token() const noexcept override { return token_id_; }
    [[nodiscard]] RetailOffer offer(AccountId seller) const override
    {
        const auto& shelf = shelves_.get(seller);
        return {shelf.price, shelf.stock};
    }
    [[nodiscard]] const Amount& wage_per_piece() const noexcept override { return wage_; }
    void add_set_price(CallWriter& calls, const Amount& price) const override;
    [[nodiscard]] CallGas purchase_gas() const noexcept override
    {
        return {goods_register::Purchase::gas, 0};
    }
    void add_purchase(CallWriter& calls, AccountId seller, const Amount& pieces,
        const Amount& price_max, bool to_resell) const override;
    void add_wage(
        CallWriter& calls, AccountId worker, const Amount& amount, bool produces) const override;

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(
        const goods_register::SetPrice& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const goods_register::Purchase& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const goods_register::PayWage& call, AccountId sender, AccessCollector& access) const;
    Result<Returns> execute(const goods_register::SetPrice& call, CallContext& context);
    /// Returns what all pieces cost.
    Result<Returns> execute(const goods_register::Purchase& call, CallContext& context);
    /// Returns how many pieces were made.
    Result<Returns> execute(const goods_register::PayWage& call, CallContext& context);

private:
    ContractId token_id_;
    Amount wage_;
    Token* token_ = nullptr;
    Table<goods_register::Shelf> shelves_;
    Table<goods_register::Totals> totals_;  // Record 0.
};

}  // namespace runnel::contracts
