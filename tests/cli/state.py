#!/usr/bin/env python3
"""A world that starts from the state after any block of a ledger has that state, exactly.

Usage: state.py RUNNEL SOURCE_DIR
"""
import json
import pathlib
import re
import shlex
import signal
import sqlite3
import sys
import tempfile

from exchanges import other_pools
from support import Checks, Runnel

# Busy hours of mixed_defi.toml, with a twentieth of its people.
FEW = [option for group, count in {
    "payer": 60, "coin_payer": 60, "trader": 400, "liquidity_provider": 500, "treasurer_usdc": 60,
    "treasurer_weth": 40, "borrower": 100}.items() for option in ("--set", f"agents.{group}.count={count}")]


def state_in(folder):
    return {path.name: path.read_text() for path in sorted(folder.glob("*.csv"))}


def balance(runnel, ledger, token, account, block):
    """By another way: what `prove` states, from the block's root of the state."""
    done = runnel("prove", ledger, "--balance", token, account, "--block", block)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["statement"].removeprefix(f"after block {block}, ")


# Whatever can be staked, wrapped, deposited or put between two prices, in use.
SAVINGS = """
[scenario]
blocks = 30
[tokens.ETH]
kind = "native"
[tokens.USDC]
decimals = 6
[tokens.WETH]
[tokens.USDE]
[tokens.SUSHI]
flavour = "openzeppelin4"
minter = "chef"
[tokens.STETH]
kind = "lido_steth"
oracle = "lido_oracle"
[tokens.WSTETH]
kind = "lido_wsteth"
steth = "STETH"
[tokens.SUSDE]
kind = "ethena_susde"
asset = "USDE"
cooldown_duration = 600
assets = "1_000 USDE"
[tokens.vault]
kind = "erc4626"
asset = "USDC"
initial_assets = "500 USDC"
[tokens.strategy]
kind = "strategy_vault"
asset = "WETH"
source = "farm"
reward = "USDC"
exchanges = ["pool3"]
initial_assets = "10 WETH"
[contracts.factory3]
kind = "uniswap_v3_factory"
[contracts.manager]
kind = "uniswap_v3_position_manager"
factory = "factory3"
[contracts.pool3]
kind = "uniswap_v3_pool"
factory = "factory3"
token0 = "WETH"
token1 = "USDC"
amount0 = "100 WETH"
amount1 = "200_000 USDC"
[contracts.chef]
kind = "masterchef"
sushi = "SUSHI"
sushi_per_block = "1 SUSHI"
pools.USDC.alloc_point = 30
pools.vault.alloc_point = 70
[contracts.farm]
kind = "staking_rewards"
staking_token = "WETH"
rewards_token = "USDC"
rewards = "7_000 USDC"

[agents.walker]
strategy = "payer"
count = 40
funds = { ETH = 1, USDC = 100 }
token = "USDC"
amount = 1
interval = 20

[accounts.alice]
funds = { ETH = 100, USDC = 100_000, WETH = 100, USDE = 5_000 }
[accounts.lido_oracle]
funds = { ETH = 10 }

[[script]]
at_block = 1
from = "alice"
calls = [
    { contract = "vault", call = "deposit", assets = "100 USDC", receiver = "alice" },
    { contract = "chef", call = "deposit", pid = 0, amount = 250_000_000 },
    { contract = "farm", call = "stake", amount = "3 WETH" },
    { contract = "strategy", call = "deposit", assets = "2 WETH", receiver = "alice" },
    { contract = "STETH", call = "submit", value = "5 ether", referral = "zero" },
    { contract = "SUSDE", call = "deposit", assets = "50 USDE", receiver = "alice" },
]
[[script]]
at_block = 2
from = "alice"
calls = [
    { contract = "vault", call = "approve", spender = "chef", value = "1 vault" },
    { contract = "STETH", call = "approve", spender = "WSTETH", value = "2 STETH" },
    { contract = "WSTETH", call = "wrap", value = "2 STETH" },
    { contract = "SUSDE", call = "cooldownAssets", assets = "20 USDE" },
    { contract = "manager", call = "mint", token0 = "WETH", token1 = "USDC", fee = 3000, tick_lower = -887_220, tick_upper = 887_220, amount0_desired = "0.1 WETH", amount1_desired = "200 USDC", amount0_min = 0, amount1_min = 0, recipient = "alice", deadline = "1h" },
    { contract = "pool3", call = "increaseObservationCardinalityNext", observation_cardinality_next = 5 },
]
[[script]]
at_block = 3
gas_limit = 10_000_000
from = "alice"
calls = [{ contract = "factory3", call = "createPool", token_a = "USDE", token_b = "USDC", fee = 500 }]
[[script]]
at_block = 4
from = "lido_oracle"
calls = [{ contract = "STETH", call = "report", consensus_rewards = "0.001 ether", execution_rewards = 0, burn_from = "zero", burn_shares = 0, locked_ether = 0 }]
"""


