#!/usr/bin/env python3
"""Every exchange is traded, arbitraged and provided with liquidity by the same people in a whole run.

market_day with other pools in the place of its pairs: Uniswap v3, v4 with a hook, Curve, Balancer and one pair of Uniswap v2. Strategies,
price routing and reports know none of them; workers and declared accesses do not matter; the ledger is verified.

Usage: exchanges.py RUNNEL SOURCE_DIR
"""
import pathlib
import re
import sqlite3
import sys
import tempfile

from support import Checks, Runnel

BLOCKS = 400

OTHERS = """
[contracts.factory3]
kind = "uniswap_v3_factory"
[contracts.router3]
kind = "uniswap_v3_router"
factory = "factory3"
[contracts.manager4]
kind = "uniswap_v4_manager"
[contracts.router4]
kind = "uniswap_v4_router"
manager = "manager4"
[contracts.fees4]
kind = "uniswap_v4_volatility_fee"
"""


def other_pools(text: str) -> str:
    """The scenario with four of its pairs replaced; wallets take each pool's own venue."""
    text = text.replace("[contracts.weth_usdc]", OTHERS + "\n[contracts.weth_usdc]")
    table = r"\[contracts\.{}\]\nkind = \"uniswap_v2_pair\"\nfactory = \"factory\"\n((?:\w+ = .*\n)*)"

    def replace(pool, make):
        nonlocal text
        found = re.search(table.format(pool), text)
        assert found, pool
        fields = dict(line.split(" = ", 1) for line in found.group(1).strip().split("\n"))
        text = text.replace(found.group(0), f"[contracts.{pool}]\n" + make(fields))

    def v3(fields):
        return 'kind = "uniswap_v3_pool"\nfactory = "factory3"\nfee = 3000\n' + "".join(
            f"{key} = {value}\n" for key, value in fields.items())

    def v4(fields):
        return 'kind = "uniswap_v4_pool"\nmanager = "manager4"\ndynamic_fee = true\nhook = "fees4"\n' + "".join(
            f"{key} = {value}\n" for key, value in fields.items())

    def listed(kind, key, extra=""):
        return lambda f: f'kind = "{kind}"\n' + "".join(
            f"{key}.{f[f'token{i}'].strip(chr(34))}.amount = {f[f'amount{i}']}\n" for i in (0, 1)) + extra

    replace("weth_usdc", v3)
    replace("dai_weth", v4)
    replace("dai_usdc", listed("curve_stableswap_pool", "coins", "a = 200\n"))
    replace("leaf_weth", listed("balancer_weighted_pool", "tokens"))
    return re.sub(r'^router = "router"\n', "", text, flags=re.M)


def main() -> None:
    runnel, source, check = Runnel(sys.argv[1]), pathlib.Path(sys.argv[2]), Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        scenario, ledger = folder / "exchanges.toml", folder / "exchanges.db"
        scenario.write_text(other_pools((source / "scenarios/market_day.toml").read_text()))
        run = ["run", scenario, "--blocks", BLOCKS]
        heads = {runnel.json(*run, "--db", ledger, "--workers", 2)["head_hash"],
                 runnel.json(*run, "--workers", 1)["head_hash"],
                 runnel.json(*run, "--workers", 8, "--forget-accesses", 0.3)["head_hash"]}
        check(len(heads) == 1, f"one chain: {heads}")
        check(runnel("verify", ledger).returncode == 0, "verifies")
        report = runnel.json("report", ledger)
        pools = {row["pool"]: row for row in report["trading"]["pools"]}
        check(set(pools) == {"weth_usdc", "dai_weth", "wbtc_weth", "dai_usdc", "leaf_weth"}, f"pools: {sorted(pools)}")
        for pool, row in pools.items():
            check(row["trades"] > 30, f"{pool} is traded: {row['trades']}")
            check(row["fees_usd"] > 0, f"{pool} earns: {row['fees_usd']}")
        traders = {row["group"]: row["trades"] for row in report["trading"]["traders"]}
        check(traders.get("arbitrageur", 0) > 10, f"arbitrage: {traders}")
        reverted = report["transactions"]["reverted_share"]
        check(reverted < 0.06, f"failed: {reverted}")
        with sqlite3.connect(ledger) as database:
            for table in ("t_uniswap_v3_mints", "t_uniswap_v4_liquidity_changes"):
                deposits, = database.execute(f"SELECT count(*) FROM {table} WHERE block_number > 0").fetchone()
                check(deposits > 0, f"liquidity comes to {table}: {deposits}")
            fees, = database.execute("SELECT count(DISTINCT fee) FROM t_uniswap_v4_swaps").fetchone()
            check(fees > 10, f"the hook's fee moves: {fees}")
    check.finish()


if __name__ == "__main__":
    main()
