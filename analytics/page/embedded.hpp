#pragma once

#include <string_view>

/// The files that a page is made of, as they were when this was built.
namespace runnel::analytics::page
{

[[nodiscard]] std::string_view html() noexcept;
[[nodiscard]] std::string_view style() noexcept;
[[nodiscard]] std::string_view script() noexcept;
/// Apache ECharts, whole.
[[nodiscard]] std::string_view echarts() noexcept;

}  // namespace runnel::analytics::page
