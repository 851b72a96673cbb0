#!/usr/bin/env python3
"""Tracing: integers against an independent computation, mules behind a mixer, graphs, hostile ledgers, bad usage.

Usage: trace.py RUNNEL SOURCE_DIR
"""
import collections
import json
import pathlib
import shutil
import sqlite3
import sys
import tempfile
import xml.etree.ElementTree

from support import SMALL_SCENARIO, Checks, Runnel, write


def movements(database, token):
    """The token's transfers in the chain's order, and what everybody had."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as ledger:
        names = dict(ledger.execute("SELECT id, name FROM t_addresses"))
        (contract,) = ledger.execute("SELECT contract_id FROM t_tokens WHERE symbol = ?", (token,)).fetchone()
        balances = collections.Counter({names[account]: int(balance) for account, balance in ledger.execute(
            "SELECT account_id, balance FROM t_starting_balances WHERE token_id = ?", (contract,))})
        transfers = [(names[sender], names[receiver], int(value)) for sender, receiver, value in ledger.execute(
            "SELECT from_id, to_id, value FROM t_token_transfers WHERE contract_id = ? AND block_number > 0 "
            "ORDER BY block_number, log_index", (contract,))]
    return transfers, balances


def haircut(transfers, balances, thief):
    """Among people alone: floor(loot * amount / balance) leaves; what is clean and comes to the thief is loot."""
    balances = balances.copy()
    loot = collections.Counter({thief: balances[thief]})
    taken = balances[thief]
    for sender, receiver, amount in transfers:
        if amount == 0:
            continue
        moved = loot[sender] if amount >= balances[sender] else loot[sender] * amount // balances[sender]
        loot[sender] -= moved
        balances[sender] -= amount
        balances[receiver] += amount
        if receiver == thief and moved == 0:
            moved = amount
            taken += amount
        loot[receiver] += moved
    return {name: units for name, units in loot.items() if units}, taken


def fifo(transfers, balances, thief):
    """Queues of single lots, loot or not."""
    queues = collections.defaultdict(list, {name: [[balance, name == thief]] for name, balance in balances.items()})
    taken = balances[thief]
    for sender, receiver, amount in transfers:
        moved = []
        while amount > 0:
            lot = queues[sender][0]
            part = min(lot[0], amount)
            moved.append([part, lot[1]])
            lot[0] -= part
            amount -= part
            if lot[0] == 0:
                queues[sender].pop(0)
        if receiver == thief and not any(is_loot for _, is_loot in moved):
            taken += sum(part for part, _ in moved)
            moved = [[part, True] for part, _ in moved]
        queues[receiver] += moved
    loot = {name: sum(part for part, is_loot in queue if is_loot) for name, queue in queues.items()}
    return {name: units for name, units in loot.items() if units}, taken


def holders(trace):
    return {holder["account"]: sum(int(part["amount_raw"]) for part in holder["loot"]) for holder in trace["holders"]}


def against_python(runnel, check, database):
    transfers, balances = movements(database, "USDC")
    receivers = collections.Counter(receiver for _, receiver, _ in transfers)
    for thief in ("payer/0", receivers.most_common(1)[0][0]):
        traces = runnel.json("trace", database, "--from", thief, "--token", "USDC", "--policy", "all")
        check(list(traces) == ["haircut", "fifo", "provenance", "poison"], f"policies: {list(traces)}")
        for name, compute in (("haircut", haircut), ("provenance", haircut), ("fifo", fifo)):
            expected, taken = compute(transfers, balances, thief)
            trace = traces[name]
            check(holders(trace) == expected, f"{thief} {name}: {holders(trace)} instead of {expected}")
            check(sum(int(part["amount_raw"]) for part in trace["loot"]) == taken, f"{thief} {name}: loot")
            check(trace["sums_to_loot"], f"{thief} {name}: all is accounted for")
            check(len(expected) > 2, f"{thief} {name}: {len(expected)} holders")
        marked = {holder["account"] for holder in traces["poison"]["holders"]}
        check(marked >= set(expected), "poison marks whoever has loot by another policy")
    return thief


def looks(runnel, check, database, thief):
    """Text, graphs, what --min leaves, and stops."""
    text = runnel("trace", database, "--from", thief)
    check(text.returncode == 0 and "All of it is accounted for." in text.stdout, f"text: {text.stderr}")
    check("└─" in text.stdout and "Who has it at the end" in text.stdout, "text: a tree and a table")
    early = runnel("trace", database, "--from", thief, "--at", "10").stdout
    check(" movements in 10 blocks" in early, f"--at: {early[:300]}")
    both = runnel("trace", database, "--from", thief, "--policy", "all").stdout
    check(all(word in both for word in ("haircut", "fifo", "provenance", "poison")), f"side by side: {both}")
    dot = runnel("trace", database, "--from", thief, "--dot").stdout
    check(dot.startswith("digraph") and dot.count("->") > 3, "dot")
    graph = xml.etree.ElementTree.fromstring(runnel("trace", database, "--from", thief, "--graphml").stdout)
    space = "{http://graphml.graphdrawing.org/xmlns}"
    nodes = {node.get("id") for node in graph.iter(f"{space}node")}
    edges = list(graph.iter(f"{space}edge"))
    check(len(edges) == dot.count("->") and all(edge.get("source") in nodes and edge.get("target") in nodes
                                                for edge in edges), "graphml: the same edges, between its nodes")

    everything = runnel.json("trace", database, "--from", thief, "--token", "USDC")["haircut"]
    pruned = runnel.json("trace", database, "--from", thief, "--token", "USDC", "--min", 20)["haircut"]
    large = {name: units for name, units in holders(everything).items() if units >= 20 * 10 ** 6}
    check(holders(pruned) == large and 0 < len(large) < len(holders(everything)), "--min shows less of the same")
    check(pruned["error_below_units"] == everything["error_below_units"], "--min computes the same")
    first = max((hop for hop in everything["hops"] if hop["from"]["account"] == thief), key=lambda hop: hop["share"])
    stop = first["to"]["account"]
    stopped = runnel.json("trace", database, "--from", thief, "--token", "USDC", "--until", stop)["haircut"]
    check(not [hop for hop in stopped["hops"] if hop["from"]["account"] == stop] and stopped["sums_to_loot"],
          "--until: nothing goes on from there")

    with sqlite3.connect(database) as ledger:
        hash_, sender, receiver = ledger.execute(
            "SELECT x.hash, a.name, b.name FROM t_transactions x JOIN t_token_transfers t USING (block_number, "
            "transaction_index) JOIN t_addresses a ON a.id = t.from_id JOIN t_addresses b ON b.id = t.to_id "
            "WHERE x.block_number BETWEEN 5 AND 20 AND t.from_id <> t.to_id LIMIT 1").fetchone()
    theft = runnel.json("trace", database, "--tx", "0x" + hash_.hex())["haircut"]
    check(theft["sums_to_loot"] and len(theft["loot"]) == 1, f"--tx: {theft['loot']}")
    check(all(hop["from"]["account"] != sender or hop["first_block"] > 5 for hop in theft["hops"]), "--tx: after it")
    check(any(stake["account"] == receiver for stake in theft["holders"])
          or any(hop["from"]["account"] == receiver for hop in theft["hops"]), "--tx: who was paid has it")

    back = runnel.json("trace", database, "--from", stop, "--token", "USDC", "--backward")["haircut"]
    check(back["sums_to_loot"] and back["direction"] == "backward", "backward: all of it came from somewhere")
    transfers, _ = movements(database, "USDC")
    payers = {sender for sender, receiver, _ in transfers if receiver == stop}
    sources = {hop["to"]["account"] for hop in back["hops"] if hop["from"]["account"] == stop}
    check(sources and sources <= payers, f"backward: {sources} of {payers}")


def page(runnel, check, database, folder, thief):
    """`--html` has what `--json` has, at every moment all of the loot, and replaces nothing of others."""
    file = folder / "trace.html"
    arguments = (database, "--from", thief, "--token", "USDC")
    done = runnel("trace", *arguments, "--policy", "all", "--html", file)
    if "without Apache ECharts" in done.stderr:
        return check(done.returncode == 1 and len(done.stderr.splitlines()) == 1, f"no page: {done.stderr}")
    check(done.returncode == 0 and done.stdout == "", f"a page is written: {done.stderr}")
    text = file.read_text()
    drawn = json.loads(text.split('<script type="application/json" id="trace">')[1].split("</script>")[0])
    traces = runnel.json("trace", *arguments, "--policy", "all")
    check([policy["name"] for policy in drawn["policies"]] == list(traces), "page: its policies")
    names = [account["name"] for account in drawn["accounts"]]
    check([a["name"] for a in drawn["accounts"] if a["root"]] == [thief], "page: where it begins")
    check(drawn["moments"] == sorted(set(drawn["moments"])) and len(drawn["moments"]) <= 61
          and drawn["moments"][-1] == 40, f"page: its moments: {drawn['moments']}")
    for policy in drawn["policies"]:
        trace = traces[policy["name"]]
        weights = {names[node["account"]]: node.get("weight", 0) for node in policy["nodes"]}
        for holder in trace["holders"]:
            known = holder.get("share", holder.get("marked_usd"))
            check(abs(weights[holder["account"]] - known) <= 1e-6 * known, f"page: {policy['name']}: {holder['account']}")
        for node in policy["nodes"]:
            check(abs(node["curve"][-1] - node.get("weight", 0)) < 1e-6, f"page: {policy['name']}: the end of {node}")
        if not policy["poison"]:
            sums = [sum(node["curve"][i] for node in policy["nodes"]) for i in range(len(drawn["moments"]))]
            # Weights have seven digits in a page.
            grows = all(b >= a - 1e-6 for a, b in zip(sums, sums[1:]))
            check(grows and abs(sums[-1] - 1) < 1e-4, f"page: {policy['name']}: loot at each moment: {sums}")
        hops = {(names[a], names[b], amount[0], first, last) for a, b, _, _, amount, _, _, _, first, last in policy["hops"]}
        known = {(hop["from"]["account"], hop["to"]["account"], hop["amount_raw"], hop["first_block"], hop["last_block"])
                 for hop in trace["hops"]}
        check(hops == known, f"page: {policy['name']}: its hops: {sorted(hops ^ known)[:4]}")
    # What is between is what the trace of so many blocks ends with.
    middle = len(drawn["moments"]) // 2
    before = runnel.json("trace", *arguments, "--at", drawn["moments"][middle])["haircut"]
    taken = {part["token"]: int(part["amount_raw"]) for part in traces["haircut"]["loot"]}
    for holder in before["holders"]:
        known = sum(int(part["amount_raw"]) for part in holder["loot"]) / taken["USDC"]
        said = next(node["curve"][middle] for node in drawn["policies"][0]["nodes"]
                    if names[node["account"]] == holder["account"])
        check(abs(said - known) <= 1e-6, f"page: {holder['account']} in the middle: {said}, {known}")

    back = runnel("trace", *arguments, "--backward", "--html", file)
    check(back.returncode == 0, f"a page is replaced: {back.stderr}")
    drawn = json.loads(file.read_text().split('id="trace">')[1].split("</script>")[0])
    ends = {drawn["accounts"][node["account"]]["name"]: node["curve"][-1] for node in drawn["policies"][0]["nodes"]}
    check(abs(ends[thief] - 1) < 1e-6, f"backward: in the end all is his: {ends}")
    foreign = write(folder / "foreign.html", "<!doctype html><title>mine</title>")
    for target in (foreign, database, folder / "none" / "x.html"):
        done = runnel("trace", *arguments, "--html", target)
        check(done.returncode in (2, 3) and len(done.stderr.splitlines()) == 1, f"{target}: {done.stderr}")
    check(foreign.read_text() == "<!doctype html><title>mine</title>", "a foreign page stays")


def truth_is_not_read(runnel, check, database, folder, thief):
    blind = folder / "blind.db"
    shutil.copy(database, blind)
    with sqlite3.connect(blind) as ledger:
        for table in ("t_truth_transactions", "t_truth_blocks", "t_witnesses"):
            ledger.execute(f"DELETE FROM {table}")
    arguments = ("--from", thief, "--policy", "all", "--json")
    check(runnel("trace", blind, *arguments).stdout == runnel("trace", database, *arguments).stdout,
          "the same without truth tables")


def hostile(runnel, check, database, folder, thief):
    damages = ("UPDATE t_token_transfers SET value = 'x' WHERE rowid = 3",
               "UPDATE t_token_transfers SET value = '-5' WHERE rowid = 3",
               "UPDATE t_token_transfers SET to_id = 4000000 WHERE rowid = 3",
               "UPDATE t_token_transfers SET contract_id = 77 WHERE rowid = 3",
               "UPDATE t_token_transfers SET block_number = 1000 WHERE rowid = 3",
               "UPDATE t_transactions SET from_id = 4000000 WHERE block_number = 3",
               "UPDATE t_transactions SET receipt_gas_used = -1 WHERE block_number = 3",
               "UPDATE t_blocks SET proposer_id = 4000000 WHERE number = 3",
               "UPDATE t_starting_balances SET balance = '1e5' WHERE token_id > 0",
               "UPDATE t_rewards SET account_id = NULL WHERE rowid = 2",
               "DROP TABLE t_rewards; CREATE TABLE t_rewards (x)")
    for damage in damages:
        damaged = folder / "damaged.db"
        shutil.copy(database, damaged)
        with sqlite3.connect(damaged) as ledger:
            ledger.executescript("PRAGMA ignore_check_constraints = 1; PRAGMA writable_schema = 1; "
                                 "UPDATE sqlite_schema SET sql = replace(sql, ' NOT NULL', '') WHERE name = 't_rewards'")
        with sqlite3.connect(damaged) as ledger:
            ledger.executescript(damage)
        done = runnel("trace", damaged, "--from", thief, "--policy", "all")
        check(done.returncode in (1, 2) and len(done.stderr.splitlines()) == 1,
              f"{damage}: exit {done.returncode}: {done.stderr[:300]}")
    # Sums beyond 256 bits are nonsense, and no crash.
    huge = folder / "huge.db"
    shutil.copy(database, huge)
    with sqlite3.connect(huge) as ledger:
        ledger.execute("UPDATE t_token_transfers SET value = ?", (str(2 ** 256 - 1),))
        ledger.execute("UPDATE t_starting_balances SET balance = ?", (str(2 ** 256 - 1),))
    done = runnel("trace", huge, "--from", thief, "--policy", "all", "--json")
    check(done.returncode == 0 and all(trace.get("sums_to_loot", True) for trace in json.loads(done.stdout).values()),
          f"huge: exit {done.returncode}: {done.stderr[:300]}")


def usage(runnel, check, database, folder, thief):
    not_a_ledger = write(folder / "text.db", "no ledger")
    for arguments in ((database,), (database, "--from", "nobody"), (database, "--from", thief, "--until", thief),
                      (database, "--tx", "0x12"), (database, "--tx", "0x" + "00" * 32),
                      (database, "--from", thief, "--tx", "0x" + "00" * 32), (database, "--from", thief, "--token", "?"),
                      (database, "--from", thief, "--policy", "lifo"), (database, "--from", thief, "--min", "-1"),
                      (database, "--from", thief, "--forward", "--backward"),
                      (database, "--from", thief, "--policy", "all", "--dot"),
                      (database, "--from", thief, "--since", "3", "--backward"),
                      (database, "--tx", "0x" + "00" * 32, "--since", "3"), (not_a_ledger, "--from", thief)):
        done = runnel("trace", *arguments)
        check(done.returncode == 2 and len(done.stderr.splitlines()) == 1,
              f"{arguments}: exit {done.returncode}: {done.stderr}")


def mules(runnel, check, source, folder):
    """Whoever gets notes of a robbed bridge's money out of the mixer is found, and the policies differ as they should."""
    database = folder / "hack.db"
    done = runnel("run", source / "scenarios" / "hack_and_launder.toml", "--db", database, timeout=600)
    if not check(done.returncode == 0, f"hack_and_launder: {done.stderr}"):
        return
    with sqlite3.connect(database) as ledger:
        mules_paid = {name for (name,) in ledger.execute(
            "SELECT DISTINCT a.name FROM t_mixer_moves m JOIN t_addresses a ON a.id = m.account_id "
            "WHERE m.type = 'withdrawal' AND a.name LIKE 'thief/%'")}
        people_paid = {name for (name,) in ledger.execute(
            "SELECT DISTINCT a.name FROM t_mixer_moves m JOIN t_addresses a ON a.id = m.account_id "
            "WHERE m.type = 'withdrawal' AND a.name NOT LIKE 'thief/%'")}
    check(len(mules_paid) > 10 and len(people_paid) > 10, f"{len(mules_paid)} mules, {len(people_paid)} others paid")
    traces = runnel.json("trace", database, "--from", "thief/0", "--policy", "all", timeout=600)
    for name in ("haircut", "fifo", "provenance"):
        trace = traces[name]
        check(trace["sums_to_loot"], f"hack: {name}: all is accounted for")
        check({part["token"] for part in trace["loot"]} >= {"ETH", "USDC"}, f"hack: {name}: {trace['loot']}")
    marked = {holder["account"] for holder in traces["poison"]["holders"]} | {
        hop["to"]["account"] for hop in traces["poison"]["hops"]}
    check(mules_paid <= marked, f"poison misses {mules_paid - marked}")
    reached = {hop["to"]["account"] for hop in traces["haircut"]["hops"]}
    check(mules_paid <= reached, f"haircut misses {mules_paid - reached}")
    mixers = {hop["to"]["account"] for hop in traces["haircut"]["hops"]} & {"eth_100", "eth_10"}
    check(mixers == {"eth_100", "eth_10"}, f"mixers: {mixers}")


def main() -> None:
    runnel, source = Runnel(sys.argv[1]), pathlib.Path(sys.argv[2])
    check = Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        database = folder / "small.db"
        done = runnel("run", write(folder / "small.toml", SMALL_SCENARIO), "--db", database)
        if check(done.returncode == 0, f"run: {done.stderr}"):
            thief = against_python(runnel, check, database)
            looks(runnel, check, database, thief)
            page(runnel, check, database, folder, thief)
            truth_is_not_read(runnel, check, database, folder, thief)
            hostile(runnel, check, database, folder, thief)
            usage(runnel, check, database, folder, thief)
        mules(runnel, check, source, folder)
    check.finish()


if __name__ == "__main__":
    main()
