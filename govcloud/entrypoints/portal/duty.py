"""Who acts on a page, and in which duty; pages about rights need one chosen."""

from __future__ import annotations

from uuid import UUID

from flask import abort, redirect, request, url_for

from govcloud.signon.sessions import CurrentSession
from govcloud.web.gate import reader_session


def reader() -> CurrentSession:
    """Return the session of the page's reader; only for routes behind sign-in."""
    return reader_session()


def acting_appointment() -> UUID:
    """Return the appointment in which the reader acts; without one, the reader is sent to choose and comes back here."""
    appointment_id = reader().appointment_id
    if appointment_id is None:
        here = request.full_path.rstrip("?") if request.method == "GET" else None
        abort(redirect(url_for("portal.appointment", next=here), 303))
    return appointment_id
