#!/usr/bin/env python3
"""Runs every recipe of docs/recipes.md, as it stands there, on a ledger of a shipped scenario, and
compares what comes out with sums of the base tables in Python's integers.

Usage: recipes.py RUNNEL SOURCE_DIR    Exit code 77: skipped, with a line that says why."""
import contextlib
import datetime
import io
import os
import pathlib
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections import defaultdict

SKIPPED = 77
# Long enough for the first liquidations; slots of 36 seconds make it a day.
RUN = ["--blocks", "2400", "--set", "scenario.slot_seconds=36", "--quiet"]


def environment(source: pathlib.Path) -> str:
    made = subprocess.run([source / "tools/python_env", "recipes"], capture_output=True, text=True)
    if made.returncode != 0:
        print(f"SKIPPED: {made.stderr.strip()}")
        sys.exit(SKIPPED)
    return made.stdout.strip()


def recipes(page: str) -> dict[str, str]:
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    named = {}
    for block in blocks:
        name = re.match(r"# name: (\w+)\n", block)
        assert name, f"a recipe has no name: {block.splitlines()[0]}"
        assert name[1] not in named, f"two recipes are called {name[1]}"
        named[name[1]] = block
    return named


class Ledger:
    """The base tables, read without any of the recipes' libraries."""

    def __init__(self):
        self.database = sqlite3.connect("file:bt.db?mode=ro", uri=True)

    def rows(self, sql, *parameters):
        return self.database.execute(sql, parameters).fetchall()

    def one(self, sql, *parameters):
        return self.rows(sql, *parameters)[0][0]

    def token(self, symbol):
        return self.one("SELECT contract_id FROM t_tokens WHERE symbol = ?", symbol)

    def label(self, account):
        name, role, strategy = self.rows(
            "SELECT name, role, strategy FROM t_addresses WHERE id = ?", account)[0]
        return name.split("/")[0] if strategy else role


def near(a, b, share=1e-9):
    assert abs(a - b) <= share * max(abs(a), abs(b), 1e-9), f"{a} is not {b}"


def check_open_pandas(made, ledger):
    assert len(made["meanings"]) == len(ledger.rows("PRAGMA table_info(dex_trades)"))
    assert (made["meanings"]["meaning"] != "").all()


