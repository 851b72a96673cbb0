#include "contracts/farms/masterchef/masterchef.hpp"

#include "contracts/kit/block_offset.hpp"
#include "contracts/kit/gas.hpp"
#include "contracts/kit/registration.hpp"
#include "contracts/kit/safe_erc20.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "ledger/check.hpp"
#include "state/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace runnel::contracts
{

using namespace masterchef;
using openzeppelin::safe_3;

namespace
{
/// What an update that mints costs more than one that has nothing to do.
constexpr std::uint64_t minting_gas = 77'000;
constexpr std::uint64_t look_gas = 4'000;  // Of one that has not.
constexpr std::uint64_t pay_gas = 14'000;

constexpr std::array pool_columns{
    ParameterSpec{"alloc_point", ParameterKind::integer, "100", unit::other("points"),
        "The pool's share of all points is its share of the rewards.", 0, 1e12},
};

void save_write(CallContext& context, const Amount& before, const Amount& after)
{
    context.save_gas(gas_saved_by_write(before.is_zero(), after.is_zero(), before == after));
}
}  // namespace

MasterChef::MasterChef(ContractIdentity identity, ContractId sushi, Schedule schedule,
    std::vector<FirstPool> first_pools, AccountId owner, AccountId dev_address,
    std::uint64_t block_offset)
  : ContractBase{std::move(identity)},
    sushi_id_{sushi},
    schedule_{schedule},
    block_offset_{block_offset},
    state_{name() + ".state"},
    pools_{name() + ".pools"},
    users_{name() + ".users", KeyOf::numbered_account}
{
    auto& state = state_.at(0);
    state.owner = owner;
    state.dev_address = dev_address;
    for (const auto& [token, alloc_point] : first_pools)
    {
        auto& pool = pools_.at(state.pool_count++);
        pool.lp_token = token;
        pool.alloc_point = alloc_point;
        pool.last_reward_block = std::max(block_offset_, schedule_.start_block);
        state.total_alloc_point = wrapping_add(state.total_alloc_point, alloc_point);
    }
    add_table(state_);
    add_table(pools_);
    add_table(users_);
}

const ContractType& MasterChef::contract_type()
{
    static const ContractType type{.kind = "masterchef",
        .help = "Mints a token by the block for those who stake others (SushiSwap's MasterChef).",
        .role = ContractRole::lending,
        .sectors = implements<MasterChef, Farm>(),
        .methods = methods(),
        .events =
            event_types<DepositLog, WithdrawLog, EmergencyWithdrawLog, FarmMove, FarmPoolRow>(),
        .parameters =
            {
                token_parameter("sushi", "erc20",
                    "The token that it mints; its minter must be this contract, its flavour "
                    "openzeppelin4."),
                {"sushi_per_block", ParameterKind::amount, "", unit::smallest_unit_of("sushi"),
                    "What all pools earn together in one block.", 0, 1e40},
                {"start_block", ParameterKind::integer, "0", unit::block_number,
                    "Pools earn from the block after this one on.", 0, 1e15},
                {"bonus_end_block", ParameterKind::integer, "0", unit::block_number,
                    "Blocks up to this one count bonus_multiplier times.", 0, 1e15},
                {"bonus_multiplier", ParameterKind::integer, "10", {},
                    "How many times blocks count at the start.", 0, 1e6},
                {"owner", ParameterKind::account, "\"\"", {},
                    "The account that may add pools and change their shares; empty: nobody."},
                {"dev", ParameterKind::account, "\"\"", {},
                    "The account that a tenth of all rewards is minted for beside; empty: "
                    "NAME/dev."},
                {"pools", ParameterKind::per_token, "{}", {}, "The tokens that are staked.", 0, 0,
                    {}, {}, pool_columns},
                {"share_pools", ParameterKind::contracts, "[]", {},
                    "Pools and vaults whose shares are staked; share_alloc_point for each.", 0, 0,
                    {}, "uniswap_v2_pair|vault"},
                {"share_alloc_point", ParameterKind::integer, "100", unit::other("points"),
                    "The points of each of share_pools.", 0, 1e12},
                block_offset_parameter(),
            },
        .create = [](const Parameters& parameters,
                      ContractIdentity identity) -> std::unique_ptr<Contract>
        {
            const auto whole = [&](std::string_view name)
            { return static_cast<std::uint64_t>(parameters.integer(name)); };
            std::vector<FirstPool> pools;
            for (const auto& [token, row] : parameters.per_token("pools"))
            {
                pools.push_back(
                    {token, Amount{static_cast<std::uint64_t>(row.integer("alloc_point"))}});
            }
            for (const auto shares : parameters.contracts("share_pools"))
                pools.push_back({shares, Amount{whole("share_alloc_point")}});
            const Schedule schedule{parameters.amount("sushi_per_block"), whole("start_block"),
                Amount{whole("bonus_end_block")}, Amount{whole("bonus_multiplier")}};
            return std::make_unique<MasterChef>(std::move(identity), parameters.token("sushi"),
                schedule, std::move(pools), zero_account, zero_account,
                block_offset_of(parameters));
        }};
    return type;
}

void MasterChef::connect(World& world)
{
    sushi_ = dynamic_cast<Erc20*>(world.find_contract(sushi_id_));
    RUNNEL_CHECK(sushi_ != nullptr);
    world_ = &world;
    tokens_.clear();
    for (std::uint32_t i = 0; i < world.contract_count(); ++i)
        tokens_.push_back(find_token(world, ContractId{i}));
    for (std::size_t i = 0; i < pool_count(); ++i)
        RUNNEL_CHECK(tokens_.at(index(pool_info(i).lp_token)) != nullptr);
}

void MasterChef::genesis(const Parameters& parameters, GenesisBuilder& builder)
{
    auto& state = state_.at(0);
    if (const auto& owner = parameters.text("owner"); !owner.empty())
        state.owner = builder.account(owner, "wallet");
    const auto& dev = parameters.text("dev");
    state.dev_address = builder.account(dev.empty() ? name() + "/dev" : dev, "wallet");
}

void MasterChef::check_invariants(const World&, Findings& findings) const
{
    std::map<std::uint32_t, Checked> staked;  // By token.
    for (const auto key : users_.keys())
    {
        const auto& pool = pools_.get(key >> 32U);
        const auto& user = users_.get(key);
        auto& sum = staked.try_emplace(index(pool.lp_token), Amount{}).first->second;
        sum = sum + user.amount;
        const auto earned = accumulated_down(user.amount, pool.acc_sushi_per_share);
        if (earned.has_value() && *earned < user.reward_debt)
        {
            findings.push_back(
                fmt::format("{}: in pool {} account {} owes {}, more than the {} it "
                            "has earned",
                    name(), key >> 32U, key & 0xFFFF'FFFFU, user.reward_debt.to_string(),
                    earned->to_string()));
        }
    }
    for (const auto& [token, sum] : staked)
    {
        // Of the token that it mints, rewards are paid from the same balance.
        if (ContractId{token} == sushi_id_)
            continue;
        const auto& staked_token = token_at(*world_, ContractId{token});
        const auto held = staked_token.holding(account());
        if (!sum.ok() || (held < sum.value && !staked_token.rebases()))
        {
            findings.push_back(fmt::format("{}: holds {} of token {}, less than the {} staked",
                name(), held.to_string(), token, sum.value.to_string()));
        }
    }
    Amount points;
    for (std::size_t i = 0; i < pool_count(); ++i)
        points = wrapping_add(points, pool_info(i).alloc_point);
    if (points != state().total_alloc_point)
    {
        findings.push_back(fmt::format("{}: pools have {} points, not {}", name(),
            points.to_string(), state().total_alloc_point.to_string()));
    }
}

std::uint64_t MasterChef::user_key(std::size_t pid, AccountId account) noexcept
{
    return numbered_key(static_cast<std::uint32_t>(pid), account);
}

Token& MasterChef::lp_token(const PoolInfo& pool) const
{
    const auto at = index(pool.lp_token);
    return at < tokens_.size() ? *tokens_[at] : token_at(*world_, pool.lp_token);
}

// ---- Views ----

Amount MasterChef::lp_supply(std::size_t pid) const
{
    return lp_token(pool_info(pid)).holding(account());
}

Result<Amount> MasterChef::pending(std::size_t pid, AccountId account, std::uint64_t block) const
{
    block += block_offset_;
    const auto& pool = pool_info(pid);
    const auto& user = user_info(pid, account);
    auto per_share = pool.acc_sushi_per_share;
    const auto supply = lp_supply(pid);
    if (block > pool.last_reward_block && !supply.is_zero())
    {
        const auto blocks = RUNNEL_TRY(multiplier(schedule_, pool.last_reward_block, block));
        const auto reward = RUNNEL_TRY(pool_reward_down(
            blocks, schedule_.sushi_per_block, pool.alloc_point, state().total_alloc_point));
        per_share = RUNNEL_TRY(acc_per_share_down(per_share, reward, supply));
    }
    return pending_down(user.amount, per_share, user.reward_debt);
}

FarmPool MasterChef::pool(std::size_t pool, FarmTime at) const
{
    at.block += block_offset_;
    const auto& info = pool_info(pool);
    FarmReward reward{sushi_id_, FarmClock::blocks, {}};
    const bool has_begun = at.block >= schedule_.start_block;
    const bool is_bonus = Amount{at.block} < schedule_.bonus_end_block;
    if (has_begun)
    {
        const auto rate = multiplier(schedule_, at.block, Amount{at.block + 1})
                              .and_then(
                                  [&](const Amount& blocks)
                                  {
                                      return pool_reward_down(blocks, schedule_.sushi_per_block,
                                          info.alloc_point, state().total_alloc_point);
                                  });
        reward.rate = rate.value_or(Amount{});
    }
    if (!has_begun)
        reward.until = schedule_.start_block - block_offset_;
    else if (is_bonus && schedule_.bonus_end_block.fits_uint64())
        reward.until = schedule_.bonus_end_block.low64() - block_offset_;
    return {info.lp_token, lp_supply(pool), {reward}};
}

Amount MasterChef::staked(AccountId account, std::size_t pool) const
{
    return user_info(pool, account).amount;
}

std::vector<FarmEarned> MasterChef::earned(AccountId account, std::size_t pool, FarmTime at) const
{
    // What it really pays is bounded by what it will hold, which others' claims decide.
    return {{sushi_id_, pending(pool, account, at.block).value_or(Amount{})}};
}

CallGas MasterChef::gas_of(FarmAction action) const noexcept
{
    switch (action)
    {
        case FarmAction::stake: return {Deposit::gas, 0};
        case FarmAction::withdraw:
        case FarmAction::claim: return {Withdraw::gas, 0};
    }
    return {};
}

void MasterChef::add_stake(CallWriter& calls, std::size_t pool, const Amount& amount) const
{
    calls.add(id(), Deposit{Amount{pool}, amount});
}

void MasterChef::add_withdraw(CallWriter& calls, std::size_t pool, const Amount& amount) const
{
    calls.add(id(), Withdraw{Amount{pool}, amount});
}

void MasterChef::add_claim(CallWriter& calls, std::size_t pool) const
{
    calls.add(id(), Withdraw{Amount{pool}, {}});
}

// ---- Rewards ----

Result<std::uint64_t> MasterChef::find_pool(CallContext& context, const Amount& pid) const
{
    RUNNEL_REQUIRE(pid < Amount{context.read(state_, 0).pool_count}, Refusal::invalid_opcode());
    return pid.low64();
}

Result<void> MasterChef::mint(CallContext& context, AccountId to, const Amount& amount)
{
    auto as_minter = context.as(account());
    const auto minted = sushi_->execute(Erc20Mint{to, amount}, as_minter);
    if (minted.has_value())
        return {};
    // The deployed token adds by SafeMath.
    if (minted.error().kind == RefusalKind::panic)
        return fail("SafeMath: addition overflow");
    return fail(minted.error());
}

std::uint64_t MasterChef::block_number(const CallContext& context) const
{
    return context.block().number + block_offset_;
}

Result<bool> MasterChef::update_pool(CallContext& context, PoolInfo& pool)
{
    const auto block = block_number(context);
    if (block <= pool.last_reward_block)
        return false;
    // With rewards as the staked token, the supply before the minting counts.
    const auto supply =
        context.world().find_contract(pool.lp_token)->balance_of(context, account());
    if (!supply || supply->is_zero())
    {
        pool.last_reward_block = block;
        return false;
    }
    const auto blocks = RUNNEL_TRY(multiplier(schedule_, pool.last_reward_block, block));
    const auto& chef = context.read(state_, 0);
    const auto reward = RUNNEL_TRY(pool_reward_down(
        blocks, schedule_.sushi_per_block, pool.alloc_point, chef.total_alloc_point));
    RUNNEL_TRY(mint(context, chef.dev_address, div_down(reward, 10)));
    RUNNEL_TRY(mint(context, account(), reward));
    pool.acc_sushi_per_share =
        RUNNEL_TRY(acc_per_share_down(pool.acc_sushi_per_share, reward, *supply));
    pool.last_reward_block = block;
    return true;
}

Result<void> MasterChef::update_all(CallContext& context)
{
    const auto count = context.read(state_, 0).pool_count;
    for (std::uint64_t pid = 0; pid < count; ++pid)
    {
        RUNNEL_TRY(context.charge_gas(look_gas));
        if (RUNNEL_TRY(update_pool(context, context.write(pools_, pid))))
            RUNNEL_TRY(context.charge_gas(minting_gas));
    }
    return {};
}

Result<Amount> MasterChef::pay(CallContext& context, std::uint64_t pid, const Amount& amount)
{
    const auto paid = std::min(amount, sushi_->holding(context, account()));
    RUNNEL_TRY(sushi_->transfer(context.as(account()), context.sender(), paid));
    context.use_gas(pay_gas);
    context.emit(id(), FarmMove{FarmMoveType::reward, static_cast<std::uint32_t>(pid),
                           context.sender(), sushi_id_, paid});
    return paid;
}

// ---- What stakers call ----

void MasterChef::declare_update(AccessCollector& access, std::uint64_t pid) const
{
    access.read(state_, 0);
    access.write(pools_, pid);
    lp_token(pool_info(pid)).declare_holding(access, account());
    sushi_->declare(Erc20Mint{state().dev_address, {}}, account(), access);
    sushi_->declare(Erc20Mint{account(), {}}, account(), access);
}

void MasterChef::declare(const Deposit& call, AccountId sender, AccessCollector& access) const
{
    access.read(state_, 0);
    if (call.pid >= Amount{pool_count()})
        return;
    const auto pid = call.pid.low64();
    declare_update(access, pid);
    access.write(users_, user_key(pid, sender));
    sushi_->declare_transfer(access, account(), sender);
    lp_token(pool_info(pid)).declare_transfer_from(access, account(), sender, account());
}

void MasterChef::declare(const Withdraw& call, AccountId sender, AccessCollector& access) const
{
    access.read(state_, 0);
    if (call.pid >= Amount{pool_count()})
        return;
    const auto pid = call.pid.low64();
    declare_update(access, pid);
    access.write(users_, user_key(pid, sender));
    sushi_->declare_transfer(access, account(), sender);
    lp_token(pool_info(pid)).declare_transfer(access, account(), sender);
}

void MasterChef::declare(
    const EmergencyWithdraw& call, AccountId sender, AccessCollector& access) const
{
    access.read(state_, 0);
    if (call.pid >= Amount{pool_count()})
        return;
    const auto pid = call.pid.low64();
    access.read(pools_, pid);
    access.write(users_, user_key(pid, sender));
    lp_token(pool_info(pid)).declare_transfer(access, account(), sender);
}

void MasterChef::declare(const UpdatePool& call, AccountId, AccessCollector& access) const
{
    access.read(state_, 0);
    if (call.pid < Amount{pool_count()})
        declare_update(access, call.pid.low64());
}

void MasterChef::declare(const MassUpdatePools&, AccountId, AccessCollector& access) const
{
    access.read(state_, 0);
    for (std::size_t pid = 0; pid < pool_count(); ++pid)
        declare_update(access, pid);
}

Result<Returns> MasterChef::execute(const Deposit& call, CallContext& context)
{
    const auto pid = RUNNEL_TRY(find_pool(context, call.pid));
    auto& pool = context.write(pools_, pid);
    if (!RUNNEL_TRY(update_pool(context, pool)))
        context.save_gas(minting_gas);
    auto& user = context.write(users_, user_key(pid, context.sender()));
    Amount paid;
    if (!user.amount.is_zero())
    {
        const auto pending =
            RUNNEL_TRY(pending_down(user.amount, pool.acc_sushi_per_share, user.reward_debt));
        paid = RUNNEL_TRY(pay(context, pid, pending));
    }
    else
        context.save_gas(pay_gas);
    RUNNEL_TRY(safe_3(lp_token(pool).transfer_from(
        context.as(account()), context.sender(), account(), call.amount)));
    const auto amount = RUNNEL_TRY((SafeMath{user.amount} + call.amount).result());
    const auto debt = RUNNEL_TRY(accumulated_down(amount, pool.acc_sushi_per_share));
    save_write(context, user.amount, amount);
    save_write(context, user.reward_debt, debt);
    user = {amount, debt};
    context.emit(id(), DepositLog{context.sender(), call.pid, call.amount});
    context.emit(id(), FarmMove{FarmMoveType::stake, static_cast<std::uint32_t>(pid),
                           context.sender(), pool.lp_token, call.amount});
    return Returns{paid};
}

Result<Returns> MasterChef::execute(const Withdraw& call, CallContext& context)
{
    const auto pid = RUNNEL_TRY(find_pool(context, call.pid));
    auto& user = context.write(users_, user_key(pid, context.sender()));
    RUNNEL_REQUIRE(user.amount >= call.amount, Refusal::error("withdraw: not good"));
    auto& pool = context.write(pools_, pid);
    if (!RUNNEL_TRY(update_pool(context, pool)))
        context.save_gas(minting_gas);
    const auto pending =
        RUNNEL_TRY(pending_down(user.amount, pool.acc_sushi_per_share, user.reward_debt));
    const auto paid = RUNNEL_TRY(pay(context, pid, pending));
    user.amount = RUNNEL_TRY((SafeMath{user.amount} - call.amount).result());
    user.reward_debt = RUNNEL_TRY(accumulated_down(user.amount, pool.acc_sushi_per_share));
    RUNNEL_TRY(
        safe_3(lp_token(pool).transfer(context.as(account()), context.sender(), call.amount)));
    context.emit(id(), WithdrawLog{context.sender(), call.pid, call.amount});
    context.emit(id(), FarmMove{FarmMoveType::withdraw, static_cast<std::uint32_t>(pid),
                           context.sender(), pool.lp_token, call.amount});
    return Returns{paid};
}

Result<Returns> MasterChef::execute(const EmergencyWithdraw& call, CallContext& context)
{
    const auto pid = RUNNEL_TRY(find_pool(context, call.pid));
    const auto& pool = context.read(pools_, pid);
    auto& user = context.write(users_, user_key(pid, context.sender()));
    const auto amount = std::exchange(user, UserInfo{}).amount;
    RUNNEL_TRY(safe_3(lp_token(pool).transfer(context.as(account()), context.sender(), amount)));
    context.emit(id(), EmergencyWithdrawLog{context.sender(), call.pid, amount});
    context.emit(id(), FarmMove{FarmMoveType::withdraw, static_cast<std::uint32_t>(pid),
                           context.sender(), pool.lp_token, amount});
    return Returns{};
}

Result<Returns> MasterChef::execute(const UpdatePool& call, CallContext& context)
{
    const auto pid = RUNNEL_TRY(find_pool(context, call.pid));
    if (!RUNNEL_TRY(update_pool(context, context.write(pools_, pid))))
        context.save_gas(minting_gas);
    return Returns{};
}

Result<Returns> MasterChef::execute(const MassUpdatePools&, CallContext& context)
{
    RUNNEL_TRY(update_all(context));
    return Returns{};
}

// ---- What the owner calls ----

void MasterChef::declare_owned(AccessCollector& access, bool with_update) const
{
    if (with_update)
        declare(MassUpdatePools{}, account(), access);
    access.write(state_, 0);
}

void MasterChef::declare(const Add& call, AccountId, AccessCollector& access) const
{
    declare_owned(access, call.with_update);
    access.write(pools_, pool_count());
}

void MasterChef::declare(const Set& call, AccountId, AccessCollector& access) const
{
    declare_owned(access, call.with_update);
    if (call.pid < Amount{pool_count()})
        access.write(pools_, call.pid.low64());
}

void MasterChef::declare(const Dev&, AccountId, AccessCollector& access) const
{
    access.write(state_, 0);
}

Result<ChefState*> MasterChef::owned_state(CallContext& context)
{
    auto& state = context.write(state_, 0);
    RUNNEL_REQUIRE(
        context.sender() == state.owner, Refusal::error("Ownable: caller is not the owner"));
    return &state;
}

Result<Returns> MasterChef::execute(const Add& call, CallContext& context)
{
    auto& state = *RUNNEL_TRY(owned_state(context));
    const auto* contract =
        call.lp_token == zero_account ? nullptr : context.world().contract_of(call.lp_token);
    // The deployed code takes anything; what is no token could then not be staked.
    RUNNEL_REQUIRE(contract != nullptr && find_token(context.world(), contract->id()) != nullptr,
        Refusal::ledger("no such token"));
    if (call.with_update)
        RUNNEL_TRY(update_all(context));
    state.total_alloc_point =
        RUNNEL_TRY((SafeMath{state.total_alloc_point} + call.alloc_point).result());
    auto& pool = context.write(pools_, state.pool_count);
    ++state.pool_count;
    pool.lp_token = contract->id();
    pool.alloc_point = call.alloc_point;
    pool.last_reward_block = std::max(block_number(context), schedule_.start_block);
    return Returns{};
}

Result<Returns> MasterChef::execute(const Set& call, CallContext& context)
{
    auto& state = *RUNNEL_TRY(owned_state(context));
    if (call.with_update)
        RUNNEL_TRY(update_all(context));
    auto& pool = context.write(pools_, RUNNEL_TRY(find_pool(context, call.pid)));
    state.total_alloc_point = RUNNEL_TRY(
        (SafeMath{state.total_alloc_point} - pool.alloc_point + call.alloc_point).result());
    pool.alloc_point = call.alloc_point;
    return Returns{};
}

Result<Returns> MasterChef::execute(const Dev& call, CallContext& context)
{
    RUNNEL_TRY(require_account(context.world(), call.dev_address));
    auto& state = context.write(state_, 0);
    RUNNEL_REQUIRE(context.sender() == state.dev_address, Refusal::error("dev: wut?"));
    state.dev_address = call.dev_address;
    return Returns{};
}

}  // namespace runnel::contracts
