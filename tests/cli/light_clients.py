#!/usr/bin/env python3
"""Light clients: a proof's block is final by headers and votes, or by work, without the ledger.

Usage: light_clients.py RUNNEL SOURCE_DIR
"""
import copy
import json
import pathlib
import sys
import tempfile

from light_scenarios import light_scenario
from support import SMALL_SCENARIO, Checks, Runnel, write

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


def attestations(document, number):
    """What block @p number carries: of a slot before it."""
    return document["blocks"][number - 1]["attestations"]


def first_slashing(document):
    """The block that has it, and it."""
    return next((block, block["slashings"][0]) for block in document["blocks"] if block["slashings"])


def of_third(votes):
    """Every third validator's vote away: with those who lied too few are left."""
    votes["voters"] = "0x" + "".join(f"{byte & mask:02x}" for byte, mask in
                                     zip(bytes.fromhex(votes["voters"][2:]), (0x6d, 0xdb, 0xb6) * 3))


def change_all(document, function):
    for block in document["blocks"]:
        for votes in block["attestations"]:
            function(votes)


# Header, proof and manifest stay as they are; what blocks say does not.
GASPER_CHANGES = [
    change("an attestation left out", lambda d: attestations(d, 33).pop(0)),
    change("all attestations of a block left out", lambda d: attestations(d, 33).clear()),
    change("a third of all votes left out", lambda d: change_all(d, of_third)),
    change("no attestations at all", lambda d: [block.pop("attestations") and block.update(votes=[], evidence=[]) for block in d["blocks"]]),
    change("no attestations in a block", lambda d: d["blocks"][9].pop("attestations") and d["blocks"][9].update(votes=[], evidence=[])),
    change("an attestation twice", lambda d: attestations(d, 33).append(attestations(d, 33)[0])),
    change("an attestation of a later block", lambda d: attestations(d, 33).append(attestations(d, 34)[0])),
    change("attestations a block later", lambda d: attestations(d, 34).append(attestations(d, 33).pop(0))),
    change("votes of nobody", lambda d: set_item(attestations(d, 33)[0], "voters", "0x0000000000000000")),
    change("votes of strangers", lambda d: set_item(attestations(d, 33)[0], "voters", "0x0000000000008000")),
    change("votes of more strangers", lambda d: set_item(attestations(d, 33)[0], "voters", "0x" + "ff" * 64)),
    change("votes of who has no seat", lambda d: set_item(attestations(d, 33)[0], "voters", "0xffffffffffff3f00")),
    change("fewer voters than there are", lambda d: set_item(attestations(d, 33)[0], "voters", "0x")),
    change("another head", lambda d: change_all(d, lambda votes: set_item(votes, "block", 1))),
    change("another target", lambda d: change_all(d, lambda votes: set_item(votes, "target_block", d["blocks"][0]["id"]))),
    change("a checkpoint that votes skip", lambda d: change_all(d, lambda votes: set_item(votes, "target_epoch", votes["target_epoch"] + (votes["target_epoch"] == 5)))),
    change("an earlier source", lambda d: set_item(attestations(d, 33)[0], "source_epoch", 1)),
    change("another source", lambda d: set_item(attestations(d, 33)[0], "source_block", 1)),
    change("a target to come", lambda d: set_item(attestations(d, 33)[0], "target_epoch", 2**64 - 1)),
    change("a slot to come", lambda d: set_item(attestations(d, 33)[0], "slot", 2**64 - 1)),
    change("another slot", lambda d: set_item(d["blocks"][32], "round", d["blocks"][32]["round"] + 1)),
    change("a slot far off", lambda d: set_item(d["blocks"][59], "round", 2**63)),
    change("another number", lambda d: set_item(d["blocks"][32], "id", d["blocks"][31]["id"])),
    change("a slashing left out", lambda d: first_slashing(d)[0]["slashings"].pop(0)),
    change("a slashing of somebody else", lambda d: set_item(first_slashing(d)[1], "validator", 0)),
    change("a slashing of nobody", lambda d: set_item(first_slashing(d)[1], "validator", 54)),
    change("a slashing twice", lambda d: first_slashing(d)[0]["slashings"].append(first_slashing(d)[1])),
    change("a slashing for what costs nothing", lambda d: set_item(first_slashing(d)[1], "kind", "invalid_block")),
    change("an innocent slashed", lambda d: d["blocks"][32]["slashings"].append({"kind": "double_vote", "validator": 1, "slot": 3, "first": 1, "second": 2})),
]

