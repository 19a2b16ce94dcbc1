"""Session fixation, cookie rules, open redirects, the Host header: what a browser is told cannot be turned against its owner."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.settings import Environment, load_settings
from tests.entrypoints.oidc.conftest import Party
from tests.factories.browsing import Visitor, said
from tests.factories.factors import STEP, enrolled
from tests.factories.world import PASSWORD

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

    from govcloud.services import Services
    from govcloud.settings import Settings
    from govcloud.signon.views import SignedIn
    from tests.factories.world import World

Become = Callable[[str], Visitor]
ELSEWHERE = (
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "/%0d%0aSet-Cookie:x=1",
    "http://localhost.evil.example/",
    "http://localhost@evil.example/",
    "///evil.example",
    "/ok\r\nLocation: https://evil.example",
)


def cookies_of(somebody: Visitor) -> dict[str, str]:
    return {
        name: cookie.value
        for name in ("govcloud_session", "govcloud_steps", "govcloud_form")
        if (cookie := somebody.client.get_cookie(name))
    }


def test_a_planted_session_is_worth_nothing_after_sign_in(visitor: Become, services: Services) -> None:
    attacker, victim = visitor("LIQIANG"), visitor("")
    planted = cookies_of(attacker)["govcloud_session"]
    victim.client.set_cookie("govcloud_session", planted)
    victim.post("/sign-in", {"login": "WANGFANG", "password": PASSWORD}, page="/sign-in?next=/account")
    assert cookies_of(victim)["govcloud_session"] != planted
    thief = visitor("")
    thief.client.set_cookie("govcloud_session", planted)
    assert thief.get("/account").status_code == 302  # the session that was planted ended with it
    assert "王芳" in said(victim.get("/account"))


def test_the_token_is_fresh_after_every_step(visitor: Become, services: Services, world: World, clock: ManualClock) -> None:
    phone = enrolled(services, clock)
    victim = visitor("")
    victim.post("/sign-in", {"login": "WANGFANG", "password": PASSWORD})
    steps, form = cookies_of(victim)["govcloud_steps"], victim.token("/sign-in/second-factor")
    victim.post("/sign-in/second-factor", {"with": "totp", "code": phone.code()})
    first = cookies_of(victim)
    assert "govcloud_steps" not in first
    assert victim.token("/account") != form
    clock.advance(STEP)
    victim.post("/step-up", {"with": "totp", "code": phone.code()}, page="/account")
    second = cookies_of(victim)["govcloud_session"]
    assert len({first["govcloud_session"], second, steps}) == 3
    for old in (first["govcloud_session"], steps):
        thief = visitor("")
        thief.client.set_cookie("govcloud_session", old)
        assert thief.get("/account").status_code == 302


def test_a_ceremony_of_the_attacker_ends_in_the_attackers_account(
    visitor: Become, services: Services, world: World, clock: ManualClock
) -> None:
    """A planted cookie of steps asks for the attacker's factor: the victim's code does not open it, nor the victim's account."""
    enrolled(services, clock, "LIQIANG")
    victims = enrolled(services, clock, "WANGFANG")
    attacker, victim = visitor(""), visitor("")
    attacker.post("/sign-in", {"login": "LIQIANG", "password": PASSWORD})
    victim.client.set_cookie("govcloud_steps", cookies_of(attacker)["govcloud_steps"])
    answer = victim.post("/sign-in/second-factor", {"with": "totp", "code": victims.code()})
    assert answer.status_code == 403
    assert "govcloud_session" not in cookies_of(victim)


@pytest.fixture
def secure(app: Flask, settings: Settings, clock: ManualClock, master_key_file: Path) -> Iterator[Flask]:
    """Return the platform as it is behind TLS, on the same database."""
    from govcloud.app import create_app  # noqa: PLC0415

    behind_tls = load_settings(
        environment=Environment.TEST,
        DATABASE_URL=settings.database_url,
        master_key_file=master_key_file,
        public_url="https://cloud.example",
    )
    platform = create_app(behind_tls, clock)
    yield platform
    with platform.app_context():
        db.engine.dispose()


