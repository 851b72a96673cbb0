#!/usr/bin/env python3
"""Mutates recorded operations: `vectors` replays them, or says in one line which line it cannot read."""
import gzip
import json

from frame import Fuzzer, main

VALUES = [None, True, False, 0, -1, 1.5, 1e300, 2**64, "", "0", "-1", "x", "0x", "0x" + "0" * 39, "9" * 80, "1" * 5000,
          [], {}, [[]], {"x": 1}, "\x1b[2J\x1b[31mrunnel: all is well", "a\nrunnel: 0 mismatches", "\ud800", "é" * 100]


class Vectors(Fuzzer):
    def setup(self):
        self.files = {}
        for path in sorted((self.source / "tests" / "vectors").glob("*.ndjson.gz")):
            lines = gzip.decompress(path.read_bytes()).decode().splitlines()
            self.files[path.name] = lines

    def change(self, value):
        """Replaces something within a JSON value."""
        pick = self.random
        if isinstance(value, dict) and value and pick.random() < 0.9:
            key = pick.choice(sorted(value))
            choice = pick.random()
            if choice < 0.15:
                del value[key]
            elif choice < 0.25:
                value[key + "x"] = value.pop(key)
            else:
                value[key] = self.change(value[key])
            return value
        if isinstance(value, list) and value and pick.random() < 0.8:
            at = pick.randrange(len(value))
            if pick.random() < 0.2:
                del value[at]
            else:
                value[at] = self.change(value[at])
            return value
        if isinstance(value, str) and pick.random() < 0.4:
            at = pick.randrange(len(value) + 1)
            return value[:at] + pick.choice(("0", "f", " ", "-", "\x1b", "9" * 60)) + value[at + pick.randrange(2):]
        return pick.choice(VALUES)

    def case(self):
        pick = self.random
        lines = list(self.files[pick.choice(sorted(self.files))])
        lines = lines[: pick.randint(2, 40)]
        for _ in range(pick.choice((1, 1, 2, 4))):
            at = pick.choice((0, pick.randrange(len(lines))))
            choice = pick.random()
            if choice < 0.7:
                try:
                    lines[at] = json.dumps(self.change(json.loads(lines[at])))
                except (ValueError, RecursionError):
                    pass
            elif choice < 0.8:
                lines[at] = "[" * pick.choice((1, 100, 100_000)) + lines[at]
            elif choice < 0.9:
                lines[at] = lines[at][: pick.randrange(len(lines[at]) + 1)]
            else:
                lines.insert(at, pick.choice(("", " ", "null", "{}", "[]", "\x00", "\x1b[31m", "{" * 5000, "\u2028",
                                              '"' + "x" * pick.choice((1, 70_000, 5_000_000)))))
        content = "\n".join(lines).encode("utf-8", "surrogatepass")
        packed = pick.random() < 0.5
        if packed:
            content = gzip.compress(content, 1)
        if pick.random() < 0.2:
            content = bytearray(content[: pick.randrange(len(content) + 1)])
            for _ in range(pick.randint(0, 5)):
                if content:
                    content[pick.randrange(len(content))] ^= 1 << pick.randrange(8)
        path = self.folder / ("case.ndjson.gz" if packed else "case.ndjson")
        path.write_bytes(content)
        self.command({0, 1, 2}, "vectors", path)


if __name__ == "__main__":
    main(Vectors)
