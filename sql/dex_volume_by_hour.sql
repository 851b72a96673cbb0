-- Trades and volume on all exchanges in US dollars, hour by hour.
-- needs: dex_trades
SELECT strftime('%Y-%m-%d %H:00', block_time) AS hour, count(*) AS trades, sum(amount_usd) AS volume_usd
FROM dex_trades
GROUP BY 1
ORDER BY 1;
