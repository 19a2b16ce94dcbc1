"""A grant that is revoked while a request is under way closes the door before a ticket is made: what each protocol answers then."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlencode, urlsplit

import psycopg
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.subsystems.protocols import CasSettings
from tests.commands.signon.logout.test_stays import a_grant, a_subsystem
from tests.factories.browsing import said, signed_in
from tests.factories.racing import WAIT_SECONDS
from tests.factories.receiving import CHALLENGE, Listener, a_client, listening
from tests.factories.world import SEED, World

Go = Callable[[str], TestResponse]
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
OIDC = {
    "client_id": "ledger-web",
    "redirect_uri": "https://ledger-web.zj.example/cb",
    "response_type": "code",
    "scope": "openid",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
SERVICE = "http://127.0.0.1/ledger-cas/page"


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Return a subsystem's server."""
    with listening() as found:
        yield found


@pytest.fixture
def go(*, app: Flask, services: Services, settings: Settings, world: World, listener: Listener, clock: ManualClock) -> Go:
    """Return what goes to an address as 王芳 and has her grant revoked after the first look at the door."""
    grant = a_grant(services, world, clock, a_subsystem(services, world, listener, 1))
    a_client(services, "ledger-cas", CasSettings(), "ledger")
    somebody = signed_in(app, services, "WANGFANG")
    url = settings.database_url.replace("postgresql+psycopg://", "postgresql://")

    def to(address: str) -> TestResponse:
        with ThreadPoolExecutor(1) as pool, psycopg.connect(url, autocommit=True) as eye:
            with services.uow.begin(SEED, "govcloud:platform:seed"):
                services.authorization.close_grant(world.security_admin.actor(), grant, "不再需要")
                came = pool.submit(somebody.get, address)
                deadline = time.monotonic() + WAIT_SECONDS
                while eye.execute(_WAITING).fetchone() == (0,):
                    assert time.monotonic() < deadline, "the request never waited"
                    threading.Event().wait(0.01)
            return came.result(timeout=WAIT_SECONDS)

    return to


@pytest.mark.parametrize(
    "address", [f"/oidc/authorize?{urlencode(OIDC)}", f"/cas/login?{urlencode({'service': SERVICE})}"], ids=["oidc", "cas"]
)
def test_the_platforms_refusal_page_is_shown(go: Go, address: str) -> None:
    answer = go(address)
    assert answer.status_code == 403
    assert "旧台账系统" in said(answer)


def test_where_no_page_may_show_the_client_is_told(go: Go) -> None:
    answer = go(f"/oidc/authorize?{urlencode(OIDC | {'prompt': 'none'})}")
    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.location).query)["error"] == ["access_denied"]


def test_a_gateway_goes_back_without_a_ticket(go: Go) -> None:
    answer = go(f"/cas/login?{urlencode({'service': SERVICE, 'gateway': 'true'})}")
    assert (answer.status_code, answer.location) == (303, SERVICE)
