#pragma once

#include "ledger/block.hpp"
#include "state/contract.hpp"
#include "state/state_tree.hpp"

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace runnel
{

/// What the ledger itself knows of an account: its nonce and its native coins (wei).
struct AccountState
{
    Amount balance;
    std::uint64_t nonce = 0;
    RUNNEL_FIELDS((balance, wei), nonce);
};

/// What runs as an account when a contract hands control to it: encoded calls, as a contract's code
/// on Ethereum.
struct ReceiverCalls
{
    static constexpr std::size_t size_max = 960;

    std::uint16_t size = 0;  // Bytes of the list; 0: nothing runs.
    std::uint8_t times = 0;  // How often it may be under way at a time: beyond it nothing runs.
    std::array<std::uint8_t, size_max> calls{};
    RUNNEL_FIELDS(size, times, calls);
};

/// Who an account is; fixed from its block on.
struct AccountInfo
{
    std::string name;      // Unique: "noise_trader/17", "weth_usdc"; later ones: their address.
    std::string role;      // "wallet", "validator", "dex", "lending", "token", ...
    std::string strategy;  // Of wallets.
    Address address;
    Origin origin{};
};

/// What made a contract that a transaction deployed.
struct Deployment
{
    const ContractType* type = nullptr;
    ContractId creator{};  // The contract that deployed it.
    Bytes arguments;       // Of its constructor, encoded.
    Origin origin{};
};

/// What a block replaced, first writes first: takes the block back when applied in reverse.
struct BlockUndo
{
    struct Entry
    {
        RecordTable* table = nullptr;
        std::uint64_t key = 0;
        std::size_t offset = 0;  // Of the old record in old_values.
    };
    std::uint64_t block_number = 0;
    std::vector<Entry> entries;
    Bytes old_values;
    // How many there were before the block: it gives back the ids of those that came.
    std::size_t accounts = 0;
    std::size_t contracts = 0;
};

/// All on-chain state: accounts, contracts and their tables.
///
/// The world always knows where every contract is, to read it while nobody writes. To be executed a
/// contract must be held by the world: actors that are home to one lease it for a block.
class World
{
public:
    World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;
    ~World();

    /// Without an address it gets one from its name.
    AccountId add_account(AccountInfo info);
    [[nodiscard]] const AccountInfo& account(AccountId id) const { return accounts_.at(index(id)); }
    [[nodiscard]] std::size_t account_count() const noexcept { return accounts_.size(); }
    /// The account with this name, if there is one.
    [[nodiscard]] std::optional<AccountId> find_account(std::string_view name) const;
    [[nodiscard]] std::optional<AccountId> find_account(const Address& address) const;

    /// Takes a contract whose id is the next one, and numbers its tables.
    Contract& add_contract(std::unique_ptr<Contract> contract);
    [[nodiscard]] std::size_t contract_count() const noexcept { return contracts_.size(); }
    /// nullptr if there is no such contract: ids in calls are hostile.
    [[nodiscard]] Contract* find_contract(ContractId id) const noexcept
    {
        return index(id) < contracts_.size() ? contracts_[index(id)] : nullptr;
    }
    [[nodiscard]] Contract& contract(ContractId id) const { return *contracts_.at(index(id)); }
    [[nodiscard]] std::optional<ContractId> find_contract(std::string_view name) const;
    [[nodiscard]] Contract* find_contract(const Address& address) const;
    /// The contract that acts as @p account; nullptr if none does.
    [[nodiscard]] Contract* contract_of(AccountId account) const;
    /// Calls connect() on every contract.
    void connect();

    // A chain grows. What add_account() and add_contract() took is of block 0 and named by its id
    // everywhere; what comes later is numbered in the order of the chain.

    [[nodiscard]] std::size_t known_accounts() const noexcept { return known_accounts_; }
    [[nodiscard]] std::size_t known_contracts() const noexcept { return known_contracts_; }
    [[nodiscard]] bool has_grown() const noexcept
    {
        return accounts_.size() > known_accounts_ || contracts_.size() > known_contracts_;
    }
    /// Who the account will be that a block first names by its address, address_of_name(): until
    /// then there is none, and anybody else is called by his address. At genesis.
    void expect_account(AccountInfo info);
    [[nodiscard]] bool is_expected(const Address& address) const;
    /// The account with this address; the next one if nobody had it.
    AccountId name_account(const Address& address, const Origin& origin);
    /// Makes a contract and connects it and its creator; it is held by the world. Nobody else may
    /// look at the world meanwhile. nullptr if the type cannot be deployed with these arguments, if
    /// there is a contract at @p address, or no room for its tables.
    Contract* deploy(const Address& address, Deployment deployment);
    /// What made a later contract.
    [[nodiscard]] const Deployment& deployment(ContractId id) const
    {
        return deployments_.at(index(id) - known_contracts_);
    }
    /// Forgets accounts and contracts from these numbers on; the world holds the contracts and
    /// their records are absent.
    void drop_from(std::size_t account, std::size_t contract);
    /// The kind with this name among those of its contracts and those they deploy, nullptr if there
    /// is none.
    [[nodiscard]] const ContractType* find_deployable(std::string_view kind) const;
    /// Every kind that its contracts have now or may deploy, each once.
    [[nodiscard]] std::vector<const ContractType*> contract_types() const;

    /// Hands a contract to its home actor, and takes it back for a block.
    [[nodiscard]] std::unique_ptr<Contract> release(ContractId id);
    void hold(std::unique_ptr<Contract> contract);
    [[nodiscard]] bool holds(ContractId id) const noexcept { return held_[index(id)] != nullptr; }

    /// Every table of the state, by its number: the ledger's own first, then each contract's.
    [[nodiscard]] const std::vector<RecordTable*>& tables() const noexcept { return tables_; }
    /// The contract a table belongs to; the native coin's for the ledger's own tables.
    [[nodiscard]] ContractId table_owner(std::uint32_t table) const { return owners_.at(table); }

    Table<AccountState> account_states{"accounts", KeyOf::account};
    /// Native coins in existence (record 0): wei. Base fees are burnt from it, rewards minted to
    /// it.
    Table<Amount> native_supply{"native_supply"};
    /// By account. See CallContext::hand_over().
    Table<ReceiverCalls> receiver_calls{"receiver_calls", KeyOf::something_else};

    /// Root of the state tree: over every present record, and who accounts and contracts are.
    /// Costs what changed since it was last asked for. Nobody may write meanwhile.
    [[nodiscard]] Hash checkpoint_root();
    /// The same from every record, whatever was noted to have changed: sees memory that went bad.
    [[nodiscard]] Hash recompute_checkpoint_root();
    /// Shows, against checkpoint_root(), what the record of @p key in @p branch of the state tree
    /// is.
    [[nodiscard]] RecordProof prove(std::uint32_t branch, std::uint64_t key);
    /// For every contract with balances: sum of balances = supply; then the contracts' own
    /// invariants. Empty when all is well.
    [[nodiscard]] Findings check_invariants() const;
    /// Takes the newest block back: every record is again what it was before.
    void revert(const BlockUndo& undo);

private:
    /// Who has an address, and which contract acts as an account.
    struct Directory;

    void add_table(RecordTable& table, ContractId owner);
    AccountId append_account(AccountInfo info);
    Contract& append_contract(std::unique_ptr<Contract> contract);

    std::unique_ptr<Directory> directory_;
    std::deque<AccountInfo> accounts_;
    std::unordered_map<std::string_view, AccountId> account_names_;
    std::vector<Contract*> contracts_;
    std::vector<std::unique_ptr<Contract>> held_;
    std::vector<RecordTable*> tables_;
    std::vector<ContractId> owners_;
    std::size_t known_accounts_ = 0;
    std::size_t known_contracts_ = 0;
    std::vector<Deployment> deployments_;  // Of later contracts.
    StateTree tree_;
};

/// The start of a chain as contracts see it: allocations and the transactions of block 0.
class GenesisBuilder
{
public:
    explicit GenesisBuilder(World& world) noexcept : world_{world} {}

    [[nodiscard]] World& world() noexcept { return world_; }
    /// The account with this name, added with @p role if there is none.
    AccountId account(std::string_view name, std::string_view role);
    /// A transaction of block 0, free of gas fees; runs after all allocations, in this order.
    void transaction(AccountId sender, Bytes calls);
    [[nodiscard]] std::size_t transaction_count() const noexcept { return transactions_.size(); }
    /// Hands the transactions out, sealed.
    [[nodiscard]] std::vector<Transaction> take_transactions();

private:
    World& world_;
    std::vector<Transaction> transactions_;
};

}  // namespace runnel
