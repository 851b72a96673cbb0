#include "consensus/consensus.hpp"

#include "ledger/philox.hpp"

namespace runnel
{

std::uint64_t total_stake(std::span<const ValidatorStake> validators) noexcept
{
    std::uint64_t total = 0;
    for (const auto& validator : validators)
        total += validator.stake;
    return total;
}

std::uint32_t pick_proposer(
    std::uint64_t seed, std::span<const ValidatorStake> validators, std::uint64_t block)
{
    static const auto stream = stream_of_name("proposer");
    RandomStream random{seed, stream, 0, block};
    auto ticket = random.uniform_below(total_stake(validators));
    std::uint32_t proposer = 0;
    while (ticket >= validators[proposer].stake)
        ticket -= validators[proposer++].stake;
    return proposer;
}

bool attests(std::uint64_t seed, double participation, std::uint32_t validator, std::uint64_t block)
{
    static const auto stream = stream_of_name("participation");
    RandomStream random{seed, stream, validator, block};
    return random.bernoulli(participation);
}

std::vector<Reward> block_rewards(const Amount& block_reward,
    std::span<const ValidatorStake> validators, std::uint32_t proposer,
    const std::vector<bool>& attested)
{
    std::vector<Reward> rewards;
    if (block_reward.is_zero())
        return rewards;
    const auto proposer_share = div_down(block_reward, 8);
    const auto rest = wrapping_sub(block_reward, proposer_share);
    const auto total = total_stake(validators);
    rewards.push_back({validators[proposer].account, proposer_share});
    for (std::size_t i = 0; i < validators.size(); ++i)
    {
        if (attested[i])
        {
            // A share of a 256-bit amount cannot overflow.
            const auto share = mul_div_down(rest, validators[i].stake, total);
            rewards.push_back({validators[i].account, share.value});
        }
    }
    return rewards;
}

bool is_final(
    std::span<const ValidatorStake> validators, const std::vector<bool>& attested) noexcept
{
    std::uint64_t stake = 0;
    for (std::size_t i = 0; i < validators.size(); ++i)
        stake += attested[i] ? validators[i].stake : 0;
    return static_cast<uint128>(stake) * 3 >= static_cast<uint128>(total_stake(validators)) * 2;
}

}  // namespace runnel
