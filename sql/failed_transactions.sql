-- Why transactions were reverted, the arguments of custom errors aside, and what their senders paid for it, in native coins.
WITH failed AS (
    SELECT iif(revert_reason LIKE '(%', revert_reason, substr(revert_reason, 1, instr(revert_reason || '(', '(') - 1)) AS reason,
           from_id, CAST(receipt_gas_used AS REAL) * receipt_effective_gas_price / 1e18 AS fee
    FROM t_transactions WHERE receipt_status = 0
)
SELECT f.reason, (SELECT group_concat(DISTINCT n.name) FROM t_revert_reasons n WHERE n.reason = f.reason) AS name,
       count(*) AS transactions, count(DISTINCT f.from_id) AS senders, sum(f.fee) AS fees
FROM failed f
GROUP BY 1
ORDER BY transactions DESC, f.reason;
