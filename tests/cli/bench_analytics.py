#!/usr/bin/env python3
"""`bench analytics` measures each command on ledgers of three sizes, or says what failed.

Usage: bench_analytics.py RUNNEL SOURCE_DIR
"""
import pathlib
import sys

from support import Checks, Runnel

JOBS = {"plain_scan", "scan", "report", "report_html", "risk", "detect", "trace", "show_transaction", "show_account"}


def main() -> None:
    runnel, source, check = Runnel(sys.argv[1]), pathlib.Path(sys.argv[2]), Checks()
    scenario = source / "scenarios/payments.toml"
    measured = runnel.json("bench", "analytics", "--scenario", scenario, "--transactions", 100000, "--runs", 1)
    sizes = measured["sizes"]
    for size, least in zip(sizes, (1_000, 10_000, 100_000), strict=True):
        check(least <= size["transactions"] < 2 * least + 2_000, f"as many transactions as asked for: {size['transactions']}, {least}")
        check(set(size["jobs"]) == JOBS, f"all commands: {set(size['jobs']) ^ JOBS}")
        check(all(cost["wall_s"] > 0 and cost["peak_mib"] > 1 for cost in size["jobs"].values()), f"times and memory: {size}")
        check(size["trace_over_plain_scan"]["wall"] > 0.1 and size["trace_over_plain_scan"]["cpu"] > 0.1, f"a ratio: {size}")
        check(1 < size["page_mb"] < 5, f"a page: {size['page_mb']}")
    check(sizes[2]["ledger_mb"] > 5 * sizes[0]["ledger_mb"], "ledgers grow")
    done = runnel("bench", "analytics", "--scenario", scenario, "--transactions", 100000, "--set", "agents.payer.nonsense=1")
    check(done.returncode == 2 and "nonsense" in done.stderr and len(done.stderr.splitlines()) == 1, f"what failed: {done.stderr}")
    # No account is called so: a command fails, and is named.
    done = runnel("bench", "analytics", "--scenario", source / "scenarios/new_pool.toml", "--transactions", 100000, "--runs", 1)
    check(done.returncode != 0 and len(done.stderr.splitlines()) == 1, f"what failed: {done.returncode} {done.stderr}")
    check.finish()


if __name__ == "__main__":
    main()
