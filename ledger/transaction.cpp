#include "ledger/transaction.hpp"

#include <algorithm>

namespace runnel
{

void Transaction::seal()
{
    // Hashed as a Merkle leaf, so that the transactions' root needs no second hash of each.
    thread_local Bytes encoding;
    encoding.clear();
    encode(*this, encoding);
    Encoder{encoding}.put_raw(call_list());
    hash = merkle_leaf(encoding);
}

std::uint64_t Transaction::effective_gas_price(std::uint64_t base_fee) const noexcept
{
    const auto tip = std::min(max_priority_fee, max_fee > base_fee ? max_fee - base_fee : 0);
    return base_fee + tip;
}

}  // namespace runnel
