#pragma once

#include "contracts/kit/sectors/wrapped_coin.hpp"
#include "strategies/api/strategy.hpp"

namespace runnel::strategies
{

/// Native coins for gas: who earns in wrapped coins unwraps some before he runs dry.
class GasMoney
{
public:
    /// Of its transactions.
    static constexpr std::uint64_t tag = ~std::uint64_t{0} - 1;

    /// Reads "coin" and "gas_money".
    GasMoney(const Parameters& parameters, const World& world);

    /// Sends a transaction that unwraps what is missing to "gas_money", once less than a quarter of
    /// that is left. False if there is no need, nothing to unwrap, or no way to do so.
    bool refill(WalletContext& wallet) const;

private:
    ContractId coin_;
    const contracts::WrappedCoin* wrapped_ = nullptr;
    Amount kept_;
};

[[nodiscard]] ParameterSpec gas_money_parameter();

}  // namespace runnel::strategies
