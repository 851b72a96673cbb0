#!/usr/bin/env python3
"""A marketplace of goods (scenarios/escrow_market.toml), paid in escrow and directly, over several seeds.

docs/escrow.md states what is checked here: what cheats and honest sellers take either way, what buyers lose, what arbiters cost and what their
errors and their price do.

Usage: escrow_market.py RUNNEL SOURCE_DIR [--table]
"""
import pathlib
import sqlite3
import sys
import tempfile

from support import Checks, Runnel

SEEDS = (1, 2, 3)
WAYS = {
    "in escrow": [],
    "directly": ["--set", "agents.buyer.escrow=0", "--set", "agents.liar.escrow=0"],
    "coin-tossing arbiters": ["--set", "agents.arbiter.error=0.5"],
    "half each": ["--set", "contracts.escrow.fee_payer=\"both\""],
    "no rulings": ["--set", "agents.arbiter.fee_min=9"],
}


def measure(runnel: Runnel, scenario: pathlib.Path, seed: int, way: list, folder: pathlib.Path, check: Checks) -> dict:
    ledger = folder / "market.db"
    runnel.json("run", scenario, "--seed", seed, "--db", ledger, "--durability", "off", *way)
    section = runnel.json("report", ledger, "--section", "escrow")["escrow"]
    found = {"sellers": {row["group"]: row for row in section["sellers"]},
             "buyers": {row["group"]: row for row in section["buyers"]},
             "causes": {row["cause"]: row for row in section.get("causes", [])},
             **{key: value for key, value in section.items() if not isinstance(value, list)}}
    with sqlite3.connect(ledger) as database:
        agree(check, database, found)
    ledger.unlink()
    return found


def agree(check: Checks, database: sqlite3.Connection, found: dict) -> None:
    """The report beside sums that SQL makes of the rows; USDC is a dollar."""
    def one(query: str):
        return database.execute(query).fetchone()[0] or 0

    def moved(types: str) -> float:
        return one("SELECT sum(CAST(amount_raw AS REAL)) FROM t_escrow_moves "
                   f"WHERE transaction_type IN ({types})") / 1e6

    def near(a: float, b: float) -> bool:
        return abs(a - b) <= 1e-6 * max(1, abs(a))

    agreed, released, refunded = moved("'open'"), moved("'release'"), moved("'refund'")
    check(near(found["agreed_usd"], agreed), f"agreed: {found['agreed_usd']}, {agreed}")
    check(near(found["arbitration_usd"], moved("'fee'")), "fees")
    if agreed:
        check(near(found["released_share"] * agreed, released) and near(found["refunded_share"] * agreed, refunded),
              "what was let go")
    check(near(sum(row["paid_usd"] for row in found["sellers"].values()), released + found["direct_usd"]), "paid")
    check(found["sales"] == one("SELECT count(*) FROM t_goods_sales"), "sales")
    check(sum(round(row["complaint_share"] * row["orders"]) for row in found["buyers"].values())
          == one("SELECT count(*) FROM t_goods_ratings WHERE stars <= 2"), "complaints")
    # The money of deals that are not settled, deposits and credits: all that the escrow holds, and no less.
    deposits = moved("'deposit'") - moved("'returned'") - moved("'fee'")
    withdrawn = one("SELECT sum(CAST(amount AS REAL)) FROM t_escrow_withdrawals") / 1e6
    credits = released + refunded + moved("'returned'") + moved("'fee'") - withdrawn
    row = database.execute("SELECT held, owed FROM t_escrows ORDER BY rowid DESC LIMIT 1").fetchone()
    if agreed:
        check(row[0] == row[1] and near(int(row[1]) / 1e6, agreed - released - refunded + deposits + credits),
              f"what it owes: {row}")


def claims(check: Checks, ways: dict) -> None:
    escrow, direct = ways["in escrow"], ways["directly"]
    median = {way: {group: row["takings_median_usd"] for group, row in found["sellers"].items()}
              for way, found in ways.items()}
    check(median["in escrow"]["fraud_seller"] < 0.25 * median["in escrow"]["honest_seller"],
          f"in escrow a cheat takes less than an honest seller: {median['in escrow']}")
    check(median["directly"]["fraud_seller"] > median["directly"]["honest_seller"],
          f"paid directly he takes more: {median['directly']}")
    check(median["in escrow"]["late_seller"] < median["in escrow"]["honest_seller"], "who is late takes less")
    for way in ("coin-tossing arbiters", "no rulings"):
        check(median[way]["fraud_seller"] > median["in escrow"]["fraud_seller"], f"{way}: cheats take more: {median}")
    lost = {way: found["buyers"]["buyer"]["complained_share"] for way, found in ways.items()}
    check(lost["in escrow"] < 0.5 * lost["directly"], f"escrow saves buyers more than half of what they lose: {lost}")
    check(lost["coin-tossing arbiters"] > lost["in escrow"], f"bad arbiters lose them some of it: {lost}")
    check(direct["deals"] == 0 and direct["direct_share"] == 1 and direct["arbitration_usd"] == 0, "and cost nothing")

    check(0.01 < escrow["disputed_share"] < 0.2, f"disputes: {escrow['disputed_share']}")
    check(escrow["released_share"] > 0.75, f"most of the money is paid: {escrow['released_share']}")
    check(escrow["arbitration_share"] < 0.02, f"arbiters cost little of all: {escrow['arbitration_share']}")
    check(escrow["arbitration_of_disputed"] > 3 * escrow["arbitration_share"], "and much of what is disputed")
    liars = {way: found["buyers"]["liar"] for way, found in ways.items()}
    check(liars["in escrow"]["arbitration_usd"] > 0, "liars lose deposits")
    check(liars["coin-tossing arbiters"]["refunded_share"] > liars["in escrow"]["refunded_share"],
          "and have more back from arbiters who toss a coin")
    none = ways["no rulings"]
    check(none["rulings"] == 0 and none["causes"]["no_ruling"]["refunds"] > 0, "nobody rules for too little")
    both = ways["half each"]["buyers"]["buyer"]["arbitration_usd"]
    check(both > escrow["buyers"]["buyer"]["arbitration_usd"], "who must pay half of a ruling in his favour pays more")


def main() -> None:
    runnel, source, check = Runnel(sys.argv[1]), pathlib.Path(sys.argv[2]), Checks()
    scenario = source / "scenarios/escrow_market.toml"
    with tempfile.TemporaryDirectory() as folder:
        for seed in SEEDS:
            ways = {name: measure(runnel, scenario, seed, way, pathlib.Path(folder), check) for name, way in WAYS.items()}
            if "--table" in sys.argv:
                for name, found in ways.items():
                    print(seed, name)
                    for key in ("sales", "deals", "disputed_share", "released_share", "refunded_share", "arbitration_share",
                                "arbitration_of_disputed", "rulings", "settled_median_seconds", "ruled_median_seconds"):
                        print("   ", key, found[key])
                    for group in (*found["sellers"].values(), *found["buyers"].values(), *found["causes"].values()):
                        print("   ", {key: round(value, 4) if isinstance(value, float) else value
                                      for key, value in group.items()})
            claims(lambda holds, what, seed=seed: check(holds, f"seed {seed}: {what}"), ways)
    check.finish()


if __name__ == "__main__":
    main()
