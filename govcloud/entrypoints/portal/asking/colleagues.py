"""The same as a colleague has: whom one may compare with, and what the difference is."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from govcloud.access.asking.views import Difference
from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.duty import acting_appointment
from govcloud.kernel.errors import NotFound
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import identifier
from govcloud.web.gate import current_actor, services, signed_in

_SHOWN = 20
_LONGEST_QUERY = 60


@portal.get("/colleagues")
@signed_in
def colleagues() -> ResponseReturnValue:
    """Show the colleagues of one's department, to compare with one of them."""
    return _page(request.args.get("q", ""), None)


@portal.post("/colleagues")
@signed_in
def compare() -> ResponseReturnValue:
    """Show what a colleague may use and oneself may not; looking is recorded, so it takes a form."""
    acting_appointment()
    appointment_id = identifier(request.form.get("appointment"))
    if appointment_id is None:
        raise NotFound.of(Message("任职"), request.form.get("appointment", ""))
    return _page(request.form.get("q", ""), services().asking.compare(current_actor(), appointment_id))


def _page(text: str, difference: Difference | None) -> str:
    acting_appointment()
    query = text.strip()[:_LONGEST_QUERY]
    people = services().asking_queries.colleagues(current_actor(), query, _SHOWN, below=False)
    return render_template("portal/colleagues.html", q=query, people=people, difference=difference)
