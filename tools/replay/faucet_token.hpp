#pragma once

#include "contracts/kit/token_base.hpp"
#include "state/world.hpp"

/// The token of recordings whose accounts mint what they need.
namespace runnel::replay
{

/// Mints tokens to the caller.
struct Faucet
{
    RUNNEL_CALL("faucet", 3, 10'600);

    Amount amount;
    RUNNEL_FIELDS(amount);
};

/// A plain token that words a refusal by what was short, the balance before the allowance.
class FaucetToken final : public contracts::TokenBase<FaucetToken, Faucet>
{
public:
    FaucetToken(ContractIdentity identity, TokenInfo info)
      : TokenBase{std::move(identity), contracts::TokenFlavour::uniswap},
        info_{std::move(info)},
        supply_{name() + ".supply"}
    {
        supply_.set_conservation_weight(-1);
        add_table(supply_);
    }

    [[nodiscard]] static const ContractType& contract_type()
    {
        static const ContractType type{.kind = "faucet_token",
            .help = "Mints to anybody.",
            .methods = methods(),
            .events = {&event_type<contracts::TransferLog>, &event_type<contracts::ApprovalLog>},
            .parameters = {}};
        return type;
    }
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    [[nodiscard]] std::optional<TokenInfo> token_info() const override { return info_; }
    bool allocate(World&, AccountId account, const Amount& value) override
    {
        auto& supply = supply_.at(0);
        auto& balance = book_.balances.at(account);
        supply = wrapping_add(supply, value);
        balance = wrapping_add(balance, value);
        return true;
    }

    Result<void> transfer(CallContext context, AccountId to, const Amount& amount) override
    {
        RUNNEL_REQUIRE(
            !book_.lacks_funds(context, context.sender(), amount), Refusal::error("balance"));
        return TokenBase::transfer(context, to, amount);
    }
    Result<void> transfer_from(
        CallContext context, AccountId from, AccountId to, const Amount& amount) override
    {
        RUNNEL_REQUIRE(!book_.lacks_funds(context, from, amount), Refusal::error("balance"));
        RUNNEL_REQUIRE(!book_.lacks_allowance(context, from, amount), Refusal::error("allowance"));
        return TokenBase::transfer_from(context, from, to, amount);
    }

    using TokenBase::declare;
    using TokenBase::execute;
    Result<Returns> execute(const contracts::Erc20Transfer& call, CallContext& context)
    {
        RUNNEL_TRY(transfer(context, call.to, call.value));
        return Returns{1};
    }
    Result<Returns> execute(const Faucet& call, CallContext& context)
    {
        RUNNEL_TRY(book_.mint(context, context.write(supply_, 0), context.sender(), call.amount));
        return Returns{};
    }

private:
    TokenInfo info_;
    Table<Amount> supply_;  // Record 0.
};

}  // namespace runnel::replay
