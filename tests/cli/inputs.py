#!/usr/bin/env python3
"""Scenarios as people bring them: rules of other chains, and what is read from the real world.

Usage: inputs.py RUNNEL SOURCE_DIR
"""
import pathlib
import re
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


LAYOUTS = {
    "date_column": "Date,Open,High,Low,Close,Adj Close,Volume\n2024-05-01,3000.0,3060.0,2950.0,3010.0,1,1\n"
                   "2024-05-02,3010.0,3070.0,2960.0,3020.0,1,1\n",
    "no_header_ms": "1714521600000,3000.0,3060.0,2950.0,3010.0,9.5\n1714608000000,3010.0,3070.0,2960.0,3020.0,9.5\n",
    "quoted_semicolons_newest_first": '\ufeff"unix";"open";"high";"low";"close"\r\n"1714608000";"3010";"3070";"2960";"3020"'
                                      '\r\n"1714521600";"3000";"3060";"2950";"3010"\r\n',
    "one_price": ",price,volume\n2024-05-01 00:00:00+00:00,3000.0,1\n2024-05-02 00:00:00+00:00,3010.0,1\n",
}


def price_files(runnel, check, folder):
    """Files as they come are read; holes, prices too small to hold and doubtful dates are refused by check and run alike."""
    scenario = write(folder / "prices.toml", """
[scenario]
blocks = 23
slot_seconds = 3600
start = 2024-05-01T00:00:00Z
[tokens.WETH]
[prices.WETH]
model = "csv"
file = "none.csv"
[contracts.oracle]
kind = "price_oracle"
prices.WETH = { price = 3000 }
[agents.keeper]
strategy = "price_keeper"
count = 1
funds.ETH = 100
oracle = "oracle"
tokens = ["WETH"]
heartbeat = "1h"
deviation = 10
""")
    prices = []
    for name, text in LAYOUTS.items():
        (folder / f"{name}.csv").write_text(text, newline="")
        database = folder / f"{name}.db"
        done = runnel("run", scenario, "--db", database, "--set", f"prices.WETH.file={name}.csv")
        check(done.returncode == 0, f"{name} runs: {done.stderr}")
        done = runnel("verify", database)
        check(done.returncode == 0, f"{name} holds: {done.stderr}")
        prices.append([int(row[0]) for row in rows(database, "SELECT price FROM oracle_prices ORDER BY block_number")])
        check(len(prices[-1]) >= 5 and min(prices[-1]) >= 2950 * 10**8, f"{name} gives prices: {prices[-1]}")
    check(prices[0] == prices[1] == prices[2], "the same bars in three layouts give one path")

    refused = {
        "hole.csv": ("unix,open,high,low,close\n1714435200,1,1,1,1\n1714694400,2,2,2,2\n1714780800,2,2,2,2\n",
                     "none for 2024-05-01 to 2024-05-02 (hold_gaps"),
        "micro.csv": ("unix,close\n1714521600,0.0000000004\n1714608000,0.0000000005\n", "1e-8 USD can hold"),
        "doubtful.csv": ("date,close\n01/05/2024,1\n02/05/2024,2\n", "(date_order"),
        "late.csv": ("unix,close\n1714608000,1\n1714694400,2\n", "at or before the scenario's start"),
    }
    for name, (text, why) in refused.items():
        write(folder / name, text)
        for command in ("check", "run"):
            done = runnel(command, scenario, "--set", f"prices.WETH.file={name}")
            check(done.returncode == 2 and why in done.stderr and done.stderr.count("\n") == 1,
                  f"{command} {name}: {why}: {done.returncode} {done.stderr}")
    done = runnel("run", scenario, "--set", "prices.WETH.file=hole.csv", "--set", "prices.WETH.hold_gaps=true")
    check(done.returncode == 0, f"a hole that is allowed: {done.stderr}")
    for key in ("prices.WETH={ model = \"constant\", price = 4e-9 }", "contracts.oracle.prices.WETH.price=4e-9",
                "contracts.oracle.prices.WETH.price=1.5e-8"):
        file = () if "model" in key else ("--set", "prices.WETH.file=one_price.csv")
        done = runnel("check", scenario, "--set", key, *file)
        check(done.returncode == 2 and "8 decimals" in done.stderr, f"{key}: {done.returncode} {done.stderr}")


