#pragma once

#include "ledger/ids.hpp"
#include "ledger/unit.hpp"
#include "storage/database.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace runnel
{
struct ContractType;
}

namespace runnel::analytics
{

struct NamedAccount
{
    AccountId id{};
    std::string address;
    std::string name;
    std::string role;
    std::string strategy;
    std::uint64_t block = 0;  // That named it first.
};

struct NamedContract
{
    ContractId id{};
    AccountId account{};
    std::string address;
    std::string name;
    std::string kind;
    std::uint64_t block = 0;  // That deployed it.
    std::string creator;      // Its name; empty for the scenario's.
    std::string symbol;       // Of a token.
    std::optional<unsigned> decimals;
};

/// Who and what ids stand for, looked up one by one: for commands that need a few of a million.
class LedgerNames
{
public:
    explicit LedgerNames(storage::Database& database) : database_{database} {}

    /// nullptr: there is none.
    [[nodiscard]] const NamedAccount* account(AccountId id);
    [[nodiscard]] const NamedContract* contract(ContractId id);
    /// Its name; `#7` if there is none.
    [[nodiscard]] std::string name(AccountId id);
    [[nodiscard]] std::string name(ContractId id);
    /// What people call a token: its symbol, or the contract's name where two share a symbol.
    [[nodiscard]] std::string token(ContractId id);
    /// By name or address.
    [[nodiscard]] std::optional<AccountId> find_account(std::string_view text);
    [[nodiscard]] std::optional<ContractId> find_contract(std::string_view text);
    /// The contract that acts as @p account.
    [[nodiscard]] std::optional<ContractId> contract_of(AccountId account);

    /// Digits of an integer with the decimal point and name of what they count, exactly: `1.5
    /// WETH`. @p token: of smallest units.
    [[nodiscard]] std::string quantity(
        std::string_view digits, const Unit& unit, std::optional<ContractId> token);

private:
    template <typename Id, typename Row>
    using Cache = std::map<Id, std::optional<Row>>;

    storage::Database& database_;
    Cache<AccountId, NamedAccount> accounts_;
    Cache<ContractId, NamedContract> contracts_;
    std::optional<std::set<std::string>> shared_symbols_;
};

/// 10^-@p decimals of the integer with these @p digits, exactly, without trailing zeros: `1.5`.
[[nodiscard]] std::string with_point(std::string_view digits, unsigned decimals);

}  // namespace runnel::analytics
