-- How much prices moved: the standard deviation of hourly logarithmic returns of the reference price, times the root of 8,766 hours, and the deepest fall from a high, by token.
WITH hours AS (
    SELECT (b.timestamp - z.timestamp) / 3600 AS hour, max(b.number) AS block
    FROM t_blocks b JOIN t_blocks z ON z.number = 0 GROUP BY 1
),
prices AS (
    SELECT s.contract_id, s.symbol, h.hour, CAST(price_at(s.contract_id, h.block) AS REAL) AS usd
    FROM t_tokens s JOIN hours h
),
steps AS (
    SELECT contract_id, symbol, usd, ln(usd / lag(usd) OVER w) AS step, usd / max(usd) OVER w - 1 AS fall
    FROM prices WHERE usd > 0
    WINDOW w AS (PARTITION BY contract_id ORDER BY hour)
)
SELECT symbol, count(step) AS hours,
       sqrt(max(avg(step * step) - avg(step) * avg(step), 0)) * sqrt(8766) AS volatility_a_year,
       min(fall) AS deepest_fall
FROM steps
GROUP BY contract_id
ORDER BY volatility_a_year DESC, symbol;
