"""The ASGI middleware (3.0): any application behind the platform's sign-in and permissions; Starlette, Quart and bare ones alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any
from urllib.parse import urlsplit

import anyio.to_thread
import httpx

from govcloud.client import notices
from govcloud.client.access import AsyncAccess
from govcloud.client.addresses import Paths, is_plain
from govcloud.client.aio import AsyncChecks, async_pooled
from govcloud.client.door import FORM_BYTES, SIGN_OUT, Door, Incoming, Reply
from govcloud.client.errors import ClientError, ConfigurationError
from govcloud.client.notices import Page
from govcloud.client.settings import Settings
from govcloud.client.trace import HEADER, trace_of

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Under this name the application finds its ``AsyncAccess``.
SCOPE_KEY = "govcloud"
_TOKEN_KEY = "govcloud.sign_out_token"  # noqa: S105 - a name
#: What a websocket is closed with that may not be opened (RFC 6455 section 7.4.1); before it was accepted, servers answer 403.
_POLICY_VIOLATION = 1008
_SERVER_ERROR = 500


class GovcloudASGI:
    """Lets a request through to the application when the platform opens its path, asked anew each time.

    It answers as ``GovcloudWSGI`` does. A websocket is opened under the same rules, for pages of the subsystem's own origin alone; what
    happens on it later has to be required when it happens.
    """

    def __init__(
        self,
        application: Application,
        settings: Settings,
        *,
        door: str,
        functions: Mapping[str, str] | None = None,
        public: Iterable[str] = (),
        page: Page = notices.page,
        context: Callable[[Scope], Mapping[str, Any]] | None = None,
        transport: httpx.BaseTransport | None = None,
        async_transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Put the door in front of ``application``.

        Args:
            application: an ASGI application.
            settings: who the subsystem is, and where the platform.
            door: the function that opens every path that nothing else is said of, ``<subsystem>:door:enter``.
            functions: the function that opens a path and everything below it; the longest path counts.
            public: paths that are open to everybody, with everything below (``/healthz``).
            page: makes the page of a notice, where the subsystem has a look of its own.
            context: the surroundings that every question of a request tells, from its scope.
            transport: for proxies and tests; sign-in goes through it.
            async_transport: the same for checks.

        Raises:
            ConfigurationError: a setting or a path cannot be used.
        """
        self._application = application
        self._context = context
        self._door = Door(settings, Paths(door, functions or {}, public), page=page, transport=transport)
        self._http = async_pooled(settings.limits, async_transport)
        self.checks = AsyncChecks(
            settings.issuer,
            settings.client_id,
            settings.client_secret,
            http=self._http,
            limits=settings.limits,
            pace=settings.pace,
        )

    async def aclose(self) -> None:
        """Close the connections to the platform; the end of the server does it by itself."""
        await self._http.aclose()
        self._door.http.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or lead one websocket or the start and end of the server through."""
        if scope["type"] == "http":
            await self._request(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        else:
            raise ConfigurationError(f"GovcloudASGI does not know what a scope of type {scope['type']!r} is")

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lead the start and the end of the server through; many an application does not care for them and returns at once."""
        is_over = False

        async def noted() -> Message:
            nonlocal is_over
            message = await receive()
            is_over = message["type"] == "lifespan.shutdown"
            return message

        await self._application(scope, noted, send)
        if is_over:
            await self.aclose()

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        incoming = await _incoming(scope, receive)
        if not is_plain(incoming.path):
            return await _send(self._door.notice(incoming, notices.ODD_PATH), send)
        own = self._door.own(incoming)
        if own is not None:
            # Sign-in is rare, and its client is one for threads.
            return await _send(await anyio.to_thread.run_sync(own, incoming), send)
        answer = _Answer(send, incoming.trace_id)
        try:
            await self._enter(scope, incoming, answer)
            await self._application(scope, receive, answer.send)
            refusal = answer.overruled
        except ClientError as error:
            if answer.has_begun:
                raise
            refusal = error
        if refusal is None:
            return None
        reply = self._door.refused(incoming, refusal)
        if reply is None:
            reply = await anyio.to_thread.run_sync(self._door.begin, incoming, refusal)
        return await _send(reply, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        incoming = await _incoming(scope, receive)
        allowed = is_plain(incoming.path) and self._is_own_origin(_header(scope, b"origin"))
        if allowed:
            try:
                await self._enter(scope, incoming, None)
            except ClientError as error:
                self._door.refused(incoming, error)
                allowed = False
        if allowed:
            await self._application(scope, receive, send)
        else:
            await receive()  # websocket.connect
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})

    async def _enter(self, scope: Scope, incoming: Incoming, answer: _Answer | None) -> None:
        """Put the access into ``scope``, and require what the path needs."""
        visitor = self._door.visitor(incoming)
        surroundings = self._context(scope) if self._context else None
        entered = AsyncAccess(self.checks, visitor.official, trace_id=incoming.trace_id, context=surroundings)
        scope[SCOPE_KEY] = entered
        if answer is not None:
            answer.access = entered
        scope[_TOKEN_KEY] = visitor.sign_out_token
        needed = self._door.paths.needed(incoming.path)
        if needed is not None:
            await entered.require(needed)
            if answer is not None:
                answer.kept_by_nobody = True

    def _is_own_origin(self, origin: str) -> bool:
        """Return whether a page of the subsystem itself opens a websocket; programs that are no browsers send no origin."""
        return not origin or urlsplit(origin)[:2] == urlsplit(self._door.settings.base_url)[:2]


