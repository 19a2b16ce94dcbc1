"""Where to go after a form: only to an address of this platform, and what a sign-in continues to."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from flask import request, url_for

from govcloud.subsystems.queries import ClientView
from govcloud.web.gate import services
from govcloud.web.headers import allow_form_target

_LONGEST = 8000
_AUTHORIZE = "/oidc/authorize"


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
    """Return the client whose sign-in continues at ``target``, if that is an authorization request."""
    parts = urlsplit(target)
    if parts.path != _AUTHORIZE:
        return None
    wanted = parse_qs(parts.query).get("client_id", [""])[0]
    return services().subsystem_queries.client_by_client_id(wanted) if wanted else None


def open_way_back(client: ClientView | None) -> None:
    """Let the form of this page end at the client's registered addresses: the redirect after it counts as ``form-action``."""
    for uri in client.redirect_uris if client else ():
        parts = urlsplit(uri)
        if parts.scheme in {"http", "https"}:
            allow_form_target(f"{parts.scheme}://{parts.netloc}")
