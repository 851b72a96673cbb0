#pragma once

#include "ledger/event.hpp"

#include <array>

/// The logs of Compound III: names, order of fields and topics as deployed.
/// Source: compound-finance/comet @ d5a30b0a, contracts/CometMainInterface.sol.
namespace runnel::contracts::comet
{

struct SupplyLog
{
    static constexpr std::string_view table = "comet_supplies";
    static constexpr std::string_view signature = "Supply(address indexed,address indexed,uint256)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Who paid.", "Whose balance it is.", "How much of the base token."};

    AccountId from_address{};
    AccountId dst{};
    Amount amount;
    RUNNEL_FIELDS(from_address, dst, (amount, smallest_unit_of_its("base_token")));
};

/// A change of a balance of the base, as ERC-20 has it: from address zero when it is supplied, to
/// it when it is withdrawn.
struct TransferLog
{
    static constexpr std::string_view table = "comet_transfers";
    static constexpr std::string_view signature =
        "Transfer(address indexed,address indexed,uint256)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Whose balance fell; address zero if it was supplied.",
        "Whose balance rose; address zero if it was withdrawn.", "By how much."};

    AccountId from_address{};
    AccountId to_address{};
    Amount amount;
    RUNNEL_FIELDS(from_address, to_address, (amount, smallest_unit_of_its("base_token")));
};

struct WithdrawLog
{
    static constexpr std::string_view table = "comet_withdrawals";
    static constexpr std::string_view signature =
        "Withdraw(address indexed,address indexed,uint256)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Whose balance it was.", "Who got it.", "How much of the base token."};

    AccountId src{};
    AccountId to_address{};
    Amount amount;
    RUNNEL_FIELDS(src, to_address, (amount, smallest_unit_of_its("base_token")));
};

struct SupplyCollateralLog
{
    static constexpr std::string_view table = "comet_collateral_supplies";
    static constexpr std::string_view signature =
        "SupplyCollateral(address indexed,address indexed,address indexed,uint256)";
    static constexpr std::array<std::string_view, 4> meanings{
        "Who paid.", "Whose collateral it is.", "Of what.", "How much."};

    AccountId from_address{};
    AccountId dst{};
    ContractId asset{};
    Amount amount;
    RUNNEL_FIELDS(from_address, dst, asset, (amount, smallest_unit_of("asset")));
};

struct TransferCollateralLog
{
    static constexpr std::string_view table = "comet_collateral_transfers";
    static constexpr std::string_view signature =
        "TransferCollateral(address indexed,address indexed,address indexed,uint256)";
    static constexpr std::array<std::string_view, 4> meanings{
        "Whose collateral it was.", "Whose it is.", "Of what.", "How much."};

    AccountId from_address{};
    AccountId to_address{};
    ContractId asset{};
    Amount amount;
    RUNNEL_FIELDS(from_address, to_address, asset, (amount, smallest_unit_of("asset")));
};

struct WithdrawCollateralLog
{
    static constexpr std::string_view table = "comet_collateral_withdrawals";
    static constexpr std::string_view signature =
        "WithdrawCollateral(address indexed,address indexed,address indexed,uint256)";
    static constexpr std::array<std::string_view, 4> meanings{
        "Whose collateral it was.", "Who got it.", "Of what.", "How much."};

    AccountId src{};
    AccountId to_address{};
    ContractId asset{};
    Amount amount;
    RUNNEL_FIELDS(src, to_address, asset, (amount, smallest_unit_of("asset")));
};

struct AbsorbDebtLog
{
    static constexpr std::string_view table = "comet_absorbed_debts";
    static constexpr std::string_view signature =
        "AbsorbDebt(address indexed,address indexed,uint256,uint256)";
    static constexpr std::array<std::string_view, 4> meanings{"Who absorbed.", "Whose debt.",
        "What the protocol paid for the account.", "What that is worth at the feeds' prices."};

    AccountId absorber{};
    AccountId borrower{};
    Amount base_paid_out;
    Amount usd_value;
    RUNNEL_FIELDS(absorber, borrower, (base_paid_out, smallest_unit_of_its("base_token")),
        (usd_value, usd_e8));
};

struct AbsorbCollateralLog
{
    static constexpr std::string_view table = "comet_absorbed_collateral";
    static constexpr std::string_view signature =
        "AbsorbCollateral(address indexed,address indexed,address indexed,uint256,uint256)";
    static constexpr std::array<std::string_view, 5> meanings{"Who absorbed.",
        "Whose collateral it was.", "Of what.", "How much.",
        "What that is worth at the feeds' prices."};

    AccountId absorber{};
    AccountId borrower{};
    ContractId asset{};
    Amount collateral_absorbed;
    Amount usd_value;
    RUNNEL_FIELDS(absorber, borrower, asset, (collateral_absorbed, smallest_unit_of("asset")),
        (usd_value, usd_e8));
};

struct BuyCollateralLog
{
    static constexpr std::string_view table = "comet_collateral_sales";
    static constexpr std::string_view signature =
        "BuyCollateral(address indexed,address indexed,uint256,uint256)";
    static constexpr std::array<std::string_view, 4> meanings{
        "Who bought.", "What.", "For how much of the base token.", "How much of it."};

    AccountId buyer{};
    ContractId asset{};
    Amount base_amount;
    Amount collateral_amount;
    RUNNEL_FIELDS(buyer, asset, (base_amount, smallest_unit_of_its("base_token")),
        (collateral_amount, smallest_unit_of("asset")));
};

struct PauseActionLog
{
    static constexpr std::string_view table = "comet_pauses";
    static constexpr std::string_view signature = "PauseAction(bool,bool,bool,bool,bool)";
    static constexpr std::array<std::string_view, 5> meanings{
        "Whether nobody may supply from now on.", "Whether nobody may transfer.",
        "Whether nobody may withdraw or borrow.", "Whether nobody may absorb.",
        "Whether nobody may buy collateral."};

    bool supply_paused = false;
    bool transfer_paused = false;
    bool withdraw_paused = false;
    bool absorb_paused = false;
    bool buy_paused = false;
    RUNNEL_FIELDS(supply_paused, transfer_paused, withdraw_paused, absorb_paused, buy_paused);
};

struct WithdrawReservesLog
{
    static constexpr std::string_view table = "comet_reserve_withdrawals";
    static constexpr std::string_view signature = "WithdrawReserves(address indexed,uint256)";
    static constexpr std::array<std::string_view, 2> meanings{
        "Who got the reserves.", "How much of the base token."};

    AccountId to_address{};
    Amount amount;
    RUNNEL_FIELDS(to_address, (amount, smallest_unit_of_its("base_token")));
};

/// A manager was allowed, 2^256-1, or no longer, 0.
struct ApprovalLog
{
    static constexpr std::string_view table = "comet_approvals";
    static constexpr std::string_view signature =
        "Approval(address indexed,address indexed,uint256)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Whose account.", "Who may manage it.", "2^256-1: he may from now on; 0: he may not."};

    AccountId owner{};
    AccountId spender{};
    Amount amount;
    RUNNEL_FIELDS(owner, spender, amount);
};

/// The proxy's.
struct UpgradedLog
{
    static constexpr std::string_view table = "comet_upgrades";
    static constexpr std::string_view signature = "Upgraded(address indexed)";
    static constexpr std::array<std::string_view, 1> meanings{
        "The contract whose terms count from now on."};

    ContractId implementation{};
    RUNNEL_FIELDS(implementation);
};

}  // namespace runnel::contracts::comet
