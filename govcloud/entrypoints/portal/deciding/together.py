"""Several lines in one act: many of the inbox, chosen, previewed and confirmed; or the lines of one request, all or none."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from govcloud.access.commands import Answer
from govcloud.access.deciding.together import Ballot, Verdict
from govcloud.access.views import DecisionPage
from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.deciding.decision_form import answer_of, attempt
from govcloud.entrypoints.portal.duty import acting_appointment
from govcloud.entrypoints.portal.forms import Findings, text_of, whole_number
from govcloud.entrypoints.portal.words import REJECT
from govcloud.kernel.errors import NotFound
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import identifier
from govcloud.web.gate import current_actor, services, signed_in
from govcloud.web.locale import say

MOST_PICKED = 20


@dataclass(frozen=True)
class _Outcome:
    """What came of one line: its page as it stands now, and what stood against the answer."""

    page: DecisionPage
    verdict: Verdict


@portal.post("/inbox/preview")
@signed_in
def preview() -> ResponseReturnValue:
    """Show what an answer to the chosen lines would do to each of them."""
    acting_appointment()
    return _preview(Findings())


@portal.post("/inbox/together")
@signed_in
def decide_chosen() -> ResponseReturnValue:
    """Answer the chosen lines, each on its own, and show what came of each."""
    acting_appointment()
    findings = Findings()
    pages = {str(page.line.id): page for page in _chosen()}
    ballots = [ballot for name in request.form.getlist("pick") if (ballot := _ballot(name, findings)) and name in pages]
    if findings or not ballots:
        return make_response(_preview(findings), 422)
    verdicts = services().approving.together.each(current_actor(), ballots)
    outcomes = [_Outcome(pages[str(verdict.line_id)], verdict) for verdict in verdicts]
    return render_template("portal/together_done.html", outcomes=outcomes)


@portal.post("/inbox/<uuid:line_id>/together")
@signed_in
def decide_request(line_id: UUID) -> ResponseReturnValue:
    """Answer the lines of one request that one may decide, each as its box says: all of it stands, or nothing does."""
    acting_appointment()

    def act(findings: Findings) -> ResponseReturnValue | None:
        page = services().access_queries.decision_page(current_actor(), line_id)
        ballots = []
        for one in (page, *page.others):
            form = {key.removeprefix(f"{one.line.id}."): value for key, value in request.form.items() if key.startswith(f"{one.line.id}.")}
            if form.get("action") in {None, "skip"}:
                continue
            answer = answer_of(form, one.line.requested_days, findings)
            if answer is not None:
                ballots.append(Ballot(one.line.id, whole_number(form.get("version")) or 0, answer))
        if findings:
            return None
        if not ballots:
            findings.general = gettext("请至少对一项作出决定。")
            return None
        decided = services().approving.together.of_request(current_actor(), page.request.id, ballots)
        flash(gettext("已对 %(count)s 项作出决定。", count=len(decided)), "success")
        return redirect(url_for("portal.decision", line_id=line_id), 303)

    return attempt(line_id, act)


def _ballot(name: str, findings: Findings) -> Ballot | None:
    """Return the answer to one chosen line, at the version and the evidence that the preview showed."""
    line_id, version = identifier(name), whole_number(request.form.get(f"version.{name}"))
    if line_id is None or version is None:
        return None
    evidence = request.form.get(f"evidence.{name}") or None
    if request.form.get("action") == "approve":
        return Ballot(line_id, version, Answer.yes(evidence_hash=evidence))
    if not request.form.get("reason_code"):
        findings.add("reason_code", Message("请选择一项理由。"))
        return None
    return Ballot(line_id, version, Answer.no(request.form["reason_code"], text_of(request.form, "refusal"), evidence))


def _chosen() -> list[DecisionPage]:
    """Return the pages of the chosen lines that the reader may see, without a second look at the other lines of each request."""
    found = []
    for name in dict.fromkeys(request.form.getlist("pick")[:MOST_PICKED]):
        line_id = identifier(name)
        if line_id is None:
            continue
        try:
            found.append(services().access_queries.decision_page(current_actor(), line_id))
        except NotFound:
            continue
    return found


def _preview(findings: Findings) -> ResponseReturnValue:
    pages = _chosen()
    if not pages:
        flash(gettext("请先选择要审批的申请项。"), "error")
        return redirect(url_for("portal.inbox"), 303)
    return render_template(
        "portal/together.html",
        pages=pages,
        reject_options=[(code.value, say(text)) for code, text in REJECT.items()],
        reason_code=request.form.get("reason_code", ""),
        refusal=text_of(request.form, "refusal"),
        errors=findings.errors,
        general=findings.general,
    )
