#pragma once

#include "contracts/kit/sectors/staked_coin.hpp"
#include "contracts/kit/token_base.hpp"
#include "contracts/staking/lido/calls.hpp"
#include "contracts/tokens/native/native_receiver.hpp"

#include <string>

namespace runnel::contracts
{

class LidoSteth;
class NativeCoin;

namespace lido
{
struct WstethState
{
    Amount total_supply;
    RUNNEL_FIELDS((total_supply, smallest_unit));
};
}  // namespace lido

/// Lido's wstETH: wraps stETH into a token whose balances stay as they are: one for each share.
///
/// Rounding: wrap() mints the shares that the amount is worth, rounded down, and takes as many.
/// unwrap() pays what the shares are worth in stETH, rounded down; a transfer of that moves the
/// same shares or one less, which stays here for good. A plain payment of native coins stakes and
/// wraps them.
///
/// Conservation: the sum of all balances is the supply, and there are no fewer shares of stETH in
/// the contract.
/// Errors: those of OpenZeppelin 3 (`ERC20: transfer amount exceeds balance`, before an allowance
/// is looked at: `ERC20: transfer amount exceeds allowance`; 2^256-1 is used up like any other);
/// `wstETH: ...` as below; those of stETH. No permit. Source: lidofinance/core `WstETH.sol`.
class LidoWsteth : public TokenBase<LidoWsteth, lido::Wrap, lido::Unwrap>,
                   public NativeReceiver,
                   public StakedCoin
{
public:
    static constexpr std::uint8_t decimals = 18;

    LidoWsteth(ContractIdentity identity, std::string symbol, ContractId steth);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    [[nodiscard]] std::optional<TokenInfo> token_info() const override
    {
        return TokenInfo{symbol_, decimals};
    }
    void connect(World& world) override;
    void check_invariants(const World& world, Findings& findings) const override;
    /// With stETH from new coins.
    bool allocate(World& world, AccountId account, const Amount& value) override;
    [[nodiscard]] bool can_be_allocated() const override { return true; }

    [[nodiscard]] const Amount& total_supply() const noexcept { return state_.get(0).total_supply; }

    // StakedCoin, by a plain payment of native coins.

    /// Errors: ZERO_DEPOSIT; CONTRACT_IS_STOPPED; those of submit().
    [[nodiscard]] Result<Amount> quote_stake(const Amount& coins) const override;
    [[nodiscard]] CallGas stake_gas() const noexcept override;
    void add_stake(CallWriter& calls, const Amount& coins) const override;

    // What other contracts call; @p context has the caller as sender.

    Result<void> transfer_from(
        CallContext context, AccountId from, AccountId to, const Amount& amount) override;
    /// Returns the wstETH minted. Errors, in this order: wstETH: can't wrap zero stETH;
    /// ETH_TOO_LARGE; those of stETH's transferFrom.
    Result<Amount> wrap(CallContext context, const Amount& value);
    /// Returns the stETH paid. Errors, in this order: wstETH: zero amount unwrap not allowed;
    /// SHARES_TOO_LARGE; ERC20: burn amount exceeds balance; those of stETH's transfer.
    Result<Amount> unwrap(CallContext context, const Amount& value);

    // NativeReceiver.

    Result<void> receive(CallContext& context, AccountId from, const Amount& value) override;
    void declare_receive(AccessCollector& access, AccountId from) const override;

    using TokenBase::declare;
    using TokenBase::execute;
    void declare(const lido::Wrap& call, AccountId sender, AccessCollector& access) const;
    void declare(const lido::Unwrap& call, AccountId sender, AccessCollector& access) const;
    Result<Returns> execute(const lido::Wrap& call, CallContext& context);
    Result<Returns> execute(const lido::Unwrap& call, CallContext& context);

private:
    std::string symbol_;
    ContractId steth_id_;
    LidoSteth* steth_ = nullptr;
    Table<lido::WstethState> state_;  // Record 0.
};

}  // namespace runnel::contracts
