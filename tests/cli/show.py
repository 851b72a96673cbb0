#!/usr/bin/env python3
"""One thing of a ledger: calls are those that the scenario makes, balances those that its rows add up to, nothing else happens.

Usage: show.py RUNNEL SOURCE_DIR
"""
import decimal
import hashlib
import pathlib
import random
import re
import shutil
import sqlite3
import sys
import tempfile
import tomllib

from balances import Replay
from support import Checks, Runnel


def digits(text, decimals):
    """`20_262.808628 USDC` in smallest units."""
    number, _, symbol = text.replace("_", "").partition(" ")
    return str(int(decimal.Decimal(number).scaleb(decimals[symbol]))) if symbol in decimals else None


def same_calls(check, what, wanted, shown, decimals):
    """The calls of a script's line against those of `show`, nested ones included; returns how many were compared."""
    if not check(len(wanted) == len(shown), f"{what}: {len(wanted)} calls, shown {len(shown)}"):
        return 0
    count = 0
    for number, (call, node) in enumerate(zip(wanted, shown)):
        where = f"{what}.{number}"
        count += 1
        check(node["contract"] == call["contract"] and node["call"] == call["call"], f"{where}: {call} shown as {node}")
        check("unreadable" not in node, f"{where}: {node}")
        arguments = {argument["name"]: argument for argument in node["arguments"]}
        for name, value in call.items():
            if name in ("contract", "call"):
                continue
            if isinstance(value, list) and not (value and isinstance(value[0], dict) and "contract" in value[0]):
                for i, item in enumerate(value):
                    if isinstance(item, str):
                        check(arguments[f"{name}.{i}"]["value"] == item, f"{where}: {name}.{i}: {arguments}")
                continue
            if not check(name in arguments, f"{where}: no argument {name}: {arguments}"):
                continue
            argument = arguments[name]
            if isinstance(value, list):
                count += same_calls(check, f"{where}.{name}", value, argument["calls"], decimals)
            elif isinstance(value, dict):
                check("bound_to" in argument, f"{where}: {name} is bound: {argument}")
                if "balance_of" in value:
                    check(argument["bound_to"] == "balance of " + value["balance_of"], f"{where}: {name}: {argument}")
            elif isinstance(value, bool):
                check(argument["value"] == str(value).lower(), f"{where}: {name}: {argument}")
            elif isinstance(value, int):
                check(argument["raw"] == str(value), f"{where}: {name}: {argument}")
            else:
                amount = digits(value, decimals)
                if amount is not None:
                    check(argument["raw"] == amount, f"{where}: {name} is {value}: {argument}")
                elif re.fullmatch(r"[a-zA-Z][\w/]*", value) and value != "max":
                    check(argument["value"] == value, f"{where}: {name} is {value}: {argument}")
    return count


def story(runnel, check, source, folder, name):
    """A story's calls and refusals, as its file has them."""
    ledger = folder / f"{name}.db"
    runnel.json("run", source / "scenarios" / f"{name}.toml", "--db", ledger)
    scenario = tomllib.loads((source / "scenarios" / f"{name}.toml").read_text())
    connection = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)
    decimals = dict(connection.execute("SELECT symbol, decimals FROM t_tokens"))
    names = dict(connection.execute("SELECT id, name FROM t_addresses"))
    rows = connection.execute("SELECT block_number, transaction_index, from_id FROM t_transactions "
                              "WHERE block_number > 0 ORDER BY rowid").fetchall()
    connection.close()
    compared = 0
    for number, line in enumerate(scenario["script"]):
        # Of several lines of one account in one block the order is that of the file: its nonces.
        before = sum(other["at_block"] == line["at_block"] and other["from"] == line["from"]
                     for other in scenario["script"][:number])
        place = [(block, index) for block, index, sender in rows
                 if block == line["at_block"] and names[sender] == line["from"]][before]
        shown = runnel.json("show", ledger, "tx", f"{place[0]}:{place[1]}")
        what = f"{name}: script.{number}"
        check(shown["transaction"]["from"] == line["from"], f"{what}: from")
        compared += same_calls(check, what, line["calls"], shown["calls"], decimals)
        refused = line.get("expect", {}).get("reverts")
        check(shown["transaction"]["succeeded"] == (refused is None), f"{what}: done")
        if refused is None:
            check("revert_reason" not in shown["transaction"] or shown["transaction"]["revert_reason"] is None, f"{what}: no reason")
        elif refused is not True:
            check(shown["transaction"]["revert_reason"].startswith(refused), f"{what}: {refused}: {shown['transaction']}")
    check(compared >= 20, f"{name}: {compared} calls compared")
    return ledger


