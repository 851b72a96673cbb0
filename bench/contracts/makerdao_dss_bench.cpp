#include "bench/contracts/contract_bench.hpp"
#include "contracts/stablecoins/makerdao_dss/dss.hpp"

namespace runnel::bench
{
namespace
{
using namespace contracts;
using namespace contracts::makerdao_dss;

/// One ilk without an OSM, in which everybody has an urn and gem beside it.
struct DssWorld
{
    explicit DssWorld(BenchWorld& bench)
      : weth{bench.add_token("WETH")},
        dai{bench.add<Dai>("DAI", "DAI")},
        dss{bench.add<MakerDss>("maker", setup(), std::vector{ilk()})}
    {
        for (const auto& name : dss.account_names())
            (void)bench.account(name);
        const auto admin = bench.account("admin");
        bench.connect();
        bench.approve_all(weth.id(), dss.account());
        CallWriter first;
        first.add(dss.id(), JugDrip{0}).add(dss.id(), SpotterPoke{0});
        bench.prepare(admin, first);
        for (const auto account : bench.accounts())
        {
            CallWriter calls;
            calls.add(dss.id(), GemJoinJoin{0, account, wads(1'000)});
            calls.add(dss.id(), Frob{0, account, account, account, Int256::from_bits(wads(100)),
                                    Int256::from_bits(wads(100'000))});
            calls.add(dss.id(), Hope{dss.dai_join_account()});
            calls.add(dss.id(), Hope{dss.clip_account(0)});
            bench.prepare(account, calls);
        }
    }

    static Amount wads(std::uint64_t units) { return wrapping_mul(units, wad); }
    Setup setup() const
    {
        Setup result;
        result.dai = dai.id();
        result.admin = "admin";
        result.line = Amount::max();
        result.hole = Amount::power_of_ten(70);
        result.pot.chi = ray;
        result.pot.dsr = ray;
        return result;
    }
    IlkSpec ilk() const
    {
        IlkSpec spec;
        spec.gem = weth.id();
        spec.label = "0";
        spec.vat.rate = ray;
        spec.vat.line = Amount::max();
        spec.jug.duty = *Amount::from_decimal("1000000001547125957863212448");
        spec.mat = wrapping_mul(3, div_down(ray, 2));
        spec.pip.value = wads(2'000);
        spec.pip.has = true;
        spec.dog.chop = wrapping_add(wad, div_down(wad, 8));
        spec.dog.hole = Amount::power_of_ten(70);
        spec.clip.buf = ray;
        spec.clip.tail = 1'000'000'000;
        spec.abacus.kind = Abacus::Kind::linear;
        spec.abacus.tau = 1'000'000'000;
        return spec;
    }

    Erc20& weth;
    Dai& dai;
    MakerDss& dss;
};
}  // namespace

std::vector<ContractBench> makerdao_dss_benches()
{
    std::vector<ContractBench> benches;
    const auto add = [&](std::string name, auto add_calls)
    { benches.push_back(bench_in<DssWorld>("makerdao_dss." + std::move(name), add_calls)); };
    add("frob",
        [](DssWorld& world, BenchTransaction& transaction)
        {
            const auto amount = Int256::from_bits(transaction.amount(1'000'000));
            const auto me = transaction.sender;
            transaction.calls.add(world.dss.id(), Frob{0, me, me, me, amount, amount});
        });
    add("jug_drip", [](DssWorld& world, BenchTransaction& transaction)
        { transaction.calls.add(world.dss.id(), JugDrip{0}); });
    add("spotter_poke", [](DssWorld& world, BenchTransaction& transaction)
        { transaction.calls.add(world.dss.id(), SpotterPoke{0}); });
    add("daiJoin_exit",
        [](DssWorld& world, BenchTransaction& transaction)
        {
            transaction.calls.add(
                world.dss.id(), DaiJoinExit{transaction.sender, transaction.amount(1'000'000)});
        });
    // A dai's worth of one enormous urn at a time goes into an auction and is bought at once.
    benches.push_back({"makerdao_dss.bark_and_take",
        [](BenchWorld& bench) -> MakeTransaction
        {
            const auto world = std::make_shared<DssWorld>(bench);
            const auto whale = bench.accounts().front();
            const auto id = world->dss.id();
            CallWriter calls;
            calls.add(id, GemJoinJoin{0, whale, DssWorld::wads(1'000'000'000)});
            calls.add(
                id, Frob{0, whale, whale, whale, Int256::from_bits(DssWorld::wads(1'000'000'000)),
                        Int256::from_bits(DssWorld::wads(1'000'000'000'000))});
            bench.prepare(whale, calls);
            CallWriter fall;
            fall.add(id, PipSet{0, DssWorld::wads(1'000), true}).add(id, SpotterPoke{0});
            fall.add(id, FileIlk{0, IlkParameter::dog_hole, Amount::power_of_ten(45)});
            bench.prepare(bench.account("admin"), fall);
            const auto auctions = std::make_shared<std::uint64_t>(0);
            return [world, whale, auctions](BenchTransaction& transaction)
            {
                const auto me = transaction.sender;
                transaction.calls.add(world->dss.id(), Bark{0, whale, me});
                transaction.calls.add(
                    world->dss.id(), Take{0, ++*auctions, Amount::max(), Amount::max(), me, {}});
            };
        }});
    return benches;
}

}  // namespace runnel::bench
