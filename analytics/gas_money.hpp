#pragma once

#include "analytics/totals.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace runnel::analytics
{

/// Of one account, and with a sign.
__extension__ using Wei = __int128;

/// Follows what accounts hold of the native coin, and says who runs out of money for gas: who holds
/// less, after a block, than the gas limit of the transaction that he sent last times its maximal
/// fee, so that the chain would refuse the same again.
class GasMoney
{
public:
    explicit GasMoney(LedgerQueries& source);

    /// The next transaction of the chain, what its gas cost, and what its sender had to have: wei.
    void sent(std::uint64_t block, AccountId sender, const Amount& cost, const Amount& needed);
    /// By group, after the last transaction.
    [[nodiscard]] std::vector<TransactionTotals::GasMoney> end();
    /// What each account holds then, tips left out: wei.
    [[nodiscard]] std::vector<SignedAmount> balances() const;

private:
    /// Rows of payments, and the block of the one it stands on.
    struct Payments
    {
        storage::Statement rows;
        std::optional<std::uint64_t> block;

        void next();
    };
    struct Account
    {
        Wei balance = 0;
        Wei needed = 0;  // For the last transaction.
        bool has_sent = false;
        bool is_out = false;
        bool was_out = false;
    };

    void add_payments(const char* sql);
    void close_block();
    void pay(AccountId account, Wei amount);
    void look_at(AccountId account);

    LedgerQueries& source_;
    std::vector<Account> accounts_;
    std::vector<Payments> payments_;
    std::vector<AccountId> touched_;
    std::uint64_t block_ = 0;
    std::vector<TransactionTotals::GasMoney> groups_;
};

}  // namespace runnel::analytics
