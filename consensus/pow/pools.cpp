#include "consensus/pow/pools.hpp"

#include "ledger/portable_math.hpp"

#include <algorithm>

namespace runnel
{

PoolBooks::PoolBooks(const PowOptions& options, const std::vector<double>& hash_rates)
{
    for (const auto& rules : options.pools)
        pools_.push_back({rules, 0, {}});
    for (std::size_t i = 0; i < options.groups.size(); ++i)
    {
        const auto& group = options.groups[i];
        Member member;
        member.hash_rate = hash_rates[i];
        member.from = group.mines_from;
        member.until = group.mines_until;
        member.hops = group.strategy == MinerStrategy::pool_hopping;
        member.hops_after = group.hops_after;
        for (std::size_t pool = 0; pool < pools_.size(); ++pool)
        {
            if (pools_[pool].rules.name == group.pool)
                member.pool = pool;
        }
        members_.push_back(member);
    }
}

bool PoolBooks::is_in_pool(const Member& member) const
{
    return member.pool != no_pool &&
           (!member.hops || pools_[member.pool].round < member.hops_after);
}

void PoolBooks::pay(Member& member, Pool& pool, double amount)
{
    const auto paid = amount * (1 - pool.rules.fee);
    member.account.paid += paid;
    pool.account.paid += paid;
}

void PoolBooks::hash_for(double seconds, double difficulty, VirtualTime middle)
{
    const auto is_on = [&](const Member& member)
    { return member.from <= middle && (member.until == 0 || middle < member.until); };
    std::vector<double> sums(pools_.size());
    for (auto& member : members_)
    {
        if (!is_on(member))
            continue;
        const auto hashed = member.hash_rate * seconds / difficulty;
        member.account.hashed += hashed;
        if (!is_in_pool(member))
            continue;
        member.account.in_pool += hashed;
        member.in_round += hashed;
        sums[member.pool] += hashed;
        if (pools_[member.pool].rules.payout == PoolPayout::pay_per_share)
            pay(member, pools_[member.pool], hashed);
    }
    // A hash of an age of x difficulties counts decay * e^(-decay * x): over all blocks to come
    // that is 1.
    for (auto& member : members_)
    {
        if (member.pool == no_pool || !(sums[member.pool] > 0))
            continue;
        const auto& pool = pools_[member.pool];
        if (pool.rules.payout != PoolPayout::score)
            continue;
        const auto kept = portable_exp(-pool.rules.decay * sums[member.pool]);
        const auto hashed =
            is_on(member) && is_in_pool(member) ? member.hash_rate * seconds / difficulty : 0;
        member.score = member.score * kept + hashed / sums[member.pool] * (1 - kept);
    }
    for (std::size_t pool = 0; pool < pools_.size(); ++pool)
        pools_[pool].round += sums[pool];
}

void PoolBooks::hash_until(VirtualTime at, double difficulty)
{
    constexpr double us = 1e6;
    auto left = static_cast<double>(at - now_) / us;
    // In pieces, at whose ends somebody hops.
    while (left > 0)
    {
        auto span = left;
        std::vector<double> rates(pools_.size());
        for (const auto& member : members_)
        {
            if (is_in_pool(member))
                rates[member.pool] += member.hash_rate;
        }
        for (const auto& member : members_)
        {
            if (!member.hops || !is_in_pool(member) || !(rates[member.pool] > 0))
                continue;
            const auto until_hop =
                (member.hops_after - pools_[member.pool].round) * difficulty / rates[member.pool];
            span = std::min(span, until_hop);
        }
        // However doubles round, a step is one.
        constexpr double step_min = 1e-6;
        span = std::min(left, std::max(span, step_min));
        hash_for(span, difficulty, at - static_cast<VirtualTime>((left - span / 2) * us));
        left -= span;
    }
    now_ = at;
}

void PoolBooks::on_block(VirtualTime at, std::uint32_t group, double difficulty)
{
    if (pools_.empty() || group >= members_.size())
        return;
    hash_until(at, difficulty);
    auto& finder = members_[group];
    if (!is_in_pool(finder))
    {
        finder.account.alone += 1;
        return;
    }
    auto& pool = pools_[finder.pool];
    ++pool.account.blocks;
    for (auto& member : members_)
    {
        if (member.pool != finder.pool)
            continue;
        if (pool.rules.payout == PoolPayout::proportional && pool.round > 0)
            pay(member, pool, member.in_round / pool.round);
        else if (pool.rules.payout == PoolPayout::score)
            pay(member, pool, member.score);
        member.in_round = 0;
    }
    pool.round = 0;
}

}  // namespace runnel
