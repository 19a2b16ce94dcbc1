"""Twenty thousand sessions that run out at once, and sign-in beside them (`python -m bench.logout`).

Each session has two subsystems, so 40,000 notices are written and delivered to a receiver on the same machine, by the jobs as they
run in service, while somebody signs in again and again.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta

import click
import httpx
from sqlalchemy import insert

from bench._people import everybody
from bench._platform import Platform, filled
from bench._rows import Target, finish
from bench._running import percentile, say
from govcloud.cli.demo import STAFF
from govcloud.kernel.actor import Actor
from govcloud.kernel.ids import new_id
from govcloud.services import Services
from govcloud.signon.models import Participant, Session
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import PUBLIC, OidcSettings

CLIENTS = ("bench-one", "bench-two")
SIGN_IN = Target("<=", 200)
WAITING = "SELECT count(*) FROM outbox_message WHERE delivered_at IS NULL AND destination LIKE 'client:bench-%%'"
LIVE = "SELECT count(*) FROM session WHERE ended_at IS NULL AND expires_at < now()"
_OPERATOR = Actor.system("operator")
_CHUNK = 2_000


@click.command()
@click.option("--quick", is_flag=True, help="A thousand sessions, and keep the last record.")
@click.option("--sessions", default=20_000, show_default=True, help="How many run out at once.")
def main(*, quick: bool, sessions: int) -> None:
    """Measure how fast sessions end, how fast clients hear of it, and what sign-in takes meanwhile."""
    count = 1_000 if quick else sessions
    with filled("dev") as place, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        receiver = subprocess.Popen([sys.executable, "-m", "bench._receiver", str(port)])  # noqa: S603 - our own module
        try:
            _measure(place, port, count)
        finally:
            receiver.terminate()
            receiver.wait()
    finish("logout", place.sheet.rows, quick=quick)


def _measure(place: Platform, port: int, count: int) -> None:
    with place.services() as services:
        for client_id in CLIENTS:
            settings = OidcSettings(backchannel_logout_uri=f"http://127.0.0.1:{port}/{client_id}")
            client = NewClient("housing", client_id, client_id, ("https://bench.zj.example/cb",), auth_method=PUBLIC, settings=settings)
            services.subsystems.register_client(_OPERATOR, client)
        say(f"making {count:,} sessions that have run out")
        _make(services, count)
    place.analyze()
    place.serve()
    account = place.accounts[STAFF]
    say("sign-in with nothing beside it")
    alone = _sign_ins(place.url, account.login, account.password, lambda spent, _: spent < 20)  # noqa: PLR2004 - seconds
    say("the jobs begin")
    began = time.monotonic()
    moments: dict[str, float] = {}

    def at_work(_spent: float, _number: int) -> bool:
        if "ended" not in moments and place.ask(LIVE) == 0:
            moments["ended"] = time.monotonic() - began
        if "ended" in moments and place.ask(WAITING) == 0:
            moments["told"] = time.monotonic() - began
        return "told" not in moments

    place.start_jobs()
    beside: list[float] = []
    lap = place.stopwatch_of("jobs").lap(lambda: beside.extend(_sign_ins(place.url, account.login, account.password, at_work)))
    sheet, notices = place.sheet, count * len(CLIENTS)
    sheet.add(f"{count:,} sessions that ran out at once, end on record", count / moments["ended"], "sessions/s")
    sheet.add(f"{notices:,} notices by back channel, delivered and acknowledged", notices / moments["told"], "notices/s")
    sheet.add("work of the jobs for each notice, all included", lap.work / notices, "ms")
    for name, percent in (("p50", 50.0), ("p99", 99.0)):
        target = SIGN_IN if percent > 50 else None  # noqa: PLR2004
        peer = ("nothing beside it", percentile(alone, percent))
        sheet.add(f"sign-in meanwhile, clock, {name} of {len(beside)}", percentile(beside, percent), "ms", target, peer=peer)


def _make(services: Services, count: int) -> None:
    """Write sessions that ended a moment ago and nobody has noted yet, each with both clients."""
    people = everybody(services)
    accounts = services.identity_queries.accounts_of({person.official_id for person in people})
    with services.uow.begin(Actor.system("seed"), "govcloud:platform:seed") as tx:
        for first in range(0, count, _CHUNK):
            sessions, parts = [], []
            for number in range(first, min(first + _CHUNK, count)):
                person, session_id = people[number % len(people)], new_id()
                known = accounts[person.official_id]
                started = tx.now - timedelta(hours=10)
                sessions.append(
                    {
                        "id": session_id,
                        "account_id": known.id,
                        "official_id": person.official_id,
                        "official_name": known.name,
                        "employee_code": known.employee_code,
                        "token_digest": session_id.bytes,
                        "started_at": started,
                        "auth_time": started,
                        "amr": ["pwd"],
                        "last_seen_at": tx.now,
                        "expires_at": tx.now - timedelta(seconds=1),
                    }
                )
                parts += [{"id": new_id(), "session_id": session_id, "client_id": client, "created_at": started} for client in CLIENTS]
            tx.session.execute(insert(Session), sessions)
            tx.session.execute(insert(Participant), parts)


def _sign_ins(url: str, login: str, password: str, goes_on: Callable[[float, int], bool]) -> list[float]:
    """Sign in again and again, each time in a new browser; return how long the answer to the form took, in milliseconds."""
    found: list[float] = []
    began = time.monotonic()
    while goes_on(time.monotonic() - began, len(found)):
        with httpx.Client(base_url=url, trust_env=False) as browser:
            token = browser.get("/sign-in").text.partition('name="csrf_token" value="')[2].partition('"')[0]
            started = time.perf_counter()
            answer = browser.post("/sign-in", data={"login": login, "password": password, "csrf_token": token})
            found.append((time.perf_counter() - started) * 1000)
            assert answer.status_code == httpx.codes.SEE_OTHER, answer.text[:300]
    return found


if __name__ == "__main__":
    main()