def savings(runnel, check, folder):
    """Records whose keys are ticks, tokens' ids, numbers with accounts, and structs."""
    approvals = "".join(
        f'    {{ contract = "{token}", call = "approve", spender = "{spender}", value = "1_000 {token}" }},\n'
        for token, spender in [("USDC", "vault"), ("USDC", "chef"), ("WETH", "farm"), ("WETH", "strategy"),
                               ("USDE", "SUSDE"), ("WETH", "manager"), ("USDC", "manager")])
    scenario = folder / "savings.toml"
    scenario.write_text(SAVINGS.replace("calls = [\n", "calls = [\n" + approvals, 1))
    ledger, out, again = round_trip(runnel, check, folder, "savings", scenario, [], 24, 20, 60)
    for file, wanted in {"uniswap_v3_pool_ticks": "liquidity_gross", "uniswap_v3_pool_positions": "key.owner",
                         "uniswap_v3_position_manager_nfts": "alice", "masterchef_users": "alice",
                         "staking_rewards_stakers": "strategy", "ethena_susde_cooldowns": "alice",
                         "lido_steth_shares": "WSTETH", "erc4626_balances": "alice",
                         "strategy_vault_balances": "alice"}.items():
        check(wanted in (out / f"{file}.csv").read_text(), f"savings: {file} has {wanted}")
    with sqlite3.connect(ledger) as old, sqlite3.connect(again) as new:
        pools = [set(connection.execute("SELECT address FROM contracts WHERE kind = 'uniswap_v3_pool'"))
                 for connection in (old, new)]
    check(pools[0] == pools[1] and len(pools[0]) == 2, f"savings: pools have the addresses that they had: {pools}")

    # Who had a position has it: he takes it out, harvests, withdraws.
    text = (out / "scenario.toml").read_text() + """
[[script]]
at_block = 1
from = "alice"
calls = [
    { contract = "chef", call = "withdraw", pid = 0, amount = 250_000_000 },
    { contract = "farm", call = "exit" },
    { contract = "vault", call = "withdraw", assets = "100 USDC", receiver = "alice", owner = "alice" },
    { contract = "manager", call = "decreaseLiquidity", token_id = 1, liquidity = 1_000_000, amount0_min = 0, amount1_min = 0, deadline = "1h" },
    { contract = "WSTETH", call = "unwrap", value = "1 WSTETH" },
]
"""
    more = out / "more.toml"
    more.write_text(text)
    done = runnel("run", more, "--blocks", 2, "--db", folder / "more.db")
    check(done.returncode == 0, f"savings: positions are there: {done.stderr}")
    check(runnel("verify", folder / "more.db").returncode == 0, "savings: and verify")


def exchanges(runnel, check, source, folder):
    """Every kind of exchange, traded."""
    scenario = folder / "exchanges.toml"
    scenario.write_text(other_pools((source / "scenarios/market_day.toml").read_text()))
    round_trip(runnel, check, folder, "exchanges", scenario, [], 60, 40)


