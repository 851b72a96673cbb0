#pragma once

#include "ledger/event.hpp"
#include "ledger/ids.hpp"

#include <array>
#include <string_view>

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
    static constexpr std::array<std::string_view, 7> meanings{"What the taker got.",
        "What the taker gave.", "How much the taker got.", "How much the taker gave.",
        "Who swapped.", "In what liquidity providers earned.", "What they earned."};

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
    static constexpr std::array<std::string_view, 3> meanings{"One of the pool's tokens.",
        "What the pool has of it.", "Its price in the pool's first token; 0: none."};

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
    static constexpr std::array<std::string_view, 2> meanings{
        "The token that is the pool's shares.", "How many shares there are."};

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
    static constexpr std::array<std::string_view, 7> meanings{
        "borrow, repay or borrow_liquidation.", "What is owed.", "Whose debt it is.",
        "For whom the debt was taken; the debtor.", "Who repaid; account 0 unless it was repaid.",
        "Who liquidated; account 0 unless it was a liquidation.", "How much was taken or repaid."};

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
    static constexpr std::array<std::string_view, 7> meanings{
        "supply, withdraw or supply_liquidation.", "What was supplied.",
        "Whose tokens came, or whose claim went.", "Who has the claim on it.",
        "Who got what was withdrawn or seized; else account 0.",
        "Who liquidated; account 0 unless it was a liquidation.",
        "How much was supplied, withdrawn or seized."};

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
    static constexpr std::array<std::string_view, 4> meanings{
        "What was lent.", "Who borrowed.", "How much was lent.", "What it cost."};

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
    static constexpr std::array<std::string_view, 11> meanings{"Whose debt was repaid.",
        "Who repaid it and got the collateral.", "What was seized.", "What was repaid.",
        "What the liquidator got.", "What the protocol got, of the collateral.",
        "How much debt was repaid.", "The seized collateral's value at the market's prices.",
        "The repaid debt's value at the market's prices.",
        "The market's unit of account: its values are in 10^-value_decimals of whole tokens of it.",
        "Decimals of the market's values."};

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
    static constexpr std::array<std::string_view, 7> meanings{"The borrower.",
        "Value of all that secures his debt.", "Value of all that he owes.",
        "Debt above this share of its value may be liquidated: the mean over the collateral, by "
        "value.",
        "The market's own; below 1e18 it may be liquidated, 2^256-1 without debt.",
        "The market's unit of account: its values are in 10^-value_decimals of whole tokens of it.",
        "Decimals of the market's values."};

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
    static constexpr std::array<std::string_view, 7> meanings{"Whose supply and debt.",
        "Of which token.",
        "What is supplied, over the index: times a later liquidity index it is worth then.",
        "What is owed, over the index: times a later borrow index it is owed then.",
        "What is supplied, with interest up to this block.",
        "What is owed, with interest up to this block.", "Whether the supply secures debt."};

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

/// What a lending market as a whole is owed, interest included: after block 0, every hour and after
/// the last block.
struct LendingStatement
{
    static constexpr std::string_view name = "LendingStatement";
    static constexpr std::string_view table = "lending_statements";
    static constexpr EventUse use = EventUse::snapshot;
    static constexpr std::array<std::string_view, 11> meanings{
        "Whether the market also stated each account's holdings and health: always after block 0 "
        "and the last block, every hour while there are no more than 2000 accounts.",
        "Accounts that have or owe something.", "Accounts in debt.",
        "Of these: with a health factor below 1.",
        "Of these: that owe more than their collateral is worth.", "Value of what secures debt.",
        "Value of what is owed.", "Value of what accounts with a health factor below 1 owe.",
        "Value of debt beyond the collateral of insolvent accounts.",
        "The market's unit of account: its values are in 10^-value_decimals of whole tokens of it.",
        "Decimals of the market's values."};

    bool itemized = false;
    std::uint64_t accounts = 0;
    std::uint64_t borrowers = 0;
    std::uint64_t liquidatable = 0;
    std::uint64_t insolvent = 0;
    Amount collateral;
    Amount debt;
    Amount liquidatable_debt;
    Amount bad_debt;
    ContractId value_token = no_contract;
    std::uint8_t value_decimals = 8;
    RUNNEL_FIELDS(itemized, accounts, borrowers, liquidatable, insolvent,
        (collateral, account_value), (debt, account_value), (liquidatable_debt, account_value),
        (bad_debt, account_value), (value_token, other("4294967295: USD")), value_decimals);
};

/// What an account has and owes of a token in a market when the market states it, interest
/// included.
struct LendingHoldingState
{
    static constexpr std::string_view name = "LendingHolding";
    static constexpr std::string_view table = "lending_holdings";
    static constexpr EventUse use = EventUse::snapshot;
    static constexpr std::array<std::string_view, 8> meanings{"Who has or owes.", "Of which token.",
        "What is supplied, interest included.", "What is owed, interest included.",
        "Whether the supply secures debt.", "The market's price of a whole token.",
        "The market's unit of account: its values are in 10^-value_decimals of whole tokens of it.",
        "Decimals of the market's values."};

    AccountId account{};
    ContractId token{};
    Amount supplied_raw;
    Amount debt_raw;
    bool used_as_collateral = false;
    Amount price;
    ContractId value_token = no_contract;
    std::uint8_t value_decimals = 8;
    RUNNEL_FIELDS(account, token, (supplied_raw, smallest_unit_of("token")),
        (debt_raw, smallest_unit_of("token")), used_as_collateral, (price, account_value_per_token),
        (value_token, other("4294967295: USD")), value_decimals);
};

/// How safe an account's debt in a market is when the market states it, interest included.
struct LendingHealthState
{
    static constexpr std::string_view name = "LendingHealth";
    static constexpr std::string_view table = "lending_health";
    static constexpr EventUse use = EventUse::snapshot;
    static constexpr std::array<std::string_view, 7> meanings{"The borrower.",
        "Value of all that secures his debt.", "Value of all that he owes.",
        "Debt above this share of its value may be liquidated: the mean over the collateral, by "
        "value.",
        "The market's own; below 1e18 the account may be liquidated.",
        "The market's unit of account: its values are in 10^-value_decimals of whole tokens of it.",
        "Decimals of the market's values."};

    AccountId account{};
    Amount collateral;
    Amount debt;
    Amount liquidation_threshold;
    Amount health_factor;
    ContractId value_token = no_contract;
    std::uint8_t value_decimals = 8;
    RUNNEL_FIELDS(account, (collateral, account_value), (debt, account_value),
        (liquidation_threshold, bps), (health_factor, wad_or_max),
        (value_token, other("4294967295: USD")), value_decimals);
};

/// State of one reserve of a lending market after a block that touched the market, and every hour;
/// interest included.
struct LendingReserve
{
    static constexpr std::string_view name = "LendingReserve";
    static constexpr std::string_view table = "lending_reserves";
    static constexpr EventUse use = EventUse::snapshot;
    static constexpr std::array<std::string_view, 13> meanings{"The reserve's token.",
        "What 1 supplied at the start is worth now.", "What 1 borrowed at the start is owed now.",
        "What suppliers earn.", "What borrowers pay.", "What is supplied, interest included.",
        "What is owed, interest included.", "What can be withdrawn or borrowed.",
        "Of the interest, what the protocol's treasury can claim.",
        "The market's price of a whole token.",
        "Debt above this share of its value may be liquidated; 0: no collateral.",
        "The market's unit of account: its values are in 10^-value_decimals of whole tokens of it.",
        "Decimals of the market's values."};

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
