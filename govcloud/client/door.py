"""What both middlewares do alike, without a framework: who is there, which function a path needs, the pages of sign-in and sign-out."""

from __future__ import annotations

import hmac
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, quote

import httpx

from govcloud.client import notices
from govcloud.client.access import SignedInOfficial
from govcloud.client.addresses import Paths, local
from govcloud.client.checks import pooled
from govcloud.client.cookies import SealedCookie
from govcloud.client.decisions import SESSION_OVER, CheckDecision, StepUp
from govcloud.client.errors import CheckUnavailableError, ClientError, DeniedError, SignInFailedError, SignInRequiredError
from govcloud.client.notices import PREFIX, SIGN_IN, STYLESHEET, Notice, Page
from govcloud.client.oidc import RelyingParty, Started
from govcloud.client.settings import Settings
from govcloud.client.trace import HEADER

CALLBACK = f"{PREFIX}/callback"
SIGN_OUT = f"{PREFIX}/sign-out"
#: The sign-out form is one field; what is longer is no such form.
FORM_BYTES = 4_096
#: A working day; whether the platform's session still lives is asked at each check.
_SIGNED_IN_SECONDS = 12 * 3600
#: The platform's ceremony takes no longer.
_STARTED_SECONDS = 900
#: Two tabs may sign in at once; more than this are not a person, and the cookie has to hold them.
_MOST_STARTED = 3
#: What has a meaning of its own in a path and its query (RFC 3986 sections 2.2, 3.3 and 3.4).
_OF_AN_ADDRESS = "/?%:@!$&'()*+,;=-._~"
_log = logging.getLogger("govcloud.client")
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Incoming:
    """A request, as far as the door looks at it.

    ``path`` is decoded and relative to the mount, ``query`` as it came; ``form`` is the body of a sign-out.
    """

    method: str
    path: str
    query: str
    cookies: str
    accept: str
    trace_id: str
    form: bytes = b""

    @property
    def here(self) -> str:
        """Return where to come back to: this page, or the start page when something was being posted."""
        if self.method not in {"GET", "HEAD"}:
            return "/"
        path = quote(self.path)
        return local(f"{path}?{self.query}" if self.query else path)


@dataclass(frozen=True)
class Reply:
    """An answer of the door's own."""

    status: int
    headers: Headers = ()
    body: bytes = b""


@dataclass(frozen=True)
class Visitor:
    """What the sealed cookie says of a browser."""

    kept: Mapping[str, Any]

    @property
    def official(self) -> SignedInOfficial | None:
        """Return who is signed in."""
        kept = self.kept.get("official")
        return SignedInOfficial(**{name: kept.get(name) for name in SignedInOfficial.__dataclass_fields__}) if kept else None

    @property
    def sign_out_token(self) -> str:
        """Return what the sign-out form must carry in its field ``token``, so that no other site can sign somebody out."""
        return str(self.kept.get("token", ""))


