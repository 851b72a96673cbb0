#!/usr/bin/env python3
"""The report's tables over time, and the depth of exchanges, are what SQL and the protocols' formulas make of the rows.

Mixers, escrows, insurance, issuers and convertible stablecoins, order books: what happened in each piece of the run adds up to
all of it, and what was there after a piece is what the newest row by then says.

Usage: over_time.py RUNNEL SOURCE_DIR
"""
import bisect
import contextlib
import math
import pathlib
import sqlite3
import sys
import tempfile

from support import Checks, Runnel


class Ledger:
    """A run, its report, and its rows."""

    def __init__(self, runnel, scenario, folder, *options):
        self.path = folder / f"{scenario.stem}.db"
        done = runnel("run", scenario, "--db", self.path, "--quiet", "--durability", "off", *options, timeout=600)
        assert done.returncode == 0, done.stderr
        self.report = runnel.json("report", self.path)
        self.database = sqlite3.connect(self.path)
        self.names = dict(self.database.execute("SELECT id, name FROM t_contracts"))
        self.symbols = dict(self.database.execute("SELECT contract_id, symbol FROM t_tokens"))
        self.scales = {token: 10 ** decimals for token, decimals in
                       self.database.execute("SELECT contract_id, decimals FROM t_tokens")}

    def rows(self, sql, *values):
        return self.database.execute(sql, values).fetchall()

    def close(self):
        self.database.close()
        self.path.unlink()


