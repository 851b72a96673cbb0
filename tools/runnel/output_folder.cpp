#include "tools/runnel/output_folder.hpp"

#include "tools/runnel/commands.hpp"

#include <fmt/format.h>

#include <system_error>
#include <utility>

namespace runnel::tools
{
namespace filesystem = std::filesystem;

OutputFolder::OutputFolder(filesystem::path folder) : folder_{std::move(folder)}
{
    std::error_code failed;
    if (filesystem::exists(filesystem::symlink_status(folder_, failed)))
    {
        if (!filesystem::is_directory(folder_, failed) || !filesystem::is_empty(folder_, failed))
        {
            throw CommandError{exit_bad_input,
                fmt::format("{}: expected an empty folder, or none yet", folder_.string())};
        }
        return;
    }
    is_made_ = filesystem::create_directories(folder_, failed);
    if (failed)
    {
        throw CommandError{
            exit_world_failed, fmt::format("{}: {}", folder_.string(), failed.message())};
    }
}

OutputFolder::~OutputFolder()
{
    std::error_code not_empty;
    if (is_made_)
        filesystem::remove(folder_, not_empty);
}

}  // namespace runnel::tools
