-- What validators earned: blocks, priority fees and rewards, exactly, in whole native coins.
SELECT a.name, p.blocks, amount_scaled(ifnull(p.tips, '0'), 18) AS priority_fees,
       amount_scaled(ifnull(r.rewards, '0'), 18) AS rewards
FROM t_addresses a
LEFT JOIN (SELECT b.proposer_id, count(DISTINCT b.number) AS blocks,
                  amount_sum(amount_mul(x.receipt_gas_used, x.receipt_effective_gas_price - b.base_fee)) AS tips
           FROM t_blocks b LEFT JOIN t_transactions x ON x.block_number = b.number
           WHERE b.number > 0 GROUP BY 1) p ON p.proposer_id = a.id
LEFT JOIN (SELECT account_id, amount_sum(amount) AS rewards FROM t_rewards GROUP BY 1) r ON r.account_id = a.id
WHERE a.role = 'validator'
ORDER BY CAST(ifnull(p.tips, '0') AS REAL) + CAST(ifnull(r.rewards, '0') AS REAL) DESC, a.id;
