-- Where a token went: what each group received less what it paid after block 0, exact, in whole tokens.
-- :token = WETH (name, symbol or address) The token.
-- needs: t_token_transfers
WITH what AS (SELECT contract_id AS id, decimals FROM t_tokens WHERE contract_id = token_id(:token)),
moves AS (
    SELECT to_id AS account_id, value AS amount FROM t_token_transfers
    WHERE block_number > 0 AND contract_id IN (SELECT id FROM what)
    UNION ALL
    SELECT from_id, '-' || value FROM t_token_transfers
    WHERE block_number > 0 AND contract_id IN (SELECT id FROM what)
)
SELECT iif(a.id = 0, 'minted and burned', iif(a.strategy = '', a.role, substr(a.name, 1, instr(a.name || '/', '/') - 1))) AS account_group,
       count(*) AS movements, amount_scaled(amount_sum(m.amount), (SELECT decimals FROM what)) AS net_received
FROM moves m
JOIN t_addresses a ON a.id = m.account_id
GROUP BY 1
ORDER BY CAST(amount_sum(m.amount) AS REAL) DESC, account_group;
