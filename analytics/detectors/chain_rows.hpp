#pragma once

#include "analytics/detectors/detector.hpp"

#include <cstdint>
#include <optional>
#include <vector>

/// What several detectors read: rows with the transaction they belong to, in the order of the
/// chain.
namespace runnel::analytics
{

/// The largest integer of a ledger.
inline constexpr std::uint64_t integer_max = 0x7FFF'FFFF'FFFF'FFFF;

/// Of columns 0 and 1.
[[nodiscard]] Place place_of(const storage::Statement& rows);

/// The account under which a contract acts. StorageError (corrupt) if there is no such contract.
[[nodiscard]] AccountId account_of(const LedgerQueries& source, ContractId contract);

/// Rows of one table after block 0 whose first two columns are block and transaction, read side by
/// side with others'. None if the ledger has no such table.
class PlacedRows
{
public:
    PlacedRows(LedgerQueries& source, std::string_view table, std::string_view sql);

    /// The place of the row it stands on; empty after the last.
    [[nodiscard]] const std::optional<Place>& place() const noexcept { return place_; }
    [[nodiscard]] bool is_at(const Place& place) const noexcept { return place_ == place; }
    [[nodiscard]] const storage::Statement& row() const noexcept { return *rows_; }
    void next();
    /// Moves to the first row that is not before @p place.
    void skip_to(const Place& place);

private:
    std::optional<storage::Statement> rows_;
    std::optional<Place> place_;
};

/// When blocks were, read once; blocks must not descend.
class BlockTimes
{
public:
    explicit BlockTimes(LedgerQueries& source);
    /// Unix seconds.
    [[nodiscard]] std::uint64_t at(std::uint64_t block);

private:
    storage::Statement rows_;
    std::uint64_t block_ = 0;
    std::uint64_t time_ = 0;
    bool is_at_row_ = false;
};

/// Whether accounts have code: by id.
class CodeAccounts
{
public:
    explicit CodeAccounts(const LedgerQueries& source);
    [[nodiscard]] bool has_code(AccountId account) const noexcept
    {
        return index(account) < has_code_.size() && has_code_[index(account)];
    }
    /// Neither code nor address zero.
    [[nodiscard]] bool is_person(AccountId account) const noexcept
    {
        return account != zero_account && !has_code(account);
    }

private:
    std::vector<bool> has_code_;
};

/// A movement of coins or tokens.
struct Payment
{
    Place place;
    ContractId token{};
    AccountId from{};
    AccountId to{};
    Amount value;
};

/// Movements of coins and tokens after block 0, by transaction; in one, tokens' first.
class PaymentReader
{
public:
    explicit PaymentReader(LedgerQueries& source);
    /// False after the last.
    bool next(Payment& payment);

private:
    PlacedRows tokens_;
    PlacedRows coins_;
};

/// A swap with who sent it.
struct SentTrade
{
    Place place;
    AccountId sender{};
    ContractId pool{};
    ContractId bought{};
    ContractId sold{};
    Amount bought_amount;
    Amount sold_amount;
};

/// Swaps after block 0.
class TradeReader
{
public:
    explicit TradeReader(LedgerQueries& source);
    bool next(SentTrade& trade);

private:
    PlacedRows rows_;
};

}  // namespace runnel::analytics
