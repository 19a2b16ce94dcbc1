"""The pages, timed on the demo seed: the server's time for each, and what a first visit loads (`python -m bench.portal`)."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

import click
import httpx

from bench._people import everybody
from bench._platform import Platform, filled
from bench._rows import Target, finish
from bench._running import counting, percentile, say
from govcloud.access.commands import NewRequest, Submitted
from govcloud.authorization.scopes.scope import Scope
from govcloud.cli.demo import AUDIT_ADMIN, SENIOR_ADMIN, STAFF
from govcloud.cli.demo.browser import Page
from govcloud.identity.views import Subject
from govcloud.kernel.actor import Actor
from govcloud.services import Services

NOBODY = ""
#: Who opens a view of the console: the first of these to whom the platform shows it.
ADMINISTRATORS = ("ZHOUJIANJUN", "WUXIAOYAN", AUDIT_ADMIN)
PEOPLE = (NOBODY, STAFF, SENIOR_ADMIN, *ADMINISTRATORS)
FUNCTION = "housing:register:read"
#: The seed has no requests; without some, inbox and lists would be measured empty.
WAITING, GRANTED, OWN_GRANTED, OWN_WITHDRAWN = 200, 100, 5, 14
SECONDS_TO_ANSWER = 30
SERVER_TIME = Target("<=", 100)
FIRST_LOAD = Target("<=", 200)
_ASSET = re.compile(r'(?:href|src)="(/static/[^"]+)"')
_VIEW = re.compile(r'href="(/console/[a-z_]+/)"')


@dataclass(frozen=True)
class Stop:
    """A page to open: what it is called, who opens it (nobody before sign-in), and where it is."""

    name: str
    login: str
    path: str


@click.command()
@click.option("--quick", is_flag=True, help="The dev seed and a few visits, and keep the last record.")
def main(*, quick: bool) -> None:
    """Time every main page, and weigh its first load."""
    size, visits = ("dev", 10) if quick else ("demo", 100)
    with filled(size) as place:
        with place.services() as services:
            stops = portal_pages(services)
        place.serve()
        with people(place) as browsers:
            stops += console_pages(browsers)
            say(f"opening {len(stops)} pages {visits} times each")
            for stop in counting(stops, "pages"):
                measure(place, stop, browsers[stop.login], visits, size)
    finish("portal", place.sheet.rows, quick=quick)


# Which pages there are


def portal_pages(services: Services) -> list[Stop]:
    """Fill inbox and lists through the platform's own commands; return the portal's main pages."""
    item = services.subsystem_queries.item_for_function(FUNCTION)
    assert item is not None
    waiting = _fill(services)
    return [
        Stop("sign-in", NOBODY, "/sign-in"),
        Stop("workbench", STAFF, "/"),
        Stop("catalogue", STAFF, "/requests/new"),
        Stop("request form", STAFF, f"/requests/new?item={item.id}"),
        Stop("my requests", STAFF, "/requests"),
        Stop("a request", STAFF, f"/requests/{waiting.request_id}"),
        Stop("my access", STAFF, "/access"),
        Stop("account", STAFF, "/account"),
        Stop("inbox", SENIOR_ADMIN, "/inbox"),
        Stop("decision", SENIOR_ADMIN, f"/inbox/{waiting.line_id}"),
        Stop("grants", SENIOR_ADMIN, "/grants"),
    ]


def _fill(services: Services) -> Submitted:
    """Let officials all over the province ask for the housing register, and grant some; return a request that waits."""
    staff, senior_admin = (_subject(services, login) for login in (STAFF, SENIOR_ADMIN))
    officials = [subject for subject in everybody(services) if subject.kind == "primary" and subject.active]
    others = [subject for subject in officials if subject.official_id not in {staff.official_id, senior_admin.official_id}]
    asking = others[:: len(others) // (WAITING + GRANTED)][: WAITING + GRANTED]
    for number, subject in enumerate(counting([*asking, *[staff] * OWN_GRANTED], "filling inbox and lists")):
        submitted = _submit(services, subject)
        if number >= WAITING:
            services.access.approve(_actor(senior_admin), submitted.line_id, 1)
    for _ in range(OWN_WITHDRAWN):
        services.access.withdraw(_actor(staff), _submit(services, staff).line_id, 1)
    return _submit(services, staff)


def _submit(services: Services, subject: Subject) -> Submitted:
    item = services.subsystem_queries.item_for_function(FUNCTION)
    assert item is not None
    new = NewRequest(item.id, "办理公租房申请，需核对申请家庭的住房情况。", 5, Scope((subject.division,)), "XH20261124001")
    return services.access.submit(_actor(subject), new)


def _subject(services: Services, login: str) -> Subject:
    account = services.identity_queries.account_by_login(login)
    assert account is not None
    return services.identity_queries.subjects_of(account.official_id)[0]


def _actor(subject: Subject) -> Actor:
    return Actor.official(subject.official_id, subject.name, appointment_id=subject.appointment_id)


def console_pages(browsers: Mapping[str, httpx.Client]) -> list[Stop]:
    """Return the console's first page and every list that it shows, each opened by the first administrator who may."""
    found: dict[str, Stop] = {}
    for login in ADMINISTRATORS:
        for path in ("/console/", *_VIEW.findall(_opened(browsers[login], "/console/").text)):
            found.setdefault(path, Stop(path.strip("/").replace("/", ": "), login, path))
    return list(found.values())


