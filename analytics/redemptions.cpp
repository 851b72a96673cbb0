#include "analytics/redemptions.hpp"

#include "analytics/signed_amount.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <string_view>
#include <vector>

namespace runnel::analytics
{
namespace
{
constexpr std::uint64_t integer_max = std::numeric_limits<std::int64_t>::max();

struct Coin
{
    ContractId token{};
    bool has_queue = false;
    struct Piece
    {
        SignedAmount issued;
        SignedAmount redeemed;
        Amount supply;  // After it.
        Amount waiting;
    };
    std::vector<Piece> pieces;
};

/// By what issues or converts them.
using Coins = std::map<ContractId, Coin>;

/// What rows of state say holds until the next one; the first holds from block 0.
void read_states(LedgerQueries& source, std::string_view sql, bool has_queue, Coins& coins)
{
    auto rows = source.query(sql);
    while (rows.step())
    {
        const auto block = rows.integer_up_to(0, integer_max);
        auto& coin = coins[rows.contract(1)];
        coin.token = rows.contract(2);
        coin.has_queue = has_queue;
        coin.pieces.resize(source.pieces());
        const auto supply = rows.amount(3);
        const auto waiting = has_queue ? rows.amount(4) : Amount{};
        for (auto piece = source.piece_of(block); piece < coin.pieces.size(); ++piece)
        {
            coin.pieces[piece].supply = supply;
            coin.pieces[piece].waiting = waiting;
        }
    }
}

/// @p fee  Whether the fourth column was minted beside.
void read_flows(LedgerQueries& source, std::string_view sql, bool fee, Coins& coins)
{
    auto rows = source.query(sql);
    while (rows.step())
    {
        const auto found = coins.find(rows.contract(1));
        const auto block = rows.integer_up_to(0, integer_max);
        if (found == coins.end() || block == 0)
            continue;
        auto& piece = found->second.pieces.at(source.piece_of(block));
        const bool redeems = rows.text(2) == "redeem";
        (redeems ? piece.redeemed : piece.issued).add(rows.amount(3));
        if (fee && !redeems)
            piece.issued.add(rows.amount(4));
    }
}
}  // namespace

Table redemption_table(LedgerQueries& source)
{
    Table table{"redemptions", "Stablecoins issued and redeemed over time",
        {{"until", "Until", Unit::unix_time}, {"coin", "Who issues which coin", Unit::none},
            {"issued", "Issued", Unit::none}, {"redeemed", "Redeemed", Unit::none},
            {"waiting", "Waiting to be redeemed", Unit::none}, {"supply", "Supply", Unit::none}},
        {}, 0};
    Coins coins;
    if (source.has("t_issuers"))
    {
        read_states(source,
            "SELECT block_number, contract_id, coin_id, supply, waiting_redeem FROM t_issuers "
            "ORDER BY rowid",
            true, coins);
    }
    if (source.has("t_issuer_flows"))
    {
        read_flows(source,
            "SELECT block_number, contract_id, transaction_type, coin_amount_raw "
            "FROM t_issuer_flows ORDER BY rowid",
            false, coins);
    }
    if (source.has("t_stablecoin_states"))
    {
        read_states(source,
            "SELECT block_number, contract_id, stable_token_id, stable_supply "
            "FROM t_stablecoin_states ORDER BY rowid",
            false, coins);
    }
    if (source.has("t_stablecoin_conversions"))
    {
        // Of a redemption the stablecoin is what was burned, else what was minted.
        read_flows(source,
            "SELECT block_number, contract_id, transaction_type, CASE transaction_type WHEN "
            "'redeem' THEN amount_burned_raw ELSE amount_minted_raw END, fee_raw "
            "FROM t_stablecoin_conversions ORDER BY rowid",
            true, coins);
    }
    for (const auto& [id, coin] : coins)
    {
        const auto name = source.contract_name(id) + " " + source.token_name(coin.token);
        for (std::size_t i = 0; i < coin.pieces.size(); ++i)
        {
            const auto& piece = coin.pieces[i];
            table.rows.push_back({source.piece_time(i), name,
                source.money(piece.issued, coin.token), source.money(piece.redeemed, coin.token),
                coin.has_queue ? Value{source.money(piece.waiting, coin.token)} : Value{},
                source.money(piece.supply, coin.token)});
        }
    }
    return table;
}

}  // namespace runnel::analytics
