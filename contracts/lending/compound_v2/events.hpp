#pragma once

#include "ledger/event.hpp"

#include <array>
#include <cstdint>

/// The logs of Compound v2: names, order of fields and topics as deployed.
/// Source: compound-finance/compound-protocol, contracts/CTokenInterfaces.sol and
/// contracts/Comptroller.sol. Not emitted: ActionPaused, whose argument is a text.
namespace runnel::contracts::compound_v2
{

// --- A cToken: amounts are of the underlying unless they are called tokens ----------------------

struct AccrueInterestLog
{
    static constexpr std::string_view table = "compound_v2_accruals";
    static constexpr std::string_view signature = "AccrueInterest(uint256,uint256,uint256,uint256)";
    static constexpr std::array<std::string_view, 4> meanings{"Underlying in the market before.",
        "Interest since the last accrual.", "The index of debts from now on.",
        "What is owed from now on."};

    Amount cash_prior;
    Amount interest_accumulated;
    Amount borrow_index;
    Amount total_borrows;
    RUNNEL_FIELDS((cash_prior, smallest_unit_of_its("underlying")),
        (interest_accumulated, smallest_unit_of_its("underlying")), (borrow_index, wad),
        (total_borrows, smallest_unit_of_its("underlying")));
};

struct MintLog
{
    static constexpr std::string_view table = "compound_v2_mints";
    static constexpr std::string_view signature = "Mint(address,uint256,uint256)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Who supplied.", "Underlying that came in.", "cTokens for it."};

    AccountId minter{};
    Amount mint_amount;
    Amount mint_tokens;
    RUNNEL_FIELDS(
        minter, (mint_amount, smallest_unit_of_its("underlying")), (mint_tokens, smallest_unit));
};

struct RedeemLog
{
    static constexpr std::string_view table = "compound_v2_redeems";
    static constexpr std::string_view signature = "Redeem(address,uint256,uint256)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Who withdrew.", "Underlying that went out.", "cTokens given for it."};

    AccountId redeemer{};
    Amount redeem_amount;
    Amount redeem_tokens;
    RUNNEL_FIELDS(redeemer, (redeem_amount, smallest_unit_of_its("underlying")),
        (redeem_tokens, smallest_unit));
};

struct BorrowLog
{
    static constexpr std::string_view table = "compound_v2_borrows";
    static constexpr std::string_view signature = "Borrow(address,uint256,uint256,uint256)";
    static constexpr std::array<std::string_view, 4> meanings{
        "Who borrowed.", "How much.", "What he owes now.", "What all owe now."};

    AccountId borrower{};
    Amount borrow_amount;
    Amount account_borrows;
    Amount total_borrows;
    RUNNEL_FIELDS(borrower, (borrow_amount, smallest_unit_of_its("underlying")),
        (account_borrows, smallest_unit_of_its("underlying")),
        (total_borrows, smallest_unit_of_its("underlying")));
};

struct RepayBorrowLog
{
    static constexpr std::string_view table = "compound_v2_repays";
    static constexpr std::string_view signature =
        "RepayBorrow(address,address,uint256,uint256,uint256)";
    static constexpr std::array<std::string_view, 5> meanings{
        "Who paid.", "Whose debt.", "How much.", "What the debtor owes now.", "What all owe now."};

    AccountId payer{};
    AccountId borrower{};
    Amount repay_amount;
    Amount account_borrows;
    Amount total_borrows;
    RUNNEL_FIELDS(payer, borrower, (repay_amount, smallest_unit_of_its("underlying")),
        (account_borrows, smallest_unit_of_its("underlying")),
        (total_borrows, smallest_unit_of_its("underlying")));
};

struct LiquidateBorrowLog
{
    static constexpr std::string_view table = "compound_v2_liquidations";
    static constexpr std::string_view signature =
        "LiquidateBorrow(address,address,uint256,address,uint256)";
    static constexpr std::array<std::string_view, 5> meanings{"Who repaid.", "Whose debt.",
        "How much.", "The market whose cTokens were seized.",
        "cTokens that the debtor lost; the protocol kept a share of them."};

    AccountId liquidator{};
    AccountId borrower{};
    Amount repay_amount;
    ContractId c_token_collateral{};
    Amount seize_tokens;
    RUNNEL_FIELDS(liquidator, borrower, (repay_amount, smallest_unit_of_its("underlying")),
        c_token_collateral, (seize_tokens, smallest_unit_of("c_token_collateral")));
};

