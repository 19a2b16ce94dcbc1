"""The Flask extension: sign-in routes, ``require``, filters and masks of the current request, and the refusal page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, cast

import httpx
from flask import Flask, Response, current_app, make_response, redirect, request, session

from govcloud.client import notices
from govcloud.client.access import Access, Asked, SignedInOfficial
from govcloud.client.checks import Checks, pooled
from govcloud.client.decisions import SESSION_OVER, CheckDecision, StepUp
from govcloud.client.errors import (
    CheckUnavailableError,
    ClientError,
    ConfigurationError,
    DeniedError,
    SignInFailedError,
    SignInRequiredError,
)
from govcloud.client.explaining import Explanation
from govcloud.client.flask_routes import OFFICIAL, STARTED, blueprint_of, callback_url, form_token, here
from govcloud.client.notices import Notice, Page
from govcloud.client.oidc import RelyingParty
from govcloud.client.rows import Rows
from govcloud.client.settings import limits_of
from govcloud.client.trace import HEADER, trace_of
from govcloud.client.views import Masked, Statement
from govcloud.client.wire import Question

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

P = ParamSpec("P")
Attributes = Mapping[str, Any]
_ACCESS = "govcloud.client.access"
_TRACE = "govcloud.client.trace"
#: Two tabs may sign in at once; more than this are not a person.
_MOST_STARTED = 4
_REFUSALS = (DeniedError, CheckUnavailableError, SignInRequiredError)


class Govcloud:
    """Ties a Flask application to the platform.

    Settings (``app.config``): ``GOVCLOUD_ISSUER``, ``GOVCLOUD_CLIENT_ID``, ``GOVCLOUD_CLIENT_SECRET``; optional
    ``GOVCLOUD_TIMEOUT``, ``GOVCLOUD_CONNECT_TIMEOUT``, ``GOVCLOUD_READ_TIMEOUT`` (seconds: 3, 1, 2) and ``GOVCLOUD_HOME`` (endpoint shown
    after sign-out, ``"index"``). The application needs a ``SECRET_KEY`` and a ``SESSION_COOKIE_NAME`` of its own, because all ports
    of a host share their cookies.

    What a view raises while it asks (``DeniedError``, ``CheckUnavailableError``, ``SignInRequiredError``) becomes the refusal page, 503, or
    the way to sign-in. Templates have ``govcloud_official()``, ``govcloud_decision()``,
    ``govcloud_can(function, resource)`` and ``govcloud_token()``.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        transport: httpx.BaseTransport | None = None,
        page: Page = notices.page,
        context: Callable[[], Attributes] | None = None,
    ) -> None:
        """Remember how to reach the platform and how to look; ``init_app`` does the rest.

        Args:
            app: the application.
            transport: for proxies and tests.
            page: makes the page of a notice, where the subsystem has a look of its own.
            context: returns the surroundings that every question of the current request tells.
        """
        self._transport = transport
        self._page = page
        self._context = context
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Register the sign-in routes, the handlers of refusals and the context of ``app``.

        Raises:
            ConfigurationError: a setting is missing or wrong, or the cookie name is still Flask's default.
        """
        missing = [name for name in ("GOVCLOUD_ISSUER", "GOVCLOUD_CLIENT_ID", "GOVCLOUD_CLIENT_SECRET") if not app.config.get(name)]
        if missing:
            raise ConfigurationError(f"set {', '.join(missing)} in app.config")
        if app.config["SESSION_COOKIE_NAME"] == "session":
            raise ConfigurationError("set SESSION_COOKIE_NAME to a name of this subsystem's own: all ports of a host share cookies")
        limits = limits_of(app.config)
        http = pooled(limits, self._transport)
        credentials = (app.config["GOVCLOUD_ISSUER"], app.config["GOVCLOUD_CLIENT_ID"], app.config["GOVCLOUD_CLIENT_SECRET"])
        # Browsers that know no default would send the session with forms of other sites.
        app.config["SESSION_COOKIE_SAMESITE"] = app.config["SESSION_COOKIE_SAMESITE"] or "Lax"
        app.extensions["govcloud_client"] = (RelyingParty(*credentials, http=http), Checks(*credentials, http=http, limits=limits), http)
        app.register_blueprint(blueprint_of(self))
        for kind in _REFUSALS:
            app.register_error_handler(kind, self.refused)
        app.after_request(_traced)
        app.jinja_env.globals |= {
            "govcloud_official": self.official,
            "govcloud_decision": self.decision,
            "govcloud_can": self.can,
            "govcloud_token": form_token,
        }

    @property
    def relying_party(self) -> RelyingParty:
        """Return the OpenID Connect client of the current application."""
        return cast("RelyingParty", current_app.extensions["govcloud_client"][0])

    @property
    def checks(self) -> Checks:
        """Return the AuthZEN client of the current application."""
        return cast("Checks", current_app.extensions["govcloud_client"][1])

    def close(self) -> None:
        """Close the connections of the current application to the platform; for programs that go on without it."""
        current_app.extensions["govcloud_client"][2].close()

    @property
    def access(self) -> Access:
        """Return what the official of the current request may do; it ends with the request."""
        found = request.environ.get(_ACCESS)
        if not isinstance(found, Access):
            found = Access(self.checks, self.official(), trace_id=_trace_id(), context=self._context() if self._context else None)
            request.environ[_ACCESS] = found
        return found

    def official(self) -> SignedInOfficial | None:
        """Return who is signed in, or ``None``."""
        kept = session.get(OFFICIAL)
        return SignedInOfficial(**{name: kept[name] for name in SignedInOfficial.__dataclass_fields__}) if kept else None

    def sign_in(self, back_to: str, *, step_up: StepUp | None = None) -> Response:
        """Send the browser to the platform's sign-in; afterwards it returns to the local path ``back_to``.

        With ``step_up`` (of a decision) the official proves there what it asks.
        """
        try:
            started = self.relying_party.start(callback_url(), step_up=step_up)
        except SignInFailedError as error:
            current_app.logger.warning("sign-in could not begin: %s", error)
            return self.notice(notices.sign_in_away())
        waiting = dict(list(session.get(STARTED, {}).items())[-_MOST_STARTED + 1 :])
        session[STARTED] = waiting | {started.state: {"nonce": started.nonce, "verifier": started.verifier, "back_to": back_to}}
        return make_response(redirect(started.url))

    def require(
        self, function: str, *, resource: Callable[[], Attributes] | Attributes | None = None
    ) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
        """Open the view only to officials to whom the platform opens ``function``, asked anew on every request.

        Args:
            function: code of the function (``subsystem:resource:action``).
            resource: attributes of the one row asked about (e.g. its division), or what returns them, read from the request.

        Not signed in: off to sign-in and back. Denied: the refusal page (403). No answer: refused (503).
        """

        def decorate(view: Callable[P, Any]) -> Callable[P, Any]:
            @wraps(view)
            def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:  # noqa: ANN401 - whatever the view returns
                if self.official() is None:
                    return self.refused(SignInRequiredError("nobody is signed in"))
                try:
                    self.access.require(function, resource() if callable(resource) else resource)
                except _REFUSALS as error:
                    return self.refused(error)
                return current_app.ensure_sync(view)(*args, **kwargs)

            return guarded

        return decorate

    def decision(self) -> CheckDecision:
        """Return the decision that opened the current view.

        Raises:
            ConfigurationError: the view has no ``require``.
        """
        return self.access.decision

    def granted_rows(self) -> Rows:
        """Return the rows that the current view may show."""
        return self.decision().rows

    def rows(self, columns: object) -> ColumnElement[bool]:
        """Return the SQLAlchemy condition that keeps a query to the granted rows; ``columns`` as in ``Columns.of``."""
        return self.granted_rows().filter(columns)

    def filter(self, statement: Statement, columns: object) -> Statement:
        """Return ``statement`` kept to the granted rows; see ``Views.filter``."""
        return self.access.filter(statement, columns)

    def mask(self, row: object, columns: object = None) -> Masked:
        """Return ``row`` as the official may see it; see ``Views.mask``."""
        return self.access.mask(row, columns)

    def masked(self, rows: Iterable[object], columns: object = None) -> list[Masked]:
        """Return ``rows`` as the official may see them, without those that are not granted; see ``Views.masked``."""
        return self.access.masked(rows, columns)

    def can(self, function: str | Question, resource: Attributes | None = None, *, resource_id: str = "*") -> bool:
        """Return whether to offer something on the page; see ``Access.can``."""
        return self.access.can(function, resource, resource_id=resource_id)

    def prefetch(self, asked: Iterable[Asked]) -> None:
        """Ask everything that the page will want to know in one call; see ``Access.prefetch``."""
        self.access.prefetch(asked)

    def explain(self, function: str | Question, resource: Attributes | None = None, *, resource_id: str = "*") -> Explanation:
        """Tell in words why or why not; see ``Access.explain``."""
        return self.access.explain(function, resource, resource_id=resource_id)

    def explanation(self) -> Explanation:
        """Tell in words what the official may see in the current view; nothing is asked."""
        return self.access.explanation()

    def refused(self, error: ClientError) -> Response:
        """Return the answer to what was refused: sign-in, the refusal page, or that nothing can be confirmed now."""
        over = isinstance(error, DeniedError) and error.decision.code in SESSION_OVER
        if over or isinstance(error, SignInRequiredError):
            session.pop(OFFICIAL, None)
            return self.notice(notices.sign_in_required()) if _is_program() else self.sign_in(here())
        if isinstance(error, DeniedError) and error.decision.step_up is not None:
            step_up = error.decision.step_up
            # They stay signed in: only a stronger proof is wanted.
            if _is_program():
                return self.notice(notices.step_up_required(error.decision, step_up))
            return self.sign_in(here(), step_up=step_up)
        if isinstance(error, DeniedError):
            return self.refusal(error.decision)
        if isinstance(error, CheckUnavailableError):
            current_app.logger.warning("permission check failed, access refused, trace %s: %s", _trace_id(), error)
            return self.notice(notices.unavailable(error, _trace_id()))
        raise error

    def refusal(self, decision: CheckDecision) -> Response:
        """Return the refusal page: why not, and the button that opens the prefilled request."""
        return self.notice(notices.denied(decision))

    def notice(self, notice: Notice) -> Response:
        """Return a notice as a page, or as JSON to a program."""
        as_json = _is_program()
        text = notice.as_json() if as_json else self._page(notice, request.script_root)
        kind = "application/json" if as_json else "text/html"
        return Response(text, notice.status, notice.headers, content_type=f"{kind}; charset=utf-8")


def _trace_id() -> str:
    """Return the number of the current request."""
    return str(request.environ.setdefault(_TRACE, trace_of(request.headers.get(HEADER))))


def _traced(response: Response) -> Response:
    """Say under which number the request can be found."""
    response.headers.setdefault(HEADER, _trace_id())
    return response


def _is_program() -> bool:
    return notices.wants_json(request.headers.get("Accept", ""))
