#!/usr/bin/env python3
"""Proofs of transactions and balances: they hold, say the truth, and no altered one is believed.

Usage: proofs.py RUNNEL SOURCE_DIR
"""
import copy
import json
import pathlib
import random
import sqlite3
import sys
import tempfile

from support import SMALL_SCENARIO, Checks, Runnel, write


def values(document, path=()):
    """Every value in a JSON document with its path."""
    items = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in items:
        if isinstance(value, (dict, list)):
            yield from values(value, path + (key,))
        yield path + (key,), value


def at(document, path):
    for key in path:
        document = document[key]
    return document


def variants(value, generator):
    """Values close to one: another digit, one more, nothing, another type."""
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int):
        yield from (value + 1, value - 1, value ^ 8, 2 ** 64, -1, str(value), None, 0.5)
    elif isinstance(value, str):
        for _ in range(3):
            if not value:
                break
            place = generator.randrange(len(value))
            digit = "0123456789abcdef"[(generator.randrange(15) + 1 + int(value[place], 16)) % 16] \
                if value[place] in "0123456789abcdef" else "?"
            yield value[:place] + digit + value[place + 1:]
        yield from ("", value + "00", value[:-2], "0x", 7, [value])
    elif isinstance(value, list):
        yield from (value[1:], value + ["0x" + "00" * 32], value[::-1], {}, 3)
    else:
        yield from ({}, [], {**value, "more": 1}, *({k: v for k, v in value.items() if k != drop}
                                                    for drop in value))


def one_proof(runnel, check, database, arguments, folder, expected):
    """A proof holds against its ledger, and alone; its text names what is proven."""
    file = folder / "proof.json"
    made = runnel("prove", database, *arguments, "-o", file)
    if not check(made.returncode == 0, f"prove {arguments}: {made.stderr}"):
        return None
    proof = json.loads(file.read_text())
    printed = runnel("prove", database, *arguments)
    check(printed.stdout == file.read_text(), f"{arguments}: the same on stdout")
    for part in expected:
        check(part in proof["statement"], f"{part} is in: {proof['statement']}")
    holds = runnel("verify", "--proof", file, "--db", database)
    check(holds.returncode == 0 and proof["statement"] in holds.stdout,
          f"{arguments}: holds: {holds.stdout} {holds.stderr}")
    holds = runnel("verify", "--proof", file, "--block-hash", proof["block_hash"])
    check(holds.returncode == 0, f"{arguments}: holds for its hash: {holds.stderr}")
    alone = runnel("verify", "--proof", file)
    check(alone.returncode == 0 and proof["block_hash"] in alone.stdout
          and "trust" in alone.stdout, f"{arguments}: says what must be trusted: {alone.stdout}")
    other = proof["block_hash"][:-1] + ("1" if proof["block_hash"][-1] == "0" else "0")
    for wrong in (other, "0x" + "00" * 32):
        done = runnel("verify", "--proof", file, "--block-hash", wrong)
        check(done.returncode == 1, f"{arguments}: not for another hash")
    return proof


def altered(runnel, check, proof, folder, what):
    """Whatever is altered in a proof: it is refused in one line, or states the same."""
    generator = random.Random(what)
    file = folder / "altered.json"
    tried = 0

    def refused(text, change):
        file.write_bytes(text)
        done = runnel("verify", "--proof", file)
        lines = done.stderr.strip().splitlines()
        if done.returncode == 0:
            check(proof["statement"] in done.stdout, f"{what}: {change}: states another thing")
            return
        check(done.returncode in (1, 2) and len(lines) == 1 and lines[0].startswith("runnel: "),
              f"{what}: {change}: exit {done.returncode}: {done.stderr}")

    for path, value in list(values(proof)):
        for variant in variants(value, generator):
            if variant == value and type(variant) is type(value):
                continue
            changed = copy.deepcopy(proof)
            at(changed, path[:-1])[path[-1]] = variant
            file.write_text(json.dumps(changed))
            done = runnel("verify", "--proof", file)
            lines = done.stderr.strip().splitlines()
            check(done.returncode in (1, 2) and len(lines) == 1,
                  f"{what}: {path} = {str(variant)[:80]}: exit {done.returncode}: {done.stdout}")
            tried += 1
    check(tried > 100, f"{what}: {tried} values altered")
    text = json.dumps(proof).encode()
    for _ in range(150):
        place = generator.randrange(len(text))
        byte = text[place] ^ (1 << generator.randrange(8))
        refused(text[:place] + bytes([byte]) + text[place + 1:], f"byte {place}")
    for _ in range(20):
        cut = generator.randrange(len(text))
        refused(text[:cut], f"cut at {cut}")
    refused(b"[" * 200_000, "deep")
    refused(b"", "empty")
    for end in (b"\0", b"\0 " + text, b"{}", b" " + text, b"x"):
        file.write_bytes(text + end)
        done = runnel("verify", "--proof", file)
        check(done.returncode == 2, f"{what}: with {end[:3]} behind it: exit {done.returncode}")
    refused(b"\xff\xfe", "not text")


