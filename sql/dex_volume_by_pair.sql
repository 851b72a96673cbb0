-- What was traded on exchanges, by pair of tokens and protocol: trades, traders, US dollars.
-- needs: dex_trades
SELECT token_pair, project, version, count(*) AS trades, count(DISTINCT taker) AS traders, sum(amount_usd) AS volume_usd
FROM dex_trades
GROUP BY 1, 2, 3
ORDER BY volume_usd DESC, trades DESC, token_pair;
