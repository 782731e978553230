"""Looks at a page of `tootmill report` in a headless browser, and compares it with what `tootmill tables dump` says.

look.py PAGE DUMP ARTEFACTS [--picture FILE]: DUMP is a file of JSON: {"totals": …, "days": …, "runs": …, "columns": …,
"personal": …}, the three as `tables dump` writes them, the columns of each table in their order, and the tables whose metrics read
personal data. `CHROMIUM` names the browser.
"""

import argparse
import contextlib
import csv
import json
import os
import re
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

WIDTHS = {"desktop": (1200, 900), "phone": (360, 740)}
LEAST_POSTS, LEAST_FOLLOWERS, TOP = 5, 50, 12
ACCOUNTS = "user_table"
# What adds up to something; of other columns of tables that the page does not know no share is told.
COUNT = "count"
# What of a key the page shows is at most so long; tests compare shorter ones whole.
SHOWN = 60


def number(text):
    """A number as the page shows it."""
    return float(text.removeprefix("< ").replace(",", "").replace("−", "-").replace("+", "").replace(" %", ""))


def close(one, other, least=0.0):
    return abs(one - other) <= max(least, 0.0006 * abs(other))


@contextlib.contextmanager
def opened(browser, file, scheme, width):
    """The page, of which no word may be said on the console, and that may ask for nothing."""
    context = browser.new_context(
        viewport={"width": WIDTHS[width][0], "height": WIDTHS[width][1]}, color_scheme=scheme, accept_downloads=True
    )
    page = context.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    yield page
    assert not said, f"the console says {said}"
    elsewhere = [url for url in asked if url != file.as_uri() and not url.startswith(("data:", "blob:"))]
    assert not elsewhere, f"the page asks for {elsewhere}"
    context.close()


def ranked(rows, column):
    """Rows as the page ranks them: the greatest first, then in the order of the keys' bytes."""
    return sorted(rows.items(), key=lambda row: (-float(row[1].get(f"data:{column}", 0)), row[0].encode()))


def bars(page, table):
    """The rows of ranked bars: key, texts of the cells, the length of the bar in per cent."""
    rows = page.locator(f'table.bars[data-table="{table}"] tbody tr')
    return rows.evaluate_all(
        """rows => rows.map(row => [row.querySelector("th").textContent,
            [...row.querySelectorAll("td:not(.bar)")].map(cell => cell.textContent),
            Number(row.querySelector(".bar rect")?.getAttribute("width"))])"""
    )


def check_rankings(page, dump):
    posts = dump["posts"]
    for table, columns in dump["columns"].items():
        rows = dump["totals"][table]
        figure = page.locator(f"#{table}-figure")
        if table == ACCOUNTS or figure.locator("table.bars").count() == 0:
            continue
        by = columns[0]
        expected = ranked(rows, by)[:TOP]
        shown = bars(page, table)
        assert len(shown) == len(expected), f"{table}: {len(shown)} rows, not {len(expected)}"
        most = float(expected[0][1][f"data:{by}"])
        for (key, cells, length), (expected_key, expected_cells) in zip(shown, expected):
            if len(expected_key) < SHOWN and expected_key.isprintable():
                assert key == expected_key, f"{table}: {key!r}, not {expected_key!r}"
            values = [float(expected_cells[f"data:{column}"]) for column in columns]
            assert [number(cell) for cell in cells[: len(columns)]] == values, f"{table} {key}: {cells}, not {values}"
            assert abs(length - 100 * values[0] / most) < 0.02, f"{table} {key}: a bar of {length} %"
        if len(shown[0][1]) == len(columns):
            assert by != COUNT, f"{table}: no shares of {by}"
            continue
        assert by == COUNT, f"{table}: shares of {by}"
        whole = posts if "of posts" in figure.locator("table.bars thead").inner_text() else None
        whole = whole or sum(float(cells[f"data:{by}"]) for cells in rows.values())
        share, value = number(shown[0][1][-1]), float(expected[0][1][f"data:{by}"])
        assert abs(share - 100 * value / whole) < 0.06, f"{table}: a share of {share} % for {value} of {whole}"


