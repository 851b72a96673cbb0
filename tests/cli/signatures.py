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

ARRIVALS = """
[accounts.desk]
funds = { ETH = 100, USDC = 1_000 }

[agents.late]
strategy = "payer"
count = 20
token = "USDC"
amount = 1
interval = 12
funds = { ETH = 1, USDC = 10 }
arrive = "1m"
arrivals_per_day = 5_000
funded_by = "desk"
"""

BUILDERS = """
[contracts.relay]
kind = "builder_relay"

[accounts.alpha]
funds = { ETH = 10 }

[builders.alpha]
account = "alpha"
"""

POW = """
[network]
latency_ms = 1500

[consensus]
engine = "pow"

[consensus.pow]
block_interval = "12s"

[consensus.groups.good]
count = 3
share = 0.6

[consensus.groups.bad]
count = 1
share = 0.4
strategy = "selfish"
"""

GASPER = """
[network]
latency_ms = 40

[consensus]
engine = "gasper"

[consensus.gasper]
slots_per_epoch = 4
slash_invalid_block = true

[consensus.groups.cheats]
count = 2
strategy = "invalid_block"
flaw = "forged_signature"

[consensus.groups.spenders]
count = 2
strategy = "invalid_block"
flaw = "overspend"

[consensus.groups.honest]
count = 12
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


def check_cut(check, runnel, folder, name, command, whole):
    """A run that is cut short twice is the run that was not."""
    cut = folder / f"{name}_cut.db"
    command = [str(word) for word in (*command, "--db", cut, "--resume", "--quiet")]
    for seconds in (0.1, 0.2):
        process = subprocess.Popen([runnel.binary, *command], stderr=subprocess.PIPE)
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    done = runnel(*command)
    check(done.returncode == 0, f"{name}, resumed: {done.stderr}")
    done = runnel("diff", whole, cut)
    check(done.returncode == 0, f"{name}, cut short: {done.stdout}{done.stderr}")


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
    arriving = write(folder / "arriving.toml", SMALL_SCENARIO + ARRIVALS)
    ledger = folder / "arriving.db"
    done = runnel("run", arriving, "--db", ledger, "--quiet", *SIGNED)
    check(done.returncode == 0, f"arrivals: {done.stderr}")
    check(runnel("verify", ledger).returncode == 0, "arrivals verify")


def check_company(check, runnel, folder):
    """Signatures with what else is decided about transactions: orderings that add terms or transactions of their own,
    newcomers, and chains that take blocks back."""
    small = SMALL_SCENARIO.replace("[chain]", "[chain]\ncheckpoint_interval = 10")
    without_proposer = "\n".join(line for line in small.split("\n") if not line.startswith(("validators", "stake")))
    builders = small.replace("[chain]", '[chain]\nordering = "builders"\nrelay = "relay"\ninclusion_list_gas = 400_000')
    for name, text in (
            ("commit_reveal", small.replace("[chain]", '[chain]\nordering = "commit_reveal"') + ARRIVALS),
            ("builders", builders + ARRIVALS + BUILDERS),
            ("pow", without_proposer + POW),
            ("gasper", without_proposer + GASPER)):
        scenario, ledger = write(folder / f"{name}.toml", text), folder / f"{name}.db"
        command = ["run", scenario, *SIGNED]
        summary = runnel.json(*command, "--db", ledger)
        done = runnel("verify", ledger, "--workers", 2)
        check(done.returncode == 0, f"{name} verifies: {done.stderr}")
        for options in (("--workers", 1, "--cohort-size", 7), ("--workers", 8)):
            again = runnel.json(*command, *options)
            check(again["head_hash"] == summary["head_hash"], f"{name}, {options}: one chain")
        check_cut(check, runnel, folder, name, command, ledger)
        unsigned, = ask(ledger, "SELECT count(*) FROM t_transactions t WHERE block_number > 0 AND NOT EXISTS (SELECT 1 FROM "
                        "t_witnesses w WHERE w.block_number = t.block_number AND w.transaction_index = t.transaction_index "
                        "AND hex(substr(content, -67, 2)) = '0041')")
        check(unsigned == (0,) and summary["transactions"] > 50, f"{name}: {unsigned} of {summary['transactions']} without signature")
        state = folder / f"{name}_state"
        done = runnel("export-state", ledger, "-o", state)
        check(done.returncode == 0, f"{name}: its state: {done.stderr}")
        after = folder / f"{name}_after.db"
        done = runnel("run", state / "scenario.toml", "--db", after, "--quiet")
        check(done.returncode == 0, f"{name} goes on: {done.stderr}")
        done = runnel("verify", after)
        check(done.returncode == 0, f"{name}, gone on, verifies: {done.stderr}")
    taken_back, = ask(folder / "pow.db", "SELECT count(*) FROM t_reverted_transactions")
    check(taken_back > (10,), f"pow takes signed transactions back: {taken_back}")
    paid, = ask(folder / "builders.db", "SELECT count(*) FROM t_transactions WHERE from_id = (SELECT id FROM t_addresses WHERE name = 'alpha')")
    check(paid > (10,), f"builders sign their payments: {paid}")
    late = "SELECT count(*) FROM t_transactions JOIN t_addresses a ON a.id = from_id WHERE a.name LIKE 'late/%'"
    check(ask(folder / "commit_reveal.db", late) > [(2,)], "newcomers sign what they commit to")
    rows = dict(ask(folder / "gasper.db", "SELECT flaw, min(rule) || max(rule) FROM t_refused_blocks GROUP BY 1"))
    check(rows == {flaw: 2 * RULES[flaw] for flaw in ("forged_signature", "overspend")}, f"gasper refuses: {rows}")
    makers = ask(folder / "gasper.db", "SELECT DISTINCT maker_id FROM t_network_blocks WHERE status = 'invalid' ORDER BY 1")
    # At once 1/4096 of 32 ether, which no missed vote costs.
    slashed = ask(folder / "gasper.db", "SELECT account_id FROM t_stake_changes WHERE kind = 'burnt' AND CAST(amount AS REAL) "
                  "> 7.8e15 GROUP BY 1 ORDER BY 1")
    check(0 < len(slashed) and set(slashed) <= set(makers), f"who cheated is slashed: {slashed} of {makers}")


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
    halted = folder / "halted.db"
    done = runnel("run", scenario, "--db", halted, "--quiet", "--set", "consensus.bft.validation_share=0.1")
    check(done.returncode == 1 and "the chain stands still" in done.stderr, f"where few look, who does stands still: {done.stderr}")
    check(ask(halted, "SELECT count(*) FROM t_network_blocks WHERE status = 'canonical' AND flaw <> ''") == [(0,)],
          "no ledger has a block that breaks a rule")
    check(runnel("verify", halted).returncode == 0, "what there is verifies")
    done = runnel("verify", ledger)
    check(done.returncode == 0, f"verifies: {done.stderr}")
    shown = runnel.json("report", ledger, "--section", "network")["network"]["refused"]
    check({row["flaw"]: row["rule"] for row in shown} == RULES, f"the report shows them: {shown}")
    check(any("its sender has not signed it" in row["finding"] for row in shown), f"and what was found: {shown}")
    check_tampered(check, runnel, ledger, folder, (
        "UPDATE t_refused_blocks SET finding = 'nothing' WHERE rowid = 2",
        "UPDATE t_refused_blocks SET rule = 'gas_used' WHERE rowid = 1",
        "DELETE FROM t_refused_blocks WHERE rowid = (SELECT max(rowid) FROM t_refused_blocks)",
        "DELETE FROM t_refused_blocks WHERE rowid = 1",
        "UPDATE t_network_blocks SET flaw = 'overspend' WHERE flaw = 'wrong_state_root'",
    ))
    check_cut(check, runnel, folder, "flawed", ["run", scenario], ledger)
    done = runnel("run", scenario, "--set", 'chain.signatures="none"')
    check(done.returncode == 2 and done.stderr.count("\n") == 1 and 'chain.signatures = "secp256k1"' in done.stderr,
          f"without signatures none is forged: {done.returncode} {done.stderr}")
    for ordering in ("bundles", "commit_reveal"):
        done = runnel("run", scenario, "--set", f"chain.ordering={ordering}")
        check(done.returncode == 2 and done.stderr.count("\n") == 1 and "expected priority_fee, fifo or random" in done.stderr,
              f"{ordering} in a network: {done.stderr}")
    done = runnel("run", scenario, "--set", 'chain.signatures="rsa"')
    check(done.returncode == 2 and done.stderr.count("\n") == 1, f"an unknown scheme: {done.stderr}")


def check_shipped(check, runnel, folder, scenario):
    """invalid_blocks.toml shows what it says: who cheats is found out, pays once, and has no turn any more."""
    check(runnel("check", "--strict", scenario).returncode == 0, "nothing to say of invalid_blocks.toml")
    slots = ("--set", "consensus.engine=gasper", "--set", "consensus.gasper.slash_invalid_block=true")
    for engine, options, burnt in (("bft", (), 5 * 10**21), ("gasper", slots, 7_812_500_000_000_000)):
        ledger = folder / f"shipped_{engine}.db"
        done = runnel("run", scenario, "--db", ledger, "--quiet", *options)
        check(done.returncode == 0, f"{engine}: {done.stderr}")
        rules = dict(ask(ledger, "SELECT flaw, rule FROM t_refused_blocks"))
        check(rules == RULES, f"{engine}: all three are refused: {rules}")
        names = "(SELECT name FROM t_addresses a WHERE a.id = {})"
        paid = ask(ledger, f"SELECT {names.format('account_id')}, block_number FROM t_stake_changes WHERE kind = 'burnt' AND amount = '{burnt}' ORDER BY 1")
        check([name for name, _ in paid] == ["validator/17", "validator/18", "validator/19"], f"{engine}: each pays once: {paid}")
        for name, block in paid:
            later = ask(ledger, f"SELECT count(*) FROM t_network_blocks WHERE block_number > {block} + 1 AND {names.format('maker_id')} = '{name}'")
            check(later == [(0,)], f"{engine}: {name} has no turn after block {block}: {later}")
        check(runnel("verify", ledger).returncode == 0, f"{engine}: verifies")
    done = runnel("run", scenario, "--quiet", "--set", "consensus.bft.validation_share=0.1", timeout=30)
    check(done.returncode == 1 and "the chain stands still" in done.stderr, f"few look: {done.stderr}")


def main():
    runnel, check = Runnel(sys.argv[1]), Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        check_payments(check, runnel, folder)
        check_company(check, runnel, folder)
        check_scripts(check, runnel, folder, pathlib.Path(sys.argv[2]) / "scenarios")
        check_flaws(check, runnel, folder)
        check_shipped(check, runnel, folder, pathlib.Path(sys.argv[2]) / "scenarios" / "invalid_blocks.toml")
    check.finish()


if __name__ == "__main__":
    main()
