-- What validators earned: blocks that they made and slots that they sold to builders, priority fees, builders' payments and rewards, exactly, in whole native coins.
SELECT a.name, ifnull(p.blocks, 0) AS blocks, ifnull(s.slots, 0) AS slots_sold, amount_scaled(ifnull(p.tips, '0'), 18) AS priority_fees,
       amount_scaled(ifnull(s.payments, '0'), 18) AS payments, amount_scaled(ifnull(r.rewards, '0'), 18) AS rewards
FROM t_addresses a
LEFT JOIN (SELECT b.proposer_id, count(DISTINCT b.number) AS blocks,
                  amount_sum(amount_mul(x.receipt_gas_used, x.receipt_effective_gas_price - b.base_fee)) AS tips
           FROM t_blocks b LEFT JOIN t_transactions x ON x.block_number = b.number
           WHERE b.number > 0 GROUP BY 1) p ON p.proposer_id = a.id
-- A builder's block is a validator's slot: its last transaction pays for it.
LEFT JOIN (SELECT n.to_id, count(*) AS slots, amount_sum(n.value) AS payments
           FROM t_blocks b JOIN t_native_transfers n ON n.block_number = b.number AND n.from_id = b.proposer_id
           WHERE b.number > 0
             AND n.transaction_index = (SELECT max(x.transaction_index) FROM t_transactions x WHERE x.block_number = b.number)
           GROUP BY 1) s ON s.to_id = a.id
LEFT JOIN (SELECT account_id, amount_sum(amount) AS rewards FROM t_rewards GROUP BY 1) r ON r.account_id = a.id
WHERE a.role = 'validator'
ORDER BY CAST(ifnull(p.tips, '0') AS REAL) + CAST(ifnull(s.payments, '0') AS REAL) + CAST(ifnull(r.rewards, '0') AS REAL) DESC, a.id;