def round_trip(runnel, check, folder, name, scenario, options, blocks, at, lines=100):
    """A chain, its state after a block, a chain that starts from it, and the state of that one's block 0."""
    ledger, out, again, out_again = (folder / f"{name}{suffix}" for suffix in (".db", "_at", "_again.db", "_at_again"))
    runnel.json("run", scenario, "--blocks", blocks, *options, "--db", ledger)
    done = runnel("export-state", ledger, "--block", at, "-o", out)
    check(done.returncode == 0, f"{name}: {done.stderr}")
    check(f"the state after block {at}" in done.stderr, f"{name}: says what it did: {done.stderr}")
    checked = runnel("check", out / "scenario.toml")
    check(checked.returncode == 0, f"{name}: check: {checked.stderr}")
    summary = runnel.json("run", out / "scenario.toml", "--db", again)
    check(summary["blocks"] == blocks - at, f"{name}: the blocks that were left: {summary}")
    check(summary["transactions"] > 0, f"{name}: goes on: {summary}")
    check(runnel("verify", again).returncode == 0, f"{name}: verifies")
    check(runnel("export-state", again, "--block", 0, "-o", out_again).returncode == 0, f"{name}: again")
    first, second = state_in(out), state_in(out_again)
    check(first.keys() == second.keys(), f"{name}: {first.keys() ^ second.keys()}")
    for file in first:
        check(first[file] == second[file], f"{name}: {file} differs")
    check(sum(text.count("\n") for text in first.values()) > lines, f"{name}: there is something to compare")
    # Another folder, the same files; the state is not that of another block.
    runnel("export-state", ledger, "--block", at, "-o", folder / f"{name}_twice")
    check(state_in(folder / f"{name}_twice") == first, f"{name}: says the same twice")
    runnel("export-state", ledger, "-o", folder / f"{name}_last")
    check(state_in(folder / f"{name}_last") != first, f"{name}: the last block is another one")
    return ledger, out, again


def mixed(runnel, check, source, folder):
    """Pools, a market, liquidity, payments: between two blocks with a root, and at one, against proofs."""
    options = [*FEW, "--set", "chain.checkpoint_interval=8"]
    ledger, out, again = round_trip(runnel, check, folder, "mixed", source / "scenarios/mixed_defi.toml", options, 20, 13)
    for suffix in ("erc20_balances", "erc20_allowances", "uniswap_v2_pair_state", "uniswap_v2_pair_balances",
                   "aave_v3_pool_positions", "aave_v3_pool_reserves", "price_oracle_prices", "accounts"):
        check((out / f"{suffix}.csv").read_text().count("\n") > 1, f"mixed: {suffix} has rows")

    at_root = folder / "root"
    check(runnel("export-state", ledger, "--block", 16, "-o", at_root).returncode == 0, "mixed: at a root")
    started = folder / "root.db"
    runnel.json("run", at_root / "scenario.toml", "--blocks", 1, "--db", started)
    for token, account in [("USDC", "payer/3"), ("ETH", "trader/5"), ("weth_usdc", "weth_usdc/seed_lp"),
                           ("USDC", "weth_usdc"), ("USDC", "lending"), ("WETH", "treasurer_weth/1"), ("ETH", "validator/2")]:
        before = balance(runnel, ledger, token, account, 16)
        after = balance(runnel, started, token, account, 0)
        check(before == after and " has " in before, f"mixed: {token} of {account}: {before}, {after}")

    # Other agents, and a shock: the story goes another way.
    other = runnel.json("run", out / "scenario.toml", "--set", "agents.trader.count=50", "--set",
                        'events.crash={ action = "price_shock", at_block = 2, token = "WETH", factor = 0.7 }',
                        "--db", folder / "other.db")
    check(other["blocks"] == 7, f"mixed: with other agents: {other}")
    check(runnel("verify", folder / "other.db").returncode == 0, "mixed: other agents verify")

    # Interrupted and gone on with; not with another file.
    resumed = folder / "resumed.db"
    runnel.json("run", out / "scenario.toml", "--blocks", 3, "--db", resumed)
    same = runnel("run", out / "scenario.toml", "--blocks", 3, "--db", resumed, "--resume")
    check(same.returncode == 0, f"mixed: resumes: {same.stderr}")
    prices = out / "price_oracle_prices.csv"
    prices.write_text(prices.read_text() + "\n")
    changed = runnel("run", out / "scenario.toml", "--blocks", 3, "--db", resumed, "--resume")
    check(changed.returncode == 2 and "price_oracle_prices.csv" in changed.stderr,
          f"mixed: another file is named: {changed.stderr}")
    check(runnel("verify", resumed).returncode == 0, "mixed: a ledger is verified without its files")


