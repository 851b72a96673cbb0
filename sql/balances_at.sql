-- Who had how much of a token after a block, the largest first; exact, in whole tokens, from every movement, fee and reward until then.
-- :token = ETH (name, symbol or address) The token.
-- :block = last (block) After it.
-- :limit = 50 (rows) How many.
-- needs: t_token_transfers, t_native_transfers
WITH what AS (SELECT contract_id AS id, decimals FROM t_tokens WHERE contract_id = token_id(:token)),
changes AS (
    SELECT account_id, balance AS change FROM t_starting_balances WHERE token_id = (SELECT id FROM what)
    UNION ALL SELECT to_id, value FROM t_token_transfers
    WHERE contract_id = (SELECT id FROM what) AND block_number BETWEEN 1 AND :block
    UNION ALL SELECT from_id, '-' || value FROM t_token_transfers
    WHERE contract_id = (SELECT id FROM what) AND block_number BETWEEN 1 AND :block
    UNION ALL SELECT to_id, value FROM t_native_transfers WHERE 0 = (SELECT id FROM what) AND block_number BETWEEN 1 AND :block
    UNION ALL SELECT from_id, '-' || value FROM t_native_transfers WHERE 0 = (SELECT id FROM what) AND block_number BETWEEN 1 AND :block
    UNION ALL SELECT from_id, '-' || amount_mul(receipt_gas_used, receipt_effective_gas_price) FROM t_transactions
    WHERE 0 = (SELECT id FROM what) AND block_number BETWEEN 1 AND :block
    UNION ALL SELECT b.proposer_id, amount_mul(x.receipt_gas_used, x.receipt_effective_gas_price - b.base_fee)
    FROM t_blocks b JOIN t_transactions x ON x.block_number = b.number
    WHERE 0 = (SELECT id FROM what) AND b.number BETWEEN 1 AND :block
    UNION ALL SELECT account_id, amount FROM t_rewards WHERE 0 = (SELECT id FROM what) AND block_number <= :block
    UNION ALL SELECT account_id, amount FROM t_stake_changes WHERE kind IN ('freed', 'fees') AND 0 = (SELECT id FROM what) AND block_number <= :block
    UNION ALL SELECT (SELECT id FROM t_addresses WHERE name = CASE kind WHEN 'fees' THEN 'fee_pool' ELSE 'deposits' END),
    CASE kind WHEN 'staked' THEN '' ELSE '-' END || amount
    FROM t_stake_changes WHERE 0 = (SELECT id FROM what) AND block_number <= :block
),
held AS (SELECT account_id, amount_sum(change) AS balance FROM changes WHERE account_id > 0 GROUP BY 1)
SELECT a.name, a.role, a.address, amount_scaled(h.balance, k.decimals) AS balance,
       CAST(h.balance AS REAL) / CAST('1e' || k.decimals AS REAL) * CAST(price_at(k.id, :block) AS REAL) AS value_usd
FROM held h
JOIN t_addresses a ON a.id = h.account_id
JOIN what k
WHERE h.balance <> '0'
ORDER BY CAST(h.balance AS REAL) DESC, a.id
LIMIT :limit;
