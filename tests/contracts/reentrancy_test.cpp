#include "contracts/tokens/native/native_coin.hpp"
#include "tests/contracts/uniswap_v2_fixture.hpp"
#include "tests/support/catch.hpp"

#include <string>
#include <utility>

using namespace runnel;
using namespace runnel::contracts;

namespace
{
/// Credits the sender with the coins that the vault holds and nobody has been credited with.
struct Deposit
{
    RUNNEL_CALL("deposit", 0, 45'000);
    RUNNEL_FIELDS();
};

/// Pays the sender all he has.
struct Withdraw
{
    RUNNEL_CALL("withdraw", 1, 35'000);
    RUNNEL_FIELDS();
};

/// Keeps coins for people. The careless one pays before it writes down that it has paid.
class Vault : public ContractBase<Vault, Deposit, Withdraw>
{
public:
    Vault(ContractIdentity identity, bool is_careless)
      : ContractBase{std::move(identity)},
        is_careless_{is_careless},
        balances_{name() + ".balances", KeyOf::account},
        credited_{name() + ".credited", KeyOf::account}
    {
        add_table(balances_);
        add_table(credited_);
    }

    [[nodiscard]] const ContractType& type() const override
    {
        static const ContractType type{.kind = "vault",
            .help = "Keeps coins.",
            .methods = methods(),
            .events = {},
            .parameters = {}};
        return type;
    }
    void connect(World& world) override
    {
        coin_ = dynamic_cast<NativeCoin*>(&world.contract(native_coin));
    }

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(const Deposit&, AccountId sender, AccessCollector& access) const
    {
        access.read(access.world().account_states, account());
        access.write(balances_, sender);
        access.write(credited_, std::uint64_t{0});
    }
    void declare(const Withdraw&, AccountId sender, AccessCollector& access) const
    {
        access.write(balances_, sender);
        access.write(credited_, std::uint64_t{0});
        coin_->declare_pay(access, account(), sender);
    }
    Result<Returns> execute(const Deposit&, CallContext& context)
    {
        auto& credited = context.write(credited_, 0);
        const auto held = coin_->balance_of(context, account()).value();
        auto& balance = context.write(balances_, context.sender());
        balance = RUNNEL_TRY(Checked{balance} + held - credited);
        credited = held;
        return Returns{};
    }
    Result<Returns> execute(const Withdraw&, CallContext& context)
    {
        auto& balance = context.write(balances_, context.sender());
        const auto amount = balance;
        RUNNEL_REQUIRE(!amount.is_zero(), Refusal::error("Vault: NOTHING"));
        auto& credited = context.write(credited_, 0);
        credited = wrapping_sub(credited, amount);
        if (!is_careless_)
            balance = 0;
        RUNNEL_TRY(coin_->pay(context.as(account()), context.sender(), amount));
        balance = 0;
        return Returns{amount};
    }

private:
    bool is_careless_;
    NativeCoin* coin_ = nullptr;
    Table<Amount> balances_;
    Table<Amount> credited_;  // Record 0: all of them together.
};

struct VaultFixture : UniswapV2Fixture
{
    VaultFixture()
      : careless{sandbox.add<Vault>("careless", true)},
        careful{sandbox.add<Vault>("careful", false)}
    {
        sandbox.connect();
        auto& world = sandbox.world();
        for (const auto account : {alice, bob})
            world.account_states.at(account).balance = 100;
        world.native_supply.at(0) = 200;
        for (const auto* vault : {&careless, &careful})
        {
            for (const auto& [account, amount] : {std::pair{alice, 50}, std::pair{bob, 10}})
            {
                CallWriter calls;
                calls.add(native_coin,
                    NativeTransfer{vault->account(), static_cast<std::uint64_t>(amount)});
                expect_ok(account, calls.add(vault->id(), Deposit{}));
            }
        }
    }
    [[nodiscard]] Amount coins(AccountId account)
    {
        return sandbox.world().account_states.get(account).balance;
    }
    void register_calls(AccountId account, const CallWriter& calls, std::uint8_t times = 1)
    {
        expect_ok(account, native_coin, RegisterCalls{calls.list(), times});
    }

