#!/usr/bin/env python3
"""A ledger whose chain a network makes: blocks are taken back, transactions wait again, nothing is lost.

Usage: forks.py RUNNEL SOURCE_DIR
"""
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

from support import Checks, Runnel, write

SCENARIO = """
[scenario]
name = "forks"
title = "Miners who are far apart"
seed = 3
blocks = 240
slot_seconds = 15

[chain]
checkpoint_interval = 30
block_gas_limit = 3_000_000

[consensus]
engine = "pow"
horizon = 60

[consensus.pow]
block_interval = "15s"
retarget = "fixed"
subsidy = "2 ether"

[consensus.groups.miners]
count = 12

[network]
preset = "simblock_2015"
nodes = 20

[tokens.USDC]
kind = "erc20"
decimals = 6

[agents.people]
strategy = "payer"
count = 150
funds = { ETH = 5, USDC = 1000 }
token = "USDC"
amount = { log_normal = [3.0, 1.0], min = 0.01, max = 500 }
interval = 40
"""

PARTED = """
[scenario]
name = "parted"
title = "An ocean's cables are cut for three hours"
seed = 4
blocks = 360
slot_seconds = 60

[consensus]
engine = "pow"
horizon = 300

[consensus.pow]
block_interval = "1m"
retarget = "fixed"

[consensus.groups.miners]
count = 20

[network.regions.east]
share = 3
latency_ms = { east = 20, west = 120 }

[network.regions.west]
share = 2
latency_ms = { west = 30 }

[network]
nodes = 40
transaction_delay = "1s"

[faults.cut]
kind = "partition"
from = "1h"
until = "4h"
regions = ["west"]

[agents.people]
strategy = "payer"
count = 60
funds = { ETH = 10 }
token = "ETH"
amount = 0.01
interval = 1_200
"""

DOUBLE_SPEND = """
[scenario]
name = "double_spend"
title = "A desk that does not wait long enough"
seed = 5
blocks = 150
slot_seconds = 600

[chain]
checkpoint_interval = 50

[consensus]
engine = "pow"

[consensus.pow]
retarget = "fixed"

[consensus.groups.honest]
count = 9
share = 0.4

[consensus.groups.attacker]
strategy = "double_spend"
share = 0.6
confirmations = 2
gives_up_behind = 10

[network]
preset = "simblock_2019"
nodes = 14

[tokens.USDC]
kind = "erc20"
decimals = 6

[prices.ETH]
model = "constant"
price = 2000

[prices.USDC]
model = "constant"
price = 1

[agents.desk]
strategy = "cash_desk"
count = 1
funds = { ETH = 10, USDC = 10_000_000 }
takes = "ETH"
gives = "USDC"
confirmations = 2
fee = 0

[agents.customer]
strategy = "payer"
count = 20
funds = { ETH = 50 }
token = "ETH"
amount = 0.5
interval = 6000
payees = "desk"

[agents.thief]
strategy = "double_spender"
count = 1
funds = { ETH = 100 }
token = "ETH"
victim = "desk"
miner = 0
share = 0.5
"""


