-- How safe debts were after a block: borrowers by health factor, market by market.
-- :block = last (block) After it.
-- needs: t_lending_balances
WITH owing AS (
    SELECT contract_id, account_id FROM (SELECT contract_id, account_id, token_id, debt_scaled, max(rowid)
        FROM t_lending_balances WHERE block_number <= :block GROUP BY 1, 2, 3)
    WHERE debt_scaled <> '0' GROUP BY 1, 2
),
health AS (SELECT contract_id, CAST(health_factor_at(contract_id, account_id, :block) AS REAL) AS factor FROM owing)
SELECT c.name AS market,
       CASE WHEN factor < 1 THEN 'a: below 1' WHEN factor < 1.1 THEN 'b: 1 to 1.1' WHEN factor < 1.5 THEN 'c: 1.1 to 1.5'
            WHEN factor < 2 THEN 'd: 1.5 to 2' WHEN factor < 3 THEN 'e: 2 to 3' ELSE 'f: 3 and more' END AS health_factor,
       count(*) AS borrowers
FROM health h
JOIN t_contracts c ON c.id = h.contract_id
WHERE factor IS NOT NULL
GROUP BY 1, 2
ORDER BY 1, 2;