def seeds(runnel, check, folder):
    """A seed of 64 bits, however it is given, is one chain, and exact in the ledger and in JSON."""
    text = EMPTY.replace("[chain]", "[agents.payer]\nstrategy = \"payer\"\ncount = 20\nfunds.ETH = 1\ntoken = \"ETH\"\n"
                         "amount = 0.001\ninterval = 12\n[chain]")
    given = [(text.replace("blocks = 3", "seed = 0xfeed_beef_dead_cafe\nblocks = 3"), ()),
             (text, ("--seed", "18369548392556514046")),
             (text, ("--set", "scenario.seed=18369548392556514046"))]
    heads = set()
    for number, (contents, options) in enumerate(given):
        scenario = write(folder / "seed.toml", contents)
        database = folder / f"seed{number}.db"
        done = runnel.json("run", scenario, "--db", database, *options)
        heads.add(done["state_root"])
        found = rows(database, "SELECT value FROM t_manifest WHERE key = 'seed'")
        check(found == [("18369548392556514046",)], f"{options}: in the ledger: {found}")
        report = runnel.json("report", database, "--section", "run")
        check(report["run"]["seed"] == "18369548392556514046", f"{options}: in JSON: {report['run']['seed']}")
        check(runnel("verify", database).returncode == 0, f"{options}: holds")
    check(len(heads) == 1, f"one seed, one state: {heads}")
    other = runnel.json("run", folder / "seed.toml", "--seed", "18369548392556514047")
    check(other["state_root"] not in heads, "the next seed is another")


def long_slots(runnel, check, folder):
    """The same people do the same things whatever a slot is, or the scenario is refused."""
    scenario = write(folder / "hourly.toml", """
[scenario]
blocks = 100
slot_seconds = 3600
[agents.payer]
strategy = "payer"
count = 400
funds.ETH = 100
token = "ETH"
amount = 0.001
interval = 3600
""")
    counts = {}
    for slot in (12, 3600, 86400):
        done = runnel.json("run", scenario, "--set", f"scenario.slot_seconds={slot}", "--set", f"agents.payer.interval={slot}")
        counts[slot] = done["transactions"]
    check(len(set(counts.values())) == 1, f"as many payments with slots of any length: {counts}")
    check(abs(counts[12] / (400 * 100) - 1) < 0.02, f"and one for each interval: {counts}")
    done = runnel("check", scenario, "--resolved")
    check('transaction_lifetime = "10h"' in done.stdout, "ten slots by default")
    done = runnel("check", scenario, "--resolved", "--set", "scenario.slot_seconds=12")
    check('transaction_lifetime = "10m"' in done.stdout, "ten minutes by default")
    for keys, why in (
            (("chain.transaction_lifetime=10m",), "chain.transaction_lifetime: expected at least a slot, 1h"),
            (("scenario.slot_seconds=86400",), "agents.payer.interval: expected a mean of at least a slot, 86400 s"),
            (("agents.payer.interval={ log_normal = [7, 1] }",), "agents.payer.interval: expected a mean of at least a slot")):
        done = runnel("check", scenario, *[word for key in keys for word in ("--set", key)])
        check(done.returncode == 2 and why in done.stderr, f"{keys}: {why}: {done.returncode} {done.stderr}")


