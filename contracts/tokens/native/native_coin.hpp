#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/tokens/native/native_receiver.hpp"

#include <array>
#include <utility>
#include <vector>

namespace runnel::contracts
{

/// Contract 0: lets a call move native coins (wei). Their balances are the ledger's own.
struct NativeTransfer
{
    RUNNEL_CALL("transfer", 0, 0);  // A plain payment costs the intrinsic 21,000.

    AccountId to{};
    Amount value;
    RUNNEL_FIELDS(to, (value, wei));
};

/// Registers @p calls: they run as the sender when a contract hands control to him, at most
/// @p times of them at a time (a list that is paid for again while it runs would never end). It
/// takes the place of a contract of the sender's own; an empty list removes it.
///
/// Errors: "malformed calls"; "too many calls" beyond ReceiverCalls::size_max bytes.
struct RegisterCalls
{
    RUNNEL_CALL("registerCalls", 1, 46'000);  // A hash and two slots, of which one is new.

    CallList calls;
    std::uint8_t times = 1;
    RUNNEL_FIELDS(calls, times);
};

/// Emitted by every payment of native coins: Ethereum has no log for it, its traces do.
struct NativePayment
{
    static constexpr std::string_view name = "NativePayment";
    static constexpr std::string_view table = "native_transfers";
    static constexpr std::array<std::string_view, 3> meanings{
        "Who paid.", "Who was paid.", "How much."};

    AccountId from_address{};
    AccountId to_address{};
    Amount value;
    RUNNEL_FIELDS(from_address, to_address, (value, wei));
};

class NativeCoin : public ContractBase<NativeCoin, NativeTransfer, RegisterCalls>
{
public:
    explicit NativeCoin(ContractIdentity identity, TokenInfo info)
      : ContractBase{std::move(identity)}, info_{std::move(info)}
    {}

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    [[nodiscard]] std::optional<TokenInfo> token_info() const override { return info_; }
    /// Wei, the gas that the transaction may still use set aside.
    [[nodiscard]] std::optional<Amount> balance_of(
        CallContext& context, AccountId account) const override;
    void connect(World& world) override;

    /// Pays as Solidity's `to.call{value: value}("")` does: moves @p value from the contract that
    /// passes its context to @p to, then hands control to @p to.
    /// Errors: without a reason if the balance is too small; whatever the receiver refuses.
    Result<void> pay(CallContext context, AccountId to, const Amount& value);
    /// What pay() may touch.
    void declare_pay(AccessCollector& access, AccountId from, AccountId to) const;

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(const NativeTransfer& call, AccountId sender, AccessCollector& access) const;
    void declare(const RegisterCalls& call, AccountId sender, AccessCollector& access) const;
    /// A call with a value: moves @p value from the context's sender to @p to and runs nothing
    /// there. Errors: without a reason if the balance is too small.
    Result<void> move(CallContext& context, AccountId to, const Amount& value);

    /// Runs the receive() of a contract that has one; hands no control to other receivers, who pay
    /// nothing for not being a contract.
    /// Refuses "insufficient balance" as the EVM does, without a reason.
    Result<Returns> execute(const NativeTransfer& call, CallContext& context);
    Result<Returns> execute(const RegisterCalls& call, CallContext& context);

private:
    TokenInfo info_;
    World* world_ = nullptr;
    std::vector<std::pair<AccountId, NativeReceiver*>> receivers_;
};

}  // namespace runnel::contracts
