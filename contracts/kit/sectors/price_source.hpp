#pragma once

#include "contracts/kit/contract_base.hpp"

namespace runnel::contracts
{

/// A price an oracle holds.
struct OraclePrice
{
    Amount price;                 // 1e-8 USD per whole token.
    std::uint64_t timestamp = 0;  // Unix seconds of the update.

    template <typename Self, typename Visitor>
    static void describe(Self& self, Visitor&& visit)
    {
        visit("price", self.price, "1e-8 USD per token");
        visit("timestamp", self.timestamp, "unix seconds");
    }
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
