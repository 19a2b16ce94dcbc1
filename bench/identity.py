"""Identity at province size, timed: import, search, tree, list page, SCIM (`python -m bench.identity --people 1500000`)."""

from __future__ import annotations

from functools import partial

import click
import httpx

from bench import _finding, _impact, _importing, _scim
from bench._finding import Size
from bench._platform import Platform, filled
from bench._rows import Row, finish
from bench._running import counting, percentile
from govcloud.cli.demo.browser import Page

#: The departments of these seeds: a hundred, three hundred, and all of the province's.
SMALLEST, SMALL, WIDE = "dev", "demo", "wide"
#: Sees the people of the whole province in the console.
_ADMINISTRATOR = "ZHOUJIANJUN"
_SECONDS = 60


@click.command()
@click.option("--base", default=100_000, show_default=True, help="people of the first import")
@click.option("--people", default=300_000, show_default=True, help="people of the large import; the whole province has 1500000")
@click.option("--laps", default=60, show_default=True, help="how often each read is timed")
@click.option("--quick", is_flag=True, help="a try: small imports into a small province, few laps; nothing is recorded")
def main(base: int, people: int, laps: int, *, quick: bool) -> None:
    """Measure importing, finding, the tree and SCIM: on the demo seed, then on all departments after the imports."""
    if quick:
        base, people, laps = 2_000, 4_000, 5
    rows: list[Row] = []
    with filled(SMALLEST) as place, place.services() as services:
        _finding.measure(place, services, _finding.trees(services), Size("100 departments", laps))
        rows += place.sheet.rows
    with filled(SMALLEST if quick else SMALL) as place, place.services() as services:
        size = f"{_count(place):,}"
        before = size, _finding.measure(place, services, [*_finding.searches(services), *_finding.trees(services)], Size(size, laps))
        rows += place.sheet.rows
    wide = SMALL if quick else WIDE
    with filled(wide) as place:
        _importing.measure(place, wide, base, people)
        place.analyze()
        with place.services() as services:
            size = f"{_count(place):,}"
            _finding.measure(place, services, [*_finding.searches(services), *_finding.trees(services)], Size(size, laps, before))
            _impact.measure(place, services, size)
            users = _scim.entrust(services)
        place.serve()
        _scim.measure(place, users, size, laps)
        _list_pages(place, size, laps)
        rows += place.sheet.rows
    finish("identity", rows, quick=quick)


def _count(place: Platform) -> int:
    """Return how many officials there are."""
    return place.ask("SELECT count(*) FROM official")


def _list_pages(place: Platform, size: str, laps: int) -> None:
    """Open the console's list of people: everybody, by surname, by pinyin, and in a city with all below it."""
    with httpx.Client(base_url=place.url, timeout=_SECONDS, follow_redirects=True) as browser:
        form = Page.of(browser.get("/sign-in")).form("/sign-in", having="password")
        values = form.values | {"login": _ADMINISTRATOR, "password": place.accounts[_ADMINISTRATOR].password}
        Page.of(browser.post(form.action, data=values)).expect(200, "工作台")
        stopwatch = place.stopwatch()
        for name, asked in (
            ("everybody", {}),
            ("surname", {"search": "王"}),
            ("beginning of pinyin", {"search": "wangx"}),
            ("a city", {"department": "杭州市人民政府"}),
            ("surname in a city", {"department": "杭州市人民政府", "search": "王"}),
        ):
            open_page = partial(_opened, browser, asked)
            open_page()
            taken = [stopwatch.lap(open_page) for _ in counting(range(laps), f"list page, {name}")]
            place.sheet.add(f"console's list of people: {name}, at {size}, work, p50", percentile([lap.work for lap in taken], 50), "ms")
            place.sheet.add(f"console's list of people: {name}, at {size}, work, p95", percentile([lap.work for lap in taken], 95), "ms")


def _opened(browser: httpx.Client, asked: dict[str, str]) -> None:
    browser.get("/console/officials/", params=asked).raise_for_status()


if __name__ == "__main__":
    main()
