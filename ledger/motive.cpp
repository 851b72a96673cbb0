#include "ledger/motive.hpp"

#include <algorithm>
#include <array>

namespace runnel
{
namespace
{
consteval auto split_names()
{
    std::array<std::string_view, purpose_count> names;
    auto rest = purpose_names;
    for (auto& name : names)
    {
        name = rest.substr(0, rest.find('|'));
        rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    }
    return names;
}
constexpr auto names = split_names();
static_assert(names.back() == "cash_out" && purpose_names.ends_with("|cash_out"));
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
