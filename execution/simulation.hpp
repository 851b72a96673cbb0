#pragma once

#include "execution/context.hpp"
#include "ledger/block.hpp"
#include "ledger/check.hpp"
#include "ledger/transaction.hpp"

#include <cstdint>
#include <optional>

namespace runnel
{

struct AccountState;

/// What calls would do after the last block, one list after another: they run on copies of what
/// they touch, so nothing changes and nobody hears of it. Ethereum's eth_callBundle, for searchers.
///
/// Nonces do not count, nor do fees of calls alone, and nothing can be deployed.
///
///     simulation.begin(world, block);
///     if (simulation.run(mine, me) && simulation.run(theirs, them))
///         simulation.for_each_event<DexTrade>([&](ContractId exchange, const DexTrade& trade)
///         ...);
class Simulation
{
public:
    /// From the committed state again. @p world and @p block must outlive what follows.
    void begin(const World& world, const BlockContext& block);
    /// Runs calls as @p sender, as executed lists are encoded (Transaction::executable()). Errors:
    /// what a transaction would be refused with; then all since begin() is undone, and begin() must
    /// come next.
    [[nodiscard]] Result<Returns> run(ByteView calls, AccountId sender);
    /// The same for a transaction that pays its fee: it buys its gas at @p gas_price wei before its
    /// calls run, and sells back what they leave. Errors also: its sender cannot pay its gas limit
    /// at its max_fee, or it runs out of gas. The transaction must outlive what follows.
    [[nodiscard]] Result<Returns> run(const Transaction& transaction, std::uint64_t gas_price);
    /// By the last run, beside the transaction's own 21,000.
    [[nodiscard]] std::uint64_t gas_used() const noexcept { return gas_used_; }
    /// Visits the events of one type that the last run emitted: visit(contract, event).
    template <typename Event, typename Visitor>
    void for_each_event(Visitor&& visit) const
    {
        for (auto i = first_event_; i < arena_.events.size(); ++i)
        {
            const auto& record = arena_.events[i];
            if (record.type != &event_type<Event>)
                continue;
            Event event{};
            const bool is_read =
                decode(ByteView{arena_.event_bytes}.subspan(record.offset, record.size), event);
            RUNNEL_CHECK(is_read);
            visit(record.contract, event);
        }
    }

private:
    [[nodiscard]] Result<Returns> run_calls(ByteView calls, AccountId sender);
    /// The copy of an account's record.
    [[nodiscard]] AccountState& state_of(AccountId account);
    [[nodiscard]] Result<Returns> undo_if_refused(Result<Returns> returns);

    const World* world_ = nullptr;
    WorkerArena arena_;
    std::optional<TransactionScope> scope_;
    std::size_t first_event_ = 0;
    std::uint64_t gas_used_ = 0;
};

}  // namespace runnel
