#include "scenarios/loader/messages.hpp"

#include "scenarios/loader/document.hpp"
#include "scenarios/loader/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace runnel::scenarios
{

std::string expectation(const Key& key)
{
    switch (key.form)
    {
        case KeyForm::parameter: break;
        case KeyForm::price: return "a price above 0 in USD, like 3000.5";
        case KeyForm::seed: return "an integer from 0 to 18446744073709551615";
        case KeyForm::time:
            return range("unix seconds", key.spec) + " or a date like 2024-01-01T00:00:00Z";
        case KeyForm::closes: return "a list of [unix seconds, price]";
        case KeyForm::block_times: return "a list of [block, unix seconds]";
        case KeyForm::bars: return "a list of [unix seconds, open, high, low, close]";
        case KeyForm::calls: return "a list of calls";
        case KeyForm::expect: return "a table";
        case KeyForm::exact_funds:
            return "an exact amount per token, like { ETH = 1, USDC = \"10.5 USDC\" }";
        case KeyForm::positions:
            return "a list of [account, collateral, debt], like [\"alice\", \"5 WETH\", \"9_000 "
                   "USDC\"]";
        case KeyForm::liquidity:
            return "a list of [account, amount], like [\"alice\", \"5 WETH\"] or, of liquidity in "
                   "a "
                   "range, [\"alice\", \"1000\", \"-60\", \"60\"]";
        case KeyForm::allowances:
            return "a list of [account, amount], like [\"alice\", \"5 WETH\"] or [\"alice\", \"max "
                   "WETH\"]";
        case KeyForm::parameters:
            return "a table of parameters of the group, like { interval = 60 }";
        case KeyForm::funds: return "a number or distribution per token, like { ETH = 10 }";
        case KeyForm::numbers: return range("a list of numbers", key.spec);
        case KeyForm::names: return "a list of names";
        case KeyForm::latencies: return "milliseconds per region, like { europe = 11 }";
    }
    const auto& spec = key.spec;
    const auto of_kind = spec.contract_kind.empty()
                             ? std::string{}
                             : " of kind " + listed(split(spec.contract_kind));
    switch (spec.kind)
    {
        case ParameterKind::boolean: return "true or false";
        case ParameterKind::integer: return range("an integer", spec);
        case ParameterKind::number: return range("a number", spec);
        case ParameterKind::text: return "text";
        case ParameterKind::choice: return "one of " + listed(split(spec.choices));
        case ParameterKind::amount:
            return "an amount with its unit, or an integer of smallest units";
        case ParameterKind::duration: return "a duration like \"12s\", \"5m\", \"36h\" or \"2d\"";
        case ParameterKind::token: return "the name of a token" + of_kind;
        case ParameterKind::tokens: return "a list of tokens" + of_kind;
        case ParameterKind::contract: return "the name of a contract" + of_kind;
        case ParameterKind::contracts: return "a list of contracts" + of_kind;
        case ParameterKind::distribution:
            return range("a number", spec) +
                   ", or a distribution like { normal = [mean, sd], min = 0 }";
        case ParameterKind::account: return "an account like \"keeper/0\", or a name of its own";
        case ParameterKind::group: return "the name of a group of agents";
        case ParameterKind::per_token: return "a table of tables, one per token";
    }
    return {};
}

std::string range(std::string_view what, const ParameterSpec& spec)
{
    const bool low = std::isfinite(spec.min);
    const bool high = std::isfinite(spec.max);
    if (low && high)
        return fmt::format(
            "{} from {} to {}", what, shortest_decimal(spec.min), shortest_decimal(spec.max));
    if (low)
        return fmt::format("{} of at least {}", what, shortest_decimal(spec.min));
    if (high)
        return fmt::format("{} of at most {}", what, shortest_decimal(spec.max));
    return std::string{what};
}

std::string listed(const std::vector<std::string_view>& words)
{
    constexpr std::size_t shown_max = 12;
    std::string text;
    for (std::size_t i = 0; i < std::min(words.size(), shown_max); ++i)
        text += fmt::format("{}{}", i == 0 ? "" : ", ", words[i]);
    if (words.empty())
        return "there is none";
    return words.size() > shown_max ? text + ", ..." : text;
}

std::string hint(std::string_view word, const std::vector<std::string_view>& candidates)
{
    const auto meant = closest(word, candidates);
    return meant.empty() ? std::string{} : fmt::format(" (did you mean {}?)", meant);
}

std::vector<std::string_view> split(std::string_view alternatives)
{
    std::vector<std::string_view> words;
    while (!alternatives.empty())
    {
        const auto bar = std::min(alternatives.find('|'), alternatives.size());
        words.push_back(alternatives.substr(0, bar));
        alternatives.remove_prefix(std::min(bar + 1, alternatives.size()));
    }
    return words;
}

bool is_one_of(std::string_view word, std::string_view alternatives)
{
    const auto words = split(alternatives);
    return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace runnel::scenarios
