-- What was supplied, withdrawn, borrowed and repaid, by market, token and kind of operation, also in US dollars at the time.
-- needs: lending_borrow, lending_supply
SELECT c.name AS market, f.symbol, f.transaction_type, count(*) AS operations,
       amount_sum(f.amount_raw) AS amount_raw, sum(f.amount_usd) AS amount_usd
FROM (SELECT project_contract_address, symbol, transaction_type, amount_raw, amount_usd FROM lending_borrow
      UNION ALL
      SELECT project_contract_address, symbol, transaction_type, amount_raw, amount_usd FROM lending_supply) f
JOIN contracts c ON c.address = f.project_contract_address
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3;