def balances(runnel, check, ledger):
    """Before and after every transaction, of everybody it touched, and after every block."""
    replay = Replay(ledger)
    ids = {name: account for account, name in replay.names.items()}
    seen = 0
    for block, index, before, after in replay.steps():
        if index is None:
            for account in ("alice", "dana", "keeper", "pair"):
                shown = runnel.json("show", ledger, "account", account, "--at", block)
                listed = {replay.tokens[row["balance_text"].split(" ")[1]]: row["balance_raw"]
                          for row in shown["holdings"]["balances"]}
                wanted = {token: str(value) for (who, token), value in after.items()
                          if who == ids[account] and value}
                check(listed == wanted, f"block {block}: {account}: {listed}, not {wanted}")
            continue
        shown = runnel.json("show", ledger, "tx", f"{block}:{index}")
        changed = {key for key in after if after[key] != before.get(key, 0) and key[0] != 0}
        rows = {}
        for row in shown["effects"]["balances"]:
            account = ids[row["account"]]
            token = replay.tokens[(row["before_text"] or row["change_text"]).split(" ")[1]]
            rows[account, token] = row
        check(changed <= rows.keys(), f"{block}:{index}: {changed - rows.keys()} are not shown")
        for key, row in rows.items():
            seen += 1
            check((row["before_raw"], row["after_raw"], row["change_raw"]) ==
                  (str(before.get(key, 0)), str(after[key]), str(after[key] - before.get(key, 0))),
                  f"{block}:{index}: {replay.names[key[0]]}: {row}")
    check(seen > 30, f"{seen} balances compared")


