#!/usr/bin/env python3
"""Leverage loops through June 2022 (scenarios/leverage_loops.toml): who leaves, who loses what, over several seeds.

docs/leverage_loops.md states what is checked here.

Usage: leverage_loops.py RUNNEL SOURCE_DIR [--table]
"""
import pathlib
import sqlite3
import sys
import tempfile

from support import Checks, Runnel

SEEDS = (1, 2, 3)
SHOCK, END = 5_040, 8_640  # Blocks.
LOOPERS = ("looper_aave", "looper_morpho", "looper_usd")


def rows(database, query, *arguments):
    return database.execute(query, arguments).fetchall()


def borrow_rate(database, market, token, low, high):
    """The highest rate of a reserve between two blocks, per year."""
    (rate,), = rows(database, "SELECT max(CAST(borrow_rate AS REAL)) FROM lending_reserves WHERE contract_name = ? "
                    "AND token_symbol = ? AND block_number BETWEEN ? AND ?", market, token, low, high)
    return rate / 1e27


def debts(database, group, market, block):
    """How many of a group owe something in a market, and how much, by the last statement until a block."""
    return rows(database, "SELECT count(*), coalesce(sum(h.debt), 0) FROM lending_holdings h JOIN labels l ON l.address = h.account "
                "WHERE l.scenario_group = ? AND h.contract_name = ? AND CAST(h.debt_raw AS REAL) > 0 AND h.block_number = "
                "(SELECT max(block_number) FROM lending_holdings WHERE block_number <= ?)", group, market, block)[0]


def supplies(database, group, market, token, block):
    return rows(database, "SELECT coalesce(sum(h.supplied), 0) FROM lending_holdings h JOIN labels l ON l.address = h.account "
                "WHERE l.scenario_group = ? AND h.contract_name = ? AND h.token_symbol = ? AND h.block_number = "
                "(SELECT max(block_number) FROM lending_holdings WHERE block_number <= ?)",
                group, market, token, block)[0][0]


def liquidated(database, group):
    return rows(database, "SELECT count(*), coalesce(sum(b.debt_value_usd), 0) FROM lending_liquidations b "
                "JOIN labels l ON l.address = b.borrower WHERE l.scenario_group = ?", group)[0]


def measure(runnel, scenario, seed, folder):
    ledger = folder / f"{seed}.db"
    runnel.json("run", scenario, "--seed", seed, "--db", ledger, "--durability", "off")
    report = runnel.json("report", ledger)
    gains = {entry["group"]: entry for entry in report["wallets"]["groups"]}
    found = {"gains": {name: entry["gain_usd"] for name, entry in gains.items()},
             "reverted": {name: entry["reverted_share"] or 0 for name, entry in gains.items()}}
    with sqlite3.connect(ledger) as database:
        markets = {"looper_aave": "aave", "looper_morpho": "morpho_steth", "looper_usd": "comet"}
        found["debts"] = {(group, block): debts(database, group, market, block)
                          for group, market in markets.items() for block in (1_440, END)}
        found["refinancers"] = {(market, block): debts(database, "refinancer", market, block)
                                for market in ("aave", "comet") for block in (SHOCK - 1, END)}
        found["movers"] = {block: supplies(database, "mover_usdc", "comet", "USDC", block)
                           for block in (SHOCK - 1, SHOCK + 720)}
        found["rates"] = (borrow_rate(database, "comet", "USDC", 1_440, SHOCK - 1),
                          borrow_rate(database, "comet", "USDC", SHOCK, SHOCK + 720),
                          borrow_rate(database, "comet", "USDC", END - 720, END))
        found["moves"], = rows(database, "SELECT count(*) FROM lending_borrow b JOIN labels l ON l.address = b.borrower "
                               "WHERE l.scenario_group = 'refinancer' AND b.transaction_type = 'borrow' AND b.block_number > 720")[0]
        found["liquidated"] = {group: liquidated(database, group) for group in (*LOOPERS, "refinancer")}
        found["bad_debt"] = sum(entry[0] for entry in rows(
            database, "SELECT bad_debt_usd FROM lending_statements WHERE block_number = (SELECT max(number) FROM blocks)"))
        found["flash"] = rows(database, "SELECT count(*) FROM lending_flashloans")[0][0]
    return ledger, found


def claims(check, found):
    gains, debts_of = found["gains"], found["debts"]
    check(gains["looper_aave"] < -100_000 and gains["looper_morpho"] < -50_000, f"a discount costs loops a lot: {gains}")
    check(-20_000 < gains["looper_usd"] < 0, f"and those of a dollar that keeps its price little: {gains['looper_usd']}")
    for group in ("looper_aave", "looper_morpho"):
        (began, before), (left, after) = debts_of[group, 1_440], debts_of[group, END]
        check(began >= 15 and left < began and after < 0.8 * before, f"{group}: many leave: {debts_of}")
    check(found["liquidated"]["looper_aave"][0] == 0, "81 % is far enough from 69 %")
    check(found["liquidated"]["looper_morpho"][0] > 0, "who looks too seldom is liquidated")
    check(gains["liquidator_morpho"] > 0, "which pays")
    check(found["liquidated"]["looper_usd"][0] == 0, "a dollar that keeps its price secures its debt")
    check(found["bad_debt"] == 0, f"no lender loses: {found['bad_debt']}")
    before, peak, end = found["rates"]
    check(peak > 0.05 > before, f"when the lender leaves the debt costs more than the collateral earns: {found['rates']}")
    check(end < peak, "until others have come")
    check(found["movers"][SHOCK + 720] > 1.2 * found["movers"][SHOCK - 1], f"movers: {found['movers']}")
    check(gains["mover_usdc"] > 0, "who earn")
    check(found["moves"] > 0, "refinancers move")
    check(found["flash"] > 60, f"loops are built and unwound by flash loan: {found['flash']}")
    for group, share in found["reverted"].items():
        if group.startswith(("looper", "mover", "refinancer")):
            check(share < 0.1, f"{group}: who looks before he sends fails rarely: {share}")


def main() -> None:
    runnel, source, check = Runnel(sys.argv[1]), pathlib.Path(sys.argv[2]), Checks()
    scenario = source / "scenarios/leverage_loops.toml"
    with tempfile.TemporaryDirectory() as folder_name:
        folder = pathlib.Path(folder_name)
        for seed in SEEDS:
            ledger, found = measure(runnel, scenario, seed, folder)
            if "--table" in sys.argv:
                print(seed, found)
            claims(lambda holds, what, seed=seed: check(holds, f"seed {seed}: {what}"), found)
            if seed == SEEDS[0]:
                check(runnel("verify", ledger).returncode == 0, "verifies")
            ledger.unlink()
        short = ["run", scenario, "--blocks", 1_500]
        heads = {runnel.json(*short, "--workers", 1)["head_hash"],
                 runnel.json(*short, "--workers", 8, "--forget-accesses", 0.3)["head_hash"]}
        check(len(heads) == 1, f"one chain for all workers: {heads}")
        done = runnel("check", "--strict", scenario)
        check(done.returncode == 0, f"check --strict: {done.stdout}{done.stderr}")
    check.finish()


if __name__ == "__main__":
    main()