def test_every_cookie_is_bound_to_the_host_and_hidden_from_scripts(
    secure: Flask, services: Services, world: World, clock: ManualClock
) -> None:
    phone = enrolled(services, clock)
    client = secure.test_client()
    base = {"base_url": "https://cloud.example", "headers": {"Referer": "https://cloud.example/sign-in"}}

    def send(path: str, page: str, form: dict[str, str]) -> list[str]:
        token = client.get(page, **base).text.partition('name="csrf_token" value="')[2].partition('"')[0]
        return client.post(path, data={**form, "csrf_token": token}, **base).headers.getlist("Set-Cookie")

    set_cookies = client.get("/sign-in", **base).headers.getlist("Set-Cookie")
    set_cookies += send("/sign-in", "/sign-in", {"login": "WANGFANG", "password": PASSWORD})
    set_cookies += send("/sign-in/second-factor", "/sign-in/second-factor", {"with": "totp", "code": phone.code()})
    set_cookies += client.get("/account", **base).headers.getlist("Set-Cookie")
    names = {cookie.partition("=")[0] for cookie in set_cookies}
    assert names == {"__Host-govcloud", "__Host-govcloud_steps", "__Host-govcloud_form"}
    for cookie in set_cookies:
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"secure", "httponly", "path=/", "samesite=lax"} <= attributes, cookie
        assert not any(part.startswith("domain") for part in attributes), cookie


def test_the_form_cookie_holds_no_identity(visitor: Become) -> None:
    somebody = visitor("").sign_in("WANGFANG")
    somebody.get("/account")
    payload = cookies_of(somebody)["govcloud_form"].split(".")[0]
    document = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert set(document) <= {"csrf_token", "_flashes", "language"}


@pytest.mark.parametrize("target", ELSEWHERE)
def test_no_form_leads_elsewhere(visitor: Become, services: Services, world: World, clock: ManualClock, target: str) -> None:
    phone = enrolled(services, clock)
    somebody = visitor("")
    seen = [somebody.post("/sign-in", {"login": "WANGFANG", "password": PASSWORD, "next": target}).location]
    seen.append(somebody.post("/sign-in/second-factor", {"with": "totp", "code": phone.code(), "next": target}).location)
    clock.advance(STEP)
    seen.append(somebody.post("/step-up", {"with": "totp", "code": phone.code(), "next": target}, page="/account").location)
    seen.append(somebody.post("/language", {"language": "en", "next": target}, page="/account").location)
    chosen = somebody.post("/appointment", {"appointment": str(world.wang.appointment_id), "next": target})
    seen.append(chosen.location or "/")
    for location in seen:
        assert location is not None
        assert location.startswith("/"), location
        assert not location.startswith(("//", "/\\")), location
        assert "evil.example" not in location or "next=" not in location, location


@pytest.mark.parametrize("target", ELSEWHERE)
def test_signing_out_leads_to_registered_addresses_only(party: Party, wang: SignedIn, target: str) -> None:
    answer = party.browser.get("/oidc/logout", query_string={"client_id": party.client_id, "post_logout_redirect_uri": target})
    assert not (answer.location or "").startswith(("http", "//", "/\\", "javascript", "data")) or "evil" not in answer.location
    assert f'href="{target}"' not in answer.text


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "localhost.evil.example", "localhost:80@evil.example", "127.0.0.1.evil.example", ""]
)
def test_another_host_gets_no_page(app: Flask, world: World, host: str) -> None:
    for path in ("/sign-in", "/.well-known/openid-configuration", "/oidc/authorize", "/step-up"):
        answer = app.test_client().get(path, headers={"Host": host})
        assert answer.status_code == 400, (path, host)
        assert "evil.example" not in answer.text


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "X-Original-Host", "Forwarded", "X-Forwarded-Prefix", "X-Rewrite-URL"])
def test_headers_of_strangers_change_no_address(app: Flask, world: World, header: str) -> None:
    answer = app.test_client().get("/.well-known/openid-configuration", headers={header: "evil.example"})
    assert "evil.example" not in answer.text
    assert app.test_client().get("/account", headers={header: "evil.example"}).location == "/sign-in?next=/account"
