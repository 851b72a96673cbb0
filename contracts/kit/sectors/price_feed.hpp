#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/sector.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace runnel::contracts
{

/// A price an oracle holds.
struct OraclePrice
{
    Amount price;                 // 1e-8 USD per whole token.
    std::uint64_t timestamp = 0;  // Unix seconds of the update.
    RUNNEL_FIELDS((price, usd_e8_per_token), (timestamp, unix_seconds));
};

/// A token and what it costs: 1e-8 USD per whole token.
struct TokenPrice
{
    ContractId token{};
    Amount price;
    RUNNEL_FIELDS(token, (price, usd_e8_per_token));
};

/// What other contracts ask of an oracle: prices by token, read like any other record.
class PriceSource
{
public:
    static constexpr std::string_view sector = "price_source";

    virtual ~PriceSource() = default;
    /// By index(token).
    [[nodiscard]] virtual const Table<OraclePrice>& prices() const = 0;
};

/// A price source whose prices are reported by transactions.
class PriceFeed : public PriceSource
{
public:
    static constexpr std::string_view sector = "price_feed";

    /// Whose reports it takes.
    [[nodiscard]] virtual AccountId reporter() const noexcept = 0;
    /// How many prices one call may report.
    [[nodiscard]] virtual std::size_t prices_per_report() const = 0;
    /// Adds the call that reports these prices, in their order. Returns the gas that it may
    /// charge beyond its method's own, for Bid::extra_gas.
    virtual std::uint64_t add_report(
        CallWriter& calls, std::span<const TokenPrice> prices) const = 0;
};

}  // namespace runnel::contracts
