#pragma once

#include "contracts/lending/morpho_blue/market_state.hpp"
#include "ledger/event.hpp"

#include <array>

/// The logs of Morpho Blue: names, order of fields and topics as deployed. A market is named by its
/// id, the keccak of its parameters.
/// Source: morpho-org/morpho-blue 1.0.0, src/libraries/EventsLib.sol.
namespace runnel::contracts::morpho_blue
{

struct SetOwnerLog
{
    static constexpr std::string_view table = "morpho_blue_owners";
    static constexpr std::string_view signature = "SetOwner(address indexed)";
    static constexpr std::array<std::string_view, 1> meanings{"The new owner."};

    AccountId new_owner{};
    RUNNEL_FIELDS(new_owner);
};

struct SetFeeLog
{
    static constexpr std::string_view table = "morpho_blue_fees";
    static constexpr std::string_view signature = "SetFee(bytes32 indexed,uint256)";
    static constexpr std::array<std::string_view, 2> meanings{
        "The market.", "The recipient's share of interest from now on."};

    Amount market;
    Amount new_fee;
    RUNNEL_FIELDS(market, (new_fee, wad));
};

struct SetFeeRecipientLog
{
    static constexpr std::string_view table = "morpho_blue_fee_recipients";
    static constexpr std::string_view signature = "SetFeeRecipient(address indexed)";
    static constexpr std::array<std::string_view, 1> meanings{
        "Who gets the fees of all markets from now on."};

    AccountId new_fee_recipient{};
    RUNNEL_FIELDS(new_fee_recipient);
};

struct EnableIrmLog
{
    static constexpr std::string_view table = "morpho_blue_irms";
    static constexpr std::string_view signature = "EnableIrm(address indexed)";
    static constexpr std::array<std::string_view, 1> meanings{
        "A rate model that markets may be created with."};

    AccountId irm{};  // Account zero: none.
    RUNNEL_FIELDS(irm);
};

struct EnableLltvLog
{
    static constexpr std::string_view table = "morpho_blue_lltvs";
    static constexpr std::string_view signature = "EnableLltv(uint256)";
    static constexpr std::array<std::string_view, 1> meanings{
        "A limit that markets may be created with."};

    Amount lltv;
    RUNNEL_FIELDS((lltv, wad));
};

struct CreateMarketLog
{
    static constexpr std::string_view table = "morpho_blue_markets";
    static constexpr std::string_view signature =
        "CreateMarket(bytes32 indexed,(address,address,address,address,uint256))";
    static constexpr std::array<std::string_view, 6> meanings{"The market.", "What it lends.",
        "What secures debt.", "Who prices the collateral in the loan token.", "Its rate model.",
        "Debt above this share of the collateral's value may be liquidated."};

    Amount market;
    AccountId loan_token{};  // By their accounts: each may be address zero.
    AccountId collateral_token{};
    AccountId oracle{};
    AccountId irm{};
    Amount lltv;
    RUNNEL_FIELDS(market, loan_token, collateral_token, oracle, irm, (lltv, wad));
};

struct SupplyLog
{
    static constexpr std::string_view table = "morpho_blue_supplies";
    static constexpr std::string_view signature =
        "Supply(bytes32 indexed,address indexed,address indexed,uint256,uint256)";
    static constexpr std::array<std::string_view, 5> meanings{"The market.", "Who paid.",
        "Who got the shares.", "How much was supplied.", "How many shares that made."};

    Amount market;
    AccountId caller{};
    AccountId on_behalf{};
    Amount assets;
    Amount shares;
    RUNNEL_FIELDS(
        market, caller, on_behalf, (assets, smallest_unit_of_its("loan_token")), (shares, shares));
};

struct WithdrawLog
{
    static constexpr std::string_view table = "morpho_blue_withdrawals";
    static constexpr std::string_view signature =
        "Withdraw(bytes32 indexed,address,address indexed,address indexed,uint256,uint256)";
    static constexpr std::array<std::string_view, 6> meanings{"The market.", "Who called.",
        "Whose shares went.", "Who got the tokens.", "How much was withdrawn.",
        "How many shares that took."};

    Amount market;
    AccountId caller{};
    AccountId on_behalf{};
    AccountId receiver{};
    Amount assets;
    Amount shares;
    RUNNEL_FIELDS(market, caller, on_behalf, receiver, (assets, smallest_unit_of_its("loan_token")),
        (shares, shares));
};

struct BorrowLog
{
    static constexpr std::string_view table = "morpho_blue_borrows";
    static constexpr std::string_view signature =
        "Borrow(bytes32 indexed,address,address indexed,address indexed,uint256,uint256)";
    static constexpr std::array<std::string_view, 6> meanings{"The market.", "Who called.",
        "Who owes it.", "Who got the tokens.", "How much was borrowed.",
        "How many shares of debt that made."};

    Amount market;
    AccountId caller{};
    AccountId on_behalf{};
    AccountId receiver{};
    Amount assets;
    Amount shares;
    RUNNEL_FIELDS(market, caller, on_behalf, receiver, (assets, smallest_unit_of_its("loan_token")),
        (shares, shares));
};

struct RepayLog
{
    static constexpr std::string_view table = "morpho_blue_repayments";
    static constexpr std::string_view signature =
        "Repay(bytes32 indexed,address indexed,address indexed,uint256,uint256)";
    static constexpr std::array<std::string_view, 5> meanings{"The market.", "Who paid.",
        "Whose debt.", "How much was repaid.", "How many shares of debt that took."};

