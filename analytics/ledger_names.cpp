#include "analytics/ledger_names.hpp"

#include "ledger/hash.hpp"

#include <fmt/format.h>

#include <limits>

namespace runnel::analytics
{
namespace
{
using storage::Value;

constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();

/// What approvals without a limit hold.
constexpr std::string_view largest =
    "115792089237316195423570985008687907853269984665640564039457584007913129639935";
}  // namespace

std::string with_point(std::string_view digits, unsigned decimals)
{
    const bool negative = digits.starts_with('-');
    std::string text{digits.substr(negative ? 1 : 0)};
    if (decimals > 0)
    {
        if (text.size() <= decimals)
            text.insert(0, decimals + 1 - text.size(), '0');
        text.insert(text.size() - decimals, ".");
        text.erase(text.find_last_not_of('0') + 1);
        if (text.ends_with('.'))
            text.pop_back();
    }
    return (negative ? "-" : "") + text;
}

const NamedAccount* LedgerNames::account(AccountId id)
{
    auto [entry, is_new] = accounts_.try_emplace(id);
    if (is_new)
    {
        auto row = database_.prepare(
            "SELECT address, name, role, strategy, block_number FROM t_addresses WHERE id = ?");
        row.bind(1, Value{std::int64_t{index(id)}});
        if (row.step())
        {
            entry->second = {id, std::string{row.text(0)}, std::string{row.text(1)},
                std::string{row.text(2)}, std::string{row.text(3)},
                row.integer_up_to(4, integer_max)};
        }
    }
    return entry->second ? &*entry->second : nullptr;
}

const NamedContract* LedgerNames::contract(ContractId id)
{
    auto [entry, is_new] = contracts_.try_emplace(id);
    if (is_new)
    {
        auto row = database_.prepare(
            "SELECT c.account_id, c.address, c.name, c.kind, c.block_number, ifnull(a.name, ''), "
            "ifnull(s.symbol, ''), s.decimals FROM t_contracts c LEFT JOIN t_tokens s ON "
            "s.contract_id = c.id LEFT JOIN t_contracts a ON a.id = c.creator_id WHERE c.id = ?");
        row.bind(1, Value{std::int64_t{index(id)}});
        if (row.step())
        {
            auto& named = entry->second.emplace();
            named = {id, row.account(0), std::string{row.text(1)}, std::string{row.text(2)},
                std::string{row.text(3)}, row.integer_up_to(4, integer_max),
                std::string{row.text(5)}, std::string{row.text(6)}, std::nullopt};
            if (!row.is_null(7))
                named.decimals = static_cast<unsigned>(row.integer_up_to(7, 77));
        }
    }
    return entry->second ? &*entry->second : nullptr;
}

std::string LedgerNames::name(AccountId id)
{
    const auto* found = account(id);
    return found == nullptr ? fmt::format("#{}", index(id)) : found->name;
}

std::string LedgerNames::name(ContractId id)
{
    const auto* found = contract(id);
    return found == nullptr ? fmt::format("contract {}", index(id)) : found->name;
}

std::string LedgerNames::token(ContractId id)
{
    if (!shared_symbols_)
    {
        shared_symbols_.emplace();
        auto rows =
            database_.prepare("SELECT symbol FROM t_tokens GROUP BY symbol HAVING count(*) > 1");
        while (rows.step())
            shared_symbols_->emplace(rows.text(0));
    }
    const auto* found = contract(id);
    return found == nullptr || found->symbol.empty() || shared_symbols_->contains(found->symbol)
               ? name(id)
               : found->symbol;
}

namespace
{
/// read() of the row that has this name or address; empty if none has.
template <typename Read>
auto find_called(
    storage::Database& database, std::string_view table, std::string_view text, Read read)
{
    const auto address = Address::from_string(text);
    const auto lower = address ? address->to_string() : std::string{text};
    auto row = database.prepare(
        fmt::format("SELECT id FROM {} WHERE {} = ?", table, address ? "address" : "name"));
    row.bind(1, Value{std::string_view{lower}});
    return row.step() ? std::optional{read(row)} : std::nullopt;
}
}  // namespace

std::optional<AccountId> LedgerNames::find_account(std::string_view text)
{
    return find_called(database_, "t_addresses", text,
        [](const storage::Statement& row) { return row.account(0); });
}

std::optional<ContractId> LedgerNames::find_contract(std::string_view text)
{
    return find_called(database_, "t_contracts", text,
        [](const storage::Statement& row) { return row.contract(0); });
}

std::optional<ContractId> LedgerNames::contract_of(AccountId account)
{
    auto row = database_.prepare("SELECT id FROM t_contracts WHERE account_id = ? AND id > 0");
    row.bind(1, Value{std::int64_t{index(account)}});
    return row.step() ? std::optional{row.contract(0)} : std::nullopt;
}

std::string LedgerNames::quantity(
    std::string_view digits, const Unit& unit, std::optional<ContractId> token_id)
{
    if (digits == largest)
        return "max";
    const auto of_token = [&](ContractId id)
    {
        const auto* found = contract(id);
        if (found == nullptr || !found->decimals)
            return std::string{digits};
        return with_point(digits, *found->decimals) + " " + token(id);
    };
    switch (unit.kind)
    {
        case UnitKind::wei: return of_token(native_coin);
        case UnitKind::usd_e8:
        case UnitKind::usd_e8_per_token: return with_point(digits, 8) + " USD";
        case UnitKind::smallest_unit:
        case UnitKind::smallest_unit_of_column:
            return token_id ? of_token(*token_id) : std::string{digits};
        case UnitKind::none:
        case UnitKind::other:
        case UnitKind::wei_per_gas:
        case UnitKind::ray:
        case UnitKind::wad:
        case UnitKind::account_value: break;
    }
    return std::string{digits};
}

}  // namespace runnel::analytics
