#!/usr/bin/env python3
"""Figures that a ledger states are those of the state: balances, interest at the end, prices.

Usage: figures.py RUNNEL SOURCE_DIR
"""
import json
import pathlib
import sqlite3
import sys
import tempfile

from support import SMALL_SCENARIO, Checks, Runnel, write

# Ten loans of 55,737.7 USDC at 100 % a year that nobody touches for 1,094 days.
LOAN = """
[scenario]
blocks = 1095
slot_seconds = 86400
[chain]
transaction_lifetime = "2d"
[tokens.WETH]
[tokens.USDC]
decimals = 6
[prices.WETH]
model = "constant"
price = 2000
[prices.USDC]
model = "constant"
price = 1
[contracts.factory]
kind = "uniswap_v2_factory"
[contracts.router]
kind = "uniswap_v2_router"
factory = "factory"
[contracts.pair]
kind = "uniswap_v2_pair"
factory = "factory"
token0 = "WETH"
token1 = "USDC"
amount0 = "1_000 WETH"
amount1 = "2_000_000 USDC"
[contracts.oracle]
kind = "price_oracle"
keeper = "nobody"
prices.WETH = { price = 2000 }
prices.USDC = { price = 1 }
[contracts.pool]
kind = "aave_v3_pool"
oracle = "oracle"
[contracts.pool.reserves.WETH]
ltv_bps = 8000
liquidation_threshold_bps = 8500
liquidation_bonus_bps = 10500
[contracts.pool.reserves.USDC]
ltv_bps = 8000
liquidation_threshold_bps = 8500
liquidation_bonus_bps = 10500
reserve_factor_bps = 1000
base_rate_bps = 10000
slope1_bps = 0
slope2_bps = 0
initial_liquidity = "1_000_000 USDC"
[accounts.bob]
funds = { ETH = 1, WETH = 1000 }
[[script]]
at_block = 1
from = "bob"
calls = [
  { contract = "WETH", call = "approve", spender = "pool", value = "max" },
  { contract = "pool", call = "supply", asset = "WETH", amount = "1_000 WETH", on_behalf_of = "bob" },
  { contract = "pool", call = "borrow", asset = "USDC", amount = "500_000 USDC", interest_rate_mode = 2 },
]
"""
YEAR = 31_536_000


