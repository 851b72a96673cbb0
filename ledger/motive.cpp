#include "ledger/motive.hpp"

#include <algorithm>
#include <array>

namespace runnel
{
namespace
{
constexpr std::array<std::string_view, purpose_count> names{"unstated", "payment", "trade",
    "liquidity", "lending", "saving", "insurance", "upkeep", "redemption", "arbitrage",
    "liquidation", "compliance", "front_running", "wash_trade", "fraud", "phishing", "attack",
    "laundering", "cash_out"};
static_assert(
    names.back() == "cash_out" && static_cast<std::size_t>(Purpose::cash_out) + 1 == purpose_count);
}  // namespace

std::string_view to_string(Purpose purpose) noexcept
{
    return names.at(static_cast<std::size_t>(purpose));
}

std::optional<Purpose> purpose_of(std::string_view name) noexcept
{
    const auto* const found = std::find(names.begin(), names.end(), name);
    return found == names.end() ? std::nullopt
                                : std::optional{static_cast<Purpose>(found - names.begin())};
}

}  // namespace runnel
