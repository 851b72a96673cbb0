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
/// Of one transaction. Blocks have no gas for as many; what is done with them takes their square.
constexpr std::size_t movements_max = 20'000;

Amount product(std::uint64_t a, std::uint64_t b) noexcept
{
    return Amount::from_uint128(static_cast<uint128>(a) * b);
}

/// The ledger's file, of which there may be several connections; empty if it is in memory.
std::string file_of(LedgerQueries& source)
{
    auto databases = source.query("PRAGMA database_list");
    while (databases.step())
    {
        if (databases.text(1) == "main" && !databases.is_null(2))
            return std::string{databases.text(2)};
    }
    return {};
}
}  // namespace

LedgerMovements::LedgerMovements(LedgerQueries& source, Direction direction,
    std::uint64_t last_block, std::uint64_t ahead_rows_min)
  : source_{source},
    direction_{direction},
    last_block_{last_block},
    ahead_rows_min_{ahead_rows_min},
    file_{file_of(source)},
    blocks_{source.query("SELECT base_fee, proposer_id FROM t_blocks WHERE number = ?")},
    names_{source, Content::fee, direction}
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
    add(Content::bridge, "t_bridge_moves",
        "contract_id, type, message, sender_id, recipient_id, home_token_id, bridged_token_id, "
        "amount, relayer_id, fee");
    add(Content::fee, "t_transactions", "from_id, receipt_gas_used, receipt_effective_gas_price");
    add(Content::reward, "t_rewards", "account_id, amount");
    add(Content::stake, "t_stake_changes",
        "kind, account_id, amount, (SELECT id FROM t_addresses WHERE name = CASE kind WHEN 'fees' "
        "THEN 'fee_pool' ELSE 'deposits' END)");
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
    const auto sql =
        fmt::format("SELECT block_number, {}, {} FROM {} WHERE block_number > 0{} ORDER BY rowid{}",
            has_no_transaction(content) ? "0" : "transaction_index", columns, table, bound,
            backwards ? " DESC" : "");
    const Decoder decoder{source_, content, direction_};
    auto rows =
        std::make_unique<Rows>(Rows{content, source_.query(sql), decoder, nullptr, {}, nullptr});
    const bool is_large =
        content == Content::native || content == Content::token || content == Content::fee;
    if (is_large && !file_.empty())
    {
        auto last = source_.query(fmt::format("SELECT ifnull(max(rowid), 0) FROM {}", table));
        if (last.step() && last.integer_up_to(0, integer_max) >= ahead_rows_min_)
        {
            rows->ahead = std::make_unique<storage::ReadAhead<Row>>(
                storage::Database::open(file_, storage::Database::Access::analysis), sql, decoder);
        }
    }
    advance(*rows);
    if (rows->row != nullptr)
        rows_.push_back(std::move(rows));
}

void LedgerMovements::advance(Rows& rows)
{
    if (rows.ahead)
        rows.row = rows.ahead->next();
    else if (rows.statement.step())
    {
        rows.own = rows.decoder(rows.statement);
        rows.row = &rows.own;
    }
    else
        rows.row = nullptr;
}

LedgerMovements::Row LedgerMovements::Decoder::operator()(const storage::Statement& row)
{
    Row result;
    result.key = {row.integer_up_to(0, integer_max),
        has_no_transaction(content_) ? key_max : row.integer_up_to(1, integer_max)};
    if (direction_ == Direction::forward ? result.key < last_ : result.key > last_)
        row.fail(0, "rows in the order of the chain");
    last_ = result.key;
    switch (content_)
    {
        case Content::native:
        case Content::token:
        case Content::wrapped:
        case Content::unwrapped:
            result.from = account(row, 3);
            result.to = account(row, 4);
            result.token = contract(row, 2);
            result.amount = row.amount(5);
            if (content_ != Content::native)
                result.order = row.integer_up_to(6, integer_max);
            break;
        case Content::fee:
            result.from = account(row, 2);
            result.order = row.integer_up_to(3, integer_max);
            result.gas_price = row.integer_up_to(4, integer_max);
            break;
        case Content::reward:
            result.to = account(row, 2);
            result.amount = row.amount(3);
            break;
        case Content::supply:
        case Content::borrow:
        case Content::debt:
        case Content::fill:
        case Content::farm:
        case Content::escrow:
        case Content::bridge: break;
        case Content::stake: {
            // Staked coins appear among the deposits, burnt ones vanish there; the rest goes to
            // whose it is.
            const auto kind = row.text(2);
            const auto owner = account(row, 3);
            const auto pool = account(row, 5);
            result.from = kind == "staked" ? zero_account : pool;
            result.to = kind == "staked" ? pool : kind == "burnt" ? zero_account : owner;
            result.amount = row.amount(4);
            break;
        }
    }
    return result;
}

