#!/usr/bin/env python3
"""A picture in shares (scenarios/art_shares.toml) says what docs/art_shares.md expects of it, and the report what SQL says.

Usage: assets.py RUNNEL SOURCE_DIR [--table]
"""
import contextlib
import fractions
import pathlib
import sqlite3
import sys
import tempfile

from support import Checks, Runnel

WAYS = {
    "as shipped": [],
    "too little": ["--set", "agents.collector.premium=0.1", "--set", "agents.collector.tries=1"],
    "one is enough to refuse": ["--set", "tokens.ART.squeeze_bps=10_000"],
}


def art_of(database: sqlite3.Connection) -> int:
    return database.execute("SELECT contract_id FROM t_tokens WHERE symbol = 'ART'").fetchone()[0]


def agree(check: Checks, database: sqlite3.Connection, section: dict) -> None:
    """Every figure of the section beside what SQL makes of the rows; USDC is a dollar, and a share has 18 digits."""
    def near(got, expected: float, what: str) -> None:
        check(got is not None and abs(got - expected) <= 1e-7 * max(1, abs(expected)), f"{what}: {got}, SQL says {expected}")

    groups = {account: name.split("/")[0] for account, name in database.execute("SELECT id, name FROM t_addresses")}
    art = art_of(database)
    purses: dict[str, dict[str, float]] = {}

    def move(account: int, kind: str, usd: float) -> None:
        purse = purses.setdefault(groups[account], dict.fromkeys(("auctions", "books", "dividends", "tenders"), 0.0))
        purse[kind] += usd

    shares, money = {}, {}
    for kind, account, buyer, moved, amount in database.execute(
            "SELECT transaction_type, account_id, buyer_id, shares_raw, amount_raw FROM t_asset_flows"):
        usd = int(amount) / 1e6
        money[kind] = money.get(kind, 0) + usd
        shares[kind] = shares.get(kind, 0) + int(moved) / 1e18
        if kind in ("distribution", "withdrawal"):
            move(account, "dividends", usd if kind == "withdrawal" else -usd)
        elif kind in ("acceptance", "redemption"):
            move(account, "tenders", usd)
            move(buyer, "tenders", -usd)
    for seller, buyer, amount, price, fee in database.execute(
            "SELECT seller_id, buyer_id, amount_raw, price_raw, fee_raw FROM t_market_events "
            "WHERE transaction_type = 'sold' AND item_token_id = ?", (art,)):
        shares["sale"] = shares.get("sale", 0) + int(amount) / 1e18
        money["sale"] = money.get("sale", 0) + int(price) / 1e6
        move(buyer, "auctions", -int(price) / 1e6)
        move(seller, "auctions", (int(price) - int(fee)) / 1e6)
    for maker, taker, side, amount, price, maker_fee, taker_fee in database.execute(
            "SELECT maker_id, taker_id, side, base_amount_raw, quote_amount_raw, maker_fee_raw, taker_fee_raw FROM t_dex_fills"):
        seller, buyer, fee = (maker, taker, maker_fee) if side == "sell" else (taker, maker, taker_fee)
        shares["book"] = shares.get("book", 0) + int(amount) / 1e18
        money["book"] = money.get("book", 0) + int(price) / 1e6
        move(seller, "books", (int(price) - int(fee)) / 1e6)
        move(buyer, "books", -int(price) / 1e6)

    tendered = {of: sum(sums.get(kind, 0) for kind in ("acceptance", "redemption"))
                for of, sums in (("shares", shares), ("money", money))}
    expected = {"distributed_usd": money["distribution"], "withdrawn_usd": money["withdrawal"],
                "withdrawn_share": money["withdrawal"] / money["distribution"], "sold_usd": money["sale"],
                "traded_usd": money["book"], "tendered_usd": tendered["money"], "sold_share": shares["sale"] / 1_000,
                "sale_price": money["sale"] / shares["sale"], "book_price": money["book"] / shares["book"],
                "bought_share": tendered["shares"] / 1_000, "redeemed_share": shares.get("redemption", 0) / 1_000}
    if tendered["shares"]:
        expected["tender_price"] = tendered["money"] / tendered["shares"]
    for key, value in expected.items():
        near(section[key], value, key)
    row = section["assets"][0]
    near(row["traded_share"], shares["book"] / 1_000, "traded_share")
    near(row["accepted_share"], shares.get("acceptance", 0) / 1_000, "accepted_share")
    earned = {row["group"]: row for row in section["earned"]}
    for group, purse in purses.items():
        for kind, usd in purse.items():
            near(earned[group][f"{kind}_usd"], usd, f"{group}: {kind}")
        near(earned[group]["all_usd"], sum(purse.values()), group)


