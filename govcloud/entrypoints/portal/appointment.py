"""Choosing the appointment in which one acts."""

from __future__ import annotations

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.duty import reader
from govcloud.entrypoints.portal.forms import Findings
from govcloud.entrypoints.portal.return_to import asked_next, open_way_back, waiting_client
from govcloud.kernel.errors import NotFound
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import identifier
from govcloud.web.gate import current_actor, services, signed_in
from govcloud.web.signing_out import ANOTHER_APPOINTMENT, told_in_passing


@portal.get("/appointment")
@signed_in
def appointment() -> ResponseReturnValue:
    """Show one's appointments as cards, the present or the last one chosen."""
    return _page(asked_next(), Findings())


@portal.post("/appointment")
@signed_in
def choose_appointment() -> ResponseReturnValue:
    """Act under the chosen appointment from now on."""
    target, findings = asked_next(), Findings()
    chosen = identifier(request.form.get("appointment"))
    if chosen is None:
        findings.add("appointment", Message("请选择一项。"))
        return _page(target, findings), 422
    try:
        held = services().signon.choose_appointment(current_actor(), reader().session_id, chosen)
    except NotFound as error:
        findings.take(error)
        return _page(target, findings), 422
    post = held.post or held.position
    flash(gettext("现在以“%(department)s · %(post)s”办理业务。", department=held.department_name, post=post), "success")
    # Stays that were told of the other appointment have ended; some of them only this browser can tell.
    return told_in_passing(reader().session_id, target, ANOTHER_APPOINTMENT) or redirect(target, 303)


def _page(target: str, findings: Findings) -> str:
    session = reader()
    open_way_back(waiting_client(target))
    appointments = services().identity_queries.appointments_of(session.official_id)
    last = session.appointment_id or identifier(request.values.get("last"))
    ids = [entry.id for entry in appointments]
    return render_template(
        "portal/appointment.html",
        appointments=appointments,
        chosen=last if last in ids else (ids[0] if ids else None),
        next=target,
        errors=findings.errors,
        general=findings.general,
    )
