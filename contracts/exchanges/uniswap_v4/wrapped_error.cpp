#include "contracts/exchanges/uniswap_v4/wrapped_error.hpp"

#include <fmt/format.h>

#include <mutex>
#include <set>
#include <string>

namespace runnel::contracts::uniswap_v4
{
namespace
{
constexpr std::string_view braces = "{}";
constexpr std::string_view prefix = "WrappedError(";

/// Refusals point at their text, which must last: there are as many as ways to combine literals,
/// since numbers are arguments. Workers make them at the same time; which one was first shows
/// nowhere.
std::string_view lasting(std::string text)
{
    static std::mutex mutex;
    static std::set<std::string, std::less<>> texts;
    const std::lock_guard lock{mutex};
    return *texts.insert(std::move(text)).first;
}

/// With braces for the arguments that it has.
std::string text_of(const Refusal& reason)
{
    switch (reason.kind)
    {
        case RefusalKind::error:
            return reason.text.starts_with(prefix) ? std::string{reason.text}
                                                   : fmt::format("Error({})", reason.text);
        case RefusalKind::panic: return reason.to_string();
        case RefusalKind::custom: {
            std::string text{reason.text};
            text += '(';
            for (unsigned i = 0; i < reason.argument_count; ++i)
                text += i == 0 ? "{}" : ",{}";
            return text + ')';
        }
        case RefusalKind::empty:
        case RefusalKind::invalid_opcode:
        case RefusalKind::ledger: break;
    }
    return {};
}
}  // namespace

Refusal wrapped_error(
    const Refusal& reason, AccountId target, std::string_view function, std::string_view details)
{
    if (reason.kind == RefusalKind::ledger)
        return reason;
    auto text = fmt::format("{}{{}},{},{},{}())", prefix, function, text_of(reason), details);
    auto wrapped = Refusal::error("").with(target);
    const unsigned inner = reason.kind == RefusalKind::panic ? 0U : reason.argument_count;
    for (unsigned i = 0; i < inner && wrapped.argument_count < Refusal::argument_max; ++i)
        wrapped = std::move(wrapped).with(reason.arguments[i]);
    // The marks of the arguments move up by one with them.
    const unsigned marks = inner == 0 ? 0U : reason.account_mask;
    wrapped.account_mask =
        static_cast<std::uint8_t>(1U | (marks & 0x3U) << 1U | (marks & 0x30U) << 1U);
    auto at = text.find(braces);
    for (std::size_t kept = 0; at != std::string::npos; ++kept)
    {
        if (kept >= Refusal::argument_max)
            text.replace(at, braces.size(), "..");
        at = text.find(braces, at + braces.size());
    }
    wrapped.text = lasting(std::move(text));
    return wrapped;
}

}  // namespace runnel::contracts::uniswap_v4
