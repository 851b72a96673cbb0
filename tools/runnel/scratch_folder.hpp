#pragma once

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <string>

namespace runnel::tools
{

/// A folder for scratch files that is deleted at the end.
class ScratchFolder
{
public:
    ScratchFolder()
      : folder_{std::filesystem::temp_directory_path() /
                fmt::format(
                    "runnel-bench-{}", std::chrono::steady_clock::now().time_since_epoch().count())}
    {
        std::filesystem::create_directory(folder_);
    }
    ~ScratchFolder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    [[nodiscard]] std::string file(const char* name) const { return (folder_ / name).string(); }

private:
    std::filesystem::path folder_;
};

}  // namespace runnel::tools
