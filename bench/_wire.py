"""A plain HTTP/1.1 connection that costs the load almost nothing: it shares a core with the database of whom it measures."""

from __future__ import annotations

import html
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

_HIDDEN = re.compile(rb'<input[^>]*type="hidden"[^>]*>')
_ATTRIBUTE = re.compile(rb'(\w+)="([^"]*)"')
_ACTION = re.compile(rb'<form[^>]*action="([^"]*)"')
_CHUNK = 65_536
_PATIENCE = 60.0
#: A connection that rested longer is made anew: servers hang up on idle ones (Node after five seconds), while others have their turn.
_REST = 2.0


class UnexpectedAnswerError(Exception):
    """A server answered otherwise than the flow needs it to."""


@dataclass(frozen=True)
class Answer:
    """What came back; names of headers are lower case, cookies are taken out of them."""

    status: int
    headers: Mapping[str, str]
    cookies: tuple[str, ...]
    body: bytes

    def expect(self, *statuses: int) -> Answer:
        """Return itself when the status is one of these.

        Raises:
            UnexpectedAnswerError: it is not.
        """
        if self.status not in statuses:
            raise UnexpectedAnswerError(f"status {self.status}, not {statuses}: {self.body[:300]!r}")
        return self

    @property
    def location(self) -> str:
        """Return the path and query that the answer leads to."""
        parts = urlsplit(self.headers["location"])
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    def hidden_fields(self) -> dict[str, str]:
        """Return the hidden fields of the page's forms."""
        found = (dict(_ATTRIBUTE.findall(tag)) for tag in _HIDDEN.findall(self.body))
        return {html.unescape(tag[b"name"].decode()): html.unescape(tag.get(b"value", b"").decode()) for tag in found if b"name" in tag}

    def form_action(self) -> str:
        """Return where the page's first form goes, as a path and query."""
        found = _ACTION.search(self.body)
        if found is None:
            raise UnexpectedAnswerError(f"there is no form: {self.body[:300]!r}")
        parts = urlsplit(html.unescape(found.group(1).decode()))
        return f"{parts.path}?{parts.query}"


@dataclass
class Wire:
    """One connection that stays open, with the cookies of one browser."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    _socket: socket.socket | None = None
    _read: bytes = b""
    _answered: float = 0.0

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask for a page."""
        return self.ask("GET", path, headers or {}, b"")

    def post(self, path: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Answer:
        """Send a form."""
        sent = {"content-type": "application/x-www-form-urlencoded", **(headers or {})}
        return self.ask("POST", path, sent, urlencode(form).encode())

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send one request and return its answer."""
        lines = [f"{method} {path} HTTP/1.1", f"host: 127.0.0.1:{self.port}", *(f"{name}: {value}" for name, value in headers.items())]
        if self.cookies:
            lines.append("cookie: " + "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        if body or method == "POST":
            lines.append(f"content-length: {len(body)}")
        self._sending().sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
        return self._answer()

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._read = None, b""

    def _sending(self) -> socket.socket:
        if time.monotonic() - self._answered > _REST:
            self.close()
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self.port), _PATIENCE)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def _answer(self) -> Answer:
        head = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        status = int(head[0].split(" ", 2)[1])
        headers: dict[str, str] = {}
        cookies: list[str] = []
        for line in head[1:]:
            name, _, value = line.partition(":")
            if name.lower() == "set-cookie":
                cookies.append(value.strip())
            else:
                headers[name.lower()] = value.strip()
        for cookie in cookies:
            name, _, value = cookie.split(";", 1)[0].partition("=")
            self.cookies[name] = value
        body = self._body(status, headers)
        self._answered = time.monotonic()
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Answer(status, headers, tuple(cookies), body)

    def _body(self, status: int, headers: Mapping[str, str]) -> bytes:
        if status in {204, 304}:
            return b""
        if headers.get("transfer-encoding", "").lower() == "chunked":
            parts = []
            while size := int(self._until(b"\r\n").split(b";")[0], 16):
                parts.append(self._exactly(size))
                self._until(b"\r\n")
            self._until(b"\r\n")
            return b"".join(parts)
        return self._exactly(int(headers.get("content-length", "0")))

    def _until(self, mark: bytes) -> bytes:
        while (end := self._read.find(mark)) < 0:
            self._receive()
        found, self._read = self._read[:end], self._read[end + len(mark) :]
        return found

    def _exactly(self, size: int) -> bytes:
        while len(self._read) < size:
            self._receive()
        found, self._read = self._read[:size], self._read[size:]
        return found

    def _receive(self) -> None:
        received = self._socket.recv(_CHUNK) if self._socket is not None else b""
        if not received:
            self.close()
            raise UnexpectedAnswerError("the server hung up")
        self._read += received
