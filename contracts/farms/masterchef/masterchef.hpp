#pragma once

#include "contracts/farms/masterchef/calls.hpp"
#include "contracts/farms/masterchef/events.hpp"
#include "contracts/farms/masterchef/math.hpp"
#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/farm.hpp"
#include "contracts/kit/token.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace runnel::contracts::masterchef
{

struct ChefState
{
    Amount total_alloc_point;
    std::uint64_t pool_count = 0;
    AccountId owner{};
    AccountId dev_address{};
    RUNNEL_FIELDS((total_alloc_point, other("points")), pool_count, owner, dev_address);
};

struct PoolInfo
{
    ContractId lp_token{};
    Amount alloc_point;
    std::uint64_t last_reward_block = 0;
    Amount acc_sushi_per_share;
    RUNNEL_FIELDS(lp_token, (alloc_point, other("points")), (last_reward_block, block_number),
        (acc_sushi_per_share, other("1e-12 reward per staked token, smallest units")));
};

struct UserInfo
{
    Amount amount;
    Amount reward_debt;
    RUNNEL_FIELDS((amount, other("of the pool's token, smallest units")),
        (reward_debt, other("of the reward, smallest units")));
};

/// A pool that a chef begins with.
struct FirstPool
{
    ContractId lp_token{};
    Amount alloc_point;
};

}  // namespace runnel::contracts::masterchef

namespace runnel::contracts
{

class Erc20;

/// Mints so much of one token per block and divides it: among pools by their points, within a pool
/// by what each has staked.
///
/// A pool is brought up to date before anything in it changes (math.hpp). What it divides rewards
/// by is what the chef holds of its token: tokens sent here directly earn for nobody, and two pools
/// of one token dilute each other, as on mainnet. Divisions round down; where a payment still
/// exceeds what the chef holds, it pays that and forgets the rest.
///
/// Units: smallest units; blocks. Failure: a refusal may leave records half written; the ledger
/// rolls the transaction back.
/// Errors of every call: SafeMath's reasons, SafeMath: division by zero of a pool with stakes while
/// all points are 0; an invalid opcode of a pool that is not there; the token's own reason if it
/// cannot be moved. Of the owner's calls, to others: Ownable: caller is not the owner. If the
/// reward token's minter is another: what that token says.
/// Source: sushiswap/masterchef `MasterChef.sol` (solc 0.6.12); OpenZeppelin Contracts 3.x.
class MasterChef : public ContractBase<MasterChef, masterchef::Add, masterchef::Set,
                       masterchef::Deposit, masterchef::Withdraw, masterchef::EmergencyWithdraw,
                       masterchef::UpdatePool, masterchef::MassUpdatePools, masterchef::Dev>,
                   public Farm
{
public:
    /// @param block_offset  See contracts/kit/block_offset.hpp.
    MasterChef(ContractIdentity identity, ContractId sushi, masterchef::Schedule schedule,
        std::vector<masterchef::FirstPool> first_pools = {}, AccountId owner = zero_account,
        AccountId dev_address = zero_account, std::uint64_t block_offset = 0);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    void snapshot(SnapshotContext& context) const override { snapshot_farm(*this, context); }
    void check_invariants(const World& world, Findings& findings) const override;

    // Views of committed state.

    [[nodiscard]] ContractId sushi() const noexcept { return sushi_id_; }
    [[nodiscard]] const masterchef::Schedule& schedule() const noexcept { return schedule_; }
    [[nodiscard]] const masterchef::ChefState& state() const noexcept { return state_.get(0); }
    [[nodiscard]] const masterchef::PoolInfo& pool_info(std::size_t pid) const noexcept
    {
        return pools_.get(pid);
    }
    [[nodiscard]] const masterchef::UserInfo& user_info(
        std::size_t pid, AccountId account) const noexcept
    {
        return users_.get(user_key(pid, account));
    }
    /// What the chef holds of a pool's token.
    [[nodiscard]] Amount lp_supply(std::size_t pid) const;
    /// pendingSushi, in a block with this number (the chain's, as everywhere here).
    [[nodiscard]] Result<Amount> pending(
        std::size_t pid, AccountId account, std::uint64_t block) const;

    // Farm.

    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] std::size_t pool_count() const noexcept override { return state().pool_count; }
    [[nodiscard]] FarmPool pool(std::size_t pool, FarmTime at) const override;
    [[nodiscard]] Amount staked(AccountId account, std::size_t pool) const override;
    [[nodiscard]] std::vector<FarmEarned> earned(
        AccountId account, std::size_t pool, FarmTime at) const override;
    [[nodiscard]] bool claims_with_stake() const noexcept override { return true; }
    [[nodiscard]] AccountId spender() const noexcept override { return account(); }
    [[nodiscard]] CallGas gas_of(FarmAction action) const noexcept override;
    void add_stake(CallWriter& calls, std::size_t pool, const Amount& amount) const override;
    void add_withdraw(CallWriter& calls, std::size_t pool, const Amount& amount) const override;
    void add_claim(CallWriter& calls, std::size_t pool) const override;

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(const masterchef::Deposit& call, AccountId sender, AccessCollector& access) const;
    void declare(const masterchef::Withdraw& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const masterchef::EmergencyWithdraw& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const masterchef::UpdatePool& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const masterchef::MassUpdatePools& call, AccountId sender, AccessCollector& access) const;
    void declare(const masterchef::Add& call, AccountId sender, AccessCollector& access) const;
    void declare(const masterchef::Set& call, AccountId sender, AccessCollector& access) const;
    void declare(const masterchef::Dev& call, AccountId sender, AccessCollector& access) const;

