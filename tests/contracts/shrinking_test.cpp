#include "tests/support/shrinking.hpp"

#include "tests/support/catch.hpp"

#include <vector>

using runnel::tests::Broken;
using runnel::tests::find_counterexample;

namespace
{
/// Breaks when there has been a 3 behind a 7.
std::optional<Broken> three_behind_seven(std::span<const int> numbers)
{
    bool seen = false;
    for (std::size_t i = 0; i < numbers.size(); ++i)
    {
        if (seen && numbers[i] == 3)
            return Broken{i, "3 behind 7"};
        seen = seen || numbers[i] == 7;
    }
    return std::nullopt;
}
}  // namespace

TEST_CASE("shrinking: leaves what is needed and nothing else", "[contracts][shrinking]")
{
    std::vector<int> numbers;
    for (int i = 0; i < 1'000; ++i)
        numbers.push_back(i * 37 % 11);
    const auto found = find_counterexample(numbers, three_behind_seven);
    REQUIRE(found);
    CHECK(found->operations == std::vector{7, 3});
    CHECK(found->what == "3 behind 7");
    CHECK_FALSE(find_counterexample(std::vector{3, 3, 7, 1}, three_behind_seven));
    CHECK_FALSE(find_counterexample(std::vector<int>{}, three_behind_seven));
}
