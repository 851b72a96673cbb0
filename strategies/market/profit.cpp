#include "strategies/market/profit.hpp"

#include "ledger/check.hpp"

#include <boost/multiprecision/cpp_int.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace runnel::strategies
{
namespace
{
constexpr std::size_t formula_hops_max = 3;

/// Three hops: a and b below 2^366, a * b below 2^732, times values below 2^988.
using Wide = boost::multiprecision::number<boost::multiprecision::cpp_int_backend<1088, 1088,
    boost::multiprecision::unsigned_magnitude, boost::multiprecision::unchecked, void>>;

Wide wide(const Amount& amount)
{
    Wide result;
    for (unsigned i = 4; i-- > 0;)
        result = (result << 64U) | amount.limbs()[i];
    return result;
}

Amount narrow(const Wide& value)
{
    const auto limb = [&](unsigned i)
    { return static_cast<std::uint64_t>((value >> (64U * i)) & ~0ULL); };
    return {limb(3), limb(2), limb(1), limb(0)};
}

struct WidePayout
{
    Wide a = 1;
    Wide b = 1;
    Wide c = 0;
};

/// The formula of a whole route, if it has one.
std::optional<WidePayout> payout_along(std::span<const Hop> route)
{
    if (route.size() > formula_hops_max)
        return std::nullopt;
    WidePayout all;
    for (const auto& hop : route)
    {
        const auto payout = hop.exchange->payout(hop.token_in, hop.token_out);
        if (!payout)
            return std::nullopt;
        all.c = wide(payout->b) * all.c + wide(payout->c) * all.a;
        all.a *= wide(payout->a);
        all.b *= wide(payout->b);
    }
    return all;
}

Amount peak_of(const WidePayout& payout, const UnitValue& value_in, const UnitValue& value_out)
{
    const auto& [a, b, c] = payout;
    if (a == 0 || b == 0 || c == 0)
        return {};
    const Wide gains = a * b * wide(value_out.numerator) * wide(value_in.denominator);
    const Wide root = sqrt(Wide{gains / (wide(value_out.denominator) * wide(value_in.numerator))});
    if (root <= b)
        return {};
    const Wide best = (root - b) / c;
    return (best >> 256U) == 0 ? narrow(best) : Amount::max();
}

/// Looks for the amount that earns most, and remembers the best it has seen.
class PeakSearch
{
public:
    explicit PeakSearch(const std::function<double(const Amount&)>& profit) : ask_{profit} {}

    [[nodiscard]] Amount run(const Amount& guess)
    {
        climb(guess);
        narrow_down();
        return best_profit_ > 0 ? best_ : Amount{};
    }

private:
    static constexpr unsigned doublings_max = 40;
    static constexpr unsigned narrowings = 20;  // Each leaves 0.618 of the bracket: 1e-4 of it.

    double profit(const Amount& amount)
    {
        const auto earned = ask_(amount);
        if (earned > best_profit_)
        {
            best_ = amount;
            best_profit_ = earned;
        }
        return earned;
    }

    /// Doubles the guess while that earns more, or else halves it until that earns less.
    void climb(const Amount& guess)
    {
        auto amount = guess;
        auto earned = profit(amount);
        unsigned steps = 0;
        for (; steps < doublings_max; ++steps)
        {
            const auto more = profit(amount << 1U);
            if (!(more > earned))
                break;
            amount = amount << 1U;
            earned = more;
        }
        for (; steps < doublings_max && best_ <= guess; ++steps)
        {
            const auto half = amount >> 1U;
            const auto less = profit(half);
            if (half.is_zero() || (earned > 0 && !(less > earned)))
                break;
            amount = half;
            earned = less;
        }
    }

    /// Golden section between half and double the best amount.
    void narrow_down()
    {
        if (!(best_profit_ > 0))
            return;
        const auto part = [](const Amount& low, const Amount& high, std::uint64_t per_mille) {
            return wrapping_add(low, mul_div_down(wrapping_sub(high, low), per_mille, 1'000).value);
        };
        auto low = best_ >> 1U;
        auto high = best_ << 1U;
        auto left = part(low, high, 382);
        auto right = part(low, high, 618);
        auto earned_left = profit(left);
        auto earned_right = profit(right);
        for (unsigned i = 0; i < narrowings && left < right; ++i)
        {
            if (earned_left >= earned_right)
            {
                high = right;
                right = left;
                earned_right = earned_left;
                left = part(low, high, 382);
                earned_left = profit(left);
            }
            else
            {
                low = left;
                left = right;
                earned_left = earned_right;
                right = part(low, high, 618);
                earned_right = profit(right);
            }
        }
    }

    const std::function<double(const Amount&)>& ask_;
    Amount best_;
    double best_profit_ = 0;
};

/// Where a constant-product pool of the first exchange's depth would earn most.
Amount first_guess(const Hop& hop, double rate)
{
    const auto price = hop.exchange->spot_price(hop.token_in, hop.token_out);
    if (!(price > 0) || !(rate > 1))
        return {};
    const auto depth = hop.exchange->depth(hop.token_out).to_double() / price;
    return Amount::from_double(std::max(1.0, depth * std::min(1.0, std::sqrt(rate) - 1)));
}
}  // namespace

Amount search_peak(const std::function<double(const Amount&)>& profit, const Amount& guess)
{
    return PeakSearch{profit}.run(guess);
}

Amount best_amount_in(
    std::span<const Hop> route, const UnitValue& value_in, const UnitValue& value_out)
{
    RUNNEL_CHECK(!route.empty());
    if (const auto payout = payout_along(route))
        return peak_of(*payout, value_in, value_out);
    return search_amount_in(route, value_in, value_out);
}

Amount search_amount_in(
    std::span<const Hop> route, const UnitValue& value_in, const UnitValue& value_out)
{
    RUNNEL_CHECK(!route.empty());
    const auto unit_in = value_in.numerator.to_double() / value_in.denominator.to_double();
    const auto unit_out = value_out.numerator.to_double() / value_out.denominator.to_double();
    const auto rate = marginal_rate(route) * unit_out / unit_in;
    const auto guess = first_guess(route.front(), rate);
    if (!(rate > 1) || guess.is_zero())
        return {};
    return search_peak(
        [&](const Amount& amount_in)
        {
            const auto amounts = quote_along(route, amount_in);
            return amounts.empty()
                       ? -std::numeric_limits<double>::infinity()
                       : amounts.back().to_double() * unit_out - amount_in.to_double() * unit_in;
        },
        guess);
}

}  // namespace runnel::strategies
