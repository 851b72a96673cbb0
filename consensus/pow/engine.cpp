#include "consensus/pow/engine.hpp"

#include "consensus/pow/node.hpp"
#include "consensus/pow/pools.hpp"
#include "consensus/pow/target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <string>

namespace runnel
{
namespace
{

constexpr double joules_per_kwh = 3.6e6;
constexpr double hashes_per_terahash = 1e12;

class PowEngine final : public ConsensusEngine
{
public:
    PowEngine(const PowOptions& options, const NetworkModel& model, std::uint32_t nodes,
        std::uint64_t seed, std::uint32_t shards, ShardRunner& runner)
      : world_{options, model, seed, nodes},
        network_{model, seed, nodes, shards, [this](NodeId) { return PowNode{world_}; }},
        runner_{runner},
        head_{&world_.genesis},
        groups_(options.groups.size()),
        tips_(world_.tracks_tips ? nodes : 0),
        books_{options, hash_rates()}
    {}

    std::optional<ConsensusStep> next(VirtualTime limit) override
    {
        while (steps_.empty())
        {
            const auto records = network_.advance(runner_, limit);
            if (records.empty())
            {
                now_ = std::max(now_, limit);
                return std::nullopt;
            }
            for (const auto& record : records)
                observe(record);
        }
        auto step = std::move(steps_.front());
        steps_.pop_front();
        return step;
    }

    [[nodiscard]] ConsensusFigures figures() const override;
    [[nodiscard]] std::uint32_t makers() const noexcept override { return world_.miners; }
    [[nodiscard]] std::vector<NamedFigure> details() const override;

private:
    using Network = runnel::Network<PowNode>;
    struct Group
    {
        std::uint64_t made = 0;
        std::uint64_t attempts = 0;
        std::uint64_t won = 0;
        std::uint64_t gave_up = 0;
    };

    void observe(const Network::Record& record);
    void on_made(const Network::Record& record);
    void on_head(VirtualTime at, const PowBlock* block);
    /// Of honest miners' hash rate, what mines on the block that a race is about.
    [[nodiscard]] double share_on(const PowBlock* block) const;
    [[nodiscard]] std::vector<double> hash_rates() const;
    [[nodiscard]] std::vector<std::uint64_t> blocks_in_chain() const;
    [[nodiscard]] double joules_per_hash(NodeId node) const;
    void add_groups(std::vector<NamedFigure>& figures) const;
    void add_attacks(std::vector<NamedFigure>& figures) const;
    void add_pools(std::vector<NamedFigure>& figures) const;

    PowWorld world_;
    Network network_;
    ShardRunner& runner_;
    std::deque<ConsensusStep> steps_;
    VirtualTime now_ = 0;
    const PowBlock* head_;  // Of the reference node, after all steps.
    std::vector<RefusedBlock> refused_;
    std::vector<NodeId> double_spends_;  // Since the last step.
    std::uint64_t finalized_ = 0;

    std::uint64_t made_ = 0;
    std::vector<Group> groups_;
    DelayHistogram settled_;
    std::uint64_t settled_height_ = 0;

