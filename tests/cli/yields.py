#!/usr/bin/env python3
"""Yield farming and strategy vaults: whole runs of the shipped scenarios, and what must come of them.

State roots and headline figures are those of seed 1. A root commits to every record that every block wrote, so a chain that does
anything else has another one; the head hash also holds the manifest, which changes with a comment and with every key that the
loader learns. Whoever changes a chain on purpose writes the new ones here (--write).

Usage: yields.py RUNNEL SOURCE_DIR [--write]
"""
import pathlib
import re
import sqlite3
import sys
import tempfile

from support import Checks, Runnel

ROOTS = {
    "yield_farm": "0x3e64a02dc296a92faa4bf2a7f335a89477a1666da9dc005852d6746d126bb64e",
    "vault_strategy": "0x0714bf0caeb6f763a42d220b1076ee6af12c1fbc18b9859b334d8a36b531c412",
}
FIGURES = {
    "yield_farm": {
        "failed_share": 0.019728300452832578,
        "gone_15_days": 0.5686274509803921,
        "gone_5_days": 0.29453015427769985,
        "rate_fall": 0.511990206763645,
        "volume_per_tvl_day": 0.06851238354865323,
        "provider_fee_yield": 0.07497631614849745,
        "provider_net_yield": -0.20007109937714285,
        "reserve_use": 0.2021417430445936,
        "reserve_full_hours": 0.0,
    },
    "vault_strategy": {
        "failed_share": 0.017848289538919187,
        "farm_vault_fall": 0.0,
        "farm_vault_yield": 0.5968886669465093,
        "farm_vault_fees": 0.1332239811246508,
        "fund_vault_fall": 0.0858356826778337,
        "left_week": 0.8229462603096146,
        "volume_per_tvl_day": 0.09673647846883668,
        "provider_fee_yield": 0.1057222097514056,
        "provider_net_yield": 0.05847236386985117,
    },
}


def money(row, key) -> int:
    """An exact amount, in smallest units."""
    return int(row[f"{key}_raw"])


def one_chain(runnel, check, scenario, folder):
    """Workers and forgotten accesses do not matter; every row verifies."""
    name = scenario.stem
    short = ["run", scenario, "--blocks", 1500]
    ledger = folder / f"{name}_short.db"
    heads = {runnel.json(*short, "--workers", 1, "--db", ledger)["head_hash"],
             runnel.json(*short, "--workers", 3)["head_hash"],
             runnel.json(*short, "--workers", 8, "--forget-accesses", 0.3)["head_hash"]}
    check(len(heads) == 1, f"{name}: one chain: {heads}")
    check(runnel("verify", ledger).returncode == 0, f"{name}: verifies")


def yield_farm(check, report, ledger):
    farms = report["farms"]
    check(farms["rate_first_week"] > farms["rate_last_week"] > 0, "what farms pay falls as money comes in")
    check(farms["rate_fall"] > 0.2, f"by a good deal: {farms['rate_fall']}")
    pools = {entry["pool"]: entry for entry in farms["pools"]}
    check(set(pools) == {"chef/0", "chef/1", "rival/0"}, f"pools: {set(pools)}")
    check(pools["rival/0"]["staked_peak_usd"] > 500_000, "a rival that pays in dollars draws money")
    check(pools["rival/0"]["staked_end_usd"] < 0.2 * pools["rival/0"]["staked_peak_usd"], "which goes when it stops")
    ends = [pools[name]["rate_last_week"] for name in ("chef/0", "chef/1")]
    check(max(ends) / min(ends) < 1.5, f"where two pools pay alike, money has made them so: {ends}")
    with sqlite3.connect(ledger) as database:
        # What a table of a sector says is what the protocols' own tables say.
        moved, = database.execute(
            "SELECT count(*) FROM t_farm_moves WHERE transaction_type = 'stake' AND block_number > 0").fetchone()
        own = sum(database.execute(f"SELECT count(*) FROM {table} WHERE block_number > 0 {condition}").fetchone()[0]
                  for table, condition in (("t_masterchef_deposits", "AND amount <> '0'"), ("t_staking_rewards_staked", "")))
        sold, = database.execute("SELECT count(*) FROM t_dex_trades t JOIN t_contracts c ON c.id = t.token_sold_id "
                                 "WHERE c.name = 'RICE' AND t.block_number > 0").fetchone()
    check(moved == own == sum(entry["stakes"] for entry in pools.values()), f"stakes: {moved}, {own}")
    check(sold > 0, "rewards are sold")
    groups = {entry["group"]: entry for entry in report["wallets"]["groups"]}
    for group in ("tourist", "settler"):
        check(groups[group]["gain_usd"] > 0, f"{group}: farmers earn: {groups[group]['gain_usd']}")
        check(groups[group]["reverted_share"] < 0.02, f"{group}: who looks before he sends fails rarely")