class Door:
    """The door of one subsystem; safe for threads."""

    def __init__(
        self, settings: Settings, paths: Paths, *, page: Page = notices.page, transport: httpx.BaseTransport | None = None
    ) -> None:
        """Take the settings, which function opens which path, and what makes the page of a notice.

        Raises:
            ConfigurationError: the cookie's secret is short.
        """
        self.settings = settings
        self.paths = paths
        self.http = pooled(settings.limits, transport)
        self.relying_party = RelyingParty(settings.issuer, settings.client_id, settings.client_secret, http=self.http)
        self._page = page
        self._signed_in = self._sealed(settings.cookie_name, _SIGNED_IN_SECONDS)
        self._started = self._sealed(f"{settings.cookie_name}-started", _STARTED_SECONDS)
        self._routes: Mapping[tuple[str, str], Callable[[Incoming], Reply]] = {
            ("GET", SIGN_IN): self._sign_in,
            ("GET", CALLBACK): self._callback,
            ("POST", SIGN_OUT): self._sign_out,
            ("GET", STYLESHEET): self._stylesheet,
        }

    def visitor(self, incoming: Incoming) -> Visitor:
        """Return what is known of whoever sent the request."""
        return Visitor(self._signed_in.open(incoming.cookies))

    def own(self, incoming: Incoming) -> Callable[[Incoming], Reply] | None:
        """Return what answers the client's own routes (it may ask the platform); ``None`` when the request is the application's."""
        if incoming.path != PREFIX and not incoming.path.startswith(f"{PREFIX}/"):
            return None
        return self._routes.get((incoming.method, incoming.path), self._unknown)

    def refused(self, incoming: Incoming, error: ClientError) -> Reply | None:
        """Return the answer to a request that ended so; ``None`` when somebody has to sign in, or to prove more: ``begin`` answers then.

        Raises:
            ClientError: the same, when it is a fault of the program.
        """
        if isinstance(error, SignInRequiredError) or (isinstance(error, DeniedError) and _is_mended_at_sign_in(error.decision)):
            return None
        if isinstance(error, DeniedError):
            return self.notice(incoming, notices.denied(error.decision))
        if isinstance(error, CheckUnavailableError):
            _log.warning("permission check failed, access refused, trace %s: %s", incoming.trace_id, error)
            return self.notice(incoming, notices.unavailable(error, incoming.trace_id))
        raise error

    def begin(self, incoming: Incoming, error: ClientError) -> Reply:
        """Send a browser to the platform's sign-in and back to where it was; tell a program that it has to. May ask the platform.

        Whoever has only to prove more than until now stays signed in meanwhile.
        """
        decision = error.decision if isinstance(error, DeniedError) else None
        if decision is not None and decision.step_up is not None:
            if notices.wants_json(incoming.accept):
                return self.notice(incoming, notices.step_up_required(decision, decision.step_up))
            return self._start(incoming, incoming.here, step_up=decision.step_up)
        over = ("Set-Cookie", self._signed_in.remove())
        if notices.wants_json(incoming.accept):
            return self.notice(incoming, notices.sign_in_required(), over)
        return self._start(incoming, incoming.here, over)

    def notice(self, incoming: Incoming, notice: Notice, *headers: tuple[str, str]) -> Reply:
        """Return a notice as a page, or as JSON to a program."""
        as_json = notices.wants_json(incoming.accept)
        text = notice.as_json() if as_json else self._page(notice, self.settings.mount)
        kind = "application/json" if as_json else "text/html"
        own = (("Content-Type", f"{kind}; charset=utf-8"), (HEADER, incoming.trace_id), *notice.headers.items())
        return Reply(notice.status, (*own, *headers), text.encode())

    # The routes

    def _sign_in(self, incoming: Incoming) -> Reply:
        return self._start(incoming, local(_parameters(incoming.query).get("next")))

    def _start(self, incoming: Incoming, back_to: str, *headers: tuple[str, str], step_up: StepUp | None = None) -> Reply:
        try:
            started = self.relying_party.start(self.settings.base_url + CALLBACK, step_up=step_up)
        except SignInFailedError as error:
            _log.warning("sign-in could not begin, trace %s: %s", incoming.trace_id, error)
            return self.notice(incoming, notices.sign_in_away(), *headers)
        waiting = dict(list(self._started.open(incoming.cookies).items())[-_MOST_STARTED + 1 :])
        waiting[started.state] = {"nonce": started.nonce, "verifier": started.verifier, "back_to": back_to}
        return _redirect(incoming, started.url, ("Set-Cookie", self._started.seal(waiting)), *headers)

    def _callback(self, incoming: Incoming) -> Reply:
        answer = _parameters(incoming.query)
        waiting = self._started.open(incoming.cookies)
        begun = waiting.pop(answer.get("state", ""), None)
        if begun is None:
            return self._failed(incoming, SignInFailedError("state_mismatch", "no sign-in with this state was started in this browser"))
        rest = ("Set-Cookie", self._started.seal(waiting))
        started = Started(url="", state=answer["state"], nonce=begun["nonce"], verifier=begun["verifier"])
        try:
            claims = self.relying_party.finish(answer, started, self.settings.base_url + CALLBACK)
        except SignInFailedError as error:
            return self._failed(incoming, error, rest)
        signed_in = self._signed_in.seal({"official": asdict(claims), "token": secrets.token_urlsafe(16)})
        # What came as text goes out as an address; what is percent-encoded already stays so.
        back_to = quote(begun["back_to"], safe=_OF_AN_ADDRESS)
        return _redirect(incoming, self.settings.mount + back_to, ("Set-Cookie", signed_in), rest)

    def _failed(self, incoming: Incoming, error: SignInFailedError, *headers: tuple[str, str]) -> Reply:
        _log.warning("sign-in failed, trace %s: %s", incoming.trace_id, error)
        return self.notice(incoming, notices.sign_in_failed(error), *headers)

    def _sign_out(self, incoming: Incoming) -> Reply:
        visitor = self.visitor(incoming)
        token = _parameters(incoming.form.decode(errors="replace")).get("token", "")
        if not visitor.sign_out_token or not hmac.compare_digest(token.encode(), visitor.sign_out_token.encode()):
            return self.notice(incoming, notices.FOREIGN_FORM)
        url = f"{self.settings.base_url}/"
        try:
            url = self.relying_party.sign_out_url(visitor.kept["official"]["id_token"], url)
        except SignInFailedError as error:
            _log.warning("signed out here only, trace %s: %s", incoming.trace_id, error)
        return _redirect(incoming, url, ("Set-Cookie", self._signed_in.remove()))

    def _stylesheet(self, incoming: Incoming) -> Reply:
        headers = (("Content-Type", "text/css; charset=utf-8"), ("Cache-Control", "public, max-age=3600"), (HEADER, incoming.trace_id))
        return Reply(200, headers, (files("govcloud.client") / "static" / "subsystem.css").read_bytes())

    def _unknown(self, incoming: Incoming) -> Reply:
        return Reply(404, (("Content-Type", "text/plain; charset=utf-8"), (HEADER, incoming.trace_id)), b"not found")

    def _sealed(self, name: str, seconds: int) -> SealedCookie:
        settings = self.settings
        return SealedCookie(name, settings.cookie_secret, seconds=seconds, secure=settings.is_secure, wall=settings.pace.wall)


def _is_mended_at_sign_in(decision: CheckDecision) -> bool:
    return decision.code in SESSION_OVER or decision.step_up is not None


def _redirect(incoming: Incoming, url: str, *headers: tuple[str, str]) -> Reply:
    return Reply(303, (("Location", url), ("Cache-Control", "no-store"), (HEADER, incoming.trace_id), *headers))


def _parameters(text: str) -> dict[str, str]:
    """Return the parameters of a query or a form, the first of each name; none when they are too many to be ours."""
    try:
        return {name: values[0] for name, values in parse_qs(text, keep_blank_values=True, max_num_fields=50).items()}
    except ValueError:
        return {}
