#include "analytics/json_stream.hpp"

#include "tests/support/catch.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

using runnel::analytics::JsonStream;

namespace
{
using Json = nlohmann::ordered_json;

/// Whatever @p document is, told to the stream value by value.
void write(JsonStream& out, const Json& document)
{
    if (document.is_object())
    {
        out.begin_object();
        for (const auto& [key, value] : document.items())
        {
            out.key(key);
            write(out, value);
        }
        out.end_object();
    }
    else if (document.is_array())
    {
        out.begin_array();
        for (const auto& value : document)
            write(out, value);
        out.end_array();
    }
    else if (document.is_string())
        out.string(document.get_ref<const std::string&>());
    else if (document.is_boolean())
        out.boolean(document.get<bool>());
    else if (document.is_number_integer())
        out.integer(document.get<std::uint64_t>());
    else
        out.real(document.get<double>());
}

std::string streamed(const Json& document)
{
    std::string text;
    JsonStream out{[&](std::string_view piece) { text += piece; }};
    write(out, document);
    out.flush();
    return text;
}

std::string dumped(const Json& document)
{
    return document.dump(2, ' ', true, Json::error_handler_t::replace);
}

Json any_document(std::mt19937_64& random, unsigned depth)
{
    static const std::vector<std::string> texts{"", "payer/0", "a\"b\\c", "\x01\n\t\x7F",
        "\xFF\xC0x", "\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x92\xB0", "</script>", std::string(3, '\0')};
    const auto any = [&](std::uint64_t below) { return random() % below; };
    switch (depth == 0 ? any(4) : any(6))
    {
        case 0: return texts[any(texts.size())];
        case 1: return any(2) == 0;
        case 2: return random() >> any(64);
        case 3: return std::ldexp(static_cast<double>(random()), static_cast<int>(any(400)) - 250);
        case 4: {
            auto list = Json::array();
            for (auto count = any(4); count > 0; --count)
                list.push_back(any_document(random, depth - 1));
            return list;
        }
        default: {
            auto object = Json::object();
            for (auto count = any(4); count > 0; --count)
                object["key_" + std::to_string(count)] = any_document(random, depth - 1);
            return object;
        }
    }
}
}  // namespace

TEST_CASE("a JSON stream writes what nlohmann's dump writes", "[json]")
{
    for (const auto number : {0.0, -0.0, 1.0, 0.1, 1e15, 1e16, 1e17, 1e-5, 1.7976931348623157e308,
             5e-324, std::numeric_limits<double>::infinity(),
             std::numeric_limits<double>::quiet_NaN(), 123456789.125})
        CHECK(streamed(number) == dumped(number));
    CHECK(streamed(Json::object()) == "{}");
    CHECK(streamed(Json::array()) == "[]");
    CHECK(streamed(Json::array({Json::object(), Json::array()})) == "[\n  {},\n  []\n]");
    std::mt19937_64 random{1};
    for (int i = 0; i < 3'000; ++i)
    {
        const auto document = any_document(random, 5);
        CHECK(streamed(document) == dumped(document));
    }
}

TEST_CASE("a JSON stream hands text on in pieces", "[json]")
{
    std::size_t longest = 0;
    std::string text;
    JsonStream out{[&](std::string_view piece)
        {
            longest = std::max(longest, piece.size());
            text += piece;
        }};
    out.begin_array();
    auto document = Json::array();
    for (std::uint64_t i = 0; i < 100'000; ++i)
    {
        out.integer(i);
        document.push_back(i);
    }
    out.end_array();
    out.flush();
    CHECK(longest < 70'000);
    CHECK(text == dumped(document));
}
