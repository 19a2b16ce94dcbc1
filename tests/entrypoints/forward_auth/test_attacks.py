"""What somebody may try against forward-auth: headers, tickets and cookies that are not theirs, and addresses of other sites."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.signon.views import SignedIn
from tests.entrypoints.forward_auth.conftest import CLIENT, ORIGIN, Proxy, local, register_application, sign_in
from tests.factories.world import World

STATE = "s" * 43


def test_headers_count_only_from_the_proxy_that_knows_the_secret(proxy: Proxy, wang: SignedIn) -> None:
    proxy.enter()
    right = proxy.headers("/")
    assert proxy.at_origin.get("/forward-auth/check", base_url="https://localhost", headers=right).status_code == 200
    wrong: list[dict[str, str]] = [
        {},
        {name: value for name, value in right.items() if name != "Authorization"},
        right | {"Authorization": "Basic YTpi"},
        right | {"Authorization": "Bearer x"},
        right | {"Authorization": "Basic ===="},
        right | {"X-Govcloud-Origin": "https://evil.example"},
        right | {"X-Govcloud-Origin": f"{ORIGIN}/"},
        right | {"X-Govcloud-Origin": ""},
    ]
    for path in ("/forward-auth/check", "/.govcloud/callback", "/.govcloud/sign-out"):
        for headers in wrong:
            answer = proxy.at_origin.get(path, base_url="https://localhost", headers=headers)
            # nginx turns this into 500: nobody is let in, and nobody goes round in circles.
            assert answer.status_code == 400, (path, headers)
            assert "X-Govcloud-Name" not in answer.headers
            assert "Location" not in answer.headers


def test_the_secret_of_a_client_of_another_protocol_is_none(proxy: Proxy, world: World, wang: SignedIn) -> None:
    other = Proxy(proxy.app, world.clients["assistance"].secret or "", client_id="assistance-web")
    assert other.check().status_code == 400


def test_a_new_secret_is_heard_within_half_a_minute(
    proxy: Proxy, services: Services, world: World, wang: SignedIn, clock: ManualClock
) -> None:
    proxy.enter()
    assert proxy.check().status_code == 200
    services.subsystems.rotate_client_secret(world.system_admin.actor(), CLIENT)
    clock.advance(timedelta(seconds=30))
    assert proxy.check().status_code == 400


def test_a_disabled_application_is_closed_within_half_a_minute(
    proxy: Proxy, services: Services, world: World, wang: SignedIn, clock: ManualClock
) -> None:
    proxy.enter()
    services.subsystems.disable_client(world.system_admin.actor(), CLIENT)
    clock.advance(timedelta(seconds=30))
    assert proxy.check().status_code == 400


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.example/",
        "https://old.zj.example.evil/",
        "https://old.zj.example@evil.example/",
        "https://old.zj.example:444/",
        "http://old.zj.example/",
        "//old.zj.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "https://old.zj.example/\r\nSet-Cookie: a=b",
        "https://old.zj.example\\@evil.example/",
        "",
    ],
)
def test_the_platform_sends_nobody_anywhere_else(proxy: Proxy, wang: SignedIn, to: str) -> None:
    for path in ("start", "refused"):
        query = urlencode({"client_id": CLIENT, "to": to, "state": STATE})
        answer = proxy.at_platform.get(f"/forward-auth/{path}?{query}")
        assert answer.status_code == 400, path
        assert "Location" not in answer.headers


def test_what_names_no_application_is_a_page(proxy: Proxy, wang: SignedIn) -> None:
    for parameters in (
        {"client_id": "assistance-web", "to": f"{ORIGIN}/", "state": STATE},
        {"client_id": "nobody", "to": f"{ORIGIN}/", "state": STATE},
        {"to": f"{ORIGIN}/", "state": STATE},
        {"client_id": CLIENT, "to": f"{ORIGIN}/"},
        {"client_id": CLIENT, "to": f"{ORIGIN}/", "state": "short"},
        {"client_id": CLIENT, "to": f"{ORIGIN}/{'x' * 2100}", "state": STATE},
    ):
        assert proxy.at_platform.get(f"/forward-auth/start?{urlencode(parameters)}").status_code == 400


@pytest.mark.parametrize("uri", ["//evil.example/x", "/\\evil.example", "http://evil.example/", "", "/\x7f", "/x y", "/" + "y" * 3000])
def test_an_odd_address_leads_to_the_application_itself(proxy: Proxy, wang: SignedIn, uri: str) -> None:
    asked = proxy.check(uri)
    assert asked.status_code == 401
    to = parse_qs(urlsplit(asked.headers["X-Govcloud-Location"]).query)["to"][0]
    assert to.startswith(f"{ORIGIN}/")
    assert urlsplit(to).netloc == "old.zj.example"


def test_a_ticket_of_somebody_else_opens_nothing_in_another_browser(proxy: Proxy, services: Services, wang: SignedIn) -> None:
    """Else an attacker could have a victim work in the attacker's name (login CSRF)."""
    attacker_ticket = proxy.start("/mine").location
    victim = Proxy(proxy.app, proxy.secret)
    victim.check()  # the victim's browser holds something of its own
    for browser in (victim, Proxy(proxy.app, proxy.secret)):
        answer = browser.at_origin.get(local(attacker_ticket), base_url="https://localhost", headers=browser.headers())
        assert urlsplit(answer.location).path == "/forward-auth/failed"
        assert "Set-Cookie" not in answer.headers
        assert browser.check().status_code == 401
        attacker_ticket = proxy.start("/mine").location


