#pragma once

#include <filesystem>

namespace runnel::tools
{

/// The folder that a command writes to: made, or an empty one. People change what was exported, so
/// nothing is replaced. If nothing came into it in the end, it goes.
class OutputFolder
{
public:
    /// Throws a CommandError if there is something else, or something in it.
    explicit OutputFolder(std::filesystem::path folder);
    OutputFolder(const OutputFolder&) = delete;
    OutputFolder& operator=(const OutputFolder&) = delete;
    ~OutputFolder();

private:
    std::filesystem::path folder_;
    bool is_made_ = false;
};

}  // namespace runnel::tools
