#include "contracts/kit/sectors/escrow.hpp"

#include "state/world.hpp"

namespace runnel::contracts
{

std::string_view to_string(EscrowMoveType type) noexcept
{
    switch (type)
    {
        case EscrowMoveType::open: return "open";
        case EscrowMoveType::ship: return "ship";
        case EscrowMoveType::deposit: return "deposit";
        case EscrowMoveType::dispute: return "dispute";
        case EscrowMoveType::release: return "release";
        case EscrowMoveType::refund: return "refund";
        case EscrowMoveType::returned: return "returned";
        case EscrowMoveType::fee: return "fee";
    }
    return "unknown";
}

std::string_view to_string(EscrowCause cause) noexcept
{
    switch (cause)
    {
        case EscrowCause::agreement: return "agreement";
        case EscrowCause::not_shipped: return "not_shipped";
        case EscrowCause::inspection_over: return "inspection_over";
        case EscrowCause::fee_unpaid: return "fee_unpaid";
        case EscrowCause::ruling: return "ruling";
        case EscrowCause::no_ruling: return "no_ruling";
    }
    return "unknown";
}

Escrow* find_escrow(const World& world, ContractId id)
{
    return dynamic_cast<Escrow*>(world.find_contract(id));
}

}  // namespace runnel::contracts
