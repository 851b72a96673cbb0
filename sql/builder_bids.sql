-- Who sold and bought slots: bids and blocks won by builder, what it paid to proposers and the tips that its blocks brought it, in whole native coins.
-- needs: t_builder_bids
WITH won AS (
    SELECT builder_id, block_number, value FROM t_builder_bids WHERE delivered
)
SELECT a.name AS builder, count(*) AS bids, sum(d.delivered) AS blocks,
       amount_scaled(amount_sum(iif(d.delivered, d.value, '0')), 18) AS paid,
       (SELECT amount_scaled(ifnull(amount_sum(amount_mul(x.receipt_gas_used, x.receipt_effective_gas_price - b.base_fee)), '0'), 18)
        FROM won w JOIN t_blocks b ON b.number = w.block_number JOIN t_transactions x ON x.block_number = w.block_number
        WHERE w.builder_id = d.builder_id) AS tips
FROM t_builder_bids d
JOIN t_addresses a ON a.id = d.builder_id
GROUP BY d.builder_id
ORDER BY blocks DESC, builder;
