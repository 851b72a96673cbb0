#include "actors/round_watch.hpp"

#include <fmt/format.h>

namespace runnel::actors
{

void RoundWatch::add(Member kind, std::string name)
{
    auto entry = std::make_unique<Entry>();
    entry->name = std::move(name);
    members_[static_cast<std::size_t>(kind)].push_back(std::move(entry));
}

void RoundWatch::set(Member kind, std::size_t member, bool owes) noexcept
{
    members_[static_cast<std::size_t>(kind)][member]->owes.store(owes, std::memory_order_relaxed);
    move();
}

std::string RoundWatch::awaited() const
{
    if (!ready_.load(std::memory_order_acquire))
        return "the crew to start";
    // A round's order: who comes first holds up the others.
    for (const auto& members : members_)
    {
        std::string first;
        std::size_t others = 0;
        for (const auto& member : members)
        {
            if (!member->owes.load(std::memory_order_relaxed))
                continue;
            if (first.empty())
                first = member->name;
            else
                ++others;
        }
        if (others == 1)
            return first + " and one other";
        if (!first.empty())
            return others == 0 ? first : fmt::format("{} and {} others", first, others);
    }
    return "";
}

}  // namespace runnel::actors
