#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace runnel::tests
{

/// What came of a list of operations that did not keep what must hold.
struct Broken
{
    std::size_t operation = 0;  // After which it no longer held.
    std::string what;
};

/// A list that breaks something, and what that is.
template <typename Operation>
struct Counterexample
{
    std::vector<Operation> operations;
    std::string what;
};

/// Runs @p operations and, if they break something, finds a list that still does and from which no
/// single operation can be left out.
///
/// @p run takes a span of operations, plays them in a world of its own, always from the same start,
/// and returns what broke, as a std::optional<Broken>. Operations are data, a kind and some random
/// numbers, that mean something in whatever state they meet: leaving one out must not make the next
/// ones meaningless.
template <typename Operation, typename Run>
[[nodiscard]] std::optional<Counterexample<Operation>> find_counterexample(
    std::vector<Operation> operations, Run&& run)
{
    auto first_run = run(std::span<const Operation>{operations});
    if (!first_run)
        return std::nullopt;
    auto broken = std::move(first_run).value();
    const auto cut = [&operations, &broken]
    {
        const auto kept = std::min(operations.size(), broken.operation + 1);
        operations.erase(operations.begin() + static_cast<std::ptrdiff_t>(kept), operations.end());
    };
    cut();
    for (auto size = std::max<std::size_t>(1, operations.size() / 2);;)
    {
        bool has_shrunk = false;
        for (std::size_t from = 0; from < operations.size();)
        {
            const auto first = operations.begin() + static_cast<std::ptrdiff_t>(from);
            const auto count = std::min(size, operations.size() - from);
            std::vector<Operation> rest{operations.begin(), first};
            rest.insert(rest.end(), first + static_cast<std::ptrdiff_t>(count), operations.end());
            if (auto still = run(std::span<const Operation>{rest}))
            {
                operations = std::move(rest);
                broken = std::move(still).value();
                cut();
                has_shrunk = true;
            }
            else
                from += count;
        }
        if (size == 1 && !has_shrunk)
            break;
        size = std::max<std::size_t>(1, size / 2);
    }
    return Counterexample<Operation>{std::move(operations), std::move(broken.what)};
}

}  // namespace runnel::tests
