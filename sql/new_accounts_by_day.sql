-- Accounts that blocks named for the first time, and all until then, day by day.
SELECT date(b.timestamp, 'unixepoch') AS day, count(*) AS accounts,
       sum(count(*)) OVER (ORDER BY date(b.timestamp, 'unixepoch')) AS accounts_so_far
FROM t_addresses a
JOIN t_blocks b ON b.number = a.block_number
GROUP BY 1
ORDER BY 1;
