#pragma once

#include "contracts/exchanges/uniswap_v2/pair.hpp"
#include "contracts/kit/sectors/pool_price.hpp"

#include <cstdint>

namespace runnel::contracts
{

/// Takes the price from the pool. Anybody may ask.
struct UpdatePoolPrice
{
    RUNNEL_CALL("update", 0, {48'000, 5'000});
    RUNNEL_FIELDS();
};

/// Where the running mean began.
struct PoolObservation
{
    Amount cumulative;            // The pair's accumulated price of the base token then.
    std::uint64_t timestamp = 0;  // 0: there has been no update.
    RUNNEL_FIELDS((cumulative, other("quote per base, UQ112x112 s")), (timestamp, unix_seconds));
};

struct PoolOracleTerms
{
    ContractId pool{};
    bool prices_token0 = true;  // Else token1.
    Amount quote_price;         // 1e-8 USD per whole token of the other one.
    std::uint64_t window = 0;   // Seconds.
    Amount initial_price;       // 1e-8 USD: what it says before the first update.
};

/// The price of a Uniswap v2 pair's token in USD, which takes the price of the other one for
/// granted. Without a window it is the reserves' ratio at that moment,
///
///     quote_price * reserve(quote) * 10^decimals(base) / (reserve(base) * 10^decimals(quote))
///
/// rounded down: what whoever swaps before it in one transaction makes of it. With a window it is
/// the mean over the time since the last update, which lies that long back at the least,
///
///     mean = (cumulative price now - then) / seconds, UQ112x112 rounded down
///
/// The first update with a window begins the first mean, and leaves the price as it is.
///
/// Errors: ExampleOracleSimple: NO_RESERVES of an empty pool; ExampleOracleSimple:
/// PERIOD_NOT_ELAPSED within the window; Panic(0x11) beyond 256 bits.
/// Source: Uniswap v2-periphery `ExampleOracleSimple.sol`; the ratio is what bZx and others read.
class PoolOracle : public ContractBase<PoolOracle, UpdatePoolPrice>, public PoolPriceSource
{
public:
    PoolOracle(ContractIdentity identity, const PoolOracleTerms& terms);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;

    [[nodiscard]] const Table<OraclePrice>& prices() const override { return prices_; }
    [[nodiscard]] ContractId pool() const noexcept override { return terms_.pool; }
    [[nodiscard]] ContractId base() const noexcept override { return base_; }
    [[nodiscard]] ContractId quote() const noexcept override { return quote_; }
    [[nodiscard]] Result<Amount> preview_update(
        std::uint64_t at, const PoolReserves& reserves) const override;
    void add_update(CallWriter& calls) const override { calls.add(id(), UpdatePoolPrice{}); }

    [[nodiscard]] const PoolObservation& observation() const noexcept
    {
        return observation_.get(0);
    }

    using ContractBase::execute;
    /// Returns the price.
    Result<Returns> execute(const UpdatePoolPrice& call, CallContext& context);

private:
    [[nodiscard]] PoolReserves reserves_of(const uniswap_v2::PairState& pair) const;
    /// The pair's accumulated price of the base token at @p at, if nothing is traded until then.
    [[nodiscard]] Amount cumulative_at(const uniswap_v2::PairState& pair, std::uint64_t at) const;
    [[nodiscard]] Result<Amount> ratio(const PoolReserves& reserves) const;
    [[nodiscard]] Result<Amount> mean(
        const PoolObservation& since, const Amount& cumulative, std::uint64_t at) const;
    /// What an update would store; @p standing is what is stored.
    [[nodiscard]] Result<Amount> price(const uniswap_v2::PairState& pair,
        const PoolObservation& since, const PoolReserves& reserves, const Amount& standing,
        std::uint64_t at) const;

    PoolOracleTerms terms_;
    ContractId base_{};
    ContractId quote_{};
    Amount base_unit_;
    Amount quote_unit_;
    const UniswapV2Pair* pair_ = nullptr;
    Table<OraclePrice> prices_;           // By index(token).
    Table<PoolObservation> observation_;  // Record 0.
};

}  // namespace runnel::contracts
