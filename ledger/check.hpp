#pragma once

namespace runnel
{

/// Prints what did not hold and aborts. Called by RUNNEL_CHECK only.
[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace runnel

/// Aborts when @p condition does not hold: for our own bugs, on in every build.
#define RUNNEL_CHECK(condition)                          \
    (static_cast<bool>(condition) ? static_cast<void>(0) \
                                  : ::runnel::check_failed(#condition, __FILE__, __LINE__))
