#!/usr/bin/env python3
"""Governance that changes a parameter at a date: lines of a script by each market's admin, and what they change from then on.

For every lending market and for MakerDAO's dss: who is not the admin is refused, a change has its effect in the same block, on health
factors, on what may be borrowed, on what suppliers earn.

Usage: governance.py RUNNEL SOURCE_DIR
"""
import pathlib
import sys
import tempfile

from support import Checks, Runnel, write

WORLD = """
[scenario]
title = "Parameters change"
seed = 1
blocks = 30
slot_seconds = 12
start = 2024-01-01T00:00:00Z

[chain]
validators = 4
initial_base_fee = "1 gwei"
min_base_fee = "1 gwei"

[tokens.WETH]
decimals = 18
[tokens.USDC]
decimals = 6
[tokens.DAI]
kind = "makerdao_dai"
[tokens.cWETH]
kind = "compound_v2_ctoken"
underlying = "WETH"
[tokens.cUSDC]
kind = "compound_v2_ctoken"
underlying = "USDC"
rate_model = "curve"

[prices]
WETH = { model = "constant", price = 2_000 }
USDC = { model = "constant", price = 1 }

[contracts.oracle]
kind = "price_oracle"
keeper = "keeper"
prices.WETH = { price = 2_000 }
prices.USDC = { price = 1 }

[contracts.aave30]
kind = "aave_v3_pool"
oracle = "oracle"
admin = "governance"
[contracts.aave30.reserves.WETH]
ltv_bps = 8_000
liquidation_threshold_bps = 8_300
liquidation_bonus_bps = 10_500
[contracts.aave30.reserves.USDC]
initial_liquidity = "1_000_000 USDC"

[contracts.aave37]
kind = "aave_v37_pool"
oracle = "oracle"
admin = "governance"
[contracts.aave37.reserves.WETH]
ltv_bps = 8_000
liquidation_threshold_bps = 8_300
liquidation_bonus_bps = 10_500
[contracts.aave37.reserves.USDC]
initial_liquidity = "1_000_000 USDC"

[contracts.curve]
kind = "compound_v2_jump_rate_model"
owner = "governance"
[contracts.steep_curve]
kind = "compound_v2_jump_rate_model"
base_rate_bps = 5_000
[contracts.compound]
kind = "compound_v2_comptroller"
oracle = "oracle"
admin = "governance"
[contracts.compound.markets.WETH]
c_token = "cWETH"
collateral_factor_bps = 8_000
[contracts.compound.markets.USDC]
c_token = "cUSDC"
initial_liquidity = "1_000_000 USDC"

[contracts.comet]
kind = "compound_v3_comet"
oracle = "oracle"
base_token = "USDC"
governor = "governance"
proxy_admin = "governance"
target_reserves = "1_000_000 USDC"
initial_liquidity = "1_000_000 USDC"
initial_reserves = "10_000 USDC"
[contracts.comet.assets.WETH]
borrow_collateral_factor_bps = 8_000
liquidate_collateral_factor_bps = 8_500
liquidation_factor_bps = 9_500

[contracts.next_comet]
kind = "compound_v3_implementation"
base_token = "USDC"
borrow_kink_bps = 9_000
borrow_base_bps = 5_000
borrow_slope_low_bps = 0
base_borrow_min = "600 USDC"
target_reserves = "1_000_000 USDC"
[contracts.next_comet.assets.WETH]
borrow_collateral_factor_bps = 5_500
liquidate_collateral_factor_bps = 6_000
liquidation_factor_bps = 9_000
supply_cap = 10
[contracts.other_comet]
kind = "compound_v3_implementation"
base_token = "USDC"
target_reserves = "1_000_000 USDC"
[contracts.other_comet.assets.DAI]

[contracts.morpho]
kind = "morpho_blue"
owner = "governance"
fee_recipient = "governance"
[contracts.irm]
kind = "morpho_adaptive_curve_irm"
[contracts.morpho_oracle]
kind = "morpho_chainlink_oracle"
oracle = "oracle"
collateral_token = "WETH"
loan_token = "USDC"
[contracts.morpho_blue]
kind = "morpho_blue_market"
morpho = "morpho"
loan_token = "USDC"
collateral_token = "WETH"
oracle = "morpho_oracle"
irm = "irm"
lltv = 860_000_000_000_000_000
initial_liquidity = "1_000_000 USDC"

[contracts.maker]
kind = "makerdao_dss"
dai = "DAI"
feed = "oracle"
admin = "governance"
[contracts.maker.ilks.WETH]
mat_bps = 15_000
hop = "0s"

[accounts.governance]
funds = { ETH = 10 }
[accounts.alice]
funds = { ETH = 10, WETH = 100, USDC = 10_000 }

# 10 WETH at 2,000 USD against 10,000 USDC, everywhere.
[positions.aave30]
by = "table"
market = "aave30"
rows = [["alice", "10 WETH", "10_000 USDC"]]
[positions.aave37]
by = "table"
market = "aave37"
rows = [["alice", "10 WETH", "10_000 USDC"]]
[positions.compound]
by = "table"
market = "compound"
rows = [["alice", "10 WETH", "10_000 USDC"]]
[positions.comet]
by = "table"
market = "comet"
rows = [["alice", "10 WETH", "10_000 USDC"]]
[positions.morpho]
by = "table"
market = "morpho_blue"
rows = [["alice", "10 WETH", "10_000 USDC"]]

[[script]]
at_block = 1
from = "alice"
calls = [
  { contract = "WETH", call = "approve", spender = "maker", value = "max" },
  { contract = "USDC", call = "approve", spender = "aave30", value = "max" },
  { contract = "USDC", call = "approve", spender = "aave37", value = "max" },
  { contract = "USDC", call = "approve", spender = "cUSDC", value = "max" },
  { contract = "USDC", call = "approve", spender = "comet", value = "max" },
  { contract = "USDC", call = "approve", spender = "morpho", value = "max" },
  { contract = "maker", call = "gemJoin_join", ilk = 0, usr = "alice", wad = "10 wad" },
  { contract = "maker", call = "frob", ilk = 0, u = "alice", v = "alice", w = "alice", dink = "10000000000000000000", dart = "10000000000000000000000" },
]
"""

