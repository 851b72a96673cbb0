#pragma once

#include "tests/support/catch.hpp"

#include <unistd.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace runnel::scenarios::tests
{

/// A directory of its own for each test, removed at its end.
class TemporaryDirectory
{
public:
    TemporaryDirectory()
    {
        std::string pattern = (std::filesystem::temp_directory_path() / "prices_XXXXXX").string();
        REQUIRE(mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    std::filesystem::path write(std::string_view name, std::string_view contents) const
    {
        std::ofstream{path_ / name, std::ios::binary} << contents;
        return path_ / name;
    }
    std::filesystem::path write_gzip(std::string_view name, std::string_view contents) const
    {
        const auto file = path_ / name;
        gzFile handle = gzopen(file.c_str(), "wb");
        REQUIRE(handle != nullptr);
        gzwrite(handle, contents.data(), static_cast<unsigned>(contents.size()));
        gzclose(handle);
        return file;
    }
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace runnel::scenarios::tests
