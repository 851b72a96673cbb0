#!/usr/bin/env python3
"""Five years (scenarios/wealth_creation.toml): who got rich and why, over several seeds.

docs/wealth_creation.md states what is checked here.

Usage: wealth.py RUNNEL SOURCE_DIR [--table] [SEED...]
"""
import json
import pathlib
import sqlite3
import sys
import tempfile

from support import Checks, Runnel

SEEDS = (1, 2, 3)
REASONS = ("price", "pool_fees", "pool_loss", "interest", "liquidated", "rewards", "vaults", "payments", "gas", "trading")
MINT, MINTS = 20 * 10**18, 65  # To the staking pool, every 28 days.
BLOCKS, BLOCK_REWARD = 7_296, 10**17


def balances(database, symbol, condition="1"):
    """Whole tokens, of all accounts or some; contracts are accounts too."""
    return database.execute(
        "SELECT coalesce(sum(b.balance), 0) FROM balances b JOIN labels l ON l.address = b.address "
        f"WHERE b.symbol = ? AND {condition}", (symbol,)).fetchone()[0]


def supply(database, symbol):
    """Whole tokens after block 0, and at the end."""
    start, = database.execute("SELECT coalesce(sum(balance_scaled), 0) FROM starting_balances WHERE symbol = ?", (symbol,)).fetchone()
    return start, balances(database, symbol)


def prices(database):
    """USD per whole token at the start and at the end; RICE costs what the pool says."""
    found = {"USDC": (1, 1)}
    weth = [row[0] for row in database.execute(
        "SELECT price_usd FROM reference_prices WHERE symbol = 'WETH' ORDER BY from_block")]
    found["WETH"] = found["ETH"] = weth[0], weth[-1]
    starts = dict(database.execute("SELECT symbol, balance_scaled FROM starting_balances b JOIN labels l ON l.address = b.address "
                                   "WHERE l.name = 'rice_usdc'"))
    found["RICE"] = (starts["USDC"] / starts["RICE"],
                     balances(database, "USDC", "l.name = 'rice_usdc'") / balances(database, "RICE", "l.name = 'rice_usdc'"))
    return found


def whole_world(database):
    """What all tokens that are nobody's claim on others were worth, and are: USD. Independent of the report."""
    worth = [0.0, 0.0]
    changed = 0.0  # What was issued less what was burnt, at the last prices.
    for symbol, (first, last) in prices(database).items():
        start, end = supply(database, symbol)
        worth[0] += start * first
        worth[1] += end * last
        changed += (end - start) * last
    return (*worth, changed)


def issuance(database):
    """What the chain made of its coin, what it burnt, and each mint of WETH to the staking pool: wei; whether each reward is by the rule."""
    rewards, shares, ruled = 0, {}, True
    for index, account, amount in database.execute("SELECT reward_index, account_id, amount FROM t_rewards WHERE block_number > 0"):
        rewards += int(amount)
        if index == 0:  # The proposer's.
            ruled &= int(amount) == BLOCK_REWARD // 8
        else:
            ruled &= shares.setdefault(account, int(amount)) == int(amount)
    rest = BLOCK_REWARD - BLOCK_REWARD // 8
    ruled &= rest - len(shares) < sum(shares.values()) <= rest  # By stake, rounded down.
    burnt = sum(gas * int(fee) for gas, fee in database.execute(
        "SELECT t.receipt_gas_used, b.base_fee FROM t_transactions t JOIN t_blocks b ON b.number = t.block_number "
        "WHERE t.block_number > 0"))
    mints = [int(value) for value, in database.execute(
        "SELECT t.value FROM t_token_transfers t JOIN t_contracts c ON c.id = t.contract_id "
        "WHERE c.name = 'WETH' AND t.from_id = 0 AND t.block_number > 0")]
    return rewards, burnt, mints, ruled


def coins_share(database, group):
    """A group's share of all native coins and WETH at the end, those in the staking pool included."""
    everything = sum(supply(database, symbol)[1] for symbol in ("ETH", "WETH"))
    held = sum(balances(database, symbol, f"l.scenario_group = '{group}'") for symbol in ("ETH", "WETH"))
    shares = balances(database, "sWETH", f"l.scenario_group = '{group}'")
    assets = balances(database, "WETH", "l.name = 'sWETH'") / supply(database, "sWETH")[1]
    first = sum(row[0] for row in database.execute(
        "SELECT balance_scaled FROM starting_balances b JOIN labels l ON l.address = b.address "
        "WHERE l.scenario_group = ? AND b.symbol IN ('ETH', 'WETH')", (group,)))
    return first / sum(supply(database, symbol)[0] for symbol in ("ETH", "WETH")), (held + shares * assets) / everything


