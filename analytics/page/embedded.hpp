#pragma once

#include <string_view>

/// The files that pages are made of, as they were when this was built.
namespace runnel::analytics::page
{

[[nodiscard]] std::string_view html() noexcept;
[[nodiscard]] std::string_view style() noexcept;
[[nodiscard]] std::string_view script() noexcept;
/// What the scripts of both pages stand on.
[[nodiscard]] std::string_view shared_script() noexcept;
/// The page of a trace; its style comes after style().
[[nodiscard]] std::string_view trace_html() noexcept;
[[nodiscard]] std::string_view trace_style() noexcept;
[[nodiscard]] std::string_view trace_script() noexcept;
/// Apache ECharts, whole.
[[nodiscard]] std::string_view echarts() noexcept;

}  // namespace runnel::analytics::page
