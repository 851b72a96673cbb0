#include "tools/runnel/html_page.hpp"

#include "analytics/render.hpp"
#include "tools/runnel/commands.hpp"

namespace runnel::tools
{

storage::OutputFile open_html_page(const std::string& path, storage::CommandFiles& command,
    const storage::Replacement::IsOurs& is_ours, std::string_view kind)
{
    if (!analytics::has_html())
    {
        throw CommandError{exit_world_failed,
            "--html: this program was built without Apache ECharts: tools/setup installs it from "
            "npm, then build again"};
    }
    command.writes(path, "the page");
    return {path, is_ours, kind};
}

}  // namespace runnel::tools
