#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/lending/morpho_blue/gas.hpp"
#include "contracts/lending/morpho_blue/irm.hpp"

#include <array>

namespace runnel::contracts::morpho_blue
{

/// Sets a market's rate, once and for ever. Anybody may, also before the market is created.
struct SetBorrowRate
{
    RUNNEL_CALL("setBorrowRate", 0, {25'800, 2'500});

    Amount market;
    Amount new_borrow_rate;
    RUNNEL_FIELDS(market, (new_borrow_rate, other("wad per second")));
};

struct SetBorrowRateLog
{
    static constexpr std::string_view table = "morpho_blue_fixed_rates";
    static constexpr std::string_view signature = "SetBorrowRate(bytes32 indexed,uint256)";
    static constexpr std::array<std::string_view, 2> meanings{
        "The market's id.", "Its rate for ever."};

    Amount market;
    Amount new_borrow_rate;
    RUNNEL_FIELDS(market, (new_borrow_rate, other("wad per second")));
};

}  // namespace runnel::contracts::morpho_blue

namespace runnel::contracts
{

/// A rate for each market that never changes.
/// Errors of setBorrowRate: `rate set`, `rate zero`, `rate too high` above 800 % a year; of a
/// market without a rate: `rate not set`.
/// Source: morpho-org/morpho-blue-irm @ a1a87fd5, src/fixed-rate-irm/FixedRateIrm.sol.
class MorphoFixedRateIrm : public ContractBase<MorphoFixedRateIrm, morpho_blue::SetBorrowRate>,
                           public morpho_blue::InterestRateModel
{
public:
    explicit MorphoFixedRateIrm(ContractIdentity identity);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }

    Result<Amount> borrow_rate(CallContext& context, const morpho_blue::MarketRef& market) override;
    [[nodiscard]] Result<Amount> borrow_rate_view(
        CallContext& context, const morpho_blue::MarketRef& market) const override;
    [[nodiscard]] Result<Amount> borrow_rate_view(
        const morpho_blue::MarketRef& market, std::uint64_t now) const override;
    void declare_borrow_rate(
        AccessCollector& access, const morpho_blue::MarketRef& market) const override;
    [[nodiscard]] std::uint64_t gas_saved() const noexcept override
    {
        return morpho_blue::gas::fixed_rate_saves;
    }

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(
        const morpho_blue::SetBorrowRate& call, AccountId sender, AccessCollector& access) const;
    Result<Returns> execute(const morpho_blue::SetBorrowRate& call, CallContext& context);

private:
    KeyedTable<Amount, Amount> rates_;  // By the market's id.
};

}  // namespace runnel::contracts
