#pragma once

#include "ledger/event.hpp"

#include <array>
#include <cstdint>

/// The logs of an Aave v3 pool: names, order of fields and topics as deployed.
/// Source: @aave/core-v3 1.19.3, contracts/interfaces/IPool.sol.
namespace runnel::contracts::aave_v3
{

/// Tokens supplied by @p user, aTokens minted to @p on_behalf_of.
struct SupplyLog
{
    static constexpr std::string_view table = "aave_v3_supplies";
    static constexpr std::string_view signature =
        "Supply(address indexed,address,address indexed,uint256,uint16 indexed)";
    static constexpr std::array<std::string_view, 5> meanings{"What was supplied.",
        "Who supplied it.", "Who has the claim.", "How much.",
        "A code for integrators; always 0 here."};

    ContractId reserve{};
    AccountId user{};
    AccountId on_behalf_of{};
    Amount amount;
    std::uint16_t referral_code = 0;
    RUNNEL_FIELDS(
        reserve, user, on_behalf_of, (amount, smallest_unit_of("reserve")), referral_code);
};

/// aTokens of @p user burnt, tokens sent to @p to_address.
struct WithdrawLog
{
    static constexpr std::string_view table = "aave_v3_withdrawals";
    static constexpr std::string_view signature =
        "Withdraw(address indexed,address indexed,address indexed,uint256)";
    static constexpr std::array<std::string_view, 4> meanings{
        "What was withdrawn.", "Whose supply.", "Who got it.", "How much."};

    ContractId reserve{};
    AccountId user{};
    AccountId to_address{};
    Amount amount;
    RUNNEL_FIELDS(reserve, user, to_address, (amount, smallest_unit_of("reserve")));
};

/// Debt of @p on_behalf_of opened, tokens sent to @p user.
struct BorrowLog
{
    static constexpr std::string_view table = "aave_v3_borrows";
    static constexpr std::string_view signature =
        "Borrow(address indexed,address,address indexed,uint256,uint8,uint256,uint16 indexed)";
    static constexpr std::array<std::string_view, 7> meanings{"What was borrowed.", "Who got it.",
        "Who owes it.", "How much.", "2: variable.", "The rate after it.",
        "A code for integrators; always 0 here."};

    ContractId reserve{};
    AccountId user{};
    AccountId on_behalf_of{};
    Amount amount;
    std::uint8_t interest_rate_mode = 0;
    Amount borrow_rate;
    std::uint16_t referral_code = 0;
    RUNNEL_FIELDS(reserve, user, on_behalf_of, (amount, smallest_unit_of("reserve")),
        interest_rate_mode, (borrow_rate, ray_per_year), referral_code);
};

/// Debt of @p user repaid by @p repayer.
struct RepayLog
{
    static constexpr std::string_view table = "aave_v3_repayments";
    static constexpr std::string_view signature =
        "Repay(address indexed,address indexed,address indexed,uint256,bool)";
    static constexpr std::array<std::string_view, 5> meanings{"What was repaid.", "Whose debt.",
        "Who repaid it.", "How much.", "Whether it was paid with aTokens."};

    ContractId reserve{};
    AccountId user{};
    AccountId repayer{};
    Amount amount;
    bool use_a_tokens = false;
    RUNNEL_FIELDS(reserve, user, repayer, (amount, smallest_unit_of("reserve")), use_a_tokens);
};

/// A position liquidated; amounts as they were taken, without the protocol's fee.
struct LiquidationCallLog
{
    static constexpr std::string_view table = "aave_v3_liquidations";
    static constexpr std::string_view signature =
        "LiquidationCall(address indexed,address indexed,address "
        "indexed,uint256,uint256,address,bool)";
    static constexpr std::array<std::string_view, 7> meanings{"What was seized.",
        "What was repaid.", "Whose debt.", "How much debt was repaid.",
        "How much collateral went to the liquidator.", "Who liquidated.",
        "Whether the liquidator took aTokens."};

