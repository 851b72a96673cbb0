#pragma once

#include "actors/simulation.hpp"
#include "execution/executor.hpp"
#include "tests/actors/behaviour.hpp"

#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

/// A small chain on which a lot happens.
namespace runnel::toy
{

/// Ends the process if a run hangs.
struct Deadline
{
    Deadline() { alarm(120); }
    ~Deadline() { alarm(0); }
};

/// Wallets that pay, count, read views, ask for quotes, collide and fail.
inline std::shared_ptr<Behaviour> busy_behaviour()
{
    auto behaviour = std::make_shared<Behaviour>();
    behaviour->first_block = [](std::size_t) { return 1; };
    behaviour->decide = [](std::size_t, WalletContext& wallet)
    {
        auto& random = wallet.random();
        const auto& view = wallet.view();
        const auto& state = view.state<Counters>(counters_id);
        const auto object = random.uniform_below(random.bernoulli(0.5) ? 3 : 400);
        // What is decided depends on the committed state.
        const auto seen = state.counters.get(object).value;
        switch (random.uniform_below(6))
        {
            case 0: wallet.submit(calls(Add{object, seen}), wallet.habitual_bid()); break;
            case 1: wallet.submit(calls(Copy{object, object + 1}), wallet.habitual_bid()); break;
            case 2:
                wallet.submit(calls(Read{object}, Pay{AccountId{5}, 7}), wallet.habitual_bid());
                break;
            case 3:
                wallet.submit(calls(Add{object, 1}, Refuse{object, RefusalKind::invalid_opcode}),
                    wallet.habitual_bid());
                break;
            case 4: wallet.ask(counters_id, {{}, {}, 10 + object}); break;
            default:
                wallet.submit(calls(Mint{wallet.account(), object, object}), {3, 0, 0});
                wallet.submit(calls(Burn{500}), {.priority_fee = 5, .extra_gas = 400 + object});
                break;
        }
        return view.block_number + random.uniform_below(3);
    };
    behaviour->quoted = [](std::size_t, WalletContext& wallet, std::span<const QuoteAnswer> answers)
    {
        wallet.submit(calls(Add{401, answers[0].amount_out.value()}), wallet.habitual_bid());
        return wallet.view().block_number + 1;
    };
    behaviour->learn = [](std::size_t, const TransactionOutcome& outcome)
    { return outcome.kind != TransactionOutcome::Kind::succeeded; };
    return behaviour;
}

inline constexpr std::uint32_t wallet_count = 130;

/// A chain with one protocol at home with an actor of its own, and two groups of wallets.
inline SimulationSetup setup(std::shared_ptr<const Behaviour> behaviour, std::uint64_t blocks,
    std::vector<std::uint64_t> stakes = {32, 32, 64}, double participation = 1)
{
    Puppet::behaviour = std::move(behaviour);
    ToyWorld toy{wallet_count, Amount::power_of_ten(20), ContractRole::dex};
    SimulationSetup result;
    for (std::size_t i = 0; i < stakes.size(); ++i)
    {
        result.validators.push_back(
            {toy.world->add_account({"validator/" + std::to_string(i), "validator", "", {}}),
                stakes[i]});
    }
    (void)toy.world->add_account({std::string{deposits_account_name}, "validator", "", {}});
    for (std::size_t i = 0; i < 2; ++i)
    {
        AgentGroupSetup group;
        group.name = i == 0 ? "one" : "two";
        group.strategy = &Puppet::strategy_type();
        group.accounts.assign(toy.wallets.begin() + (i == 0 ? 0 : 50),
            i == 0 ? toy.wallets.begin() + 50 : toy.wallets.end());
        group.priority_fee = constant(2);
        group.priority_fee.shape = Distribution::Shape::uniform;
        group.priority_fee.b = 9;
        group.max_base_fee_multiple = constant(3);
        group.max_fee = constant(1'000'000);
        result.groups.push_back(std::move(group));
    }
    BlockExecution execution;
    ExecutionOptions options;
    options.free_gas = true;
    options.checkpoint_interval = 7;
    result.genesis = execute_block(execution, *toy.world, {}, {}, {}, 0, {}, {}, options);
    result.world = std::move(toy.world);
    result.make_world = [stake_count = stakes.size()]
    {
        ToyWorld again{wallet_count, Amount::power_of_ten(20), ContractRole::dex};
        for (std::size_t i = 0; i < stake_count; ++i)
            (void)again.world->add_account({"validator/" + std::to_string(i), "validator", "", {}});
        (void)again.world->add_account({std::string{deposits_account_name}, "validator", "", {}});
        return std::move(again.world);
    };
    result.participation = participation;
    result.block_reward = 1'000'003;
    result.prices = std::make_shared<ReferencePrices>(std::vector<std::vector<std::uint64_t>>{});
    result.fees.block_gas_limit = 3'000'000;
    result.mempool.lifetime_ms = 60'000;
    result.mempool.capacity = 200;
    result.seed = 42;
    result.blocks = blocks;
    result.checkpoint_interval = 7;
    return result;
}

inline SimulationResult run(SimulationSetup setup, unsigned workers = 2,
    std::uint32_t cohort_size = 16, BlockSink* sink = nullptr,
    SimulationProgress* progress = nullptr, unsigned credits = 32)
{
    const Deadline deadline;
    SimulationOptions options;
    options.workers = workers;
    options.cohort_size = cohort_size;
    options.sink = sink;
    options.progress = progress;
    options.writer_credits = credits;
    return run_simulation(std::move(setup), options);
}

}  // namespace runnel::toy
