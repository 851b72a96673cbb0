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


def round_trip(runnel, check, folder, name, scenario, options, blocks, at):
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
    check(sum(text.count("\n") for text in first.values()) > 100, f"{name}: there is something to compare")
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
        refusals(runnel, check, folder)
        documented(runnel, check, source, folder)
    check.finish()


if __name__ == "__main__":
    main()
