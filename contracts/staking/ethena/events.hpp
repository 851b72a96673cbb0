#pragma once

#include "ledger/event.hpp"

/// The logs of sUSDe beside a token's: names, order of fields and topics as deployed.
/// Source: ethena-labs `IStakedUSDe.sol`, `IStakedUSDeCooldown.sol`, `ISingleAdminAccessControl`;
/// OpenZeppelin Contracts 4.9.2 `IERC4626.sol`, `IAccessControl.sol`.
namespace runnel::contracts::ethena
{

struct DepositLog
{
    static constexpr std::string_view table = "ethena_deposits";
    static constexpr std::string_view signature =
        "Deposit(address indexed,address indexed,uint256,uint256)";
    static constexpr std::array<std::string_view, 4> meanings{
        "Who paid.", "Who got the shares.", "What came in.", "The shares minted."};

    AccountId sender{};
    AccountId owner{};
    Amount assets;
    Amount shares;
    RUNNEL_FIELDS(sender, owner, (assets, smallest_unit_of_its("asset")), (shares, smallest_unit));
};

/// Also when the assets go where they wait for the cooldown's end.
struct WithdrawLog
{
    static constexpr std::string_view table = "ethena_withdrawals";
    static constexpr std::string_view signature =
        "Withdraw(address indexed,address indexed,address indexed,uint256,uint256)";
    static constexpr std::array<std::string_view, 5> meanings{"Who called.", "Who got the assets.",
        "Whose shares they were.", "What went out.", "The shares burnt."};

    AccountId sender{};
    AccountId receiver{};
    AccountId owner{};
    Amount assets;
    Amount shares;
    RUNNEL_FIELDS(
        sender, receiver, owner, (assets, smallest_unit_of_its("asset")), (shares, smallest_unit));
};

struct RewardsReceivedLog
{
    static constexpr std::string_view table = "ethena_rewards";
    static constexpr std::string_view signature = "RewardsReceived(uint256)";
    static constexpr std::array<std::string_view, 1> meanings{"What vests from now on."};

    Amount amount;
    RUNNEL_FIELDS((amount, smallest_unit_of_its("asset")));
};

struct LockedAmountRedistributedLog
{
    static constexpr std::string_view table = "ethena_redistributions";
    static constexpr std::string_view signature =
        "LockedAmountRedistributed(address indexed,address indexed,uint256)";
    static constexpr std::array<std::string_view, 3> meanings{"Whose shares were taken.",
        "Who got them; the zero account: they were burnt.", "How many."};

    AccountId from_address{};
    AccountId to_address{};
    Amount amount;
    RUNNEL_FIELDS(from_address, to_address, (amount, smallest_unit));
};

struct CooldownDurationUpdatedLog
{
    static constexpr std::string_view table = "ethena_cooldown_durations";
    static constexpr std::string_view signature = "CooldownDurationUpdated(uint24,uint24)";
    static constexpr std::array<std::string_view, 2> meanings{
        "How long it was.", "How long it is."};

    std::uint32_t previous_duration = 0;
    std::uint32_t new_duration = 0;
    RUNNEL_FIELDS((previous_duration, seconds), (new_duration, seconds));
};

struct RoleGrantedLog
{
    static constexpr std::string_view table = "ethena_roles_granted";
    static constexpr std::string_view signature =
        "RoleGranted(bytes32 indexed,address indexed,address indexed)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Which role.", "Who has it from now on.", "Who gave it."};

    Amount role;  // The hash of its name; 0: the admin's.
    AccountId account{};
    AccountId sender{};
    RUNNEL_FIELDS(role, account, sender);
};

struct RoleRevokedLog
{
    static constexpr std::string_view table = "ethena_roles_revoked";
    static constexpr std::string_view signature =
        "RoleRevoked(bytes32 indexed,address indexed,address indexed)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Which role.", "Who had it.", "Who took it."};

    Amount role;
    AccountId account{};
    AccountId sender{};
    RUNNEL_FIELDS(role, account, sender);
};

}  // namespace runnel::contracts::ethena
