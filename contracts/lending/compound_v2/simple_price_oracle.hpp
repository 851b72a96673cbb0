#pragma once

#include "contracts/kit/contract_base.hpp"

#include <string>
#include <utility>
#include <vector>

namespace runnel::contracts
{

namespace compound_v2
{

/// Says what an underlying token is worth.
struct SetDirectPrice
{
    RUNNEL_CALL("setDirectPrice", 0, 32'000);
    ContractId asset{};
    Amount price;  // 1e-18 USD per 10^18 smallest units: 1e(36 - decimals) for a dollar.
    RUNNEL_FIELDS(asset, (price, other("1e-18 USD per 1e18 units")));
};

}  // namespace compound_v2

/// Prices with all the digits that Compound takes, as somebody posts them. A market that is to see
/// prices by token in USD asks any price source instead; this one has eight digits more.
///
/// Errors: `SimplePriceOracle: caller is not the poster`, `SimplePriceOracle: unknown token`.
/// Source: compound-finance/compound-protocol, contracts/SimplePriceOracle.sol, to which anybody
/// may post; the poster is ours.
class CompoundV2SimplePriceOracle
  : public ContractBase<CompoundV2SimplePriceOracle, compound_v2::SetDirectPrice>
{
public:
    /// @param poster   Name of the account, found by connect() or made by genesis().
    /// @param initial  Prices before the first call.
    CompoundV2SimplePriceOracle(ContractIdentity identity, std::string poster,
        const std::vector<std::pair<ContractId, Amount>>& initial);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }
    void connect(World& world) override;
    void genesis(const Parameters& parameters, GenesisBuilder& builder) override;

    /// By index(underlying).
    [[nodiscard]] const Table<Amount>& prices() const noexcept { return prices_; }

    using ContractBase::declare;
    using ContractBase::execute;
    void declare(const compound_v2::SetDirectPrice&, AccountId, AccessCollector&) const;
    Result<Returns> execute(const compound_v2::SetDirectPrice& call, CallContext& context);

private:
    std::string poster_name_;
    AccountId poster_{};
    Table<Amount> prices_;
};

}  // namespace runnel::contracts
