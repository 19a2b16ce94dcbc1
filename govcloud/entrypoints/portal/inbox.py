"""The inbox of a senior administrator, and the page of one decision: evidence left, decision right."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from govcloud.access.commands import Decided
from govcloud.access.lifecycle import LineState
from govcloud.access.routing import DECIDING_ROLE
from govcloud.access.views import DecisionPage, LineView
from govcloud.authorization.scope import Scope
from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.choices import full_names
from govcloud.entrypoints.portal.duty import acting_appointment, reader
from govcloud.entrypoints.portal.forms import Findings, text_of, whole_number
from govcloud.entrypoints.portal.words import REJECT
from govcloud.kernel.errors import Conflict, Denied, GovcloudError, Invalid
from govcloud.kernel.messages import Message
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, may, services, signed_in
from govcloud.web.locale import say
from govcloud.web.moments import moment
from govcloud.web.stays import ENDED, TakenBack, taken_back

_ACTIONS = frozenset({"approve", "narrow", "reject"})


@dataclass(frozen=True)
class _Form:
    """What stands in the decision's forms."""

    action: str
    scope: str
    days: str
    comment: str
    reason_code: str
    refusal: str


@portal.get("/inbox")
@signed_in
def inbox() -> ResponseReturnValue:
    """Show what waits for the reader's decision, or with ``tab=decided`` what the reader decided."""
    appointment_id, session = acting_appointment(), reader()
    after = request.args.get("after")
    decided = request.args.get("tab") == "decided"
    queries = services().access_queries
    page = queries.decided_by(session.official_id, after) if decided else queries.inbox(current_actor(), after)
    paths = services().authorization_queries.department_paths(session.official_id, appointment_id, DECIDING_ROLE)
    return render_template("portal/inbox.html", tab="decided" if decided else "waiting", page=page, after=after, decides=bool(paths))


@portal.get("/inbox/<uuid:line_id>")
@signed_in
def decision(line_id: UUID) -> ResponseReturnValue:
    """Show everything that one needs to say yes safely."""
    acting_appointment()
    return _page(services().access_queries.decision_page(current_actor(), line_id), Findings())


@portal.post("/inbox/<uuid:line_id>")
@signed_in
def decide(line_id: UUID) -> ResponseReturnValue:
    """Approve as asked, approve less, or refuse; afterwards the page shows the result and says what happens next."""
    acting_appointment()
    findings = Findings()
    try:
        decided = _decide(line_id, findings)
    except (Conflict, Invalid, Denied) as error:
        return _again(line_id, findings, error)
    if decided is None:
        return _page(services().access_queries.decision_page(current_actor(), line_id), findings), 422
    _tell(decided)
    return redirect(url_for("portal.decision", line_id=line_id), 303)


def _decide(line_id: UUID, findings: Findings) -> Decided | None:
    """Run the command that the pressed button stands for; ``None`` when the form itself is wrong."""
    action = request.form.get("action", "")
    version = whole_number(request.form.get("version"))
    evidence = request.form.get("evidence") or None
    access, actor = services().access, current_actor()
    if action not in _ACTIONS or version is None:
        findings.general = gettext("请用页面上的按钮作出决定。")
        return None
    if action == "reject":
        code = request.form.get("reason_code", "")
        if not code:
            findings.add("reason_code", Message("请选择一项理由。"))
            return None
        return access.reject(actor, line_id, version, code, text_of(request.form, "refusal"), evidence_hash=evidence)
    if action == "approve":
        return access.approve(actor, line_id, version, evidence_hash=evidence)
    days, scope = whole_number(request.form.get("days")), _scope(findings)
    asked = services().access_queries.line(actor, line_id).requested_days
    if days is None or not 1 <= days <= asked:
        findings.add("days", Message("应为 1 至 %(days)s 天，不超过所申请的。", days=asked))
    if days is None or findings:
        return None
    comment = text_of(request.form, "comment")
    return access.approve(actor, line_id, version, scope=scope, days=days, comment=comment, evidence_hash=evidence)


def _scope(findings: Findings) -> Scope | None:
    """Return the narrower rows, or ``None`` for those that were asked for."""
    code = request.form.get("scope", "")
    if not code:
        return None
    try:
        return Scope((code,))
    except ValueError:
        findings.add("scope", Message("请选择列出的地区。"))
        return None


def _again(line_id: UUID, findings: Findings, error: GovcloudError) -> ResponseReturnValue:
    """Show the page as things stand now, with what stood against the decision.

    Raises:
        NotFound: the reader may no longer see the line.
    """
    findings.take(error)
    return _page(services().access_queries.decision_page(current_actor(), line_id), findings), status_of(error)


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


def _page(page: DecisionPage, findings: Findings) -> str:
    choices = page.scope_choices
    names = full_names(choices)
    suggested = next((choice.code for choice in choices if choice.suggested), choices[0].code if choices else "")
    ends_at = services().clock.now() + timedelta(days=page.line.requested_days)
    return render_template(
        "portal/decision.html",
        page=page,
        line=page.line,
        card=page.card,
        digest=page.line.decision.evidence_hash if page.line.decision else page.evidence_hash,
        scope_options=[(choice.code, names.get(choice.code) or gettext("所申请的全部")) for choice in choices],
        reject_options=[(code.value, say(text)) for code, text in REJECT.items()],
        form=_Form(
            action=request.form.get("action", ""),
            scope=request.form.get("scope", suggested),
            days=request.form.get("days", str(page.max_days)),
            comment=text_of(request.form, "comment"),
            reason_code=request.form.get("reason_code", ""),
            refusal=text_of(request.form, "refusal"),
        ),
        ends_at=ends_at,
        taken_back=_taken_back(page.line),
        may_revoke=page.line.grant is not None and may("govcloud:grant:revoke"),
        errors=findings.errors,
        general=findings.general,
    )


def _taken_back(line: LineView) -> TakenBack | None:
    """Return how the end of the line's grant reached the subsystem, once it has ended."""
    grant = line.grant
    if grant is None or grant.state not in ENDED:
        return None
    return taken_back({grant.id: grant.function})[grant.id]
