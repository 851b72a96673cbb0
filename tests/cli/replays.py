#!/usr/bin/env python3
"""`replay --db` writes an ordinary ledger of what it replayed: verify, report and SQL work on history.

Usage: replays.py RUNNEL SOURCE_DIR
Whole days of mainnet are read where RUNNEL_DATA names a folder with them.
"""
import json
import os
import pathlib
import sqlite3
import sys
import tempfile

from support import Checks, Runnel, write

POOL = "0xC2e9F25Be6257c210d7Adf0D4Cd6E3E881ba25f8"
DAI, WETH = "0x6B175474E89094C44Da98b954EedeAC495271d0F", "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"
MANAGER = "0xC36442b4a4522E871399CD717aBDD847Ab11FE88"

# The first events of mainnet's DAI/WETH pool of 0.3%, 4 May 2021.
EVENTS = [
    {"b": 12369854, "t": 1620159368, "k": "create", "token0": DAI.lower(), "token1": WETH.lower(), "fee": 3000,
     "tickSpacing": 60},
    {"b": 12369854, "t": 1620159368, "k": "init", "sqrtPriceX96": "1354707084081889255546596745", "tick": -81379},
    {"b": 12369854, "t": 1620159368, "k": "mint", "owner": MANAGER.lower(), "lo": -84120, "hi": -78240,
     "L": "80059851033970806503", "a0": "680071584006526489483", "a1": "175315040975323805"},
    {"b": 12369879, "t": 1620159675, "k": "swap", "zeroForOne": False, "amountSpecified": "10000000000000000",
     "limit": "1461446703485210103287273052203988822378723970341", "a0": "-33854155678824490173",
     "a1": "10000000000000000", "sqrtPriceX96": "1364573512386034424627810688", "L": "80059851033970806503",
     "tick": -81234},
]


def lines(events):
    return "".join(json.dumps({"pool": POOL.lower(), **event}) + "\n" for event in events)


def rows(ledger, statement):
    with sqlite3.connect(f"file:{ledger}?mode=ro", uri=True) as database:
        return database.execute(statement).fetchall()


