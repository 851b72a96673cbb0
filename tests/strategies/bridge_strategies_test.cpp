#include "contracts/custody/guardian_bridge/bridge.hpp"
#include "contracts/stablecoins/fiat_token/fiat_token.hpp"
#include "contracts/tokens/erc20/erc20.hpp"
#include "strategies/strategies.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fake_wallet.hpp"

#include <memory>
#include <string>
#include <vector>

namespace runnel::strategies
{
namespace
{

using contracts::Erc20;
using contracts::FiatToken;
using contracts::GuardianBridge;
using contracts::Sandbox;
using tests::always;
using tests::FakeWallet;
using tests::group_of_one;
using tests::sent_when_all_is_refused;

Amount usd(std::uint64_t whole)
{
    return Amount{whole * 1'000'000};
}

/// A bridge of USDC by 2 of 3 guardians, with a delay of two minutes and an expiry of an hour;
/// alice has 1'000 USDC.
struct Crossing
{
    Crossing()
      : usdc{sandbox.add<Erc20>(
            "USDC", TokenInfo{"USDC", 6}, contracts::TokenFlavour::openzeppelin5)},
        there{sandbox.add<FiatToken>("USDCe", contracts::fiat_token::Spec{{"USDCe", 6}, "Bridged",
                                                  contracts::fiat_token::Version::v2_2, 1})},
        master{sandbox.account("master")},
        alice{sandbox.account("alice")},
        bridge{add_bridge()}
    {
        sandbox.connect();
        there.appoint({master, master, master, master, false, false});
        sandbox.set_time(1'700'000'000);
        run(master, there.id(),
            contracts::fiat_token::ConfigureMinter{bridge.account(), Amount::max()});
        usdc.allocate(alice, usd(1'000));
    }
    GuardianBridge& add_bridge()
    {
        for (int i = 0; i < 3; ++i)
            guardians.push_back(sandbox.account("guardian/" + std::to_string(i)));
        relayer = sandbox.account("relayer");
        contracts::guardian_bridge::Terms terms;
        terms.home_token = usdc.id();
        terms.bridged_token = there.id();
        terms.guardians = "guardian";
        terms.guardian_count = 3;
        terms.quorum = 2;
        terms.pauser = "master";
        terms.delay_seconds = 120;
        terms.expiry_seconds = 3'600;
        terms.fee = usd(5);
        return sandbox.add<GuardianBridge>("bridge", std::move(terms));
    }
    template <typename Call>
    void run(AccountId sender, ContractId contract, const Call& call)
    {
        REQUIRE(sandbox.run(sender, contract, call).ok());
    }
    void send(std::uint64_t amount)
    {
        run(alice, usdc.id(), contracts::Erc20Approve{bridge.account(), Amount::max()});
        CallWriter calls;
        bridge.add_send(calls, false, alice, usd(amount));
        REQUIRE(sandbox.run(alice, calls).ok());
    }
    void attest(std::uint64_t number, std::size_t guardian)
    {
        CallWriter calls;
        bridge.add_attest(calls, number);
        REQUIRE(sandbox.run(guardians[guardian], calls).ok());
    }
    [[nodiscard]] std::unique_ptr<Strategy> guardian(
        std::size_t number, double delay, double missed) const
    {
        Parameters parameters;
        parameters.set("bridges", std::vector<ContractId>{bridge.id()});
        parameters.set("delay", always(delay));
        parameters.set("missed_share", missed);
        return bridge_guardian_strategy().create(
            parameters, group_of_one(sandbox.world(), guardians[number]));
    }
    [[nodiscard]] std::unique_ptr<Strategy> releaser(double margin) const
    {
        Parameters parameters;
        parameters.set("bridges", std::vector<ContractId>{bridge.id()});
        parameters.set("margin", margin);
        parameters.set("per_block", std::int64_t{8});
        return bridge_relayer_strategy().create(parameters, group_of_one(sandbox.world(), relayer));
    }
    [[nodiscard]] std::unique_ptr<Strategy> user(double return_probability) const
    {
        Parameters parameters;
        parameters.set("bridge", bridge.id());
        parameters.set("interval", always(1));
        parameters.set("share", always(0.5));
        parameters.set("return_probability", return_probability);
        parameters.set("fee_max", 0.05);
        parameters.set("reserve", 0.1);
        return bridge_user_strategy().create(parameters, group_of_one(sandbox.world(), alice));
    }

    mutable Sandbox sandbox;
    Erc20& usdc;
    FiatToken& there;
    AccountId master;
    AccountId alice;
    AccountId relayer{};
    std::vector<AccountId> guardians;
    GuardianBridge& bridge;
};
}  // namespace

TEST_CASE(
    "bridge guardian: attests when its time has come, until a quorum has", "[strategies][bridge]")
{
    Crossing town;
    FakeWallet wallet{town.sandbox, town.guardians[0]};
    const auto strategy = town.guardian(0, 60, 0);
    CHECK(wallet.decide(*strategy) == 2);
    CHECK(wallet.submissions.empty());
    town.send(100);
    town.send(200);
    wallet.advance(4);  // 48 seconds.
    wallet.decide(*strategy);
    CHECK(wallet.submissions.empty());
    wallet.advance(1);
    wallet.decide(*strategy);
    REQUIRE(wallet.submissions.size() == 1);
    CHECK(wallet.run(*strategy).outcome.ok());
    CHECK(town.bridge.has_attested(0, town.guardians[0]));
    CHECK(town.bridge.has_attested(1, town.guardians[0]));
    wallet.decide(*strategy);
    CHECK(wallet.submissions.empty());
    // The third guardian need not.
    town.attest(0, 1);
    FakeWallet other{town.sandbox, town.guardians[2]};
    const auto third = town.guardian(2, 0, 0);
    other.advance(20);
    other.decide(*third);
    REQUIRE(other.submissions.size() == 1);
    CHECK(other.run(*third).outcome.ok());
    CHECK_FALSE(town.bridge.has_attested(0, town.guardians[2]));
    CHECK(town.bridge.has_attested(1, town.guardians[2]));
}

TEST_CASE(
    "bridge guardian: misses some, and attests to nothing where it is none", "[strategies][bridge]")
{
    Crossing town;
    town.send(100);
    FakeWallet wallet{town.sandbox, town.guardians[0]};
    wallet.advance(10);
    const auto blind = town.guardian(0, 0, 1);
    wallet.decide(*blind);
    CHECK(wallet.submissions.empty());
    FakeWallet stranger{town.sandbox, town.alice};
    stranger.advance(10);
    const auto strategy = town.guardian(1, 0, 0);
    stranger.decide(*strategy);
    CHECK(stranger.submissions.empty());
}

TEST_CASE("bridge relayer: releases what is ready, if the fee pays for it", "[strategies][bridge]")
{
    Crossing town;
    FakeWallet wallet{town.sandbox, town.relayer};
    wallet.set_price(native_coin, 1'000);
    wallet.set_price(town.usdc.id(), 1);
    town.send(100);
    town.attest(0, 0);
    const auto strategy = town.releaser(0.1);
    wallet.advance(1);
    wallet.decide(*strategy);
    CHECK(wallet.submissions.empty());
    town.attest(0, 1);
    wallet.advance(9);
    wallet.decide(*strategy);
    CHECK(wallet.submissions.empty());
    wallet.advance(1);
    // 171'000 gas at 1'000 USD: 5 USD and a tenth are less than what it costs from 26.6 gwei on.
    wallet.set_base_fee(60'000'000'000);
    wallet.decide(*strategy);
    CHECK(wallet.submissions.empty());
    wallet.set_base_fee(10'000'000'000);
    wallet.decide(*strategy);
    REQUIRE(wallet.submissions.size() == 1);
    CHECK(wallet.run(*strategy).outcome.ok());
    CHECK(town.there.balance(town.alice) == usd(95));
    CHECK(town.there.balance(town.relayer) == usd(5));
    wallet.decide(*strategy);
    CHECK(wallet.submissions.empty());
}

TEST_CASE(
    "bridge user: sends, sends back, and takes back what nobody released", "[strategies][bridge]")
{
    Crossing town;
    FakeWallet wallet{town.sandbox, town.alice};
    const auto strategy = town.user(1);
    wallet.decide(*strategy);
    CHECK(wallet.run(*strategy).outcome.ok());
    REQUIRE(town.bridge.sent() == 1);
    CHECK(town.bridge.transfer(0).amount == usd(500));
    CHECK_FALSE(town.bridge.transfer(0).is_return);
    wallet.advance(300);
    wallet.decide(*strategy);
    CHECK(wallet.run(*strategy).outcome.ok());
    CHECK(town.bridge.transfer(0).status == contracts::BridgeStatus::refunded);
    CHECK(town.usdc.balance(town.alice) == usd(1'000));
    wallet.decide(*strategy);
    CHECK(wallet.run(*strategy).outcome.ok());
    town.attest(1, 0);
    town.attest(1, 1);
    wallet.advance(10);
    CallWriter release;
    town.bridge.add_release(release, 1);
    REQUIRE(town.sandbox.run(town.relayer, release).ok());
    wallet.decide(*strategy);
    CHECK(wallet.run(*strategy).outcome.ok());
    REQUIRE(town.bridge.sent() == 3);
    CHECK(town.bridge.transfer(2).is_return);
    CHECK(town.bridge.transfer(2).amount == Amount{247'500'000});
}

TEST_CASE("bridge strategies: who is refused all the time is silent", "[strategies][bridge]")
{
    Crossing town;
    FakeWallet wallet{town.sandbox, town.alice};
    const auto user = town.user(0);
    CHECK(sent_when_all_is_refused(wallet, *user, 1'000) == 16);
}

}  // namespace runnel::strategies
