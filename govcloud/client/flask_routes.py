"""The routes of the Flask extension: sign-in, coming back from it, sign-out; and what of them stands in Flask's session."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import asdict
from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, make_response, redirect, request, session, url_for

from govcloud.client import notices
from govcloud.client.addresses import local
from govcloud.client.errors import SignInFailedError
from govcloud.client.oidc import Started

if TYPE_CHECKING:
    from govcloud.client.flask import Govcloud

#: Keys of the session.
OFFICIAL = "govcloud_official"
STARTED = "govcloud_started"
_TOKEN = "govcloud_token"  # noqa: S105 - a key of the session


def blueprint_of(extension: Govcloud) -> Blueprint:
    """Return the routes of sign-in and sign-out."""
    blueprint = Blueprint("govcloud_client", __name__, url_prefix="/govcloud", static_folder="static", static_url_path="/static")

    @blueprint.get("/sign-in")
    def sign_in() -> Response:
        return extension.sign_in(local(request.args.get("next")))

    @blueprint.get("/callback")
    def callback() -> Response:
        return _finish(extension)

    @blueprint.post("/sign-out")
    def sign_out() -> Response:
        if not hmac.compare_digest(request.form.get("token", "").encode(), form_token().encode()):
            return extension.notice(notices.FOREIGN_FORM)
        kept = session.pop(OFFICIAL, None)
        home = url_for(current_app.config.get("GOVCLOUD_HOME", "index"), _external=True)
        return make_response(redirect(_sign_out_url(extension, kept["id_token"], home) if kept else home))

    return blueprint


def _sign_out_url(extension: Govcloud, id_token: str, home: str) -> str:
    """Return where the one session ends; ``home`` when the platform is away, and only this subsystem can be left."""
    try:
        return extension.relying_party.sign_out_url(id_token, home)
    except SignInFailedError as error:
        current_app.logger.warning("signed out here only: %s", error)
        return home


def form_token() -> str:
    """Return what the sign-out form must carry, so that no other site can sign somebody out."""
    return str(session.setdefault(_TOKEN, secrets.token_urlsafe(16)))


def _finish(extension: Govcloud) -> Response:
    """Complete the sign-in that the browser comes back from."""
    answer = request.args.to_dict()
    waiting: dict[str, dict[str, str]] = session.get(STARTED, {})
    begun = waiting.pop(answer.get("state", ""), None)
    if begun is None:
        return _failed(extension, SignInFailedError("state_mismatch", "no sign-in with this state was started in this browser"))
    started = Started(url="", state=answer["state"], nonce=begun["nonce"], verifier=begun["verifier"])
    try:
        claims = extension.relying_party.finish(answer, started, callback_url())
    except SignInFailedError as error:
        session[STARTED] = waiting
        return _failed(extension, error)
    session.clear()  # nothing of an earlier visitor stays in the new session
    session[OFFICIAL] = asdict(claims)
    return make_response(redirect(begun["back_to"]))


def _failed(extension: Govcloud, error: SignInFailedError) -> Response:
    current_app.logger.warning("sign-in failed: %s", error)
    return extension.notice(notices.sign_in_failed(error))


def callback_url() -> str:
    """Return where the platform sends the browser back to."""
    return url_for("govcloud_client.callback", _external=True)


def here() -> str:
    """Return where to come back to: this page, or the start page when something was being posted."""
    return local(request.full_path.rstrip("?") if request.method in {"GET", "HEAD"} else "/")
