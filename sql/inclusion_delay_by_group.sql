-- How long transactions waited for a block, from their arrival at the mempool to the block's time, by the senders' group, or role where they have none.
SELECT iif(a.strategy = '', a.role, substr(a.name, 1, instr(a.name || '/', '/') - 1)) AS sender_group,
       count(*) AS transactions,
       avg((b.timestamp - z.timestamp) - x.arrival_ms / 1e3) AS mean_seconds,
       max((b.timestamp - z.timestamp) - x.arrival_ms / 1e3) AS longest_seconds,
       avg((b.timestamp - z.timestamp) * 1000 - x.arrival_ms > 1000.0 * (b.timestamp - p.timestamp)) AS share_beyond_a_slot
FROM t_transactions x
JOIN t_blocks b ON b.number = x.block_number
JOIN t_blocks p ON p.number = x.block_number - 1
JOIN t_blocks z ON z.number = 0
JOIN t_addresses a ON a.id = x.from_id
WHERE x.block_number > 0
GROUP BY 1
ORDER BY mean_seconds DESC, sender_group;
