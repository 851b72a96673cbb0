#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/convertible.hpp"
#include "contracts/kit/sectors/price_feed.hpp"
#include "contracts/stablecoins/terra_market/calls.hpp"
#include "contracts/stablecoins/terra_market/math.hpp"

#include <cstdint>
#include <string>

namespace runnel::contracts::terra_market
{

/// What governance may change.
struct MarketParameters
{
    Amount base_pool;
    std::uint64_t pool_recovery_period = 1;
    Amount min_stability_spread;
    RUNNEL_FIELDS((base_pool, other("1e-18 smallest units of the pools' currency")),
        (pool_recovery_period, blocks), (min_stability_spread, wad));
};

/// How far the stable pool was from the base pool after the swaps of a block.
struct PoolDelta
{
    Int256 delta;
    std::uint64_t block = 0;  // Ends of blocks from this one on are still to be counted.
    RUNNEL_FIELDS(
        (delta, other("1e-18 smallest units of the pools' currency")), (block, block_number));
};

/// What came and went through the market so far.
struct MarketTotals
{
    Amount stable_minted;
    Amount stable_burned;
    Amount volatile_minted;
    Amount volatile_burned;
    Amount stable_fees;  // Of what was minted: what the market keeps.
    Amount volatile_fees;
    RUNNEL_FIELDS((stable_minted, smallest_unit_of_its("stable_token")),
        (stable_burned, smallest_unit_of_its("stable_token")),
        (volatile_minted, smallest_unit_of_its("volatile_token")),
        (volatile_burned, smallest_unit_of_its("volatile_token")),
        (stable_fees, smallest_unit_of_its("stable_token")),
        (volatile_fees, smallest_unit_of_its("volatile_token")));
};

/// How a market is set up.
struct MarketSetup
{
    ContractId stable_token{};
    ContractId volatile_token{};
    ContractId oracle{};
    Amount base_unit_price;  // Dec: USD per unit of the pools' currency; 0: that is the stablecoin.
    MarketParameters parameters;
    std::string governance;  // The account that may change them; empty: nobody.
};

}  // namespace runnel::contracts::terra_market

namespace runnel::contracts
{

class Erc20;

/// Terra's market module for one stablecoin: burns UST and mints LUNA worth as much at the oracle's
/// price, and back, less a spread that grows with what was converted of late (math.hpp).
///
/// Two virtual pools say how much: both as large as the base pool at rest, their product constant.
/// A swap moves them, and the end of every block brings them back by a part of the gap. Nothing is
/// in them: what is offered is burned, what is asked for is minted, without a limit but the spread.
///
/// Units: smallest units of the two tokens, which are erc20s whose minter is this contract;
/// decimals of 18 digits of the currency that pools are counted in. Rounding: docs/terra_market.md.
/// The spread is minted too and stays with the market, whose account stands for the module that
/// pays validators. Failure: a refusal may leave records half written; the ledger rolls back.
/// Errors of a swap, in this order: invalid coins; recursive swap; no price registered with oracle;
/// Int overflow and division by zero, where the module panics; those of the token that is burned.
/// Source: terra-money/classic-core v0.5 (Columbus-5), `x/market`, before the fork that refuses
/// swaps which bring nothing.
class TerraMarket : public ContractBase<TerraMarket, terra_market::Swap, terra_market::SwapSend,
                        terra_market::AssertLimitOrder, terra_market::ChangeParameters>,
                    public ConvertibleStablecoin
{
public:
    TerraMarket(ContractIdentity identity, terra_market::MarketSetup setup);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;
    void snapshot(SnapshotContext& context) const override { snapshot_convertible(*this, context); }
    void check_invariants(const World& world, Findings& findings) const override;

    // Views of committed state.

    [[nodiscard]] const terra_market::MarketParameters& parameters() const noexcept
    {
        return parameters_.get(0);
    }
    [[nodiscard]] const terra_market::MarketTotals& totals() const noexcept
    {
        return totals_.get(0);
    }
    /// Of the stable pool, as swaps in @p block find it.
    [[nodiscard]] Int256 delta_in(std::uint64_t block) const;

    // ConvertibleStablecoin.

    [[nodiscard]] const Contract& contract() const noexcept override { return *this; }
    [[nodiscard]] ContractId stable_token() const noexcept override { return setup_.stable_token; }
    [[nodiscard]] ContractId volatile_token() const noexcept override
    {
        return setup_.volatile_token;
    }
    [[nodiscard]] ConvertibleState state_in(std::uint64_t block) const override;
    [[nodiscard]] Result<Conversion> quote_conversion(
        ContractId token_in, const Amount& amount_in, std::uint64_t block) const override;
    void add_conversion(CallWriter& calls, ContractId token_in, const Amount& amount_in,
        const Amount& amount_out_min) const override;
    [[nodiscard]] CallGas conversion_gas() const noexcept override;

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(const terra_market::Swap& call, AccountId sender, AccessCollector& access) const;
    void declare(
        const terra_market::SwapSend& call, AccountId sender, AccessCollector& access) const;
    void declare(const terra_market::AssertLimitOrder& call, AccountId sender,
        AccessCollector& access) const;
    void declare(const terra_market::ChangeParameters& call, AccountId sender,
        AccessCollector& access) const;
    /// Returns what the receiver got and what the market kept.
    Result<Returns> execute(const terra_market::Swap& call, CallContext& context);
    Result<Returns> execute(const terra_market::SwapSend& call, CallContext& context);
    /// Errors: those of a swap; minimum receive not met.
    Result<Returns> execute(const terra_market::AssertLimitOrder& call, CallContext& context);
    /// Errors: unauthorized; pool recovery period should be positive; market minimum stability
    /// spread should be a value between [0,1]; base pool below the pools' delta, which the module
    /// takes and then computes with a pool below 0.
    Result<Returns> execute(const terra_market::ChangeParameters& call, CallContext& context);

private:
    /// @p volatile_price in 1e-8 USD. Errors: no price registered with oracle.
    [[nodiscard]] Result<terra_market::Rates> rates_at(const Amount& volatile_price) const;
    Result<terra_market::SwapPlan> plan(CallContext& context, ContractId offer_token,
        const Amount& offer_amount, ContractId ask_token) const;
    Result<Returns> swap(CallContext& context, AccountId to, ContractId offer_token,
        const Amount& offer_amount, ContractId ask_token);
    void declare_swap(
        AccessCollector& access, AccountId sender, AccountId to, ContractId offer_token) const;

    terra_market::MarketSetup setup_;
    AccountId governance_ = zero_account;
    Erc20* stable_ = nullptr;
    Erc20* volatile_ = nullptr;
    const PriceSource* oracle_ = nullptr;
    Amount stable_unit_;  // 10^decimals.
    Amount volatile_unit_;
    Table<terra_market::MarketParameters> parameters_;  // Record 0,
    Table<terra_market::PoolDelta> delta_;              // and here,
    Table<terra_market::MarketTotals> totals_;          // and here.
};

}  // namespace runnel::contracts
