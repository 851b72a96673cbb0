#include "analytics/provision.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <limits>
#include <optional>
#include <tuple>

namespace runnel::analytics
{
namespace
{
constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();

/// Amounts of a pool's tokens, smallest units.
using Tokens = std::map<ContractId, double>;

/// What a share has earned and lost since the pool began; or what some shares have.
struct Earnings
{
    Tokens fees;
    double fees_usd = 0;  // At the prices of the trades, like the loss.
    double loss_usd = 0;

    /// Adds what @p shares got between @p before and @p now, both per share.
    void add(const Earnings& now, const Earnings& before, double shares)
    {
        for (const auto& [token, amount] : now.fees)
        {
            const auto known = before.fees.find(token);
            fees[token] += (amount - (known == before.fees.end() ? 0 : known->second)) * shares;
        }
        fees_usd += (now.fees_usd - before.fees_usd) * shares;
        loss_usd += (now.loss_usd - before.loss_usd) * shares;
    }
};

struct Position
{
    double shares = 0;
    Tokens deposited;
    Tokens put_in;  // Of that, less what was taken out.
    Earnings earned;
    Earnings settled;  // The pool's, per share, up to which `earned` goes.
};

struct Pool
{
    AccountId account{};
    double supply = 0;
    Tokens reserves;
    Earnings per_share;
    Earnings total;
    bool is_new = false;  // It had no shares before this block.
    bool priced = true;
    std::map<AccountId, Position> positions;
};

/// Reads trades and transfers of shares, transaction by transaction.
class Reader
{
public:
    explicit Reader(LedgerQueries& source) : source_{source}, market_{source} { load_pools(); }

    Provision read()
    {
        if (pools_.empty())
            return {};
        market_.advance(0);
        load_start();
        open_trades();
        while (const auto block = next_block())
            read_block(*block);
        market_.advance_to_end();
        take_reserves();
        return results();
    }

private:
    struct Rows
    {
        std::optional<storage::Statement> rows;
        std::optional<std::uint64_t> block;
        std::uint64_t transaction = 0;

        void next()
        {
            block.reset();
            if (!rows || !rows->step())
                return;
            block = rows->integer_up_to(0, integer_max);
            transaction = rows->integer_up_to(1, integer_max);
        }
    };

    void load_pools()
    {
        if (!source_.has("t_dex_shares") || !source_.has("t_dex_pools") ||
            !source_.has("t_dex_trades") || !source_.has("t_token_transfers"))
            return;
        auto rows = source_.query("SELECT DISTINCT contract_id, share_token_id FROM t_dex_shares");
        while (rows.step())
        {
            const auto pool = rows.contract(0);
            if (index(pool) >= source_.contracts().size())
                rows.fail(0, "the id of a contract");
            pools_[pool].account = source_.contracts()[index(pool)].account;
            pool_of_share_[rows.contract(1)] = pool;
        }
    }

    void load_start()
    {
        take_reserves();
        if (!source_.has("t_starting_balances"))
            return;
        auto rows = source_.query("SELECT token_id, account_id, balance FROM t_starting_balances");
        while (rows.step())
        {
            const auto share = pool_of_share_.find(rows.contract(0));
            if (share == pool_of_share_.end())
                continue;
            auto& pool = pools_.at(share->second);
            const auto shares = rows.amount(2).to_double();
            pool.positions[rows.account(1)].shares = shares;
            pool.supply += shares;
        }
        for (auto& [id, pool] : pools_)
            begin(pool);
    }

    void open_trades()
    {
        trades_.rows = source_.query(
            "SELECT block_number, transaction_index, contract_id, token_bought_id, token_sold_id, "
            "token_bought_amount_raw, token_sold_amount_raw, fee_token_id, fee_raw "
            "FROM t_dex_trades WHERE block_number > 0 ORDER BY rowid");
        std::vector<std::uint32_t> tokens;
        for (const auto& [token, pool] : pool_of_share_)
            tokens.push_back(index(token));
        transfers_.rows = source_.query(fmt::format(
            "SELECT block_number, transaction_index, contract_id, from_id, to_id, value "
            "FROM t_token_transfers WHERE block_number > 0 AND contract_id IN ({}) ORDER BY rowid",
            fmt::join(tokens, ", ")));
        trades_.next();
        transfers_.next();
    }

    [[nodiscard]] std::optional<std::uint64_t> next_block() const
    {
        if (!trades_.block || (transfers_.block && *transfers_.block < *trades_.block))
            return transfers_.block;
        return trades_.block;
    }

    void take_reserves()
    {
        for (const auto& [id, state] : market_.pools())
        {
            const auto pool = pools_.find(id);
            if (pool == pools_.end())
                continue;
            for (const auto& held : state.tokens)
                pool->second.reserves[held.token] = held.reserve.to_double();
        }
    }

    void read_block(std::uint64_t block)
    {
        market_.advance(block - 1);
        take_reserves();
        for (auto& [id, pool] : pools_)
            pool.is_new = !(pool.supply > 0);
        market_.advance(block);
        const auto due = [block](const Rows& rows) { return rows.block && *rows.block == block; };
        while (due(trades_) || due(transfers_))
        {
            if (due(trades_) && (!due(transfers_) || trades_.transaction <= transfers_.transaction))
                read_trade();
            else
                read_transfer();
        }
        take_reserves();
        for (auto& [id, pool] : pools_)
        {
            if (pool.is_new && pool.supply > 0)
                begin(pool);
        }
    }