def check_balance_over_time(made, ledger):
    account = ledger.one("SELECT id FROM t_addresses WHERE address = ?", made["holder"])
    weth = ledger.token("WETH")
    start = ledger.rows(
        "SELECT balance FROM t_starting_balances WHERE account_id = ? AND token_id = ?", account, weth)
    balance = int(start[0][0]) if start else 0
    by_hour = {}
    for time, sender, receiver, value in ledger.rows(
            "SELECT b.timestamp, t.from_id, t.to_id, t.value FROM t_token_transfers t "
            "JOIN t_blocks b ON b.number = t.block_number WHERE t.block_number > 0 "
            "AND t.contract_id = ? AND ? IN (t.from_id, t.to_id)", weth, account):
        balance += int(value) * ((receiver == account) - (sender == account))
        by_hour[time // 3600 * 3600] = balance
    recipe = {int(hour.timestamp()): value for hour, value in made["balance_over_time"].items()}
    assert recipe == by_hour
    assert all(type(value) is int for value in recipe.values())
    assert any(value > 2**63 for value in recipe.values())  # Otherwise the page warns of nothing.


def check_liquidations(made, ledger):
    table = made["liquidations_by_hour"]
    assert table["calls"].sum() == ledger.one("SELECT count(*) FROM t_lending_liquidations") > 20
    debt = sum(int(value) for (value,) in ledger.rows("SELECT debt_value FROM t_lending_liquidations"))
    near(table["debt_usd"].sum(), debt / 1e8)
    assert (table["bonus_usd"] > 0).all()


def check_health_factors(made, ledger):
    last = ledger.one("SELECT max(number) FROM t_blocks")
    rows = ledger.rows("SELECT health_factor, debt, collateral FROM t_lending_health "
                       "WHERE block_number = ?", last)
    table = made["health_bands"]
    assert (made["health"]["block_number"] == last).all()
    assert table["accounts"].sum() == len(rows) > 20
    below = [int(debt) for health, debt, _ in rows if int(health) < 10**18]
    assert table["accounts"].iloc[0] == len(below)
    assert made["health"]["is_liquidatable"].sum() == len(below)
    near(table["debt_usd"].sum(), sum(int(debt) for _, debt, _ in rows) / 1e8)
    near(table["bad_debt_usd"].sum(),
         sum(max(int(debt) - int(collateral), 0) for _, debt, collateral in rows) / 1e8)


def check_bad_debt_over_time(made, ledger):
    table = made["bad_debt_over_time"]
    assert len(table) == ledger.one("SELECT count(*) FROM t_lending_statements") == 25
    for block, debt, bad, index in ledger.rows(
            "SELECT block_number, debt, bad_debt, rank FROM (SELECT *, row_number() OVER "
            "(ORDER BY rowid) - 1 AS rank FROM t_lending_statements)"):
        near(table["debt_usd"][index], int(debt) / 1e8)
        near(table["bad_debt_usd"][index], int(bad) / 1e8)
        health = ledger.rows("SELECT debt, collateral FROM t_lending_health WHERE block_number = ?", block)
        assert int(debt) == sum(int(row[0]) for row in health)
        assert int(bad) == sum(max(int(row[0]) - int(row[1]), 0) for row in health)


def check_lp_return(made, ledger):
    table = made["lp_return"]
    assert len(table) == ledger.one("SELECT count(DISTINCT contract_id) FROM t_dex_pools") >= 3
    for pool, row in table.iterrows():
        contract = ledger.one("SELECT id FROM t_contracts WHERE name = ?", pool)

        def ends(sql):
            return [ledger.rows(f"{sql} ORDER BY rowid {order}", contract) for order in ("", "DESC")]

        def share(which):
            supply = int(ends("SELECT total_supply FROM t_dex_shares WHERE contract_id = ?")[which][0][0])
            newest = {}
            for token, reserve in ends("SELECT token_id, reserve FROM t_dex_pools WHERE contract_id = ?")[which]:
                newest.setdefault(token, int(reserve))
            return {token: reserve / supply for token, reserve in newest.items()}

        def worth(amounts, order, until=10**18):
            return sum(
                amount * ledger.one("SELECT price FROM t_reference_prices WHERE token_id = ? AND from_block <= ? "
                                    f"ORDER BY from_block {order} LIMIT 1", token, until)
                / 10 ** ledger.one("SELECT decimals FROM t_tokens WHERE contract_id = ?", token)
                for token, amount in amounts.items())

        end = ledger.one("SELECT max(number) FROM t_blocks")
        near(row["return"], worth(share(1), "DESC", end) / worth(share(0), "ASC") - 1, 1e-6)
        near(row["against_holding"],
             worth(share(1), "DESC", end) / worth(share(0), "DESC", end) - 1, 1e-6)


def check_who_paid_whom(made, ledger):
    sums = defaultdict(int)
    for sender, receiver, value in ledger.rows(
            "SELECT from_id, to_id, value FROM t_token_transfers WHERE block_number > 0 AND contract_id = ?",
            ledger.token("USDC")):
        sums[ledger.label(sender), ledger.label(receiver)] += int(value)
    recipe = {(payer, payee): units for payer, payee, _, units in made["who_paid_whom"].rows()}
    assert recipe == sums and len(sums) > 5


def check_unlimited_approvals(made, ledger):
    values = [int(value) for (value,) in ledger.rows("SELECT value FROM t_token_approvals")]
    assert made["unlimited_approvals"].rows() == [
        (len(values), sum(value > 2**127 - 1 for value in values), sum(value == 0 for value in values))]
    assert sum(value > 2**127 - 1 for value in values) > 0


def check_gas_by_group(made, ledger):
    sums = defaultdict(lambda: [0, 0, 0, 0])
    for sender, gas, price, status in ledger.rows(
            "SELECT from_id, receipt_gas_used, receipt_effective_gas_price, receipt_status "
            "FROM t_transactions WHERE block_number > 0"):
        strategy = ledger.one("SELECT strategy FROM t_addresses WHERE id = ?", sender)
        row = sums[ledger.label(sender) if strategy else ""]
        for i, value in enumerate((1, 1 - status, gas, gas * price)):
            row[i] += value
    for group, transactions, reverted, gas, fee in made["gas_by_group"].rows():
        count, failed, used, paid = sums.pop(group)
        assert (transactions, gas, fee) == (count, used, paid)
        near(reverted, failed / count)
    assert not sums


def check_dropped(made, ledger):
    counts = defaultdict(int)
    for time, reason, sender in ledger.rows(
            "SELECT b.timestamp, d.reason, d.from_id FROM t_dropped_transactions d "
            "JOIN t_blocks b ON b.number = d.block_number"):
        hour = datetime.datetime.fromtimestamp(time, datetime.timezone.utc).strftime("%Y-%m-%d %H")
        strategy = ledger.one("SELECT strategy FROM t_addresses WHERE id = ?", sender)
        counts[hour, reason, ledger.label(sender) if strategy else ""] += 1
    assert {row[:3]: row[3] for row in made["dropped"].rows()} == counts and counts


def check_volume_per_pool_and_hour(made, ledger):
    rows = made["volume_per_pool_and_hour"]
    counts = {(pool, hour.strftime("%Y-%m-%d %H")): trades for pool, hour, trades, _ in rows}
    expected = dict(((pool, hour), trades) for pool, hour, trades in ledger.rows(
        "SELECT c.name, strftime('%Y-%m-%d %H', b.timestamp, 'unixepoch'), count(*) FROM t_dex_trades t "
        "JOIN t_contracts c ON c.id = t.contract_id JOIN t_blocks b ON b.number = t.block_number "
        "GROUP BY 1, 2"))
    assert counts == expected and len(counts) > 24
    volume = ledger.one("SELECT sum(amount_usd) FROM dex_trades")
    near(sum(row[3] for row in rows if row[3] is not None), volume)


def check_exact_sums(made, ledger):
    sums = defaultdict(int)
    for symbol, value in ledger.rows("SELECT k.symbol, t.value FROM t_token_transfers t "
                                     "JOIN t_tokens k ON k.contract_id = t.contract_id"):
        sums[symbol] += int(value)
    assert {symbol: exact for symbol, exact, _ in made["exact_sums"]} == sums
    assert any(int(rounded) != exact for _, exact, rounded in made["exact_sums"])


def check_starting_positions(made, ledger):
    expected = defaultdict(lambda: [0, 0])
    holdings = ledger.rows("SELECT account_id, token_id, supplied_raw, debt_raw FROM t_lending_holdings "
                           "WHERE block_number = 0")
    symbols = dict(ledger.rows("SELECT contract_id, symbol FROM t_tokens"))
    shares = {row[0] for row in ledger.rows("SELECT share_token_id FROM t_dex_shares")}
    for kind, account, token, amount in (
            [("pool_shares" if token in shares else "balance", account, token, amount)
             for account, token, amount in ledger.rows(
                "SELECT account_id, token_id, balance FROM t_starting_balances")] +
            [(kind, row[0], row[1], row[place]) for row in holdings
             for kind, place in (("supplied", 2), ("debt", 3)) if row[place] != "0"]):
        if ledger.one("SELECT strategy FROM t_addresses WHERE id = ?", account):
            entry = expected[kind, ledger.label(account), symbols[token]]
            entry[0] += 1
            entry[1] += int(amount)
    recipe = {row[:3]: list(row[3:]) for row in made["starting_positions"]}
    assert recipe == expected and len(recipe) > 5


def run_recipes(source: pathlib.Path) -> None:
    """In the environment, beside the ledger."""
    named = recipes((source / "docs/recipes.md").read_text())
    made: dict = {}
    ledger = Ledger()
    for name, code in named.items():
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(code, f"docs/recipes.md: {name}", "exec"), made)
        assert name.startswith("open_") or printed.getvalue(), f"{name} prints nothing"
        check = globals().get(f"check_{name}")
        assert check or name.startswith("open_"), f"nothing checks {name}"
        if check:
            check(made, ledger)
        print(f"{name}: ok")
    missing = {name for name in globals() if name.startswith("check_")} - {f"check_{name}" for name in named}
    assert not missing, f"the page lacks {missing}"


def main() -> int:
    if sys.argv[1] == "--inside":
        run_recipes(pathlib.Path(sys.argv[2]))
        return 0
    runnel, source = sys.argv[1], pathlib.Path(sys.argv[2])
    python = environment(source)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([runnel, "run", source / "scenarios/black_thursday.toml", *RUN, "--db", "bt.db"],
                       cwd=folder, check=True)
        inside = subprocess.run([python, os.path.abspath(__file__), "--inside", source], cwd=folder)
    return 0 if inside.returncode == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
