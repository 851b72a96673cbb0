#include "analytics/tracing/ledger_movements.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

namespace runnel::analytics::tracing
{
namespace
{
constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t after_transactions = std::numeric_limits<std::uint64_t>::max();
/// Of one transaction. Blocks have no gas for as many; what is done with them takes their square.
constexpr std::size_t movements_max = 20'000;

Amount product(std::uint64_t a, std::uint64_t b) noexcept
{
    return Amount::from_uint128(static_cast<uint128>(a) * b);
}
}  // namespace

LedgerMovements::LedgerMovements(
    LedgerQueries& source, Direction direction, std::uint64_t last_block)
  : source_{source},
    direction_{direction},
    last_block_{last_block},
    blocks_{source.query("SELECT base_fee, proposer_id FROM t_blocks WHERE number = ?")}
{
    const std::string_view movement = "contract_id, from_id, to_id, value";
    add(Content::native, "t_native_transfers", movement);
    add(Content::token, "t_token_transfers", "contract_id, from_id, to_id, value, log_index");
    add(Content::wrapped, "t_weth9_deposits", "contract_id, 0, dst_id, wad, log_index");
    add(Content::unwrapped, "t_weth9_withdrawals", "contract_id, src_id, 0, wad, log_index");
    add(Content::supply, "t_lending_supply",
        "contract_id, transaction_type, token_id, depositor_id, on_behalf_of_id, amount_raw");
    add(Content::borrow, "t_lending_borrow",
        "contract_id, transaction_type, token_id, on_behalf_of_id, amount_raw");
    add(Content::debt, "t_debt_changes",
        "contract_id, account_id, debt_token_id, drawn_raw, repaid_raw");
    add(Content::fill, "t_dex_fills",
        "contract_id, side, maker_id, taker_id, base_token_id, quote_token_id, base_amount_raw, "
        "quote_amount_raw, maker_fee_raw, taker_fee_raw");
    add(Content::farm, "t_farm_moves",
        "contract_id, transaction_type, account_id, token_id, amount_raw");
    add(Content::escrow, "t_escrow_moves",
        "contract_id, transaction_type, account_id, buyer_id, token_id, amount_raw");
    add(Content::fee, "t_transactions", "from_id, receipt_gas_used, receipt_effective_gas_price");
    add(Content::reward, "t_rewards", "account_id, amount");
}

void LedgerMovements::add(Content content, std::string_view table, std::string_view columns)
{
    if (!source_.has(table))
        return;
    const bool backwards = direction_ == Direction::backward;
    // What is beyond the last block is no part of a chain: without a bound it is found out.
    const auto bound = last_block_ < source_.last_block()
                           ? fmt::format(" AND block_number <= {}", last_block_)
                           : std::string{};
    rows_.push_back({content,
        source_.query(fmt::format(
            "SELECT block_number, {}, {} FROM {} WHERE block_number > 0{} ORDER BY rowid{}",
            content == Content::reward ? "0" : "transaction_index", columns, table, bound,
            backwards ? " DESC" : "")),
        backwards ? Key{after_transactions, after_transactions} : Key{}, false});
    advance(rows_.back());
}

void LedgerMovements::advance(Rows& rows)
{
    auto& row = rows.statement;
    if (!row.step())
    {
        rows.is_done = true;
        return;
    }
    const Key key{row.integer_up_to(0, integer_max),
        rows.content == Content::reward ? after_transactions : row.integer_up_to(1, integer_max)};
    if (direction_ == Direction::forward ? key < rows.key : key > rows.key)
        row.fail(0, "rows in the order of the chain");
    rows.key = key;
}

AccountId LedgerMovements::account(const storage::Statement& row, int column) const
{
    const auto id = row.account(column);
    if (index(id) >= source_.account_count())
        row.fail(column, "the id of an account");
    return id;
}

ContractId LedgerMovements::contract(const storage::Statement& row, int column) const
{
    const auto id = row.contract(column);
    if (index(id) >= source_.contracts().size())
        row.fail(column, "the id of a contract");
    return id;
}

AccountId LedgerMovements::contract_account(const storage::Statement& row, int column) const
{
    return source_.contracts()[index(contract(row, column))].account;
}

bool LedgerMovements::next(TransactionMoves& moves)
{
    if (has_waiting_)
    {
        std::swap(moves, waiting_);
        has_waiting_ = false;
        return true;
    }
    const Rows* first = nullptr;
    for (const auto& rows : rows_)
    {
        if (rows.is_done)
            continue;
        if (first == nullptr ||
            (direction_ == Direction::forward ? rows.key < first->key : rows.key > first->key))
            first = &rows;
    }
    if (first == nullptr)
        return false;
    const auto key = first->key;
    moves.clear();
    logs_.clear();
    moves.block = key.first;
    moves.index = static_cast<std::uint32_t>(std::min<std::uint64_t>(key.second, 0xFFFF'FFFF));
    for (auto& rows : rows_)
    {
        for (; !rows.is_done && rows.key == key; advance(rows))
        {
            read(rows, moves);
            if (moves.transfers.size() + logs_.size() + moves.claims.size() > movements_max)
                rows.statement.fail(1, "a transaction that a block has room for");
        }
    }
    const auto by_order = [](const Ordered& a, const Ordered& b) { return a.order < b.order; };
    if (!std::is_sorted(logs_.begin(), logs_.end(), by_order))
        std::stable_sort(logs_.begin(), logs_.end(), by_order);
    // Rows that were read backwards are put into the chain's order before they are turned round.
    if (direction_ == Direction::backward)
        std::reverse(moves.transfers.begin(), moves.transfers.end());
    for (const auto& log : logs_)
        moves.transfers.push_back(log.transfer);
    movements_ += moves.transfers.size();
    if (direction_ == Direction::backward)
        turn_round(moves);
    return true;
}

void LedgerMovements::read(Rows& rows, TransactionMoves& moves)
{
    const auto& row = rows.statement;
    switch (rows.content)
    {
        case Content::native:
        case Content::token:
        case Content::wrapped:
        case Content::unwrapped: {
            const Transfer transfer{
                account(row, 3), account(row, 4), contract(row, 2), row.amount(5)};
            if (rows.content == Content::native)
                moves.transfers.push_back(transfer);
            else
                logs_.push_back({row.integer_up_to(6, integer_max), transfer});
            return;
        }
        case Content::fee: read_fee(rows, moves); return;
        case Content::reward:
            moves.gains.emplace_back(Place{account(row, 2), native_coin}, row.amount(3));
            return;
        case Content::supply:
        case Content::borrow:
        case Content::debt:
        case Content::fill:
        case Content::farm:
        case Content::escrow: read_claim(rows, moves); return;
    }
}

void LedgerMovements::read_claim(const Rows& rows, TransactionMoves& moves) const
{
    using Type = ClaimChange::Type;
    const auto& row = rows.statement;
    ClaimChange claim;
    claim.contract = contract_account(row, 2);
    const auto add = [&](Type type, AccountId owner, ContractId token, const Amount& amount)
    {
        claim.type = type;
        claim.owner = owner;
        claim.token = token;
        claim.amount = amount;
        if (!amount.is_zero())
            moves.claims.push_back(claim);
    };
    switch (rows.content)
    {
        case Content::supply:
            if (row.text(3) != "supply")
                add(Type::release, account(row, 5), contract(row, 4), row.amount(7));
            else if (account(row, 5) != account(row, 6))
            {
                claim.other = account(row, 6);
                add(Type::assign, account(row, 5), contract(row, 4), row.amount(7));
            }
            return;
        case Content::borrow:
            if (row.text(3) != "borrow_liquidation")
            {
                add(row.text(3) == "borrow" ? Type::borrow : Type::repay, account(row, 5),
                    contract(row, 4), row.amount(6));
            }
            return;
        case Content::debt:
            add(Type::borrow, account(row, 3), contract(row, 4), row.amount(5));
            add(Type::repay, account(row, 3), contract(row, 4), row.amount(6));
            return;
        case Content::farm:
            if (row.text(3) == "reward")
                add(Type::reward, account(row, 4), contract(row, 5), row.amount(6));
            return;
        case Content::fill: {
            const bool maker_sells = row.text(3) == "sell";
            const auto maker = account(row, 4);
            const auto taker = account(row, 5);
            const auto base = contract(row, 6);
            const auto quote = contract(row, 7);
            const auto base_amount = row.amount(8);
            const auto quote_amount = row.amount(9);
            const auto less_fee = [&](const Amount& amount, int fee)
            { return wrapping_sub(amount, std::min(amount, row.amount(fee))); };
            const auto convert = [&](AccountId who, bool sells, int fee)
            {
                claim.other_token = sells ? quote : base;
                claim.other_amount = less_fee(sells ? quote_amount : base_amount, fee);
                add(Type::convert, who, sells ? base : quote, sells ? base_amount : quote_amount);
            };
            convert(maker, maker_sells, 10);
            convert(taker, !maker_sells, 11);
            return;
        }
        case Content::escrow:
            if (row.text(3) == "release" || row.text(3) == "refund")
            {
                claim.other = account(row, 4);
                add(Type::assign, account(row, 5), contract(row, 6), row.amount(7));
            }
            return;
        case Content::native:
        case Content::token:
        case Content::wrapped:
        case Content::unwrapped:
        case Content::fee:
        case Content::reward: return;
    }
}

void LedgerMovements::read_fee(const Rows& rows, TransactionMoves& moves)
{
    const auto& row = rows.statement;
    const auto gas_used = row.integer_up_to(3, integer_max);
    const auto price = row.integer_up_to(4, integer_max);
    moves.fee_payer = account(row, 2);
    if (!has_fee_block_ || fee_block_ != rows.key.first)
    {
        blocks_.reset();
        blocks_.bind(1, storage::Value{static_cast<std::int64_t>(rows.key.first)});
        if (!blocks_.step())
            row.fail(0, "the number of a block");
        base_fee_ = blocks_.integer_up_to(0, integer_max);
        proposer_ = account(blocks_, 1);
        fee_block_ = rows.key.first;
        has_fee_block_ = true;
    }
    const auto burnt_per_gas = std::min(base_fee_, price);
    moves.burnt = product(gas_used, burnt_per_gas);
    moves.tip = product(gas_used, price - burnt_per_gas);
    moves.proposer = proposer_;
}

/// Backwards everybody gives back what he got. Fees come first; what was burnt, or made for
/// rewards, comes from nobody and goes to nobody.
void LedgerMovements::turn_round(TransactionMoves& moves)
{
    std::reverse(moves.transfers.begin(), moves.transfers.end());
    for (auto& transfer : moves.transfers)
        std::swap(transfer.from, transfer.to);
    // Claims are changed by what forward alone can tell apart: payments back to whoever paid.
    moves.claims.clear();
    for (const auto& [place, amount] : moves.gains)
        moves.transfers.push_back({place.account, zero_account, place.token, amount});
    moves.gains.clear();
    if (moves.burnt.is_zero() && moves.tip.is_zero())
        return;
    TransactionMoves fee;
    fee.block = moves.block;
    fee.index = moves.index;
    if (!moves.tip.is_zero())
        fee.transfers.push_back({moves.proposer, moves.fee_payer, native_coin, moves.tip});
    if (!moves.burnt.is_zero())
        fee.transfers.push_back({zero_account, moves.fee_payer, native_coin, moves.burnt});
    moves.burnt = {};
    moves.tip = {};
    if (moves.transfers.empty())
    {
        moves = std::move(fee);
        return;
    }
    waiting_ = std::move(moves);
    has_waiting_ = true;
    moves = std::move(fee);
}

PriceSteps::PriceSteps(LedgerQueries& source, Direction direction) : direction_{direction}
{
    if (!source.has("t_reference_prices"))
        return;
    auto rows = source.query("SELECT from_block, token_id, price FROM t_reference_prices");
    while (rows.step())
    {
        steps_.push_back({rows.integer_up_to(0, integer_max), rows.contract(1),
            rows.integer_up_to(2, integer_max), 0});
    }
    std::stable_sort(steps_.begin(), steps_.end(),
        [](const Step& a, const Step& b)
        { return std::tie(a.block, a.token) < std::tie(b.block, b.token); });
    std::map<ContractId, std::uint64_t> last;
    for (auto& step : steps_)
    {
        step.before = last[step.token];
        last[step.token] = step.price;
    }
}

void PriceSteps::move_to(std::uint64_t block, TaintEngine& engine)
{
    if (!has_begun_ || direction_ == Direction::forward)
    {
        for (; next_ < steps_.size() && steps_[next_].block <= block; ++next_)
            engine.set_price(steps_[next_].token, steps_[next_].price);
        has_begun_ = true;
        return;
    }
    for (; next_ > 0 && steps_[next_ - 1].block > block; --next_)
        engine.set_price(steps_[next_ - 1].token, steps_[next_ - 1].before);
}

TracedWorld traced_world(LedgerQueries& source)
{
    using Role = TracedWorld::Role;
    TracedWorld world;
    world.roles.assign(source.account_count(), Role::person);
    for (const auto& contract : source.contracts())
        world.roles[index(contract.account)] = Role::contract;
    for (const auto* table : {"t_mixers", "t_custodians"})
    {
        if (!source.has(table))
            continue;
        auto rows = source.query(fmt::format("SELECT DISTINCT contract_id FROM {}", table));
        while (rows.step())
        {
            const auto id = rows.contract(0);
            if (index(id) >= source.contracts().size())
                rows.fail(0, "the id of a contract");
            world.roles[index(source.contracts()[index(id)].account)] = Role::pool;
        }
    }
    for (std::uint32_t i = 0; i < source.contracts().size(); ++i)
    {
        const ContractId id{i};
        const auto* facts = source.token(id);
        world.tokens.push_back(
            {id, source.contracts()[i].account, facts == nullptr ? 0 : facts->decimals, 0});
    }
    // Nobody is the zero account: it holds what was destroyed.
    if (!world.roles.empty())
        world.roles[0] = Role::person;
    return world;
}

}  // namespace runnel::analytics::tracing
