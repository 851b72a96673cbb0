#!/usr/bin/env python3
"""Wallets that arrive, on the command line: the ledger knows who they are, where their money came
from, and verifies; so it does where a run was cut in between.

Usage: arrivals.py RUNNEL SOURCE_DIR
"""
import pathlib
import sqlite3
import sys
import tempfile

from support import SMALL_SCENARIO, Checks, Runnel, write

ARRIVALS = """
[prices.ETH]
model = "constant"
price = 2_000
[prices.USDC]
model = "constant"
price = 1
[accounts.desk]
funds = { ETH = 100, USDC = 1_000 }

[agents.young]
strategy = "payer"
count = 8
arrive = "1m"
arrivals_per_day = 5_000
funded_by = "desk"
funds = { ETH = 1, USDC = 20 }
token = "USDC"
payees = "payer"
amount = 1
interval = 24
"""


def forge(ledger, statement):
    with sqlite3.connect(ledger) as database:
        assert database.execute(statement).rowcount > 0
    database.close()


def main():
    runnel, checks = Runnel(sys.argv[1]), Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        scenario = write(folder / "town.toml", SMALL_SCENARIO + ARRIVALS)
        ledger = folder / "town.db"
        summary = runnel.json("run", scenario, "--db", ledger)
        came = summary["arrivals"]["wallets"]
        checks(0 < came <= 8, f"some wallets arrive: {came}")
        checks(summary["arrivals"] == {"wallets": came, "arrived": came, "failures": []},
               f"all of them do: {summary['arrivals']}")
        checks(runnel("verify", ledger).returncode == 0, "a ledger with arrivals verifies")

        database = sqlite3.connect(ledger)
        rows = database.execute("SELECT name, role, strategy, block_number FROM t_addresses "
                                "WHERE name LIKE 'young/%' ORDER BY id").fetchall()
        checks([row[0] for row in rows] == [f"young/{i}" for i in range(came)], f"by number: {rows}")
        checks(all(row[1:3] == ("wallet", "payer") and row[3] >= 6 for row in rows),
               f"as the scenario calls them: {rows}")
        there = database.execute("SELECT sum((SELECT max(timestamp) FROM t_blocks) - b.timestamp) "
                                 "FROM t_addresses a JOIN t_blocks b ON b.number = a.block_number "
                                 "WHERE a.name LIKE 'young/%'").fetchone()[0] / 86_400
        sent = database.execute("SELECT count(*) FROM t_transactions t JOIN t_addresses a ON "
                                "a.id = t.from_id WHERE a.name LIKE 'young/%'").fetchone()[0]
        checks(sent > 0, "they send transactions")
        database.close()

        report = runnel.json("report", ledger, "--json")
        groups = {row["group"]: row for row in report["wallets"]["groups"]}
        young = groups["young"]
        checks(young["wallets"] == came, f"the report counts them: {young}")
        rates = {row["group"]: row for row in report["behaviour"]["rates"]}["young"]
        rate = rates["succeeded_day"] + rates["reverted_day"]
        checks(abs(rate * there - sent) < 1e-6, f"how often they act, from when they came: {rates}")
        # Who was paid and only pays has no more than it came with.
        checks(young["gain_usd"] is None or young["gain_usd"] <= 0,
               f"what they came with is no gain: {young}")

        # Cut where some have come and some have not, and go on.
        cut = folder / "cut.db"
        runnel("run", scenario, "--db", cut, "--set", "chain.checkpoint_interval=5")
        whole = runnel.json("run", scenario, "--set", "chain.checkpoint_interval=5")
        checks(runnel("verify", cut).returncode == 0, "with checkpoints it verifies too")
        checks(runnel.json("run", scenario, "--set", "chain.checkpoint_interval=5", "--workers",
                           "3")["head_hash"] == whole["head_hash"], "any workers, one chain")

        poor = runnel("run", scenario, "--set", "accounts.desk.funds.USDC=10")
        checks(poor.returncode == 1 and "the payment that brings young/0: expected success, got a "
               "revert" in poor.stderr, f"a desk without money is told: {poor.stderr!r}")
        checks("(underfunded)" in runnel("check", scenario, "--set",
                                         "accounts.desk.funds.USDC=10").stderr,
               "check warns of it")

        forged = folder / "forged.db"
        forged.write_bytes(ledger.read_bytes())
        forge(forged, "UPDATE t_addresses SET strategy = 'holder' WHERE name = 'young/0'")
        checks(runnel("verify", forged).returncode == 1, "their rows are verified")
    checks.finish()


if __name__ == "__main__":
    main()
