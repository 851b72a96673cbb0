#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/kit/sectors/price_feed.hpp"
#include "contracts/kit/sectors/sector.hpp"

#include <string_view>

namespace runnel::contracts::morpho_blue
{

/// What a market asks for its price: of one smallest unit of collateral, in smallest units of the
/// loan token, times 1e36.
class Oracle
{
public:
    static constexpr std::string_view sector = "morpho_oracle";

    virtual ~Oracle() = default;

    [[nodiscard]] virtual Result<Amount> price(CallContext& context) const = 0;
    /// After the last block.
    [[nodiscard]] virtual Result<Amount> price() const = 0;
    virtual void declare_price(AccessCollector& access) const = 0;
    /// The contract whose prices it sees; no_contract: none.
    [[nodiscard]] virtual ContractId price_source() const noexcept { return no_contract; }
};

}  // namespace runnel::contracts::morpho_blue

namespace runnel::contracts
{

/// Prices one token in another by the two feeds of a price source, as a MorphoChainlinkOracleV2
/// with one base feed and one quote feed of 8 decimals does:
///
///     price = 10^(36 + loan decimals - collateral decimals) * base / quote     rounded down
///
/// through a 512-bit product. Errors: Panic(0x12) while the loan token has no price.
/// Source: morpho-org/morpho-blue-oracles, src/morpho-chainlink/MorphoChainlinkOracleV2.sol.
class MorphoChainlinkOracle : public ContractBase<MorphoChainlinkOracle>, public morpho_blue::Oracle
{
public:
    MorphoChainlinkOracle(ContractIdentity identity, ContractId price_source,
        ContractId collateral_token, ContractId loan_token);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;

    [[nodiscard]] Result<Amount> price(CallContext& context) const override;
    [[nodiscard]] Result<Amount> price() const override;
    void declare_price(AccessCollector& access) const override;
    [[nodiscard]] ContractId price_source() const noexcept override { return source_id_; }

private:
    [[nodiscard]] Result<Amount> quote(const Amount& base, const Amount& loan) const;

    ContractId source_id_;
    ContractId collateral_token_;
    ContractId loan_token_;
    const PriceSource* source_ = nullptr;
    Amount scale_;
};

}  // namespace runnel::contracts
