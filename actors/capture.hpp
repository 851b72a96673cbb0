#pragma once

#include "actors/cohort.hpp"
#include "actors/crew.hpp"
#include "actors/round_watch.hpp"

#include <memory>
#include <vector>

namespace runnel::actors
{

/// What cohorts tell of their wallets while a checkpoint is made. Part of the director, like
/// Leases.
class Capture
{
public:
    Capture(CrewActor& director, RoundWatch& watch) noexcept : director_{director}, watch_{watch} {}

    /// Asks every cohort, and tells it its news (by cohort; taken), as it would hear them before
    /// it decides on @p next_block.
    void ask(const std::vector<caf::actor>& cohorts, std::uint64_t next_block,
        std::vector<std::shared_ptr<News>>& news);
    void take(StateCaptured& answer);
    [[nodiscard]] bool is_complete() const noexcept { return due_ == 0; }
    /// The cohorts with all that their wallets remember, in groups of so many each.
    [[nodiscard]] std::vector<GroupCohorts> hand_out(const std::vector<std::size_t>& group_sizes);

private:
    CrewActor& director_;
    RoundWatch& watch_;
    std::vector<std::shared_ptr<Cohort>> cohorts_;  // Those that have answered, by number.
    std::size_t due_ = 0;
};

}  // namespace runnel::actors
