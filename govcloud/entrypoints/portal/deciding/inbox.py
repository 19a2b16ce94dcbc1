"""The inbox of an approver, and the page of one decision: evidence left, decision right."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from govcloud.access.commands import Decided
from govcloud.access.lifecycle import LineState
from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.deciding.decision_form import answer_of, attempt, page_of
from govcloud.entrypoints.portal.duty import acting_appointment
from govcloud.entrypoints.portal.forms import Findings, text_of, whole_number
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import identifier
from govcloud.web.gate import current_actor, services, signed_in
from govcloud.web.moments import moment


@portal.get("/inbox")
@signed_in
def inbox() -> ResponseReturnValue:
    """Show what waits for the reader's decision, with ``below=1`` all that they may decide, with ``tab=decided`` what they decided."""
    acting_appointment()
    after, below = request.args.get("after"), request.args.get("below") == "1"
    decided = request.args.get("tab") == "decided"
    queries = services().access_queries
    waiting = None if decided else queries.inbox(current_actor(), after, below=below)
    return render_template(
        "portal/inbox.html",
        tab="decided" if decided else "waiting",
        page=waiting or queries.decided_by(current_actor(), after),
        after=after,
        below=below,
        decides=waiting is not None and waiting.decides,
        signs_rules=waiting is not None and waiting.in_office,
    )


@portal.get("/inbox/<uuid:line_id>")
@signed_in
def decision(line_id: UUID) -> ResponseReturnValue:
    """Show everything that one needs to say yes safely."""
    acting_appointment()
    return page_of(line_id, Findings())


@portal.post("/inbox/<uuid:line_id>")
@signed_in
def decide(line_id: UUID) -> ResponseReturnValue:
    """Approve as asked, approve less, or refuse; afterwards the page shows the result and says what happens next."""
    acting_appointment()

    def act(findings: Findings) -> ResponseReturnValue | None:
        version, actor = whole_number(request.form.get("version")), current_actor()
        if version is None:
            findings.general = gettext("请用页面上的按钮作出决定。")
            return None
        answer = answer_of(request.form, services().access_queries.line(actor, line_id).requested_days, findings)
        if answer is None:
            return None
        _tell(services().approving.deciding.decide(actor, line_id, version, answer))
        return redirect(url_for("portal.decision", line_id=line_id), 303)

    return attempt(line_id, act)


@portal.post("/inbox/<uuid:line_id>/return")
@signed_in
def send_back(line_id: UUID) -> ResponseReturnValue:
    """Send the line back for correction, with what is missing."""
    acting_appointment()

    def act(_findings: Findings) -> ResponseReturnValue:
        version = whole_number(request.form.get("version")) or 0
        services().approving.returning.send_back(current_actor(), line_id, version, text_of(request.form, "missing"))
        flash(gettext("已退回补正，时限暂停。申请人补正后会重新出现在待我审批中。"), "success")
        return redirect(url_for("portal.inbox"), 303)

    return attempt(line_id, act)


@portal.post("/inbox/<uuid:line_id>/retract")
@signed_in
def retract(line_id: UUID) -> ResponseReturnValue:
    """Take back an approval that has not opened yet, with a reason."""
    acting_appointment()

    def act(findings: Findings) -> ResponseReturnValue | None:
        code, version = request.form.get("reason_code", ""), whole_number(request.form.get("version")) or 0
        if not code:
            findings.add("reason_code", Message("请选择一项理由。"))
            return None
        services().approving.retracting.retract(current_actor(), line_id, version, code, text_of(request.form, "refusal"))
        flash(gettext("已收回同意，本项视为驳回，整份申请不再开通；申请人会看到理由和您的说明。"), "success")
        return redirect(url_for("portal.decision", line_id=line_id), 303)

    return attempt(line_id, act)


@portal.post("/inbox/<uuid:line_id>/holder")
@signed_in
def hold_line(line_id: UUID) -> ResponseReturnValue:
    """Take the line on, let it go, or give it to somebody else who may decide."""
    acting_appointment()
    handling = services().approving.handling

    def act(findings: Findings) -> ResponseReturnValue | None:
        match request.form.get("action"):
            case "claim":
                handling.claim(current_actor(), line_id)
                flash(gettext("已签收，8 小时内由您办理。"), "success")
            case "release":
                handling.release(current_actor(), line_id)
                flash(gettext("已释放，其他审批人可以办理。"), "success")
            case _:
                official_id = identifier(request.form.get("official"))
                if official_id is None:
                    findings.add("official", Message("请选择一名候选人。"))
                    return None
                handling.reassign(current_actor(), line_id, official_id, text_of(request.form, "reason"))
                flash(gettext("已转办。"), "success")
        return redirect(url_for("portal.decision", line_id=line_id), 303)

    return attempt(line_id, act)


@portal.post("/inbox/<uuid:line_id>/comments")
@signed_in
def comment_as_approver(line_id: UUID) -> ResponseReturnValue:
    """Write a comment on the line as one of its approvers."""
    acting_appointment()

    def act(_findings: Findings) -> ResponseReturnValue:
        services().approving.discussing.comment(current_actor(), line_id, text_of(request.form, "text"))
        return redirect(url_for("portal.decision", line_id=line_id, _anchor="remarks"), 303)

    return attempt(line_id, act)


def _tell(decided: Decided) -> None:
    """Say what happens next."""
    if decided.state is LineState.APPROVED and decided.starts_at is not None and decided.ends_at is not None:
        begins, ends = moment(decided.starts_at), moment(decided.ends_at)
        if decided.starts_at > decided.at:
            flash(gettext("已同意，权限自 %(begins)s 起生效，%(ends)s 自动收回。期间可以随时撤销。", begins=begins, ends=ends), "success")
        else:
            flash(gettext("已同意，权限即刻生效，%(at)s 自动收回。期间可以随时撤销。", at=ends), "success")
    elif decided.state is LineState.APPROVED:
        flash(gettext("已同意。该申请须整体开通：其余申请项也同意后一并生效，此前不开通。"), "success")
    elif decided.state is LineState.REJECTED:
        flash(gettext("已驳回，申请人会看到理由和您的说明，可以修改后重新申请。"), "success")
    else:
        flash(gettext("您的同意已记录（%(given)s/%(needed)s），等待其他审批人。", given=decided.given, needed=decided.needed), "success")
