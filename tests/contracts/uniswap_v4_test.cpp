#include "contracts/exchanges/uniswap_v4/hooks/limit_orders.hpp"
#include "contracts/exchanges/uniswap_v4/hooks/volatility_fee.hpp"
#include "contracts/exchanges/uniswap_v4/manager.hpp"
#include "contracts/exchanges/uniswap_v4/pool.hpp"
#include "contracts/exchanges/uniswap_v4/router.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "ledger/philox.hpp"
#include "tests/contracts/contract_fixture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

namespace runnel::contracts
{
using namespace uniswap_v4;
using uniswap_v3::price_end;

namespace
{
const Amount price_one = Amount::power_of_two(96);
constexpr std::uint64_t never = ~0ULL;
constexpr std::uint64_t start = 1'700'000'000;

Amount tokens(std::uint64_t count)
{
    return wrapping_mul(count, Amount::power_of_ten(18));
}
Int256 paid(const Amount& amount)
{
    return Int256::from_magnitude(amount, true);
}

/// Refuses what it is told to, and swaps in its own pool after a swap.
class OddHook final : public ContractBase<OddHook>, public Hook
{
public:
    explicit OddHook(ContractIdentity identity) : ContractBase{std::move(identity)} {}
    [[nodiscard]] static const ContractType& contract_type()
    {
        static const ContractType type{.kind = "odd_hook",
            .help = "For tests.",
            .methods = {},
            .events = {},
            .parameters = {}};
        return type;
    }
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    [[nodiscard]] Permissions permissions() const noexcept override
    {
        return permissions_of(
            Permission::before_swap, Permission::after_swap, Permission::before_donate);
    }
    Result<BeforeSwapAnswer> before_swap(const HookCall&, const SwapParams&) override
    {
        RUNNEL_REQUIRE(!refuses, Refusal::error("not today"));
        RUNNEL_REQUIRE(!answers_wrongly, wrong_selector());
        ++swaps;
        return BeforeSwapAnswer{};
    }
    Result<Int256> after_swap(
        const HookCall& call, const SwapParams& params, const BalanceDelta&) override
    {
        auto own = call.context.as(account());
        // It owes what it pays in, and settles it with claims.
        const auto delta = RUNNEL_TRY(call.manager.swap(own, call.key,
            {params.zero_for_one, paid(1'000), price_end(params.zero_for_one)}, account()));
        for (unsigned side = 0; side < 2; ++side)
        {
            const auto currency = side == 0 ? call.key.currency0 : call.key.currency1;
            RUNNEL_TRY(delta[side].is_negative()
                           ? call.manager.burn(own, account(), currency, delta[side].magnitude())
                           : call.manager.mint(own, account(), currency, delta[side].bits));
        }
        return Int256{};
    }

    bool refuses = false;
    bool answers_wrongly = false;
    int swaps = 0;
};

struct V4Fixture : ContractFixture
{
    V4Fixture()
      : alice{sandbox.account("alice")},
        bob{sandbox.account("bob")},
        owner{sandbox.account("owner")},
        token{&add_token("A"), &add_token("B"), &add_token("C")},
        manager{sandbox.add<UniswapV4Manager>("manager", owner)},
        router{sandbox.add<UniswapV4Router>("router", manager.id())},
        odd{sandbox.add<OddHook>("odd")},
        volatility{sandbox.add<VolatilityFeeHook>(
            "volatility", VolatilityFeeTerms{500, 20'000, 1'000, 600})},
        orders{sandbox.add<LimitOrderHook>("orders", manager.id())},
        plain{pool("plain", 0, 1, 3'000, 60, no_contract)},
        second{pool("second", 1, 2, 500, 10, no_contract)},
        moving{pool("moving", 0, 1, dynamic_fee, 60, volatility.id())},
        ordered{pool("ordered", 0, 1, 3'000, 60, orders.id())}
    {
        auto& world = sandbox.world();
        for (const auto account : {alice, bob})
        {
            for (auto* each : token)
                each->allocate(account, Amount::power_of_two(120));
            world.account_states.at(account).balance = Amount::power_of_two(100);
            world.native_supply.at(0) =
                wrapping_add(world.native_supply.at(0), Amount::power_of_two(100));
        }
        sandbox.connect();
        sandbox.set_time(start);
        for (const auto account : {alice, bob})
        {
            for (const auto* each : token)
            {
                for (const auto spender : {router.account(), orders.account()})
                    expect_ok(account, each->id(), Erc20Approve{spender, Amount::max()});
            }
        }
    }

    Erc20& add_token(std::string name)
    {
        return sandbox.add<Erc20>(name, TokenInfo{name, 18}, TokenFlavour::uniswap);
    }
    UniswapV4Pool& pool(std::string name, unsigned first, unsigned other, std::uint32_t fee,
        std::int32_t spacing, ContractId hook)
    {
        const PoolKey key{token[first]->id(), token[other]->id(), fee, spacing, zero_account};
        return sandbox.add<UniswapV4Pool>(std::move(name), manager.id(), key, hook);
    }
    void open(const UniswapV4Pool& pool, const Amount& price = price_one)
    {
        expect_ok(alice, manager.id(), Initialize{pool.key(), price});
    }
    /// Liquidity of @p who by the router.
    Sandbox::Outcome provide(AccountId who, const UniswapV4Pool& pool, std::int32_t lower,
        std::int32_t upper, const Amount& liquidity)
    {
        return expect_ok(who, router.id(),
            AddLiquidity{
                pool.key(), lower, upper, liquidity, Amount::max(), Amount::max(), who, never});
    }
    Sandbox::Outcome withdraw(AccountId who, const UniswapV4Pool& pool, std::int32_t lower,
        std::int32_t upper, const Amount& liquidity)
    {
        return expect_ok(who, router.id(),
            RemoveLiquidity{pool.key(), lower, upper, liquidity, {}, {}, who, never});
    }
    [[nodiscard]] static Path path_of(const UniswapV4Pool& pool, bool zero_for_one)
    {
        const auto& key = pool.key();
        Path path;
        path.currencies = {zero_for_one ? key.currency0 : key.currency1,
            zero_for_one ? key.currency1 : key.currency0};
        path.fees = {key.fee};
        path.tick_spacings = {key.tick_spacing};
        path.hooks = {key.hooks};
        return path;
    }
    Sandbox::Outcome swap(
        AccountId who, const UniswapV4Pool& pool, bool zero_for_one, const Amount& amount)
    {
        return expect_ok(
            who, router.id(), SwapExactInput{path_of(pool, zero_for_one), who, never, amount, {}});
    }
    [[nodiscard]] std::array<Amount, 2> held(AccountId account, const UniswapV4Pool& pool) const
    {
        const auto& world = manager_world();
        return {token_at(world, pool.key().currency0).holding(account),
            token_at(world, pool.key().currency1).holding(account)};
    }
    [[nodiscard]] const World& manager_world() const
    {
        return const_cast<V4Fixture*>(this)->sandbox.world();
    }
    [[nodiscard]] CallWriter unlock(const CallWriter& steps) const
    {
        return CallWriter{}.add(manager.id(), Unlock{steps.list()});
    }

    AccountId alice;
    AccountId bob;
    AccountId owner;
    std::array<Erc20*, 3> token;
    UniswapV4Manager& manager;
    UniswapV4Router& router;
    OddHook& odd;
    VolatilityFeeHook& volatility;
    LimitOrderHook& orders;
    UniswapV4Pool& plain;
    UniswapV4Pool& second;
    UniswapV4Pool& moving;
    UniswapV4Pool& ordered;
};
}  // namespace

TEST_CASE("uniswap v4 manager: a pool's id is the deployed one", "[contracts][uniswap_v4]")
{
    ContractFixture f;
    auto& world = f.sandbox.world();
    const auto add = [&](std::string_view name, std::string_view address) -> Erc20&
    {
        world.add_account(
            {std::string{name}, "token", "", Address::from_string(address).value(), {}});
        return f.sandbox.add<Erc20>(
            std::string{name}, TokenInfo{std::string{name}, 18}, TokenFlavour::uniswap);
    };
    const auto& t0 = add("T0", "0x0DA687dD71A2206f3a2F5E9b9382CC1AF3dCD9bc");
    const auto& t1 = add("T1", "0x11531F89809158343903be9e0E4950693Ac03596");
    const auto& manager = f.sandbox.add<UniswapV4Manager>("manager", zero_account);
    f.sandbox.connect();
    // Of the recording's first two pools; the second is of native coins.
    const PoolKey plain{t0.id(), t1.id(), 3'000, 60, zero_account};
    const PoolKey native{native_coin, t1.id(), 500, 10, zero_account};
    const auto alice = f.sandbox.account("alice");
    f.expect_ok(alice, manager.id(), Initialize{plain, price_one});
    f.expect_ok(alice, manager.id(), Initialize{native, price_one});
    const auto hex = [&](const PoolKey& key)
    {
        std::array<std::uint8_t, 32> word{};
        manager.identity(manager.find_pool(key)).id.store_big_endian(word);
        std::string text = "0x";
        for (const auto byte : word)
            text += fmt::format("{:02x}", byte);
        return text;
    };
    CHECK(hex(plain) == "0x255e3ac9fffad26dd09045c7b1fe2cb8ca58f64988db64c2947348cb3563425d");
    CHECK(hex(native) == "0x6233ea32fd720817555667a3181a226bf2c8f73ddcfad5e3fe30714a172035f3");
}

TEST_CASE("uniswap v4 manager: whoever gives back before the end takes what he likes",
    "[contracts][uniswap_v4]")
{
    V4Fixture f;
    f.open(f.plain);
    f.provide(f.alice, f.plain, -600, 600, tokens(1'000));
    const auto a = f.token[0]->id();
    const auto all = f.token[0]->balance(f.manager.account());
    REQUIRE(!all.is_zero());
    CallWriter flash;
    flash.add(f.manager.id(), Take{a, f.bob, all})
        .add(f.manager.id(), Sync{a})
        .add(a, Erc20Transfer{f.manager.account(), all})
        .add(f.manager.id(), Settle{});
    const auto before = f.held(f.bob, f.plain);
    f.expect_ok(f.bob, f.unlock(flash));
    CHECK(f.held(f.bob, f.plain) == before);

    CallWriter keeps;
    keeps.add(f.manager.id(), Take{a, f.bob, 1});
    f.expect_refusal(f.bob, f.unlock(keeps), "CurrencyNotSettled()");
    CallWriter again;
    again.add(f.manager.id(), Unlock{});
    f.expect_refusal(f.bob, f.unlock(again), "AlreadyUnlocked()");
    f.expect_refusal(f.bob, f.manager.id(), Take{a, f.bob, 1}, "ManagerLocked()");
    CallWriter too_much;
    too_much.add(f.manager.id(), Take{a, f.bob, wrapping_add(all, 1)});
    f.expect_refusal(f.bob, f.unlock(too_much),
        fmt::format("WrappedError(#{},transfer,Error(ds-math-sub-underflow),ERC20TransferFailed())",
            index(f.token[0]->account())));
    // A contract without receive() takes no coins.
    CallWriter lent;
    lent.add(f.manager.id(), Settle{1'000})
        .add(f.manager.id(), Take{native_coin, f.token[0]->account(), 1'000});
    f.expect_refusal(f.bob, f.unlock(lent),
        fmt::format("WrappedError(#{},0x0,,NativeTransferFailed())", index(f.token[0]->account())));
}

TEST_CASE("uniswap v4 manager: a sync outside of the lock holds for its transaction",
    "[contracts][uniswap_v4]")
{
    V4Fixture f;
    const auto a = f.token[0]->id();
    CallWriter rest;
    rest.add(f.manager.id(), Settle{}).add(f.manager.id(), Mint{f.bob, a, 500});
    CallWriter one;
    one.add(f.manager.id(), Sync{a})
        .add(a, Erc20Transfer{f.manager.account(), 500})
        .add(f.manager.id(), Unlock{rest.list()});
    f.expect_ok(f.bob, one);
    CHECK(f.manager.claims(f.bob, a) == Amount{500});

    f.expect_ok(f.bob, f.manager.id(), Sync{a});
    // Another transaction: nothing is synced, so what came is not counted.
    CallWriter other;
    other.add(a, Erc20Transfer{f.manager.account(), 500}).add(f.manager.id(), Unlock{rest.list()});
    f.expect_refusal(f.bob, other, "CurrencyNotSettled()");
    // Nor is it in the way of coins.
    CallWriter coins;
    coins.add(f.manager.id(), Settle{7}).add(f.manager.id(), Mint{f.bob, native_coin, 7});
    f.expect_ok(f.bob, f.unlock(coins));
    CHECK(f.manager.claims(f.bob, native_coin) == Amount{7});
}

TEST_CASE("uniswap v4 manager: claims are an ERC-6909 token", "[contracts][uniswap_v4]")
{
    V4Fixture f;
    const auto a = f.token[0]->id();
    CallWriter make;
    make.add(f.manager.id(), Sync{a})
        .add(a, Erc20Transfer{f.manager.account(), 1'000})
        .add(f.manager.id(), Settle{})
        .add(f.manager.id(), Mint{f.alice, a, 1'000});
    f.expect_ok(f.alice, f.unlock(make));
    f.expect_refusal(
        f.bob, f.manager.id(), TransferClaimsFrom{f.alice, f.bob, a, 1}, "Panic(0x11)");
    f.expect_ok(f.alice, f.manager.id(), ApproveClaims{f.bob, a, 10});
    f.expect_ok(f.bob, f.manager.id(), TransferClaimsFrom{f.alice, f.bob, a, 4});
    CHECK(f.manager.claims_allowance(f.alice, f.bob, a) == Amount{6});
    f.expect_refusal(
        f.bob, f.manager.id(), TransferClaimsFrom{f.alice, f.bob, a, 7}, "Panic(0x11)");
    f.expect_ok(f.alice, f.manager.id(), SetOperator{f.bob, true});
    f.expect_ok(f.bob, f.manager.id(), TransferClaimsFrom{f.alice, f.bob, a, 900});
    CHECK(f.manager.claims_allowance(f.alice, f.bob, a) == Amount{6});
    CHECK(f.manager.claims(f.bob, a) == Amount{904});
    CHECK(f.manager.liabilities(a) == Amount{1'000});
    CallWriter spend;
    spend.add(f.manager.id(), uniswap_v4::Burn{f.bob, a, 904})
        .add(f.manager.id(), Take{a, f.bob, 904});
    f.expect_ok(f.bob, f.unlock(spend));
    CHECK(f.manager.liabilities(a) == Amount{96});
}

TEST_CASE("uniswap v4 manager: what a hook refuses is wrapped, and its own swaps do not call it",
    "[contracts][uniswap_v4]")
{
    V4Fixture f;
    const PoolKey key{f.token[0]->id(), f.token[1]->id(), 3'000, 60, f.odd.account()};
    f.expect_ok(f.alice, f.manager.id(), Initialize{key, price_one});
    f.expect_ok(f.alice, f.router.id(),
        AddLiquidity{key, -600, 600, tokens(10), Amount::max(), Amount::max(), f.alice, never});
    // So that it can pay.
    CallWriter make;
    for (const auto* each : {f.token[0], f.token[1]})
    {
        make.add(f.manager.id(), Sync{each->id()})
            .add(each->id(), Erc20Transfer{f.manager.account(), 10'000})
            .add(f.manager.id(), Settle{})
            .add(f.manager.id(), Mint{f.odd.account(), each->id(), 10'000});
    }
    f.expect_ok(f.alice, f.unlock(make));
    Path path;
    path.currencies = {key.currency0, key.currency1};
    path.fees = {key.fee};
    path.tick_spacings = {key.tick_spacing};
    path.hooks = {key.hooks};
    const SwapExactInput call{path, f.bob, never, 1'000'000, {}};
    f.odd.swaps = 0;
    f.expect_ok(f.bob, f.router.id(), call);
    CHECK(f.odd.swaps == 1);
    f.odd.refuses = true;
    f.expect_refusal(f.bob, f.router.id(), call,
        fmt::format("WrappedError(#{},beforeSwap,Error(not today),HookCallFailed())",
            index(f.odd.account())));
    f.odd.refuses = false;
    f.odd.answers_wrongly = true;
    f.expect_refusal(f.bob, f.router.id(), call, "InvalidHookResponse()");
    CallWriter give;
    give.add(f.manager.id(), Donate{key, 1, 1});
    f.expect_refusal(f.bob, f.unlock(give),
        fmt::format("WrappedError(#{},beforeDonate,HookNotImplemented(),HookCallFailed())",
            index(f.odd.account())));
}

TEST_CASE("uniswap v4 router: native coins go in and come out", "[contracts][uniswap_v4]")
{
    V4Fixture f;
    const PoolKey key{native_coin, f.token[0]->id(), 500, 10, zero_account};
    f.expect_ok(f.alice, f.manager.id(), Initialize{key, price_one});
    f.expect_ok(f.alice, f.router.id(),
        AddLiquidity{key, -1'000, 1'000, tokens(10), Amount::max(), Amount::max(), f.alice, never});
    const auto coins = [&](AccountId account)
    { return f.sandbox.world().account_states.get(account).balance; };
    auto before = coins(f.bob);
    Path path;
    path.currencies = {native_coin, f.token[0]->id()};
    path.fees = {500};
    path.tick_spacings = {10};
    path.hooks = {zero_account};
    const auto in =
        f.expect_ok(f.bob, f.router.id(), SwapExactInput{path, f.bob, never, 1'000'000, Amount{}});
    CHECK(coins(f.bob) == wrapping_sub(before, 1'000'000));
    std::swap(path.currencies.items[0], path.currencies.items[1]);
    before = coins(f.bob);
    const auto out = f.expect_ok(
        f.bob, f.router.id(), SwapExactOutput{path, f.bob, never, 5'000, Amount::max()});
    CHECK(coins(f.bob) == wrapping_add(before, 5'000));
    CHECK(out.returns.values[0] > Amount{5'000});
    CHECK(in.returns.values[0] < Amount{1'000'000});
}

TEST_CASE("uniswap v4 router: limits and deadlines hold to the unit", "[contracts][uniswap_v4]")
{
    V4Fixture f;
    f.open(f.plain);
    const auto& key = f.plain.key();
    const auto past = start - 1;
    const auto refused = [&](const auto& call, std::string_view reason)
    { f.expect_refusal(f.bob, f.router.id(), call, reason); };
    const auto text = [](std::string_view name, const Amount& limit, const Amount& amount)
    { return fmt::format("{}({}, {})", name, limit.to_string(), amount.to_string()); };

    // What a deposit takes is the same until the price moves.
    const auto taken = f.provide(f.bob, f.plain, -600, 1'200, tokens(7)).returns;
    const auto needs = [&](unsigned side) { return taken.values[side]; };
    AddLiquidity add{key, -600, 1'200, tokens(7), needs(0), needs(1), f.bob, start};
    add.amount0_max = wrapping_sub(needs(0), 1);
    refused(add, text("MaximumAmountExceeded", add.amount0_max, needs(0)));
    add.amount1_max = wrapping_sub(needs(1), 1);
    refused(
        add, text("MaximumAmountExceeded", add.amount0_max, needs(0)));  // The first one counts.
    add.amount0_max = needs(0);
    refused(add, text("MaximumAmountExceeded", add.amount1_max, needs(1)));
    add.deadline = past;
    refused(add, fmt::format("DeadlinePassed({})", past));
    add.amount1_max = needs(1);
    add.deadline = start;
    f.expect_ok(f.bob, f.router.id(), add);

    const auto given = f.withdraw(f.bob, f.plain, -600, 1'200, tokens(7)).returns;
    const std::array gets{given.values[0], given.values[1]};
    RemoveLiquidity remove{key, -600, 1'200, tokens(7), gets[0], gets[1], f.bob, start};
    remove.amount0_min = wrapping_add(gets[0], 1);
    refused(remove, text("MinimumAmountInsufficient", remove.amount0_min, gets[0]));
    remove.amount0_min = gets[0];
    remove.amount1_min = wrapping_add(gets[1], 1);
    refused(remove, text("MinimumAmountInsufficient", remove.amount1_min, gets[1]));
    remove.deadline = past;
    refused(remove, fmt::format("DeadlinePassed({})", past));
    remove.amount1_min = gets[1];
    remove.deadline = start;
    f.expect_ok(f.bob, f.router.id(), remove);

    f.provide(f.alice, f.plain, -600, 600, tokens(1'000));
    const auto path = V4Fixture::path_of(f.plain, true);
    const auto out = f.plain.quote_exact_input(key.currency0, key.currency1, tokens(1));
    REQUIRE(out.has_value());
    SwapExactInput sell{path, f.bob, start, tokens(1), wrapping_add(*out, 1)};
    refused(sell, text("V4TooLittleReceived", sell.amount_out_minimum, *out));
    sell.deadline = past;
    refused(sell, "TransactionDeadlinePassed()");
    sell.path.fees = {};
    refused(sell, "TransactionDeadlinePassed()");  // Before the path is looked at.
    sell.deadline = start;
    refused(sell, "(no reason)");
    sell.path = path;
    sell.amount_out_minimum = *out;
    f.expect_ok(f.bob, f.router.id(), sell);

    const auto in = f.plain.quote_exact_output(key.currency0, key.currency1, tokens(1));
    REQUIRE(in.has_value());
    SwapExactOutput buy{path, f.bob, start, tokens(1), wrapping_sub(*in, 1)};
    refused(buy, text("V4TooMuchRequested", buy.amount_in_maximum, *in));
    buy.deadline = past;
    refused(buy, "TransactionDeadlinePassed()");
    buy.path.hooks = {};
    refused(buy, "TransactionDeadlinePassed()");
    buy.deadline = start;
    refused(buy, "(no reason)");
    buy.path = path;
    buy.amount_in_maximum = *in;
    f.expect_ok(f.bob, f.router.id(), buy);
}

TEST_CASE("uniswap v4 manager: no pool and no token is nothing to trade", "[contracts][uniswap_v4]")
{
    V4Fixture f;
    const auto& key = f.plain.key();
    const SwapParams params{true, paid(1'000), price_end(true)};
    CHECK(f.manager.quote_swap(key, params).error().to_string() == "PoolNotInitialized()");
    CHECK(f.manager.quote_swap(key, {true, {}, price_end(true)}).error().to_string() ==
          "SwapAmountCannotBeZero()");
    CallWriter swap;
    swap.add(f.manager.id(), Swap{key, true, paid(1'000), price_end(true)});
    f.expect_refusal(f.bob, f.unlock(swap), "PoolNotInitialized()");
    CallWriter give;
    give.add(f.manager.id(), Donate{key, 1, 1});
    f.expect_refusal(f.bob, f.unlock(give), "PoolNotInitialized()");

    f.expect_ok(f.owner, f.manager.id(), SetProtocolFeeController{f.alice});
    const SetProtocolFee too_much{key, 1'001};
    f.expect_refusal(f.alice, f.manager.id(), too_much, "ProtocolFeeTooLarge(1001)");
    const SetProtocolFee fee{key, 1'000};
    f.expect_refusal(f.bob, f.manager.id(), fee, "InvalidCaller()");
    f.expect_refusal(f.alice, f.manager.id(), fee, "PoolNotInitialized()");
    f.open(f.plain);
    f.expect_ok(f.alice, f.manager.id(), fee);

    const auto no_token = f.router.id();
    f.expect_refusal(f.bob, f.manager.id(), Sync{no_token}, "no such token");
    CallWriter take;
    take.add(f.manager.id(), Take{no_token, f.bob, 1});
    f.expect_refusal(f.bob, f.unlock(take), "no such token");
    f.expect_refusal(f.alice, f.manager.id(),
        Initialize{{f.token[0]->id(), no_token, 500, 10, zero_account}, price_one},
        "no such token");
}

TEST_CASE("uniswap v4 manager: what it refuses, the first reason first", "[contracts][uniswap_v4]")
{
    V4Fixture f;
    const auto id = f.manager.id();
    const auto& key = f.plain.key();
    const auto too_wide = Amount::power_of_two(160);
    auto coarse = key;
    coarse.tick_spacing = 32'768;
    f.expect_refusal(f.bob, id, Initialize{coarse, too_wide}, "(no reason)");
    f.expect_refusal(f.bob, id, Initialize{coarse, price_one}, "TickSpacingTooLarge(32768)");
    auto dear = key;
    dear.fee = 1'000'001;
    f.expect_refusal(f.bob, id, Initialize{dear, price_one}, "LPFeeTooLarge(1000001)");
    dear.hooks = f.alice;  // No hook.
    f.expect_refusal(f.bob, id, Initialize{dear, price_one},
        fmt::format("HookAddressNotValid(#{})", index(f.alice)));
    f.open(f.plain);

    f.expect_refusal(
        f.bob, id, UpdateDynamicLpFee{key, 1'000'001}, "UnauthorizedDynamicLPFeeUpdate()");
    const auto steps_refused = [&](const auto& step, std::string_view reason)
    {
        CallWriter steps;
        steps.add(id, step);
        f.expect_refusal(f.bob, f.unlock(steps), reason);
    };
    steps_refused(Swap{key, true, {}, too_wide}, "(no reason)");
    steps_refused(Swap{key, true, {}, price_end(true)}, "SwapAmountCannotBeZero()");
    const auto low = uniswap_v3::min_tick - 1;
    const auto high = uniswap_v3::max_tick + 1;
    const auto place = [&](std::int32_t lower, std::int32_t upper) {
        return ModifyLiquidity{key, lower, upper, Int256{1}, {}};
    };
    steps_refused(place(low, low), fmt::format("TicksMisordered({0}, {0})", low));
    steps_refused(place(low, high), fmt::format("TickLowerOutOfBounds({})", low));
    steps_refused(place(0, high), fmt::format("TickUpperOutOfBounds({})", high));

    f.expect_refusal(f.bob, id, TransferOwnership{f.bob}, "UNAUTHORIZED");
    f.expect_refusal(f.bob, id, SetProtocolFeeController{f.bob}, "UNAUTHORIZED");
    f.expect_ok(f.owner, id, TransferOwnership{f.alice});
    f.expect_refusal(f.owner, id, SetProtocolFeeController{f.bob}, "UNAUTHORIZED");
    f.expect_ok(f.alice, id, SetProtocolFeeController{f.alice});
    f.expect_refusal(f.bob, id, SetProtocolFee{key, 1'001}, "InvalidCaller()");
    const CollectProtocolFees collect{f.bob, key.currency0, {}};
    CallWriter synced;
    synced.add(id, Sync{key.currency0}).add(id, collect);
    f.expect_refusal(f.bob, synced, "InvalidCaller()");
    f.expect_refusal(f.alice, synced, "ProtocolFeeCurrencySynced()");
    f.expect_ok(f.alice, id, collect);
}

TEST_CASE("uniswap v4 exchange: orders do what quotes say, along a path and in hooked pools",
    "[contracts][uniswap_v4][property]")
{
    V4Fixture f;
    RandomStream random{20'260'101, 401, 0, 0};
    for (const auto* pool : {&f.plain, &f.second, &f.moving, &f.ordered})
    {
        f.open(*pool);
        f.provide(f.alice, *pool, -60'000, 60'000, tokens(100'000));
        f.provide(f.alice, *pool, -600, 1'200, tokens(500'000));
    }
    const Venue& venue = f.router;
    std::uint64_t time = start;
    std::set<std::uint32_t> fees;
    for (int i = 0; i < 200; ++i)
    {
        time += 12;
        f.sandbox.set_time(time);
        const auto& pool =
            *std::array{&f.plain, &f.second, &f.moving, &f.ordered}[random.uniform_below(4)];
        REQUIRE(venue.serves(pool));
        const auto all = pool.tokens();
        const bool down = random.bernoulli(0.5);
        const auto in = all[down ? 0 : 1];
        const auto out = all[down ? 1 : 0];
        const auto amount = wrapping_mul(1 + random.uniform_below(99),
            Amount::power_of_ten(static_cast<unsigned>(3 + random.uniform_below(18))));
        if (random.bernoulli(0.3))
        {
            const auto quote = pool.quote_exact_output(in, out, amount);
            REQUIRE(quote.has_value());
            const auto outcome = f.expect_ok(f.bob, f.router.id(),
                SwapExactOutput{V4Fixture::path_of(pool, down), f.bob, never, amount, *quote});
            CHECK(outcome.returns.values[0] == *quote);
            continue;
        }
        const auto quote = pool.quote_exact_input(in, out, amount);
        REQUIRE(quote.has_value());
        fees.insert(f.manager.swap_fee(f.moving.key(), down));
        const Hop hop{&pool, in, out};
        CallWriter calls;
        venue.add_swap(calls, {std::span{&hop, 1}, amount, *quote, f.bob, never});
        CHECK(f.expect_ok(f.bob, calls).returns.values[0] == *quote);
        // Quotes are of the next block.
        time += 12;
        f.sandbox.set_time(time);
        CallWriter more;
        const auto next = pool.quote_exact_input(in, out, amount);
        REQUIRE(next.has_value());
        venue.add_swap(more, {std::span{&hop, 1}, amount, wrapping_add(*next, 1), f.bob, never});
        const auto refused = f.sandbox.run(f.bob, more);
        REQUIRE_FALSE(refused.ok());
        CHECK(venue.failure_of(refused.receipt.refusal) == OrderFailure::limit);
    }
    CHECK(fees.size() > 5);

    const std::array route{Hop{&f.plain, f.token[0]->id(), f.token[1]->id()},
        Hop{&f.second, f.token[1]->id(), f.token[2]->id()}};
    const auto first = f.plain.quote_exact_input(route[0].token_in, route[0].token_out, tokens(3));
    const auto last = f.second.quote_exact_input(route[1].token_in, route[1].token_out, *first);
    CallWriter calls;
    venue.add_swap(calls, {route, tokens(3), *last, f.bob, never});
    CHECK(f.expect_ok(f.bob, calls).returns.values[0] == *last);
    CallWriter late;
    venue.add_swap(late, {route, tokens(3), {}, f.bob, time - 1});
    const auto refused = f.sandbox.run(f.bob, late);
    CHECK(venue.failure_of(refused.receipt.refusal) == OrderFailure::deadline);
}

// At sqrt(7 / 3), by the formulas of SqrtPriceMath in whole numbers, each range by itself.
TEST_CASE("uniswap v4 exchange: what it says of liquidity is rounded down, to the unit",
    "[contracts][uniswap_v4]")
{
    V4Fixture f;
    const auto decimal = [](std::string_view text) { return *Amount::from_decimal(text); };
    f.open(f.plain, decimal("121023017297959709708926085430"));
    f.provide(f.alice, f.plain, 7'800, 9'000, wrapping_add(tokens(1'000), 3));
    f.provide(f.bob, f.plain, -887'220, 887'220, wrapping_add(tokens(700), 1));
    const auto& key = f.plain.key();
    CHECK(f.plain.depth(key.currency0) == decimal("1112911240203561144459"));
    CHECK(f.plain.depth(key.currency1) == decimal("2596792893808309337072"));
    CHECK(f.plain.reserve(key.currency0) == decimal("475268742743367542858"));
    CHECK(f.plain.reserve(key.currency1) == decimal("1119840898850444722412"));
}

TEST_CASE("uniswap v4 manager: at the last price of all a limit is passed first",
    "[contracts][uniswap_v4]")
{
    V4Fixture f;
    f.open(f.plain, uniswap_v3::min_sqrt_ratio);
    const auto refusal_of = [&](const Amount& limit) {
        return f.manager.quote_swap(f.plain.key(), {true, paid(1), limit}).error().to_string();
    };
    const auto last = uniswap_v3::min_sqrt_ratio;
    CHECK(refusal_of(last) == "PriceLimitAlreadyExceeded(4295128739, 4295128739)");
    CHECK(refusal_of(wrapping_sub(last, 1)) == "PriceLimitOutOfBounds(4295128738)");
}

TEST_CASE("uniswap v4 exchange: a deposit takes what was quoted, and a withdrawal pays its worth",
    "[contracts][uniswap_v4]")
{
    V4Fixture f;
    f.open(f.plain, wrapping_mul(3, price_one));
    f.provide(f.alice, f.plain, -60'000, 60'000, tokens(1'000));
    const std::array offered{tokens(5), tokens(40)};
    const auto quote = f.plain.quote_deposit(offered);
    REQUIRE(quote.has_value());
    CallWriter deposit;
    f.router.add_deposit(
        deposit, {&f.plain, {offered[0], offered[1]}, {Amount{}, Amount{}}, {}, f.bob, never});
    const auto before = f.held(f.bob, f.plain);
    f.expect_ok(f.bob, deposit);
    const auto after = f.held(f.bob, f.plain);
    for (unsigned side = 0; side < 2; ++side)
        CHECK(wrapping_sub(before[side], after[side]) == quote->amounts[side]);
    CHECK(f.plain.share_balance(f.bob) == quote->shares);
    const auto worth = f.plain.share_value(quote->shares);
    CallWriter withdrawal;
    f.router.add_withdrawal(withdrawal, {&f.plain, quote->shares, worth, f.bob, never});
    f.expect_ok(f.bob, withdrawal);
    const auto end = f.held(f.bob, f.plain);
    for (unsigned side = 0; side < 2; ++side)
    {
        CHECK(wrapping_sub(end[side], after[side]) == worth[side]);
        CHECK(end[side] < before[side]);  // Both roundings are the pool's.
    }
    // Others' positions are theirs.
    f.expect_refusal(f.bob, f.router.id(),
        RemoveLiquidity{f.plain.key(), -60'000, 60'000, 1, {}, {}, f.bob, never},
        "SafeCastOverflow()");
}

namespace
{
/// Rows of dex_range_changes: kind, whose, range, liquidity and both amounts.
std::vector<DexRangeChange> range_changes(const Sandbox::Outcome& outcome)
{
    return ContractFixture::events_of<DexRangeChange>(outcome.block);
}
}  // namespace

TEST_CASE("uniswap v4 pool: a range takes what is quoted, owes its fees and pays both",
    "[contracts][uniswap_v4][range]")
{
    V4Fixture f;
    f.open(f.plain, wrapping_mul(3, price_one));
    f.provide(f.alice, f.plain, -60'000, 60'000, tokens(1'000));
    const auto carol = f.sandbox.account("carol");  // Has approved nothing.
    for (auto* each : f.token)
        each->allocate(carol, tokens(1'000));
    const RangeExchange& ranges = f.plain;
    CHECK(ranges.tick() == 21'973);  // 1.0001^21973 <= 9 < 1.0001^21974.
    CHECK(ranges.tick_spacing() == 60);
    CHECK((ranges.widest().lower == -887'220 && ranges.widest().upper == 887'220));

    const PriceRange range{21'000, 22'980};
    const std::array offered{tokens(10), tokens(90)};
    const auto quote = ranges.quote_range_deposit(range, offered);
    REQUIRE(quote.has_value());
    const auto in = f.held(carol, f.plain);
    CallWriter deposit;
    ranges.add_range_deposit(deposit, range, quote->shares, carol);
    const auto deposited = f.expect_ok(carol, deposit);
    const auto after = f.held(carol, f.plain);
    for (unsigned side = 0; side < 2; ++side)
        CHECK(wrapping_sub(in[side], after[side]) == quote->amounts[side]);
    CHECK(ranges.range_liquidity(carol, range) == quote->shares);
    CHECK(ranges.range_liquidity(f.alice, range).is_zero());
    const auto rows = range_changes(deposited);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].transaction_type == DexRangeChangeType::deposit);
    CHECK(rows[0].provider == carol);  // Not the router that keeps it.
    CHECK((rows[0].tick_lower == range.lower && rows[0].tick_upper == range.upper));
    CHECK(rows[0].liquidity == quote->shares);
    CHECK(rows[0].amount0_raw == quote->amounts[0]);
    CHECK(rows[0].amount1_raw == quote->amounts[1]);

    // Fees come to it alone as far as the liquidity in range is its own.
    CHECK(ranges.range_owed(carol, range) == std::vector<Amount>(2));
    f.swap(f.bob, f.plain, false, tokens(10));
    const auto owed = ranges.range_owed(carol, range);
    CHECK(owed[0].is_zero());
    const auto all = wrapping_add(quote->shares, tokens(1'000));
    CHECK(owed[1].to_double() ==
          Approx(0.03e18 * quote->shares.to_double() / all.to_double()).epsilon(1e-9));

    // Out of range by now: of the second token it pays only fees, set against nothing.
    f.swap(f.bob, f.plain, true, tokens(600));
    REQUIRE(ranges.tick() < range.lower);
    const auto earned = ranges.range_owed(carol, range);
    const auto more = ranges.quote_range_deposit(range, std::array{tokens(1), Amount{}});
    REQUIRE(more.has_value());
    CHECK(more->amounts[1].is_zero());
    const auto held = f.held(carol, f.plain);
    CallWriter again;
    ranges.add_range_deposit(again, range, more->shares, carol);
    CallWriter alone;  // What it has approved once holds.
    alone.add(f.router.id(), AddLiquidity{f.plain.key(), range.lower, range.upper, more->shares,
                                 uniswap_v3::uint128_max, uniswap_v3::uint128_max, carol, never});
    CHECK(std::ranges::equal(again.list().bytes, alone.list().bytes));
    const auto added = range_changes(f.expect_ok(carol, again));
    REQUIRE(added.size() == 2);
    CHECK(added[0].amount0_raw == more->amounts[0]);
    CHECK(added[1].transaction_type == DexRangeChangeType::payout);
    CHECK(added[1].amount0_raw == earned[0]);
    CHECK(added[1].amount1_raw == earned[1]);
    const auto then = f.held(carol, f.plain);
    CHECK(wrapping_sub(held[0], then[0]) == wrapping_sub(more->amounts[0], earned[0]));
    CHECK(wrapping_sub(then[1], held[1]) == earned[1]);
    CHECK(ranges.range_owed(carol, range) == std::vector<Amount>(2));

    f.swap(f.bob, f.plain, false, tokens(3'000));
    const auto whole = ranges.range_liquidity(carol, range);
    CHECK(whole == wrapping_add(quote->shares, more->shares));
    const auto worth = ranges.range_value(range, whole);
    const auto fees = ranges.range_owed(carol, range);
    const auto before = f.held(carol, f.plain);
    CallWriter withdrawal;
    ranges.add_range_withdrawal(withdrawal, range, whole, carol);
    const auto taken = range_changes(f.expect_ok(carol, withdrawal));
    const auto end = f.held(carol, f.plain);
    REQUIRE(taken.size() == 2);
    CHECK(taken[0].transaction_type == DexRangeChangeType::withdrawal);
    CHECK(taken[0].liquidity == whole);
    CHECK(taken[0].amount0_raw == worth[0]);
    CHECK(taken[1].transaction_type == DexRangeChangeType::payout);
    for (unsigned side = 0; side < 2; ++side)
        CHECK(wrapping_sub(end[side], before[side]) == wrapping_add(worth[side], fees[side]));
    CHECK(taken[1].amount0_raw == wrapping_add(worth[0], fees[0]));
    CHECK(taken[1].amount1_raw == wrapping_add(worth[1], fees[1]));
    CHECK(ranges.range_liquidity(carol, range).is_zero());
    CHECK(ranges.range_owed(carol, range) == std::vector<Amount>(2));

    // Whoever calls the manager itself is its own provider, whatever its salt; a pool that no
    // scenario names has no rows.
    CallWriter steps;
    steps.add(f.manager.id(), ModifyLiquidity{f.plain.key(), -120, 120, Int256{500}, 7});
    const Erc20Transfer transfer{f.manager.account(), {}};
    steps.add(f.manager.id(), Sync{f.plain.key().currency1})
        .add(f.plain.key().currency1, transfer, Binding{transfer.value, ResultOf{0, 3}})
        .add(f.manager.id(), Settle{});
    const auto own = range_changes(f.expect_ok(f.alice, f.unlock(steps)));
    REQUIRE(own.size() == 1);
    CHECK(own[0].provider == f.alice);
    CHECK(ranges.range_liquidity(f.alice, {-120, 120}).is_zero());  // None that the router keeps.
    const PoolKey nameless{f.token[0]->id(), f.token[1]->id(), 1'000, 60, zero_account};
    f.expect_ok(f.alice, f.manager.id(), Initialize{nameless, price_one});
    const auto quiet = f.expect_ok(f.bob, f.router.id(),
        AddLiquidity{nameless, -120, 120, 500, Amount::max(), Amount::max(), f.bob, never});
    CHECK(range_changes(quiet).empty());
}

TEST_CASE("uniswap v4 pool: quotes of ranges and of gas know what a tick and a way are worth",
    "[contracts][uniswap_v4][range]")
{
    V4Fixture f;
    const RangeExchange& ranges = f.second;  // Every tenth tick.
    const std::array much{Amount::power_of_two(120), Amount::power_of_two(120)};
    CHECK_FALSE(ranges.quote_range_deposit({-10, 10}, much).has_value());  // No price yet.
    f.open(f.second);
    const auto most = max_liquidity_per_tick(10);
    const auto all = ranges.quote_range_deposit({-10, 10}, std::array{tokens(1), tokens(1)});
    REQUIRE(all.has_value());
    f.provide(f.bob, f.second, -10, 0, wrapping_sub(most, all->shares));
    CHECK(ranges.quote_range_deposit({-10, 10}, std::array{tokens(1), tokens(1)}).has_value());
    f.provide(f.bob, f.second, -10, 0, 1);
    CHECK_FALSE(ranges.quote_range_deposit({-10, 10}, std::array{tokens(1), tokens(1)}));
    CHECK(ranges.quote_range_deposit({10, 20}, std::array{tokens(1), tokens(1)}).has_value());

    f.open(f.plain);
    f.provide(f.alice, f.plain, -60, 60, tokens(1'000));
    f.provide(f.alice, f.plain, -60'000, -30'000, tokens(1'000));
    const auto a = f.token[0]->id();
    // Down from tick 0, whose word of the bitmap ends there, into the next one; out of the range
    // and through two more words, of 256*60 ticks each, into the other: two ticks.
    namespace gas = uniswap_v4::gas;
    const auto near = f.plain.crossing_gas(a, 1'000);
    const auto far = f.plain.crossing_gas(a, tokens(100));
    CHECK(near == gas::bitmap_word);
    CHECK(far == 2 * gas::crossed_tick + 4 * gas::bitmap_word);
    const auto used_by = [&](const Amount& amount)
    {
        const SwapExactInput swap{f.path_of(f.plain, true), f.bob, never, amount, {}};
        return f.expect_ok(f.bob, f.router.id(), swap).receipt.gas_used;
    };
    const auto used_near = used_by(1'000);
    const auto then = f.plain.crossing_gas(a, tokens(100));
    CHECK(then == far - near);  // It is in the next word by now.
    CHECK(used_by(tokens(100)) - used_near == then - near);
    CHECK(f.plain.crossing_gas(a, tokens(1'000'000)) == 0);  // It would be refused.
}

// All rounding is in the manager's favour: nobody takes out more than was put in, whatever the
// order.
TEST_CASE("uniswap v4 manager: everybody can leave, and no swap and back gains",
    "[contracts][uniswap_v4][property]")
{
    V4Fixture f;
    RandomStream random{20'260'101, 402, 0, 0};
    f.open(f.plain);
    f.open(f.moving);
    f.expect_ok(f.owner, f.manager.id(), SetProtocolFeeController{f.owner});
    f.expect_ok(f.owner, f.manager.id(), SetProtocolFee{f.plain.key(), 700U | 1'000U << 12U});
    std::set<std::tuple<const UniswapV4Pool*, AccountId, std::int32_t, std::int32_t>> positions;
    std::uint64_t time = start;
    for (int i = 0; i < 300; ++i)
    {
        time += random.uniform_below(40);
        f.sandbox.set_time(time);
        const auto who = random.bernoulli(0.5) ? f.alice : f.bob;
        const auto& pool = random.bernoulli(0.5) ? f.plain : f.moving;
        if (positions.empty() || random.bernoulli(0.35))
        {
            const auto lower = 60 * (static_cast<std::int32_t>(random.uniform_below(60)) - 40);
            const auto upper =
                lower + 60 + 60 * static_cast<std::int32_t>(random.uniform_below(50));
            f.provide(who, pool, lower, upper, 1 + random.uniform_below(1'000'000'000'000ULL));
            positions.emplace(&pool, who, lower, upper);
        }
        else if (random.bernoulli(0.3))
        {
            auto at = positions.begin();
            std::advance(at, static_cast<std::ptrdiff_t>(random.uniform_below(positions.size())));
            const auto [in, holder, lower, upper] = *at;
            const auto& all = f.manager
                                  .position({f.manager.find_pool(in->key()), f.router.account(),
                                      lower, upper, UniswapV4Router::salt_of(holder)})
                                  .liquidity;
            if (!all.is_zero())
                f.withdraw(holder, *in, lower, upper, div_down(all, 1 + random.uniform_below(3)));
        }
        else if (random.bernoulli(0.1) && !pool.state().liquidity.is_zero())
        {
            CallWriter give;
            give.add(f.manager.id(), Donate{pool.key(), 1 + random.uniform_below(9'999), 0})
                .add(f.manager.id(), Sync{pool.key().currency0});
            const Erc20Transfer transfer{f.manager.account(), {}};
            give.add(pool.key().currency0, transfer, Binding{transfer.value, ResultOf{0, 2}})
                .add(f.manager.id(), Settle{});
            f.expect_ok(who, f.unlock(give));
        }
        else
        {
            const bool down = random.bernoulli(0.5);
            const auto before = f.held(who, pool);
            // There and back again with what came out.
            const auto out = f.swap(who, pool, down, 1 + random.uniform_below(30'000'000'000ULL));
            if (!out.returns.values[0].is_zero())
                f.swap(who, pool, !down, out.returns.values[0]);
            const auto after = f.held(who, pool);
            CHECK(after[down ? 0 : 1] <= before[down ? 0 : 1]);
        }
    }
    for (const auto& [pool, holder, lower, upper] : positions)
    {
        const auto liquidity = f.manager
                                   .position({f.manager.find_pool(pool->key()), f.router.account(),
                                       lower, upper, UniswapV4Router::salt_of(holder)})
                                   .liquidity;
        if (!liquidity.is_zero())
            f.withdraw(holder, *pool, lower, upper, liquidity);
    }
    for (const auto* pool : {&f.plain, &f.moving})
    {
        CHECK(f.manager.initialized_ticks(f.manager.find_pool(pool->key())).empty());
        CHECK(pool->state().liquidity.is_zero());
    }
    for (unsigned side = 0; side < 2; ++side)
    {
        const auto currency = f.token[side]->id();
        CHECK(!f.manager.protocol_fees(currency).is_zero());
        f.expect_ok(f.owner, f.manager.id(), CollectProtocolFees{f.owner, currency, {}});
        // What is left is rounding: some units for each thing that happened.
        CHECK(f.token[side]->balance(f.manager.account()) < Amount{5'000});
    }
}

TEST_CASE("uniswap v4 swaps: the protocol's part is of what comes in, and all may be a fee",
    "[contracts][uniswap_v4]")
{
    // protocol + lp - protocol * lp / 10^6.
    CHECK(swap_fee_of(1'000, 3'000) == 3'997);
    CHECK(swap_fee_of(1'000, 1) == 1'001);
    CHECK(swap_fee_of(1'000, pips) == pips);
    CHECK(protocol_fee_of(700U | 900U << 12U, true) == 700);
    CHECK(protocol_fee_of(700U | 900U << 12U, false) == 900);
    // A step that ends short of its target takes all: what no price pays for is a fee.
    const auto far = wrapping_mul(2, price_one);
    const auto step = compute_swap_step(price_one, far, tokens(1), 1'000'001, true, 3'000);
    REQUIRE(step.has_value());
    CHECK(step->amount_in == Amount{997'000});  // 1'000'001 * 0.997, rounded down.
    CHECK(step->fee == Amount{3'001});
    const auto kept = compute_swap_step(price_one, far, tokens(1), 1'000'001, true, pips);
    REQUIRE(kept.has_value());
    CHECK(kept->price == price_one);
    CHECK(kept->fee == Amount{1'000'001});
    CHECK(kept->amount_out.is_zero());
    // More ticks than v3 counts where the lowest is off the grid: 29'576 of 60.
    CHECK(max_liquidity_per_tick(60) ==
          div_down(uniswap_v3::uint128_max, Amount{14'787 + 14'788 + 1}));
    CHECK(max_liquidity_per_tick(1) == div_down(uniswap_v3::uint128_max, Amount{1'774'545}));
}

TEST_CASE("uniswap v4 volatility fee: it is what the formula says of the blocks before",
    "[contracts][uniswap_v4][property]")
{
    V4Fixture f;
    RandomStream random{20'260'101, 403, 0, 0};
    f.open(f.moving);
    f.provide(f.alice, f.moving, -60'000, 60'000, tokens(1'000'000));
    const PoolKey fixed{f.token[0]->id(), f.token[1]->id(), 3'000, 60, f.volatility.account()};
    f.expect_refusal(f.alice, f.manager.id(), Initialize{fixed, price_one},
        fmt::format("WrappedError(#{},afterInitialize,MustUseDynamicFee(),HookCallFailed())",
            index(f.volatility.account())));

    double variance = 0;
    std::uint64_t time = start;
    std::uint64_t measured = start;
    std::uint64_t swapped = start;
    std::int32_t tick = 0;
    std::uint32_t highest = 0;
    for (int i = 0; i < 150; ++i)
    {
        time += 12 * (1 + random.uniform_below(5));
        f.sandbox.set_time(time);
        if (swapped > measured)
        {
            const double moved = f.moving.state().tick - tick;
            variance =
                (variance * 600 + moved * moved) / static_cast<double>(600 + (swapped - measured));
            tick = f.moving.state().tick;
            measured = swapped;
        }
        const auto expected = std::min(500 + 1'000 * std::sqrt(variance * 86'400) / 100, 20'000.0);
        const auto quoted = f.manager.swap_fee(f.moving.key(), true);
        CHECK(std::abs(static_cast<double>(quoted) - expected) < 2 + expected / 1'000);
        highest = std::max(highest, quoted);
        // A wild hour, then a calm one. All swaps of a block pay the same.
        const auto amount = i < 75 ? tokens(1 + random.uniform_below(1'000)) : tokens(1);
        const bool down = random.bernoulli(0.5);
        for (int swap = 0; swap < 2; ++swap)
        {
            f.swap(f.bob, f.moving, down, amount);
            CHECK(f.volatility.fee_of(f.volatility.history(f.moving.key())) == quoted);
        }
        swapped = time;
    }
    CHECK(highest > 5'000);
    CHECK(f.manager.swap_fee(f.moving.key(), true) < highest / 2);
}

TEST_CASE("uniswap v4 limit orders: a price that passes fills, and does not turn back",
    "[contracts][uniswap_v4]")
{
    V4Fixture f;
    f.open(f.ordered);
    f.provide(f.alice, f.ordered, -60'000, 60'000, tokens(1'000));
    const auto& key = f.ordered.key();
    const auto place = [&](AccountId who, std::int32_t tick, bool sells0, const Amount& liquidity) {
        return f.expect_ok(who, f.orders.id(), PlaceOrder{key, tick, sells0, liquidity});
    };
    f.expect_refusal(f.bob, f.orders.id(), PlaceOrder{key, 120, true, Amount{}}, "ZeroLiquidity()");
    f.expect_refusal(f.bob, f.orders.id(), PlaceOrder{key, 120, false, 1'000}, "CrossedRange()");
    f.expect_refusal(f.bob, f.orders.id(), PlaceOrder{key, -120, true, 1'000}, "CrossedRange()");
    f.swap(f.bob, f.ordered, false, tokens(1));  // Off the grid.
    f.expect_refusal(f.bob, f.orders.id(), PlaceOrder{key, 0, true, tokens(1)}, "InRange()");

    place(f.bob, 120, true, tokens(100));
    place(f.alice, 120, true, tokens(300));
    place(f.bob, -120, false, tokens(100));
    REQUIRE(f.orders.order_count() == 2);
    f.expect_refusal(f.bob, f.orders.id(), WithdrawOrder{1, f.bob}, "NotFilled()");

    // Into the range, and out of it again: nothing is filled.
    f.swap(f.bob, f.ordered, false, tokens(8));
    REQUIRE(f.ordered.state().tick > 120);
    REQUIRE(f.ordered.state().tick < 180);
    CHECK_FALSE(f.orders.order(1).is_filled);
    f.swap(f.bob, f.ordered, false, tokens(20));
    REQUIRE(f.ordered.state().tick >= 180);
    CHECK(f.orders.order(1).is_filled);
    CHECK_FALSE(f.orders.order(2).is_filled);
    // It has become the other currency; what is left of the first one is a fee of the way back, or
    // nothing.
    CHECK(f.orders.order(1).total0.is_zero());
    const auto total = f.orders.order(1).total1;
    CHECK(!total.is_zero());
    f.swap(f.bob, f.ordered, true, tokens(60));
    CHECK(f.orders.order(1).total1 == total);
    REQUIRE(f.ordered.state().tick < -120);
    CHECK(f.orders.order(2).is_filled);

    const auto before = f.held(f.bob, f.ordered);
    f.expect_ok(f.bob, f.orders.id(), WithdrawOrder{1, f.bob});
    CHECK(wrapping_sub(f.held(f.bob, f.ordered)[1], before[1]) == div_down(total, 4));
    f.expect_refusal(f.bob, f.orders.id(), WithdrawOrder{1, f.bob}, "NothingOrdered()");
    f.expect_ok(f.alice, f.orders.id(), WithdrawOrder{1, f.alice});
    CHECK(f.orders.order(1).total1.is_zero());
}

TEST_CASE(
    "uniswap v4 limit orders: nobody loses, whoever cancels", "[contracts][uniswap_v4][property]")
{
    V4Fixture f;
    RandomStream random{20'260'101, 404, 0, 0};
    f.open(f.ordered);
    f.provide(f.alice, f.ordered, -60'000, 60'000, tokens(1'000));
    const auto& key = f.ordered.key();
    int filled = 0;
    int cancelled = 0;
    for (int i = 0; i < 300; ++i)
    {
        const auto who = random.bernoulli(0.5) ? f.alice : f.bob;
        const auto tick = 60 * (static_cast<std::int32_t>(random.uniform_below(20)) - 10);
        const bool sells0 = tick > f.ordered.state().tick;
        if (random.bernoulli(0.5))
        {
            const auto down = random.bernoulli(0.5);
            const auto outcome =
                f.swap(f.bob, f.ordered, down, tokens(1 + random.uniform_below(15)));
            for (const auto& event : outcome.block.events)
                filled += event.type == &event_type<OrderFilledLog> ? 1 : 0;
        }
        else if (const auto open = f.orders.open_order({key, tick, sells0});
                 random.bernoulli(0.3) && open != 0 && !f.orders.liquidity_of(open, who).is_zero())
        {
            f.expect_ok(who, f.orders.id(), CancelOrder{key, tick, sells0, who});
            ++cancelled;
        }
        else if (const auto ended = tick + 60;
                 sells0 ? tick > f.ordered.state().tick : ended <= f.ordered.state().tick)
        {
            f.expect_ok(who, f.orders.id(),
                PlaceOrder{key, tick, sells0, tokens(1 + random.uniform_below(50))});
        }
    }
    CHECK(filled > 20);
    CHECK(cancelled > 5);
    for (std::uint64_t number = 1; number <= f.orders.order_count(); ++number)
    {
        const auto place = f.orders.order(number).place;
        for (const auto who : {f.alice, f.bob})
        {
            if (f.orders.liquidity_of(number, who).is_zero())
                continue;
            if (f.orders.order(number).is_filled)
                f.expect_ok(who, f.orders.id(), WithdrawOrder{number, who});
            else
            {
                f.expect_ok(who, f.orders.id(),
                    CancelOrder{key, place.tick_lower, place.zero_for_one, who});
            }
        }
        CHECK(f.orders.order(number).liquidity.is_zero());
        CHECK(f.orders.order(number).total0.is_zero());
        CHECK(f.orders.order(number).total1.is_zero());
    }
    for (const auto* each : {f.token[0], f.token[1]})
        CHECK(f.manager.claims(f.orders.account(), each->id()).is_zero());
}

}  // namespace runnel::contracts