class _Answer:
    """Passes the application's answer on, with the number of the request, and kept by no cache unless it says so itself."""

    def __init__(self, send: Send, trace_id: str) -> None:
        self._send = send
        self._trace_id = trace_id
        self.access: AsyncAccess | None = None
        self.has_begun = False
        self.kept_by_nobody = False
        #: What was refused, where the application made an error of its own (500) of it; nothing of that is passed on.
        self.overruled: ClientError | None = None

    async def send(self, message: Message) -> None:
        """Pass one message on."""
        starts = message["type"] == "http.response.start"
        if starts and message["status"] == _SERVER_ERROR and self.access is not None:
            self.overruled = self.access.refusal
        if self.overruled is not None:
            return
        if starts:
            self.has_begun = True
            headers = list(message.get("headers", []))
            names = {bytes(name).lower() for name, _ in headers}
            if HEADER.lower().encode() not in names:
                headers.append((HEADER.lower().encode(), self._trace_id.encode()))
            if self.kept_by_nobody and b"cache-control" not in names:
                headers.append((b"cache-control", b"no-store"))
            message = {**message, "headers": headers}
        await self._send(message)


def access(scope: Scope) -> AsyncAccess:
    """Return what the official of this request may do (Starlette, Quart: ``access(request.scope)``).

    Raises:
        ConfigurationError: the request did not come through ``GovcloudASGI``.
    """
    found = scope.get(SCOPE_KEY)
    if not isinstance(found, AsyncAccess):
        raise ConfigurationError("the request did not come through GovcloudASGI")
    return found


def sign_out_token(scope: Scope) -> str:
    """Return what the sign-out form (POST to ``/govcloud/sign-out``) must carry in its field ``token``."""
    return str(scope.get(_TOKEN_KEY, ""))


async def _incoming(scope: Scope, receive: Receive) -> Incoming:
    path = _relative(str(scope["path"]), str(scope.get("root_path", "")))
    method = str(scope.get("method", "GET"))
    return Incoming(
        method=method,
        path=path,
        query=bytes(scope.get("query_string", b"")).decode("latin-1"),
        cookies=_header(scope, b"cookie", "; "),
        accept=_header(scope, b"accept"),
        trace_id=trace_of(_header(scope, b"x-request-id")),
        form=await _form(receive) if scope["type"] == "http" and (method, path) == ("POST", SIGN_OUT) else b"",
    )


def _relative(path: str, root: str) -> str:
    """Return ``path`` below the mount; some servers leave the mount in the path, some do not."""
    root = root.rstrip("/")
    return (path[len(root) :] or "/") if root and (path == root or path.startswith(f"{root}/")) else path or "/"


def _header(scope: Scope, name: bytes, between: str = ", ") -> str:
    """Return a header; what came in several lines is one text (HTTP/2 sends cookies one by one)."""
    return between.join(bytes(value).decode("latin-1") for key, value in scope.get("headers", []) if bytes(key).lower() == name)


async def _form(receive: Receive) -> bytes:
    """Return the body of a sign-out; nothing when it is longer than a form of ours, or breaks off."""
    body = b""
    while len(body) <= FORM_BYTES:
        message = await receive()
        if message["type"] != "http.request":
            return b""
        body += bytes(message.get("body", b""))
        if not message.get("more_body", False):
            return body if len(body) <= FORM_BYTES else b""
    return b""


async def _send(reply: Reply, send: Send) -> None:
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in reply.headers]
    headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
