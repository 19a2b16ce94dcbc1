"""Debian's mod_auth_openidc, unmodified: sign-in, claims, refreshing, sign-out from both sides, keys that change, all behind TLS."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import httpx
import jwt
import pytest

from govcloud.authorization.commands import NewAssignment
from govcloud.identity.inputs import NewAppointment
from govcloud.jobs.end_sessions import end_expired
from govcloud.kernel.actor import Actor
from govcloud.signon.logout.views import NoticeState
from tests.factories.world import SEED
from tests.real_clients.conftest import Town

pytestmark = [pytest.mark.clients, pytest.mark.timeout(120), pytest.mark.usefixtures("trusting")]


def protected(town: Town) -> str:
    return f"https://localhost:{town.ports.oidc}/protected/page"


def test_who_signs_in_on_the_platform_is_let_in_with_claims(town: Town) -> None:
    browser = town.browser()
    answer = browser.open(protected(town), "WANGFANG")
    assert answer.status_code == 200, answer.text[:500]
    headers = answer.json()["headers"]
    assert headers["X-User"] == "WANGFANG"
    assert headers["X-Issuer"] == town.issuer
    assert headers["X-Sid"]
    assert browser.open(protected(town)).json()["path"] == "/protected/page"


@pytest.mark.parametrize("response_mode", ["form_post"])
def test_the_answer_comes_by_form(town: Town) -> None:
    browser = town.browser()
    form = browser.open(protected(town), "WANGFANG")
    assert str(form.url).startswith(f"{town.issuer}/oidc/authorize")
    entered = browser.press(form, f"https://localhost:{town.ports.oidc}/protected/callback")
    assert str(entered.url) == protected(town)
    assert entered.json()["headers"]["X-User"] == "WANGFANG"


def test_whoever_may_not_enter_is_told_by_the_platform(town: Town) -> None:
    answer = town.browser().open(protected(town), "ZHAOMIN")
    assert answer.status_code == 403
    assert str(answer.url).startswith(town.issuer)


def test_it_refreshes_its_tokens_again_and_again(town: Town) -> None:
    browser = town.browser()
    tokens = {browser.open(protected(town), "WANGFANG").json()["headers"]["X-Access-Token"]}
    # The site is set to refresh whatever expires within 320 seconds, which all do, and looks at each request.
    for _ in range(3):
        tokens.add(browser.open(protected(town)).json()["headers"]["X-Access-Token"])
    assert len(tokens) == 4


def test_signing_out_at_the_site_signs_out_everywhere(town: Town) -> None:
    browser = town.browser()
    browser.open(protected(town), "WANGFANG")
    bye = f"https://localhost:{town.ports.oidc}/bye"
    answer = browser.open(f"https://localhost:{town.ports.oidc}/protected/callback?logout={bye}")
    assert str(answer.url).startswith(bye), answer.text[:500]
    assert browser.open(f"{town.issuer}/").url.path == "/sign-in"


def sign_out(town: Town) -> None:
    (session,) = town.services.signon.sessions_of(town.world.wang.official_id)
    town.services.signon.sign_out(town.world.wang.actor(), session.session_id)


def disable(town: Town) -> None:
    town.services.identity.disable_official(town.world.system_admin.actor(), town.world.wang.official_id, "离职")


def expire(town: Town) -> None:
    """Let the session reach its limit, and the job find it."""
    with town.services.uow.begin(SEED, "govcloud:platform:seed") as tx:
        town.services.signon.cap_sessions(tx, town.world.wang.official_id, tx.now)
    assert end_expired(town.services) == 1


def set_password(town: Town) -> None:
    account = town.services.identity_queries.account_of(town.world.wang.official_id)
    assert account is not None
    town.services.signon.set_password(SEED, account.id, "Another-2026-word")


def end_appointment(town: Town) -> None:
    town.services.identity.end_appointment(town.world.system_admin.actor(), town.world.wang.appointment_id, "轮岗")


#: What ends it, and where the browser is then: the session goes on without an appointment, which opens no door.
ENDS: Mapping[str, tuple[Callable[[Town], None], str]] = {
    "sign_out": (sign_out, "/sign-in"),
    "disable": (disable, "/sign-in"),
    "expire": (expire, "/sign-in"),
    "password": (set_password, "/sign-in"),
    "appointment": (end_appointment, "/oidc/authorize"),
}


@pytest.mark.parametrize("end", ENDS)
def test_what_ends_on_the_platform_ends_at_the_site_without_the_browser(town: Town, end: str) -> None:
    browser = town.browser()
    assert browser.open(protected(town), "WANGFANG").status_code == 200
    command, page = ENDS[end]
    command(town)
    assert browser.open(protected(town)).json()["headers"]["X-User"] == "WANGFANG"  # nobody has told the site yet
    town.deliver()
    assert str(browser.open(protected(town)).url).startswith(f"{town.issuer}{page}")


def test_who_chooses_another_appointment_comes_in_anew_under_it(town: Town) -> None:
    services, wang = town.services, town.world.wang
    new = NewAppointment(town.world.organisation.ids["xihu"], "联络员", "科员", kind="concurrent")
    browser = town.browser()

    def department() -> str:
        # WSGI gives headers as Latin-1, whatever they were.
        told: str = browser.open(protected(town)).json()["headers"]["X-Department"]
        return told.encode("latin-1").decode()

    browser.open(protected(town), "WANGFANG")
    assert department() == "杭州市西湖区民政局"
    second = services.identity.appoint(SEED, wang.official_id, new)
    services.authorization.assign_roles(SEED, [NewAssignment(wang.official_id, "counter_clerk", second, reason="兼任窗口")])
    (session,) = services.signon.sessions_of(wang.official_id)
    services.signon.choose_appointment(wang.actor(session_id=session.session_id), session.session_id, second)
    town.deliver()
    assert department() == "杭州市西湖区人民政府"
    [notice] = services.logout_queries.of_session(session.session_id)
    assert (notice.client_id, notice.cause, notice.state) == ("apache-oidc", "appointment_changed", NoticeState.ACKNOWLEDGED)


def signed_by(page: httpx.Response) -> str:
    """Return the name of the key that signed the ID token which the site has."""
    kid: str = jwt.get_unverified_header(page.json()["headers"]["X-Id-Token"])["kid"]
    return kid


def test_a_site_that_keeps_the_keys_takes_what_the_next_ones_sign(town: Town) -> None:
    """It has read the keys at a sign-in; then they are replaced at once, as after a leak, and what it hears first is of a new one."""
    first = town.browser()
    before = signed_by(first.open(protected(town), "WANGFANG"))
    town.services.key_rotation.replace(Actor.system("operator"))
    sign_out(town)
    town.deliver()
    assert first.asked(first.open(protected(town)))
    assert signed_by(town.browser().open(protected(town), "WANGFANG")) != before
