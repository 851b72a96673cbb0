#pragma once

#include "contracts/kit/sectors/sector.hpp"
#include "ledger/call.hpp"
#include "ledger/ids.hpp"

#include <string_view>

namespace runnel::contracts
{

/// Another face of a market that pays what is withdrawn of a token that wraps native coins in those
/// coins, if one likes: it calls whom it pays, who may then do as he pleases.
class CoinWithdrawal
{
public:
    static constexpr std::string_view sector = "coin_withdrawal";

    virtual ~CoinWithdrawal() = default;

    /// The token; no_contract: the market has none that wraps coins.
    [[nodiscard]] virtual ContractId wrapped() const noexcept = 0;
    /// Without what the receiver's own calls cost.
    [[nodiscard]] virtual CallGas coin_withdrawal_gas() const noexcept = 0;
    /// Adds the call that pays the sender what he has supplied.
    virtual void add_coin_withdrawal(CallWriter& calls, const Amount& amount) const = 0;
};

}  // namespace runnel::contracts
