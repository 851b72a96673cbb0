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


def main():
    runnel, checks = Runnel(sys.argv[1]), Checks()
    with tempfile.TemporaryDirectory() as name:
        check_interest(runnel, checks, pathlib.Path(name))
        check_balances(runnel, checks, pathlib.Path(name))
        check_provider(runnel, checks, pathlib.Path(name))
    checks.finish()


if __name__ == "__main__":
    main()
