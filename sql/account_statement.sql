-- Every movement of a token in and out of an account, with the balance after each transaction, exact, in smallest units. Fees and rewards are in the balance and not among the movements.
-- :account (name or address) Whose.
-- :token = ETH (name, symbol or address) The token.
-- :limit = 100 (rows) The newest so many.
WITH who AS (SELECT account_id(:account) AS id),
moves AS (
    SELECT block_number, transaction_index, contract_id AS token_id, from_id, to_id, value FROM t_token_transfers
    WHERE to_id = (SELECT id FROM who) OR from_id = (SELECT id FROM who)
    UNION ALL
    SELECT block_number, transaction_index, 0, from_id, to_id, value FROM t_native_transfers
    WHERE to_id = (SELECT id FROM who) OR from_id = (SELECT id FROM who)
)
SELECT m.block_number, datetime(b.timestamp, 'unixepoch') AS block_time, m.transaction_index,
       f.name AS sender, t.name AS receiver, iif(m.to_id = (SELECT id FROM who), '', '-') || m.value AS amount,
       balance_at((SELECT id FROM who), token_id(:token), m.block_number, m.transaction_index + 1) AS balance_after
FROM moves m
JOIN t_blocks b ON b.number = m.block_number
JOIN t_addresses f ON f.id = m.from_id
JOIN t_addresses t ON t.id = m.to_id
WHERE m.token_id = token_id(:token)
ORDER BY m.block_number DESC, m.transaction_index DESC
LIMIT :limit;
