#pragma once

#include "ledger/event.hpp"
#include "ledger/ids.hpp"

/// The logs of SushiSwap's MasterChef.
namespace runnel::contracts::masterchef
{

struct DepositLog
{
    static constexpr std::string_view table = "masterchef_deposits";
    static constexpr std::string_view signature =
        "Deposit(address indexed user, uint256 indexed pid, uint256 amount)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Who staked.", "The number of the pool.", "How much was staked."};

    AccountId user{};
    Amount pid;
    Amount amount;
    RUNNEL_FIELDS(
        user, (pid, other("pool")), (amount, other("of the pool's token, smallest units")));
};

struct WithdrawLog
{
    static constexpr std::string_view table = "masterchef_withdrawals";
    static constexpr std::string_view signature =
        "Withdraw(address indexed user, uint256 indexed pid, uint256 amount)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Who took back.", "The number of the pool.", "How much was taken back."};

    AccountId user{};
    Amount pid;
    Amount amount;
    RUNNEL_FIELDS(
        user, (pid, other("pool")), (amount, other("of the pool's token, smallest units")));
};

struct EmergencyWithdrawLog
{
    static constexpr std::string_view table = "masterchef_emergency_withdrawals";
    static constexpr std::string_view signature =
        "EmergencyWithdraw(address indexed user, uint256 indexed pid, uint256 amount)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Who took all back and gave his rewards up.", "The number of the pool.",
        "How much was taken back."};

    AccountId user{};
    Amount pid;
    Amount amount;
    RUNNEL_FIELDS(
        user, (pid, other("pool")), (amount, other("of the pool's token, smallest units")));
};

}  // namespace runnel::contracts::masterchef
