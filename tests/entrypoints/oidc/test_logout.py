"""Sign-out at a client's word."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from govcloud.services import Services
from govcloud.signon.views import SignedIn
from tests.entrypoints.oidc.conftest import Party, enter
from tests.factories.world import World

BACK = "http://127.0.0.1:8002/signed-out"


def logout(party: Party, *, method: str = "GET", **parameters: str) -> TestResponse:
    if method == "POST":
        return party.browser.post("/oidc/logout", data=parameters)
    return party.browser.get(f"/oidc/logout?{urlencode(parameters)}")


def alive(services: Services, signed_in: SignedIn) -> bool:
    return any(item.session_id == signed_in.session_id for item in services.signon.sessions_of(signed_in.official_id))


def confirm(browser: FlaskClient, page: TestResponse) -> TestResponse:
    """Say yes on the confirmation page."""
    fields: dict[str, str] = {}
    for part in page.text.split('<input type="hidden" name="')[1:]:
        name, _, rest = part.partition('" value="')
        fields[name] = rest.partition('"')[0].replace("&amp;", "&")
    return browser.post("/oidc/logout/confirmed", data=fields)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_with_its_id_token_a_client_ends_the_session_at_once(party: Party, services: Services, wang: SignedIn, method: str) -> None:
    hint = party.tokens()["id_token"]
    response = logout(party, method=method, id_token_hint=hint, post_logout_redirect_uri=BACK, state="s1")
    assert (response.status_code, response.location) == (303, f"{BACK}?state=s1")
    assert not alive(services, wang)
    assert "govcloud_session=;" in response.headers["Set-Cookie"]
    # Once more, from the browser's history: over is over.
    assert logout(party, id_token_hint=hint, post_logout_redirect_uri=BACK).location == BACK


def test_it_works_without_the_browsers_cookie(party: Party, services: Services, wang: SignedIn) -> None:
    hint = party.tokens()["id_token"]
    party.browser.delete_cookie("govcloud_session")
    assert logout(party, id_token_hint=hint).status_code == 200
    assert not alive(services, wang)


def test_without_a_hint_the_person_is_asked(party: Party, services: Services, wang: SignedIn) -> None:
    page = logout(party, client_id="assistance-web", post_logout_redirect_uri=BACK, state="a&b")
    assert page.status_code == 200
    assert "王芳" in page.text
    assert "民政救助业务系统" in page.text
    assert "form-action 'self' http://127.0.0.1:8002" in page.headers["Content-Security-Policy"]
    assert alive(services, wang)
    response = confirm(party.browser, page)
    assert response.location == f"{BACK}?state=a%26b"
    assert not alive(services, wang)


def test_another_site_cannot_confirm(party: Party, services: Services, wang: SignedIn) -> None:
    assert party.browser.post("/oidc/logout/confirmed", data={"client_id": "assistance-web"}).status_code == 400
    assert alive(services, wang)


def test_a_hint_about_another_session_asks_first(party: Party, services: Services, wang: SignedIn) -> None:
    hint = party.tokens()["id_token"]
    other = enter(services, party.browser, "SHANXUEMEI")
    page = logout(party, id_token_hint=hint)
    assert "单雪梅" in page.text
    assert alive(services, wang)
    assert alive(services, other)


def test_nobody_signed_in_is_signed_out(party: Party) -> None:
    response = logout(party)
    assert response.status_code == 200
    assert "/sign-in" in response.text


WRONG: list[dict[str, str]] = [
    {"post_logout_redirect_uri": BACK},
    {"post_logout_redirect_uri": "https://evil.example/", "client_id": "assistance-web"},
    {"post_logout_redirect_uri": f"{BACK}/", "client_id": "assistance-web"},
    {"post_logout_redirect_uri": "http://127.0.0.1:8002/oidc/callback", "client_id": "assistance-web"},
    {"post_logout_redirect_uri": "http://127.0.0.1:8001/signed-out", "client_id": "assistance-web"},
    {"client_id": "nobody"},
    {"id_token_hint": "e30.e30."},
    {"state": "a\nb"},
]


def test_a_wrong_request_ends_nothing_and_redirects_nobody(party: Party, services: Services, wang: SignedIn) -> None:
    for parameters in WRONG:
        response = logout(party, **parameters)
        assert response.status_code == 400, parameters
        assert "Location" not in response.headers
    assert alive(services, wang)


def test_a_hint_of_another_client_is_refused(party: Party, services: Services, world: World, wang: SignedIn) -> None:
    hint = party.tokens()["id_token"]
    assert logout(party, id_token_hint=hint, client_id="housing-web").status_code == 400
    assert logout(party, id_token_hint=party.tokens()["access_token"]).status_code == 400
    assert alive(services, wang)


def test_another_site_cannot_sign_anybody_out(party: Party, services: Services, wang: SignedIn) -> None:
    """A form of another site comes without the session's cookie (``SameSite=Lax``), with or without a hint of the attacker's own."""
    hint = party.tokens()["id_token"]
    stranger = party.browser.application.test_client()
    forged = stranger.post("/oidc/logout", data={"client_id": "assistance-web"})
    assert (forged.status_code, forged.location) == (303, "/oidc/logout?client_id=assistance-web")
    assert "Set-Cookie" not in forged.headers
    assert alive(services, wang)
    # The hint ends the session that it is about, once the browser is seen, and takes no browser's cookie that did not come along.
    posted = stranger.post("/oidc/logout", data={"id_token_hint": hint})
    assert (posted.status_code, posted.location) == (303, f"/oidc/logout?id_token_hint={hint}")
    assert alive(services, wang)
    ended = stranger.get(posted.location)
    assert "govcloud_session" not in ended.headers.get("Set-Cookie", "")
    assert not alive(services, wang)
