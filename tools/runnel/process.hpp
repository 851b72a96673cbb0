#pragma once

#include <string>
#include <string_view>

/// What a command has to do with the system around it: signals, memory, threads, and its two
/// streams.
namespace runnel::tools
{

/// The first thing that main() does. From then on
/// - a signal that asks for the end gets it, with one line, within seconds;
/// - memory that is not there ends the process with one line and exit_world_failed: what is
///   committed is safe, and no destructor waits for threads that wait themselves;
/// - so does a thread that could not be started;
/// - a stream that was closed swallows nothing, and no file that is opened gets its number.
void prepare_process();

/// What the first signal does; the second ends the process at once, always.
enum class SignalUse : int
{
    leave,      // Ends it at once: there is nothing to bring to an end.
    stop_soon,  // Asks for a stop, and leaves after some seconds: a stop will be possible soon.
    stop,       // Asks for a stop, see stop_requested(): somebody looks at it.
    finish,     // Nothing: it is about to end, in order.
};
void set_signal_use(SignalUse use) noexcept;
/// Whether a signal has asked for a stop.
[[nodiscard]] bool stop_requested() noexcept;
/// Ends the process with one line: whatever its threads do, what is committed is safe.
[[noreturn]] void leave_at_once(int code, std::string_view line) noexcept;

/// A CommandError unless @p count threads can be started beside those that there are.
void require_threads(unsigned count);

/// Writes a line to stderr. Never throws: see lost_output().
void tell(std::string_view line) noexcept;
/// Flushes stdout and stderr; says what could not be written to them since the start, if anything.
[[nodiscard]] std::string lost_output() noexcept;

}  // namespace runnel::tools
