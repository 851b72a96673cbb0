"""What the tests of the command line share: running it, and scenarios small enough for a test."""
import json
import pathlib
import subprocess
import sys

SMALL_SCENARIO = """
[scenario]
name = "small"
title = "A few payments"
seed = 5
blocks = 40
slot_seconds = 12
start = 1_700_000_000

[chain]
validators = 4
stake = 32
block_reward = "0.01 ether"

[tokens.ETH]
kind = "native"

[tokens.USDC]
kind = "erc20"
symbol = "USDC"
decimals = 6

[agents.payer]
strategy = "payer"
count = 60
token = "USDC"
amount = { log_normal = [3.0, 1.0] }
interval = 60
funds = { ETH = 1, USDC = { uniform = [100, 1000] } }
"""


# A group of agents that pays now and then, for scenarios that need one.
PAYER = """
[agents.payer]
strategy = "payer"
count = 5
funds = { ETH = 10 }
token = "ETH"
amount = 0.1
interval = 60
"""


class Runnel:
    """Runs the command under test."""

    def __init__(self, binary: str):
        self.binary = binary

    def __call__(self, *arguments, timeout=300, **options) -> subprocess.CompletedProcess:
        return subprocess.run([self.binary, *map(str, arguments)], capture_output=True, text=True,
                              timeout=timeout, check=False, **options)

    def json(self, *arguments, **options) -> dict:
        done = self(*arguments, "--json", **options)
        assert done.returncode == 0, f"{arguments}: exit {done.returncode}: {done.stderr}"
        return json.loads(done.stdout)


class Checks:
    """Counts what was checked, prints what failed."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def __call__(self, holds: bool, what: str) -> bool:
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {what}")
        return holds

    def finish(self) -> None:
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed or not self.passed else 0)


def write(path: pathlib.Path, text: str) -> pathlib.Path:
    path.write_text(text)
    return path
