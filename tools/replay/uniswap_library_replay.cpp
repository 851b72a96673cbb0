#include "contracts/exchanges/uniswap_v2/math.hpp"
#include "contracts/exchanges/uniswap_v3/liquidity_amounts.hpp"
#include "contracts/exchanges/uniswap_v3/sqrt_price_math.hpp"
#include "contracts/exchanges/uniswap_v3/swap_math.hpp"
#include "contracts/exchanges/uniswap_v3/tick_math.hpp"
#include "tools/replay/json_fields.hpp"
#include "tools/replay/uniswap_v3_replay.hpp"

#include <functional>
#include <limits>
#include <map>

namespace runnel::replay
{
namespace
{
using namespace contracts::uniswap_v3;
using nlohmann::json;
using Texts = std::vector<std::string>;

/// The arguments of a recorded call, in the order of the source.
class Arguments
{
public:
    explicit Arguments(const json& line) : list_{member(line, "in")}
    {
        if (!list_.is_array())
            refuse_field("in", "an array", list_);
    }

    [[nodiscard]] Amount amount(std::size_t position) const { return parse_amount(text(position)); }
    [[nodiscard]] Int256 number(std::size_t position) const { return parse_signed(text(position)); }
    [[nodiscard]] std::int32_t tick(std::size_t position) const
    {
        const auto value = number(position);
        const auto magnitude = value.magnitude();
        if (magnitude > Amount{std::uint64_t{std::numeric_limits<std::int32_t>::max()}})
            throw std::invalid_argument{"\"in\": expected a tick of 32 bits"};
        const auto tick = static_cast<std::int32_t>(magnitude.low64());
        return value.is_negative() ? -tick : tick;
    }
    [[nodiscard]] bool flag(std::size_t position) const
    {
        const auto& value = at(position);
        if (!value.is_boolean())
            refuse_field("in", "true or false", value);
        return value.get<bool>();
    }

private:
    [[nodiscard]] const json& at(std::size_t position) const
    {
        if (position >= list_.size())
            throw std::invalid_argument{fmt::format("\"in\": expected {} arguments", position + 1)};
        return list_[position];
    }
    [[nodiscard]] const std::string& text(std::size_t position) const
    {
        return as_text(at(position), "in");
    }