RAY = 10**27


def call(contract, name, **arguments):
    return {"contract": contract, "call": name, **arguments}


def toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value < 2**63 else f'"{value}"'
    return f'"{value}"'


def line(block, sender, calls, **expect):
    text = f"[[script]]\nat_block = {block}\nfrom = \"{sender}\"\ncalls = {toml(calls)}\n"
    return text + (f"expect = {toml(expect)}\n" if expect else "")


def health(market, factor):
    return {"health_factors": {"alice": {market: factor}}}


def supply_rate(market, low, high):
    """The yearly rate for USDC's suppliers lies within these."""
    return {"state": [{"contract": market, "row": "LendingReserve", "token": "USDC",
                       "liquidity_rate": {"at_least": int(low * RAY), "at_most": int(high * RAY)}}]}


def borrow_rate(market, low, high):
    """Likewise for its borrowers."""
    return {"state": [{"contract": market, "row": "LendingReserve", "token": "USDC",
                       "borrow_rate": {"at_least": int(low * RAY), "at_most": int(high * RAY)}}]}


def refused(sender_calls):
    return [("alice", sender_calls, {"reverts": True})]


def aave(name):
    collateral = [call(name, "configureReserveAsCollateral", asset="WETH", ltv=5_500, liquidation_threshold=6_000,
                       liquidation_bonus=11_000)]
    borrow = [call(name, "borrow", asset="USDC", amount="500 USDC", interest_rate_mode=2)]
    supply = [call(name, "supply", asset="USDC", amount="1 USDC", on_behalf_of="alice")]
    return refused(collateral) + [
        ("alice", [call(name, "borrow", asset="USDC", amount="1 USDC", interest_rate_mode=2)], health(name, {"at_least": 1.659, "at_most": 1.66})),
        ("governance", collateral, health(name, {"at_least": 1.199, "at_most": 1.2})),
        ("alice", [call(name, "borrow", asset="USDC", amount="1_000 USDC", interest_rate_mode=2)], {"reverts": True}),  # 55 % of 20,000.
        ("governance", [call(name, "setBorrowCap", asset="USDC", borrow_cap=10_200)], {}),
        ("alice", borrow, {"reverts": True}),
        ("governance", [call(name, "setBorrowCap", asset="USDC", borrow_cap=20_000)], {}),
        ("alice", borrow, {}),
        ("governance", [call(name, "setSupplyCap", asset="WETH", supply_cap=10)], {}),
        ("alice", [call("WETH", "approve", spender=name, value="max"),
                   call(name, "supply", asset="WETH", amount="1 WETH", on_behalf_of="alice")], {"reverts": True}),
        ("governance", [call(name, "setReserveFactor", asset="USDC", reserve_factor=10_000)], {}),
        ("alice", supply, supply_rate(name, 0, 0)),
        ("governance", [call(name, "setReserveFactor", asset="USDC", reserve_factor=0)], {}),
        ("alice", supply, supply_rate(name, 1e-6, 1)),
        ("governance", [call(name, "setReserveInterestRateData", asset="USDC", optimal_usage_ratio=9_000,
                             base_variable_borrow_rate=5_000, variable_rate_slope1=400, variable_rate_slope2=6_000)], {}),
        ("alice", supply, {"state": [{"contract": name, "row": "LendingReserve", "token": "USDC",
                                      "borrow_rate": {"at_least": RAY // 2, "at_most": RAY * 6 // 10}}]}),
        ("governance", [call(name, "setLiquidationProtocolFee", asset="WETH", fee=2_000)], {}),
        ("governance", [call(name, "setReserveBorrowing", asset="USDC", enabled=False)], {}),
        ("alice", [call(name, "borrow", asset="USDC", amount="1 USDC", interest_rate_mode=2)], {"reverts": True}),
    ]


def compound():
    factor = [call("compound", "_setCollateralFactor", c_token="cWETH", collateral_factor="0.6 wad")]
    borrow = [call("cUSDC", "borrow", borrow_amount="500 USDC")]
    supply = [call("cUSDC", "mint", mint_amount="1 USDC")]
    steep = [call("cUSDC", "_setInterestRateModel", new_interest_rate_model="steep_curve")]
    steeper = [call("curve", "updateJumpRateModel", base_rate_per_year=10**18, multiplier_per_year=0, jump_multiplier_per_year=0, kink="0.8 wad")]
    # Here the admin's refusals are codes, as deployed, and no reverts: nothing changes.
    return [
        ("alice", factor, {"health_factors": {"alice": {"compound": {"at_least": 1.599, "at_most": 1.6}}}}),
        ("governance", factor, health("compound", {"at_least": 1.199, "at_most": 1.2})),
        ("governance", [call("compound", "_setMarketBorrowCaps", c_tokens=["cUSDC"], new_borrow_caps=[10_200_000_000])], {}),
        ("alice", borrow, {"reverts": True}),
        ("governance", [call("compound", "_setMarketBorrowCaps", c_tokens=["cUSDC"], new_borrow_caps=[0])], {}),
        ("alice", borrow, {}),
        ("governance", [call("cUSDC", "_setReserveFactor", reserve_factor="1 wad")], {}),
        ("alice", supply, supply_rate("compound", 0, 0)),
        ("governance", [call("cUSDC", "_setReserveFactor", reserve_factor="0 wad")], {}),
        ("alice", supply, supply_rate("compound", 1e-6, 1)),
        # Of 50 %, which blocks of 12 seconds make 62.5 %; then 100 %, or 125 %.
        ("alice", steep, {"reverts": "SetInterestRateModelOwnerCheck()"}),
        ("governance", steep, borrow_rate("compound", 0.62, 0.63)),
        ("alice", steeper, {"reverts": "only the owner may call this function."}),
        ("governance", steeper + [call("cUSDC", "_setInterestRateModel", new_interest_rate_model="curve")], borrow_rate("compound", 1.24, 1.26)),
        ("alice", supply, borrow_rate("compound", 1.24, 1.26)),
        ("governance", [call("compound", "_setCloseFactor", close_factor="0.9 wad")], {}),
        ("governance", [call("compound", "_setLiquidationIncentive", liquidation_incentive="1.1 wad")], {}),
    ]


def comet():
    upgrade = [call("comet", "upgrade", implementation="next_comet")]
    borrow = [call("comet", "withdraw", asset="USDC", amount="500 USDC")]
    supply = [call("WETH", "approve", spender="comet", value="max"), call("comet", "supply", asset="WETH", amount="1 WETH")]
    return [
        ("alice", upgrade, {"reverts": "Ownable: caller is not the owner"}),
        ("governance", [call("comet", "upgrade", implementation="other_comet")], {"reverts": "its storage is of other tokens"}),
        ("alice", borrow, health("comet", {"at_least": 1.619, "at_most": 1.62})),  # 85 % of 20,000 against 10,500.
        ("governance", upgrade, health("comet", {"at_least": 1.142, "at_most": 1.143})),
        ("alice", [call("comet", "accrueAccount", account="alice")], borrow_rate("comet", 0.49, 0.51)),
        ("alice", borrow, {"reverts": "NotCollateralized()"}),  # 55 % of 20,000 is 11,000, and interest is owed.
        ("alice", supply, {"reverts": "SupplyCapExceeded()"}),
        ("governance", [call("comet", "upgrade", implementation="comet")], {}),
        ("alice", supply, {}),
        ("alice", borrow, borrow_rate("comet", 0.01, 0.02)),
    ]


def morpho():
    params = {"loan_token": "USDC", "collateral_token": "WETH", "oracle": "morpho_oracle", "irm": "irm",
              "lltv": 860_000_000_000_000_000}
    fee = [call("morpho", "setFee", market_params=params, new_fee=250_000_000_000_000_000)]
    return refused(fee) + [
        ("alice", [call("morpho", "accrueInterest", market_params=params)], supply_rate("morpho_blue", 1.02e-4, 1.05e-4)),
        ("governance", fee, supply_rate("morpho_blue", 0.76e-4, 0.79e-4)),
        ("alice", [call("morpho", "accrueInterest", market_params=params)], supply_rate("morpho_blue", 0.76e-4, 0.79e-4)),
    ]


def maker():
    vat_line, jug_duty, spotter_mat = 0, 2, 3  # Of an ilk.
    mat = [call("maker", "file_ilk", ilk=0, what=spotter_mat, data=2 * RAY)]
    more = [call("maker", "frob", ilk=0, u="alice", v="alice", w="alice", dink=0, dart=10**20)]
    return refused(mat) + [
        ("governance", mat + [call("maker", "spotter_poke", ilk=0)], {}),
        ("alice", more, {"reverts": "Vat/not-safe"}),
        ("governance", [call("maker", "file_ilk", ilk=0, what=spotter_mat, data=RAY * 3 // 2),
                        call("maker", "spotter_poke", ilk=0)], {}),
        ("governance", [call("maker", "file_ilk", ilk=0, what=vat_line, data=10_050 * 10**45)], {}),
        ("alice", more, {"reverts": "Vat/ceiling-exceeded"}),
        ("governance", [call("maker", "file_ilk", ilk=0, what=vat_line, data=20_000 * 10**45)], {}),
        ("alice", more, {}),
        # 5 % a year from now on.
        ("governance", [call("maker", "jug_drip", ilk=0),
                        call("maker", "file_ilk", ilk=0, what=jug_duty, data=1000000001547125957863212448)], {}),
    ]


MARKETS = {"aave30": aave("aave30"), "aave37": aave("aave37"), "compound": compound(), "comet": comet(), "morpho": morpho(), "maker": maker()}


# Of a state from a file: which record names a contract, one that it cannot be, and what the run says of it.
MISNAMED = [
    ("comet", "compound_v3_comet_implementation.csv", "comet.implementation", "WETH", "comet: its implementation is none of its tokens"),
    ("comet", "compound_v3_comet_implementation.csv", "comet.implementation", "other_comet", "comet: its implementation is none of its tokens"),
    ("compound", "compound_v2_ctoken_rate_model.csv", "cUSDC.rate_model", "WETH", "cUSDC: its rate model is none"),
]


def misnamed(runnel, check, folder):
    for i, (market, file, table, name, reason) in enumerate(MISNAMED):
        state = folder / f"state_{i}"
        done = runnel("export-state", folder / f"{market}.db", "-o", state)
        check(done.returncode == 0, f"{market}: exports: {done.stderr}")
        check(runnel("check", state / "scenario.toml").returncode == 0, f"{market}: its state is one to start from")
        write(state / file, f"table,number,amount\n{table},0,{name}\n")
        done = runnel("check", state / "scenario.toml")
        check(done.returncode == 2 and reason in done.stderr, f"{market}: {table} is {name}: {done.returncode}, {done.stderr}")


def main() -> None:
    runnel, check = Runnel(sys.argv[1]), Checks()
    with tempfile.TemporaryDirectory() as folder_name:
        folder = pathlib.Path(folder_name)
        for name, lines in MARKETS.items():
            script = "".join(line(2 + i, sender, calls, **expect) for i, (sender, calls, expect) in enumerate(lines))
            scenario = write(folder / f"{name}.toml", WORLD + script)
            ledger = folder / f"{name}.db"
            done = runnel("run", scenario, "--db", ledger, "--quiet")
            check(done.returncode == 0, f"{name}: {done.stderr}")
            check(runnel("verify", ledger).returncode == 0, f"{name}: verifies")
            # Without the governance's own lines something else must come of it.
            silent = "".join(line(2 + i, sender, calls, **expect) for i, (sender, calls, expect) in enumerate(lines)
                             if sender != "governance")
            other = runnel("run", write(folder / f"{name}_silent.toml", WORLD + silent), "--quiet")
            check(other.returncode == 1, f"{name}: nothing depends on what governance does")
        misnamed(runnel, check, folder)
    check.finish()


if __name__ == "__main__":
    main()
