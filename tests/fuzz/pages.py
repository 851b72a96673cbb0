#!/usr/bin/env python3
"""Damages a ledger's bytes: every reader says so in one line, or nothing that anybody reads has changed."""
from frame import main
from ledgers import LedgerFuzzer


class Pages(LedgerFuzzer):
    def damage(self, data):
        pick = self.random
        page = 16_384
        count = len(data) // page
        choice = pick.randrange(9)
        if choice == 0:
            return data[: pick.randrange(len(data))]
        if choice == 1:
            return data[: page * pick.randrange(count)]
        if choice == 2:
            return data + pick.randbytes(pick.choice((1, 100, page, 3 * page)))
        if choice == 3:  # The header of the file.
            at = pick.randrange(100)
            data[at] = pick.choice((0, 1, 255, data[at] ^ 1 << pick.randrange(8)))
        elif choice == 4:  # The header and the places of cells of a page.
            at = page * pick.randrange(count) + pick.randrange(64)
            data[at: at + 2] = pick.choice((b"\0\0", b"\xff\xff", pick.randbytes(2)))
        elif choice == 5:
            a, b = page * pick.randrange(count), page * pick.randrange(count)
            data[a: a + page], data[b: b + page] = data[b: b + page], data[a: a + page]
        elif choice == 6:
            at = page * pick.randrange(count)
            data[at: at + page] = bytes(page) if pick.random() < 0.5 else pick.randbytes(page)
        else:
            for _ in range(pick.choice((1, 1, 3, 50))):
                data[pick.randrange(len(data))] ^= 1 << pick.randrange(8)
        return data

    def case(self):
        ledger = self.random.choice(self.ledgers)
        target = self.folder / "case.db"
        target.write_bytes(bytes(self.damage(bytearray(ledger.read_bytes()))))
        holds = self.command({0, 1, 2}, "verify", target, "--quiet")
        done = self.command({0, 1, 2}, "diff", ledger, target)
        if holds and done and holds.returncode == 0 and done.returncode == 1:
            self.finding("accepted in silence", f"verify holds, diff says {done.stdout[:300]!r}")
        self.command({0, 1, 2}, "report", target)
        self.command({0, 1, 2}, "show", target, "tx", "1:0")
        self.command({0, 1, 2}, "show", target, "block", "2", "--json")
        self.command({0, 1, 2}, "sql", target, "SELECT balance_at(id, 0, 3), price_at(0, 3) FROM t_addresses")
        self.command({0, 1, 2}, "detect", target, "--score")
        self.command({0, 1, 2}, "prove", target, "--balance", "USDC", "payer/3")
        self.command({0, 1, 2, 3}, "run", ledger.with_suffix(".toml"), "--db", target, "--resume", "--quiet")


if __name__ == "__main__":
    main(Pages)
