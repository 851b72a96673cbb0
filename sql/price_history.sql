-- A token's price in US dollars, hour by hour: mean, lowest and highest over the blocks of the hour, reference price first, else an oracle's.
-- :token = WETH (name, symbol or address) The token.
WITH at_block AS (
    SELECT b.number, strftime('%Y-%m-%d %H:00', b.timestamp, 'unixepoch') AS hour, CAST(price_at(:token, b.number) AS REAL) AS usd
    FROM t_blocks b
)
SELECT hour, avg(usd) AS mean, min(usd) AS lowest, max(usd) AS highest
FROM at_block
WHERE usd IS NOT NULL
GROUP BY hour
ORDER BY hour;
