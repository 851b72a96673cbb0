#pragma once

#include "ledger/event.hpp"

/// Rows that several protocols share, named as Spellbook names its sectors. A contract emits them
/// beside its own events; storage adds block, transaction, log index and the emitting contract.
namespace runnel
{

/// One swap in one pool.
struct DexTrade
{
    static constexpr std::string_view name = "DexTrade";
    static constexpr std::string_view table = "dex_trades";
    static constexpr std::string_view signature = "";
    static constexpr std::uint32_t indexed = 0;
    static constexpr EventUse use = EventUse::sector;

    ContractId token_bought{};
    ContractId token_sold{};
    Amount token_bought_amount_raw;
    Amount token_sold_amount_raw;
    AccountId taker{};

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("token_bought", self.token_bought);
        visit("token_sold", self.token_sold);
        visit("token_bought_amount_raw", self.token_bought_amount_raw,
            "smallest unit of token_bought");
        visit("token_sold_amount_raw", self.token_sold_amount_raw, "smallest unit of token_sold");
        visit("taker", self.taker);
    }
};

/// State of a two-token pool after a block that touched it.
struct DexPool
{
    static constexpr std::string_view name = "DexPool";
    static constexpr std::string_view table = "dex_pools";
    static constexpr std::string_view signature = "";
    static constexpr std::uint32_t indexed = 0;
    static constexpr EventUse use = EventUse::snapshot;

    ContractId token0{};
    ContractId token1{};
    Amount reserve0;
    Amount reserve1;
    Amount total_supply;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("token0", self.token0);
        visit("token1", self.token1);
        visit("reserve0", self.reserve0, "smallest unit of token0");
        visit("reserve1", self.reserve1, "smallest unit of token1");
        visit("total_supply", self.total_supply, "liquidity shares");
    }
};

enum class LendingBorrowType : std::uint8_t
{
    borrow,
    repay,
    borrow_liquidation,
};
[[nodiscard]] constexpr std::string_view to_string(LendingBorrowType type) noexcept
{
    switch (type)
    {
        case LendingBorrowType::borrow: return "borrow";
        case LendingBorrowType::repay: return "repay";
        case LendingBorrowType::borrow_liquidation: return "borrow_liquidation";
    }
    return "unknown";
}

/// Debt taken or repaid.
struct LendingBorrow
{
    static constexpr std::string_view name = "LendingBorrow";
    static constexpr std::string_view table = "lending_borrow";
    static constexpr std::string_view signature = "";
    static constexpr std::uint32_t indexed = 0;
    static constexpr EventUse use = EventUse::sector;

    LendingBorrowType transaction_type{};
    ContractId token{};
    AccountId borrower{};
    AccountId on_behalf_of{};
    AccountId repayer{};     // The zero account unless repaid.
    AccountId liquidator{};  // The zero account unless liquidated.
    Amount amount_raw;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("transaction_type", self.transaction_type);
        visit("token", self.token);
        visit("borrower", self.borrower);
        visit("on_behalf_of", self.on_behalf_of);
        visit("repayer", self.repayer);
        visit("liquidator", self.liquidator);
        visit("amount_raw", self.amount_raw, "smallest unit of token");
    }
};

enum class LendingSupplyType : std::uint8_t
{
    supply,
    withdraw,
    supply_liquidation,
};
[[nodiscard]] constexpr std::string_view to_string(LendingSupplyType type) noexcept
{
    switch (type)
    {
        case LendingSupplyType::supply: return "supply";
        case LendingSupplyType::withdraw: return "withdraw";
        case LendingSupplyType::supply_liquidation: return "supply_liquidation";
    }
    return "unknown";
}

/// Collateral or liquidity supplied or withdrawn.
struct LendingSupply
{
    static constexpr std::string_view name = "LendingSupply";
    static constexpr std::string_view table = "lending_supply";
    static constexpr std::string_view signature = "";
    static constexpr std::uint32_t indexed = 0;
    static constexpr EventUse use = EventUse::sector;

    LendingSupplyType transaction_type{};
    ContractId token{};
    AccountId depositor{};
    AccountId on_behalf_of{};
    AccountId withdrawn_to{};  // The zero account unless withdrawn or seized.
    AccountId liquidator{};    // The zero account unless liquidated.
    Amount amount_raw;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("transaction_type", self.transaction_type);
        visit("token", self.token);
        visit("depositor", self.depositor);
        visit("on_behalf_of", self.on_behalf_of);
        visit("withdrawn_to", self.withdrawn_to);
        visit("liquidator", self.liquidator);
        visit("amount_raw", self.amount_raw, "smallest unit of token");
    }
};

/// A flash loan that was repaid in its transaction.
struct LendingFlashloan
{
    static constexpr std::string_view name = "LendingFlashloan";
    static constexpr std::string_view table = "lending_flashloans";
    static constexpr std::string_view signature = "";
    static constexpr std::uint32_t indexed = 0;
    static constexpr EventUse use = EventUse::sector;

