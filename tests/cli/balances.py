"""Balances of a ledger added up again from its rows, by plain Python integers: what tests compare with."""
import collections
import sqlite3


class Replay:
    """Every account's balance of every token before and after every transaction and block."""

    def __init__(self, path):
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        self.names = dict(connection.execute("SELECT id, name FROM t_addresses"))
        self.symbols = dict(connection.execute("SELECT contract_id, symbol FROM t_tokens"))
        # As people call them: by the contract's name where two share a symbol.
        names = dict(connection.execute("SELECT id, name FROM t_contracts"))
        self.tokens = {symbol if list(self.symbols.values()).count(symbol) == 1 else names[token]: token
                       for token, symbol in self.symbols.items()}
        self.decimals = dict(connection.execute("SELECT contract_id, decimals FROM t_tokens"))
        self.balances = collections.defaultdict(int)
        for account, token, balance in connection.execute("SELECT account_id, token_id, balance FROM t_starting_balances"):
            self.balances[account, token] = int(balance)
        moves = collections.defaultdict(list)
        for table, token in (("t_token_transfers", "contract_id"), ("t_native_transfers", "0")):
            if connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
                for block, index, *move in connection.execute(
                        f"SELECT block_number, transaction_index, from_id, to_id, {token}, value FROM {table}"):
                    moves[block, index].append(move)
        self.last = connection.execute("SELECT max(number) FROM t_blocks").fetchone()[0]
        self.transactions = []  # (block, index, sender, fee, moves)
        for block, index, sender, gas, price in connection.execute(
                "SELECT block_number, transaction_index, from_id, receipt_gas_used, receipt_effective_gas_price "
                "FROM t_transactions WHERE block_number > 0 ORDER BY rowid"):
            self.transactions.append((block, index, sender, gas * price, moves[block, index]))
        self.headers = {number: row for number, *row in connection.execute("SELECT number, proposer_id, base_fee FROM t_blocks")}
        self.gas = {(block, index): gas for block, index, gas in connection.execute(
            "SELECT block_number, transaction_index, receipt_gas_used FROM t_transactions")}
        self.rewards = collections.defaultdict(list)
        for block, account, amount in connection.execute("SELECT block_number, account_id, amount FROM t_rewards"):
            self.rewards[block].append((account, int(amount)))
        connection.close()

    def at_end(self):
        """What everybody has after the last block, by account and token."""
        for _ in self.steps(copies=False):
            pass
        return self.balances

    def steps(self, copies=True):
        """Yields (block, index or None, balances before, balances after): transactions, then the end of their block.

        Without copies, what was before a transaction is left out."""
        position = 0
        for block in range(self.last + 1):
            tips = 0
            proposer, base_fee = self.headers[block]
            while position < len(self.transactions) and self.transactions[position][0] == block:
                _, index, sender, fee, moves = self.transactions[position]
                before = dict(self.balances) if copies else None
                for payer, payee, token, value in moves:
                    self.balances[payer, token] -= int(value)
                    self.balances[payee, token] += int(value)
                self.balances[sender, 0] -= fee
                tips += fee - self.gas[block, index] * base_fee
                yield block, index, before, self.balances
                position += 1
            before = self.balances
            self.balances[proposer, 0] += tips
            for account, amount in self.rewards[block]:
                self.balances[account, 0] += amount
            yield block, None, before, self.balances
