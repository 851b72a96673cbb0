-- Who became richer: what each group owned after block 0 and after the last block, each at the prices of that time, tokens alone: loans and what lies in pools are apart, and so are tokens without a price.
WITH prices AS MATERIALIZED (SELECT contract_id, decimals, CAST(price_at(contract_id, 0) AS REAL) AS first,
                       CAST(price_at(contract_id, (SELECT max(number) FROM t_blocks)) AS REAL) AS last FROM t_tokens),
starts AS (SELECT s.account_id, sum(CAST(s.balance AS REAL) / CAST('1e' || p.decimals AS REAL) * p.first) AS usd
           FROM t_starting_balances s JOIN prices p ON p.contract_id = s.token_id GROUP BY 1),
ends AS (SELECT a.id AS account_id, sum(b.balance * p.last) AS usd
         FROM (SELECT address, token_address, balance FROM balances) b CROSS JOIN t_addresses a ON a.address = b.address
         CROSS JOIN t_contracts c ON c.address = b.token_address CROSS JOIN prices p ON p.contract_id = c.id GROUP BY 1)
SELECT iif(a.strategy = '', a.role, substr(a.name, 1, instr(a.name || '/', '/') - 1)) AS account_group,
       count(*) AS accounts, sum(ifnull(s.usd, 0)) AS first_usd, sum(ifnull(e.usd, 0)) AS last_usd,
       sum(ifnull(e.usd, 0)) - sum(ifnull(s.usd, 0)) AS change_usd
FROM t_addresses a
LEFT JOIN starts s ON s.account_id = a.id
LEFT JOIN ends e ON e.account_id = a.id
WHERE a.id > 0
GROUP BY 1
ORDER BY change_usd DESC, account_group;
