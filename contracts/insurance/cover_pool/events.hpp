#pragma once

#include "ledger/event.hpp"

#include <array>
#include <cstdint>
#include <string_view>

/// Named after Nexus Mutual's events where there is one that says the same.
namespace runnel::contracts::cover_pool
{

struct CoverBoughtLog
{
    static constexpr std::string_view table = "cover_pool_covers";
    static constexpr std::string_view signature =
        "CoverBought(uint256 indexed,uint256 indexed,address indexed,uint256,uint256,uint256)";
    static constexpr std::array<std::string_view, 6> meanings{"The cover's number.",
        "The product's number.", "Who is covered.", "How much is covered.", "What it cost.",
        "For how long."};

    std::uint64_t cover_number = 0;
    std::uint64_t product_number = 0;
    AccountId buyer{};
    Amount amount;
    Amount premium;
    std::uint64_t period = 0;
    RUNNEL_FIELDS(cover_number, product_number, buyer, (amount, smallest_unit_of_its("asset")),
        (premium, smallest_unit_of_its("asset")), (period, seconds));
};

struct WithdrawalRequestedLog
{
    static constexpr std::string_view table = "cover_pool_withdrawal_requests";
    static constexpr std::string_view signature =
        "WithdrawalRequested(address indexed,uint256,uint256)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Whose shares.", "All that he has asked to withdraw.", "From when on he may."};

    AccountId underwriter{};
    Amount shares;
    std::uint64_t ready_at = 0;
    RUNNEL_FIELDS(underwriter, (shares, other("pool shares")), (ready_at, unix_seconds));
};

struct IncidentSubmittedLog
{
    static constexpr std::string_view table = "cover_pool_incidents";
    static constexpr std::string_view signature = "IncidentSubmitted(address,uint256,uint256)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Who said so.", "The incident's number.", "The product's number."};

    AccountId user{};
    std::uint64_t incident_number = 0;
    std::uint64_t product_number = 0;
    RUNNEL_FIELDS(user, incident_number, product_number);
};

struct ClaimSubmittedLog
{
    static constexpr std::string_view table = "cover_pool_claims";
    static constexpr std::string_view signature =
        "ClaimSubmitted(address indexed,uint256,uint256 indexed,uint256,uint256)";
    static constexpr std::array<std::string_view, 5> meanings{"Who claims.",
        "The incident's number.", "The cover's number.", "The product's number.",
        "What the claim is owed."};

    AccountId user{};
    std::uint64_t incident_number = 0;
    std::uint64_t cover_number = 0;
    std::uint64_t product_number = 0;
    Amount owed;
    RUNNEL_FIELDS(
        user, incident_number, cover_number, product_number, (owed, smallest_unit_of_its("asset")));
};

struct IncidentSettledLog
{
    static constexpr std::string_view table = "cover_pool_settlements";
    static constexpr std::string_view signature =
        "IncidentSettled(uint256 indexed,uint256,uint256)";
    static constexpr std::array<std::string_view, 3> meanings{
        "The incident's number.", "What all its claims are owed.", "What they get together."};

    std::uint64_t incident_number = 0;
    Amount owed;
    Amount payable;
    RUNNEL_FIELDS(incident_number, (owed, smallest_unit_of_its("asset")),
        (payable, smallest_unit_of_its("asset")));
};

struct IncidentPayoutRedeemedLog
{
    static constexpr std::string_view table = "cover_pool_payouts";
    static constexpr std::string_view signature =
        "IncidentPayoutRedeemed(address indexed,uint256,uint256,uint256)";
    static constexpr std::array<std::string_view, 4> meanings{
        "Who was paid.", "How much.", "The incident's number.", "The product's number."};

    AccountId user{};
    Amount amount;
    std::uint64_t incident_number = 0;
    std::uint64_t product_number = 0;
    RUNNEL_FIELDS(user, (amount, smallest_unit_of_its("asset")), incident_number, product_number);
};

}  // namespace runnel::contracts::cover_pool
