#pragma once

#include "scenarios/loader/schema.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace runnel::scenarios
{

/// "an integer from 1 to 10": what a key expects, for messages and the reference.
[[nodiscard]] std::string expectation(const Key& key);
/// "WHAT from 1 to 10", as far as the spec has bounds.
[[nodiscard]] std::string range(std::string_view what, const ParameterSpec& spec);
/// "a, b, c", cut where the list is long.
[[nodiscard]] std::string listed(const std::vector<std::string_view>& words);
/// " (did you mean b?)", or nothing where no candidate is close to the word.
[[nodiscard]] std::string hint(
    std::string_view word, const std::vector<std::string_view>& candidates);

/// The alternatives of "a|b|c".
[[nodiscard]] std::vector<std::string_view> split(std::string_view alternatives);
[[nodiscard]] bool is_one_of(std::string_view word, std::string_view alternatives);

}  // namespace runnel::scenarios
