#include "execution/access.hpp"

#include "state/world.hpp"

#include <utility>

namespace runnel
{

void AccessCollector::add(const RecordTable& table, std::uint64_t key, AccessMode mode)
{
    if (const auto* guard = table.guard(); guard != nullptr)
        return add(*guard, 0, mode == AccessMode::read ? mode : AccessMode::write);
    if (!table.accepts(key))
        return;
    const auto number = static_cast<std::uint16_t>(table.number());
    for (auto i = first_; i < accesses_.size(); ++i)
    {
        auto& access = accesses_[i];
        if (access.key == key && access.table == number)
        {
            if (access.mode != mode)
                access.mode = AccessMode::write;
            return;
        }
    }
    auto& access = accesses_.emplace_back();
    access.key = key;
    access.transaction = transaction_;
    access.table = number;
    access.mode = mode;
}

void AccessCollector::calls(ByteView list, AccountId sender)
{
    if (nesting_ == call_depth_max)
        return;
    ++nesting_;
    CallReader reader{list};
    while (const auto call = reader.next())
    {
        // What an argument will be only a run can tell.
        if (!call->bindings.empty())
            is_complete_ = false;
        const auto* contract = world_.find_contract(call->contract);
        if (contract != nullptr && !contract->declare(*call, sender, *this))
            is_complete_ = false;
    }
    --nesting_;
}

void AccessCollector::hand_over(AccountId receiver)
{
    read(world_.receiver_calls, receiver);
    // Once: lists that hand over to each other would be walked without end.
    if (std::exchange(is_handed_over_, true))
        return;
    const auto& registered = world_.receiver_calls.get(index(receiver));
    calls(ByteView{registered.calls}.first(registered.size), receiver);
    is_handed_over_ = false;
}

}  // namespace runnel
