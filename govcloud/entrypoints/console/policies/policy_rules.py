"""Drafting one rule more or one rule less from a form: what it changes and for whom is shown before anything is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from flask import Response, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from govcloud.authorization.drafting.editing import with_rule, without_rule
from govcloud.authorization.drafting.effects import GAINS, LOSSES
from govcloud.authorization.drafting.impacts import AT_ONCE
from govcloud.authorization.drafting.service import NewDraft
from govcloud.authorization.models import PolicyRule
from govcloud.authorization.policies.comparing import compare
from govcloud.authorization.policies.document import PolicyDocument, RuleSpec
from govcloud.authorization.scopes.fields import FieldRule
from govcloud.entrypoints.console.parts.pages import ConsolePage, opened
from govcloud.entrypoints.console.parts.policy_steps import DRAFT, MEASURE
from govcloud.entrypoints.console.policies import policy_words as words
from govcloud.entrypoints.console.rights.authorization import role_choice
from govcloud.kernel.database import db
from govcloud.kernel.errors import FieldError, GovcloudError, Invalid, NotFound
from govcloud.kernel.messages import Message
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, no_permission, services
from govcloud.web.locale import say

_SEPARATORS = re.compile(r"[、,，;；\s]+")
_FIELDS = ("role", "effect", "functions", "when", "scope", "mask", "hide", "label", "title", "reason")
_LINES, _NAMED = 200, 5


@dataclass(frozen=True)
class Preview:
    """What a text would change for whom, as far as one waits for it; ``counts`` are (function, gains, losses, altered)."""

    touched: int
    population: int
    counts: tuple[tuple[str, int, int, int], ...]
    people: tuple[str, ...]


class RuleDrafting(ConsolePage):
    """The pages on which a change of one rule is drafted."""

    @expose("/rule", methods=("GET", "POST"))
    def rule_view(self) -> ResponseReturnValue:
        """Take in a rule, show what it would change, and keep it as a draft."""
        _may_draft()
        typed = {name: request.values.get(name, "").strip() for name in _FIELDS} | {"effect": request.values.get("effect", "allow")}
        if request.method == "GET":
            return self._rule_form(typed)
        try:
            base = _live()
            document = with_rule(base, typed["role"], _entry(typed), services().draft_queries.zones)
            if request.form.get("step") == "save":
                return _kept(typed, document)
            return self._rule_form(typed, base=base, document=document)
        except GovcloudError as error:
            return self._rule_form(typed, error)

    @expose("/drop/<uuid:rule_id>", methods=("GET", "POST"))
    def drop_view(self, rule_id: UUID) -> ResponseReturnValue:
        """Show what it would change if a rule went, and keep that as a draft."""
        _may_draft()
        row = db.session.get(PolicyRule, rule_id)
        if row is None or row.valid_to is not None:
            raise NotFound.of(Message("策略规则"), rule_id)
        typed = {name: request.form.get(name, "").strip() for name in ("title", "reason")}
        error: GovcloudError | None = None
        base, document = _live(), None
        try:
            document = without_rule(base, _spec(row))
            if request.method == "POST":
                return _kept(typed, document)
        except GovcloudError as refused:
            error = refused
        page = self.render("console/policy_drop.html", view=self, typed=typed, error=error, **_shown(base, document))
        return make_response(page, status_of(error) if error else 200)

    def _rule_form(
        self,
        typed: Mapping[str, str],
        error: GovcloudError | None = None,
        base: PolicyDocument | None = None,
        document: PolicyDocument | None = None,
    ) -> Response:
        page = self.render(
            "console/policy_rule.html",
            view=self,
            typed=typed,
            error=error,
            roles=[(role.code, role_choice(role.code)) for role in services().authorization_queries.roles()],
            **_shown(base, document),
        )
        return make_response(page, status_of(error) if error else 200)


def _may_draft() -> None:
    if not opened(DRAFT):
        raise no_permission()


def _live() -> PolicyDocument:
    return services().draft_queries.version_document(services().draft_queries.live_number())


def _spec(row: PolicyRule) -> RuleSpec:
    fields = FieldRule(frozenset(row.masked), frozenset(row.hidden))
    return RuleSpec(row.role_code, row.function, row.condition, row.effect, row.scope_expr, row.label, fields)


def _entry(typed: Mapping[str, str]) -> dict[str, object]:
    """Return what was typed as an entry of a document."""
    functions = [part for part in _SEPARATORS.split(typed["functions"]) if part]
    if not functions:
        raise Invalid.of(FieldError("functions", Message("至少写一项功能。")))
    effect = "deny" if typed["effect"] == "deny" else "allow"
    fields = {name: names for name in ("mask", "hide") if (names := [part for part in _SEPARATORS.split(typed[name]) if part])}
    said: dict[str, object] = {name: typed[name] for name in ("when", "scope", "label") if typed[name]}
    return {effect: functions} | said | ({"fields": fields} if fields else {})


def _kept(typed: Mapping[str, str], document: PolicyDocument) -> ResponseReturnValue:
    new = NewDraft(typed["title"], typed["reason"], document.text, base_number=services().draft_queries.live_number())
    draft_id = services().drafting.create(current_actor(), new)
    flash(say(Message("草稿已保存。请试算影响后提交。")), "success")
    return redirect(url_for("console_policy_drafts.draft_view", draft_id=draft_id), 303)


def _shown(base: PolicyDocument | None, document: PolicyDocument | None) -> dict[str, object]:
    """Return the difference and the impact that a page shows; nothing without a text."""
    if base is None or document is None:
        return {"lines": None, "preview": None}
    lines = list(islice(words.lines_of(compare(base, document)), _LINES))
    return {"lines": lines, "preview": _preview(document), "measures": opened(MEASURE)}


def _preview(document: PolicyDocument) -> Preview | None:
    """Return whom a text would touch; ``None`` where that takes too long to wait for."""
    measuring = services().drafting.measuring
    if not opened(MEASURE) or measuring.groups.more_than(AT_ONCE):
        return None
    measured = measuring.measure(services().authorization_queries.policy(), document, services().clock.now())
    counts: dict[str, list[int]] = {}
    people: list[str] = []
    for group in measured.groups:
        for function, effect in group.effects.items():
            place = 0 if effect in GAINS else 1 if effect in LOSSES else 2
            counts.setdefault(function, [0, 0, 0])[place] += group.size
        if group.kind in {"direct", "duty"} and len(people) < _NAMED:
            found = services().draft_queries.people_of(measured, group, _NAMED - len(people))
            people += [f"{person.name} {person.department_name} {person.position}".strip() for person in found]
    rows = tuple((function, gains, losses, altered) for function, (gains, losses, altered) in sorted(counts.items()))
    touched = sum(group.size for group in measured.groups)
    return Preview(touched, measured.population, rows, tuple(people))
