#include "contracts/custody/guardian_bridge/bridge.hpp"
#include "contracts/stablecoins/fiat_token/fiat_token.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "contracts/tokens/native/native_coin.hpp"
#include "tests/contracts/contract_fixture.hpp"
#include "tests/support/shrinking.hpp"

#include <map>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace runnel::contracts
{
namespace
{
using namespace guardian_bridge;

constexpr std::uint64_t day = 86'400;
constexpr std::uint64_t midnight = 1'648'425'600;  // Before 28 March 2022.

Amount units(std::uint64_t whole)
{
    return wrapping_mul(Amount{whole}, Amount::power_of_ten(18));
}

/// A bridge with 3 of 5 guardians, a delay of 10 minutes and an expiry of an hour: 0.5 + 30 bps of
/// a transfer are the fee, and 1'000 are released a day. alice has 2'000 at home, bob 300 there.
struct BridgeFixture : ContractFixture
{
    explicit BridgeFixture(bool of_token = true, Amount daily_limit = units(1'000),
        std::uint32_t fee_on_transfer_bps = 0, std::uint8_t decimals = 18)
      : home{sandbox.add<Erc20>("HOME", TokenInfo{"HOME", 18}, TokenFlavour::openzeppelin4,
            zero_account, TokenQuirks{fee_on_transfer_bps, {}, TransferAnswer::success})},
        there{sandbox.add<FiatToken>("HOME.e",
            fiat_token::Spec{{"HOME.e", decimals}, "Bridged", fiat_token::Version::v2_2, 1})},
        master{sandbox.account("master")},
        alice{sandbox.account("alice")},
        bob{sandbox.account("bob")},
        relayer{sandbox.account("relayer")},
        bridge{add_bridge(of_token, daily_limit)},
        is_of_token{of_token}
    {
        sandbox.connect();
        there.appoint({master, master, master, master, false, false});
        sandbox.set_time(midnight);
        expect_ok(master, there.id(), fiat_token::ConfigureMinter{bridge.account(), Amount::max()});
        give(alice, units(2'000));
        there.allocate(sandbox.world(), bob, units(300));
        for (const auto user : {alice, bob})
        {
            expect_ok(user, home.id(), Erc20Approve{bridge.account(), Amount::max()});
            expect_ok(user, there.id(), Erc20Approve{bridge.account(), Amount::max()});
        }
    }

    /// What succeeds has declared all that it touches.
    template <typename... Arguments>
    Sandbox::Outcome expect_ok(AccountId sender, const Arguments&... arguments)
    {
        auto outcome = ContractFixture::expect_ok(sender, arguments...);
        REQUIRE(outcome.undeclared_touches == 0);
        return outcome;
    }

    GuardianBridge& add_bridge(bool of_token, const Amount& daily_limit)
    {
        for (int i = 0; i < 5; ++i)
            guardians.push_back(sandbox.account("guardian/" + std::to_string(i)));
        Terms terms;
        terms.home_token = of_token ? home.id() : native_coin;
        terms.bridged_token = there.id();
        terms.guardians = "guardian";
        terms.guardian_count = 5;
        terms.quorum = 3;
        terms.pauser = "master";
        terms.delay_seconds = 600;
        terms.expiry_seconds = 3'600;
        terms.daily_limit = daily_limit;
        terms.fee = div_down(units(1), 2);
        terms.fee_bps = 30;
        return sandbox.add<GuardianBridge>("bridge", std::move(terms));
    }
    void give(AccountId account, const Amount& amount)
    {
        if (is_of_token)
            return home.allocate(account, amount);
        auto& world = sandbox.world();
        auto& balance = world.account_states.at(account).balance;
        balance = wrapping_add(balance, amount);
        world.native_supply.at(0) = wrapping_add(world.native_supply.get(0), amount);
    }
    [[nodiscard]] Amount at_home(AccountId account)
    {
        return is_of_token ? home.balance(account)
                           : sandbox.world().account_states.get(account).balance;
    }
    [[nodiscard]] CallWriter sending(bool is_return, AccountId to, const Amount& amount) const
    {
        CallWriter calls;
        bridge.add_send(calls, is_return, to, amount);
        return calls;
    }
    void attest(std::uint64_t number, std::size_t first, std::size_t count)
    {
        for (auto i = first; i < first + count; ++i)
        {
            CallWriter calls;
            bridge.add_attest(calls, number);
            expect_ok(guardians[i], calls);
        }
    }
    [[nodiscard]] CallWriter release(std::uint64_t number) const
    {
        CallWriter calls;
        bridge.add_release(calls, number);
        return calls;
    }

    Erc20& home;
    FiatToken& there;
    AccountId master;
    AccountId alice;
    AccountId bob;
    AccountId relayer;
    std::vector<AccountId> guardians;
    GuardianBridge& bridge;
    bool is_of_token = true;
};

Release forgery(const BridgeFixture& f, bool is_return, const Amount& amount)
{
    return {77, is_return, f.bob, f.relayer, amount, {}, midnight};
}
Attest signed_forgery(const Release& forged)
{
    return {forged.number, forged.is_return, forged.from, forged.to, forged.amount, forged.fee,
        forged.sent_at};
}
}  // namespace

TEST_CASE(
    "guardian bridge: what is locked is minted, what is burnt is unlocked", "[contracts][bridge]")
{
    const bool of_token = GENERATE(true, false);
    BridgeFixture f{of_token};
    // What block 0 gives is locked.
    CHECK(f.bridge.locked() == units(300));
    CHECK(f.bridge.minted() == units(300));
    CHECK(f.at_home(f.bridge.account()) == units(300));

    const auto outcome = f.expect_ok(f.alice, f.sending(false, f.bob, units(100)));
    const auto moves = f.events_of<BridgeMove>(outcome.block);
    REQUIRE(moves.size() == 1);
    CHECK(moves[0].type == BridgeMoveType::lock);
    CHECK(f.at_home(f.alice) == units(1'900));
    CHECK(f.bridge.locked() == units(400));
    CHECK(f.bridge.in_flight(false) == units(100));
    f.expect_refusal(f.relayer, f.release(0), "GuardianBridge: not attested");
    f.attest(0, 0, 2);
    f.expect_refusal(f.relayer, f.release(0), "GuardianBridge: not attested");
    CHECK(f.bridge.transfer(0).ready_at == 0);
    f.sandbox.set_time(midnight + 60);
    f.attest(0, 2, 1);
    CHECK(f.bridge.transfer(0).ready_at == midnight + 660);
    // A further attestation puts nothing off.
    f.sandbox.set_time(midnight + 659);
    f.attest(0, 3, 1);
    f.expect_refusal(f.relayer, f.release(0), "GuardianBridge: too early");
    f.sandbox.set_time(midnight + 660);
    const auto released = f.expect_ok(f.relayer, f.release(0));
    const auto minted = f.events_of<BridgeMove>(released.block);
    REQUIRE(minted.size() == 1);
    CHECK(minted[0].type == BridgeMoveType::mint);
    CHECK(minted[0].message == moves[0].message);
    CHECK(minted[0].relayer == f.relayer);
    // 0.5 and 30 bps of 100.
    const auto fee = div_down(wrapping_mul(units(8), Amount{1}), 10);
    CHECK(f.bridge.transfer(0).fee == fee);
    CHECK(f.there.balance(f.bob) == wrapping_sub(units(400), fee));
    CHECK(f.there.balance(f.relayer) == fee);
    CHECK(f.bridge.minted() == units(400));
    CHECK(f.bridge.in_flight(false).is_zero());
    f.expect_refusal(f.relayer, f.release(0), "GuardianBridge: already released");

    f.expect_ok(f.bob, f.sending(true, f.alice, units(300)));
    CHECK(f.there.total_supply() == units(100));
    CHECK(f.bridge.minted() == units(100));
    CHECK(f.bridge.locked() == units(400));
    CHECK(f.bridge.in_flight(true) == units(300));
    f.attest(1, 1, 3);
    f.sandbox.set_time(midnight + 1'260);
    f.expect_ok(f.relayer, f.release(1));
    // 0.5 and 30 bps of 300.
    const auto fee_back = div_down(units(14), 10);
    CHECK(f.at_home(f.alice) == wrapping_sub(units(2'200), fee_back));
    CHECK(f.at_home(f.relayer) == fee_back);
    CHECK(f.bridge.locked() == units(100));
    CHECK(f.bridge.first_in_flight() == 2);
    CHECK(f.bridge.forged().is_zero());
}

TEST_CASE("guardian bridge: fees round up", "[contracts][bridge]")
{
    BridgeFixture f;
    const auto flat = div_down(units(1), 2);
    CHECK(f.bridge.fee(Amount{10'000}) == wrapping_add(flat, 30));
    CHECK(f.bridge.fee(Amount{10'001}) == wrapping_add(flat, 31));
    CHECK(f.bridge.fee(Amount{1}) == wrapping_add(flat, 1));
    CHECK(f.bridge.fee(Amount::max()) != Amount{});
    f.expect_refusal(
        f.alice, f.sending(false, f.bob, flat), "GuardianBridge: fee exceeds the amount");
}

TEST_CASE("guardian bridge: what has expired goes back to who sent it", "[contracts][bridge]")
{
    BridgeFixture f{GENERATE(true, false)};
    f.expect_ok(f.alice, f.sending(false, f.bob, units(50)));
    f.expect_ok(f.bob, f.sending(true, f.alice, units(20)));
    f.attest(0, 0, 3);
    const auto id = f.bridge.id();
    f.sandbox.set_time(midnight + 3'599);
    f.expect_refusal(f.relayer, id, Refund{0}, "GuardianBridge: not expired");
    f.sandbox.set_time(midnight + 3'600);
    f.expect_refusal(f.relayer, f.release(0), "GuardianBridge: expired");
    f.expect_ok(f.relayer, id, Refund{0});
    CHECK(f.at_home(f.alice) == units(2'000));
    CHECK(f.bridge.locked() == units(300));
    f.expect_refusal(f.relayer, id, Refund{0}, "GuardianBridge: not in flight");
    f.expect_ok(f.relayer, id, Refund{1});
    CHECK(f.there.balance(f.bob) == units(300));
    CHECK(f.bridge.minted() == units(300));
    CHECK(f.bridge.first_in_flight() == 2);
    f.expect_refusal(f.relayer, id, Refund{2}, "GuardianBridge: no such transfer");
}

TEST_CASE("guardian bridge: a day has a limit in each direction", "[contracts][bridge]")
{
    BridgeFixture f;
    f.expect_ok(f.alice, f.sending(false, f.bob, units(700)));
    f.expect_ok(f.alice, f.sending(false, f.bob, units(301)));
    f.expect_ok(f.bob, f.sending(true, f.alice, units(300)));
    f.sandbox.set_time(midnight + 100);
    for (const auto number : {0U, 1U, 2U})
        f.attest(number, 0, 3);
    f.sandbox.set_time(midnight + 700);
    CHECK(f.bridge.room(false, midnight + 700) == units(1'000));
    f.expect_ok(f.relayer, f.release(0));
    CHECK(f.bridge.room(false, midnight + 700) == units(300));
    f.expect_refusal(f.relayer, f.release(1), "GuardianBridge: above the daily limit");
    f.expect_ok(f.relayer, f.release(2));  // The other direction has its own.
    f.sandbox.set_time(midnight + day - 1'000);
    f.expect_ok(f.alice, f.sending(false, f.bob, units(299)));
    f.sandbox.set_time(midnight + day - 700);
    f.attest(3, 0, 3);
    f.sandbox.set_time(midnight + day - 100);
    f.expect_ok(f.relayer, f.release(3));
    CHECK(f.bridge.room(false, midnight + day - 1) == units(1));
    CHECK(f.bridge.room(false, midnight + day) == units(1'000));
}

TEST_CASE("guardian bridge: a quorum's keys are worth what is locked", "[contracts][bridge]")
{
    BridgeFixture f;
    f.expect_ok(f.alice, f.sending(false, f.bob, units(200)));
    const auto id = f.bridge.id();
    const auto theft = forgery(f, true, units(450));
    f.expect_refusal(f.relayer, id, signed_forgery(theft), "GuardianBridge: not a guardian");
    for (int i = 0; i < 3; ++i)
        f.expect_ok(f.guardians[static_cast<std::size_t>(i)], id, signed_forgery(theft));
    f.expect_refusal(f.guardians[0], id, signed_forgery(theft), "GuardianBridge: already attested");
    f.sandbox.set_time(midnight + 600);
    // Any other message is another one.
    auto other = theft;
    other.amount = units(451);
    f.expect_refusal(f.relayer, id, other, "GuardianBridge: not attested");
    f.expect_ok(f.relayer, id, theft);
    CHECK(f.at_home(f.relayer) == units(450));
    CHECK(f.bridge.forged() == units(450));
    // The bridge has less than it owes: what is minted is not covered any more.
    CHECK(f.bridge.locked() == units(50));
    CHECK(f.bridge.minted() == units(300));
    f.expect_ok(f.bob, f.sending(true, f.bob, units(300)));
    f.attest(1, 0, 3);
    f.sandbox.set_time(midnight + 1'200);
    f.expect_refusal(f.relayer, f.release(1), "GuardianBridge: not enough locked");
    // And minting for nothing is the same on the other side.
    const auto inflation = forgery(f, false, units(70));
    for (int i = 0; i < 3; ++i)
        f.expect_ok(f.guardians[static_cast<std::size_t>(i)], id, signed_forgery(inflation));
    f.sandbox.set_time(midnight + 1'800);
    f.expect_ok(f.alice, id, inflation);
    CHECK(f.there.balance(f.relayer) == units(70));
    CHECK(f.bridge.forged() == units(520));
}

TEST_CASE("guardian bridge: a message that differs from what was sent is a forgery",
    "[contracts][bridge]")
{
    BridgeFixture f;
    f.expect_ok(f.alice, f.sending(false, f.bob, units(200)));
    const auto sent = f.bridge.message(0);
    const Release to_thief{0, false, sent.from, f.relayer, sent.amount, sent.fee, sent.sent_at};
    for (int i = 0; i < 3; ++i)
        f.expect_ok(
            f.guardians[static_cast<std::size_t>(i)], f.bridge.id(), signed_forgery(to_thief));
    f.sandbox.set_time(midnight + 600);
    f.expect_ok(f.relayer, f.bridge.id(), to_thief);
    CHECK(f.bridge.forged() == units(200));
    // What was sent is in flight still.
    CHECK(f.bridge.in_flight(false) == units(200));
    CHECK(f.bridge.transfer(0).attestations == 0);
}

TEST_CASE("guardian bridge: the pauser stops it, but for refunds", "[contracts][bridge]")
{
    BridgeFixture f;
    const auto id = f.bridge.id();
    f.expect_ok(f.alice, f.sending(false, f.bob, units(10)));
    f.attest(0, 0, 3);
    f.expect_refusal(f.alice, id, SetPaused{true}, "GuardianBridge: not the pauser");
    f.expect_ok(f.master, id, SetPaused{true});
    f.sandbox.set_time(midnight + 600);
    f.expect_refusal(f.relayer, f.release(0), "GuardianBridge: paused");
    f.expect_refusal(f.alice, f.sending(false, f.bob, units(10)), "GuardianBridge: paused");
    f.sandbox.set_time(midnight + 3'600);
    f.expect_ok(f.relayer, id, Refund{0});
    f.expect_ok(f.master, id, SetPaused{false});
    f.expect_ok(f.alice, f.sending(false, f.bob, units(10)));
}

TEST_CASE("guardian bridge: what cannot be sent", "[contracts][bridge]")
{
    BridgeFixture f;
    const auto id = f.bridge.id();
    f.expect_refusal(f.alice, f.sending(false, f.bob, Amount{}), "GuardianBridge: nothing to send");
    f.expect_refusal(f.alice, id, Send{false, f.bob, units(1), units(1)},
        "GuardianBridge: value is not the amount");
    f.expect_refusal(f.alice, id, Send{true, f.bob, units(1), units(1)},
        "GuardianBridge: value is not the amount");
    BridgeFixture coins{false};
    coins.expect_refusal(coins.alice, coins.bridge.id(), Send{false, coins.bob, units(2), units(1)},
        "GuardianBridge: value is not the amount");
    BridgeFixture taxed{true, {}, 100};
    taxed.expect_refusal(taxed.alice, taxed.sending(false, taxed.bob, units(10)),
        "GuardianBridge: token did not arrive in full");
    BridgeFixture other{true, {}, 0, 6};
    other.expect_refusal(
        other.alice, other.sending(false, other.bob, units(10)), "GuardianBridge: decimals differ");
}

TEST_CASE(
    "guardian bridge: of several reasons to refuse the first one counts", "[contracts][bridge]")
{
    BridgeFixture f;
    const auto id = f.bridge.id();
    // What comes with a return is looked at before what is minted.
    f.expect_refusal(f.bob, id, Send{true, f.bob, units(301), units(301)},
        "GuardianBridge: value is not the amount");
    // A paused bridge says so whatever was to be sent.
    BridgeFixture other{true, {}, 0, 6};
    other.expect_refusal(
        other.alice, other.sending(false, other.bob, {}), "GuardianBridge: decimals differ");
    other.expect_ok(other.master, other.bridge.id(), SetPaused{true});
    other.expect_refusal(
        other.alice, other.sending(false, other.bob, units(10)), "GuardianBridge: paused");

    // Guardian 0 has signed what is released, guardian 4 has not.
    f.expect_ok(f.alice, f.sending(false, f.bob, units(10)));
    f.attest(0, 0, 3);
    f.sandbox.set_time(midnight + 600);
    f.expect_ok(f.relayer, f.release(0));
    CallWriter again;
    f.bridge.add_attest(again, 0);
    f.expect_refusal(f.guardians[0], again, "GuardianBridge: already attested");
    f.expect_refusal(f.guardians[4], again, "GuardianBridge: already released");

    // Too early and expired at once: signed a minute before it expires.
    f.expect_ok(f.alice, f.sending(false, f.bob, units(10)));
    f.sandbox.set_time(midnight + 600 + 3'540);
    f.attest(1, 0, 3);
    f.sandbox.set_time(midnight + 600 + 3'600);
    f.expect_refusal(f.relayer, f.release(1), "GuardianBridge: too early");
    f.sandbox.set_time(midnight + 600 + 4'140);
    f.expect_refusal(f.relayer, f.release(1), "GuardianBridge: expired");

    // Released, and later expired.
    f.expect_refusal(f.relayer, id, Refund{0}, "GuardianBridge: not in flight");
    f.expect_ok(f.relayer, id, Refund{1});
    f.expect_ok(f.alice, f.sending(false, f.bob, units(10)));
    f.attest(2, 0, 3);
    f.sandbox.set_time(midnight + 600 + 4'740);
    f.expect_ok(f.relayer, f.release(2));
    f.expect_refusal(f.relayer, id, Refund{2}, "GuardianBridge: not in flight");
}

TEST_CASE("guardian bridge: nobody signs a fee that exceeds the amount", "[contracts][bridge]")
{
    BridgeFixture f;
    auto forged = forgery(f, true, units(10));
    for (const auto& fee : {units(10), units(11)})
    {
        forged.fee = fee;
        f.expect_refusal(f.guardians[0], f.bridge.id(), signed_forgery(forged),
            "GuardianBridge: fee exceeds the amount");
    }
    forged.fee = wrapping_sub(units(10), 1);
    f.expect_ok(f.guardians[0], f.bridge.id(), signed_forgery(forged));
}

TEST_CASE("guardian bridge: no more comes back than was minted or is locked", "[contracts][bridge]")
{
    BridgeFixture f;
    const auto id = f.bridge.id();
    // Another minter's tokens are worth nothing at home.
    f.expect_ok(f.master, f.there.id(), fiat_token::ConfigureMinter{f.master, Amount::max()});
    f.expect_ok(f.master, f.there.id(), fiat_token::Mint{f.bob, units(50)});
    f.expect_refusal(
        f.bob, f.sending(true, f.bob, units(301)), "GuardianBridge: not enough locked");
    f.expect_ok(f.bob, f.sending(true, f.bob, units(300)));

    // What was sent and is in flight is stolen: it cannot be refunded.
    f.expect_ok(f.alice, f.sending(false, f.bob, units(200)));
    const auto theft = forgery(f, true, units(400));
    for (std::size_t i = 0; i < 3; ++i)
        f.expect_ok(f.guardians[i], id, signed_forgery(theft));
    f.sandbox.set_time(midnight + 600);
    f.expect_ok(f.relayer, id, theft);
    CHECK(f.bridge.locked() == units(100));
    // The bridge is given tokens that its books do not have.
    f.give(f.bridge.account(), units(500));
    f.sandbox.set_time(midnight + 3'600);
    f.expect_refusal(f.relayer, id, Refund{1}, "GuardianBridge: not enough locked");
}

namespace
{
Transaction transaction_of(AccountId sender, const CallWriter& calls)
{
    Transaction transaction;
    transaction.sender = sender;
    transaction.gas_limit = 1ULL << 40U;
    transaction.set_calls(calls.bytes());
    transaction.seal();
    return transaction;
}

std::vector<Access> accesses_of(BridgeFixture& f, AccountId sender, const CallWriter& calls)
{
    std::vector<Access> accesses;
    AccessCollector collector{f.sandbox.world(), accesses};
    collector.calls(calls.bytes(), sender);
    CHECK(collector.is_complete());
    return accesses;
}

/// Whether one of two transactions writes an object that the other one touches.
bool must_take_turns(std::span<const Access> first, std::span<const Access> second)
{
    for (const auto& a : first)
    {
        for (const auto& b : second)
        {
            const bool same = a.table == b.table && a.key == b.key;
            if (same && (a.mode != b.mode || a.mode == AccessMode::write))
                return true;
        }
    }
    return false;
}
}  // namespace

TEST_CASE("guardian bridge: attestations to different messages run side by side, all else in turns",
    "[contracts][bridge]")
{
    BridgeFixture f;
    f.expect_ok(f.alice, f.sending(false, f.bob, units(10)));
    f.expect_ok(f.bob, f.sending(true, f.alice, units(20)));
    const auto attest = [&](std::uint64_t number, std::size_t guardian)
    {
        CallWriter calls;
        f.bridge.add_attest(calls, number);
        return accesses_of(f, f.guardians[guardian], calls);
    };
    const auto refund = [&](std::uint64_t number)
    {
        CallWriter calls;
        f.bridge.add_refund(calls, number);
        return accesses_of(f, f.relayer, calls);
    };
    CHECK_FALSE(must_take_turns(attest(0, 0), attest(1, 0)));
    CHECK(must_take_turns(attest(0, 0), attest(0, 1)));
    CHECK(must_take_turns(attest(1, 0), accesses_of(f, f.relayer, f.release(1))));
    CHECK_FALSE(must_take_turns(attest(0, 0), accesses_of(f, f.relayer, f.release(1))));
    const auto send = accesses_of(f, f.alice, f.sending(false, f.bob, units(1)));
    CHECK(must_take_turns(send, accesses_of(f, f.bob, f.sending(true, f.alice, units(1)))));
    CHECK(must_take_turns(send, refund(0)));
    CHECK_FALSE(must_take_turns(send, attest(0, 0)));
    const auto pause = accesses_of(f, f.master, CallWriter{}.add(f.bridge.id(), SetPaused{true}));
    CHECK(must_take_turns(send, pause));
    // Hostile arguments declare no more than that.
    auto hostile = forgery(f, true, units(1));
    hostile.to = AccountId{1'000'000};
    CHECK(accesses_of(f, f.relayer, CallWriter{}.add(f.bridge.id(), hostile)).empty());
    CHECK(refund(1'000'000).size() == pause.size());
}

TEST_CASE("guardian bridge: blocks come out the same on any number of workers, and none is undone",
    "[contracts][bridge]")
{
    const bool of_token = GENERATE(true, false);
    const auto run = [&](unsigned workers)
    {
        BridgeFixture f{of_token};
        f.give(f.bob, units(500));
        std::vector<Transaction> block;
        const auto run_block = [&](std::uint64_t at)
        {
            BlockExecution execution;
            BlockContext context;
            context.timestamp = at;
            context.gas_limit = 1ULL << 50U;
            ExecutionOptions options;
            options.free_gas = true;
            options.mode = workers > 1 ? ExecutionMode::parallel : ExecutionMode::serial;
            execution.begin(f.sandbox.world(), context, std::exchange(block, {}), options, workers);
            std::vector<std::thread> threads;
            for (unsigned i = 1; i < workers; ++i)
                threads.emplace_back([&execution, i] { execution.assist(i); });
            execution.plan();
            const bool is_done = execution.run();
            for (auto& thread : threads)
                thread.join();
            // Nothing was touched that was not declared, by transfers of the same block either.
            REQUIRE(is_done);
            REQUIRE(execution.undeclared_touches() == 0);
            execution.apply(0, {});
            auto finished = execution.seal({}, {});
            for (const auto& receipt : finished.receipts)
            {
                INFO(receipt.refusal.to_string());
                REQUIRE(receipt.status == ReceiptStatus::succeeded);
            }
            return finished.header.receipts_root;
        };
        const auto send = [&](AccountId from, bool is_return, AccountId to, std::uint64_t amount)
        { block.push_back(transaction_of(from, f.sending(is_return, to, units(amount)))); };
        for (std::uint64_t i = 0; i < 6; ++i)
        {
            send(f.alice, false, f.bob, 20 + i);
            send(f.bob, false, f.alice, 30 + i);
            send(f.bob, true, f.alice, 10 + i);
        }
        std::vector<Hash> roots{run_block(midnight + 12)};
        for (std::uint64_t number = 0; number < 18; ++number)
        {
            for (std::size_t i = 0; i < 3; ++i)
            {
                CallWriter calls;
                f.bridge.add_attest(calls, number);
                block.push_back(transaction_of(f.guardians[(number + i) % 5], calls));
            }
        }
        roots.push_back(run_block(midnight + 24));
        for (std::uint64_t number = 0; number < 9; ++number)
            block.push_back(transaction_of(f.relayer, f.release(17 - number)));
        send(f.alice, false, f.alice, 40);
        roots.push_back(run_block(midnight + 624));
        for (std::uint64_t number = 0; number < 9; ++number)
        {
            CallWriter calls;
            f.bridge.add_refund(calls, number);
            block.push_back(transaction_of(f.alice, calls));
        }
        roots.push_back(run_block(midnight + 3'612));
        REQUIRE(f.sandbox.world().check_invariants().empty());
        CHECK(f.bridge.first_in_flight() == 18);
        roots.push_back(f.sandbox.world().checkpoint_root());
        return roots;
    };
    CHECK(run(1) == run(3));
}

namespace
{
struct Operation
{
    std::uint32_t kind = 0;
    std::uint32_t who = 0;
    std::uint32_t number = 0;
};

/// Plays operations in a world of its own, with an account of what everybody should have.
std::optional<tests::Broken> play(std::span<const Operation> operations, bool of_token)
{
    BridgeFixture f{of_token, units(500)};
    f.give(f.bob, units(1'000));
    struct Sent
    {
        bool is_return = false;
        AccountId from{};
        AccountId to{};
        Amount amount;
        std::uint64_t at = 0;
        bool is_done = false;
    };
    std::vector<Sent> sent;
    std::map<std::uint64_t, std::uint64_t> signatures;  // Bits, by number.
    auto now = midnight;
    const Amount home_total = units(3'300);
    const AccountId people[] = {f.alice, f.bob};
    for (std::size_t i = 0; i < operations.size(); ++i)
    {
        const auto& operation = operations[i];
        const auto who = people[operation.who % 2];
        const auto to = people[operation.who / 2 % 2];
        CallWriter calls;
        AccountId sender = who;
        const auto number = sent.empty() ? 0 : operation.number % sent.size();
        const auto before = f.bridge.transfer(number);
        switch (operation.kind % 8)
        {
            case 0:
            case 1: {
                const bool is_return = operation.kind % 8 == 1;
                const Amount amount = wrapping_add(units(operation.number % 90), 7);
                const auto held = is_return ? f.there.balance(who) : f.at_home(who);
                const bool can = amount <= held && f.bridge.fee(amount) < amount &&
                                 (!is_return || amount <= f.bridge.minted());
                const auto outcome = f.sandbox.run(who, f.sending(is_return, to, amount));
                if (outcome.ok() != can)
                    return tests::Broken{i, "sending: " + outcome.receipt.refusal.to_string()};
                if (outcome.undeclared_touches != 0)
                    return tests::Broken{i, "sending touches more than it declares"};
                if (can)
                    sent.push_back({is_return, who, to, amount, now, false});
                break;
            }
            case 2:
            case 3:
            case 4: {
                if (sent.empty())
                    break;
                const auto guardian = operation.who % 5;
                const bool can = (signatures[number] >> guardian & 1U) == 0 &&
                                 before.status != BridgeStatus::released;
                f.bridge.add_attest(calls, number);
                const auto outcome = f.sandbox.run(f.guardians[guardian], calls);
                if (outcome.ok() != can)
                    return tests::Broken{i, "attesting: " + outcome.receipt.refusal.to_string()};
                if (outcome.undeclared_touches != 0)
                    return tests::Broken{i, "attesting touches more than it declares"};
                signatures[number] |= can ? std::uint64_t{1} << guardian : 0;
                break;
            }
            case 5: {
                if (sent.empty())
                    break;
                auto& transfer = sent[number];
                const auto payee = transfer.to;
                const auto paid_before =
                    transfer.is_return ? f.at_home(payee) : f.there.balance(payee);
                const auto room = f.bridge.room(transfer.is_return, now);
                const bool can = before.ready_at != 0 && now >= before.ready_at &&
                                 now < transfer.at + 3'600 && !transfer.is_done &&
                                 transfer.amount <= room;
                const auto outcome = f.sandbox.run(f.relayer, f.release(number));
                if (outcome.ok() != can)
                    return tests::Broken{i, "releasing: " + outcome.receipt.refusal.to_string()};
                if (outcome.undeclared_touches != 0)
                    return tests::Broken{i, "releasing touches more than it declares"};
                if (!can)
                    break;
                transfer.is_done = true;
                const auto paid = transfer.is_return ? f.at_home(payee) : f.there.balance(payee);
                if (wrapping_sub(paid, paid_before) !=
                    wrapping_sub(transfer.amount, f.bridge.fee(transfer.amount)))
                    return tests::Broken{i, "releasing paid something else"};
                break;
            }
            case 6: {
                if (sent.empty())
                    break;
                auto& transfer = sent[number];
                const bool can = !transfer.is_done && now >= transfer.at + 3'600;
                f.bridge.add_refund(calls, number);
                const auto outcome = f.sandbox.run(sender, calls);
                if (outcome.ok() != can)
                    return tests::Broken{i, "refunding: " + outcome.receipt.refusal.to_string()};
                if (outcome.undeclared_touches != 0)
                    return tests::Broken{i, "refunding touches more than it declares"};
                transfer.is_done = transfer.is_done || can;
                break;
            }
            default:
                now += 30 + operation.number % 400;
                f.sandbox.set_time(now);
                break;
        }
        if (f.bridge.locked() < f.bridge.minted())
            return tests::Broken{i, "more is minted than locked"};
        if (wrapping_add(f.bridge.minted(), Amount{}) != f.there.total_supply())
            return tests::Broken{i, "the supply is not what was minted"};
        const auto home = wrapping_add(wrapping_add(f.at_home(f.alice), f.at_home(f.bob)),
            wrapping_add(f.at_home(f.relayer), f.at_home(f.bridge.account())));
        if (home != home_total || f.at_home(f.bridge.account()) != f.bridge.locked())
            return tests::Broken{i, "home tokens came or went"};
        if (i % 500 == 499)
        {
            const auto findings = f.sandbox.world().check_invariants();
            if (!findings.empty())
                return tests::Broken{i, findings.front()};
        }
    }
    return std::nullopt;
}
}  // namespace

// Method: 20'000 operations in four worlds, against a list of what was sent; what breaks is shrunk.
TEST_CASE(
    "guardian bridge: every transfer is released or refunded once, and what is minted is "
    "locked",
    "[contracts][bridge][property]")
{
    std::mt19937_64 random{20'220'323};
    for (int round = 0; round < 4; ++round)
    {
        std::vector<Operation> operations(5'000);
        for (auto& operation : operations)
        {
            operation.kind = static_cast<std::uint32_t>(random());
            operation.who = static_cast<std::uint32_t>(random());
            operation.number = static_cast<std::uint32_t>(random());
        }
        const bool of_token = round % 2 == 0;
        const auto found = tests::find_counterexample(std::move(operations),
            [&](std::span<const Operation> some) { return play(some, of_token); });
        if (!found)
            continue;
        std::string list;
        for (const auto& operation : found->operations)
        {
            list += "{" + std::to_string(operation.kind % 8) + ", " +
                    std::to_string(operation.who) + ", " + std::to_string(operation.number) + "} ";
        }
        FAIL(found->what << " after " << list << (of_token ? "of a token" : "of native coins"));
    }
}

}  // namespace runnel::contracts
