#!/usr/bin/env python3
"""The report's figures of a position in a range of prices are those that one computes by hand.

One provider beside the pool's first one, three trades that leave his range and come back into another part of it, half of
his liquidity taken out and paid in between. Everything is computed again here from the formulas of Uniswap v3, in exact
fractions and without a look at the program's own walk along the liquidity. The same story in a pool of Uniswap v4 comes to the same.

Usage: ranges.py RUNNEL SOURCE_DIR
"""
import pathlib
import re
import sqlite3
import sys
import tempfile

from support import Checks, Runnel, write

LOWER, UPPER = -600, 1200
LIQUIDITY = 50_000 * 10 ** 18
FEE = 0.003

WORLD = """
[scenario]
blocks = 12
start = 1_700_000_000
[tokens.X]
[tokens.Y]
[prices.X]
model = "closes"
bar_seconds = 12
hold_gaps = true
hold_last_close = true
closes = [[1699999988, 1], [1700000036, 1.12], [1700000132, 1.05]]
[prices.Y]
model = "constant"
price = 1
[accounts.alice]
funds = { ETH = 1, X = 10_000, Y = 10_000 }
[accounts.bob]
funds = { ETH = 1, X = 100_000, Y = 100_000 }
[contracts.pool]
token0 = "X"
token1 = "Y"
amount0 = "10_000 X"
amount1 = "10_000 Y"
range_bps = 10_000
"""

V3 = WORLD + f"""
kind = "uniswap_v3_pool"
factory = "factory"
[contracts.factory]
kind = "uniswap_v3_factory"
[[script]]
at_block = 1
from = "alice"
calls = [
  {{ contract = "pool", call = "mint", recipient = "alice", tick_lower = {LOWER}, tick_upper = {UPPER}, amount = "{LIQUIDITY}", data = [
    {{ contract = "X", call = "transfer", to = "pool", value = {{ callback = 0 }} }},
    {{ contract = "Y", call = "transfer", to = "pool", value = {{ callback = 1 }} }},
  ] }},
]
"""


def trade3(block: int, zero_for_one: bool, amount: int) -> str:
    """Bob sells an exact amount, wherever the price goes."""
    token, side = ("X", 0) if zero_for_one else ("Y", 1)
    limit = 4295128740 if zero_for_one else 1461446703485210103287273052203988822378723970341
    return f"""
[[script]]
at_block = {block}
from = "bob"
calls = [
  {{ contract = "pool", call = "swap", recipient = "bob", zero_for_one = {str(zero_for_one).lower()}, amount_specified = "{amount}", sqrt_price_limit_x96 = "{limit}", data = [
    {{ contract = "{token}", call = "transfer", to = "pool", value = {{ callback = {side} }} }},
  ] }},
]
"""


TRADES = [(4, False, 6_000 * 10 ** 18), (5, False, 3_000 * 10 ** 18), (8, True, 4_000 * 10 ** 18),
          (9, False, 500 * 10 ** 18)]

BURN3 = f"""
[[script]]
at_block = 6
from = "alice"
calls = [
  {{ contract = "pool", call = "burn", tick_lower = {LOWER}, tick_upper = {UPPER}, amount = "{LIQUIDITY // 2}" }},
  {{ contract = "pool", call = "collect", recipient = "alice", tick_lower = {LOWER}, tick_upper = {UPPER}, amount0_requested = "340282366920938463463374607431768211455", amount1_requested = "340282366920938463463374607431768211455" }},
]
"""


KEY = 'key = { currency0 = "X", currency1 = "Y", fee = 3000, tick_spacing = 60, hooks = "zero" }'
MOST = 2 ** 128 - 1
LATE = 2_000_000_000


def approvals(who: str) -> str:
    return f"""
[[script]]
at_block = 1
from = "{who}"
calls = [
  {{ contract = "X", call = "approve", spender = "router", value = "{MOST}" }},
  {{ contract = "Y", call = "approve", spender = "router", value = "{MOST}" }},
]
"""


V4 = WORLD + """
kind = "uniswap_v4_pool"
manager = "manager"
[contracts.manager]
kind = "uniswap_v4_manager"
[contracts.router]
kind = "uniswap_v4_router"
manager = "manager"
""" + approvals("alice") + approvals("bob") + f"""
[[script]]
at_block = 1
from = "alice"
calls = [
  {{ contract = "router", call = "addLiquidity", {KEY}, tick_lower = {LOWER}, tick_upper = {UPPER}, liquidity = "{LIQUIDITY}", amount0_max = "{MOST}", amount1_max = "{MOST}", owner = "alice", deadline = {LATE} }},
]
"""


