-- Who liquidated: calls, borrowers, debt repaid, collateral seized and the difference, in US dollars at the time.
-- needs: lending_liquidations
SELECT l.name AS liquidator, count(*) AS calls, count(DISTINCT q.borrower) AS borrowers, sum(q.debt_value_usd) AS debt_usd,
       sum(q.collateral_value_usd) AS collateral_usd, sum(q.collateral_value_usd) - sum(q.debt_value_usd) AS bonus_usd
FROM lending_liquidations q
JOIN labels l ON l.address = q.liquidator
GROUP BY q.liquidator
ORDER BY debt_usd DESC, liquidator;
