#!/usr/bin/env python3
"""Signed transactions and validated blocks: what is signed, what is refused, what `verify` sees.

Usage: signatures.py RUNNEL SOURCE_DIR
"""
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

from support import SMALL_SCENARIO, Checks, Runnel, write

SIGNED = ("--set", 'chain.signatures="secp256k1"')

FLAWED = """
[scenario]
title = "Validators who cheat"
seed = 3
blocks = 40
slot_seconds = 12

[chain]
checkpoint_interval = 10
signatures = "secp256k1"

[network]
latency_ms = 40

[consensus]
engine = "bft"

[consensus.groups.honest]
count = 8

[consensus.groups.cheats]
count = 1
strategy = "invalid_block"
flaw = "forged_signature"
flaw_share = 0.5

[consensus.groups.spenders]
count = 1
strategy = "invalid_block"
flaw = "overspend"

[consensus.groups.liars]
count = 1
strategy = "invalid_block"
flaw = "wrong_state_root"

[consensus.bft]
slash_invalid_block = 0

[tokens.USDC]
kind = "erc20"
decimals = 6

[agents.people]
strategy = "payer"
count = 100
funds = { ETH = 5, USDC = 1000 }
token = "USDC"
amount = { log_normal = [3.0, 1.0], min = 0.01, max = 500 }
interval = 20
"""

RULES = {"forged_signature": "signatures", "overspend": "transactions", "wrong_state_root": "state_root"}


def ask(ledger, query):
    connection = sqlite3.connect(ledger)
    rows = connection.execute(query).fetchall()
    connection.close()
    return rows


def check_tampered(check, runnel, ledger, folder, changes):
    for change in changes:
        tampered = folder / "tampered.db"
        shutil.copy(ledger, tampered)
        connection = sqlite3.connect(tampered)
        connection.executescript(change)
        check(connection.total_changes > 0, f"{change}: changes something")
        connection.commit()
        connection.close()
        done = runnel("verify", tampered)
        check(done.returncode == 1 and done.stderr.count("\n") == 1, f"{change}: exit {done.returncode}, {done.stderr}")


def check_payments(check, runnel, folder):
    scenario = write(folder / "small.toml", SMALL_SCENARIO)
    plain, ledger = folder / "plain.db", folder / "signed.db"
    before = runnel.json("run", scenario, "--db", plain)
    same = runnel.json("run", scenario, "--set", 'chain.signatures="none"')
    check(same["head_hash"] == before["head_hash"], "no signatures is what chains were before")
    check(ask(plain, "SELECT count(*) FROM t_witnesses") == [(0,)], "and has none")
    signed = runnel.json("run", scenario, "--db", ledger, *SIGNED)
    check(signed["head_hash"] != before["head_hash"], "signatures are part of the chain")
    for options in (("--workers", 1), ("--workers", 8, "--cohort-size", 3), ("--replicas", 2)):
        again = runnel.json("run", scenario, *SIGNED, *options)
        check(again["head_hash"] == signed["head_hash"], f"{options}: one chain")
    (transactions, signatures), = ask(
        ledger, "SELECT count(*), sum(length(content) = 67) FROM t_transactions t LEFT JOIN t_witnesses w "
        "USING (block_number, transaction_index) WHERE t.block_number > 0")
    check(transactions > 50 and signatures == transactions, f"each is signed: {signatures} of {transactions}")
    addresses = "SELECT name, hex(address) FROM t_addresses WHERE role = '{}' ORDER BY id"
    for role, keeps in (("wallet", False), ("validator", False), ("token", True)):
        old, new = (dict(ask(file, addresses.format(role))) for file in (plain, ledger))
        check(old.keys() == new.keys() and all((old[name] == new[name]) == keeps for name in old), f"addresses of each {role}")
    done = runnel("verify", ledger)
    check(done.returncode == 0, f"verifies: {done.stderr}")
    check(runnel("verify", ledger, "--workers", 4).returncode == 0, "with workers too")
    place = "(SELECT min(rowid) + 3 FROM t_witnesses)"
    check_tampered(check, runnel, ledger, folder, (
        f"UPDATE t_witnesses SET content = CAST(substr(content, 1, 40) || x'00' || substr(content, 42) AS BLOB) WHERE rowid = {place}",
        f"UPDATE t_witnesses SET content = (SELECT content FROM t_witnesses WHERE rowid = {place} + 1) WHERE rowid = {place}",
        f"DELETE FROM t_witnesses WHERE rowid = {place}",
    ))
    done = runnel("prove", ledger, "--transaction", "12:0", "-o", folder / "proof.json")
    check(done.returncode == 0, f"is proven: {done.stderr}")


