-- How much of each token was moved, hour by hour, also in US dollars at the price of the hour's first block.
-- needs: t_token_transfers
SELECT m.hour, s.symbol, m.transfers, m.raw / CAST('1e' || s.decimals AS REAL) AS amount,
       m.raw / CAST('1e' || s.decimals AS REAL) * CAST(price_at(m.contract_id, m.first_block) AS REAL) AS amount_usd
FROM (SELECT strftime('%Y-%m-%d %H:00', b.timestamp, 'unixepoch') AS hour, r.contract_id, min(r.block_number) AS first_block,
             count(*) AS transfers, sum(CAST(r.value AS REAL)) AS raw
      FROM t_token_transfers r JOIN t_blocks b ON b.number = r.block_number
      WHERE r.block_number > 0 GROUP BY 1, 2) m
JOIN t_tokens s ON s.contract_id = m.contract_id
ORDER BY m.hour, s.symbol, m.contract_id;
