#!/usr/bin/env python3
"""Alters a ledger through SQL, its definitions and single values: `verify` refuses all of it, nobody stumbles over it."""
import sqlite3

from frame import main
from ledgers import LedgerFuzzer

DEFINITIONS = [
    "CREATE TABLE foreign_table (a, b)",
    "CREATE TABLE t_extra (block_number INTEGER, x)",
    "CREATE TABLE \"%LONG%\" (a)",
    "CREATE TABLE \"\x1b[31mred\nrunnel: all is well\" (a)",
    "CREATE TABLE strange (a, b GENERATED ALWAYS AS (a + 1) VIRTUAL, CHECK (a > 0)) STRICT",
    "CREATE TABLE referring (a REFERENCES t_blocks(number))",
    "CREATE VIRTUAL TABLE searched USING fts5(text)",
    "CREATE VIRTUAL TABLE boxes USING rtree(id, a, b)",
    "CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
    "CREATE VIEW broken AS SELECT * FROM nowhere",
    "CREATE VIEW calling AS SELECT load_extension('x')",
    "DROP VIEW blocks",
    "DROP VIEW transactions; CREATE VIEW transactions AS SELECT * FROM t_transactions",
    "DROP TABLE t_rewards; CREATE VIEW t_rewards AS SELECT 0 AS block_number",
    "DROP TABLE t_run_metrics",
    "DROP TABLE t_completion; CREATE VIEW t_completion AS SELECT 30 AS block_number, zeroblob(32) AS head_hash, zeroblob(32) AS dropped_digest, zeroblob(32) AS truth_digest",
    "ALTER TABLE t_blocks ADD COLUMN more",
    "ALTER TABLE t_transactions RENAME COLUMN nonce TO other",
    "ALTER TABLE t_token_transfers RENAME TO t_other",
    "CREATE TRIGGER sly AFTER INSERT ON t_blocks BEGIN DELETE FROM t_rewards; END",
    "CREATE TRIGGER loud BEFORE UPDATE ON t_run_metrics BEGIN SELECT RAISE(ABORT, 'no'); END",
    "CREATE INDEX late ON t_blocks (hash)",
    "CREATE INDEX partial ON t_blocks (hash) WHERE number > 3",
    "CREATE INDEX expressive ON t_transactions (length(input))",
    "WRITABLE UPDATE sqlite_master SET name = 'sqlite_evil', tbl_name = 'sqlite_evil', "
    "sql = 'CREATE VIEW sqlite_evil AS SELECT 1' WHERE name = 'labels'",
    "WRITABLE UPDATE sqlite_master SET sql = 'CREATE TABLE t_rewards(x)' WHERE name = 't_rewards'",
    "WRITABLE UPDATE sqlite_master SET sql = sql || ' -- ' || hex(zeroblob(100000)) WHERE name = 'labels'",
    "WRITABLE UPDATE sqlite_master SET rootpage = 1 WHERE name = 't_rewards'",
    "WRITABLE UPDATE sqlite_master SET rootpage = 99999999 WHERE name = 't_blocks'",
    "WRITABLE UPDATE sqlite_master SET sql = 'nonsense' WHERE name = 't_blocks'",
    "WRITABLE UPDATE sqlite_master SET type = 'table' WHERE name = 'labels'",
    "WRITABLE DELETE FROM sqlite_master WHERE name = 't_transactions'",
    "PRAGMA user_version = 99",
    "PRAGMA application_id = 7",
]
VALUES = ["NULL", "0", "-1", "1.5", "1e300", "9223372036854775807", "''", "'x'", "'9'", "x''", "x'00'", "zeroblob(32)",
          "char(27) || '[2J'", "'é' || char(0)", "CAST(x'ff' AS TEXT)", "hex(zeroblob(60000))", "zeroblob(100000000)",
          "printf('%0*d', 90, 1)", "'115792089237316195423570985008687907853269984665640564039457584007913129639936'"]


class Schemas(LedgerFuzzer):
    def case(self):
        pick = self.random
        ledger = pick.choice(self.ledgers)
        target = self.copy(ledger)
        database = sqlite3.connect(target, isolation_level=None)
        changed = ""
        try:
            if pick.random() < 0.4:
                sql = pick.choice(DEFINITIONS).replace("%LONG%", "long" * 25_000)
                changed = sql[:200]
                if sql.startswith("WRITABLE "):
                    database.execute("PRAGMA writable_schema = ON")
                    sql = sql[len("WRITABLE "):]
                database.executescript(sql)
            else:
                changed = self.alter(database)
        except sqlite3.Error:
            changed = ""  # SQLite itself refuses it.
        database.close()
        done = self.command({0, 1, 2}, "verify", target, "--quiet")
        if done and changed and done.returncode == 0:
            self.finding("accepted in silence", changed)
        if done and changed and done.returncode == 2 and not changed.startswith("PRAGMA"):
            self.finding("wrong code", f"{changed}: {done.stderr[:500]!r}")
        self.command({0, 1, 2}, "diff", ledger, target)
        self.command({0, 1, 2}, "report", target)
        self.command({0, 1, 2}, "show", target, "tx", "1:0")
        self.command({0, 1, 2}, "show", target, "block", "2", "--json")
        self.command({0, 1, 2}, "sql", target, "SELECT balance_at(id, 0, 3), price_at(0, 3) FROM t_addresses")
        self.command({0, 1, 2}, "detect", target, "--score")
        self.command({0, 1, 2}, "prove", target, "--transaction", "7:0")
        self.command({0, 1, 2, 3}, "run", ledger.with_suffix(".toml"), "--db", target, "--resume", "--quiet")

    def alter(self, database):
        """One value, or whole rows, of any table but the one that nothing covers."""
        pick = self.random
        tables = [row[0] for row in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> 't_run_metrics'"
            " ORDER BY name")]
        table = pick.choice(tables)
        columns = [row[1] for row in database.execute(f'PRAGMA table_info("{table}")')]
        rows = database.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]
        if rows == 0:
            return ""
        keys = [row[1] for row in database.execute(f'PRAGMA table_info("{table}")') if row[5]] or columns[:2]
        names = ", ".join(f'"{key}"' for key in keys)
        where = f"({names}) = (SELECT {names} FROM \"{table}\" ORDER BY {names} LIMIT 1 OFFSET {pick.randrange(rows)})"
        choice = pick.random()
        before = database.total_changes
        if choice < 0.1:
            sql = f'DELETE FROM "{table}" WHERE {where}'
        elif choice < 0.15:
            sql = f'DELETE FROM "{table}"'
        elif choice < 0.2:
            sql = f'INSERT INTO "{table}" SELECT * FROM "{table}" WHERE {where}'
        else:
            column = pick.choice(columns)
            value = pick.choice(VALUES)
            sql = f'UPDATE "{table}" SET "{column}" = {value} WHERE {where} AND "{column}" IS NOT {value}'
        database.execute(sql)
        return sql[:300] if database.total_changes > before else ""


if __name__ == "__main__":
    main(Schemas)