def dividends(check: Checks, database: sqlite3.Connection) -> None:
    """What a holder has withdrawn is his part of each distribution, by the shares that he had then: to the unit by the register's own
    formula, and but for what waits for the next distribution by exact fractions."""
    art, account = database.execute("SELECT id, account_id FROM t_contracts WHERE name = 'ART'").fetchone()
    held = {owner: int(balance) for owner, balance in
            database.execute("SELECT account_id, balance FROM t_starting_balances WHERE token_id = ?", (art,))}
    nominees = {number for number, in database.execute("SELECT account_id FROM t_contracts WHERE name IN ('book', 'market')")}
    # Money that comes to the register, and goes from it, stands for its calls: by log, as the shares' own transfers do.
    usdc = database.execute("SELECT contract_id FROM t_tokens WHERE symbol = 'USDC'").fetchone()[0]
    flows: dict[tuple[int, int], list] = {}
    for block, transaction, kind, who, amount in database.execute(
            "SELECT block_number, transaction_index, transaction_type, account_id, amount_raw FROM t_asset_flows "
            "WHERE transaction_type IN ('distribution', 'withdrawal') ORDER BY block_number, event_index"):
        flows.setdefault((block, transaction), []).append((kind, who, int(amount)))
    exact: dict[int, fractions.Fraction] = {}
    owed: dict[int, int] = {}  # In 2^-64.
    paid: dict[int, int] = {}
    supply = sum(held.values())
    compared = carry = distributions = 0
    for block, transaction, token, sender, receiver, value in database.execute(
            "SELECT block_number, transaction_index, contract_id, from_id, to_id, value FROM t_token_transfers "
            "ORDER BY block_number, log_index"):
        value = int(value)
        if token == art:
            held[sender] = held.get(sender, 0) - value
            held[receiver] = held.get(receiver, 0) + value
        elif token == usdc and account in (sender, receiver):
            waiting = flows.get((block, transaction), [])
            if receiver == account and ("distribution", sender, value) in waiting:
                earning = {who: shares for who, shares in held.items() if shares and who not in nominees}
                total = sum(earning.values())
                distributions += 1
                each, carry = divmod((value << 64) + carry, total)
                for who, shares in earning.items():
                    exact[who] = exact.get(who, fractions.Fraction(0)) + fractions.Fraction(value * shares, total)
                    owed[who] = owed.get(who, 0) + each * shares
            elif sender == account and ("withdrawal", receiver, value) in waiting:
                paid[receiver] = paid.get(receiver, 0) + value
                check(paid[receiver] == owed[receiver] >> 64, f"account {receiver}: {paid[receiver]} of {owed[receiver] / 2**64}")
                off = abs(exact[receiver] - paid[receiver])
                check(off < 1 + distributions * fractions.Fraction(supply, 2**64), f"account {receiver}: {float(off)} units off")
                compared += 1
    check(compared > 50, f"withdrawals compared: {compared}")


def main() -> None:
    runnel, source, check = Runnel(sys.argv[1]), pathlib.Path(sys.argv[2]), Checks()
    scenario = source / "scenarios" / "art_shares.toml"
    head = scenario.read_text().split("[scenario]")[0]
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, changes in WAYS.items():
            check(all(f"--set {value}" in head for value in changes[1::2]), f"{name}: the file names its variation")
            ledger = pathlib.Path(folder) / "art.db"
            runnel.json("run", scenario, "--db", ledger, "--durability", "off", *changes)
            section = runnel.json("report", ledger, "--section", "assets")["assets"]
            with contextlib.closing(sqlite3.connect(ledger)) as database:
                agree(lambda holds, what, name=name: check(holds, f"{name}: {what}"), database, section)
                dividends(lambda holds, what, name=name: check(holds, f"{name}: {what}"), database)
                # Of what it sells the book keeps a part as its fee, and nobody fetches that.
                section["house"] = int(database.execute(
                    "SELECT sum(CAST(available_raw AS REAL)) FROM t_dex_book_balances b JOIN t_addresses a ON a.id = b.account_id "
                    "WHERE a.name = 'house' AND token_id = ? AND b.block_number = (SELECT max(number) FROM t_blocks)",
                    (art_of(database),)).fetchone()[0]) / 1e18
                section["refunds"] = database.execute(
                    "SELECT count(*) FROM t_asset_flows WHERE transaction_type = 'refund'").fetchone()[0]
                section["locked"] = database.execute(
                    "SELECT locked_raw FROM t_asset_states ORDER BY rowid DESC LIMIT 1").fetchone()[0]
            found[name] = section
            if "--table" in sys.argv:
                print(name, {key: value for key, value in section.items() if not isinstance(value, list)})
                for row in section["earned"]:
                    print("   ", row)
            ledger.unlink()

    sold, little, refused = (found[name] for name in WAYS)
    earned = {row["group"]: row for row in sold["earned"]}
    check(sold["sold_share"] == 0.8, f"the auction sells out: {sold['sold_share']}")
    check(200 < sold["sale_price"] < 320, f"who likes it most buys first, and pays most: {sold['sale_price']}")
    check(sold["tender_price"] > sold["sale_price"], "it takes a premium to buy all of it")
    check(sold["redeemed_share"] > 0 and abs(sold["bought_share"] - 1 + sold["house"] / 1_000) < 1e-9,
          f"above the threshold who is left is bought out: {sold['redeemed_share']}, {sold['bought_share']}, {sold['house']}")
    check(earned["investor"]["all_usd"] > 0, f"investors gain by the tender: {earned['investor']}")
    check(0.8 <= sold["withdrawn_share"] <= 1, f"dividends are fetched: {sold['withdrawn_share']}")
    for name, section in (("too little", little), ("one is enough", refused)):
        check(section["bought_share"] < 1 and section["redeemed_share"] == 0, f"{name}: nobody is bought out")
        check(section["refunds"] > 0 and section["locked"] == "0", f"{name}: the money goes back")
    check.finish()


if __name__ == "__main__":
    main()
