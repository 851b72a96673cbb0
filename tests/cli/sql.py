#!/usr/bin/env python3
"""SQL for people: every query of the library, functions of one moment, and that nothing can be changed.

Usage: sql.py RUNNEL SOURCE_DIR
"""
import collections
import csv
import hashlib
import io
import json
import math
import pathlib
import sqlite3
import statistics
import sys
import tempfile

from balances import Replay
from support import SMALL_SCENARIO, Checks, Runnel, write

# Small, and together with something for every query.
SCENARIOS = ("attacks_by_hand", "composability", "lending_what_if", "liquidation_by_hand", "mev_day", "ordering_policies",
             "sandwich_by_hand", "vault_inflation")
# Of queries that mean nothing without one.
SETTINGS = {"account_statement": ["account=alice", "token=USDC"], "peg_by_hour": ["token=USDC"]}
ACCOUNTS = {"attacks_by_hand": "mallory", "crowded": "payer/0", "lending_what_if": "price_keeper/0", "liquidation_by_hand": "bob",
            "mev_day": "sandwicher/1", "ordering_policies": "sandwicher/1", "sandwich_by_hand": "mallory", "vault_inflation": "attacker/0"}


def ask(ledger, sql, parameters=()):
    """By Python's own SQLite, which knows none of our functions."""
    connection = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)
    try:
        return connection.execute(sql, parameters).fetchall()
    finally:
        connection.close()


def near(a, b):
    return math.isclose(float(a), float(b), rel_tol=1e-9, abs_tol=1e-9)


def whole(amount, decimals):
    """As amount_scaled() writes it."""
    sign = "-" if amount < 0 else ""
    text = str(abs(amount)).rjust(decimals + 1, "0")
    fraction = text[len(text) - decimals:].rstrip("0")
    return sign + text[:len(text) - decimals] + ("." + fraction if fraction else "")


def library(runnel, check, source, ledgers):
    """Every query runs on three ledgers at least, and finds something on one of them."""
    queries = runnel.json("sql", "--list")
    check(len(queries) >= 40, f"{len(queries)} queries")
    ran = collections.Counter()
    found = collections.Counter()
    results = {}
    for query in queries:
        check(query["what"].endswith(".") and all(p["meaning"].endswith(".") and p["unit"] for p in query["parameters"]),
              f"{query['name']}: what it answers, and its parameters: {query}")
        for name, ledger in ledgers.items():
            settings = list(SETTINGS.get(query["name"], []))
            if query["name"] == "account_statement" and name in ACCOUNTS:
                settings = ["account=" + ACCOUNTS[name], "token=USDC"]
            symbols = [symbol for symbol, in ask(ledger, "SELECT symbol FROM t_tokens ORDER BY contract_id")]
            settings += [f"{p['name']}={symbols[-1]}" for p in query["parameters"]
                         if p["name"] in ("token", "base", "quote") and p["default"] not in symbols and not settings]
            done = runnel("sql", ledger, query["name"], "--json", *[word for s in settings for word in ("--set", s)])
            if done.returncode == 2 and "which this ledger does not have" in done.stderr:
                check(query["needs"] and done.stderr.count("\n") == 1, f"{query['name']} on {name}: {done.stderr}")
                continue
            if check(done.returncode == 0, f"{query['name']} on {name}: {done.stderr}"):
                rows = json.loads(done.stdout)
                results[query["name"], name] = rows
                ran[query["name"]] += 1
                found[query["name"]] += len(rows)
    page = (source / "docs" / "sql.md").read_text()
    for query in queries:
        check(f"| `{query['name']}` | {query['what']} |" in page, f"docs/sql.md: {query['name']}")
        # One ledger alone has builders.
        check(ran[query["name"]] >= (1 if query["name"] == "builder_bids" else 3), f"{query['name']} ran on {ran[query['name']]} ledgers")
        check(found[query["name"]] > 0, f"{query['name']} found nothing anywhere")
    return results


