#!/usr/bin/env python3
"""Risk over several ledgers, against the same computed here from their rows and reports.

Usage: risk.py RUNNEL SOURCE_DIR
"""
import math
import pathlib
import sqlite3
import statistics
import sys
import tempfile

from support import Checks, Runnel

SEEDS = 4
# Two days and a half of slots of 90 seconds: prices fall, loans are liquidated.
RUN = ["--blocks", 2400, "--set", "scenario.slot_seconds=90", "--quiet"]
YEAR = 365 * 86400


def near(a, b, share=1e-9):
    return abs(a - b) <= share * max(abs(a), abs(b)) + 1e-12


def tail(losses, confidence):
    losses = sorted(losses)
    n = len(losses)
    value = losses[math.ceil(confidence * n - 1e-9) - 1]
    return value, value + sum(loss - value for loss in losses if loss > value) / ((1 - confidence) * n)


def check_tails(check, risk, reports, confidence):
    runs = {row["key"]: row for row in risk["tails"]["runs"]}
    accounts = {row["key"]: row for row in risk["tails"]["accounts"]}
    wanted = {
        "bad_debt": [report["bad_debt"]["bad_debt_usd"] for report in reports],
        "liquidated": [report["liquidations"]["debt_repaid_usd"] for report in reports],
    }
    for key, losses in wanted.items():
        row = runs[key]
        value, shortfall = tail(losses, confidence)
        check(row["count"] == SEEDS and near(row["mean"], statistics.fmean(losses)) and near(row["worst"], max(losses)), f"{key}: {row}")
        check(near(row["value_at_risk"], value) and near(row["expected_shortfall"], shortfall), f"{key}: {row}, {losses}")
        check(row["value_at_risk_high"] is None, f"{key}: four runs bound nothing from above: {row}")
    check(max(wanted["liquidated"]) > min(wanted["liquidated"]) > 0, f"seeds differ: {wanted}")
    gains = [row["gross_profit_usd"] / row["debt_repaid_usd"] for report in reports for row in report["liquidations"]["liquidators"]
             if row["debt_repaid_usd"] >= 1]
    value, shortfall = tail([-gain for gain in gains], confidence)
    row = accounts["liquidators"]
    check(row["count"] == len(gains) and near(row["value_at_risk"], value, 1e-6) and near(row["expected_shortfall"], shortfall, 1e-6),
          f"liquidators: {row}")
    people = sum(row["accounts"] for report in reports for row in report["providers"]["results"])
    row = accounts["providers"]
    check(0 < row["count"] <= people, f"providers: {row}, {people}")
    check(-0.5 < row["mean"] < 0.5 and row["value_at_risk"] <= row["expected_shortfall"] <= row["worst"] < 1, f"providers: {row}")


def check_prices(check, row, database):
    prices = database.execute("SELECT b.timestamp, p.price / 1e8 FROM t_reference_prices p JOIN t_blocks b ON b.number = p.from_block "
                              "JOIN t_tokens t ON t.contract_id = p.token_id WHERE t.symbol = ? ORDER BY 1", (row["token"],)).fetchall()
    end, = database.execute("SELECT max(timestamp) FROM t_blocks").fetchone()
    spans = [after - at for (at, _), (after, _) in zip(prices, [*prices[1:], (end, 0)])]
    check(near(row["mean_usd"], sum(price * span for (_, price), span in zip(prices, spans)) / sum(spans)), f"TWAP: {row}")
    highest, fall = 0, 0
    for _, price in prices:
        highest = max(highest, price)
        fall = max(fall, 1 - price / highest)
    check(near(row["max_drawdown"], fall), f"drawdown: {row}")
    hours = [[price for time, price in prices if time <= at][-1] for at in range(prices[0][0], end, 3600)]
    logs = [math.log(b / a) for a, b in zip(hours, hours[1:])]
    check(near(row["volatility_year"], statistics.stdev(logs) * math.sqrt(8760)), f"volatility: {row}")
    returns = [b / a - 1 for a, b in zip(hours, hours[1:])]
    check(near(row["sharpe_year"], statistics.fmean(returns) / statistics.stdev(returns) * math.sqrt(8760)), f"Sharpe: {row}")
    below = math.sqrt(sum(min(each, 0) ** 2 for each in returns) / len(returns))
    check(near(row["sortino_year"], statistics.fmean(returns) / below * math.sqrt(8760)), f"Sortino: {row}")


def check_rates(check, row, database):
    rates = database.execute("SELECT b.timestamp, r.borrow_rate FROM t_lending_reserves r JOIN t_blocks b ON b.number = r.block_number "
                             "JOIN t_tokens t ON t.contract_id = r.token_id WHERE t.symbol = ? ORDER BY r.rowid", (row["token"],)).fetchall()
    end, = database.execute("SELECT max(timestamp) FROM t_blocks").fetchone()
    paid = sum(int(rate) / 1e27 * (after - at) for (at, rate), (after, _) in zip(rates, [*rates[1:], (end, 0)]))
    apr = paid / (end - rates[0][0])
    check(near(row["borrow_apr"], apr), f"APR: {row}, {apr}")
    check(near(row["borrow_apy"], (1 + apr / YEAR) ** YEAR - 1, 1e-6), f"APY: {row}")


def main() -> None:
    runnel, source, check = Runnel(sys.argv[1]), pathlib.Path(sys.argv[2]), Checks()
    with tempfile.TemporaryDirectory() as name:
        ledgers = []
        for seed in range(1, SEEDS + 1):
            ledgers.append(pathlib.Path(name) / f"seed_{seed}.db")
            done = runnel("run", source / "scenarios/black_thursday.toml", "--seed", seed, "--db", ledgers[-1], *RUN)
            check(done.returncode == 0, f"runs: {done.stderr}")
        reports = [runnel.json("report", ledger) for ledger in ledgers]
        for confidence in (0.5, 0.9):
            check_tails(check, runnel.json("risk", *ledgers, "--confidence", confidence), reports, confidence)
        risk = runnel.json("risk", *ledgers)
        check(risk["tails"]["confidence"] == 0.95, "95% unless told otherwise")
        check([row["seed"] for row in risk["ledgers"]["ledgers"]] == [1, 2, 3, 4], f"what was looked at: {risk['ledgers']}")
        database = sqlite3.connect(ledgers[0])
        first = [row for row in risk["prices"]["prices"] if row["ledger"] == ledgers[0].name]
        check([row["token"] for row in first] == ["WETH"], f"prices that move: {first}")
        for row in first:
            check_prices(check, row, database)
        rates = [row for row in risk["rates"]["rates"] if row["ledger"] == ledgers[0].name]
        check({row["token"] for row in rates} == {"DAI", "USDC"}, f"what is borrowed: {rates}")
        for row in rates:
            check_rates(check, row, database)
        for arguments, code, text in (([], 2, "DB is required"), ([ledgers[0], "--confidence", "1"], 2, "--confidence"),
                                      ([ledgers[0], name + "/none.db"], 3, "none.db")):
            done = runnel("risk", *arguments)
            check(done.returncode == code and text in done.stderr and len(done.stderr.splitlines()) == 1, f"{text}: {done.returncode} {done.stderr}")
    check.finish()


if __name__ == "__main__":
    main()
