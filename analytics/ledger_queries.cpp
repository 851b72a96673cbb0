#include "analytics/ledger_queries.hpp"

#include "analytics/totals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace runnel::analytics
{
namespace
{
constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();
}  // namespace

LedgerQueries::LedgerQueries(storage::Database& database) : database_{database}
{
    auto tables = query("SELECT name FROM sqlite_schema WHERE type = 'table'");
    while (tables.step())
        tables_.emplace(tables.text(0));
    auto entries = query("SELECT key, value FROM t_manifest");
    while (entries.step())
        manifest_.emplace(entries.text(0), entries.text(1));
    load_contracts();
    load_accounts();
    for (const auto& contract : contracts_)
        static_cast<void>(group_of(contract.account));  // Throws if there is no such account.
    load_blocks();
}

LedgerQueries::~LedgerQueries() = default;

void LedgerQueries::load_contracts()
{
    auto contracts = query("SELECT id, account_id, kind, name FROM t_contracts ORDER BY id");
    while (contracts.step())
    {
        if (contracts.integer_up_to(0, integer_max) != contracts_.size())
            contracts.fail(0, "consecutive ids");
        contracts_.push_back(
            {contracts.account(1), std::string{contracts.text(2)}, std::string{contracts.text(3)}});
    }
    std::map<std::string, unsigned, std::less<>> uses;
    auto tokens = query("SELECT contract_id, symbol, decimals FROM t_tokens ORDER BY contract_id");
    while (tokens.step())
    {
        tokens_.push_back({tokens.contract(0), std::string{tokens.text(1)},
            static_cast<unsigned>(tokens.integer_up_to(2, 77))});
        if (index(tokens_.back().contract) >= contracts_.size())
            tokens.fail(0, "the id of a contract");
        ++uses[tokens_.back().name];
    }
    for (auto& token : tokens_)
    {
        if (uses[token.name] > 1)
            token.name = contract_name(token.contract);
    }
}

void LedgerQueries::load_accounts()
{
    std::map<std::string, GroupId, std::less<>> known;
    auto accounts = query("SELECT id, role, strategy, name FROM t_addresses ORDER BY id");
    while (accounts.step())
    {
        if (accounts.integer_up_to(0, integer_max) != group_of_account_.size())
            accounts.fail(0, "consecutive ids");
        const bool wallet = accounts.text(1) == "wallet";
        const std::string strategy{accounts.text(2)};
        const auto account = accounts.text(3);
        const auto slash = account.find('/');
        const auto label = strategy.empty()                  ? accounts.text(1)
                           : slash == std::string_view::npos ? std::string_view{strategy}
                                                             : account.substr(0, slash);
        const std::string name{group_of_account_.empty() ? "nobody" : label};
        const auto [entry, added] = known.emplace(
            (strategy.empty() ? "role " : "group ") + name, static_cast<GroupId>(groups_.size()));
        if (added)
        {
            // A role may have the name of a group.
            const bool is_taken = std::any_of(groups_.begin(), groups_.end(),
                [&](const GroupFacts& group) { return group.name == name; });
            groups_.push_back({is_taken ? name + " (no agent)" : name, strategy, wallet,
                wallet || accounts.text(1) == "liquidity_provider" || accounts.text(1) == "account",
                0});
        }
        ++groups_[entry->second].accounts;
        group_of_account_.push_back(entry->second);
    }
}

void LedgerQueries::load_blocks()
{
    auto last = query("SELECT number, timestamp FROM t_blocks ORDER BY number DESC LIMIT 1");
    if (!last.step())
        return;
    last_block_ = last.integer_up_to(0, integer_max);
    end_time_ = last.integer_up_to(1, integer_max);
    auto first = query("SELECT timestamp FROM t_blocks ORDER BY number LIMIT 1");
    if (first.step())
        start_time_ = first.integer_up_to(0, integer_max);
}

const std::string& LedgerQueries::manifest(std::string_view key) const
{
    static const std::string nothing;
    const auto found = manifest_.find(key);
    return found == manifest_.end() ? nothing : found->second;
}

const TokenFacts* LedgerQueries::token(ContractId id) const noexcept
{
    const auto found = std::lower_bound(tokens_.begin(), tokens_.end(), id,
        [](const TokenFacts& token, ContractId contract) { return token.contract < contract; });
    return found == tokens_.end() || found->contract != id ? nullptr : &*found;
}

std::string LedgerQueries::token_name(ContractId id) const
{
    const auto* facts = token(id);
    return facts == nullptr ? contract_name(id) : facts->name;
}

std::string LedgerQueries::contract_name(ContractId id) const
{
    return index(id) < contracts_.size() ? contracts_[index(id)].name
                                         : fmt::format("contract {}", index(id));
}

GroupId LedgerQueries::group_of(AccountId account) const
{
    if (index(account) >= group_of_account_.size())
    {
        throw storage::StorageError{storage::StorageErrorKind::corrupt,
            fmt::format("{}: account {} is not in t_addresses", database_.path(), index(account))};
    }
    return group_of_account_[index(account)];
}

std::string LedgerQueries::account_name(AccountId account)
{
    auto row = query("SELECT name FROM t_addresses WHERE id = ?");
    row.bind(1, storage::Value{std::int64_t{index(account)}});
    return row.step() ? std::string{row.text(0)} : fmt::format("#{}", index(account));
}

Money LedgerQueries::money(const SignedAmount& amount, ContractId id) const
{
    const auto* facts = token(id);
    return {amount.to_string(), facts == nullptr ? 0 : facts->decimals, token_name(id)};
}

std::size_t LedgerQueries::pieces() const noexcept
{
    return static_cast<std::size_t>(std::clamp<std::uint64_t>(last_block(), 1, piece_max));
}

std::size_t LedgerQueries::piece_of(std::uint64_t block) const noexcept
{
    if (block == 0 || last_block() == 0)
        return 0;
    const auto offset = static_cast<uint128>(std::min(block, last_block()) - 1) * pieces();
    return static_cast<std::size_t>(offset / last_block());
}

std::uint64_t LedgerQueries::piece_end(std::size_t piece) const noexcept
{
    const auto blocks = static_cast<uint128>(last_block()) * (piece + 1);
    return static_cast<std::uint64_t>((blocks + pieces() - 1) / pieces());
}

std::int64_t LedgerQueries::piece_time(std::size_t piece)
{
    return static_cast<std::int64_t>(time_of(piece_end(piece)));
}

std::size_t LedgerQueries::hour_of(std::uint64_t timestamp) const noexcept
{
    constexpr std::uint64_t hour = 3600;
    // A damaged timestamp must not ask for all memory.
    constexpr std::uint64_t hour_max = 1'000'000;
    const auto inside = std::clamp(timestamp, start_time_, std::max(start_time_, end_time_));
    return static_cast<std::size_t>(std::min((inside - start_time_) / hour, hour_max));
}

std::uint64_t LedgerQueries::time_of(std::uint64_t block)
{
    auto row = query("SELECT timestamp FROM t_blocks WHERE number = ?");
    row.bind(1, storage::Value{static_cast<std::int64_t>(block)});
    return row.step() ? row.integer_up_to(0, integer_max) : 0;
}

const BlockTotals& LedgerQueries::blocks()
{
    if (!blocks_)
        blocks_ = std::make_unique<BlockTotals>(block_totals(*this));
    return *blocks_;
}

const TransactionTotals& LedgerQueries::transactions()
{
    if (!transactions_)
        transactions_ = std::make_unique<TransactionTotals>(transaction_totals(*this));
    return *transactions_;
}

const FlowTotals& LedgerQueries::flows()
{
    if (!flows_)
        flows_ = std::make_unique<FlowTotals>(flow_totals(*this));
    return *flows_;
}

const Positions& LedgerQueries::positions()
{
    if (!positions_)
        positions_ = std::make_unique<Positions>(make_positions(*this));
    return *positions_;
}

const Liquidations& LedgerQueries::liquidations()
{
    if (!liquidations_)
        liquidations_ = std::make_unique<Liquidations>(make_liquidations(*this));
    return *liquidations_;
}

Value share_of(double value, double total)
{
    return total > 0 ? Value{value / total} : Value{};
}

}  // namespace runnel::analytics
