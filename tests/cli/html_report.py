#!/usr/bin/env python3
"""`runnel report --html` and `--md`: one whole file, with what the report says, whatever names a ledger has.

Usage: html_report.py RUNNEL SOURCE_DIR    Exit code 77: skipped, of a program without pages.
"""
import fractions
import html.parser
import json
import pathlib
import re
import sqlite3
import sys
import tempfile

from balances import Replay
from support import SMALL_SCENARIO, Checks, Runnel, write

HOSTILE = "</script><img src=x onerror=alert(1)>|`*_&amp;"


class Page(html.parser.HTMLParser):
    """What a browser makes of the file: elements, and the text of scripts."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements = []
        self.texts = {}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.elements:
            tag, attributes = self.elements[-1]
            self.texts[attributes.get("id", tag)] = self.texts.get(attributes.get("id", tag), "") + data


class Reports:
    def __init__(self, runnel, check, folder):
        self.runnel, self.check, self.folder = runnel, check, folder

    def ledger(self, name, text, *arguments):
        path = self.folder / f"{name}.db"
        made = self.runnel("run", write(self.folder / f"{name}.toml", text), "--db", path, "--quiet", *arguments)
        self.check(made.returncode == 0, f"{name} is made: {made.stderr}")
        return path

    def page(self, ledger, *arguments):
        file = ledger.with_suffix(".html")
        made = self.runnel("report", ledger, "--html", file, *arguments)
        self.check(made.returncode == 0 and made.stdout == "", f"a page is written: {made.stderr}{made.stdout[:80]}")
        return file.read_text()

    def contents(self, name, text, *arguments):
        """The page has the figures and rows of `--json`, and nothing from elsewhere."""
        ledger = self.ledger(name, text, *arguments)
        text = self.page(ledger)
        self.check(len(text.encode()) < 5_000_000, f"{name}: the page is small")
        page = Page(text)
        tags = [tag for tag, _ in page.elements]
        self.check(tags.count("script") == 3 and tags.count("style") == 1, f"{name}: three scripts: {tags}")
        self.check(not {"img", "link", "iframe", "object", "base", "form"} & set(tags), f"{name}: nothing is fetched: {tags}")
        self.check(not any({"src", "href"} & set(attributes) for _, attributes in page.elements),
                   f"{name}: no element names an address")
        policy = next((a["content"] for t, a in page.elements if a.get("http-equiv") == "Content-Security-Policy"), "")
        self.check(policy.startswith("default-src 'none'"), f"{name}: browsers are told so: {policy}")
        drawn = json.loads(page.texts["report"])
        report = self.runnel.json("report", ledger)
        self.check({s["key"] for s in drawn["sections"]} == set(report), f"{name}: every section is there")
        for section in drawn["sections"]:
            said = report[section["key"]]
            for table in section["tables"]:
                rows = said[table["key"]]
                self.check(len(table["rows"]) == min(len(rows), 1000), f"{section['key']}.{table['key']}: its rows")
                for i, column in enumerate(table["columns"]):
                    cell, value = table["rows"][0][i], rows[0][column["key"]]
                    same = cell[0] == rows[0][column["key"] + "_raw"] if isinstance(cell, list) else cell == value
                    self.check(same, f"{section['key']}.{table['key']}.{column['key']}: {cell} is {value}")
            left = [key for key, value in said.items() if isinstance(value, list) and value]
            self.check(sorted(left) == sorted(t["key"] for t in section["tables"]), f"{section['key']}: its tables")
        for chart in drawn["charts"]:
            table = next(t for s in drawn["sections"] if s["key"] == chart["section"]
                         for t in s["tables"] if t["key"] == chart["table"])
            keys = {column["key"]: column["unit"] for column in table["columns"]}
            used = [chart["x"], *chart["y"], *chart["series"], *filter(None, [chart.get("facet"), chart.get("slider")])]
            self.check(set(used) <= set(keys), f"{chart['title']}: its columns are there: {used}")
            units = {"share" if keys[key] == "bar" else keys[key] for key in chart["y"]}
            self.check(len(units) == 1, f"{chart['title']}: one unit: {units}")
            self.check(chart["sentence"].endswith("."), f"{chart['title']}: says what it shows")
        return drawn

    def holders(self, ledger):
        """Balances, Gini, HHI and the rest again, in Python's integers and fractions."""
        replay = Replay(ledger)
        held = replay.at_end()
        database = sqlite3.connect(ledger)
        people = {account for account, in database.execute(
            "SELECT id FROM t_addresses WHERE role IN ('wallet', 'liquidity_provider', 'account')")}
        database.close()
        said = {row["token"]: row for row in self.runnel.json("report", ledger)["holders"]["tokens"]}
        compared = 0
        for token, symbol in replay.symbols.items():
            row = said.get(symbol)
            if row is None:
                continue  # Nobody has any, or two tokens share the symbol.
            all_held = [amount for (account, kind), amount in held.items() if kind == token and account and amount > 0]
            mine = sorted(amount for (account, kind), amount in held.items()
                          if kind == token and account in people and amount > 0)
            self.check(int(row["supply_raw"]) == sum(all_held), f"{symbol}: the supply is all balances")
            self.check((row["holders"], row["people"]) == (len(all_held), len(mine)), f"{symbol}: so many hold it")
            if not mine:
                continue
            count, total = len(mine), sum(mine)
            gini = fractions.Fraction(sum((2 * i - count - 1) * x for i, x in enumerate(mine, 1)), count * total)
            hhi = fractions.Fraction(sum(x * x for x in mine), total * total)
            top = fractions.Fraction(sum(mine[-10:]), total)
            for key, value in (("gini", gini), ("hhi", hhi), ("top10_share", top)):
                self.check(abs(row[key] - value) < 1e-9, f"{symbol}: {key} is {float(value)}: {row[key]}")
            compared += 1
        self.check(compared >= 3, f"tokens were compared: {compared}")

    def sections(self, ledger):
        text = self.page(ledger, "--section", "flows")
        drawn = json.loads(Page(text).texts["report"])
        self.check([s["key"] for s in drawn["sections"]] == ["flows"], "a page of one section")
        both = self.folder / "both"
        done = self.runnel("report", ledger, "--html", self.folder / "both.html", "--csv", both, "--json")
        self.check(done.returncode == 0 and json.loads(done.stdout) and (both / "figures.csv").exists()
                   and (self.folder / "both.html").exists(), f"all at once: {done.stderr}")

    def refusals(self, ledger):
        foreign = write(self.folder / "foreign.html", "<!doctype html><title>mine</title>")
        for target in (foreign, ledger, self.folder / "none" / "x.html", self.folder):
            before = foreign.read_text(), ledger.stat().st_size
            done = self.runnel("report", ledger, "--html", target)
            self.check(done.returncode in (2, 3) and len(done.stderr.splitlines()) == 1,
                       f"{target.name}: exit {done.returncode}: {done.stderr}")
            self.check((foreign.read_text(), ledger.stat().st_size) == before, f"{target.name}: nothing is changed")
        self.check(self.runnel("report", ledger, "--json", "--md").returncode == 2, "--json or --md, not both")

    def markdown(self, ledger):
        done = self.runnel("report", ledger, "--md")
        self.check(done.returncode == 0, f"Markdown is printed: {done.stderr}")
        lines = done.stdout.splitlines()
        self.check(lines[0].startswith("## "), f"it has headings: {lines[0]}")
        for i, line in enumerate(lines):
            if re.fullmatch(r"\|(-+:?\|)+", line):
                count = line.count("|")
                rows = [lines[i - 1]]
                for row in lines[i + 1:]:
                    if not row.startswith("|"):
                        break
                    rows.append(row)
                self.check(all(len(re.findall(r"(?<!\\)\|", row)) == count for row in rows),
                           f"every row has its cells: {rows[0]}")
        self.check("<img" not in done.stdout and "</script" not in done.stdout, "names are no markup")


