"""The forms of a decision page: what was typed, turned into an answer, and the page itself with what stood against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from govcloud.access.commands import Alternative, Answer
from govcloud.access.evidence.card import EvidenceCard
from govcloud.access.views import DecisionPage, LineView
from govcloud.authorization.scopes.scope import Scope
from govcloud.entrypoints.portal.choices import full_names
from govcloud.entrypoints.portal.forms import Findings, text_of, whole_number
from govcloud.entrypoints.portal.words import REJECT
from govcloud.kernel.errors import Conflict, Denied, Invalid
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import identifier
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, may, services
from govcloud.web.locale import say
from govcloud.web.stays import ENDED, TakenBack, taken_back

#: From which version on stored cards have all that the page shows.
_SHOWN_FROM = 2


@dataclass(frozen=True)
class _Form:
    """What stands in the decision's forms."""

    action: str
    scope: str
    days: str
    comment: str
    reason_code: str
    refusal: str
    alternative_days: str
    alternative_scope: str
    alternative_item: str
    missing: str
    reason: str
    text: str


def answer_of(form: Mapping[str, str], asked_days: int, findings: Findings) -> Answer | None:
    """Return the answer that the pressed button stands for; ``None`` when the form itself is wrong, which ``findings`` then says."""
    evidence = form.get("evidence") or None
    match form.get("action"):
        case "approve":
            return Answer.yes(evidence_hash=evidence)
        case "narrow":
            return _narrower(form, asked_days, evidence, findings)
        case "reject":
            return _refusal(form, evidence, findings)
        case _:
            findings.general = gettext("请用页面上的按钮作出决定。")
            return None


def _narrower(form: Mapping[str, str], asked_days: int, evidence: str | None, findings: Findings) -> Answer | None:
    days, scope = whole_number(form.get("days")), scope_of(form.get("scope", ""), "scope", findings)
    if days is None or not 1 <= days <= asked_days:
        findings.add("days", Message("应为 1 至 %(days)s 天，不超过所申请的。", days=asked_days))
    return None if findings else Answer.yes(scope, days, text_of(form, "comment"), evidence)


def _refusal(form: Mapping[str, str], evidence: str | None, findings: Findings) -> Answer | None:
    code = form.get("reason_code", "")
    if not code:
        findings.add("reason_code", Message("请选择一项理由。"))
    days, scope = whole_number(form.get("alternative_days")), scope_of(form.get("alternative_scope", ""), "alternative_scope", findings)
    if days is None and form.get("alternative_days", "").strip():
        findings.add("alternative_days", Message("请填写天数。"))
    alternative = Alternative(scope, days, identifier(form.get("alternative_item")))
    return None if findings else Answer.no(code, text_of(form, "refusal"), evidence, alternative)


def scope_of(code: str, field: str, findings: Findings) -> Scope | None:
    """Return the rows of a division, or ``None`` where none was chosen."""
    try:
        return Scope((code,)) if code else None
    except ValueError:
        findings.add(field, Message("请选择列出的地区。"))
        return None


def attempt(line_id: UUID, act: Callable[[Findings], ResponseReturnValue | None]) -> ResponseReturnValue:
    """Run what a form of the decision page wants; what stands against it is shown on the page as things stand now.

    Raises:
        NotFound: the reader may no longer see the line.
    """
    findings, status = Findings(), 422
    try:
        done = act(findings)
    except (Conflict, Invalid, Denied) as error:
        findings.take(error)
        done, status = None, status_of(error)
    return done if done is not None else (page_of(line_id, findings), status)


def page_of(line_id: UUID, findings: Findings) -> str:
    """Return the decision page of a line."""
    page = services().access_queries.decision_page(current_actor(), line_id)
    card, digest = _card(page)
    choices = page.scope_choices
    names = full_names(choices)
    suggested = next((choice.code for choice in choices if choice.suggested), choices[0].code if choices else "")
    options = [(choice.code, names.get(choice.code) or gettext("所申请的全部")) for choice in choices]
    form, hands_on = request.form, request.args.get("hand_on") == "1" or "official" in request.form
    return render_template(
        "portal/decision.html",
        page=page,
        line=page.line,
        card=card,
        digest=digest,
        scope_options=options,
        reject_options=[(code.value, say(text)) for code, text in REJECT.items()],
        form=_Form(
            action=form.get("action", ""),
            scope=form.get("scope", suggested),
            days=form.get("days", str(page.max_days)),
            comment=text_of(form, "comment"),
            reason_code=form.get("reason_code", ""),
            refusal=text_of(form, "refusal"),
            alternative_days=form.get("alternative_days", ""),
            alternative_scope=form.get("alternative_scope", ""),
            alternative_item=form.get("alternative_item", ""),
            missing=text_of(form, "missing"),
            reason=text_of(form, "reason"),
            text=text_of(form, "text"),
        ),
        other_items=_other_items(page) if page.may_decide else [],
        hands_on=hands_on,
        candidates=services().approving.handling.candidates(line_id) if hands_on and (page.may_decide or page.held_by) else (),
        remarks=services().approving.discussing.remarks(line_id),
        ends_at=services().clock.now() + timedelta(days=page.line.requested_days),
        taken_back=_taken_back(page.line),
        may_revoke=page.line.grant is not None and may("govcloud:grant:revoke"),
        errors=findings.errors,
        general=findings.general,
    )


def _card(page: DecisionPage) -> tuple[EvidenceCard | Mapping[str, Any], str]:
    """Return the card to show with its digest: the one that was decided on, or of a line that waits, as the facts stand.

    Cards of the first form lack what the page shows; of lines that were decided on one of these the facts stand as they do now.
    """
    decision = page.line.decision
    if decision is not None:
        stored = services().receipts.evidence_of(page.line.id, decision.id)
        if stored.get("version", 1) >= _SHOWN_FROM:
            return stored, decision.evidence_hash
    return page.card, page.evidence_hash


def _other_items(page: DecisionPage) -> list[tuple[str, str]]:
    """Return the other items of the subsystem, of which one might be asked for instead."""
    found = services().subsystem_queries.items_of(page.line.subsystem_code)
    return [(str(item.id), item.name) for item in found if item.id != page.line.item_id]


def _taken_back(line: LineView) -> TakenBack | None:
    """Return how the end of the line's grant reached the subsystem, once it has ended."""
    grant = line.grant
    if grant is None or grant.state not in ENDED:
        return None
    return taken_back({grant.id: grant.function})[grant.id]
