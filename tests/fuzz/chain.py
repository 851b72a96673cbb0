#!/usr/bin/env python3
"""Forges chains with every hash computed again: `verify` refuses what breaks a rule, and with `--head` all."""
import json
import subprocess

from frame import main
from ledgers import LedgerFuzzer


class Chains(LedgerFuzzer):
    def setup(self):
        super().setup()
        self.heads = {}
        for ledger in self.ledgers:
            done = subprocess.run([str(self.runnel), "verify", str(ledger), "--json"], check=True, capture_output=True)
            self.heads[ledger] = json.loads(done.stdout)["head_hash"]

    def case(self):
        ledger = self.random.choice(self.ledgers)
        target = self.folder / "case.db"
        what = self.forge("chain", ledger, target, self.random.getrandbits(64))
        if what.startswith("nothing"):
            self.command({0}, "verify", target, "--head", self.heads[ledger])
            return
        done = self.command({0, 1}, "verify", target)
        if done and done.returncode == 0 and what.startswith("refused"):
            self.finding("accepted in silence", what)
        done = self.command({0, 1}, "verify", target, "--quiet", "--head", self.heads[ledger])
        if done and done.returncode == 0:
            self.finding("accepted in silence", f"with its head, {what}")


if __name__ == "__main__":
    main(Chains)