TOKENS = """
[scenario]
blocks = 20
[tokens.FOT]
fee_on_transfer_bps = 100
[tokens.USDT]
returns = "nothing"
[tokens.WETH]
kind = "weth9"
[contracts.factory]
kind = "uniswap_v2_factory"
fee_numerator = 25
fee_denominator = 10_000
[contracts.router]
kind = "uniswap_v2_router"
factory = "factory"
weth = "WETH"
[contracts.fot_usdt]
kind = "uniswap_v2_pair"
factory = "factory"
token0 = "FOT"
token1 = "USDT"
amount0 = "1_000 FOT"
amount1 = "1_980 USDT"
[contracts.fot_weth]
kind = "uniswap_v2_pair"
factory = "factory"
token0 = "FOT"
token1 = "WETH"
amount0 = "1_000 FOT"
amount1 = "990 WETH"
[accounts.alice]
funds = { ETH = 100, FOT = 100, USDT = 100, WETH = 1 }
[[script]]
at_block = 1
from = "alice"
calls = [
  { contract = "FOT", call = "approve", spender = "router", value = "100 FOT" },
  { contract = "USDT", call = "approve", spender = "router", value = "100 USDT" },
  { contract = "WETH", call = "deposit", value = "2 ETH" },
]
expect = { balances = { alice = { WETH = "3 WETH" }, WETH = { ETH = "993 ETH" } } }
[[script]]
at_block = 2
from = "alice"
calls = [{ contract = "router", call = "swapTokensForExactTokens", amount_out = "1 USDT", amount_in_max = "50 FOT", path = ["FOT", "USDT"], to = "alice", deadline = "1h" }]
expect = { reverts = "UniswapV2: K" }
[[script]]
at_block = 2
from = "alice"
calls = [{ contract = "router", call = "swapExactTokensForTokensSupportingFeeOnTransferTokens", amount_in = "10 FOT", amount_out_min = "19.5 USDT", path = ["FOT", "USDT"], to = "alice", deadline = "1h" }]
expect = { balances = { alice = { FOT = "90 FOT", USDT = "USD_GOT USDT" } } }
[[script]]
at_block = 3
from = "alice"
calls = [{ contract = "WETH", call = "withdraw", wad = "4 ETH" }]
expect = { reverts = "(no reason)" }
[[script]]
at_block = 3
from = "alice"
calls = [{ contract = "router", call = "swapExactTokensForETHSupportingFeeOnTransferTokens", amount_in = "10 FOT", amount_out_min = 0, path = ["FOT", "WETH"], to = "alice", deadline = "1h" }]
expect = { balances = { alice = { FOT = "80 FOT" } } }
"""


def tokens(runnel, check, folder):
    """A story with tokens that are not as others are, on a fork with another fee, against this script's own arithmetic."""
    came = 99 * 10**17 * 9975
    got = came * 1980 * 10**18 // (990 * 10**18 * 10000 + came) + 100 * 10**18
    scenario = write(folder / "tokens.toml", TOKENS.replace("USD_GOT", f"{got // 10**18}.{got % 10**18:018}"))
    database = folder / "tokens.db"
    done = runnel("run", scenario, "--db", database)
    check(done.returncode == 0, f"the story comes out: {done.returncode} {done.stdout} {done.stderr}")
    check(runnel("verify", database).returncode == 0, "its ledger holds")
    for table, count in (("weth9_deposits", 1), ("weth9_withdrawals", 1)):
        found = rows(database, f"SELECT count(*) FROM {table}")[0][0]
        check(found == count, f"{table}: {count} rows, got {found}")
    for key, why in (("contracts.factory.fee_numerator=10_000", "fee_numerator"), ("contracts.router.weth=USDT", "of kind weth9"),
                     ("tokens.FOT.fee_on_transfer_bps=10_001", "fee_on_transfer_bps"), ("tokens.USDT.returns=flase", "returns")):
        done = runnel("check", scenario, "--set", key)
        check(done.returncode == 2 and why in done.stderr, f"{key} is refused: {done.stderr}")


BOOK = """
[scenario]
blocks = 3
[tokens.WETH]
[tokens.USDC]
decimals = 6
[contracts.oracle]
kind = "price_oracle"
keeper = "oracle_keeper"
prices.WETH = { price = 2000 }
prices.USDC = { price = 1 }
[contracts.pool]
kind = "aave_v3_pool"
oracle = "oracle"
reserves.WETH = { ltv_bps = 7500, liquidation_threshold_bps = 8000, liquidation_bonus_bps = 10500 }
reserves.USDC = { ltv_bps = 7500, liquidation_threshold_bps = 8000, liquidation_bonus_bps = 10500, initial_liquidity = "1_000_000_000 USDC" }
[positions.book]
by = "file"
market = "pool"
file = "book.csv"
"""


