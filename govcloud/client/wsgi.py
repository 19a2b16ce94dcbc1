"""The WSGI middleware (PEP 3333): any application behind the platform's sign-in and permissions, without a framework."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from http import HTTPStatus
from itertools import chain
from typing import TYPE_CHECKING, Any, cast

import httpx

from govcloud.client import notices
from govcloud.client.access import Access
from govcloud.client.addresses import Paths, is_plain
from govcloud.client.checks import Checks
from govcloud.client.door import FORM_BYTES, SIGN_OUT, Door, Incoming, Reply
from govcloud.client.errors import ClientError, ConfigurationError
from govcloud.client.notices import Page
from govcloud.client.settings import Settings
from govcloud.client.trace import HEADER, trace_of

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

#: Under this name the application finds its ``Access``.
ENVIRON_KEY = "govcloud"
_TOKEN_KEY = "govcloud.sign_out_token"  # noqa: S105 - a name


class GovcloudWSGI:
    """Lets a request through to the application when the platform opens its path, asked anew each time.

    Not signed in: off to sign-in and back. Denied: the refusal page (403). No answer: refused (503). Programs (``Accept:
    application/json``) get 401, 403 and 503 with JSON. In the application, ``access(environ)`` asks further questions; what it raises
    is answered in the same ways, as long as the application has not begun its answer.
    """

    def __init__(
        self,
        application: WSGIApplication,
        settings: Settings,
        *,
        door: str,
        functions: Mapping[str, str] | None = None,
        public: Iterable[str] = (),
        page: Page = notices.page,
        context: Callable[[WSGIEnvironment], Mapping[str, Any]] | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Put the door in front of ``application``.

        Args:
            application: a WSGI application.
            settings: who the subsystem is, and where the platform.
            door: the function that opens every path that nothing else is said of, ``<subsystem>:door:enter``.
            functions: the function that opens a path and everything below it; the longest path counts.
            public: paths that are open to everybody, with everything below (``/healthz``).
            page: makes the page of a notice, where the subsystem has a look of its own.
            context: the surroundings that every question of a request tells, from its environment.
            transport: for proxies and tests.

        Raises:
            ConfigurationError: a setting or a path cannot be used.
        """
        self._application = application
        self._context = context
        self._door = Door(settings, Paths(door, functions or {}, public), page=page, transport=transport)
        self.checks = Checks(
            settings.issuer,
            settings.client_id,
            settings.client_secret,
            http=self._door.http,
            limits=settings.limits,
            pace=settings.pace,
        )

    def close(self) -> None:
        """Close the connections to the platform; for programs that go on without the door."""
        self._door.http.close()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        incoming = _incoming(environ)
        if not is_plain(incoming.path):
            return _send(self._door.notice(incoming, notices.ODD_PATH), start_response)
        own = self._door.own(incoming)
        if own is not None:
            return _send(own(incoming), start_response)
        visitor = self._door.visitor(incoming)
        surroundings = self._context(environ) if self._context else None
        entered = Access(self.checks, visitor.official, trace_id=incoming.trace_id, context=surroundings)
        environ[ENVIRON_KEY] = entered
        environ[_TOKEN_KEY] = visitor.sign_out_token
        needed = self._door.paths.needed(incoming.path)
        answer = _Answer(start_response, entered, kept_by_nobody=needed is not None)
        try:
            if needed is not None:
                entered.require(needed)
            body = self._application(environ, answer.start)
            # What a generator raises before its first piece can still be answered.
            body = _begun(cast("Generator[bytes, Any, Any]", body)) if inspect.isgenerator(body) else body
            refusal = answer.overruled
        except ClientError as error:
            refusal = error
        else:
            if refusal is None:
                return body
            _close(body)
        reply = self._door.refused(incoming, refusal) or self._door.begin(incoming, refusal)
        # What had begun can be replaced as long as nothing of it was sent (PEP 3333, "the start_response callable").
        return _send(reply, start_response, (type(refusal), refusal, refusal.__traceback__) if answer.has_begun else None)


