#pragma once

#include "contracts/kit/sectors/sector.hpp"
#include "contracts/kit/sectors/wrapped_coin.hpp"
#include "contracts/kit/token_base.hpp"
#include "contracts/tokens/native/native_receiver.hpp"

#include <array>

namespace runnel::contracts
{

class NativeCoin;

/// Wraps native coins of the caller, who gets as many tokens. Stands for a call with that value.
struct Weth9Deposit
{
    RUNNEL_CALL("deposit", 3, 23'900);  // 6,800 where the caller had some before.

    Amount value;
    RUNNEL_FIELDS((value, wei));
};

/// Unwraps tokens of the caller, who gets as many native coins.
struct Weth9Withdraw
{
    RUNNEL_CALL("withdraw", 4, 14'000);

    Amount wad;
    RUNNEL_FIELDS((wad, wei));
};

struct Weth9DepositLog
{
    static constexpr std::string_view table = "weth9_deposits";
    static constexpr std::string_view signature = "Deposit(address indexed,uint256)";
    static constexpr std::array<std::string_view, 2> meanings{
        "Who wrapped native coins.", "How much."};

    AccountId dst{};
    Amount wad;
    RUNNEL_FIELDS(dst, (wad, wei));
};

struct Weth9WithdrawalLog
{
    static constexpr std::string_view table = "weth9_withdrawals";
    static constexpr std::string_view signature = "Withdrawal(address indexed,uint256)";
    static constexpr std::array<std::string_view, 2> meanings{"Who unwrapped.", "How much."};

    AccountId src{};
    Amount wad;
    RUNNEL_FIELDS(src, (wad, wei));
};

/// What a token keeps beside balances and allowances.
struct Weth9State
{
    Amount total_supply;  // The code computes it: the contract's native coins.
    RUNNEL_FIELDS((total_supply, wei));
};

/// Wrapped Ether: a token for each native coin that the contract holds.
///
/// A plain payment to the contract is a deposit. Wrapping and unwrapping emit Deposit and
/// Withdrawal, and no Transfer. Whoever moves his own tokens needs no allowance, not even by
/// transferFrom; zero accounts are not special.
///
/// Conservation: the sum of all balances is the supply, and the supply is what the contract holds
/// of the native coin, after every call. Errors: every refusal is without a reason. A withdrawal
/// gives its receiver 2,300 gas, so an account that has registered calls (NativeCoin's
/// registerCalls) cannot withdraw. Source: canonical-weth `WETH9.sol`, as deployed at
/// 0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2.
class Weth9 : public TokenBase<Weth9, Weth9Deposit, Weth9Withdraw>,
              public NativeReceiver,
              public WrappedCoin
{
public:
    static constexpr unsigned decimals = 18;

    Weth9(ContractIdentity identity, std::string symbol);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    [[nodiscard]] std::optional<TokenInfo> token_info() const override
    {
        return TokenInfo{symbol_, decimals};
    }
    void connect(World& world) override;
    void check_invariants(const World& world, Findings& findings) const override;

    /// With as many native coins, new ones too: what is wrapped was there before block 0.
    bool allocate(World& world, AccountId account, const Amount& value) override;
    [[nodiscard]] bool can_be_allocated() const override { return true; }
    [[nodiscard]] const Amount& total_supply() const noexcept { return state_.get(0).total_supply; }

    // What other contracts call; @p context has the caller as sender.

    Result<void> deposit(CallContext context, const Amount& value);
    Result<void> withdraw(CallContext context, const Amount& wad);

    void add_unwrap(CallWriter& calls, const Amount& amount) const override
    {
        calls.add(id(), Weth9Withdraw{amount});
    }

    // NativeReceiver.

    Result<void> receive(CallContext& context, AccountId from, const Amount& value) override;
    void declare_receive(AccessCollector& access, AccountId from) const override;

    using TokenBase::declare;
    using TokenBase::execute;
    void declare(const Weth9Deposit& call, AccountId sender, AccessCollector& access) const;
    void declare(const Weth9Withdraw& call, AccountId sender, AccessCollector& access) const;
    Result<Returns> execute(const Weth9Deposit& call, CallContext& context);
    Result<Returns> execute(const Weth9Withdraw& call, CallContext& context);

private:
    std::string symbol_;
    NativeCoin* native_ = nullptr;
    const World* world_ = nullptr;
    Table<Weth9State> state_;  // Record 0.
};

}  // namespace runnel::contracts
