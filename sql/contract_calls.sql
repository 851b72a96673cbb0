-- Which contracts transactions call first: how often, how often in vain, and for how much gas.
SELECT c.name AS contract, c.kind, count(*) AS transactions, sum(x.receipt_status = 0) AS failed,
       sum(x.receipt_gas_used) AS gas
FROM t_transactions x
JOIN t_contracts c ON c.account_id = x.to_id AND c.id > 0
WHERE x.block_number > 0
GROUP BY c.id
ORDER BY transactions DESC, c.id;
