#!/usr/bin/env python3
"""Opens pages of `runnel trace --html` in Chromium: nothing is reported, graphs are drawn, the sliders of time and
shares, search, policies, keys, tables and CSV work; wide and narrow, light, dark and on paper; names stay text.

Usage: trace_page.py RUNNEL SOURCE_DIR    Exit code 77: skipped, with a line that says why.
       trace_page.py RUNNEL SOURCE_DIR LEDGER ACCOUNT FOLDER    The page of this ledger, with pictures in the folder.
"""
import csv
import io
import pathlib
import sys
import tempfile

from pages import HOSTILE, VIEWS, Pages, browser, enter_environment, skip

NODES = "() => document.querySelectorAll('.graph svg path').length"
STATUS = "() => document.querySelector('[role=status]').textContent"


def slide(page, label, position):
    page.evaluate("""([label, position]) => {
        const input = document.querySelector(`input[type=range][aria-label="${label}"]`);
        input.value = position === 'last' ? input.max : position;
        input.dispatchEvent(new Event('input'));
    }""", [label, position])


class TracePages(Pages):
    def time(self, page, what):
        """Loot spreads: more is drawn later, and each moment says its block."""
        drawn = []
        for position in (0, 20, 40, "last"):
            slide(page, "Time", position)
            drawn.append((page.evaluate(NODES), page.inner_text(".slider output >> nth=0")))
        self.check(drawn[0][0] < drawn[1][0] <= drawn[2][0] <= drawn[3][0], f"{what}: loot spreads: {drawn}")
        self.check(len({text for _, text in drawn}) == 4, f"{what}: moments have their blocks: {drawn}")
        slide(page, "Time", 0)
        page.click("text=Play")
        # Not by a function that waits in the page: its policy lets nobody evaluate text.
        for _ in range(200):
            if int(page.get_attribute(".graph", "data-moment")) > 2:
                break
            page.wait_for_timeout(50)
        page.click("text=Stop")
        slide(page, "Time", "last")

    def filter(self, page, what):
        before = page.evaluate(NODES)
        slide(page, "At least", 6)
        after = page.evaluate(NODES)
        self.check(2 < after < before, f"{what}: the filter leaves less: {before}, {after}")
        slide(page, "At least", 0)
        self.check(page.evaluate(NODES) == before, f"{what}: and gives it back")

    def search(self, page, what, account):
        page.fill("input[type=search]", account[:-1])
        self.check("match" in page.evaluate(STATUS) or account[:-1] in page.evaluate(STATUS), f"{what}: search counts: {page.evaluate(STATUS)}")
        page.fill("input[type=search]", account)
        self.check(page.inner_text("#hops h3") == account, f"{what}: search finds: {page.inner_text('#hops')[:60]}")
        page.fill("input[type=search]", "no such account")
        self.check("No account" in page.evaluate(STATUS), f"{what}: search finds nothing")
        page.fill("input[type=search]", "")

    def hops(self, page, what, trace, account):
        """The table and the CSV of an account have its hops, to the unit."""
        page.click(f"button.press >> text='{account}' >> nth=0")
        self.check(page.inner_text("#hops h3") == account, f"{what}: a press lists hops")
        text = page.evaluate("""async () => await window.blobs.get(document.querySelector('#hops a.csv').href).text()""")
        rows = list(csv.DictReader(io.StringIO(text)))
        mine = [hop for hop in trace["hops"] if account in (hop["from"]["account"], hop["to"]["account"])]
        said = sorted((row["from"], row["to"], row["amount_raw"], row["first_block"], row["last_block"]) for row in rows)
        known = sorted((hop["from"]["account"], hop["to"]["account"], hop["amount_raw"], str(hop["first_block"]),
                        str(hop["last_block"])) for hop in mine)
        # Of accounts that are folded away the page has bundles, which are no hops.
        strange = [row for row in said if row not in known and not any("other" in end for end in row[:2])]
        self.check(not strange and len(said) > 1, f"{what}: hops of {account}: {strange[:2]}")

    def keys(self, page, what):
        page.focus(".graph")
        seen = []
        for _ in range(3):
            page.keyboard.press("ArrowRight")
            seen.append(page.inner_text("#hops h3"))
        self.check(len(set(seen)) == 3, f"{what}: arrow keys walk: {seen}")
        page.keyboard.press("Enter")
        self.check(page.evaluate("document.activeElement.tagName") == "H3", f"{what}: Enter goes to the hops")
        page.focus(".graph")
        page.keyboard.press("+")
        page.keyboard.press("0")
        page.keyboard.press("Escape")
        self.check(page.query_selector("#hops h3") is None, f"{what}: Escape lets go")

    def pointer(self, page, what):
        """A click on a circle chooses it."""
        graph = page.query_selector(".graph")
        graph.scroll_into_view_if_needed()
        at = graph.evaluate("""(graph) => {
            const circles = [...graph.querySelectorAll('svg path')].map((path) => path.getBoundingClientRect())
                .filter(({width, height}) => width > 14 && Math.abs(width - height) < 1).sort((a, b) => b.width - a.width);
            return [circles[0].x + circles[0].width / 2, circles[0].y + circles[0].height / 2];
        }""")
        page.mouse.click(*at)
        self.check(page.query_selector("#hops h3") is not None, f"{what}: a click chooses")
        page.mouse.move(*at)
        page.focus(".graph")
        page.keyboard.press("Escape")

    def policies(self, page, what, count):
        for name, charts in (("fifo", 1), ("side by side", count), ("poison", 1), ("haircut", 1)):
            page.check(f"input[value='{name}']")
            self.check(self.drawn(page, f"{what}, {name}") == charts, f"{what}: {name} has {charts}")

    def trace(self, runnel, ledger, account, folder, pictures=None):
        arguments = (ledger, "--from", account, "--policy", "all")
        file = folder / f"{ledger.stem}_trace.html"
        made = runnel("trace", *arguments, "--html", file)
        if not self.check(made.returncode == 0 and made.stdout == "", f"the page is written: {made.stderr}"):
            return
        self.check(file.stat().st_size < 5_000_000, f"the page is small: {file.stat().st_size}")
        traces = runnel.json("trace", *arguments)
        for name, (width, scheme) in VIEWS.items():
            what = f"{ledger.stem}, {name}"
            page = self.open(file, name, width, scheme)
            self.drawn(page, what)
            self.fits(page, width, what)
            if pictures:
                for moment in (12, 30, "last"):
                    slide(page, "Time", moment)
                    page.screenshot(path=pictures / f"trace_{name}_{moment}.png", full_page=True)
                page.click(f"button.press >> text='{account}' >> nth=0" if page.query_selector(
                    f"button.press >> text='{account}'") else "button.press >> nth=1")
                page.screenshot(path=pictures / f"trace_{name}_chosen.png", full_page=True)
                page.check("input[value='side by side']")
                page.screenshot(path=pictures / f"trace_{name}_all.png", full_page=True)
                page.check("input[value='haircut']")
                page.focus(".graph")
                page.keyboard.press("Escape")
            self.time(page, what)
            self.filter(page, what)
            if name == "wide":
                first = traces["haircut"]["holders"][0]["account"]
                self.search(page, what, first)
                self.hops(page, what, traces["haircut"], first)
                self.keys(page, what)
                self.pointer(page, what)
                self.policies(page, what, len(traces))
                self.tables(page, what)
            if name != "narrow":
                pdf = self.paper(page, what)
                if pictures:
                    (pictures / f"trace_{name}.pdf").write_bytes(pdf)
            self.check(page.complaints == [], f"{what}: nothing is reported at the end: {page.complaints[:3]}")
            page.context.close()
        print(f"{ledger.stem}: {file.stat().st_size:,} bytes")

    def hostile(self, runnel, folder):
        from support import SMALL_SCENARIO, write
        text = SMALL_SCENARIO.replace("A few payments", HOSTILE).replace('symbol = "USDC"', f'symbol = "{HOSTILE}"')
        ledger = folder / "hostile.db"
        made = runnel("run", write(folder / "hostile.toml", text), "--db", ledger, "--quiet")
        self.check(made.returncode == 0, f"the hostile ledger is made: {made.stderr}")
        for extra in ((), ("--backward",)):
            file = folder / "hostile_trace.html"
            made = runnel("trace", ledger, "--from", "payer/0", *extra, "--html", file)
            self.check(made.returncode == 0, f"the hostile page is written: {made.stderr}")
            page = self.open(file, "hostile", 1000, "light")
            page.focus(".graph")
            page.keyboard.press("ArrowRight")
            page.keyboard.press("ArrowRight")
            self.check(page.inner_text("main").count(HOSTILE) > 2, "a symbol is text")
            self.check(page.evaluate("document.scripts.length") == 3, "there are no other scripts")
            self.check(page.evaluate("document.images.length") == 0 and page.complaints == [],
                       f"nothing happens: {page.complaints[:3]}")
            page.context.close()


def main() -> None:
    source = pathlib.Path(sys.argv[2]).resolve()
    path = browser()
    enter_environment(source)
    sys.path.insert(0, str(source / "tests/cli"))
    from playwright.sync_api import sync_playwright
    from support import Checks, Runnel
    runnel = Runnel(str(pathlib.Path(sys.argv[1]).resolve()))
    check = Checks()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = pathlib.Path(name)
        try:
            chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except Exception as error:  # Playwright's own kind says no more than its text.
            skip(f"{path} does not start: {str(error).splitlines()[0]}")
        pages = TracePages(chromium, check)
        if len(sys.argv) > 3:
            pages.trace(runnel, pathlib.Path(sys.argv[3]), sys.argv[4], folder, pathlib.Path(sys.argv[5]))
        else:
            ledger = folder / "hack.db"
            made = runnel("run", source / "scenarios/hack_and_launder.toml", "--db", ledger, "--blocks", "4000", "--quiet")
            check(made.returncode == 0, f"the ledger is made: {made.stderr}")
            pages.trace(runnel, ledger, "thief/0", folder)
            pages.hostile(runnel, folder)
        chromium.close()
    check.finish()


if __name__ == "__main__":
    main()
