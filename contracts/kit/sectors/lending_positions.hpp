#pragma once

#include "execution/context.hpp"

#include <cstddef>
#include <string_view>

namespace runnel::contracts
{

/// What a contract may ask of a lending market while a transaction runs; LendingView knows
/// committed state alone.
class LendingPositions
{
public:
    static constexpr std::string_view sector = "lending_positions";

    virtual ~LendingPositions() = default;

    /// What an account has supplied of a reserve, with interest up to the running block: what a
    /// withdrawal of all would pay if the cash is there. Errors: overflow.
    [[nodiscard]] virtual Result<Amount> supplied(
        CallContext& context, AccountId user, std::size_t reserve) const = 0;
};

}  // namespace runnel::contracts
