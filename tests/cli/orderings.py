#!/usr/bin/env python3
"""One market under every ordering: the same chain however it is run, checked from the file alone, and what each ordering does.

Usage: orderings.py RUNNEL SOURCE_DIR
"""
import pathlib
import sqlite3
import sys
import tempfile

from support import Checks, Runnel

BLOCKS = 240
ORDERINGS = {
    "priority_fee": ["chain.ordering=priority_fee"],
    "fifo": ["chain.ordering=fifo"],
    "random": ["chain.ordering=random"],
    "bundles": ["chain.ordering=bundles"],
    "builders": ["chain.ordering=builders"],
    "lists": ["chain.ordering=builders", "chain.inclusion_list_gas=1_000_000"],
    "commit_reveal": ["chain.ordering=commit_reveal"],
}
NEW = ("bundles", "lists", "commit_reveal")


def rows(ledger: pathlib.Path, query: str) -> list:
    with sqlite3.connect(ledger) as connection:
        found = connection.execute(query).fetchall()
    connection.close()
    return found


class Market:
    """Runs of ordering_policies.toml."""

    def __init__(self, runnel: Runnel, source: pathlib.Path, folder: pathlib.Path):
        self.runnel = runnel
        self.scenario = source / "scenarios/ordering_policies.toml"
        self.folder = folder

    def arguments(self, name: str) -> list:
        return ["run", self.scenario, "--blocks", BLOCKS, "--set", "chain.checkpoint_interval=60",
                *(word for setting in ORDERINGS[name] for word in ("--set", setting))]

    def ledger(self, name: str) -> pathlib.Path:
        return self.folder / f"{name}.db"

    def run(self, name: str) -> str:
        return self.runnel.json(*self.arguments(name), "--db", self.ledger(name))["head_hash"]

    def sandwiches(self, name: str) -> int:
        report = self.runnel.json("report", self.ledger(name), "--section", "mev")
        return report.get("mev", {}).get("sandwiches", 0)

    def waits(self, name: str) -> dict:
        found = self.runnel.json("sql", self.ledger(name), "inclusion_delay_by_group")
        return {row["sender_group"]: row["mean_seconds"] for row in found}


def engines(runnel: Runnel, source: pathlib.Path, folder: pathlib.Path, check: Checks) -> None:
    """Where a network makes the chain: three orderings work, the others are refused in one line."""
    for engine, name in (("pow", "pow_genesis"), ("bft", "byzantine_third"), ("gasper", "pos_finality")):
        scenario = source / f"scenarios/{name}.toml"
        for ordering in ("priority_fee", "fifo", "random"):
            ledger = folder / f"{engine}_{ordering}.db"
            runnel.json("run", scenario, "--blocks", 40, "--set", f"chain.ordering={ordering}", "--db", ledger)
            done = runnel("verify", ledger)
            check(done.returncode == 0, f"{engine}, {ordering}: verifies: {done.stderr}")
        for ordering in ("bundles", "builders", "commit_reveal"):
            done = runnel("run", scenario, "--blocks", 40, "--set", f"chain.ordering={ordering}",
                          "--set", 'contracts.relay.kind="builder_relay"', "--set", 'chain.relay="relay"',
                          "--set", "accounts.alpha.funds.ETH=1", "--set", 'builders.alpha.account="alpha"')
            check(done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1 and
                  f"expected priority_fee, fifo or random with the engine {engine}, got {ordering}" in done.stderr,
                  f"{engine}, {ordering}: is refused: {done.returncode} {done.stderr}")


def mistakes(runnel: Runnel, source: pathlib.Path, check: Checks) -> None:
    """What is wrong with builders is said in one line."""
    scenario = source / "scenarios/ordering_policies.toml"
    for setting, expected in (
            ('chain.ordering="auction"', "expected one of priority_fee, fifo, random, bundles, builders, commit_reveal"),
            ('chain.relay=""', "expected a builder_relay"),
            ('chain.relay="router"', "builder_relay"),
            ('builders.alpha.account="nobody"', "nobody"),
            ('builders.alpha.account="beta"', "expected an account of no other builder"),
            ('builders.alpha.censors="nobody"', "nobody"),
            ('agents.shunned.funded_by="alpha";agents.shunned.arrive="1h"', "whose wallets are there from the start"),
            ("builders.alpha.order_flow=1.5", "order_flow"),
            ("builders.alpha.margin=-0.1", "margin"),
            ("chain.inclusion_list_gas=-1", "inclusion_list_gas")):
        done = runnel("check", scenario, *(word for one in setting.split(";") for word in ("--set", one)))
        check(done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1 and expected in done.stderr,
              f"{setting}: is refused: {done.returncode} {done.stderr}")


