#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace runnel::analytics::page
{

/// One HTML file that needs no other: @p form with a title, what the script draws, a style, ECharts
/// and the script in their places. Nothing in @p content becomes markup or script; bytes that are
/// no UTF-8 are replaced.
[[nodiscard]] std::string filled(std::string_view form, const nlohmann::ordered_json& title,
    const nlohmann::ordered_json& content, std::string_view style, std::string_view script);

/// Whether a file begins as what filled() makes of @p form.
[[nodiscard]] bool begins_as(std::string_view form, std::string_view beginning);

}  // namespace runnel::analytics::page
