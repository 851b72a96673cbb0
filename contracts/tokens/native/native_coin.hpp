#pragma once

#include "contracts/kit/contract_base.hpp"

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

/// Emitted by every payment of native coins: Ethereum has no log for it, its traces do.
struct NativePayment
{
    static constexpr std::string_view name = "NativePayment";
    static constexpr std::string_view table = "native_transfers";

    AccountId from_address{};
    AccountId to_address{};
    Amount value;
    RUNNEL_FIELDS(from_address, to_address, (value, wei));
};

class NativeCoin : public ContractBase<NativeCoin, NativeTransfer>
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
    void connect(World& world) override { world_ = &world; }

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(const NativeTransfer& call, AccountId sender, AccessCollector& access) const;
    /// Refuses "insufficient balance" as the EVM does, without a reason.
    Result<Returns> execute(const NativeTransfer& call, CallContext& context);

private:
    TokenInfo info_;
    World* world_ = nullptr;
};

}  // namespace runnel::contracts