def main() -> None:
    runnel, source, check = Runnel(sys.argv[1]), pathlib.Path(sys.argv[2]), Checks()
    with tempfile.TemporaryDirectory() as folder:
        market = Market(runnel, source, pathlib.Path(folder))
        heads = {name: market.run(name) for name in ORDERINGS}
        check(len(set(heads.values())) == len(heads), f"every ordering is another chain: {heads}")
        for name in ORDERINGS:
            done = runnel("verify", market.ledger(name))
            check(done.returncode == 0, f"{name}: verifies: {done.stderr}")
        for name in NEW:
            others = {runnel.json(*market.arguments(name), *options)["head_hash"]
                      for options in (["--workers", 1, "--cohort-size", 7], ["--workers", 2, "--cohort-size", 1],
                                      ["--workers", 8, "--forget-accesses", 0.3])}
            check(others == {heads[name]}, f"{name}: one chain for all workers and cohorts: {others}")

        sandwiches = {name: market.sandwiches(name) for name in ORDERINGS}
        check(sandwiches["priority_fee"] > 10, f"tips buy a place: {sandwiches}")
        check(sandwiches["bundles"] > 10 and sandwiches["builders"] > 10, f"and so do bundles: {sandwiches}")
        check(sandwiches["fifo"] == 0 and sandwiches["commit_reveal"] == 0,
              f"by arrival nobody comes ahead, nor of what is sealed: {sandwiches}")

        failed = rows(market.ledger("bundles"), """
            SELECT count(*) FROM t_transactions x JOIN t_addresses a ON a.id = x.from_id
            WHERE a.strategy = 'sandwicher' AND NOT x.receipt_status""")[0][0]
        check(failed == 0, f"a bundle that loses is in no block: {failed} failed")

        waits = {name: market.waits(name) for name in ("bundles", "builders", "lists", "commit_reveal")}
        excess = {name: wait["shunned"] - wait["noise_trader"] for name, wait in waits.items()}
        check(abs(excess["bundles"]) < 1, f"whom nobody censors waits as others do: {waits}")
        check(excess["builders"] > 2, f"whom builders censor waits longer: {waits}")
        check(abs(excess["lists"]) < 1, f"unless proposers list him: {waits}")

        sold = rows(market.ledger("builders"), """
            SELECT count(*), sum(d.delivered) FROM t_builder_bids d""")[0]
        check(0 < sold[1] < sold[0], f"bids are there, won and lost: {sold}")
        wrong = rows(market.ledger("builders"), """
            SELECT count(*) FROM t_builder_bids d WHERE d.delivered AND NOT EXISTS (
                SELECT 1 FROM t_native_transfers n WHERE n.block_number = d.block_number AND n.value = d.value
                AND n.from_id = d.builder_id AND n.to_id = d.proposer_fee_recipient_id)""")[0][0]
        check(wrong == 0, f"every bid that won was paid: {wrong} were not")
        report = runnel.json("report", market.ledger("builders"), "--section", "validators")["validators"]
        check(len(report["builders"]) == 3 and report["proposals"] == BLOCKS, f"the report knows builders: {report}")
        held = runnel.json("sql", market.ledger("builders"), f"""SELECT b.balance AS kept,
            CAST(balance_at(a.name, 'ETH', {BLOCKS}) AS REAL) / 1e18 AS at_the_end FROM balances b
            JOIN t_addresses a ON a.address = b.address
            WHERE b.symbol = 'ETH' AND a.name IN ('alpha', 'beta', 'gamma')""")
        check(len(held) == 3 and all(abs(row["kept"] - row["at_the_end"]) < 1e-9 for row in held),
              f"builders have their tips: {held}")
        engines(runnel, source, pathlib.Path(folder), check)
    mistakes(runnel, source, check)
    check.finish()


if __name__ == "__main__":
    main()
