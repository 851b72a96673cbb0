#pragma once

#include "contracts/kit/contract_base.hpp"

namespace runnel::contracts
{

/// A price an oracle holds.
struct OraclePrice
{
    Amount price;                 // 1e-8 USD per whole token.
    std::uint64_t timestamp = 0;  // Unix seconds of the update.
    RUNNEL_FIELDS((price, usd_e8_per_token), (timestamp, unix_seconds));
};

/// What a lending pool asks of an oracle: prices by token, read like any other record.
class PriceSource
{
public:
    virtual ~PriceSource() = default;
    /// By index(token).
    [[nodiscard]] virtual const Table<OraclePrice>& prices() const = 0;
};

}  // namespace runnel::contracts
