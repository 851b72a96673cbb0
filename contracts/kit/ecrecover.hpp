#pragma once

#include "ledger/amount.hpp"
#include "ledger/hash.hpp"

#include <cstdint>
#include <optional>

namespace runnel::contracts
{

/// The address that signed @p digest with secp256k1, as Ethereum's precompile 1 tells it: empty
/// where that returns nothing, which is a v other than 27 and 28, an r or s of 0 or not below the
/// curve's order, and an r that is no point's.
[[nodiscard]] std::optional<Address> ecrecover(
    const Hash& digest, std::uint8_t v, const Amount& r, const Amount& s);

}  // namespace runnel::contracts
