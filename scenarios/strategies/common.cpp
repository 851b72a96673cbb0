#include "scenarios/strategies/common.hpp"

#include <algorithm>

namespace runnel::scenarios
{

Amount to_units(double whole, std::uint8_t decimals)
{
    if (!(whole > 0))
        return {};
    return Amount::from_double(whole * Amount::power_of_ten(decimals).to_double());
}

double to_whole(const Amount& units, std::uint8_t decimals)
{
    return units.to_double() / Amount::power_of_ten(decimals).to_double();
}

std::uint64_t blocks_until_next(
    RandomStream& random, double mean_seconds, std::uint32_t slot_seconds)
{
    const double seconds = random.exponential(mean_seconds);
    return 1 + static_cast<std::uint64_t>(std::min(seconds / slot_seconds, 1e9));
}

}  // namespace runnel::scenarios