def objects(value, path=()):
    """Every object in a document, with the way to it."""
    if isinstance(value, dict):
        yield path, value
        for key, inner in value.items():
            yield from objects(inner, path + (key,))


def dump(value, here, pair):
    """JSON in which the object `here` has one more member, which may be there already."""
    if not isinstance(value, dict):
        return json.dumps(value)
    members = [f"{json.dumps(key)}: {dump(inner, here, pair)}" for key, inner in value.items()]
    if value is here:
        key, inner, place = pair
        members.insert(0 if place == "first" else len(members), f"{json.dumps(key)}: {json.dumps(inner)}")
    return "{" + ", ".join(members) + "}"


def strict(runnel, check, proof, folder, what):
    """No member twice, wherever it stands and whatever it says; none that a proof does not have."""
    file = folder / "strict.json"
    tried = 0
    for path, here in list(objects(proof)):
        extra = [(key, value, place) for key, value in here.items() for place in ("first", "last")
                 for value in (value, "a lie", 0)]
        extra += [(key, 1, place) for key in ("note", "", "Statement", "statement ") for place in ("first", "last")]
        for pair in extra:
            file.write_text(dump(proof, here, pair))
            done = runnel("verify", "--proof", file)
            check(done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1 and not done.stdout,
                  f"{what}: {path} and {pair}: exit {done.returncode}: {done.stdout}{done.stderr}")
            tried += 1
    check(tried > 50, f"{what}: {tried} members added")
    for version in ("1.0", "1e0", '"1"', "true", "[1]", "-1", "2", "null", "18446744073709551617"):
        file.write_text(json.dumps(proof).replace('"runnel_proof": 1,', f'"runnel_proof": {version},'))
        done = runnel("verify", "--proof", file)
        check(done.returncode == 2 and "format 1" in done.stderr,
              f"{what}: version {version}: exit {done.returncode}: {done.stdout}{done.stderr}")


