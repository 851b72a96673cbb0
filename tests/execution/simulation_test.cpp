#include "execution/simulation.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/toy_chain.hpp"

using namespace runnel;
using namespace runnel::toy;

namespace
{
struct Fork
{
    ToyChain chain{3};
    BlockContext block;
    Simulation simulation;

    Fork()
    {
        block.number = 1;
        simulation.begin(*chain.world, block);
    }
    /// Pays and returns what the payer has left.
    Result<Returns> pay(std::size_t from, std::size_t to, const Amount& value)
    {
        CallWriter calls;
        calls.add(native_coin, Pay{chain.wallets[to], value});
        return simulation.run(calls.bytes(), chain.wallets[from]);
    }
    [[nodiscard]] Amount balance(std::size_t wallet) const
    {
        return chain.world->account_states.get(index(chain.wallets[wallet])).balance;
    }
};
}  // namespace

TEST_CASE("simulation: later calls see earlier ones, and nothing changes", "[execution]")
{
    Fork fork;
    const auto all = fork.balance(0);
    REQUIRE(all > 10);
    const auto root = fork.chain.world->checkpoint_root();
    // Wallet 1 can only pay so much with what it has got here.
    REQUIRE(fork.pay(0, 1, all));
    const auto rest = fork.pay(1, 2, wrapping_add(fork.balance(1), wrapping_sub(all, 1)));
    REQUIRE(rest);
    CHECK(rest->values[0] == 1);
    CHECK(fork.balance(0) == all);
    CHECK(fork.chain.world->checkpoint_root() == root);
}

TEST_CASE("simulation: behind a refusal it begins anew", "[execution]")
{
    Fork fork;
    const auto all = fork.balance(0);
    REQUIRE(fork.pay(0, 1, all));
    CHECK_FALSE(fork.pay(0, 1, 1));
    fork.simulation.begin(*fork.chain.world, fork.block);
    const auto rest = fork.pay(0, 1, 1);
    REQUIRE(rest);
    CHECK(rest->values[0] == wrapping_sub(all, 1));
}

TEST_CASE("simulation: tells the last run's gas and events, no others", "[execution]")
{
    Fork fork;
    const auto run = [&](std::uint64_t object)
    {
        CallWriter calls;
        calls.add(fork.chain.counters->id(), Add{object, 7});
        return fork.simulation.run(calls.bytes(), fork.chain.wallets[0]);
    };
    REQUIRE(run(3));
    CHECK(fork.simulation.gas_used() == 5'000);
    REQUIRE(run(4));
    CHECK(fork.simulation.gas_used() == 5'000);
    std::vector<Amount> objects;
    fork.simulation.for_each_event<Observed>(
        [&](ContractId contract, const Observed& event)
        {
            CHECK(contract == fork.chain.counters->id());
            objects.push_back(event.object);
        });
    CHECK(objects == std::vector<Amount>{4});
    fork.simulation.for_each_event<Totals>([](ContractId, const Totals&) { FAIL("none emitted"); });
}

TEST_CASE("simulation: a transaction buys its gas first", "[execution]")
{
    Fork fork;
    const auto all = fork.balance(0);
    constexpr std::uint64_t price = 7;
    constexpr std::uint64_t limit = 100'000;
    const auto paying = [&](const Amount& value, std::uint64_t max_fee)
    {
        CallWriter calls;
        calls.add(native_coin, Pay{fork.chain.wallets[1], value});
        return fork.chain.make(fork.chain.wallets[0], calls, limit, max_fee, 0);
    };
    const auto run = [&](const Transaction& transaction)
    {
        fork.simulation.begin(*fork.chain.world, fork.block);
        return fork.simulation.run(transaction, price);
    };
    // It cannot spend what its limit holds back, though it uses less of it.
    const auto most = wrapping_sub(all, limit * price);
    const auto possible = paying(most, price);
    REQUIRE(run(possible));
    CHECK(fork.simulation.gas_used() == 0);
    CHECK_FALSE(run(paying(wrapping_add(most, 1), price)));
    // What is left comes back: the calls' own gas is none here.
    REQUIRE(run(possible));
    const auto left = Amount{(limit - intrinsic_gas) * price};
    REQUIRE(fork.pay(0, 1, left));
    CHECK_FALSE(fork.pay(0, 1, 1));
    // It must have its limit at its maximal fee.
    const auto dear = wrapping_add(mul_div_down(all, 1, limit).value, 1);
    CHECK_FALSE(run(paying(1, dear.low64())));
    auto short_of_gas = paying(1, price);
    short_of_gas.gas_limit = intrinsic_gas - 1;
    CHECK_FALSE(run(short_of_gas));
}
