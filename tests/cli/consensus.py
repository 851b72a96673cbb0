#!/usr/bin/env python3
"""`runnel consensus`: bad scenarios, seeds, workers, faults, and figures that must agree.

Usage: consensus.py RUNNEL SOURCE_DIR
"""
import math
import pathlib
import statistics
import sys
import tempfile

from support import Checks, Runnel

NETWORK = """
[scenario]
seed = 7
blocks = 300

[consensus]
engine = "pow"

[consensus.pow]
block_interval = "20s"
retarget = "fixed"
hash_rate = 1e12
subsidy = "2 ether"
halving_interval = 100
block_bytes = 100_000

[consensus.pools.club]
payout = "score"

[consensus.groups.honest]
count = 10
share = 3
spread = 0.2
pool = "club"

[consensus.groups.pool]
strategy = "selfish"
share = 2

[network]
nodes = 14

[network.regions.east]
share = 2
upload_mbps = 20
download_mbps = 50
latency_ms = { east = 20, west = 120 }

[network.regions.west]
latency_ms = { west = 30 }

[faults.cut]
kind = "partition"
from = "10m"
until = "20m"
regions = ["west"]

[faults.dark]
kind = "outage"
from = "30m"
until = "40m"
group = "honest"
share = 0.5
keeps_memory = false
"""

# What is put in place of what, and what the one line must hold.
BAD = (
    ('engine = "pow"', 'engine = "poww"', ":7: consensus.engine: expected one of proposer, pow"),
    ('engine = "pow"', 'engine = "proposer"\nmempools = "own"', "consensus.mempools: expected usual or shared with the engine proposer"),
    ('retarget = "fixed"', 'retarget = "never"', "consensus.pow.retarget: expected one of fixed, bitcoin"),
    ('retarget = "fixed"', 'retarged = "fixed"', "did you mean retarget?"),
    ('block_interval = "20s"', 'puzzle = "real"', "consensus.pow.puzzle: expected \"drawn\", as a block takes 6e+14 hashes"),
    ('hash_rate = 1e12', 'hash_rate = -1', "consensus.pow.hash_rate: expected a number from"),
    ('pool = "club"', 'pool = "clup"', "consensus.groups.honest.pool: expected a pool of [consensus.pools] (club) (did you mean club?)"),
    ('strategy = "selfish"', 'strategy = "pool_hopping"', "consensus.groups.pool.pool: expected the pool that they leave"),
    ('strategy = "selfish"', 'strategy = "greedy"', "consensus.groups.pool.strategy: expected a strategy (honest, selfish"),
    ('count = 10', 'count = 0', "consensus.groups.honest.count: expected an integer from 1"),
    ('nodes = 14', 'nodes = 5', "network.nodes: expected at least the 11 nodes of the groups"),
    ('nodes = 14', 'preset = "simblock_2019"', "network.regions.east: expected no regions beside network.preset"),
    ('nodes = 14', 'latency_ms = 50', "network.latency_ms: expected no value beside a preset or regions"),
    ('west = 120 }', 'wets = 120 }', "network.regions.east.latency_ms: expected a region (east, west) (did you mean west?)"),
    ('{ west = 30 }', '{ west = 30, east = 110 }', "network.regions.west.latency_ms: expected 120 ms to east"),
    ('{ east = 20, west = 120 }', '{ east = 20 }', "latency_ms: expected a latency to"),
    ('regions = ["west"]', 'regions = ["north"]', "faults.cut.regions: expected one of east, west"),
    ('regions = ["west"]', '', "faults.cut.shares: expected one of shares, groups and regions"),
    ('until = "20m"', 'until = "10m"', "faults.cut.until: expected a time after from"),
    ('group = "honest"', 'node = 14', "faults.dark.node: expected a number below 14"),
    ('group = "honest"', '', "faults.dark.node: expected either a node or a group"),
    ('kind = "outage"', 'kind = "flood"', "faults.dark.kind: expected a kind of fault (partition, outage)"),
    ('[consensus.pools.club]', '[consensus.pool.club]', "consensus.pool: expected a key of consensus"),
)


def values(answer):
    return {name: figure["value"] for name, figure in answer["figures"].items()}


