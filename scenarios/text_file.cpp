#include "scenarios/text_file.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <system_error>
#include <vector>

namespace runnel::scenarios
{

tl::expected<std::string, std::string> read_text_file(
    const std::filesystem::path& file, std::size_t bytes_max)
{
    const auto fail = [](std::string why) { return tl::unexpected<std::string>{std::move(why)}; };
    std::error_code error;
    gzFile handle =
        std::filesystem::is_regular_file(file, error) ? gzopen(file.c_str(), "rb") : nullptr;
    if (handle == nullptr)
        return fail("expected a CSV file that can be read");

    std::string contents;
    std::vector<char> buffer(std::size_t{1} << 16U);
    int count = 0;
    while (contents.size() <= bytes_max &&
           (count = gzread(handle, buffer.data(), static_cast<unsigned>(buffer.size()))) > 0)
        contents.append(buffer.data(), static_cast<std::size_t>(count));
    const bool plain = gzdirect(handle) != 0;
    const int closed = gzclose(handle);  // Z_BUF_ERROR when the file ends inside of a member.

    if (contents.size() > bytes_max)
        return fail(fmt::format("expected at most {} bytes of CSV", bytes_max));
    if (count < 0 || closed != Z_OK || (plain && !contents.empty() && file.extension() == ".gz"))
        return fail("expected a complete gzip file, got a damaged one");
    return contents;
}

}  // namespace runnel::scenarios
