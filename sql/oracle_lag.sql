-- How far oracles are from the reference price: each oracle's updates against the price in force at their block, by token.
-- needs: oracle_prices
SELECT o.contract_name AS oracle, o.token_symbol AS symbol, count(*) AS updates,
       avg(abs(CAST(o.price AS REAL) / 1e8 / q.usd - 1)) AS mean_gap,
       max(abs(CAST(o.price AS REAL) / 1e8 / q.usd - 1)) AS largest_gap
FROM oracle_prices o
JOIN (SELECT p.rowid AS id, p.block_number, p.log_index,
             (SELECT r.price / 1e8 FROM t_reference_prices r WHERE r.token_id = p.token_id AND r.from_block <= p.block_number
              ORDER BY r.from_block DESC LIMIT 1) AS usd
      FROM t_oracle_prices p) q ON q.block_number = o.block_number AND q.log_index = o.log_index
WHERE q.usd > 0
GROUP BY 1, 2
ORDER BY 1, 2;
