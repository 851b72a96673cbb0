#!/usr/bin/env python3
"""Validators who fill blocks in a way of their own: what is in theirs, and in others'.

Usage: conduct.py RUNNEL SOURCE_DIR
"""
import pathlib
import sqlite3
import sys
import tempfile

from support import Checks, Runnel, write

SCENARIO = """
[scenario]
title = "Who fills blocks how"
seed = 11
blocks = 90
slot_seconds = 12
start = 1_700_000_000

[chain]
ordering = "fifo"

[network]
latency_ms = 40

[consensus]
engine = "ENGINE"

[consensus.groups.honest]
count = 6

[consensus.groups.censor]
count = 3
strategy = "censoring"
censors = "shunned"

[consensus.groups.taker]
count = 3
strategy = "mev"
"""
AGENTS = """
[agents.NAME]
strategy = "payer"
count = 60
funds = { ETH = 10 }
token = "ETH"
amount = 0.01
interval = 40
priority_fee = { log_normal = [-0.5, 1.0], min = 0.01, max = 30 }
"""


def blocks_of(ledger: pathlib.Path) -> dict:
    """Per group of makers: senders' groups and tips, block by block."""
    database = sqlite3.connect(ledger)
    rows = database.execute("""
        SELECT m.group_name, a.name, x.block_number, x.receipt_effective_gas_price - k.base_fee
        FROM t_transactions x JOIN t_blocks k ON k.number = x.block_number
        JOIN t_network_nodes m ON m.maker_id = k.proposer_id JOIN t_addresses a ON a.id = x.from_id
        WHERE x.block_number > 0 ORDER BY x.block_number, x.transaction_index""")
    makers: dict = {}
    for maker, sender, number, tip in rows:
        blocks = makers.setdefault(maker, {})
        blocks.setdefault(number, []).append((sender.split("/")[0], tip, sender))
    return makers


def is_sorted_by_tip(block: list) -> bool:
    """But for those that had to wait for an earlier one of their sender's."""
    first_of = [entry for i, entry in enumerate(block)
                if all(other[2] != entry[2] for other in block[:i])]
    tips = [tip for _, tip, _ in first_of]
    return tips == sorted(tips, reverse=True)


def check_engine(runnel: Runnel, check: Checks, folder: pathlib.Path, engine: str) -> None:
    scenario = write(folder / "conduct.toml", SCENARIO.replace("ENGINE", engine) +
                     AGENTS.replace("NAME", "plain") + AGENTS.replace("NAME", "shunned"))
    ledger = folder / f"{engine}.db"
    done = runnel("run", scenario, "--db", ledger)
    check(done.returncode == 0, f"{engine}: {done.stderr}")
    makers = blocks_of(ledger)
    check(len(makers) >= 3, f"{engine}: all groups make blocks: {list(makers)}")
    counts = {maker: sum(entry[0] == "shunned" for block in blocks.values() for entry in block)
              for maker, blocks in makers.items()}
    check(counts.get("censor") == 0, f"{engine}: {counts}")
    check(all(count > 0 for maker, count in counts.items() if maker != "censor"),
          f"{engine}: others take what these pay: {counts}")
    sorted_share = {maker: sum(map(is_sorted_by_tip, blocks.values())) / len(blocks)
                    for maker, blocks in makers.items()}
    check(sorted_share["taker"] == 1, f"{engine}: {sorted_share}")
    check(sorted_share["honest"] < 0.5, f"{engine}: {sorted_share}")
    verified = runnel("verify", ledger)
    check(verified.returncode == 0, f"{engine}: {verified.stderr}")


