"""The test of a connection against real servers: what each answer means, where the platform never knocks, and who may let it."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import select

from govcloud.audit.models import AuditEvent
from govcloud.kernel.errors import Denied, NotFound
from govcloud.services import Services
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.probing import knocking
from govcloud.subsystems.probing.guard import forbidden
from govcloud.subsystems.probing.knocking import Heard, Knock, knock
from govcloud.subsystems.probing.probes import ADVICE, FAILED, PASSED, PROBES, Context, judged
from govcloud.subsystems.protocols import CAS, FORWARD_AUTH, OIDC, CasSettings, ForwardAuthSettings, OidcSettings, ProtocolSettings
from tests.factories.keys import elliptic_key, key_set
from tests.factories.subsystems import crew
from tests.factories.world import SEED, World

NOW = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)
HERE = Context(NOW, "https://id.zj.example")


@dataclass
class Site:
    """A subsystem's server: what it answers by path, and what it was asked."""

    address: str = ""
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            made.asked.append((self.command, self.path, body))
            status, headers, content = made.answers.get(self.path, (404, {}, b""))
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _answer  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


def register(services: Services, settings: ProtocolSettings, *addresses: str) -> str:
    kind = {OidcSettings: "redirect_uris", CasSettings: "services", ForwardAuthSettings: "origins"}[type(settings)]
    row = replace(NewClient("housing", "probed", "测试", settings=settings), **{kind: addresses})  # type: ignore[arg-type]
    services.subsystems.register_client(SEED, row)
    return "probed"


def outcomes(services: Services, world: World, client_id: str) -> dict[str, str]:
    return {one.planned.key: one.verdict.outcome for one in services.probing.run(world.people["HEWEI"].actor(), client_id)}


def test_an_oidc_client_that_is_in_order(services: Services, world: World, site: Site) -> None:
    dated = {"Date": format_datetime(services.clock.now(), usegmt=True)}
    site.answers = {
        "/": (200, dated, b""),
        "/cb": (400, {}, b"no code"),
        "/jwks": (200, {}, json.dumps(key_set(elliptic_key(), elliptic_key("k2"))).encode()),
        "/back": (400, {}, b""),
        "/front": (200, {}, b""),
    }
    settings = OidcSettings(
        jwks_uri=f"{site.address}/jwks", backchannel_logout_uri=f"{site.address}/back", frontchannel_logout_uri=f"{site.address}/front"
    )
    client_id = register(services, settings, f"{site.address}/cb")
    assert outcomes(services, world, client_id) == dict.fromkeys(["redirect", "clock", "jwks", "back_channel", "front_channel"], PASSED)
    sent = [body for method, _, body in site.asked if method == "POST"]
    assert len(sent) == 1
    assert b"this-is-no-logout-token" in sent[0]


def test_what_is_wrong_with_a_client_is_said(services: Services, world: World, site: Site) -> None:
    late = {"Date": format_datetime(services.clock.now() - timedelta(minutes=5), usegmt=True)}
    site.answers = {
        "/": (200, late, b""),
        "/cb": (500, {}, b""),
        "/jwks": (200, {}, json.dumps(key_set(elliptic_key(private=True))).encode()),
        "/back": (200, {}, b""),
        "/front": (200, {"X-Frame-Options": "DENY"}, b""),
    }
    settings = OidcSettings(
        jwks_uri=f"{site.address}/jwks", backchannel_logout_uri=f"{site.address}/back", frontchannel_logout_uri=f"{site.address}/front"
    )
    client_id = register(services, settings, f"{site.address}/cb", f"{site.address}/gone")
    found = services.probing.run(world.people["HEWEI"].actor(), client_id)
    assert {one.planned.key: one.verdict.outcome for one in found} == dict.fromkeys(
        ["redirect", "redirect-2", "clock", "jwks", "back_channel", "front_channel"], FAILED
    )
    assert all(one.verdict.remedy is not None for one in found)
    private = elliptic_key(private=True)["d"]
    assert all(private not in str(one) for one in found)


def test_a_cas_service_hears_of_a_sign_out_that_ends_nobody(services: Services, world: World, site: Site) -> None:
    site.answers = {"/app/": (302, {"Location": "https://elsewhere.example/"}, b""), "/": (200, {}, b"")}
    client_id = register(services, CasSettings(), f"{site.address}/app/")
    assert outcomes(services, world, client_id) == {"service": PASSED, "clock": ADVICE, "single_logout": PASSED}
    assert {path for _, path, _ in site.asked} == {"/app/", "/"}
    [sent] = [body for method, _, body in site.asked if method == "POST"]
    assert b"ST-0-govcloud-connection-test-never-issued" in sent


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ((302, {"Location": "http://localhost/forward-auth/start?rd=x"}, b""), PASSED),
        ((302, {"Location": "https://evil.example/forward-auth/start"}, b""), FAILED),
        ((401, {}, b""), ADVICE),
        ((200, {}, b"welcome"), FAILED),
        ((502, {}, b""), FAILED),
    ],
)
def test_an_application_behind_a_proxy_is_closed(
    services: Services, world: World, site: Site, answer: tuple[int, dict[str, str], bytes], outcome: str
) -> None:
    site.answers = {"/": answer}
    client_id = register(services, ForwardAuthSettings(), site.address)
    assert outcomes(services, world, client_id)["closed"] == outcome


