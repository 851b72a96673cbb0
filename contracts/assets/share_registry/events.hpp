#pragma once

#include "ledger/event.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace runnel::contracts::share_registry
{

/// ERC-3643's, where an identity is a contract of its own; here it is the investor's account.
struct IdentityRegisteredLog
{
    static constexpr std::string_view table = "share_registry_identities_registered";
    static constexpr std::string_view signature =
        "IdentityRegistered(address indexed,address indexed)";
    static constexpr std::array<std::string_view, 2> meanings{"Who may get shares from now on.",
        "The same account: there are no contracts of identities."};

    AccountId investor_address{};
    AccountId identity{};
    RUNNEL_FIELDS(investor_address, identity);
};

struct IdentityRemovedLog
{
    static constexpr std::string_view table = "share_registry_identities_removed";
    static constexpr std::string_view signature =
        "IdentityRemoved(address indexed,address indexed)";
    static constexpr std::array<std::string_view, 2> meanings{
        "Who may get no shares from now on.", "The same account."};

    AccountId investor_address{};
    AccountId identity{};
    RUNNEL_FIELDS(investor_address, identity);
};

/// ERC-2222's.
struct FundsDistributedLog
{
    static constexpr std::string_view table = "share_registry_distributed";
    static constexpr std::string_view signature = "FundsDistributed(address indexed,uint256)";
    static constexpr std::array<std::string_view, 2> meanings{
        "Who paid.", "What the shares have earned."};

    AccountId by_address{};
    Amount funds_distributed;
    RUNNEL_FIELDS(by_address, (funds_distributed, smallest_unit_of_its("currency")));
};

struct FundsWithdrawnLog
{
    static constexpr std::string_view table = "share_registry_withdrawn";
    static constexpr std::string_view signature = "FundsWithdrawn(address indexed,uint256)";
    static constexpr std::array<std::string_view, 2> meanings{
        "Whose shares had earned it.", "What he was paid."};

    AccountId by_address{};
    Amount funds_withdrawn;
    RUNNEL_FIELDS(by_address, (funds_withdrawn, smallest_unit_of_its("currency")));
};

struct TenderOpenedLog
{
    static constexpr std::string_view table = "share_registry_tenders_opened";
    static constexpr std::string_view signature = "TenderOpened(address indexed,uint256,uint256)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Who wants all shares.", "What he pays for a whole one.", "Until when it can be accepted."};

    AccountId bidder{};
    Amount price;
    std::uint64_t ends = 0;
    RUNNEL_FIELDS(bidder, (price, smallest_unit_of_its("currency")), (ends, unix_seconds));
};

struct TenderClosedLog
{
    static constexpr std::string_view table = "share_registry_tenders_closed";
    static constexpr std::string_view signature = "TenderClosed(address indexed,uint256,bool)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Who wanted all shares.", "How many he has.", "Whether the others are bought out."};

    AccountId bidder{};
    Amount shares;
    bool is_squeeze = false;
    RUNNEL_FIELDS(bidder, (shares, smallest_unit), is_squeeze);
};

}  // namespace runnel::contracts::share_registry
