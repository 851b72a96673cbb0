#pragma once

#include "state/checkpoint.hpp"

#include <string>
#include <utility>
#include <vector>

namespace runnel
{

/// A checkpoint in memory, to look at, to spoil and to go on from.
using KeptParts = std::vector<std::pair<std::string, Bytes>>;

[[nodiscard]] inline KeptParts keep(CheckpointSource& source)
{
    KeptParts parts;
    while (const auto part = source.next())
        parts.emplace_back(part->name, Bytes{part->content.begin(), part->content.end()});
    return parts;
}

class KeptSource final : public CheckpointSource
{
public:
    explicit KeptSource(KeptParts parts) : parts_{std::move(parts)} {}
    [[nodiscard]] std::optional<CheckpointPart> next() override
    {
        if (next_ == parts_.size())
            return std::nullopt;
        const auto& [name, content] = parts_[next_++];
        return CheckpointPart{name, content};
    }

private:
    KeptParts parts_;
    std::size_t next_ = 0;
};

}  // namespace runnel