class _Answer:
    """How the application's answer begins: with the number of the request, and kept by no cache unless it says so itself."""

    def __init__(self, start_response: StartResponse, entered: Access, *, kept_by_nobody: bool) -> None:
        self._start_response = start_response
        self._entered = entered
        self._kept_by_nobody = kept_by_nobody
        self.has_begun = False
        #: What was refused, where the application made an error of its own (500) of it; nothing of that is passed on.
        self.overruled: ClientError | None = None

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Callable[[bytes], object]:  # noqa: ANN401 - PEP 3333
        """Pass the beginning on."""
        if status.startswith("500") and self._entered.refusal is not None:
            self.overruled = self._entered.refusal
            return _unread
        self.has_begun = True
        names = {name.lower() for name, _ in headers}
        headers = [*headers, *([] if HEADER.lower() in names else [(HEADER, self._entered.trace_id)])]
        if self._kept_by_nobody and "cache-control" not in names:
            headers.append(("Cache-Control", "no-store"))
        return self._start_response(status, headers, exc_info) if exc_info else self._start_response(status, headers)


def _unread(piece: bytes) -> None:
    """Take what is written to an answer that is not sent."""


class _Begun:
    """A generator's pieces, the first of which was made already."""

    def __init__(self, first: bytes, rest: Generator[bytes, Any, Any]) -> None:
        self._pieces = chain([first], rest)
        self._rest = rest

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        """End the generator, as servers do when the visitor is gone."""
        self._rest.close()


def _begun(body: Generator[bytes, Any, Any]) -> Iterable[bytes]:
    """Return the pieces of ``body`` once its first is there: what it raises before can still be answered."""
    first = next(body, None)
    return body if first is None else _Begun(first, body)


def _close(body: Iterable[bytes]) -> None:
    """End an answer that is not sent, as servers do."""
    close = getattr(body, "close", None)
    if close is not None:
        close()


def access(environ: WSGIEnvironment) -> Access:
    """Return what the official of this request may do.

    Raises:
        ConfigurationError: the request did not come through ``GovcloudWSGI``.
    """
    found = environ.get(ENVIRON_KEY)
    if not isinstance(found, Access):
        raise ConfigurationError("the request did not come through GovcloudWSGI")
    return found


def sign_out_token(environ: WSGIEnvironment) -> str:
    """Return what the sign-out form (POST to ``/govcloud/sign-out``) must carry in its field ``token``."""
    return str(environ.get(_TOKEN_KEY, ""))


def _incoming(environ: WSGIEnvironment) -> Incoming:
    # PEP 3333: texts of the environment are bytes in the form of latin-1.
    path = str(environ.get("PATH_INFO", "")).encode("latin-1").decode(errors="replace") or "/"
    method = str(environ["REQUEST_METHOD"])
    return Incoming(
        method=method,
        path=path,
        query=str(environ.get("QUERY_STRING", "")),
        cookies=str(environ.get("HTTP_COOKIE", "")),
        accept=str(environ.get("HTTP_ACCEPT", "")),
        trace_id=trace_of(environ.get("HTTP_X_REQUEST_ID")),
        form=_form(environ) if (method, path) == ("POST", SIGN_OUT) else b"",
    )


def _form(environ: WSGIEnvironment) -> bytes:
    """Return the body of a sign-out; nothing when it says no length, or one that is not a form's of ours."""
    length = str(environ.get("CONTENT_LENGTH") or "")
    if not (length.isascii() and length.isdigit()) or int(length) > FORM_BYTES:
        return b""
    return bytes(environ["wsgi.input"].read(int(length)))


def _send(reply: Reply, start_response: StartResponse, exc_info: Any = None) -> Iterable[bytes]:  # noqa: ANN401 - PEP 3333
    status = f"{reply.status} {HTTPStatus(reply.status).phrase}"
    headers = [*reply.headers, ("Content-Length", str(len(reply.body)))]
    if exc_info:
        start_response(status, headers, exc_info)
    else:
        start_response(status, headers)
    return [reply.body]
