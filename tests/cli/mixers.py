#!/usr/bin/env python3
"""A mixer's notes are where docs/mixer.md says, and hack_and_launder is laundered as docs/laundering.md says.

No row but t_witnesses and what agents remember has a note; who alters, removes or moves a witness is found by verify; the loot goes
through the mixer, and the records of motives tell each step of it.

Usage: mixers.py RUNNEL SOURCE_DIR
"""
import pathlib
import shutil
import sqlite3
import sys
import tempfile

from support import Checks, Runnel

def notes_are_hidden(check: Checks, ledger: pathlib.Path) -> None:
    with sqlite3.connect(ledger) as database:
        witnesses = [row[0] for row in database.execute("SELECT content FROM t_witnesses")]
        check(len(witnesses) > 50, f"withdrawals have witnesses: {len(witnesses)}")
        # Nullifier and secret are first in a witness, behind its length.
        secrets = {part for witness in witnesses for part in (witness[2:34], witness[34:66])}
        numbers = {str(int.from_bytes(secret, "big")) for secret in secrets}
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        shown = []
        for table in tables:
            if table in ("t_witnesses", "t_checkpoints") or table.startswith("sqlite_"):
                continue
            for row in database.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    if isinstance(value, str) and value in numbers:
                        shown.append(table)
                    elif isinstance(value, bytes):
                        if any(value[at:at + 32] in secrets for at in range(len(value) - 31)):
                            shown.append(table)
        check(not shown, f"no other table shows a note: {set(shown)}")


def tampering_is_found(runnel: Runnel, check: Checks, ledger: pathlib.Path) -> None:
    check(runnel("verify", ledger, "--quiet").returncode == 0, "it verifies")
    for change in [
            "DELETE FROM t_witnesses WHERE rowid = (SELECT max(rowid) FROM t_witnesses)",
            "UPDATE t_witnesses SET content = substr(content, 1, 2) || zeroblob(1) || substr(content, 4) "
            "WHERE rowid = (SELECT max(rowid) FROM t_witnesses)",
            "UPDATE t_witnesses SET content = content || content WHERE rowid = (SELECT max(rowid) FROM t_witnesses)",
            "UPDATE t_witnesses SET transaction_index = transaction_index + 1 "
            "WHERE rowid = (SELECT max(rowid) FROM t_witnesses)",
            "INSERT INTO t_witnesses SELECT block_number, transaction_index, content FROM t_witnesses LIMIT 1"]:
        copy = ledger.with_name("copy.db")
        shutil.copy(ledger, copy)
        with sqlite3.connect(copy) as database:
            database.execute(change)
        database.close()
        done = runnel("verify", copy, "--quiet")
        check(done.returncode in (1, 2) and done.stderr.strip(), f"found: {change}: {done.returncode} {done.stderr}")


def steps_are_told(check: Checks, ledger: pathlib.Path) -> None:
    with sqlite3.connect(ledger) as database:
        steps = database.execute(
            "SELECT m.purpose, m.token_id, sum(CAST(m.stolen AS REAL)) / 1e18, count(*), count(DISTINCT m.controller_id) "
            "FROM t_truth_transactions m WHERE m.incident = 1 GROUP BY 1, 2").fetchall()
        told = {(purpose, token): (stolen, count) for purpose, token, stolen, count, _ in steps}
        check(all(row[4] <= 1 for row in steps), "one controller")
        taken = told[("attack", 0)][0]
        check(taken == 17_360, f"what was taken: {taken}")
        paid_in = database.execute(
            "SELECT sum(CAST(v.amount AS REAL)) / 1e18 FROM t_mixer_moves v JOIN t_truth_transactions m "
            "ON m.block_number = v.block_number AND m.transaction_index = v.transaction_index "
            "WHERE v.type = 'deposit' AND v.token_id = 0 AND m.incident = 1").fetchone()[0]
        check(0.7 <= paid_in / taken <= 1.05, f"loot through the mixer: {paid_in / taken:.3f} of what was taken")
        honest = database.execute(
            "SELECT count(*) FROM t_truth_transactions WHERE purpose IN ('laundering', 'cash_out') AND incident IS NULL"
        ).fetchone()[0]
        check(honest == 0, "nobody else launders")


def main() -> None:
    runnel, source, check = Runnel(sys.argv[1]), pathlib.Path(sys.argv[2]), Checks()
    with tempfile.TemporaryDirectory() as folder:
        ledger = pathlib.Path(folder) / "hack.db"
        done = runnel("run", source / "scenarios" / "hack_and_launder.toml", "--db", ledger, "--quiet")
        check(done.returncode == 0, f"it runs: {done.stderr}")
        notes_are_hidden(check, ledger)
        steps_are_told(check, ledger)
        short = pathlib.Path(folder) / "short.db"
        runnel("run", source / "scenarios" / "hack_and_launder.toml", "--db", short, "--blocks", "2000", "--quiet")
        tampering_is_found(runnel, check, short)
    check.finish()


main()
