-- What liquidity providers earned in fees, by pool and token, exact, and in US dollars at the price of each trade's block.
-- needs: t_dex_trades
SELECT c.name AS pool, s.symbol, count(*) AS trades,
       amount_scaled(amount_sum(r.fee_raw), s.decimals) AS fees,
       sum(CAST(r.fee_raw AS REAL) / CAST('1e' || s.decimals AS REAL) *
           CAST((SELECT p.price / 1e8 FROM t_reference_prices p WHERE p.token_id = r.fee_token_id AND p.from_block <= r.block_number
                 ORDER BY p.from_block DESC LIMIT 1) AS REAL)) AS fees_usd
FROM t_dex_trades r
JOIN t_contracts c ON c.id = r.contract_id
JOIN t_tokens s ON s.contract_id = r.fee_token_id
GROUP BY r.contract_id, r.fee_token_id
ORDER BY pool, symbol;
