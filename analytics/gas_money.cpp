#include "analytics/gas_money.hpp"

#include <algorithm>
#include <limits>

namespace runnel::analytics
{
namespace
{
constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();

// Far above what there can be of a native coin: damaged rows must not overflow sums.
constexpr unsigned bits_max = 120;
constexpr Wei wei_max = Wei{1} << bits_max;

Wei wei(const Amount& amount)
{
    return static_cast<Wei>(std::min(amount, Amount::power_of_two(bits_max)).low128());
}
}  // namespace

void GasMoney::Payments::next()
{
    block.reset();
    if (rows.step())
        block = rows.integer_up_to(0, integer_max);
}

GasMoney::GasMoney(LedgerQueries& source)
  : source_{source}, accounts_(source.account_count()), groups_(source.groups().size())
{
    if (source.has("t_starting_balances"))
    {
        auto rows =
            source.query("SELECT account_id, balance FROM t_starting_balances WHERE token_id = 0");
        while (rows.step())
            pay(rows.account(0), wei(rows.amount(1)));
    }
    touched_.clear();
    if (source.has("t_native_transfers"))
    {
        add_payments(
            "SELECT block_number, from_id, to_id, value FROM t_native_transfers "
            "WHERE block_number > 0 ORDER BY rowid");
    }
    add_payments(
        "SELECT block_number, 0, account_id, amount FROM t_rewards WHERE block_number > 0 "
        "ORDER BY rowid");
    add_payments(
        "SELECT s.block_number, CASE kind WHEN 'staked' THEN 0 ELSE d.id END, CASE kind WHEN "
        "'staked' THEN d.id WHEN 'burnt' THEN 0 ELSE account_id END, amount FROM t_stake_changes s "
        "JOIN t_addresses d ON d.name = CASE kind WHEN 'fees' THEN 'fee_pool' ELSE 'deposits' END "
        "WHERE s.block_number > 0 ORDER BY s.rowid");
}

void GasMoney::add_payments(const char* sql)
{
    payments_.push_back({source_.query(sql), std::nullopt});
    payments_.back().next();
}

void GasMoney::pay(AccountId account, Wei amount)
{
    static_cast<void>(source_.group_of(account));  // Throws if there is no such account.
    auto& balance = accounts_[index(account)].balance;
    balance = std::clamp(balance + amount, -wei_max, wei_max);
    touched_.push_back(account);
}

void GasMoney::sent(std::uint64_t block, AccountId sender, const Amount& cost, const Amount& needed)
{
    if (block != block_)
        close_block();
    block_ = block;
    pay(sender, -wei(cost));
    accounts_[index(sender)].needed = wei(needed);
    accounts_[index(sender)].has_sent = true;
}

void GasMoney::look_at(AccountId id)
{
    auto& account = accounts_[index(id)];
    if (!account.has_sent)
        return;
    account.is_out = account.balance < account.needed;
    if (!account.is_out || account.was_out)
        return;
    account.was_out = true;
    auto& group = groups_[source_.group_of(id)];
    if (group.ran_out++ == 0)
        group.first_block = block_;
}

void GasMoney::close_block()
{
    for (auto& payments : payments_)
    {
        for (; payments.block && *payments.block <= block_; payments.next())
        {
            const auto amount = wei(payments.rows.amount(3));
            pay(payments.rows.account(1), -amount);
            pay(payments.rows.account(2), amount);
        }
    }
    for (const auto account : touched_)
        look_at(account);
    touched_.clear();
}

std::vector<TransactionTotals::GasMoney> GasMoney::end()
{
    close_block();
    block_ = source_.last_block();
    close_block();
    for (std::size_t i = 0; i < accounts_.size(); ++i)
    {
        const AccountId account{static_cast<std::uint32_t>(i)};
        groups_[source_.group_of(account)].out_at_end += accounts_[i].is_out ? 1 : 0;
        groups_[source_.group_of(account)].senders += accounts_[i].has_sent ? 1 : 0;
    }
    return std::move(groups_);
}

std::vector<SignedAmount> GasMoney::balances() const
{
    std::vector<SignedAmount> balances;
    balances.reserve(accounts_.size());
    for (const auto& account : accounts_)
    {
        const bool is_debt = account.balance < 0;
        const auto size = Amount::from_uint128(
            static_cast<uint128>(is_debt ? -account.balance : account.balance));
        auto& balance = balances.emplace_back();
        if (is_debt)
            balance.subtract(size);
        else
            balance.add(size);
    }
    return balances;
}

}  // namespace runnel::analytics
