-- What a token cost on exchanges, hour by hour, in units of another: mean by volume, lowest, highest, and the reference ratio at the hour's last trade.
-- :base = WETH (symbol) What is priced.
-- :quote = USDC (symbol) In what.
-- needs: dex_trades
WITH trades AS (
    SELECT strftime('%Y-%m-%d %H:00', block_time) AS hour, block_number,
           iif(token_bought_symbol = :base, token_bought_amount, token_sold_amount) AS base,
           iif(token_bought_symbol = :base, token_sold_amount, token_bought_amount) AS quote
    FROM dex_trades
    WHERE (token_bought_symbol = :base AND token_sold_symbol = :quote)
       OR (token_bought_symbol = :quote AND token_sold_symbol = :base)
)
SELECT hour, sum(quote) / sum(base) AS price, min(quote / base) AS lowest, max(quote / base) AS highest,
       CAST(price_at(:base, max(block_number)) AS REAL) / CAST(price_at(:quote, max(block_number)) AS REAL) AS reference
FROM trades
WHERE base > 0
GROUP BY hour
ORDER BY hour;
