"""A subsystem's end of sign-out: a real HTTP server that writes down what it is told, and clients registered at its address."""

from __future__ import annotations

import base64
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs
from uuid import UUID

from govcloud.kernel.actor import Actor
from govcloud.kernel.ids import new_id
from govcloud.signon.models import Ticket
from govcloud.signon.views import TicketRequest
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import PUBLIC, CasSettings, OidcSettings, ProtocolSettings
from tests.factories.clients import register_unchecked
from tests.factories.world import SEED

if TYPE_CHECKING:
    from govcloud.services import Services
    from govcloud.signon.sessions import CurrentSession
    from govcloud.subsystems.queries import ClientView

JOBS = Actor.system("jobs")
VERIFIER = secrets.token_urlsafe(48)
CHALLENGE = base64.urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True)
class Told:
    """One request as it arrived."""

    path: str
    content_type: str
    form: dict[str, str]


@dataclass
class Listener:
    """Receives notices of sign-out; answers ``status``, by path where ``statuses`` names one, after ``hold`` is set free."""

    base: str = ""
    status: int = 200
    statuses: dict[str, int] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    held: dict[str, threading.Event] = field(default_factory=dict)

    def at(self, path: str) -> list[Told]:
        """Return what arrived at ``path``."""
        return [item for item in self.told if item.path == path]


@contextmanager
def listening() -> Iterator[Listener]:
    """Give a listener on a free port of this machine."""
    state = Listener()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
            state.told.append(Told(self.path, self.headers["content-type"], form))
            if self.path in state.held:
                state.held[self.path].wait(10)
            self.send_response(state.statuses.get(self.path, state.status))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Keep the test's output clean."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 256
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    state.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        for hold in state.held.values():
            hold.set()
        server.shutdown()
        thread.join()
        server.server_close()


def a_client(services: Services, client_id: str, settings: ProtocolSettings, subsystem: str = "housing") -> ClientView:
    """Register a client of ``subsystem`` that speaks the protocol of ``settings``."""
    cas = isinstance(settings, CasSettings)
    register_unchecked(
        services,
        NewClient(
            subsystem,
            client_id,
            client_id,
            () if cas else (f"https://{client_id}.zj.example/cb",),
            services=(f"http://127.0.0.1/{client_id}/",) if cas else (),
            auth_method=PUBLIC,
            settings=settings,
        ),
    )
    client = services.subsystem_queries.client_by_client_id(client_id)
    assert client is not None
    return client


def told_at(listener: Listener, path: str) -> OidcSettings:
    """Return the settings of a client that is told by back channel."""
    return OidcSettings(backchannel_logout_uri=f"{listener.base}{path}")


def enter(services: Services, session: CurrentSession, client: ClientView, address: str | None = None) -> UUID:
    """Let a session's owner into a client's subsystem, from the address of the sign-in or another; return the ``sid``."""
    actor = Actor.official(
        session.official_id,
        session.name,
        appointment_id=session.appointment_id,
        session_id=session.session_id,
        source_address=address or session.source_address,
    )
    ticket = services.signon.issue_ticket(actor, session, client, TicketRequest(client.redirect_uris[0], CHALLENGE, "openid"))
    subsystem = Actor.subsystem(client.client_id, client.name)
    answer = services.signon.redeem(subsystem, client, ticket, redirect_uri=client.redirect_uris[0], code_verifier=VERIFIER)
    assert answer.id_token is not None
    return services.signon.read_hint(answer.id_token).sid


def enter_by_cas(services: Services, session: CurrentSession, client: ClientView, service: str, *, redeemed: bool = True) -> str:
    """Let a session's owner into a CAS client's service, as that way in does; return the service ticket."""
    ticket_id, text = new_id(), f"ST-{secrets.token_urlsafe(24)}"
    sealed = services.keys.seal(text.encode(), f"ticket:{ticket_id}".encode())
    # The OIDC client's way makes the participant; the ticket is the CAS way in's own.
    with services.uow.begin(SEED, "govcloud:platform:seed") as tx:
        from govcloud.signon.tickets import take_part  # noqa: PLC0415

        participant_id = take_part(tx, session.session_id, client.client_id)
        tx.session.add(
            Ticket(
                id=ticket_id,
                kind="cas_service",
                digest=services.keys.digest("ticket", text.encode()),
                family_id=new_id(),
                session_id=session.session_id,
                participant_id=participant_id,
                client_id=client.client_id,
                redirect_uri=service,
                code_challenge=None,
                nonce=None,
                scope="",
                dpop_jkt=None,
                sealed=sealed,
                proxy_grant_id=None,
                created_at=tx.now,
                expires_at=tx.now,
                redeemed_at=tx.now if redeemed else None,
            )
        )
    return text
