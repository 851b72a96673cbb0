#include "tools/replay/balancer_weighted_replay.hpp"

#include "contracts/exchanges/balancer_weighted/weighted_math.hpp"
#include "tools/replay/json_fields.hpp"

#include <algorithm>
#include <array>

namespace runnel::replay
{
namespace
{
using namespace contracts::balancer_weighted;
using nlohmann::json;

/// What a function returned, as recordings have it: numbers or a list of them.
using Answer = Result<std::vector<std::string>>;

Answer texts(const Result<Amount>& value)
{
    if (!value.has_value())
        return fail(value.error());
    return std::vector{value->to_string()};
}
Answer texts(const Result<Int256>& value)
{
    if (!value.has_value())
        return fail(value.error());
    return std::vector{value->to_string()};
}
Answer texts(const Result<std::vector<Amount>>& values)
{
    if (!values.has_value())
        return fail(values.error());
    std::vector<std::string> list;
    for (const auto& value : *values)
        list.push_back(value.to_string());
    return list;
}

/// The arguments of one recorded call.
class Arguments
{
public:
    explicit Arguments(const json& list) : list_{list}
    {
        if (!list.is_array())
            refuse_field("a", "a list", list);
    }
    [[nodiscard]] std::size_t size() const { return list_.size(); }
    [[nodiscard]] const json& at(std::size_t i) const
    {
        if (i >= list_.size())
            throw std::invalid_argument{fmt::format("\"a\" has no argument {}", i)};
        return list_[i];
    }
    [[nodiscard]] Amount amount(std::size_t i) const { return parse_amount(as_text(at(i), "a")); }
    [[nodiscard]] Int256 number(std::size_t i) const { return parse_signed(as_text(at(i), "a")); }
    [[nodiscard]] std::vector<Amount> amounts(std::size_t i) const
    {
        constexpr std::size_t amounts_max = 100;
        const auto& values = at(i);
        if (!values.is_array() || values.size() > amounts_max)
            throw std::invalid_argument{"\"a\": expected a list of at most 100 amounts"};
        std::vector<Amount> list;
        for (const auto& value : values)
            list.push_back(parse_amount(as_text(value, "a")));
        return list;
    }
    /// Lists of the same number of tokens.
    [[nodiscard]] std::vector<Amount> amounts_like(std::size_t i, std::size_t other) const
    {
        auto list = amounts(i);
        if (list.size() != at(other).size())
            throw std::invalid_argument{"\"a\": expected lists of the same length"};
        return list;
    }

private:
    const json& list_;
};

struct Function
{
    std::string_view name;
    std::size_t arguments = 0;
    Answer (*call)(const Arguments& a) = nullptr;
};

constexpr std::array functions{
    Function{"mulDown", 2,
        [](const Arguments& a) { return texts(mul_fixed_down(a.amount(0), a.amount(1))); }},
    Function{"mulUp", 2,
        [](const Arguments& a) { return texts(mul_fixed_up(a.amount(0), a.amount(1))); }},
    Function{"divDown", 2,
        [](const Arguments& a) { return texts(div_fixed_down(a.amount(0), a.amount(1))); }},
    Function{"divUp", 2,
        [](const Arguments& a) { return texts(div_fixed_up(a.amount(0), a.amount(1))); }},
    Function{"complement", 1,
        [](const Arguments& a) { return texts(Result<Amount>{complement(a.amount(0))}); }},
    Function{
        "powDown", 2, [](const Arguments& a) { return texts(pow_down(a.amount(0), a.amount(1))); }},
    Function{
        "powUp", 2, [](const Arguments& a) { return texts(pow_up(a.amount(0), a.amount(1))); }},
    Function{"rawPow", 2,
        [](const Arguments& a)
        { return texts(contracts::balancer_weighted::pow(a.amount(0), a.amount(1))); }},
    Function{"exp", 1,
        [](const Arguments& a) { return texts(contracts::balancer_weighted::exp(a.number(0))); }},
    Function{"ln", 1, [](const Arguments& a) { return texts(ln(a.number(0))); }},
    Function{"log", 2,
        [](const Arguments& a)
        { return texts(contracts::balancer_weighted::log(a.number(0), a.number(1))); }},
    Function{"calcOutGivenIn", 5,
        [](const Arguments& a)
        {
            return texts(
                out_given_in_down(a.amount(0), a.amount(1), a.amount(2), a.amount(3), a.amount(4)));
        }},
    Function{"calcInGivenOut", 5,
        [](const Arguments& a)
        {
            return texts(
                in_given_out_up(a.amount(0), a.amount(1), a.amount(2), a.amount(3), a.amount(4)));
        }},
    Function{"invariant", 2,
        [](const Arguments& a)
        { return texts(invariant_down(a.amounts(0), a.amounts_like(1, 0))); }},
    Function{"bptOutGivenExactTokensIn", 5,
        [](const Arguments& a)
        {
            return texts(shares_out_given_amounts_in_down(a.amounts(0), a.amounts_like(1, 0),
                a.amounts_like(2, 0), a.amount(3), a.amount(4)));
        }},
    Function{"tokenInGivenExactBptOut", 5,
        [](const Arguments& a)
        {
            return texts(amount_in_given_shares_out_up(
                a.amount(0), a.amount(1), a.amount(2), a.amount(3), a.amount(4)));
        }},
    Function{"tokensInGivenExactBptOut", 3,
        [](const Arguments& a)
        { return texts(amounts_in_given_shares_out_up(a.amounts(0), a.amount(1), a.amount(2))); }},
    Function{"bptInGivenExactTokensOut", 5,
        [](const Arguments& a)
        {
            return texts(shares_in_given_amounts_out_up(a.amounts(0), a.amounts_like(1, 0),
                a.amounts_like(2, 0), a.amount(3), a.amount(4)));
        }},
    Function{"tokenOutGivenExactBptIn", 5,
        [](const Arguments& a)
        {
            return texts(amount_out_given_shares_in_down(
                a.amount(0), a.amount(1), a.amount(2), a.amount(3), a.amount(4)));
        }},
    Function{"tokensOutGivenExactBptIn", 3,
        [](const Arguments& a) {
            return texts(amounts_out_given_shares_in_down(a.amounts(0), a.amount(1), a.amount(2)));
        }},
};

class BalancerWeightedReplayer final : public Replayer
{
public:
    void start(const json&) override {}
    void operation(const json& line, Comparison& comparison) override;
};

void BalancerWeightedReplayer::operation(const json& line, Comparison& comparison)
{
    const auto& name = text_of(line, "op");
    const auto* const function = std::find_if(functions.begin(), functions.end(),
        [&](const Function& candidate) { return candidate.name == name; });
    if (function == functions.end())
        throw std::invalid_argument{fmt::format("unknown operation \"{}\"", name)};
    const Arguments arguments{member(line, "a")};
    if (arguments.size() != function->arguments)
    {
        throw std::invalid_argument{
            fmt::format("\"a\": \"{}\" takes {} arguments", name, function->arguments)};
    }
    const auto answer = function->call(arguments);
    const bool ok = flag_of(line, "ok");
    comparison.equal("ok", ok ? "true" : "false", answer.has_value() ? "true" : "false");
    if (!ok && !answer.has_value())
    {
        // Solidity itself gives no reason.
        const auto& refusal = answer.error();
        comparison.equal("e", text_of(line, "e"), std::string{refusal.text});
    }
    else if (!answer.has_value())
        comparison.mismatch(fmt::format("{}: refused: {}", name, answer.error().to_string()));
    else if (ok)
    {
        const auto& recorded = member(line, "r");
        if (!recorded.is_array())
        {
            comparison.equal(name, as_text(recorded, "r"), answer->front());
            return;
        }
        comparison.equal(name, std::to_string(recorded.size()), std::to_string(answer->size()));
        for (std::size_t i = 0; i < recorded.size() && i < answer->size(); ++i)
            comparison.equal(name, as_text(recorded[i], "r"), (*answer)[i]);
    }
}
}  // namespace

Protocol balancer_weighted_protocol()
{
    return {"balancer-v2-weighted-math",
        [](const json& header)
        { return header.value("protocol", json{}) == "balancer-v2-weighted-math"; },
        []() -> std::unique_ptr<Replayer> { return std::make_unique<BalancerWeightedReplayer>(); }};
}

}  // namespace runnel::replay
