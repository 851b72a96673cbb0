#include "contracts/custody/custodial_exchange/exchange.hpp"
#include "contracts/kit/creation.hpp"
#include "contracts/oracles/price_oracle/price_oracle.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "contracts/tokens/native/native_coin.hpp"
#include "tests/contracts/contract_fixture.hpp"
#include "tests/support/shrinking.hpp"

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace runnel::contracts
{
namespace
{
using namespace custodial_exchange;

constexpr std::uint64_t hour = 3'600;
constexpr std::uint64_t monday = 1'704'067'200;  // Midnight before 1 January 2024.
const Amount ether = Amount::power_of_ten(18);

Amount usd(std::uint64_t whole)
{
    return Amount{whole * 1'000'000};
}
Amount milliether(std::uint64_t amount)
{
    return wrapping_mul(Amount{amount}, Amount::power_of_ten(15));
}

/// Holds what one account sends or what goes to it, refuses what goes to another.
class WatchList : public ContractBase<WatchList>, public ScreeningPolicy
{
public:
    using ContractBase::ContractBase;
    [[nodiscard]] const ContractType& type() const override
    {
        static const ContractType type{.kind = "watch_list",
            .help = "For tests.",
            .sectors = implements<WatchList, ScreeningPolicy>(),
            .methods = {},
            .events = {},
            .parameters = {}};
        return type;
    }
    ScreeningVerdict screen(CallContext& context, const ScreenedMovement& movement) override
    {
        CHECK(context.sender() == movement.custodian);
        if (movement.counterparty == refused)
            return ScreeningVerdict::refuse;
        return movement.counterparty == held ? ScreeningVerdict::hold : ScreeningVerdict::pass;
    }

    AccountId held{0xFFFF'FFFF};
    AccountId refused{0xFFFF'FFFF};
};

struct Setup
{
    std::uint32_t spread_bps = 25;
    bool has_screening = false;
    std::uint32_t fee_on_transfer_bps = 0;
    std::uint64_t minimum_usd = 20;  // Of a withdrawal of USDC.
};

/// An exchange of USDC and ETH at 2'000 USD. It has 10'000 USDC and 10 ETH of its own; alice and
/// bob have 5'000 USDC and 20 ETH each and an account.
struct ExchangeFixture : ContractFixture
{
    explicit ExchangeFixture(const Setup& setup = {})
      : usdc{sandbox.add<Erc20>("USDC", TokenInfo{"USDC", 6}, TokenFlavour::openzeppelin5,
            zero_account, TokenQuirks{setup.fee_on_transfer_bps, {}, TransferAnswer::success})},
        clerk{sandbox.account("clerk")},
        alice{sandbox.account("alice")},
        bob{sandbox.account("bob")},
        eve{sandbox.account("eve")},
        keeper{sandbox.account("keeper")},
        cold{sandbox.account("exchange/cold")},
        oracle{sandbox.add<PriceOracle>("oracle", "keeper",
            std::vector<TokenPrice>{
                {native_coin, Amount{2'000'00000000}}, {usdc.id(), Amount{1'00000000}}})},
        watch{sandbox.add<WatchList>("watch")},
        exchange{sandbox.add<CustodialExchange>("exchange", terms(setup))}
    {
        sandbox.connect();
        sandbox.set_time(monday + 12 * hour);
        for (const auto customer : {alice, bob, eve})
        {
            usdc.allocate(customer, usd(5'000));
            give_ether(customer, wrapping_mul(Amount{20}, ether));
        }
        exchange.endow(sandbox.world(), usdc.id(), usd(10'000));
        exchange.endow(sandbox.world(), native_coin, wrapping_mul(Amount{10}, ether));
        open(alice);
        open(bob);
    }

    Terms terms(const Setup& setup) const
    {
        Terms terms;
        terms.tokens = {{native_coin, milliether(2), milliether(10), {}, milliether(1)},
            {usdc.id(), usd(5), usd(setup.minimum_usd), usd(2'000), usd(1)}};
        terms.operated_by = "clerk";
        terms.prices = oracle.id();
        if (setup.has_screening)
            terms.screening = watch.id();
        terms.spread_bps = setup.spread_bps;
        terms.cold_delay_seconds = 6 * hour;
        return terms;
    }
    void give_ether(AccountId account, const Amount& amount)
    {
        auto& world = sandbox.world();
        auto& supply = world.native_supply.at(0);
        supply = wrapping_add(supply, amount);
        world.account_states.at(account).balance =
            wrapping_add(world.account_states.get(account).balance, amount);
    }
    World& world() noexcept { return sandbox.world(); }
    Amount ether_of(AccountId account) { return world().account_states.get(account).balance; }
    static Hash salt_of(AccountId account) { return keccak256(std::to_string(index(account))); }

    void open(AccountId customer)
    {
        AccountInfo info{"deposits of " + world().account(customer).name, "custody", {}, {}, {}};
        info.address = exchange.deposit_address(world().account(customer).address);
        world().add_account(info);
        CallWriter calls;
        exchange.add_open(calls, world(), customer, salt_of(customer));
        expect_ok(customer, calls);
    }
    std::uint32_t number(AccountId customer) const { return exchange.number_of(customer).value(); }
    AccountId deposit_account(AccountId customer) const
    {
        return exchange.deposit_account(number(customer));
    }
    void pay_in(AccountId customer, const Amount& amount)
    {
        expect_ok(customer, usdc.id(), Erc20Transfer{deposit_account(customer), amount});
    }
    void credit(AccountId customer, ContractId token)
    {
        CallWriter calls;
        exchange.add_credit(calls, token, std::vector{number(customer)});
        expect_ok(clerk, calls);
    }
    void sweep(AccountId customer, ContractId token)
    {
        CallWriter calls;
        exchange.add_sweep(calls, token, std::vector{number(customer)});
        expect_ok(clerk, calls);
    }
    void deposit(AccountId customer, const Amount& amount)
    {
        pay_in(customer, amount);
        credit(customer, usdc.id());
        sweep(customer, usdc.id());
    }
    Amount available(AccountId customer, ContractId token) const
    {
        return exchange.balance(number(customer), token).available;
    }
    void publish(ContractId token)
    {
        const auto leaves = statement_leaves(world(), exchange, token);
        CallWriter calls;
        exchange.add_publish(calls, token, merkle_sum_root(leaves).value(), leaves.size());
        expect_ok(clerk, calls);
    }
    StatementCheck check(AccountId customer, ContractId token)
    {
        const auto n = number(customer);
        return check_liability(exchange.statement(token), salt_of(customer),
            world().account(customer).address, exchange.reported_balance(n, token),
            prove_liability(world(), exchange, token, n));
    }

    Erc20& usdc;
    AccountId clerk;
    AccountId alice;
    AccountId bob;
    AccountId eve;
    AccountId keeper;
    AccountId cold;
    PriceOracle& oracle;
    WatchList& watch;
    CustodialExchange& exchange;
};
}  // namespace

TEST_CASE("custodial exchange: deposit addresses are CREATE2's", "[contracts][custody]")
{
    // EIP-1014, examples 1 and 5.
    CHECK(create2_address(Address{}, Hash{}, keccak256(ByteView{Bytes{0}})).to_checksum_string() ==
          "0x4D1A2e2bB4F88F0250f26Ffff098B0b30B26BF38");
    const auto deployer = Address::from_string("0x00000000000000000000000000000000deadbeef");
    const auto salt =
        Hash::from_string("0x00000000000000000000000000000000000000000000000000000000cafebabe");
    CHECK(create2_address(*deployer, *salt, keccak256(ByteView{Bytes{0xde, 0xad, 0xbe, 0xef}}))
              .to_checksum_string() == "0x60f3f640a8508fC6a86d45DF051962668E1e8AC7");

    ExchangeFixture f;
    CHECK(f.exchange.customers() == 2);
    CHECK(f.exchange.customer(1) == f.bob);
    CHECK_FALSE(f.exchange.number_of(f.eve));
    CHECK(f.deposit_account(f.alice) != f.deposit_account(f.bob));
    const auto id = f.exchange.id();
    f.expect_refusal(f.alice, id, OpenAccount{f.deposit_account(f.alice), {}},
        "CustodialExchange: account exists");
    f.expect_refusal(f.eve, id, OpenAccount{f.deposit_account(f.alice), {}},
        "CustodialExchange: wrong deposit address");
    f.expect_refusal(f.eve, id, OpenAccount{AccountId{1'000'000}, {}}, "no such account");
}

// 1'000 USDC come in, become 0.5 ETH less 25 bps, of which 0.3 are withdrawn.
TEST_CASE(
    "custodial exchange: a deposit is swept, traded and withdrawn, by hand", "[contracts][custody]")
{
    ExchangeFixture f;
    const auto id = f.exchange.id();
    const auto usdc = f.usdc.id();
    f.pay_in(f.alice, usd(1'000));
    CHECK(f.exchange.uncredited(f.number(f.alice), usdc) == usd(1'000));
    CHECK(f.exchange.owed(usdc).is_zero());
    f.expect_refusal(f.alice, id, Credit{usdc, {{f.number(f.alice), zero_account}}},
        "CustodialExchange: not the operator");
    f.expect_refusal(
        f.clerk, id, Sweep{usdc, {f.number(f.alice)}}, "CustodialExchange: nothing to sweep");
    f.credit(f.alice, usdc);
    CHECK(f.available(f.alice, usdc) == usd(1'000));
    CHECK(f.exchange.wallets(usdc).unswept == usd(1'000));
    CHECK(f.exchange.uncredited(f.number(f.alice), usdc).is_zero());
    f.expect_refusal(f.clerk, id, Credit{usdc, {{f.number(f.alice), zero_account}}},
        "CustodialExchange: nothing to credit");
    f.sweep(f.alice, usdc);
    CHECK(f.exchange.wallets(usdc).unswept.is_zero());
    CHECK(f.usdc.balance(f.exchange.hot_wallet()) == usd(11'000));
    CHECK(f.usdc.balance(f.deposit_account(f.alice)).is_zero());

    // gross 0.5 ETH, spread 0.00125.
    CHECK(f.exchange.quote_trade(usdc, native_coin, usd(1'000)) ==
          wrapping_mul(Amount{49'875}, Amount::power_of_ten(13)));
    f.expect_refusal(f.alice, id,
        Trade{usdc, native_coin, usd(1'000),
            wrapping_add(Amount{1}, wrapping_mul(Amount{49'875}, Amount::power_of_ten(13)))},
        "CustodialExchange: below the limit");
    f.expect_ok(f.alice, id,
        Trade{
            usdc, native_coin, usd(1'000), wrapping_mul(Amount{49'875}, Amount::power_of_ten(13))});
    CHECK(f.available(f.alice, usdc).is_zero());
    CHECK(f.available(f.alice, native_coin) ==
          wrapping_mul(Amount{49'875}, Amount::power_of_ten(13)));
    CHECK(f.exchange.own(usdc) == usd(11'000));
    CHECK(f.exchange.own(native_coin) == wrapping_mul(Amount{950'125}, Amount::power_of_ten(13)));

    f.expect_ok(f.alice, id, RequestWithdrawal{native_coin, milliether(300), f.eve});
    CHECK(f.exchange.withdrawals_waiting(native_coin) == 1);
    CHECK(f.exchange.balance(0, native_coin).withdrawing == milliether(300));
    f.expect_refusal(f.clerk, id, PayBatch{usdc, 1}, "CustodialExchange: nothing to pay");
    f.expect_ok(f.clerk, id, PayBatch{native_coin, 8});
    CHECK(f.ether_of(f.eve) == wrapping_add(wrapping_mul(Amount{20}, ether), milliether(298)));
    // What is left of 0.49875; the fee of 0.002 is the exchange's.
    CHECK(f.available(f.alice, native_coin) ==
          wrapping_mul(Amount{19'875}, Amount::power_of_ten(13)));
    CHECK(f.exchange.balance(0, native_coin).withdrawing.is_zero());
    CHECK(f.exchange.own(native_coin) == wrapping_mul(Amount{950'325}, Amount::power_of_ten(13)));
    CHECK(f.ether_of(f.exchange.hot_wallet()) == milliether(9'702));
    CHECK_FALSE(f.exchange.next_withdrawal(native_coin));
}

TEST_CASE("custodial exchange: trades round in its favour", "[contracts][custody]")
{
    ExchangeFixture f;
    const auto id = f.exchange.id();
    const auto usdc = f.usdc.id();
    f.deposit(f.alice, usd(1'000));
    // 1 unit of USDC is 5e8 wei; 25 bps of it 1.25e6.
    CHECK(f.exchange.quote_trade(usdc, native_coin, Amount{1}) == Amount{498'750'000});
    f.expect_ok(f.alice, id, Trade{usdc, native_coin, usd(1'000), {}});
    // Down: 999'999'999 wei are 1.999.. units. Spread up: of 1 unit it is all.
    CHECK_FALSE(f.exchange.quote_trade(native_coin, usdc, Amount{999'999'999}));
    f.expect_refusal(f.alice, id, Trade{native_coin, usdc, Amount{999'999'999}, {}},
        "CustodialExchange: nothing to trade");
    CHECK(f.exchange.quote_trade(native_coin, usdc, Amount{1'000'000'000}) == Amount{1});
    CHECK(f.exchange.quote_trade(native_coin, usdc, milliether(200)) == Amount{399'000'000});

    f.expect_refusal(
        f.alice, id, Trade{usdc, native_coin, {}, {}}, "CustodialExchange: nothing to trade");
    f.expect_refusal(
        f.alice, id, Trade{usdc, usdc, Amount{1}, {}}, "CustodialExchange: nothing to trade");
    f.expect_refusal(f.alice, id, Trade{usdc, native_coin, Amount{1}, {}},
        "CustodialExchange: insufficient balance");
    f.expect_refusal(
        f.eve, id, Trade{usdc, native_coin, Amount{1}, {}}, "CustodialExchange: not a customer");
    f.expect_refusal(
        f.alice, id, Trade{usdc, ContractId{77}, Amount{1}, {}}, "CustodialExchange: not listed");
    f.expect_ok(f.keeper, f.oracle.id(), SetPrice{native_coin, Amount{1}});
    CHECK_FALSE(f.exchange.quote_trade(usdc, native_coin, usd(1)));
    f.deposit(f.bob, usd(10));
    f.expect_refusal(f.bob, id, Trade{usdc, native_coin, usd(1), {}},
        "CustodialExchange: exchange has not enough");
    f.expect_ok(f.keeper, f.oracle.id(), SetPrice{native_coin, {}});
    f.expect_refusal(
        f.bob, id, Trade{usdc, native_coin, usd(1), {}}, "CustodialExchange: no price");
    f.expect_ok(f.keeper, f.oracle.id(), SetPrice{native_coin, Amount::max()});
    f.expect_refusal(f.bob, id, Trade{native_coin, usdc, Amount{1}, {}}, "Panic(0x11)");
}

TEST_CASE("custodial exchange: withdrawals have a minimum, a limit a day and an order",
    "[contracts][custody]")
{
    ExchangeFixture f;
    const auto id = f.exchange.id();
    const auto usdc = f.usdc.id();
    f.deposit(f.alice, usd(3'000));
    f.deposit(f.bob, usd(3'000));
    const auto ask = [&](const Amount& amount, AccountId to) {
        return RequestWithdrawal{usdc, amount, to};
    };
    f.expect_refusal(
        f.alice, id, ask(Amount{19'999'999}, f.alice), "CustodialExchange: below the minimum");
    f.expect_refusal(
        f.alice, id, ask(usd(3'001), f.alice), "CustodialExchange: insufficient balance");
    f.expect_refusal(f.alice, id, ask(Amount{2'000'000'001}, f.alice),
        "CustodialExchange: above the daily limit");
    f.expect_refusal(
        f.alice, id, ask(usd(20), zero_account), "CustodialExchange: invalid recipient");
    f.expect_refusal(
        f.alice, id, ask(usd(20), f.exchange.hot_wallet()), "CustodialExchange: invalid recipient");
    f.expect_refusal(f.alice, id, ask(usd(20), f.cold), "CustodialExchange: invalid recipient");
    f.expect_refusal(f.alice, id, ask(usd(20), AccountId{1'000'000}), "no such account");
    f.expect_refusal(f.eve, id, ask(usd(20), f.eve), "CustodialExchange: not a customer");
    f.expect_ok(f.alice, id, ask(usd(1'990), f.alice));
    CHECK(f.exchange.withdrawal_room(0, usdc, monday + 12 * hour) == usd(10));
    CHECK(f.exchange.withdrawal_room(0, usdc, monday + 24 * hour) == usd(2'000));
    f.expect_refusal(
        f.alice, id, ask(usd(20), f.alice), "CustodialExchange: above the daily limit");
    f.sandbox.set_time(monday + 24 * hour);
    f.expect_ok(f.alice, id, ask(usd(20), f.alice));
    f.expect_ok(f.bob, id, ask(usd(100), f.eve));
    CHECK(f.exchange.withdrawals_waiting(usdc) == 3);
    CHECK(f.exchange.withdrawals_waiting_amount(usdc) == usd(2'110));
    // The whole of a day's limit is not above it.
    f.expect_ok(f.bob, id, ask(usd(1'900), f.bob));
    f.expect_ok(f.clerk, id, RejectWithdrawal{4});
    // What is asked for cannot be used twice.
    f.expect_refusal(f.alice, id, Trade{usdc, native_coin, usd(991), {}},
        "CustodialExchange: insufficient balance");

    CHECK(f.exchange.next_withdrawal(usdc) == 1);
    f.expect_ok(f.clerk, id, PayBatch{usdc, 2});
    CHECK(f.usdc.balance(f.alice) == usd(2'000 + 1'985 + 15));
    CHECK(f.usdc.balance(f.eve) == usd(5'000));
    CHECK(f.exchange.own(usdc) == usd(10'010));
    f.expect_refusal(f.bob, id, PayBatch{usdc, 2}, "CustodialExchange: not the operator");
    f.expect_ok(f.clerk, id, PayBatch{usdc, 2});
    CHECK(f.usdc.balance(f.eve) == usd(5'095));
}

TEST_CASE("custodial exchange: nobody pays a fee for nothing", "[contracts][custody]")
{
    ExchangeFixture f{Setup{.minimum_usd = 0}};
    const auto id = f.exchange.id();
    f.deposit(f.alice, usd(100));
    f.expect_refusal(f.alice, id, RequestWithdrawal{f.usdc.id(), usd(5), f.alice},
        "CustodialExchange: below the minimum");
    f.expect_ok(f.alice, id, RequestWithdrawal{f.usdc.id(), Amount{5'000'001}, f.eve});
    f.expect_ok(f.clerk, id, PayBatch{f.usdc.id(), 1});
    CHECK(f.usdc.balance(f.eve) == Amount{5'000'000'001});
}

TEST_CASE("custodial exchange: a rejected withdrawal goes back, the queue goes on",
    "[contracts][custody]")
{
    ExchangeFixture f;
    const auto id = f.exchange.id();
    const auto usdc = f.usdc.id();
    f.deposit(f.alice, usd(1'000));
    for (int i = 0; i < 4; ++i)
        f.expect_ok(f.alice, id, RequestWithdrawal{usdc, usd(100), f.alice});
    f.expect_refusal(f.clerk, id, RejectWithdrawal{5}, "CustodialExchange: no such withdrawal");
    f.expect_refusal(f.alice, id, RejectWithdrawal{2}, "CustodialExchange: not the operator");
    for (const std::uint64_t number : {1, 3})
        f.expect_ok(f.clerk, id, RejectWithdrawal{number});
    f.expect_refusal(f.clerk, id, RejectWithdrawal{3}, "CustodialExchange: no such withdrawal");
    CHECK(f.exchange.next_withdrawal(usdc) == 2);
    CHECK(f.available(f.alice, usdc) == usd(800));
    f.expect_ok(f.clerk, id, PayBatch{usdc, 2});
    CHECK(f.exchange.withdrawals_waiting(usdc) == 0);
    f.expect_ok(f.alice, id, RequestWithdrawal{usdc, usd(100), f.alice});
    f.expect_ok(f.clerk, id, RejectWithdrawal{5});
    f.expect_refusal(f.clerk, id, PayBatch{usdc, 1}, "CustodialExchange: nothing to pay");
    f.expect_ok(f.alice, id, RequestWithdrawal{usdc, usd(50), f.alice});
    f.expect_ok(f.clerk, id, PayBatch{usdc, 1});
    CHECK(f.usdc.balance(f.alice) == usd(4'000 + 95 + 95 + 45));
}

TEST_CASE("custodial exchange: the cold wallet moves after a delay", "[contracts][custody]")
{
    ExchangeFixture f;
    const auto id = f.exchange.id();
    const auto usdc = f.usdc.id();
    f.expect_refusal(
        f.clerk, id, MoveToCold{usdc, usd(10'001)}, "CustodialExchange: nothing to move");
    f.expect_refusal(f.clerk, id, MoveToCold{usdc, {}}, "CustodialExchange: nothing to move");
    f.expect_refusal(f.alice, id, MoveToCold{usdc, usd(1)}, "CustodialExchange: not the operator");
    f.expect_ok(f.clerk, id, MoveToCold{usdc, usd(9'990)});
    f.expect_ok(f.clerk, id, MoveToCold{native_coin, wrapping_mul(Amount{10}, ether)});
    CHECK(f.ether_of(f.exchange.hot_wallet()).is_zero());
    f.expect_ok(f.clerk, id, RequestRefill{native_coin, wrapping_mul(Amount{10}, ether)});
    CHECK(f.usdc.balance(f.cold) == usd(9'990));
    CHECK(f.ether_of(f.cold) == wrapping_mul(Amount{10}, ether));
    CHECK(f.exchange.wallets(usdc).cold == usd(9'990));

    f.deposit(f.alice, usd(1'000));
    f.expect_ok(f.alice, id, Trade{usdc, native_coin, usd(10), {}});
    f.expect_ok(f.alice, id, RequestWithdrawal{usdc, usd(20), f.alice});
    f.expect_ok(f.clerk, id, MoveToCold{usdc, usd(996)});
    // 14 are there, 15 would go out.
    f.expect_refusal(f.clerk, id, PayBatch{usdc, 1}, "CustodialExchange: hot wallet is empty");
    f.expect_refusal(f.clerk, id, Refill{usdc}, "CustodialExchange: no refill is due");
    f.expect_refusal(f.clerk, id, RequestRefill{usdc, usd(10'987)},
        "CustodialExchange: cold wallet has not enough");
    f.expect_refusal(
        f.clerk, id, RequestRefill{usdc, {}}, "CustodialExchange: cold wallet has not enough");
    f.expect_ok(f.clerk, id, RequestRefill{usdc, usd(1)});
    CHECK(f.exchange.refill(usdc) == usd(1));
    CHECK(f.exchange.refill_ready_at(usdc) == monday + 18 * hour);
    f.sandbox.set_time(monday + 18 * hour - 1);
    f.expect_refusal(f.clerk, id, Refill{usdc}, "CustodialExchange: no refill is due");
    f.sandbox.set_time(monday + 18 * hour);
    f.expect_refusal(f.alice, id, Refill{usdc}, "CustodialExchange: not the operator");
    f.expect_ok(f.clerk, id, Refill{usdc});
    f.expect_refusal(f.clerk, id, Refill{usdc}, "CustodialExchange: no refill is due");
    f.expect_ok(f.clerk, id, PayBatch{usdc, 1});
    CHECK(f.exchange.wallets(usdc).hot.is_zero());
}

TEST_CASE("custodial exchange: small deposits wait, gifts are nobody's", "[contracts][custody]")
{
    ExchangeFixture f;
    const auto usdc = f.usdc.id();
    f.pay_in(f.alice, Amount{999'999});
    CHECK(f.exchange.uncredited(0, usdc).is_zero());
    f.expect_refusal(f.clerk, f.exchange.id(), Credit{usdc, {{0, zero_account}}},
        "CustodialExchange: nothing to credit");
    f.pay_in(f.alice, Amount{1});
    CHECK(f.exchange.uncredited(0, usdc) == usd(1));
    f.credit(f.alice, usdc);
    f.pay_in(f.alice, usd(3));
    f.sweep(f.alice, usdc);
    // What was not credited stays where it is.
    CHECK(f.usdc.balance(f.deposit_account(f.alice)) == usd(3));
    f.expect_ok(f.eve, usdc, Erc20Transfer{f.exchange.hot_wallet(), usd(100)});
    CHECK(f.exchange.wallets(usdc).total() == usd(10'001));
    CHECK(wrapping_add(f.usdc.balance(f.exchange.hot_wallet()),
              f.usdc.balance(f.exchange.cold_wallet())) == usd(10'101));
    f.expect_refusal(f.clerk, f.exchange.id(), Credit{usdc, {{2, zero_account}}},
        "CustodialExchange: no such customer");
    f.expect_refusal(
        f.clerk, f.exchange.id(), Sweep{usdc, {2}}, "CustodialExchange: no such customer");
    f.expect_refusal(f.clerk, f.exchange.id(), Credit{f.oracle.id(), {{0, zero_account}}},
        "CustodialExchange: not listed");
    f.expect_ok(f.alice, native_coin, NativeTransfer{f.deposit_account(f.alice), ether});
    f.credit(f.alice, native_coin);
    f.sweep(f.alice, native_coin);
    CHECK(f.available(f.alice, native_coin) == ether);
}

TEST_CASE(
    "custodial exchange: a token that keeps a part on the way is not swept", "[contracts][custody]")
{
    ExchangeFixture f{Setup{.fee_on_transfer_bps = 100}};
    f.pay_in(f.alice, usd(1'000));
    f.credit(f.alice, f.usdc.id());
    CHECK(f.available(f.alice, f.usdc.id()) == usd(990));
    f.expect_refusal(f.clerk, f.exchange.id(), Sweep{f.usdc.id(), {0}},
        "CustodialExchange: token did not arrive in full");
    f.expect_refusal(f.clerk, f.exchange.id(), MoveToCold{f.usdc.id(), usd(1)},
        "CustodialExchange: token did not arrive in full");
}

TEST_CASE("custodial exchange: screening holds deposits, holds or refuses withdrawals",
    "[contracts][custody]")
{
    ExchangeFixture f{Setup{.has_screening = true}};
    const auto id = f.exchange.id();
    const auto usdc = f.usdc.id();
    f.watch.held = f.eve;
    f.pay_in(f.alice, usd(500));
    f.expect_ok(f.clerk, id, Credit{usdc, {{0, f.bob}}});
    f.expect_ok(f.eve, usdc, Erc20Transfer{f.deposit_account(f.alice), usd(300)});
    f.expect_ok(f.clerk, id, Credit{usdc, {{0, f.eve}}});
    CHECK(f.exchange.balance(0, usdc).available == usd(500));
    CHECK(f.exchange.balance(0, usdc).held == usd(300));
    CHECK(f.exchange.owed(usdc) == usd(800));
    // Held deposits are swept all the same, but not used.
    f.sweep(f.alice, usdc);
    f.expect_refusal(f.alice, id, Trade{usdc, native_coin, usd(501), {}},
        "CustodialExchange: insufficient balance");
    f.expect_refusal(f.alice, id, RequestWithdrawal{usdc, usd(501), f.alice},
        "CustodialExchange: insufficient balance");
    f.expect_refusal(f.alice, id, ReleaseDeposits{0, usdc}, "CustodialExchange: not the operator");
    f.expect_refusal(f.clerk, id, ReleaseDeposits{1, usdc}, "CustodialExchange: nothing held");
    f.expect_ok(f.clerk, id, ReleaseDeposits{0, usdc});
    CHECK(f.available(f.alice, usdc) == usd(800));

    f.expect_ok(f.alice, id, RequestWithdrawal{usdc, usd(100), f.eve});
    CHECK(f.exchange.withdrawals_waiting(usdc) == 0);
    CHECK(f.exchange.withdrawal(1)->is_held);
    f.expect_refusal(f.clerk, id, PayBatch{usdc, 1}, "CustodialExchange: nothing to pay");
    f.expect_refusal(f.clerk, id, ReleaseWithdrawal{2}, "CustodialExchange: no such withdrawal");
    f.expect_refusal(f.eve, id, ReleaseWithdrawal{1}, "CustodialExchange: not the operator");
    f.expect_ok(f.clerk, id, ReleaseWithdrawal{1});
    f.expect_refusal(f.clerk, id, ReleaseWithdrawal{1}, "CustodialExchange: not held");
    f.expect_ok(f.alice, id, RequestWithdrawal{usdc, usd(200), f.eve});
    f.expect_ok(f.clerk, id, RejectWithdrawal{2});
    CHECK(f.available(f.alice, usdc) == usd(700));
    f.expect_ok(f.clerk, id, PayBatch{usdc, 5});
    CHECK(f.usdc.balance(f.eve) == usd(4'795));
    f.watch.refused = f.eve;
    f.expect_refusal(f.alice, id, RequestWithdrawal{usdc, usd(100), f.eve},
        "CustodialExchange: withdrawal is refused");

    f.expect_refusal(f.eve, id, FreezeCustomer{0, true}, "CustodialExchange: not the operator");
    f.expect_refusal(f.clerk, id, FreezeCustomer{2, true}, "CustodialExchange: no such customer");
    f.expect_ok(f.clerk, id, FreezeCustomer{0, true});
    f.expect_refusal(
        f.alice, id, Trade{usdc, native_coin, usd(1), {}}, "CustodialExchange: account is frozen");
    f.expect_refusal(f.alice, id, RequestWithdrawal{usdc, usd(100), f.alice},
        "CustodialExchange: account is frozen");
    f.expect_ok(f.clerk, id, FreezeCustomer{0, false});
    f.expect_ok(f.alice, id, Trade{usdc, native_coin, usd(1), {}});
}

TEST_CASE("custodial exchange: a customer finds himself in the statement, or knows that he is not",
    "[contracts][custody]")
{
    ExchangeFixture f;
    const auto id = f.exchange.id();
    const auto usdc = f.usdc.id();
    f.expect_refusal(f.clerk, id, PublishReserves{usdc, {}, {}, 0}, "CustodialExchange: no report");
    f.deposit(f.alice, usd(700));
    f.deposit(f.bob, usd(300));
    f.expect_refusal(f.alice, id, TakeReport{}, "CustodialExchange: not the operator");
    f.expect_ok(f.clerk, id, TakeReport{});
    // What happens between the report and its statement does not matter.
    f.deposit(f.alice, usd(50));
    f.expect_ok(f.bob, id, Trade{usdc, native_coin, usd(300), {}});
    CHECK(f.exchange.reported_balance(0, usdc) == usd(700));
    CHECK(f.exchange.reported_balance(1, usdc) == usd(300));
    CHECK(f.check(f.alice, usdc) == StatementCheck::missing);
    f.publish(usdc);
    auto statement = f.exchange.statement(usdc);
    CHECK(statement.report == 1);
    CHECK(statement.root.sum == usd(1'000));
    CHECK(statement.leaves == 2);
    // By hand: keccak(0x03, leaf of alice, 700, leaf of bob, 300).
    const auto leaf = [&](AccountId customer, std::uint64_t whole)
    {
        return merkle_sum_leaf(
            statement_owner(f.salt_of(customer), f.world().account(customer).address, 1),
            usd(whole));
    };
    CHECK(statement.root == merkle_sum_node(leaf(f.alice, 700), leaf(f.bob, 300)));
    CHECK(f.check(f.alice, usdc) == StatementCheck::included);
    CHECK(f.check(f.bob, usdc) == StatementCheck::included);
    // Who had nothing is not in it, and misses nothing.
    CHECK(f.check(f.alice, native_coin) == StatementCheck::included);
    auto proof = prove_liability(f.world(), f.exchange, usdc, 0);
    REQUIRE(proof);
    CHECK(proof->path == std::vector{leaf(f.bob, 300)});
    const auto& address = f.world().account(f.alice).address;
    const auto check = [&](const Amount& balance, const Hash& salt)
    { return check_liability(statement, salt, address, balance, proof); };
    CHECK(check(usd(700), f.salt_of(f.alice)) == StatementCheck::included);
    CHECK(check(Amount{700'000'001}, f.salt_of(f.alice)) == StatementCheck::understated);
    CHECK(check(usd(700), f.salt_of(f.bob)) == StatementCheck::missing);
    proof->balance = usd(701);  // The path does not fit.
    CHECK(check(usd(700), f.salt_of(f.alice)) == StatementCheck::missing);
    CHECK(check_liability(statement, f.salt_of(f.alice), address, usd(700), std::nullopt) ==
          StatementCheck::missing);

    // The next report says another thing of each: one is left out, one has less.
    f.expect_refusal(
        f.alice, id, Misstate{0, usdc, true, {}}, "CustodialExchange: not the operator");
    f.expect_ok(f.clerk, id, Misstate{0, usdc, true, {}});
    f.deposit(f.bob, usd(200));
    f.expect_ok(f.clerk, id, Misstate{1, usdc, false, usd(120)});
    f.expect_ok(f.clerk, id, TakeReport{});
    f.publish(usdc);
    statement = f.exchange.statement(usdc);
    CHECK(statement.root.sum == usd(120));
    CHECK(statement.leaves == 1);
    CHECK(f.exchange.owed(usdc) == usd(950));
    CHECK(f.check(f.alice, usdc) == StatementCheck::missing);
    CHECK(f.check(f.bob, usdc) == StatementCheck::understated);
    // A path of the last report does not show anything of this one.
    proof->balance = usd(700);
    CHECK(check(usd(700), f.salt_of(f.alice)) == StatementCheck::missing);
}

namespace
{
/// What somebody does: a kind and numbers that mean something in any state.
struct Operation
{
    std::uint8_t kind = 0;
    std::uint32_t who = 0;
    bool is_ether = false;
    std::uint64_t amount = 0;
    std::uint64_t further = 0;
};

/// Plays operations on an exchange of its own, with what both sides must have after each.
class Play
{
public:
    Play() : f_{Setup{.has_screening = true}}
    {
        f_.watch.held = f_.eve;
        total_usdc_ = f_.usdc.total_supply();
    }

    std::optional<std::string> step(const Operation& operation)
    {
        act(operation);
        if (const auto findings = f_.world().check_invariants(); !findings.empty())
            return findings.front();
        for (const auto token : {f_.usdc.id(), native_coin})
        {
            const auto& exchange = f_.exchange;
            // Customers' balances and the exchange's own are what wallets hold, and what is in
            // transit.
            Amount balances = exchange.own(token);
            Amount uncredited;
            auto on_chain = wrapping_add(
                holding(token, exchange.hot_wallet()), holding(token, exchange.cold_wallet()));
            for (std::uint32_t number = 0; number < exchange.customers(); ++number)
            {
                balances = wrapping_add(balances, exchange.balance(number, token).total());
                const auto deposited = holding(token, exchange.deposit_account(number));
                uncredited = wrapping_add(
                    uncredited, wrapping_sub(deposited, exchange.unswept(number, token)));
                on_chain = wrapping_add(on_chain, deposited);
            }
            if (wrapping_add(balances, uncredited) != on_chain)
                return "balances and own are " + balances.to_string() + ", on the chain " +
                       on_chain.to_string();
            if (exchange.wallets(token).hot != holding(token, exchange.hot_wallet()))
                return std::string{"the hot wallet is not what the books say"};
        }
        if (f_.usdc.total_supply() != total_usdc_)
            return std::string{"USDC came from nowhere"};
        return std::nullopt;
    }
    [[nodiscard]] std::size_t succeeded(std::uint8_t kind) const { return succeeded_[kind]; }

    static constexpr std::uint8_t kinds = 15;

private:
    Amount holding(ContractId token, AccountId account)
    {
        return token == native_coin ? f_.ether_of(account) : f_.usdc.balance(account);
    }

    void act(const Operation& operation)
    {
        const auto token = operation.is_ether ? native_coin : f_.usdc.id();
        const auto other = operation.is_ether ? f_.usdc.id() : native_coin;
        const std::array customers{f_.alice, f_.bob};
        const auto number = operation.who % 2;
        const auto customer = customers[number];
        // Up to 1'000 USDC or 1 ETH, to the last unit.
        const auto amount =
            operation.is_ether
                ? wrapping_mul(Amount{operation.amount % 1'000'000'000}, Amount::power_of_ten(9))
                : Amount{operation.amount % 1'000'000'000};
        const auto id = f_.exchange.id();
        const auto run = [&](AccountId sender, const auto& call)
        {
            const auto outcome = f_.sandbox.run(sender, id, call);
            succeeded_[operation.kind] += outcome.ok() ? 1 : 0;
            if (outcome.ok() && operation.kind == 5)
                newest_ = outcome.returns.values[0].low64();
        };
        switch (operation.kind)
        {
            case 0:
                now_ += operation.amount % (4 * hour);
                f_.sandbox.set_time(now_);
                ++succeeded_[0];
                break;
            case 1: pay_in(operation, customer, token, amount); break;
            case 2:
                run(f_.clerk, Credit{token, {{number, operation.further % 2 == 0 ? f_.eve : f_.bob},
                                                {1 - number, f_.alice}}});
                break;
            case 3: run(f_.clerk, Sweep{token, {number, 1 - number, number}}); break;
            case 4: run(customer, Trade{token, other, amount, {}}); break;
            case 5:
                run(customer, RequestWithdrawal{
                                  token, amount, operation.further % 2 == 0 ? f_.eve : customer});
                break;
            case 6:
                run(f_.clerk, PayBatch{token, static_cast<std::uint32_t>(operation.further % 4)});
                break;
            case 7: run(f_.clerk, RejectWithdrawal{recent(operation)}); break;
            case 8: run(f_.clerk, ReleaseWithdrawal{recent(operation)}); break;
            case 9: run(f_.clerk, ReleaseDeposits{number, token}); break;
            case 10: run(f_.clerk, MoveToCold{token, wrapping_mul(amount, 7)}); break;
            case 11: run(f_.clerk, RequestRefill{token, wrapping_mul(amount, 5)}); break;
            case 12: run(f_.clerk, Refill{token}); break;
            case 13: report(operation); break;
            case 14: run(f_.clerk, FreezeCustomer{number, operation.further % 8 == 0}); break;
            default: break;
        }
    }
    /// One of the newest withdrawals.
    std::uint64_t recent(const Operation& operation) const
    {
        return newest_ - std::min(newest_, operation.further / 4 % 12);
    }
    void pay_in(
        const Operation& operation, AccountId customer, ContractId token, const Amount& amount)
    {
        const auto to = f_.deposit_account(customer);
        const auto outcome = operation.is_ether
                                 ? f_.sandbox.run(customer, token, NativeTransfer{to, amount})
                                 : f_.sandbox.run(customer, token, Erc20Transfer{to, amount});
        succeeded_[operation.kind] += outcome.ok() ? 1 : 0;
    }
    void report(const Operation& operation)
    {
        if (operation.further % 16 == 0 &&
            f_.sandbox.run(f_.clerk, f_.exchange.id(), TakeReport{}).ok())
            ++succeeded_[operation.kind];
    }

    ExchangeFixture f_;
    std::uint64_t now_ = monday;
    std::uint64_t newest_ = 0;  // Withdrawal.
    Amount total_usdc_;
    std::array<std::size_t, kinds> succeeded_{};
};
}  // namespace

// Method: 100'000 random deposits, credits, sweeps, trades, withdrawals, batches, rejections, moves
// between wallets and reports in random order. After each the sentence of Play::step() holds. A
// list that breaks it is shrunk to what is needed.
TEST_CASE("custodial exchange: what it owes and owns is what its wallets hold",
    "[contracts][custody][property]")
{
    std::mt19937_64 random{20'241'130};
    std::vector<Operation> operations(100'000);
    for (auto& operation : operations)
    {
        operation.kind = static_cast<std::uint8_t>(random() % Play::kinds);
        operation.who = static_cast<std::uint32_t>(random() % 2);
        operation.is_ether = random() % 2 == 0;
        operation.amount = random();
        operation.further = random();
    }
    std::array<std::size_t, Play::kinds> succeeded{};
    const auto found = tests::find_counterexample(operations,
        [&succeeded](std::span<const Operation> list) -> std::optional<tests::Broken>
        {
            Play play;
            for (std::size_t i = 0; i < list.size(); ++i)
            {
                if (auto what = play.step(list[i]))
                    return tests::Broken{i, std::move(*what)};
            }
            for (std::uint8_t kind = 0; kind < Play::kinds; ++kind)
                succeeded[kind] = play.succeeded(kind);
            return std::nullopt;
        });
    if (found)
    {
        for (const auto& operation : found->operations)
        {
            UNSCOPED_INFO("kind " << int{operation.kind} << ", customer " << operation.who
                                  << (operation.is_ether ? ", ETH, " : ", USDC, ")
                                  << operation.amount << ", " << operation.further);
        }
        FAIL(found->what);
    }
    for (std::uint8_t kind = 0; kind < Play::kinds; ++kind)
    {
        CAPTURE(int{kind});
        CHECK(succeeded[kind] > 50);
    }
}

}  // namespace runnel::contracts
