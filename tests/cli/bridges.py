#!/usr/bin/env python3
"""Bridges: what is released was sent, or is counted as forged; a theft is what docs/bridge.md says; traces cross them.

Usage: bridges.py RUNNEL SOURCE_DIR
"""
import pathlib
import sqlite3
import sys
import tempfile

from support import Checks, Runnel

THEFT = 17_360 * 10 ** 18


def rows(database, sql):
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as ledger:
        return ledger.execute(sql).fetchall()


def books(database):
    """The last row of each bridge: locked, minted, out, back, forged."""
    found = {}
    for name, *amounts in rows(database, "SELECT c.name, b.locked, b.minted, b.in_flight_out, b.in_flight_back, b.forged "
                                         "FROM t_bridges b JOIN t_contracts c ON c.id = b.contract_id ORDER BY b.rowid"):
        found[name] = [int(amount) for amount in amounts]
    return found


def moves_add_up(check, database, what):
    """Each message is sent once and released or refunded once; the books follow from the moves and block 0."""
    sums, sent, done = {}, {}, {}
    kept = {name: value for name, value in rows(database, "SELECT c.name, s.balance FROM t_starting_balances s JOIN t_contracts c "
                                                "ON c.account_id = s.account_id WHERE c.kind = 'guardian_bridge'")}
    for name, type_, message, sender, recipient, amount, fee in rows(
            database, "SELECT c.name, m.type, m.message, m.sender_id, m.recipient_id, m.amount, m.fee FROM t_bridge_moves m "
                      "JOIN t_contracts c ON c.id = m.contract_id ORDER BY m.rowid"):
        amount = int(amount)
        book = sums.setdefault(name, [int(kept.get(name, 0)), int(kept.get(name, 0)), 0, 0, 0])
        key = name, message
        if type_ in ("lock", "burn"):
            check(key not in sent, f"{what}: {name}: a message is sent once")
            sent[key] = (type_, sender, recipient, amount, fee)
            if type_ == "lock":
                book[0] += amount
                book[2] += amount
            else:
                book[1] -= amount
                book[3] += amount
            continue
        check(key not in done, f"{what}: {name}: a message is done once")
        done[key] = type_
        if key in sent:
            check(sent[key][0] == {"mint": "lock", "refund_lock": "lock"}.get(type_, "burn")
                  and sent[key][1:] == (sender, recipient, amount, fee), f"{what}: {name}: both sides say the same")
            book[2 if sent[key][0] == "lock" else 3] -= amount
        else:
            check(type_ in ("mint", "unlock"), f"{what}: {name}: {type_} of nothing")
            book[4] += amount
        if type_ in ("mint", "refund_burn"):
            book[1] += amount
        else:
            book[0] -= amount
    said = books(database)
    for name, book in sums.items():
        check(said[name] == book, f"{what}: {name}: books {said[name]}, moves {book}")
        locked, minted, out, back, forged = book
        check(locked + forged == minted + out + back, f"{what}: {name}: locked + forged = minted + in flight")
    return said, sent, done


