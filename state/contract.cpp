#include "state/contract.hpp"

namespace runnel
{

Contract::~Contract() = default;

std::string_view to_string(ContractRole role) noexcept
{
    switch (role)
    {
        case ContractRole::ledger: return "ledger";
        case ContractRole::dex: return "dex";
        case ContractRole::lending: return "lending";
        case ContractRole::oracle: return "oracle";
    }
    return "unknown";
}

}  // namespace runnel
