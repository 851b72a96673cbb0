-- Arbitrage: transactions whose trades begin and end in one token, with what was left of it; sums by trader. Loops through lending markets are not seen.
-- needs: t_dex_trades
WITH ends AS (
    SELECT block_number, transaction_index, taker_id, count(*) AS trades,
           min(event_index) AS first, max(event_index) AS last
    FROM t_dex_trades WHERE transaction_index IS NOT NULL
    GROUP BY 1, 2 HAVING count(*) > 1
),
loops AS (
    SELECT e.taker_id, a.token_sold_id AS token_id, e.trades,
           amount_sub(z.token_bought_amount_raw, a.token_sold_amount_raw) AS gain
    FROM ends e
    JOIN t_dex_trades a ON a.block_number = e.block_number AND a.event_index = e.first
    JOIN t_dex_trades z ON z.block_number = e.block_number AND z.event_index = e.last
    WHERE a.token_sold_id = z.token_bought_id
)
SELECT l.name AS trader, l.strategy, s.symbol, count(*) AS round_trips, sum(amount_cmp(o.gain, 0) > 0) AS with_gain,
       amount_scaled(amount_sum(o.gain), s.decimals) AS gained
FROM loops o
JOIN t_addresses l ON l.id = o.taker_id
JOIN t_tokens s ON s.contract_id = o.token_id
GROUP BY o.taker_id, o.token_id
ORDER BY round_trips DESC, trader, symbol;
