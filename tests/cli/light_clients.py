#!/usr/bin/env python3
"""Light clients: a proof's block is final by headers and votes, or by work, without the ledger.

Usage: light_clients.py RUNNEL SOURCE_DIR
"""
import copy
import json
import pathlib
import sys
import tempfile

from support import SMALL_SCENARIO, Checks, Runnel, write

SCENARIO = """
[scenario]
title = "Light clients"
seed = 7
blocks = 60
slot_seconds = 15

[chain]
checkpoint_interval = 10

[network]
latency_ms = 40

[tokens.USDC]
kind = "erc20"
decimals = 6

[agents.people]
strategy = "payer"
count = 60
funds = { ETH = 5, USDC = 1000 }
token = "USDC"
amount = { log_normal = [3.0, 1.0], min = 0.01, max = 500 }
interval = 15
"""

BFT = SCENARIO + """
[consensus]
engine = "bft"

[consensus.groups.honest]
count = 6

[consensus.groups.liars]
count = 1
strategy = "equivocating"
always = true
"""

POW = SCENARIO + """
[consensus]
engine = "pow"

[consensus.pow]
block_interval = "15s"
retarget = "homestead"

[consensus.groups.miners]
count = 5
"""


def change(name, function):
    """A change of a copy of the headers, with its name."""
    def apply(headers):
        altered = copy.deepcopy(headers)
        function(altered)
        return altered
    return name, apply


def flip(text):
    return text[:-1] + ("0" if text[-1] != "0" else "1")


def set_item(items, key, value):
    items[key] = value


def common_changes():
    return [
        change("a header", lambda d: set_item(d["headers"], 20, flip(d["headers"][20]))),
        change("a header left out", lambda d: d["headers"].pop(20)),
        change("no headers", lambda d: d["headers"].clear()),
        change("the end of the headers", lambda d: (d["headers"].__delitem__(slice(30, None)), d["blocks"].__delitem__(slice(29, None)))),
        change("another maker", lambda d: set_item(d["blocks"][30], "maker", (d["blocks"][30]["maker"] + 1) % 5)),
        change("a maker whom nobody knows", lambda d: set_item(d["blocks"][30], "maker", 10**6)),
        change("another parent", lambda d: set_item(d["blocks"][30], "parent", 5)),
        change("another time", lambda d: set_item(d["blocks"][30], "made_at_us", d["blocks"][30]["made_at_us"] + 10**7)),
        change("another scenario", lambda d: set_item(d["manifest"][0], 1, d["manifest"][0][1] + " ")),
    ]


def of_block(document, number, kind):
    block = document["blocks"][number - 1]["id"]
    return [votes for step in document["blocks"] for votes in step["votes"] if votes["block"] == block and votes["kind"] == kind]


def fewer_voters(document, voters):
    for votes in of_block(document, 33, "precommit"):
        votes["voters"] = voters


BFT_CHANGES = [
    change("too few precommits", lambda d: fewer_voters(d, "0x0700000000000000")),
    change("precommits of nobody", lambda d: fewer_voters(d, "0x0000000000000000")),
    change("precommits of strangers", lambda d: fewer_voters(d, "0x80ffffffffffffff")),
    change("precommits of more strangers", lambda d: fewer_voters(d, "0x" + "ff" * 64)),
    change("a vote for another block", lambda d: [set_item(votes, "block", 3) for votes in of_block(d, 33, "precommit")]),
]

POW_CHANGES = [
    change("an easier target", lambda d: set_item(d["blocks"][32], "bits", d["blocks"][32]["bits"] + 1)),
    change("a nonce", lambda d: set_item(d["blocks"][32], "nonce", 1)),
    change("a time before its parent's", lambda d: set_item(d["blocks"][32], "stated_at_us", 1)),
]

MALFORMED = ["", "{", "[]", "{}", '{"runnel_headers": 2}', '{"runnel_headers": 1, "manifest": [], "headers": ["0x12"], "blocks": []}',
             '{"runnel_headers": 1, "manifest": [["a", "b"], ["a", "c"]], "headers": [], "blocks": []}',
             '{"runnel_headers": 1, "manifest": [], "headers": [], "blocks": [{"id": -1}]}', "[" * 10_000]


def check_engine(check, runnel, folder, name, text, changes):
    scenario, ledger = write(folder / f"{name}.toml", text), folder / f"{name}.db"
    runnel.json("run", scenario, "--db", ledger)
    proof, balance, headers = (folder / f"{name}_{kind}.json" for kind in ("proof", "balance", "headers"))
    done = runnel("prove", ledger, "--transaction", "35:0", "-o", proof)
    check(done.returncode == 0, f"{name}: a transaction: {done.stderr}")
    done = runnel("prove", ledger, "--balance", "USDC", "people/3", "--block", 50, "-o", balance)
    check(done.returncode == 0, f"{name}: a balance: {done.stderr}")
    done = runnel("prove", ledger, "--headers", "-o", headers)
    check(done.returncode == 0, f"{name}: headers: {done.stderr}")
    ledger.unlink()
    for file in (proof, balance):
        done = runnel("verify", "--proof", file, "--light", headers)
        check(done.returncode == 0 and "block 0: 0x" in done.stdout, f"{name}: {done.stdout}{done.stderr}")
    genesis = runnel("verify", "--proof", proof, "--light", headers).stdout.split("block 0: ")[1][:66]
    check(runnel("verify", "--proof", proof, "--light", headers, "--genesis", genesis).returncode == 0, f"{name}: its block 0")
    done = runnel("verify", "--proof", proof, "--light", headers, "--genesis", flip(genesis))
    check(done.returncode == 1, f"{name}: another block 0: {done.stderr}")
    document = json.loads(headers.read_text())
    altered = folder / "altered.json"
    for what, apply in common_changes() + changes:
        altered.write_text(json.dumps(apply(document)))
        done = runnel("verify", "--proof", proof, "--light", altered)
        check(done.returncode == 1 and done.stderr.count("\n") == 1, f"{name}: {what}: exit {done.returncode}, {done.stdout}{done.stderr}")
    return proof, headers


def main():
    runnel, check = Runnel(sys.argv[1]), Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        check_engine(check, runnel, folder, "bft", BFT, BFT_CHANGES)
        proof, headers = check_engine(check, runnel, folder, "pow", POW, POW_CHANGES)
        check(runnel("verify", "--proof", proof, "--light", headers, "--confirmations", 26).returncode == 0, "26 confirmations")
        done = runnel("verify", "--proof", proof, "--light", headers, "--confirmations", 27)
        check(done.returncode == 1 and "26 confirmations, expected at least 27" in done.stderr, f"27: {done.stderr}")
        for text in MALFORMED:
            done = runnel("verify", "--proof", proof, "--light", write(folder / "malformed.json", text))
            check(done.returncode == 2 and done.stderr.count("\n") == 1, f"{text[:40]}: exit {done.returncode}, {done.stderr}")
        ledger = folder / "small.db"
        runnel.json("run", write(folder / "small.toml", SMALL_SCENARIO), "--db", ledger)
        done = runnel("prove", ledger, "--headers")
        check(done.returncode == 2 and "bft or pow" in done.stderr, f"one proposer: {done.stderr}")
    check.finish()


if __name__ == "__main__":
    main()
