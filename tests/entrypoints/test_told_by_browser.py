"""Front-channel logout from any participant: wherever a stay ends in a browser, that browser loads the frames, once, and no other does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from govcloud.identity.inputs import NewAppointment
from govcloud.kernel.clock import ManualClock
from govcloud.signon.logout.views import NoticeState
from govcloud.subsystems.protocols import OidcSettings
from tests.entrypoints.cas.conftest import RESCUE, register_cas
from tests.entrypoints.forward_auth.conftest import Proxy, local, register_application
from tests.entrypoints.oidc.conftest import Party
from tests.factories.browsing import Visitor, said
from tests.factories.factors import code_of, enrolled
from tests.factories.receiving import a_client, enter
from tests.factories.world import PASSWORD, SEED

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask
    from werkzeug.test import TestResponse

    from govcloud.services import Services
    from govcloud.signon.sessions import CurrentSession
    from tests.factories.world import World

FRONT = "https://front-web.zj.example"


@dataclass
class Stay:
    """Somebody's browser, and the stay of its session in a subsystem that only this browser can tell."""

    visitor: Visitor
    session: CurrentSession
    sid: UUID

    @property
    def frame(self) -> str:
        """Return what the browser has to load."""
        return f"{FRONT}/bye?iss=http%3A%2F%2Flocalhost&sid={self.sid}"


@pytest.fixture
def visitor(app: Flask, world: World) -> Visitor:
    """Return a browser in which nobody is signed in."""
    assert world.people
    return Visitor(app.test_client())


@pytest.fixture
def stay(services: Services, visitor: Visitor) -> Stay:
    """Let 王芳 into that subsystem."""
    return staying(services, visitor, "WANGFANG")


def staying(services: Services, visitor: Visitor, login: str) -> Stay:
    """Sign somebody in and let them into the subsystem."""
    visitor.sign_in(login)
    cookie = visitor.client.get_cookie("govcloud_session")
    assert cookie is not None
    session = services.signon.current(cookie.value)
    assert session is not None
    client = a_client(services, "front-web", OidcSettings(frontchannel_logout_uri=f"{FRONT}/bye"))
    return Stay(visitor, session, enter(services, session, client))


def framed(answer: TestResponse) -> list[str]:
    """Return what the page loads in frames; its policy allows exactly their origins."""
    found = [unescape(source) for source in re.findall(r'<iframe[^>]* src="([^"]+)"', answer.text)]
    allowed = re.search(r"frame-src ([^;]+)", answer.headers["Content-Security-Policy"])
    assert (allowed[1].split() if allowed else []) == sorted({f"{urlsplit(one).scheme}://{urlsplit(one).netloc}" for one in found})
    return found


def onward(answer: TestResponse) -> str | None:
    """Return where the page goes on to by itself; its button leads to the same place."""
    found = re.search(r'http-equiv="refresh" content="\d+;url=([^"]+)"', answer.text)
    if found is None:
        return None
    assert f'href="{found[1]}"' in answer.text
    return unescape(found[1])


def states(services: Services, stay: Stay) -> list[NoticeState]:
    return [notice.state for notice in services.logout_queries.of_session(stay.session.session_id)]


def live(services: Services, stay: Stay) -> bool:
    return stay.session.session_id in {item.session_id for item in services.signon.sessions_of(stay.session.official_id)}


# At a CAS service


@pytest.mark.parametrize(
    ("service", "back"),
    [(f"{RESCUE}/bye?a=1&b=2", True), ("https://evil.example/", False), (f"{RESCUE}@evil.example/", False), (None, False)],
)
def test_sign_out_at_a_cas_service(services: Services, stay: Stay, service: str | None, *, back: bool) -> None:
    register_cas(services, "assistance", RESCUE)
    asked = {"service": service} if service else {}
    page = stay.visitor.get("/cas/logout", query_string=asked)
    assert page.status_code == 200
    assert framed(page) == [stay.frame]
    assert onward(page) == (service if back else None)
    assert not re.search(r'(?:href|src|url)="?[^" ]*evil\.example', page.text)
    assert "govcloud_session=;" in page.headers["Set-Cookie"]
    assert states(services, stay) == [NoticeState.SHOWN]
    again = stay.visitor.get("/cas/logout", query_string=asked)
    assert framed(again) == []
    assert again.location == (service if back else None)