def check_fees(runnel: Runnel, check: Checks, folder: pathlib.Path) -> None:
    """Tips go to a pool, and out of it by votes."""
    text = SCENARIO.replace("ENGINE", "bft").replace("[network]", """[consensus.bft]
fees = "stake"
payout_heights = 10
delegators = 2
delegated_share = 0.5
commission = 0.1

[network]""") + AGENTS.replace("NAME", "plain") + AGENTS.replace("NAME", "shunned")
    scenario = write(folder / "fees.toml", text)
    ledger = folder / "fees.db"
    done = runnel("run", scenario, "--db", ledger)
    check(done.returncode == 0, f"fees: {done.stderr}")
    database = sqlite3.connect(ledger)
    check(database.execute("""SELECT count(*) FROM t_blocks b JOIN t_addresses a
        ON a.id = b.proposer_id WHERE a.name != 'fee_pool' AND b.number > 0""").fetchone() == (0,),
          "fees: the pool is who gets tips")
    tips = dict.fromkeys(range(1, 91), 0)
    for number, gas, tip in database.execute("""SELECT x.block_number, x.receipt_gas_used,
            x.receipt_effective_gas_price - b.base_fee FROM t_transactions x
            JOIN t_blocks b ON b.number = x.block_number WHERE x.block_number > 0"""):
        tips[number] += gas * tip
    paid: dict = {}
    for number, name, amount in database.execute("""SELECT s.block_number, a.name, s.amount
            FROM t_stake_changes s JOIN t_addresses a ON a.id = s.account_id
            WHERE s.kind = 'fees'"""):
        paid.setdefault(number, []).append((name, int(amount)))
    pool = 0
    for number, tip in tips.items():
        pool += tip
        if number in paid:
            total = sum(amount for _, amount in paid[number])
            check(0 <= pool - total < len(paid[number]) + 12, f"fees: {number}: {pool} {total}")
            pool -= total
    check(len(paid) >= 8 and sum(tips.values()) > 0, f"fees: payouts in {list(paid)}")
    last = paid[max(paid)]
    own = [amount for name, amount in last if name.startswith("validator/")]
    delegated = sum(amount for name, amount in last if not name.startswith("validator/"))
    # Half of all stake is delegated, and leaves a tenth of its part to who validates for it.
    check(abs(delegated / (delegated + sum(own)) - 0.45) < 0.01, f"fees: {last}")
    check(max(own) < 1.3 * min(own), f"fees: who votes as often gets as much: {last}")
    verified = runnel("verify", ledger)
    check(verified.returncode == 0, f"fees: {verified.stderr}")
    held = runnel("sql", ledger, "SELECT balance_at('fee_pool', 'ETH', 90) AS held", "--csv")
    check(held.stdout.splitlines()[1:2] == [str(pool)], f"fees: {held} is not {pool}")
    rows = runnel.json("report", ledger, "--section", "validators")["validators"]["validators"]
    check(sum(row["proposals"] for row in rows) == 90 and "fee_pool" not in
          [row["account"] for row in rows], f"fees: who proposed: {rows[:3]}")
    # Of one who cheats validation finds that, and not what fees come to.
    cheat = write(folder / "cheat.toml", text.replace("payout_heights = 10", "payout_heights = 1") +
                  """
[consensus.groups.cheat]
count = 2
strategy = "invalid_block"
flaw = "overspend"
""")
    done = runnel("run", cheat, "--db", folder / "cheat.db")
    check(done.returncode == 0, f"fees and flaws: {done.stderr}")
    found = sqlite3.connect(folder / "cheat.db").execute(
        "SELECT count(*), min(rule), max(rule) FROM t_refused_blocks").fetchone()
    check(found[0] > 0 and found[1:] == ("transactions", "transactions"), f"fees and flaws: {found}")
    verified = runnel("verify", folder / "cheat.db")
    check(verified.returncode == 0, f"fees and flaws: {verified.stderr}")
    for name in ("fee_pool", "deposits"):
        taken = runnel("check", write(folder / "taken.toml",
                                      text + f"[accounts.{name}]\nfunds = {{ ETH = 1 }}\n"))
        check(taken.returncode == 2 and f"named {name}" in taken.stderr and
              len(taken.stderr.strip().splitlines()) == 1, f"{name} is taken: {taken.stderr}")
    plain = write(folder / "plain.toml", text.replace('fees = "stake"', 'fees = "proposer"') +
                  "[accounts.fee_pool]\nfunds = { ETH = 1 }\n")
    done = runnel("run", plain, "--db", folder / "plain.db")
    named = sqlite3.connect(folder / "plain.db").execute("""SELECT count(*) FROM t_blocks b
        JOIN t_addresses a ON a.id = b.proposer_id WHERE a.name = 'fee_pool'""").fetchone()
    check(done.returncode == 0 and named == (0,), f"a name alone gets nobody tips: {named}")
    late = runnel("check", write(folder / "late.toml", text.replace(
        "[agents.shunned]", '[agents.shunned]\nfunded_by = "treasury"\narrive = "1m"') + """
[accounts.treasury]
funds = { ETH = 10_000 }
"""))
    check(late.returncode == 2 and "consensus.groups.censor.censors: expected a group whose wallets"
          in late.stderr, f"who comes later cannot be censored: {late.stderr}")
    refused = runnel("check", write(folder / "no.toml", text.replace(
        'ordering = "fifo"', 'ordering = "builders"\nrelay = "relay"')))
    check(refused.returncode == 2 and len(refused.stderr.strip().splitlines()) == 1,
          f"fees with builders: {refused.stderr}")


def main() -> None:
    runnel = Runnel(sys.argv[1])
    check = Checks()
    with tempfile.TemporaryDirectory() as folder:
        for engine in ("bft", "gasper"):
            check_engine(runnel, check, pathlib.Path(folder), engine)
        check_fees(runnel, check, pathlib.Path(folder))
    check.finish()


main()