    ContractId token{};
    AccountId recipient{};
    Amount amount_raw;
    Amount fee_raw;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("token", self.token);
        visit("recipient", self.recipient);
        visit("amount_raw", self.amount_raw, "smallest unit of token");
        visit("fee_raw", self.fee_raw, "smallest unit of token");
    }
};

/// One liquidation, with both legs and their value at the oracle's prices.
struct LendingLiquidation
{
    static constexpr std::string_view name = "LendingLiquidation";
    static constexpr std::string_view table = "lending_liquidations";
    static constexpr std::string_view signature = "";
    static constexpr std::uint32_t indexed = 0;
    static constexpr EventUse use = EventUse::sector;

    AccountId borrower{};
    AccountId liquidator{};
    ContractId collateral_token{};
    ContractId debt_token{};
    Amount collateral_amount_raw;  // To the liquidator.
    Amount protocol_fee_raw;       // To the protocol, of the collateral.
    Amount debt_amount_raw;
    Amount collateral_value;
    Amount debt_value;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("borrower", self.borrower);
        visit("liquidator", self.liquidator);
        visit("collateral_token", self.collateral_token);
        visit("debt_token", self.debt_token);
        visit("collateral_amount_raw", self.collateral_amount_raw,
            "smallest unit of collateral_token");
        visit("protocol_fee_raw", self.protocol_fee_raw, "smallest unit of collateral_token");
        visit("debt_amount_raw", self.debt_amount_raw, "smallest unit of debt_token");
        visit("collateral_value", self.collateral_value, "1e-8 USD");
        visit("debt_value", self.debt_value, "1e-8 USD");
    }
};

/// A borrower's position in a market, after each change of it.
struct LendingPosition
{
    static constexpr std::string_view name = "LendingPosition";
    static constexpr std::string_view table = "lending_positions";
    static constexpr std::string_view signature = "";
    static constexpr std::uint32_t indexed = 0;
    static constexpr EventUse use = EventUse::sector;

    AccountId account{};
    Amount collateral;             // Value of all collateral.
    Amount debt;                   // Value of all debt.
    Amount liquidation_threshold;  // Average, weighted by collateral.
    Amount health_factor;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("account", self.account);
        visit("collateral", self.collateral, "1e-8 USD");
        visit("debt", self.debt, "1e-8 USD");
        visit("liquidation_threshold", self.liquidation_threshold, "bps");
        visit("health_factor", self.health_factor, "wad; 2^256-1 without debt");
    }
};

/// One account's supply and debt of one token in a market, after each change of it.
struct LendingBalance
{
    static constexpr std::string_view name = "LendingBalance";
    static constexpr std::string_view table = "lending_balances";
    static constexpr std::string_view signature = "";
    static constexpr std::uint32_t indexed = 0;
    static constexpr EventUse use = EventUse::sector;

    AccountId account{};
    ContractId token{};
    Amount supplied_scaled;
    Amount debt_scaled;
    Amount supplied_raw;
    Amount debt_raw;
    bool used_as_collateral = false;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("account", self.account);
        visit("token", self.token);
        visit("supplied_scaled", self.supplied_scaled, "supplied / liquidity index");
        visit("debt_scaled", self.debt_scaled, "debt / borrow index");
        visit("supplied_raw", self.supplied_raw, "smallest unit of token");
        visit("debt_raw", self.debt_raw, "smallest unit of token");
        visit("used_as_collateral", self.used_as_collateral);
    }
};

/// State of one reserve of a lending market after a block that touched the market.
struct LendingReserve
{
    static constexpr std::string_view name = "LendingReserve";
    static constexpr std::string_view table = "lending_reserves";
    static constexpr std::string_view signature = "";
    static constexpr std::uint32_t indexed = 0;
    static constexpr EventUse use = EventUse::snapshot;

    ContractId token{};
    Amount liquidity_index;
    Amount borrow_index;
    Amount liquidity_rate;
    Amount borrow_rate;
    Amount total_supplied;
    Amount total_debt;
    Amount cash;
    Amount price;
    Amount liquidation_threshold;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("token", self.token);
        visit("liquidity_index", self.liquidity_index, "ray");
        visit("borrow_index", self.borrow_index, "ray");
        visit("liquidity_rate", self.liquidity_rate, "ray per year");
        visit("borrow_rate", self.borrow_rate, "ray per year");
        visit("total_supplied", self.total_supplied, "smallest unit of token");
        visit("total_debt", self.total_debt, "smallest unit of token");
        visit("cash", self.cash, "smallest unit of token");
        visit("price", self.price, "1e-8 USD per token");
        visit("liquidation_threshold", self.liquidation_threshold, "bps");
    }
};

}  // namespace runnel
