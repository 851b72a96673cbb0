#!/usr/bin/env python3
"""Fails when a file includes what its folder may not: the table of docs/architecture.md."""
import pathlib
import re
import sys

ALLOWED = {
    "ledger": {"ledger"},
    "state": {"state", "ledger"},
    "execution": {"execution", "state", "ledger"},
    "consensus": {"consensus", "execution", "state", "ledger"},
    "contracts": {"contracts", "execution", "state", "ledger"},
    "storage": {"storage", "state", "ledger"},
    "strategies": {"strategies", "contracts", "consensus", "execution", "state", "ledger"},
    "actors": {
        "actors", "strategies/api", "storage", "contracts", "consensus", "execution", "state",
        "ledger"
    },
    "scenarios": {
        "scenarios", "actors", "strategies", "storage", "contracts", "consensus", "execution",
        "state", "ledger"
    },
    "audit": {
        "audit", "scenarios", "actors", "strategies", "storage", "contracts", "consensus",
        "execution", "state", "ledger"
    },
    "analytics": {"analytics", "storage", "contracts/kit", "state", "ledger"},
}
# Library headers that only one folder (and its tests and benches) may include.
CONFINED = {"caf/": "actors", "sqlite3.h": "storage"}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)


def folder_of(path: pathlib.Path) -> str:
    parts = path.parts
    return parts[1] if parts[0] in ("tests", "bench") and len(parts) > 2 else parts[0]


def main() -> int:
    root = pathlib.Path(sys.argv[1])
    wrong = []
    files = [f for f in root.rglob("*.[ch]pp") if "build" not in f.relative_to(root).parts]
    for file in files:
        relative = file.relative_to(root)
        folder = folder_of(relative)
        text = file.read_text()
        for quote, name in INCLUDE.findall(text):
            line = f"{relative}: includes {name}"
            top = name.split("/")[0]
            if quote == '"' and folder in ALLOWED and top in {*ALLOWED, "tools", "bench"}:
                is_test = relative.parts[0] in ("tests", "bench")
                part = "/".join(name.split("/")[:2])
                if not ALLOWED[folder] & {top, part} and not is_test:
                    wrong.append(line)
            for confined, owner in CONFINED.items():
                if name.startswith(confined) and folder != owner:
                    wrong.append(f"{line}, which only {owner}/ may")
                if name == "sqlite3.h" and file.suffix == ".hpp":
                    wrong.append(f"{line}, which only .cpp files may")
    for line in wrong:
        print(line)
    print(f"{len(files)} files checked, {len(wrong)} wrong includes")
    return 1 if wrong or not files else 0


if __name__ == "__main__":
    sys.exit(main())
