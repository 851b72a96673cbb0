#pragma once

#include "contracts/kit/contract_base.hpp"

#include <span>

namespace runnel::contracts
{

/// Every kind of contract a scenario may name, in the order of registration.
[[nodiscard]] std::span<const ContractType* const> contract_types();
/// The kind with this name; nullptr if there is none.
[[nodiscard]] const ContractType* find_contract_type(std::string_view kind);

}  // namespace runnel::contracts
