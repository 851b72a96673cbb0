#pragma once

#include "state/world.hpp"

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

namespace runnel
{

/// Predicts how long a transaction takes, from what its calls are and how many objects it declares,
/// and learns from the transactions that were timed.
///
/// Linear in the features of a transaction: a weight for every call by its kind of contract and
/// method, and a weight per declared access for the kind of its first call: hops of a path, crossed
/// ticks and reserves of a position all show as accesses. Trained online by normalised least mean
/// squares. Predictions choose between ways of executing a block that all have the same result;
/// they never reach the chain, which is why this may use the clock and floating point.
class CostModel
{
public:
    /// Numbers the methods of the contracts of @p world; keeps what it learnt of the same world.
    void bind(const World& world);

    /// Nanoseconds.
    [[nodiscard]] float predict(ByteView calls, std::size_t accesses) const noexcept;
    /// The transaction took @p ns nanoseconds.
    void learn(ByteView calls, std::size_t accesses, float ns) noexcept;

    /// Mean of what was learnt so far, over transactions: a guess for those not looked at yet.
    [[nodiscard]] float mean() const noexcept { return mean_; }
    /// Mean of |predicted - measured| / measured, recently.
    [[nodiscard]] float relative_error() const noexcept { return relative_error_; }

private:
    static constexpr float initial_call_ns = 500;
    struct Weights
    {
        float call = initial_call_ns;
        float access = 20;
    };

    [[nodiscard]] std::uint32_t method_of(const CallView& call) const noexcept;

    std::size_t bound_contracts_ = 0;
    std::map<std::string_view, std::uint32_t> first_of_kind_;  // First method, by kind.
    std::vector<std::uint32_t> first_method_;  // By contract; contracts of one type share weights.
    std::vector<std::uint32_t> method_count_;  // By contract.
    std::vector<Weights> weights_;             // The last one is for what is no method.
    float base_ = 200;
    float mean_ = 1'000;
    float relative_error_ = 1;
};

}  // namespace runnel
