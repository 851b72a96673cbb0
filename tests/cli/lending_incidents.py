#!/usr/bin/env python3
"""Recorded days of lending markets: whole runs of the shipped scenarios, and what must come of them.

State roots and headline figures are those of seed 1. A root commits to every record that every block wrote, so a chain that does
anything else has another one; the head hash also holds the manifest, which changes with a comment and with every key that the
loader learns. Whoever changes a chain on purpose writes the new ones here (--write).

Usage: lending_incidents.py RUNNEL SOURCE_DIR [--write]
"""
import collections
import pathlib
import re
import sqlite3
import sys
import tempfile

from support import Checks, Runnel

ROOTS = {
    "aave_liquidations_2021": "0x5c7ab10834ad12a90b1d0fe68e26c2555f58181ded2fbf13b128c55f421f7370",
    "compound_dai_2020": "0xca2017c72be725007fa9a13fc41d6823d666d6ca5ae2cce430ecec3c07aac4b6",
    "crv_short_2022": "0x61145204d0894be174c674b7f34d8e191f06d7f79d2a0a9f0afd8fcf1e125a40",
}
FIGURES = {
    "aave_liquidations_2021": {
        "eth_fall": 0.452276805431974,
        "calls": 2388.0,
        "borrowers": 1021.0,
        "debt_repaid": 236247915.35543653,
        "size_median": 8198.181166,
        "size_sigma": 2.0544687782243325,
        "top1_percent_share": 0.38851412560789833,
        "half_repeat_share": 0.5667034178610805,
        "busiest_hours_calls": 0.9526800670016751,
        "busiest_hours_value": 0.9618514198800197,
        "weth_share": 0.5571414027211601,
        "wbtc_share": 0.20500412881962277,
        "link_share": 0.1752220992671751,
        "top5_liquidators_share": 0.7206867671691792,
        "bad_debt_share": 1.5228514085571212e-07,
        "reserve_use": 0.23735191953305104,
        "reserve_full_hours": 0.0,
    },
    "compound_dai_2020": {
        "borrowers": 125.0,
        "debt_repaid": 93856149.58155821,
        "calls": 219.0,
        "top5_liquidators_share": 0.680365296803653,
        "bad_debt_share": 0.0,
    },
    "crv_short_2022": {
        "calls": 307.0,
        "liquidators": 19.0,
        "bad_debt": 1098405.89769512,
        "debt_repaid": 60551384.54755839,
    },
}
HOUR = 3600
PATIENCE = 1200  # Seconds that a run of six days may take on a busy machine.


def one_chain(runnel, check, scenario, folder, blocks):
    """Workers and forgotten accesses do not matter; every row verifies."""
    name = scenario.stem
    short = ["run", scenario, "--blocks", blocks]
    ledger = folder / f"{name}_short.db"
    heads = {runnel.json(*short, "--workers", 1, "--db", ledger, timeout=PATIENCE)["head_hash"],
             runnel.json(*short, "--workers", 3, timeout=PATIENCE)["head_hash"],
             runnel.json(*short, "--workers", 8, "--forget-accesses", 0.3, timeout=PATIENCE)["head_hash"]}
    check(len(heads) == 1, f"{name}: one chain: {heads}")
    check(runnel("verify", ledger, timeout=PATIENCE).returncode == 0, f"{name}: verifies")


def calls_of(ledger):
    """Every liquidation: time, borrower, debt repaid and its value, as the sector's rows say."""
    with sqlite3.connect(ledger) as database:
        return database.execute(
            "SELECT b.timestamp, l.borrower, CAST(l.debt_amount_raw AS REAL), l.debt_value_usd, l.collateral_token_symbol "
            "FROM lending_liquidations l JOIN t_blocks b ON b.number = l.block_number").fetchall()


def minutes(calls) -> float:
    """From the first call to the last."""
    return (max(call[0] for call in calls) - min(call[0] for call in calls)) / 60


def report_of(runnel, scenario, folder, *changes):
    ledger = folder / "changed.db"
    for file in folder.glob("changed.db*"):
        file.unlink()
    sets = [part for change in changes for part in ("--set", change)]
    runnel.json("run", scenario, "--db", ledger, "--durability", "off", *sets)
    return runnel.json("report", ledger), calls_of(ledger)