def trade4(block: int, zero_for_one: bool, amount: int) -> str:
    path = '["X", "Y"]' if zero_for_one else '["Y", "X"]'
    return f"""
[[script]]
at_block = {block}
from = "bob"
calls = [
  {{ contract = "router", call = "swapExactInput", path = {{ currencies = {path}, fees = [3000], tick_spacings = [60], hooks = ["zero"] }}, recipient = "bob", deadline = {LATE}, amount_in = "{amount}", amount_out_minimum = 0 }},
]
"""


BURN4 = f"""
[[script]]
at_block = 6
from = "alice"
calls = [
  {{ contract = "router", call = "removeLiquidity", {KEY}, tick_lower = {LOWER}, tick_upper = {UPPER}, liquidity = "{LIQUIDITY // 2}", amount0_min = 0, amount1_min = 0, recipient = "alice", deadline = {LATE} }},
]
"""

STORIES = {"uniswap v3": V3 + "".join(trade3(*t) for t in TRADES) + BURN3,
           "uniswap v4": V4 + "".join(trade4(*t) for t in TRADES) + BURN4}


class ByHand:
    """A pool of two ranges: the first provider's, and Alice's."""

    def __init__(self, first_range, first_liquidity, root):
        self.ranges = {"first": [*map(self.root_of, first_range), first_liquidity]}
        self.root = root
        self.fees = {"alice": [0.0, 0.0]}
        self.fees_usd = 0.0
        self.loss_usd = 0.0

    @staticmethod
    def root_of(tick):
        return 1.0001 ** (tick / 2)

    def amounts(self, who, root=None):
        """What a position is at a price: the formulas of the whitepaper's section 6.3."""
        lower, upper, liquidity = self.ranges[who]
        at = min(max(root or self.root, lower), upper)
        return [liquidity * (1 / at - 1 / upper), liquidity * (at - lower)]

    def swap(self, zero_for_one, amount, price_x):
        """Halves the interval until the whole pool, but for fees, has taken what is left of the amount."""
        side = 0 if zero_for_one else 1
        net = amount * (1 - FEE)

        def taken(to):
            return sum(self.amounts(who, to)[side] - self.amounts(who)[side] for who in self.ranges)

        near, far = self.root, self.root * (0.5 if zero_for_one else 2)
        for _ in range(200):
            middle = (near + far) / 2
            near, far = (middle, far) if taken(middle) < net else (near, middle)
        if "alice" in self.ranges:
            # Fees go by liquidity wherever the trade was: between two ends of ranges it is the same.
            fee = [0.0, 0.0]
            low, high = sorted((self.root, near))
            cuts = sorted({low, high, *(end for r in self.ranges.values() for end in r[:2] if low < end < high)})
            mine = self.ranges["alice"]
            for a, b in zip(cuts, cuts[1:]):
                inside = sum(r[2] for r in self.ranges.values() if r[0] <= a and b <= r[1])
                if mine[0] <= a and b <= mine[1]:
                    went_in = inside * (1 / a - 1 / b if zero_for_one else b - a)
                    fee[side] += went_in * FEE / (1 - FEE) * mine[2] / inside
            before, after = self.amounts("alice"), self.amounts("alice", near)
            prices = (price_x, 1)
            self.loss_usd += sum((b - a) * p for a, b, p in zip(after, before, prices))
            self.fees_usd += sum(f * p for f, p in zip(fee, prices))
            self.fees["alice"] = [a + b for a, b in zip(self.fees["alice"], fee)]
        self.root = near


def odd_states(runnel, ledger, folder, checks):
    """A state from a file may have positions that no transaction makes: a run and a report take them."""
    state = folder / "state"
    done = runnel("export-state", ledger, "-o", state)
    checks(done.returncode == 0, f"its state is exported: {done.stderr}")
    file = next(state.glob("*_positions.csv"))
    rows = file.read_text()
    for what, odd in (("a range upside down", rows.replace(f"{LOWER},{UPPER}", f"{UPPER},{LOWER}")),
                      ("a range beyond all prices", rows.replace(f"{LOWER},{UPPER}", f"-900000,{UPPER}")),
                      ("an account that is none", re.sub(rf"{LOWER},{UPPER},\d+", f"{LOWER},{UPPER},999999", rows))):
        if odd == rows:  # Only v4 has salts.
            continue
        write(file, odd)
        done = runnel("run", state / "scenario.toml", "--blocks", "2", "--db", folder / "odd.db", "--force", "--quiet")
        checks(done.returncode == 0, f"{what}: runs: {done.returncode}, {done.stderr}")
        done = runnel("report", folder / "odd.db", "--json")
        checks(done.returncode == 0, f"{what}: is reported: {done.returncode}, {done.stderr}")


