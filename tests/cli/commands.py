#!/usr/bin/env python3
"""What is made from the tree of commands: completion and manual; what is installed; reports of any width.

Usage: commands.py RUNNEL SOURCE_DIR BUILD_DIR
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from support import SMALL_SCENARIO, Checks, Runnel, write


def options_of(runnel, command):
    """The long options of a command, as its help lists them."""
    return set(re.findall(r"^\s+(?:-\w,)?(--[\w-]+)", runnel(command, "--help").stdout, re.M))


def completion(runnel, check, commands):
    script = runnel("completion", "bash").stdout

    def completed(*words):
        """What bash offers for the last word."""
        quoted = " ".join(f"'{word}'" for word in words)
        done = subprocess.run(["bash", "--norc", "-c", f"{script}\nCOMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}\n"
                               '_runnel; printf "%s\\n" "${COMPREPLY[@]}"'], capture_output=True, text=True, check=False,
                              cwd="/")
        check(done.stderr == "", f"bash: {words}: {done.stderr}")
        return set(done.stdout.split())

    check(commands <= completed("runnel", ""), f"bash: commands: {completed('runnel', '')}")
    check(completed("runnel", "ver") == {"verify"}, f"bash: ver: {completed('runnel', 'ver')}")
    for command in commands:
        offered = completed("runnel", command, "--")
        check(offered >= options_of(runnel, command), f"bash: {command}: {offered}")
    check(completed("runnel", "run", "--durability", "") >= {"full", "normal", "off"}, "bash: values")
    check("bin" in completed("runnel", "run", "bi"), "bash: files")
    for shell in ("zsh", "fish"):
        text = runnel("completion", shell).stdout
        for command in commands:
            for option in options_of(runnel, command):
                named = option if shell == "zsh" else f"-l {option[2:]}"
                check(named in text, f"{shell}: {command} {option}")
        found = shutil.which(shell)
        if found:
            parsed = subprocess.run([found, "-n"], input=text, capture_output=True, text=True, check=False)
            check(parsed.returncode == 0, f"{shell}: {parsed.stderr}")
    check(runnel("completion", "csh").returncode == 2, "csh is refused")


def manual(runnel, check, commands):
    page = runnel("manual").stdout
    check(page.startswith(".TH RUNNEL 1"), "manual: its heading")
    plain = page.replace("\\-", "-")
    for command in commands:
        check(f".SS runnel {command}" in plain, f"manual: {command}")
        for option in options_of(runnel, command):
            check(option in plain, f"manual: {command} {option}")
    for tool in (["groff", "-man", "-Tutf8", "-ww"], ["mandoc", "-T", "utf8"]):
        if shutil.which(tool[0]):
            done = subprocess.run(tool, input=page, capture_output=True, text=True, check=False)
            check(done.returncode == 0 and done.stderr == "", f"manual: {tool[0]}: {done.stderr[:500]}")


def installed(check, build, folder):
    """As it is installed, away from the repository."""
    root = folder / "root"
    done = subprocess.run(["cmake", "--install", str(build), "--prefix", str(root)], capture_output=True, text=True,
                          check=False)
    check(done.returncode == 0, f"install: {done.stderr}")
    for file in ("bin/runnel", "share/man/man1/runnel.1", "share/bash-completion/completions/runnel",
                 "share/zsh/site-functions/_runnel", "share/fish/vendor_completions.d/runnel.fish",
                 "share/runnel/scenarios/payments.toml"):
        check((root / file).is_file() and (root / file).stat().st_size > 0, f"install: {file}")
    runnel = Runnel(str(root / "bin" / "runnel"))
    listed = runnel.json("scenarios", cwd="/")
    check(any(entry["name"] == "payments" for entry in listed), f"install: scenarios: {listed}")
    check(all(entry["theme"] != "Others" for entry in listed), f"install: each has a theme: {listed}")
    for entry in listed:
        checked = runnel("check", entry["file"], "--blocks", "3", cwd="/")
        check(checked.returncode == 0, f"install: {entry['file']}: {checked.stderr}")
    check(len(runnel.json("sql", "--list", cwd="/")) >= 40, "install: the library of queries")
    shutil.rmtree(root / "share" / "runnel")
    for command in (["scenarios"], ["sql", "--list"]):
        none = runnel(*command, cwd="/")
        check(none.returncode == 2 and len(none.stderr.splitlines()) == 1, f"no {command}: {none.stderr}")


def widths(runnel, check, folder):
    ledger = folder / "small.db"
    runnel("run", write(folder / "small.toml", SMALL_SCENARIO), "--db", ledger, "--quiet")
    for columns in (40, 60, 80, 100, 140):
        report = runnel("report", ledger, env={"COLUMNS": str(columns)}).stdout
        longest = max(map(len, report.splitlines()))
        check(longest <= columns, f"report: {longest} characters in {columns} columns")
        table = runnel("sql", ledger, "SELECT hash, from_address, gas_price FROM transactions", env={"COLUMNS": str(columns)}).stdout
        check(max(map(len, table.splitlines())) <= max(columns, 40), f"sql: {columns} columns")
    check(max(map(len, runnel("report", ledger, env={}).stdout.splitlines())) <= 100, "report: 100 columns in a file")


def main() -> None:
    runnel = Runnel(sys.argv[1])
    check = Checks()
    commands = set(re.findall(r"^  ([a-z]+) ", runnel("--help").stdout.split("Subcommands:")[1].split("\n\n")[0],
                              re.M))
    check({"run", "verify", "report", "completion", "manual"} <= commands, f"commands: {commands}")
    completion(runnel, check, commands)
    manual(runnel, check, commands)
    with tempfile.TemporaryDirectory() as name:
        installed(check, pathlib.Path(sys.argv[3]), pathlib.Path(name))
        widths(runnel, check, pathlib.Path(name))
    check.finish()


if __name__ == "__main__":
    main()
