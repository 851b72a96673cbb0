-- What accounts own after the last block in US dollars, over all tokens that have a price.
-- :limit = 20 (rows) How many.
WITH held AS MATERIALIZED (SELECT address, token_address, balance FROM balances WHERE balance > 0),
prices AS MATERIALIZED (SELECT address, CAST(price_at(address, (SELECT max(number) FROM t_blocks)) AS REAL) AS usd FROM tokens)
SELECT l.name, l.role, l.strategy, count(*) AS tokens, sum(b.balance * p.usd) AS value_usd
FROM held b
CROSS JOIN prices p ON p.address = b.token_address
CROSS JOIN labels l ON l.address = b.address
WHERE p.usd IS NOT NULL
GROUP BY b.address
ORDER BY value_usd DESC, l.name
LIMIT :limit;
