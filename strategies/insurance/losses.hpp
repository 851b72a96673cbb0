#pragma once

#include "contracts/kit/sectors/insurance.hpp"
#include "strategies/api/strategy.hpp"

#include <optional>

/// What the strategies around insurance share.
namespace runnel::strategies
{

/// The share of what was put into a lending market's reserve that is lost, as anybody can work it
/// out who looks at every borrower: debt beyond what secures it, and what was written off. Empty
/// of what is no lending market: who looks cannot tell.
[[nodiscard]] std::optional<double> visible_loss(
    const WorldView& view, const contracts::CoverProduct& product);

/// What an account has put into what a product covers, in whole covered tokens.
[[nodiscard]] double exposure_of(
    const WorldView& view, const contracts::CoverProduct& product, AccountId account);

/// Whole tokens of @p asset for one of @p token, as the world outside quotes them; 1 if either has
/// no price.
[[nodiscard]] double assets_per_token(const WorldView& view, ContractId token, ContractId asset);

}  // namespace runnel::strategies
