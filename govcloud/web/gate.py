"""Who may call a route: every route declares it, and one that does not is closed.

========================  ======================================================================
``@public("why")``        anybody; the reason stands beside the route
``@signed_in``            an official with a live session
``@requires("govcloud…")``an official to whom the decision engine opens that function
``@client_authenticated`` a subsystem that proves its client credentials (RFC 6749 section 2.3.1), or shows a token that it got with them
========================  ======================================================================

The check runs before the view. What a command needs beyond that is asked again by the command itself, through the kernel's port.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from flask import Blueprint, Flask, current_app, g, request

from govcloud.authorization.deciding.decider import PLATFORM
from govcloud.authorization.deciding.decisions import Decision, Question
from govcloud.kernel.actor import Actor
from govcloud.kernel.errors import Denied
from govcloud.kernel.messages import Message
from govcloud.services import Services
from govcloud.signon.errors import TokenRefused
from govcloud.signon.sessions import CurrentSession
from govcloud.subsystems.queries import ClientView
from govcloud.web.cookies import session_token
from govcloud.web.possession import BEARER, DPOP, KeyMissing, check_possession
from govcloud.web.trace import trace_id

View = TypeVar("View", bound=Callable[..., Any])
_ATTRIBUTE = "govcloud_gate"
#: Blueprint → the scope of a client's own token that opens it (``signon/claims.py``).
_SCOPE_OF = {"authzen": "authzen", "scim": "scim", "api": "api", "feeds": "api"}


@dataclass(frozen=True)
class Gate:
    """A declaration: its kind, and the reason (public) or the function (requires)."""

    kind: str
    detail: str = ""


class SignInRequired(Denied):
    """There is no live session; a page sends to sign-in, an API answers 401."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("sign_in_required", Message("请先登录。"), remedy=Message("登录后会回到这个页面。"))


class ClientRequired(Denied):
    """The caller did not prove the credentials of a client."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "invalid_client", Message("客户端身份验证失败。"), remedy=Message("请用登记的 client_id 与密钥以 HTTP Basic 方式调用。")
        )


def _declare(gate: Gate) -> Callable[[View], View]:
    def mark(view: View) -> View:
        setattr(view, _ATTRIBUTE, gate)
        return view

    return mark


def public(reason: str) -> Callable[[View], View]:
    """Open the route to anybody; ``reason`` says why that is safe."""
    return _declare(Gate("public", reason))


def signed_in(view: View) -> View:
    """Open the route to every official with a live session."""
    return _declare(Gate("signed_in"))(view)


def requires(function: str) -> Callable[[View], View]:
    """Open the route to officials to whom the engine opens ``function`` under the appointment they act in."""
    return _declare(Gate("requires", function))


def client_authenticated(view: View) -> View:
    """Open the route to subsystems with valid client credentials."""
    return _declare(Gate("client"))(view)


def declare_blueprint(app: Flask, blueprint: Blueprint | str, gate: Gate) -> None:
    """Declare every route of a blueprint at once (Flask-Admin makes its views itself)."""
    name = blueprint if isinstance(blueprint, str) else blueprint.name
    app.extensions.setdefault("govcloud.blueprint_gates", {})[name] = gate


def gate_of(app: Flask, endpoint: str) -> Gate | None:
    """Return what the route of ``endpoint`` declares, or ``None``."""
    gate = getattr(app.view_functions[endpoint], _ATTRIBUTE, None)
    if isinstance(gate, Gate):
        return gate
    declared: dict[str, Gate] = app.extensions.get("govcloud.blueprint_gates", {})
    return declared.get(endpoint.rpartition(".")[0])


def services() -> Services:
    """Return the services of the running platform."""
    return cast("Services", current_app.extensions["govcloud"])


def current_session() -> CurrentSession | None:
    """Return the live session of the request, looked up once."""
    if "current_session" not in g:
        token = session_token()
        g.current_session = services().signon.current(token) if token else None
    return cast("CurrentSession | None", g.current_session)


def reader_session() -> CurrentSession:
    """Return the live session of the request; for routes whose gate lets only sessions through.

    Raises:
        SignInRequired: there is none.
    """
    session = current_session()
    if session is None:
        raise SignInRequired
    return session


def current_client() -> ClientView:
    """Return the client that authenticated; only for routes that declare it."""
    return cast("ClientView", g.current_client)


def source_address() -> str | None:
    """Return the caller's address (behind trusted proxies, the one that they name)."""
    return request.remote_addr


