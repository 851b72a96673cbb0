#!/usr/bin/env python3
"""dss_black_thursday says what its documentation says.

As shipped the bad debt lies in the recorded band and keepers were kept out; with keepers who get in and sell first, which the file's
head names, there is next to none. What tables of the sector say is what dss's own tables say, and the books of the report agree with both.

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
    check.finish()


if __name__ == "__main__":
    main()