def deployed(runnel, check, source, folder):
    """Pools that transactions have opened, and addresses that block 0 did not know."""
    ledger, out, again = round_trip(runnel, check, folder, "opened", source / "scenarios/new_pool.toml",
                                    [], 400, 390)
    with sqlite3.connect(ledger) as old, sqlite3.connect(again) as new:
        pools = [set(connection.execute("SELECT address FROM contracts WHERE kind = 'uniswap_v2_pair'"))
                 for connection in (old, new)]
    check(pools[0] == pools[1] and len(pools[0]) == 3, f"opened: pools have the addresses that they had: {pools}")
    check(any(name.startswith("0x") for name in re.findall(r"USDC.balances,([^,]*),", (out / "erc20_balances.csv").read_text())),
          "opened: addresses that block 0 did not know")


# What a transaction can deploy that lends or keeps, and what counts blocks. Block 25 goes on with all of it.
MORPHO = '{ loan_token = "USDC", collateral_token = "WETH", oracle = "morpho_oracle", irm = "morpho_irm", lltv = "0.77 wad" }'
LENDING = """
[scenario]
blocks = 30
start = 1_700_000_000
[tokens.USDC]
decimals = 6
[tokens.WETH]
[tokens.ZED]
[tokens.SUSHI]
flavour = "openzeppelin4"
minter = "chef"
[tokens.cUSDC]
kind = "compound_v2_ctoken"
underlying = "USDC"
[tokens.cWETH]
kind = "compound_v2_ctoken"
underlying = "WETH"
[contracts.tokens]
kind = "erc20_deployer"
[contracts.markets]
kind = "aave_v3_deployer"
[contracts.vaults]
kind = "erc4626_deployer"
[contracts.chef]
kind = "masterchef"
sushi = "SUSHI"
sushi_per_block = "1 SUSHI"
pools.ZED.alloc_point = 100
bonus_end_block = 23
[contracts.oracle]
kind = "price_oracle"
keeper = "bob"
prices = { USDC = { price = 1 }, WETH = { price = 2000 }, ZED = { price = 4 } }
[contracts.compound]
kind = "compound_v2_comptroller"
oracle = "oracle"
comp = "ZED"
comp_reserve = "10_000 ZED"
markets.USDC = { c_token = "cUSDC", initial_liquidity = "50_000 USDC", comp_supply_speed = 1_000_000, comp_borrow_speed = 7_000_000 }
markets.WETH = { c_token = "cWETH", collateral_factor_bps = 8_000 }
[contracts.morpho]
kind = "morpho_blue"
owner = "bob"
fee_recipient = "bob"
[contracts.morpho_irm]
kind = "morpho_adaptive_curve_irm"
[contracts.morpho_oracle]
kind = "morpho_chainlink_oracle"
oracle = "oracle"
collateral_token = "WETH"
loan_token = "USDC"
[accounts.alice]
funds = { ETH = 100, USDC = 100_000, WETH = 100, ZED = 1_000 }
[accounts.bob]
funds = { ETH = 100, USDC = 100_000, WETH = 100, ZED = 1_000 }

[[script]]
at_block = 1
from = "alice"
calls = [{ contract = "tokens", call = "deployToken", as = "LEAF", symbol = "it's", decimals = 6, minter = "alice", to = "bob", supply = 5_000_000_000 }]
[[script]]
at_block = 2
from = "bob"
gas_limit = 8_000_000
calls = [
  { contract = "oracle", call = "setAssetPrice", token = "LEAF", price = "3 USD" },
  { contract = "markets", call = "deployPool", as = "bank", oracle = "oracle", treasury = "alice", reserves = [
    { asset = "ZED", optimal_usage_ratio = "0.8 ray", base_variable_borrow_rate = 7, variable_rate_slope1 = "0.04 ray", variable_rate_slope2 = "0.75 ray" },
    { asset = "LEAF", optimal_usage_ratio = "0.812345 ray", base_variable_borrow_rate = 0, variable_rate_slope1 = "0.04 ray", variable_rate_slope2 = "3.75 ray" },
    { asset = "USDC", optimal_usage_ratio = "0.9 ray", base_variable_borrow_rate = "0.0123456789 ray", variable_rate_slope1 = "0.04 ray", variable_rate_slope2 = "0.75 ray" },
  ] },
  { contract = "bank", call = "configureReserveAsCollateral", asset = "LEAF", ltv = 7500, liquidation_threshold = 8000, liquidation_bonus = 10500 },
  { contract = "bank", call = "setReserveBorrowing", asset = "USDC", enabled = true },
]
[[script]]
at_block = 3
from = "alice"
calls = [
  { contract = "USDC", call = "approve", spender = "bank", value = "max" },
  { contract = "bank", call = "supply", asset = "USDC", amount = "2_000 USDC", on_behalf_of = "alice" },
]
[[script]]
at_block = 4
from = "bob"
calls = [
  { contract = "LEAF", call = "approve", spender = "bank", value = "max" },
  { contract = "bank", call = "supply", asset = "LEAF", amount = "600 LEAF", on_behalf_of = "bob" },
  { contract = "bank", call = "borrow", asset = "USDC", amount = "1_111 USDC", interest_rate_mode = 2 },
]
[[script]]
at_block = 5
from = "alice"
calls = [
  { contract = "markets", call = "deployPool", as = "idle", oracle = "oracle", treasury = "zero", reserves = [
    { asset = "WETH", optimal_usage_ratio = "1 ray", base_variable_borrow_rate = 0, variable_rate_slope1 = 0, variable_rate_slope2 = 0 },
  ] },
]
[[script]]
at_block = 6
from = "bob"
calls = [
  { contract = "morpho", call = "enableIrm", irm = "morpho_irm" },
  { contract = "morpho", call = "enableLltv", lltv = "0.77 wad" },
  { contract = "morpho", call = "createMarket", market_params = MORPHO },
  { contract = "morpho", call = "setFee", market_params = MORPHO, new_fee = "0.1 wad" },
]
[[script]]
at_block = 7
from = "alice"
calls = [
  { contract = "USDC", call = "approve", spender = "morpho", value = "max" },
  { contract = "morpho", call = "supply", market_params = MORPHO, assets = "10_000 USDC", shares = 0, on_behalf = "alice", data = [] },
  { contract = "ZED", call = "approve", spender = "chef", value = "max" },
  { contract = "chef", call = "deposit", pid = 0, amount = "100 ZED" },
]
[[script]]
at_block = 8
from = "bob"
calls = [
  { contract = "WETH", call = "approve", spender = "morpho", value = "max" },
  { contract = "morpho", call = "supplyCollateral", market_params = MORPHO, assets = "5 WETH", on_behalf = "bob", data = [] },
  { contract = "morpho", call = "borrow", market_params = MORPHO, assets = "7_000 USDC", shares = 0, on_behalf = "bob", receiver = "bob" },
  { contract = "WETH", call = "approve", spender = "cWETH", value = "max" },
  { contract = "cWETH", call = "mint", mint_amount = "10 WETH" },
  { contract = "compound", call = "enterMarkets", c_tokens = ["cUSDC", "cWETH"] },
  { contract = "cUSDC", call = "borrow", borrow_amount = "9_000 USDC" },
]
[[script]]
at_block = 9
from = "alice"
calls = [
  { contract = "vaults", call = "deployVault", as = "safe", asset = "LEAF", decimals_offset = 3 },
  { contract = "USDC", call = "approve", spender = "cUSDC", value = "max" },
  { contract = "cUSDC", call = "mint", mint_amount = "10 USDC" },
  { contract = "compound", call = "enterMarkets", c_tokens = ["cUSDC"] },
]
[[script]]
at_block = 10
from = "bob"
calls = [
  { contract = "LEAF", call = "approve", spender = "safe", value = "max" },
  { contract = "safe", call = "deposit", assets = "100 LEAF", receiver = "bob" },
]
""".replace("MORPHO", MORPHO)
LENDING_LATER = """
[[script]]
at_block = LATER
from = "bob"
calls = [
  { contract = "USDC", call = "approve", spender = "bank", value = "max" },
  { contract = "bank", call = "repay", asset = "USDC", amount = "11 USDC", interest_rate_mode = 2, on_behalf_of = "bob" },
  { contract = "bank", call = "setReserveFactor", asset = "USDC", reserve_factor = 1_000 },
  { contract = "safe", call = "withdraw", assets = 1_000_000, receiver = "bob", owner = "bob" },
  { contract = "morpho", call = "accrueInterest", market_params = MORPHO },
  { contract = "cUSDC", call = "borrow", borrow_amount = "1_000 USDC" },
  { contract = "compound", call = "claimComp", holder = "bob" },
]
[[script]]
at_block = LATER
from = "alice"
calls = [
  { contract = "chef", call = "deposit", pid = 0, amount = 0 },
  { contract = "bank", call = "withdraw", asset = "USDC", amount = "5 USDC", to = "alice" },
]
""".replace("MORPHO", MORPHO)


