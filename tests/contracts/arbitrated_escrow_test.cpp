#include "contracts/commerce/arbitrated_escrow/escrow.hpp"
#include "contracts/commerce/arbitrated_escrow/events.hpp"
#include "contracts/stablecoins/fiat_token/fiat_token.hpp"
#include "contracts/staking/lido/steth.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "tests/contracts/contract_fixture.hpp"
#include "tests/support/shrinking.hpp"

#include <array>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace runnel::contracts
{
namespace
{
using namespace arbitrated_escrow;

constexpr std::uint64_t start = 1'700'000'000;
constexpr std::uint64_t day = 86'400;

/// A buyer, a seller, an arbiter and somebody else, each with a million of every token: a plain
/// one, one that keeps 1% of every transfer, one that answers false, one that can refuse accounts.
struct EscrowFixture : ContractFixture
{
    explicit EscrowFixture(FeePayer payer = FeePayer::loser)
      : escrow{sandbox.add<ArbitratedEscrow>("escrow", Rules{payer, 3 * day, 14 * day})}
    {
        sandbox.connect();
        coin.appoint({other, other, other, other, false, false});
        for (const auto account : {buyer, seller, arbiter, other})
        {
            for (auto* token : {&plain, &taxed, &mute})
                token->allocate(account, Amount{1'000'000});
            coin.allocate(sandbox.world(), account, Amount{1'000'000});
            for (const auto token : tokens())
                run(account, token, Erc20Approve{escrow.account(), Amount::max()});
        }
        at(start);
    }
    [[nodiscard]] std::array<ContractId, 4> tokens() const
    {
        return {plain.id(), taxed.id(), mute.id(), coin.id()};
    }
    void at(std::uint64_t time) { sandbox.set_time(now = time); }
    [[nodiscard]] EscrowTerms terms(const Amount& amount = Amount{1'000}) const
    {
        return {plain.id(), amount, seller, arbiter, Amount{50}, start + 5 * day, 7 * day};
    }
    template <typename Call>
    bool run(AccountId sender, ContractId contract, const Call& call)
    {
        return sandbox.run(sender, contract, call).ok();
    }
    template <typename Call>
    Sandbox::Outcome ok(AccountId sender, const Call& call)
    {
        return expect_ok(sender, escrow.id(), call);
    }
    template <typename Call>
    void no(AccountId sender, const Call& call, std::string_view reason)
    {
        expect_refusal(sender, escrow.id(), call, reason);
    }
    /// Opens a deal and ships at once.
    std::uint64_t shipped(const Amount& amount = Amount{1'000})
    {
        ok(buyer, CreateTransaction{terms(amount)});
        const auto number = escrow.deals() - 1;
        ok(seller, Ship{number, Amount{}});
        return number;
    }
    std::uint64_t disputed(const Amount& amount = Amount{1'000})
    {
        const auto number = shipped(amount);
        ok(buyer, PayArbitrationFeeByBuyer{number});
        ok(seller, PayArbitrationFeeBySeller{number});
        return number;
    }
    [[nodiscard]] Amount credit(AccountId account) const
    {
        return escrow.credit(account, plain.id());
    }

    Erc20& plain = sandbox.add<Erc20>("PLAIN", TokenInfo{"PLAIN", 6}, TokenFlavour::openzeppelin5);
    Erc20& taxed = sandbox.add<Erc20>("TAXED", TokenInfo{"TAXED", 6}, TokenFlavour::openzeppelin5,
        zero_account, TokenQuirks{100, "", TransferAnswer::success});
    Erc20& mute = sandbox.add<Erc20>("MUTE", TokenInfo{"MUTE", 6}, TokenFlavour::uniswap,
        zero_account, TokenQuirks{0, "", TransferAnswer::false_on_failure});
    FiatToken& coin = sandbox.add<FiatToken>(
        "USDC", fiat_token::Spec{{"USDC", 6}, "USD Coin", fiat_token::Version::v2_2, 1});
    AccountId buyer = sandbox.account("buyer");
    AccountId seller = sandbox.account("seller");
    AccountId arbiter = sandbox.account("arbiter");
    AccountId other = sandbox.account("other");
    ArbitratedEscrow& escrow;
    std::uint64_t now = 0;
};
}  // namespace

TEST_CASE("escrow: a confirmed deal pays the seller in parts", "[contracts][escrow]")
{
    EscrowFixture f;
    const auto opened = f.ok(f.buyer, CreateTransaction{f.terms()});
    CHECK(opened.returns.values[0] == 0);
    CHECK(f.ok(f.buyer, CreateTransaction{f.terms()}).returns.values[0] == 1);
    CHECK(f.plain.balance(f.buyer) == 998'000);
    CHECK(f.escrow.owed(f.plain.id()) == 2'000);

    f.no(f.buyer, Pay{2, 1}, "Escrow: no such transaction");
    f.no(f.seller, Pay{0, 1}, "The caller must be the buyer.");
    f.no(f.buyer, Reimburse{0, 1}, "The caller must be the seller.");
    f.no(f.buyer, Pay{0, 1'001}, "The amount paid has to be less or equal than the transaction.");
    f.no(f.seller, Reimburse{0, 1'001},
        "The amount reimbursed has to be less or equal than the transaction.");
    f.no(f.buyer, Pay{0, 0}, "Escrow: nothing to pay");

    f.ok(f.buyer, Pay{0, 300});
    f.ok(f.seller, Reimburse{0, 100});
    CHECK(f.credit(f.seller) == 300);
    CHECK(f.credit(f.buyer) == 100);
    CHECK(f.escrow.deal(0).amount == 600);
    CHECK(f.escrow.deal(0).status == EscrowStatus::no_dispute);
    f.ok(f.buyer, Pay{0, 600});
    CHECK(f.escrow.deal(0).status == EscrowStatus::resolved);
    CHECK(f.escrow.deal(0).agreed == 1'000);
    f.no(f.buyer, Pay{0, 0}, "The transaction can't be disputed.");
    f.no(f.seller, Ship{0, Amount{}}, "The transaction can't be disputed.");
    f.no(f.buyer, ExecuteTransaction{0}, "The transaction can't be disputed.");

    // Anybody may ask that somebody be paid.
    CHECK(f.ok(f.other, Withdraw{f.seller, f.plain.id()}).returns.values[0] == 900);
    CHECK(f.plain.balance(f.seller) == 1'000'900);
    f.no(f.seller, Withdraw{f.seller, f.plain.id()}, "Escrow: nothing to withdraw");
    f.no(f.seller, Withdraw{f.seller, f.mute.id()}, "Escrow: nothing to withdraw");
    f.no(
        f.seller, Withdraw{AccountId{999'999}, ContractId{999'999}}, "Escrow: nothing to withdraw");
    f.ok(f.buyer, Withdraw{f.buyer, f.plain.id()});
    CHECK(f.escrow.owed(f.plain.id()) == 1'000);
}

TEST_CASE("escrow: what parties cannot agree on is refused", "[contracts][escrow]")
{
    EscrowFixture f;
    const auto with = [&f](auto change)
    {
        auto terms = f.terms();
        change(terms);
        return CreateTransaction{terms};
    };
    const auto refused = [&](auto change, std::string_view reason)
    { f.no(f.buyer, with(change), reason); };
    refused([&](auto& t) { t.token = f.escrow.id(); }, "Escrow: no such token");
    refused([](auto& t) { t.token = ContractId{77'777}; }, "Escrow: no such token");
    refused([](auto& t) { t.seller = AccountId{77'777}; }, "no such account");
    refused([](auto& t) { t.arbiter = AccountId{77'777}; }, "no such account");
    refused([](auto& t) { t.amount = {}; }, "Escrow: nothing to hold");
    refused([&](auto& t) { t.seller = f.buyer; }, "Escrow: the seller is the buyer himself");
    refused([&](auto& t) { t.arbiter = f.buyer; }, "Escrow: the arbiter is a party");
    refused([&](auto& t) { t.arbiter = f.seller; }, "Escrow: the arbiter is a party");
    refused([](auto& t) { t.ship_by = start; }, "Escrow: too late to ship");
    f.ok(f.buyer, with([](auto& t) { t.ship_by = start + 1; }));

    // Odd tokens: one that delivers less, one that answers false.
    refused([&](auto& t) { t.token = f.taxed.id(); }, "Escrow: the token keeps a fee");
    const auto mute = "SafeERC20FailedOperation(#" + std::to_string(index(f.mute.account())) + ")";
    refused(
        [&](auto& t)
        {
            t.token = f.mute.id();
            t.amount = Amount{1'000'001};
        },
        mute);
    // 99 units are under the 1% of which a whole unit is kept.
    f.ok(f.buyer, with(
                      [&](auto& t)
                      {
                          t.token = f.taxed.id();
                          t.amount = Amount{99};
                      }));
    refused([&](auto& t) { t.amount = Amount{1'000'001}; },
        "ERC20InsufficientBalance(#" + std::to_string(index(f.buyer)) + ", 999000, 1000001)");
}

TEST_CASE("escrow: a token that rebases is refused", "[contracts][escrow]")
{
    Sandbox sandbox;
    auto& steth = sandbox.add<LidoSteth>("stETH", "stETH", lido::FeeDistribution{});
    auto& escrow = sandbox.add<ArbitratedEscrow>("escrow", Rules{});
    const auto buyer = sandbox.account("buyer");
    const auto seller = sandbox.account("seller");
    const auto arbiter = sandbox.account("arbiter");
    sandbox.connect();
    sandbox.set_time(start);
    const auto outcome = sandbox.run(buyer, escrow.id(),
        CreateTransaction{{steth.id(), Amount{1}, seller, arbiter, Amount{}, start + day, day}});
    CHECK(outcome.receipt.refusal.to_string() == "Escrow: the token rebases");
}

TEST_CASE("escrow: a seller who does not ship in time pays back", "[contracts][escrow]")
{
    EscrowFixture f;
    f.ok(f.buyer, CreateTransaction{f.terms()});
    f.ok(f.buyer, CreateTransaction{f.terms()});
    f.no(f.buyer, Ship{0, Amount{}}, "The caller must be the seller.");
    f.at(start + 5 * day - 1);
    CHECK_FALSE(f.escrow.is_due(f.escrow.deal(0), f.now));
    f.no(f.buyer, ExecuteTransaction{0}, "The timeout has not passed yet.");
    f.no(f.buyer, PayArbitrationFeeByBuyer{0}, "Escrow: nothing was shipped");
    f.ok(f.seller, Ship{1, Amount{}});
    f.no(f.seller, Ship{1, Amount{}}, "Escrow: it was shipped");
    f.at(start + 5 * day);
    CHECK(f.escrow.is_due(f.escrow.deal(0), f.now));
    f.no(f.seller, Ship{0, Amount{}}, "Escrow: too late to ship");
    f.ok(f.other, ExecuteTransaction{0});
    CHECK(f.credit(f.buyer) == 1'000);
    f.no(f.other, ExecuteTransaction{1}, "The timeout has not passed yet.");
}

TEST_CASE("escrow: silence after the shipment pays the seller", "[contracts][escrow]")
{
    EscrowFixture f;
    const auto number = f.shipped();
    f.at(start + 7 * day - 1);
    f.no(f.seller, ExecuteTransaction{number}, "The timeout has not passed yet.");
    f.at(start + 7 * day);
    f.no(f.buyer, PayArbitrationFeeByBuyer{number}, "Escrow: the inspection is over");
    f.ok(f.seller, ExecuteTransaction{number});
    CHECK(f.credit(f.seller) == 1'000);
    f.no(f.seller, ExecuteTransaction{number}, "The transaction can't be disputed.");
    f.no(f.buyer, PayArbitrationFeeByBuyer{number}, "Dispute has already been created.");
}

TEST_CASE("escrow: who does not deposit loses", "[contracts][escrow]")
{
    EscrowFixture f;
    const auto a = f.shipped();
    const auto b = f.shipped();
    f.at(start + 7 * day - 1);
    f.no(f.seller, PayArbitrationFeeByBuyer{a}, "The caller must be the buyer.");
    f.no(f.buyer, PayArbitrationFeeBySeller{a}, "The caller must be the seller.");
    f.ok(f.buyer, PayArbitrationFeeByBuyer{a});
    f.no(f.buyer, PayArbitrationFeeByBuyer{a}, "Escrow: the fee was paid");
    f.ok(f.seller, PayArbitrationFeeBySeller{b});
    f.no(f.buyer, Pay{a, 1}, "The transaction can't be disputed.");
    f.no(f.seller, Reimburse{a, 1}, "The transaction can't be disputed.");
    f.at(start + 10 * day - 2);
    f.no(f.buyer, ExecuteTransaction{a}, "The transaction can't be disputed.");
    f.no(f.buyer, TimeOutByBuyer{a}, "Timeout time has not passed yet.");
    f.no(f.seller, TimeOutBySeller{b}, "Timeout time has not passed yet.");
    f.at(start + 10 * day - 1);
    f.no(f.seller, TimeOutBySeller{a}, "The transaction is not waiting on the buyer.");
    f.no(f.buyer, TimeOutByBuyer{b}, "The transaction is not waiting on the seller.");
    f.no(f.arbiter, Rule{a, 1}, "Escrow: no dispute waits for a ruling");
    f.no(f.other, TimeOutRuling{a}, "Escrow: no dispute waits for a ruling");
    f.ok(f.other, TimeOutByBuyer{a});
    f.ok(f.other, TimeOutBySeller{b});
    CHECK(f.credit(f.buyer) == 1'050);
    CHECK(f.credit(f.seller) == 1'050);
    CHECK(f.credit(f.arbiter).is_zero());
    f.no(f.other, TimeOutByBuyer{a}, "The transaction is not waiting on the seller.");
}

TEST_CASE("escrow: the loser pays for the ruling", "[contracts][escrow]")
{
    EscrowFixture f;
    const auto a = f.disputed(Amount{1'001});
    const auto b = f.disputed(Amount{1'001});
    const auto c = f.disputed(Amount{1'001});
    // 3 * (1'001 + 2 * 50).
    CHECK(f.escrow.owed(f.plain.id()) == 3'303);
    f.no(f.buyer, Rule{a, 1}, "The caller must be the arbitrator.");
    f.no(f.arbiter, Rule{a, 3}, "Invalid ruling.");
    f.ok(f.arbiter, Rule{a, 1});
    CHECK(f.credit(f.buyer) == 1'051);
    CHECK(f.credit(f.seller).is_zero());
    CHECK(f.credit(f.arbiter) == 50);
    f.no(f.arbiter, Rule{a, 1}, "The dispute has already been resolved.");
    f.ok(f.arbiter, Rule{b, 2});
    CHECK(f.credit(f.buyer) == 1'051);
    CHECK(f.credit(f.seller) == 1'051);
    // Each half; the odd unit of the price is the seller's.
    f.ok(f.arbiter, Rule{c, 0});
    CHECK(f.credit(f.buyer) == 1'051 + 500 + 25);
    CHECK(f.credit(f.seller) == 1'051 + 501 + 25);
    CHECK(f.credit(f.arbiter) == 150);
    CHECK(f.escrow.owed(f.plain.id()) == 3'303);
}

TEST_CASE("escrow: both may pay for the ruling, half each", "[contracts][escrow]")
{
    EscrowFixture f{FeePayer::both};
    auto terms = f.terms();
    terms.arbitration_cost = Amount{51};
    f.ok(f.buyer, CreateTransaction{terms});
    f.ok(f.seller, Ship{0, Amount{}});
    CHECK(f.escrow.deposit(f.escrow.deal(0), EscrowParty::buyer) == 26);
    CHECK(f.escrow.deposit(f.escrow.deal(0), EscrowParty::seller) == 25);
    f.ok(f.seller, PayArbitrationFeeBySeller{0});
    f.ok(f.buyer, PayArbitrationFeeByBuyer{0});
    CHECK(f.escrow.owed(f.plain.id()) == 1'051);
    f.ok(f.arbiter, Rule{0, 2});
    CHECK(f.credit(f.arbiter) == 51);
    CHECK(f.credit(f.seller) == 1'000);
    CHECK(f.credit(f.buyer).is_zero());
}

TEST_CASE("escrow: an arbiter who says nothing earns nothing", "[contracts][escrow]")
{
    const auto payer = GENERATE(FeePayer::loser, FeePayer::both);
    EscrowFixture f{payer};
    auto terms = f.terms(Amount{1'001});
    terms.arbitration_cost = Amount{51};
    f.ok(f.buyer, CreateTransaction{terms});
    f.ok(f.seller, Ship{0, Amount{}});
    f.ok(f.buyer, PayArbitrationFeeByBuyer{0});
    f.at(start + 2 * day);
    f.ok(f.seller, PayArbitrationFeeBySeller{0});
    f.at(start + 16 * day - 1);
    f.no(f.buyer, TimeOutRuling{0}, "Timeout time has not passed yet.");
    f.at(start + 16 * day);
    f.ok(f.buyer, TimeOutRuling{0});
    CHECK(f.credit(f.arbiter).is_zero());
    CHECK(f.credit(f.buyer) == 500 + (payer == FeePayer::both ? 26 : 51));
    CHECK(f.credit(f.seller) == 501 + (payer == FeePayer::both ? 25 : 51));
    f.no(f.arbiter, Rule{0, 1}, "The dispute has already been resolved.");
}

TEST_CASE("escrow: arbitration may be free", "[contracts][escrow]")
{
    EscrowFixture f;
    auto terms = f.terms();
    terms.arbitration_cost = {};
    f.ok(f.buyer, CreateTransaction{terms});
    f.ok(f.seller, Ship{0, Amount{}});
    f.ok(f.buyer, PayArbitrationFeeByBuyer{0});
    f.ok(f.seller, PayArbitrationFeeBySeller{0});
    f.ok(f.arbiter, Rule{0, 1});
    CHECK(f.credit(f.buyer) == 1'000);
}

TEST_CASE("escrow: a contract opens a deal with what it has paid before", "[contracts][escrow]")
{
    EscrowFixture f;
    const CreatePrepaidTransaction open{f.buyer, f.terms()};
    f.no(f.other, open, "Escrow: not paid");
    f.ok(f.seller, CreateTransaction{{f.plain.id(), Amount{500}, f.buyer, f.arbiter, Amount{},
                       start + day, day}});
    f.no(f.other, open, "Escrow: not paid");  // What is owed is nobody else's.
    const auto pay = [&](std::uint64_t amount) {
        return Erc20Transfer{f.escrow.account(), Amount{amount}};
    };
    f.expect_refusal(f.other, CallWriter{}.add(f.plain.id(), pay(999)).add(f.escrow.id(), open),
        "Escrow: not paid");
    f.expect_ok(f.other, CallWriter{}.add(f.plain.id(), pay(1'000)).add(f.escrow.id(), open));
    CHECK(f.escrow.deal(1).buyer == f.buyer);
    CHECK(f.escrow.owed(f.plain.id()) == 1'500);
    f.no(f.other, open, "Escrow: not paid");
    f.no(f.other, CreatePrepaidTransaction{AccountId{77'777}, f.terms()}, "no such account");
}

// The coin refuses the seller: the buyer gets what is his all the same, and the seller once the
// coin allows it again.
TEST_CASE("escrow: a party that cannot be paid holds nobody up", "[contracts][escrow]")
{
    EscrowFixture f;
    auto terms = f.terms();
    terms.token = f.coin.id();
    f.ok(f.buyer, CreateTransaction{terms});
    f.ok(f.buyer, Pay{0, 400});
    f.expect_ok(f.other, f.coin.id(), fiat_token::Blacklist{f.seller});
    f.ok(f.seller, Reimburse{0, 600});
    f.ok(f.buyer, Withdraw{f.buyer, f.coin.id()});
    f.no(f.seller, Withdraw{f.seller, f.coin.id()}, "Blacklistable: account is blacklisted");
    f.expect_ok(f.other, f.coin.id(), fiat_token::UnBlacklist{f.seller});
    f.ok(f.seller, Withdraw{f.seller, f.coin.id()});
    CHECK(f.coin.balance(f.seller) == 1'000'400);
    CHECK(f.escrow.owed(f.coin.id()).is_zero());
}

TEST_CASE("escrow: tells what happened", "[contracts][escrow]")
{
    EscrowFixture f;
    const auto number = f.shipped();
    const auto raised = f.ok(f.buyer, PayArbitrationFeeByBuyer{number});
    const auto stood = f.ok(f.seller, PayArbitrationFeeBySeller{number});
    const auto ruled = f.ok(f.arbiter, Rule{number, 1});
    const auto moves = [](const Sandbox::Outcome& outcome)
    {
        std::vector<std::string> told;
        for (const auto& record : outcome.block.events)
        {
            EscrowMove move;
            if (record.type == &event_type<EscrowMove> &&
                decode(outcome.block.encoding(record), move))
                told.push_back(std::string{to_string(move.transaction_type)} + " " +
                               move.amount_raw.to_string());
        }
        return told;
    };
    CHECK(moves(raised) == std::vector<std::string>{"deposit 50"});
    CHECK(moves(stood) == std::vector<std::string>{"deposit 50", "dispute 1000"});
    CHECK(moves(ruled) == std::vector<std::string>{"fee 50", "refund 1000", "returned 50"});
}

namespace
{
/// One of whatever anybody could try, in any state.
struct Operation
{
    std::uint8_t kind = 0;
    std::uint8_t who = 0;
    std::uint8_t token = 0;
    std::uint32_t number = 0;
    std::uint32_t amount = 0;
    std::uint32_t seconds = 0;
};

Operation random_operation(std::mt19937_64& random)
{
    const auto below = [&random](std::uint32_t bound) {
        return std::uniform_int_distribution<std::uint32_t>{0, bound - 1}(random);
    };
    Operation operation;
    // Disputes take several steps: these come more often, and openings more seldom.
    static constexpr std::array<std::uint8_t, 24> kinds{
        0, 1, 2, 3, 4, 5, 5, 6, 7, 8, 9, 10, 10, 10, 11, 11, 11, 12, 13, 14, 15, 15, 16, 17};
    operation.kind = kinds.at(below(kinds.size()));
    operation.who = static_cast<std::uint8_t>(below(4));
    operation.token = static_cast<std::uint8_t>(below(4));
    operation.number = below(1U << 20U);
    operation.amount = below(20) == 0 ? below(2'000'000) : below(1'000);
    // Before somebody asks for what a time-out gives, time often passes.
    const bool is_timeout = operation.kind >= 12 && operation.kind <= 14;
    operation.seconds = below(is_timeout ? 3 : 80) == 0 ? below(20 * day) : below(600);
    return operation;
}

bool play(EscrowFixture& f, const Operation& operation)
{
    f.at(f.now + operation.seconds);
    const std::array people{f.buyer, f.seller, f.arbiter, f.other};
    const auto who = people.at(operation.who);
    const auto token = f.tokens().at(operation.token);
    const Amount amount{operation.amount};
    // Mostly one of the last deals, sometimes one that is not there.
    const auto deals = f.escrow.deals();
    const auto back = operation.number % 4;
    const auto number = back < deals ? deals - 1 - back : deals + back;
    const auto& deal = f.escrow.deal(number < deals ? number : 0);
    const auto run = [&](AccountId sender, const auto& call)
    { return f.run(sender, f.escrow.id(), call); };
    // The other two are seller and arbiter; a stranger half of the time tries instead.
    const EscrowTerms terms{token, amount, people.at((operation.who + 1U) % 4),
        people.at((operation.who + 2U) % 4), Amount{operation.number % 97},
        f.now + operation.number % (9 * day), operation.number % (11 * day)};
    const bool as_party = operation.number % 5 != 0;
    const auto by = [&](AccountId party) { return as_party ? party : who; };
    const auto part = operation.number % 9 == 0 ? deal.amount : Amount{operation.amount % 97};
    switch (operation.kind)
    {
        case 0:
        case 1: return run(who, CreateTransaction{terms});
        case 2:
            return f.sandbox
                .run(who, CallWriter{}
                              .add(token, Erc20Transfer{f.escrow.account(), amount})
                              .add(f.escrow.id(), CreatePrepaidTransaction{who, terms}))
                .ok();
        case 3:
            return run(who, CreatePrepaidTransaction{people.at((operation.who + 3U) % 4), terms});
        case 4: return f.run(who, token, Erc20Transfer{f.escrow.account(), amount});
        case 5:
        case 6: return run(by(deal.seller), Ship{number, Amount{}});
        case 7: return run(by(deal.buyer), Pay{number, part});
        case 8: return run(by(deal.seller), Reimburse{number, part});
        case 9: return run(who, ExecuteTransaction{number});
        case 10: return run(by(deal.buyer), PayArbitrationFeeByBuyer{number});
        case 11: return run(by(deal.seller), PayArbitrationFeeBySeller{number});
        case 12: return run(who, TimeOutByBuyer{number});
        case 13: return run(who, TimeOutBySeller{number});
        case 14: return run(who, TimeOutRuling{number});
        case 15:
            return run(
                by(deal.arbiter), Rule{number, static_cast<std::uint8_t>(operation.amount % 4)});
        case 16: return run(who, Withdraw{people.at(operation.amount % 4), token});
        default:
            return operation.number % 4 == 0
                       ? f.run(f.other, f.coin.id(), fiat_token::Blacklist{who})
                       : f.run(f.other, f.coin.id(), fiat_token::UnBlacklist{who});
    }
}

/// Plays a list in a world of its own. After every operation the escrow's books must agree with
/// themselves and with what it holds, and nobody's tokens come from nowhere or vanish, but for the
/// fee that one of them burns.
std::optional<runnel::tests::Broken> play_all(
    FeePayer payer, std::span<const Operation> operations, std::size_t* succeeded = nullptr)
{
    EscrowFixture f{payer};
    const auto supplies = [&f]
    {
        return std::array{f.plain.total_supply(), f.taxed.total_supply(), f.mute.total_supply(),
            f.coin.total_supply()};
    };
    const auto supply = supplies();
    for (std::size_t i = 0; i < operations.size(); ++i)
    {
        const bool done = play(f, operations[i]);
        if (done && succeeded != nullptr)
            ++succeeded[operations[i].kind];
        Findings findings;
        f.escrow.check_invariants(f.sandbox.world(), findings);
        if (!findings.empty())
            return runnel::tests::Broken{i, findings.front()};
        const auto after = supplies();
        if (after[0] != supply[0] || after[2] != supply[2] || after[3] != supply[3])
            return runnel::tests::Broken{i, "tokens appeared or were lost"};
    }
    // In the end everybody can have what is his: all deals time out, all credits are withdrawn, and
    // nothing is left but what came without a deal.
    f.at(f.now + 1'000 * day);
    for (const auto account : {f.buyer, f.seller, f.arbiter, f.other})
        (void)f.run(f.other, f.coin.id(), fiat_token::UnBlacklist{account});
    for (std::uint64_t number = 0; number < f.escrow.deals(); ++number)
    {
        if (f.escrow.deal(number).status == EscrowStatus::resolved)
            continue;
        CallWriter calls;
        f.escrow.add_settlement(calls, number);
        if (!f.sandbox.run(f.other, calls).ok())
            return runnel::tests::Broken{operations.size(), "a deal that never ends"};
    }
    for (const auto token : f.tokens())
    {
        for (const auto account : {f.buyer, f.seller, f.arbiter, f.other})
        {
            if (!f.escrow.credit(account, token).is_zero() &&
                !f.run(f.other, f.escrow.id(), Withdraw{account, token}))
                return runnel::tests::Broken{operations.size(), "a credit that is never paid"};
        }
        if (!f.escrow.owed(token).is_zero())
            return runnel::tests::Broken{operations.size(), "owed to nobody"};
    }
    return std::nullopt;
}
}  // namespace

// Method: 100 worlds of 1'000 random operations of four people with four tokens, odd ones among
// them; whatever breaks an invariant is shrunk to the operations that it takes.
TEST_CASE("escrow: never owes more than it holds", "[contracts][escrow][property]")
{
    std::array<std::size_t, 18> succeeded{};
    for (std::uint64_t world = 0; world < 100; ++world)
    {
        std::mt19937_64 random{20'261'130 + world};
        std::vector<Operation> operations;
        for (int i = 0; i < 1'000; ++i)
            operations.push_back(random_operation(random));
        const auto payer = world % 2 == 0 ? FeePayer::loser : FeePayer::both;
        if (!play_all(payer, operations, succeeded.data()))
            continue;
        const auto found = runnel::tests::find_counterexample(
            operations, [payer](std::span<const Operation> list) { return play_all(payer, list); });
        REQUIRE(found);
        for (const auto& o : found->operations)
        {
            UNSCOPED_INFO("kind " << int{o.kind} << " who " << int{o.who} << " token "
                                  << int{o.token} << " number " << o.number << " amount "
                                  << o.amount << " seconds " << o.seconds);
        }
        FAIL(found->what);
    }
    // Every kind of operation is one that happens.
    for (std::size_t kind = 0; kind < succeeded.size(); ++kind)
    {
        CAPTURE(kind);
        CHECK(succeeded[kind] > 20);
    }
}

}  // namespace runnel::contracts