    Amount market;
    AccountId caller{};
    AccountId on_behalf{};
    Amount assets;
    Amount shares;
    RUNNEL_FIELDS(
        market, caller, on_behalf, (assets, smallest_unit_of_its("loan_token")), (shares, shares));
};

struct SupplyCollateralLog
{
    static constexpr std::string_view table = "morpho_blue_collateral_supplies";
    static constexpr std::string_view signature =
        "SupplyCollateral(bytes32 indexed,address indexed,address indexed,uint256)";
    static constexpr std::array<std::string_view, 4> meanings{
        "The market.", "Who paid.", "Whose collateral it is.", "How much was supplied."};

    Amount market;
    AccountId caller{};
    AccountId on_behalf{};
    Amount assets;
    RUNNEL_FIELDS(market, caller, on_behalf, (assets, smallest_unit_of_its("collateral_token")));
};

struct WithdrawCollateralLog
{
    static constexpr std::string_view table = "morpho_blue_collateral_withdrawals";
    static constexpr std::string_view signature =
        "WithdrawCollateral(bytes32 indexed,address,address indexed,address indexed,uint256)";
    static constexpr std::array<std::string_view, 5> meanings{"The market.", "Who called.",
        "Whose collateral it was.", "Who got it.", "How much was withdrawn."};

    Amount market;
    AccountId caller{};
    AccountId on_behalf{};
    AccountId receiver{};
    Amount assets;
    RUNNEL_FIELDS(
        market, caller, on_behalf, receiver, (assets, smallest_unit_of_its("collateral_token")));
};

struct LiquidateLog
{
    static constexpr std::string_view table = "morpho_blue_liquidations";
    static constexpr std::string_view signature =
        "Liquidate(bytes32 indexed,address indexed,address indexed,uint256,uint256,uint256,"
        "uint256,uint256)";
    static constexpr std::array<std::string_view, 8> meanings{"The market.", "Who liquidated.",
        "Whose debt.", "How much was repaid.", "How many shares of debt that took.",
        "How much collateral was seized.", "What all suppliers lost of a debt without collateral.",
        "The shares of that debt."};

    Amount market;
    AccountId caller{};
    AccountId borrower{};
    Amount repaid_assets;
    Amount repaid_shares;
    Amount seized_assets;
    Amount bad_debt_assets;
    Amount bad_debt_shares;
    RUNNEL_FIELDS(market, caller, borrower, (repaid_assets, smallest_unit_of_its("loan_token")),
        (repaid_shares, shares), (seized_assets, smallest_unit_of_its("collateral_token")),
        (bad_debt_assets, smallest_unit_of_its("loan_token")), (bad_debt_shares, shares));
};

struct FlashLoanLog
{
    static constexpr std::string_view table = "morpho_blue_flash_loans";
    static constexpr std::string_view signature =
        "FlashLoan(address indexed,address indexed,uint256)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Who borrowed.", "What was lent.", "How much was lent."};

    AccountId caller{};
    ContractId token{};
    Amount assets;
    RUNNEL_FIELDS(caller, token, (assets, smallest_unit_of("token")));
};

struct SetAuthorizationLog
{
    static constexpr std::string_view table = "morpho_blue_authorizations";
    static constexpr std::string_view signature =
        "SetAuthorization(address indexed,address indexed,address indexed,bool)";
    static constexpr std::array<std::string_view, 4> meanings{"Who called.",
        "Whose positions may be managed.", "Who may manage them.", "Whether he may from now on."};

    AccountId caller{};
    AccountId authorizer{};
    AccountId authorized{};
    bool new_is_authorized = false;
    RUNNEL_FIELDS(caller, authorizer, authorized, new_is_authorized);
};

struct IncrementNonceLog
{
    static constexpr std::string_view table = "morpho_blue_nonces";
    static constexpr std::string_view signature =
        "IncrementNonce(address indexed,address indexed,uint256)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Who called.", "Who signed.", "The nonce that was used."};

    AccountId caller{};
    AccountId authorizer{};
    Amount used_nonce;
    RUNNEL_FIELDS(caller, authorizer, used_nonce);
};

struct AccrueInterestLog
{
    static constexpr std::string_view table = "morpho_blue_accruals";
    static constexpr std::string_view signature =
        "AccrueInterest(bytes32 indexed,uint256,uint256,uint256)";
    static constexpr std::array<std::string_view, 4> meanings{"The market.",
        "The mean rate since the last accrual.", "What was added to debt and supply.",
        "The shares that the fee's recipient got."};

    Amount market;
    Amount previous_borrow_rate;
    Amount interest;
    Amount fee_shares;
    RUNNEL_FIELDS(market, (previous_borrow_rate, other("wad per second")),
        (interest, smallest_unit_of_its("loan_token")), (fee_shares, shares));
};

}  // namespace runnel::contracts::morpho_blue