    std::vector<const PowBlock*> tips_;  // By node.
    const PowBlock* race_ = nullptr;
    std::uint64_t races_ = 0;
    double race_shares_ = 0;
    PoolBooks books_;
};

std::vector<double> PowEngine::hash_rates() const
{
    std::vector<double> rates(world_.options.groups.size());
    for (const auto& profile : world_.profiles)
    {
        if (profile.group < rates.size())
            rates[profile.group] += profile.hash_rate;
    }
    return rates;
}

void PowEngine::observe(const Network::Record& record)
{
    using Kind = PowNode::Record::Kind;
    now_ = std::max(now_, record.at);
    const auto group = world_.profiles[record.node].group;
    const auto* block = record.record.block;
    switch (record.record.kind)
    {
        case Kind::made: on_made(record); return;
        case Kind::head: on_head(record.at, block); return;
        case Kind::side: refused_.push_back({block->block, BlockRefusalKind::stale}); return;
        case Kind::mines: tips_[record.node] = block; return;
        case Kind::race: race_ = block; return;
        case Kind::attempt:
            ++groups_[group].attempts;
            double_spends_.push_back(record.node);
            return;
        case Kind::won: ++groups_[group].won; return;
        case Kind::gave_up: ++groups_[group].gave_up; return;
    }
}

void PowEngine::on_made(const Network::Record& record)
{
    const auto* block = record.record.block;
    const auto group = world_.profiles[record.node].group;
    ++made_;
    ++groups_[group].made;
    books_.on_block(record.at, group, block->difficulty.to_double());
    if (race_ != nullptr)
    {
        ++races_;
        race_shares_ += share_on(race_);
        race_ = nullptr;
    }
}

double PowEngine::share_on(const PowBlock* block) const
{
    double all = 0;
    double on_it = 0;
    for (NodeId node = 0; node < world_.miners; ++node)
    {
        if (world_.strategy_of(node) == MinerStrategy::selfish)
            continue;
        all += world_.profiles[node].hash_rate;
        if (tips_[node] == block)
            on_it += world_.profiles[node].hash_rate;
    }
    return all > 0 ? on_it / all : 0;
}

void PowEngine::on_head(VirtualTime at, const PowBlock* block)
{
    const auto* common = common_ancestor(head_, block);
    std::uint64_t reverted = 0;
    for (const auto* one = head_; one != common; one = one->parent)
    {
        refused_.push_back({one->block, BlockRefusalKind::stale});
        ++reverted;
    }
    std::vector<const PowBlock*> added;
    for (const auto* one = block; one != common; one = one->parent)
        added.push_back(one);
    std::reverse(added.begin(), added.end());
    head_ = block;
    const auto& options = world_.options;
    if (options.final_after != 0 && head_->height() > options.final_after)
        finalized_ = std::max(finalized_, head_->height() - options.final_after);
    for (const auto* one : added)
    {
        std::erase_if(
            refused_, [one](const RefusedBlock& other) { return other.block.id == one->block.id; });
    }
    // A restarted node without memory is back at block 0: a step that only reverts.
    for (std::size_t i = 0; i < std::max<std::size_t>(added.size(), 1); ++i)
    {
        ConsensusStep step;
        step.at = at;
        step.finalized = finalized_;
        if (i == 0)
        {
            step.reverted = reverted;
            step.refused = std::exchange(refused_, {});
            step.double_spends = std::exchange(double_spends_, {});
        }
        if (i < added.size())
        {
            const auto& one = added[i]->block;
            step.added.push_back(one);
            const auto reward = subsidy_at(options.subsidy, options.halving_interval, one.height);
            if (!reward.is_zero())
                step.stake.push_back({StakeChangeKind::reward, one.maker, reward});
        }
        steps_.push_back(std::move(step));
    }
    // The block that so many, itself included, confirm now.
    while (head_->height() >= settled_height_ + options.confirmations)
    {
        ++settled_height_;
        settled_.add(at - ancestor_at(head_, settled_height_)->block.made_at);
    }
}

double PowEngine::joules_per_hash(NodeId node) const
{
    const auto* group = world_.group_of(node);
    const auto of_group = group == nullptr ? 0 : group->joules_per_terahash;
    const auto of_machine = of_group > 0 ? of_group : world_.options.joules_per_terahash;
    return of_machine / hashes_per_terahash * world_.options.power_usage_effectiveness;
}

ConsensusFigures PowEngine::figures() const
{
    ConsensusFigures figures;
    figures.traffic = network_.traffic();
    figures.events = network_.events();
    figures.blocks_made = made_;
    double hashes = 0;
    for (NodeId node = 0; node < world_.miners; ++node)
    {
        const auto tried = network_.node(node).hashes_until(now_);
        hashes += tried;
        figures.joules += tried * joules_per_hash(node);
    }
    figures.hashes = hashes;
    return figures;
}

std::vector<std::uint64_t> PowEngine::blocks_in_chain() const
{
    std::vector<std::uint64_t> blocks(groups_.size());
    for (const auto* one = head_; one->parent != nullptr; one = one->parent)
        ++blocks[world_.profiles[one->block.maker].group];
    return blocks;
}

void PowEngine::add_groups(std::vector<NamedFigure>& figures) const
{
    const auto rates = hash_rates();
    const auto chain = blocks_in_chain();
    std::vector<double> kwh(groups_.size());
    for (NodeId node = 0; node < world_.miners; ++node)
    {
        kwh[world_.profiles[node].group] +=
            network_.node(node).hashes_until(now_) * joules_per_hash(node) / joules_per_kwh;
    }
    for (std::size_t i = 0; i < groups_.size(); ++i)
    {
        const auto& group = world_.options.groups[i];
        const auto made = static_cast<double>(groups_[i].made);
        const auto in_chain = static_cast<double>(chain[i]);
        const auto add = [&](std::string_view name, double value, std::string_view unit) {
            figures.push_back({fmt::format("groups.{}.{}", group.name, name), value, unit});
        };
        add("hash_share", rates[i] / world_.options.hash_rate, "");
        add("blocks_made", made, "blocks");
        add("stale_share", made > 0 ? 1 - in_chain / made : 0, "");
        add("energy", kwh[i], "kWh");
        if (group.strategy == MinerStrategy::double_spend)
        {
            const auto ended = static_cast<double>(groups_[i].won + groups_[i].gave_up);
            add("attempts", static_cast<double>(groups_[i].attempts), "attempts");
            add("won", static_cast<double>(groups_[i].won), "attempts");
            add("success_rate", ended > 0 ? static_cast<double>(groups_[i].won) / ended : 0, "");
        }
    }
}

void PowEngine::add_attacks(std::vector<NamedFigure>& figures) const
{
    if (!world_.tracks_tips)
        return;
    figures.push_back({"races", static_cast<double>(races_), "races"});
    figures.push_back({"gamma", races_ == 0 ? 0 : race_shares_ / static_cast<double>(races_), ""});
}

void PowEngine::add_pools(std::vector<NamedFigure>& figures) const
{
    if (books_.is_empty())
        return;
    const auto& options = world_.options;
    for (std::size_t i = 0; i < options.pools.size(); ++i)
    {
        const auto& account = books_.pool_account(i);
        const auto prefix = fmt::format("pools.{}.", options.pools[i].name);
        figures.push_back({prefix + "blocks", static_cast<double>(account.blocks), "blocks"});
        figures.push_back({prefix + "paid", account.paid, "block rewards"});
    }
    for (std::uint32_t i = 0; i < options.groups.size(); ++i)
    {
        const auto& account = books_.account(i);
        const auto prefix = fmt::format("groups.{}.", options.groups[i].name);
        figures.push_back({prefix + "income_per_expected", account.luck(), ""});
        figures.push_back({prefix + "hashed_in_pool",
            account.hashed > 0 ? account.in_pool / account.hashed : 0, ""});
    }
}

std::vector<NamedFigure> PowEngine::details() const
{
    std::vector<NamedFigure> figures;
    const auto blocks = static_cast<double>(std::max<std::uint64_t>(head_->height(), 1));
    const auto made = static_cast<double>(std::max<std::uint64_t>(made_, 1));
    figures.push_back({"stale_share", 1 - static_cast<double>(head_->height()) / made, ""});
    DelayHistogram delays;
    for (NodeId node = 0; node < world_.profiles.size(); ++node)
        delays.add(network_.node(node).delays());
    figures.push_back({"propagation.mean", delays.mean(), "s"});
    figures.push_back({"propagation.median", delays.quantile(0.5), "s"});
    figures.push_back({"propagation.p90", delays.quantile(0.9), "s"});
    figures.push_back({"settled.mean", settled_.mean(), "s"});
    figures.push_back({"settled.median", settled_.quantile(0.5), "s"});
    figures.push_back({"settled.p90", settled_.quantile(0.9), "s"});
    figures.push_back({"difficulty", head_->difficulty.to_double(), "hashes"});
    figures.push_back({"work", head_->work.to_double(), "hashes"});
    const auto of_all = this->figures();
    const auto kwh = of_all.joules / joules_per_kwh;
    const auto seconds = static_cast<double>(std::max<VirtualTime>(now_, 1)) / one_second;
    figures.push_back({"energy.power", of_all.joules / seconds, "W"});
    figures.push_back({"energy.per_block", kwh / blocks, "kWh"});
    figures.push_back(
        {"energy.per_transaction", kwh / blocks / world_.options.transactions_per_block, "kWh"});
    add_attacks(figures);
    add_groups(figures);
    add_pools(figures);
    return figures;
}

}  // namespace

std::unique_ptr<ConsensusEngine> make_pow_engine(const PowOptions& options,
    const NetworkModel& model, std::uint32_t nodes, std::uint64_t seed, std::uint32_t shards,
    ShardRunner& runner)
{
    return std::make_unique<PowEngine>(options, model, nodes, seed, shards, runner);
}

}  // namespace runnel
