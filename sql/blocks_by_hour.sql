-- How full the chain was and what gas cost, hour by hour.
SELECT strftime('%Y-%m-%d %H:00', timestamp, 'unixepoch') AS hour, count(*) AS blocks,
       sum(transaction_count) AS transactions,
       sum(gas_used) * 1.0 / sum(gas_limit) AS gas_used_share,
       avg(base_fee) / 1e9 AS base_fee_gwei, max(base_fee) / 1e9 AS highest_base_fee_gwei
FROM t_blocks
GROUP BY 1
ORDER BY 1;
