#pragma once

#include "ledger/event.hpp"
#include "ledger/ids.hpp"

/// The logs of ERC-4626.
namespace runnel::contracts::erc4626
{

struct DepositLog
{
    static constexpr std::string_view table = "erc4626_deposits";
    static constexpr std::string_view signature =
        "Deposit(address indexed sender, address indexed owner, uint256 assets, uint256 shares)";
    static constexpr std::array<std::string_view, 4> meanings{
        "Who paid.", "Who got the shares.", "What came in.", "The shares minted."};

    AccountId sender{};
    AccountId owner{};
    Amount assets;
    Amount shares;
    RUNNEL_FIELDS(
        sender, owner, (assets, smallest_unit_of_its("asset")), (shares, other("vault shares")));
};

struct WithdrawLog
{
    static constexpr std::string_view table = "erc4626_withdrawals";
    static constexpr std::string_view signature =
        "Withdraw(address indexed sender, address indexed receiver, address indexed owner, uint256 "
        "assets, uint256 shares)";
    static constexpr std::array<std::string_view, 5> meanings{"Who called.", "Who got the assets.",
        "Whose shares they were.", "What went out.", "The shares burnt."};

    AccountId sender{};
    AccountId receiver{};
    AccountId owner{};
    Amount assets;
    Amount shares;
    RUNNEL_FIELDS(sender, receiver, owner, (assets, smallest_unit_of_its("asset")),
        (shares, other("vault shares")));
};

}  // namespace runnel::contracts::erc4626
