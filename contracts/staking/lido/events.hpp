#pragma once

#include "ledger/event.hpp"

/// The logs of Lido: names, order of fields and topics as deployed.
/// Source: lidofinance/core `StETH.sol`, `Lido.sol`, `Pausable.sol`.
namespace runnel::contracts::lido
{

/// Beside each Transfer of stETH: the shares that moved.
struct TransferSharesLog
{
    static constexpr std::string_view table = "lido_share_transfers";
    static constexpr std::string_view signature =
        "TransferShares(address indexed,address indexed,uint256)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Who had them.", "Who has them.", "How many shares."};

    AccountId from_address{};
    AccountId to_address{};
    Amount shares_value;
    RUNNEL_FIELDS(from_address, to_address, (shares_value, shares));
};

struct SharesBurntLog
{
    static constexpr std::string_view table = "lido_shares_burnt";
    static constexpr std::string_view signature =
        "SharesBurnt(address indexed,uint256,uint256,uint256)";
    static constexpr std::array<std::string_view, 4> meanings{"Whose they were.",
        "What they stood for before.", "What as many stand for afterwards.", "How many shares."};

    AccountId account{};
    Amount pre_rebase_token_amount;
    Amount post_rebase_token_amount;
    Amount shares_amount;
    RUNNEL_FIELDS(account, (pre_rebase_token_amount, smallest_unit),
        (post_rebase_token_amount, smallest_unit), (shares_amount, shares));
};

struct SubmittedLog
{
    static constexpr std::string_view table = "lido_submissions";
    static constexpr std::string_view signature = "Submitted(address indexed,uint256,address)";
    static constexpr std::array<std::string_view, 3> meanings{
        "Who staked.", "How much.", "Who brought him."};

    AccountId sender{};
    Amount amount;
    AccountId referral{};
    RUNNEL_FIELDS(sender, (amount, wei), referral);
};

/// A report changed what a share is worth.
struct TokenRebasedLog
{
    static constexpr std::string_view table = "lido_rebases";
    static constexpr std::string_view signature =
        "TokenRebased(uint256 indexed,uint256,uint256,uint256,uint256,uint256,uint256)";
    static constexpr std::array<std::string_view, 7> meanings{"Of which time the report is.",
        "Since the report before.", "Shares before.", "What they stood for.", "Shares after.",
        "What they stand for.", "Of these, what the protocol took."};

    std::uint64_t report_timestamp = 0;
    std::uint64_t time_elapsed = 0;
    Amount pre_total_shares;
    Amount pre_total_ether;
    Amount post_total_shares;
    Amount post_total_ether;
    Amount shares_minted_as_fees;
    RUNNEL_FIELDS((report_timestamp, unix_seconds), (time_elapsed, seconds),
        (pre_total_shares, shares), (pre_total_ether, wei), (post_total_shares, shares),
        (post_total_ether, wei), (shares_minted_as_fees, shares));
};

struct StoppedLog
{
    static constexpr std::string_view table = "lido_stops";
    static constexpr std::string_view signature = "Stopped()";
    RUNNEL_FIELDS();
};

struct ResumedLog
{
    static constexpr std::string_view table = "lido_resumptions";
    static constexpr std::string_view signature = "Resumed()";
    RUNNEL_FIELDS();
};

}  // namespace runnel::contracts::lido
