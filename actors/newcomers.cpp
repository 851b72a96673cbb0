#include "actors/newcomers.hpp"

#include <algorithm>

namespace runnel::actors
{

Newcomers::Newcomers(const std::vector<AgentGroupSetup>& groups)
{
    for (std::uint32_t group = 0; group < groups.size(); ++group)
    {
        const auto& arrivals = groups[group].arrivals;
        for (std::uint32_t number = 0; number < arrivals.size(); ++number)
            places_.push_back({arrivals[number].address, {group, number}});
    }
    std::sort(places_.begin(), places_.end(),
        [](const auto& a, const auto& b) { return a.first < b.first; });
}

std::optional<Newcomers::Place> Newcomers::find(const Address& address) const
{
    const auto found = std::partition_point(
        places_.begin(), places_.end(), [&](const auto& place) { return place.first < address; });
    return found != places_.end() && found->first == address ? std::optional{found->second}
                                                             : std::nullopt;
}

}  // namespace runnel::actors
