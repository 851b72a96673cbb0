-- Who sent most transactions.
-- :limit = 20 (rows) How many.
SELECT a.name, a.address, a.role, s.transactions, s.failed, s.fees
FROM (SELECT +from_id AS from_id, count(*) AS transactions, sum(receipt_status = 0) AS failed,
             sum(CAST(receipt_gas_used AS REAL) * receipt_effective_gas_price) / 1e18 AS fees
      FROM t_transactions WHERE block_number > 0 GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT :limit) s
JOIN t_addresses a ON a.id = s.from_id
ORDER BY s.transactions DESC, a.id;
