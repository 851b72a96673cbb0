#pragma once

#include "contracts/kit/sectors/price_feed.hpp"
#include "ledger/call.hpp"
#include "ledger/result.hpp"

#include <cstdint>
#include <string_view>

namespace runnel::contracts
{

/// What an exchange would hold of two tokens.
struct PoolReserves
{
    Amount base;
    Amount quote;
};

/// A price source that takes the price of one token from an exchange, whenever anybody asks it to:
/// nobody needs to be trusted, and whoever moves the exchange moves the price, unless the source
/// takes a mean over time.
class PoolPriceSource : public PriceSource
{
public:
    static constexpr std::string_view sector = "pool_price_source";

    /// The exchange of base() and quote().
    [[nodiscard]] virtual ContractId pool() const noexcept = 0;
    /// Whose price it takes, in
    [[nodiscard]] virtual ContractId base() const noexcept = 0;
    /// a token whose own price it takes for granted.
    [[nodiscard]] virtual ContractId quote() const noexcept = 0;

    /// The price of a whole base token, 1e-8 USD, after an update at @p at in a transaction that
    /// has left the exchange with these reserves. Errors: those of the update.
    [[nodiscard]] virtual Result<Amount> preview_update(
        std::uint64_t at, const PoolReserves& reserves) const = 0;
    /// Adds the call, which anybody may send.
    virtual void add_update(CallWriter& calls) const = 0;
};

}  // namespace runnel::contracts
