#!/usr/bin/env python3
"""The economy of economy_week: what docs/economy_week.md expects of it, over seeds, and by sums of this test's own.

Usage: economy.py RUNNEL SOURCE_DIR [SEEDS]
"""
import pathlib
import sqlite3
import statistics
import sys
import tempfile

from support import Checks, Runnel

# Medians over seeds must lie here, and each seed within twice the distance from the middle.
BANDS = {
    "velocity_week": (1.5, 3.0),
    "goods_velocity_week": (0.8, 1.8),
    "gini_households": (0.30, 0.50),
    "returned_share": (0.25, 0.55),
}


def sums_by_hand(database, report, check, name):
    """What the report adds up is what SQL adds up, in another way."""
    economy = report["economy"]
    token, = database.execute("SELECT DISTINCT token_id FROM t_retail_sales").fetchone()
    sales = sum(int(pieces) * int(price) for pieces, price in
                database.execute("SELECT pieces, price FROM t_retail_sales"))
    check(int(economy["sales_raw"]) == sales, f"{name}: PT by hand")
    # MV: what buyers sent sellers, from the transfers alone. Households send shops nothing else, nor shops producers.
    names = "(SELECT id FROM t_addresses WHERE name LIKE ?)"
    def sent(payers, payees):
        return sum(int(value) for value, in database.execute(
            f"SELECT value FROM t_token_transfers WHERE contract_id = ? AND from_id IN {names} AND to_id IN {names}",
            (token, payers, payees)))
    check(sent("household/%", "shop/%") + sent("shop/%", "producer/%") == sales, f"{name}: MV = PT")
    check(economy["sales_raw"] == economy["sales_paid_raw"] and economy["sales_unmatched"] == 0,
          f"{name}: every sale was paid by its own transfer")
    last, = database.execute("SELECT max(rowid) FROM t_retail_markets").fetchone()
    row = database.execute("SELECT stock, produced, consumed, sales_raw, wages_raw FROM t_retail_markets WHERE rowid = ?",
                           (last,)).fetchone()
    stock, produced, consumed, sold, wages = map(int, row)
    check(produced == consumed + stock, f"{name}: goods are conserved")
    check(sold == sales and wages == int(economy["wages_raw"]), f"{name}: state and events agree: {sold} {sales}")
    paid = sent("shop/%", "household/%") + sent("producer/%", "household/%")
    check(paid == wages, f"{name}: wages are transfers to households")
    # The whole way: withdrawals, purchases, restocking, wages of both, deposits.
    legs = {(payers, payees): sent(payers, payees) / 1e6 for payers, payees in [
        ("exchange", "household/%"), ("household/%", "shop/%"), ("shop/%", "producer/%"), ("shop/%", "household/%"),
        ("producer/%", "household/%")]}
    legs["deposits"] = sum(int(value) for value, in database.execute(
        "SELECT value FROM t_token_transfers WHERE contract_id = ? AND to_id IN "
        "(SELECT deposit_account_id FROM t_custodian_accounts)", (token,))) / 1e6
    check(abs(legs["deposits"] - economy["went"]) < 0.01, f"{name}: what goes back are deposits")
    check(all(value > 5_000 for value in legs.values()), f"{name}: coins take every step of their way: {legs}")
    start = sum(row["start"] for row in economy["holders"])
    check(abs(start + economy["came"] - economy["went"] - economy["stock_end"]) < 0.01,
          f"{name}: what wallets have is what they had, and what came less what went")


def conserved(database, check, name):
    """After every block: owed and own are what the wallets have, per token."""
    wrong = [row for row in database.execute("SELECT block_number, owed, own, hot, cold, unswept FROM t_custodians")
             if int(row[1]) + int(row[2]) != int(row[3]) + int(row[4]) + int(row[5])]
    check(not wrong, f"{name}: owed + own = hot + cold + unswept: {wrong[:1]}")


