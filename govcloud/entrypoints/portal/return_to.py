"""Where to go after a form: only to an address of this platform, and what a sign-in continues to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, urlsplit

from flask import request, url_for

from govcloud.subsystems.queries import ClientView
from govcloud.web.gate import services
from govcloud.web.headers import allow_form_target

_LONGEST = 8000
_AUTHORIZE = "/oidc/authorize"
_CAS_LOGIN = "/cas/login"
_FORWARD_AUTH = "/forward-auth/start"
_FORWARD_AUTH_REFUSED = "/forward-auth/refused"


def safe_next(given: str | None) -> str:
    r"""Return ``given`` if it is a path on this platform, else the workbench.

    Browsers read ``//host`` and ``/\host`` as another host, and drop tabs and line ends before they look.
    """
    text = given or ""
    plain = text.isprintable() and "\\" not in text and len(text) <= _LONGEST
    if not plain or not text.startswith("/") or text.startswith("//"):
        return url_for("portal.workbench")
    parts = urlsplit(text)
    return text if not parts.scheme and not parts.netloc else url_for("portal.workbench")


def asked_next() -> str:
    """Return where this request wants to go on to."""
    return safe_next(request.values.get("next"))


def waiting_client(target: str) -> ClientView | None:
    """Return the client whose sign-in continues at ``target``, if that is where one of a protocol does."""
    parts = urlsplit(target)
    name, find = _waiting().get(parts.path, ("", None))
    wanted = parse_qs(parts.query).get(name, [""])[0] if name else ""
    return find(wanted) if find and wanted else None


def _waiting() -> Mapping[str, tuple[str, Callable[[str], ClientView | None]]]:
    """Return for each address of a protocol the parameter that says which client waits, and what finds it."""
    queries = services().subsystem_queries
    return {
        _AUTHORIZE: ("client_id", queries.client_by_client_id),
        _CAS_LOGIN: ("service", queries.client_by_service),
        _FORWARD_AUTH: ("client_id", queries.client_by_client_id),
        _FORWARD_AUTH_REFUSED: ("client_id", queries.client_by_client_id),
    }


def wants_factor(target: str) -> bool:
    """Return whether what continues at ``target`` sends to step-up for a second factor alone (``acr_values`` of OpenID Connect)."""
    return urlsplit(target).path == _AUTHORIZE


def open_way_back(client: ClientView | None) -> None:
    """Let the form of this page end at the client's registered addresses: the redirect after it counts as ``form-action``."""
    for uri in (*client.redirect_uris, *client.services, *client.origins) if client else ():
        parts = urlsplit(uri)
        if parts.scheme in {"http", "https"}:
            allow_form_target(f"{parts.scheme}://{parts.netloc}")
