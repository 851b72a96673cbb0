-- Sandwiches: in one block and pool somebody buys, another one buys the same, and the first one sells it again, with the difference. Counts by who did it.
-- needs: t_dex_trades
WITH both_ways AS (
    SELECT block_number, contract_id, taker_id FROM t_dex_trades WHERE transaction_index IS NOT NULL
    GROUP BY 1, 2, 3 HAVING count(DISTINCT token_sold_id) > 1
),
pairs AS (
    SELECT f.block_number, f.taker_id, f.token_sold_id,
           amount_sub(b.token_bought_amount_raw, f.token_sold_amount_raw) AS gain,
           (SELECT count(DISTINCT v.taker_id) FROM t_dex_trades v WHERE v.block_number = f.block_number
            AND v.contract_id = f.contract_id AND v.taker_id <> f.taker_id AND v.token_sold_id = f.token_sold_id
            AND v.event_index BETWEEN f.event_index AND b.event_index) AS victims
    FROM both_ways w
    JOIN t_dex_trades f ON f.block_number = w.block_number AND f.contract_id = w.contract_id AND f.taker_id = w.taker_id
    JOIN t_dex_trades b ON b.block_number = w.block_number AND b.contract_id = w.contract_id AND b.taker_id = w.taker_id
     AND b.token_sold_id = f.token_bought_id AND b.transaction_index > f.transaction_index
)
SELECT l.name AS trader, l.strategy, s.symbol, count(*) AS sandwiches, sum(p.victims) AS victims,
       amount_scaled(amount_sum(p.gain), s.decimals) AS gained
FROM pairs p
JOIN t_addresses l ON l.id = p.taker_id
JOIN t_tokens s ON s.contract_id = p.token_sold_id
WHERE p.victims > 0
GROUP BY p.taker_id, p.token_sold_id
ORDER BY sandwiches DESC, trader, symbol;
