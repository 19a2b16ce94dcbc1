"""npm openid-client, unmodified, which proves itself by a key and demands how somebody signs in: prompt, max_age, acr_values, form_post."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import httpx
import pyotp
import pytest

from govcloud.services import Services
from govcloud.signon.views import ACR_MFA, ACR_PASSWORD
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import PRIVATE_KEY_JWT, OidcSettings
from tests.factories.factors import STEP, acting, opened
from tests.factories.world import SEED, World
from tests.real_clients.conftest import Browser, Town
from tests.real_clients.programs import Said, converse

pytestmark = [pytest.mark.clients, pytest.mark.timeout(120)]

WITH_TWO_FACTORS = json.dumps({"id_token": {"acr": {"essential": True, "value": ACR_MFA}}})
#: What is demanded, in this order, of one browser in which nobody is signed in at first.
DEMANDS = {
    "nobody is here": {"prompt": "none"},
    "first": {},
    "silently": {"prompt": "none", "max_age": "3600"},
    "anew": {"prompt": "login", "max_age": "3600"},
    "young enough": {"max_age": "3600"},
    "too old": {"max_age": "0"},
    "too old, silently": {"max_age": "0", "prompt": "none"},
    "as strong as it is": {"acr_values": ACR_PASSWORD},
    "stronger, silently": {"claims": WITH_TWO_FACTORS, "prompt": "none"},
    "stronger": {"acr_values": ACR_MFA},
    "still strong": {"claims": WITH_TWO_FACTORS, "prompt": "none"},
    "by form": {"response_mode": "form_post"},
    "refused by form": {"response_mode": "form_post", "prompt": "none", "max_age": "0"},
}
GETS_AN_APP_BEFORE = "stronger, silently"


@dataclass
class Officer:
    """王芳 at a browser, with an app that shows codes; ``shown`` are the pages of the platform that each demand led to."""

    services: Services
    browser: Browser
    callback: str
    code: str = ""
    shown: dict[str, list[str]] = field(default_factory=dict)

    def go(self, name: str, address: str) -> Said:
        """Follow an address to its end, through whatever the platform shows; return where that is, and the form that came there."""
        if name == GETS_AN_APP_BEFORE:
            self.code = with_an_app(self.services)
        answer = self.browser.open(address)
        shown = self.shown.setdefault(name, [])
        while not str(answer.url).startswith(self.callback):
            if f'action="{self.callback}"' in answer.text:
                return self._sent(answer)
            shown.append(answer.url.path)
            answer = self._on(answer)
        return {"at": str(answer.url)}

    def _on(self, answer: httpx.Response) -> httpx.Response:
        """Do what the page of the platform asks."""
        assert answer.status_code == 200, answer.text
        if answer.url.path == "/step-up":
            return self.browser.press(answer, "/step-up", {"code": self.code})
        return self.browser.open(str(answer.url), "WANGFANG")

    def _sent(self, answer: httpx.Response) -> Said:
        """Send the form that the page's script would send, and return it as the application gets it."""
        sent = self.browser.press(answer, self.callback).request
        return {"at": str(sent.url), "form": sent.content.decode()}


def with_an_app(services: Services) -> str:
    """Let 王芳 set up an app, in another browser; return the next code that it shows, which is good now already."""
    session = opened(services)
    secret = services.second_factors.pending(session).secret
    shows = pyotp.TOTP(secret)
    services.second_factors.enrol(acting(session), session, shows.at(services.clock.now()))
    services.signon.sign_out(acting(session), session.session_id)
    return shows.at(services.clock.now() + STEP)


@pytest.fixture
def told(town: Town) -> tuple[dict[str, Any], Officer]:
    """Let the Node program make its demands; return what it says in the end, and the officer who answered them."""
    callback = f"http://127.0.0.1:{town.ports.echo}/callback"
    officer = Officer(town.services, town.browser(), callback)

    def answer(said: Said) -> Said | None:
        if "jwk" in said:
            settings = OidcSettings(jwks={"keys": [said["jwk"]]})
            new = NewClient("housing", "node-key", "Node", (callback,), auth_method=PRIVATE_KEY_JWT, settings=settings)
            assert town.services.subsystems.register_client(SEED, new).secret is None
            return {"demands": DEMANDS}
        return officer.go(said["name"], said["open"]) if "open" in said else None

    return converse(town, "demanding_client.mjs", {"CLIENT_ID": "node-key", "REDIRECT": callback}, answer), officer


def test_every_demand_is_met_or_refused(told: tuple[dict[str, Any], Officer], world: World) -> None:
    said, officer = told
    got, shown = said["got"], officer.shown
    refusals = {name: claims["refused"] for name, claims in got.items() if "refused" in claims}
    assert refusals == dict.fromkeys(("nobody is here", "too old, silently", "stronger, silently", "refused by form"), "login_required"), (
        refusals
    )
    asked = {name: pages for name, pages in shown.items() if pages}
    assert asked == {"first": ["/sign-in"], "anew": ["/sign-in"], "too old": ["/sign-in"], "stronger": ["/step-up"]}
    met = {name: claims for name, claims in got.items() if name not in refusals}
    assert {claims["sub"] for claims in met.values()} == {str(world.wang.official_id)}
    # It was one session all the time.
    assert len({claims["sid"] for claims in met.values()}) == 1
    times = [met[name]["auth_time"] for name in ("silently", "anew", "too old")]
    assert times == sorted(times)
    assert {name for name, claims in met.items() if claims["acr"] == ACR_MFA} == {"stronger", "still strong", "by form"}


def test_a_key_proves_the_client_wherever_it_has_to(told: tuple[dict[str, Any], Officer]) -> None:
    said, _ = told
    assert (said["introspected"], said["afterwards"]) == (True, False)
    # The answer is invalid_client; what the library looks at first is the challenge that comes with a 401 (RFC 9110 section 15.5.2).
    assert said["withAnotherKey"] == "OAUTH_WWW_AUTHENTICATE_CHALLENGE 401"
