#include "analytics/provision.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <tuple>

namespace runnel::analytics
{
namespace
{
constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();

/// Of an exchange's first and second token, smallest units.
using Pair = std::array<double, 2>;

double root_price(std::int64_t tick)
{
    return std::exp(static_cast<double>(tick) / 2 * std::log(1.0001));
}

/// Liquidity of one account in one range, or what is left of it to account for.
struct Position
{
    AccountId provider{};
    double lower = 0;  // Square roots of prices.
    double upper = 0;
    double liquidity = 0;
    Pair deposited{};
    Pair withdrawn{};  // Owed since then.
    Pair paid_out{};
    Pair owed_first{};    // Beside the liquidity, at block 0,
    Pair owed{};          // and at the end.
    Pair left{};          // What the liquidity is at the end.
    double fees_usd = 0;  // At the prices of the trades, like the loss.
    double loss_usd = 0;

    [[nodiscard]] bool covers(double from, double to) const
    {
        return lower <= std::min(from, to) * (1 + 1e-12) &&
               upper >= std::max(from, to) * (1 - 1e-12);
    }
};

struct Pool
{
    std::array<ContractId, 2> tokens{};
    double root = 0;  // Of the price, smallest units of the second token for one of the first.
    bool priced = true;
    std::map<std::tuple<AccountId, std::int64_t, std::int64_t>, Position> positions;
    std::map<double, double> net;  // Liquidity that comes in range when the price rises through.
};

/// A stretch of a trade within which liquidity is the same.
struct Step
{
    double from = 0;  // Square roots of prices.
    double to = 0;
    double liquidity = 0;
    Pair paid_in{};  // Into the pool, fees left out; negative: out of it.
};

/// Walks from @p pool 's price until @p amount_out of a token has come out.
std::vector<Step> walk(const Pool& pool, bool sells_first, double amount_out)
{
    std::vector<Step> steps;
    double liquidity = 0;  // Where the price is; at a border: on the side to which it goes.
    for (const auto& [root, net] : pool.net)
    {
        if (sells_first ? root < pool.root : root <= pool.root)
            liquidity += net;
    }
    auto border = sells_first ? pool.net.lower_bound(pool.root) : pool.net.upper_bound(pool.root);
    double at = pool.root;
    while (amount_out > 0)
    {
        if (sells_first ? border == pool.net.begin() : border == pool.net.end())
            break;
        if (sells_first)
            --border;
        const auto until = border->first;
        const auto out_of = [&](double to)
        { return sells_first ? liquidity * (at - to) : liquidity * (1 / at - 1 / to); };
        const auto available = liquidity > 0 ? out_of(until) : 0;
        auto to = until;
        if (amount_out < available)
            to = sells_first ? at - amount_out / liquidity : 1 / (1 / at - amount_out / liquidity);
        if (liquidity > 0 && to != at)
        {
            steps.push_back(
                {at, to, liquidity, {liquidity * (1 / to - 1 / at), liquidity * (to - at)}});
        }
        amount_out -= std::min(amount_out, available);
        at = to;
        if (!(amount_out > 0))
            break;
        liquidity += sells_first ? -border->second : border->second;
        if (!sells_first)
            ++border;
    }
    return steps;
}

/// Reads trades and changes of ranges, in the order of the chain.
class RangeReader
{
public:
    explicit RangeReader(LedgerQueries& source) : source_{source}, market_{source} {}

