-- The base fee and how full each block was, block by block.
-- :from = 1 (block) The first.
-- :to = last (block) The last.
SELECT number, base_fee / 1e9 AS base_fee_gwei, gas_used * 1.0 / gas_limit AS gas_used_share
FROM t_blocks
WHERE number BETWEEN :from AND :to
ORDER BY number;
