#!/usr/bin/env python3
"""Opens pages of `runnel report --html` in Chromium: nothing is reported, every chart is drawn, sliders, filters, tables and
CSV links work, wide and narrow, light, dark and on paper; names from a ledger stay text. Pages of one run, and of two beside
one another.

Usage: pages.py RUNNEL SOURCE_DIR    Exit code 77: skipped, with a line that says why.
       pages.py RUNNEL SOURCE_DIR LEDGER [FOLDER]    The page of this ledger, with pictures of it in the folder.
       pages.py RUNNEL SOURCE_DIR LEDGER,LEDGER... [FOLDER]    That of several.
"""
import csv
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
RUNS = {
    # Long enough for the first liquidations; slots of 36 seconds make it a day.
    "black_thursday": ["--blocks", "2400", "--set", "scenario.slot_seconds=36"],
    "hack_and_launder": ["--blocks", "2000"],
    "yield_farm": ["--blocks", "1000"],
    "mev_day": ["--blocks", "500"],
    "selfish_miner": ["--blocks", "300"],
}
# Without tokens there are none to pick.
COINS_ALONE = {"selfish_miner"}
# Titles of charts that have to be there.
CHARTS = {
    "black_thursday": ["What a trade costs, by its size", "How much moves a price, and how far", "What if prices fell?",
                       "How much is lent out", "Prices of pools against the world outside"],
    "hack_and_launder": ["Among how many a withdrawal hides", "Deposits over time", "Withdrawals over time"],
    "yield_farm": ["What farms promise", "What a trade costs, by its size"],
    "mev_day": ["Who sandwiched", "What a trade costs, by its size"],
    "selfish_miner": ["Who is in the network", "The deepest re-organisation", "What became of blocks"],
    "side_by_side": ["At a glance", "Base fee", "Value in pools", "Value in lending markets", "How much is lent out", "Bad debt",
                     "Prices of pools, and of the world outside"],
}
VIEWS = {"wide": (1360, "light"), "dark": (1360, "dark"), "narrow": (390, "light")}
HOSTILE = "</script><script>document.body.remove()</script><img src=x onerror=document.body.remove()>"


def skip(why: str) -> None:
    print(f"SKIPPED: {why}")
    sys.exit(SKIPPED)


def browser() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    skip("there is no Chromium on this machine")


def enter_environment(source: pathlib.Path) -> None:
    """Starts this script again where Playwright is."""
    made = subprocess.run([source / "tools/python_env", "browser"], capture_output=True, text=True)
    if made.returncode != 0:
        skip(made.stderr.strip())
    python = made.stdout.strip()
    if pathlib.Path(sys.prefix) != pathlib.Path(python).parent.parent:
        os.execv(python, [python, *sys.argv])


def columns(table):
    """The columns of a table in JSON, as CSV has them: an amount in any row has a second one."""
    keys = {}
    for row in table:
        for key in row:
            keys.setdefault(key.removesuffix("_raw") if key.removesuffix("_raw") in row else key, set()).add(key)
    return [key for name in keys for key in sorted(keys[name], reverse=True)]