def main() -> None:
    check = Checks()
    runnel = Runnel(sys.argv[1])
    refusal = runnel("report", __file__, "--html", "page.html").stderr
    if "without Apache ECharts" in refusal:
        print(f"SKIPPED: {refusal.strip()}")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as name:
        reports = Reports(runnel, check, pathlib.Path(name))
        source = pathlib.Path(sys.argv[2])
        hostile = SMALL_SCENARIO.replace("A few payments", HOSTILE).replace(
            'symbol = "USDC"', f'symbol = "{HOSTILE}"')
        drawn = reports.contents("hostile", hostile)
        check(drawn["title"] == HOSTILE, f"the title is what it is: {drawn['title']}")
        ledger = reports.folder / "hostile.db"
        reports.sections(ledger)
        reports.refusals(ledger)
        reports.markdown(ledger)
        crash = (source / "scenarios/black_thursday.toml").read_text()
        drawn = reports.contents("crash", crash, "--blocks", "240", "--set", "scenario.slot_seconds=360")
        reports.holders(reports.folder / "crash.db")
        kinds = {chart["kind"] for chart in drawn["charts"]}
        check(kinds == {"line", "area", "bar", "heat_map", "sankey", "cards"}, f"every kind of chart: {kinds}")
    check.finish()


if __name__ == "__main__":
    main()
