#!/usr/bin/env python3
"""Each attack pays where it is open, and nowhere else: docs/attacks.md.

Usage: attacks.py RUNNEL SOURCE_DIR
"""
import pathlib
import sqlite3
import sys
import tempfile

from support import Checks, Runnel


class Run:
    """A ledger of a scenario, and what groups have gained in it."""

    def __init__(self, runnel: Runnel, check: Checks, scenario: pathlib.Path, folder: pathlib.Path, *values: str):
        self.ledger = folder / f"{scenario.stem}_{len(values)}.db"
        options = [option for value in values for option in ("--set", value)]
        done = runnel("run", scenario, "--db", self.ledger, "--quiet", "--force", *options)
        check(done.returncode == 0, f"{scenario.stem} {values}: runs: {done.stderr}")
        check(runnel("verify", self.ledger).returncode == 0, f"{scenario.stem} {values}: verifies")
        unexplained = self.rows("SELECT count(*) FROM t_truth_transactions WHERE purpose IN ('attack', 'fraud', 'phishing', 'wash_trade') "
                                "AND (incident IS NULL OR controller_id IS NULL)")
        check(unexplained == [(0,)], f"{scenario.stem} {values}: steps of no incident: {unexplained}")
        report = runnel.json("report", self.ledger, "--section", "wallets")["wallets"]
        self.changes = {(row["group"], row["token"]): int(row["balance_change_raw"]) for row in report["changes"]}
        self.fees = {row["group"]: int(row["fees_raw"]) for row in report["groups"]}

    def gain(self, group: str, token: str) -> int:
        return self.changes.get((group, token), 0)

    def rows(self, query: str) -> list[tuple]:
        with sqlite3.connect(self.ledger) as database:
            return database.execute(query).fetchall()


def inflation(run, check):
    open_ = run("vault_inflation")
    gain = open_.gain("attacker", "USDC")
    check(gain >= 3 * 20_000 * 10**6, f"inflation: gains what it wanted: {gain}")
    empty = open_.rows("SELECT count(*) FROM t_vault_flows WHERE transaction_type = 'deposit' AND share_amount_raw = '0'")
    check(empty[0][0] > 10, f"inflation: deposits for nothing: {empty}")
    closed = run("vault_inflation", "tokens.vault.virtual_shares=true")
    check(-2_000 <= closed.gain("attacker", "USDC") < 0, f"inflation: closed: {closed.gain('attacker', 'USDC')}")
    check(closed.rows("SELECT count(*) FROM t_vault_flows WHERE share_amount_raw = '0'")[0][0] == 0,
          "inflation: closed: everybody has shares")
    small = run("vault_inflation", "agents.attacker.gift=500")
    check(small.gain("attacker", "USDC") < gain / 4, f"inflation: a small gift: {small.gain('attacker', 'USDC')}")


def reentrancy(run, check):
    open_ = run("reentrancy")
    gain = open_.gain("attacker", "ETH") + open_.gain("attacker", "WETH")
    check(gain > 100 * 10**18, f"reentrancy: gains: {gain}")
    closed = run("reentrancy", "contracts.lender.careful=true")
    loss = closed.gain("attacker", "ETH") + closed.gain("attacker", "WETH")
    # A block's interest is his, and his gas is not.
    check(-closed.fees["attacker"] <= loss < 0, f"reentrancy: careful: {loss}, gas {closed.fees['attacker']}")
    once = run("reentrancy", "agents.attacker.times=1", "agents.attacker.strikes=1")
    twice = once.gain("attacker", "ETH") + once.gain("attacker", "WETH") + once.fees["attacker"]
    claim = once.rows("SELECT DISTINCT amount_raw FROM t_lending_supply s JOIN t_addresses a ON a.id = s.depositor_id "
                      "WHERE transaction_type = 'supply' AND a.name = 'attacker/0'")
    check([(str(twice),)] == claim, f"reentrancy: once again is twice: {twice}, {claim}")


def flash_loan(run, check):
    open_ = run("flash_loan_attack")
    gain = open_.gain("attacker", "WETH") / 1e18
    check(0.9 * 2_378 <= gain <= 1.1 * 2_378, f"flash loan: bZx 2 within a tenth: {gain}")
    check(open_.rows("SELECT count(*) FROM t_lending_flashloans")[0][0] == 1, "flash loan: one")
    for value in ("contracts.susd_price.window=30m", "contracts.bzx.oracle=reported"):
        closed = run("flash_loan_attack", value)
        check(closed.gain("attacker", "WETH") == 0 and closed.gain("attacker", "ETH") <= 0,
              f"flash loan: {value}: {closed.gain('attacker', 'WETH')}")
        check(closed.rows("SELECT count(*) FROM t_lending_flashloans")[0][0] == 0, f"flash loan: {value}: none")
    better = run("flash_loan_attack", "agents.attacker.push=3_000", "agents.attacker.buy=4_400")
    check(better.gain("attacker", "WETH") / 1e18 > gain, f"flash loan: better sizes: {better.gain('attacker', 'WETH')}")


