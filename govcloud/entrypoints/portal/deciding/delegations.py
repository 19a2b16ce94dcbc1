"""Delegations: letting somebody decide in one's right for a while, and ending that again."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from govcloud.access.deciding.delegating import NewDelegation
from govcloud.access.deciding.routing import DECIDING_ROLE
from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.duty import acting_appointment, reader
from govcloud.entrypoints.portal.forms import Findings, text_of
from govcloud.kernel.errors import GovcloudError, NotFound
from govcloud.kernel.messages import Message
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, services, signed_in
from govcloud.web.moments import at_of, minute

_LABELS = {
    "delegate": Message("受托人"),
    "starts_at": Message("开始时间"),
    "ends_at": Message("结束时间"),
    "reason": Message("委托原因"),
}


@portal.get("/delegations")
@signed_in
def delegations() -> ResponseReturnValue:
    """Show what one lent and what was lent to one, and the form for a new delegation."""
    acting_appointment()
    return _page(Findings(labels=_LABELS))


@portal.post("/delegations")
@signed_in
def delegate() -> ResponseReturnValue:
    """Let somebody decide in one's right."""
    acting_appointment()
    findings = Findings(labels=_LABELS)
    starts_at, ends_at = at_of(request.form.get("starts_at", "")), at_of(request.form.get("ends_at", ""))
    appointment_id = _appointment(request.form.get("delegate", ""), findings)
    if starts_at is None and request.form.get("starts_at"):
        findings.add("starts_at", Message("请填写日期和时间。"))
    if ends_at is None:
        findings.add("ends_at", Message("请填写日期和时间。"))
    if appointment_id is None or ends_at is None or findings:
        return _page(findings), 422
    new = NewDelegation(
        appointment_id,
        starts_at or services().clock.now(),
        ends_at,
        text_of(request.form, "reason"),
        out_of_office="out_of_office" in request.form,
    )
    try:
        services().approving.delegating.delegate(current_actor(), new)
    except GovcloudError as error:
        findings.take(error)
        return _page(findings), status_of(error)
    flash(gettext("已委托。您自己仍可审批；同一申请项上您与受托人只计一次。"), "success")
    return redirect(url_for("portal.delegations"), 303)


@portal.post("/delegations/<uuid:delegation_id>/end")
@signed_in
def end_delegation(delegation_id: UUID) -> ResponseReturnValue:
    """Take back what one lent, or give back what was lent to one."""
    acting_appointment()
    try:
        services().approving.delegating.end(current_actor(), delegation_id)
        flash(gettext("委托已结束。"), "success")
    except NotFound:
        flash(gettext("没有这项委托。"), "error")
    return redirect(url_for("portal.delegations"), 303)


def _appointment(code: str, findings: Findings) -> UUID | None:
    """Return the primary appointment of the person with an employee code."""
    person = services().identity_queries.official_by_code(code.strip()) if code.strip() else None
    held = services().identity_queries.appointments_of(person.id) if person else ()
    if not held:
        findings.add("delegate", Message("没有这个工号的在岗人员。"))
        return None
    return held[0].id


def _page(findings: Findings) -> str:
    now = services().clock.now()
    return render_template(
        "portal/delegations.html",
        mine=reader().official_id,
        entries=services().approving.delegating.of(reader().official_id),
        now=now,
        lends=bool(services().authorization_queries.department_paths(reader().official_id, reader().appointment_id, DECIDING_ROLE)),
        form={
            "delegate": request.form.get("delegate", ""),
            "starts_at": request.form.get("starts_at", minute(now)),
            "ends_at": request.form.get("ends_at", ""),
            "reason": text_of(request.form, "reason"),
            "out_of_office": "out_of_office" in request.form,
        },
        errors=findings.errors,
        general=findings.general,
    )
