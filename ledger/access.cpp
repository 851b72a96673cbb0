#include "ledger/access.hpp"

#include "ledger/world.hpp"

namespace runnel
{

void AccessCollector::add(const RecordTable& table, std::uint64_t key, AccessMode mode)
{
    if (!table.accepts(key))
        return;
    for (auto i = first_; i < accesses_.size(); ++i)
    {
        auto& access = accesses_[i];
        if (access.key == key && access.table == &table)
        {
            if (mode == AccessMode::write)
                access.mode = mode;
            return;
        }
    }
    // The planner makes the slot while nobody executes; the collector itself only reads.
    accesses_.push_back({const_cast<RecordTable*>(&table), key, nullptr, 0, mode, false});
}

void AccessCollector::calls(ByteView list, AccountId sender)
{
    if (nesting_ == nesting_max)
        return;
    ++nesting_;
    CallReader reader{list};
    while (const auto call = reader.next())
    {
        const auto* contract = world_.find_contract(call->contract);
        if (contract != nullptr)
            contract->declare(*call, sender, *this);
    }
    --nesting_;
}

}  // namespace runnel
