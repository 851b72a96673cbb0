#pragma once

#include "contracts/kit/contract_base.hpp"

namespace runnel::contracts
{

/// Contract 0: lets a call move native coins (wei). Their balances are the ledger's own.
struct NativeTransfer
{
    static constexpr std::string_view name = "transfer";
    static constexpr std::uint8_t method = 0;
    static constexpr std::uint64_t gas = 0;  // A plain payment costs the intrinsic 21,000.

    AccountId to{};
    Amount value;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("to", self.to);
        visit("value", self.value, "wei");
    }
};

/// Emitted by every payment of native coins: Ethereum has no log for it, its traces do.
struct NativePayment
{
    static constexpr std::string_view name = "NativePayment";
    static constexpr std::string_view table = "native_transfers";
    static constexpr std::string_view signature = "";
    static constexpr std::uint32_t indexed = 0;
    static constexpr EventUse use = EventUse::sector;

    AccountId from_address{};
    AccountId to_address{};
    Amount value;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("from_address", self.from_address);
        visit("to_address", self.to_address);
        visit("value", self.value, "wei");
    }
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
