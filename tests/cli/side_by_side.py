#!/usr/bin/env python3
"""The report of several ledgers has the figures of each of their own.

Usage: side_by_side.py RUNNEL SOURCE_DIR
"""
import csv
import pathlib
import sys
import tempfile

from support import SMALL_SCENARIO, Checks, Runnel, write


def figures(report: dict) -> dict:
    """Those that are no tables and no curves, by section."""
    return {(section, key): value for section, content in report.items() for key, value in content.items()
            if not isinstance(value, (list, dict)) and not key.endswith("_raw")}


def courses(runnel: Runnel, check: Checks, ledgers: list, names: list, together: dict) -> None:
    """What is laid over one another is what each ledger's own tables and curves say, by the time since its start."""
    reports = {name: runnel.json("report", ledger) for name, ledger in zip(names, ledgers)}
    tables = {("trading", "prices_by_run"): ("prices", "until", "pair", ["price", "reference"]),
              ("lending", "utilisation_by_run"): ("course", "until", "reserve", ["utilisation"]),
              ("bad_debt", "bad_debt_by_run"): ("over_time", "time", None, ["bad_debt_usd", "liquidatable_debt_usd"])}
    for (section, key), (own, time, name, values) in tables.items():
        rows = together[section][key]
        check(0 < len(rows) <= 1000, f"{section}.{key}: {len(rows)} rows")
        said = {(ledger, row[time] - report["run"]["start"], name and row[name]): row
                for ledger, report in reports.items() for row in report.get(section, {}).get(own, [])}
        for row in rows:
            mine = said[row["ledger"], row["since_start"], name and row[name]]
            check(all(row[value] == mine[value] for value in values), f"{section}.{key}: {row}, {mine}")
    for section, key, curve in (("timeline", "base_fee_by_run", "base_fee_mean_gwei"), ("tvl", "pools_by_run", "pools_usd"),
                                ("tvl", "lending_by_run", "lending_usd")):
        for ledger, report in reports.items():
            values = report.get(section, {}).get("charts", {}).get(curve, [])
            rows = [row for row in together[section][key] if row["ledger"] == ledger]
            check([row[curve] for row in rows] == values, f"{section}.{key}: {ledger}")
            check(all(0 <= row["since_start"] <= report["run"]["span_seconds"] for row in rows), f"{section}.{key}: {ledger}: times")


def main() -> None:
    runnel, source, check = Runnel(sys.argv[1]), pathlib.Path(sys.argv[2]), Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        small = write(folder / "small.toml", SMALL_SCENARIO)
        runs = {"calm.db": [small], "busy.db": [small, "--seed", 6, "--set", "agents.payer.interval=20"],
                "defi.db": [source / "scenarios/mixed_defi.toml", "--blocks", 20]}
        for ledger, arguments in runs.items():
            done = runnel("run", *arguments, "--db", folder / ledger, "--quiet")
            check(done.returncode == 0, f"{ledger}: runs: {done.stderr}")
        ledgers = [folder / ledger for ledger in runs]
        own = [figures(runnel.json("report", ledger)) for ledger in ledgers]
        together = runnel.json("report", *ledgers)
        heading = together.pop("ledgers")
        check([row["ledger"] for row in heading["ledgers"]] == list(runs), "who is compared")
        for row in heading["headline"]:
            ledger = own[list(runs).index(row["ledger"])]
            check(row["number"] == ledger[tuple(row["key"].split("."))], f"at a glance: {row}")
        check(len(heading["headline"]) > 6, f"there is something at a glance: {heading['headline']}")
        seen = set()
        for section, content in together.items():
            for row in content.get("figures", []):
                place = (section, row["key"])
                check(place not in seen, f"{place} once")
                seen.add(place)
                values = [ledger.get(place) for ledger in own]
                check([row[f"ledger_{i}"] for i in (1, 2, 3)] == values, f"{place}: {row}, {values}")
                first, last = values[0], values[2]
                numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (first, last))
                if numbers and row["key"] not in ("seed", "start", "end"):
                    check(abs(row["change"] - (last - first)) <= 1e-9 * max(abs(first), abs(last)), f"{place}: change {row}")
                    check(row["change_share"] is None if first == 0 else abs(row["change_share"] - (last - first) / abs(first)) < 1e-6,
                          f"{place}: share {row}")
                else:
                    check(row["change"] is None and row["change_share"] is None, f"{place}: nothing to subtract {row}")
        check(seen == set().union(*own), f"every figure: {set().union(*own) ^ seen}")
        courses(runnel, check, ledgers, list(runs), together)
        shown = runnel("report", *ledgers[:2], "--section", "transactions").stdout
        check("calm.db" in shown and "busy.db" in shown and "Change" in shown and "Validators" not in shown, f"for people: {shown}")
        done = runnel("report", *ledgers[:2], "--csv", folder / "tables")
        with open(folder / "tables/transactions_figures.csv", newline="") as file:
            rows = {row["key"]: row for row in csv.DictReader(file)}
        check(done.returncode == 0 and float(rows["count"]["ledger_2"]) == own[1]["transactions", "count"], f"as tables: {done.stderr}")
        done = runnel("report", ledgers[0], folder / "none.db")
        check(done.returncode == 3 and "none.db" in done.stderr and not done.stdout, f"all of them are ledgers: {done.stderr}")
    check.finish()


if __name__ == "__main__":
    main()