struct ReservesAddedLog
{
    static constexpr std::string_view table = "compound_v2_reserves_added";
    static constexpr std::string_view signature = "ReservesAdded(address,uint256,uint256)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Who gave it: the market itself of what it kept of a liquidation.", "How much.",
        "The reserves from now on."};

    AccountId benefactor{};
    Amount add_amount;
    Amount new_total_reserves;
    RUNNEL_FIELDS(benefactor, (add_amount, smallest_unit_of_its("underlying")),
        (new_total_reserves, smallest_unit_of_its("underlying")));
};

struct ReservesReducedLog
{
    static constexpr std::string_view table = "compound_v2_reserves_reduced";
    static constexpr std::string_view signature = "ReservesReduced(address,uint256,uint256)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Who got it.", "How much.", "The reserves from now on."};

    AccountId admin{};
    Amount reduce_amount;
    Amount new_total_reserves;
    RUNNEL_FIELDS(admin, (reduce_amount, smallest_unit_of_its("underlying")),
        (new_total_reserves, smallest_unit_of_its("underlying")));
};

struct NewReserveFactorLog
{
    static constexpr std::string_view table = "compound_v2_reserve_factors";
    static constexpr std::string_view signature = "NewReserveFactor(uint256,uint256)";
    static constexpr std::array<std::string_view, 2> meanings{"Before.", "From now on."};

    Amount old_reserve_factor;
    Amount new_reserve_factor;
    RUNNEL_FIELDS((old_reserve_factor, wad), (new_reserve_factor, wad));
};

struct NewMarketInterestRateModelLog
{
    static constexpr std::string_view table = "compound_v2_rate_models";
    static constexpr std::string_view signature = "NewMarketInterestRateModel(address,address)";
    static constexpr std::array<std::string_view, 2> meanings{
        "The contract that had the curve before.", "The one that has it from now on."};

    ContractId old_interest_rate_model{};
    ContractId new_interest_rate_model{};
    RUNNEL_FIELDS(old_interest_rate_model, new_interest_rate_model);
};

// --- The Comptroller ----------------------------------------------------------------------------

struct MarketEnteredLog
{
    static constexpr std::string_view table = "compound_v2_markets_entered";
    static constexpr std::string_view signature = "MarketEntered(address,address)";
    static constexpr std::array<std::string_view, 2> meanings{
        "The market's cToken.", "Whose cTokens of it secure debt from now on."};

    ContractId c_token{};
    AccountId account{};
    RUNNEL_FIELDS(c_token, account);
};

struct MarketExitedLog
{
    static constexpr std::string_view table = "compound_v2_markets_exited";
    static constexpr std::string_view signature = "MarketExited(address,address)";
    static constexpr std::array<std::string_view, 2> meanings{
        "The market's cToken.", "Whose cTokens of it secure no debt from now on."};

    ContractId c_token{};
    AccountId account{};
    RUNNEL_FIELDS(c_token, account);
};

/// What the Comptroller answers with a code instead of reverting.
struct FailureLog
{
    static constexpr std::string_view table = "compound_v2_failures";
    static constexpr std::string_view signature = "Failure(uint256,uint256,uint256)";
    static constexpr std::array<std::string_view, 3> meanings{
        "The code that the call returned.", "What was tried.", "A code behind it, or 0."};

    std::uint64_t error = 0;
    std::uint64_t info = 0;
    Amount detail;
    RUNNEL_FIELDS(error, info, (detail, other("code")));
};

struct NewCollateralFactorLog
{
    static constexpr std::string_view table = "compound_v2_collateral_factors";
    static constexpr std::string_view signature = "NewCollateralFactor(address,uint256,uint256)";
    static constexpr std::array<std::string_view, 3> meanings{
        "The market's cToken.", "Before.", "From now on."};

    ContractId c_token{};
    Amount old_collateral_factor;
    Amount new_collateral_factor;
    RUNNEL_FIELDS(c_token, (old_collateral_factor, wad), (new_collateral_factor, wad));
};

struct NewBorrowCapLog
{
    static constexpr std::string_view table = "compound_v2_borrow_caps";
    static constexpr std::string_view signature = "NewBorrowCap(address indexed,uint256)";
    static constexpr std::array<std::string_view, 2> meanings{
        "The market's cToken.", "Debt of all must stay below it; 0: no cap."};