def governance(run, check):
    treasury, votes = 1_200_000 * 10**6, "SELECT sum(CAST(weight AS INTEGER)) FROM t_governor_votes v JOIN t_addresses a ON a.id = v.voter_id "
    open_ = run("governance_takeover")
    check(open_.gain("attacker", "USDC") == treasury, f"governance: all of the treasury: {open_.gain('attacker', 'USDC')}")
    loans = open_.rows("SELECT amount_raw FROM t_lending_flashloans")
    check(len(loans) == 1, f"governance: one loan: {loans}")
    borrowed = int(loans[0][0])
    # Aave's fee, half up; what he had locked to propose is his again.
    check(open_.gain("attacker", "BEAN") == -((borrowed * 9 + 5_000) // 10_000),
          f"governance: paid the fee of {borrowed}: {open_.gain('attacker', 'BEAN')}")
    his = open_.rows(votes + "WHERE a.name = 'attacker/0'")[0][0]
    others = open_.rows("SELECT sum(CAST(l.locked AS INTEGER)) FROM t_governor_locks l JOIN (SELECT voter_id, max(rowid) AS id "
                        "FROM t_governor_locks GROUP BY voter_id) n ON n.id = l.rowid")[0][0]
    check(3 * his >= 2 * (his + others) > 3 * (his - 2), f"governance: two thirds, and no more: {his} and {others}")
    closed = run("governance_takeover", "contracts.governor.past_votes=true")
    check(closed.gain("attacker", "USDC") == 0 and closed.gain("attacker", "ETH") <= 0, "governance: votes of the past")
    check(closed.rows("SELECT count(*) FROM t_lending_flashloans")[0][0] == 0, "governance: votes of the past: no loan")
    late = run("governance_takeover", 'contracts.governor.emergency_delay="4d"')
    check(late.gain("attacker", "USDC") == 0 and late.gain("attacker", "BEAN") == 0 and late.gain("attacker", "ETH") < 0,
          f"governance: too late: {late.gain('attacker', 'USDC')}, {late.gain('attacker', 'BEAN')}")


def vault_price(run, check):
    once = run("vault_manipulation", "agents.attacker.strikes=1")
    gain = once.gain("attacker", "USDC") + once.gain("attacker", "USDT")
    paid = int(once.rows("SELECT asset_amount_raw FROM t_vault_flows f JOIN t_addresses a ON a.id = f.owner_id "
                         "WHERE a.name = 'attacker/0' AND transaction_type = 'deposit'")[0][0])
    check(0.9 * 0.012 <= gain / paid <= 1.1 * 0.012, f"vault price: Harvest's 1.2 % a time within a tenth: {gain} of {paid}")
    open_ = run("vault_manipulation")
    many = open_.gain("attacker", "USDC") + open_.gain("attacker", "USDT")
    check(open_.rows("SELECT count(*) FROM t_lending_flashloans")[0][0] == 2 * 17, "vault price: two loans, 17 times")
    check(gain < many < 17 * gain, f"vault price: less each time: {many}")
    closed = run("vault_manipulation", "tokens.vault.fair_value=true")
    check(closed.gain("attacker", "USDC") == closed.gain("attacker", "USDT") == 0, "vault price: fair value")
    check(closed.rows("SELECT count(*) FROM t_lending_flashloans")[0][0] == 0, "vault price: fair value: no loan")


LOCKED = ('positions.launch={ by = "liquidity", count = 1, pool = "moon_weth", token = "WETH", amount = 20 }',
          'tokens.MOON.minter=""')


def rug_pull(run, check):
    spent = 20 * 10**18  # What the promoter puts into the pool.
    open_ = run("rug_pull")
    gain = open_.gain("promoter", "WETH") - spent
    check(gain > 10 * 10**18, f"rug pull: takes what buyers brought: {gain}")
    check(0 <= open_.gain("buyer", "WETH") + gain <= 10**16, f"rug pull: of theirs: {open_.gain('buyer', 'WETH')}")
    left = open_.rows("SELECT reserve FROM t_dex_pools p JOIN t_contracts t ON t.id = p.token_id WHERE t.name = 'WETH' "
                      "ORDER BY p.rowid DESC LIMIT 1")
    check(int(left[0][0]) < spent / 100, f"rug pull: the pool is empty: {left}")
    closed = run("rug_pull", *LOCKED)
    check(closed.gain("promoter", "WETH") == 0, f"rug pull: locked: {closed.gain('promoter', 'WETH')}")
    check(closed.gain("promoter", "MOON") == 0, "rug pull: locked: nothing made")
    check(closed.gain("buyer", "WETH") < 0, "rug pull: locked: people buy all the same")


# The pool is locked and nobody can make more, but he has a tenth more of the token, whose blacklist is his.
KEEPER = (*LOCKED, "agents.promoter.funds.MOON=100", 'tokens.MOON.kind="fiat_token"', 'tokens.MOON.blacklister="promoter/0"')
SALES = """SELECT count(*) FROM t_dex_trades d JOIN t_contracts s ON s.id = d.token_sold_id
           JOIN t_transactions x USING (block_number, transaction_index) JOIN t_addresses f ON f.id = x.from_id
           WHERE s.name = 'MOON' AND f.name LIKE 'buyer/%'"""


def freezing(run, check):
    idle = run("rug_pull", *KEEPER)
    check(idle.rows(SALES)[0][0] > 10, f"freezing: where he does not, buyers sell: {idle.rows(SALES)}")
    open_ = run("rug_pull", *KEEPER, 'agents.promoter.victims="buyer"')
    # Who sells within two minutes of his purchase is not frozen yet.
    sold, idle_sold = open_.rows(SALES)[0][0], idle.rows(SALES)[0][0]
    check(sold < idle_sold / 3, f"freezing: few sell: {sold} of {idle_sold}")
    frozen = open_.rows("SELECT count(*) FROM t_fiat_token_blacklisted")[0][0]
    check(frozen > 30, f"freezing: buyers are frozen: {frozen}")
    check(open_.gain("promoter", "WETH") > 0, f"freezing: he gains: {open_.gain('promoter', 'WETH')}")
    check(open_.gain("buyer", "WETH") < idle.gain("buyer", "WETH") < 0,
          f"freezing: they lose more: {open_.gain('buyer', 'WETH')}, {idle.gain('buyer', 'WETH')}")


WARNED = ("agents.holder.warned=true", "agents.payer.compares=true")
STOLEN = """SELECT coalesce(sum(CAST(value AS REAL)), 0) FROM t_token_transfers t JOIN t_addresses f ON f.id = t.from_id
            JOIN t_addresses a ON a.id = t.to_id WHERE f.name LIKE 'payer/%' AND a.name LIKE '0x%'"""


def phishing(run, check):
    open_ = run("phishing")
    gain = open_.gain("phisher", "USDC")
    check(gain > 10_000 * 10**6, f"phishing: gains: {gain}")
    check(open_.gain("holder", "USDC") == -gain, "phishing: of theirs")
    stolen = open_.rows(STOLEN)[0][0]
    check(stolen > 1_000 * 10**6, f"poisoning: gains: {stolen}")
    check(stolen == -open_.gain("payer", "USDC") - open_.gain("shop", "USDC"), "poisoning: what shops did not get")
    closed = run("phishing", *WARNED)
    check(closed.gain("phisher", "USDC") == 0, f"phishing: warned: {closed.gain('phisher', 'USDC')}")
    check(closed.rows(STOLEN)[0][0] == 0, "poisoning: compared")
    check(closed.gain("poisoner", "ETH") < 0, "poisoning: has paid its gas")
    tenth = run("phishing", "agents.holder.allowance=0.1")
    check(0 < tenth.gain("phisher", "USDC") < gain / 3, f"phishing: a limit: {tenth.gain('phisher', 'USDC')}")


VOLUME = """SELECT coalesce(sum(CAST(CASE WHEN b.name = 'USDC' THEN token_bought_amount_raw ELSE token_sold_amount_raw END AS REAL)), 0)
            FROM t_dex_trades d JOIN t_contracts b ON b.id = d.token_bought_id JOIN t_contracts p ON p.id = d.contract_id
            JOIN t_transactions x USING (block_number, transaction_index) JOIN t_addresses f ON f.id = x.from_id
            WHERE p.name = '%s' AND f.name %s LIKE 'washer/%%'"""


def wash_trading(run, check):
    open_ = run("wash_trading")
    washed, honest = (open_.rows(VOLUME % ("leaf_usdc", word))[0][0] for word in ("", "NOT"))
    check(washed > honest > 0, f"wash trading: more than half of the volume: {washed} of {washed + honest}")
    check(open_.rows(VOLUME % ("grass_usdc", ""))[0][0] == 0, "wash trading: GRASS is traded honestly")
    loss = -open_.gain("washer", "USDC")
    left = open_.gain("washer", "LEAF") / 1e18 * 1e6
    check(0 < loss - left < 0.02 * washed, f"wash trading: costs fees, about 0.3 % of each trade: {loss} of {washed}")
    closed = run("wash_trading", "agents.washer.trades=0")
    check(closed.gain("washer", "USDC") == 0, "wash trading: without")


def main() -> None:
    runnel, source, check = Runnel(sys.argv[1]), pathlib.Path(sys.argv[2]), Checks()
    with tempfile.TemporaryDirectory() as folder:
        def run(name: str, *values: str) -> Run:
            return Run(runnel, check, source / "scenarios" / f"{name}.toml", pathlib.Path(folder), *values)

        for attack in (inflation, reentrancy, flash_loan, governance, vault_price, rug_pull, freezing, phishing, wash_trading):
            if not sys.argv[3:] or attack.__name__ in sys.argv[3:]:
                attack(run, check)
    check.finish()


if __name__ == "__main__":
    main()
