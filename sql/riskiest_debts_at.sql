-- The borrowers nearest to liquidation after a block, by health factor.
-- :block = last (block) After it.
-- :limit = 20 (rows) How many.
-- needs: t_lending_balances
WITH owing AS (
    SELECT contract_id, account_id FROM (SELECT contract_id, account_id, token_id, debt_scaled, max(rowid)
        FROM t_lending_balances WHERE block_number <= :block GROUP BY 1, 2, 3)
    WHERE debt_scaled <> '0' GROUP BY 1, 2
)
SELECT c.name AS market, a.name AS borrower, a.strategy, health_factor_at(o.contract_id, o.account_id, :block) AS health_factor
FROM owing o
JOIN t_contracts c ON c.id = o.contract_id
JOIN t_addresses a ON a.id = o.account_id
ORDER BY CAST(health_factor AS REAL), a.id
LIMIT :limit;
