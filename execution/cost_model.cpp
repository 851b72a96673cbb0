#include "execution/cost_model.hpp"

#include "ledger/call.hpp"

#include <algorithm>

namespace runnel
{
namespace
{
constexpr float learning_rate = 0.1F;
/// Accesses are scaled so that they weigh about as much as a call.
constexpr float access_scale = 1.0F / 8;
constexpr float floor_ns = 50;
/// A transaction during which the thread lost its core tells nothing.
constexpr float outlier = 8;
constexpr float forgetting = 1.0F / 64;
}  // namespace

void CostModel::bind(const World& world)
{
    if (bound_contracts_ == world.contract_count())
        return;
    bound_contracts_ = world.contract_count();
    first_method_.clear();
    method_count_.clear();
    // Kinds keep their places, so that what was learnt of them holds when more contracts come.
    auto methods = weights_.empty() ? 0 : static_cast<std::uint32_t>(weights_.size() - 1);
    for (std::uint32_t i = 0; i < bound_contracts_; ++i)
    {
        const auto& type = world.contract(ContractId{i}).type();
        const auto count = static_cast<std::uint32_t>(type.methods.size());
        const auto [found, is_new] = first_of_kind_.emplace(type.kind, methods);
        if (is_new)
            methods += count;
        first_method_.push_back(found->second);
        method_count_.push_back(count);
    }
    weights_.resize(methods + 1);
}

std::uint32_t CostModel::method_of(const CallView& call) const noexcept
{
    const auto contract = index(call.contract);
    if (contract >= first_method_.size() || call.method >= method_count_[contract])
        return static_cast<std::uint32_t>(weights_.size() - 1);
    return first_method_[contract] + call.method;
}

float CostModel::predict(ByteView calls, std::size_t accesses) const noexcept
{
    float ns = base_;
    bool is_first = true;
    CallReader reader{calls};
    while (const auto call = reader.next())
    {
        const auto& weights = weights_[method_of(*call)];
        ns += weights.call;
        if (is_first)
            ns += weights.access * access_scale * static_cast<float>(accesses);
        is_first = false;
    }
    return std::max(ns, floor_ns);
}

void CostModel::learn(ByteView calls, std::size_t accesses, float ns) noexcept
{
    const auto predicted = predict(calls, accesses);
    relative_error_ +=
        forgetting *
        (std::min(std::abs(predicted - ns) / std::max(ns, floor_ns), 2.0F) - relative_error_);
    ns = std::min(ns, outlier * predicted);
    mean_ += forgetting * (ns - mean_);

    const auto scaled = access_scale * static_cast<float>(accesses);
    float norm = 1 + scaled * scaled;
    CallReader count{calls};
    while (count.next())
        norm += 1;
    const auto step = learning_rate * (ns - predicted) / norm;
    base_ += step;
    bool is_first = true;
    CallReader reader{calls};
    while (const auto call = reader.next())
    {
        auto& weights = weights_[method_of(*call)];
        weights.call += step;
        if (is_first)
            weights.access += step * scaled;
        is_first = false;
    }
}

}  // namespace runnel
