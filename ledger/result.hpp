#pragma once

#include "ledger/amount.hpp"
#include "ledger/ids.hpp"

#include <tl/expected.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace runnel
{

/// How a contract words its refusal.
enum class RefusalKind : std::uint8_t
{
    error,           // A reason string: `UniswapV2: K`, `35`.
    custom,          // A custom error with arguments: `ERC20InsufficientAllowance(..)`.
    panic,           // Panic(0x11) and its like; the code is the first argument.
    empty,           // A revert without data.
    invalid_opcode,  // Solidity < 0.8 divided by zero or asserted; eats all gas.
    ledger,          // The ledger itself refused: out of gas, malformed calls, funds.
};

/// A rule said no. A value, never an exception; the state is as it was before.
struct Refusal
{
    static constexpr std::size_t argument_max = 3;

    RefusalKind kind = RefusalKind::empty;
    std::uint8_t argument_count = 0;
    std::uint8_t account_mask = 0;  // Bit k: argument k is an account id.
    std::string_view text;          // Of static storage: reasons are literals of the contracts.
    std::array<Amount, argument_max> arguments;

    [[nodiscard]] static Refusal error(std::string_view reason) noexcept
    {
        Refusal refusal;
        refusal.kind = RefusalKind::error;
        refusal.text = reason;
        return refusal;
    }
    [[nodiscard]] static Refusal ledger(std::string_view reason) noexcept
    {
        Refusal refusal = error(reason);
        refusal.kind = RefusalKind::ledger;
        return refusal;
    }
    [[nodiscard]] static Refusal custom(std::string_view name) noexcept
    {
        Refusal refusal = error(name);
        refusal.kind = RefusalKind::custom;
        return refusal;
    }
    [[nodiscard]] static Refusal panic(std::uint64_t code) noexcept
    {
        Refusal refusal = error("Panic");
        refusal.kind = RefusalKind::panic;
        return std::move(refusal).with(Amount{code});
    }
    [[nodiscard]] static Refusal empty() noexcept { return {}; }
    [[nodiscard]] static Refusal invalid_opcode() noexcept
    {
        Refusal refusal;
        refusal.kind = RefusalKind::invalid_opcode;
        return refusal;
    }
    [[nodiscard]] static Refusal of(Fault fault) noexcept;

    [[nodiscard]] Refusal with(const Amount& argument) && noexcept
    {
        arguments[argument_count++] = argument;
        return *this;
    }
    [[nodiscard]] Refusal with(AccountId account) && noexcept
    {
        account_mask = static_cast<std::uint8_t>(account_mask | 1U << argument_count);
        return std::move(*this).with(Amount{index(account)});
    }

    /// As it is written in receipts: `UniswapV2: K`, `ERC20InsufficientBalance(#3, 10, 20)`,
    /// `Panic(0x11)`, `(no reason)`, `(invalid opcode)`. Accounts appear as #id.
    [[nodiscard]] std::string to_string() const;
};

/// A value or a refusal.
template <typename T>
using Result = tl::expected<T, Refusal>;

/// The refusal as a result: `return fail(Refusal::error("UniswapV2: K"));`
[[nodiscard]] inline tl::unexpected<Refusal> fail(Refusal refusal) noexcept
{
    return tl::unexpected<Refusal>{std::move(refusal)};
}
/// A reason string as a result.
[[nodiscard]] inline tl::unexpected<Refusal> fail(std::string_view reason) noexcept
{
    return fail(Refusal::error(reason));
}

namespace detail
{
// What RUNNEL_TRY() asks of its operand.
[[nodiscard]] inline bool succeeded(const Checked& checked) noexcept
{
    return checked.ok();
}
// Often called for its refusal alone, so its value may go unused.
inline Amount take_value(const Checked& checked) noexcept
{
    return checked.value;
}
[[nodiscard]] inline Refusal take_refusal(const Checked& checked) noexcept
{
    return Refusal::of(checked.fault);
}
template <typename T>
[[nodiscard]] bool succeeded(const Result<T>& result) noexcept
{
    return result.has_value();
}
template <typename T>
T take_value(Result<T>& result) noexcept
{
    if constexpr (!std::is_void_v<T>)
        return std::move(*result);
}
template <typename T>
[[nodiscard]] Refusal take_refusal(Result<T>& result) noexcept
{
    return std::move(result.error());
}
}  // namespace detail

}  // namespace runnel

/// The value of a Result<T> or a Checked expression; returns its refusal from the calling function.
#define RUNNEL_TRY(...)                                                               \
    __extension__({                                                                   \
        auto runnel_try_result = (__VA_ARGS__);                                       \
        if (!::runnel::detail::succeeded(runnel_try_result)) [[unlikely]]             \
            return ::runnel::fail(::runnel::detail::take_refusal(runnel_try_result)); \
        ::runnel::detail::take_value(runnel_try_result);                              \
    })

/// Returns the refusal unless @p condition holds: Solidity's require().
#define RUNNEL_REQUIRE(condition, refusal)  \
    do                                      \
    {                                       \
        if (!(condition)) [[unlikely]]      \
            return ::runnel::fail(refusal); \
    } while (false)
