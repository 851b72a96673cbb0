#pragma once

#include "execution/executor.hpp"

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace runnel::contracts
{

/// A world without agents, fees or consensus: runs one transaction at a time through the real
/// planner and executor. For replays of recorded operations and for tests of contracts.
class Sandbox
{
public:
    Sandbox();

    [[nodiscard]] World& world() noexcept { return world_; }
    AccountId account(std::string_view name);

    /// Adds a contract with an account of its name; call connect() when all are there.
    template <std::derived_from<Contract> C, typename... Arguments>
    C& add(std::string name, Arguments&&... arguments)
    {
        const ContractIdentity identity{
            ContractId{static_cast<std::uint32_t>(world_.contract_count())}, account(name), name};
        return static_cast<C&>(world_.add_contract(
            std::make_unique<C>(identity, std::forward<Arguments>(arguments)...)));
    }
    void connect() { world_.connect(); }

    /// Moves time: the next transactions run at @p timestamp (unix seconds). It may stay the same.
    void set_time(std::uint64_t timestamp) noexcept { timestamp_ = timestamp; }
    /// Makes the next transaction's block this one, which is not 0: for contracts that count
    /// blocks. It may have been there before.
    void set_block(std::uint64_t number) noexcept { head_.number = number - 1; }

    struct Outcome
    {
        Receipt receipt;
        Returns returns;  // Of the transaction's last call.
        FinishedBlock block;
        std::size_t undeclared_touches = 0;  // Records touched beyond what calls declared.
        bool deploys = false;                // The calls declare that they deploy a contract.

        [[nodiscard]] bool ok() const noexcept
        {
            return receipt.status == ReceiptStatus::succeeded;
        }
    };
    /// Runs the calls as one atomic transaction of @p sender, in a block of its own. Checks the
    /// conservation law as every commit does.
    Outcome run(AccountId sender, const CallWriter& calls);
    template <typename Call>
    Outcome run(AccountId sender, ContractId contract, const Call& call)
    {
        CallWriter calls;
        calls.add(contract, call);
        return run(sender, calls);
    }

private:
    World world_;
    BlockExecution execution_;
    BlockHeader head_;
    Hash head_hash_;
    std::uint64_t timestamp_ = 0;
};

}  // namespace runnel::contracts