def main():
    runnel, check = Runnel(sys.argv[1]), Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        scenario = write(folder / "small.toml", SMALL_SCENARIO.replace(
            "[chain]", "[chain]\ncheckpoint_interval = 8"))
        database = folder / "small.db"
        runnel.json("run", scenario, "--db", database)
        with sqlite3.connect(database) as source:
            roots = dict(source.execute("SELECT number, checkpoint_root FROM t_blocks"))
            block, index, digest = source.execute(
                "SELECT block_number, transaction_index, hash FROM t_transactions"
                " WHERE block_number > 9 AND receipt_status = 1 LIMIT 1").fetchone()
            late = source.execute("SELECT block_number, transaction_index FROM t_transactions"
                                  " ORDER BY block_number DESC LIMIT 1").fetchone()
            address = source.execute(
                "SELECT address FROM t_addresses WHERE name = 'payer/3'").fetchone()[0]
        source.close()
        check(all((root != bytes(32)) == (number % 8 == 0) for number, root in roots.items()),
              "every 8th block has a checkpoint root")

        proofs = {}
        for what, arguments, expected in (
                ("token", ("--balance", "USDC", "payer/3"), ("after block 40, payer/3", "USDC")),
                ("old", ("--balance", "USDC", "payer/3", "--block", 8), ("after block 8, payer/3",)),
                ("start", ("--balance", "USDC", address, "--block", 0), ("after block 0, payer/3",)),
                ("coin", ("--balance", "ETH", "payer/5"), ("payer/5", " ETH of token ETH")),
                ("absent", ("--balance", "USDC", "zero"), ("zero (", "has 0 USDC")),
                ("record", ("--record", "native_supply", 0), ("record 0 of table 1", "is 0x")),
                ("no record", ("--record", "native_supply", 999), ("record 999", "is absent")),
                ("hash", ("--transaction", "0x" + digest.hex()),
                 (f"block {block} has", f"at index {index}", "succeeded")),
                ("place", ("--transaction", f"{late[0]}:{late[1]}"), (f"block {late[0]} has",))):
            proofs[what] = one_proof(runnel, check, database, arguments, folder, expected)
        check(proofs["token"]["statement"] != proofs["start"]["statement"], "balances move")
        for what in ("token", "absent", "record", "hash"):
            altered(runnel, check, proofs[what], folder, what)
            strict(runnel, check, proofs[what], folder, what)

        # Of an account that nobody knew before a payment named it.
        grown = folder / "grown.db"
        shipped = pathlib.Path(__file__).parents[2] / "scenarios" / "new_pool.toml"
        runnel.json("run", shipped, "--blocks", 40, "--set", "chain.checkpoint_interval=40", "--db",
                    grown)
        with sqlite3.connect(grown) as source:
            later = source.execute("SELECT address FROM t_addresses WHERE block_number > 0"
                                   " ORDER BY id LIMIT 1").fetchone()[0]
        source.close()
        one_proof(runnel, check, grown, ("--balance", "USDC", later), folder,
                  ("after block 40", "USDC"))

        # The balance is what the ledger's own rows add up to.
        with sqlite3.connect(database) as source:
            account = source.execute(
                "SELECT id FROM t_addresses WHERE name = 'payer/3'").fetchone()[0]
            moved = sum((int(value) if to == account else -int(value)) for to, value in source.execute(
                "SELECT to_id, value FROM t_token_transfers WHERE (from_id = ?1 OR to_id = ?1)"
                " AND from_id <> to_id", (account,)))
        source.close()

        def balance(proof):
            words = proof["statement"].split(" has ")[1].split(" USDC")[0]
            whole, _, part = words.replace("_", "").partition(".")
            return int(whole) * 10 ** 6 + int((part + "000000")[:6])
        check(balance(proofs["token"]) - balance(proofs["start"]) == moved,
              f"the balance moved by {moved}")

        # A proof is one of its own ledger.
        other = folder / "other.db"
        runnel.json("run", scenario, "--db", other, "--seed", "77")
        file = write(folder / "proof.json", json.dumps(proofs["token"]))
        done = runnel("verify", "--proof", file, "--db", other)
        check(done.returncode == 1 and "block 40" in done.stderr, f"another ledger: {done.stderr}")

        for arguments, code, words in (
                (("prove", database), 2, "--balance"),
                (("prove", database, "--balance", "USDC", "payer/3", "--block", 12), 2, "8 and 16"),
                (("prove", database, "--balance", "USDC", "payer/3", "--block", 41), 2, "the last is 40"),
                (("prove", database, "--balance", "DAI", "payer/3"), 2, "USDC"),
                (("prove", database, "--balance", "USDC", "nobody"), 2, "no account nobody"),
                (("prove", database, "--transaction", "7"), 2, "BLOCK:INDEX"),
                (("prove", database, "--transaction", "0:999"), 2, "block 0 has"),
                (("prove", database, "--transaction", "99:0"), 2, "the last is 40"),
                (("prove", database, "--transaction", "0x" + "11" * 32), 2, "has no transaction"),
                (("prove", database, "--record", "nothing", 0), 2, "no table nothing"),
                (("prove", folder / "none.db", "--balance", "USDC", "payer/3"), 3, "none.db"),
                (("prove", database, "--balance", "USDC", "payer/3", "-o", folder / "no" / "f"), 3, "no/f"),
                (("verify", "--proof", folder / "none.json"), 3, "none.json"),
                (("verify", "--proof", file, "--block-hash", "0x12"), 2, "64 hex digits"),
                (("verify", "--proof", file, "--block-hash", ""), 2, "--block-hash"),
                (("verify", "--proof", file, "--db", ""), 2, "--db"),
                (("verify", "--proof", ""), 2, "--proof"),
                (("verify", database, "--proof", ""), 2, "--proof"),
                (("verify", database, "--head", ""), 2, "--head"),
                (("verify", database, "--head", "0x12"), 2, "64 hex digits"),
                (("verify", database, "--head", "0x" + "00" * 32), 1, "another chain"),
                (("verify", ""), 2, "DB"),
                (("verify", "--proof", database), 2, "not a proof"),
                (("verify",), 2, "DB")):
            done = runnel(*arguments)
            check(done.returncode == code and words in done.stderr
                  and len(done.stderr.strip().splitlines()) == 1,
                  f"{arguments}: exit {done.returncode}: {done.stderr}")

        # A ledger whose rows do not give its hashes proves nothing.
        with sqlite3.connect(database) as source:
            source.execute("DELETE FROM t_checkpoints")
            source.execute("UPDATE t_transactions SET nonce = nonce + 1"
                           " WHERE block_number = ? AND transaction_index = ?", (block, index))
        source.close()
        done = runnel("prove", database, "--balance", "USDC", "payer/3")
        check(done.returncode == 1 and f"block {block}" in done.stderr, f"tampered: {done.stderr}")
    check.finish()


if __name__ == "__main__":
    main()
