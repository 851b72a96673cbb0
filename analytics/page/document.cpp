#include "analytics/page/document.hpp"

#include "analytics/page/embedded.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace runnel::analytics::page
{
namespace
{
using Json = nlohmann::ordered_json;

/// Bytes that are no UTF-8 are replaced, as they are in the report's JSON.
std::string as_utf8(const Json& text)
{
    return Json::parse(text.dump(-1, ' ', false, Json::error_handler_t::replace))
        .get<std::string>();
}

/// For text and attributes.
std::string escaped(std::string_view text)
{
    std::string result;
    for (const char c : text)
    {
        switch (c)
        {
            case '&': result += "&amp;"; break;
            case '<': result += "&lt;"; break;
            case '>': result += "&gt;"; break;
            case '"': result += "&quot;"; break;
            case '\'': result += "&#39;"; break;
            default: result += c;
        }
    }
    return result;
}

/// JSON that no name in it can leave the script element of: `<`, `>` and `&` are only ever inside
/// strings, where \u00.. says the same.
std::string inert(const std::string& json)
{
    std::string result;
    result.reserve(json.size() + json.size() / 64);
    for (const char c : json)
    {
        if (c == '<' || c == '>' || c == '&')
            result += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        else
            result += c;
    }
    return result;
}

/// Puts in what @p part knows for each `{{name}}`; what is put in is not searched.
template <typename Part>
std::string with_parts(std::string_view form, Part&& part)
{
    std::string result;
    for (auto begin = form.find("{{"); begin != std::string_view::npos; begin = form.find("{{"))
    {
        const auto end = form.find("}}", begin);
        result += form.substr(0, begin);
        result += part(form.substr(begin + 2, end - begin - 2));
        form.remove_prefix(end + 2);
    }
    return result.append(form);
}
}  // namespace

std::string filled(std::string_view form, const Json& title, const Json& content,
    std::string_view style, std::string_view script)
{
    return with_parts(form,
        [&](std::string_view name) -> std::string
        {
            if (name == "title")
                return escaped(as_utf8(title));
            if (name == "content")
                return inert(content.dump(-1, ' ', true, Json::error_handler_t::replace));
            if (name == "style")
                return std::string{style};
            if (name == "shared")
                return std::string{shared_script()};
            if (name == "script")
                return std::string{script};
            if (name == "echarts")
                return std::string{echarts()};
            throw std::logic_error{fmt::format("the page asks for {}", name)};
        });
}

bool begins_as(std::string_view form, std::string_view beginning)
{
    return beginning.starts_with(form.substr(0, form.find("{{")));
}

}  // namespace runnel::analytics::page
