"""Services that speak CAS, and a browser with which somebody goes to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from govcloud.services import Services
from govcloud.signon.views import SignedIn
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import CasSettings
from tests.factories.world import PASSWORD, SEED, World

NS = "{http://www.yale.edu/tp/cas}"
RESCUE = "https://rescue.zj.example/app"
REGISTER = "https://register.zj.example/"


@dataclass
class CasParty:
    """A service: it sends its browser to sign in, and validates what comes back."""

    browser: FlaskClient
    service: str = f"{RESCUE}/index"
    programs: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        self.programs = self.browser.application.test_client()

    def login(self, **more: str) -> TestResponse:
        """Send the browser to sign in."""
        return self.browser.get(f"/cas/login?{urlencode({'service': self.service} | more)}")

    def ticket(self, **more: str) -> str:
        """Return the ticket of a sign-in that must succeed."""
        return ticket_in(self.login(**more), self.service)

    def validate(self, ticket: str, path: str = "/cas/serviceValidate", **more: str) -> TestResponse:
        """Ask whom a ticket stands for."""
        answer = self.programs.get(f"{path}?{urlencode({'service': self.service, 'ticket': ticket} | more)}")
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        return answer

    def code(self, ticket: str, path: str = "/cas/serviceValidate", **more: str) -> str:
        """Return the code of a validation that must fail."""
        failure = ET.fromstring(self.validate(ticket, path, **more).data).find(f"{NS}authenticationFailure")  # noqa: S314 - ours
        assert failure is not None
        assert failure.text
        assert failure.text.isascii()
        return failure.attrib["code"]

    def user(self, ticket: str, path: str = "/cas/serviceValidate", **more: str) -> str:
        """Return the user of a validation that must succeed."""
        return success(self.validate(ticket, path, **more)).findtext(f"{NS}user") or ""


def success(answer: TestResponse) -> ET.Element:
    """Return the part of an answer that says who it is."""
    found = ET.fromstring(answer.data).find(f"{NS}authenticationSuccess")  # noqa: S314 - ours
    assert found is not None, answer.text
    return found


def ticket_in(answer: TestResponse, service: str) -> str:
    """Return the ticket with which the browser goes to the service."""
    assert answer.status_code == 303, answer.text
    assert answer.location.startswith(service), answer.location
    assert answer.headers["Cache-Control"] == "no-store"
    return parse_qs(urlsplit(answer.location).query)["ticket"][0]


def enter(services: Services, browser: FlaskClient, login: str = "WANGFANG") -> SignedIn:
    """Sign somebody in within ``browser``."""
    signed_in = services.signon.sign_in(login, PASSWORD, "127.0.0.1", "test")
    browser.set_cookie("govcloud_session", signed_in.token)
    return signed_in


def register_cas(services: Services, subsystem: str, address: str, settings: CasSettings | None = None, name: str = "cas") -> None:
    """Register a CAS client of a subsystem."""
    row = NewClient(subsystem, f"{subsystem}-{name}", f"{subsystem} CAS", services=(address,), settings=settings or CasSettings())
    services.subsystems.register_client(SEED, row)


@pytest.fixture
def browser(app: Flask, services: Services, world: World) -> FlaskClient:
    """Return a browser in which nobody is signed in; both subsystems speak CAS as well."""
    register_cas(services, "assistance", RESCUE, CasSettings(proxy=True))
    register_cas(services, "housing", REGISTER, CasSettings(attributes=("name",)))
    return app.test_client()


@pytest.fixture
def wang(services: Services, browser: FlaskClient) -> SignedIn:
    """Return the session of 王芳 in ``browser``."""
    return enter(services, browser)


@pytest.fixture
def party(browser: FlaskClient) -> CasParty:
    """Return the assistance subsystem as a service."""
    return CasParty(browser)
