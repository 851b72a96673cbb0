-- Allowances as their owners last stated them, largest counts of owners first: who may move whose tokens, and how many without a limit.
-- needs: t_token_approvals
WITH newest AS (
    SELECT contract_id, owner_id, spender_id, value, max(rowid) FROM t_token_approvals GROUP BY 1, 2, 3
)
SELECT s.symbol, a.name AS spender, a.role, count(*) AS owners, sum(length(n.value) = 78) AS without_limit
FROM newest n
JOIN t_addresses a ON a.id = n.spender_id
JOIN t_tokens s ON s.contract_id = n.contract_id
WHERE n.value <> '0'
GROUP BY n.contract_id, n.spender_id
ORDER BY owners DESC, symbol, spender;
