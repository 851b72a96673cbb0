-- How far a stablecoin was from a dollar on exchanges: its price by trades against tokens that have a reference price, hour by hour.
-- :token = DAI (name, symbol or address) The coin.
-- needs: t_dex_trades
WITH coin AS (SELECT contract_id AS id, decimals FROM t_tokens WHERE contract_id = token_id(:token)),
trades AS (
    SELECT r.block_number, iif(r.token_bought_id = k.id, r.token_sold_id, r.token_bought_id) AS other_id,
           CAST(iif(r.token_bought_id = k.id, r.token_bought_amount_raw, r.token_sold_amount_raw) AS REAL)
             / CAST('1e' || k.decimals AS REAL) AS coins,
           CAST(iif(r.token_bought_id = k.id, r.token_sold_amount_raw, r.token_bought_amount_raw) AS REAL) AS other_raw
    FROM t_dex_trades r JOIN coin k ON k.id IN (r.token_bought_id, r.token_sold_id)
),
priced AS (
    SELECT strftime('%Y-%m-%d %H:00', b.timestamp, 'unixepoch') AS hour, t.coins,
           t.other_raw / CAST('1e' || o.decimals AS REAL)
             * (SELECT p.price / 1e8 FROM t_reference_prices p WHERE p.token_id = t.other_id AND p.from_block <= t.block_number
                ORDER BY p.from_block DESC LIMIT 1) AS usd
    FROM trades t JOIN t_blocks b ON b.number = t.block_number JOIN t_tokens o ON o.contract_id = t.other_id
)
SELECT hour, count(*) AS trades, sum(usd) / sum(coins) AS price_usd, min(usd / coins) AS lowest, max(usd / coins) AS highest,
       (sum(usd) / sum(coins) - 1) * 1e4 AS off_peg_bps
FROM priced
WHERE coins > 0 AND usd IS NOT NULL
GROUP BY hour
ORDER BY hour;
