"""The file deploy/nginx/client-certificates.conf in a real nginx: certificates that are shown count, headers that are made up do not."""

from __future__ import annotations

import base64
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import jwt
import pytest
from flask import Flask
from werkzeug.serving import make_server

from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.settings import Environment, Settings, load_settings
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import AUTHORIZATION_CODE, CLIENT_CREDENTIALS, SELF_SIGNED_TLS, TLS, OidcSettings
from tests.factories.clients import register_unchecked
from tests.factories.proving import Certificate
from tests.factories.world import World

pytestmark = [pytest.mark.clients, pytest.mark.timeout(240)]

FILE = Path(__file__).parents[2] / "deploy" / "nginx" / "client-certificates.conf"
HEADER, SECRET = "X-Client-Certificate", "the-proxy-and-the-platform-share-this"
DN = "CN=assistance.example.gov.cn,O=浙江省民政厅,C=CN"
AUTHORITY = Certificate("CN=authority", authority=True)
OWN, STRANGER = Certificate(DN, by=AUTHORITY), Certificate("CN=stranger", by=AUTHORITY)
SELF, IMPOSTOR = Certificate("CN=self"), Certificate(DN)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Site:
    """Where nginx and the platform listen, and whose certificate the nginx has."""

    nginx: str
    platform: str
    folder: Path

    def token(self, client_id: str, shown: Certificate | None, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Ask for a client's own token, with a certificate in the handshake and whatever headers."""
        with self.showing(shown) as http:
            return http.post("/oidc/token", data={"grant_type": CLIENT_CREDENTIALS, "client_id": client_id}, headers=dict(headers or {}))

    def showing(self, shown: Certificate | None) -> httpx.Client:
        """Return a program that shows a certificate in the handshake with nginx."""
        context = ssl.create_default_context(cafile=str(self.folder / "nginx.pem"))
        if shown is not None:
            context.load_cert_chain(*shown.written(self.folder, "shown"))
        return httpx.Client(base_url=self.nginx, verify=context, trust_env=False)


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock at the present moment: certificates are compared with the machine's."""
    return ManualClock(datetime.now(UTC))


@pytest.fixture
def ports() -> tuple[int, int]:
    """Return a port for nginx and one for the platform."""
    return free_port(), free_port()


@pytest.fixture
def settings(database_url: str, master_key_file: Path, ports: tuple[int, int]) -> Settings:
    """Return the settings that the file names."""
    return load_settings(
        environment=Environment.TEST,
        DATABASE_URL=database_url,
        master_key_file=master_key_file,
        public_url=f"http://localhost:{ports[1]}",
        trusted_proxies=1,
        client_certificate_header=HEADER,
        client_certificate_secret=SECRET,
        client_certificate_url=f"https://localhost:{ports[0]}",
    )


@pytest.fixture
def site(app: Flask, services: Services, world: World, ports: tuple[int, int], tmp_path: Path) -> Iterator[Site]:
    """Start the platform and nginx before it, with two clients that have certificates."""
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    assert Path(nginx).exists(), "nginx is missing: `make test-clients` installs the distribution's package"
    grants = (AUTHORIZATION_CODE, CLIENT_CREDENTIALS)
    by_subject = OidcSettings(grant_types=grants, tls_subject_dn=DN, tls_bound=True)
    jwks = {"keys": [{"kty": "EC", "x5c": [base64.b64encode(SELF.der).decode()]}]}
    by_own = OidcSettings(grant_types=grants, jwks=jwks, tls_bound=True)
    for client_id, method, kind in (("by-subject", TLS, by_subject), ("by-own", SELF_SIGNED_TLS, by_own)):
        row = NewClient("assistance", client_id, "测试", (f"https://{client_id}.example/cb",), auth_method=method, settings=kind)
        register_unchecked(services, row)
    platform = make_server("localhost", ports[1], app, threaded=True)
    thread = threading.Thread(target=platform.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    main = _configured(tmp_path, ports)
    subprocess.run([nginx, "-t", "-q", "-c", main, "-p", tmp_path, "-e", tmp_path / "error.log"], check=True)
    process = subprocess.Popen([nginx, "-c", main, "-p", tmp_path, "-e", tmp_path / "error.log"])
    try:
        _await(ports[0])
        yield Site(f"https://localhost:{ports[0]}", f"http://localhost:{ports[1]}", tmp_path)
    finally:
        process.terminate()
        process.wait(timeout=10)
        platform.shutdown()
        thread.join()
        platform.server_close()


def _configured(folder: Path, ports: tuple[int, int]) -> Path:
    """Write nginx's files: the shipped one, at its places for this test, and what stands around it."""
    pem, key = Certificate("CN=localhost").written(folder, "nginx")
    authority, _ = AUTHORITY.written(folder, "authority")
    (folder / "secret.conf").write_text(f'proxy_set_header {HEADER}-Secret "{SECRET}";\n', encoding="utf-8")
    changes = {
        "listen 443 ssl http2;": f"listen 127.0.0.1:{ports[0]} ssl http2;",
        "    listen [::]:443 ssl http2;\n": "",
        "server_name mtls.cloud.example.gov.cn;": "server_name localhost;",
        "/etc/nginx/tls/govcloud-mtls.pem": str(pem),
        "/etc/nginx/tls/govcloud-mtls.key": str(key),
        "/etc/nginx/tls/client-authorities.pem": str(authority),
        "/etc/nginx/tls/client-certificate-secret.conf": str(folder / "secret.conf"),
        "/var/log/nginx/govcloud.log": str(folder / "access.log"),
        "Host              cloud.example.gov.cn;": f"Host localhost:{ports[1]};",
    }
    text = FILE.read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    (folder / "certificates.conf").write_text(text, encoding="utf-8")
    main = folder / "nginx.conf"
    places = "".join(f"    {kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    main.write_text(
        f"daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nerror_log {folder}/error.log;\nevents {{}}\n"
        f"http {{\n{places}    log_format govcloud '$request_method $uri $status';\n"
        f"    upstream govcloud {{ server localhost:{ports[1]}; }}\n    include {folder}/certificates.conf;\n}}\n",
        encoding="utf-8",
    )
    return main


def _await(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            threading.Event().wait(0.05)
        else:
            return
    pytest.fail("nginx did not start")


def test_through_nginx(site: Site, services: Services, world: World) -> None:
    # So many forgeries in a row are told to wait; here each is to be refused for what it is.
    services.signon_policies.set(world.security_admin.actor(), {"lock_attempts": 20}, "试")
    shown = {"by-subject": OWN, "by-own": SELF}
    for client_id, certificate in shown.items():
        answer = site.token(client_id, certificate)
        assert answer.status_code == 200, answer.text
        claims = jwt.decode(answer.json()["access_token"], options={"verify_signature": False})
        assert claims["cnf"] == {"x5t#S256": certificate.thumbprint}
    made_up = {HEADER: OWN.escaped, f"{HEADER}-Verify": "SUCCESS", f"{HEADER}-Secret": SECRET}
    underscored = {name.replace("-", "_"): value for name, value in made_up.items()}
    refusals = {
        "no certificate": site.token("by-subject", None),
        "another subject": site.token("by-subject", STRANGER),
        "the right subject, signed by itself": site.token("by-subject", IMPOSTOR),
        "another certificate": site.token("by-own", OWN),
        "made up headers": site.token("by-subject", None, made_up),
        "made up headers beside a certificate": site.token("by-subject", STRANGER, made_up),
        "made up headers with underscores": site.token("by-subject", None, underscored),
        "a verdict that is made up": site.token("by-subject", IMPOSTOR, {f"{HEADER}-Verify": "SUCCESS"}),
        "past nginx, without the secret": httpx.post(
            f"{site.platform}/oidc/token",
            data={"grant_type": CLIENT_CREDENTIALS, "client_id": "by-subject"},
            headers=made_up | {f"{HEADER}-Secret": "guessed"},
            trust_env=False,
        ),
    }
    assert {name: (answer.status_code, answer.json().get("error")) for name, answer in refusals.items()} == dict.fromkeys(
        refusals, (401, "invalid_client")
    )
    context = ssl.create_default_context(cafile=str(site.folder / "nginx.pem"))
    with httpx.Client(verify=context, trust_env=False) as http:
        assert http.get(f"{site.nginx}/sign-in").status_code == 404


@pytest.mark.parametrize("client_id", ["by-subject", "by-own"])
def test_a_bound_token_counts_with_its_own_certificate_alone(site: Site, world: World, client_id: str) -> None:
    own = {"by-subject": OWN, "by-own": SELF}[client_id]
    bearer = {"Authorization": f"Bearer {site.token(client_id, own).json()['access_token']}"}
    body = {
        "subject": {"type": "official", "id": str(world.wang.official_id)},
        "action": {"name": "assistance:case:read"},
        "resource": {"type": "case", "id": "*"},
    }

    def ask(shown: Certificate | None, **more: str) -> httpx.Response:
        with site.showing(shown) as http:
            return http.post("/access/v1/evaluation", json=body, headers=bearer | more)

    answer = ask(own)
    assert (answer.status_code, answer.json()["decision"]) == (200, True), answer.text
    made_up = {HEADER: own.escaped, f"{HEADER}-Verify": "SUCCESS", f"{HEADER}-Secret": SECRET}
    others = {
        "another one of the same authority": ask(STRANGER),
        "one of the same subject": ask(IMPOSTOR),
        "the other client's": ask(SELF if own is OWN else OWN),
        "none": ask(None),
        "none, with made up headers": ask(None, **made_up),
        "another one, with made up headers": ask(STRANGER, **made_up),
        "past nginx, with made up headers": httpx.post(
            f"{site.platform}/access/v1/evaluation", json=body, headers=bearer | made_up | {f"{HEADER}-Secret": "guessed"}, trust_env=False
        ),
    }
    assert {name: found.status_code for name, found in others.items()} == dict.fromkeys(others, 401)
    # It was refused and not used up.
    assert ask(own).status_code == 200
