#include "ledger/result.hpp"

#include "ledger/check.hpp"

#include <fmt/format.h>

namespace runnel
{

Refusal Refusal::of(Fault fault) noexcept
{
    switch (fault)
    {
        case Fault::overflow: return panic(0x11);
        case Fault::division_by_zero: return panic(0x12);
        case Fault::guard: return empty();
        case Fault::none: break;
    }
    check_failed("a fault other than none", __FILE__, __LINE__);
}

std::string Refusal::to_string() const
{
    switch (kind)
    {
        case RefusalKind::empty: return "(no reason)";
        case RefusalKind::invalid_opcode: return "(invalid opcode)";
        case RefusalKind::panic: return fmt::format("Panic(0x{:02x})", arguments[0].low64());
        case RefusalKind::ledger: return std::string{text};
        case RefusalKind::error: {
            // A reason that names an account has braces in its place.
            const auto braces = argument_count == 0 ? std::string_view::npos : text.find("{}");
            if (braces == std::string_view::npos)
                return std::string{text};
            return fmt::format("{}#{}{}", text.substr(0, braces), arguments[0].to_string(),
                text.substr(braces + 2));
        }
        case RefusalKind::custom: break;
    }
    std::string result{text};
    result += '(';
    for (unsigned i = 0; i < argument_count; ++i)
    {
        if (i > 0)
            result += ", ";
        if ((account_mask >> i & 1U) != 0)
            result += '#';
        result += arguments[i].to_string();
    }
    result += ')';
    return result;
}

}  // namespace runnel
