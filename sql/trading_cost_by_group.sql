-- What trades cost beside gas, by the senders' group: what they got, at the block's reference prices, below what they gave (pools' fees, impact, stale prices, whoever came between).
-- needs: t_dex_trades
WITH trades AS (
    SELECT iif(a.strategy = '', a.role, substr(a.name, 1, instr(a.name || '/', '/') - 1)) AS sender_group, x.from_id,
           CAST(d.token_sold_amount_raw AS REAL) / CAST('1e' || s.decimals AS REAL) * CAST(price_at(s.contract_id, d.block_number) AS REAL) AS gave,
           CAST(d.token_bought_amount_raw AS REAL) / CAST('1e' || b.decimals AS REAL) * CAST(price_at(b.contract_id, d.block_number) AS REAL) AS got
    FROM t_dex_trades d
    JOIN t_transactions x ON x.block_number = d.block_number AND x.transaction_index = d.transaction_index
    JOIN t_addresses a ON a.id = x.from_id
    JOIN t_tokens s ON s.contract_id = d.token_sold_id
    JOIN t_tokens b ON b.contract_id = d.token_bought_id
)
SELECT sender_group, count(DISTINCT from_id) AS traders, count(*) AS trades, sum(gave) AS gave_usd, sum(got) AS got_usd,
       sum(gave) - sum(got) AS cost_usd, (sum(gave) - sum(got)) / sum(gave) * 10000 AS cost_bps
FROM trades
WHERE gave > 0 AND got IS NOT NULL
GROUP BY 1
ORDER BY cost_usd DESC, sender_group;
