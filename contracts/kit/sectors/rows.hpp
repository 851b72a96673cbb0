#pragma once

#include "ledger/event.hpp"
#include "ledger/ids.hpp"

/// Rows that several protocols share, named as Spellbook names its sectors. A contract emits them
/// beside its own events; storage adds block, transaction, log index and the emitting contract.
///
/// Lending markets count in a unit of account: values are in 10^-value_decimals of whole tokens of
/// value_token, or of USD where that is no_contract.
namespace runnel
{

/// One swap in one pool.
struct DexTrade
{
    static constexpr std::string_view name = "DexTrade";
    static constexpr std::string_view table = "dex_trades";
    static constexpr EventUse use = EventUse::sector;

    ContractId token_bought{};
    ContractId token_sold{};
    Amount token_bought_amount_raw;
    Amount token_sold_amount_raw;
    AccountId taker{};
    ContractId fee_token{};
    Amount fee_raw;  // What those who provide liquidity earn of it.
    RUNNEL_FIELDS(token_bought, token_sold,
        (token_bought_amount_raw, smallest_unit_of("token_bought")),
        (token_sold_amount_raw, smallest_unit_of("token_sold")), taker, fee_token,
        (fee_raw, smallest_unit_of("fee_token")));
};

/// One token in a pool, after a block that touched the pool.
struct DexPool
{
    static constexpr std::string_view name = "DexPool";
    static constexpr std::string_view table = "dex_pools";
    static constexpr EventUse use = EventUse::snapshot;
    static constexpr double spot_price_scale = 1e36;

    ContractId token{};
    Amount reserve;
    Amount spot_price;  // 0: none.
    RUNNEL_FIELDS(token, (reserve, smallest_unit_of("token")),
        (spot_price, other("1e-36 smallest units of the pool's first token per smallest unit")));
};

/// The shares of a pool whose shares are a token, after a block that touched the pool.
struct DexShares
{
    static constexpr std::string_view name = "DexShares";
    static constexpr std::string_view table = "dex_shares";
    static constexpr EventUse use = EventUse::snapshot;

    ContractId share_token{};
    Amount total_supply;
    RUNNEL_FIELDS(share_token, (total_supply, smallest_unit_of("share_token")));
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

    LendingBorrowType transaction_type{};
    ContractId token{};
    AccountId borrower{};
    AccountId on_behalf_of{};
    AccountId repayer{};     // The zero account unless repaid.
    AccountId liquidator{};  // The zero account unless liquidated.
    Amount amount_raw;
    RUNNEL_FIELDS(transaction_type, token, borrower, on_behalf_of, repayer, liquidator,
        (amount_raw, smallest_unit_of("token")));
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

    LendingSupplyType transaction_type{};
    ContractId token{};
    AccountId depositor{};
    AccountId on_behalf_of{};
    AccountId withdrawn_to{};  // The zero account unless withdrawn or seized.
    AccountId liquidator{};    // The zero account unless liquidated.
    Amount amount_raw;
    RUNNEL_FIELDS(transaction_type, token, depositor, on_behalf_of, withdrawn_to, liquidator,
        (amount_raw, smallest_unit_of("token")));
};

/// A flash loan that was repaid in its transaction.
struct LendingFlashloan
{
    static constexpr std::string_view name = "LendingFlashloan";
    static constexpr std::string_view table = "lending_flashloans";

    ContractId token{};
    AccountId recipient{};
    Amount amount_raw;
    Amount fee_raw;
    RUNNEL_FIELDS(token, recipient, (amount_raw, smallest_unit_of("token")),
        (fee_raw, smallest_unit_of("token")));
};

/// One liquidation, with both legs and their value at the market's prices.
struct LendingLiquidation
{
    static constexpr std::string_view name = "LendingLiquidation";
    static constexpr std::string_view table = "lending_liquidations";

    AccountId borrower{};
    AccountId liquidator{};
    ContractId collateral_token{};
    ContractId debt_token{};
    Amount collateral_amount_raw;  // To the liquidator.
    Amount protocol_fee_raw;       // To the protocol, of the collateral.
    Amount debt_amount_raw;
    Amount collateral_value;
    Amount debt_value;
    ContractId value_token = no_contract;
    std::uint8_t value_decimals = 8;
    RUNNEL_FIELDS(borrower, liquidator, collateral_token, debt_token,
        (collateral_amount_raw, smallest_unit_of("collateral_token")),
        (protocol_fee_raw, smallest_unit_of("collateral_token")),
        (debt_amount_raw, smallest_unit_of("debt_token")), (collateral_value, account_value),
        (debt_value, account_value), (value_token, other("4294967295: USD")), value_decimals);
};

/// A borrower's position in a market, after each change of it.
struct LendingPosition
{
    static constexpr std::string_view name = "LendingPosition";
    static constexpr std::string_view table = "lending_positions";

    AccountId account{};
    Amount collateral;             // Value of all collateral.
    Amount debt;                   // Value of all debt.
    Amount liquidation_threshold;  // Average, weighted by collateral.
    Amount health_factor;
    ContractId value_token = no_contract;
    std::uint8_t value_decimals = 8;
    RUNNEL_FIELDS(account, (collateral, account_value), (debt, account_value),
        (liquidation_threshold, bps), (health_factor, wad_or_max),
        (value_token, other("4294967295: USD")), value_decimals);
};

/// One account's supply and debt of one token in a market, after each change of it.
struct LendingBalance
{
    static constexpr std::string_view name = "LendingBalance";
    static constexpr std::string_view table = "lending_balances";

    AccountId account{};
    ContractId token{};
    Amount supplied_scaled;
    Amount debt_scaled;
    Amount supplied_raw;
    Amount debt_raw;
    bool used_as_collateral = false;
    RUNNEL_FIELDS(account, token, (supplied_scaled, other("supplied / liquidity index")),
        (debt_scaled, other("debt / borrow index")), (supplied_raw, smallest_unit_of("token")),
        (debt_raw, smallest_unit_of("token")), used_as_collateral);
};

/// State of one reserve of a lending market after a block that touched the market, and every hour;
/// interest included.
struct LendingReserve
{
    static constexpr std::string_view name = "LendingReserve";
    static constexpr std::string_view table = "lending_reserves";
    static constexpr EventUse use = EventUse::snapshot;

    ContractId token{};
    Amount liquidity_index;
    Amount borrow_index;
    Amount liquidity_rate;
    Amount borrow_rate;
    Amount total_supplied;
    Amount total_debt;
    Amount cash;
    Amount treasury_claim;  // Of the interest, what the protocol's treasury can claim.
    Amount price;           // Of a whole token.
    Amount liquidation_threshold;
    ContractId value_token = no_contract;
    std::uint8_t value_decimals = 8;
    RUNNEL_FIELDS(token, (liquidity_index, ray), (borrow_index, ray),
        (liquidity_rate, ray_per_year), (borrow_rate, ray_per_year),
        (total_supplied, smallest_unit_of("token")), (total_debt, smallest_unit_of("token")),
        (cash, smallest_unit_of("token")), (treasury_claim, smallest_unit_of("token")),
        (price, account_value_per_token), (liquidation_threshold, bps),
        (value_token, other("4294967295: USD")), value_decimals);
};

}  // namespace runnel
