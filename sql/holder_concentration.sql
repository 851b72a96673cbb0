-- How evenly each token is held after the last block by accounts of people: holders, Gini coefficient, Herfindahl index (HHI), shares of the top 1 and 10. Contracts, pools and address zero are left out.
WITH held AS (
    SELECT b.symbol, b.token_address, b.balance AS x,
           row_number() OVER (PARTITION BY b.token_address ORDER BY b.balance) AS place,
           count(*) OVER (PARTITION BY b.token_address) AS n,
           row_number() OVER (PARTITION BY b.token_address ORDER BY b.balance DESC) AS from_top
    FROM (SELECT * FROM balances) b CROSS JOIN labels l ON l.address = b.address
    WHERE b.balance > 0 AND l.role IN ('wallet', 'account', 'validator', 'builder')
)
SELECT symbol, max(n) AS holders, sum(x) AS held,
       2 * sum(place * x) / (max(n) * sum(x)) - (max(n) + 1.0) / max(n) AS gini,
       sum(x * x) / (sum(x) * sum(x)) AS hhi,
       sum(iif(from_top = 1, x, 0)) / sum(x) AS top_1_share,
       sum(iif(from_top <= 10, x, 0)) / sum(x) AS top_10_share
FROM held
GROUP BY token_address
ORDER BY holders DESC, symbol;