    Result<Returns> execute(const masterchef::Add& call, CallContext& context);
    Result<Returns> execute(const masterchef::Set& call, CallContext& context);
    /// Pays what was earned, if anything was staked, before it takes the tokens. Returns what was
    /// paid.
    Result<Returns> execute(const masterchef::Deposit& call, CallContext& context);
    /// Errors, first of all: withdraw: not good, if it is more than was staked. Returns what was
    /// paid as a reward.
    Result<Returns> execute(const masterchef::Withdraw& call, CallContext& context);
    Result<Returns> execute(const masterchef::EmergencyWithdraw& call, CallContext& context);
    Result<Returns> execute(const masterchef::UpdatePool& call, CallContext& context);
    Result<Returns> execute(const masterchef::MassUpdatePools& call, CallContext& context);
    /// Errors: dev: wut?
    Result<Returns> execute(const masterchef::Dev& call, CallContext& context);

private:
    [[nodiscard]] static std::uint64_t user_key(std::size_t pid, AccountId account) noexcept;
    /// The running block's number, as the schedule and records count them.
    [[nodiscard]] std::uint64_t block_number(const CallContext& context) const;
    [[nodiscard]] Token& lp_token(const masterchef::PoolInfo& pool) const;
    /// The number of a pool that is there.
    Result<std::uint64_t> find_pool(CallContext& context, const Amount& pid) const;
    /// Whether anything was minted.
    Result<bool> update_pool(CallContext& context, masterchef::PoolInfo& pool);
    Result<void> update_all(CallContext& context);
    Result<void> mint(CallContext& context, AccountId to, const Amount& amount);
    /// safeSushiTransfer: at most what the chef holds. Returns what was paid.
    Result<Amount> pay(CallContext& context, std::uint64_t pid, const Amount& amount);
    Result<masterchef::ChefState*> owned_state(CallContext& context);
    void declare_update(AccessCollector& access, std::uint64_t pid) const;
    void declare_owned(AccessCollector& access, bool with_update) const;

    ContractId sushi_id_;
    masterchef::Schedule schedule_;
    std::uint64_t block_offset_;
    Erc20* sushi_ = nullptr;
    const World* world_ = nullptr;
    std::vector<Token*> tokens_;  // By contract; those that were deployed later are not in it.
    Table<masterchef::ChefState> state_;  // Record 0.
    Table<masterchef::PoolInfo> pools_;   // By number.
    Table<masterchef::UserInfo> users_;   // By user_key().
};

}  // namespace runnel::contracts
