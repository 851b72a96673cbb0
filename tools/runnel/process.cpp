#include "tools/runnel/process.hpp"

#include "storage/output_file.hpp"
#include "tools/runnel/commands.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace runnel::tools
{
namespace
{
constexpr unsigned grace_seconds = 5;  // For a stop that should be possible soon.

std::atomic<SignalUse> signal_use{SignalUse::leave};
std::atomic<int> signals{0};
std::atomic<int> stderr_failure{0};  // The first errno.
static_assert(std::atomic<SignalUse>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

/// Only what a signal handler, and a process without memory, may do.
void write_to_stderr(std::string_view text) noexcept
{
    while (!text.empty())
    {
        const auto written = ::write(STDERR_FILENO, text.data(), text.size());
        if (written < 0 && errno != EINTR)
        {
            int none = 0;
            stderr_failure.compare_exchange_strong(none, errno);
            return;
        }
        if (written > 0)
            text.remove_prefix(static_cast<std::size_t>(written));
    }
}

void on_signal(int number)
{
    const int saved = errno;
    const auto use = signal_use.load();
    const bool is_first = signals.fetch_add(1) == 0;
    if (!is_first)
    {
        leave_at_once(exit_interrupted,
            "interrupted again, and left at once: what was committed is safe, continue with "
            "--resume");
    }
    if (use == SignalUse::leave)
    {
        leave_at_once(exit_interrupted, number == SIGHUP    ? "ended by a hangup"
                                        : number == SIGTERM ? "ended by a signal"
                                                            : "interrupted");
    }
    if (use == SignalUse::stop_soon)
        ::alarm(grace_seconds);
    errno = saved;
}

void on_alarm(int)
{
    const auto use = signal_use.load();
    if (use == SignalUse::leave || use == SignalUse::stop_soon)
        leave_at_once(exit_interrupted, "interrupted before block 1; nothing was kept");
}

/// The bytes of address space that are in use; 0 if that cannot be said.
std::uint64_t address_space() noexcept
{
    std::array<char, 32> text{};
    const int descriptor = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return 0;
    (void)!::read(descriptor, text.data(), text.size() - 1);
    ::close(descriptor);
    std::uint64_t pages = 0;
    for (const char* c = text.data(); *c >= '0' && *c <= '9'; ++c)
        pages = pages * 10 + static_cast<unsigned>(*c - '0');
    return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// The C library itself aborts, with a line of its own, where it has no way to say that there is no
/// memory. All else that aborts is a bug, and stays an abort.
void on_abort(int)
{
    constexpr std::uint64_t margin = std::uint64_t{8} << 20U;
    rlimit limit{};
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
        address_space() + margin > limit.rlim_cur)
        std::_Exit(exit_world_failed);
    std::signal(SIGABRT, SIG_DFL);
    // abort() raises it again.
}

void handle_signals()
{
    struct sigaction action
    {};
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    action.sa_handler = on_signal;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    struct sigaction old
    {};
    if (sigaction(SIGHUP, nullptr, &old) == 0 && old.sa_handler != SIG_IGN)  // Not under nohup.
        sigaction(SIGHUP, &action, nullptr);
    action.sa_handler = on_alarm;
    sigaction(SIGALRM, &action, nullptr);
    action.sa_handler = on_abort;
    sigaction(SIGABRT, &action, nullptr);
    // What cannot be written is an error where it is written.
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, nullptr);
    sigaction(SIGXFSZ, &action, nullptr);
}

[[noreturn]] void on_no_memory()
{
    leave_at_once(exit_world_failed,
        "out of memory; what was committed is safe: continue with --resume where there is more");
}

/// An exception that nobody caught, or a thread that nobody could join: threads that could not be
/// started, as a rule.
[[noreturn]] void on_terminate()
{
    static std::atomic<bool> entered{false};
    if (entered.exchange(true))
        std::abort();
    if (const auto error = std::current_exception())
    {
        try
        {
            std::rethrow_exception(error);
        }
        catch (const std::system_error& failure)
        {
            std::array<char, 200> line{};
            std::snprintf(line.data(), line.size(), "the system refuses: %s", failure.what());
            leave_at_once(exit_world_failed, line.data());
        }
        catch (const std::bad_alloc&)
        {
            on_no_memory();
        }
        catch (const std::exception& bug)
        {
            write_to_stderr("runnel: bug: nobody expects ");
            write_to_stderr(bug.what());
            write_to_stderr("\n");
            std::abort();
        }
    }
    leave_at_once(exit_world_failed,
        "a thread could not be started; see `ulimit -u` and `ulimit -v`, or take fewer --workers");
}

/// Descriptors 0 to 2 are somebody's streams. One that is closed would be given to the next file
/// that is opened, and what is printed would go into it.
void keep_stream_numbers() noexcept
{
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    {
        if (::fcntl(stream, F_GETFD) != -1 || errno != EBADF)
            continue;
        // The wrong way round: to use it is still an error.
        (void)!::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    }
}

/// The stack of the main thread grows into address space that may be gone by then, and to fail
/// there is a crash: it takes what it will need while there is some, where that is limited.
void grow_stack() noexcept
{
    rlimit limit{};
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return;
    constexpr std::size_t size = std::size_t{512} << 10U;
    std::array<volatile char, size> stack;
    for (std::size_t i = 0; i < size; i += 1024)
        stack[size - 1 - i] = 0;
}

std::string reason_of(int error)
{
    return std::generic_category().message(error);
}
}  // namespace

void prepare_process()
{
    keep_stream_numbers();
    grow_stack();
    std::set_new_handler(on_no_memory);
    std::set_terminate(on_terminate);
    handle_signals();
}

void set_signal_use(SignalUse use) noexcept
{
    signal_use.store(use);
}

bool stop_requested() noexcept
{
    return signals.load() != 0;
}

void leave_at_once(int code, std::string_view line) noexcept
{
    static std::atomic<bool> left{false};
    if (left.exchange(true))
    {
        while (true)
            ::pause();  // Another thread is on its way out.
    }
    storage::remove_unfinished_files();
    // The bar of progress, if there is one, ends here.
    write_to_stderr(::isatty(STDERR_FILENO) == 1 ? "\r\033[Krunnel: " : "runnel: ");
    write_to_stderr(line);
    write_to_stderr("\n");
    std::_Exit(code);
}

void require_threads(unsigned count)
{
    std::mutex mutex;
    std::condition_variable all_started;
    bool done = false;
    std::vector<std::thread> threads;
    threads.reserve(count);
    std::string failure;
    try
    {
        for (unsigned i = 0; i < count; ++i)
        {
            threads.emplace_back(
                [&]
                {
                    // Its own arena, of which malloc() reserves much: later threads get it.
                    ::operator delete(::operator new(1));
                    std::unique_lock lock{mutex};
                    all_started.wait(lock, [&] { return done; });
                });
        }
    }
    catch (const std::system_error& error)
    {
        failure = error.what();
    }
    {
        const std::lock_guard lock{mutex};
        done = true;
    }
    all_started.notify_all();
    for (auto& thread : threads)
        thread.join();
    if (!failure.empty())
    {
        throw CommandError{exit_world_failed,
            fmt::format("{} threads are needed, and cannot be started: {}; see `ulimit -u` and "
                        "`ulimit -v`, or take fewer --workers",
                count, failure)};
    }
}

void tell(std::string_view line) noexcept
{
    // One write for one line: others may write to the same file.
    try
    {
        write_to_stderr(std::string{line} + '\n');
    }
    catch (const std::exception&)
    {
        write_to_stderr(line);
        write_to_stderr("\n");
    }
}

std::string lost_output() noexcept
{
    const bool is_flushed = std::fflush(stdout) == 0;
    const int error = errno;
    if (!is_flushed || std::ferror(stdout) != 0)
    {
        return "stdout: what was to be printed could not be written" +
               (is_flushed ? std::string{} : ": " + reason_of(error));
    }
    if (const int failure = stderr_failure.load(); failure != 0)
        return "stderr: what was to be said could not be written: " + reason_of(failure);
    return {};
}

}  // namespace runnel::tools