def check_accounts(page, dump):
    accounts = dump["totals"][ACCOUNTS]
    value = lambda cells, column: float(cells.get(f"data:{column}", 0))
    compared = {
        key: cells
        for key, cells in accounts.items()
        if value(cells, "posts") >= LEAST_POSTS and value(cells, "followers") >= LEAST_FOLLOWERS
    }
    for table, rows, column, place in [
        ("most_followed", accounts, "followers", 0),
        ("highest_engagement", compared, "engagement_rate", 2),
    ]:
        expected, shown = ranked(rows, column)[:TOP], bars(page, table)
        assert [row[0] for row in shown] == [key for key, _ in expected], table
        for (_, cells, _), (key, of_dump) in zip(shown, expected):
            assert close(number(cells[place]), value(of_dump, column)), f"{table} {key}: {cells}"
    grew = {}
    for key, days in dump["days"][ACCOUNTS].items():
        known = [
            (day, cells)
            for day, cells in sorted(days.items())
            if float(cells["day:posts"]) > 0 and float(cells["day:followers"]) > 0
        ]
        if len(known) > 1:
            grew[key] = int(known[-1][1]["day:followers"]) - int(known[0][1]["day:followers"])
    expected = sorted(((key, gained) for key, gained in grew.items() if gained > 0), key=lambda row: -row[1])[:TOP]
    shown = [number(cells[0]) for _, cells, _ in bars(page, "followers_grew")]
    assert shown == [gained for _, gained in expected], f"growth: {shown}, not {expected}"


def columns_of(page, figure, width):
    """The columns of the chart that is seen at a width: name and number, height, and where each stands."""
    assert all(chart.is_visible() for chart in page.locator(f"#{figure} svg.{width}").all()), f"{figure}: not {width}"
    marks = page.locator(f"#{figure} svg.{width} rect.mark")
    return marks.evaluate_all(
        """marks => marks.map(mark => [mark.querySelector("title").textContent,
            Number(mark.getAttribute("height")), Number(mark.getAttribute("x"))])"""
    )


def check_columns(page, figure, expected, width):
    """A chart has a column for each, as high as its number, from left to right."""
    shown = columns_of(page, figure, width)
    assert [title for title, _, _ in shown] == [f"{name}: {count}" for name, count in expected], f"{figure}: {shown}"
    assert [x for _, _, x in shown] == sorted(x for _, _, x in shown), figure
    most, highest = max(count for _, count in expected), max(height for _, height, _ in shown)
    for (title, height, _), (_, count) in zip(shown, expected):
        assert abs(height - highest * count / most) <= 2, f"{figure}: {title} is {height} of {highest} high"


def check_months(page, dump, width="wide"):
    months = dump["totals"]["croissance_table"]
    if months:
        expected = [(month, int(cells["data:count"])) for month, cells in sorted(months.items())]
        check_columns(page, "croissance_table-figure", expected, width)


def check_days(page, dump, width="wide"):
    posts = {}
    for days in dump["days"]["language_table"].values():
        for day, cells in days.items():
            posts[day] = posts.get(day, 0) + int(cells["day:count"])
    shown = columns_of(page, "posts_by_day-figure", width)
    if posts:
        # The chart may begin after days of long ago, and end before those of the future.
        first, last = [shown[place][0].split(":")[0] for place in (0, -1)]
        expected = [(day, count) for day, count in sorted(posts.items()) if first <= day <= last]
        check_columns(page, "posts_by_day-figure", expected, width)
        assert sum(count for _, count in expected) >= 0.99 * sum(posts.values())
    return posts


