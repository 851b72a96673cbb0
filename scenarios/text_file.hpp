#pragma once

#include <tl/expected.hpp>

#include <cstddef>
#include <filesystem>
#include <string>

namespace runnel::scenarios
{

/// The contents of a regular file, unpacked where it is gzip's; what was expected instead where it
/// is not to be had, or holds more than @p bytes_max bytes.
[[nodiscard]] tl::expected<std::string, std::string> read_text_file(
    const std::filesystem::path& file, std::size_t bytes_max);

}  // namespace runnel::scenarios