    ContractId collateral_asset{};
    ContractId debt_asset{};
    AccountId user{};
    Amount debt_to_cover;
    Amount liquidated_collateral_amount;
    AccountId liquidator{};
    bool receive_a_token = false;
    RUNNEL_FIELDS(collateral_asset, debt_asset, user,
        (debt_to_cover, smallest_unit_of("debt_asset")),
        (liquidated_collateral_amount, smallest_unit_of("collateral_asset")), liquidator,
        receive_a_token);
};

/// A flash loan that came back with its premium.
struct FlashLoanLog
{
    static constexpr std::string_view table = "aave_v3_flash_loans";
    static constexpr std::string_view signature =
        "FlashLoan(address indexed,address,address indexed,uint256,uint8,uint256,uint16 indexed)";
    static constexpr std::array<std::string_view, 7> meanings{"Who received the loan.",
        "Who asked for it.", "What was lent.", "How much.", "0: repaid in the transaction.",
        "What it cost.", "A code for integrators; always 0 here."};

    AccountId target{};
    AccountId initiator{};
    ContractId asset{};
    Amount amount;
    std::uint8_t interest_rate_mode = 0;
    Amount premium;
    std::uint16_t referral_code = 0;
    RUNNEL_FIELDS(target, initiator, asset, (amount, smallest_unit_of("asset")), interest_rate_mode,
        (premium, smallest_unit_of("asset")), referral_code);
};

/// New rates of a reserve.
struct ReserveDataUpdatedLog
{
    static constexpr std::string_view table = "aave_v3_reserve_updates";
    static constexpr std::string_view signature =
        "ReserveDataUpdated(address indexed,uint256,uint256,uint256,uint256,uint256)";
    static constexpr std::array<std::string_view, 6> meanings{"The reserve's token.",
        "What suppliers earn from now on.", "What stable borrowers would pay: always 0 here.",
        "What borrowers pay from now on.", "What 1 supplied at the start is worth now.",
        "What 1 borrowed at the start is owed now."};

    ContractId reserve{};
    Amount liquidity_rate;
    Amount stable_borrow_rate;
    Amount variable_borrow_rate;
    Amount liquidity_index;
    Amount variable_borrow_index;
    RUNNEL_FIELDS(reserve, (liquidity_rate, ray_per_year), (stable_borrow_rate, ray_per_year),
        (variable_borrow_rate, ray_per_year), (liquidity_index, ray), (variable_borrow_index, ray));
};

/// What @p user has of @p reserve secures debt from now on.
struct CollateralEnabledLog
{
    static constexpr std::string_view table = "aave_v3_collateral_enabled";
    static constexpr std::string_view signature =
        "ReserveUsedAsCollateralEnabled(address indexed,address indexed)";
    static constexpr std::array<std::string_view, 2> meanings{
        "The supplied token.", "Whose supply secures debt from now on."};

    ContractId reserve{};
    AccountId user{};
    RUNNEL_FIELDS(reserve, user);
};

/// It secures debt no longer.
struct CollateralDisabledLog
{
    static constexpr std::string_view table = "aave_v3_collateral_disabled";
    static constexpr std::string_view signature =
        "ReserveUsedAsCollateralDisabled(address indexed,address indexed)";
    static constexpr std::array<std::string_view, 2> meanings{
        "The supplied token.", "Whose supply no longer secures debt."};

    ContractId reserve{};
    AccountId user{};
    RUNNEL_FIELDS(reserve, user);
};

/// The treasury received its aTokens.
struct MintedToTreasuryLog
{
    static constexpr std::string_view table = "aave_v3_treasury_mints";
    static constexpr std::string_view signature = "MintedToTreasury(address indexed,uint256)";
    static constexpr std::array<std::string_view, 2> meanings{
        "The reserve's token.", "What the treasury claimed."};

    ContractId reserve{};
    Amount amount_minted;
    RUNNEL_FIELDS(reserve, (amount_minted, smallest_unit_of("reserve")));
};

/// Of v3.7: bad debt of @p user written off; what suppliers are owed stays.
struct DeficitCreatedLog
{
    static constexpr std::string_view table = "aave_v3_deficits";
    static constexpr std::string_view signature =
        "DeficitCreated(address indexed,address indexed,uint256)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Whose debt.", "Of which token.", "How much nobody owes any more."};

    AccountId user{};
    ContractId debt_asset{};
    Amount amount_created;
    RUNNEL_FIELDS(user, debt_asset, (amount_created, smallest_unit_of("debt_asset")));
};

}  // namespace runnel::contracts::aave_v3
