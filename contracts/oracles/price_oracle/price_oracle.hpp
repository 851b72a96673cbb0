#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/price_feed.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace runnel::contracts
{

struct SetPrice
{
    RUNNEL_CALL("setAssetPrice", 0, 30'000);

    ContractId token{};
    Amount price;
    RUNNEL_FIELDS(token, (price, usd_e8_per_token));
};

/// Several prices at once, in the order of the list.
struct SetPrices
{
    RUNNEL_CALL("setAssetPrices", 1, 9'000);  // And 9'000 for each price.
    static constexpr std::uint8_t prices_max = 32;

    ShortList<TokenPrice, prices_max> prices;
    RUNNEL_FIELDS(prices);
};

/// A price that came on chain.
struct AssetPriceUpdatedLog
{
    static constexpr std::string_view table = "oracle_prices";
    static constexpr std::string_view signature = "AssetPriceUpdated(address,uint256,uint256)";
    static constexpr std::array<std::string_view, 3> meanings{
        "The token.", "The price of a whole token.", "The block's time."};

    ContractId token{};
    Amount price;
    std::uint64_t timestamp = 0;
    RUNNEL_FIELDS(token, (price, usd_e8_per_token), (timestamp, unix_seconds));
};

/// Holds the prices that its keeper reports; others read them as records.
///
/// Any number of transactions may read a price side by side; an update orders itself against them.
/// Errors: `PriceOracle: caller is not the keeper`, `PriceOracle: unknown token`.
/// Source: PriceOracle of @aave/core-v3 1.19.3 (contracts/mocks/oracle), whose event it emits; the
/// keeper is ours.
class PriceOracle : public ContractBase<PriceOracle, SetPrice, SetPrices>, public PriceFeed
{
public:
    static constexpr std::uint64_t gas_per_price = 9'000;

    /// @param keeper   Name of the account, found by connect() or made by genesis().
    /// @param initial  Prices before the first update.
    PriceOracle(
        ContractIdentity identity, std::string keeper, const std::vector<TokenPrice>& initial);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;

    [[nodiscard]] const Table<OraclePrice>& prices() const override { return prices_; }
    [[nodiscard]] const OraclePrice& price(ContractId token) const noexcept
    {
        return prices_.get(index(token));
    }
    [[nodiscard]] AccountId keeper() const noexcept { return keeper_; }

    [[nodiscard]] AccountId reporter() const noexcept override { return keeper_; }
    [[nodiscard]] std::size_t prices_per_report() const override { return SetPrices::prices_max; }
    std::uint64_t add_report(CallWriter& calls, std::span<const TokenPrice> prices) const override;

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(const SetPrice& call, AccountId sender, AccessCollector& access) const;
    void declare(const SetPrices& call, AccountId sender, AccessCollector& access) const;
    Result<Returns> execute(const SetPrice& call, CallContext& context);
    Result<Returns> execute(const SetPrices& call, CallContext& context);

private:
    [[nodiscard]] Result<void> require_keeper(const CallContext& context) const;
    [[nodiscard]] Result<void> update(CallContext& context, ContractId token, const Amount& price);

    std::string keeper_name_;
    AccountId keeper_{};
    Table<OraclePrice> prices_;  // By index(token).
};

}  // namespace runnel::contracts
