"""The Flask extension: sign-in routes, ``require``, the row filter of the current request, and the refusal page."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, cast

import httpx
from flask import Blueprint, Flask, Response, current_app, g, make_response, redirect, render_template, request, session, url_for

from govcloud.client.checks import AccessRequest, CheckDecision, Checks, Rows
from govcloud.client.errors import CheckUnavailableError, ConfigurationError, SignInFailedError
from govcloud.client.oidc import Claims, RelyingParty, Started

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

P = ParamSpec("P")
_OFFICIAL = "govcloud_official"
_STARTED = "govcloud_started"
_TOKEN = "govcloud_token"  # noqa: S105 - a key of the session
#: Two tabs may sign in at once; more than this are not a person.
_MOST_STARTED = 4
#: A decision with one of these codes means: the platform's session is over, sign in again.
_SESSION_OVER = frozenset({"session_ended", "unknown_session"})


@dataclass(frozen=True)
class SignedInOfficial:
    """The official of the current request, as kept in the subsystem's own session cookie."""

    sub: str
    sid: str
    name: str
    department: str | None
    division: str | None
    appointment_id: str | None


class Govcloud:
    """Ties a Flask application to the platform.

    Settings (``app.config``): ``GOVCLOUD_ISSUER``, ``GOVCLOUD_CLIENT_ID``, ``GOVCLOUD_CLIENT_SECRET``; optional
    ``GOVCLOUD_TIMEOUT`` (seconds, 3) and ``GOVCLOUD_HOME`` (endpoint shown after sign-out, ``"index"``). The application
    needs a ``SECRET_KEY`` and a ``SESSION_COOKIE_NAME`` of its own, because all ports of a host share their cookies.
    """

    def __init__(self, app: Flask | None = None, *, transport: httpx.BaseTransport | None = None) -> None:
        """Remember the transport (tests and proxies); ``init_app`` does the rest."""
        self._transport = transport
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Register the sign-in routes, the templates and the context of ``app``.

        Raises:
            ConfigurationError: a setting is missing, or the cookie name is still Flask's default.
        """
        missing = [name for name in ("GOVCLOUD_ISSUER", "GOVCLOUD_CLIENT_ID", "GOVCLOUD_CLIENT_SECRET") if not app.config.get(name)]
        if missing:
            raise ConfigurationError(f"set {', '.join(missing)} in app.config")
        if app.config["SESSION_COOKIE_NAME"] == "session":
            raise ConfigurationError("set SESSION_COOKIE_NAME to a name of this subsystem's own: all ports of a host share cookies")
        http = httpx.Client(timeout=float(app.config.get("GOVCLOUD_TIMEOUT", 3)), transport=self._transport, follow_redirects=False)
        credentials = (app.config["GOVCLOUD_ISSUER"], app.config["GOVCLOUD_CLIENT_ID"], app.config["GOVCLOUD_CLIENT_SECRET"])
        # Browsers that know no default would send the session with forms of other sites.
        app.config["SESSION_COOKIE_SAMESITE"] = app.config["SESSION_COOKIE_SAMESITE"] or "Lax"
        app.extensions["govcloud_client"] = (RelyingParty(*credentials, http=http), Checks(*credentials, http=http))
        app.register_blueprint(_blueprint(self))
        app.jinja_env.globals["govcloud_official"] = self.official
        app.jinja_env.globals["govcloud_token"] = _form_token

    @property
    def relying_party(self) -> RelyingParty:
        """Return the OpenID Connect client of the current application."""
        return cast("RelyingParty", current_app.extensions["govcloud_client"][0])

    @property
    def checks(self) -> Checks:
        """Return the AuthZEN client of the current application."""
        return cast("Checks", current_app.extensions["govcloud_client"][1])

    def official(self) -> SignedInOfficial | None:
        """Return who is signed in, or ``None``."""
        kept = session.get(_OFFICIAL)
        return SignedInOfficial(**{name: kept[name] for name in SignedInOfficial.__dataclass_fields__}) if kept else None

    def sign_in(self, back_to: str) -> Response:
        """Send the browser to the platform's sign-in; afterwards it returns to the local path ``back_to``."""
        try:
            started = self.relying_party.start(_callback_url())
        except SignInFailedError as error:
            current_app.logger.warning("sign-in could not begin: %s", error)
            return _page(503, title="暂时无法登录", cause="统一身份平台没有应答。", remedy="请稍后刷新重试。", retry=True)
        waiting = dict(list(session.get(_STARTED, {}).items())[-_MOST_STARTED + 1 :])
        session[_STARTED] = waiting | {started.state: {"nonce": started.nonce, "verifier": started.verifier, "back_to": back_to}}
        return make_response(redirect(started.url))

    def require(
        self, function: str, *, resource: Callable[[], Mapping[str, Any]] | None = None
    ) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
        """Open the view only to officials to whom the platform opens ``function``, asked anew on every request.

        Args:
            function: code of the function (``subsystem:resource:action``).
            resource: returns attributes of the one row asked about (e.g. its division), read from the request.

        Not signed in: off to sign-in and back. Denied: the refusal page (403). No answer: refused (503).
        """

        def decorate(view: Callable[P, Any]) -> Callable[P, Any]:
            @wraps(view)
            def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:  # noqa: ANN401 - whatever the view returns
                official = self.official()
                if official is None:
                    return self.sign_in(_here())
                try:
                    decision = self.checks.check(
                        sub=official.sub, sid=official.sid, function=function, resource=resource() if resource else None
                    )
                except CheckUnavailableError as error:
                    current_app.logger.warning("permission check failed, access refused: %s", error)
                    return _page(503, title="暂时无法确认权限", cause="平台没有应答，为安全起见暂不开放。", remedy="请稍后刷新重试。")
                if decision.code in _SESSION_OVER:
                    session.pop(_OFFICIAL, None)
                    return self.sign_in(_here())
                if not decision.allowed:
                    return self.refusal(decision)
                g.govcloud_decision = decision
                return view(*args, **kwargs)

            return guarded

        return decorate

    def decision(self) -> CheckDecision:
        """Return the decision that opened the current view.

        Raises:
            ConfigurationError: the view has no ``require``.
        """
        decision = g.get("govcloud_decision")
        if decision is None:
            raise ConfigurationError("no permission was checked for this view; decorate it with require(...)")
        return cast("CheckDecision", decision)

    def granted_rows(self) -> Rows:
        """Return the rows that the current view may show."""
        return self.decision().rows

    def rows(self, column: Any) -> ColumnElement[bool]:  # noqa: ANN401 - any column-like expression
        """Return the SQLAlchemy condition that keeps a query to the granted rows; ``column`` holds 12-digit division codes."""
        return self.granted_rows().filter(column)

    def refusal(self, decision: CheckDecision) -> Response:
        """Return the refusal page: why not, and the button that opens the prefilled request."""
        asked = decision.access_request
        return _page(
            403,
            title=f"您没有“{asked.function_name}”的权限" if asked and asked.function_name else "没有办理权限",
            cause=decision.reason("zh-CN"),
            cause_en=decision.reason("en"),
            remedy=_remedy(asked) if asked else "申请临时权限不能解决，请联系本单位管理员。",
            request_url=asked.url if asked else None,
            trace_id=decision.trace_id,
        )


