#pragma once

#include "strategies/api/strategy.hpp"

namespace runnel::actors
{

/// What became of one transaction, addressed to its sender.
struct AddressedOutcome
{
    AccountId sender{};
    TransactionOutcome outcome;
};

}  // namespace runnel::actors