def measure(runnel, scenario, seed, folder):
    ledger = folder / f"{seed}.db"
    runnel.json("run", scenario, "--seed", seed, "--db", ledger, "--durability", "off")
    wealth = runnel.json("report", ledger, "--section", "wealth")["wealth"]
    with sqlite3.connect(ledger) as database:
        found = {"wealth": wealth, "groups": {row["group"]: row for row in wealth["groups"]},
                 "multiples": {row["group"]: row for row in wealth["multiples"]},
                 "world": whole_world(database), "issuance": issuance(database),
                 "shares": {group: coins_share(database, group) for group in ("holder", "staker")}}
    return ledger, found


def claims(check, found):
    wealth, groups, multiples = found["wealth"], found["groups"], found["multiples"]
    for name, row in groups.items():
        parts = sum(row[f"{reason}_usd"] for reason in REASONS)
        size = max(abs(row[f"{reason}_usd"]) for reason in REASONS) + 1
        check(abs(parts - row["change_usd"]) <= 1e-9 * size, f"{name}: reasons sum to the change: {parts}, {row['change_usd']}")

    rewards, burnt, mints, ruled = found["issuance"]
    check(mints == [MINT] * MINTS, f"the staking pool gets what the schedule says: {len(mints)}")
    check(ruled and 0.98 * BLOCKS * BLOCK_REWARD < rewards <= BLOCKS * BLOCK_REWARD,
          f"validators too, to the wei, but for who did not attest: {rewards}")
    check(int(wealth["issued_raw"]) == rewards and int(wealth["burnt_raw"]) == burnt, "as the report has it")

    start, end, issued = found["world"]
    price = end - start - issued
    check(abs(wealth["change_usd"] - (issued + price)) < 0.01 * end,
          f"what everybody gained is what was issued, less what was burnt, and prices: {wealth['change_usd']}, {issued + price}")
    check(wealth["price_usd"] > 0.5 * wealth["change_usd"], "most of it prices")

    (holders_first, holders_last), (stakers_first, stakers_last) = found["shares"]["holder"], found["shares"]["staker"]
    check(stakers_last / stakers_first > 1.05 * holders_last / holders_first,
          f"stakers' share of all coins grows against holders': {found['shares']}")
    people = ("holder", "staker", "cash", "saver", "depositor", "provider", "farmer", "looper")
    spreads = {name: multiples[name]["spread"] for name in people}
    check(max(spreads, key=spreads.get) == "looper", f"nobody fares as differently as who borrows to hold more: {spreads}")
    medians = {name: multiples[name]["median"] for name in people}
    check(medians["staker"] > medians["holder"] > medians["provider"] > medians["cash"], f"coins beat both beat dollars: {medians}")
    saver, depositor = groups["saver"], groups["depositor"]
    check(saver["interest_usd"] > -saver["gas_usd"], f"who lends earns more than it costs: {saver}")
    check(depositor["vaults_usd"] > -depositor["gas_usd"], f"so does who has it lent: {depositor}")
    check(groups["looper"]["interest_usd"] < 0, "loopers pay for it")
    check(groups["looper"]["liquidated_usd"] < 0, "some of whom are liquidated")
    provider = groups["provider"]
    check(0 < provider["pool_fees_usd"] < -provider["pool_loss_usd"], f"fees do not make up for what prices take: {provider}")
    check(groups["farmer"]["rewards_usd"] > 0 and groups["staker"]["vaults_usd"] > 0, "farms and stakes pay")
    check(wealth["gini_end"] > wealth["gini_start"], f"wealth is less equal than it was: {wealth['gini_start']}, {wealth['gini_end']}")


def main() -> None:
    runnel, source, check = Runnel(sys.argv[1]), pathlib.Path(sys.argv[2]), Checks()
    scenario = source / "scenarios/wealth_creation.toml"
    seeds = [int(seed) for seed in sys.argv[3:] if seed.isdigit()] or SEEDS
    with tempfile.TemporaryDirectory() as folder_name:
        folder = pathlib.Path(folder_name)
        for seed in seeds:
            ledger, found = measure(runnel, scenario, seed, folder)
            if "--table" in sys.argv:
                print(json.dumps({"seed": seed, **{key: found[key] for key in ("wealth", "world", "shares")}}))
            claims(lambda holds, what, seed=seed: check(holds, f"seed {seed}: {what}"), found)
            ledger.unlink()
    check.finish()


if __name__ == "__main__":
    main()
