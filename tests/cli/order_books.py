#!/usr/bin/env python3
"""A day in an order book (scenarios/order_book_day.toml) says what docs/order_book.md expects of it, and the report what SQL says.

Usage: order_books.py RUNNEL SOURCE_DIR [--table]
"""
import bisect
import contextlib
import math
import pathlib
import sqlite3
import sys
import tempfile

from support import Checks, Runnel

BLOCKS = 2_400  # Eight hours.
WAYS = {
    "as shipped": [],
    "slow": ["--set", "agents.maker.every=120"],
    "wide": ["--set", "agents.maker.half_spread_bps=60"],
    "one maker": ["--set", "agents.maker.count=1"],
}
SEEDS = (2, 3, 4, 5)  # Beside the scenario's own.
MARK_OUT_SECONDS = 300


class Prices:
    """Reference prices in USD per smallest unit, as of any block."""

    def __init__(self, database: sqlite3.Connection):
        decimals = dict(database.execute("SELECT contract_id, decimals FROM t_tokens"))
        self.rows: dict[int, tuple[list[int], list[float]]] = {}
        for token, block, price in database.execute(
                "SELECT token_id, from_block, price FROM t_reference_prices ORDER BY token_id, from_block"):
            blocks, prices = self.rows.setdefault(token, ([], []))
            blocks.append(block)
            prices.append(price * 1e-8 / 10 ** decimals[token])

    def usd(self, amount: str, token: int, block: int) -> float:
        blocks, prices = self.rows[token]
        return int(amount) * prices[bisect.bisect_right(blocks, block) - 1]


def weighted_median(values: list[tuple[float, float]]) -> float:
    """Of (value, weight): the least value at or below which half of the weight lies."""
    half, passed = sum(weight for _, weight in values) / 2, 0.0
    for value, weight in sorted(values):
        passed += weight
        if passed >= half:
            return value
    raise ValueError("no values")


def of_fills(database: sqlite3.Connection, prices: Prices) -> dict:
    last, start, end = database.execute("SELECT max(number), min(timestamp), max(timestamp) FROM t_blocks").fetchone()
    wait = math.ceil(MARK_OUT_SECONDS / ((end - start) / last))
    groups = {account: name.split("/")[0] for account, name in database.execute("SELECT id, name FROM t_addresses")}
    zero = {"fills": 0, "volume": 0.0, "edge": 0.0, "mark_out": 0.0, "maker_fees": 0.0, "taker_fees": 0.0}
    sums: dict[tuple[str, str], dict] = {}
    for (block, maker, taker, side, base, quote, base_amount, quote_amount, maker_token, maker_fee, taker_token,
         taker_fee) in database.execute(
             "SELECT block_number, maker_id, taker_id, side, base_token_id, quote_token_id, base_amount_raw, quote_amount_raw, "
             "maker_fee_token_id, maker_fee_raw, taker_fee_token_id, taker_fee_raw FROM t_dex_fills"):
        sign = 1 if side == "buy" else -1

        def gained(at: int) -> float:
            return sign * (prices.usd(base_amount, base, at) - prices.usd(quote_amount, quote, at))

        fee = prices.usd(maker_fee, maker_token, block)
        for key in (("all", ""), ("maker", groups[maker]), ("taker", groups[taker])):
            into = sums.setdefault(key, dict(zero))
            into["fills"] += 1
            into["volume"] += prices.usd(base_amount, base, block)
            into["edge"] += gained(block)
            into["mark_out"] += gained(min(block + wait, last)) - fee
            into["maker_fees"] += fee
            into["taker_fees"] += prices.usd(taker_fee, taker_token, block)
    return sums


