#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>

namespace runnel
{

/// A name for a ledger; whatever is there under it goes with the object.
class TemporaryFile
{
public:
    TemporaryFile()
    {
        static int count = 0;
        const auto name =
            "runnel_test_" + std::to_string(getpid()) + "_" + std::to_string(count++) + ".db";
        path_ = (std::filesystem::temp_directory_path() / name).string();
        remove();
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile() { remove(); }

    [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
    void remove() const
    {
        std::error_code ignored;
        for (const auto* suffix : {"", "-wal", "-shm", "-journal"})
            std::filesystem::remove(path_ + suffix, ignored);
    }

    std::string path_;
};

}  // namespace runnel
