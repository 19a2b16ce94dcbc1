"""The platform behind TLS, as unmodified clients of other makers meet it."""

from __future__ import annotations

import html
import json
import re
import secrets
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import urljoin

import httpx
import pytest
from werkzeug.serving import ThreadedWSGIServer
from werkzeug.wrappers import Request, Response

from govcloud.entrypoints.console.catalogue.client_settings import ready_for, text_of
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import Clock, SystemClock
from govcloud.settings import Environment, Settings, load_settings
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import CasSettings, ForwardAuthSettings, OidcSettings
from tests.factories.world import PASSWORD, SEED, World
from tests.real_clients.apache import CAS_SITE, OIDC_SITE, Ports, apache
from tests.real_clients.certificates import Certificates, certificates
from tests.real_clients.nginx import Proxied, nginx

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from flask import Flask

    from govcloud.services import Services


@pytest.fixture
def clock() -> Clock:
    """Return the machine's clock: other makers' clients check times by theirs."""
    return SystemClock()


@pytest.fixture(scope="session")
def made() -> Iterator[Certificates]:
    """Make the certificates of this run."""
    with open_folder() as folder:
        yield certificates(folder)


@contextmanager
def open_folder() -> Iterator[Path]:
    """Give a folder that Apache, without rights, may go through; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="govcloud-clients-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture
def ports() -> Ports:
    """Return five ports that nobody listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(5)]
        for item in sockets:
            item.bind(("127.0.0.1", 0))
        return Ports(*(item.getsockname()[1] for item in sockets))


@pytest.fixture
def settings(database_url: str, master_key_file: Path, ports: Ports) -> Settings:
    """Return the settings of a platform that stands behind one proxy."""
    return load_settings(
        environment=Environment.TEST,
        DATABASE_URL=database_url,
        master_key_file=master_key_file,
        public_url=f"https://localhost:{ports.platform}",
        trusted_proxies=1,
    )


@dataclass
class Town:
    """The platform and two sites that Apache protects, all behind TLS."""

    services: Services
    world: World
    made: Certificates
    ports: Ports
    running: ExitStack

    @property
    def issuer(self) -> str:
        """Return the platform's address."""
        return f"https://localhost:{self.ports.platform}"

    def browser(self) -> Browser:
        """Return a browser without cookies, which trusts the run's authority."""
        browser = Browser(self.issuer, self.made)
        self.running.callback(browser.client.close)
        return browser

    def deliver(self) -> None:
        """Send what the platform has promised to send, as its job does every second."""
        while self.services.delivery.deliver_due(Actor.system("jobs")).delivered:
            pass


class Browser:
    """A person's browser as far as protocols know it: it keeps cookies, follows redirects and fills in the sign-in form."""

    def __init__(self, issuer: str, made: Certificates) -> None:
        """Take the platform's address and the authority to trust."""
        self._issuer = issuer
        trusted = ssl.create_default_context(cafile=str(made.authority))
        self.client = httpx.Client(verify=trusted, trust_env=False, follow_redirects=True, timeout=20)

    def open(self, address: str, login: str | None = None) -> httpx.Response:
        """Open an address; when the platform asks who one is, sign in as ``login``."""
        answer = self.client.get(address)
        if login is not None and self.asked(answer):
            fields = dict(_hidden(answer.text))
            answer = self._post(answer, str(answer.url), fields | {"login": login, "password": PASSWORD})
        return answer

    def asked(self, answer: httpx.Response) -> bool:
        """Return whether this is the platform's page that asks who one is."""
        return str(answer.url).startswith(f"{self._issuer}/sign-in")

    def press(self, answer: httpx.Response, action: str, fields: dict[str, str] | None = None) -> httpx.Response:
        """Submit the form of a page that goes to ``action``."""
        return self._post(answer, urljoin(str(answer.url), action), dict(_hidden(answer.text)) | (fields or {}))

    def _post(self, page: httpx.Response, address: str, fields: dict[str, str]) -> httpx.Response:
        """Send a form as a browser does, which says what page it stood on."""
        return self.client.post(address, data=fields, headers={"Referer": str(page.url)})


def _hidden(page: str) -> Iterator[tuple[str, str]]:
    """Give the hidden fields of a page."""
    for tag in re.findall(r'<input[^>]*type="hidden"[^>]*>', page):
        found = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if "name" in found:
            yield html.unescape(found["name"]), html.unescape(found.get("value", ""))


