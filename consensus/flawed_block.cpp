#include "consensus/flawed_block.hpp"

#include "ledger/check.hpp"
#include "state/references.hpp"
#include "state/signing.hpp"
#include "state/world.hpp"

#include <algorithm>
#include <limits>

namespace runnel
{
namespace
{
constexpr auto fee_max = std::numeric_limits<std::uint64_t>::max();

/// Puts a transaction behind the script, and leaves out what it takes the room of.
void put_first(Transaction transaction, std::size_t head, std::uint64_t gas_limit,
    std::vector<Transaction>& transactions)
{
    transactions.insert(
        transactions.begin() + static_cast<std::ptrdiff_t>(head), std::move(transaction));
    std::uint64_t gas = 0;
    std::size_t fits = 0;
    while (fits < transactions.size() && transactions[fits].gas_limit <= gas_limit - gas)
        gas += transactions[fits++].gas_limit;
    transactions.resize(std::max(fits, head + 1));
}

/// The next that an account could send, with no calls.
Transaction next_of(AccountId sender, const World& world, const DueBlock& due,
    const ParentBlock& parent, const ValidationRules& rules)
{
    Transaction transaction;
    transaction.sender = sender;
    transaction.nonce =
        world.account_states.get(sender).nonce +
        static_cast<std::uint64_t>(std::count_if(due.head.begin(), due.head.end(),
            [sender](const Transaction& scripted) { return scripted.sender == sender; }));
    transaction.gas_limit = intrinsic_gas;
    transaction.max_fee = next_base_fee(rules.fees, parent.header.base_fee, parent.header.gas_used);
    // It came last of all.
    transaction.arrival_ms = static_cast<std::int64_t>(parent.header.number + 1) *
                                 std::int64_t{rules.slot_seconds} * 1000 -
                             1;
    transaction.set_calls({});
    return transaction;
}

Transaction overspending(const World& world, const DueBlock& due, const ParentBlock& parent,
    const ValidationRules& rules)
{
    auto transaction = next_of(due.proposer, world, due, parent, rules);
    const auto& balance = world.account_states.get(due.proposer).balance;
    auto affordable = div_down(balance, transaction.gas_limit);
    if (affordable >= fee_max)
    {
        transaction.gas_limit = rules.fees.block_gas_limit;
        affordable = div_down(balance, transaction.gas_limit);
    }
    RUNNEL_CHECK(affordable < fee_max && "nobody has that many coins");
    transaction.max_fee = std::max(transaction.max_fee, affordable.low64() + 1);
    name_sender(transaction, world);
    if (rules.signatures == SignatureScheme::none)
        transaction.seal();
    else
        sign_all({&transaction, 1}, world);
    return transaction;
}

Transaction forged(const World& world, const DueBlock& due, const ParentBlock& parent,
    const ValidationRules& rules, std::vector<Transaction>& transactions)
{
    const auto head = due.head.size();
    Transaction transaction;
    if (transactions.size() > head)
    {
        transaction = std::move(transactions[head]);
        transactions.erase(transactions.begin() + static_cast<std::ptrdiff_t>(head));
        const bool was_signed = take_signature(transaction);
        RUNNEL_CHECK(was_signed);
    }
    else
    {
        // Whoever else there is.
        const AccountId victim{index(due.proposer) == 1 ? 2U : 1U};
        transaction = next_of(victim, world, due, parent, rules);
    }
    sign(transaction, private_key_of_name(world.account(due.proposer).name));
    return transaction;
}
}  // namespace

FinishedBlock make_flawed_block(BlockFlaw flaw, BlockValidator& maker, World& world,
    const ParentBlock& parent, const DueBlock& due, std::vector<Transaction> transactions)
{
    const auto& rules = maker.rules();
    const auto head = due.head.size();
    if (flaw == BlockFlaw::overspend)
    {
        put_first(overspending(world, due, parent, rules), head, rules.fees.block_gas_limit,
            transactions);
    }
    if (flaw == BlockFlaw::forged_signature)
    {
        RUNNEL_CHECK(rules.signatures != SignatureScheme::none);
        auto transaction = forged(world, due, parent, rules, transactions);
        put_first(std::move(transaction), head, rules.fees.block_gas_limit, transactions);
    }
    auto block = maker.make(world, parent, due, std::move(transactions));
    if (flaw == BlockFlaw::wrong_state_root)
    {
        block.header.state_root.bytes.back() ^= 1U;
        block.hash = block.header.hash();
    }
    return block;
}

BlockRule rule_broken_by(BlockFlaw flaw)
{
    switch (flaw)
    {
        case BlockFlaw::wrong_state_root: return BlockRule::state_root;
        case BlockFlaw::overspend: return BlockRule::transactions;
        case BlockFlaw::forged_signature: return BlockRule::signatures;
        case BlockFlaw::none: break;
    }
    RUNNEL_CHECK(false && "a block without a flaw breaks no rule");
    return {};
}

}  // namespace runnel
