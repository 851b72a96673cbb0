#!/usr/bin/env python3
"""Scenarios as people bring them: rules of other chains, and what is read from the real world.

Usage: inputs.py RUNNEL SOURCE_DIR
"""
import pathlib
import sqlite3
import sys
import tempfile

from support import Checks, Runnel, write

EMPTY = """
[scenario]
title = "Empty blocks"
blocks = 3
[chain]
block_gas_limit = 20_000_000
initial_base_fee = "1 gwei"
min_base_fee = 0
"""


def rows(database, query):
    """What a query finds in a ledger."""
    connection = sqlite3.connect(database)
    found = connection.execute(query).fetchall()
    connection.close()
    return found


def base_fees(runnel, check, folder):
    """Known answers of EIP-1559, from block 0 on; verify knows the same rule."""
    scenario = write(folder / "empty.toml", EMPTY)
    # go-ethereum's table for 8; by hand for the others: 1e9 * 15/16, 1e9 * 249/250.
    known = {(): [10**9, 875_000_000, 765_625_000, 669_921_875],
             ("--set", "chain.base_fee_max_change_denominator=16"):
                 [10**9, 937_500_000, 878_906_250, 823_974_610],
             ("--set", "chain.base_fee_max_change_denominator=250",
              "--set", "chain.elasticity_multiplier=6"): [10**9, 996_000_000, 992_016_000, 988_047_936]}
    for number, (keys, fees) in enumerate(known.items()):
        database = folder / f"empty{number}.db"
        done = runnel("run", scenario, "--db", database, *keys)
        check(done.returncode == 0, f"{keys}: runs: {done.stderr}")
        got = [row[0] for row in rows(database, "SELECT base_fee_per_gas FROM blocks ORDER BY number")]
        check(got == fees, f"{keys}: base fees {fees}, got {got}")
        done = runnel("verify", database)
        check(done.returncode == 0, f"{keys}: holds: {done.stderr}")


def main():
    runnel, check = Runnel(sys.argv[1]), Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        base_fees(runnel, check, folder)
    check.finish()


if __name__ == "__main__":
    main()