def vault_strategy(check, report, ledger):
    vaults = {entry["vault"]: entry for entry in report["vaults"]["vaults"]}
    reports = {entry["vault"]: entry for entry in report["vaults"]["reports"]}
    flows = {entry["vault"]: entry for entry in report["vaults"]["flows"]}
    farming, lending = vaults["yv_farm"], vaults["yv_fund"]
    check(farming["price_end"] > 1.02 and farming["price_lowest"] >= 1, f"farming raises the price: {farming}")
    check(money(reports["yv_farm"], "lost") == 0, f"and loses nothing: {reports['yv_farm']}")
    check(0.1 <= reports["yv_farm"]["fees_share"] < 0.3, "fees: a tenth, and some for management")
    check(lending["fall"] > 0.03, f"a default lowers the price: {lending}")
    lost = money(reports["yv_fund"], "lost")
    check(100_000e6 < lost < 200_000e6, f"of 200,000 the vault bears its part: {lost}")
    check(lending["price_end"] > lending["price_lowest"], "life goes on")
    left = flows["yv_fund"]
    check(left["left_week_share"] > 2 * left["left_week_before_share"], f"a loss makes depositors leave: {left}")
    # The vault compounds: it has more than was put in, less what was taken out, by what it counted.
    for name in ("yv_farm", "yv_fund"):
        counted = money(reports[name], "gained") - money(reports[name], "lost")
        held = money(flows[name], "deposited") - money(flows[name], "withdrawn") + counted
        check(abs(held - money(vaults[name], "assets")) <= 1, f"{name}: {held}")
    with sqlite3.connect(ledger) as database:
        harvests, = database.execute("SELECT count(*) FROM t_strategy_vault_harvests").fetchone()
    check(harvests > 20, f"it harvests: {harvests}")
    groups = {entry["group"]: entry for entry in report["wallets"]["groups"]}
    check(groups["keeper"]["reverted_share"] < 0.05, "the keeper's reports go through")


CLAIMS = {"yield_farm": yield_farm, "vault_strategy": vault_strategy}


def main() -> None:
    runnel, source, check = Runnel(sys.argv[1]), pathlib.Path(sys.argv[2]), Checks()
    write = "--write" in sys.argv
    with tempfile.TemporaryDirectory() as folder_name:
        folder = pathlib.Path(folder_name)
        for name, claims in CLAIMS.items():
            scenario, ledger = source / "scenarios" / f"{name}.toml", folder / f"{name}.db"
            root = runnel.json("run", scenario, "--db", ledger, "--durability", "off")["state_root"]
            report = runnel.json("report", ledger)
            figures = {entry["key"]: entry["simulated"] for entry in report["headline"]["figures"]}
            if write:
                ROOTS[name], FIGURES[name] = root, figures
            check(root == ROOTS[name], f"{name}: the chain is another one: {root}")
            for key, value in FIGURES[name].items():
                same = figures[key] == value or abs(figures[key] - value) <= 1e-9 * abs(value)
                check(same, f"{name}: {key}: {figures[key]}, not {value}")
            check(figures.keys() == FIGURES[name].keys(), f"{name}: figures: {sorted(figures)}")
            claims(check, report, ledger)
            one_chain(runnel, check, scenario, folder)
        wrong = runnel("check", source / "scenarios/vault_strategy.toml", "--set", "tokens.yv_fund.source=USDC")
        check(wrong.returncode == 2 and "(farm, fund, yv_farm, yv_fund), got \"USDC\" of kind erc20" in wrong.stderr,
              f"a vault is named where one is asked for: {wrong.stderr}")
    if write:
        this = pathlib.Path(__file__)
        text = this.read_text()
        for constant, values in (("ROOTS", ROOTS), ("FIGURES", FIGURES)):
            lines = [f"{constant} = {{"]
            for name, value in values.items():
                if isinstance(value, str):
                    lines.append(f'    "{name}": "{value}",')
                else:
                    lines.append(f'    "{name}": {{')
                    lines += [f'        "{key}": {figure!r},' for key, figure in value.items()]
                    lines.append("    },")
            text = re.sub(rf"^{constant} = {{\n.*?^}}", "\n".join(lines) + "\n}", text, count=1, flags=re.M | re.S)
        this.write_text(text)
    check.finish()


if __name__ == "__main__":
    main()
