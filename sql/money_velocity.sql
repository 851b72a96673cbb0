-- How often each token changed hands in a day: the amount moved over what existed after block 0, day by day.
-- needs: t_token_transfers
SELECT m.day, s.symbol, m.raw / CAST('1e' || s.decimals AS REAL) AS moved,
       m.raw / nullif((SELECT sum(CAST(o.balance AS REAL)) FROM t_starting_balances o WHERE o.token_id = m.contract_id), 0) AS velocity
FROM (SELECT date(b.timestamp, 'unixepoch') AS day, r.contract_id, sum(CAST(r.value AS REAL)) AS raw
      FROM t_token_transfers r JOIN t_blocks b ON b.number = r.block_number
      WHERE r.block_number > 0 AND +r.from_id > 0 AND +r.to_id > 0 GROUP BY 1, 2) m
JOIN t_tokens s ON s.contract_id = m.contract_id
ORDER BY m.day, s.symbol, m.contract_id;