def test_one_test_is_run_alone_and_stands_on_record_first(services: Services, world: World, site: Site) -> None:
    client_id = register(services, OidcSettings(), f"{site.address}/cb")
    assert [planned.key for planned in services.probing.plan(client_id)] == ["redirect", "clock"]
    [one] = services.probing.run(world.people["HEWEI"].actor(), client_id, "redirect")
    assert one.planned.key == "redirect"
    canonical = services.uow.read().scalars(select(AuditEvent.canonical).where(AuditEvent.name == "subsystems:client:tested")).one()
    assert json.loads(canonical)["data"]["checks"] == ["redirect"]
    for key in ("nothing", "certificate", "https://evil.example/"):
        with pytest.raises(NotFound):
            services.probing.run(world.people["HEWEI"].actor(), client_id, key)


def test_only_who_manages_a_client_lets_the_platform_knock(services: Services, world: World, site: Site) -> None:
    people = crew(services, world)
    client_id = register(services, OidcSettings(), f"{site.address}/cb")
    for person in (people.stranger, world.people["WANGFANG"], world.security_admin):
        with pytest.raises(Denied):
            services.probing.run(person.actor(), client_id)
    assert site.asked == []


@pytest.mark.parametrize(
    ("address", "stopped"),
    [
        ("169.254.169.254", True),
        ("::ffff:169.254.169.254", True),
        ("fe80::1%eth0", True),
        ("100.100.100.200", True),
        ("fd00:ec2::254", True),
        ("0.0.0.0", True),  # noqa: S104 - an address to refuse
        ("224.0.0.1", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.20.30.40", False),
        ("192.168.1.9", False),
        ("8.8.8.8", False),
    ],
)
def test_where_no_subsystem_can_be(address: str, *, stopped: bool) -> None:
    assert forbidden(address, loopback_allowed=False) == stopped


def test_in_production_the_machine_itself_is_out_of_bounds(site: Site) -> None:
    for address in (site.address, site.address.replace("127.0.0.1", "localhost")):
        assert knock(Knock(address), loopback_allowed=False).fault == "forbidden"
    assert site.asked == []
    assert knock(Knock("http://name.that.is.not.there.invalid/"), loopback_allowed=True).fault == "unknown"


def test_a_long_answer_is_not_read_to_its_end_and_a_redirect_not_followed(site: Site) -> None:
    site.answers = {"/long": (200, {}, b"x" * 500_000), "/moved": (302, {"Location": f"{site.address}/long"}, b"")}
    assert len(knock(Knock(f"{site.address}/long"), loopback_allowed=True).body) == knocking.MOST_BODY + 1
    assert knock(Knock(f"{site.address}/moved"), loopback_allowed=True).status == 302
    assert [path for _, path, _ in site.asked] == ["/long", "/moved"]


def test_who_answers_byte_by_byte_is_left_after_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(knocking, "DEADLINE_SECONDS", 0.3)
    stop = threading.Event()

    class Slow(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(200)
            self.end_headers()
            while not stop.wait(0.05):
                try:
                    self.wfile.write(b"x")
                except OSError:
                    return

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        assert knock(Knock(f"http://127.0.0.1:{server.server_port}/"), loopback_allowed=True).fault == "slow"
    finally:
        stop.set()
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_certificate_is_checked_and_its_days_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(days=80)
    unsigned = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(pair.public_key()).serial_number(1)
    unsigned = unsigned.not_valid_before(ends - timedelta(days=90)).not_valid_after(ends)
    unsigned = unsigned.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    signed = unsigned.sign(pair, hashes.SHA256())
    (tmp_path / "certificate.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(
        pair.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")

    class Plain(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("localhost", 0), Plain)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    address = f"https://localhost:{server.server_port}/"
    try:
        stranger = knock(Knock(address), loopback_allowed=True)
        trusting = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
        monkeypatch.setattr(knocking, "_trusted", lambda: trusting)
        heard = knock(Knock(address), loopback_allowed=True)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert stranger.fault == "certificate"
    assert stranger.detail
    assert (heard.status, heard.certificate_ends) == (204, ends)
    [probe] = [probe for probe in PROBES[OIDC] if probe.key == "certificate"]
    assert judged(probe, heard, Context(ends - timedelta(days=79, hours=1), "")).outcome == PASSED
    assert judged(probe, heard, Context(ends - timedelta(days=3), "")).outcome == ADVICE
    assert judged(probe, stranger, HERE).remedy is not None


@pytest.mark.parametrize("protocol", [OIDC, CAS, FORWARD_AUTH])
@pytest.mark.parametrize("fault", ["unknown", "forbidden", "certificate", "refused", "slow"])
def test_every_silence_has_its_remedy(protocol: str, fault: str) -> None:
    for probe in PROBES[protocol]:
        verdict = judged(probe, Heard(1, fault=fault, detail="x"), HERE)
        assert (verdict.outcome, bool(verdict.remedy)) == (FAILED, True)
