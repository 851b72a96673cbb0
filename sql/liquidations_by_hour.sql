-- Liquidations hour by hour: calls, borrowers, debt repaid in US dollars.
-- needs: lending_liquidations
SELECT strftime('%Y-%m-%d %H:00', block_time) AS hour, count(*) AS calls, count(DISTINCT borrower) AS borrowers,
       sum(debt_value_usd) AS debt_usd
FROM lending_liquidations
GROUP BY 1
ORDER BY 1;
