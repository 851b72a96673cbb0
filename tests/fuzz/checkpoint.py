#!/usr/bin/env python3
"""Alters checkpoints and computes their hashes again: `run --resume` refuses them, or ends in a ledger that holds."""
import shutil

from frame import main
from ledgers import PAYMENTS, LedgerFuzzer

# Every strategy that remembers something, few of each.
BLACK_THURSDAY = ["scenario.blocks=100", "chain.checkpoint_interval=16", *(
    f"agents.{name}.count={count}" for name, count in (
        ("borrower_usdc", 40), ("borrower_dai", 20), ("looper", 20), ("lender_usdc", 20), ("lender_dai", 20),
        ("liquidator", 6), ("noise_trader", 60), ("liquidity_provider", 10), ("payer_eth", 40), ("payer_usdc", 40)))]


class Checkpoints(LedgerFuzzer):
    def setup(self):
        super().setup()
        small = self.scratch / "priority_fee.toml"
        many = self.scratch / "many.toml"
        arguments = ["check", self.source / "scenarios" / "black_thursday.toml", "--resolved"]
        for change in BLACK_THURSDAY:
            arguments += ["--set", change]
        many.write_bytes(self.command({0}, *arguments).stdout)
        self.cuts = []
        for scenario, blocks in ((small, 20), (small, 23), (many, 40), (many, 50)):
            ledger = self.scratch / f"cut{len(self.cuts)}.db"
            self.forge("cut", scenario, ledger, blocks)
            self.cuts.append((scenario, ledger))

    def case(self):
        scenario, ledger = self.random.choice(self.cuts)
        target = self.copy(ledger)
        shutil.copyfile(scenario, self.folder / "case.toml")
        what = self.forge("checkpoint", target, self.random.getrandbits(64))
        done = self.command({0, 1}, "run", scenario, "--db", target, "--resume", "--quiet")
        if done and done.returncode == 0:
            holds = self.command({0, 1}, "verify", target, "--quiet")
            if holds and holds.returncode != 0:
                self.finding("accepted in silence", f"{what}: the chain that came of it does not hold: {holds.stderr}")


if __name__ == "__main__":
    main(Checkpoints)
