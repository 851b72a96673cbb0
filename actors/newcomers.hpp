#pragma once

#include "actors/simulation.hpp"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace runnel::actors
{

/// Which wallets of a run's groups arrive with later blocks, by their addresses.
class Newcomers
{
public:
    struct Place
    {
        std::uint32_t group = 0;
        std::uint32_t number = 0;  // Within the group.
    };

    explicit Newcomers(const std::vector<AgentGroupSetup>& groups);

    /// Empty for somebody else.
    [[nodiscard]] std::optional<Place> find(const Address& address) const;

private:
    std::vector<std::pair<Address, Place>> places_;  // By address.
};

}  // namespace runnel::actors
