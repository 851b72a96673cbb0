-- Transactions that came into no block, by reason and the senders' group.
SELECT reason, from_group AS sender_group, count(*) AS transactions, count(DISTINCT from_address) AS senders
FROM dropped_transactions
GROUP BY 1, 2
ORDER BY transactions DESC, reason, sender_group;
