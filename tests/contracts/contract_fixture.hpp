#pragma once

#include "contracts/kit/sandbox.hpp"
#include "tests/support/catch.hpp"

#include <string_view>
#include <vector>

namespace runnel::contracts
{

/// A sandbox, and what tests of any contract expect of the transactions they run in it.
struct ContractFixture
{
    Sandbox sandbox;

    Sandbox::Outcome expect_ok(AccountId sender, const CallWriter& calls)
    {
        auto outcome = sandbox.run(sender, calls);
        INFO(outcome.receipt.refusal.to_string());
        REQUIRE(outcome.ok());
        REQUIRE(sandbox.world().check_invariants().empty());
        return outcome;
    }
    template <typename Call>
    Sandbox::Outcome expect_ok(AccountId sender, ContractId contract, const Call& call)
    {
        INFO(Call::name);
        return expect_ok(sender, CallWriter{}.add(contract, call));
    }

    /// Runs what must be refused with @p reason, and checks that nothing changed.
    void expect_refusal(AccountId sender, const CallWriter& calls, std::string_view reason)
    {
        const auto root = sandbox.world().checkpoint_root();
        const auto outcome = sandbox.run(sender, calls);
        REQUIRE_FALSE(outcome.ok());
        CHECK(outcome.receipt.refusal.to_string() == reason);
        CHECK(outcome.block.events.empty());
        CHECK(sandbox.world().checkpoint_root() == root);
    }
    template <typename Call>
    void expect_refusal(
        AccountId sender, ContractId contract, const Call& call, std::string_view reason)
    {
        INFO(Call::name);
        expect_refusal(sender, CallWriter{}.add(contract, call), reason);
    }

    /// Those of a type, in their order.
    template <typename Event>
    [[nodiscard]] static std::vector<Event> events_of(const FinishedBlock& block)
    {
        std::vector<Event> found;
        for (const auto& record : block.events)
        {
            Event event;
            if (record.type == &event_type<Event> && decode(block.encoding(record), event))
                found.push_back(event);
        }
        return found;
    }
};

}  // namespace runnel::contracts