BLOCK = ('{"runnel_headers": 1, "manifest": [], "headers": [], "blocks": [{"id": 1, "parent": 0, "height": 1, "maker": 0, "made_at_us": 1, '
         '"stated_at_us": 0, "round": 1, "bits": 0, "nonce": 0, %s}]}')
VOTES = '{"slot": 0, "block": 0, "source_epoch": 0, "source_block": 0, "target_epoch": 0, "target_block": 0, "voters": %s}'

MALFORMED = ["", "{", "[]", "{}", '{"runnel_headers": 2}', '{"runnel_headers": 1, "manifest": [], "headers": ["0x12"], "blocks": []}',
             '{"runnel_headers": 1, "manifest": [["a", "b"], ["a", "c"]], "headers": [], "blocks": []}',
             '{"runnel_headers": 1, "manifest": [], "headers": [], "blocks": [{"id": -1}]}', "[" * 10_000,
             BLOCK % '"votes": []', BLOCK % '"attestations": []', BLOCK % '"attestations": 1, "slashings": []',
             BLOCK % '"attestations": [[]], "slashings": []', BLOCK % ('"attestations": [%s], "slashings": []' % (VOTES % '"0xf"')),
             BLOCK % ('"attestations": [%s], "slashings": []' % (VOTES % "7")),
             BLOCK % '"attestations": [], "slashings": [{"kind": "theft", "validator": 0, "slot": 0, "first": 0, "second": 0}]',
             BLOCK % '"attestations": [], "slashings": [{"kind": "double_vote", "validator": 4294967296, "slot": 0, "first": 0, "second": 0}]']


def check_engine(check, runnel, folder, name, changes):
    scenario, ledger = write(folder / f"{name}.toml", light_scenario(name, 60)), folder / f"{name}.db"
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


def check_two_thirds(check, runnel, folder):
    """Who is away does not vote: blocks go on, and without two thirds of the stake none is final."""
    for away, found in ((5, "block 20 is final"), (8, "block 20 is not final: attestations show that up to block 0, of 60")):
        text = light_scenario("gasper", 60).replace("count = 16", f"count = {18 - away}").replace("count = 2", f"count = {away}")
        text = text.replace('strategy = "equivocating"\nalways = true', 'strategy = "offline"')
        ledger, proof, headers = (folder / f"away_{away}.{kind}" for kind in ("db", "proof", "headers"))
        runnel.json("run", write(folder / "away.toml", text), "--db", ledger)
        runnel("prove", ledger, "--balance", "USDC", "people/3", "--block", 20, "-o", proof)
        runnel("prove", ledger, "--headers", "-o", headers)
        done = runnel("verify", "--proof", proof, "--light", headers)
        check(done.returncode == (away > 6) and found in done.stdout + done.stderr, f"{away} of 18 away: {done.stdout}{done.stderr}")


def main():
    runnel, check = Runnel(sys.argv[1]), Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        check_engine(check, runnel, folder, "bft", BFT_CHANGES)
        _, headers = check_engine(check, runnel, folder, "gasper", GASPER_CHANGES)
        newest = json.loads(headers.read_text())
        check(first_slashing(newest)[1]["validator"] >= 48, f"a liar is slashed: {first_slashing(newest)}")
        check_two_thirds(check, runnel, folder)
        proof, headers = check_engine(check, runnel, folder, "pow", POW_CHANGES)
        check(runnel("verify", "--proof", proof, "--light", headers, "--confirmations", 26).returncode == 0, "26 confirmations")
        done = runnel("verify", "--proof", proof, "--light", headers, "--confirmations", 27)
        check(done.returncode == 1 and "26 confirmations, expected at least 27" in done.stderr, f"27: {done.stderr}")
        for text in MALFORMED:
            done = runnel("verify", "--proof", proof, "--light", write(folder / "malformed.json", text))
            check(done.returncode == 2 and done.stderr.count("\n") == 1, f"{text[:40]}: exit {done.returncode}, {done.stderr}")
        ledger = folder / "small.db"
        runnel.json("run", write(folder / "small.toml", SMALL_SCENARIO), "--db", ledger)
        done = runnel("prove", ledger, "--headers")
        check(done.returncode == 2 and done.stderr.count("\n") == 1 and "without votes and without work" in done.stderr,
              f"one proposer: {done.stderr}")
    check.finish()


if __name__ == "__main__":
    main()
