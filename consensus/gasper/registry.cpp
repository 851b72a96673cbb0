#include "consensus/gasper/registry.hpp"

#include "ledger/amount.hpp"
#include "ledger/check.hpp"

#include <algorithm>
#include <array>

namespace runnel
{

std::vector<StakeChange> stake_changes(
    std::span<const GweiChange> changes, const GasperOptions& options)
{
    std::vector<StakeChange> result;
    result.reserve(changes.size());
    for (const auto& change : changes)
    {
        const auto wei = Amount::from_uint128(static_cast<uint128>(change.gwei) * 1'000'000'000);
        result.push_back({change.kind, node_of(change.validator, options), wei});
    }
    return result;
}

std::vector<ValidatorId> Registry::active(Epoch epoch) const
{
    std::vector<ValidatorId> result;
    for (ValidatorId i = 0; i < validators.size(); ++i)
    {
        if (validators[i].is_active(epoch))
            result.push_back(i);
    }
    return result;
}

std::vector<Gwei> Registry::effective_balances() const
{
    std::vector<Gwei> result;
    result.reserve(validators.size());
    for (const auto& validator : validators)
        result.push_back(validator.effective_balance);
    return result;
}

Gwei Registry::total_active(Epoch epoch) const
{
    Gwei total = 0;
    for (const auto& validator : validators)
        total += validator.is_active(epoch) ? validator.effective_balance : 0;
    return std::max(total, gwei_per_increment);
}

// ---- Arithmetic ----

std::uint64_t integer_square_root(std::uint64_t n) noexcept
{
    std::uint64_t root = 0;
    for (std::uint64_t bit = std::uint64_t{1} << 31U; bit != 0; bit >>= 1U)
    {
        const auto trial = root | bit;
        if (trial * trial <= n)
            root = trial;
    }
    return root;
}

Gwei base_reward_per_increment(Gwei total_active, std::uint64_t factor) noexcept
{
    return gwei_per_increment * factor /
           std::max<std::uint64_t>(integer_square_root(total_active), 1);
}

Gwei inactivity_penalty(Gwei effective, std::uint64_t score, const GasperOptions& options) noexcept
{
    const auto denominator =
        static_cast<uint128>(options.inactivity_score_bias) * options.inactivity_penalty_quotient;
    return static_cast<Gwei>(static_cast<uint128>(effective) * score / denominator);
}

std::uint64_t next_inactivity_score(
    std::uint64_t score, bool has_target, bool is_leaking, const GasperOptions& options) noexcept
{
    if (has_target)
        score -= std::min<std::uint64_t>(1, score);
    else
        score += options.inactivity_score_bias;
    if (!is_leaking)
        score -= std::min(options.inactivity_score_recovery_rate, score);
    return score;
}

Gwei next_effective_balance(Gwei effective, Gwei balance, const GasperOptions& options) noexcept
{
    constexpr Gwei down = gwei_per_increment / 4;
    constexpr Gwei up = gwei_per_increment / 4 * 5;
    if (balance + down < effective || effective + up < balance)
        return std::min(balance - balance % gwei_per_increment, options.effective_balance_max_gwei);
    return effective;
}

std::uint64_t churn_limit(std::uint64_t active_validators, const GasperOptions& options) noexcept
{
    return std::max(options.churn_per_epoch_min, active_validators / options.churn_quotient);
}

Gwei slashing_penalty(Gwei effective, SlashingRule rule) noexcept
{
    return effective / (rule == SlashingRule::bellatrix ? 32 : 4096);
}

Gwei correlation_penalty(
    Gwei effective, Gwei slashed, Gwei total, const GasperOptions& options) noexcept
{
    const auto adjusted = static_cast<Gwei>(std::min(
        static_cast<uint128>(slashed) * options.proportional_slashing_multiplier, uint128{total}));
    const auto increments = effective / gwei_per_increment;
    if (options.slashing == SlashingRule::bellatrix)
    {
        return static_cast<Gwei>(static_cast<uint128>(increments) * adjusted / total) *
               gwei_per_increment;
    }
    return adjusted / (total / gwei_per_increment) * increments;
}

// ---- What happens to a registry ----

void RegistryUpdate::increase(ValidatorId validator, Gwei gwei, StakeChangeKind kind)
{
    if (gwei == 0)
        return;
    registry_.validators[validator].balance += gwei;
    changes_.push_back({validator, kind, gwei});
}

void RegistryUpdate::decrease(ValidatorId validator, Gwei gwei, StakeChangeKind kind)
{
    auto& balance = registry_.validators[validator].balance;
    gwei = std::min(gwei, balance);
    if (gwei == 0)
        return;
    balance -= gwei;
    changes_.push_back({validator, kind, gwei});
}

void RegistryUpdate::deposit(ValidatorId validator, Gwei gwei)
{
    auto& record = registry_.validators[validator];
    const bool is_new = record.balance == 0 && record.activation_epoch == far_future_epoch &&
                        record.exit_epoch == far_future_epoch;
    increase(validator, gwei, StakeChangeKind::deposit);
    if (is_new)
    {
        record.effective_balance = std::min(record.balance - record.balance % gwei_per_increment,
            options_.effective_balance_max_gwei);
    }
}

void RegistryUpdate::exit(ValidatorId validator)
{
    auto& record = registry_.validators[validator];
    if (record.exit_epoch != far_future_epoch)
        return;
    auto queue = activation_exit_epoch();
    std::uint64_t in_queue = 0;
    std::uint64_t active = 0;
    for (const auto& other : registry_.validators)
    {
        active += other.is_active(epoch_) ? 1 : 0;
        if (other.exit_epoch == far_future_epoch || other.exit_epoch < queue)
            continue;
        in_queue = other.exit_epoch == queue ? in_queue + 1 : 1;
        queue = other.exit_epoch;
    }
    if (in_queue >= churn_limit(active, options_))
        ++queue;
    record.exit_epoch = queue;
    record.withdrawable_epoch = queue + options_.withdrawability_delay_epochs;
}

bool RegistryUpdate::exit_voluntarily(ValidatorId validator)
{
    const auto& record = registry_.validators[validator];
    if (!record.is_active(epoch_) || record.exit_epoch != far_future_epoch ||
        epoch_ < record.activation_epoch + options_.shard_committee_period_epochs)
        return false;
    exit(validator);
    return true;
}

bool RegistryUpdate::slash(ValidatorId validator, ValidatorId proposer)
{
    auto& record = registry_.validators[validator];
    if (record.is_slashed() || record.activation_epoch > epoch_ ||
        record.withdrawable_epoch <= epoch_)
        return false;
    exit(validator);
    record.slashed_epoch = epoch_;
    record.withdrawable_epoch =
        std::max(record.withdrawable_epoch, epoch_ + options_.slashings_window_epochs);
    const auto effective = record.effective_balance;
    auto& slashings = registry_.slashings;
    if (slashings.empty() || slashings.back().first != epoch_)
        slashings.emplace_back(epoch_, 0);
    slashings.back().second += effective;
    decrease(validator, slashing_penalty(effective, options_.slashing), StakeChangeKind::slashing);
    increase(proposer, effective / (options_.slashing == SlashingRule::bellatrix ? 512 : 4096),
        StakeChangeKind::reward);
    return true;
}

void RegistryUpdate::reward_proposer(ValidatorId proposer, Gwei gwei)
{
    increase(proposer, gwei, StakeChangeKind::reward);
}

void RegistryUpdate::reward_votes(std::span<const std::uint8_t> flags, bool is_leaking)
{
    auto& validators = registry_.validators;
    const auto previous = epoch_ - 1;
    const auto total = registry_.total_active(epoch_) / gwei_per_increment;
    const auto per_increment =
        base_reward_per_increment(registry_.total_active(epoch_), options_.base_reward_factor);
    constexpr std::array<std::pair<std::uint8_t, std::uint64_t>, 3> parts{
        {{timely_source, weight_source}, {timely_target, weight_target},
            {timely_head, weight_head}}};
    const auto counts = [&](ValidatorId i, std::uint8_t flag)
    {
        return validators[i].is_active(previous) && !validators[i].is_slashed() &&
               (flags[i] & flag) != 0;
    };
    std::array<std::uint64_t, parts.size()> participating{};  // Increments.
    for (ValidatorId i = 0; i < validators.size(); ++i)
    {
        for (std::size_t part = 0; part < parts.size(); ++part)
        {
            if (counts(i, parts[part].first))
                participating[part] += validators[i].effective_balance / gwei_per_increment;
        }
    }
    for (auto& increments : participating)
        increments = std::max<std::uint64_t>(increments, 1);

    for (ValidatorId i = 0; i < validators.size(); ++i)
    {
        auto& record = validators[i];
        const bool is_eligible = record.is_active(previous) ||
                                 (record.is_slashed() && previous + 1 < record.withdrawable_epoch);
        if (!is_eligible)
            continue;
        const bool has_target = counts(i, timely_target);
        record.inactivity_score =
            next_inactivity_score(record.inactivity_score, has_target, is_leaking, options_);
        const auto base = record.effective_balance / gwei_per_increment * per_increment;
        Gwei reward = 0;
        Gwei penalty = 0;
        for (std::size_t part = 0; part < parts.size(); ++part)
        {
            const auto [flag, weight] = parts[part];
            if (counts(i, flag))
            {
                if (!is_leaking)
                {
                    reward += static_cast<Gwei>(static_cast<uint128>(base) * weight *
                                                participating[part] /
                                                (uint128{total} * weight_denominator));
                }
            }
            else if (flag != timely_head)
                penalty += base * weight / weight_denominator;
        }
        increase(i, reward, StakeChangeKind::reward);
        decrease(i, penalty, StakeChangeKind::penalty);
        if (!has_target)
        {
            decrease(i,
                inactivity_penalty(record.effective_balance, record.inactivity_score, options_),
                StakeChangeKind::leak);
        }
    }
}

void RegistryUpdate::update_queues(Epoch finalized)
{
    auto& validators = registry_.validators;
    std::vector<std::pair<Epoch, ValidatorId>> waiting;
    std::uint64_t active = 0;
    for (ValidatorId i = 0; i < validators.size(); ++i)
    {
        auto& record = validators[i];
        if (record.eligible_epoch == far_future_epoch &&
            record.effective_balance == options_.effective_balance_max_gwei)
            record.eligible_epoch = epoch_ + 1;
        if (record.is_active(epoch_) && record.effective_balance <= options_.ejection_balance_gwei)
            exit(i);
        active += record.is_active(epoch_) ? 1 : 0;
        if (record.eligible_epoch <= finalized && record.activation_epoch == far_future_epoch)
            waiting.emplace_back(record.eligible_epoch, i);
    }
    std::sort(waiting.begin(), waiting.end());
    const auto places = std::min<std::size_t>(waiting.size(), churn_limit(active, options_));
    for (std::size_t i = 0; i < places; ++i)
        validators[waiting[i].second].activation_epoch = activation_exit_epoch();
}

void RegistryUpdate::correlation_penalties()
{
    auto& slashings = registry_.slashings;
    const auto window = options_.slashings_window_epochs;
    // The window is a ring that the coming epoch writes next.
    std::erase_if(slashings, [&](const auto& entry) { return entry.first + window <= epoch_; });
    Gwei slashed = 0;
    for (const auto& [epoch, gwei] : slashings)
        slashed += gwei;
    if (slashed == 0)
        return;
    const auto total = registry_.total_active(epoch_);
    for (ValidatorId i = 0; i < registry_.validators.size(); ++i)
    {
        const auto& record = registry_.validators[i];
        if (record.is_slashed() && epoch_ + window / 2 == record.withdrawable_epoch)
        {
            decrease(i, correlation_penalty(record.effective_balance, slashed, total, options_),
                StakeChangeKind::slashing);
        }
    }
}

void RegistryUpdate::update_effective_balances()
{
    for (auto& record : registry_.validators)
    {
        record.effective_balance =
            next_effective_balance(record.effective_balance, record.balance, options_);
    }
}

void RegistryUpdate::withdraw(std::uint32_t payouts)
{
    auto& validators = registry_.validators;
    const auto count = static_cast<ValidatorId>(validators.size());
    auto i = registry_.next_withdrawal;
    for (ValidatorId seen = 0; seen < count && payouts > 0; ++seen, i = (i + 1) % count)
    {
        const auto& record = validators[i];
        const auto largest = options_.effective_balance_max_gwei;
        Gwei gwei = 0;
        if (record.withdrawable_epoch <= epoch_)
            gwei = record.balance;
        else if (record.effective_balance == largest && record.balance > largest)
            gwei = record.balance - largest;
        if (gwei == 0)
            continue;
        decrease(i, gwei, StakeChangeKind::withdrawal);
        --payouts;
    }
    registry_.next_withdrawal = i;
}

}  // namespace runnel