def growth(seconds: int) -> float:
    """Aave's three-term growth of a debt at 100 % a year, with its integer powers of the rate."""
    ray = 10 ** 27
    squared = ray // YEAR ** 2
    cubed = squared // YEAR
    return (ray + ray * seconds // YEAR + seconds * (seconds - 1) * squared // 2
            + seconds * (seconds - 1) * (seconds - 2) * cubed // 6) / ray


def money(value) -> float:
    """A figure in dollars: a number, or exact with its decimals."""
    if isinstance(value, dict):
        return int(value["raw"]) / 10 ** value["decimals"]
    return float(value)


def check_interest(runnel: Runnel, checks: Checks, folder: pathlib.Path) -> None:
    ledger = folder / "loan.db"
    scenario = write(folder / "loan.toml", LOAN)
    checks(runnel("run", scenario, "--db", ledger, "--quiet").returncode == 0, "the loan runs")
    report = runnel.json("report", ledger)
    figures = {**report["lending"], **report["bad_debt"]}
    debt = 500_000 * growth(1094 * 86_400)
    checks(abs(figures["borrowed_end_usd"] / debt - 1) < 1e-6,
           f"debts at the end hold their interest: {figures['borrowed_end_usd']}, not {debt}")
    bad = money(figures["bad_debt_usd"])
    checks(abs(bad / (debt - 2_000_000) - 1) < 1e-6, f"and so does bad debt: {bad}")
    with sqlite3.connect(ledger) as database:
        claim, supplied, owed, cash = map(int, database.execute(
            "SELECT treasury_claim, total_supplied, total_debt, cash FROM lending_reserves "
            "WHERE token_symbol = 'USDC' ORDER BY block_number DESC LIMIT 1").fetchone())
        hours = database.execute("SELECT count(DISTINCT block_number) FROM lending_reserves "
                                 "WHERE block_number > 0").fetchone()[0]
    interest = owed - 500_000_000_000
    checks(abs(claim / interest - 0.1) < 1e-9, f"a tenth of the interest is the treasury's: {claim}")
    checks(owed + cash - supplied - claim > 0, "compound interest leaves some that nobody owns")
    checks(hours == 1095, f"every market shows its state every hour or block: {hours}")


def check_balances(runnel: Runnel, checks: Checks, folder: pathlib.Path) -> None:
    ledger = folder / "small.db"
    scenario = write(folder / "small.toml", SMALL_SCENARIO + "[prices.USDC]\nmodel = \"gbm\"\n"
                     "start_price = 1\nvolatility = 0.5\n")
    done = runnel("run", scenario, "--db", ledger, "--quiet", "--set",
                  "chain.checkpoint_interval=20")
    checks(done.returncode == 0, f"the payments run: {done.stderr}")
    with sqlite3.connect(ledger) as database:
        rows = database.execute(
            "SELECT l.name, b.symbol, b.balance FROM balances b JOIN labels l USING (address) "
            "WHERE l.name IN ('payer/0', 'payer/17', 'validator/0', 'validator/3')").fetchall()
        fees = sum(int(fee) for fee, in database.execute("SELECT fee_wei FROM transactions"))
        rounded = database.execute("SELECT sum(fee) FROM transactions").fetchone()[0]
        groups = database.execute("SELECT DISTINCT from_group FROM transactions "
                                  "WHERE block_number > 0").fetchall()
        exact = sum(gas * price for gas, price in database.execute(
            "SELECT receipt_gas_used, receipt_effective_gas_price FROM t_transactions"))
    checks(len(rows) == 6, f"payers own two tokens, validators one: {rows}")
    for name, symbol, balance in rows:
        proof = json.loads(runnel("prove", ledger, "--balance", symbol, name).stdout)
        proved = float(proof["statement"].split(" has ")[1].split()[0])
        checks(abs(balance - proved) < 1e-9 * max(1, balance),
               f"{name} has {proved} {symbol}, the view says {balance}")
    checks(fees == exact and abs(rounded - exact / 1e18) < 1e-9, f"fees: {fees}, {exact}, {rounded}")
    checks(groups == [("payer",)], f"senders' groups: {groups}")

    for table, change in (("t_reference_prices", "price = price + 1 WHERE from_block = 7"),
                          ("t_starting_balances", "balance = '7' WHERE account_id = 9")):
        altered = folder / "altered.db"
        altered.write_bytes(ledger.read_bytes())
        with sqlite3.connect(altered) as database:
            count = database.execute(f"UPDATE {table} SET {change}").rowcount
        done = runnel("verify", altered, "--quiet")
        checks(count > 0 and done.returncode == 1 and table in done.stderr,
               f"verify sees an altered row of {table}: {count}, {done.stderr!r}")


def check_provider(runnel: Runnel, checks: Checks, folder: pathlib.Path) -> None:
    """Who began with a pool's shares gains its fees, and loses what prices take from it."""
    scenario = write(folder / "pool.toml", """
[scenario]
blocks = 3
[tokens.USDC]
[tokens.X]
[contracts.factory]
kind = "uniswap_v2_factory"
[contracts.router]
kind = "uniswap_v2_router"
factory = "factory"
[contracts.pool]
kind = "uniswap_v2_pair"
factory = "factory"
token0 = "USDC"
token1 = "X"
amount0 = "1_200 USDC"
amount1 = "400 X"
[accounts.alice]
funds = { ETH = 1, USDC = 300 }
[[script]]
at_block = 1
from = "alice"
calls = [
  { contract = "USDC", call = "approve", spender = "router", value = "max" },
  { contract = "router", call = "swapExactTokensForTokens", amount_in = "300 USDC", amount_out_min = 0, path = ["USDC", "X"], to = "alice", deadline = "1h" },
]
""")
    ledger = folder / "pool.db"
    checks(runnel("run", scenario, "--db", ledger, "--quiet").returncode == 0, "the pool runs")
    rows = runnel.json("report", ledger)["wallets"]["groups"]
    dollars, units = 1500.0, 400 - 300 * 0.997 * 400 / (1200 + 300 * 0.997)
    price = dollars / units
    expected = (dollars + units * price) - (1200 + 400 * price)
    gain = next(row["gain_usd"] for row in rows if row["group"] == "liquidity_provider")
    checks(abs(gain - expected) < 1e-6, f"a provider's gain: {gain}, by hand {expected}")
    checks(expected < -20, "a fifth more in price costs him more than the fee brings")


def check_reasons(runnel: Runnel, checks: Checks, source: pathlib.Path,
                  folder: pathlib.Path) -> None:
    """A code that is all that the chain has of a reason has a name beside it."""
    ledger = folder / "reasons.db"
    done = runnel("run", source / "scenarios" / "liquidation_by_hand.toml", "--db", ledger, "--quiet")
    checks(done.returncode == 0, f"the story runs: {done.stderr}")
    reasons = {row["reason"]: row["count"] for row in
               runnel.json("report", ledger)["transactions"]["revert_reasons"]}
    expected = {"36 COLLATERAL_CANNOT_COVER_NEW_BORROW": 1, "45 HEALTH_FACTOR_NOT_BELOW_THRESHOLD": 2,
                "ERC20InsufficientAllowance": 1, "Panic(0x11)": 1}
    checks(reasons == expected, f"reasons with their names: {reasons}")
    with sqlite3.connect(ledger) as database:
        rows = set(database.execute("SELECT revert_reason, revert_name FROM transactions "
                                    "WHERE receipt_status = 0"))
        names = dict(database.execute("SELECT reason, name FROM t_revert_reasons"))
    checks({("45", "HEALTH_FACTOR_NOT_BELOW_THRESHOLD"), ("Panic(0x11)", None)} < rows,
           f"the view has both, the chain the code: {rows}")
    checks(names["35"] == "HEALTH_FACTOR_LOWER_THAN_LIQUIDATION_THRESHOLD", f"names: {names}")
    with sqlite3.connect(ledger) as database:
        database.execute("UPDATE t_revert_reasons SET name = 'FINE' WHERE reason = '45'")
    done = runnel("verify", ledger, "--quiet")
    checks(done.returncode == 1 and "t_revert_reasons" in done.stderr,
           f"verify sees another name: {done.stderr!r}")


def out_of_gas_money(ledger: pathlib.Path) -> tuple[int, int, int]:
    """Accounts that ever held less after a block than their last transaction needed, those that do at
    the end, and the first block, from the rows."""
    with sqlite3.connect(ledger) as database:
        balance = {account: int(value) for account, value in database.execute(
            "SELECT account_id, balance FROM t_starting_balances WHERE token_id = 0")}
        events = {}
        for block, payer, payee, value in database.execute(
                "SELECT block_number, from_id, to_id, value FROM t_native_transfers "
                "WHERE block_number > 0"):
            events.setdefault(block, []).append((payer, payee, int(value)))
        costs = {}
        for block, sender, gas, price, limit, fee in database.execute(
                "SELECT block_number, from_id, receipt_gas_used, receipt_effective_gas_price, gas, "
                "max_fee_per_gas FROM t_transactions WHERE block_number > 0 ORDER BY rowid"):
            costs.setdefault(block, []).append((sender, gas * price, limit * fee))
        last_block = database.execute("SELECT max(number) FROM t_blocks").fetchone()[0]
    last, ever, first = {}, set(), 0
    for block in range(1, last_block + 1):
        for payer, payee, value in events.get(block, []):
            balance[payer] = balance.get(payer, 0) - value
            balance[payee] = balance.get(payee, 0) + value
        for sender, cost, needed in costs.get(block, []):
            balance[sender] -= cost
            last[sender] = needed
        out = {account for account, needed in last.items() if balance[account] < needed}
        first = first or (block if out else 0)
        ever |= out
    return len(ever), len(out), first


def check_gas_money(runnel: Runnel, checks: Checks, folder: pathlib.Path) -> None:
    # A transfer of USDC costs 0.0003773 ETH and needs 0.00044: alice can pay for three, and is then given more.
    transfer = ('[[script]]\nat_block = {0}\nfrom = "{1}"\ngas_limit = 40_000\ncalls = [{{ contract = "USDC", '
                'call = "transfer", to = "bank", value = "1 USDC" }}]\n')
    scenario = write(folder / "gas.toml", """
[scenario]
blocks = 8
[chain]
min_base_fee = "10 gwei"
initial_base_fee = "10 gwei"
[tokens.USDC]
decimals = 6
[accounts.alice]
funds = { ETH = 0.0014, USDC = 10 }
[accounts.bob]
funds = { ETH = 0.0006, USDC = 10 }
[accounts.bank]
funds = { ETH = 5 }
""" + transfer.format(1, "alice") + transfer.format(2, "alice") + transfer.format(3, "alice")
                     + transfer.format(4, "bob") + """
[[script]]
at_block = 6
from = "bank"
calls = [{ contract = "ETH", call = "transfer", to = "alice", value = "1 ether" }]
""")
    ledger = folder / "gas.db"
    done = runnel("run", scenario, "--db", ledger, "--quiet")
    checks(done.returncode == 0, f"the transfers run: {done.stderr}")
    wallets = runnel.json("report", ledger)["wallets"]
    row = wallets["gas_money"][0]
    checks((row["senders"], row["ran_out"], row["out_at_end"], row["first_block"]) == (3, 2, 1, 3),
           f"alice runs out in block 3 and is helped, bob in block 4: {row}")
    checks(wallets["ran_out_of_gas_money"] == 2 and wallets["out_of_gas_money_at_end"] == 1,
           f"in sum: {wallets}")

    ledger = folder / "payers.db"
    scenario = write(folder / "payers.toml", SMALL_SCENARIO.replace(
        "ETH = 1,", "ETH = { uniform = [0.0016, 0.006] },").replace(
        "[agents.payer]", "[agents.rich]\nstrategy = 'payer'\ncount = 5\ntoken = 'ETH'\n"
        "amount = 0.001\ninterval = 24\nfunds.ETH = 0.1\n[agents.payer]"))
    done = runnel("run", scenario, "--db", ledger, "--quiet", "--set", "chain.min_base_fee=20 gwei",
                  "--set", "chain.initial_base_fee=20 gwei")
    checks(done.returncode == 0, f"poor payers run: {done.stderr}")
    wallets = runnel.json("report", ledger)["wallets"]
    ever, out, first = out_of_gas_money(ledger)
    checks(ever > 5 and first > 0, f"some run out: {ever}, from block {first}")
    checks((wallets["ran_out_of_gas_money"], wallets["out_of_gas_money_at_end"],
            min(row["first_block"] for row in wallets["gas_money"])) == (ever, out, first),
           f"the report says what the rows say: {wallets['gas_money']}, {ever} {out} {first}")


def reference_prices(database: sqlite3.Connection) -> dict:
    """By token, from block 0 to the last."""
    last = database.execute("SELECT max(number) FROM t_blocks").fetchone()[0]
    prices = {}
    for token, start, price in database.execute(
            "SELECT token_id, from_block, price FROM t_reference_prices ORDER BY 1, 2"):
        path = prices.setdefault(token, [])
        path += path[-1:] * (start - len(path)) + [price / 1e8]
    return {token: (path + path[-1:] * (last + 1))[:last + 1] for token, path in prices.items()}


def check_rebalancing(runnel: Runnel, checks: Checks, source: pathlib.Path,
                      folder: pathlib.Path) -> None:
    """Fees less LVR are what a pool has gained over one that held as much of each token at any time,
    but traded at the prices of the world outside: from its reserves, not from its trades."""
    ledger = folder / "crash.db"
    done = runnel("run", source / "scenarios" / "threshold_ab.toml", "--blocks", "320", "--db", ledger,
                  "--quiet")
    checks(done.returncode == 0, f"the crash runs: {done.stderr}")
    report = runnel.json("report", ledger)
    pool = report["providers"]["pools"][0]
    with sqlite3.connect(ledger) as database:
        prices = reference_prices(database)
        decimals = dict(database.execute("SELECT contract_id, decimals FROM t_tokens"))
        held = {}
        for block, token, reserve in database.execute(
                "SELECT block_number, token_id, reserve FROM t_dex_pools ORDER BY rowid"):
            held.setdefault(token, {})[block] = int(reserve) / 10 ** decimals[token]
        volume = database.execute("SELECT sum(amount_usd) FROM dex_trades").fetchone()[0]
    last = len(next(iter(prices.values()))) - 1
    over, worth, start = 0.0, 0.0, 0.0
    for token, snapshots in held.items():
        amount = snapshots[0]
        start += amount * prices[token][0]
        for block in range(1, last + 1):
            over -= amount * (prices[token][block] - prices[token][block - 1])
            amount = snapshots.get(block, amount)
        worth += amount * prices[token][last]
    over += worth - start
    checks(abs(over - pool["over_rebalancing_usd"]) < 1e-9 * volume,
           f"fees - LVR: {pool['over_rebalancing_usd']} by trades, {over} by reserves")
    checks(pool["lvr_usd"] > pool["fees_then_usd"] > 0, f"a crash costs more than it brings: {pool}")
    checks(abs(worth - pool["worth_usd"]) < 1e-9 * worth, f"worth {pool['worth_usd']}, {worth}")
    checks(abs(report["trading"]["volume_usd"] / volume - 1) < 1e-9,
           f"the report's volume is the view's: {report['trading']['volume_usd']}, {volume}")


def check_providers(runnel: Runnel, checks: Checks, source: pathlib.Path,
                    folder: pathlib.Path) -> None:
    """People who come and go: what they gained over holding is what their balances say, gas apart."""
    ledger = folder / "market.db"
    done = runnel("run", source / "scenarios" / "market_day.toml", "--blocks", "1200", "--db", ledger,
                  "--quiet", "--set", "agents.noise_trader.count=200",
                  "--set", "agents.liquidity_provider.enter={ uniform = [0, 7200] }",
                  "--set", "agents.liquidity_provider.hold={ uniform = [600, 14400] }")
    checks(done.returncode == 0, f"the market runs: {done.stderr}")
    report = runnel.json("report", ledger)
    rows = [row for row in report["providers"]["groups"] if row["group"] == "liquidity_provider"]
    wallets = next(row for row in report["wallets"]["groups"] if row["group"] == "liquidity_provider"
                   and row["strategy"])
    with sqlite3.connect(ledger) as database:
        weth = database.execute("SELECT contract_id FROM t_tokens WHERE symbol = 'WETH'").fetchone()[0]
        coin = reference_prices(database)[weth][-1]
        left = database.execute("SELECT count(*) FROM uniswap_v2_burns").fetchone()[0]
    gain = sum(row["gain_usd"] for row in rows)
    fees = sum(row["fees_usd"] for row in rows)
    expected = wallets["gain_usd"] + wallets["fees"] * coin
    checks(left > 5, f"some have left: {left}")
    checks(abs(gain - expected) < 0.001 * fees + 0.01,
           f"providers gained {gain} over holding, their balances say {expected} (fees {fees})")
    for pool in report["providers"]["pools"]:
        accounts = [row for row in report["providers"]["accounts"] if row["pool"] == pool["pool"]]
        for key in ("fees_usd", "fees_then_usd", "lvr_usd"):
            parts = sum(row[key] for row in accounts)
            checks(abs(parts - pool[key]) <= 1e-6 * abs(pool[key]) + 1e-6,
                   f"{pool['pool']}: {key} of accounts {parts}, of the pool {pool[key]}")


# A farm that pays 1,000 RICE of 2 USD over 20 days, to who stakes; a vault that is given 100 and loses a fifth.
YIELDS = """
[scenario]
blocks = 30
slot_seconds = 86400
[chain]
transaction_lifetime = "2d"
[tokens.USDC]
decimals = 6
minter = "issuer"
[tokens.RICE]
[tokens.WETH]
[tokens.SHARE]
kind = "erc4626"
asset = "USDC"
[prices.USDC]
model = "constant"
price = 1
[prices.RICE]
model = "constant"
price = 2
[prices.WETH]
model = "constant"
price = 1
[contracts.farm]
kind = "staking_rewards"
staking_token = "USDC"
rewards_token = "RICE"
rewards_duration = "20d"
rewards = "1_000 RICE"
[accounts.issuer]
funds = { ETH = 1, USDC = 100 }
[accounts.alice]
funds = { ETH = 1, USDC = 2_000 }
[accounts.bob]
funds = { ETH = 1, USDC = 4_100 }
"""
YIELD_LINES = (
    (2, "alice", '{ contract = "USDC", call = "approve", spender = "farm", value = "max" }, '
                 '{ contract = "farm", call = "stake", amount = "1_000 USDC" }'),
    (3, "alice", '{ contract = "USDC", call = "approve", spender = "SHARE", value = "max" }, '
                 '{ contract = "SHARE", call = "deposit", assets = "1_000 USDC", receiver = "alice" }'),
    (5, "issuer", '{ contract = "USDC", call = "transfer", to = "SHARE", value = "100 USDC" }'),
    (6, "bob", '{ contract = "USDC", call = "approve", spender = "farm", value = "max" }, '
               '{ contract = "farm", call = "stake", amount = "3_000 USDC" }'),
    (6, "bob", '{ contract = "USDC", call = "approve", spender = "SHARE", value = "max" }, '
               '{ contract = "SHARE", call = "deposit", assets = "1_100 USDC", receiver = "bob" }'),
    (9, "alice", '{ contract = "farm", call = "exit" }'),
    (10, "issuer", '{ contract = "USDC", call = "burn", from = "SHARE", value = "440 USDC" }'),
    (12, "alice", '{ contract = "SHARE", call = "redeem", shares = { balance_of = "SHARE" }, receiver = "alice", '
                  'owner = "alice" }'),
)


def check_yields(runnel: Runnel, checks: Checks, folder: pathlib.Path) -> None:
    """What farms promise and pay, how long people stay, and what a share of a vault is worth, by hand."""
    ledger = folder / "yields.db"
    lines = "".join(f'[[script]]\nat_block = {block}\nfrom = "{sender}"\ncalls = [{calls}]\n'
                    for block, sender, calls in YIELD_LINES)
    done = runnel("run", write(folder / "yields.toml", YIELDS + lines), "--db", ledger, "--quiet")
    checks(done.returncode == 0, f"the farm and the vault run: {done.stderr}")
    report = runnel.json("report", ledger)

    def equal(got, expected, what):
        checks(abs(got - expected) <= 1e-6 * abs(expected) + 1e-9, f"{what}: {got}, not {expected}")

    farms = report["farms"]
    # 100 USD a day from day 2 to 20; 1,000 USD are there for 4 days, 4,000 for 3, 3,000 for 21.
    equal(farms["rate_mean"], 18 * 100 / (4_000 + 12_000 + 63_000) * 365, "a year on what is staked")
    equal(farms["rate_first_week"], 7 * 100 / (4_000 + 12_000) * 365, "first week")
    equal(farms["rate_last_week"], 0, "last week")
    equal(farms["rate_fall"], 1, "fall of the rate")
    equal(farms["staked_peak_usd"], 4_000, "most that was staked")
    equal(farms["staked_end_usd"], 3_000, "staked at the end")
    equal(farms["rewards_usd"], 4 * 100 + 3 * 100 / 4, "what alice was paid")
    equal(farms["entries"], 2, "alice and bob")
    equal(farms["gone_5_days_share"], 0, "both were there after 5 days")
    equal(farms["gone_15_days_share"], 0.5, "alice was gone after 15")
    equal(farms["stay_median_seconds"], 7 * 86_400, "she stayed a week")

    vault = report["vaults"]["vaults"][0]
    equal(vault["price_start"], 1, "first price of a share")
    equal(vault["price_lowest"], 0.88, "2,200 less 440 for 2,000 shares")
    equal(vault["fall"], 0.2, "fall of the price")
    equal(vault["yield_year"], -0.12 * 365 / 27, "a year, from day 3 on")
    flows = report["vaults"]["flows"][0]
    equal(flows["owners"], 2, "owners")
    equal(int(flows["deposited_raw"]), 2_100e6, "deposited")
    equal(int(flows["withdrawn_raw"]), 880e6, "withdrawn")
    # Bob's stake and his shares are part of what all have: 440 were burnt, 475 paid, gas aside.
    group = next(row for row in report["wallets"]["groups"] if row["group"] == "account")
    equal(group["gain_usd"] + group["fees"], 475 - 440, "what the accounts have gained")


def check_order_books(runnel: Runnel, checks: Checks, source: pathlib.Path, folder: pathlib.Path) -> None:
    """What an order book showed and what its makers gained, by hand, of the story that has a book."""
    ledger = folder / "book.db"
    done = runnel("run", source / "scenarios" / "order_book_by_hand.toml", "--db", ledger, "--quiet")
    checks(done.returncode == 0, f"the book runs: {done.stderr}")
    report = runnel.json("report", ledger)
    section = report["order_books"]

    def equal(got, expected, what):
        checks(abs(got - expected) <= 1e-9 * max(1, abs(expected)), f"{what}: {got}, not {expected}")

    dust = 0.000497512437810945 * 2_000  # What Dave's dollar buys, at the price outside.
    volume = 3 * 2_000 + 0.4 * 2_000 + dust
    edge = -0.4 * 5 + 1 - dust  # Carol buys for 2,005, Alice sells for 2,010.
    maker_fees = 1 + 2 + 0.0002 * 2_000 + 0.0005
    equal(section["orders"], 4, "orders")
    equal(section["fills"], 4, "fills")
    equal(section["volume_usd"], volume, "volume")
    equal(section["filled_share"], volume / (7 * 2_000), "of what rested")
    equal(section["cancelled_share"], 1 / 4, "cancelled")
    equal(section["spread_median"], 5 / 2_007.5, "2,005 to 2,010 for two blocks")
    # Six slots: nothing in the first two, then 6 WETH, 4, 3.6, 2.9995.
    equal(section["two_sided_share"], 2 / 6, "blocks 3 and 4")
    equal(section["depth_usd"], (6 + 4 + 3.6 + 2.999502487562189055) / 6 * 2_000, "depth")
    equal(section["edge_share"], edge / volume, "beside the price")
    equal(section["mark_out_share"], (edge - maker_fees) / volume, "the price stays")
    equal(section["maker_fees_usd"], maker_fees, "makers' fees")
    equal(section["taker_fees_usd"], 0.003 * 2_000 + 0.802 + 0.000000497512437811 * 2_000, "takers' fees")
    # All of it is with somebody: what gas costs is all that they have lost.
    group = next(row for row in report["wallets"]["groups"] if row["group"] == "account")
    equal(group["gain_usd"] + group["fees"] * 2_000, 0, "what is in the book counts")


def check_assets(runnel: Runnel, checks: Checks, source: pathlib.Path, folder: pathlib.Path) -> None:
    """What an asset in shares earned and was paid for, by hand, of the story that has one."""
    ledger = folder / "asset.db"
    done = runnel("run", source / "scenarios" / "shares_by_hand.toml", "--db", ledger, "--quiet")
    checks(done.returncode == 0, f"the asset runs: {done.stderr}")
    section = runnel.json("report", ledger)["assets"]
    expected = {"distributed_usd": 4_000, "withdrawn_usd": 4_000, "withdrawn_share": 1, "sold_usd": 60_000,
                "traded_usd": 0, "tendered_usd": 130_000, "sold_share": 0.6, "sale_price": 100,
                "tender_price": 130, "bought_share": 1, "redeemed_share": 0.1}
    for key, value in expected.items():
        checks(abs(section[key] - value) < 1e-9 * max(1, value), f"{key}: {section[key]}, not {value}")
    # All are accounts of the story: what is left is what the house has kept of the shares' price.
    earned = section["earned"]
    checks(len(earned) == 1 and abs(earned[0]["auctions_usd"] + 1_500) < 1e-6 and
           abs(earned[0]["all_usd"] + 1_500) < 1e-6, f"earned: {earned}")


# What is changed behind the report's back, and which of the figures that are computed twice notices.
TAMPERED = {
    "transactions": "DELETE FROM t_transactions WHERE rowid = (SELECT max(rowid) FROM t_transactions)",
    "gas used": "UPDATE t_blocks SET gas_used = gas_used + 1 WHERE number = 5",
    "fees burnt, wei": "UPDATE t_blocks SET base_fee = base_fee + 1 WHERE number = (SELECT max(block_number) FROM t_transactions)",
    "aave_v30: debt, its unit of account": "UPDATE t_lending_statements SET debt = debt || '0' WHERE contract_id = (SELECT id FROM t_contracts WHERE name = 'aave_v30')",
    "aave_v30: USDC owed": "UPDATE t_lending_holdings SET debt_raw = debt_raw || '0' WHERE debt_raw <> '0' AND contract_id = "
                          "(SELECT id FROM t_contracts WHERE name = 'aave_v30')",
    "aave_v30: liquidations": "UPDATE t_lending_liquidations SET debt_amount_raw = debt_amount_raw || '0' WHERE rowid = "
                             "(SELECT max(rowid) FROM t_lending_liquidations WHERE contract_id = (SELECT id FROM t_contracts WHERE name = 'aave_v30'))",
}


def check_twice(runnel, check, source, folder):
    """Figures from two sets of rows agree, and do not where one of them is changed."""
    ledger = folder / "five.db"
    done = runnel("run", source / "scenarios/same_crash_five_markets.toml", "--db", ledger, "--quiet", "--durability", "off")
    check(done.returncode == 0, f"five markets run: {done.stderr}")
    twice = runnel.json("report", ledger, "--section", "cross_checks")["cross_checks"]
    check(twice["all_agree"] and twice["agreeing"] == twice["checks"] > 25, f"figures agree: {twice}")
    names = {row["figure"] for row in twice["figures"]}
    for figure, change in TAMPERED.items():
        check(figure in names, f"{figure} is computed twice: {sorted(names)}")
        changed = folder / "changed.db"
        changed.write_bytes(ledger.read_bytes())
        with sqlite3.connect(changed) as database:
            check(database.execute(change).rowcount > 0, f"{figure}: a row is changed")
        database.close()
        twice = runnel.json("report", changed, "--section", "cross_checks")["cross_checks"]
        found = [row["figure"] for row in twice["figures"] if not row["agrees"]]
        check(not twice["all_agree"] and figure in found, f"{figure}: noticed: {found}")


def main():
    runnel, checks = Runnel(sys.argv[1]), Checks()
    with tempfile.TemporaryDirectory() as name:
        check_reasons(runnel, checks, pathlib.Path(sys.argv[2]), pathlib.Path(name))
        check_gas_money(runnel, checks, pathlib.Path(name))
        check_rebalancing(runnel, checks, pathlib.Path(sys.argv[2]), pathlib.Path(name))
        check_providers(runnel, checks, pathlib.Path(sys.argv[2]), pathlib.Path(name))
        check_interest(runnel, checks, pathlib.Path(name))
        check_yields(runnel, checks, pathlib.Path(name))
        check_order_books(runnel, checks, pathlib.Path(sys.argv[2]), pathlib.Path(name))
        check_assets(runnel, checks, pathlib.Path(sys.argv[2]), pathlib.Path(name))
        check_balances(runnel, checks, pathlib.Path(name))
        check_provider(runnel, checks, pathlib.Path(name))
        check_twice(runnel, checks, pathlib.Path(sys.argv[2]), pathlib.Path(name))
    checks.finish()


if __name__ == "__main__":
    main()
