#!/usr/bin/env python3
"""Mutates proofs: `verify --proof` refuses them in one line, or they state the same and nothing else."""
import json

from frame import main
from ledgers import LedgerFuzzer

VALUES = ["null", "true", "0", "-1", "1", "1.0", "1e0", "-0", "18446744073709551615", "18446744073709551616", "1e999", '""',
          '"0x"', '"0x00"', '"' + "ab" * 32 + '"', '"0x' + "00" * 32 + '"', '"0x' + "00" * 600_000 + '"', "[]", "{}",
          '["0x' + "00" * 32 + '"]', "[" * 50 + "]" * 50, '"\\u001b[2J"', '"\\ud800"', '"block 40 has it all"']


class Proofs(LedgerFuzzer):
    def setup(self):
        super().setup()
        self.proofs = []
        for arguments in (("--balance", "USDC", "payer/3"), ("--balance", "ETH", "payer/5", "--block", 8),
                          ("--balance", "USDC", "zero"), ("--record", "native_supply", 0), ("--transaction", "7:0"),
                          ("--transaction", "20:1")):
            self.proofs.append(self.command({0}, "prove", self.ledgers[0], *arguments).stdout.decode())

    def tokens(self, text):
        """Where members, values and brackets are in the text."""
        places, at = [], 0
        while at < len(text):
            if text[at] == '"':
                end = text.index('"', at + 1) + 1
            elif text[at] in "-0123456789":
                end = at + 1
                while text[end] in "0123456789":
                    end += 1
            else:
                end = at + 1
            if not text[at].isspace():
                places.append((at, end))
            at = end
        return places

    def case(self):
        pick = self.random
        text = whole = pick.choice(self.proofs)
        for _ in range(pick.choice((1, 1, 1, 2, 4))):
            choice = pick.random()
            if choice < 0.6:
                try:
                    places = self.tokens(text)
                except (ValueError, IndexError):
                    break
                start, end = pick.choice(places)
                kind = pick.random()
                if kind < 0.5:
                    text = text[:start] + pick.choice(VALUES) + text[end:]
                elif kind < 0.7:
                    text = text[:start] + text[end:]
                elif kind < 0.85:
                    other = pick.choice(places)
                    text = text[:start] + text[other[0]: other[1]] + text[end:]
                else:  # A member that is there already, or that is none.
                    name = pick.choice(["statement", "block_hash", "path", "key", "number", "content", "runnel_proof", "x"])
                    brace = text.rindex("{", 0, start) if "{" in text[:start] else 0
                    text = text[: brace + 1] + f'"{name}": {pick.choice(VALUES)}, ' + text[brace + 1:]
            elif choice < 0.8:
                at = pick.randrange(len(text))
                text = text[:at] + chr(pick.choice((0, 10, 34, 44, 48, 58, 91, 97, 125, 0x202E))) + text[at + 1:]
            elif choice < 0.9:
                text = text[: pick.randrange(len(text))]
            else:
                text += pick.choice((" ", "\0", "{}", text))
        path = self.folder / "case.json"
        path.write_text(text)
        done = self.command({0, 1, 2}, "verify", "--proof", path)
        if done and done.returncode == 0:
            statement = json.loads(whole)["statement"]
            try:
                same = json.loads(text, object_pairs_hook=list) == json.loads(whole, object_pairs_hook=list)
            except ValueError as error:
                self.finding("accepted in silence", f"not JSON: {error}")
                return
            # In another order they are the same members.
            if statement not in done.stdout.decode() or not (same or json.loads(text) == json.loads(whole) and
                                                             len(text) <= len(whole) + 10):
                self.finding("accepted in silence", f"{statement!r} became {done.stdout!r}")


if __name__ == "__main__":
    main(Proofs)