def figures_of(report):
    economy = report["economy"]
    gini = {row["group"]: row["gini_end"] for row in economy["holders"]}
    return {"velocity_week": economy["velocity_week"], "goods_velocity_week": economy["goods_velocity_week"],
            "gini_households": gini["household"], "returned_share": economy["went"] / economy["came"]}


def honest(check, report, name):
    economy = report["economy"]
    statements = economy["statements"]
    check(len(statements) >= 6, f"{name}: a statement a day: {len(statements)}")
    for row in statements:
        check(row["stated_raw"] == row["owed_raw"], f"{name}: it says what it owes: {row}")
        check(int(row["reserves_raw"]) >= int(row["stated_raw"]), f"{name}: and has it: {row}")
    check(statements[-1]["leaves"] + statements[-2]["leaves"] >= 10, f"{name}: people leave money there: {statements[-2:]}")
    custodians = {row["token"]: row for row in economy["custodians"]}
    check(custodians["USDC"]["deposit_count"] > 30 and custodians["CASH"]["deposit_count"] > 100,
          f"{name}: coins go back to the exchange: {custodians}")
    check(custodians["USDC"]["rejections"] == 0, f"{name}: nothing is rejected")
    check(custodians["USDC"]["wait_median_seconds"] <= 3_600, f"{name}: withdrawals are paid in the next batch or two")


def main() -> None:
    runnel, source, check = Runnel(sys.argv[1]), pathlib.Path(sys.argv[2]), Checks()
    seeds = int(sys.argv[3]) if len(sys.argv) > 3 else 20
    scenario = source / "scenarios" / "economy_week.toml"
    found = {key: [] for key in BANDS}
    with tempfile.TemporaryDirectory() as folder:
        ledger = pathlib.Path(folder) / "week.db"
        for seed in range(1, seeds + 1):
            name = f"seed {seed}"
            runnel.json("run", scenario, "--db", ledger, "--force", "--seed", seed)
            report = runnel.json("report", ledger, "--section", "economy")
            honest(check, report, name)
            for key, value in figures_of(report).items():
                found[key].append(value)
            with sqlite3.connect(ledger) as database:
                sums_by_hand(database, report, check, name)
                conserved(database, check, name)
        for key, (low, high) in BANDS.items():
            median = statistics.median(found[key])
            check(low <= median <= high, f"{key}: median {median:.3f} of {seeds} seeds, expected {low} to {high}")
            middle, width = (low + high) / 2, high - low
            outside = [value for value in found[key] if abs(value - middle) > width]
            check(not outside, f"{key}: far outside: {outside}")
            print(f"{key}: {min(found[key]):.3f} to {max(found[key]):.3f}, median {median:.3f}")

        # Who is left out finds out, if he looks.
        runnel.json("run", scenario, "--db", ledger, "--force", "--set", "agents.operator.omitted_share=0.3")
        lies = runnel.json("report", ledger, "--section", "economy")["economy"]["statements"]
        stated, owed = (sum(int(row[key]) for row in lies) for key in ("stated_raw", "owed_raw"))
        check(all(int(row["stated_raw"]) <= int(row["owed_raw"]) for row in lies) and 0.4 * owed < stated < 0.95 * owed,
              f"a statement that leaves three in ten out says less than is owed: {stated} of {owed}")
        # A hot wallet of nothing: withdrawals wait for those who sign for the cold one.
        runnel.json("run", scenario, "--db", ledger, "--force", "--set", "agents.operator.hot_share=0.0001",
                    "--set", "agents.operator.hot_band=0", "--set", "contracts.exchange.cold_delay=24h")
        slow = {row["token"]: row for row in runnel.json("report", ledger, "--section", "economy")["economy"]["custodians"]}
        check(slow["USDC"]["wait_median_seconds"] > 6 * 3_600 and slow["USDC"]["refills"] > 2,
              f"withdrawals wait for refills: {slow['USDC']}")
    check.finish()


if __name__ == "__main__":
    main()
