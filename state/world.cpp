#include "state/world.hpp"

#include "ledger/check.hpp"

#include <fmt/format.h>

#include <limits>

namespace runnel
{

World::World()
{
    account_states.set_conservation_weight(1);
    // The supply changes only by what commit() mints and burns, and is checked in full at the end.
    add_table(account_states, native_coin);
    add_table(native_supply, native_coin);
    add_table(receiver_calls, native_coin);
    const auto zero = add_account({"zero", "ledger", "", Address{}});
    RUNNEL_CHECK(zero == zero_account);
}

World::~World() = default;

AccountId World::add_account(AccountInfo info)
{
    const auto id = AccountId{static_cast<std::uint32_t>(accounts_.size())};
    if (id != zero_account)
        info.address = address_of_name(info.name);
    accounts_.push_back(std::move(info));
    const auto inserted = account_names_.emplace(accounts_.back().name, id).second;
    RUNNEL_CHECK(inserted && "account names are unique");
    return id;
}

std::optional<AccountId> World::find_account(std::string_view name) const
{
    const auto found = account_names_.find(name);
    return found == account_names_.end() ? std::nullopt : std::optional{found->second};
}

void World::add_table(RecordTable& table, ContractId owner)
{
    RUNNEL_CHECK(tables_.size() <= std::numeric_limits<std::uint16_t>::max());
    table.set_number(static_cast<std::uint32_t>(tables_.size()));
    tables_.push_back(&table);
    owners_.push_back(owner);
}

Contract& World::add_contract(std::unique_ptr<Contract> contract)
{
    RUNNEL_CHECK(index(contract->id()) == contracts_.size());
    for (auto* table : contract->tables())
        add_table(*table, contract->id());
    contracts_.push_back(contract.get());
    held_.push_back(std::move(contract));
    return *contracts_.back();
}

std::optional<ContractId> World::find_contract(std::string_view name) const
{
    for (const auto* contract : contracts_)
    {
        if (contract->name() == name)
            return contract->id();
    }
    return std::nullopt;
}

void World::connect()
{
    for (auto* contract : contracts_)
        contract->connect(*this);
}

std::unique_ptr<Contract> World::release(ContractId id)
{
    auto& held = held_.at(index(id));
    RUNNEL_CHECK(held != nullptr);
    return std::move(held);
}

void World::hold(std::unique_ptr<Contract> contract)
{
    auto& held = held_.at(index(contract->id()));
    RUNNEL_CHECK(held == nullptr);
    held = std::move(contract);
}

Hash World::checkpoint_root()
{
    return tree_.root(*this);
}

Hash World::recompute_checkpoint_root()
{
    for (auto* table : tables_)
        table->mark_all();
    return tree_.root(*this);
}

RecordProof World::prove(std::uint32_t branch, std::uint64_t key)
{
    (void)checkpoint_root();
    return tree_.prove(*this, branch, key);
}

Findings World::check_invariants() const
{
    Findings findings;
    std::vector<Amount> sums(contracts_.size());
    std::vector<Amount> supplies(contracts_.size());
    for (const auto* table : tables_)
    {
        const auto weight = table->conservation_weight();
        if (weight == 0)
            continue;
        auto& sum = (weight > 0 ? sums : supplies).at(index(owners_[table->number()]));
        for (const auto key : table->keys())
        {
            Amount amount;
            std::memcpy(&amount, table->find(key), sizeof(amount));
            if (Amount::add_carry(sum, amount, sum))
                findings.push_back(fmt::format("{}: the sum overflows 256 bits", table->name()));
        }
    }
    if (!supplies.empty())
        supplies[index(native_coin)] = native_supply.get(0);
    for (std::size_t i = 0; i < sums.size(); ++i)
    {
        if (sums[i] != supplies[i])
        {
            findings.push_back(fmt::format("{}: balances sum to {}, the supply is {}",
                contracts_[i]->name(), sums[i].to_string(), supplies[i].to_string()));
        }
    }
    for (const auto* contract : contracts_)
        contract->check_invariants(*this, findings);
    return findings;
}

void World::revert(const BlockUndo& undo)
{
    for (auto entry = undo.entries.rbegin(); entry != undo.entries.rend(); ++entry)
    {
        std::memcpy(entry->table->make_slot(entry->key), undo.old_values.data() + entry->offset,
            entry->table->format().size);
    }
}

AccountId GenesisBuilder::account(std::string_view name, std::string_view role)
{
    if (const auto found = world_.find_account(name))
        return *found;
    return world_.add_account({std::string{name}, std::string{role}, "", {}});
}

void GenesisBuilder::transaction(AccountId sender, Bytes calls)
{
    Transaction transaction;
    transaction.sender = sender;
    transaction.gas_limit = 1ULL << 40U;
    transaction.set_calls(calls);
    transaction.nonce = transactions_.size();
    transaction.seal();
    transactions_.push_back(std::move(transaction));
}

}  // namespace runnel
