#!/usr/bin/env python3
"""SQL for people: functions of one moment, and that nothing can be changed.

Usage: sql.py RUNNEL SOURCE_DIR
"""
import csv
import hashlib
import io
import math
import pathlib
import sqlite3
import sys
import tempfile

from balances import Replay
from support import Checks, Runnel

SCENARIOS = ("composability", "lending_what_if", "sandwich_by_hand", "vault_inflation")


def ask(ledger, sql, parameters=()):
    """By Python's own SQLite, which knows none of our functions."""
    connection = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)
    try:
        return connection.execute(sql, parameters).fetchall()
    finally:
        connection.close()


def near(a, b):
    return math.isclose(float(a), float(b), rel_tol=1e-9, abs_tol=1e-9)


def whole(amount, decimals):
    """As amount_scaled() writes it."""
    sign = "-" if amount < 0 else ""
    text = str(abs(amount)).rjust(decimals + 1, "0")
    fraction = text[len(text) - decimals:].rstrip("0")
    return sign + text[:len(text) - decimals] + ("." + fraction if fraction else "")


def moments(runnel, check, ledgers):
    """balance_at(), price_at(), health_factor_at() against replayed rows and what markets stated."""
    for name in ("composability", "sandwich_by_hand", "vault_inflation"):
        ledger = ledgers[name]
        replay = Replay(ledger)
        within = {}
        after = {}
        for block, index, before, state in replay.steps():
            if index is None:
                after[block] = dict(state)
            elif len(within) < 1000:
                within[block, index] = before
        wanted = {}
        step = max(1, replay.last // 20)
        for block, state in after.items():
            if block % step:
                continue
            wanted |= {(block, account, token): state.get((account, token), 0)
                       for account in replay.names for token in replay.symbols}
        rows = runnel.json("sql", ledger, "SELECT b.number, a.id, s.contract_id, balance_at(a.id, s.contract_id, b.number) AS x "
                                          f"FROM t_blocks b, t_addresses a, t_tokens s WHERE b.number % {step} = 0")
        check(len(rows) == len(wanted) > 100, f"{name}: {len(rows)} balances")
        wrong = [row for row in rows if row["x"] != str(0 if row["id"] == 0 else wanted[row["number"], row["id"], row["contract_id"]])]
        check(not wrong, f"{name}: balance_at: {wrong[:3]}")
        rows = runnel.json("sql", ledger, "SELECT x.block_number AS b, x.transaction_index AS i, x.from_id AS a, s.contract_id AS t, "
                                          "balance_at(x.from_id, s.contract_id, x.block_number, x.transaction_index) AS x "
                                          "FROM t_transactions x, t_tokens s WHERE x.block_number > 0 "
                                          "ORDER BY x.block_number LIMIT 1000")
        wrong = [row for row in rows if row["x"] != str(within[row["b"], row["i"]].get((row["a"], row["t"]), 0))]
        check(rows and not wrong, f"{name}: before a transaction: {wrong[:3]}")

    ledger = ledgers["composability"]

    def value(expression):
        return runnel.json("sql", ledger, f"SELECT {expression} AS x")[0]["x"]

    address = ask(ledger, "SELECT address FROM t_addresses WHERE name = 'alice'")[0][0]
    for expression, wanted in (
            ("balance_at('alice', 'USDC', 2)", "467510094"), (f"balance_at('{address}', 'USDC', 2)", "467510094"),
            (f"balance_at('0x' || upper(substr('{address}', 3)), 2, 2)", "467510094"),
            ("balance_at('alice', 'ETH', 0)", str(10 ** 18)), ("balance_at('alice', 'USDC', 9)", None),
            ("balance_at('alice', 'USDC', -1)", None), ("balance_at(NULL, 'USDC', 1)", None),
            ("balance_at('0x00000000000000000000000000000000000000ff', 'USDC', 1)", "0"),
            ("balance_at('alice', 'USDC', 0, 0)", None), ("price_at('WETH', 8)", "2000"), ("price_at('SHARE', 8)", None),
            ("price_at('WETH', 99)", None), ("health_factor_at('aave', 'bob', 3)", "1.650000000"),
            ("health_factor_at('aave', 'bob', 4)", None), ("health_factor_at('aave', 'alice', 4)", None),
            ("health_factor_at('aave', 'dana', 8)", "1.571428571428571429")):
        check(value(expression) == wanted, f"{expression}: {value(expression)}, not {wanted}")
    for expression, words in (("balance_at('alicia', 'USDC', 1)", "no account `alicia`"), ("balance_at('alice', 'USDX', 1)", "no token `USDX`"),
                              ("price_at('WETH', 'x')", "whole number"), ("health_factor_at('pair', 'bob', 1)", "no lending market `pair`")):
        done = runnel("sql", ledger, f"SELECT {expression}")
        check(done.returncode == 2 and words in done.stderr and done.stderr.count("\n") == 1, f"{expression}: {done.stderr}")

    # Prices where they change; health as the markets stated it, one block before, when nobody acted and no price came.
    ledger = ledgers["lending_what_if"]
    changes = ask(ledger, "SELECT token_id, from_block, price FROM t_reference_prices WHERE from_block BETWEEN 1 AND "
                          "(SELECT max(number) FROM t_blocks) ORDER BY from_block LIMIT 50")
    for token, block, price in changes[::10]:
        shown = runnel.json("sql", ledger, f"SELECT price_at({token}, {block}) AS now, price_at({token}, {block - 1}) AS before")[0]
        check(shown["now"] == whole(price, 8) and shown["before"] != shown["now"], f"price_at: {shown}")
    rows = runnel.json("sql", ledger, "SELECT health_factor AS stated, health_factor_at(market_address, account, block_number) AS x "
                                      "FROM health_factors LIMIT 200")
    check(rows and all(near(row["x"], row["stated"]) for row in rows), "health as stated")
    rows = ask(ledger, "SELECT h.block_number, h.contract_id, h.account_id, h.health_factor FROM t_lending_health h WHERE "
                       "h.block_number = (SELECT max(block_number) FROM t_lending_health) AND length(h.health_factor) < 22")
    last = rows[0][0]
    pairs = runnel.json("sql", ledger, f"SELECT account_id AS a, health_factor_at(contract_id, account_id, {last - 1}) AS x "
                                       f"FROM t_lending_health WHERE block_number = {last}")
    computed = {row["a"]: row["x"] for row in pairs}
    close = sum(computed[account] is not None and math.isclose(float(computed[account]), int(factor) / 1e18, rel_tol=2e-4)
                for _, _, account, factor in rows)
    check(close >= 0.95 * len(rows) > 0, f"health between statements: {close} of {len(rows)} are close")


def refusals(runnel, check, ledger, folder):
    """One line, exit code 2, and the file is as it was."""
    before = hashlib.sha256(ledger.read_bytes()).hexdigest()
    other = folder / "other.db"
    for sql, words in (
            ("SELECT 1; SELECT 2", "one SELECT"), ("INSERT INTO t_rewards VALUES (1, 1, 1, '1')", "one SELECT"),
            ("DELETE FROM t_blocks", "one SELECT"), ("UPDATE t_blocks SET gas_used = 0", "one SELECT"), ("DROP TABLE t_blocks", "one SELECT"),
            (f"ATTACH '{other}' AS o", "one SELECT"), ("DETACH main", "one SELECT"), ("PRAGMA user_version = 3", "one SELECT"),
            ("PRAGMA journal_mode = DELETE", "one SELECT"), ("PRAGMA writable_schema = 1", "one SELECT"), ("VACUUM", "one SELECT"),
            (f"VACUUM INTO '{other}'", "one SELECT"), ("CREATE TABLE x (y)", "one SELECT"), ("CREATE TEMP TABLE x (y)", "one SELECT"),
            ("CREATE TEMP VIEW x AS SELECT 1", "one SELECT"), ("BEGIN EXCLUSIVE", "one SELECT"), ("SAVEPOINT x", "one SELECT"), ("REINDEX", "one SELECT"),
            ("ANALYZE", "one SELECT"), ("SELECT load_extension('x')", "load_extension"), ("-- nothing", "one SELECT"), (";", "one SELECT"),
            ("WITH x AS (SELECT 1) INSERT INTO t_rewards SELECT 1, 1, 1, '1'", "one SELECT"),
            ("SELECT 1; DROP TABLE t_blocks", "one SELECT"), ("SELEC 1", "syntax error"), ("SELECT x FROM nowhere", "no such table"),
            ("SELECT missing()", "no such function"), ("SELECT ?1", "parameters with names"), ("SELECT :x", "--set x="),
            ("no_such_query", "sql: "), ("SELECT\n1 FROM\nnowhere", "no such table")):
        done = runnel("sql", ledger, sql)
        check(done.returncode == 2 and words in done.stderr and done.stderr.count("\n") == 1 and not done.stdout,
              f"{sql}: {done.returncode}: {done.stderr} {done.stdout}")
    for arguments, words in (((ledger,), "expected DB and a query"), ((ledger, "SELECT 1", "--set", "x=1"), "no such parameter"),
                             ((ledger, "SELECT 1", "--set", "x"), "name=value"), ((ledger, "SELECT 1", "--json", "--csv"), "excludes"),
                             ((ledger, "SELECT 'a'", "--plot"), "--plot"), ((ledger, "blocks_by_hour", "--library", folder / "none"), "--library"),
                             ((folder / "none.db", "SELECT 1"), "no such file")):
        done = runnel("sql", *arguments)
        check(done.returncode in (2, 3) and words in done.stderr and done.stderr.count("\n") == 1, f"{arguments}: {done.stderr}")
    check(hashlib.sha256(ledger.read_bytes()).hexdigest() == before, "the file is as it was")
    check(not other.exists() and not list(folder.glob("*-journal")) and not list(folder.glob("*-wal")), "no file was made")


def output(runnel, check, ledger, folder):
    """Table, CSV, JSON, charts; a library of one's own."""
    sql = "SELECT 'a,\"b' AS x, 0.1 AS y, NULL AS z, x'00ff' AS w, 12345678901234567890 AS v UNION ALL SELECT char(27) || '[2J', 2, 3, 4, 5"
    rows = list(csv.reader(io.StringIO(runnel("sql", ledger, sql, "--csv").stdout)))
    check(rows[:2] == [["x", "y", "z", "w", "v"], ['a,"b', "0.1", "", "0x00ff", "1.2345678901234567e+19"]], f"csv: {rows}")
    rows = runnel.json("sql", ledger, sql)
    check(rows[0] == {"x": 'a,"b', "y": 0.1, "z": None, "w": "0x00ff", "v": 12345678901234567890.0}, f"json: {rows}")
    table = runnel("sql", ledger, sql).stdout
    check("\033" not in table and table.splitlines()[0].split() == ["x", "y", "z", "w", "v"], f"table: {table}")
    check("and 3 more" in runnel("sql", ledger, "SELECT number FROM t_blocks", "--limit", 6).stdout, "a limit")
    curve = runnel("sql", ledger, "SELECT number, number * number AS square FROM t_blocks", "--plot").stdout
    check("square" in curve and "█" in curve and len(curve.splitlines()) == 12 and "64 ┤" in curve, f"a curve: {curve}")
    bars = runnel("sql", ledger, "SELECT name, id FROM t_addresses WHERE id < 4", "--plot").stdout
    check(len(bars.splitlines()) == 5 and bars.count("█") > 10, f"bars: {bars}")
    (folder / "mine").mkdir()
    (folder / "mine" / "mine.sql").write_text("-- A number.\n-- :n = 7 (units) Which.\n-- :t = none (text) Nothing.\nSELECT :n AS n, :t AS t;\n")
    check(runnel.json("sql", ledger, "mine", "--library", folder / "mine") == [{"n": 7, "t": None}], "a default")
    check(runnel.json("sql", ledger, "mine", "--library", folder / "mine", "--set", "n=0.5", "--set", "t=a b") == [{"n": 0.5, "t": "a b"}], "set")
    check("mine" in runnel("sql", "--list", "--library", folder / "mine").stdout, "listed")
    (folder / "mine" / "bad.sql").write_text("SELECT 1;\n")
    check(runnel("sql", ledger, "mine", "--library", folder / "mine").returncode == 2, "a query that does not say what it answers")


def main() -> None:
    runnel = Runnel(sys.argv[1])
    source = pathlib.Path(sys.argv[2])
    check = Checks()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        ledgers = {name: folder / f"{name}.db" for name in SCENARIOS}
        for name, ledger in ledgers.items():
            runnel.json("run", source / "scenarios" / f"{name}.toml", "--db", ledger)
        moments(runnel, check, ledgers)
        refusals(runnel, check, ledgers["composability"], folder)
        output(runnel, check, ledgers["composability"], folder)
    check.finish()


if __name__ == "__main__":
    main()