def aave_liquidations_2021(check, report, ledger, _again):
    calls = calls_of(ledger)
    found = report["liquidations"]
    check(found["calls"] == len(calls), f"calls: {found['calls']}")
    # The waves, counted again.
    with sqlite3.connect(ledger) as database:
        hours = database.execute("SELECT max(timestamp) / 3600 - min(timestamp) / 3600 + 1 FROM t_blocks").fetchone()[0]
    check(hours == 144, f"six days: {hours}")
    by_hour, value = collections.Counter(), collections.Counter()
    for time, _, _, debt_usd, collateral in calls:
        by_hour[time // HOUR] += 1
        value[time // HOUR] += debt_usd
    busiest = sum(sorted(by_hour.values())[-15:]) / len(calls)
    check(abs(found["busiest_tenth_calls_share"] - busiest) < 1e-9, f"busiest hours: {busiest}")
    busiest = sum(sorted(value.values())[-15:]) / sum(value.values())
    check(abs(found["busiest_tenth_value_share"] - busiest) < 1e-6, f"busiest hours, value: {busiest}")
    check(found["hours_with_calls"] == len(by_hour), f"hours: {len(by_hour)}")
    # A close factor of one half at any health factor: none repays more than half of the loan of block 0 and its interest.
    with sqlite3.connect(ledger) as database:
        owed = dict(database.execute("SELECT borrower, CAST(amount_raw AS REAL) FROM lending_borrow "
                                     "WHERE transaction_type = 'borrow' AND block_number = 0"))
    parts = [debt / owed[borrower] for _, borrower, debt, _, _ in calls]
    check(0.49 < max(parts) < 0.505, f"half of a debt at most: {max(parts)}")
    shares = {row["collateral"]: row["value_share"] for row in found["collaterals"]}
    check(shares["WETH"] == max(shares.values()), f"most is for WETH: {shares}")
    check(abs(sum(shares.values()) - 1) < 1e-6, f"shares: {shares}")
    check(report["bad_debt"]["share"] < 1e-4, "liquidators are prompt, lenders lose nothing")


def compound_dai_2020(check, report, ledger, again):
    calls = calls_of(ledger)
    by_account = collections.Counter()
    for _, borrower, debt, _, _ in calls:
        by_account[borrower] += debt / 1e18
    (_, largest), = by_account.most_common(1)
    # One farmer: 46M DAI were recorded.
    check(23e6 < largest < 92e6, f"the farmer: {largest}")
    check(largest > 0.3 * sum(by_account.values()), "he is the larger part")
    check(minutes(calls) < 60, f"within an hour: {minutes(calls)}")
    groups = {entry["group"]: entry for entry in report["wallets"]["groups"]}
    check(groups["liquidator"]["gain_usd"] > 1e6, "DAI is worth a dollar again: liquidators keep what it was said to be worth more")
    calm, none = again("events.print.price=1.01")
    check(not none and calm["liquidations"]["calls"] == 0, f"no print, nobody is liquidated, though ETH falls: {len(none)}")
    less, some = again("events.print.price=1.10")
    check(0 < less["liquidations"]["borrower_count"] < len(by_account) / 4, f"a smaller print: {len(some)}")


def crv_short_2022(check, report, ledger, again):
    calls = calls_of(ledger)
    bad = report["bad_debt"]
    check(len({call[1] for call in calls}) == 1, "one account")
    check(bad["insolvent_accounts"] == 1, "which is insolvent in the end")
    with sqlite3.connect(ledger) as database:
        left, = database.execute(
            "SELECT sum(CAST(collateral_amount_raw AS REAL)) FROM t_lending_liquidations").fetchone()
    check(abs(left / 1e6 / 63.6e6 - 1) < 1e-3, f"all of the collateral is seized: {left}")
    repaid = sum(call[2] for call in calls) / 1e24
    check(86 < repaid < 92, f"89.4M CRV were repaid: {repaid}")
    check(25 < minutes(calls) < 100, f"50 minutes: {minutes(calls)}")
    deep, _ = again("contracts.crv_usdc.amount0=1_000_000_000 CRV", "contracts.crv_usdc.amount1=614_000_000 USDC")
    check(deep["bad_debt"]["insolvent_accounts"] == 0, f"a deep market: {deep['bad_debt']['bad_debt_usd']}")
    rich, _ = again("agents.liquidator.funds.CRV=20_000_000")
    check(rich["bad_debt"]["insolvent_accounts"] == 0, f"liquidators who have CRV: {rich['bad_debt']['bad_debt_usd']}")
    whole, _ = again("contracts.lending.close_factor_bps=10_000")
    check(whole["bad_debt"]["bad_debt_usd"] > 0.5 * bad["bad_debt_usd"], "the close factor has no part in it")


CLAIMS = {"aave_liquidations_2021": (aave_liquidations_2021, 4_500), "compound_dai_2020": (compound_dai_2020, 900),
          "crv_short_2022": (crv_short_2022, 300)}


def main() -> None:
    runnel, source, check = Runnel(sys.argv[1]), pathlib.Path(sys.argv[2]), Checks()
    write = "--write" in sys.argv
    with tempfile.TemporaryDirectory() as folder_name:
        folder = pathlib.Path(folder_name)
        for name, (claims, short) in CLAIMS.items():
            scenario, ledger = source / "scenarios" / f"{name}.toml", folder / f"{name}.db"
            strict = runnel("check", scenario, "--strict")
            check(strict.returncode == 0, f"{name}: check --strict: {strict.stdout}{strict.stderr}")
            root = runnel.json("run", scenario, "--db", ledger, "--durability", "off", timeout=PATIENCE)["state_root"]
            report = runnel.json("report", ledger, timeout=PATIENCE)
            figures = {entry["key"]: entry["simulated"] for entry in report["headline"]["figures"]}
            if write:
                ROOTS[name], FIGURES[name] = root, figures
            check(root == ROOTS[name], f"{name}: the chain is another one: {root}")
            for key, value in FIGURES[name].items():
                same = figures[key] == value or abs(figures[key] - value) <= 1e-9 * abs(value)
                check(same, f"{name}: {key}: {figures[key]}, not {value}")
            check(figures.keys() == FIGURES[name].keys(), f"{name}: figures: {sorted(figures)}")
            claims(check, report, ledger, lambda *changes: report_of(runnel, scenario, folder, *changes))
            one_chain(runnel, check, scenario, folder, short)
    if write:
        this = pathlib.Path(__file__)
        text = this.read_text()
        for constant, values in (("ROOTS", ROOTS), ("FIGURES", FIGURES)):
            lines = [f"{constant} = {{"]
            for name, value in values.items():
                if isinstance(value, str):
                    lines.append(f'    "{name}": "{value}",')
                else:
                    lines.append(f'    "{name}": {{')
                    lines += [f'        "{key}": {figure!r},' for key, figure in value.items()]
                    lines.append("    },")
            text = re.sub(rf"^{constant} = {{\n.*?^}}", "\n".join(lines) + "\n}", text, count=1, flags=re.M | re.S)
        this.write_text(text)
    check.finish()


if __name__ == "__main__":
    main()