def agree(check: Checks, database: sqlite3.Connection, section: dict) -> dict:
    """Every figure of the section beside what SQL makes of the rows. Returns the sums by taker."""
    prices = Prices(database)

    def near(got: float, expected: float, what: str) -> None:
        check(abs(got - expected) <= 1e-7 * max(1e-3, abs(expected)), f"{what}: {got}, SQL says {expected}")

    placed, cancelled = database.execute(
        "SELECT sum(transaction_type = 'placed'), sum(transaction_type = 'cancelled') FROM t_dex_orders").fetchone()
    rested = sum(prices.usd(amount, token, block) for block, token, amount in
                 database.execute("SELECT block_number, base_token_id, resting_raw FROM t_dex_orders"))
    sums = of_fills(database, prices)
    total = sums["all", ""]
    check(section["orders"] == placed, f"orders: {section['orders']}, {placed}")
    check(section["fills"] == total["fills"], f"fills: {section['fills']}, {total['fills']}")
    near(section["cancelled_share"], cancelled / placed, "cancelled_share")
    near(section["volume_usd"], total["volume"], "volume_usd")
    near(section["filled_share"], total["volume"] / rested, "filled_share")
    near(section["edge_share"], total["edge"] / total["volume"], "edge_share")
    near(section["mark_out_share"], total["mark_out"] / total["volume"], "mark_out_share")
    near(section["maker_fees_usd"], total["maker_fees"], "maker_fees_usd")
    near(section["taker_fees_usd"], total["taker_fees"], "taker_fees_usd")
    for role in ("maker", "taker"):
        rows = {row["group"]: row for row in section[role + "s"]}
        check(set(rows) == {group for kind, group in sums if kind == role}, f"{role}s: {sorted(rows)}")
        for group, row in rows.items():
            of = sums[role, group]
            check(row["fills"] == of["fills"], f"{role} {group}: fills")
            near(row["volume_usd"], of["volume"], f"{role} {group}: volume")
            near(row["edge"], of["edge"] / of["volume"], f"{role} {group}: edge")
            near(row["mark_out"], of["mark_out"] / of["volume"], f"{role} {group}: mark-out")
    check(len(section["books"]) == 1 and section["books"][0]["spread_median"] == section["spread_median"], "one book")

    # What it showed, from each row to the next.
    shown = database.execute(
        "SELECT b.timestamp, d.block_number, d.base_token_id, d.bid_price, d.ask_price, d.bid_depth_raw, d.ask_depth_raw "
        "FROM t_dex_books d JOIN t_blocks b ON b.number = d.block_number ORDER BY d.rowid").fetchall()
    ends = [row[0] for row in shown[1:]] + [database.execute("SELECT max(timestamp) FROM t_blocks").fetchone()[0]]
    spreads, depth = [], 0.0
    for (time, block, base, bid, ask, bids, asks), until in zip(shown, ends):
        if int(bid) and int(ask) and until > time:
            spreads.append((2 * (int(ask) - int(bid)) / (int(ask) + int(bid)), until - time))
        depth += (prices.usd(bids, base, block) + prices.usd(asks, base, block)) * (until - time)
    seconds = ends[-1] - shown[0][0]
    near(section["spread_median"], weighted_median(spreads), "spread_median")
    near(section["two_sided_share"], sum(weight for _, weight in spreads) / seconds, "two_sided_share")
    near(section["depth_usd"], depth / seconds, "depth_usd")
    return {group: of for (kind, group), of in sums.items() if kind == "taker"}


def main() -> None:
    runnel, source, check = Runnel(sys.argv[1]), pathlib.Path(sys.argv[2]), Checks()
    scenario = source / "scenarios" / "order_book_day.toml"
    head = scenario.read_text().split("[scenario]")[0]
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, changes in WAYS.items():
            check(all(f"--set {value}" in head for value in changes[1::2]), f"{name}: the file names its variation")
            ledger = pathlib.Path(folder) / "day.db"
            runnel.json("run", scenario, "--blocks", BLOCKS, "--db", ledger, "--durability", "off", *changes)
            section = runnel.json("report", ledger, "--section", "order_books")["order_books"]
            with contextlib.closing(sqlite3.connect(ledger)) as database:
                section["by_taker"] = agree(lambda holds, what, name=name: check(holds, f"{name}: {what}"), database, section)
            found[name] = section
            if "--table" in sys.argv:
                print(name, {key: value for key, value in section.items() if not isinstance(value, (list, dict))})
                for row in section["takers"]:
                    print("   ", row)
            ledger.unlink()

        days = [found["as shipped"]]
        for seed in SEEDS:
            ledger = pathlib.Path(folder) / "day.db"
            runnel.json("run", scenario, "--blocks", BLOCKS, "--seed", seed, "--db", ledger, "--durability", "off")
            days.append(runnel.json("report", ledger, "--section", "order_books")["order_books"])
            ledger.unlink()

    for day in days:
        met = {row["group"]: row for row in day["takers"]}
        check(day["edge_share"] > 0, f"makers earn the spread: {day['edge_share']}")
        check(all(met[group]["edge"] > 0 for group in ("book_trader", "aggregator")), f"of who has reasons of his own: {met}")
        check(met["arbitrageur"]["edge"] < 0, f"to who knows the price they lose: {met['arbitrageur']}")
        check(day["edge_share"] < met["book_trader"]["edge"], "so they keep less than the one pays")

    day, slow, wide, one = (found[name] for name in WAYS)
    check(day["maker_fees_usd"] == 0 and abs(day["taker_fees_usd"] / day["volume_usd"] - 0.0005) < 1e-5,
          f"takers pay the fees: {day['taker_fees_usd']} of {day['volume_usd']}")
    check(slow["edge_share"] < day["edge_share"], f"who looks seldom is picked off: {slow['edge_share']}")
    check(wide["volume_usd"] < day["volume_usd"], "who quotes wide trades less")
    check(wide["spread_median"] > day["spread_median"], "wide quotes are a wide spread")
    check(one["spread_median"] > day["spread_median"], f"competition narrows the spread: {one['spread_median']}")
    check.finish()


if __name__ == "__main__":
    main()