def current_actor() -> Actor:
    """Return who makes the request, for the commands."""
    client: ClientView | None = g.get("current_client")
    if client is not None:
        return client_actor(client, client.roles)
    session = current_session()
    if session is None:
        return Actor.anonymous(source_address(), trace_id=trace_id())
    return Actor.official(
        session.official_id,
        session.name,
        appointment_id=session.appointment_id,
        session_id=session.session_id,
        source_address=source_address(),
        trace_id=trace_id(),
    )


def client_actor(client: ClientView, roles: tuple[str, ...] = ()) -> Actor:
    """Return a client that proved who it is, for the commands; with what it was entrusted with, where that counts."""
    return Actor.subsystem(client.client_id, client.name, roles=roles, source_address=source_address(), trace_id=trace_id())


def may(function: str, resource: Mapping[str, Any] | None = None) -> bool:
    """Return whether ``function`` is open to the signed-in official, under the appointment in use and from where the request comes.

    This is the one place where pages and the API ask about their reader; without ``resource`` they ask about the function as such, to
    show only what works. Nobody who is not signed in may anything.
    """
    session = current_session()
    return session is not None and _asked(session, function, resource)[1].allowed


def _asked(session: CurrentSession, function: str, resource: Mapping[str, Any] | None = None) -> tuple[Question, Decision]:
    """Return the question whether the signed-in official may use ``function``, with its decision."""
    question = Question(function, session.appointment_id, session.official_id, resource or {}, client_address=source_address())
    return question, services().authorization.decide(question)


def may_among(functions: Iterable[str]) -> frozenset[str]:
    """Return those of ``functions`` that the signed-in official's appointment opens; the subject is read once for all of them."""
    session = current_session()
    if session is None:
        return frozenset()
    return services().authorization_queries.open_among(
        session.official_id, session.appointment_id, functions, client_address=source_address()
    )


def reach_of(function: str) -> tuple[str, ...]:
    """Return the departments below which the reader's roles open ``function``, the widest only, looked up once a request."""
    known: dict[str, tuple[str, ...]] = g.setdefault("reaches", {})
    if function not in known:
        session = current_session()
        queries = services().authorization_queries
        known[function] = queries.reach_of(session.official_id, session.appointment_id, function) if session else ()
    return known[function]


def no_permission() -> Denied:
    """Return the refusal of a page that the reader's appointment does not open."""
    return Denied("no_permission", Message("您的岗位没有打开此页面的权限。"), remedy=Message("如工作需要，请联系本部门管理员。"))


def _authenticate_client() -> None:
    """Take the client's credentials from HTTP Basic (RFC 6749 section 2.3.1), or its own access token (RFC 6750 section 2.1, RFC 9449)."""
    given = request.authorization
    if given is not None and given.type in {BEARER, DPOP}:
        g.current_client = _client_of_token(given.token or "", given.type)
        return
    if given is None or given.type != "basic" or not given.username or given.password is None:
        raise ClientRequired
    client = services().subsystem_queries.authenticate_client(given.username, given.password)
    if client is None:
        raise ClientRequired
    g.current_client = client


def _client_of_token(access_token: str, scheme: str) -> ClientView:
    """Return the client that acts for itself by a token for this way in, which is named in the token's scope."""
    try:
        token = services().oauth.client_token(access_token)
        check_possession(access_token, scheme, token.confirmation)
    except (TokenRefused, KeyMissing) as error:
        current_app.logger.info("access token of a client refused: %s, trace %s", error.reason, trace_id())
        raise ClientRequired from error
    if _SCOPE_OF.get(request.blueprint or "") not in token.scope:
        raise ClientRequired
    return token.client


def _require(session: CurrentSession, function: str) -> None:
    """Go on only if the signed-in official may use ``function``; a refusal stands in the decision log like that of a subsystem.

    Raises:
        Denied: it is not open to the official.
    """
    question, decision = _asked(session, function)
    if not decision.allowed:
        services().decision_log.note(question, decision, PLATFORM, trace_id=trace_id())
        raise no_permission()


def init_gate(app: Flask) -> None:
    """Check the declaration of the matched route before its view runs."""

    @app.before_request
    def check() -> None:
        if request.endpoint is None:
            return
        gate = gate_of(app, request.endpoint)
        if gate is None:
            raise Denied("undeclared_route", Message("这个地址没有声明谁可以访问，因此不开放。"))
        if gate.kind == "client":
            _authenticate_client()
        elif gate.kind in {"signed_in", "requires"}:
            session = current_session()
            if session is None:
                raise SignInRequired
            if gate.kind == "requires":
                _require(session, gate.detail)