def lending(runnel, check, folder):
    """Markets that transactions have deployed go on in the new chain as they would have in the old one."""
    first, second = folder / "lending.db", folder / "lending_again.db"
    scenario = folder / "lending.toml"
    scenario.write_text(LENDING + LENDING_LATER.replace("LATER", "25"))
    done = runnel("run", scenario, "--db", first)
    check(done.returncode == 0, f"lending: {done.stdout} {done.stderr}")
    out = folder / "lending_at"
    done = runnel("export-state", first, "--block", 20, "-o", out)
    check(done.returncode == 0, f"lending: {done.stderr}")
    with sqlite3.connect(first) as ledger:
        deployed = {kind: address for kind, address in ledger.execute(
            "SELECT kind, name FROM contracts WHERE name LIKE '0x%' ORDER BY block_number DESC")}
    check(set(deployed) == {"aave_v3_pool", "erc20", "erc4626", "morpho_blue_market"}, f"lending: deployed {deployed}")
    later = LENDING_LATER.replace("LATER", "5")
    for name, kind in {"bank": "aave_v3_pool", "safe": "erc4626"}.items():
        later = later.replace(f'"{name}"', f'"{deployed[kind]}"')
    more = out / "more.toml"
    more.write_text((out / "scenario.toml").read_text() + later)
    done = runnel("run", more, "--db", second)
    check(done.returncode == 0, f"lending: goes on: {done.stdout} {done.stderr}")
    check(runnel("verify", second).returncode == 0, "lending: verifies")

    def state(ledger, block, name):
        done = runnel("export-state", ledger, "--block", block, "-o", folder / name)
        check(done.returncode == 0, f"{name}: {done.stderr}")
        return state_in(folder / name)
    at_start, before = state(second, 0, "lending_0"), state_in(out)
    different = [file for file in before.keys() | at_start.keys() if before.get(file) != at_start.get(file)]
    check(not different, f"lending: the same at the start: {different}")
    # Fees, and who proposes a block, are the chain's.
    old, new = state(first, 30, "lending_30"), state(second, 10, "lending_10")
    different = [file for file in old if old[file] != new.get(file) and file not in ("accounts.csv", "native_supply.csv")]
    check(not different and old.keys() == new.keys(), f"lending: the same after ten blocks: {different}")
    for file in ["aave_v3_pool_reserves", "compound_v2_ctoken_state", "morpho_blue_market_market", "masterchef_pools",
                 "compound_v2_comptroller_comp_states", "erc4626_state"]:
        check(old[file + ".csv"] != before[file + ".csv"], f"lending: {file} has changed since")
    wrong = [
        (["contracts.compound.block_seconds=5"],
         "contracts.compound.block_seconds: expected the slot_seconds of [scenario], 12, got 5"),
        (["contracts.compound.markets.USDC.c_token=cWETH", "contracts.compound.markets.WETH.c_token=cUSDC"],
         "compound: the c_token of its market of USDC is cWETH, which lends WETH"),
    ]
    for keys, words in wrong:
        done = runnel("check", scenario, *[word for key in keys for word in ("--set", key)])
        check(done.returncode == 2 and words in done.stderr and done.stderr.count("\n") == 1, f"{keys}: {done.stderr}")
    check("markets.0,markets.1\ncompound.memberships,alice,0,\ncompound.memberships,bob,0,1\n"
          in before["compound_v2_comptroller_memberships.csv"], "lending: lists have their own lengths")


