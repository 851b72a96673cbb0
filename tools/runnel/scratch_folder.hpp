#pragma once

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

namespace runnel::tools
{

/// A folder for scratch files that is deleted at the end, with all that is in it then.
class ScratchFolder
{
public:
    /// Where this machine keeps such files.
    ScratchFolder()
      : ScratchFolder{std::filesystem::temp_directory_path() /
                      fmt::format("runnel-bench-{}",
                          std::chrono::steady_clock::now().time_since_epoch().count())}
    {}
    explicit ScratchFolder(std::filesystem::path folder) : folder_{std::move(folder)}
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
    [[nodiscard]] std::filesystem::path operator/(std::string_view name) const
    {
        return folder_ / name;
    }

private:
    std::filesystem::path folder_;
};

}  // namespace runnel::tools