    const json& list_;
};

Result<Texts> texts(const Result<Amount>& result)
{
    return Texts{RUNNEL_TRY(Result<Amount>{result}).to_string()};
}
Result<Texts> texts(const Result<Int256>& result)
{
    return Texts{RUNNEL_TRY(Result<Int256>{result}).to_string()};
}
Result<Texts> bit(const Amount& amount, unsigned position)
{
    RUNNEL_REQUIRE(!amount.is_zero(), Refusal::empty());
    return Texts{std::to_string(position)};
}

using Function = std::function<Result<Texts>(const Arguments&)>;

const std::map<std::string, Function, std::less<>>& functions()
{
    static const std::map<std::string, Function, std::less<>> all{
        {"getSqrtRatioAtTick",
            [](const Arguments& in) { return texts(sqrt_ratio_at_tick(in.tick(0))); }},
        {"getTickAtSqrtRatio",
            [](const Arguments& in) -> Result<Texts>
            { return Texts{std::to_string(RUNNEL_TRY(tick_at_sqrt_ratio(in.amount(0))))}; }},
        {"mulDiv", [](const Arguments& in)
            { return texts(mul_div_rounding_down(in.amount(0), in.amount(1), in.amount(2))); }},
        {"mulDivRoundingUp", [](const Arguments& in)
            { return texts(mul_div_rounding_up(in.amount(0), in.amount(1), in.amount(2))); }},
        {"getNextSqrtPriceFromAmount0RoundingUp",
            [](const Arguments& in)
            {
                return texts(next_price_from_amount0_up(
                    in.amount(0), in.amount(1), in.amount(2), in.flag(3)));
            }},
        {"getNextSqrtPriceFromAmount1RoundingDown",
            [](const Arguments& in)
            {
                return texts(next_price_from_amount1_down(
                    in.amount(0), in.amount(1), in.amount(2), in.flag(3)));
            }},
        {"getNextSqrtPriceFromInput",
            [](const Arguments& in) {
                return texts(
                    next_price_from_input(in.amount(0), in.amount(1), in.amount(2), in.flag(3)));
            }},
        {"getNextSqrtPriceFromOutput",
            [](const Arguments& in) {
                return texts(
                    next_price_from_output(in.amount(0), in.amount(1), in.amount(2), in.flag(3)));
            }},
        {"getAmount0Delta", [](const Arguments& in)
            { return texts(amount0_delta(in.amount(0), in.amount(1), in.amount(2), in.flag(3))); }},
        {"getAmount1Delta", [](const Arguments& in)
            { return texts(amount1_delta(in.amount(0), in.amount(1), in.amount(2), in.flag(3))); }},
        {"getAmount0DeltaSigned", [](const Arguments& in)
            { return texts(amount0_delta(in.amount(0), in.amount(1), in.number(2))); }},
        {"getAmount1DeltaSigned", [](const Arguments& in)
            { return texts(amount1_delta(in.amount(0), in.amount(1), in.number(2))); }},
        {"computeSwapStep",
            [](const Arguments& in) -> Result<Texts>
            {
                const auto remaining = in.number(3);
                const auto step = RUNNEL_TRY(compute_swap_step(in.amount(0), in.amount(1),
                    in.amount(2), remaining.magnitude(), !remaining.is_negative(),
                    static_cast<std::uint32_t>(in.amount(4).low64())));
                return Texts{step.price.to_string(), step.amount_in.to_string(),
                    step.amount_out.to_string(), step.fee.to_string()};
            }},
        {"tickSpacingToMaxLiquidityPerTick",
            [](const Arguments& in) { return texts(max_liquidity_per_tick(in.tick(0))); }},
        {"addDelta",
            [](const Arguments& in) { return texts(add_delta(in.amount(0), in.number(1))); }},
        {"mostSignificantBit",
            [](const Arguments& in) { return bit(in.amount(0), in.amount(0).bit_width() - 1); }},
        {"leastSignificantBit",
            [](const Arguments& in) { return bit(in.amount(0), in.amount(0).lowest_bit()); }},
        {"getLiquidityForAmounts",
            [](const Arguments& in)
            {
                return texts(liquidity_for_amounts(
                    in.amount(0), in.amount(1), in.amount(2), in.amount(3), in.amount(4)));
            }},
        {"getAmountsForLiquidity",
            [](const Arguments& in) -> Result<Texts>
            {
                const auto amounts = RUNNEL_TRY(
                    amounts_for_liquidity(in.amount(0), in.amount(1), in.amount(2), in.amount(3)));
                return Texts{amounts[0].to_string(), amounts[1].to_string()};
            }},
        {"v2.getAmountOut",
            [](const Arguments& in) {
                return texts(contracts::uniswap_v2::get_amount_out(
                    in.amount(0), in.amount(1), in.amount(2)));
            }},
        {"v2.getAmountIn",
            [](const Arguments& in) {
                return texts(
                    contracts::uniswap_v2::get_amount_in(in.amount(0), in.amount(1), in.amount(2)));
            }},
        {"v2.quote",
            [](const Arguments& in) {
                return texts(
                    contracts::uniswap_v2::quote(in.amount(0), in.amount(1), in.amount(2)));
            }},
    };
    return all;
}

class LibraryReplayer final : public Replayer
{
public:
    void start(const json&) override {}
    void operation(const json& line, Comparison& comparison) override
    {
        const auto& name = text_of(line, "f");
        const auto function = functions().find(name);
        if (function == functions().end())
            throw std::invalid_argument{fmt::format("unknown function \"{}\"", name)};
        const auto replayed = function->second(Arguments{line});
        const bool ok = flag_of(line, "ok");
        comparison.equal("ok", ok ? "true" : "false", replayed.has_value() ? "true" : "false");
        if (ok != replayed.has_value())
            return;
        if (!ok)
        {
            comparison.equal("err", text_of(line, "err"), replayed.error().text);
            const bool is_invalid = replayed.error().kind == RefusalKind::invalid_opcode;
            comparison.equal(
                "errKind", line.value("errKind", ""), is_invalid ? "invalid opcode" : "");
            return;
        }
        const auto& out = member(line, "out");
        if (!out.is_array() || out.size() != replayed->size())
        {
            comparison.mismatch(fmt::format("{}: returns {} values", name, replayed->size()));
            return;
        }
        for (std::size_t i = 0; i < out.size(); ++i)
            comparison.equal(
                fmt::format("{}[{}]", name, i), as_text(out[i], "out"), (*replayed)[i]);
    }
};
}  // namespace

Protocol uniswap_library_protocol()
{
    return {"Uniswap's libraries",
        [](const json& header) { return header.value("protocol", json{}) == "uniswap-lib"; },
        []() -> std::unique_ptr<Replayer> { return std::make_unique<LibraryReplayer>(); }};
}

}  // namespace runnel::replay
