"""What tools/score_detectors and tools/sweep_detectors share: ledgers of many seeds, and the scores of detectors over them."""
import collections
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SUMMED = ("true_positives", "false_positives", "false_negatives", "incidents", "incidents_found")


def fail(message, code=2):
    print(f"tools/{pathlib.Path(sys.argv[0]).name}: {message}", file=sys.stderr)
    sys.exit(code)


def number_above_zero(text, what):
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        fail(f"{what}: expected a number above 0, got {text}")
    return int(text)


def jobs():
    """How many run at a time."""
    return number_above_zero(os.environ.get("JOBS") or "2", "JOBS")


def program():
    """The `runnel` to run."""
    path = os.environ.get("RUNNEL") or str(ROOT / "build/release/runnel")
    if not os.access(path, os.X_OK):
        fail(f"no {path}: run tools/build release, or set RUNNEL")
    return path


def scenario_file(name):
    """A scenario of this name, or the file itself."""
    path = pathlib.Path(name)
    if not path.is_file():
        path = ROOT / "scenarios" / f"{name}.toml"
    if not path.is_file():
        fail(f"no such scenario: {path}")
    return path


def make_ledger(runnel, scenario, seed, database, arguments=()):
    subprocess.run([runnel, "run", scenario, "--seed", str(seed), "--db", database, "--workers", "1", "--durability", "off",
                    "--quiet", *arguments], check=True)


def remove_ledger(database):
    for end in ("", "-wal", "-shm"):
        pathlib.Path(f"{database}{end}").unlink(missing_ok=True)


def scores_of(runnel, database, arguments=()):
    """Detector -> score, as `runnel detect --score --json` has them."""
    done = subprocess.run([runnel, "detect", database, "--score", "--json", *arguments], check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)["scores"]


def total(scores):
    """Of one detector over several ledgers: the sums of what is counted."""
    sums = collections.Counter()
    for score in scores:
        for key in SUMMED:
            sums[key] += score[key]
    return sums


def share(part, rest):
    """Of both, or None of nothing."""
    return None if part + rest == 0 else part / (part + rest)


def precision(sums):
    return share(sums["true_positives"], sums["false_positives"])


def recall(sums):
    return share(sums["true_positives"], sums["false_negatives"])


def percent(value):
    return "-" if value is None else f"{value:.1%}"
