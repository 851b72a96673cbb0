#include "contracts/kit/sandbox.hpp"

#include "contracts/tokens/native/native_coin.hpp"
#include "state/references.hpp"

namespace runnel::contracts
{

Sandbox::Sandbox()
{
    add<NativeCoin>("ETH", TokenInfo{"ETH", 18});
}

AccountId Sandbox::account(std::string_view name)
{
    if (const auto found = world_.find_account(name))
        return *found;
    return world_.add_account({std::string{name}, "wallet", "", {}});
}

Sandbox::Outcome Sandbox::run(AccountId sender, const CallWriter& calls)
{
    Transaction transaction;
    transaction.sender = sender;
    transaction.gas_limit = 1ULL << 40U;
    write_calls(transaction, world_, calls);
    transaction.seal();
    std::vector<Transaction> transactions;
    transactions.push_back(std::move(transaction));

    BlockContext context;
    context.number = head_.number + 1;
    context.timestamp = timestamp_;
    context.gas_limit = 1ULL << 40U;
    ExecutionOptions options;
    options.keep_returns = true;
    options.free_gas = true;
    Outcome outcome;
    outcome.block = execute_block(
        execution_, world_, context, head_, head_hash_, 0, std::move(transactions), {}, options);
    outcome.receipt = outcome.block.receipts.front();
    outcome.returns = execution_.returns().front();
    outcome.deploys = execution_.block_plan().deploys();
    outcome.undeclared_touches = execution_.undeclared_touches();
    head_ = outcome.block.header;
    head_hash_ = outcome.block.hash;
    return outcome;
}

}  // namespace runnel::contracts
