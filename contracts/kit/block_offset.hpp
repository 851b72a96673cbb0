#pragma once

#include "ledger/parameters.hpp"

#include <cstdint>
#include <string_view>

/// For contracts whose records hold numbers of blocks.
namespace runnel::contracts
{

/// The parameter of a contract that counts blocks: what it adds to the chain's numbers. A state
/// that is exported after block N goes on in a chain that begins with block 0, whose contracts are
/// told N: blocks that have passed are not counted again, nor waited for.
inline constexpr std::string_view block_offset_key = "block_offset";

[[nodiscard]] inline ParameterSpec block_offset_parameter()
{
    return {block_offset_key, ParameterKind::integer, "\"\"", unit::block_number,
        "What block 0 is for it, where it goes on with the state of another chain; as export-state "
        "writes it.",
        0, 1e15};
}

[[nodiscard]] inline std::uint64_t block_offset_of(const Parameters& parameters)
{
    return parameters.has(block_offset_key)
               ? static_cast<std::uint64_t>(parameters.integer(block_offset_key))
               : 0;
}

}  // namespace runnel::contracts
