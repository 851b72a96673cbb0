-- The largest trades in US dollars at the time.
-- :limit = 20 (rows) How many.
-- needs: dex_trades
SELECT d.block_number, d.block_time, l.name AS taker, d.token_sold_amount AS sold, d.token_sold_symbol AS sold_symbol,
       d.token_bought_amount AS bought, d.token_bought_symbol AS bought_symbol, d.amount_usd, d.tx_hash
FROM dex_trades d
JOIN labels l ON l.address = d.taker
ORDER BY d.amount_usd DESC, d.block_number, d.evt_index
LIMIT :limit;
