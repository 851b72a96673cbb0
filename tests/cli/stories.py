#!/usr/bin/env python3
"""The shipped stories: every figure that they state holds, and none of them could be another.

Usage: stories.py RUNNEL SOURCE_DIR
"""
import pathlib
import sys
import tempfile
import tomllib

from support import Checks, Runnel

# Of each story: another figure, or another deed, and what the run then says of it.
WRONG = {
    "attacks_by_hand": [
        ("script.2.expect.balances.mallory.USDC=35_000 USDC",
         "balances.mallory.USDC: expected 35000 USDC, got 34999.999999 USDC (block 1)"),
        ("contracts.careless.careful=true",
         "reverts: expected success, got a revert: NaiveLender: MORE_THAN_SUPPLIED (block 3)"),
        ("contracts.susd_spot.window=30m",
         "reverts: expected success, got a revert: NaiveLender: INSUFFICIENT_COLLATERAL (block 6)"),
        # A wei more than the collateral is good for.
        ("script.12.calls.0.callback.7.amount=6_755.775911844437607869 WETH",
         "reverts: expected success, got a revert: NaiveLender: INSUFFICIENT_COLLATERAL (block 6)"),
        ("contracts.old_governor.past_votes=true",
         "reverts: expected success, got a revert: Governance: Must have super majority (block 33)"),
    ],
    "bzx_february_2020": [
        ("script.3.expect.balances.attacker.WETH=71.324024594513725096 WETH",
         "balances.attacker.WETH: expected 71.324024594513725096 WETH, got 71.324024594513725095 WETH (block 4)"),
        ("contracts.dydx.flash_loan_premium_bps=9",
         "balances.attacker.WETH: expected 71.324024594513725095 WETH, got 62.324024594513725095 WETH (block 4)"),
        ("script.1.expect.reverts=UniswapV2: K",
         "expected a revert: UniswapV2: K, got a revert: UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT (block 2)"),
        # bZx has too little for the trade that it has registered, so nothing of the whole attack happens.
        ("script.3.calls.0.callback.3.value=1_299 WETH",
         "reverts: expected success, got a revert: TransferHelper: TRANSFER_FROM_FAILED (block 4)"),
    ],
    "composability": [
        ("script.1.expect.balances.alice.USDC=467.510095 USDC",
         "balances.alice.USDC: expected 467.510095 USDC, got 467.510094 USDC (block 2)"),
        # A millionth of a dollar less, and the pair has not been paid for what it gave.
        ("script.1.calls.0.data.2.value=20_262.808627 USDC",
         "reverts: expected success, got a revert: UniswapV2: K (block 2)"),
        ("script.4.calls.0.data.5.value=10_029.999999 USDC",
         "reverts: expected success, got a revert: F1 (block 4)"),
        ("contracts.aave.flash_loan_premium_bps=100",
         "reverts: expected success, got a revert: ERC20InsufficientBalance("),
        ("script.6.expect.returns.2=447_213_595_498_956",
         "returns[2]: expected 447213595498956, got 447213595498957 (block 6)"),
        ("script.7.calls.7.amount_b_desired=10 WETH",
         "expected a revert: UniswapV2Router: INSUFFICIENT_A_AMOUNT, got success (block 7)"),
    ],
    "escrow_by_hand": [
        ("script.2.expect.balances.buyer.USDC=880.000001 USDC",
         "balances.buyer.USDC: expected 880.000001 USDC, got 880 USDC (block 1)"),
        ("script.12.at_block=13", "expected a revert: The timeout has not passed yet., got success (block 13)"),
        ("script.14.at_block=12",
         "reverts: expected success, got a revert: The timeout has not passed yet. (block 12)"),
        ("contracts.escrow.fee_payer=both", "balances.buyer.USDC: expected 250.000003 USDC, got 265.000003 USDC (block 30)"),
        ("script.24.calls.1.ruling=2", "balances.cheat.USDC: expected 135 USDC, got 189.999999 USDC (block 31)"),
    ],
    "insurance_by_hand": [
        ("script.5.expect.returns.1=1_599.999999 USDC", "returns[1]: expected 1599.999999 USDC, got 1600 USDC (block 4)"),
        ("tokens.pool.slope1_bps=401", "reverts: expected success, got a revert: CoverPool: the premium is too high (block 4)"),
        # Above its level, the price proves nothing.
        ("script.11.calls.0.price=0.995 USD",
         "reverts: expected success, got a revert: DepegCover: not below the level for long enough (block 150)"),
        ("contracts.assessment.quorum=20_001 USDC", "events[0].quorum: expected 20000 USDC, got 40002 USDC (block 176)"),
        ("script.18.expect.returns.0=66_666.666667 USDC", "returns[0]: expected 66666.666667 USDC, got 66666.666666 USDC (block 163)"),
    ],
    "liquidation_by_hand": [
        ("script.6.expect.balances.liquidator.WETH=4.400000000000000001 WETH",
         "balances.liquidator.WETH: expected 4.400000000000000001 WETH, got 4.4 WETH (block 1)"),
        ("script.8.expect.health_factors.bob='0.920516227851408975'",
         "health_factors.bob: expected 0.920516227851408975 wad, got 0.920516227851408976 wad (block 25)"),
        ("script.2.expect.reverts='35'", "reverts: expected a revert: 35, got a revert: 36 (block 1)"),
        ("script.4.calls.0.price=1_940 USD", "health_factors.bob: expected 0.9796875 wad, got 1.0003125 wad (block 1)"),
    ],
    "order_book_by_hand": [
        ("script.10.expect.gains.dave.WETH=0.000497014925373135 WETH",
         "gains.dave.WETH: expected 0.000497014925373135 WETH, got 0.000497014925373134 WETH (block 5)"),
        ("script.7.calls.0.amount_out_min=801_198_001",
         "reverts: expected success, got a revert: OrderBook: too little comes out (block 4)"),
        ("contracts.book.maker_fee_bps=0", "events[0].maker_fee_raw: expected 1 USDC, got 0 USDC (block 3)"),
        ("contracts.book.fills_max=1", "returns[1]: expected 3 WETH, got 1 WETH (block 3)"),
        ("script.12.calls.0.amount=3_998 USDC",
         "expected a revert: OrderBook: insufficient balance, got success (block 6)"),
    ],
    "shares_by_hand": [
        ("script.6.expect.balances.alice.USDC=6_000.000001 USDC",
         "balances.alice.USDC: expected 6000.000001 USDC, got 6000 USDC (block 3)"),
        ("script.6.calls.0.pay_max=23_999_999_999",
         "reverts: expected success, got a revert: Marketplace: too dear (block 3)"),
        ("script.7.from=bob", "expected a revert: Transfer not possible, got success (block 3)"),
        ("script.12.expect.returns.0=699_999_999", "returns[0]: expected 699999999, got 700000000 (block 7)"),
        ("script.15.calls.0.bid=10_500_000_000",
         "expected a revert: Marketplace: bid too low, got success (block 9)"),
        ("tokens.ART.squeeze_bps=9_001", "returns[0]: expected 1, got 0 (block 18)"),
        ("contracts.prints.royalty_bps=499",
         "balances.painter.USDC: expected 525 USDC, got 523.95 USDC (block 10)"),
    ],
    "sandwich_by_hand": [
        # A millionth of a dollar more, and the victim's limit holds.
        ("script.6.calls.0.amount_in=10_190.531393 USDC",
         "reverts: expected success, got a revert: UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT (block 3)"),
        ("script.8.expect.balances.mallory.ETH=0.992187999999999999 ETH",
         "balances.mallory.ETH: expected 0.992187999999999999 ETH, got 0.992188 ETH (block 3)"),
        ("script.8.expect.state.1.reserve=980.645332078338526440 WETH",
         "state[1].reserve: expected 980.64533207833852644 WETH, got 980.645332078338526441 WETH (block 3)"),
        ("script.9.calls.0.amount_in=10_190.531392 USDC",
         "reverts: expected a revert: UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT, got success (block 4)"),
    ],
}


