#pragma once

#include "tools/replay/json_fields.hpp"

#include <string>

/// How recordings with `"revert":{"kind":..,"code":..}` write refusals.
namespace runnel::replay
{

/// `Error:35`, `Custom:StillVesting()`, `Panic:0x11`, `empty:`.
[[nodiscard]] inline std::string revert_text(const Refusal& refusal)
{
    switch (refusal.kind)
    {
        case RefusalKind::error: return fmt::format("Error:{}", refusal.text);
        case RefusalKind::custom: return fmt::format("Custom:{}", refusal.to_string());
        case RefusalKind::panic: return fmt::format("Panic:0x{:x}", refusal.arguments[0].low64());
        case RefusalKind::empty: return "empty:";
        case RefusalKind::invalid_opcode: return "invalid opcode:";
        case RefusalKind::ledger: break;
    }
    return fmt::format("ledger:{}", refusal.text);
}

[[nodiscard]] inline std::string recorded_revert(const nlohmann::json& line)
{
    const auto& revert = member(line, "revert");
    return fmt::format("{}:{}", text_of(revert, "kind"), revert.value("code", ""));
}

/// As recorded: strings as they are, true and false as 1 and 0.
[[nodiscard]] inline std::string recorded_text(const nlohmann::json& value)
{
    if (value.is_boolean())
        return value.get<bool>() ? "1" : "0";
    return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace runnel::replay
