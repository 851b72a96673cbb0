#pragma once

#include "ledger/event.hpp"
#include "ledger/ids.hpp"

#include <array>
#include <string_view>

/// The logs of a fiat-backed token, beside Transfer and Approval.
namespace runnel::contracts::fiat_token
{

struct MintLog
{
    static constexpr std::string_view table = "fiat_token_mints";
    static constexpr std::string_view signature =
        "Mint(address indexed minter, address indexed to, uint256 amount)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Who minted.", "Who got the tokens.", "How much."};

    AccountId minter{};
    AccountId to{};
    Amount amount;
    RUNNEL_FIELDS(minter, to, (amount, smallest_unit));
};

struct BurnLog
{
    static constexpr std::string_view table = "fiat_token_burns";
    static constexpr std::string_view signature = "Burn(address indexed burner, uint256 amount)";
    static constexpr std::array<std::string_view, 2> meanings{
        "The minter who destroyed tokens of its own.", "How much."};

    AccountId burner{};
    Amount amount;
    RUNNEL_FIELDS(burner, (amount, smallest_unit));
};

struct MinterConfiguredLog
{
    static constexpr std::string_view table = "fiat_token_minters_configured";
    static constexpr std::string_view signature =
        "MinterConfigured(address indexed minter, uint256 minterAllowedAmount)";
    static constexpr std::array<std::string_view, 2> meanings{
        "Who may mint.", "How much it may mint from now on."};

    AccountId minter{};
    Amount minter_allowed_amount;
    RUNNEL_FIELDS(minter, (minter_allowed_amount, smallest_unit));
};

struct MinterRemovedLog
{
    static constexpr std::string_view table = "fiat_token_minters_removed";
    static constexpr std::string_view signature = "MinterRemoved(address indexed oldMinter)";
    static constexpr std::array<std::string_view, 1> meanings{"Who may not mint any more."};

    AccountId old_minter{};
    RUNNEL_FIELDS(old_minter);
};

struct MasterMinterChangedLog
{
    static constexpr std::string_view table = "fiat_token_master_minters";
    static constexpr std::string_view signature =
        "MasterMinterChanged(address indexed newMasterMinter)";
    static constexpr std::array<std::string_view, 1> meanings{"Who appoints minters from now on."};

    AccountId new_master_minter{};
    RUNNEL_FIELDS(new_master_minter);
};

/// Everything stops.
struct PauseLog
{
    static constexpr std::string_view table = "fiat_token_pauses";
    static constexpr std::string_view signature = "Pause()";

    RUNNEL_FIELDS();
};

struct UnpauseLog
{
    static constexpr std::string_view table = "fiat_token_unpauses";
    static constexpr std::string_view signature = "Unpause()";

    RUNNEL_FIELDS();
};

struct PauserChangedLog
{
    static constexpr std::string_view table = "fiat_token_pausers";
    static constexpr std::string_view signature = "PauserChanged(address indexed newAddress)";
    static constexpr std::array<std::string_view, 1> meanings{"Who may pause from now on."};

    AccountId new_address{};
    RUNNEL_FIELDS(new_address);
};

struct BlacklistedLog
{
    static constexpr std::string_view table = "fiat_token_blacklisted";
    static constexpr std::string_view signature = "Blacklisted(address indexed _account)";
    static constexpr std::array<std::string_view, 1> meanings{
        "Who may not send or receive any more."};

    AccountId account{};
    RUNNEL_FIELDS(account);
};

struct UnBlacklistedLog
{
    static constexpr std::string_view table = "fiat_token_unblacklisted";
    static constexpr std::string_view signature = "UnBlacklisted(address indexed _account)";
    static constexpr std::array<std::string_view, 1> meanings{"Who may send and receive again."};

    AccountId account{};
    RUNNEL_FIELDS(account);
};

struct BlacklisterChangedLog
{
    static constexpr std::string_view table = "fiat_token_blacklisters";
    static constexpr std::string_view signature =
        "BlacklisterChanged(address indexed newBlacklister)";
    static constexpr std::array<std::string_view, 1> meanings{
        "Who keeps the blacklist from now on."};

    AccountId new_blacklister{};
    RUNNEL_FIELDS(new_blacklister);
};

struct OwnershipTransferredLog
{
    static constexpr std::string_view table = "fiat_token_owners";
    static constexpr std::string_view signature =
        "OwnershipTransferred(address previousOwner, address newOwner)";
    static constexpr std::array<std::string_view, 2> meanings{
        "Who appointed the others until now.", "Who does from now on."};

    AccountId previous_owner{};
    AccountId new_owner{};
    RUNNEL_FIELDS(previous_owner, new_owner);
};

}  // namespace runnel::contracts::fiat_token
