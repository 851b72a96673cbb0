#!/usr/bin/env python3
"""The tutorials say what happens: each command in them runs, and prints what stands below it.

Usage: tutorials.py RUNNEL SOURCE_DIR [--write]

Blocks of ```console hold commands behind `$ ` (continued lines behind `> `) and their output. They run one after the other in one
folder, with `runnel` on the path and `scenarios` and `tools` beside it, as a reader has them. --write puts today's output there.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from support import Checks

PAGES = ("tutorial_lending_risk.md",)
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.S | re.M)


def commands_of(block: str) -> list[tuple[str, str]]:
    """Each command with the output that the page gives it."""
    found: list[list[str]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append([line[2:], ""])
        elif line.startswith("> ") and found and not found[-1][1]:
            found[-1][0] += "\n" + line[2:]
        else:
            found[-1][1] += line.rstrip() + "\n"
    return [(command, output) for command, output in found]


class Page:
    def __init__(self, runnel: str, source: pathlib.Path, folder: pathlib.Path):
        for name in ("scenarios", "tools"):
            (folder / name).symlink_to(source / name)
        self.folder = folder
        self.environment = dict(os.environ, COLUMNS="120",
                                PATH=f"{pathlib.Path(runnel).resolve().parent}:{os.environ['PATH']}")

    def run(self, command: str) -> str:
        done = subprocess.run(["bash", "-c", command], cwd=self.folder, env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600, check=False)
        return "".join(line.rstrip() + "\n" for line in done.stdout.splitlines())


def main() -> None:
    runnel, source = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    checks = Checks()
    for name in PAGES:
        path = source / "docs" / name
        text = path.read_text()
        blocks = BLOCK.findall(text)
        checks(len(blocks) > 5, f"{name} has commands")
        with tempfile.TemporaryDirectory() as folder:
            page = Page(runnel, source, pathlib.Path(folder))

            def replay(match: re.Match[str]) -> str:
                lines = ""
                for command, expected in commands_of(match[1]):
                    output = page.run(command)
                    checks(output == expected, f"{name}: {command}\n  expected {expected!r}\n  got      {output!r}")
                    lines += "$ " + command.replace("\n", "\n> ") + "\n" + output
                return f"```console\n{lines}```"

            written = BLOCK.sub(replay, text)
        if "--write" in sys.argv:
            path.write_text(written)
    checks.finish()


if __name__ == "__main__":
    main()
