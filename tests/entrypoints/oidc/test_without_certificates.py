"""A platform that was told of no proxy with certificates believes nobody's."""

from __future__ import annotations

from flask.testing import FlaskClient

from govcloud.services import Services
from govcloud.signon.views import SignedIn
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import TLS, OidcSettings
from tests.entrypoints.oidc.conftest import Party
from tests.factories.proving import Certificate
from tests.factories.world import SEED, World

DN = "CN=assistance.example.gov.cn"


def test_a_header_alone_proves_nothing(services: Services, world: World, browser: FlaskClient, wang: SignedIn) -> None:
    address = "http://127.0.0.1:8002/tls"
    row = NewClient("assistance", "assistance-tls", "测试", (address,), auth_method=TLS, settings=OidcSettings(tls_subject_dn=DN))
    services.subsystems.register_client(SEED, row)
    party, header = Party(browser, "assistance-tls", None, address), "X-Client-Certificate"
    headers = {header: Certificate(DN).escaped, f"{header}-Verify": "SUCCESS", f"{header}-Secret": ""}
    answer = browser.post("/oidc/token", data=party.form(party.code(), client_id="assistance-tls"), headers=headers)
    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_client")


def test_discovery_offers_none(browser: FlaskClient) -> None:
    document = browser.get("/.well-known/openid-configuration").get_json()
    assert not [method for method in document["token_endpoint_auth_methods_supported"] if "tls" in method]
    assert not [name for name in document if "tls" in name]