def check_trends(page, dump, width="wide"):
    """Each line of a trend stands as high as the table's days say."""
    for table in dump["columns"]:
        lines = page.locator(f"#{table}-figure svg.{width} path.line")
        drawn = lines.evaluate_all("lines => lines.map(line => [line.querySelector('title').textContent, line.getAttribute('d')])")
        if not drawn:
            continue
        keys = dict(ranked(dump["totals"][table], dump["columns"][table][0])[:5])
        assert [name for name, _ in drawn] == list(keys) or any(len(key) >= SHOWN for key in keys), f"{table}: {drawn}"
        column = f"day:{dump['columns'][table][0]}"
        rows = page.locator(f"#data-{table}-days").evaluate("async data => (await unpack(data)).rows")
        points = {name: [int(y) for _, y in re.findall(r"[ML](\d+) (\d+)", path)] for name, path in drawn}
        assert all(len(ys) > 1 for ys in points.values()), f"{table}: a line of one point is not seen"
        foot = max(max(ys) for ys in points.values())
        # The columns of the rows are called by the whole keys.
        named = page.locator(f"#data-{table}-days").evaluate("async data => (await unpack(data)).columns.map(one => one.name)")
        assert named in (["day", *keys], []), f"{table}: {[name[:60] for name in named]}"
        numbers = {}
        for place, key in enumerate(keys):
            of_days = dump["days"][table].get(key, {})
            numbers[drawn[place][0]] = [int(of_days.get(row[0], {}).get(column, 0)) for row in rows]
            assert [int(row[place + 1]) for row in rows] == numbers[drawn[place][0]], f"{table} {key}"
        most = max(max(counts) for counts in numbers.values())
        if most == 0 or all(min(counts) > 0 for counts in numbers.values()):
            continue
        height = foot - min(min(ys) for ys in points.values())
        for name, counts in numbers.items():
            for y, count in zip(points[name], counts):
                assert abs((foot - y) - height * count / most) <= 2, f"{table}: {name} is at {y} for {count} of {most}"


def check_media(page, dump):
    rows = dump["totals"]["toot_with_media_table"]
    if rows:
        count = int(rows["toot_with_media"]["data:count"])
        told = page.locator('p[data-table="toot_with_media_table"]')
        assert number(told.locator(".count").inner_text()) == count
        assert abs(number(told.locator(".share").inner_text()) - 100 * count / dump["posts"]) < 0.06


def check_counters(page, dump):
    runs = [cells for _, cells in sorted(dump["runs"].items(), key=lambda run: int(run[0]))]
    if not runs:
        return
    counters = {name[5:]: int(count) for name, count in runs[-1].items() if name not in ("data:as_of", "data:days")}
    rows = page.locator('table[data-table="counters"] tbody tr')
    shown = rows.evaluate_all("rows => rows.map(row => [row.dataset.counter, ...[...row.cells].map(cell => cell.textContent)])")
    assert {row[0]: int(number(row[2])) for row in shown} == counters
    if len(runs) > 1:
        for name, _, count, change, _ in shown:
            assert number(change.replace("±", "")) == number(count) - int(runs[-2][f"data:{name}"]), name
        assert page.locator(".cards dd.change").count() >= 2
    for share, counter in [("ripe", "ripe"), ("bots", "bots")]:
        told = number(page.locator(f'[data-share="{share}"]').inner_text())
        assert abs(told - 100 * counters[counter] / counters["posts"]) < 0.06, share
    undetermined = int(dump["totals"]["language_table"].get("und", {}).get("data:count", 0))
    assert abs(number(page.locator('[data-share="und"]').inner_text()) - 100 * undetermined / counters["posts"]) < 0.06


def read_csv(file):
    """The head and the rows of a file, of which no field of text is a formula to a spreadsheet."""
    with open(file, encoding="utf-8", newline="") as text:
        assert text.read(1) == "\ufeff", "the file does not say that it is UTF-8"
        lines = list(csv.reader(text))
    for field in (field for line in lines for field in line):
        assert not re.match(r"[=+@\t\r]|-(?![\d.]+$)", field), f"{field[:60]!r} is a formula"
    head, *rows = [[re.sub(r"^'(?=[=+\-@\t\r])", "", field) for field in line] for line in lines]
    return head, rows


