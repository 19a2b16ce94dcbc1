"""What the requester does about a line that waits: mend it after it was sent back, and write comments."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from govcloud.access.commands import Correction, Resubmitted
from govcloud.entrypoints.portal.asking.files import sent_files
from govcloud.entrypoints.portal.asking.requests import page_of
from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.deciding.decision_form import scope_of
from govcloud.entrypoints.portal.duty import acting_appointment
from govcloud.entrypoints.portal.forms import Findings, text_of, whole_number
from govcloud.kernel.errors import GovcloudError
from govcloud.kernel.messages import Message
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, services, signed_in
from govcloud.web.moments import moment


@portal.post("/requests/<uuid:request_id>/lines/<uuid:line_id>/resubmit")
@signed_in
def resubmit(request_id: UUID, line_id: UUID) -> ResponseReturnValue:
    """Put a returned line up for decision again, as corrected."""
    acting_appointment()
    findings = Findings()
    line = services().access_queries.line(current_actor(), line_id)
    days, scope = whole_number(request.form.get("days")), scope_of(request.form.get("scope", ""), "scope", findings)
    if days is None:
        findings.add("days", Message("请填写天数。"))
    if days is None or findings:
        return page_of(request_id, findings), 422
    correction = Correction(
        reason=text_of(request.form, "reason"),
        days=days,
        scope=scope or line.requested_scope,
        case_number=text_of(request.form, "case_number") or None,
    )
    actor, version = current_actor(), whole_number(request.form.get("version")) or 0

    def again() -> Resubmitted:
        return services().approving.returning.resubmit(actor, line_id, version, correction)

    try:
        done = services().asking.correct(actor, line_id, sent_files(), again)
    except GovcloudError as error:
        findings.take(error)
        return page_of(request_id, findings), status_of(error)
    if done.blocked:
        flash(gettext("已重新提交，但与已有的权限职责冲突：须有例外许可或先交还冲突的权限，才能进入审批。"), "warning")
    else:
        flash(gettext("已重新提交，不晚于 %(at)s 答复。此前的同意不再计入。", at=moment(done.due_at)), "success")
    return redirect(url_for("portal.request_detail", request_id=request_id), 303)


@portal.post("/requests/<uuid:request_id>/lines/<uuid:line_id>/comments")
@signed_in
def comment(request_id: UUID, line_id: UUID) -> ResponseReturnValue:
    """Write a comment on a line of one's own request."""
    acting_appointment()
    findings = Findings()
    try:
        services().approving.discussing.comment(current_actor(), line_id, text_of(request.form, "text"))
    except GovcloudError as error:
        findings.take(error)
        return page_of(request_id, findings), status_of(error)
    return redirect(url_for("portal.request_detail", request_id=request_id, _anchor=f"remarks-{line_id}"), 303)
