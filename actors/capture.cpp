#include "actors/capture.hpp"

#include <utility>

namespace runnel::actors
{

void Capture::ask(const std::vector<caf::actor>& cohorts, std::uint64_t next_block,
    std::vector<std::shared_ptr<News>>& news)
{
    cohorts_.assign(cohorts.size(), nullptr);
    due_ = cohorts.size();
    // Wallets hear of the block now rather than when they decide on the next one, which is the same
    // to them: then nothing is under way between the actors, and nothing of that kind to save.
    for (std::size_t i = 0; i < cohorts.size(); ++i)
    {
        watch_.await(RoundWatch::Member::cohort, i);
        director_.send(
            cohorts[i], CaptureState{next_block, std::exchange(news[i], std::make_shared<News>())});
    }
}

void Capture::take(StateCaptured& answer)
{
    watch_.answered(RoundWatch::Member::cohort, answer.cohort);
    cohorts_[answer.cohort] = std::move(answer.wallets);
    --due_;
}

std::vector<GroupCohorts> Capture::hand_out(const std::vector<std::size_t>& group_sizes)
{
    std::vector<GroupCohorts> groups;
    if (cohorts_.empty())
        return groups;  // Nobody was asked.
    auto next = cohorts_.begin();
    for (const auto size : group_sizes)
    {
        const auto end = next + static_cast<std::ptrdiff_t>(size);
        groups.emplace_back(next, end);
        next = end;
    }
    cohorts_.clear();
    return groups;
}

}  // namespace runnel::actors
