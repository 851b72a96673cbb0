#include "tools/runnel/transaction_name.hpp"

#include "tools/runnel/commands.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>

namespace runnel::tools
{

std::optional<std::uint64_t> decimal_number(std::string_view text)
{
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return number;
}

std::variant<Hash, TransactionInBlock> transaction_name(
    std::string_view option, std::string_view text)
{
    if (text.starts_with("0x"))
    {
        if (const auto hash = Hash::from_string(text))
            return *hash;
    }
    if (const auto colon = text.find(':'); colon != std::string_view::npos)
    {
        const auto block = decimal_number(text.substr(0, colon));
        const auto index = decimal_number(text.substr(colon + 1));
        if (block && index && *index <= std::numeric_limits<std::uint32_t>::max())
            return TransactionInBlock{*block, static_cast<std::uint32_t>(*index)};
    }
    throw CommandError{exit_bad_input,
        fmt::format("{}: expected 0x and 64 hex digits, or BLOCK:INDEX, got {}", option, text)};
}

}  // namespace runnel::tools
