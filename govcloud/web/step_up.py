"""What happens when a command wants a recent proof of identity: the page of step-up, and the way back with nothing lost.

A form that was being sent is kept on the page of step-up, sealed for this very session, and offered to be sent on once the proof
was given. What cannot be kept (a file, a very long form) is said, and the way leads back to the form.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Response, make_response, redirect, render_template, request, url_for

from govcloud.kernel.crypto import MasterKeyError
from govcloud.signon.sessions import CurrentSession
from govcloud.signon.step_up import StepUpRequired
from govcloud.web.gate import current_session, services

_CONTEXT = "step-up-form:{}"
_FORM = "application/x-www-form-urlencoded"
_LONGEST = 64 * 1024
_FORBIDDEN = 403


@dataclass(frozen=True)
class KeptForm:
    """A form that waits: where it goes, and its fields in order."""

    path: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class StepUpPage:
    """What the page shows: where it leads on to, whether a password will do, what is kept, and what went wrong."""

    target: str
    factor: bool
    kept: str = ""
    lost: bool = False
    chosen: str = ""
    cause: str = ""
    remedy: str = ""


def on_step_up_required(error: StepUpRequired) -> Response:
    """Lead to the proof: a page that was being read comes back by itself, a form waits on the page."""
    if request.method in {"GET", "HEAD"}:
        here = request.full_path.rstrip("?")
        return make_response(redirect(url_for("portal.step_up", next=here, factor="1" if error.factor else None), 303))
    session = current_session()
    kept = _keep(session) if session else ""
    page = StepUpPage(_page_of_form(), error.factor, kept, lost=not kept)
    return make_response(step_up_page(page), _FORBIDDEN)


def step_up_page(page: StepUpPage) -> str:
    """Return the page."""
    session = current_session()
    offer = services().step_up.offer(session, factor=page.factor) if session else None
    chosen = page.chosen if offer and page.chosen in offer.factors else next(iter(offer.factors), "") if offer else ""
    return render_template("web/step_up.html", page=page, offer=offer, chosen=chosen)


def kept_form(given: str) -> KeptForm | None:
    """Return the form that was kept for the present session, if ``given`` is one."""
    session = current_session()
    if not given or session is None or not given.isascii():
        return None
    try:
        sealed = base64.urlsafe_b64decode(given)
        document = json.loads(services().keys.open(sealed, _context(session)))
    except (MasterKeyError, binascii.Error):
        return None
    return KeptForm(document["path"], tuple((name, value) for name, value in document["fields"]))


def _keep(session: CurrentSession) -> str:
    """Return the form that is being sent, sealed; nothing when it cannot be kept."""
    if request.mimetype != _FORM or request.files:
        return ""
    fields = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    document = json.dumps({"path": request.full_path.rstrip("?"), "fields": fields}).encode()
    if len(document) > _LONGEST:
        return ""
    return base64.urlsafe_b64encode(services().keys.seal(document, _context(session))).decode("ascii")


def _context(session: CurrentSession) -> bytes:
    return _CONTEXT.format(session.session_id).encode()


def _page_of_form() -> str:
    """Return the page on which the form stands, as far as the browser says: of this platform only."""
    parts = urlsplit(request.referrer or "")
    if parts.netloc != request.host:
        return "/"
    return f"{parts.path}?{parts.query}" if parts.query else parts.path or "/"
