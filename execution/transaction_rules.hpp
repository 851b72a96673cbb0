#pragma once

#include "execution/context.hpp"
#include "state/world.hpp"

#include <cstdint>
#include <optional>

namespace runnel
{

/// What becomes of one transaction, whoever runs it and when: whether it may be in its block, what
/// its calls do, what it pays and which nonce it uses up. Knows no other transaction.
class TransactionRules
{
public:
    /// @param scope      Of this transaction; what is touched beside calls is touched through it.
    /// @param gas_price  Wei per gas that it pays; 0 without fees.
    /// @param has_fees   Else neither fee nor nonce matter: block 0, replays of recordings.
    TransactionRules(World& world, TransactionScope& scope, const Transaction& transaction,
        std::uint64_t gas_price, bool has_fees) noexcept
      : world_{world},
        scope_{scope},
        transaction_{transaction},
        gas_price_{gas_price},
        has_fees_{has_fees}
    {}

    /// Buys the gas and runs the calls; returns what the last one returned.
    /// Errors: wrong nonce and insufficient funds for gas (it is not includable), out of gas,
    /// malformed addresses if @p is_malformed, no such record, and whatever the calls refuse.
    [[nodiscard]] Result<Returns> run(bool is_malformed);

    struct Settlement
    {
        ReceiptStatus status = ReceiptStatus::reverted;
        std::uint64_t gas_used = 0;
        std::optional<Refusal> refusal;  // If reverted.
    };
    /// Undoes what a refused transaction did, and takes the fee and the nonce. After run(), unless
    /// the scope was stopped.
    [[nodiscard]] Settlement settle(const Result<Returns>& result);

private:
    World& world_;
    TransactionScope& scope_;
    const Transaction& transaction_;
    Amount gas_price_;
    bool has_fees_;
    /// Not, if its nonce is not the next one or its sender cannot pay its maximal fee: another
    /// transaction of the block may have spent what the mempool counted on. On mainnet a builder
    /// leaves it out; here it stands in the block, costs nothing and uses up no nonce.
    bool is_includable_ = false;
};

}  // namespace runnel
