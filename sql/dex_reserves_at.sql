-- What lay in the pools of exchanges after a block, in US dollars at the prices of that block.
-- :block = last (block) After it.
-- needs: dex_pools
WITH newest AS (
    SELECT contract_id, token_id, reserve, max(rowid) FROM t_dex_pools WHERE block_number <= :block GROUP BY 1, 2
)
SELECT c.name AS pool, s.symbol, amount_scaled(n.reserve, s.decimals) AS reserve,
       CAST(n.reserve AS REAL) / CAST('1e' || s.decimals AS REAL) * CAST(price_at(n.token_id, :block) AS REAL) AS value_usd
FROM newest n
JOIN t_contracts c ON c.id = n.contract_id
JOIN t_tokens s ON s.contract_id = n.token_id
ORDER BY pool, symbol;
