#!/usr/bin/env python3
"""The comparison of docs/five_markets.md: its commands and its query give its table, and its claims hold.

Usage: five_markets.py RUNNEL SOURCE_DIR [--write]

--write puts the figures of today into the page.
"""
import csv
import json
import os
import pathlib
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

from support import Checks, Runnel

CASES = {"at once": "at_once", "ten minutes": "ten_minutes", "equal terms": "equal_terms"}
MARKETS = {"Aave v3.0": "aave_v30", "Aave v3.7": "aave_v37", "Compound v2": "compound_v2",
           "Compound III": "compound_v3", "Morpho Blue": "morpho_blue"}
# Of each column of the page: what the query calls it, and how the page writes it.
COLUMNS = {
    "Accounts liquidated": ("accounts", "{:,.0f}"),
    "Calls": ("calls", "{:,.0f}"),
    "Last block": ("last_block", "{:,.0f}"),
    "Debt repaid": ("repaid", "${:,.0f}"),
    "Collateral taken": ("seized", "${:,.0f}"),
    "Liquidators, before costs": ("gross", "${:,.0f}"),
    "Liquidators, net": ("net", "${:,.0f}"),
    "Protocol's part": ("fees", "${:,.0f}"),
    "Bad debt": ("bad", "${:,.0f}"),
}
HEAD = "| Fall | Market"
# The page's table of many seeds: two runs, two figures of each.
SEEDS = range(1, 21)
SEEDS_TESTED = (2, 3)  # Those that a test has the time for.
SEED_CASES = {"At once": [], "Ten minutes": ["--set", "events.crash.over=10m"]}
SEED_COLUMNS = {"bad debt": "bad", "liquidators, net": "net"}
SEED_HEAD = "| Market | At once: bad debt"


def fenced(page: str, language: str) -> str:
    return re.search(rf"```{language}\n(.*?)```", page, re.S).group(1)


class Ledger:
    """One of the page's runs."""

    def __init__(self, folder: pathlib.Path, case: str, query: str):
        self.file = folder / f"{case}.db"
        self.report = json.loads((folder / f"{case}.json").read_text())
        with sqlite3.connect(self.file) as database:
            database.row_factory = sqlite3.Row
            self.markets = {row["market"]: dict(row) for row in database.execute(query)}
        database.close()
        gains = {row["group"]: row["gain_usd"] for row in self.report["wallets"]["groups"]}
        for market, figures in self.markets.items():
            figures["net"] = gains[f"liquidator_{market}"]

    def rows(self, sql: str) -> list[tuple]:
        with sqlite3.connect(self.file) as database:
            found = database.execute(sql).fetchall()
        database.close()
        return found

    def liquidated(self, market: str) -> set[str]:
        return {row[0] for row in self.rows(
            f"SELECT borrower FROM lending_liquidations WHERE contract_name = '{market}'")}

    def statement(self, market: str, column: str, first=False) -> float:
        """What a market says of itself after block 0 or the last one."""
        order = "ASC" if first else "DESC"
        return self.rows(f"SELECT {column} FROM lending_statements WHERE contract_name = '{market}' "
                         f"ORDER BY block_number {order} LIMIT 1")[0][0]

    def supplied(self, market: str, first=False) -> float:
        """Whole USDC that suppliers own."""
        order = "ASC" if first else "DESC"
        return self.rows("SELECT total_supplied_scaled FROM lending_reserves "
                         f"WHERE contract_name = '{market}' AND token_symbol = 'USDC' "
                         f"ORDER BY block_number {order} LIMIT 1")[0][0]


def run_page(page: str, runnel: Runnel, source: pathlib.Path, folder: pathlib.Path) -> dict[str, Ledger]:
    """Runs the page's commands in a folder."""
    (folder / "scenarios").mkdir()
    for name in ("same_crash_five_markets.toml", "five_markets_book.csv"):
        shutil.copy(source / "scenarios" / name, folder / "scenarios")
    binary = pathlib.Path(runnel.binary).resolve()
    path = f"{binary.parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(["sh", "-e", "-c", fenced(page, "sh")], cwd=folder, check=True, timeout=300,
                   env={**os.environ, "PATH": path})
    return {case: Ledger(folder, case, fenced(page, "sql")) for case in CASES.values()}


