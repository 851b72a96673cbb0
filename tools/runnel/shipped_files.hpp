#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

namespace runnel::tools
{

/// Where a folder that came with this program may be: installed with it, or in the repository that
/// it was built in. It need not be there.
[[nodiscard]] std::vector<std::filesystem::path> shipped_folders(std::string_view name);

}  // namespace runnel::tools
