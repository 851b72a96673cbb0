#pragma once

#include "contracts/kit/registration.hpp"
#include "contracts/lending/compound_v2/math.hpp"

#include <array>
#include <string_view>

/// How scenarios word a market's rate curve, of a cToken or of a model of its own.
namespace runnel::contracts::compound_v2
{

inline constexpr double bps_max = 10'000;
inline constexpr double rate_bps_max = 1'000'000;

inline constexpr std::array rate_parameters{
    ParameterSpec{"base_rate_bps", ParameterKind::integer, "0", unit::bps_per_year,
        "The borrow rate without utilization; a year is 2,102,400 blocks.", 0, rate_bps_max},
    ParameterSpec{"multiplier_bps", ParameterKind::integer, "400", unit::bps_per_year,
        "What the borrow rate gains up to the kink.", 0, rate_bps_max},
    ParameterSpec{"jump_multiplier_bps", ParameterKind::integer, "10900", unit::bps_per_year,
        "What it would gain from no to full utilization at the slope beyond the kink.", 0,
        rate_bps_max},
    ParameterSpec{"kink_bps", ParameterKind::integer, "8000", unit::bps,
        "The utilization at which the second slope begins.", 1, bps_max},
};

[[nodiscard]] inline Amount mantissa_of_bps(const Parameters& parameters, std::string_view name)
{
    constexpr std::uint64_t mantissa_per_bps = 100'000'000'000'000;
    const auto bps = static_cast<std::uint64_t>(parameters.integer(name));
    return (Checked{bps} * mantissa_per_bps).value;
}

[[nodiscard]] inline JumpRateModel rate_model_of(const Parameters& parameters)
{
    return JumpRateModel::per_year(mantissa_of_bps(parameters, "base_rate_bps"),
        mantissa_of_bps(parameters, "multiplier_bps"),
        mantissa_of_bps(parameters, "jump_multiplier_bps"),
        mantissa_of_bps(parameters, "kink_bps"));
}

}  // namespace runnel::contracts::compound_v2
