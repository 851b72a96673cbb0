#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::tools
{

/// Another program that is fed by a pipe; what it says goes into files.
class HelperProcess
{
public:
    /// Starts it: @p command is its name, looked for as a shell does, and its arguments. Throws a
    /// CommandError (exit_world_failed) if it cannot be started.
    HelperProcess(const std::vector<std::string>& command, std::filesystem::path answer,
        std::filesystem::path complaints);
    HelperProcess(const HelperProcess&) = delete;
    HelperProcess& operator=(const HelperProcess&) = delete;
    /// Ends it, if nobody has waited for its end.
    ~HelperProcess();

    /// Throws a CommandError with the last line of its complaints if it reads no more.
    void write(std::string_view text);
    /// Closes the pipe and waits; returns what it answered. A CommandError likewise if it failed.
    [[nodiscard]] std::string finish();
    /// What it took, once it has ended.
    [[nodiscard]] const rusage& usage() const noexcept { return usage_; }

private:
    [[noreturn]] void fail();
    int wait() noexcept;

    std::string name_;
    std::filesystem::path answer_;
    std::filesystem::path complaints_;
    rusage usage_{};
    pid_t process_ = -1;
    int pipe_ = -1;
};

}  // namespace runnel::tools
