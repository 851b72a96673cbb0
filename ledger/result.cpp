#include "ledger/result.hpp"

#include "ledger/check.hpp"
#include "ledger/int256.hpp"

#include <fmt/format.h>

namespace runnel
{
namespace
{
/// An argument for people: an account as #id, a number with its sign if the mask says it has one.
std::string text_of(const Refusal& refusal, unsigned i)
{
    const auto& value = refusal.arguments[i];
    if ((refusal.account_mask >> i & 1U) != 0)
        return "#" + value.to_string();
    const bool is_signed = (refusal.account_mask >> (i + 4U) & 1U) != 0;
    return is_signed ? Int256::from_bits(value).to_string() : value.to_string();
}
}  // namespace

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
            // A reason that names accounts or numbers has braces in their places.
            std::string result{text};
            std::size_t at = 0;
            for (unsigned i = 0; i < argument_count; ++i)
            {
                at = result.find("{}", at);
                if (at == std::string::npos)
                    break;
                const auto argument = text_of(*this, i);
                result.replace(at, 2, argument);
                at += argument.size();
            }
            return result;
        }
        case RefusalKind::custom: break;
    }
    std::string result{text};
    result += '(';
    for (unsigned i = 0; i < argument_count; ++i)
    {
        if (i > 0)
            result += ", ";
        result += text_of(*this, i);
    }
    result += ')';
    return result;
}

}  // namespace runnel
