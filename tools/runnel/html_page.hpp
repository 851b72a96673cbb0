#pragma once

#include "storage/output_file.hpp"

#include <string>
#include <string_view>

namespace runnel::tools
{

/// The file of `--html`, which nothing is written to yet. A CommandError if this program has no
/// pages; a StorageError if the file would replace what is no such page.
/// @param kind  As in "a page of a report".
[[nodiscard]] storage::OutputFile open_html_page(const std::string& path,
    storage::CommandFiles& command, const storage::Replacement::IsOurs& is_ours,
    std::string_view kind);

}  // namespace runnel::tools