AccountId LedgerMovements::Decoder::account(const storage::Statement& row, int column) const
{
    const auto id = row.account(column);
    if (index(id) >= account_count_)
        row.fail(column, "the id of an account");
    return id;
}

ContractId LedgerMovements::Decoder::contract(const storage::Statement& row, int column) const
{
    const auto id = row.contract(column);
    if (index(id) >= contract_count_)
        row.fail(column, "the id of a contract");
    return id;
}

void LedgerMovements::fail(const std::string& what) const
{
    throw storage::StorageError{storage::StorageErrorKind::corrupt,
        fmt::format("{}: {}; the file is damaged: restore it from a copy, or run the scenario "
                    "again",
            file_.empty() ? "the ledger" : file_, what)};
}

bool LedgerMovements::next(TransactionMoves& moves)
{
    if (has_waiting_)
    {
        std::swap(moves, waiting_);
        has_waiting_ = false;
        return true;
    }
    if (rows_.empty())
        return false;
    auto key = rows_.front()->row->key;
    for (const auto& rows : rows_)
        key = direction_ == Direction::forward ? std::min(key, rows->row->key)
                                               : std::max(key, rows->row->key);
    moves.clear();
    logs_.clear();
    bridged_.clear();
    moves.block = key.first;
    moves.index = static_cast<std::uint32_t>(std::min<std::uint64_t>(key.second, 0xFFFF'FFFF));
    bool has_ended = false;
    for (auto& rows : rows_)
    {
        for (; rows->row != nullptr && rows->row->key == key; advance(*rows))
        {
            read(*rows, moves);
            if (moves.transfers.size() + logs_.size() + moves.claims.size() > movements_max)
            {
                fail(fmt::format("transaction {} of block {} moves more than {} times", key.second,
                    key.first, movements_max));
            }
        }
        has_ended = has_ended || rows->row == nullptr;
    }
    if (has_ended)
        std::erase_if(rows_, [](const auto& rows) { return rows->row == nullptr; });
    const auto by_order = [](const Ordered& a, const Ordered& b) { return a.order < b.order; };
    if (!std::is_sorted(logs_.begin(), logs_.end(), by_order))
        std::stable_sort(logs_.begin(), logs_.end(), by_order);
    keep_bridged();
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

void LedgerMovements::read(const Rows& rows, TransactionMoves& moves)
{
    const auto& row = *rows.row;
    switch (rows.content)
    {
        case Content::native:
            moves.transfers.push_back({row.from, row.to, row.token, row.amount});
            return;
        case Content::token:
        case Content::wrapped:
        case Content::unwrapped:
            logs_.push_back({row.order, {row.from, row.to, row.token, row.amount}});
            return;
        case Content::fee: read_fee(row, moves); return;
        case Content::reward:
            moves.gains.emplace_back(Place{row.to, native_coin}, row.amount);
            return;
        case Content::stake:
            if (row.from == zero_account)
                moves.gains.emplace_back(Place{row.to, native_coin}, row.amount);
            else
                moves.transfers.push_back({row.from, row.to, native_coin, row.amount});
            return;
        case Content::supply:
        case Content::borrow:
        case Content::debt:
        case Content::fill:
        case Content::farm:
        case Content::escrow: read_claim(rows, moves); return;
        case Content::bridge: read_bridge(rows, moves); return;
    }
}

/// Whose a bridge's tokens are: what is locked, or burnt, is a deposit of who sent it until it is
/// released to the recipient as the other token. Backwards recipient and relayer have it until the
/// sender gets it back.
void LedgerMovements::read_bridge(const Rows& rows, TransactionMoves& moves)
{
    const auto& row = rows.statement;
    const auto account = [&](const storage::Statement& of, int column)
    { return names_.account(of, column); };
    const auto type = row.text(3);
    const auto home = names_.contract(row, 7);
    const auto bridged = names_.contract(row, 8);
    const auto amount = row.amount(9);
    ClaimChange claim;
    claim.type = ClaimChange::Type::bridge;
    claim.contract = source_.contracts()[index(names_.contract(row, 2))].account;
    bridged_.push_back({claim.contract, bridged});
    const auto add = [&](AccountId owner, bool is_return, const Amount& part)
    {
        claim.owner = owner;
        claim.token = is_return ? bridged : home;
        claim.other_token = is_return ? home : bridged;
        claim.amount = part;
        if (!part.is_zero())
            moves.claims.push_back(claim);
    };
    const std::pair message{row.contract(2), row.amount(4)};
    const bool is_release = type == "mint" || type == "unlock";
    if (direction_ == Direction::forward)
    {
        if (is_release)
            add(account(row, 5), type == "unlock", amount);
        return;
    }
    if (is_release)
        relayers_[message] = account(row, 10);
    else if (const auto relayer = relayers_.find(message); relayer != relayers_.end())
    {
        const auto fee = std::min(amount, row.amount(11));
        add(account(row, 6), type == "lock", wrapping_sub(amount, fee));
        add(relayer->second, type == "lock", fee);
        relayers_.erase(relayer);
    }
}

/// What a bridge makes comes from it, and what it destroys stays there: it is the other side's of
/// what it holds.
void LedgerMovements::keep_bridged()
{
    for (const auto& [bridge, token] : bridged_)
    {
        for (auto& [order, transfer] : logs_)
        {
            if (transfer.token == token && transfer.from == zero_account)
                transfer.from = bridge;
        }
        std::erase_if(logs_,
            [bridge = bridge, token = token](const Ordered& log)
            {
                return log.transfer.token == token && log.transfer.from == bridge &&
                       log.transfer.to == zero_account;
            });
    }
}

void LedgerMovements::read_claim(const Rows& rows, TransactionMoves& moves) const
{
    using Type = ClaimChange::Type;
    const auto& row = rows.statement;
    const auto account = [&](const storage::Statement& of, int column)
    { return names_.account(of, column); };
    const auto contract = [&](const storage::Statement& of, int column)
    { return names_.contract(of, column); };
    ClaimChange claim;
    claim.contract = source_.contracts()[index(contract(row, 2))].account;
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
        case Content::bridge:
        case Content::fee:
        case Content::reward:
        case Content::stake: return;
    }
}

void LedgerMovements::read_fee(const Row& row, TransactionMoves& moves)
{
    if (!has_fee_block_ || fee_block_ != row.key.first)
        find_fee_block(row.key.first);
    const auto burnt_per_gas = std::min(base_fee_, row.gas_price);
    moves.fee_payer = row.from;
    moves.burnt = product(row.order, burnt_per_gas);
    moves.tip = product(row.order, row.gas_price - burnt_per_gas);
    moves.proposer = proposer_;
}

void LedgerMovements::find_fee_block(std::uint64_t number)
{
    blocks_.reset();
    blocks_.bind(1, storage::Value{static_cast<std::int64_t>(number)});
    if (!blocks_.step())
        fail(fmt::format("t_transactions names block {}, which t_blocks does not have", number));
    base_fee_ = blocks_.integer_up_to(0, integer_max);
    proposer_ = names_.account(blocks_, 1);
    fee_block_ = number;
    has_fee_block_ = true;
}

/// Backwards everybody gives back what he got. Fees come first; what was burnt, or made for
/// rewards, comes from nobody and goes to nobody.
void LedgerMovements::turn_round(TransactionMoves& moves)
{
    std::reverse(moves.transfers.begin(), moves.transfers.end());
    for (auto& transfer : moves.transfers)
        std::swap(transfer.from, transfer.to);
    // Claims are changed by what forward alone can tell apart: payments back to whoever paid.
    std::erase_if(moves.claims,
        [](const ClaimChange& claim) { return claim.type != ClaimChange::Type::bridge; });
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