def run_seed(runnel: Runnel, page: str, folder: pathlib.Path, seed: int) -> dict:
    """A seed's figures, by case, market and column."""
    figures = {}
    scenario = folder / "scenarios" / "same_crash_five_markets.toml"
    for case, options in SEED_CASES.items():
        database = folder / "seed.db"
        runnel.json("run", scenario, "--seed", seed, "--db", database, "--force", *options)
        (folder / "seed.json").write_text(json.dumps(runnel.json("report", database)))
        ledger = Ledger(folder, "seed", fenced(page, "sql"))
        for market in MARKETS.values():
            for column in SEED_COLUMNS.values():
                figures[case, market, column] = ledger.markets[market][column]
    return figures


def seed_cell(values: list[float]) -> str:
    """The median, and the range where there is one."""
    middle, low, high = (round(value) for value in (statistics.median(values), min(values), max(values)))
    return f"${middle:,}" + ("" if low == high else f" ({low:,} to {high:,})")


def seed_table_of(seeds: list[dict]) -> list[list[str]]:
    keys = [(case, name, column) for case in SEED_CASES for name, column in SEED_COLUMNS.items()]
    rows = [["Market", *(f"{case}: {name}" for case, name, _ in keys)]]
    for name, market in MARKETS.items():
        rows.append([name] + [seed_cell([figures[case, market, column] for figures in seeds])
                              for case, _, column in keys])
    return rows


def check_seeds(check: Checks, page: str, runnel: Runnel, folder: pathlib.Path) -> None:
    """Seeds that the page's table has are within what it says."""
    printed = printed_table(page, SEED_HEAD)
    keys = [(case, column) for case in SEED_CASES for column in SEED_COLUMNS.values()]
    for seed in SEEDS_TESTED:
        figures = run_seed(runnel, page, folder, seed)
        for (_, market), row in zip(MARKETS.items(), printed[1:]):
            for (case, column), cell in zip(keys, row[1:]):
                numbers = [int(number.replace(",", "")) for number in re.findall(r"-?[\d,]+", cell)]
                value = round(figures[case, market, column])
                check(min(numbers) <= value <= max(numbers), f"seed {seed}, {case}, {market}: {value}: {cell}")


