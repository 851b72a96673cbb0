-- Who traded most on exchanges, in US dollars.
-- :limit = 20 (rows) How many.
-- needs: dex_trades
SELECT l.name, l.strategy, t.trades, t.volume_usd, t.pairs
FROM (SELECT taker, count(*) AS trades, sum(amount_usd) AS volume_usd, count(DISTINCT token_pair) AS pairs
      FROM dex_trades GROUP BY 1) t
JOIN labels l ON l.address = t.taker
ORDER BY t.volume_usd DESC, t.trades DESC, l.name
LIMIT :limit;
