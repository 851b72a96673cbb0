#include "tools/runnel/helper_process.hpp"

#include "tools/runnel/commands.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <iterator>
#include <system_error>

namespace runnel::tools
{
namespace
{
std::string text_of(const std::filesystem::path& path)
{
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

std::string last_line(std::string text)
{
    while (!text.empty() && text.back() == '\n')
        text.pop_back();
    return text.substr(text.rfind('\n') + 1);
}
}  // namespace

HelperProcess::HelperProcess(const std::vector<std::string>& command, std::filesystem::path answer,
    std::filesystem::path complaints)
  : name_{command.front()}, answer_{std::move(answer)}, complaints_{std::move(complaints)}
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
    {
        throw CommandError{exit_world_failed,
            fmt::format("{}: {}", name_, std::generic_category().message(errno))};
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
    const auto redirect = [&](int stream, const std::filesystem::path& path)
    {
        constexpr mode_t mode = 0600;
        posix_spawn_file_actions_addopen(
            &actions, stream, path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, mode);
    };
    redirect(STDOUT_FILENO, answer_);
    redirect(STDERR_FILENO, complaints_);
    std::vector<char*> arguments;
    for (const auto& argument : command)
        arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    const auto error =
        posix_spawnp(&process_, arguments.front(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[0]);
    if (error != 0)
    {
        close(ends[1]);
        process_ = -1;
        throw CommandError{exit_world_failed,
            fmt::format("{}: {}", name_, std::generic_category().message(error))};
    }
    pipe_ = ends[1];
}

HelperProcess::~HelperProcess()
{
    if (process_ < 0)
        return;
    kill(process_, SIGKILL);
    wait();
}

int HelperProcess::wait() noexcept
{
    if (pipe_ >= 0)
        close(pipe_);
    pipe_ = -1;
    int status = 0;
    while (wait4(process_, &status, 0, &usage_) < 0 && errno == EINTR)
    {}
    process_ = -1;
    return status;
}

void HelperProcess::fail()
{
    if (process_ >= 0)
        wait();
    const auto said = last_line(text_of(complaints_));
    throw CommandError{
        exit_world_failed, fmt::format("{}: {}", name_, said.empty() ? "it ended too soon" : said)};
}

void HelperProcess::write(std::string_view text)
{
    while (!text.empty())
    {
        const auto written = ::write(pipe_, text.data(), text.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            fail();
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

std::string HelperProcess::finish()
{
    const auto status = wait();
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail();
    return text_of(answer_);
}

}  // namespace runnel::tools
