-- Flash loans that were repaid, by token and borrower.
-- needs: lending_flashloans
SELECT f.project, f.symbol, l.name AS recipient, count(*) AS loans, amount_sum(f.amount_raw) AS amount_raw,
       sum(f.amount) AS amount, sum(f.amount_usd) AS amount_usd, sum(f.fee) AS fees
FROM lending_flashloans f
JOIN labels l ON l.address = f.recipient
GROUP BY 1, 2, 3
ORDER BY loans DESC, symbol, recipient;
