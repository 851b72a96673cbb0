-- Every liquidation: who, by whom, what was repaid and seized, in US dollars at the time.
-- needs: lending_liquidations
SELECT q.block_number, q.block_time, q.contract_name AS market, b.name AS borrower, l.name AS liquidator,
       q.debt_amount, q.debt_token_symbol AS debt_symbol, q.collateral_amount, q.collateral_token_symbol AS collateral_symbol,
       q.debt_value_usd, q.collateral_value_usd, q.tx_hash
FROM lending_liquidations q
JOIN labels b ON b.address = q.borrower
JOIN labels l ON l.address = q.liquidator
ORDER BY q.block_number, q.event_index;
