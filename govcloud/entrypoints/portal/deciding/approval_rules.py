"""Rules signed in advance: what an owner grants at once, to whom and within which bounds; signing one and ending it."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from govcloud.access.deciding.presigning import NewRule, SignedAgain
from govcloud.access.deciding.rule_lists import SignableItem
from govcloud.authorization.scopes.scope import PROVINCE
from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.choices import full_names
from govcloud.entrypoints.portal.deciding.decision_form import scope_of
from govcloud.entrypoints.portal.duty import acting_appointment
from govcloud.entrypoints.portal.forms import Findings, text_of, whole_number
from govcloud.entrypoints.portal.words import RULES
from govcloud.kernel.errors import GovcloudError
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import identifier
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, requires, services
from govcloud.web.locale import say
from govcloud.web.moments import at_of

_LABELS = {
    "item_id": Message("可申请项"),
    "departments": Message("使用人所在部门"),
    "max_days": Message("最长天数"),
    "ends_at": Message("规则有效至"),
    "scope": Message("数据范围"),
    "reason": Message("签署理由"),
}
_SIGN = "govcloud:approval_rule:sign"


@portal.get("/approval-rules")
@requires(_SIGN)
def approval_rules() -> ResponseReturnValue:
    """Show the rules of the departments for which one decides, and the form for a new one."""
    acting_appointment()
    return _page(Findings(labels=_LABELS))


@portal.post("/approval-rules")
@requires(_SIGN)
def sign_rule() -> ResponseReturnValue:
    """Say yes in advance."""
    acting_appointment()
    findings = Findings(labels=_LABELS)
    item, days = _item(request.form.get("item_id", "")), whole_number(request.form.get("max_days"))
    ends_at = at_of(request.form.get("ends_at", ""))
    scope = scope_of(request.form.get("scope", ""), "scope", findings)
    departments = _departments(findings)
    for name, value in (("item_id", item), ("max_days", days), ("ends_at", ends_at)):
        if value is None:
            findings.add(name, Message("请填写。"))
    if item is None or days is None or ends_at is None or findings:
        return _page(findings), 422
    reason = text_of(request.form, "reason")
    new = NewRule(item.id, departments, days, ends_at, reason, scope or PROVINCE, item.version, item.on_silence)
    try:
        services().approving.presigning.sign(current_actor(), new)
    except GovcloudError as error:
        findings.take(error)
        return _page(findings), status_of(error)
    _tell_signed(on_silence=item.on_silence)
    return redirect(url_for("portal.approval_rules"), 303)


@portal.post("/approval-rules/<uuid:rule_id>/sign-again")
@requires(_SIGN)
def sign_rule_again(rule_id: UUID) -> ResponseReturnValue:
    """Sign a rule anew, in one's own office and for the item as it was shown."""
    acting_appointment()
    version, ends_at = whole_number(request.form.get("item_version")), at_of(request.form.get("ends_at", ""))
    if version is None or ends_at is None:
        flash(gettext("请填写规则有效至何时。"), "error")
        return redirect(url_for("portal.approval_rules"), 303)
    try:
        again = SignedAgain(version, ends_at, text_of(request.form, "reason"))
        services().approving.presigning.sign_again(current_actor(), rule_id, again)
        flash(gettext("规则已以您的名义重新签署，按原来的界限继续生效。"), "success")
    except GovcloudError as error:
        flash(" ".join([say(error.message), *(say(item.message) for item in error.fields)]), "error")
    return redirect(url_for("portal.approval_rules"), 303)


@portal.post("/approval-rules/<uuid:rule_id>/end")
@requires("govcloud:approval_rule:end")
def end_rule(rule_id: UUID) -> ResponseReturnValue:
    """Let a rule grant nothing any more."""
    acting_appointment()
    try:
        services().approving.presigning.end(current_actor(), rule_id, text_of(request.form, "reason"))
        flash(gettext("规则已终止。已开通的权限不受影响，可以另行撤销。"), "success")
    except GovcloudError as error:
        flash(" ".join([say(error.message), *(say(item.message) for item in error.fields)]), "error")
    return redirect(url_for("portal.approval_rules"), 303)


def _tell_signed(*, on_silence: bool) -> None:
    if on_silence:
        flash(gettext("默许规则已签署：今后提交的申请在时限内无人答复的，即以您的名义开通。"), "success")
    else:
        flash(gettext("规则已签署，范围内的新申请即刻开通，并以您的名义记录。"), "success")


def _item(text: str) -> SignableItem | None:
    """Return the item that was chosen, in the version that the page showed; ``None`` when it is not one of those."""
    key, _, version = text.partition("@")
    item_id, shown = identifier(key), whole_number(version)
    found = next((item for item in services().approving.presigning.signable(current_actor()) if item.id == item_id), None)
    return replace(found, version=shown) if found is not None and shown is not None else None


def _option(item: SignableItem) -> tuple[str, str]:
    return f"{item.id}@{item.version}", gettext("%(name)s（默许）", name=item.name) if item.on_silence else item.name


def _departments(findings: Findings) -> tuple[UUID, ...]:
    """Return the departments that the form names, a line each, by credit code or by their exact names."""
    found: list[UUID] = []
    for text in (line.strip() for line in text_of(request.form, "departments").splitlines()):
        if not text:
            continue
        view = services().identity_queries.department_by_uscc(text)
        named = [item for item in services().identity_queries.search_departments(text) if item.name == text]
        if view is None and len(named) != 1:
            findings.add("departments", Message("找不到部门“%(name)s”，请填写全称或统一社会信用代码。", name=text[:100]))
            return ()
        found.append(view.id if view else named[0].id)
    if not found:
        findings.add("departments", Message("请填写至少一个部门。"))
    return tuple(found)


def _page(findings: Findings) -> str:
    choices = services().access_queries.scope_choices(PROVINCE)
    names = full_names(choices)
    return render_template(
        "portal/approval_rules.html",
        rule_words=RULES,
        rules=services().approving.presigning.within(current_actor()),
        items=[("", gettext("请选择")), *map(_option, services().approving.presigning.signable(current_actor()))],
        scope_options=[("", gettext("全省")), *((choice.code, names[choice.code]) for choice in choices if choice.code in names)],
        form={name: text_of(request.form, name) for name in _LABELS},
        errors=findings.errors,
        general=findings.general,
    )
