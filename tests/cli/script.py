#!/usr/bin/env python3
"""Scripts on the command line: what does not hold is named and gives exit 1, over a whole ledger.

Usage: script.py RUNNEL SOURCE_DIR
"""
import pathlib
import sys
import tempfile

from support import SMALL_SCENARIO, Checks, Runnel, write

SCRIPT = """
[accounts.alice]
funds = { ETH = 1, USDC = 10 }

[[script]]
at_block = 30
from = "alice"
calls = [{ contract = "USDC", call = "transfer", to = "payer/0", value = "3 USDC" }]
expect.balances.alice.USDC = "7 USDC"
[[script]]
at_block = 41
from = "alice"
calls = [{ contract = "USDC", call = "transfer", to = "payer/0", value = "3 USDC" }]
"""


def main():
    runnel, checks = Runnel(sys.argv[1]), Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        scenario = write(folder / "story.toml", SMALL_SCENARIO + SCRIPT)
        ledger = folder / "story.db"

        summary = runnel.json("run", scenario, "--db", ledger)
        checks(summary["script"] == {"lines": 2, "executed": 1, "never": 1, "expectations": 2,
                                          "failures": []}, f"script holds: {summary['script']}")
        checks(runnel("verify", ledger).returncode == 0, "a ledger with a script verifies")
        checks("1 of 2 lines executed, 1 come after the last block; 2 of 2 expectations hold"
                    in runnel("run", scenario).stdout, "the summary tells of the script")

        wrong = "script.0.expect.balances.alice.USDC=8 USDC"
        done = runnel("run", scenario, "--db", ledger, "--force", "--set", wrong)
        told = "script[0].expect.balances.alice.USDC: expected 8 USDC, got 7 USDC (block 30)\n"
        expected = f"runnel: --set script.0.expect.balances.alice.USDC: {told}"
        checks(done.returncode == 1, f"what does not hold gives exit 1, got {done.returncode}")
        checks(done.stderr == expected, f"one line says it: {done.stderr!r}")
        checks(runnel("verify", ledger).returncode == 0, "the ledger is whole all the same")
        text = SMALL_SCENARIO + SCRIPT.replace('"7 USDC"', '"8 USDC"')
        wrong_file = write(folder / "wrong.toml", text)
        line = text[:text.index("8 USDC")].count("\n") + 1
        done = runnel("run", wrong_file, "--quiet")
        checks(done.stderr == f"runnel: {wrong_file}:{line}: {told}", f"so does the file: {done.stderr!r}")

        cut = folder / "cut.db"
        done = runnel("run", scenario, "--db", cut, "--set", "script.0.at_block=45")
        checks(done.returncode == 0, "a line after the last block fails nothing")
        done = runnel("run", scenario, "--set", "script.0.calls.0.value=11 USDC", "--quiet")
        checks(done.returncode == 1 and "ERC20InsufficientBalance(alice, 10000000, 11000000)"
                    in done.stderr, f"a line must succeed: {done.stderr!r}")
    checks.finish()


if __name__ == "__main__":
    main()
