"""A mail server: a real one, that speaks SMTP over a socket, keeps what it is handed, and fails where a test wants it to."""

from __future__ import annotations

import base64
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Received:
    """One letter with its envelope, and whether it came over TLS and from whom it signed on."""

    sender: str
    recipient: str
    raw: bytes
    secure: bool
    user: str

    @property
    def message(self) -> EmailMessage:
        """Return the letter, read."""
        return message_from_bytes(self.raw, policy=default)

    @property
    def text(self) -> str:
        """Return its text."""
        return cast("str", self.message.get_content())


@dataclass
class Mailbox:
    """What the server was handed, and how it behaves.

    ``refuse`` answers RCPT of an address; ``defer`` answers so many letters' DATA with 451 first; ``vanish`` takes so many letters
    and breaks the connection before it says so; ``users`` who may sign on (nobody: it is not asked for).
    """

    port: int = 0
    received: list[Received] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    defer: int = 0
    vanish: int = 0
    users: dict[str, str] = field(default_factory=dict)
    connections: int = 0

    def to(self, address: str) -> list[Received]:
        """Return what came for an address."""
        return [item for item in self.received if item.recipient == address]


class _Session(socketserver.StreamRequestHandler):
    """One connection, by the commands of RFC 5321 that a client of ours uses."""

    box: Mailbox
    tls: ssl.SSLContext | None
    at_once: bool

    def setup(self) -> None:
        """Begin with TLS where the port is for TLS alone."""
        self.secure = False
        if self.tls is not None and self.at_once:
            self.request = self.tls.wrap_socket(self.request, server_side=True)
            self.secure = True
        super().setup()

    def handle(self) -> None:
        """Answer command after command until QUIT, or until the connection is broken on purpose."""
        self.box.connections += 1
        self.user = self.sender = self.recipient = ""
        self.say("220 mailbox")
        while line := self.rfile.readline(2048):
            command = line.decode("ascii", "replace").strip()
            if not self.answer(command.partition(" ")[0].upper(), command):
                return

    def finish(self) -> None:
        """Close what the connection became under TLS, which the server does not know."""
        super().finish()
        self.connection.close()
        self.request.close()

    def answer(self, verb: str, command: str) -> bool:
        """Answer one command; return whether the connection goes on."""
        if verb == "EHLO":
            offers = [
                "mailbox",
                *(["STARTTLS"] if self.tls and not self.secure else []),
                *(["AUTH PLAIN"] if self.box.users else []),
                "8BITMIME",
            ]
            self.say(*(f"250{'-' if place < len(offers) else ' '}{offer}" for place, offer in enumerate(offers, 1)))
        elif verb == "STARTTLS" and self.tls is not None:
            self.say("220 go ahead")
            self.connection = self.tls.wrap_socket(self.connection, server_side=True)
            self.rfile, self.wfile = self.connection.makefile("rb", -1), self.connection.makefile("wb", 0)
            self.secure = True
        elif verb == "AUTH":
            _, user, password = base64.b64decode(command.split()[2]).decode().split("\0")
            right = self.box.users.get(user) == password
            self.user = user if right else ""
            self.say("235 welcome" if right else "535 5.7.8 who?")
        elif verb == "MAIL":
            self.sender = command.partition("<")[2].partition(">")[0]
            self.say("530 5.7.0 sign on first" if self.box.users and not self.user else "250 ok")
        elif verb == "RCPT":
            self.recipient = command.partition("<")[2].partition(">")[0]
            self.say(self.box.refuse.get(self.recipient, "250 ok"))
        elif verb == "DATA":
            return self.take()
        elif verb == "QUIT":
            self.say("221 bye")
            return False
        else:
            self.say("250 ok")
        return True

    def take(self) -> bool:
        """Take a letter in."""
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line[1:] if line.startswith(b"..") else line)
        if self.box.defer:
            self.box.defer -= 1
            self.say("451 4.3.0 later")
            return True
        self.box.received.append(Received(self.sender, self.recipient, b"".join(lines), self.secure, self.user))
        if self.box.vanish:
            self.box.vanish -= 1
            return False
        self.say("250 2.0.0 kept")
        return True

    def say(self, *lines: str) -> None:
        """Send lines."""
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())


@contextmanager
def mailbox(tls: ssl.SSLContext | None = None, *, at_once: bool = False) -> Iterator[Mailbox]:
    """Give a mail server on a free port of this machine; with ``tls`` it offers STARTTLS, or (``at_once``) speaks nothing else."""
    box = Mailbox()
    handler = type("Session", (_Session,), {"box": box, "tls": tls, "at_once": at_once})

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Keep the test's output clean: clients that do not trust the certificate break off."""

    with Server(("127.0.0.1", 0), handler) as server:
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join()


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Return a server's TLS for 127.0.0.1 and the file of the authority that vouches for it (itself)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mailbox")]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, secret = folder / "mailbox.pem", folder / "mailbox.key"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(*pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, secret)
    return context, chain
