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
        refusals(runnel, check, folder)
        documented(runnel, check, source, folder)
    check.finish()


if __name__ == "__main__":
    main()
