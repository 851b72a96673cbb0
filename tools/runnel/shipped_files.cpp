#include "tools/runnel/shipped_files.hpp"

#include <system_error>

namespace runnel::tools
{

std::vector<std::filesystem::path> shipped_folders(std::string_view name)
{
    std::error_code failed;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", failed).parent_path();
    std::vector<std::filesystem::path> folders;
    for (const auto& above : {program / "../share/runnel", program / "../.."})
        folders.push_back(std::filesystem::weakly_canonical(above / name, failed));
    return folders;
}

}  // namespace runnel::tools
