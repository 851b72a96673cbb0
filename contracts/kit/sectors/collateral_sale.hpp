#pragma once

#include "contracts/kit/sectors/sector.hpp"
#include "execution/context.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace runnel::contracts
{

/// A protocol that has taken over what secured bad debts and sells it to anybody, at a price of its
/// own: what strategies may know of that, whatever the protocol.
///
/// Views are of the state after the last block, and of the time that they are asked for, in unix
/// seconds. Amounts are in the token's smallest unit.
class CollateralSale
{
public:
    static constexpr std::string_view sector = "collateral_sale";

    virtual ~CollateralSale() = default;

    /// What is paid, and by allowance to whom.
    [[nodiscard]] virtual ContractId payment_token() const noexcept = 0;
    [[nodiscard]] virtual AccountId payee() const noexcept = 0;
    /// What may be for sale at some time, each once, in a fixed order.
    [[nodiscard]] virtual std::vector<ContractId> sale_tokens() const = 0;

    /// What can be bought of a token now; 0: nothing, or nothing is sold now.
    [[nodiscard]] virtual Amount for_sale(ContractId token, std::uint64_t at) const = 0;
    /// The most that buys no more than @p amount; 0 if prices do not tell.
    [[nodiscard]] virtual Amount sale_price(ContractId token, const Amount& amount) const = 0;
    /// What @p payment buys now, to the last unit; empty if the purchase would be refused (the
    /// buyer's own funds apart).
    [[nodiscard]] virtual std::optional<Amount> quote_purchase(
        ContractId token, const Amount& payment, std::uint64_t at) const = 0;

    [[nodiscard]] virtual CallGas purchase_gas() const noexcept = 0;
    /// Adds the call that buys for exactly @p payment, or is refused if that buys less than
    /// @p amount_min. What is bought is the sender's.
    virtual void add_purchase(CallWriter& calls, ContractId token, const Amount& payment,
        const Amount& amount_min, AccountId buyer) const = 0;
};

}  // namespace runnel::contracts
