-- What lending markets stated of themselves: debt, what may be liquidated, and debt beyond its collateral, in US dollars.
-- needs: lending_statements
SELECT block_time, contract_name AS market, borrowers, liquidatable, insolvent, debt_usd, liquidatable_debt_usd, bad_debt_usd
FROM lending_statements
ORDER BY block_number, contract_name;
