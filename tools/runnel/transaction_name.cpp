#include "tools/runnel/transaction_name.hpp"

#include "tools/runnel/commands.hpp"
#include "tools/runnel/number_text.hpp"

#include <fmt/format.h>

namespace runnel::tools
{

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
        const auto block = parsed<std::uint64_t>(text.substr(0, colon));
        const auto index = parsed<std::uint32_t>(text.substr(colon + 1));
        if (block && index)
            return TransactionInBlock{*block, *index};
    }
    throw CommandError{exit_bad_input,
        fmt::format("{}: expected 0x and 64 hex digits, or BLOCK:INDEX, got {}", option, text)};
}

}  // namespace runnel::tools