    /// Of a pool's first shares: all that is in it was put in for them.
    static void begin(Pool& pool)
    {
        for (auto& [account, position] : pool.positions)
        {
            for (const auto& [token, reserve] : pool.reserves)
            {
                position.put_in[token] = reserve * position.shares / pool.supply;
                position.deposited[token] = position.put_in[token];
            }
        }
    }

    void read_trade()
    {
        const auto& rows = *trades_.rows;
        const auto found = pools_.find(rows.contract(2));
        if (found != pools_.end() && !found->second.is_new)
        {
            auto& pool = found->second;
            const auto bought = rows.contract(3);
            const auto sold = rows.contract(4);
            const auto fee_token = rows.contract(7);
            const auto fee = rows.amount(8);
            pool.reserves[bought] -= rows.amount(5).to_double();
            pool.reserves[sold] += rows.amount(6).to_double();
            const auto given = market_.usd(rows.amount(5), bought);
            const auto got = market_.usd(rows.amount(6), sold);
            const auto fee_usd = market_.usd(fee, fee_token);
            pool.priced = pool.priced && given && got && fee_usd;
            const auto earn = [&](Earnings& earned, double shares)
            {
                earned.fees[fee_token] += fee.to_double() / shares;
                earned.fees_usd += fee_usd.value_or(0) / shares;
                earned.loss_usd +=
                    (given.value_or(0) - got.value_or(0) + fee_usd.value_or(0)) / shares;
            };
            earn(pool.total, 1);
            earn(pool.per_share, pool.supply);
        }
        trades_.next();
    }

    static void settle(const Pool& pool, Position& position)
    {
        position.earned.add(pool.per_share, position.settled, position.shares);
        position.settled = pool.per_share;
    }

    void read_transfer()
    {
        const auto& rows = *transfers_.rows;
        auto& pool = pools_.at(pool_of_share_.at(rows.contract(2)));
        const auto payer = rows.account(3);
        const auto payee = rows.account(4);
        const auto shares = rows.amount(5).to_double();
        const auto part = pool.supply > 0 ? shares / pool.supply : 0;
        const auto move = [&](AccountId account, double sign)
        {
            auto& position = pool.positions[account];
            settle(pool, position);
            position.shares += sign * shares;
            for (const auto& [token, reserve] : pool.reserves)
            {
                position.put_in[token] += sign * part * reserve;
                if (sign > 0)
                    position.deposited[token] += part * reserve;
            }
        };
        // Shares come from account zero and go there; those that stay there are nobody's.
        const double made = (payer == zero_account ? 1 : 0) - (payee == zero_account ? 1 : 0);
        if (payer != zero_account)
            move(payer, -1);
        if (payee != zero_account || payer == zero_account)
            move(payee, 1);
        if (payer == zero_account && payee == zero_account)
            pool.supply += shares;
        pool.supply += made * shares;
        if (!pool.is_new)
        {
            for (auto& [token, reserve] : pool.reserves)
                reserve *= 1 + made * part;
        }
        transfers_.next();
    }

    /// USD at the last prices; empty if something has none.
    [[nodiscard]] std::optional<double> usd(const Tokens& tokens) const
    {
        double sum = 0;
        for (const auto& [token, amount] : tokens)
        {
            const auto* facts = source_.token(token);
            const auto price = market_.price(token);
            if (amount == 0)
                continue;
            if (facts == nullptr || !price)
                return std::nullopt;
            sum += amount / std::pow(10.0, facts->decimals) * *price;
        }
        return sum;
    }

    [[nodiscard]] Provision::Result result_of(
        const Earnings& earned, const Position& position, const Tokens& owned, bool priced) const
    {
        const auto deposited = usd(position.deposited);
        const auto held = usd(position.put_in);
        const auto worth = usd(owned);
        const auto fees = usd(earned.fees);
        return {deposited.value_or(0), held.value_or(0), worth.value_or(0), fees.value_or(0),
            earned.fees_usd, earned.loss_usd, priced && deposited && held && worth && fees};
    }

    [[nodiscard]] Provision results()
    {
        Provision provision;
        for (auto& [id, pool] : pools_)
        {
            auto& sum = provision.pools[id];
            for (auto& [account, position] : pool.positions)
            {
                settle(pool, position);
                // On their way back shares stop at the pool itself.
                if (account == zero_account || account == pool.account)
                    continue;
                Tokens owned;
                for (const auto& [token, reserve] : pool.reserves)
                    owned[token] = pool.supply > 0 ? reserve * position.shares / pool.supply : 0;
                const auto result = result_of(position.earned, position, owned, pool.priced);
                provision.accounts[{account, id}] = result;
                sum.add(result);
            }
            const auto total = result_of(pool.total, {}, {}, pool.priced);
            sum.fees = total.fees;
            sum.fees_then = total.fees_then;
            sum.loss_to_rebalancing = total.loss_to_rebalancing;
            sum.priced = sum.priced && total.priced;
        }
        return provision;
    }

    LedgerQueries& source_;
    Market market_;
    std::map<ContractId, Pool> pools_;
    std::map<ContractId, ContractId> pool_of_share_;
    Rows trades_;
    Rows transfers_;
};
}  // namespace

void Provision::Result::add(const Result& other) noexcept
{
    deposited += other.deposited;
    held += other.held;
    worth += other.worth;
    fees += other.fees;
    fees_then += other.fees_then;
    loss_to_rebalancing += other.loss_to_rebalancing;
    priced = priced && other.priced;
}

Provision make_provision(LedgerQueries& source)
{
    auto provision = Reader{source}.read();
    add_range_provision(source, provision);
    return provision;
}

}  // namespace runnel::analytics