def main():
    runnel, source = Runnel(sys.argv[1]), pathlib.Path(sys.argv[2])
    check = Checks()
    with tempfile.TemporaryDirectory() as name:
        file = pathlib.Path(name) / "network.toml"
        for old, new, text in BAD:
            assert old in NETWORK, old
            file.write_text(NETWORK.replace(old, new, 1))
            done = runnel("consensus", file)
            check(done.returncode == 2 and text in done.stderr and len(done.stderr.splitlines()) == 1,
                  f"{new}: {done.returncode} {done.stderr}")

        file.write_text(NETWORK)
        one = runnel.json("consensus", file)
        figures = values(one)
        check(figures["blocks"] == 300 and one["seed"] == 7, f"as many blocks as asked for: {one['seed']} {figures['blocks']}")
        check(figures["groups.honest.blocks"] + figures["groups.pool.blocks"] == 300, "every block has a maker")
        # 99 blocks with 2 ether, 100 with 1, 100 with half, block 300 with a quarter.
        rewards = figures["groups.honest.rewards"] + figures["groups.pool.rewards"]
        check(abs(rewards - (99 * 2 + 100 + 50 + 0.25)) < 1e-9, f"rewards halve: {rewards}")
        check(figures["reorganisations.deepest"] > 3, f"a partition ends with a reorganisation: {figures['reorganisations.deepest']}")
        check(figures["traffic.lost_per_block"] > 0, "what a partition cuts off is lost")
        check(figures["withheld_blocks"] > 0 and 0 < figures["gamma"] < 1, f"selfish mining: {figures['gamma']}")

        again = runnel.json("consensus", file, "--workers", 3)
        check(again == one, "figures do not depend on workers")
        several = runnel.json("consensus", file, "--seeds", 4, "--workers", 3)
        alone = [values(runnel.json("consensus", file, "--seed", seed)) for seed in range(7, 11)]
        check(alone[0] == figures, "--seed sets the first seed")
        check(len({run["interval.mean"] for run in alone}) == 4, "other seeds, other runs")
        for key in ("interval.mean", "groups.pool.block_share", "traffic.bytes_per_block"):
            figure = several["figures"][key]
            runs = [run[key] for run in alone]
            check(abs(figure["value"] - statistics.mean(runs)) < 1e-9 * abs(figure["value"]), f"{key}: the mean")
            error = statistics.stdev(runs) / math.sqrt(4)
            check(abs(figure["standard_error"] - error) < 1e-6 * error, f"{key}: its standard error")

        hours = values(runnel.json("consensus", file, "--hours", 1))
        check(100 < hours["blocks"] < 250 and hours["hours"] == 1, f"an hour of it: {hours['blocks']} {hours['hours']}")
        text = runnel("consensus", file, "--blocks", 20)
        check(text.returncode == 0 and "engine pow, 14 nodes, seed 7" in text.stdout and "groups.pool.block_share" in text.stdout,
              f"as text: {text.stdout}")
        # Nobody mines.
        still = runnel("consensus", file, "--set", "consensus.groups.honest.mines_from=900h", "--set",
                       "consensus.groups.pool.mines_from=900h")
        check(still.returncode == 0 and "stands still" in still.stderr, f"a chain that stands still: {still.stderr}")

        # What is resolved means the same.
        resolved = runnel("check", file, "--resolved")
        check(resolved.returncode == 0, f"resolved: {resolved.stderr}")
        other = pathlib.Path(name) / "resolved.toml"
        other.write_text(resolved.stdout)
        check(values(runnel.json("consensus", other)) == figures, "a resolved scenario gives the same")
        check(runnel("check", other, "--resolved").stdout == resolved.stdout, "and resolves to itself")

        none = pathlib.Path(name) / "none.toml"
        none.write_text("[scenario]\nblocks = 5\n")
        done = runnel("consensus", none)
        check(done.returncode == 2 and "consensus.engine: expected an engine with a network" in done.stderr, f"no network: {done.stderr}")
        check("consensus" not in runnel("check", none, "--resolved").stdout, "without the sections nothing is resolved")

    for scenario in ("pow_genesis", "fifty_one_percent", "selfish_miner", "pow_vs_pos_energy"):
        done = runnel("consensus", source / "scenarios" / f"{scenario}.toml", "--blocks", 50)
        check(done.returncode == 0, f"{scenario}: {done.stderr}")
    check.finish()


if __name__ == "__main__":
    main()