    Vault& careless;
    Vault& careful;
};

CallWriter one(ContractId contract, const auto& call)
{
    return CallWriter{}.add(contract, call);
}
}  // namespace

TEST_CASE("re-entrancy: a vault that pays before it writes is drained, the other one is not",
    "[contracts][reentrancy]")
{
    VaultFixture f;
    // A plain account is paid once.
    REQUIRE(f.coins(f.bob) == 80);
    SECTION("without registered calls")
    {
        f.expect_ok(f.bob, f.careless.id(), Withdraw{});
        CHECK(f.coins(f.bob) == 90);
        f.expect_refusal(f.bob, f.careless.id(), Withdraw{}, "Vault: NOTHING");
    }
    SECTION("careless")
    {
        f.register_calls(f.bob, one(f.careless.id(), Withdraw{}), 5);
        const auto outcome = f.expect_ok(f.bob, f.careless.id(), Withdraw{});
        CHECK(outcome.undeclared_touches == 0);
        CHECK(f.coins(f.bob) == 140);  // His own 10, and alice's 50.
        CHECK(f.coins(f.careless.account()) == 0);
        f.expect_refusal(f.alice, f.careless.id(), Withdraw{}, "(no reason)");
    }
    SECTION("careless, by more calls than the vault can pay or the machine nests")
    {
        f.register_calls(f.bob, one(f.careless.id(), Withdraw{}), 6);
        f.expect_refusal(f.bob, f.careless.id(), Withdraw{}, "(no reason)");
        f.sandbox.world().account_states.at(f.careless.account()).balance = 1'060;
        f.sandbox.world().native_supply.at(0) = 1'200;
        f.register_calls(f.bob, one(f.careless.id(), Withdraw{}), 8);
        f.expect_refusal(f.bob, f.careless.id(), Withdraw{}, "calls nested too deep");
        f.register_calls(f.bob, one(f.careless.id(), Withdraw{}), 7);
        f.expect_ok(f.bob, f.careless.id(), Withdraw{});
        CHECK(f.coins(f.bob) == 160);
    }
    SECTION("careful")
    {
        f.register_calls(f.bob, one(f.careful.id(), Withdraw{}), 5);
        f.expect_refusal(f.bob, f.careful.id(), Withdraw{}, "Vault: NOTHING");
        CHECK(f.coins(f.careful.account()) == 60);
    }
    SECTION("removed")
    {
        f.register_calls(f.bob, one(f.careless.id(), Withdraw{}), 5);
        f.register_calls(f.bob, CallWriter{});
        CHECK(f.sandbox.world().receiver_calls.get(index(f.bob)).size == 0);
        f.expect_ok(f.bob, f.careless.id(), Withdraw{});
        CHECK(f.coins(f.bob) == 90);
    }
}

TEST_CASE("re-entrancy: who is paid by an account is not called", "[contracts][reentrancy]")
{
    VaultFixture f;
    f.register_calls(f.alice, one(f.careful.id(), Withdraw{}), 5);
    const auto outcome = f.expect_ok(f.bob, native_coin, NativeTransfer{f.alice, 5});
    CHECK(outcome.receipt.gas_used == intrinsic_gas);
    CHECK(f.coins(f.alice) == 5);
}

TEST_CASE(
    "re-entrancy: only lists that can be read and kept are registered", "[contracts][reentrancy]")
{
    VaultFixture f;
    const Bytes rubbish{1, 2, 3};
    f.expect_refusal(f.bob, native_coin, RegisterCalls{CallList{rubbish}, 1}, "malformed calls");
    CallWriter calls;
    while (calls.bytes().size() <= ReceiverCalls::size_max)
        calls.add(f.careless.id(), Withdraw{});
    f.expect_refusal(f.bob, native_coin, RegisterCalls{calls.list(), 1}, "too many calls");
}

TEST_CASE("re-entrancy: a pair calls whom it pays, and is locked meanwhile",
    "[contracts][uniswap_v2][reentrancy]")
{
    VaultFixture f;
    f.add_liquidity(ether(100), ether(100));
    f.expect_ok(f.alice, f.a.id(), Erc20Transfer{f.bob, ether(1)});
    const Bytes data{0};  // Any: on Ethereum it is handed to the receiver.
    const auto flash = one(f.pair.id(), uniswap_v2::Swap{1'000'000, 0, f.bob, CallList{data}});
    const auto repay = [&](const Amount& amount) {
        return one(f.a.id(), Erc20Transfer{f.pair.account(), amount});
    };

    // A plain account has no code to call.
    f.expect_refusal(f.alice, flash, "(no reason)");
    f.register_calls(f.bob, repay(1'003'009));
    f.expect_refusal(f.alice, flash, "UniswapV2: K");
    f.register_calls(f.bob, repay(1'003'010));
    const auto outcome = f.expect_ok(f.alice, flash);
    CHECK(outcome.undeclared_touches == 0);
    CHECK(f.a.balance(f.bob) == wrapping_sub(ether(1), 3'010));
    const auto event = f.events_of<uniswap_v2::SwapLog>(outcome.block).at(0);
    CHECK(event.sender == f.alice);
    CHECK(event.to_address == f.bob);
    // A swap without data calls nobody.
    f.register_calls(f.bob, one(f.careful.id(), Withdraw{}).add(f.careful.id(), Withdraw{}));
    f.expect_ok(
        f.alice, f.pay(1'003'010, 0).add(f.pair.id(), uniswap_v2::Swap{1'000'000, 0, f.bob, {}}));

    const auto locked = [&](const auto& call)
    {
        f.register_calls(
            f.bob, one(f.pair.id(), call).add(f.a.id(), Erc20Transfer{f.pair.account(), ether(1)}));
        f.expect_refusal(f.alice, flash, "UniswapV2: LOCKED");
    };
    locked(uniswap_v2::Swap{1, 0, f.bob, {}});
    locked(uniswap_v2::Swap{1, 0, f.alice, CallList{data}});
    locked(uniswap_v2::Mint{f.bob});
    locked(uniswap_v2::Burn{f.bob});
    locked(uniswap_v2::Skim{f.bob});
    locked(uniswap_v2::Sync{});
}