# In an application behind a proxy


@pytest.fixture
def proxy(app: Flask, services: Services, stay: Stay) -> Proxy:
    """Return the application's proxy; 王芳 is in it as well."""
    proxy = Proxy(app, register_application(services))
    proxy.at_platform = stay.visitor.client
    proxy.enter()
    return proxy


def leave_application(proxy: Proxy) -> str:
    """Sign out at the application's origin; return where on the platform the browser goes."""
    out = proxy.at_origin.get("/.govcloud/sign-out", base_url="https://localhost", headers=proxy.headers(Sec_Fetch_Site="same-origin"))
    assert out.status_code == 303
    assert out.location.startswith("http://localhost/")
    return local(out.location)


def test_sign_out_in_an_application_behind_a_proxy(services: Services, stay: Stay, proxy: Proxy) -> None:
    address = leave_application(proxy)
    assert not live(services, stay)
    assert states(services, stay).count(NoticeState.UNSHOWN) == 1
    # Somebody else who has the address gets nothing, and cannot take the frames away from the browser that they are for.
    stranger = proxy.app.test_client()
    assert (stranger.get(address).status_code, stranger.get(address).location) == (303, "/sign-in")
    page = stay.visitor.get(address)
    assert framed(page) == [stay.frame]
    assert onward(page) is None
    assert "govcloud_session=;" in page.headers["Set-Cookie"]
    assert states(services, stay).count(NoticeState.SHOWN) == 1
    assert stay.visitor.get(address).location == "/sign-in"


def test_the_page_after_it_touches_no_session_that_lives(services: Services, stay: Stay, proxy: Proxy) -> None:
    """The cookie at the application's origin may be of an earlier session than the platform's."""
    stay.visitor.post("/sign-out", page="/")
    later = Stay(stay.visitor.sign_in("WANGFANG"), services.signon.sessions_of(stay.session.official_id)[0], stay.sid)
    address = leave_application(proxy)
    answer = stay.visitor.get(address)
    assert (answer.location, "Set-Cookie" in answer.headers) == ("/sign-in", False)
    assert live(services, later)
    assert stay.visitor.get("/sign-in").location == "/"


# By a form of another site


@pytest.fixture
def party(world: World, stay: Stay) -> Party:
    """Return another client that 王芳 is signed in at."""
    return Party(stay.visitor.client, "assistance-web", world.clients["assistance"].secret, "http://127.0.0.1:8002/oidc/callback")


def posted(stay: Stay, **form: str) -> TestResponse:
    """Post to the end-session endpoint as a form of another site does: without the session's cookie (``SameSite=Lax``)."""
    return stay.visitor.client.application.test_client().post("/oidc/logout", data=form)


def test_sign_out_by_a_form_of_another_site(services: Services, stay: Stay, party: Party) -> None:
    back = "http://127.0.0.1:8002/signed-out"
    hint = party.tokens()["id_token"]
    away = posted(stay, id_token_hint=hint, post_logout_redirect_uri=back, state="s&1", other="x" * 2000)
    assert (away.status_code, urlsplit(away.location).path, urlsplit(away.location).netloc) == (303, "/oidc/logout", "")
    carried = {"id_token_hint": [hint], "post_logout_redirect_uri": [back], "state": ["s&1"]}
    assert parse_qs(urlsplit(away.location).query) == carried
    assert live(services, stay)
    page = stay.visitor.get(away.location)
    assert framed(page) == [stay.frame]
    assert onward(page) == f"{back}?state=s%261"
    assert not live(services, stay)


def test_such_a_form_leads_nowhere_else(services: Services, stay: Stay, party: Party) -> None:
    hint = party.tokens()["id_token"]
    for wrong in ({"post_logout_redirect_uri": "https://evil.example/"}, {"client_id": "front-web"}, {"id_token_hint": f"{hint}x"}):
        answer = posted(stay, **{"id_token_hint": hint, **wrong})
        assert (answer.status_code, "Location" in answer.headers) == (400, False), wrong
    assert live(services, stay)


