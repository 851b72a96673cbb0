#!/usr/bin/env python3
"""dss_black_thursday and mkr_debt_auctions_2020 say what their documentation says.

As shipped the bad debt lies in the recorded band and keepers were kept out; with keepers who get in and sell first, which the file's
head names, there is next to none. What tables of the sector say is what dss's own tables say, and the books of the report agree with both.
New MKR pays the debt at a price within the recorded one's range, and does not where a fund's Dai is missing.

Usage: stablecoins.py RUNNEL SOURCE_DIR
"""
import pathlib
import sqlite3
import sys
import tempfile

from support import Checks, Runnel

PROMPT = ["--set", "agents.keeper.max_fee=2000", "--set", "agents.keeper.sells_first=1"]


def tables_agree(check: Checks, ledger: pathlib.Path) -> None:
    """Every log of dss beside the row of its sector: amounts in rad there, in wad here, rounded up."""
    with sqlite3.connect(ledger) as database:
        def rows(query: str) -> list[tuple]:
            return database.execute(query).fetchall()

        starts = rows("SELECT auction, owner_id, collateral_raw, debt_raw FROM t_collateral_auctions "
                      "WHERE transaction_type = 'start' ORDER BY rowid")
        barks = rows("SELECT id, urn_id, ink, due FROM t_makerdao_barks ORDER BY rowid")
        check(len(barks) > 20, f"positions are auctioned: {len(barks)}")
        check(starts == [(i, urn, ink, str(-(-int(due) // 10**27))) for i, urn, ink, due in barks],
              "auctions start as the dog barks")
        takes = rows("SELECT auction, paid_raw, wanted_raw FROM t_collateral_auctions "
                     "WHERE transaction_type = 'take' ORDER BY rowid")
        logs = rows("SELECT id, owe, tab FROM t_makerdao_clip_takes ORDER BY rowid")
        check(takes == [(i, *(str(-(-int(rad) // 10**27)) for rad in (owe, tab))) for i, owe, tab in logs],
              "purchases are the clipper's")
        # A position is what its changes and auctions come to.
        held: dict[int, list[int]] = {}
        for account, locked, freed in rows("SELECT account_id, locked_raw, freed_raw FROM t_debt_changes"):
            held.setdefault(account, []).append(int(locked) - int(freed))
        for account, taken in rows("SELECT owner_id, collateral_raw FROM t_collateral_auctions "
                                   "WHERE transaction_type = 'start'"):
            held[account].append(-int(taken))
        stated = {account: int(locked) for account, locked in rows(
            "SELECT account_id, collateral_raw FROM t_debt_positions WHERE block_number = "
            "(SELECT max(block_number) FROM t_debt_positions)")}
        wrong = {account for account, changes in held.items() if sum(changes) != stated.get(account, 0)}
        check(not wrong and len(held) > 100, f"positions are the sum of their changes: {len(held)}, not {wrong}")
        supply, = rows("SELECT supply FROM t_debt_books ORDER BY rowid DESC LIMIT 1")[0]
        minted = sum(int(drawn) - int(repaid) for drawn, repaid in
                     rows("SELECT drawn_raw, repaid_raw FROM t_debt_changes"))
        check(int(supply) > 0 and minted > 0, "Dai is drawn")


LOT = 50_000


def debt_auctions(runnel: Runnel, check: Checks, scenario: pathlib.Path, ledger: pathlib.Path, *options) -> tuple[dict, dict]:
    """Runs it and checks the sector's table against dss's logs and MKR's transfers. Returns the report's row and the last books."""
    runnel.json("run", scenario, "--db", ledger, "--force", "--durability", "off", *options, timeout=600)
    report = runnel.json("report", ledger, "--section", "backstops")
    with sqlite3.connect(ledger) as database:
        def rows(query: str) -> list[tuple]:
            return database.execute(query).fetchall()

        refused, = rows("SELECT count(*) FROM t_transactions x JOIN t_addresses a ON a.id = x.from_id "
                        "WHERE receipt_status = 0 AND a.name IN ('vault', 'feeder')")[0]
        check(refused == 0, f"the script runs: {refused}")
        starts = rows("SELECT auction, won_raw FROM t_backstop_auctions WHERE transaction_type = 'start' ORDER BY rowid")
        check(starts == rows("SELECT id, lot FROM t_makerdao_flop_kicks ORDER BY rowid"), "auctions start as flops do")
        settled = rows("SELECT bidder_id, won_raw, given_raw FROM t_backstop_auctions "
                       "WHERE transaction_type = 'settle' AND kind = 'deficit' ORDER BY rowid")
        minted = rows("SELECT t.to_id, t.value FROM t_token_transfers t JOIN t_contracts c ON c.id = t.contract_id "
                      "WHERE c.name = 'MKR' AND t.from_id = 0 AND t.block_number > 0 ORDER BY t.rowid")
        check([row[:2] for row in settled] == minted, "what is won is minted for the winner")
        check(all(int(given) == LOT * 10**18 for _, _, given in settled), "for 50,000 Dai each")
        bids: dict[int, int] = {}
        falling = True
        for action, number, won in rows("SELECT transaction_type, auction, won_raw FROM t_backstop_auctions "
                                        "WHERE transaction_type IN ('start', 'bid') ORDER BY rowid"):
            falling = falling and (action == "start" or int(won) * 1.03 <= bids[number] * (1 + 1e-12))
            bids[number] = int(won)
        check(falling, "each bid is better by 3 %")
        wait, = rows("SELECT min(b.timestamp) - (SELECT timestamp FROM t_blocks WHERE number = 2) FROM t_backstop_auctions a "
                     "JOIN t_blocks b ON b.number = a.block_number")[0]
        check(wait >= 561_600, f"none starts before the queue's six and a half days: {wait}")
        deficit, = rows("SELECT deficit FROM t_debt_books ORDER BY rowid DESC LIMIT 1")[0]
    row, = report["backstops"]["auctions"]
    mkr = sum(int(won) for _, won, _ in settled) / 1e18
    check(row["settled"] == len(settled) and abs(row["price"] - len(settled) * LOT / mkr) < 1e-6, f"the report says so: {row}")
    return row, {"deficit": int(deficit) / 1e18, "mkr": mkr}


def check_debt_auctions(runnel: Runnel, check: Checks, scenario: pathlib.Path, folder: pathlib.Path) -> None:
    row, books = debt_auctions(runnel, check, scenario, folder / "flops.db")
    print(f"flops: {row}, {books}")
    check(row["settled"] == 106 and books["deficit"] < LOT, f"all is paid but what is less than a lot: {row}")
    check(200 < row["price"] < 289.6, f"at a price within the recorded lots': {row}")
    check(row["price_share"] < 1, f"for less than they cost outside: {row}")
    check(0.34 < row["top_share"] < 0.7, f"a fund wins most of them: {row}")
    alone, owed = debt_auctions(runnel, check, scenario, folder / "no_fund.db", "--set", "agents.fund.count=0")
    print(f"without the fund: {alone}, {owed}")
    check(0 < alone["settled"] < 80 and owed["deficit"] > 1_000_000, f"without the fund debt stays: {alone}, {owed}")


def main() -> None:
    runnel, source, check = Runnel(sys.argv[1]), pathlib.Path(sys.argv[2]), Checks()
    scenario = source / "scenarios" / "dss_black_thursday.toml"
    head = scenario.read_text().split("[scenario]")[0]
    check(" ".join(PROMPT) in head.replace("\n", " "), "the file names its variation")
    with tempfile.TemporaryDirectory() as folder:
        ledger = pathlib.Path(folder) / "late.db"
        runnel.json("run", scenario, "--db", ledger, "--durability", "off", timeout=600)
        report = runnel.json("report", ledger)
        late = report["debt_positions"]
        check(0.01 <= late["bad_debt_share"] <= 0.06, f"bad debt is in the recorded band: {late['bad_debt_share']}")
        check(late["cheap_share"] > 0.1, f"much is sold for less than half of its worth: {late['cheap_share']}")
        check(report["books"]["balanced"] is True, "the books balance")
        tables_agree(check, ledger)
        prompt = pathlib.Path(folder) / "prompt.db"
        runnel.json("run", scenario, "--db", prompt, "--durability", "off", *PROMPT, timeout=600)
        now = runnel.json("report", prompt)["debt_positions"]
        check(now["bad_debt_share"] < 0.005, f"with keepers who get in there is none: {now['bad_debt_share']}")
        check(now["paid_share"] > late["paid_share"] + 0.2, f"and they pay more: {now['paid_share']}")
        check(now["auctions"] > 20, f"of as many auctions: {now['auctions']}")
        check_debt_auctions(runnel, check, source / "scenarios" / "mkr_debt_auctions_2020.toml", pathlib.Path(folder))
    check.finish()


if __name__ == "__main__":
    main()
