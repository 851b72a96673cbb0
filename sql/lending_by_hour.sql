-- What lending markets hold and are owed by reserve, hour by hour: the newest snapshot of each hour.
-- needs: lending_reserves
SELECT strftime('%Y-%m-%d %H:00', block_time) AS hour, contract_name AS market, token_symbol AS symbol,
       total_supplied_scaled AS supplied, total_debt_scaled AS debt, total_supplied_scaled * price_usd AS supplied_usd,
       total_debt_scaled * price_usd AS debt_usd, total_debt_scaled / nullif(total_supplied_scaled, 0) AS utilisation,
       CAST(borrow_rate AS REAL) / 1e27 AS borrow_rate, CAST(liquidity_rate AS REAL) / 1e27 AS supply_rate,
       max(block_number) AS block_number
FROM lending_reserves
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3;
