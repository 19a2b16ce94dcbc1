"""A decision point of a test's own: a real HTTP server that answers as it is told, fails as it is told, and notes what it was asked."""

from __future__ import annotations

import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: A question of the wire, with what the batch says for all of its questions.
Asked = dict[str, Any]
ONE = "/access/v1/evaluation"
MANY = "/access/v1/evaluations"


def yes(rows: Any = None, views: Any = None, label: Any = None, **context: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Return a yes that opens ``rows`` (every row when not given) under ``views``, up to ``label``."""
    given = {"rows": rows, "views": views, "label_at_most": label}
    obligations = {key: value for key, value in given.items() if value is not None}
    return {"decision": True, "context": {"reason": "allowed", "obligations": obligations, **context}}


def no(reason: str = "no_permission", **context: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Return a no."""
    return {"decision": False, "context": {"reason": reason, "reason_user": {"zh-CN": "没有权限。", "en": "No."}, **context}}


@dataclass(frozen=True)
class Heard:
    """One request as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: Any

    def header(self, name: str) -> str:
        """Return a header, empty when it is absent."""
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), "")


@dataclass(frozen=True)
class Fault:
    """An answer that is none: a status of trouble, a connection that is cut, or nothing at all for as long as the test lasts."""

    status: int = 503
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    cut: bool = False
    silent: bool = False


@dataclass
class Point:
    """The decision point; ``origin`` is where it listens, ``faults`` come first, one a request."""

    origin: str = ""
    decide: Callable[[Asked], Any] = lambda _asked: no()
    has_batches: bool = True
    #: Said instead of any answer to a batch.
    whole: Any = None
    #: What other addresses answer, by their paths: searches and access requests.
    others: dict[str, Callable[[Any], Any]] = field(default_factory=dict)
    faults: deque[Fault] = field(default_factory=deque)
    heard: list[Heard] = field(default_factory=list)
    connections: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def paths(self) -> list[str]:
        """Return which endpoints were asked, in order."""
        return [item.path for item in self.heard]

    def fault(self, path: str) -> Fault | None:
        """Return what goes wrong with the next request; ``None``: it is answered."""
        if self.faults:
            return self.faults.popleft()
        known = {ONE, MANY} if self.has_batches else {ONE}
        return None if path in known | self.others.keys() else Fault(404)

    def answer(self, path: str, body: Any) -> Any:  # noqa: ANN401 - any JSON
        """Return the answer to a body that arrived."""
        if path in self.others:
            return self.others[path](body)
        if path == ONE:
            return self.decide(body)
        if self.whole is not None:
            return self.whole
        shared = {key: body[key] for key in ("subject", "action", "resource", "context") if key in body}
        return {"evaluations": [self.decide({**shared, **item}) for item in body["evaluations"]]}


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the library's
        """Say nothing: a client that gave up has closed the connection."""


@contextmanager
def deciding() -> Iterator[Point]:
    """Listen on a free port of loopback."""
    point = Point()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            point.connections += 1

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"null")
            point.heard.append(Heard(self.path, dict(self.headers), body))
            fault = point.fault(self.path)
            if fault is None:
                self.say(200, {"Content-Type": "application/json"}, json.dumps(point.answer(self.path, body)).encode())
            elif fault.cut or fault.silent:
                self.close_connection = True
                if fault.silent:
                    point.over.wait(30)
                with suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RDWR)
            else:
                self.say(fault.status, fault.headers, fault.body)

        def do_GET(self) -> None:
            answer = self.do_POST if self.path in point.others else partial(self.send_error, 501)
            answer()

        def say(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Keep the test's output clean."""

    server = _Server(("127.0.0.1", 0), Handler)
    point.origin = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield point
    finally:
        point.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
