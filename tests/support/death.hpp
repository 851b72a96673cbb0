#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>

namespace runnel::toy
{

/// What became of a child process.
struct Death
{
    bool aborted = false;
    std::string last_words;  // Of its standard error.
};

/// Runs @p body in a child process, which has 20 seconds.
template <typename Body>
[[nodiscard]] Death die(Body&& body)
{
    int ends[2];
    if (pipe(ends) != 0)
        return {};
    std::fflush(nullptr);
    const auto child = fork();
    if (child == 0)
    {
        close(ends[0]);
        dup2(ends[1], STDERR_FILENO);
        std::signal(SIGABRT, SIG_DFL);  // Catch's handler would report it as the test's failure.
        alarm(20);
        body();
        _exit(0);
    }
    close(ends[1]);
    Death death;
    char buffer[512];
    for (ssize_t size = 0; (size = read(ends[0], buffer, sizeof(buffer))) > 0;)
        death.last_words.append(buffer, static_cast<std::size_t>(size));
    close(ends[0]);
    int status = 0;
    death.aborted = child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
                    WTERMSIG(status) == SIGABRT;
    return death;
}

}  // namespace runnel::toy
