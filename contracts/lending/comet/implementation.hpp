#pragma once

#include "contracts/kit/contract_base.hpp"
#include "contracts/lending/comet/comet.hpp"

namespace runnel::contracts
{

/// Code that a Comet may be upgraded to: its constants are the terms that count from then on. On
/// Ethereum governance lets a factory deploy it from what the configurator holds; here a scenario
/// lists it. It has no calls of its own, and holds nothing.
class CometImplementation : public ContractBase<CometImplementation>
{
public:
    CometImplementation(ContractIdentity identity, comet::Terms terms);

    [[nodiscard]] static const ContractType& contract_type();
    [[nodiscard]] const ContractType& type() const override { return contract_type(); }

    [[nodiscard]] const comet::Terms& terms() const noexcept { return terms_; }
    /// Whether records of a Comet with @p terms mean the same to it.
    [[nodiscard]] bool fits(const comet::Terms& terms) const;

private:
    comet::Terms terms_;
};

/// For ids from calls: nullptr if it is none.
[[nodiscard]] const CometImplementation* find_implementation(const World& world, ContractId id);

}  // namespace runnel::contracts