def story(runnel, check, scenario, folder):
    """One story: as it is, cut short, and with each of its figures wrong."""
    name = scenario.stem
    lines = tomllib.loads(scenario.read_text())["script"]
    ledger = folder / f"{name}.db"
    check(runnel("check", scenario).returncode == 0, f"{name}: is well formed")

    summary = runnel.json("run", scenario, "--db", ledger)
    script = summary["script"]
    check(script["failures"] == [], f"{name}: {script['failures']}")
    check(script["lines"] == script["executed"] == len(lines), f"{name}: every line happens: {script}")
    check(script["expectations"] > len(lines), f"{name}: there is something to hold: {script}")
    check(runnel("verify", ledger).returncode == 0, f"{name}: the ledger verifies")
    again = runnel.json("run", scenario, "--workers", "3", "--seed", "99")["script"]
    check(again == script, f"{name}: another seed and more workers tell the same story: {again}")

    last = max(line["at_block"] for line in lines)
    for blocks in range(1, last):
        done = runnel("run", scenario, "--blocks", blocks, "--quiet")
        check(done.returncode == 0, f"{name}: {blocks} blocks of it hold: {done.stderr}")

    for wrong, message in WRONG[name]:
        done = runnel("run", scenario, "--quiet", "--set", wrong)
        check(done.returncode == 1, f"{name}: {wrong}: exit {done.returncode}")
        check(message in done.stderr, f"{name}: {wrong}: expected {message!r} in {done.stderr!r}")


def main():
    runnel, check = Runnel(sys.argv[1]), Checks()
    scenarios = sorted((pathlib.Path(sys.argv[2]) / "scenarios").glob("*.toml"))
    # Beside agents a script is part of a story that chance tells: threshold_ab.py tests that one.
    stories = [file for file in scenarios
               if "[[script]]" in file.read_text() and "[agents." not in file.read_text()]
    check(sorted(WRONG) == [file.stem for file in stories], f"every story is tested: {stories}")
    with tempfile.TemporaryDirectory() as name:
        for scenario in stories:
            story(runnel, check, scenario, pathlib.Path(name))
    check.finish()


if __name__ == "__main__":
    main()