@pytest.fixture
def trusting(made: Certificates, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the platform trust the run's authority in what it sends by itself, as an operator would: by SSL_CERT_FILE."""
    from govcloud.outbox import post  # noqa: PLC0415

    monkeypatch.setenv("SSL_CERT_FILE", str(made.authority))
    post._trusted.cache_clear()
    yield
    post._trusted.cache_clear()


@pytest.fixture
def owners(world: World) -> tuple[str, str]:
    """Return the subsystems that the site behind mod_auth_openidc and the one behind mod_auth_cas belong to."""
    assert world.organisation.ids
    return "housing", "assistance"


@pytest.fixture
def response_mode() -> str:
    """Return how mod_auth_openidc wants its answers."""
    return "query"


@pytest.fixture
def sites(app: Flask, services: Services, owners: tuple[str, str], ports: Ports, response_mode: str) -> str:
    """Register a client for each of the protected sites and return their configuration, with blanks for what Apache knows."""
    oidc, cas = f"https://localhost:{ports.oidc}", f"https://localhost:{ports.cas}"
    callback = f"{oidc}/protected/callback"
    channel = OidcSettings(backchannel_logout_uri=f"{callback}?logout=backchannel")
    new = NewClient(owners[0], "apache-oidc", "Apache", (callback,), (f"{oidc}/bye",), settings=channel)
    secret = services.subsystems.register_client(SEED, new).secret
    services.subsystems.register_client(SEED, NewClient(owners[1], "apache-cas", "Apache", services=(f"{cas}/",), settings=CasSettings()))
    blanks = {name: f"{{{name}}}" for name in ("tls", "authority", "folder")}
    facts = {"issuer": f"https://localhost:{ports.platform}", "echo": ports.echo, **blanks}
    own = {"client_id": "apache-oidc", "secret": secret, "passphrase": secrets.token_hex(16), "response_mode": response_mode}
    site = OIDC_SITE.format(port=ports.oidc, **own, **facts)
    with app.test_request_context():
        ready = copied(services, "apache-cas", "mod_auth_cas").replace("/var/cache/apache2/mod_auth_cas/", "{folder}/cas/")
    return site + CAS_SITE.format(port=ports.cas, ready=ready, **facts)


def copied(services: Services, client_id: str, library: str) -> str:
    """Return what the console says to copy for a client and a library."""
    client = services.subsystem_queries.client_by_client_id(client_id)
    assert client is not None
    [one] = [one for one in ready_for(client) if one.name == library]
    return text_of(one, client, services.settings.public_url)


@pytest.fixture
def town(app: Flask, world: World, made: Certificates, ports: Ports, sites: str) -> Iterator[Town]:
    """Serve everything for one test."""
    with ExitStack() as running:
        running.enter_context(served(ports.behind, app))
        running.enter_context(served(ports.echo, echo))
        running.enter_context(apache(running.enter_context(open_folder()), ports, made, sites))
        yield Town(cast("Services", app.extensions["govcloud"]), world, made, ports, running)


@pytest.fixture
def behind_nginx(town: Town) -> Iterator[str]:
    """Put an application that knows no protocol behind nginx, beside both sites; return its origin, which is another site than the rest."""
    port = free_port()
    row = NewClient("assistance", "legacy-web", "旧系统", origins=(f"https://127.0.0.1:{port}",), settings=ForwardAuthSettings())
    secret = town.services.subsystems.register_client(SEED, row).secret
    assert secret is not None
    made, ports = town.made, town.ports
    site = Proxied(port, ports.platform, ports.echo, made.certificate, made.key, made.authority, row.client_id, secret)
    with open_folder() as folder, nginx(folder, site):
        yield site.origin


@Request.application
def echo(request: Request) -> Response:
    """Answer with what arrived, as the protected application would see it."""
    return Response(json.dumps({"path": request.path, "headers": dict(request.headers)}), mimetype="application/json")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def served(port: int, app: WSGIApplication) -> Iterator[None]:
    """Serve a WSGI application on a port for a while."""
    server = ThreadedWSGIServer("127.0.0.1", port, app)
    server.daemon_threads = False  # closing waits for the last answers, so that none is left with a connection of the test
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