def test_a_ticket_is_used_once_and_soon(proxy: Proxy, services: Services, wang: SignedIn, clock: ManualClock) -> None:
    started = proxy.start()
    held = proxy.at_origin.get_cookie(f"__Host-govcloud-{CLIENT}-start", domain="localhost")
    assert held is not None
    proxy.come_back(started)
    proxy.at_origin.set_cookie(f"__Host-govcloud-{CLIENT}-start", held.value)
    assert urlsplit(proxy.come_back(started).location).path == "/forward-auth/failed"
    proxy.at_origin.delete_cookie(f"__Host-govcloud-{CLIENT}", domain="localhost")
    late = proxy.start()
    clock.advance(timedelta(seconds=60))
    assert urlsplit(proxy.come_back(late).location).path == "/forward-auth/failed"
    for ticket in ("", "x", "王", "%00", "x" * 5000):
        answer = proxy.at_origin.get(f"/.govcloud/callback?ticket={ticket}", base_url="https://localhost", headers=proxy.headers())
        assert urlsplit(answer.location).path == "/forward-auth/failed"


def test_a_ticket_after_sign_out_opens_nothing(proxy: Proxy, services: Services, world: World, wang: SignedIn) -> None:
    started = proxy.start()
    services.signon.end_sessions_of(world.security_admin.actor(), [world.wang.official_id], "离岗")
    assert urlsplit(proxy.come_back(started).location).path == "/forward-auth/failed"


def test_a_ticket_and_a_cookie_belong_to_one_application(proxy: Proxy, services: Services, world: World, wang: SignedIn) -> None:
    secret = register_application(services, client_id="housing-old", origin="https://other.zj.example", code="housing")
    other = Proxy(proxy.app, secret, "https://other.zj.example", "housing-old")
    started = proxy.start()
    answer = other.at_origin.get(local(started.location), base_url="https://localhost", headers=other.headers())
    assert urlsplit(answer.location).path == "/forward-auth/failed"
    assert proxy.come_back(started).status_code == 303  # nor could the other use it up
    cookie = proxy.at_origin.get_cookie(f"__Host-govcloud-{CLIENT}", domain="localhost")
    assert cookie is not None
    other.at_origin.set_cookie("__Host-govcloud-housing-old", cookie.value)
    assert other.check().status_code == 401


def test_a_cookie_cannot_be_made(proxy: Proxy, services: Services, world: World, wang: SignedIn) -> None:
    proxy.enter()
    cookie = proxy.at_origin.get_cookie(f"__Host-govcloud-{CLIENT}", domain="localhost")
    assert cookie is not None
    body, _, seal = cookie.value.partition(".")
    swapped = world.li.appointment_id.hex
    for value in (
        "",
        "x",
        body,
        f"{body}.",
        f"{body}.{'A' * 43}",
        f"{body[:32]}{swapped}.{seal}",
        f"{body[32:]}{body[:32]}.{seal}",
        f"{cookie.value}x",
        "0" * 64 + "." + seal,
        "z" * 3900,
    ):
        proxy.at_origin.set_cookie(f"__Host-govcloud-{CLIENT}", value)
        assert proxy.check().status_code == 401, value[:80]


def test_the_assertion_opens_nothing_of_the_platform(proxy: Proxy, services: Services, wang: SignedIn) -> None:
    proxy.enter()
    token = proxy.check().headers["X-Govcloud-Identity"]
    client = proxy.app.test_client()
    assert client.get("/oidc/userinfo", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert client.get("/oidc/logout", query_string={"id_token_hint": token}).status_code == 400


def test_the_session_of_the_platform_is_not_what_opens_the_application(proxy: Proxy, services: Services) -> None:
    signed = sign_in(services, proxy.at_platform)
    proxy.at_origin.set_cookie("govcloud_session", signed.token)
    assert proxy.check().status_code == 401


def test_only_reading_is_offered(proxy: Proxy, wang: SignedIn) -> None:
    for path in ("/forward-auth/check", "/.govcloud/callback", "/forward-auth/start"):
        assert proxy.at_origin.post(path, base_url="https://localhost", headers=proxy.headers()).status_code in {400, 405}


def test_many_who_are_not_signed_in_do_not_lock_the_application(proxy: Proxy, wang: SignedIn) -> None:
    """A 401 for the browser says nothing against the proxy, whose secret was right."""
    for _ in range(60):
        assert Proxy(proxy.app, proxy.secret).check().status_code == 401
    assert proxy.enter().status_code == 303