HELD = {
    "lending_holdings": "contract_name, account, token, supplied_raw, debt_raw, used_as_collateral",
    "lending_health": "contract_name, account, health_factor, collateral, debt",
}


def held(ledger, block):
    """What accounts have and owe on every market, and how safe that is."""
    with sqlite3.connect(ledger) as connection:
        return [set(connection.execute(f"SELECT {columns} FROM {table} WHERE block_number = ?", (block,)))
                for table, columns in HELD.items()]


def shipped(runnel, check, source, folder):
    """The scenarios that are about lending, with few people."""
    round_trip(runnel, check, folder, "five", source / "scenarios/same_crash_five_markets.toml", [], 20, 8)
    round_trip(runnel, check, folder, "threshold", source / "scenarios/threshold_ab.toml", [], 20, 12)
    few = [option for group, count in {"borrower_usdc": 70, "borrower_dai": 26, "noise_trader": 100, "payer_eth": 50,
                                       "payer_usdc": 20}.items() for option in ("--set", f"agents.{group}.count={count}")]
    round_trip(runnel, check, folder, "thursday", source / "scenarios/black_thursday.toml", few, 40, 25)
    # What the ledgers say of accounts, beside what their records are.
    runnel.json("run", source / "scenarios/same_crash_five_markets.toml", "--blocks", 8, "--db", folder / "five_8.db")
    old, new = held(folder / "five_8.db", 8), held(folder / "five_again.db", 0)
    check(old == new and all(len(rows) > 200 for rows in old), f"five: accounts: {[len(rows) for rows in old]}")


