#!/usr/bin/env python3
"""Mutates shipped scenarios: `check` refuses them with one line, or `run` takes what it accepted."""
import re

from frame import Fuzzer, main

VALUES = [
    "0", "-1", "1", "2", "1e308", "-1e308", "nan", "inf", "-inf", "0.5", "1e-300", "4294967295", "4294967296",
    "9223372036854775807", "-9223372036854775808", "18446744073709551616", "true", '""', '"x"', '"0"', '"ETH"', '"12s"',
    '"1e999 ether"', '"0.0000000000000000001 ether"', '"115792089237316195423570985008687907853269984665640564039457"',
    "[]", "[1]", "[[]]", "{}", "{ uniform = [2, 1] }", "{ uniform = [0, 1e308] }", "{ normal = [0, -1] }",
    "{ log_normal = [700, 700] }", "{ exponential = 0 }", "{ normal = [1, 1], min = 5, max = 2 }", "1979-05-27",
    '"\\u001b[31mred"', '"\\u0000"', '"a\\nb"', '"' + "long " * 400 + '"', "[" * 200 + "]" * 200,
]
KEY = re.compile(r"^\s*([A-Za-z_][\w-]*)\s*=\s*(.+?)\s*(#.*)?$")


class Scenarios(Fuzzer):
    def setup(self):
        self.texts = {}
        for path in sorted((self.source / "scenarios").glob("*.toml")):
            self.texts[path.name] = path.read_text()
        self.prices = sorted((self.source / "scenarios").glob("**/*.csv*"))

    def mutate(self, lines):
        pick = self.random
        at = pick.randrange(len(lines))
        keyed = [i for i, line in enumerate(lines) if KEY.match(line)]
        choice = pick.random()
        if choice < 0.55 and keyed:
            at = pick.choice(keyed)
            key, value, _ = KEY.match(lines[at]).groups()
            lines[at] = f"{key} = {self.value(value, [KEY.match(lines[i]).group(2) for i in keyed])}"
        elif choice < 0.65 and keyed:
            at = pick.choice(keyed)
            key, value, _ = KEY.match(lines[at]).groups()
            lines[at] = f"{pick.choice([key[:-1] or 'x', key + 's', key.upper(), 'x' * 300])} = {value}"
        elif choice < 0.75:
            del lines[at]
        elif choice < 0.82:
            lines.insert(pick.randrange(len(lines) + 1), lines[at])
        elif choice < 0.90:
            other = pick.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        else:
            text = list(lines[at])
            for _ in range(pick.randint(1, 4)):
                text.insert(pick.randrange(len(text) + 1), chr(pick.choice((0, 9, 27, 34, 44, 46, 61, 91, 93, 123, 127, 233,
                                                                            0x202E, 0x1F600))))
            lines[at] = "".join(text)

    def tune(self, lines):
        """Another number of the same kind: much of that is a scenario."""
        pick = self.random
        at = pick.choice([i for i, line in enumerate(lines) if KEY.match(line)])
        numbers = list(re.finditer(r"(?<![\w.])\d[\d_]*(\.\d+)?(?![\w.])", lines[at].split("#")[0]))
        if not numbers:
            return
        number = pick.choice(numbers)
        old = number.group().replace("_", "")
        new = float(old) * pick.choice((0, 0.5, 0.9, 1.1, 2, 10)) + pick.choice((0, 0, 1))
        text = f"{new:.6f}".rstrip("0").rstrip(".") if "." in old else str(int(new))
        lines[at] = lines[at][: number.start()] + text + lines[at][number.end():]

    def value(self, old, others):
        pick = self.random
        if pick.random() < 0.4:
            return pick.choice(others)
        number = re.search(r"\d[\d_]*(\.\d+)?", old)
        if number and pick.random() < 0.6:
            new = pick.choice(["0", "1", "-" + number.group(), number.group() + "0" * pick.randint(1, 12),
                               number.group() + ".5", "0." + number.group().replace("_", ""), "1e9", "1e30"])
            return old[: number.start()] + new + old[number.end():]
        return pick.choice(VALUES)

    def case(self):
        pick = self.random
        name = pick.choice(sorted(self.texts))
        lines = self.texts[name].split("\n")
        mild = pick.random() < 0.4
        for _ in range(pick.choice((1, 1, 1, 2, 3, 8))):
            if lines:
                (self.tune if mild else self.mutate)(lines)
        text = "\n".join(lines)
        path = self.folder / name
        path.write_bytes(text.encode("utf-8", "surrogatepass") if pick.random() < 0.95
                         else text.encode("utf-8", "surrogatepass")[: pick.randrange(1, len(text))])
        for file in self.prices:
            beside = self.folder / file.relative_to(self.source / "scenarios")
            beside.parent.mkdir(parents=True, exist_ok=True)
            beside.symlink_to(file)
        # Fewer blocks and wallets than the file says: it is the same file, and takes a moment.
        checked = self.command({0, 2, 3}, "check", path, "--blocks", 5)
        if checked is None or checked.returncode != 0:
            return
        # What is printed with all defaults is the same scenario.
        resolved = self.command({0}, "check", path, "--blocks", 5, "--resolved")
        if resolved is not None and resolved.returncode == 0:
            again = self.folder / f"resolved-{name}"
            again.write_bytes(resolved.stdout)
            self.command({0}, "check", again)
        # What a script expects of a mutant need not come: a line for each.
        ran = self.command({0, 1, 2, 3}, "run", path, "--blocks", 5, "--quiet", "--stall-timeout", 30, many_lines={1})
        if ran is not None and ran.returncode == 1 and ran.stderr.count(b"script[") < ran.stderr.count(b"\n"):
            self.finding("wrong code", f"run {path.name}: exit 1: {ran.stderr[-2000:]!r}")
        if ran is not None and ran.returncode == 2:
            self.finding("accepted in silence", f"check accepts what run refuses: {ran.stderr!r}")


if __name__ == "__main__":
    main(Scenarios)