def with_table(page: str, head: str, rows: list[list[str]], names: int) -> str:
    """The page with the table that begins so replaced."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + "---|" * names + "---:|" * (len(rows[0]) - names))
    start = page.index(head)
    end = page.index("\n\n", start)
    return page[:start] + "\n".join(lines) + page[end:]


def table_of(ledgers: dict[str, Ledger]) -> list[list[str]]:
    rows = [["Fall", "Market", *COLUMNS]]
    for case, ledger in CASES.items():
        for name, market in MARKETS.items():
            figures = ledgers[ledger].markets[market]
            rows.append([case, name] + [form.format(figures[key]).replace("$-", "-$")
                                        for key, form in COLUMNS.values()])
    return rows


def printed_table(page: str, head: str) -> list[list[str]]:
    lines = page[page.index(head):].split("\n\n")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [rows[0], *rows[2:]]


def check_books(check: Checks, ledger: Ledger) -> None:
    """All five begin alike."""
    debts = [ledger.statement(market, "debt_usd", first=True) for market in MARKETS.values()]
    # Rounding up by a unit for each account is all that markets may differ in.
    check(max(debts) - min(debts) < 0.001, f"the same debts: {debts}")
    check({ledger.statement(market, "borrowers", first=True) for market in MARKETS.values()} == {200},
          "the same borrowers")


def check_limits(check: Checks, ledgers: dict[str, Ledger]) -> None:
    """Who is liquidated follows from the limit."""
    taken = {market: ledgers["at_once"].liquidated(market) for market in MARKETS.values()}
    check(taken["compound_v3"] < taken["morpho_blue"] < taken["aave_v30"] < taken["compound_v2"],
          f"the lower the limit, the more: {[len(taken[market]) for market in MARKETS.values()]}")
    check(taken["aave_v30"] == taken["aave_v37"], "v3.0 and v3.7 take the same")
    check(len(taken["compound_v2"] - taken["aave_v30"]) == 2, "Compound v2 takes two more")
    equal = {market: ledgers["equal_terms"].liquidated(market) for market in MARKETS.values()}
    four = {frozenset(equal[market]) for market in MARKETS.values() if market != "compound_v2"}
    check(len(four) == 1, f"with one limit four take the same: {[len(one) for one in four]}")
    check(equal["compound_v2"] < equal["aave_v30"], "and Compound v2's liquidators leave some alone")


def check_losses(check: Checks, ledgers: dict[str, Ledger]) -> None:
    """Whose the loss is, and how large."""
    ledger = ledgers["at_once"]
    for market in ("aave_v30", "compound_v2"):
        bad = ledger.statement(market, "bad_debt_usd")
        check(ledger.statement(market, "insolvent") > 0 and abs(bad - ledger.markets[market]["bad"]) < 0.01,
              f"{market}: bad debt stays: {bad}")
    for market in ("aave_v37", "compound_v3", "morpho_blue"):
        check(ledger.statement(market, "insolvent") == 0 and ledger.markets[market]["bad"] > 100_000,
              f"{market}: bad debt is written off")
    lost = {market: ledger.supplied(market, first=True) - ledger.supplied(market)
            for market in MARKETS.values()}
    check(abs(lost["morpho_blue"] - ledger.markets["morpho_blue"]["bad"]) < 10,
          f"Morpho's suppliers pay at once: {lost}")
    check(all(lost[market] < 0 for market in MARKETS.values() if market != "morpho_blue"),
          f"the others' are owed as before: {lost}")
    losses = {market: ledger.markets[market]["bad"] for market in MARKETS.values()}
    check(max(losses, key=losses.get) == "compound_v2", f"the largest bonus costs most: {losses}")
    check(min(losses, key=losses.get) == "compound_v3", f"the smallest least: {losses}")
    for market in MARKETS.values():
        check(ledgers["ten_minutes"].markets[market]["bad"] < 0.2 * losses[market],
              f"{market}: in ten minutes nearly all of the loss is gone")


def check_arithmetic(check: Checks, ledgers: dict[str, Ledger], source: pathlib.Path) -> None:
    """What is lost follows from the book, the price and what a dollar of collateral repays."""
    with (source / "scenarios" / "five_markets_book.csv").open() as file:
        book = [(float(row["collateral_amount"]) * 1_200, float(row["debt_amount"]))
                for row in csv.DictReader(file)]

    def lost(repays: float) -> float:
        return sum(max(0, debt - repays * value) for value, debt in book)

    check(round(lost(1)) == 165_335, f"debts exceed collateral by what the page says: {lost(1)}")
    for case, market, repays in [("at_once", "aave_v30", 1 / 1.05), ("at_once", "aave_v37", 1 / 1.05),
                                 ("at_once", "compound_v3", 0.97), ("at_once", "morpho_blue", 1 - 0.3 * 0.14),
                                 ("equal_terms", "aave_v30", 1 / 1.05), ("equal_terms", "aave_v37", 1 / 1.05),
                                 ("equal_terms", "compound_v3", 0.95), ("equal_terms", "morpho_blue", 1 - 0.3 * 0.17)]:
        bad = ledgers[case].markets[market]["bad"]
        check(abs(bad - lost(repays)) < 1, f"{case}, {market}: bad debt {bad}, by hand {lost(repays)}")
    bad = ledgers["at_once"].markets["compound_v2"]["bad"]
    check(0.99 < bad / lost(1 / 1.08) <= 1, f"Compound v2, but for its tail: {bad}, by hand {lost(1 / 1.08)}")


def check_calls(check: Checks, ledgers: dict[str, Ledger]) -> None:
    """How many calls an account takes, and what of each is whose."""
    for case, ledger in ledgers.items():
        for market, figures in ledger.markets.items():
            if market == "compound_v3":
                continue
            # At once all seizures are at nearly one price, so shares hold for the sums.
            share = figures["fees"] / figures["repaid"]
            low, high = {"aave_v30": (0.0049, 0.0051), "aave_v37": (0.0049, 0.0051),
                         "compound_v2": (0.029, 0.031), "morpho_blue": (0, 0)}[market]
            check(low <= share <= high, f"{case}, {market}: the protocol's part: {share}")
    check_one_call(check, ledgers)
    once = ledgers["at_once"]
    check(once.markets["compound_v2"]["calls"] > 2 * once.markets["compound_v2"]["accounts"],
          "Compound v2 takes halves")
    check(once.statement("compound_v2", "liquidatable") >= 80, "and leaves a tail")
    slow = ledgers["ten_minutes"].markets
    check(all(slow[market]["calls"] > 2 * slow[market]["accounts"] for market in ("aave_v30", "aave_v37")),
          "in ten minutes Aave takes halves too")
    for case, ledger in ledgers.items():
        absorbed, sold = ledger.rows(
            "SELECT (SELECT sum(collateral_absorbed_scaled) FROM comet_absorbed_collateral), "
            "(SELECT sum(collateral_amount_scaled) FROM comet_collateral_sales)")[0]
        check(abs(absorbed - sold) < 1e-4, f"{case}: all that is absorbed is sold: {absorbed}, {sold}")


def check_profit(check: Checks, ledgers: dict[str, Ledger]) -> None:
    for case in ("at_once", "ten_minutes"):
        net = {market: figures["net"] for market, figures in ledgers[case].markets.items()}
        check(min(net, key=net.get) == "compound_v3", f"{case}: a discount of 3 % leaves least: {net}")
    net = {market: figures["net"] for market, figures in ledgers["equal_terms"].markets.items()}
    check(set(sorted(net, key=net.get)[-2:]) == {"compound_v3", "morpho_blue"},
          f"on equal terms those leave most that share with nobody: {net}")
    check(min(net, key=net.get) == "compound_v2", f"and the one that takes most leaves least: {net}")
    for case, ledger in ledgers.items():
        for market, figures in ledger.markets.items():
            check(0 < figures["net"] < 0.6 * figures["gross"], f"{case}, {market}: costs: {figures}")


def check_one_call(check: Checks, ledgers: dict[str, Ledger]) -> None:
    for case, market in [("at_once", "aave_v30"), ("at_once", "aave_v37"), ("at_once", "morpho_blue"),
                         *((case, "compound_v3") for case in ledgers)]:
        figures = ledgers[case].markets[market]
        check(figures["calls"] == figures["accounts"], f"{case}, {market}: one call an account: {figures}")


def check_runs(check: Checks, runnel: Runnel, folder: pathlib.Path, ledgers: dict[str, Ledger]) -> None:
    """One chain whatever runs it, fast enough, and every row verifies."""
    scenario = folder / "scenarios" / "same_crash_five_markets.toml"
    strict = runnel("check", scenario, "--strict")
    check(strict.returncode == 0, f"the scenario passes check --strict: {strict.stderr}")
    heads = {ledger.report["run"]["head_hash"] for ledger in [ledgers["at_once"]]}
    for options in (("--workers", 1), ("--workers", 2), ("--workers", 8, "--forget-accesses", 0.3)):
        heads.add(runnel.json("run", scenario, *options)["head_hash"])
    check(len(heads) == 1, f"one chain: {heads}")
    for ledger in ledgers.values():
        done = runnel("verify", ledger.file, "--quiet")
        check(done.returncode == 0, f"{ledger.file.name} verifies: {done.stderr}")
    begun = time.monotonic()
    runnel.json("run", scenario, "--blocks", 30, "--workers", 2)
    check(time.monotonic() - begun < 15, "30 blocks take less than 15 seconds")


def main():
    runnel, check = Runnel(sys.argv[1]), Checks()
    source = pathlib.Path(sys.argv[2])
    file = source / "docs" / "five_markets.md"
    page = file.read_text()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        ledgers = run_page(page, runnel, source, folder)
        table = table_of(ledgers)
        if "--write" in sys.argv:
            seeds = [run_seed(runnel, page, folder, seed) for seed in SEEDS]
            page = with_table(page, HEAD, table, 2)
            file.write_text(with_table(page, SEED_HEAD, seed_table_of(seeds), 1))
            return
        printed = printed_table(page, HEAD)
        check(len(printed) == len(table), f"the page's table has a row per run and market: {len(printed)}")
        for expected, row in zip(table, printed):
            check(row == expected, f"the page prints {row}, the runs say {expected}")
        check_books(check, ledgers["at_once"])
        check_limits(check, ledgers)
        check_losses(check, ledgers)
        check_arithmetic(check, ledgers, source)
        check_calls(check, ledgers)
        check_profit(check, ledgers)
        check_seeds(check, page, runnel, folder)
        check_runs(check, runnel, folder, ledgers)
    check.finish()


if __name__ == "__main__":
    main()