def check_double_spends(check, runnel, folder):
    """What a desk pays out for coins that it has not got any more, and how many confirmations help."""
    scenario = write(folder / "double_spend.toml", DOUBLE_SPEND)

    def losses(confirmations):
        ledger = folder / f"desk{confirmations}.db"
        runnel.json("run", scenario, "--db", ledger, "--set", f"agents.desk.confirmations={confirmations}")
        check(runnel("verify", ledger).returncode == 0, "a chain with double spends verifies")
        database = sqlite3.connect(ledger)
        names = {name: number for number, name in database.execute("SELECT id, name FROM t_addresses")}
        desk, thief = names["desk/0"], names["thief/0"]
        paid = {}  # In ETH, that stayed, by payer.
        for payer, value in database.execute(
                "SELECT from_id, value FROM t_native_transfers WHERE to_id = ? AND block_number > 0", (desk,)):
            paid[payer] = paid.get(payer, 0) + int(value)
        got = {}  # In USDC.
        for payee, value in database.execute(
                "SELECT to_id, value FROM t_token_transfers WHERE from_id = ? AND block_number > 0", (desk,)):
            got[payee] = got.get(payee, 0) + int(value)
        for customer in (number for name, number in names.items() if name.startswith("customer/")):
            worth = paid.get(customer, 0) * 2000 // 10**12
            check(got.get(customer, 0) <= worth, "nobody else gets more than he paid for")
            # Half an ETH is 1,000 USDC: what has been waiting for its confirmations at the end.
            check(got.get(customer, 0) >= worth - (confirmations + 2) * 1000 * 10**6, "and nobody much less")
        database.close()
        return (got.get(thief, 0) - paid.get(thief, 0) * 2000 // 10**12) / 1e6

    hasty, patient = losses(2), losses(100)
    check(hasty > 50_000, f"who waits for two confirmations loses: {hasty:,.0f} USDC")
    check(patient <= 0, f"who waits for a hundred does not, as the branch is not that long: {patient:,.0f} USDC")


def check_chain(check, database):
    """What stayed is a chain, and what was taken back is accounted for."""
    ask = database.execute
    counts = dict(ask("SELECT status, count(*) FROM t_network_blocks GROUP BY 1").fetchall())
    check(counts["canonical"] == 240, f"every block is of the network, got {counts}")
    check(counts.get("reverted", 0) > 5 and counts.get("stale", 0) >= counts["reverted"],
          f"the reference node changes its mind now and then, got {counts}")
    check(ask("SELECT count(*) FROM t_reverted_blocks").fetchone()[0] == counts["reverted"],
          "each block that was taken back was executed")
    broken, = ask("SELECT count(*) FROM t_network_blocks a JOIN t_network_blocks b ON b.height = a.height - 1 AND b.status = 'canonical' "
                  "WHERE a.status = 'canonical' AND a.parent_id <> b.network_id").fetchone()
    check(broken == 0, "each block stands on the one before it")
    wrong, = ask("SELECT count(*) FROM t_network_blocks n JOIN t_blocks b ON b.number = n.height WHERE n.status = 'canonical' "
                 "AND (b.proposer_id <> n.maker_id OR n.block_number <> b.number)").fetchone()
    check(wrong == 0, "who made a block in the network is its proposer")
    backwards, = ask("SELECT count(*) FROM t_blocks a JOIN t_blocks b ON b.number = a.number + 1 WHERE b.timestamp <= a.timestamp").fetchone()
    check(backwards == 0, "time goes on")
    reverted, = ask("SELECT count(*) FROM t_reverted_transactions").fetchone()
    again, = ask("SELECT count(*) FROM t_reverted_transactions r JOIN t_transactions t ON t.hash = r.hash").fetchone()
    check(reverted > 50 and again > 0.9 * reverted, f"what was taken back comes into another block: {again} of {reverted}")
    twice, = ask("SELECT count(*) FROM (SELECT from_id, nonce FROM t_transactions WHERE block_number > 0 "
                 "GROUP BY 1, 2 HAVING count(*) > 1)").fetchone()
    gaps, = ask("SELECT count(*) FROM (SELECT max(nonce) - count(*) + 1 AS gap FROM t_transactions WHERE block_number > 0 "
                "GROUP BY from_id) WHERE gap <> 0").fetchone()
    check(twice == 0 and gaps == 0, "no nonce is used twice, and none is left out")
    rewards = ask("SELECT count(*), min(amount), max(amount) FROM t_rewards").fetchone()
    check(rewards == (240, str(2 * 10**18), str(2 * 10**18)), f"each block that stayed pays its miner, got {rewards}")


def check_cost(check, report, database):
    """What the network cost for each block, of the run's own counts and of the processor's."""
    metrics = dict(database.execute("SELECT name, value FROM t_run_metrics WHERE block_number IS NULL"))
    made = metrics["network_blocks"]
    check(abs(report["messages"] * made / metrics["network_messages"] - 1) < 1e-9 and report["bytes"] > report["messages"] > 0,
          f"messages: {report['messages']}")
    check(0 < report["cpu_ms"] * made < 1e3 * metrics["cpu_s"], f"the network's part of the processor's time: {report['cpu_ms']}")
    check(abs(report["run_cpu_ms"] * metrics["executed_blocks"] - 1e3 * metrics["cpu_s"]) < 1e-6, "the whole run's")


def check_mempools(check, runnel, folder):
    """A miner's block has what reached it: not what was sent on the other side of a partition."""
    scenario = write(folder / "parted.toml", PARTED)

    def senders(mempools):
        """Of blocks made while the network was apart, but those with what was sent before: by the region of who made them."""
        ledger = folder / f"parted_{mempools}.db"
        runnel.json("run", scenario, "--db", ledger, "--set", f"consensus.mempools={mempools}")
        check(runnel("verify", ledger).returncode == 0, f"{mempools} mempools: it verifies")
        database = sqlite3.connect(ledger)
        sides = {}
        for region, sender in database.execute(
                "WITH made AS (SELECT n.network_id, n.height, n.status, w.region FROM t_network_blocks n "
                "JOIN t_network_nodes w USING (maker_id) WHERE n.made_at_us BETWEEN 4200000000 AND 14400000000) "
                "SELECT region, from_id FROM made JOIN t_transactions ON block_number = height WHERE status = 'canonical' UNION "
                "SELECT region, from_id FROM made JOIN t_reverted_blocks USING (network_id) "
                "JOIN t_reverted_transactions USING (block_number, revert_index)"):
            sides.setdefault(region, set()).add(sender)
        figures = runnel.json("report", ledger, "--section", "network")["network"]
        database.close()
        return sides, figures["unheard"]

    own, unheard = senders("own")
    check(len(own) == 2 and min(map(len, own.values())) > 15, f"both sides go on: {own}")
    check(not own["east"] & own["west"], "neither has what was sent on the other side")
    check(unheard > 1, f"which waits: {unheard} a block")
    shared, nothing = senders("shared")
    check(len(shared["east"] & shared["west"]) > 20, "where mempools are shared it would have")
    check(nothing == 0, f"as nobody waits: {nothing}")
    ledger = folder / "parted_usual.db"
    runnel.json("run", scenario, "--db", ledger)
    figures = runnel.json("report", ledger, "--section", "network")["network"]
    check(figures["unheard"] == unheard, f"miners have their own unless the scenario says otherwise: {figures['unheard']}")
    usual = [runnel.json("run", scenario, "--workers", workers, "--cohort-size", cohort)["head_hash"]
             for workers, cohort in ((1, 2048), (2, 7))]
    check(usual[0] == usual[1], "one chain for any number of workers")
    for key, value, text in (("consensus.mempools", "all", "consensus.mempools: expected one of usual, own, shared"),
                             ("network.transaction_delay", "2h", "network.transaction_delay: expected a duration of at most 1h")):
        done = runnel("run", scenario, "--set", f"{key}={value}")
        check(done.returncode == 2 and text in done.stderr and done.stderr.count("\n") == 1, f"{key}: {done.stderr}")


def check_tampering(check, runnel, ledger, folder):
    """`verify` sees what is altered in any of the tables that forks brought."""
    for change in ("UPDATE t_network_blocks SET maker_id = maker_id + 1 WHERE rowid = 20",
                   "UPDATE t_network_blocks SET status = 'canonical' WHERE rowid = (SELECT min(rowid) FROM t_network_blocks WHERE status = 'stale')",
                   "DELETE FROM t_network_blocks WHERE rowid = (SELECT max(rowid) FROM t_network_blocks)",
                   "UPDATE t_reverted_blocks SET number = number + 1 WHERE rowid = 2",
                   "DELETE FROM t_reverted_transactions WHERE rowid = 3",
                   "UPDATE t_reverted_transactions SET nonce = nonce + 1 WHERE rowid = 1",
                   "DELETE FROM t_reverted_transactions WHERE block_number = (SELECT max(block_number) FROM t_reverted_blocks); "
                   "DELETE FROM t_reverted_blocks WHERE block_number = (SELECT max(block_number) FROM t_reverted_blocks)",
                   "UPDATE t_blocks SET timestamp = timestamp + 1 WHERE number = 50",
                   "INSERT INTO t_stake_changes VALUES (60, 1, 5, 'freed', '7')"):
        tampered = folder / "tampered.db"
        shutil.copy(ledger, tampered)
        connection = sqlite3.connect(tampered)
        connection.executescript(change)
        connection.commit()
        connection.close()
        done = runnel("verify", tampered)
        check(done.returncode == 1 and done.stderr.count("\n") == 1, f"{change}: exit {done.returncode}, {done.stderr}")


def check_interruption(check, runnel, scenario, whole, folder):
    """Cut short at some instants, a run goes on to the same chain and the same rows."""
    interrupted = 0
    for number, seconds in enumerate((0.03, 0.06, 0.1, 0.15)):
        ledger = folder / f"cut{number}.db"
        command = ["run", str(scenario), "--db", str(ledger), "--resume", "--quiet"]
        process = subprocess.Popen([runnel.binary, *command], stderr=subprocess.PIPE)
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        interrupted += process.returncode == 130
        done = runnel(*command)
        check(done.returncode == 0, f"resumed: {done.stderr}")
        done = runnel("diff", whole, ledger)
        check(done.returncode == 0, f"cut short after {seconds} s: {done.stdout}{done.stderr}")
    return interrupted


def main():
    runnel, check = Runnel(sys.argv[1]), Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        scenario = write(folder / "forks.toml", SCENARIO)
        ledger = folder / "whole.db"
        summary = runnel.json("run", scenario, "--db", ledger, "--workers", 2)
        check(summary["reverted_blocks"] > 5, "blocks are taken back")
        for workers, cohort in ((1, 2048), (1, 7), (8, 1), (2, 50)):
            again = runnel.json("run", scenario, "--workers", workers, "--cohort-size", cohort)
            check(again["head_hash"] == summary["head_hash"], f"{workers} workers, cohorts of {cohort}: one chain")
        forgetful = runnel.json("run", scenario, "--forget-accesses", 0.5)
        check(forgetful["head_hash"] == summary["head_hash"], "whatever accesses were declared")
        other = runnel.json("run", scenario, "--seed", 4)
        check(other["head_hash"] != summary["head_hash"], "another seed, another chain")

        done = runnel("verify", ledger)
        check(done.returncode == 0, f"the ledger verifies: {done.stderr}")
        database = sqlite3.connect(ledger)
        check_chain(check, database)
        check_cost(check, runnel.json("report", ledger, "--section", "network")["network"], database)
        database.close()
        check_tampering(check, runnel, ledger, folder)
        check_interruption(check, runnel, scenario, ledger, folder)
        check_double_spends(check, runnel, folder)
        check_mempools(check, runnel, folder)

        done = runnel("run", scenario, "--replicas", 2)
        check(done.returncode == 2 and "--replicas 2" in done.stderr, f"replicas are refused: {done.stderr}")
        done = runnel("run", scenario, "--set", "consensus.horizon=1")
        check(done.returncode == 3 and "consensus.horizon must be larger" in done.stderr, f"a near horizon: {done.returncode} {done.stderr}")
        arriving = write(folder / "arriving.toml", SCENARIO + "arrive = [10, 12]\nfunded_by = \"people\"\n")
        done = runnel("run", arriving)
        check(done.returncode == 2, f"arrivals are refused: {done.returncode} {done.stderr}")
        # Everybody goes for good.
        halted = folder / "halted.db"
        done = runnel("run", scenario, "--db", halted, "--set", "consensus.groups.miners.mines_until=\"20m\"")
        check(done.returncode == 1 and "the chain stands still: no block follows block" in done.stderr, f"no miners: {done.returncode} {done.stderr}")
        done = runnel("verify", halted)
        check(done.returncode == 0, f"what there is verifies: {done.stderr}")
        check(runnel("report", halted).returncode == 0, "and can be reported on")
    check.finish()


if __name__ == "__main__":
    main()