def refusals(runnel, check, folder):
    ledger = folder / "mixed.db"
    taken = folder / "taken"
    taken.mkdir()
    (taken / "notes.txt").write_text("mine")
    done = runnel("export-state", ledger, "-o", taken)
    check(done.returncode == 2 and "expected an empty folder" in done.stderr, f"a folder with files: {done.stderr}")
    check(sorted(path.name for path in taken.iterdir()) == ["notes.txt"], "nothing was written to it")
    done = runnel("export-state", ledger, "-o", taken / "notes.txt")
    check(done.returncode == 2 and (taken / "notes.txt").read_text() == "mine", f"a file: {done.stderr}")
    done = runnel("export-state", ledger, "--block", 21, "-o", folder / "none")
    check(done.returncode == 2 and "there is no block 21: the last is 20" in done.stderr, f"no block: {done.stderr}")
    check(not (folder / "none").exists(), "no folder for what there is not")
    done = runnel("export-state", taken / "notes.txt", "-o", folder / "none")
    check(done.returncode == 2, f"no ledger: {done.stderr}")


def documented(runnel, check, source, folder):
    """The commands of docs/scenarios.md, as they stand there."""
    text = (source / "docs/scenarios.md").read_text()
    section = text[text.index("## Starting from another chain"):]
    block = re.search(r"```sh\n(.*?)```", section, re.DOTALL).group(1)
    commands = [line.split("#")[0].strip() for line in block.replace("\\\n", " ").splitlines() if line.strip()]
    check(len(commands) >= 4, f"docs: {commands}")
    place = folder / "docs"
    place.mkdir()
    (place / "scenarios").symlink_to(source / "scenarios")
    for command in commands:
        words = shlex.split(command)
        assert words[0] == "runnel", command
        done = runnel(*words[1:], cwd=place)
        check(done.returncode == 0, f"docs: {command}: {done.stderr}")


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    runnel, check = Runnel(str(pathlib.Path(sys.argv[1]).resolve())), Checks()
    source = pathlib.Path(sys.argv[2]).resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        mixed(runnel, check, source, folder)
        deployed(runnel, check, source, folder)
        savings(runnel, check, folder)
        exchanges(runnel, check, source, folder)
        lending(runnel, check, folder)
        shipped(runnel, check, source, folder)
        refusals(runnel, check, folder)
        documented(runnel, check, source, folder)
    check.finish()


if __name__ == "__main__":
    main()
