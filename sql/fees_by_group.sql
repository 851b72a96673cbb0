-- Who pays for gas: transactions, failures and fees by the senders' group, or role where they have none.
SELECT iif(a.strategy = '', a.role, substr(a.name, 1, instr(a.name || '/', '/') - 1)) AS sender_group,
       count(DISTINCT x.from_id) AS senders, count(*) AS transactions, sum(x.receipt_status = 0) AS failed,
       sum(x.receipt_gas_used) AS gas,
       amount_scaled(amount_sum(amount_mul(x.receipt_gas_used, x.receipt_effective_gas_price)), 18) AS fees
FROM t_transactions x
CROSS JOIN t_addresses a ON a.id = x.from_id
WHERE x.block_number > 0
GROUP BY 1
ORDER BY sum(CAST(x.receipt_gas_used AS REAL) * x.receipt_effective_gas_price) DESC, sender_group;
