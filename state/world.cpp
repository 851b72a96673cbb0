#include "state/world.hpp"

#include "ledger/check.hpp"

#include <boost/unordered/unordered_flat_map.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace runnel
{
namespace
{
/// An address is uniform already: its last 8 bytes are its hash.
struct AddressHash
{
    using is_avalanching = void;
    std::size_t operator()(const Address& address) const noexcept
    {
        std::uint64_t hash = 0;
        std::memcpy(
            &hash, address.bytes.data() + address.bytes.size() - sizeof(hash), sizeof(hash));
        return hash;
    }
};
}  // namespace

struct World::Directory
{
    boost::unordered_flat_map<Address, AccountId, AddressHash> accounts;
    boost::unordered_flat_map<std::uint32_t, Contract*> contracts;  // By account.
    boost::unordered_flat_map<Address, AccountInfo, AddressHash> expected;
};

World::World() : directory_{std::make_unique<Directory>()}
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

AccountId World::append_account(AccountInfo info)
{
    const auto id = AccountId{static_cast<std::uint32_t>(accounts_.size())};
    accounts_.push_back(std::move(info));
    const auto& added = accounts_.back();
    const bool is_new = account_names_.emplace(added.name, id).second &&
                        directory_->accounts.emplace(added.address, id).second;
    RUNNEL_CHECK(is_new && "names and addresses of accounts are unique");
    return id;
}

AccountId World::add_account(AccountInfo info)
{
    RUNNEL_CHECK(!has_grown());
    if (!accounts_.empty() && info.address == Address{})
        info.address = address_of_name(info.name);
    // Whoever came to another chain after its block 0 is called by his address.
    if (info.name.starts_with("0x"))
    {
        const auto address = Address::from_string(info.name);
        if (address && address->to_checksum_string() == info.name && !find_account(*address))
            info.address = *address;
    }
    ++known_accounts_;
    return append_account(std::move(info));
}

void World::expect_account(AccountInfo info)
{
    RUNNEL_CHECK(!has_grown());
    if (info.address == Address{})
        info.address = address_of_name(info.name);
    const auto address = info.address;
    const bool is_new =
        !find_account(address) && directory_->expected.emplace(address, std::move(info)).second;
    RUNNEL_CHECK(is_new && "names of accounts are unique");
}

bool World::is_expected(const Address& address) const
{
    return directory_->expected.contains(address);
}

AccountId World::name_account(const Address& address, const Origin& origin)
{
    if (const auto found = find_account(address))
        return *found;
    AccountInfo info{address.to_checksum_string(), "wallet", "", address, {}};
    if (const auto expected = directory_->expected.find(address);
        expected != directory_->expected.end())
        info = expected->second;
    info.origin = origin;
    return append_account(std::move(info));
}

std::optional<AccountId> World::find_account(std::string_view name) const
{
    const auto found = account_names_.find(name);
    return found == account_names_.end() ? std::nullopt : std::optional{found->second};
}

std::optional<AccountId> World::find_account(const Address& address) const
{
    const auto found = directory_->accounts.find(address);
    return found == directory_->accounts.end() ? std::nullopt : std::optional{found->second};
}

void World::add_table(RecordTable& table, ContractId owner)
{
    RUNNEL_CHECK(tables_.size() <= std::numeric_limits<std::uint16_t>::max());
    table.set_number(static_cast<std::uint32_t>(tables_.size()));
    tables_.push_back(&table);
    owners_.push_back(owner);
}

Contract& World::append_contract(std::unique_ptr<Contract> contract)
{
    RUNNEL_CHECK(index(contract->id()) == contracts_.size());
    for (auto* table : contract->tables())
        add_table(*table, contract->id());
    directory_->contracts.emplace(index(contract->account()), contract.get());
    contracts_.push_back(contract.get());
    held_.push_back(std::move(contract));
    return *contracts_.back();
}

Contract& World::add_contract(std::unique_ptr<Contract> contract)
{
    RUNNEL_CHECK(!has_grown());
    ++known_contracts_;
    return append_contract(std::move(contract));
}

Contract* World::deploy(const Address& address, Deployment deployment)
{
    const auto accounts = accounts_.size();
    const auto account = name_account(address, deployment.origin);
    const ContractId id{static_cast<std::uint32_t>(contracts_.size())};
    const auto& type = *deployment.type;
    std::unique_ptr<Contract> made;
    if (type.deploy != nullptr && contract_of(account) == nullptr)
        made = type.deploy(deployment.arguments, {id, account, this->account(account).name}, *this);
    constexpr std::size_t tables_max = std::numeric_limits<std::uint16_t>::max();
    if (made == nullptr || made->tables().size() > tables_max - tables_.size())
    {
        drop_from(accounts, contracts_.size());
        return nullptr;
    }
    // Of an account that an earlier block named people know already that it is a wallet.
    if (accounts_[index(account)].origin.block == deployment.origin.block)
        accounts_[index(account)].role = to_string(type.role);
    const auto creator = deployment.creator;
    deployments_.push_back(std::move(deployment));
    auto& contract = append_contract(std::move(made));
    contract.connect(*this);
    this->contract(creator).connect(*this);
    return &contract;
}

void World::drop_from(std::size_t account, std::size_t contract)
{
    RUNNEL_CHECK(account >= known_accounts_ && contract >= known_contracts_);
    tree_.forget_from(account, contract);
    while (contracts_.size() > contract)
    {
        auto& last = *contracts_.back();
        RUNNEL_CHECK(held_.back() != nullptr);
        const auto creator = deployments_.back().creator;
        auto& info = accounts_[index(last.account())];
        if (info.origin.block == deployments_.back().origin.block)
            info.role = "wallet";
        directory_->contracts.erase(index(last.account()));
        tables_.resize(tables_.size() - last.tables().size());
        owners_.resize(tables_.size());
        contracts_.pop_back();
        deployments_.pop_back();
        held_.pop_back();
        if (index(creator) < contracts_.size())
            this->contract(creator).connect(*this);
    }
    while (accounts_.size() > account)
    {
        account_names_.erase(accounts_.back().name);
        directory_->accounts.erase(accounts_.back().address);
        accounts_.pop_back();
    }
}

std::vector<const ContractType*> World::contract_types() const
{
    std::vector<const ContractType*> types;
    const auto add = [&types](const ContractType* type)
    {
        if (std::find(types.begin(), types.end(), type) == types.end())
            types.push_back(type);
    };
    for (const auto* contract : contracts_)
        add(&contract->type());
    for (std::size_t i = 0; i < types.size(); ++i)
    {
        const auto deployed = types[i]->deploys;
        for (const auto* type : deployed)
            add(type);
    }
    return types;
}

const ContractType* World::find_deployable(std::string_view kind) const
{
    const auto types = contract_types();
    const auto found = std::find_if(types.begin(), types.end(),
        [kind](const ContractType* type) { return type->kind == kind && type->deploy != nullptr; });
    return found == types.end() ? nullptr : *found;
}

Contract* World::contract_of(AccountId account) const
{
    const auto found = directory_->contracts.find(index(account));
    return found == directory_->contracts.end() ? nullptr : found->second;
}

Contract* World::find_contract(const Address& address) const
{
    const auto account = find_account(address);
    return account ? contract_of(*account) : nullptr;
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
    drop_from(undo.accounts, undo.contracts);
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
    transactions_.push_back(std::move(transaction));
}

std::vector<Transaction> GenesisBuilder::take_transactions()
{
    seal_all(transactions_);
    return std::exchange(transactions_, {});
}

}  // namespace runnel
