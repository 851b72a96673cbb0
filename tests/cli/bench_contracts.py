#!/usr/bin/env python3
"""`bench contracts`: every operation of every protocol succeeds; no time is asserted.

Usage: bench_contracts.py RUNNEL SOURCE_DIR
"""
import sys

from support import Checks, Runnel

PROTOCOLS = {"native", "erc20", "price_oracle", "uniswap_v2", "uniswap_v3", "uniswap_v4", "curve", "curve_3pool",
             "balancer_weighted", "order_book", "share_registry", "marketplace", "aave_v3", "compound_v2", "comet",
             "morpho_blue", "makerdao_dss", "fiat_token", "terra_market", "staking_rewards", "masterchef", "erc4626", "strategy_vault", "lido",
             "ethena", "tornado", "arbitrated_escrow", "listing_board", "cover_pool", "custodial_exchange",
             "guardian_bridge"}


def main() -> None:
    runnel = Runnel(sys.argv[1])
    check = Checks()
    result = runnel.json("bench", "contracts", "--runs", "1")
    check(set(result) == {"bench", "operations", "quotes"}, f"keys: {sorted(result)}")
    check(len(result["quotes"]) > 0, "no quotes")
    check(all(figures["median_ns"] > 0 for figures in result["quotes"].values()),
          f"quotes: {result['quotes']}")
    check(result["bench"] == "contracts", f"bench: {result['bench']}")
    operations = result["operations"]
    protocols = {name.split(".")[0] for name in operations}
    check(protocols == PROTOCOLS, f"protocols: {sorted(protocols)}")
    for name, figures in operations.items():
        check(set(figures) == {"median_ns", "hash_ns", "accesses", "results"}, f"{name}: {sorted(figures)}")
        check(figures["median_ns"] > 0, f"{name}: {figures}")
        check(figures["accesses"] > 1, f"{name}: {figures}")
    check(operations["erc20.transfer"]["results"] != operations["erc20.transferFrom"]["results"],
          "results: the same after transfers of different owners")

    some = runnel.json("bench", "contracts", "--runs", "1", "--only", "uniswap_v2.s")["operations"]
    check("uniswap_v2.swap" in some, f"--only: {sorted(some)}")
    check(all(name.startswith("uniswap_v2.s") for name in some), f"--only: {sorted(some)}")
    none = runnel("bench", "contracts", "--only", "nothing")
    check(none.returncode == 2, f"--only nothing: exit {none.returncode}")
    check("'nothing'" in none.stderr, f"--only nothing: {none.stderr}")
    check.finish()


if __name__ == "__main__":
    main()