    void read(Provision& provision)
    {
        market_.advance(0);
        load_start();
        changes_.rows = source_.query(
            "SELECT block_number, event_index, contract_id, transaction_type, provider_id, "
            "tick_lower, tick_upper, liquidity, token0_id, token1_id, amount0_raw, amount1_raw "
            "FROM t_dex_range_changes WHERE block_number > 0 ORDER BY block_number, event_index");
        trades_.rows = source_.query(
            "SELECT block_number, event_index, contract_id, token_bought_id, token_sold_id, "
            "token_bought_amount_raw, fee_token_id, fee_raw "
            "FROM t_dex_trades WHERE block_number > 0 ORDER BY block_number, event_index");
        changes_.next();
        trades_.next();
        while (changes_.at || trades_.at)
        {
            const auto block = std::min(block_of(changes_), block_of(trades_));
            market_.advance(block);
            while (block_of(changes_) == block || block_of(trades_) == block)
            {
                if (changes_.at && (!trades_.at || *changes_.at < *trades_.at))
                    read_change();
                else
                    read_trade();
            }
            take_prices();
        }
        market_.advance_to_end();
        load_end();
        add_results(provision);
    }

private:
    struct Rows
    {
        std::optional<storage::Statement> rows;
        std::optional<std::pair<std::uint64_t, std::uint64_t>> at;  // Block, event.

        void next()
        {
            at.reset();
            if (rows->step())
            {
                at = {rows->integer_up_to(0, integer_max), rows->integer_up_to(1, integer_max)};
            }
        }
    };
    [[nodiscard]] static std::uint64_t block_of(const Rows& rows)
    {
        return rows.at ? rows.at->first : integer_max;
    }

    void read_ranges(std::uint64_t block, bool is_start)
    {
        auto rows = source_.query(
            "SELECT contract_id, provider_id, tick_lower, tick_upper, liquidity, token0_id, "
            "token1_id, amount0_raw, amount1_raw, owed0_raw, owed1_raw FROM t_dex_ranges "
            "WHERE block_number = " +
            std::to_string(block) + " ORDER BY rowid");
        while (rows.step())
        {
            auto& pool = pools_[rows.contract(0)];
            pool.tokens = {rows.contract(5), rows.contract(6)};
            auto& position = position_of(pool, rows.account(1), rows.integer(2), rows.integer(3));
            const Pair amounts{rows.amount(7).to_double(), rows.amount(8).to_double()};
            const Pair owed{rows.amount(9).to_double(), rows.amount(10).to_double()};
            for (std::size_t side = 0; side < 2; ++side)
            {
                if (is_start)
                {
                    position.deposited[side] += amounts[side] + owed[side];
                    position.owed_first[side] += owed[side];
                }
                else
                {
                    position.left[side] += amounts[side];
                    position.owed[side] += owed[side];
                }
            }
            if (is_start)
                change_liquidity(pool, position, rows.amount(4).to_double());
        }
    }
    void load_start()
    {
        read_ranges(0, true);
        take_prices();
    }
    void load_end() { read_ranges(source_.last_block(), false); }

    static Position& position_of(
        Pool& pool, AccountId provider, std::int64_t lower, std::int64_t upper)
    {
        auto& position = pool.positions[{provider, lower, upper}];
        position.provider = provider;
        position.lower = root_price(lower);
        position.upper = root_price(upper);
        return position;
    }
    static void change_liquidity(Pool& pool, Position& position, double change)
    {
        position.liquidity += change;
        pool.net[position.lower] += change;
        pool.net[position.upper] -= change;
    }

    /// The price as it is recorded after a block.
    void take_prices()
    {
        for (auto& [id, pool] : pools_)
        {
            const auto state = market_.pools().find(id);
            if (state == market_.pools().end() || state->second.tokens.size() != 2)
                continue;
            if (const auto price = state->second.tokens[1].spot_price; price > 0)
                pool.root = 1 / std::sqrt(price);
        }
    }

    void read_change()
    {
        const auto& rows = *changes_.rows;
        auto& pool = pools_[rows.contract(2)];
        pool.tokens = {rows.contract(8), rows.contract(9)};
        if (!(pool.root > 0))
            take_prices();  // Of a pool that has just begun: as after this block.
        auto& position = position_of(pool, rows.account(4), rows.integer(5), rows.integer(6));
        const auto type = rows.text(3);
        const auto liquidity = rows.amount(7).to_double();
        const Pair amounts{rows.amount(10).to_double(), rows.amount(11).to_double()};
        const auto add_to = [&amounts](Pair& sum)
        {
            sum[0] += amounts[0];
            sum[1] += amounts[1];
        };
        if (type == "deposit")
        {
            change_liquidity(pool, position, liquidity);
            add_to(position.deposited);
        }
        else if (type == "withdrawal")
        {
            change_liquidity(pool, position, -liquidity);
            add_to(position.withdrawn);
        }
        else if (type == "payout")
            add_to(position.paid_out);
        else
            rows.fail(3, "a kind of change");
        changes_.next();
    }