def check_scripts(check, runnel, folder, scenarios):
    """Lines of a script are signed too, and wallets that arrive have keys."""
    for name in ("shares_by_hand", "liquidation_by_hand"):
        ledger = folder / f"{name}.db"
        done = runnel("run", scenarios / f"{name}.toml", "--db", ledger, "--quiet", *SIGNED)
        check(done.returncode == 0, f"{name}: {done.stderr}")
        check(runnel("verify", ledger).returncode == 0, f"{name} verifies")
        unsigned, = ask(ledger, "SELECT count(*) FROM t_transactions t LEFT JOIN t_witnesses w USING (block_number, transaction_index) "
                        "WHERE t.block_number > 0 AND w.content IS NULL")
        check(unsigned == (0,), f"{name}: {unsigned} without signature")
    arriving = write(folder / "arriving.toml", SMALL_SCENARIO + """
[accounts.desk]
funds = { ETH = 100, USDC = 1_000 }

[agents.late]
strategy = "payer"
count = 20
token = "USDC"
amount = 1
interval = 5
funds = { ETH = 1, USDC = 10 }
arrive = "1m"
arrivals_per_day = 5_000
funded_by = "desk"
""")
    ledger = folder / "arriving.db"
    done = runnel("run", arriving, "--db", ledger, "--quiet", *SIGNED)
    check(done.returncode == 0, f"arrivals: {done.stderr}")
    check(runnel("verify", ledger).returncode == 0, "arrivals verify")


def check_flaws(check, runnel, folder):
    scenario = write(folder / "flawed.toml", FLAWED)
    ledger = folder / "flawed.db"
    summary = runnel.json("run", scenario, "--db", ledger, "--workers", 2)
    rows = ask(ledger, "SELECT flaw, rule, count(*), min(finding) FROM t_refused_blocks GROUP BY 1, 2")
    check({flaw: rule for flaw, rule, _, _ in rows} == RULES, f"each flaw breaks its rule: {rows}")
    made = ask(ledger, "SELECT flaw, count(*) FROM t_network_blocks WHERE status = 'invalid' GROUP BY 1 ORDER BY 1")
    check(made == [(flaw, count) for flaw, _, count, _ in rows], f"each flawed block is looked at: {made}, {rows}")
    for workers, cohort in ((1, 2048), (8, 7)):
        again = folder / f"again{workers}.db"
        other = runnel.json("run", scenario, "--db", again, "--workers", workers, "--cohort-size", cohort)
        check(other["head_hash"] == summary["head_hash"], f"{workers} workers: one chain")
        done = runnel("diff", ledger, again)
        check(done.returncode == 0, f"{workers} workers: {done.stdout}{done.stderr}")
    honest = runnel.json("run", scenario, "--set", "consensus.groups.cheats.flaw=\"wrong_state_root\"")
    check(honest["head_hash"] != "", "another flaw")
    done = runnel("verify", ledger)
    check(done.returncode == 0, f"verifies: {done.stderr}")
    text = runnel("report", ledger).stdout
    check("Blocks that validation refused" in text and "its sender has not signed it" in text, "the report shows them")
    check_tampered(check, runnel, ledger, folder, (
        "UPDATE t_refused_blocks SET finding = 'nothing' WHERE rowid = 2",
        "UPDATE t_refused_blocks SET rule = 'gas_used' WHERE rowid = 1",
        "DELETE FROM t_refused_blocks WHERE rowid = (SELECT max(rowid) FROM t_refused_blocks)",
        "DELETE FROM t_refused_blocks WHERE rowid = 1",
        "UPDATE t_network_blocks SET flaw = 'overspend' WHERE flaw = 'wrong_state_root'",
    ))
    cut = folder / "cut.db"
    command = ["run", str(scenario), "--db", str(cut), "--resume", "--quiet"]
    for seconds in (0.05, 0.15):
        process = subprocess.Popen([runnel.binary, *command], stderr=subprocess.PIPE)
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    done = runnel(*command)
    check(done.returncode == 0, f"resumed: {done.stderr}")
    done = runnel("diff", ledger, cut)
    check(done.returncode == 0, f"cut short: {done.stdout}{done.stderr}")

    done = runnel("run", scenario, "--set", 'chain.signatures="none"')
    check(done.returncode == 2 and done.stderr.count("\n") == 1 and 'chain.signatures = "secp256k1"' in done.stderr,
          f"without signatures none is forged: {done.returncode} {done.stderr}")
    done = runnel("run", scenario, "--set", 'chain.signatures="rsa"')
    check(done.returncode == 2 and done.stderr.count("\n") == 1, f"an unknown scheme: {done.stderr}")


def main():
    runnel, check = Runnel(sys.argv[1]), Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        check_payments(check, runnel, folder)
        check_scripts(check, runnel, folder, pathlib.Path(sys.argv[2]) / "scenarios")
        check_flaws(check, runnel, folder)
    check.finish()


if __name__ == "__main__":
    main()
