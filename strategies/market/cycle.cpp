#include "strategies/market/cycle.hpp"

#include "ledger/check.hpp"

#include <boost/multiprecision/cpp_int.hpp>

namespace runnel::strategies
{
namespace
{
constexpr std::uint64_t fee_kept = 997;  // Of fee_whole: Uniswap v2's fee of 0.3%.
constexpr std::uint64_t fee_whole = 1'000;

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
}  // namespace

Amount best_amount_in(
    std::span<const Hop> route, const UnitValue& value_in, const UnitValue& value_out)
{
    RUNNEL_CHECK(!route.empty() && route.size() <= 3);
    Wide a = 1;
    Wide b = 1;
    Wide c = 0;
    for (const auto& hop : route)
    {
        const auto& reserve_in = hop.pair->reserve(hop.token_in);
        const auto& reserve_out = hop.pair->reserve(hop.pair->other(hop.token_in));
        if (reserve_in.is_zero() || reserve_out.is_zero())
            return {};
        const Wide hop_a = wide(reserve_out) * fee_kept;
        const Wide hop_b = wide(reserve_in) * fee_whole;
        c = hop_b * c + fee_kept * a;
        a *= hop_a;
        b *= hop_b;
    }
    const Wide gains = a * b * wide(value_out.numerator) * wide(value_in.denominator);
    const Wide root = sqrt(Wide{gains / (wide(value_out.denominator) * wide(value_in.numerator))});
    if (root <= b)
        return {};
    const Wide best = (root - b) / c;
    return (best >> 256U) == 0 ? narrow(best) : Amount::max();
}

std::vector<Amount> quote_along(std::span<const Hop> route, const Amount& amount_in)
{
    std::vector<Amount> amounts{amount_in};
    for (const auto& hop : route)
    {
        const auto amount_out = hop.pair->quote_exact_input(hop.token_in, amounts.back());
        if (!amount_out.has_value())
            return {};
        amounts.push_back(*amount_out);
    }
    return amounts;
}

double marginal_rate(std::span<const Hop> route)
{
    double rate = 1;
    for (const auto& hop : route)
        rate *= hop.pair->spot_price(hop.token_in) * (fee_kept / static_cast<double>(fee_whole));
    return rate;
}

}  // namespace runnel::strategies
