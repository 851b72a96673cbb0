#!/usr/bin/env python3
"""The comparison of docs/threshold_ab.md: its commands give its table, and its claims hold.

Usage: threshold_ab.py RUNNEL SOURCE_DIR [--write]

--write puts the figures of today into the page.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from support import Checks, Runnel

# Of each column of the page: where the report has it, and how the page writes it.
COLUMNS = {
    "Accounts liquidated": ("liquidations.borrower_count", "{:,.0f}"),
    "Calls": ("liquidations.calls", "{:,.0f}"),
    "Debt repaid": ("liquidations.debt_repaid_usd", "${:,.0f}"),
    "Collateral seized": ("liquidations.collateral_seized_usd", "${:,.0f}"),
    "Insolvent accounts": ("bad_debt.insolvent_accounts", "{:,.0f}"),
    "Bad debt": ("bad_debt.bad_debt_usd", "${:,.0f}"),
    "Liquidators' net": ("wallets.groups.liquidator.gain_usd", "${:,.0f}"),
    "Arbitrageurs' net": ("wallets.groups.arbitrageur.gain_usd", "${:,.0f}"),
}
THRESHOLDS = {"A: 80 %": "8_000", "B: 85 %": "8_500"}
FALLS = {"-30 %": "1_400", "-50 %": "1_000", "-70 %": "600"}


def figure(report, path: str) -> float:
    """The figure at a path; a table's row by what its first column says."""
    for key in path.split("."):
        if isinstance(report, list):
            report = next(row for row in report if next(iter(row.values())) == key)
        else:
            report = report[key]
    return report


def commands_of(page: str) -> str:
    return re.search(r"```sh\n(.*?)```", page, re.S).group(1)


def run_page(page: str, runnel: Runnel, source: pathlib.Path, folder: pathlib.Path) -> dict:
    """Runs the page's commands in a folder; the reports by threshold and price."""
    (folder / "scenarios").mkdir()
    shutil.copy(source / "scenarios" / "threshold_ab.toml", folder / "scenarios")
    binary = pathlib.Path(runnel.binary).resolve()
    path = f"{binary.parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(["sh", "-e", "-c", commands_of(page)], cwd=folder, check=True, timeout=500,
                   env={**os.environ, "PATH": path})
    return {(threshold, price): json.loads((folder / f"{threshold}_{price}.json").read_text())
            for threshold in THRESHOLDS.values() for price in FALLS.values()}


def table_of(reports: dict) -> list[list[str]]:
    rows = [["Threshold", "ETH", *COLUMNS]]
    for threshold, bps in THRESHOLDS.items():
        for fall, price in FALLS.items():
            rows.append([threshold, fall] + [form.format(figure(reports[bps, price], path))
                                             for path, form in COLUMNS.values()])
    return rows


def printed_table(page: str) -> list[list[str]]:
    lines = page[page.index("| Threshold"):].split("\n\n")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [rows[0], *rows[2:]]


def check_claims(check: Checks, reports: dict) -> None:
    """What the page says of the table, and that the comparison is one."""
    def of(threshold, price, path):
        return figure(reports[threshold, price], path)

    debts = {of(*cell, "lending.borrowed_start_usd") for cell in reports}
    check(len(debts) == 1, f"all six begin with the same debts: {debts}")
    a, b = THRESHOLDS.values()
    for price in FALLS.values():
        liquidated = "liquidations.borrower_count"
        check(of(b, price, liquidated) < of(a, price, liquidated),
              f"{price}: a higher threshold spares borrowers")
        bad = "bad_debt.bad_debt_usd"
        check(of(b, price, bad) >= of(a, price, bad), f"{price}: and leaves no less bad debt")
        for threshold in (a, b):
            seized = of(threshold, price, "liquidations.collateral_seized_usd")
            repaid = of(threshold, price, "liquidations.debt_repaid_usd")
            check(abs(seized / repaid - 1.045) < 1e-4,
                  f"{threshold} {price}: of a bonus of 5 % a tenth is the treasury's: {seized}, {repaid}")
    for threshold in (a, b):
        counts = [of(threshold, price, "liquidations.borrower_count") for price in FALLS.values()]
        check(counts == sorted(counts), f"{threshold}: the deeper, the more: {counts}")


def main():
    runnel, check = Runnel(sys.argv[1]), Checks()
    source = pathlib.Path(sys.argv[2])
    file = source / "docs" / "threshold_ab.md"
    page = file.read_text()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        reports = run_page(page, runnel, source, folder)
        strict = runnel("check", folder / "scenarios" / "threshold_ab.toml", "--strict")
        check(strict.returncode == 0, f"the scenario passes check --strict: {strict.stderr}")
        ledgers = sorted(folder.glob("*.db"))
        check(len(ledgers) == 6, f"one ledger per run: {ledgers}")
        done = runnel("verify", ledgers[0], "--quiet")
        check(done.returncode == 0, f"a ledger of agents and a script verifies: {done.stderr}")
        done = runnel("diff", folder / "8_000_1_000.db", folder / "8_500_1_000.db")
        check(done.returncode == 1 and "liquidation_threshold_bps" in done.stdout,
              f"diff says what A and B differ in: {done.stdout}")
    table = table_of(reports)
    if "--write" in sys.argv:
        lines = ["| " + " | ".join(row) + " |" for row in table]
        lines.insert(1, "|" + "---|" * 2 + "---:|" * len(COLUMNS))
        start = page.index("| Threshold")
        end = page.index("\n\n", start)
        file.write_text(page[:start] + "\n".join(lines) + page[end:])
        return
    printed = printed_table(page)
    check(len(printed) == len(table), f"the page's table has six rows: {len(printed) - 1}")
    for expected, row in zip(table, printed):
        check(row == expected, f"the page prints {row}, the runs say {expected}")
    check_claims(check, reports)
    check.finish()


if __name__ == "__main__":
    main()