    ContractId c_token{};
    Amount new_borrow_cap;
    RUNNEL_FIELDS(c_token, (new_borrow_cap, smallest_unit_of_its("underlying")));
};

struct NewCloseFactorLog
{
    static constexpr std::string_view table = "compound_v2_close_factors";
    static constexpr std::string_view signature = "NewCloseFactor(uint256,uint256)";
    static constexpr std::array<std::string_view, 2> meanings{"Before.", "From now on."};

    Amount old_close_factor;
    Amount new_close_factor;
    RUNNEL_FIELDS((old_close_factor, wad), (new_close_factor, wad));
};

struct NewLiquidationIncentiveLog
{
    static constexpr std::string_view table = "compound_v2_liquidation_incentives";
    static constexpr std::string_view signature = "NewLiquidationIncentive(uint256,uint256)";
    static constexpr std::array<std::string_view, 2> meanings{"Before.", "From now on."};

    Amount old_liquidation_incentive;
    Amount new_liquidation_incentive;
    RUNNEL_FIELDS((old_liquidation_incentive, wad), (new_liquidation_incentive, wad));
};

struct CompSupplySpeedUpdatedLog
{
    static constexpr std::string_view table = "compound_v2_comp_supply_speeds";
    static constexpr std::string_view signature = "CompSupplySpeedUpdated(address indexed,uint256)";
    static constexpr std::array<std::string_view, 2> meanings{
        "The market's cToken.", "COMP per block for all its suppliers."};

    ContractId c_token{};
    Amount new_speed;
    RUNNEL_FIELDS(c_token, (new_speed, smallest_unit_of_its("comp")));
};

struct CompBorrowSpeedUpdatedLog
{
    static constexpr std::string_view table = "compound_v2_comp_borrow_speeds";
    static constexpr std::string_view signature = "CompBorrowSpeedUpdated(address indexed,uint256)";
    static constexpr std::array<std::string_view, 2> meanings{
        "The market's cToken.", "COMP per block for all its borrowers."};

    ContractId c_token{};
    Amount new_speed;
    RUNNEL_FIELDS(c_token, (new_speed, smallest_unit_of_its("comp")));
};

struct DistributedSupplierCompLog
{
    static constexpr std::string_view table = "compound_v2_supplier_comp";
    static constexpr std::string_view signature =
        "DistributedSupplierComp(address indexed,address indexed,uint256,uint256)";
    static constexpr std::array<std::string_view, 4> meanings{
        "The market's cToken.", "Who was credited.", "How much COMP.", "The market's index of it."};

    ContractId c_token{};
    AccountId supplier{};
    Amount comp_delta;
    Amount comp_supply_index;
    RUNNEL_FIELDS(c_token, supplier, (comp_delta, smallest_unit_of_its("comp")),
        (comp_supply_index, other("1e-36 COMP per cToken")));
};

struct DistributedBorrowerCompLog
{
    static constexpr std::string_view table = "compound_v2_borrower_comp";
    static constexpr std::string_view signature =
        "DistributedBorrowerComp(address indexed,address indexed,uint256,uint256)";
    static constexpr std::array<std::string_view, 4> meanings{
        "The market's cToken.", "Who was credited.", "How much COMP.", "The market's index of it."};

    ContractId c_token{};
    AccountId borrower{};
    Amount comp_delta;
    Amount comp_borrow_index;
    RUNNEL_FIELDS(c_token, borrower, (comp_delta, smallest_unit_of_its("comp")),
        (comp_borrow_index, other("1e-36 COMP per unit of debt over its index")));
};

/// What the simple price oracle was told.
struct PricePostedLog
{
    static constexpr std::string_view table = "compound_v2_prices";
    static constexpr std::string_view signature = "PricePosted(address,uint256,uint256,uint256)";
    static constexpr std::array<std::string_view, 4> meanings{
        "The underlying token.", "Before.", "What was asked for.", "From now on."};

    ContractId asset{};
    Amount previous_price_mantissa;
    Amount requested_price_mantissa;
    Amount new_price_mantissa;
    RUNNEL_FIELDS(asset, (previous_price_mantissa, other("1e-18 USD per 1e18 units")),
        (requested_price_mantissa, other("1e-18 USD per 1e18 units")),
        (new_price_mantissa, other("1e-18 USD per 1e18 units")));
};

}  // namespace runnel::contracts::compound_v2
