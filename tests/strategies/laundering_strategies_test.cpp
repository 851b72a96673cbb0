// Who uses mixers, who sends withdrawals for them, and who follows the money.

#include "contracts/compliance/screening_list/screening_list.hpp"
#include "contracts/custody/custodial_exchange/exchange.hpp"
#include "contracts/custody/guardian_bridge/bridge.hpp"
#include "contracts/mixers/tornado/tornado.hpp"
#include "contracts/oracles/price_oracle/price_oracle.hpp"
#include "contracts/stablecoins/fiat_token/fiat_token.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "strategies/laundering/notes.hpp"
#include "strategies/market/common.hpp"
#include "strategies/registry.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_wallet.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

using namespace runnel;
using namespace runnel::contracts;
using namespace runnel::strategies;
using runnel::tests::always;
using runnel::tests::FakeWallet;

namespace
{

const Amount ether = Amount::power_of_ten(18);

Amount coins(std::uint64_t whole)
{
    return wrapping_mul(Amount{whole}, ether);
}

/// Two mixers of native coins, an exchange where they are worth 2,000, and some people.
struct Mixers
{
    Mixers()
    {
        for (std::size_t i = 0; i < 12; ++i)
            gang.push_back(sandbox.account("gang/" + std::to_string(i)));
        sandbox.connect();
        sandbox.set_time(1'700'000'000);
        for (const auto account : {me, relayer, buyer})
            give(account, coins(1'000));
        groups = std::make_shared<const GroupAccounts>(GroupAccounts{
            {"relayers", {relayer}}, {"buyers", {buyer}}, {"gang", gang}, {"group", {me}}});
    }
    void give(AccountId account, const Amount& amount)
    {
        auto& world = sandbox.world();
        auto& balance = world.account_states.at(account).balance;
        balance = wrapping_add(balance, amount);
        world.native_supply.at(0) = wrapping_add(world.native_supply.get(0), amount);
    }
    [[nodiscard]] const Amount& balance(AccountId account)
    {
        return sandbox.world().account_states.get(account).balance;
    }
    [[nodiscard]] WalletGroup group(AccountId account) const
    {
        auto group = runnel::tests::group_of_one(sandbox_world(), account);
        group.groups = groups;
        return group;
    }
    [[nodiscard]] const World& sandbox_world() const
    {
        return const_cast<Sandbox&>(sandbox).world();
    }
    [[nodiscard]] static Amount tenths(std::uint64_t count) { return div_down(coins(count), 10); }
    /// Of the gang.
    [[nodiscard]] std::vector<Amount> balances()
    {
        std::vector<Amount> all;
        for (const auto member : gang)
            all.push_back(balance(member));
        return all;
    }
    void run(AccountId sender, const CallWriter& calls)
    {
        const auto outcome = sandbox.run(sender, calls);
        INFO(outcome.receipt.refusal.to_string());
        REQUIRE(outcome.ok());
    }
    MixerNote deposit(std::uint64_t number)
    {
        const MixerNote note{keccak256("nullifier " + std::to_string(number)),
            keccak256("secret " + std::to_string(number))};
        CallWriter calls;
        large.add_deposit(calls, note);
        run(me, calls);
        return note;
    }
    void set_note_parameters(Parameters& parameters) const
    {
        parameters.set("mixers", std::vector{small.id(), large.id()});
        parameters.set("relayers", std::string{"relayers"});
        parameters.set("relayer_fee", always(0.001));
        parameters.set("relayer_patience", std::int64_t{120'000});
    }
    [[nodiscard]] custodial_exchange::Terms exchange_terms() const
    {
        custodial_exchange::Terms terms;
        terms.tokens = {{native_coin, Amount{1}, coins(1), {}, Amount{1}},
            {cash.id(), Amount{1'000'000}, Amount{10'000'000}, {}, Amount{1}}};
        terms.operated_by = "relayer";
        terms.prices = oracle.id();
        terms.screening = list.id();
        terms.spread_bps = 10;
        terms.cold_delay_seconds = 3'600;
        return terms;
    }
    [[nodiscard]] Parameters user_parameters() const
    {
        Parameters parameters;
        set_note_parameters(parameters);
        parameters.set("start_within", std::int64_t{12'000});
        parameters.set("notes", always(3));
        parameters.set("deposit_gap", always(12));
        parameters.set("wait", always(600));
        parameters.set("withdraw_gap", always(0));
        parameters.set("relayed_share", 1.0);
        parameters.set("same_address_share", 0.0);
        parameters.set("recipients", std::string{});
        return parameters;
    }
    /// One chain of two hops, 1 and 2; 3 to 7 get what is peeled off, 8 to 11 notes.
    [[nodiscard]] Parameters launderer_parameters() const
    {
        Parameters parameters;
        set_note_parameters(parameters);
        parameters.set("coin", token.id());
        parameters.set("tokens", std::vector<ContractId>{});
        parameters.set("chains", std::int64_t{1});
        parameters.set("hops", std::int64_t{2});
        for (const auto* name : {"chunk", "peel", "burst", "mix_wait", "withdraw_gap"})
            parameters.set(name, always(1));
        parameters.set("gap", always(12));
        parameters.set("relayed_share", 1.0);
        parameters.set("legs_max", std::int64_t{0});
        parameters.set("slippage", 0.03);
        parameters.set("custodians", std::vector{exchange.id()});
        parameters.set("threshold_usd", 10'000.0);
        parameters.set("piece", always(0.9));
        parameters.set("otc_share", 0.0);
        parameters.set("bridge_share", 1.0);
        parameters.set("buyers", std::string{});
        parameters.set("reserve", 0.5);
        parameters.set("incident", std::int64_t{1});
        return parameters;
    }
    [[nodiscard]] std::unique_ptr<Strategy> launderer(
        AccountId member, const Parameters& parameters) const
    {
        auto wallets = group(member);
        wallets.name = "gang";
        wallets.group_size = 12;
        return strategy("launderer", parameters, wallets);
    }
    std::unique_ptr<Strategy> strategy(
        std::string_view name, const Parameters& parameters, const WalletGroup& wallets) const
    {
        return find_strategy_type(name)->create(parameters, wallets);
    }

    Sandbox sandbox;
    Erc20& token = sandbox.add<Erc20>("T", TokenInfo{"T", 18}, TokenFlavour::openzeppelin5);
    Tornado& small = sandbox.add<Tornado>("small", native_coin, coins(1), 20U);
    Tornado& large = sandbox.add<Tornado>("large", native_coin, coins(10), 20U);
    ScreeningList& list = sandbox.add<ScreeningList>(
        "list", screening_list::Terms{"me", screening_list::Mode::block, {}, false});
    Erc20& cash = sandbox.add<Erc20>("CASH", TokenInfo{"CASH", 6}, TokenFlavour::openzeppelin5);
    PriceOracle& oracle = sandbox.add<PriceOracle>("oracle", "me",
        std::vector<TokenPrice>{
            {native_coin, Amount{2'000'00000000}}, {cash.id(), Amount{1'00000000}}});
    CustodialExchange& exchange = sandbox.add<CustodialExchange>("exchange", exchange_terms());
    AccountId me = sandbox.account("me");
    AccountId relayer = sandbox.account("relayer");
    AccountId buyer = sandbox.account("buyer");
    AccountId cold = sandbox.account("exchange/cold");
    std::vector<AccountId> gang;
    std::shared_ptr<const GroupAccounts> groups;
};

Bytes letter(const RelayRequest& request)
{
    Bytes content;
    encode(request, content);
    return content;
}

Parameters relayer_parameters()
{
    Parameters parameters;
    parameters.set("margin", 0.1);
    parameters.set("per_block", std::int64_t{2});
    return parameters;
}
}  // namespace

TEST_CASE("relayer: sends what pays, and forgets the rest", "[strategies][relayer]")
{
    Mixers m;
    FakeWallet wallet{m.sandbox, m.relayer};
    const auto relayer = m.strategy("relayer", relayer_parameters(), m.group(m.relayer));
    const auto note = m.deposit(1);
    Address fresh;
    fresh.bytes[0] = 7;
    const auto cost = withdrawal_cost(m.large, wallet).value();
    // 280,000 and 21,000 gas at 10 gwei and a tip of 1.
    CHECK(cost == Amount{301'000ULL * 11'000'000'000ULL});
    const auto enough = mul_div_up(cost, 11, 10).value;
    RelayRequest request{m.large.id(), note, fresh, wrapping_sub(enough, 1'000'000)};

    CHECK(relayer->hear(0, {m.me, letter(request)}));
    CHECK(wallet.decide(*relayer) == never);
    CHECK(wallet.submissions.empty());  // Too little by a hair.

    request.fee = wrapping_add(enough, 1'000'000);
    auto unpaid = request;
    unpaid.note.secret.bytes[0] ^= 1U;
    auto greedy = request;
    greedy.fee = coins(11);
    CHECK(relayer->hear(0, {m.me, letter(unpaid)}));
    CHECK(relayer->hear(0, {m.me, letter(greedy)}));
    wallet.decide(*relayer);
    CHECK(wallet.submissions.empty());

    // What is no request is not even looked at.
    auto stranger = request;
    stranger.mixer = m.token.id();
    CHECK_FALSE(relayer->hear(0, {m.me, letter(stranger)}));
    stranger.mixer = ContractId{99};
    CHECK_FALSE(relayer->hear(0, {m.me, letter(stranger)}));
    CHECK_FALSE(relayer->hear(0, {m.me, {1, 2, 3}}));

    CHECK(relayer->hear(0, {m.me, letter(request)}));
    wallet.decide(*relayer);
    const auto before = m.balance(m.relayer);
    REQUIRE(wallet.run(*relayer).outcome.ok());
    CHECK(m.balance(m.relayer) == wrapping_add(before, request.fee));
    const auto recipient = m.sandbox.world().find_account(fresh);
    REQUIRE(recipient);
    CHECK(m.balance(*recipient) == wrapping_sub(coins(10), request.fee));
    CHECK(relayer->hear(0, {m.me, letter(request)}));
    wallet.decide(*relayer);
    CHECK(wallet.submissions.empty());  // Spent.
}

TEST_CASE("relayer: a few in each block, and silence when all is refused", "[strategies][relayer]")
{
    Mixers m;
    FakeWallet wallet{m.sandbox, m.relayer};
    const auto relayer = m.strategy("relayer", relayer_parameters(), m.group(m.relayer));
    for (std::uint64_t i = 0; i < 5; ++i)
        relayer->hear(0, {m.me, letter({m.large.id(), m.deposit(i), {}, coins(1)})});
    CHECK(wallet.decide(*relayer) == wallet.view().block_number + 1);
    CHECK(wallet.submissions.size() == 2);
    wallet.submissions.clear();
    wallet.decide(*relayer);
    wallet.submissions.clear();
    CHECK(wallet.decide(*relayer) == never);
    CHECK(wallet.submissions.size() == 1);

    TransactionOutcome refused;
    refused.kind = TransactionOutcome::Kind::reverted;
    for (int i = 0; i < 16; ++i)
        relayer->learn(0, refused);
    wallet.submissions.clear();
    relayer->hear(0, {m.me, letter({m.large.id(), m.deposit(9), {}, coins(1)})});
    CHECK(wallet.decide(*relayer) == never);
    CHECK(wallet.submissions.empty());
}

TEST_CASE("mixer user: pays for its notes, waits, and has them taken out to one address",
    "[strategies][mixer_user]")
{
    Mixers m;
    FakeWallet wallet{m.sandbox, m.me};
    const auto user = m.strategy("mixer_user", m.user_parameters(), m.group(m.me));
    std::vector<RelayRequest> requests;
    const auto start = wallet.view().block_number;
    std::uint64_t first_request = 0;
    auto next = start;
    for (int i = 0; i < 80; ++i, wallet.advance(1))
    {
        if (wallet.view().block_number < next)
            continue;
        next = wallet.decide(*user);
        for (const auto& ran : wallet.run_all(*user))
            REQUIRE(ran.outcome.ok());
        for (const auto& [to, content] : std::exchange(wallet.told, {}))
        {
            CHECK(to == m.relayer);
            RelayRequest request;
            REQUIRE(decode(content, request));
            if (requests.empty())
                first_request = wallet.view().block_number;
            requests.push_back(request);
        }
        if (requests.size() == 3)
            break;
    }
    CHECK(m.large.deposits() + m.small.deposits() == 3);
    REQUIRE(requests.size() == 3);
    CHECK(first_request >= start + 50);  // 600 s.
    CHECK(requests[0].recipient == requests[2].recipient);
    CHECK(requests[0].note != requests[1].note);
    const auto& mixer = *find_mixer(m.sandbox.world(), requests[0].mixer);
    const auto cost = withdrawal_cost(mixer, wallet).value();
    CHECK(requests[0].fee >= mul_div_down(cost, 5, 4).value);
    CHECK(requests[0].fee <= div_down(mixer.denomination(), 100));

    // Nobody answers: it offers more, and in the end sends all three itself.
    Amount offered = requests[0].fee;
    for (int i = 0; i < 400 && m.large.unspent() + m.small.unspent() > 0; ++i, wallet.advance(1))
    {
        next = wallet.decide(*user);
        for (const auto& ran : wallet.run_all(*user))
            REQUIRE(ran.outcome.ok());
        for (const auto& [to, content] : std::exchange(wallet.told, {}))
        {
            RelayRequest request;
            REQUIRE(decode(content, request));
            offered = std::max(offered, request.fee);
        }
    }
    CHECK(offered > requests[0].fee);
    CHECK(m.large.unspent() + m.small.unspent() == 0);
    const auto recipient = m.sandbox.world().find_account(requests[0].recipient);
    REQUIRE(recipient);
    CHECK(m.balance(*recipient) == wrapping_mul(mixer.denomination(), 3));
    CHECK(wallet.decide(*user) == never);
}

TEST_CASE("mixer user: pays for no more than it has", "[strategies][mixer_user]")
{
    Mixers m;
    FakeWallet wallet{m.sandbox, m.me};
    auto parameters = m.user_parameters();
    parameters.set("mixers", std::vector{m.large.id()});
    parameters.set("notes", always(500));
    const auto user = m.strategy("mixer_user", parameters, m.group(m.me));
    for (int i = 0; i < 300; ++i, wallet.advance(1))
    {
        wallet.decide(*user);
        for (const auto& ran : wallet.run_all(*user))
            REQUIRE(ran.outcome.ok());
    }
    CHECK(m.large.deposits() == 99);  // Of 1,000 coins: the last ten pay for gas.
}

TEST_CASE("mixer user: falls silent when all is refused", "[strategies][mixer_user]")
{
    Mixers m;
    FakeWallet wallet{m.sandbox, m.me};
    auto parameters = m.user_parameters();
    parameters.set("notes", always(500));
    const auto user = m.strategy("mixer_user", parameters, m.group(m.me));
    CHECK(runnel::tests::sent_when_all_is_refused(wallet, *user, 1'000) <= 16);
}

namespace
{
Parameters officer_parameters(const Mixers& m, std::int64_t hops)
{
    Parameters parameters;
    parameters.set("list", m.list.id());
    parameters.set("reported", std::string{"gang/0"});
    parameters.set("reported_after", std::int64_t{120'000});
    parameters.set("hops", hops);
    parameters.set("exposure_min", 0.5);
    parameters.set("every", std::int64_t{60'000});
    parameters.set("distrusted", std::vector<ContractId>{});
    parameters.set("issuers", std::vector<ContractId>{});
    return parameters;
}

/// What an officer has listed of the gang, by their numbers.
std::string listed(Mixers& m, Strategy& officer)
{
    FakeWallet wallet{m.sandbox, m.me};
    wallet.advance(20);  // The theft was reported.
    for (int i = 0; i < 5; ++i, wallet.advance(10))
    {
        wallet.decide(officer);
        for (const auto& ran : wallet.run_all(officer))
            REQUIRE(ran.outcome.ok());
    }
    std::string numbers;
    for (std::size_t i = 0; i < m.gang.size(); ++i)
    {
        if (m.list.is_listed(m.gang[i]))
            numbers += std::to_string(i) + ' ';
    }
    return numbers;
}
}  // namespace

TEST_CASE("compliance officer: lists who is near enough to a source", "[strategies][compliance]")
{
    const auto listed_with = [](std::int64_t hops, bool distrusts)
    {
        Mixers m;
        const auto& g = m.gang;
        auto parameters = officer_parameters(m, hops);
        if (distrusts)
            parameters.set("distrusted", std::vector{m.large.id()});
        const auto officer = m.strategy("compliance_officer", parameters, m.group(m.me));
        REQUIRE(officer->is_observing());
        // 5 has coins of its own: what comes to it from 2 is a little.
        m.give(g[5], coins(100));
        const auto pays = [&](AccountId from, AccountId to, std::uint64_t amount)
        {
            m.give(to, coins(amount));
            const std::vector<ObservedTransfer> transfers{{native_coin, from, to, coins(amount)}};
            officer->observe(transfers);
        };
        pays(g[4], g[6], 10);  // Before 4 had anything of the thief's.
        pays(g[0], g[1], 10);
        pays(g[1], g[2], 9);
        pays(g[2], g[3], 8);
        pays(g[2], g[5], 1);
        pays(g[3], g[4], 7);
        pays(g[1], m.large.account(), 1);
        pays(m.large.account(), g[7], 1);
        pays(g[7], g[8], 1);
        FakeWallet early{m.sandbox, m.me};
        early.decide(*officer);
        CHECK(early.submissions.empty());  // Nobody has told it yet.
        return listed(m, *officer);
    };
    CHECK(listed_with(0, false) == "0 ");
    CHECK(listed_with(1, false) == "0 1 ");
    CHECK(listed_with(2, false) == "0 1 2 ");
    CHECK(listed_with(4, false) == "0 1 2 3 4 ");
    CHECK(listed_with(1, true) == "0 1 7 ");
    CHECK(listed_with(2, true) == "0 1 2 7 8 ");
}

TEST_CASE("compliance officer: remembers what it saw", "[strategies][compliance]")
{
    Mixers m;
    const auto make = [&]
    { return m.strategy("compliance_officer", officer_parameters(m, 3), m.group(m.me)); };
    const auto officer = make();
    for (std::size_t i = 0; i < 4; ++i)
    {
        const std::vector<ObservedTransfer> transfers{
            {native_coin, m.gang[i], m.gang[i + 1], coins(1)}};
        officer->observe(transfers);
    }
    REQUIRE(officer->shared_records() == 3);  // Whoever is farther is nobody's business.
    Bytes bytes;
    Encoder encoder{bytes};
    for (std::size_t i = 0; i < 3; ++i)
        officer->save_shared(i, encoder);
    const auto resumed = make();
    Decoder decoder{bytes};
    for (std::size_t i = 0; i < 3; ++i)
        REQUIRE(resumed->load_shared(i, decoder));
    CHECK(decoder.at_end());
    CHECK(listed(m, *resumed) == "0 1 2 3 ");
    // Hostile: out of order, or the same account twice.
    const auto other = make();
    Decoder again{bytes};
    CHECK_FALSE(other->load_shared(1, again));
    Decoder first{bytes};
    REQUIRE(other->load_shared(0, first));
    Decoder twice{bytes};
    CHECK_FALSE(other->load_shared(1, twice));
}

// A mule has 12 ETH, of which it keeps a half; it sells 4.5 ETH at a time, nine tenths of 10,000
// USD.
TEST_CASE("launderer: a mule sells at an exchange and takes the money out, until it is listed",
    "[strategies][launderer]")
{
    Mixers m;
    const auto mule = m.gang[5];
    m.give(mule, coins(12));
    m.exchange.endow(m.sandbox.world(), m.cash.id(), Amount{100'000'000'000});
    AccountInfo deposits{"deposits of the mule", "custody", {}, {}, {}};
    deposits.address = m.exchange.deposit_address(m.sandbox.world().account(mule).address);
    m.sandbox.world().add_account(deposits);

    const auto launderer = m.launderer(mule, m.launderer_parameters());
    FakeWallet wallet{m.sandbox, mule};
    wallet.place = 5;
    wallet.set_price(native_coin, 2'000);
    // Its next step, if it takes one in ten blocks.
    const auto step = [&]
    {
        for (int i = 0; i < 10; ++i, wallet.advance(1))
        {
            wallet.decide(*launderer);
            if (wallet.submissions.empty())
                continue;
            CHECK(wallet.submissions.front().motive.purpose == Purpose::cash_out);
            CHECK(wallet.submissions.front().motive.incident == 1);
            const auto ran = wallet.run(*launderer);
            INFO(ran.outcome.receipt.refusal.to_string());
            REQUIRE(ran.outcome.ok());
            return true;
        }
        return false;
    };
    const auto credit = [&]
    {
        CallWriter calls;
        m.exchange.add_credit(calls, native_coin, std::vector<std::uint32_t>{0});
        m.run(m.relayer, calls);
    };

    REQUIRE(step());
    REQUIRE(m.exchange.number_of(mule) == 0);
    REQUIRE(step());
    const auto piece = div_down(coins(45), 10);
    CHECK(m.balance(m.exchange.deposit_account(0)) == piece);
    credit();
    CHECK(m.exchange.balance(0, native_coin).available == piece);
    REQUIRE(step());
    // 9,000 less a thousandth.
    CHECK(m.exchange.balance(0, m.cash.id()).available == Amount{8'991'000'000});
    REQUIRE(step());
    CallWriter pays;
    m.exchange.add_pay(pays, m.cash.id(), 1);
    m.run(m.relayer, pays);
    CHECK(m.cash.balance(mule) == Amount{8'990'000'000});

    // The next piece is in when the list names it: it is held, and nothing follows.
    REQUIRE(step());
    CHECK(m.balance(m.exchange.deposit_account(0)) == coins(9));
    CallWriter lists;
    m.list.add_list(lists, mule);
    m.run(m.me, lists);
    credit();
    CHECK(m.exchange.balance(0, native_coin).held == piece);
    CHECK_FALSE(step());
    CHECK(m.balance(mule) == coins(3));
}

// 30 ETH come to the first address: 20 of them go on, of which a tenth is peeled off.
TEST_CASE("launderer: a hop goes over a bridge, and comes home on the other side",
    "[strategies][launderer][bridge]")
{
    Mixers m;
    auto& there = m.sandbox.add<FiatToken>(
        "FETH", fiat_token::Spec{{"FETH", 18}, "Ferried ether", fiat_token::Version::v2_2, 1});
    const auto guardian = m.sandbox.account("guardian/0");
    guardian_bridge::Terms terms;
    terms.home_token = native_coin;
    terms.bridged_token = there.id();
    terms.guardians = "guardian";
    terms.guardian_count = 1;
    terms.quorum = 1;
    terms.pauser = "me";
    terms.expiry_seconds = 3'600;
    auto& bridge = m.sandbox.add<GuardianBridge>("bridge", terms);
    m.sandbox.connect();
    there.appoint({m.me, m.me, m.me, m.me, false, false});
    m.run(m.me,
        CallWriter{}.add(there.id(), fiat_token::ConfigureMinter{bridge.account(), Amount::max()}));
    auto parameters = m.launderer_parameters();
    parameters.set("peel", always(0.1));
    parameters.set("bridge", bridge.id());
    m.give(m.gang[1], m.tenths(205));
    m.give(m.gang[2], m.tenths(5));
    const auto steps = [&](std::size_t place, int most)
    {
        FakeWallet wallet{m.sandbox, m.gang[place]};
        wallet.place = static_cast<std::uint32_t>(place);
        wallet.set_price(native_coin, 2'000);
        const auto launderer = m.launderer(m.gang[place], parameters);
        for (int i = 0; i < 20 && most > 0; ++i, wallet.advance(1))
        {
            wallet.decide(*launderer);
            for (const auto& ran : wallet.run_all(*launderer))
            {
                INFO(ran.outcome.receipt.refusal.to_string());
                REQUIRE(ran.outcome.ok());
                --most;
            }
        }
    };
    steps(1, 2);  // It peels 2 of 20 off, and sends 18.
    REQUIRE(bridge.sent() == 1);
    CHECK(bridge.transfer(0).to == m.gang[2]);
    CHECK(bridge.transfer(0).amount == coins(18));
    CallWriter attestation;
    bridge.add_attest(attestation, 0);
    m.run(guardian, attestation);
    CallWriter release;
    bridge.add_release(release, 0);
    m.run(m.relayer, release);
    CHECK(there.balance(m.gang[2]) == coins(18));
    steps(2, 1);
    REQUIRE(bridge.sent() == 2);
    CHECK(bridge.transfer(1).is_return);
    CHECK(bridge.transfer(1).from == m.gang[2]);
    CHECK(bridge.transfer(1).to == m.gang[2]);
    CHECK(bridge.transfer(1).amount == coins(18));
}

TEST_CASE("launderer: sends chunks on, peels a little off, and mixes the rest into notes of mules",
    "[strategies][launderer]")
{
    Mixers m;
    auto parameters = m.launderer_parameters();
    parameters.set("chunk", always(20));
    parameters.set("peel", always(0.1));
    parameters.set("mix_wait", always(120));
    m.give(m.gang[0], m.tenths(305));  // And 0.5 for gas, as all of them keep.
    for (const std::size_t i : {1, 2})
        m.give(m.gang[i], m.tenths(5));
    const auto start = m.balances();
    // So many steps of a member; letters to relayers are kept.
    std::vector<RelayRequest> requests;
    const auto steps = [&](std::size_t place, Strategy& launderer, int most)
    {
        FakeWallet wallet{m.sandbox, m.gang[place]};
        wallet.place = static_cast<std::uint32_t>(place);
        wallet.set_price(native_coin, 2'000);
        int sent = 0;
        for (int i = 0; i < 40 && sent < most; ++i, wallet.advance(1))
        {
            wallet.decide(launderer);
            for (const auto& submission : wallet.submissions)
            {
                CHECK(submission.motive.purpose == Purpose::laundering);
                CHECK(submission.motive.incident == 1);
                CHECK(submission.motive.controller == m.gang[0]);
            }
            for (const auto& ran : wallet.run_all(launderer))
            {
                INFO(ran.outcome.receipt.refusal.to_string());
                REQUIRE(ran.outcome.ok());
                ++sent;
            }
            for (const auto& [to, content] : std::exchange(wallet.told, {}))
            {
                CHECK(to == m.relayer);
                RelayRequest request;
                REQUIRE(decode(content, request));
                requests.push_back(request);
            }
        }
        return sent;
    };
    const auto gained = [&](std::size_t first, std::size_t last)
    {
        const auto now = m.balances();
        Amount sum;
        for (auto i = first; i <= last; ++i)
            sum = wrapping_add(sum, wrapping_sub(now[i], start[i]));
        return sum;
    };

    const auto thief = m.launderer(m.gang[0], parameters);
    REQUIRE(steps(0, *thief, 1) == 1);
    CHECK(gained(1, 1) == coins(20));
    REQUIRE(steps(0, *thief, 9) == 1);  // The other ten, and then it has none.
    CHECK(gained(1, 1) == coins(30));
    CHECK(m.balance(m.gang[0]) == m.tenths(5));

    const auto hop = m.launderer(m.gang[1], parameters);
    REQUIRE(steps(1, *hop, 1) == 1);
    CHECK(gained(3, 7) == coins(3));  // A tenth, to one of those who get what is peeled off.
    REQUIRE(steps(1, *hop, 9) == 1);
    CHECK(gained(2, 2) == coins(27));
    CHECK(m.balance(m.gang[1]) == m.tenths(5));

    const auto last = m.launderer(m.gang[2], parameters);
    REQUIRE(steps(2, *last, 9) == 9);
    CHECK(m.large.deposits() == 2);
    CHECK(m.small.deposits() == 7);
    CHECK(m.balance(m.gang[2]) == m.tenths(5));
    CHECK(steps(2, *last, 1) == 0);
    // Each note is for one of the others, and a relayer is asked to take it out.
    CHECK(requests.size() >= 9);
    for (const auto& request : requests)
    {
        const auto to = m.sandbox.world().find_account(request.recipient);
        REQUIRE(to.has_value());
        CHECK(std::find(m.gang.begin() + 8, m.gang.end(), *to) != m.gang.end());
    }
    CHECK(gained(8, 11).is_zero());
}
