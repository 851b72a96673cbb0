#!/usr/bin/env python3
"""What searchers earn by watching the mempool, and what keeps them from it.

Usage: searchers.py RUNNEL SOURCE_DIR
"""
import pathlib
import sys
import tempfile

from support import Checks, Runnel

BLOCKS = 600


def main() -> None:
    runnel, source = Runnel(sys.argv[1]), pathlib.Path(sys.argv[2])
    scenario = source / "scenarios/mev_day.toml"
    check = Checks()
    with tempfile.TemporaryDirectory() as folder:
        def figures(name: str, *settings: str) -> dict:
            ledger = pathlib.Path(folder) / f"{name}.db"
            runnel.json("run", scenario, "--blocks", BLOCKS, "--db", ledger,
                        *(word for setting in settings for word in ("--set", setting)))
            report = runnel.json("report", ledger, "--section", "mev")
            return report.get("mev", {"sandwiches": 0})

        usual = figures("usual")
        check(usual["sandwiches"] > 60, f"tips buy a place: {usual}")
        check(usual["losing"] == 0, f"nobody sells for less than he paid: {usual}")
        fifo = figures("fifo", 'chain.ordering="fifo"')
        check(fifo["sandwiches"] == 0, f"by arrival nobody comes ahead of what he saw: {fifo}")
        tight = figures("tight", "agents.noise_trader.slippage_bps=30")
        check(0 < tight["sandwiches"] < usual["sandwiches"], f"tight limits leave less: {tight}")
        gross = {name: figure["gross_usd"] / figure["sandwiches"] for name, figure in
                 (("usual", usual), ("tight", tight))}
        check(gross["tight"] < 0.75 * gross["usual"], f"but less each: {gross}")
        nobody = figures("nobody", "agents.sandwicher.count=0")
        check(nobody["sandwiches"] <= usual["sandwiches"] // 50,
              f"who watches nothing sandwiches by chance at most: {nobody}")
    check.finish()


if __name__ == "__main__":
    main()