class Replays:
    def __init__(self, runnel, source, check, folder):
        self.runnel, self.source, self.check, self.folder = runnel, source, check, folder
        self.events = write(folder / "events.ndjson", lines(EVENTS))
        self.ledger = folder / "history.db"
        self.tokens = source / "scenarios/mainnet_tokens.csv"

    def holds(self, ledger, what):
        verified = self.runnel("verify", ledger)
        self.check(verified.returncode == 0, f"{what}: verify: {verified.stderr}")
        return self.runnel.json("report", ledger)

    def first_events(self):
        made = self.runnel.json("replay", self.events, "--db", self.ledger, "--tokens", self.tokens)
        self.check(made["mismatches"] == 0, "nothing differs")
        self.check(made["ledger"]["transactions"] == 4 and made["ledger"]["reverted"] == 0, f"ledger: {made['ledger']}")
        self.check(made["ledger"]["failures"] == [] and made["ledger"]["expectations"] > 4, "what was recorded comes")
        report = self.holds(self.ledger, "first events")
        trade = report["trading"]["pool_tokens"]
        weth = [row for row in trade if row["token"] == "WETH"]
        self.check(len(weth) == 1 and weth[0]["sold_raw"] == str(10**16), f"what was traded is in the report: {trade}")
        self.check(rows(self.ledger, "SELECT number, timestamp FROM blocks WHERE transaction_count > 0 AND number > 0") ==
                   [(1, 1620159368), (26, 1620159675)], "blocks have their numbers, counted from the first, and times")
        self.check(rows(self.ledger, "SELECT value FROM t_manifest WHERE key = 'retold_block'") == [("12369853",)],
                   "the manifest says which block is block 0")
        self.check(rows(self.ledger, "SELECT amount0, sqrt_price_x96, tick FROM uniswap_v3_swaps") ==
                   [("-33854155678824490173", "1364573512386034424627810688", -81234)], "the swap is a row")
        self.check(rows(self.ledger, "SELECT pool FROM uniswap_v3_pools_created") == [(POOL.lower(),)],
                   "the pool has its own address")

    def files(self):
        """What is there already, what is read, what is malformed."""
        before = self.ledger.read_bytes()
        for what, arguments in (
                ("a ledger that is there", (self.events, "--db", self.ledger)),
                ("the events themselves", (self.events, "--db", self.events, "--force")),
                ("two files", (self.events, self.events, "--db", self.folder / "two.db")),
                ("--force without --db", (self.events, "--force")),
                ("tokens that are none", (self.events, "--db", self.folder / "no.db", "--tokens", self.events))):
            done = self.runnel("replay", *arguments)
            self.check(done.returncode == 2 and len(done.stderr.splitlines()) == 1, f"{what}: {done.stderr}")
        self.check(self.ledger.read_bytes() == before and self.events.read_text() == lines(EVENTS), "nothing is changed")
        again = self.runnel("replay", self.events, "--db", self.ledger, "--force", "--tokens", self.tokens)
        self.check(again.returncode == 0, f"--force: {again.stderr}")
        gap = [dict(EVENTS[0]), dict(EVENTS[1]), dict(EVENTS[2]), {**EVENTS[3], "b": 99_000_000}]
        clock = [EVENTS[0], EVENTS[1], EVENTS[2], {**EVENTS[3], "t": 1620159367}]
        for what, text in (("no JSON", "{\n"), ("no pool", lines(EVENTS[1:])), ("a line cut off", lines(EVENTS)[:-20]),
                           ("nothing", ""), ("blocks far apart", lines(gap)), ("a clock that goes back", lines(clock)),
                           ("an amount beyond any token", lines([*EVENTS[:2], {**EVENTS[2], "a0": str(1 << 200)}]))):
            done = self.runnel("replay", write(self.folder / "bad.ndjson", text), "--db", self.folder / "bad.db")
            self.check(done.returncode == 2, f"{what}: exit {done.returncode}")
            self.check(len(done.stderr.splitlines()) == 1, f"{what}: {done.stderr!r}")
            self.check(not list(self.folder.glob("bad.db*")), f"{what}: no database is left")

    def differences(self):
        """Where the recording is not what comes, the ledger has what came."""
        wrong = [*EVENTS[:3], {**EVENTS[3], "tick": -81233}]
        ledger = self.folder / "wrong.db"
        done = self.runnel("replay", write(self.folder / "wrong.ndjson", lines(wrong)), "--db", ledger)
        self.check(done.returncode == 1, f"a difference: exit {done.returncode}")
        self.check("-81233" in done.stderr and "-81234" in done.stderr, f"both values: {done.stderr}")
        self.holds(ledger, "with a difference")

    def days(self, data):
        """Mainnet's own."""
        ledger = self.folder / "day.db"
        day = self.runnel.json("replay", data / "v3_mainnet_first_events_12369739_12376625.ndjson.gz", "--db", ledger,
                               "--tokens", self.tokens)
        self.check(day["mismatches"] == 0 and day["ledger"]["failures"] == [], "the first day: nothing differs")
        self.check(day["ledger"]["transactions"] == 2321 and day["ledger"]["reverted"] == 0, f"{day['ledger']}")
        report = self.holds(ledger, "the first day")
        self.check(report["trading"]["trades"] == 1001, "all swaps are trades")
        self.check(rows(ledger, "SELECT count(*) FROM uniswap_v3_mints") == [(917,)], "all mints are rows")

        ledger = self.folder / "window.db"
        window = self.runnel.json("replay", data / "chain-wbtc-weth-3000-window379.ndjson.gz", "--db", ledger,
                                  "--tokens", self.tokens)
        self.check(window["mismatches"] == 0 and window["ledger"]["failures"] == [], "the window: nothing differs")
        report = self.holds(ledger, "the window")
        self.check(report["trading"]["trades"] == 329, "the window's swaps are trades")
        fees = {row["token"]: row["fees_raw"] for row in report["trading"]["pool_tokens"]}
        self.check(fees == {"WBTC": "74339040", "WETH": "8387536476181826553"}, f"what LPs have earned: {fees}")
        last = rows(ledger, "SELECT sqrt_price_x96, liquidity, tick FROM uniswap_v3_swaps ORDER BY block_number DESC, "
                            "log_index DESC LIMIT 1")
        self.check(last[0][0] == "31300451228526319635990843894276850", f"it ends at mainnet's price: {last}")

        ledger = self.folder / "liquidity.db"
        states = data / "usdc_weth_3000_state_snapshots.json.gz"
        made = self.runnel.json("replay", data / "usdc_weth_3000_liquidity_events.csv.gz", "--states", states, "--db", ledger)
        self.check(made["ledger"]["transactions"] == 35964 and made["ledger"]["reverted"] == 0, f"{made['ledger']}")
        self.holds(ledger, "mints and burns")


def main() -> None:
    runnel, source, check = Runnel(sys.argv[1]), pathlib.Path(sys.argv[2]), Checks()
    with tempfile.TemporaryDirectory() as name:
        replays = Replays(runnel, source, check, pathlib.Path(name))
        replays.first_events()
        replays.files()
        replays.differences()
        if data := os.environ.get("RUNNEL_DATA"):
            replays.days(pathlib.Path(data) / "uniswap_v3")
        else:
            print("SKIPPED: RUNNEL_DATA is unset, no days of mainnet")
    check.finish()


if __name__ == "__main__":
    main()
