#pragma once

#include "contracts/kit/contract_base.hpp"

namespace runnel::contracts
{

/// ERC-20's Transfer, whoever emits it.
struct Transfer
{
    static constexpr std::string_view name = "Transfer";
    static constexpr std::string_view table = "token_transfers";
    static constexpr std::string_view signature = "Transfer(address,address,uint256)";
    static constexpr std::uint32_t indexed = 0b011;
    static constexpr EventUse use = EventUse::log;

    AccountId from_address{};
    AccountId to_address{};
    Amount value;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("from_address", self.from_address);
        visit("to_address", self.to_address);
        visit("value", self.value, "smallest unit of the token");
    }
};

/// ERC-20's Approval, whoever emits it.
struct Approval
{
    static constexpr std::string_view name = "Approval";
    static constexpr std::string_view table = "token_approvals";
    static constexpr std::string_view signature = "Approval(address,address,uint256)";
    static constexpr std::uint32_t indexed = 0b011;
    static constexpr EventUse use = EventUse::log;

    AccountId owner{};
    AccountId spender{};
    Amount value;

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("owner", self.owner);
        visit("spender", self.spender);
        visit("value", self.value, "smallest unit of the token");
    }
};

/// What one contract may ask of another that is a token. Whoever calls passes its own context with
/// itself as sender: `token.transfer(context.as(account()), to, amount)`.
class Token
{
public:
    virtual ~Token() = default;

    [[nodiscard]] virtual const Table<Amount>& balances() const = 0;
    [[nodiscard]] virtual const Table<Amount>& allowances()
        const = 0;  // By pair_key(owner, spender).

    virtual Result<void> transfer(CallContext context, AccountId to, const Amount& amount) = 0;
    virtual Result<void> transfer_from(
        CallContext context, AccountId from, AccountId to, const Amount& amount) = 0;

    /// Declares what these may touch. Balances of both sides are written, allowance of the spender.
    virtual void declare_transfer(AccessCollector& access, AccountId from, AccountId to) const = 0;
    virtual void declare_transfer_from(
        AccessCollector& access, AccountId spender, AccountId from, AccountId to) const = 0;
};

/// The token with this id; a bug if the contract is not one: the loader checks scenarios, contracts
/// check what calls name.
[[nodiscard]] Token& token_at(const World& world, ContractId id);
/// The same for ids out of calls, which are hostile: nullptr if it is no token.
[[nodiscard]] Token* find_token(const World& world, ContractId id);

}  // namespace runnel::contracts
