#pragma once

#include "execution/context.hpp"

#include <cstddef>
#include <string_view>

namespace runnel::contracts
{

/// A lending market that writes bad debt off and keeps count of it: what suppliers are owed and
/// nobody owes.
class RecordedDeficit
{
public:
    static constexpr std::string_view sector = "recorded_deficit";

    virtual ~RecordedDeficit() = default;

    /// Of a reserve as the running transaction sees it, in the token's smallest unit.
    [[nodiscard]] virtual Amount deficit(CallContext& context, std::size_t reserve) const = 0;
    /// The same after the last block.
    [[nodiscard]] virtual Amount deficit(std::size_t reserve) const = 0;
    /// What is supplied to a reserve as the running transaction sees it, with interest up to its
    /// block. Errors: overflow.
    [[nodiscard]] virtual Result<Amount> total_supplied(
        CallContext& context, std::size_t reserve) const = 0;
};

}  // namespace runnel::contracts