def check_rows(page, dump):
    """Behind every chart all rows are sorted, searched and saved, as far as the page has room for them."""
    for details in page.locator("details[data-id]").all():
        name = details.get_attribute("data-id")
        said = number(re.search(r"\(([\d,]+) rows?\)", details.locator("summary").inner_text())[1])
        with page.expect_download() as download:
            page.locator(f'button[data-csv="{name}"]').click()
        assert download.value.suggested_filename == f"{name}.csv"
        head, saved = read_csv(download.value.path())
        assert len(saved) == said, f"{name}: {len(saved)} rows are saved, not {said}"
        totals = dump["totals"].get(name)
        if totals is not None:
            columns = dump["columns"][name]
            expected = {key: [cells.get(f"data:{column}", "") for column in columns] for key, cells in totals.items()}
            assert all(expected[row[0]] == row[1:] for row in saved), f"{name}: a saved row is not of the table"
            if name in dump["personal"] and details.evaluate("details => !!details.closest('section[aria-labelledby=others]')"):
                shown = [row[0] for row in bars(page, name)]
                assert [row[0] for row in saved] == shown, f"{name}: rows that are not shown are in the page"
            elif len(saved) < len(totals):
                left_out = f"{len(totals) - len(saved):,} more are not in it"
                assert left_out in details.text_content() and "tootmill tables export" in details.text_content(), name
                kept = [key for key, _ in ranked(totals, columns[0])[: len(saved)]]
                assert [row[0] for row in saved] == kept, f"{name}: not the first rows are kept"
        details.locator("summary").click()
        if not saved:
            continue
        details.locator("tbody tr").first.wait_for()
        shown = lambda: details.locator("tbody tr").evaluate_all("rows => rows.map(row => [...row.cells].map(cell => cell.textContent))")
        check_search(details, shown, saved)
        check_sorting(details, shown, head, saved)
        details.locator("summary").click()


def check_sorting(details, shown, head, saved):
    # The last column of numbers is the one that no order of the rows follows by chance.
    sorts = details.locator("thead th")
    for place in {0, len(head) - 1}:
        is_number = "number" in (sorts.nth(place).get_attribute("class") or "")
        for expected in ["descending", "ascending"] if is_number else ["ascending", "descending"]:
            sorts.nth(place).locator("button").click()
            assert sorts.nth(place).get_attribute("aria-sort") == expected, head
            values = [row[place] for row in shown()]
            assert len(values) == min(len(saved), 200)
            if is_number:
                numbers = [float(text.replace(",", "")) for text in values if text]
                all_numbers = [float(row[place]) for row in saved if row[place]]
                in_order = sorted(all_numbers, reverse=expected == "descending")[: len(numbers)]
                assert numbers == in_order, f"{head[place]} {expected}: {values[:9]}"
            else:
                assert_text_is_sorted(details.page, [row[place] for row in saved], values, expected)


def assert_text_is_sorted(page, texts, shown, expected):
    """Text is in the order of the browser's language, with numbers in it by their value, and what is not there last."""
    texts, there = [text for text in texts if text], [text for text in shown if text]
    assert there == shown[: len(there)] and len(there) == min(len(texts), len(shown)), "what is not there is not last"
    wrong = page.evaluate(
        """([texts, shown, isAscending]) => {
            const { compare } = new Intl.Collator(undefined, { numeric: true });
            texts.sort(compare);
            if (!isAscending) texts.reverse();
            return shown.findIndex((text, place) => compare(text, texts[place]) !== 0);
        }""",
        [texts, there, expected == "ascending"],
    )
    assert wrong < 0, f"{expected}: {there[wrong][:60]!r} is in place {wrong}"
    if expected == "ascending" and all(re.fullmatch(r"\d{4}-\d\d(-\d\d)?", text) for text in texts):
        assert there == sorted(texts)[: len(there)], "dates are not in their order"


def check_search(details, shown, saved):
    wanted = saved[-1][0]
    if not wanted.isascii() or len(wanted) > 100:
        return
    details.locator("input").fill(wanted.upper())
    found = [row for row in saved if any(wanted.lower() in cell.lower() for cell in row)]
    assert len(shown()) == min(len(found), 200), f"a search for {wanted!r} shows {len(shown())} rows, not {len(found)}"
    details.locator("input").fill("no row has this text")
    assert shown() == []
    details.locator("input").fill("")


