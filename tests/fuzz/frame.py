"""What all fuzzers share: cases that can be repeated, commands that are watched, and a line that counts.

A fuzzer is a program of its own, `tests/fuzz/NAME.py RUNNEL SOURCE_DIR [--seed N] [--count N | --minutes M]`:

    class Scenarios(Fuzzer):
        def case(self):                         # one hostile input, from self.random alone, in self.folder
            path = self.folder / "case.toml"
            path.write_text(...)
            self.command({0, 2}, "check", path)
    if __name__ == "__main__":
        main(Scenarios)

Case K of seed N is the same whenever it is run: `--seed N --case K` repeats it alone, and `--keep FOLDER` keeps the
inputs of all cases that found something. CTest runs few cases of a fixed seed, `tools/soak --fuzz` as many as time allows.
"""
import argparse
import pathlib
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter

SANITIZER_MARKS = ("Sanitizer", "runtime error:", "RUNNEL_CHECK", "does not hold:", "terminate called")
KINDS = ("crash", "hang", "wrong code", "ill-formed message", "accepted in silence")
# What a terminal obeys, or shows in another order than it stands.
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
LINE_MAX = 2000  # Characters of a message; nobody reads more.


class Fuzzer:
    """Derive, and define case(); setup() is called once, before the first case."""

    memory_max = 6 << 30  # Of a command's address space; sanitizers reserve more, so they go without.
    seconds_max = 60  # Of a command: more is a hang.

    def __init__(self, runnel, source, scratch):
        self.runnel = pathlib.Path(runnel)
        self.source = pathlib.Path(source)
        self.scratch = pathlib.Path(scratch)  # For what setup() makes.
        self.folder = self.scratch / "case"  # Empty at the begin of each case.
        self.random = random.Random(0)
        self.commands = 0
        self.found = Counter()
        self.case_found = []
        self.sanitized = b"__asan_init" in self.runnel.read_bytes() or b"__tsan_init" in self.runnel.read_bytes()

    def setup(self):
        pass

    def case(self):
        raise NotImplementedError

    def finding(self, kind, text):
        """Notes that the case at hand found something: one of KINDS, and what."""
        assert kind in KINDS, kind
        self.found[kind] += 1
        self.case_found.append(f"{kind}: {text}")

    def command(self, codes, *arguments, seconds=None, many_lines=()):
        """Runs a command that must end with one of these codes, and say what it says as it should: one line, or with
        a code of @p many_lines any number. Returns the finished process, or None if it hung.
        """
        self.commands += 1

        def limit():
            if not self.sanitized:
                resource.setrlimit(resource.RLIMIT_AS, (self.memory_max, self.memory_max))

        shown = " ".join(map(str, arguments))
        try:
            done = subprocess.run([str(self.runnel), *map(str, arguments)], stdin=subprocess.DEVNULL,
                                  capture_output=True, timeout=seconds or self.seconds_max, check=False,
                                  preexec_fn=limit)
        except subprocess.TimeoutExpired:
            self.finding("hang", shown)
            return None
        errors = done.stderr.decode("utf-8", "backslashreplace")
        if done.returncode < 0 or done.returncode >= 128 or any(mark in errors for mark in SANITIZER_MARKS):
            self.finding("crash", f"{shown}: exit {done.returncode}: {errors[-3000:]!r}")
        elif done.returncode not in codes:
            self.finding("wrong code", f"{shown}: exit {done.returncode}: {errors[:LINE_MAX]!r}")
        else:
            wrong = what_is_wrong_with(errors, done.returncode, done.returncode in many_lines)
            if wrong:
                self.finding("ill-formed message", f"{shown}: {wrong}: {errors[:LINE_MAX]!r}")
            if CONTROLS.search(done.stdout.decode("utf-8", "backslashreplace")):
                self.finding("ill-formed message", f"{shown}: control characters in the output")
        return done


def what_is_wrong_with(errors, code, many_lines=False):
    """One line, with the name of the program; none after success but warnings."""
    lines = errors.split("\n")
    if lines.pop() != "":
        return "the last line is not ended"
    if CONTROLS.search(errors):
        return "control characters"
    others = [line for line in lines if not line.startswith("runnel: warning: ")]
    if any(len(line) > LINE_MAX for line in lines):
        return "a line that nobody reads"
    if any(not line.startswith("runnel: ") for line in others):
        return "a line that is not the program's"
    if code in (0, 1) and not others:
        return ""  # What does not hold may be said on stdout.
    if code != 0 and len(others) != 1 and not many_lines:
        return f"{len(others)} lines"
    return ""


def main(kind):
    parser = argparse.ArgumentParser(description=sys.modules[kind.__module__].__doc__)
    parser.add_argument("runnel", type=pathlib.Path)
    parser.add_argument("source", type=pathlib.Path, help="the repository")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--minutes", type=float, help="instead of --count")
    parser.add_argument("--case", type=int, help="this one alone")
    parser.add_argument("--keep", type=pathlib.Path, help="a folder for the inputs that found something")
    options = parser.parse_args()
    name = pathlib.Path(sys.argv[0]).stem
    end = None if options.minutes is None else time.monotonic() + 60 * options.minutes
    cases = 0
    with tempfile.TemporaryDirectory(prefix=f"runnel-fuzz-{name}-") as scratch:
        fuzzer = kind(options.runnel.resolve(), options.source.resolve(), scratch)
        fuzzer.setup()
        number = options.case or 0
        while options.case is None or cases == 0:
            if options.case is None and (time.monotonic() >= end if end else cases >= options.count):
                break
            shutil.rmtree(fuzzer.folder, ignore_errors=True)
            fuzzer.folder.mkdir()
            fuzzer.random = random.Random(f"{name} {options.seed} {number}")
            fuzzer.case_found = []
            fuzzer.case()
            for found in fuzzer.case_found:
                print(f"FOUND by {name} --seed {options.seed} --case {number}: {found}", file=sys.stderr)
            if fuzzer.case_found and options.keep:
                shutil.copytree(fuzzer.folder, options.keep / f"{name}-{options.seed}-{number}", dirs_exist_ok=True)
            cases += 1
            number += 1
    counts = ", ".join(f"{fuzzer.found[kind]} {kind}" for kind in KINDS)
    print(f"{name}, seed {options.seed}: {cases} cases, {fuzzer.commands} commands; {counts}")
    sys.exit(1 if fuzzer.found or not cases else 0)