def test_whoever_posts_the_hint_of_a_session_that_is_over_signs_out_nobody_else(services: Services, stay: Stay, party: Party) -> None:
    hint = party.tokens()["id_token"]
    stay.visitor.post("/sign-out", page="/")
    later = stay.visitor.sign_in("LIQIANG")
    page = later.get(posted(stay, id_token_hint=hint).location)
    assert "李强" in said(page)
    assert framed(page) == []
    assert later.get("/account").status_code == 200


# Where somebody signs in as somebody else


def test_signing_in_as_somebody_else(services: Services, stay: Stay) -> None:
    form = {"login": "LIQIANG", "password": PASSWORD, "next": "/requests?after=1&b=2"}
    page = stay.visitor.post("/sign-in", form, page="/sign-in?next=/requests")
    assert page.status_code == 200
    assert framed(page) == [stay.frame]
    assert onward(page) == "/requests?after=1&b=2"
    assert not live(services, stay)
    assert states(services, stay) == [NoticeState.SHOWN]
    assert "李强" in said(stay.visitor.get("/account"))


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_it_never_goes_on_elsewhere(stay: Stay, target: str) -> None:
    form = {"login": "LIQIANG", "password": PASSWORD, "next": target}
    page = stay.visitor.post("/sign-in", form, page="/sign-in?next=/requests")
    assert onward(page) == "/"
    assert not re.search(r'(?:href|src|url)="?[^" ]*evil', page.text)


def test_with_a_second_factor_it_is_the_last_step(services: Services, stay: Stay, clock: ManualClock) -> None:
    phone = enrolled(services, clock, "LIQIANG")
    first = stay.visitor.post("/sign-in", {"login": "LIQIANG", "password": PASSWORD, "next": "/requests"}, page="/sign-in?next=/requests")
    assert (first.status_code, framed(first)) == (303, [])
    assert live(services, stay)
    page = stay.visitor.post("/sign-in/second-factor", {"with": "totp", "code": phone.code(), "next": "/requests"})
    assert (framed(page), onward(page)) == ([stay.frame], "/requests")
    assert not live(services, stay)


def test_who_sets_up_a_second_factor_on_the_way_in_reads_the_codes_meanwhile(
    services: Services, world: World, stay: Stay, clock: ManualClock
) -> None:
    services.signon_policies.set(world.security_admin.actor(), {"second_factor": "everybody"}, "等保三级")
    stay.visitor.post("/sign-in", {"login": "SUNLI", "password": PASSWORD}, page="/sign-in?next=/requests")
    found = re.search(r'<code class="secret">([A-Z2-7 ]+)</code>', stay.visitor.get("/sign-in/set-up").text)
    assert found
    page = stay.visitor.post("/sign-in/set-up", {"code": code_of(found[1].replace(" ", ""), clock)})
    assert "请保存恢复码" in said(page)
    assert (framed(page), onward(page)) == ([stay.frame], None)


def test_who_signs_in_again_as_the_same_person_leaves_nothing(services: Services, stay: Stay) -> None:
    answer = stay.visitor.post("/sign-in", {"login": "WANGFANG", "password": PASSWORD, "next": "/requests"}, page="/sign-in?next=/requests")
    assert (answer.status_code, answer.location) == (303, "/requests")
    assert live(services, stay)


# Where somebody chooses another appointment


def test_choosing_another_appointment(services: Services, world: World, stay: Stay) -> None:
    second = NewAppointment(world.organisation.ids["xihu"], "联络员", "科员", kind="concurrent")
    services.identity.appoint(SEED, world.wang.official_id, second)
    page = stay.visitor.post("/appointment", {"appointment": str(second.id), "next": "/requests"})
    assert (page.status_code, framed(page), onward(page)) == (200, [stay.frame], "/requests")
    assert live(services, stay)
    assert services.signon.session_by_sid(stay.sid, "front-web") is None
    # Nobody is left to be told when it goes back.
    back = stay.visitor.post("/appointment", {"appointment": str(world.wang.appointment_id), "next": "/requests"})
    assert (back.status_code, back.location) == (303, "/requests")