    void read_trade()
    {
        const auto& rows = *trades_.rows;
        const auto found = pools_.find(rows.contract(2));
        if (found != pools_.end() && found->second.root > 0)
        {
            auto& pool = found->second;
            const bool sells_first = rows.contract(4) == pool.tokens[0];
            const auto fee = market_.usd(rows.amount(7), rows.contract(6));
            const std::array prices{unit_usd(pool.tokens[0]), unit_usd(pool.tokens[1])};
            pool.priced = pool.priced && fee && prices[0] && prices[1];
            const auto steps = walk(pool, sells_first, rows.amount(5).to_double());
            double paid_in = 0;
            for (const auto& step : steps)
                paid_in += step.paid_in[sells_first ? 0 : 1];
            for (const auto& step : steps)
            {
                const auto fee_usd = fee.value_or(0) * step.paid_in[sells_first ? 0 : 1] / paid_in;
                // What traders took, worth what it was outside.
                const auto loss_usd = -(step.paid_in[0] * prices[0].value_or(0) +
                                        step.paid_in[1] * prices[1].value_or(0));
                for (auto& [key, position] : pool.positions)
                {
                    if (!(position.liquidity > 0) || !position.covers(step.from, step.to))
                        continue;
                    const auto share = position.liquidity / step.liquidity;
                    position.fees_usd += fee_usd * share;
                    position.loss_usd += loss_usd * share;
                }
            }
            if (!steps.empty())
                pool.root = steps.back().to;
        }
        trades_.next();
    }

    /// USD per smallest unit.
    [[nodiscard]] std::optional<double> unit_usd(ContractId token) const
    {
        const auto* facts = source_.token(token);
        const auto price = market_.price(token);
        if (facts == nullptr || !price)
            return std::nullopt;
        return *price / std::pow(10.0, facts->decimals);
    }

    void add_results(Provision& provision) const
    {
        for (const auto& [id, pool] : pools_)
        {
            const std::array prices{unit_usd(pool.tokens[0]), unit_usd(pool.tokens[1])};
            const auto usd = [&](auto&& amount_of)
            {
                double sum = 0;
                for (std::size_t side = 0; side < 2; ++side)
                    sum += amount_of(side) * prices[side].value_or(0);
                return sum;
            };
            auto& all = provision.pools[id];
            for (const auto& [key, position] : pool.positions)
            {
                Provision::Result result;
                const auto& p = position;
                result.deposited = usd([&](auto side) { return p.deposited[side]; });
                result.held = usd([&](auto side) { return p.deposited[side] - p.paid_out[side]; });
                result.worth = usd([&](auto side) { return p.left[side] + p.owed[side]; });
                result.fees = usd(
                    [&](auto side) {
                        return p.paid_out[side] + p.owed[side] - p.owed_first[side] -
                               p.withdrawn[side];
                    });
                result.fees_then = position.fees_usd;
                result.loss_to_rebalancing = position.loss_usd;
                result.priced = pool.priced && prices[0] && prices[1];
                provision.accounts[{position.provider, id}].add(result);
                all.add(result);
            }
        }
    }

    LedgerQueries& source_;
    Market market_;
    std::map<ContractId, Pool> pools_;
    Rows changes_;
    Rows trades_;
};
}  // namespace

void add_range_provision(LedgerQueries& source, Provision& provision)
{
    if (source.has("t_dex_ranges") && source.has("t_dex_range_changes") &&
        source.has("t_dex_trades") && source.has("t_dex_pools"))
        RangeReader{source}.read(provision);
}

}  // namespace runnel::analytics