def by_hand(runnel, check, source, folder):
    scenario = source / "scenarios" / "bridge_by_hand.toml"
    database = folder / "by_hand.db"
    done = runnel("run", scenario, "--db", database, "--quiet")
    check(done.returncode == 0, f"by hand: {done.stderr}")
    said, _, _ = moves_add_up(check, database, "by hand")
    check(said["bridge"][4] == 330 * 10 ** 6, f"by hand: forged {said['bridge']}")
    other = runnel("run", scenario, "--set", "contracts.bridge.quorum=4", "--quiet")
    check(other.returncode == 1 and "expect" in other.stderr, f"by hand, four keys: {other.returncode} {other.stderr}")
    for wrong in ("contracts.bridge.quorum=6", 'contracts.bridge.bridged_token="USDC"', 'contracts.bridge.expiry="5m"',
                  'contracts.bridge.guardians="nobody"'):
        done = runnel("check", scenario, "--set", wrong)
        check(done.returncode == 2 and len(done.stderr.splitlines()) == 1, f"{wrong}: exit {done.returncode}: {done.stderr}")
    # Alice's loot: 100 went out and came to bob less the fee, who burnt 120 of 149.2 and got 119.14 at home.
    for policy in ("haircut", "fifo"):
        trace = runnel.json("trace", database, "--from", "alice", "--policy", policy, "--at", 9, "--token", "USDC")[policy]
        check(trace["sums_to_loot"], f"by hand, {policy}: all is accounted for")
        where = {(holder["account"], place["token"]): sum(int(part["amount_raw"]) for part in place["loot"])
                 for holder in trace["holders"] for place in holder["places"]}
        # Bob has 50 clean and 99.2 of loot, and burns 120 of 149.2: by fifo the clean ones first. The fee takes its part.
        burnt = {"haircut": 99_200_000 * 120_000_000 // 149_200_000, "fifo": 70_000_000}[policy]
        # What comes in last is paid last: the fee, by fifo, is loot.
        fee = {"haircut": burnt * 860_000 / 120_000_000, "fifo": 860_000}[policy]
        expected = {("alice", "USDC"): 900_000_000, ("bob", "USDC.e"): 99_200_000 - burnt, ("relayer", "USDC.e"): 800_000,
                    ("bob", "USDC"): burnt - fee, ("relayer", "USDC"): fee}
        check(set(where) == set(expected) and all(abs(where[key] - value) <= 2 for key, value in expected.items()),
              f"by hand, {policy}: {where}, expected {expected}")
    back = runnel.json("trace", database, "--from", "bob", "--backward", "--at", 9)["haircut"]
    ends = {(holder["account"], place["token"]) for holder in back["holders"] for place in holder["places"]}
    check(back["sums_to_loot"] and {("alice", "USDC"), ("bob", "USDC.e")} <= ends, f"by hand, backward: {ends}")


def laundering(runnel, check, source, folder):
    scenario = source / "scenarios" / "bridge_laundering.toml"
    database = folder / "laundering.db"
    done = runnel("run", scenario, "--db", database, "--quiet", timeout=600)
    if not check(done.returncode == 0, f"laundering: {done.stderr}"):
        return
    said, sent, done_by = moves_add_up(check, database, "laundering")
    check(said["home"][4] == THEFT and said["ferry"][4] == 0, f"laundering: forged {said}")
    check(len(sent) > 100 and "mint" in done_by.values() and "unlock" in done_by.values(), f"laundering: {len(sent)} sent")
    groups = dict(rows(database, "SELECT id, name FROM t_addresses"))
    crossed = {(groups[sender], groups[recipient]) for (name, _), (type_, sender, recipient, *_) in sent.items()
               if name == "ferry" and type_ == "lock" and groups[sender].startswith("thief/")}
    check(len(crossed) >= 4, f"laundering: hops over the ferry: {crossed}")
    traces = runnel.json("trace", database, "--from", "thief/0", "--policy", "all", timeout=600)
    for name in ("haircut", "fifo", "provenance"):
        check(traces[name]["sums_to_loot"], f"laundering, {name}: all is accounted for")
        over = {(hop["from"]["account"], hop["to"]["account"]) for hop in traces[name]["hops"] if hop.get("through") == "ferry"}
        missing = {pair for pair in crossed if pair not in over}
        # What is in flight at the end has not come to anybody.
        check(len(missing) <= 1 and len(over) > len(crossed), f"laundering, {name}: not traced over the ferry: {missing}")
        passengers = {hop["to"]["account"] for hop in traces[name]["hops"]
                      if hop.get("through") == "ferry" and hop["from"]["account"].startswith("thief/")
                      and hop["to"]["account"].startswith("passenger/")}
        check(not passengers, f"laundering, {name}: honest passengers get the thief's: {passengers}")
    stopped = folder / "stopped.db"
    done = runnel("run", scenario, "--db", stopped, "--quiet", "--blocks", 1000, "--set", 'contracts.home.daily_limit="1_000 ether"')
    check(done.returncode == 1 and "above the daily limit" in done.stderr, f"with a limit: {done.returncode}: {done.stderr}")


def main() -> None:
    runnel, source = Runnel(sys.argv[1]), pathlib.Path(sys.argv[2])
    check = Checks()
    with tempfile.TemporaryDirectory() as name:
        by_hand(runnel, check, source, pathlib.Path(name))
        laundering(runnel, check, source, pathlib.Path(name))
    check.finish()


if __name__ == "__main__":
    main()
