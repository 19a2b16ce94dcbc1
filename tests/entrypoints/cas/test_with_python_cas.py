"""The package python-cas, unmodified, against the platform over HTTP: versions 1, 2 and 3, with attributes, proxies and sign-out."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cas import CASClient
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from govcloud.services import Services
from govcloud.signon.views import SignedIn
from govcloud.subsystems.protocols import CasSettings
from tests.entrypoints.cas.conftest import REGISTER, RESCUE, register_cas
from tests.factories.receivers import receiving


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """Serve the platform on a free port."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/cas/"
    server.shutdown()
    thread.join()
    server.server_close()


def ticket_for(client: Any, browser: FlaskClient) -> str:  # noqa: ANN401 - the package has no types
    """Follow the address that the package sends a browser to, and return the ticket that comes back."""
    asked = urlsplit(client.get_login_url())
    answer = browser.get(f"{asked.path}?{asked.query}")
    return parse_qs(urlsplit(answer.location).query)["ticket"][0]


@pytest.mark.parametrize("version", [1, 2, 3])
def test_each_version_signs_in(version: int, address: str, browser: FlaskClient, wang: SignedIn) -> None:
    client = CASClient(version=version, service_url=f"{RESCUE}/index?next=/home", server_url=address)
    user, attributes, iou = client.verify_ticket(ticket_for(client, browser))
    assert (user, iou) == ("WANGFANG", None)
    if version == 3:
        assert (attributes["name"], attributes["division"]) == ("王芳", "330106000000")
        assert attributes["isFromNewLogin"] == "false"
    assert client.verify_ticket("ST-nothing")[0] is None


def test_renew(address: str, browser: FlaskClient, wang: SignedIn) -> None:
    client = CASClient(version=3, service_url=f"{RESCUE}/index", server_url=address, renew=True)
    asked = urlsplit(client.get_login_url())
    assert urlsplit(browser.get(f"{asked.path}?{asked.query}").location).path == "/sign-in"


def test_a_proxy_and_its_target(address: str, browser: FlaskClient, wang: SignedIn, services: Services) -> None:
    with receiving() as receiver:
        register_cas(services, "assistance", f"{receiver.origin}/app", CasSettings(proxy=True), name="proxy")
        service, callback = f"{receiver.origin}/app/index", f"{receiver.origin}/app/pgt"
        front = CASClient(version=3, service_url=service, server_url=address, proxy_callback=callback)
        user, _, iou = front.verify_ticket(ticket_for(front, browser))
        assert (user, iou) == ("WANGFANG", receiver.last["pgtIou"])
        back = CASClient(version=3, service_url=f"{REGISTER}api", server_url=address)
        back.url_suffix = "p3/proxyValidate"
        ticket = back.get_proxy_ticket(receiver.last["pgtId"])
        assert back.verify_ticket(ticket)[0] == "WANGFANG"


def test_sign_out(address: str, browser: FlaskClient, wang: SignedIn) -> None:
    client = CASClient(version=3, service_url=f"{RESCUE}/index", server_url=address)
    ticket = ticket_for(client, browser)
    asked = urlsplit(client.get_logout_url(f"{RESCUE}/bye"))
    assert browser.get(f"{asked.path}?{asked.query}").location == f"{RESCUE}/bye"
    assert client.verify_ticket(ticket)[0] is None
