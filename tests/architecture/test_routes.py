"""Every route says who may call it, and every form is protected."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient

from govcloud.app import create_app
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.settings import Settings
from govcloud.web.gate import gate_of
from govcloud.web.setup import csrf

#: Programs send credentials with every request and no cookie counts: AuthZEN's enforcement points, SCIM, feeds, the wire half of OIDC.
EXEMPT_BLUEPRINTS = {"authzen", "feeds", "scim", "wire"}
#: The first three only repeat a form of another site as an address; the sign-out itself asks for a click with a token. The feed is
#: for programs, which prove themselves with every call.
EXEMPT_VIEWS = {
    "govcloud.entrypoints.cas.login.login_form",
    "govcloud.entrypoints.oidc.authorize.authorize_form",
    "govcloud.entrypoints.oidc.logout.logout",
    "govcloud.entrypoints.api.organisation.feed.personnel_events",
}


def test_every_route_declares_who_may_call_it(app: Flask) -> None:
    undeclared = [str(rule) for rule in app.url_map.iter_rules() if gate_of(app, rule.endpoint) is None]
    assert undeclared == []


def test_public_routes_say_why(app: Flask) -> None:
    """A public route carries its reason; a new one has to be read here."""
    public = {
        rule.endpoint: gate.detail for rule in app.url_map.iter_rules() if (gate := gate_of(app, rule.endpoint)) and gate.kind == "public"
    }
    assert all(len(reason) > len("because") for reason in public.values()), public


def test_undeclared_route_is_closed(settings: Settings, clock: ManualClock) -> None:
    app = create_app(settings, clock)
    app.add_url_rule("/forgotten", "forgotten", lambda: "open")
    answer = app.test_client().get("/forgotten")
    with app.app_context():
        db.engine.dispose()
    assert answer.status_code == 403
    assert "open" not in answer.text


def test_only_programs_are_exempt_from_csrf(app: Flask) -> None:
    assert {getattr(exempt, "name", exempt) for exempt in csrf._exempt_blueprints} == EXEMPT_BLUEPRINTS
    assert csrf._exempt_views == EXEMPT_VIEWS


def test_security_headers_on_every_kind_of_answer(client: FlaskClient) -> None:
    for path in ("/sign-in", "/nowhere", "/.well-known/openid-configuration", "/api/v1/me", "/static/govcloud.css"):
        with client.get(path) as answer:  # a static file is closed with its answer
            headers = answer.headers
        assert "default-src 'none'" in headers["Content-Security-Policy"], path
        assert "unsafe" not in headers["Content-Security-Policy"], path
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["X-Frame-Options"] == "DENY", path
        assert headers["X-Request-ID"], path
