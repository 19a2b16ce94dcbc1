"""A subsystem's sensitive page sends whoever opens it to prove who they are, and shows itself when they come back."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from govcloud.client import Govcloud, GovcloudWSGI, Settings
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.subsystems.inputs import NewClient
from tests.entrypoints.oidc.test_step_up import page_target
from tests.entrypoints.oidc.test_with_our_client import HERE, Line, clock, line
from tests.factories.browsing import Visitor, said
from tests.factories.clients import flag_sensitive
from tests.factories.factors import Phone, enrolled
from tests.factories.world import SEED, World

__all__ = ["clock", "line"]

CASES = "assistance:case:read"
CHALLENGE = 'Bearer error="insufficient_user_authentication", acr_values="urn:govcloud:acr:mfa", max_age="900"'


def cases() -> str:
    """Return the sensitive page."""
    return "the cases"


@pytest.fixture(params=["flask", "wsgi"])
def page(request: pytest.FixtureRequest, services: Services, world: World, line: Line) -> FlaskClient:
    """Return a browser at a subsystem whose page ``/cases`` is a sensitive function, by the extension and by the middleware."""
    made = services.subsystems.register_client(SEED, NewClient("assistance", "assistance-lib", "救助", (f"{HERE}/govcloud/callback",)))
    flag_sensitive(services, CASES)
    services.signon_policies.set(world.security_admin.actor(), {"sensitive_functions": "factor"}, "等保三级")
    app = Flask("subsystem")
    if request.param == "flask":
        app.config.update(SECRET_KEY="of the subsystem", SESSION_COOKIE_NAME="assistance", GOVCLOUD_ISSUER="http://localhost")
        app.config.update(GOVCLOUD_CLIENT_ID=made.client_id, GOVCLOUD_CLIENT_SECRET=made.secret)
        govcloud = Govcloud(app, transport=line)
        app.add_url_rule("/cases", view_func=govcloud.require(CASES)(cases))
    else:
        app.add_url_rule("/cases", "cases", view_func=cases)
        settings = Settings(
            issuer="http://localhost",
            client_id=made.client_id,
            client_secret=made.secret or "",
            base_url=HERE,
            cookie_name="assistance",
            cookie_secret="x" * 40,
        )
        app.wsgi_app = GovcloudWSGI(app.wsgi_app, settings, door="assistance:door:enter", functions={"/cases": CASES}, transport=line)  # type: ignore[method-assign]
    return app.test_client()


@pytest.fixture
def wang(browser: FlaskClient) -> Visitor:
    """Return 王芳 at the platform, signed in by password alone."""
    return Visitor(browser).sign_in("WANGFANG")


@pytest.fixture
def phone(wang: Visitor, services: Services, clock: ManualClock) -> Phone:
    """Return the app that she set up elsewhere."""
    return enrolled(services, clock)


def there(wang: Visitor, address: str) -> str:
    """Open an address of the platform, and return where it leads."""
    parts = urlsplit(address)
    answer = wang.get(f"{parts.path}?{parts.query}")
    assert answer.status_code == 303, said(answer)
    return str(answer.location)


def test_the_page_opens_once_the_second_factor_was_proven(page: FlaskClient, wang: Visitor, phone: Phone) -> None:
    # She signs in at the subsystem as always, by the session that she has.
    first = page.get("/cases", base_url=HERE)
    back = there(wang, first.location)
    assert page.get(back, base_url=HERE).status_code in {302, 303}
    # The page is sensitive, so it sends her on: still signed in, but to prove more.
    sent = page.get("/cases", base_url=HERE)
    assert sent.status_code in {302, 303}
    asked = {name: values[0] for name, values in parse_qs(urlsplit(sent.location).query).items()}
    assert asked["max_age"] == "900"
    proving = there(wang, sent.location)
    assert urlsplit(proving).path == "/step-up"
    proven = wang.post("/step-up", {"next": page_target(proving), "with": "totp", "code": phone.code()}, page=proving)
    assert proven.status_code == 303, said(proven)
    returned = page.get(there(wang, proven.location), base_url=HERE)
    assert urlsplit(returned.location).path == "/cases"
    assert page.get("/cases", base_url=HERE).text == "the cases"


def test_a_program_is_told_by_a_challenge(page: FlaskClient, wang: Visitor) -> None:
    page.get(there(wang, page.get("/cases", base_url=HERE).location), base_url=HERE)
    answer = page.get("/cases", base_url=HERE, headers={"Accept": "application/json"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == CHALLENGE
    assert answer.get_json()["error"] == "insufficient_user_authentication"
    assert "须先再次核实身份" in answer.get_json()["reason"]["zh-CN"]
