#pragma once

#include "contracts/kit/token.hpp"
#include "contracts/staking/lido/calls.hpp"
#include "contracts/staking/lido/events.hpp"
#include "contracts/staking/lido/math.hpp"
#include "contracts/tokens/native/native_receiver.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace runnel::contracts
{

class NativeCoin;

namespace lido
{

/// Who gets the shares that a report mints, and for how much of the rewards.
struct FeeDistribution
{
    /// What makes up the whole of the rewards.
    static constexpr Amount precision{0, 0, 5, 0x6BC75E2D63100000};  // 1e20

    struct Module
    {
        std::string account;
        Amount fee;
    };
    Amount total;  // Of `precision`, as the modules' fees; they add up to no more than it.
    std::vector<Module> modules;
    std::string treasury;  // Gets what the modules do not.
};

/// Who may do what is not for all; the zero account: nobody.
struct Roles
{
    AccountId oracle = zero_account;   // Reports.
    AccountId manager = zero_account;  // Stops and resumes.
};

/// What stETH keeps beside shares and allowances.
struct StethState
{
    Amount total_shares;
    Amount pooled_ether;
    std::uint64_t last_report = 0;
    AccountId oracle{};
    AccountId manager{};
    bool stopped = false;
    RUNNEL_FIELDS((total_shares, shares), (pooled_ether, wei), (last_report, unix_seconds), oracle,
        manager, stopped);
};

}  // namespace lido

/// Lido's stETH: a token for native coins staked with validators. Who holds it holds shares of all
/// the ether there is, and every report of the oracle changes what they are worth:
///
///     balance = shares * pooled_ether / total_shares, rounded down
///
/// A transfer moves as many shares as its amount is worth, rounded down: receivers get up to two
/// wei less than that amount.
///
/// Coins that are staked are the contract's; what validators earn, lose or pay out is accounted
/// for by reports and moves no coins. No withdrawal queue, staking limit or permit.
///
/// Conservation: the sum of all shares is total_shares, after every call.
/// Errors: as deployed, in the calls' descriptions. Source: lidofinance/core `StETH.sol`; submit
/// and report after `Lido.sol` and `Accounting.sol`.
class LidoSteth
  : public ContractBase<LidoSteth, lido::Transfer, lido::Approve, lido::TransferFrom, lido::Submit,
        lido::TransferShares, lido::TransferSharesFrom, lido::Report, lido::Stop, lido::Resume>,
    public Token,
    public NativeReceiver
{
public:
    static constexpr std::uint8_t decimals = 18;

    LidoSteth(ContractIdentity identity, std::string symbol, lido::FeeDistribution fees,
        lido::Roles roles = {});

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    [[nodiscard]] std::optional<TokenInfo> token_info() const override
    {
        return TokenInfo{symbol_, decimals};
    }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    void check_invariants(const World& world, Findings& findings) const override;
    [[nodiscard]] std::optional<Amount> balance_of(
        CallContext& context, AccountId account) const override;

    /// Stakes as many new coins; the first shares are a wei each.
    bool allocate(World& world, AccountId account, const Amount& value) override;
    [[nodiscard]] bool can_be_allocated() const override { return true; }

    // Committed state.

    [[nodiscard]] const lido::StethState& state() const noexcept { return state_.get(0); }
    [[nodiscard]] lido::ShareRate rate() const noexcept
    {
        return {state().total_shares, state().pooled_ether};
    }
    [[nodiscard]] const Amount& shares(AccountId account) const noexcept
    {
        return shares_.get(account);
    }
    [[nodiscard]] Amount balance(AccountId account) const;
    [[nodiscard]] const Table<Amount>& allowances() const override { return allowances_; }
    [[nodiscard]] const Amount& allowance(AccountId owner, AccountId spender) const noexcept
    {
        return allowances_.get(pair_key(owner, spender));
    }

    // What other contracts call; @p context has the caller as sender.

    /// The rate as the running transaction sees it.
    [[nodiscard]] lido::ShareRate rate(CallContext& context) const;
    /// Errors, in this order: ETH_TOO_LARGE; TRANSFER_FROM_ZERO_ADDR; TRANSFER_TO_ZERO_ADDR;
    /// TRANSFER_TO_STETH_CONTRACT; CONTRACT_IS_STOPPED; BALANCE_EXCEEDED if the shares are not
    /// there.
    Result<void> transfer(CallContext context, AccountId to, const Amount& amount) override;
    /// Errors: ALLOWANCE_EXCEEDED; APPROVE_FROM_ZERO_ADDR; those of transfer().
    Result<void> transfer_from(
        CallContext context, AccountId from, AccountId to, const Amount& amount) override;
    /// Takes the caller's coins; returns the shares he gets:
    ///
    ///     value * total_shares / pooled_ether, rounded down
    ///
    /// Errors, in this order: without a reason for want of coins; ZERO_DEPOSIT;
    /// CONTRACT_IS_STOPPED; ETH_TOO_LARGE; SHARES_OVERFLOW.
    Result<Amount> submit(CallContext context, const Amount& value, AccountId referral);

    void declare_transfer(AccessCollector& access, AccountId from, AccountId to) const override;
    void declare_transfer_from(
        AccessCollector& access, AccountId spender, AccountId from, AccountId to) const override;
    void declare_submit(AccessCollector& access, AccountId from) const;

    // NativeReceiver.

    Result<void> receive(CallContext& context, AccountId from, const Amount& value) override;
    void declare_receive(AccessCollector& access, AccountId from) const override;

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(const lido::Transfer& call, AccountId sender, AccessCollector& access) const;
    void declare(const lido::Approve& call, AccountId sender, AccessCollector& access) const;
    void declare(const lido::TransferFrom& call, AccountId sender, AccessCollector& access) const;
    void declare(const lido::Submit& call, AccountId sender, AccessCollector& access) const;
    void declare(const lido::TransferShares& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const lido::TransferSharesFrom& call, AccountId sender, AccessCollector& access) const;
    void declare(const lido::Report& call, AccountId sender, AccessCollector& access) const;
    void declare(const lido::Stop& call, AccountId sender, AccessCollector& access) const;
    void declare(const lido::Resume& call, AccountId sender, AccessCollector& access) const;
    Result<Returns> execute(const lido::Transfer& call, CallContext& context);
    Result<Returns> execute(const lido::Approve& call, CallContext& context);
    Result<Returns> execute(const lido::TransferFrom& call, CallContext& context);
    Result<Returns> execute(const lido::Submit& call, CallContext& context);
    Result<Returns> execute(const lido::TransferShares& call, CallContext& context);
    Result<Returns> execute(const lido::TransferSharesFrom& call, CallContext& context);
    /// Returns the shares minted as fees:
    ///
    ///     ether after = pooled_ether + consensus_rewards + execution_rewards - locked_ether
    ///     fee         = (consensus_rewards + execution_rewards) * total fee / 1e20, rounded down,
    ///                   if consensus_rewards > 0, else 0
    ///     fee shares  = fee * shares after the burn / (ether after - fee), rounded down
    ///
    /// Each module gets fee shares * its fee / total fee, rounded down, the treasury the rest.
    /// Errors, in this order: APP_AUTH_FAILED; MATH_ADD_OVERFLOW; NEGATIVE_POOL; LOCK_TOO_LARGE;
    /// BURN_FROM_ZERO_ADDR; BALANCE_EXCEEDED if the shares to burn are not there; FEE.
    Result<Returns> execute(const lido::Report& call, CallContext& context);
    Result<Returns> execute(const lido::Stop& call, CallContext& context);
    Result<Returns> execute(const lido::Resume& call, CallContext& context);

protected:
    [[nodiscard]] Amount computed_holding(CallContext& context, AccountId account) const override;
    [[nodiscard]] Amount computed_holding(AccountId account) const override
    {
        return balance(account);
    }
    void declare_computed_holding(AccessCollector& access, AccountId account) const override;

private:
    Result<void> approve(
        CallContext& context, AccountId owner, AccountId spender, const Amount& value);
    Result<void> spend_allowance(CallContext& context, AccountId owner, const Amount& value);
    Result<void> move_shares(
        CallContext& context, AccountId from, AccountId to, const Amount& shares);
    void emit_transfer(CallContext& context, AccountId from, AccountId to, const Amount& value,
        const Amount& shares);
    Result<void> mint_shares(
        CallContext& context, lido::StethState& state, AccountId to, const Amount& shares);
    /// Emits what a mint does.
    Result<void> emit_mint(
        CallContext& context, const lido::StethState& state, AccountId to, const Amount& shares);
    Result<void> burn_shares(
        CallContext& context, lido::StethState& state, AccountId from, const Amount& shares);
    /// The coins are there already.
    Result<Amount> stake(
        CallContext& context, AccountId from, const Amount& value, AccountId referral);
    Result<void> mint_fee(CallContext& context, lido::StethState& state, const Amount& shares);

    std::string symbol_;
    lido::FeeDistribution fees_;
    std::vector<std::pair<AccountId, Amount>> modules_;
    AccountId treasury_ = zero_account;
    NativeCoin* native_ = nullptr;
    Table<Amount> shares_;           // By account.
    Table<Amount> allowances_;       // Of stETH, by pair_key(owner, spender).
    Table<lido::StethState> state_;  // Record 0.
};

}  // namespace runnel::contracts
