#include "bench/contracts/contract_bench.hpp"
#include "contracts/custody/guardian_bridge/bridge.hpp"
#include "contracts/stablecoins/fiat_token/fiat_token.hpp"

namespace runnel::bench
{
namespace
{
using namespace contracts;

/// A bridge that waits for nothing; everybody is rich on both sides. Its guardians are the first
/// nine accounts, of whom one is enough.
struct BridgeWorld
{
    static constexpr std::uint32_t guardian_count = 9;

    explicit BridgeWorld(BenchWorld& bench)
      : home{bench.add_token("HOME")},
        there{bench.add<FiatToken>(
            "HOME.e", fiat_token::Spec{{"HOME.e", 18}, "Bridged", fiat_token::Version::v2_2, 1})},
        bridge{bench.add<GuardianBridge>("bridge", terms(home, there))}
    {
        const auto admin = bench.account("admin");
        there.appoint({admin, admin, admin, admin, false, false});
        bench.connect();
        bench.prepare(
            admin, there.id(), fiat_token::ConfigureMinter{bridge.account(), Amount::max()});
        for (const auto account : bench.accounts())
            there.allocate(bench.world(), account, Amount::power_of_ten(30));
        for (const auto token : {home.id(), there.id()})
            bench.approve_all(token, bridge.account());
        bench.show("transfers", [this] { return Amount{bridge.sent()}; });
        bench.show(
            "in flight", [this] { return Amount{bridge.sent() - bridge.first_in_flight()}; });
        bench.show("locked", [this] { return bridge.locked(); });
        bench.show("minted", [this] { return bridge.minted(); });
        bench.show_all("home", [this](AccountId account) { return home.balance(account); });
        bench.show_all("there", [this](AccountId account) { return there.balance(account); });
    }

    static guardian_bridge::Terms terms(const Erc20& home, const FiatToken& there)
    {
        guardian_bridge::Terms terms;
        terms.home_token = home.id();
        terms.bridged_token = there.id();
        terms.guardians = "wallet";
        terms.guardian_count = guardian_count;
        terms.quorum = 1;
        terms.pauser = "admin";
        terms.expiry_seconds = 86'400;
        terms.fee_bps = 4;
        return terms;
    }
    void add_send(BenchTransaction& transaction, bool is_return) const
    {
        bridge.add_send(
            transaction.calls, is_return, transaction.somebody, transaction.amount(1'000'000));
    }
    /// Attests to the first transfer that this has not attested to, and releases it. Those of the
    /// block before are there, but in the first block.
    void add_release(CallWriter& calls)
    {
        if (next == bridge.sent())
            return;
        bridge.add_attest(calls, next);
        bridge.add_release(calls, next);
        ++next;
    }

    Erc20& home;
    FiatToken& there;
    GuardianBridge& bridge;
    std::uint64_t next = 0;
};
}  // namespace

std::vector<ContractBench> guardian_bridge_benches()
{
    std::vector<ContractBench> benches;
    const auto add = [&](std::string name, auto fill)
    { benches.push_back(bench_in<BridgeWorld>("guardian_bridge." + std::move(name), fill)); };
    add("lock", [](BridgeWorld& world, BenchTransaction& transaction)
        { world.add_send(transaction, false); });
    add("burn", [](BridgeWorld& world, BenchTransaction& transaction)
        { world.add_send(transaction, true); });
    // To what was never sent: no guardian's word depends on that.
    add("attest",
        [](BridgeWorld& world, BenchTransaction& transaction)
        {
            transaction.sender =
                world.bridge
                    .guardians()[transaction.random.uniform_below(BridgeWorld::guardian_count)];
            transaction.calls.add(
                world.bridge.id(), guardian_bridge::Attest{transaction.random.next_uint64(), false,
                                       transaction.sender, transaction.somebody,
                                       transaction.amount(1'000'000), 0, BenchWorld::start_time});
        });
    // Either way: one transfer is sent, and one of the block before attested to and released.
    add("transfer",
        [](BridgeWorld& world, BenchTransaction& transaction)
        {
            transaction.sender = world.bridge.guardians().front();
            world.add_release(transaction.calls);
            world.add_send(transaction, transaction.random.bernoulli(0.5));
        });
    return benches;
}

}  // namespace runnel::bench