def check_keyboard(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip", "the first stop leads to the numbers"
    details = page.locator("details[data-id] summary").first
    details.focus()
    page.keyboard.press("Enter")
    assert page.locator("details[data-id]").first.evaluate("details => details.open")
    page.keyboard.press("Enter")


def check_paper(page):
    page.emulate_media(media="print")
    assert page.locator("nav").is_hidden() and page.locator("h1").is_visible()
    for hidden in ["button", "details[data-id]:not([open])"]:
        assert all(one.is_hidden() for one in page.locator(hidden).all()), f"{hidden} on paper"
    # Each chart is there for two widths, and one of them is seen.
    charts = page.locator("svg.chart").all()
    assert sum(chart.is_visible() for chart in charts) * 2 == len(charts), "a chart is not on paper"
    assert all(table.is_visible() for table in page.locator("table.bars").all()), "a table is not on paper"
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    page.emulate_media(media="screen")


def check_reading(page, what):
    """Nothing is wider than the page, and axe-core finds no serious fault."""
    width = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert width[0] <= width[1], f"{what}: {width[0]} wide in {width[1]}"
    found = Axe().run(page).response["violations"]
    serious = [fault for fault in found if fault["impact"] in ("serious", "critical")]
    assert not serious, f"{what}: " + "\n".join(
        f"{fault['id']}: {[node['html'][:200] for node in fault['nodes'][:3]]}" for fault in serious
    )


def check_without(browser, file):
    """Without JavaScript, and in a browser that cannot decompress, the charts and the first rows are there and it is said."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    assert page.locator("noscript").count() == 1 and page.locator("h1").is_visible()
    assert all(not button.is_visible() for button in page.locator("button[data-csv]").all())
    context.close()
    context = browser.new_context()
    context.add_init_script("delete window.DecompressionStream")
    page = context.new_page()
    page.goto(file.as_uri())
    for data in page.locator('script[type="application/gzip"]').all():
        name = data.get_attribute("id").removeprefix("data-")
        assert page.locator(f'button[data-csv="{name}"]').is_hidden(), name
        details = page.locator(f'details[data-id="{name}"]')
        details.locator("summary").click()
        assert "DecompressionStream" in details.inner_text() and "tables export" in details.inner_text(), name
    context.close()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("page", type=Path)
    arguments.add_argument("dump", type=Path)
    arguments.add_argument("artefacts", type=Path)
    arguments.add_argument("--picture", type=Path)
    arguments = arguments.parse_args()
    file = arguments.page.resolve()
    size = file.stat().st_size
    assert size < 1_000_000, f"{size} bytes"
    dump = json.loads(arguments.dump.read_text())
    runs = sorted(dump["runs"].items(), key=lambda run: int(run[0]))
    dump["posts"] = int(runs[-1][1]["data:posts"]) if runs else 0
    arguments.artefacts.mkdir(parents=True, exist_ok=True)
    # Its sandbox does not work for root, as whom CI runs.
    sandbox = [] if os.geteuid() else ["--no-sandbox"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=sandbox)
        with opened(browser, file, "light", "desktop") as page:
            check_keyboard(page)
            check_rankings(page, dump)
            check_accounts(page, dump)
            check_months(page, dump)
            check_days(page, dump)
            check_trends(page, dump)
            check_media(page, dump)
            check_counters(page, dump)
            check_rows(page, dump)
            check_paper(page)
        check_without(browser, file)
        for scheme in ["light", "dark"]:
            for width in WIDTHS:
                with opened(browser, file, scheme, width) as page:
                    check_reading(page, f"{scheme}, {width}")
                    page.screenshot(path=arguments.artefacts / f"{file.stem}-{scheme}-{width}.png", full_page=True)
                    if width == "phone":
                        check_months(page, dump, "narrow")
                        check_days(page, dump, "narrow")
                        check_trends(page, dump, "narrow")
                        # With rows open, too.
                        for details in page.locator("details[data-id]").all()[-3:]:
                            details.locator("summary").click()
                            details.locator("thead, p").first.wait_for()
                        check_reading(page, f"{scheme}, {width}, rows open")
        if arguments.picture:
            with opened(browser, file, "light", "desktop") as page:
                page.screenshot(path=arguments.picture, clip={"x": 0, "y": 0, "width": 1200, "height": 1100}, full_page=True)
        browser.close()
    print(f"{file.name}: {size} bytes, right")


main()
