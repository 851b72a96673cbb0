#!/usr/bin/env python3
"""insurance_claim says what docs/cover_pool.md expects of it: who bears a loss with cover, without, and with too little capital.

Usage: insurance.py RUNNEL SOURCE_DIR
"""
import contextlib
import pathlib
import sqlite3
import sys
import tempfile

from support import Checks, Runnel

NOBODY = ["--set", "agents.insured.rate_max=0", "--set", "agents.insured_old.rate_max=0"]
SHORT = ["--set", "tokens.cover.cover_limit_bps=100_000", "--set", "tokens.cover.product_limit_bps=80_000",
         "--set", "agents.underwriter.count=1"]
BRIBED = ["--set", "agents.assessor.bribed_share=0.6"]


def lost(report: dict, ledger: sqlite3.Connection) -> float:
    """What both markets have lost, in USD: debt that nothing secures, and what was written off."""
    written_off = sum(int(amount) for amount, in ledger.execute("SELECT amount_created FROM aave_v3_deficits"))
    return report["bad_debt"]["bad_debt_usd"] + written_off * 1e-6


def paid_shares(ledger: sqlite3.Connection) -> dict[int, list[float]]:
    """Of each incident, what its claims were paid of what they were owed."""
    shares: dict[int, list[float]] = {}
    query = "SELECT incident_number, owed_raw, paid_raw FROM insurance_claims WHERE transaction_type = 'payout'"
    if ledger.execute("SELECT 1 FROM sqlite_master WHERE name = 'insurance_claims'").fetchone():
        for incident, owed, paid in ledger.execute(query):
            shares.setdefault(incident, []).append(int(paid) / int(owed))
    return shares


def main() -> None:
    runnel, source, check = Runnel(sys.argv[1]), pathlib.Path(sys.argv[2]), Checks()
    scenario = source / "scenarios" / "insurance_claim.toml"
    head = " ".join(line.lstrip("# ") for line in scenario.read_text().split("[scenario]")[0].splitlines())
    with tempfile.TemporaryDirectory() as folder:
        def told(name: str, changes: list[str]) -> dict:
            values = changes[1::2]
            check(all(f"--set {value}" in head for value in values), f"{name}: the file names its variation")
            ledger = pathlib.Path(folder) / f"{name}.db"
            runnel.json("run", scenario, "--db", ledger, "--durability", "off", *changes, timeout=600)
            report = runnel.json("report", ledger)
            check(report["books"]["balanced"] is True, f"{name}: the books balance")
            with contextlib.closing(sqlite3.connect(ledger)) as database:
                insurance = report["insurance"] | {"lost": lost(report, database), "shares": paid_shares(database)}
            ledger.unlink()
            return insurance

        covered = told("covered", [])
        bearers = {row["who"]: row for row in covered["bearers"]}
        phases = sorted(row["phase"] for row in covered["incidents"])
        check(phases == ["settled", "settled"], f"both losses are settled: {phases}")
        check(covered["claims"] > 20, f"many claim: {covered['claims']}")
        check(covered["paid_share"] == 1, f"capital is enough: {covered['paid_share']}")
        check(0.4 <= covered["insured_paid_share"] <= 1, f"most of the loss is made good: {covered['insured_paid_share']}")
        check(bearers["others"]["paid_usd"] == 0, "who bought no cover is paid nothing")
        check(covered["underwriters_usd"] < 0, f"underwriters bear it: {covered['underwriters_usd']}")
        check(covered["loss_ratio"] > 1, f"premiums do not pay for a crash: {covered['loss_ratio']}")
        verdict = covered["verdicts"][0]
        check(verdict["accepted"] is True, f"assessors accept what was lost: {verdict}")

        bare = told("bare", NOBODY)
        check(bare["covers"] == 0 and bare["paid_usd"] == 0, "nobody is covered, nobody is paid")
        check(abs(bare["lost"] / covered["lost"] - 1) < 0.01, f"covers move a loss: {bare['lost']}, {covered['lost']}")
        check(bare["underwriters_usd"] == 0, f"and capital costs and earns nothing: {bare['underwriters_usd']}")

        short = told("short", SHORT)
        check(0 < short["paid_share"] < 1, f"capital falls short: {short['paid_share']}")
        check(short["insured_paid_share"] < covered["insured_paid_share"], "the insured get less")
        check(short["pools"][0]["capital"] < 1, f"nothing is left: {short['pools']}")
        for incident, shares in short["shares"].items():
            check(max(shares) - min(shares) < 1e-6, f"incident {incident}: all claims get the same share: {shares}")
        check(any(max(shares) < 1 for shares in short["shares"].values()), "and of some incident less than all")
        for row in short["incidents"]:
            check(row["phase"] in ("settled", "denied"), f"what is open is ended: {row}")

        bribed = told("bribed", BRIBED)
        check(bribed["verdicts"][0]["accepted"] is False, f"bribes deny what was lost: {bribed['verdicts']}")
        check(bribed["claims"] < covered["claims"], "and the old market's depositors cannot claim")
    check.finish()


if __name__ == "__main__":
    main()