def positions(runnel, check, folder):
    """A book of positions is there after block 0, and its ledger is verified without the file."""
    count = 1000
    book = folder / "book.csv"
    write(book, "account,collateral,collateral_amount,debt,debt_amount\n" +
          "".join(f"user{i},WETH,{1 + i % 7}.5,USDC,{1000 + i}.25\n" for i in range(count)))
    scenario = write(folder / "book.toml", BOOK)
    database = folder / "book.db"
    done = runnel("run", scenario, "--db", database)
    check(done.returncode == 0, f"a book of {count} positions: {done.stderr}")
    book.unlink()
    done = runnel("verify", database)
    check(done.returncode == 0, f"verified without its file: {done.stderr}")
    done = runnel("check", scenario)
    check(done.returncode == 2 and "book.csv" in done.stderr, f"a missing file is named: {done.stderr}")
    write(book, "account,collateral,collateral_amount,debt,debt_amount\nuser,WETH,1,USDC,1600\n")
    done = runnel("run", scenario)
    check(done.returncode == 2 and "positions.book: line 2 of its file: user: " in done.stderr and "36" in done.stderr,
          f"more than the market lends is refused by name: {done.stderr}")
    for keys, words in [(["reserves.WETH.number=1"], "expected the numbers from 0 to 1, each once, got none of one"),
                        (["reserves.WETH.number=1", "reserves.USDC.number=1"], "each once, got 1"),
                        (["reserves.WETH.number=2", "reserves.USDC.number=1"], "each once, got 2"),
                        (["reserves.WETH.variable_rate_slope1=0.04"], "expected an amount like")]:
        done = runnel("check", scenario, *[word for key in keys for word in ("--set", f"contracts.pool.{key}")])
        check(done.returncode == 2 and words in done.stderr, f"{keys} is refused: {done.stderr}")


POOLS = """
[scenario]
blocks = 1
[tokens.WETH]
[tokens.USDC]
decimals = 6
[contracts.factory]
kind = "uniswap_v3_factory"
[contracts.router]
kind = "uniswap_v3_router"
factory = "factory"
[contracts.weth_usdc]
kind = "uniswap_v3_pool"
factory = "factory"
token0 = "WETH"
token1 = "USDC"
amount0 = "1_000 WETH"
amount1 = "2_000_000 USDC"
"""


def books(runnel, check, source, folder):
    """The example of docs/scenarios.md, as it stands there: liquidity in ranges, allowances."""
    text = (source / "docs/scenarios.md").read_text()
    section = text[text.index("### Books of positions"):]
    tables, rows_of_file = (re.search(rf"```{kind}\n(.*?)```", section, re.DOTALL).group(1) for kind in ("toml", "csv"))
    write(folder / "providers.csv", rows_of_file)
    database = folder / "providers.db"
    done = runnel("run", write(folder / "providers.toml", POOLS + tables), "--db", database)
    check(done.returncode == 0, f"the books of the docs: {done.stderr}")
    check(runnel("verify", database).returncode == 0, "the books of the docs verify")
    found = rows(database, "SELECT account_name, count(*) FROM (SELECT DISTINCT provider, tick_lower FROM dex_range_changes "
                           "WHERE transaction_type = 'deposit') JOIN (SELECT address, name AS account_name FROM labels) "
                           "ON address = provider WHERE account_name IN ('ann', 'ben') GROUP BY 1 ORDER BY 1")
    check(found == [("ann", 2), ("ben", 1)], f"positions of the docs: {found}")
    message = re.search(r"`(providers.csv:3:7: .*?)`", section, re.DOTALL).group(1).replace("\n  ", " ")
    write(folder / "providers.csv", rows_of_file.replace("3000000000000000", "1.5"))
    done = runnel("check", folder / "providers.toml")
    check(done.returncode == 2 and message in done.stderr, f"the message of the docs: {done.stderr}")


def main():
    runnel, check = Runnel(sys.argv[1]), Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        base_fees(runnel, check, folder)
        price_files(runnel, check, folder)
        seeds(runnel, check, folder)
        long_slots(runnel, check, folder)
        tokens(runnel, check, folder)
        positions(runnel, check, folder)
        books(runnel, check, pathlib.Path(sys.argv[2]), folder)
    check.finish()


if __name__ == "__main__":
    main()
