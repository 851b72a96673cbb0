-- How long transactions waited for a block, from their arrival at the mempool to the time of the block, hour by hour.
SELECT strftime('%Y-%m-%d %H:00', b.timestamp, 'unixepoch') AS hour, count(*) AS transactions,
       avg((b.timestamp - z.timestamp) - x.arrival_ms / 1e3) AS mean_seconds,
       max((b.timestamp - z.timestamp) - x.arrival_ms / 1e3) AS longest_seconds
FROM t_transactions x
JOIN t_blocks b ON b.number = x.block_number
JOIN t_blocks z ON z.number = 0
WHERE x.block_number > 0
GROUP BY 1
ORDER BY 1;
