"""What the fuzzers of ledgers share: small ledgers to spoil, and the helper that computes hashes again."""
import shutil
import subprocess

from frame import Fuzzer

PAYMENTS = """
[scenario]
name = "fuzzed"
title = "A few payments"
seed = 5
blocks = 30
slot_seconds = 12
start = 1_700_000_000

[chain]
validators = 5
stake = 32
participation = 0.8
block_reward = "0.01 ether"
block_gas_limit = 600_000
checkpoint_interval = 8
ordering = "{ordering}"

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
amount = {{ log_normal = [3.0, 1.0] }}
interval = 50
funds = {{ ETH = 1, USDC = {{ uniform = [100, 1000] }} }}
"""

BUILDERS = """
[contracts.relay]
kind = "builder_relay"

[accounts.alpha]
funds = { ETH = 10 }

[builders.alpha]
account = "alpha"
"""


class LedgerFuzzer(Fuzzer):
    def setup(self):
        self.forge_program = self.runnel.parent / "tests" / "runnel_forge"
        self.ledgers = []
        for ordering in ("priority_fee", "fifo", "random", "bundles", "builders", "commit_reveal"):
            scenario = self.scratch / f"{ordering}.toml"
            text = PAYMENTS.format(ordering=ordering)
            if ordering == "builders":
                text = text.replace("[chain]", '[chain]\nrelay = "relay"\ninclusion_list_gas = 200_000') + BUILDERS
            scenario.write_text(text)
            ledger = self.scratch / f"{ordering}.db"
            self.ledgers.append(ledger)
            self.made("run", scenario, "--db", ledger, "--quiet")

    def made(self, *arguments):
        """A command that prepares what is spoilt later: nothing is wrong with it."""
        subprocess.run([str(self.runnel), *map(str, arguments)], check=True, capture_output=True, timeout=600)

    def forge(self, *arguments):
        """What the helper says that it altered."""
        done = subprocess.run([str(self.forge_program), *map(str, arguments)], check=True, capture_output=True,
                              timeout=600)
        return done.stdout.decode().strip()

    def copy(self, ledger):
        target = self.folder / "case.db"
        shutil.copyfile(ledger, target)
        return target