def _remedy(asked: AccessRequest) -> str:
    """Return whose function it is and for how long one may ask for it."""
    owner = f"该功能由{asked.owner}管理，" if asked.owner else ""
    days = f" {asked.max_days} 天以内的" if asked.max_days else ""
    return f"{owner}可申请{days}临时权限，由主管部门审批，同意后立即可用。"


def _blueprint(extension: Govcloud) -> Blueprint:
    """Return the routes of sign-in and sign-out."""
    blueprint = Blueprint(
        "govcloud_client", __name__, url_prefix="/govcloud", template_folder="templates", static_folder="static", static_url_path="/static"
    )

    @blueprint.get("/sign-in")
    def sign_in() -> Response:
        return extension.sign_in(_local(request.args.get("next")))

    @blueprint.get("/callback")
    def callback() -> Response:
        return _finish(extension)

    @blueprint.post("/sign-out")
    def sign_out() -> Response:
        if not hmac.compare_digest(request.form.get("token", "").encode(), _form_token().encode()):
            return _page(400, title="没有退出", cause="这个请求不是从本系统的页面提交的。", remedy="请回到首页，再点“退出登录”。")
        kept = session.pop(_OFFICIAL, None)
        home = url_for(current_app.config.get("GOVCLOUD_HOME", "index"), _external=True)
        return make_response(redirect(extension.relying_party.sign_out_url(kept["id_token"], home) if kept else home))

    return blueprint


def _form_token() -> str:
    """Return what the sign-out form must carry, so that no other site can sign somebody out."""
    return str(session.setdefault(_TOKEN, secrets.token_urlsafe(16)))


def _finish(extension: Govcloud) -> Response:
    """Complete the sign-in that the browser comes back from."""
    answer = request.args.to_dict()
    waiting: dict[str, dict[str, str]] = session.get(_STARTED, {})
    begun = waiting.pop(answer.get("state", ""), None)
    if begun is None:
        return _failed(SignInFailedError("state_mismatch", "no sign-in with this state was started in this browser"))
    started = Started(url="", state=answer["state"], nonce=begun["nonce"], verifier=begun["verifier"])
    try:
        claims = extension.relying_party.finish(answer, started, _callback_url())
    except SignInFailedError as error:
        session[_STARTED] = waiting
        return _failed(error)
    session.clear()  # nothing of an earlier visitor stays in the new session
    session[_OFFICIAL] = _kept(claims)
    return make_response(redirect(begun["back_to"]))


def _kept(claims: Claims) -> dict[str, Any]:
    return asdict(claims)


def _failed(error: SignInFailedError) -> Response:
    current_app.logger.warning("sign-in failed: %s", error)
    return _page(400, title="登录未完成", cause=f"统一身份平台没有完成这次登录（{error.code}）。", remedy="请重新登录。", retry=True)


def _page(status: int, **values: Any) -> Response:  # noqa: ANN401 - template values
    return make_response(render_template("govcloud_client/notice.html", status=status, **values), status)


def _callback_url() -> str:
    return url_for("govcloud_client.callback", _external=True)


def _here() -> str:
    """Return where to come back to: this page, or the start page when something was being posted."""
    return _local(request.full_path.rstrip("?") if request.method in {"GET", "HEAD"} else "/")


def _local(path: str | None) -> str:
    """Return ``path`` when it stays on this host, else ``/`` (no open redirect: two slashes, or slash and backslash, leave it)."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\")) or any(ord(char) < ord(" ") for char in path):
        return "/"
    return path