def independent(runnel, check, ledgers, results):
    """Results against Python's sums over the tables, and against the report."""
    for name, ledger in ledgers.items():
        decimals = dict(ask(ledger, "SELECT symbol, decimals FROM t_tokens"))
        transactions = ask(ledger, "SELECT x.from_id, a.name, a.role, a.strategy, x.receipt_status, x.receipt_gas_used, "
                                   "x.receipt_effective_gas_price, x.revert_reason, x.block_number, b.base_fee, b.proposer_id "
                                   "FROM t_transactions x JOIN t_addresses a ON a.id = x.from_id "
                                   "JOIN t_blocks b ON b.number = x.block_number")
        # 1. blocks_by_hour
        blocks = ask(ledger, "SELECT timestamp, transaction_count, gas_used, gas_limit, base_fee FROM t_blocks")
        hours = collections.defaultdict(list)
        for block in blocks:
            hours[block[0] // 3600].append(block)
        rows = results["blocks_by_hour", name]
        check(len(rows) == len(hours), f"{name}: hours")
        for row, hour in zip(rows, sorted(hours)):
            of_hour = hours[hour]
            check(row["blocks"] == len(of_hour) and row["transactions"] == sum(b[1] for b in of_hour) and
                  near(row["gas_used_share"], sum(b[2] for b in of_hour) / sum(b[3] for b in of_hour)) and
                  near(row["base_fee_gwei"], statistics.fmean(b[4] for b in of_hour) / 1e9), f"{name}: blocks_by_hour: {row}")
        # 2. fees_by_group
        fees = collections.Counter()
        for _, who, role, strategy, _, gas, price, _, block, _, _ in transactions:
            if block > 0:
                fees[who.split("/")[0] if strategy else role] += gas * price
        check({row["sender_group"]: row["fees"] for row in results["fees_by_group", name]} ==
              {group: whole(fee, 18) for group, fee in fees.items()}, f"{name}: fees_by_group")
        # 3. failed_transactions
        failures = collections.Counter(t[7] if t[7].startswith("(") else t[7].split("(")[0] for t in transactions if t[4] == 0)
        check({row["reason"]: row["transactions"] for row in results["failed_transactions", name]} == dict(failures),
              f"{name}: failed_transactions")
        # 4. validator_income
        tips = collections.Counter()
        for *_, gas, price, _, block, base_fee, proposer in transactions:
            if block > 0:
                tips[proposer] += gas * (price - base_fee)
        rewards = collections.Counter()
        for account, amount in ask(ledger, "SELECT account_id, amount FROM t_rewards"):
            rewards[account] += int(amount)
        sold, paid = collections.Counter(), collections.Counter()
        if ask(ledger, "SELECT 1 FROM sqlite_master WHERE name = 't_builder_bids'"):
            for account, amount in ask(ledger, "SELECT proposer_fee_recipient_id, value FROM t_builder_bids WHERE delivered"):
                sold[account] += 1
                paid[account] += int(amount)
        validators = ask(ledger, "SELECT id, name FROM t_addresses WHERE role = 'validator'")
        check({row["name"]: (row["slots_sold"], row["priority_fees"], row["payments"], row["rewards"])
               for row in results["validator_income", name]} ==
              {who: (sold[account], whole(tips[account], 18), whole(paid[account], 18), whole(rewards[account], 18))
               for account, who in validators}, f"{name}: validator_income")
        check(name != "ordering_policies" or len(sold) > 10, f"{name}: slots are sold: {sold}")
        # 5. dex_volume_by_pair: trades, and dollars by the token bought, else the one sold.
        if ("dex_volume_by_pair", name) in results:
            check(sum(row["trades"] for row in results["dex_volume_by_pair", name]) ==
                  ask(ledger, "SELECT count(*) FROM t_dex_trades")[0][0], f"{name}: dex_volume_by_pair: trades")
            by_hour = sum(row["volume_usd"] or 0 for row in results["dex_volume_by_hour", name])
            by_pair = sum(row["volume_usd"] or 0 for row in results["dex_volume_by_pair", name])
            by_trader = sum(row["volume_usd"] or 0 for row in
                            runnel.json("sql", ledger, "dex_top_traders", "--set", "limit=100000"))
            # The reference price, else the newest of an oracle up to the trade's transaction.
            prices = collections.defaultdict(list)
            for token, block, price in ask(ledger, "SELECT token_id, from_block, price FROM t_reference_prices ORDER BY 1, 2"):
                prices[token].append(((block, -1), price / 1e8))
            if ask(ledger, "SELECT 1 FROM sqlite_master WHERE name = 't_oracle_prices'"):
                stated = collections.defaultdict(list)
                for token, block, index, price in ask(
                        ledger, "SELECT token_id, block_number, transaction_index, price FROM t_oracle_prices ORDER BY rowid"):
                    stated[token].append(((block, index), int(price) / 1e8))
                for token in stated.keys() - prices.keys():
                    prices[token] = stated[token]
            scale = dict(ask(ledger, "SELECT contract_id, decimals FROM t_tokens"))

            def usd(token, place, raw):
                price = [p for b, p in prices[token] if b <= place]
                return int(raw) / 10 ** scale[token] * price[-1] if price else None

            wanted = 0
            for *place, bought, sold, bought_raw, sold_raw in ask(
                    ledger, "SELECT block_number, transaction_index, token_bought_id, token_sold_id, token_bought_amount_raw, "
                            "token_sold_amount_raw FROM t_dex_trades"):
                value = usd(bought, tuple(place), bought_raw)
                value = usd(sold, tuple(place), sold_raw) if value is None else value
                wanted += value or 0
            check(all(near(volume, wanted) for volume in (by_hour, by_pair, by_trader)),
                  f"{name}: volume {by_hour}, {by_pair}, {by_trader}: not {wanted}")
        # 6. supply_changes_by_hour
        minted = collections.Counter()
        for symbol, sender, receiver, value in ask(
                ledger, "SELECT s.symbol, r.from_id, r.to_id, r.value FROM t_token_transfers r "
                        "JOIN t_tokens s ON s.contract_id = r.contract_id WHERE r.block_number > 0"):
            minted[symbol] += int(value) * ((sender == 0) - (receiver == 0))
        shown = collections.Counter()
        for row in results["supply_changes_by_hour", name]:
            shown[row["symbol"]] += sum(sign * round(float(row[key]) * 1e6) for key, sign in (("minted", 1), ("burned", -1)))
        for symbol, change in shown.items():
            check(abs(change - minted[symbol] / 10 ** decimals[symbol] * 1e6) <= 1e-9 * abs(change) + 10,
                  f"{name}: supply_changes_by_hour: {symbol}: {change}")
        # 7. open_approvals
        newest = {}
        for token, owner, spender, value in ask(
                ledger, "SELECT contract_id, owner_id, spender_id, value FROM t_token_approvals ORDER BY rowid"):
            newest[token, owner, spender] = int(value)
        open_ones = [value for value in newest.values() if value > 0]
        rows = results["open_approvals", name]
        check(sum(row["owners"] for row in rows) == len(open_ones) and
              sum(row["without_limit"] for row in rows) == sum(value >= 10 ** 77 for value in open_ones), f"{name}: open_approvals")
        # 8. liquidations and liquidators, against the report
        if results.get(("liquidations", name)):
            section = runnel.json("report", ledger, "--section", "liquidations")["liquidations"]
            rows = results["liquidations", name]
            check(section["calls"] == len(rows) == sum(row["calls"] for row in results["liquidators", name]),
                  f"{name}: liquidations: {section['calls']}, {len(rows)}")
            for key, column in (("debt_repaid_usd", "debt_value_usd"), ("collateral_seized_usd", "collateral_value_usd")):
                check(math.isclose(section[key], sum(row[column] for row in rows), rel_tol=1e-9), f"{name}: {key}")
            check(sum(row["calls"] for row in results["liquidations_by_hour", name]) == len(rows), f"{name}: by hour")
        # 9. realised_volatility
        for row in results["realised_volatility", name]:
            token = ask(ledger, "SELECT contract_id FROM t_tokens WHERE symbol = ?", (row["symbol"],))
            series = ask(ledger, "SELECT from_block, price FROM t_reference_prices WHERE token_id = ? ORDER BY 1", token[0])
            ends = {}
            for number, timestamp in ask(ledger, "SELECT number, timestamp FROM t_blocks"):
                ends[(timestamp - blocks[0][0]) // 3600] = number
            closes = [[price for block, price in series if block <= end][-1] for _, end in sorted(ends.items())] if series else []
            steps = [math.log(b / a) for a, b in zip(closes, closes[1:])]
            if len(token) == 1 and steps:
                check(math.isclose(row["volatility_a_year"], statistics.pstdev(steps) * math.sqrt(8766), rel_tol=1e-6, abs_tol=1e-6),
                      f"{name}: realised_volatility: {row}")
        # 10. inclusion_delay_by_hour
        start = blocks[0][0]
        waits = [timestamp - start - arrival / 1e3 for timestamp, arrival in ask(
            ledger, "SELECT b.timestamp, x.arrival_ms FROM t_transactions x JOIN t_blocks b ON b.number = x.block_number "
                    "WHERE x.block_number > 0")]
        rows = results["inclusion_delay_by_hour", name]
        check(sum(row["transactions"] for row in rows) == len(waits) and (not waits or (
            near(max(row["longest_seconds"] for row in rows), max(waits)) and
            near(sum(row["mean_seconds"] * row["transactions"] for row in rows), sum(waits)))), f"{name}: inclusion_delay")
    dropped = collections.Counter(reason for reason, in ask(ledgers["crowded"], "SELECT reason FROM t_dropped_transactions"))
    shown = collections.Counter()
    for row in results["dropped_by_reason", "crowded"]:
        shown[row["reason"]] += row["transactions"]
    check(shown == dropped and dropped, f"dropped_by_reason: {shown}, not {dropped}")
    # The stories' own figures.
    loans = results["flash_loans", "composability"]
    check([(row["recipient"], row["loans"], row["amount_raw"]) for row in loans] == [("carol", 1, str(10 ** 19))], f"flash_loans: {loans}")
    sandwiches = results["dex_sandwiches", "sandwich_by_hand"]
    check([(row["trader"], row["victims"], row["gained"]) for row in sandwiches] == [("mallory", 1, "344.734549")],
          f"sandwiches: {sandwiches}")
    shares = results["vault_share_price", "composability"]
    check(near(shares[-1]["share_price"], 1.05), f"share price: {shares[-1]}")


def moments(runnel, check, ledgers):
    """balance_at(), price_at(), health_factor_at() against replayed rows and what markets stated."""
    for name in ("composability", "sandwich_by_hand", "vault_inflation"):
        ledger = ledgers[name]
        replay = Replay(ledger)
        within = {}
        after = {}
        for block, index, before, state in replay.steps():
            if index is None:
                after[block] = dict(state)
            elif len(within) < 1000:
                within[block, index] = before
        wanted = {}
        step = max(1, replay.last // 20)
        for block, state in after.items():
            if block % step:
                continue
            wanted |= {(block, account, token): state.get((account, token), 0)
                       for account in replay.names for token in replay.symbols}
        rows = runnel.json("sql", ledger, "SELECT b.number, a.id, s.contract_id, balance_at(a.id, s.contract_id, b.number) AS x "
                                          f"FROM t_blocks b, t_addresses a, t_tokens s WHERE b.number % {step} = 0")
        check(len(rows) == len(wanted) > 100, f"{name}: {len(rows)} balances")
        wrong = [row for row in rows if row["x"] != str(0 if row["id"] == 0 else wanted[row["number"], row["id"], row["contract_id"]])]
        check(not wrong, f"{name}: balance_at: {wrong[:3]}")
        rows = runnel.json("sql", ledger, "SELECT x.block_number AS b, x.transaction_index AS i, x.from_id AS a, s.contract_id AS t, "
                                          "balance_at(x.from_id, s.contract_id, x.block_number, x.transaction_index) AS x "
                                          "FROM t_transactions x, t_tokens s WHERE x.block_number > 0 "
                                          "ORDER BY x.block_number LIMIT 1000")
        wrong = [row for row in rows if row["x"] != str(within[row["b"], row["i"]].get((row["a"], row["t"]), 0))]
        check(rows and not wrong, f"{name}: before a transaction: {wrong[:3]}")
        # Whoever gives names, addresses or ids gets the same; balances_at too.
        for symbol, token in replay.tokens.items():
            listed = runnel.json("sql", ledger, "balances_at", "--set", f"token={symbol}", "--set", "block=1", "--set", "limit=100000")
            held = {replay.names[account]: whole(value, replay.decimals[token]) for (account, of), value in after[1].items()
                    if of == token and value and account}
            check({row["name"]: row["balance"] for row in listed} == held, f"{name}: balances_at {symbol}: {listed}")

    ledger = ledgers["composability"]

    def value(expression):
        return runnel.json("sql", ledger, f"SELECT {expression} AS x")[0]["x"]

    address = ask(ledger, "SELECT address FROM t_addresses WHERE name = 'alice'")[0][0]
    for expression, wanted in (
            ("balance_at('alice', 'USDC', 2)", "467510094"), (f"balance_at('{address}', 'USDC', 2)", "467510094"),
            (f"balance_at('0x' || upper(substr('{address}', 3)), 2, 2)", "467510094"),
            ("balance_at('alice', 'ETH', 0)", str(10 ** 18)), ("balance_at('alice', 'USDC', 9)", None),
            ("balance_at('alice', 'USDC', -1)", None), ("balance_at(NULL, 'USDC', 1)", None),
            ("balance_at('0x00000000000000000000000000000000000000ff', 'USDC', 1)", "0"),
            ("balance_at('alice', 'USDC', 0, 0)", None), ("price_at('WETH', 8)", "2000"), ("price_at('SHARE', 8)", None),
            ("price_at('WETH', 99)", None), ("health_factor_at('aave', 'bob', 3)", "1.650000000"),
            ("health_factor_at('aave', 'bob', 4)", None), ("health_factor_at('aave', 'alice', 4)", None),
            ("health_factor_at('aave', 'dana', 8)", "1.571428571428571429")):
        check(value(expression) == wanted, f"{expression}: {value(expression)}, not {wanted}")
    for expression, words in (("balance_at('alicia', 'USDC', 1)", "no account `alicia`"), ("balance_at('alice', 'USDX', 1)", "no token `USDX`"),
                              ("price_at('WETH', 'x')", "whole number"), ("health_factor_at('pair', 'bob', 1)", "no lending market `pair`")):
        for form in ([], ["--json"], ["--csv"], ["--plot"]):
            done = runnel("sql", ledger, f"SELECT {expression}", *form)
            check(done.returncode == 2 and words in done.stderr and done.stderr.count("\n") == 1 and not done.stdout,
                  f"{expression}: {done.stderr}")

    # Values at the time, in the view that Spellbook's users expect.
    rows = runnel.json("sql", ledger, 'SELECT amount_raw, amount_usd, "from", price_at(contract_address, t.block_number) AS price, s.decimals '
                                      "FROM tokens_transfers t JOIN tokens s ON s.address = t.contract_address")
    check(len(rows) == ask(ledger, "SELECT count(*) FROM t_token_transfers")[0][0] and all(
        row["amount_usd"] is None if row["price"] is None else
        near(row["amount_usd"], int(row["amount_raw"]) / 10 ** row["decimals"] * float(row["price"])) for row in rows), "tokens_transfers")

    # Prices where they change; health as the markets stated it, one block before, when nobody acted and no price came.
    ledger = ledgers["lending_what_if"]
    changes = ask(ledger, "SELECT token_id, from_block, price FROM t_reference_prices WHERE from_block BETWEEN 1 AND "
                          "(SELECT max(number) FROM t_blocks) ORDER BY from_block LIMIT 50")
    for token, block, price in changes[::10]:
        shown = runnel.json("sql", ledger, f"SELECT price_at({token}, {block}) AS now, price_at({token}, {block - 1}) AS before")[0]
        check(shown["now"] == whole(price, 8) and shown["before"] != shown["now"], f"price_at: {shown}")
    rows = runnel.json("sql", ledger, "SELECT health_factor AS stated, health_factor_at(market_address, account, block_number) AS x "
                                      "FROM health_factors LIMIT 200")
    check(rows and all(near(row["x"], row["stated"]) for row in rows), "health as stated")
    rows = ask(ledger, "SELECT h.block_number, h.contract_id, h.account_id, h.health_factor FROM t_lending_health h WHERE "
                       "h.block_number = (SELECT max(block_number) FROM t_lending_health) AND length(h.health_factor) < 22")
    last = rows[0][0]
    pairs = runnel.json("sql", ledger, f"SELECT account_id AS a, health_factor_at(contract_id, account_id, {last - 1}) AS x "
                                       f"FROM t_lending_health WHERE block_number = {last}")
    computed = {row["a"]: row["x"] for row in pairs}
    close = sum(computed[account] is not None and math.isclose(float(computed[account]), int(factor) / 1e18, rel_tol=2e-4)
                for _, _, account, factor in rows)
    check(close >= 0.95 * len(rows) > 0, f"health between statements: {close} of {len(rows)} are close")


def refusals(runnel, check, ledger, folder):
    """One line, exit code 2, and the file is as it was."""
    before = hashlib.sha256(ledger.read_bytes()).hexdigest()
    other = folder / "other.db"
    for sql, words in (
            ("SELECT 1; SELECT 2", "one SELECT"), ("INSERT INTO t_rewards VALUES (1, 1, 1, '1')", "one SELECT"),
            ("DELETE FROM t_blocks", "one SELECT"), ("UPDATE t_blocks SET gas_used = 0", "one SELECT"), ("DROP TABLE t_blocks", "one SELECT"),
            (f"ATTACH '{other}' AS o", "one SELECT"), ("DETACH main", "one SELECT"), ("PRAGMA user_version = 3", "one SELECT"),
            ("PRAGMA journal_mode = DELETE", "one SELECT"), ("PRAGMA writable_schema = 1", "one SELECT"), ("VACUUM", "one SELECT"),
            (f"VACUUM INTO '{other}'", "one SELECT"), ("CREATE TABLE x (y)", "one SELECT"), ("CREATE TEMP TABLE x (y)", "one SELECT"),
            ("CREATE TEMP VIEW x AS SELECT 1", "one SELECT"), ("BEGIN EXCLUSIVE", "one SELECT"), ("SAVEPOINT x", "one SELECT"), ("REINDEX", "one SELECT"),
            ("ANALYZE", "one SELECT"), ("SELECT load_extension('x')", "load_extension"), ("-- nothing", "one SELECT"), (";", "one SELECT"),
            ("WITH x AS (SELECT 1) INSERT INTO t_rewards SELECT 1, 1, 1, '1'", "one SELECT"),
            ("SELECT 1; DROP TABLE t_blocks", "one SELECT"), ("SELEC 1", "syntax error"), ("SELECT x FROM nowhere", "no such table"),
            ("SELECT missing()", "no such function"), ("SELECT ?1", "parameters with names"), ("SELECT :x", "--set x="),
            ("no_such_query", "no query no_such_query"), ("account_statement", "sql: expected a value for :account: --set account=..."), ("SELECT\n1 FROM\nnowhere", "no such table")):
        done = runnel("sql", ledger, sql)
        check(done.returncode == 2 and words in done.stderr and done.stderr.count("\n") == 1 and not done.stdout,
              f"{sql}: {done.returncode}: {done.stderr} {done.stdout}")
    for arguments, words in (((ledger,), "expected DB and a query"), ((ledger, "SELECT 1", "--set", "x=1"), "no such parameter"),
                             ((ledger, "SELECT 1", "--set", "x"), "name=value"), ((ledger, "SELECT 1", "--json", "--csv"), "excludes"),
                             ((ledger, "SELECT 'a'", "--plot"), "--plot"), ((ledger, "blocks_by_hour", "--library", folder / "none"), "--library"),
                             ((folder / "none.db", "SELECT 1"), "no such file")):
        done = runnel("sql", *arguments)
        check(done.returncode in (2, 3) and words in done.stderr and done.stderr.count("\n") == 1, f"{arguments}: {done.stderr}")
    check(hashlib.sha256(ledger.read_bytes()).hexdigest() == before, "the file is as it was")
    check(not other.exists() and not list(folder.glob("*-journal")) and not list(folder.glob("*-wal")), "no file was made")


def output(runnel, check, ledger, folder):
    """Table, CSV, JSON, charts; a library of one's own."""
    sql = "SELECT 'a,\"b' AS x, 0.1 AS y, NULL AS z, x'00ff' AS w, 12345678901234567890 AS v UNION ALL SELECT char(27) || '[2J', 2, 3, 4, 5"
    rows = list(csv.reader(io.StringIO(runnel("sql", ledger, sql, "--csv").stdout)))
    check(rows[:2] == [["x", "y", "z", "w", "v"], ['a,"b', "0.1", "", "0x00ff", "1.2345678901234567e+19"]], f"csv: {rows}")
    rows = runnel.json("sql", ledger, sql)
    check(runnel("sql", ledger, "SELECT NULL AS a, '' AS b, 'x' AS c, char(10) AS d", "--csv").stdout == 'a,b,c,d\n,"",x,"\n"\n', "csv: NULL and empty text")
    check(rows[0] == {"x": 'a,"b', "y": 0.1, "z": None, "w": "0x00ff", "v": 12345678901234567890.0}, f"json: {rows}")
    table = runnel("sql", ledger, sql).stdout
    check("\033" not in table and table.splitlines()[0].split() == ["x", "y", "z", "w", "v"], f"table: {table}")
    check("and 3 more" in runnel("sql", ledger, "SELECT number FROM t_blocks", "--limit", 6).stdout, "a limit")
    curve = runnel("sql", ledger, "SELECT number, number * number AS square FROM t_blocks", "--plot").stdout
    check("square" in curve and "█" in curve and len(curve.splitlines()) == 12 and "64 ┤" in curve, f"a curve: {curve}")
    bars = runnel("sql", ledger, "SELECT name, id FROM t_addresses WHERE id < 4", "--plot").stdout
    check(len(bars.splitlines()) == 5 and bars.count("█") > 10, f"bars: {bars}")
    (folder / "mine").mkdir()
    (folder / "mine" / "mine.sql").write_text("-- A number.\n-- :n = 7 (units) Which.\n-- :t = none (text) Nothing.\nSELECT :n AS n, :t AS t;\n")
    check(runnel.json("sql", ledger, "mine", "--library", folder / "mine") == [{"n": 7, "t": None}], "a default")
    check(runnel.json("sql", ledger, "mine", "--library", folder / "mine", "--set", "n=0.5", "--set", "t=a b") == [{"n": 0.5, "t": "a b"}], "set")
    check("mine" in runnel("sql", "--list", "--library", folder / "mine").stdout, "listed")
    (folder / "mine" / "asks.sql").write_text("-- Itself.\n-- :t (text) What.\n-- :n = 7 (units) Which.\nSELECT :t AS t, :n AS n;\n")
    done = runnel("sql", ledger, "asks", "--library", folder / "mine")
    check(done.returncode == 2 and ":t: --set t=..." in done.stderr and not done.stdout, f"a parameter that must be set: {done.stderr}")
    check(runnel.json("sql", ledger, "asks", "--library", folder / "mine", "--set", "t=x") == [{"t": "x", "n": 7}], "it is set")
    check("--set t=...  text: What." in runnel("sql", "--list", "--library", folder / "mine").stdout, "listed without a default")
    check([p["default"] for p in runnel.json("sql", "--list", "--library", folder / "mine")[0]["parameters"]] == [None, "7"], "as JSON")
    (folder / "mine" / "bad.sql").write_text("SELECT 1;\n")
    check(runnel("sql", ledger, "mine", "--library", folder / "mine").returncode == 2, "a query that does not say what it answers")


def main() -> None:
    runnel = Runnel(sys.argv[1])
    source = pathlib.Path(sys.argv[2])
    check = Checks()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        ledgers = {name: folder / f"{name}.db" for name in SCENARIOS}
        for name, ledger in ledgers.items():
            runnel.json("run", source / "scenarios" / f"{name}.toml", "--db", ledger)
        # Blocks with room for one payment: transactions that come into none.
        ledgers["crowded"] = folder / "crowded.db"
        runnel.json("run", write(folder / "crowded.toml", SMALL_SCENARIO), "--db", ledgers["crowded"], "--set",
                    "chain.block_gas_limit=100000", "--set", "chain.transaction_lifetime=24s")
        results = library(runnel, check, source, ledgers)
        independent(runnel, check, ledgers, results)
        moments(runnel, check, ledgers)
        refusals(runnel, check, ledgers["composability"], folder)
        output(runnel, check, ledgers["composability"], folder)
    check.finish()


if __name__ == "__main__":
    main()
