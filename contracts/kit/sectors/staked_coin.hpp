#pragma once

#include "contracts/kit/sectors/sector.hpp"
#include "execution/context.hpp"

#include <string_view>

namespace runnel::contracts
{

/// A token for native coins that are staked: anybody stakes coins for more of it, at a rate that
/// rewards make better for its holders by and by. What strategies may know of that, whatever the
/// protocol.
///
/// Views are of the state after the last block. The contract is the Token.
class StakedCoin
{
public:
    static constexpr std::string_view sector = "staked_coin";

    virtual ~StakedCoin() = default;

    /// Tokens, in smallest units, for so many wei now. Errors: what staking would be refused for.
    [[nodiscard]] virtual Result<Amount> quote_stake(const Amount& coins) const = 0;

    [[nodiscard]] virtual CallGas stake_gas() const noexcept = 0;
    /// Adds the call that stakes the sender's coins; the tokens are his.
    virtual void add_stake(CallWriter& calls, const Amount& coins) const = 0;
};

}  // namespace runnel::contracts