# Visiting them


@contextmanager
def people(place: Platform) -> Iterator[Mapping[str, httpx.Client]]:
    """Give everybody's browser, signed in; it takes compressed answers, as real ones do."""
    with ExitStack() as browsers:
        opened = {
            login: browsers.enter_context(
                httpx.Client(base_url=place.url, timeout=SECONDS_TO_ANSWER, follow_redirects=True, headers={"Accept-Encoding": "gzip"})
            )
            for login in PEOPLE
        }
        for login in filter(None, PEOPLE):
            form = Page.of(_opened(opened[login], "/sign-in")).form("/sign-in", having="password")
            values = form.values | {"login": login, "password": place.accounts[login].password}
            Page.of(opened[login].post(form.action, data=values)).expect(200, "工作台")
        yield opened


def measure(place: Platform, stop: Stop, browser: httpx.Client, visits: int, size: str) -> None:
    """Open a page again and again, one visit after the other, after it was opened once; then weigh it."""
    first, sheet = _opened(browser, stop.path), place.sheet
    stopwatch = place.stopwatch()
    laps = [stopwatch.lap(partial(_opened, browser, stop.path)) for _ in range(visits)]
    work, clock = ([lap.work for lap in laps], [lap.clock for lap in laps])
    sheet.add(f"{stop.name}, {size} seed, server's work, p50", percentile(work, 50), "ms")
    sheet.add(f"{stop.name}, {size} seed, server's work, p95", percentile(work, 95), "ms", SERVER_TIME)
    sheet.add(f"{stop.name}, {size} seed, clock, p95", percentile(clock, 95), "ms")
    assets = [_opened(browser, address) for address in dict.fromkeys(_ASSET.findall(first.text))]
    weight = _weight(first) + sum(_weight(asset, proxied=True) for asset in assets)
    sheet.add(f"{stop.name}, first load, assets gzipped here as the proxy does", weight / 1000, "kB", FIRST_LOAD)


def _opened(browser: httpx.Client, path: str) -> httpx.Response:
    """Return a page that answered 200 at its own address.

    Raises:
        HTTPStatusError: it did not.
    """
    answer = browser.get(path)
    answer.raise_for_status()
    assert not answer.history, f"{path} sends on to {answer.url}"
    return answer


def _weight(answer: httpx.Response, *, proxied: bool = False) -> int:
    """Return the bytes of a body: as they came, or as gzip makes them (the proxy in front compresses files, and never a page: BREACH)."""
    return len(gzip.compress(answer.content, mtime=0)) if proxied else answer.num_bytes_downloaded


if __name__ == "__main__":
    main()
