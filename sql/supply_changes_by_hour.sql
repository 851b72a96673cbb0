-- Tokens made and destroyed after block 0 (transfers from and to address zero), hour by hour, exact, in whole tokens.
-- needs: t_token_transfers
SELECT strftime('%Y-%m-%d %H:00', b.timestamp, 'unixepoch') AS hour, s.symbol,
       amount_scaled(ifnull(amount_sum(iif(r.from_id = 0, r.value, NULL)), '0'), s.decimals) AS minted,
       amount_scaled(ifnull(amount_sum(iif(r.to_id = 0, r.value, NULL)), '0'), s.decimals) AS burned
FROM t_token_transfers r
JOIN t_blocks b ON b.number = r.block_number
JOIN t_tokens s ON s.contract_id = r.contract_id
WHERE r.block_number > 0 AND (r.from_id = 0 OR r.to_id = 0)
GROUP BY 1, r.contract_id
ORDER BY 1, 2;