class Pages:
    def __init__(self, chromium, check):
        self.chromium, self.check = chromium, check

    def open(self, file, name, width, scheme):
        context = self.chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, accept_downloads=True)
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith(("file:", "blob:"))
                else page.complaints.append(f"asks for {request.url}"))
        page.add_init_script("""window.blobs = new Map(); const make = URL.createObjectURL;
            URL.createObjectURL = (blob) => { const url = make.call(URL, blob); window.blobs.set(url, blob); return url; };""")
        page.goto(file.as_uri())
        self.check(page.complaints == [], f"{file.name}, {name}: nothing is reported: {page.complaints[:3]}")
        return page

    def drawn(self, page, what):
        """Every chart has lines, bars, cells or bands in it, and does not stick out of its place."""
        charts = page.evaluate("""() => [...document.querySelectorAll('.chart')].map((chart) => {
            const svg = chart.querySelector('svg');
            const box = svg && svg.getBoundingClientRect();
            return {title: chart.getAttribute('aria-label'), paths: svg ? svg.querySelectorAll('path').length : 0,
                texts: svg ? svg.querySelectorAll('text').length : 0, area: box ? box.width * box.height : 0,
                over: box ? box.right - chart.closest('.block').getBoundingClientRect().right : 0};
        })""")
        self.check(len(charts) > 0, f"{what}: there are charts")
        for chart in charts:
            self.check(chart["paths"] >= 2 and chart["texts"] >= 2 and chart["area"] > 10_000,
                       f"{what}: {chart['title']} is drawn: {chart}")
            self.check(chart["over"] <= 1, f"{what}: {chart['title']} fits: {chart}")
        return len(charts)

    def fits(self, page, width, what):
        self.check(page.evaluate("document.documentElement.scrollWidth") <= width, f"{what}: nothing sticks out")

    def slider(self, page, what):
        for slider in page.query_selector_all(".slider input"):
            block = slider.evaluate_handle("input => input.closest('.block')")
            def picture():
                return block.evaluate("block => block.querySelector('.chart svg').innerHTML")
            def moment():
                return block.evaluate("block => block.querySelector('output').textContent")
            before = picture(), moment()
            least, most = int(slider.get_attribute("min")), int(slider.get_attribute("max"))
            seen = set()
            for position in (least, (least + most) // 2, most):
                slider.evaluate("(input, value) => { input.value = value; input.dispatchEvent(new Event('input')); }", position)
                seen.add((picture(), moment()))
            self.check(len({time for _, time in seen}) == 3, f"{what}: the slider tells the time: {before[1]}")
            self.check(len({drawn for drawn, _ in seen}) > 1, f"{what}: the slider changes the chart")

    def content(self, page):
        return json.loads(page.text_content("#report"))

    def links(self, page, report, what):
        """CSV links have the rows of the report."""
        files = page.evaluate("""() => Promise.all([...document.querySelectorAll('a.csv')].map(
            async (link) => [link.download, await window.blobs.get(link.href).text()]))""")
        self.check(len(files) > 5, f"{what}: there are links to rows")
        drawn = {(chart["section"], chart["table"]) for chart in self.content(page)["charts"]}
        for name, text in files:
            rows = list(csv.reader(io.StringIO(text)))
            section = next((s for s in report if name.startswith(s + "_") and name[len(s) + 1:-4] in report[s]), None)
            if not self.check(section is not None, f"{what}: {name} is a table of the report"):
                continue
            table = report[section][name[len(section) + 1:-4]]
            if name.endswith("_charts.csv"):
                pieces = max(map(len, table.values()))
                self.check(rows[0][1:] == list(table) and len(rows) - 1 == pieces, f"{what}: {name} has the curves: {rows[0]}")
                continue
            self.check(rows[0] == columns(table), f"{what}: {name} has the columns of the report: {rows[0]}")
            most = 5000 if (section, name[len(section) + 1:-4]) in drawn else 1000
            self.check(len(rows) - 1 == min(len(table), most), f"{what}: {name} has its rows: {len(rows) - 1}")
        # One as a person does it; of many in a row a browser makes one wait.
        with page.expect_download(timeout=120_000) as download:
            page.locator("a.csv").first.click()
        self.check(pathlib.Path(download.value.path()).read_text() == files[0][1], f"{what}: a click saves {files[0][0]}")

    def tables(self, page, what):
        """A click on a heading sorts; the button shows the rest."""
        more = page.query_selector("button.more:not([hidden])")
        if more is not None:
            block = more.evaluate_handle("button => button.closest('.block')")
            count = "block => block.querySelectorAll('tbody tr').length"
            before = block.evaluate(count)
            more.click()
            self.check(block.evaluate(count) > before, f"{what}: all rows are shown")
        sorted_once = page.evaluate("""() => {
            const table = [...document.querySelectorAll('table')].find((t) => t.querySelectorAll('tbody tr').length > 2);
            const head = table.querySelector('th button');
            const first = () => [...table.querySelectorAll('tbody tr')].map((row) => row.cells[0].textContent);
            head.click(); const up = first(); head.click(); const down = first();
            return up.length > 1 && up[0] !== down[0];
        }""")
        self.check(sorted_once, f"{what}: a heading sorts")

    def paper(self, page, what):
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        self.drawn(page, f"{what}, on paper")
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        self.check(colour == "rgb(255, 255, 255)", f"{what}: paper is white: {colour}")
        pdf = page.pdf(format="A4")
        self.check(pdf.startswith(b"%PDF") and len(pdf) > 20_000, f"{what}: it prints")
        page.emulate_media(media="screen")
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        return pdf

    def files(self, page):
        """The rows behind every CSV link, by the file's name."""
        return dict(page.evaluate("""() => Promise.all([...document.querySelectorAll('a.csv')].map(
            async (link) => [link.download, await window.blobs.get(link.href).text()]))"""))

    def settled(self, page):
        """After the filter has been applied."""
        page.wait_for_selector("#page:not([aria-busy])")

    def tick(self, page, kind, name, on):
        """Ticks a name's box as somebody does who has no mouse."""
        label = page.locator(f"#filter fieldset[data-kind={kind}] label:not(.kind)").filter(has_text=name)
        box = label.locator("input").nth([text.strip() for text in label.all_inner_texts()].index(name))
        box.focus()
        page.keyboard.press("Space")
        self.check(box.is_checked() == on, f"{name}: Space ticks it")
        self.settled(page)

    def filters(self, page, what):
        """Names and a part of the time narrow charts, tables and CSV links; all comes back."""
        summary = page.locator("#filter summary")
        summary.focus()
        page.keyboard.press("Enter")
        self.check(page.locator("#filter").evaluate("details => details.open"), f"{what}: Enter opens the filter")
        before = self.files(page)
        drawn = page.locator("main").evaluate("main => main.querySelectorAll('.chart:not([hidden]) svg').length")
        for kind in ("runs", "groups", "tokens", "contracts"):
            labels = page.locator(f"#filter fieldset[data-kind={kind}] label:not(.kind)").all_inner_texts()
            if labels:
                self.narrowed_by_name(page, kind, [label.strip() for label in labels], before, what)
        self.narrowed_by_time(page, before, what)
        self.check(self.files(page) == before, f"{what}: all rows are back")
        now = page.locator("main").evaluate("main => main.querySelectorAll('.chart:not([hidden]) svg').length")
        self.check(now == drawn, f"{what}: all charts are back: {now} of {drawn}")
        summary.focus()
        page.keyboard.press("Enter")

    def narrowed_by_name(self, page, kind, names, before, what):
        # One that many rows say, and not all of the rows of its tables.
        def says(row, name):
            return any(name == cell or name in re.split("[ /,]", cell) for cell in row)
        tables = {file: list(csv.reader(io.StringIO(text))) for file, text in before.items()}
        counts = {name: sum(says(row, name) for rows in tables.values() for row in rows[1:]) for name in names}
        name = max(names, key=lambda name: counts[name])
        self.check(counts[name] > 0, f"{what}: {kind}: something is said of {name}")
        self.tick(page, kind, name, True)
        after = {file: list(csv.reader(io.StringIO(text))) for file, text in self.files(page).items()}
        narrowed = 0
        for file, rows in tables.items():
            kept = [row for row in rows[1:] if says(row, name) or not any(says(row, other) for other in names)]
            self.check(after[file] == [rows[0], *kept], f"{what}: {file} has the rows of {name}: {len(after[file]) - 1}, {len(kept)}")
            narrowed += len(kept) < len(rows) - 1
        self.check(narrowed > 0, f"{what}: {name} narrows some table")
        self.check(name in page.inner_text(".filtered"), f"{what}: it is said what is shown")
        shown = page.evaluate("""() => [...document.querySelectorAll('main .block')].filter((block) => block.querySelector('table')).map((block) =>
            [block.querySelector('a.csv').download, block.querySelectorAll('tbody tr td:not(.quiet), button.more:not([hidden])').length > 0])""")
        for file, has_rows in shown:
            self.check(has_rows == (len(after[file]) > 1), f"{what}: {name}: {file}: the table shows what is left")
        self.tick(page, kind, name, False)
        self.check(page.locator(".filtered").is_hidden(), f"{what}: nothing is said of no filter")

    def who_paid_whom(self, page, report, what):
        """With tokens picked, the picture has the transfers of these alone, with their sums."""
        block = page.locator("main .block").filter(has=page.locator("h3", has_text=re.compile("^Who paid whom$")))
        picture = block.locator(".chart svg")
        flows = [row for row in report["flows"]["flows"] if row["kind"] == "transfer" and row["usd"]]
        tokens = sorted({row["token"] for row in flows}, key=lambda token: -sum(row["usd"] for row in flows if row["token"] == token))
        page.locator("#filter").evaluate("details => { details.open = true; }")
        offered = {label.strip() for label in page.locator("#filter fieldset[data-kind=tokens] label:not(.kind)").all_inner_texts()}
        tokens = [token for token in tokens if token in offered]
        if not self.check(len(tokens) > 1, f"{what}: there are tokens to pick: {tokens}"):
            return
        block.locator(".slider input").evaluate("input => { input.value = input.min; input.dispatchEvent(new Event('input')); }")
        whole = picture.inner_html()
        for picked in (tokens[:1], tokens[-1:], [tokens[0], tokens[-1]]):
            for token in picked:
                self.tick(page, "tokens", token, True)
            sums = {}
            for row in flows:
                if row["token"] in picked:
                    pair = row["from"], row["to"]
                    sums[pair] = sums.get(pair, 0) + row["usd"]
            expected = sorted({("<", pair[0]) for pair in sums} | {(">", pair[1]) for pair in sums})
            labels = [label.rsplit("  ", 1) for label in picture.locator("text").all_text_contents()]
            self.check(sorted(name for name, _ in labels) == sorted(name for _, name in expected),
                       f"{what}: those who paid in {picked}: {labels}, {expected}")
            bands = picture.locator("path[fill-opacity]").count()
            self.check(bands == len(sums), f"{what}: a band for each pair that paid in {picked}: {bands} of {len(sums)}")
            drawn = sum(self.dollars(text) for _, text in labels)
            total = 2 * sum(sums.values())  # Once at the payer, once at the payee.
            self.check(abs(drawn - total) <= 0.01 * total, f"{what}: what was paid in {picked}: {drawn} of {total}")
            self.check(picture.inner_html() != whole, f"{what}: {picked} narrows who paid whom")
            for token in picked:
                self.tick(page, "tokens", token, False)
        self.check(picture.inner_html() == whole, f"{what}: who paid whom is whole again")
        page.locator("#filter").evaluate("details => { details.open = false; }")

    @staticmethod
    def dollars(text):
        number, unit = re.fullmatch(r"\$([\d.,]+)([kMB]?)", text).groups()
        return float(number.replace(",", "")) * {"": 1, "k": 1e3, "M": 1e6, "B": 1e9}[unit]

    def narrowed_by_time(self, page, before, what):
        numbers = page.locator("#filter fieldset[data-kind=range] input[type=number]")
        self.check(numbers.count() == 2, f"{what}: there is a range")
        most = int(float(numbers.nth(1).input_value()))
        numbers.nth(1).fill(str(most // 2))
        numbers.nth(1).press("Enter")
        self.settled(page)
        after = self.files(page)
        narrowed = 0
        for file, text in before.items():
            rows, left = (list(csv.reader(io.StringIO(text))) for text in (text, after[file]))
            column = next((i for i, key in enumerate(rows[0]) if key in ("until", "time", "timestamp", "since_start")), None)
            if column is None:
                continue
            times = [float(row[column]) for row in left[1:]]
            latest = max(float(row[column]) for row in rows[1:])
            first = min(float(row[column]) for row in rows[1:])
            self.check(all(time <= latest for time in times) and len(left) <= len(rows), f"{what}: {file}: rows of a part")
            narrowed += len(left) < len(rows)
            if latest > first and len(set(row[column] for row in rows[1:])) > 20:
                self.check(0.3 < (max(times) - first) / (latest - first) < 0.7, f"{what}: {file}: the first half: {max(times)}")
        self.check(narrowed > 3, f"{what}: tables over time are narrowed: {narrowed}")
        # To a moment between two rows: no chart breaks.
        for end in (0, 1):
            numbers.nth(end).fill(str(most // 2 - 7))
            numbers.nth(end).press("Enter")
        self.settled(page)
        self.check(page.locator("p.nothing:not([hidden])").count() > 0, f"{what}: what is empty says so")
        self.check(page.complaints == [], f"{what}: nothing is reported of empty charts: {page.complaints[:3]}")
        page.locator("#filter .reset").click()
        self.settled(page)

    def ledgers(self, runnel, ledgers, folder, pictures=None):
        """The page of one ledger, or of several."""
        stem = ledgers[0].stem if len(ledgers) == 1 else "side_by_side"
        file = folder / f"{stem}.html"
        made = runnel("report", *ledgers, "--html", file)
        if not self.check(made.returncode == 0, f"the page is written: {made.stderr}"):
            return
        self.check(file.stat().st_size < 5_000_000, f"{stem}: the page is small")
        report = runnel.json("report", *ledgers)
        counts = set()
        for name, (width, scheme) in VIEWS.items():
            what = f"{stem}, {name}"
            page = self.open(file, name, width, scheme)
            titles = page.locator("main .block h3").all_inner_texts()
            for title in CHARTS.get(stem, []):
                self.check(title in titles, f"{what}: there is: {title}")
            for block in page.locator("main .block:has(.chart)").all():
                self.check(block.locator("header p.quiet").count() == 1 and block.locator("a.csv").count() == 1,
                           f"{what}: a sentence and its rows: {block.locator('h3').inner_text()}")
            if len(ledgers) > 1:
                bars = page.locator(".run_bar").count()
                self.check(bars >= 6 * len(ledgers), f"{what}: a bar per run and figure: {bars}")
            counts.add(self.drawn(page, what))
            self.fits(page, width, what)
            if pictures:
                page.screenshot(path=pictures / f"{stem}_{name}.png", full_page=True)
            if name == "wide":
                self.links(page, report, what)
                self.tables(page, what)
                self.slider(page, what)
                if stem not in COINS_ALONE:
                    self.filters(page, what)
                if len(ledgers) == 1 and stem not in COINS_ALONE:
                    self.who_paid_whom(page, report, what)
            if name != "narrow":  # Paper is as wide as paper.
                pdf = self.paper(page, what)
                if pictures:
                    (pictures / f"{stem}_{name}.pdf").write_bytes(pdf)
            self.check(page.complaints == [], f"{what}: nothing is reported at the end: {page.complaints[:3]}")
            page.context.close()
        self.check(len(counts) == 1, f"{stem}: the same charts everywhere")
        print(f"{stem}: {counts} charts, {file.stat().st_size:,} bytes")

    def hostile(self, runnel, folder):
        from support import SMALL_SCENARIO, write
        text = SMALL_SCENARIO.replace("A few payments", HOSTILE).replace('symbol = "USDC"', f'symbol = "{HOSTILE}"')
        ledger = folder / "hostile.db"
        made = runnel("run", write(folder / "hostile.toml", text), "--db", ledger, "--quiet")
        self.check(made.returncode == 0, f"the hostile ledger is made: {made.stderr}")
        file = folder / "hostile.html"
        runnel("report", ledger, "--html", file)
        page = self.open(file, "hostile", 1000, "light")
        self.check(page.inner_text("h1") == HOSTILE, f"a title is text: {page.inner_text('h1')}")
        self.check(page.title() == HOSTILE, "the window's title is text")
        self.check(page.inner_text("main").count(HOSTILE) > 2, "a symbol is text")
        self.check(page.evaluate("document.scripts.length") == 3, "there are no other scripts")
        self.check(page.evaluate("document.images.length") == 0, "there are no images")
        # Over the charts, for what they say of a point.
        for chart in page.query_selector_all(".chart"):
            chart.scroll_into_view_if_needed()
            box = chart.bounding_box()
            for part in (0.3, 0.5, 0.7):
                page.mouse.move(box["x"] + box["width"] * part, box["y"] + box["height"] / 2)
        self.check(page.evaluate("document.images.length") == 0 and page.complaints == [],
                   f"tooltips are text: {page.complaints[:3]}")
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
        pages = Pages(chromium, check)
        if len(sys.argv) > 3:
            pictures = pathlib.Path(sys.argv[4]) if len(sys.argv) > 4 else None
            pages.ledgers(runnel, [pathlib.Path(ledger) for ledger in sys.argv[3].split(",")], folder, pictures)
        else:
            def ledger_of(scenario, name, *options):
                ledger = folder / f"{name}.db"
                made = runnel("run", source / f"scenarios/{scenario}.toml", "--db", ledger, "--quiet", *RUNS[scenario], *options)
                check(made.returncode == 0, f"{name} is made: {made.stderr}")
                return ledger
            for scenario in RUNS:
                pages.ledgers(runnel, [ledger_of(scenario, scenario)], folder)
            other = ledger_of("black_thursday", "another_seed", "--seed", "2")
            pages.ledgers(runnel, [folder / "black_thursday.db", other], folder)
            pages.hostile(runnel, folder)
        chromium.close()
    check.finish()


if __name__ == "__main__":
    main()