def rest(runnel, check, ledger):
    """Blocks, contracts, events, pages; what is not there."""
    connection = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)
    count, digest, last = connection.execute(
        "SELECT count(*), lower(hex(hash)), max(number) FROM t_blocks").fetchone()
    check(count == last + 1, "blocks")
    for number, hash_, transactions in connection.execute("SELECT number, lower(hex(hash)), transaction_count FROM t_blocks"):
        shown = runnel.json("show", ledger, "block", number, "--limit", 1000)
        check(shown["block"]["hash"] == "0x" + hash_, f"block {number}: its hash")
        check(len(shown.get("transactions", {}).get("list", [])) == transactions, f"block {number}: its transactions")
    page = runnel.json("show", ledger, "block", 0, "--limit", 3, "--offset", 2)["transactions"]["list"]
    check([row["transaction"] for row in page] == ["0:2", "0:3", "0:4"], f"a page: {page}")
    # By hash and by place; events in the order of the block, as the tables have them.
    for block, index, hash_, status in connection.execute(
            "SELECT block_number, transaction_index, lower(hex(hash)), receipt_status FROM t_transactions WHERE block_number > 0"):
        shown = runnel.json("show", ledger, "tx", "0x" + hash_)
        check(shown == runnel.json("show", ledger, "tx", f"{block}:{index}"), f"{block}:{index}: by hash")
        logs = connection.execute("SELECT count(*) FROM logs WHERE block_number = ? AND transaction_index = ?",
                                  (block, index)).fetchone()[0]
        events = shown.get("events", [])
        check(sum(event["is_log"] for event in events) == logs, f"{block}:{index}: {logs} logs")
        places = [event["event_index"] for event in events]
        check(places == sorted(set(places)), f"{block}:{index}: places {places}")
        check(places == list(range(places[0], places[0] + len(places))) if places else status == 0,
              f"{block}:{index}: nothing is left out between its events: {places}")
    reserves = connection.execute("SELECT token_symbol, reserve FROM dex_pools WHERE contract_name = 'pair' AND block_number = "
                                  "(SELECT max(block_number) FROM dex_pools WHERE contract_name = 'pair')").fetchall()
    state = runnel.json("show", ledger, "contract", "pair")["state"]["dex_pools"]
    check([(row["token"], row["reserve_raw"]) for row in state] == reserves, f"state of the pair: {state}")
    address = connection.execute("SELECT address FROM t_contracts WHERE name = 'pair'").fetchone()[0]
    check(runnel("show", ledger, "contract", address).stdout == runnel("show", ledger, "contract", "pair").stdout, "by address")
    connection.close()

    text = runnel("show", ledger, "tx", "5:0").stdout
    check("\033" not in text and "└─ aave.flashLoanSimple(" in text and "callback:" in text, f"a tree: {text}")
    check(max(map(len, text.splitlines())) <= 100, "lines of a hundred characters")
    long_history = runnel.json("show", ledger, "account", "keeper", "--limit", 1)["history"]
    check(len(long_history["movements"]) == 1, "one movement")
    for arguments, words in ((("block", 99), "there is no block 99: the last is 8"), (("block", "x"), "expected a number"),
                             (("tx", "2:7"), "block 2 has"), (("tx", "0x" + "ab" * 32), "there is no transaction"),
                             (("tx", "2"), "BLOCK:INDEX"), (("account", "nobody/1"), "there is no account nobody/1"),
                             (("contract", "x"), "there is no contract x"), (("account", "alice", "--at", 99), "no block 99"),
                             (("block", 1, "--at", 1), "--at"), (("thing", 1), "WHAT"),
                             (("block", 1, "--limit", 0), "--limit")):
        done = runnel("show", ledger, *arguments)
        check(done.returncode == 2 and words in done.stderr and done.stderr.count("\n") == 1 and not done.stdout,
              f"{arguments}: {done.returncode}: {done.stderr}")


def hostile(runnel, check, ledger, folder):
    """Whatever an input holds, there is an answer or one line."""
    copy = folder / "hostile.db"
    shutil.copyfile(ledger, copy)
    generator = random.Random(1)
    connection = sqlite3.connect(copy)
    original = connection.execute("SELECT input FROM t_transactions WHERE block_number = 5").fetchone()[0]
    unread = 0
    for _ in range(60):
        altered = bytearray(original)
        for _ in range(generator.choice((1, 3, 20))):
            altered[generator.randrange(len(altered))] = generator.randrange(256)
        del altered[generator.choice((len(altered), generator.randrange(len(altered)))):]
        connection.execute("UPDATE t_transactions SET input = ? WHERE block_number = 5", (bytes(altered),))
        connection.commit()
        done = runnel("show", copy, "tx", "5:0", "--json")
        check(done.returncode == 0, f"{altered.hex()}: {done.returncode}: {done.stderr}")
        unread += "unreadable" in done.stdout
    check(unread > 10, f"{unread} of 60 inputs could not be read")
    # Names that would steer a terminal.
    connection.execute("UPDATE t_addresses SET name = char(27) || '[31mred' WHERE name = 'carol'")
    connection.commit()
    connection.close()
    done = runnel("show", copy, "tx", "6:0")
    check("\033" not in done.stdout + done.stderr, "control characters")


def main() -> None:
    runnel = Runnel(sys.argv[1])
    source = pathlib.Path(sys.argv[2])
    check = Checks()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        ledger = story(runnel, check, source, folder, "composability")
        story(runnel, check, source, folder, "bzx_february_2020")
        before = hashlib.sha256(ledger.read_bytes()).hexdigest()
        balances(runnel, check, ledger)
        rest(runnel, check, ledger)
        check(hashlib.sha256(ledger.read_bytes()).hexdigest() == before, "the file is as it was")
        hostile(runnel, check, ledger, folder)
    check.finish()


if __name__ == "__main__":
    main()