class Test:
    def __init__(self, runnel, source, folder, check):
        self.runnel, self.source, self.folder, self.check = runnel, source, folder, check

    def run(self, name, *options):
        return contextlib.closing(Ledger(self.runnel, self.source / f"scenarios/{name}.toml", self.folder, *options))

    def near(self, got, expected, what, share=1e-9):
        self.check(got is not None and abs(got - expected) <= share * max(1e-6, abs(expected)), f"{what}: {got}, SQL says {expected}")

    def mixers(self):
        with self.run("hack_and_launder", "--blocks", "2500") as ledger:
            course = ledger.report["mixers"]["course"]
            moves = ledger.rows("SELECT m.contract_id, m.type, b.timestamp FROM t_mixer_moves m JOIN t_blocks b "
                                "ON b.number = m.block_number")
            self.check(len(moves) > 100 and len(course) % 60 == 0, f"mixers are used: {len(moves)} moves, {len(course)} rows")
            before = {}
            for row in course:
                since = before.get(row["mixer"], -1)
                before[row["mixer"]] = row["until"]
                mine = [(kind, at) for contract, kind, at in moves if ledger.names[contract] == row["mixer"] and at <= row["until"]]
                for key, kind in (("deposits", "deposit"), ("withdrawals", "withdrawal")):
                    count = sum(1 for what, at in mine if what == kind and at > since)
                    self.check(row[key] == count, f"mixers: {row['mixer']} until {row['until']}: {key} {row[key]}, {count}")
                unspent = sum(1 if kind == "deposit" else -1 for kind, _ in mine)
                self.check(row["unspent"] == unspent, f"mixers: {row['mixer']}: unspent {row['unspent']}, {unspent}")
            self.check(sum(row["withdrawals"] for row in course) > 10, "there are withdrawals")

    def escrow(self):
        with self.run("escrow_market", "--blocks", "4000") as ledger:
            course = ledger.report["escrow"]["course"]
            for key, kind in (("opened_usd", "open"), ("released_usd", "release"), ("refunded_usd", "refund"), ("arbitration_usd", "fee")):
                # USDC is a dollar.
                moved, = ledger.rows("SELECT coalesce(sum(CAST(amount_raw AS REAL)), 0) FROM t_escrow_moves WHERE transaction_type = ?", kind)[0]
                self.near(sum(row[key] for row in course), moved / 1e6, f"escrow: {key}")
            deals, = ledger.rows("SELECT count(*) FROM t_escrow_moves WHERE transaction_type = 'open'")[0]
            disputed, = ledger.rows("SELECT count(DISTINCT contract_id || '/' || deal) FROM t_escrow_moves WHERE transaction_type = 'deposit'")[0]
            self.check(sum(row["deals"] for row in course) == deals > 100, f"escrow: deals: {deals}")
            self.check(sum(row["disputes"] for row in course) == disputed > 0, f"escrow: disputes: {disputed}")
            self.held(ledger, course)

    def held(self, ledger, course):
        stated = ledger.rows("SELECT b.timestamp, e.held FROM t_escrows e JOIN t_blocks b ON b.number = e.block_number ORDER BY e.rowid")
        times = [at for at, _ in stated]
        for row in course:
            place = bisect.bisect_right(times, row["until"])
            self.near(row["held_usd"], int(stated[place - 1][1]) / 1e6, f"escrow: held until {row['until']}")
        self.check(max(row["held_usd"] for row in course) > 100, "escrow: something is held")

    def insurance(self):
        with self.run("insurance_claim") as ledger:
            section = ledger.report["insurance"]
            course = section["course"]
            for key, figure in (("premiums_usd", "premiums_usd"), ("owed_usd", "owed_usd"), ("paid_usd", "paid_usd")):
                self.near(sum(row[key] for row in course), section[figure], f"insurance: {key}")
                self.check(section[figure] > 0, f"insurance: {key} is something")
            scale = ledger.scales[ledger.rows("SELECT asset_id FROM t_insurance_pools LIMIT 1")[0][0]]
            price = section["premiums_usd"] / (sum(int(r[0]) for r in ledger.rows("SELECT premium_raw FROM t_insurance_covers")) / scale)
            stated = ledger.rows("SELECT b.timestamp, p.active_cover, p.cover_max, p.capital FROM t_insurance_pools p "
                                 "JOIN t_blocks b ON b.number = p.block_number ORDER BY p.rowid")
            times = [row[0] for row in stated]
            for row in course:
                said = stated[bisect.bisect_right(times, row["until"]) - 1]
                for key, amount in zip(("cover_usd", "cover_max_usd", "capital_usd"), said[1:]):
                    self.near(row[key], int(amount) / scale * price, f"insurance: {key} until {row['until']}", 1e-6)

    def issuers(self):
        with self.run("usdt_usdc_dai_flows", "--blocks", "2340", "--set", "scenario.slot_seconds=120") as ledger:
            course = ledger.report["pegs"]["redemptions"]
            for issuer, coin in ledger.rows("SELECT DISTINCT contract_id, coin_id FROM t_issuers"):
                mine = [row for row in course if row["coin"] == f"{ledger.names[issuer]} {ledger.symbols[coin]}"]
                self.check(len(mine) == 60, f"issuers: {ledger.names[issuer]}: {len(mine)} rows")
                for key, kind in (("issued", "issue"), ("redeemed", "redeem")):
                    moved = sum(int(amount) for amount, in ledger.rows(
                        "SELECT coin_amount_raw FROM t_issuer_flows WHERE contract_id = ? AND transaction_type = ? AND block_number > 0",
                        issuer, kind))
                    self.check(sum(int(row[key + "_raw"]) for row in mine) == moved, f"issuers: {ledger.names[issuer]}: {key}")
                supply, waiting = ledger.rows("SELECT supply, waiting_redeem FROM t_issuers WHERE contract_id = ? ORDER BY rowid DESC LIMIT 1", issuer)[0]
                self.check(mine[-1]["supply_raw"] == supply and mine[-1]["waiting_raw"] == waiting, f"issuers: the end: {mine[-1]}")
            self.check(any(int(row["redeemed_raw"]) > 0 for row in course), "issuers: coins are redeemed")

    def convertibles(self):
        with self.run("ust_spiral", "--blocks", "1500") as ledger:
            course = ledger.report["pegs"]["redemptions"]
            for key, kind, amount in (("redeemed", "redeem", "CAST(amount_burned_raw AS TEXT), '0'"), ("issued", "mint", "amount_minted_raw, fee_raw")):
                moved = sum(int(a) + int(b) for a, b in ledger.rows(
                    f"SELECT {amount} FROM t_stablecoin_conversions WHERE transaction_type = ? AND block_number > 0", kind))
                self.check(sum(int(row[key + "_raw"]) for row in course) == moved, f"convertibles: {key}: {moved}")
            self.check(course[-1]["waiting"] is None, "convertibles: nothing waits")

    def order_books(self):
        with self.run("order_book_day", "--blocks", "2000") as ledger:
            section = ledger.report["order_books"]
            course = section["course"]
            self.near(sum(row["volume_usd"] for row in course), section["volume_usd"], "order books: volume")
            self.check(sum(row["fills"] for row in course) == section["fills"] > 10, "order books: fills")
            base, quote, bid, ask = ledger.rows("SELECT base_token_id, quote_token_id, bid_price, ask_price FROM t_dex_books ORDER BY rowid DESC LIMIT 1")[0]
            whole = ledger.scales[base] / ledger.scales[quote] * 1e-36
            self.near(course[-1]["bid"], int(bid) * whole, "order books: bid")
            self.near(course[-1]["ask"], int(ask) * whole, "order books: ask")
            self.near(course[-1]["spread"], 2 * (int(ask) - int(bid)) / (int(ask) + int(bid)), "order books: spread")
            self.depth(ledger)

    def ranges(self):
        with self.run("fixed_vs_concentrated", "--blocks", "1500") as ledger:
            kinds = {kind for kind, in ledger.rows("SELECT DISTINCT kind FROM t_contracts")}
            self.check({"uniswap_v2_pair", "uniswap_v3_pool"} <= kinds, f"ranges: both kinds of pools: {kinds}")
            self.depth(ledger)
            rows = ledger.report["depth"]["ranges"]
            self.check(len(rows) % 60 == 0 and rows, f"ranges: rows: {len(rows)}")
            for pool in {row["pool"] for row in rows}:
                mine = [row for row in rows if row["pool"] == pool]
                contract = next(number for number, name in ledger.names.items() if name == pool)
                positions = ledger.rows("SELECT tick_lower, tick_upper, liquidity, token0_id, token1_id FROM t_dex_ranges WHERE contract_id = ? "
                                        "AND block_number = (SELECT max(number) FROM t_blocks)", contract)
                whole = ledger.scales[positions[0][3]] / ledger.scales[positions[0][4]]
                for row in mine:
                    tick = math.log(row["price"] / whole) / math.log(1.0001)
                    width = math.log(mine[1]["price"] / mine[0]["price"]) / math.log(1.0001)
                    there = sum(int(liquidity) * max(0, min(upper, tick + width / 2) - max(lower, tick - width / 2)) / width
                                for lower, upper, liquidity, *_ in positions)
                    self.near(row["liquidity"], there, f"ranges: {pool} at {row['price']}", 1e-6)

    def depth(self, ledger):
        """Prices and costs from quotes; quotes of constant-product pools from their reserves."""
        section = ledger.report["depth"]
        last, = ledger.rows("SELECT max(number) FROM t_blocks")[0]
        self.check(section["after_block"] == last, f"depth: at the end: {section['after_block']}")
        quotes = {}
        for exchange, token_in, token_out, paid, got in ledger.rows(
                "SELECT contract_id, token_in_id, token_out_id, amount_in_raw, amount_out_raw FROM t_dex_quotes WHERE block_number = ? "
                "ORDER BY rowid", last):
            quotes.setdefault((exchange, token_in, token_out), []).append((int(paid), int(got)))
        self.check(len(quotes) >= 2, f"depth: exchanges say what they pay: {len(quotes)}")
        for row in section["pairs"]:
            pool, pair = row["pair"].rsplit(" ", 1)
            first, second = pair.split("/")
            exchange = next(number for number, name in ledger.names.items() if name == pool)
            a, b = (next(token for token, symbol in ledger.symbols.items() if symbol == name) for name in (first, second))
            scale = ledger.scales[a] / ledger.scales[b]
            (sold, got), (paid, bought) = quotes[exchange, a, b][0], quotes[exchange, b, a][0]
            price = math.sqrt(got / sold * scale * (paid / bought * scale))
            self.near(row["price"], price, f"depth: {row['pair']}: price")
            self.near(row["cost"], 1 - got / sold * scale / price, f"depth: {row['pair']}: cost", 1e-6)
            kind, = ledger.rows("SELECT kind FROM t_contracts WHERE id = ?", exchange)[0]
            if kind == "uniswap_v2_pair":
                held = {token: int(reserve) for token, reserve in ledger.rows(
                    "SELECT token_id, reserve FROM t_dex_pools WHERE contract_id = ? ORDER BY rowid", exchange)}
                for token_in, token_out in ((a, b), (b, a)):
                    for amount, out in quotes[exchange, token_in, token_out]:
                        net = amount * 997
                        self.check(out == net * held[token_out] // (held[token_in] * 1000 + net), f"depth: {pool}: {amount} pays {out}")
        for row in section["slippage"]:
            self.check(-1e-9 < row["cost"] < 1, f"depth: a trade costs something: {row}")
        for pair in {row["pair"] for row in section["slippage"]}:
            for trade in ("sell", "buy"):
                costs = [row["cost"] for row in section["slippage"] if row["pair"] == pair and row["trade"].startswith(trade)]
                # Payouts are whole units: the smallest may cost a hair more than the next.
                self.check(all(later > before - 1e-6 for before, later in zip(costs, costs[1:])), f"depth: {pair}: the larger the dearer")


def main() -> None:
    check = Checks()
    with tempfile.TemporaryDirectory() as name:
        test = Test(Runnel(sys.argv[1]), pathlib.Path(sys.argv[2]), pathlib.Path(name), check)
        for part in (test.mixers, test.escrow, test.insurance, test.issuers, test.convertibles, test.order_books, test.ranges):
            part()
    check.finish()


if __name__ == "__main__":
    main()
