#!/usr/bin/env python3
"""What `runnel detect` finds, and how right it is by the truth: the bounds that docs/analytics.md claims.

Usage: detect.py RUNNEL SOURCE_DIR
"""
import pathlib
import shutil
import sqlite3
import sys
import tempfile

from support import Checks, Runnel

# Scenario, blocks (0: all), and of detectors the least precision and recall; None: there is nothing to be found.
BOUNDS = [
    ("mev_day", 300, {"sandwich": (0.95, 0.9), "arbitrage": (0.85, 0.9)}),
    ("wash_trading", 1_500, {"wash_trading": (0.95, 0.95), "arbitrage": (0.8, 0.9)}),
    ("rug_pull", 0, {"rug_pull": (1.0, 1.0)}),
    ("phishing", 0, {"address_poisoning": (1.0, 0.95)}),
    ("flash_loan_attack", 400, {"flash_loan_attack": (1.0, 1.0)}),
    ("black_thursday", 5_000, {"liquidation": (1.0, 0.7), "arbitrage": (0.95, 0.9)}),
    ("hack_and_launder", 0, {"structuring": (0.95, 0.9), "peel_chain": (0.95, 0.9), "clusters": (0.95, 0.45),
                             "mixer_links": (0.75, 0.25)}),
]


def scores_hold(runnel: Runnel, check: Checks, source: pathlib.Path, folder: pathlib.Path) -> dict:
    ledgers = {}
    for name, blocks, bounds in BOUNDS:
        ledger = ledgers[name] = folder / f"{name}.db"
        length = ("--blocks", blocks) if blocks else ()
        done = runnel("run", source / f"scenarios/{name}.toml", "--db", ledger, "--quiet", *length)
        check(done.returncode == 0, f"{name} runs: {done.stderr}")
        scores = runnel.json("detect", ledger, "--score")["scores"]
        for detector, (precision, recall) in bounds.items():
            score = scores[detector]
            check(score["true_positives"] > 0, f"{name}: {detector} finds something: {score}")
            check((score["precision"] or 0) >= precision, f"{name}: {detector}: precision {precision}: {score}")
            check((score["recall"] or 0) >= recall, f"{name}: {detector}: recall {recall}: {score}")
        for detector, score in scores.items():
            if detector not in bounds and score["true_positives"] + score["false_negatives"] == 0:
                check(score["false_positives"] <= 5, f"{name}: {detector} finds what is not there: {score}")
    return ledgers


def truth_is_not_read(runnel: Runnel, check: Checks, ledger: pathlib.Path) -> None:
    """Another truth, the same findings; other scores."""
    copy = ledger.with_name("lies.db")
    shutil.copy(ledger, copy)
    before = runnel.json("detect", ledger, "--score")
    with sqlite3.connect(copy) as database:
        database.execute("UPDATE t_truth_transactions SET purpose = 'payment'")
        database.execute("UPDATE t_addresses SET name = 'account/' || id, strategy = ''")
    database.close()
    after = runnel.json("detect", copy, "--score")
    check(before["ledgers"][0]["findings"] == after["ledgers"][0]["findings"],
          "findings depend on neither the truth nor names and strategies")
    check(after["scores"]["rug_pull"]["recall"] is None, "scores do")


def command_line(runnel: Runnel, check: Checks, ledger: pathlib.Path, other: pathlib.Path) -> None:
    one = runnel.json("detect", ledger, "--only", "rug_pull")
    check(list(one["ledgers"][0]["findings"]) == ["rug_pull"] and "scores" not in one, f"--only: {one}")
    finding = one["ledgers"][0]["findings"]["rug_pull"][0]
    check(set(finding) == {"transactions", "accounts", "token", "amount_raw", "amount", "why"}, f"keys: {finding}")
    check(finding["accounts"][0].startswith("0x") and finding["amount"] > 0, f"a finding: {finding}")
    two = runnel.json("detect", ledger, other, "--only", "rug_pull", "--score")
    check(len(two["ledgers"]) == 2 and two["scores"]["rug_pull"]["true_positives"] == 2, f"two ledgers: {two['scores']}")
    text = runnel("detect", ledger, "--score").stdout
    for words in ("rug_pull: 1 in 2 transactions", "Precision", "By the truth", "moon_weth"):
        check(words in text, f"text says {words}: {text}")
    check("promoter" not in text, "nobody is called by name")
    check(runnel("detect", ledger, "--only", "nobody").returncode == 2, "an unknown detector is bad usage")
    check(runnel("detect", ledger.with_name("none.db")).returncode == 3, "no such file")
    check(runnel("report", ledger).returncode == 0, "reports need no truth either")


def thresholds(runnel: Runnel, check: Checks, ledger: pathlib.Path) -> None:
    usual = runnel.json("detect", ledger)
    check("thresholds" not in usual, "defaults are not spoken of")
    same = runnel.json("detect", ledger, "--set", "rug_pull.taken_min=0.9", "--set", "rug_pull.buyers_min=3")
    check(same == usual, "defaults given are defaults")
    strict = runnel.json("detect", ledger, "--set", "rug_pull.buyers_min=1000000")
    check(strict["thresholds"] == {"rug_pull.buyers_min": 1_000_000}, f"what was set: {strict['thresholds']}")
    check(usual["ledgers"][0]["findings"]["rug_pull"] and not strict["ledgers"][0]["findings"]["rug_pull"],
          "nobody has sold to a million buyers")
    text = runnel("detect", ledger, "--set", "rug_pull.sale_seconds_max=0", "--set", "rug_pull.left_max=.05").stdout
    check("rug_pull.left_max=0.05 rug_pull.sale_seconds_max=0\n" in text and "rug_pull: 1 in 1 transactions" in text,
          f"a pull without its sales: {text}")
    help_text = " ".join(runnel("detect", "--help").stdout.split())
    check("peel_chain.peel_max 0.2 0.001 to 0.999 share" in help_text, f"--help lists them: {help_text}")
    for setting, words in (("rug_pull.buyers=3", "no threshold rug_pull.buyers"), ("rug_pull.buyers_min", "KEY=VALUE"),
                           ("rug_pull.buyers_min=0", "1 to 1000000 (buyers)"), ("rug_pull.buyers_min=2.5", "whole number"),
                           ("rug_pull.buyers_min=", "whole number"), ("wash_trading.net_max=1.001", "a share of 0 to 1"),
                           ("wash_trading.net_max=0.0505", "three decimals"), ("wash_trading.net_max=nan", "a share of")):
        done = runnel("detect", ledger, "--set", setting)
        check(done.returncode == 2 and not done.stdout, f"--set {setting} is bad usage: {done.returncode}")
        check(words in done.stderr and done.stderr.count("\n") == 1, f"--set {setting}: {done.stderr}")


def main() -> None:
    runnel, source, check = Runnel(sys.argv[1]), pathlib.Path(sys.argv[2]), Checks()
    with tempfile.TemporaryDirectory() as folder:
        ledgers = scores_hold(runnel, check, source, pathlib.Path(folder))
        truth_is_not_read(runnel, check, ledgers["rug_pull"])
        command_line(runnel, check, ledgers["rug_pull"], ledgers["phishing"])
        thresholds(runnel, check, ledgers["rug_pull"])
    check.finish()


main()
