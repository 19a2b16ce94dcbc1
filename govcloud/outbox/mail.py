"""Hands letters to the mail server over SMTP (RFC 5321), one after the other on one connection, with TLS unless it is on this machine.

A letter is received when the server has answered its end with 250. A connection that breaks before that leaves it open whether the
server has the letter: it is then handed over again, under the same Message-ID.
"""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from urllib.parse import unquote, urlsplit

from govcloud.outbox.letters import Mail, Outcome

SECONDS = 10.0
"""The longest that the server may take for one answer."""
PLAIN, STARTTLS, TLS = "smtp", "smtp+starttls", "smtps"
PORTS = {PLAIN: 25, STARTTLS: 587, TLS: 465}
_MOST_ERROR = 300
#: The server takes leave; it has no such mailbox, or not here, or the name cannot be one (RFC 5321 section 4.2.3).
_CLOSING, _NO_SUCH_ADDRESS = 421, frozenset({550, 551, 553})
#: What is refused by policy (RFC 3463 section 3.8), such as relaying, is a matter of settings.
_POLICY = "5.7."


@dataclass(frozen=True)
class MailServer:
    """Where letters are handed over: by which scheme (``PORTS``), and as whom."""

    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def of(cls, url: str) -> MailServer:
        """Return the server that ``smtps://user:password@host:port`` names.

        Raises:
            ValueError: the scheme is none of ``PORTS``, or there is no host.
        """
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise ValueError(f"needs an address such as smtps://user:password@mail.example.gov.cn, with one of {', '.join(PORTS)}")
        port = parts.port or PORTS[parts.scheme]
        return cls(parts.scheme, parts.hostname, port, unquote(parts.username or ""), unquote(parts.password or ""))


class MailCarrier:
    """Keeps one connection for as long as there are letters; within one event loop, its waiting on a thread of its own."""

    def __init__(self, server: MailServer) -> None:
        """Open nothing yet."""
        self._server = server
        self._smtp: smtplib.SMTP | None = None
        self._one = asyncio.Lock()

    async def send(self, mail: Mail) -> Outcome:
        """Hand one letter over; they go in turn."""
        async with self._one:
            outcome = await asyncio.to_thread(self._send, mail)
        # What went wrong is shown on the console, and servers repeat in it to whom the letter went.
        return replace(outcome, error=outcome.error.replace(mail.recipient, "…")) if outcome.error else outcome

    async def close(self) -> None:
        """Take leave of the server."""
        await asyncio.to_thread(self._drop)

    def _send(self, mail: Mail) -> Outcome:
        try:
            smtp = self._smtp or self._connected()
            smtp.sendmail(mail.sender, [mail.recipient], mail.message)
        except smtplib.SMTPRecipientsRefused as error:
            return self._unknown(*error.recipients[mail.recipient])
        except smtplib.SMTPServerDisconnected as error:
            self._smtp = None
            return Outcome(None, f"the connection broke: {error}"[:_MOST_ERROR])
        except smtplib.SMTPResponseException as error:
            self._drop()
            return Outcome(error.smtp_code, _said(error.smtp_code, error.smtp_error))
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            return Outcome(None, f"{type(error).__name__}: {error}"[:_MOST_ERROR])
        return Outcome(250, None)

    def _unknown(self, code: int, text: bytes) -> Outcome:
        """Return what the refusal of a recipient means: an address that there is not (RFC 3463, X.1.X) never comes right, all else may."""
        if code == _CLOSING:
            self._smtp = None
        said = _said(code, text)
        return Outcome(code, said, for_good=code in _NO_SUCH_ADDRESS and _POLICY not in said)

    def _connected(self) -> smtplib.SMTP:
        """Return a fresh connection, signed on."""
        server, trusted = self._server, ssl.create_default_context()
        if server.scheme == TLS:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=SECONDS, context=trusted, local_hostname=_own_name())
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=SECONDS, local_hostname=_own_name())
        with ExitStack() as unless_signed_on:
            unless_signed_on.callback(smtp.close)
            if server.scheme == STARTTLS:
                smtp.starttls(context=trusted)
            if server.user:
                smtp.login(server.user, server.password)
            unless_signed_on.pop_all()
        self._smtp = smtp
        return smtp

    def _drop(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is None:
            return
        try:
            smtp.quit()
        except (smtplib.SMTPException, OSError):
            smtp.close()


def _said(code: int, text: bytes | str) -> str:
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {said}"[:_MOST_ERROR]


def _own_name() -> str:
    """Return how this machine calls itself in EHLO; not by asking the network, which may take long."""
    return socket.gethostname() or "localhost"
