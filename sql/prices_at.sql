-- What every token cost after a block: the reference price, else the newest of the ledger's oracles.
-- :block = last (block) After it.
SELECT s.symbol, c.name AS token, price_at(s.contract_id, :block) AS price_usd,
       price_at(s.contract_id, 0) AS price_usd_at_start,
       CAST(price_at(s.contract_id, :block) AS REAL) / CAST(price_at(s.contract_id, 0) AS REAL) - 1 AS change
FROM t_tokens s
JOIN t_contracts c ON c.id = s.contract_id
ORDER BY s.symbol, c.id;