def check_story(runnel, protocol, story, check):
    def checks(holds, what):
        check(holds, f"{protocol}: {what}")

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        ledger = folder / "ranges.db"
        scenario = write(folder / "ranges.toml", story)
        done = runnel("run", scenario, "--db", ledger, "--quiet")
        checks(done.returncode == 0, f"the story runs: {done.stderr}")
        checks(runnel("verify", ledger).returncode == 0, "it verifies")
        with sqlite3.connect(ledger) as database:
            reverted = database.execute(
                "SELECT count(*) FROM t_transactions WHERE receipt_status = 0").fetchone()[0]
            first = database.execute(
                "SELECT tick_lower, tick_upper, liquidity FROM t_dex_ranges WHERE block_number = 0").fetchall()
            price = dict(database.execute("SELECT from_block, price FROM t_reference_prices p "
                                          "JOIN t_contracts c ON c.id = p.token_id WHERE c.name = 'X'").fetchall())
            changes = database.execute(
                "SELECT transaction_type, amount0_raw, amount1_raw FROM t_dex_range_changes c JOIN t_addresses a "
                "ON a.id = c.provider_id WHERE a.name = 'alice' ORDER BY c.rowid").fetchall()
            end = database.execute(
                "SELECT amount0_raw, amount1_raw, owed0_raw, owed1_raw FROM t_dex_ranges r JOIN t_addresses a "
                "ON a.id = r.provider_id WHERE a.name = 'alice' AND r.block_number = 12").fetchall()
        checks(reverted == 0 and len(first) == 1 and len(end) == 1, f"nothing is refused: {reverted}, {first}, {end}")

        def price_at(block):
            return int(price[max(b for b in price if b <= block)]) / 1e8

        hand = ByHand(first[0][:2], int(first[0][2]) / 1e18, 1.0)
        hand.ranges["alice"] = [hand.root_of(LOWER), hand.root_of(UPPER), LIQUIDITY / 1e18]
        put_in = hand.amounts("alice")
        paid_out = [0.0, 0.0]
        fees_then_collected = [0.0, 0.0]
        for block, zero_for_one, amount in TRADES:
            if block > 6 and paid_out == [0, 0]:
                hand.ranges["alice"][2] /= 2
                fees_then_collected = list(hand.fees["alice"])
                paid_out = [a + f for a, f in zip(hand.amounts("alice"), fees_then_collected)]
            hand.swap(zero_for_one, amount / 1e18, price_at(block))
        last = (price_at(12), 1)

        def usd(amounts):
            return sum(a * p for a, p in zip(amounts, last))

        left = hand.amounts("alice")
        owed = [f - c for f, c in zip(hand.fees["alice"], fees_then_collected)]
        by_hand = {
            "held_usd": usd(put_in) - usd(paid_out),
            "worth_usd": usd(left) + usd(owed),
            "fees_usd": usd(hand.fees["alice"]),
            "gain_usd": usd(left) + usd(owed) + usd(paid_out) - usd(put_in),
            "fees_then_usd": hand.fees_usd,
            "lvr_usd": hand.loss_usd,
            "over_rebalancing_usd": hand.fees_usd - hand.loss_usd,
        }
        by_hand["impermanent_loss_usd"] = by_hand["gain_usd"] - by_hand["fees_usd"]
        report = runnel.json("report", ledger)
        row = next(row for row in report["providers"]["accounts"] if row["account"] == "alice")
        for figure, expected in by_hand.items():
            checks(abs(row[figure] - expected) < 1e-7 * max(1, abs(expected)),
                   f"{figure}: {row[figure]}, by hand {expected}")
        checks(abs(by_hand["impermanent_loss_usd"]) > 10 and abs(by_hand["fees_usd"] - by_hand["fees_then_usd"]) > 0.05 and by_hand["lvr_usd"] > 10,
               f"there is something to get wrong: {by_hand}")

        # To the unit: what the chain says itself.
        sums = {kind: [sum(int(c[1 + side]) for c in changes if c[0] == kind) for side in (0, 1)]
                for kind in ("deposit", "withdrawal", "payout")}
        fees = [sums["payout"][s] + int(end[0][2 + s]) - sums["withdrawal"][s] for s in (0, 1)]
        for side in (0, 1):
            checks(abs(fees[side] / 1e18 - hand.fees["alice"][side]) < 1e-9 * max(1, hand.fees["alice"][side]),
                   f"fees in token{side}: {fees[side]}, by hand {hand.fees['alice'][side]}")
        gain = next(row["gain_usd"] for row in report["wallets"]["groups"] if row["group"] == "liquidity_provider")
        first = next(row for row in report["providers"]["accounts"] if row["account"] == "pool/seed_lp")
        checks(abs(gain - first["gain_usd"]) < 1e-6,
               f"who moved nothing else gained in his wallet what his position did: {gain}, {first['gain_usd']}")
        odd_states(runnel, ledger, folder, checks)


def main() -> None:
    runnel, checks = Runnel(sys.argv[1]), Checks()
    for protocol, story in STORIES.items():
        check_story(runnel, protocol, story, checks)
    checks.finish()


if __name__ == "__main__":
    main()
