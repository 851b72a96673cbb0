#pragma once

#include "ledger/hash.hpp"

#include <cstdint>
#include <string_view>
#include <variant>

namespace runnel::tools
{

struct TransactionInBlock
{
    std::uint64_t block = 0;
    std::uint32_t index = 0;
};

/// A transaction as people name it: 0x and 64 hex digits, or BLOCK:INDEX. A CommandError, which
/// begins with @p option, of anything else.
[[nodiscard]] std::variant<Hash, TransactionInBlock> transaction_name(
    std::string_view option, std::string_view text);

}  // namespace runnel::tools
