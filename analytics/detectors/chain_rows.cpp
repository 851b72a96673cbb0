#include "analytics/detectors/chain_rows.hpp"

#include <fmt/format.h>

#include <limits>
#include <string>

namespace runnel::analytics
{

Place place_of(const storage::Statement& rows)
{
    constexpr auto index_max = std::numeric_limits<std::uint32_t>::max();
    return {rows.integer_up_to(0, integer_max),
        static_cast<std::uint32_t>(rows.integer_up_to(1, index_max))};
}

AccountId account_of(const LedgerQueries& source, ContractId contract)
{
    if (index(contract) >= source.contracts().size())
    {
        throw storage::StorageError{storage::StorageErrorKind::corrupt,
            fmt::format("contract {} is not in t_contracts", index(contract))};
    }
    return source.contracts()[index(contract)].account;
}

PlacedRows::PlacedRows(LedgerQueries& source, std::string_view table, std::string_view sql)
{
    if (source.has(table))
        rows_ = source.query(sql);
    next();
}

void PlacedRows::next()
{
    place_.reset();
    if (!rows_)
        return;
    if (rows_->step())
        place_ = place_of(*rows_);
    else
        rows_.reset();
}

void PlacedRows::skip_to(const Place& place)
{
    while (place_ && *place_ < place)
        next();
}

BlockTimes::BlockTimes(LedgerQueries& source)
  : rows_{source.query("SELECT number, timestamp FROM t_blocks ORDER BY number")}
{}

std::uint64_t BlockTimes::at(std::uint64_t block)
{
    while ((!is_at_row_ || block_ < block) && rows_.step())
    {
        is_at_row_ = true;
        block_ = rows_.integer_up_to(0, integer_max);
        time_ = rows_.integer_up_to(1, integer_max);
    }
    return time_;
}

CodeAccounts::CodeAccounts(const LedgerQueries& source) : has_code_(source.account_count())
{
    for (const auto& contract : source.contracts())
        has_code_[index(contract.account)] = true;
}

PaymentReader::PaymentReader(LedgerQueries& source)
  : tokens_{source, "t_token_transfers",
        "SELECT block_number, transaction_index, contract_id, from_id, to_id, value "
        "FROM t_token_transfers WHERE block_number > 0 ORDER BY rowid"},
    coins_{source, "t_native_transfers",
        "SELECT block_number, transaction_index, from_id, to_id, value "
        "FROM t_native_transfers WHERE block_number > 0 ORDER BY rowid"}
{}

bool PaymentReader::next(Payment& payment)
{
    const bool is_token =
        tokens_.place() && (!coins_.place() || *tokens_.place() <= *coins_.place());
    if (!is_token && !coins_.place())
        return false;
    auto& rows = is_token ? tokens_ : coins_;
    payment.place = *rows.place();
    const int first = is_token ? 3 : 2;
    payment.token = is_token ? rows.row().contract(2) : native_coin;
    payment.from = rows.row().account(first);
    payment.to = rows.row().account(first + 1);
    payment.value = rows.row().amount(first + 2);
    rows.next();
    return true;
}

TradeReader::TradeReader(LedgerQueries& source)
  : rows_{source, "t_dex_trades",
        "SELECT r.block_number, r.transaction_index, x.from_id, r.contract_id, "
        "r.token_bought_id, r.token_sold_id, r.token_bought_amount_raw, r.token_sold_amount_raw "
        "FROM t_dex_trades r JOIN t_transactions x ON x.block_number = r.block_number "
        "AND x.transaction_index = r.transaction_index WHERE r.block_number > 0 "
        "ORDER BY r.rowid"}
{}

bool TradeReader::next(SentTrade& trade)
{
    if (!rows_.place())
        return false;
    const auto& row = rows_.row();
    trade = {*rows_.place(), row.account(2), row.contract(3), row.contract(4), row.contract(5),
        row.amount(6), row.amount(7)};
    rows_.next();
    return true;
}

}  // namespace runnel::analytics
