#pragma once

#include "ledger/amount.hpp"
#include "ledger/call.hpp"

#include <string_view>

namespace runnel::contracts
{

/// A token for each native coin that it holds; the coins can be had back.
class WrappedCoin
{
public:
    static constexpr std::string_view sector = "wrapped_coin";

    virtual ~WrappedCoin() = default;
    /// Adds the call that turns @p amount of the caller's tokens into native coins.
    virtual void add_unwrap(CallWriter& calls, const Amount& amount) const = 0;
};

}  // namespace runnel::contracts
