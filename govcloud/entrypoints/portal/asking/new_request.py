"""Asking for temporary access: the catalogue, and the form for one item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from govcloud.access.asking.queries import Chosen
from govcloud.access.asking.views import CatalogueEntry
from govcloud.access.commands import NewRequest
from govcloud.authorization.scopes.scope import PROVINCE, Scope
from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.choices import DivisionChoices, division_choices, durations, duty_options, usual_duration
from govcloud.entrypoints.portal.duty import acting_appointment
from govcloud.entrypoints.portal.forms import Findings, text_of, whole_number
from govcloud.identity.queries import Subject
from govcloud.kernel.errors import GovcloudError, NotFound
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import identifier
from govcloud.subsystems.levels import asks_each_time
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, services, signed_in
from govcloud.web.looks import listed
from govcloud.web.moments import moment

_SHOWN = 50
_HITS, _MATTERS = 20, 12
_LONGEST_QUERY = 60
_OTHER = "other"


@dataclass(frozen=True)
class _Form:
    """What stands in the form."""

    reason: str
    case_number: str
    matter_id: str
    days: str
    scope: str
    scope_other: str
    duty: str


@portal.get("/requests/new")
@signed_in
def new_request() -> ResponseReturnValue:
    """Show the catalogue, or with ``item`` the form for it, filled in as far as the address says."""
    acting_appointment()
    given = request.args.get("item")
    if given is None:
        return _catalogue()
    return _page(_item(given), request.args, Findings())


@portal.post("/requests/new")
@signed_in
def submit() -> ResponseReturnValue:
    """Submit the request; on success the page of the request says who decides and by when."""
    acting_appointment()
    item = _item(request.form.get("item"))
    if request.form.get("basket"):
        return _keep(item)
    findings = Findings()
    days = whole_number(request.form.get("days"))
    if days is None:
        findings.add("days", Message("请选择天数。"))
    scope = _scope(item, request.form, findings)
    if days is None or findings:
        return _page(item, request.form, findings), 422
    new = NewRequest(
        item_id=item.id,
        reason=text_of(request.form, "reason"),
        days=days,
        scope=scope,
        case_number=text_of(request.form, "case_number") or None,
        matter_id=identifier(request.form.get("matter_id")),
        duty=request.form.get("duty") or None,
    )
    try:
        submitted = services().access.submit(current_actor(), new)
    except GovcloudError as error:
        findings.take(error)
        return _page(item, request.form, findings), status_of(error)
    flash(
        gettext(
            "申请 %(number)s 已提交，由%(owner)s的高级管理员决定，不晚于 %(at)s。",
            number=submitted.number,
            owner=item.owner_department_name,
            at=moment(submitted.due_at),
        ),
        "success",
    )
    return redirect(url_for("portal.request_detail", request_id=submitted.request_id), 303)


def _keep(item: CatalogueEntry) -> ResponseReturnValue:
    """Put the item into the basket as far as it is filled in; the rest is chosen there."""
    scope = _scope(item, request.form, Findings())
    days = whole_number(request.form.get("days"))
    chosen = Chosen(item.id, scope if scope.divisions is not None else None, days if days and days <= item.max_days else None)
    services().asking.put_in_basket(current_actor(), [chosen])
    flash(gettext("已放入申请清单，可以继续查找，最后一起提交。"), "success")
    return redirect(url_for("portal.basket"), 303)


def _catalogue() -> str:
    """Show what is found, and how one stands to it; without a search, the matters and the items."""
    query, actor = request.args.get("q", "").strip()[:_LONGEST_QUERY], current_actor()
    found = () if query else services().access_queries.catalogue("", _SHOWN + 1)
    return render_template(
        "portal/catalogue.html",
        q=query,
        hits=services().asking_queries.search(actor, query, _HITS) if query else (),
        matters=() if query else services().subsystem_queries.matters_named("", _MATTERS),
        items=found[:_SHOWN],
        more=len(found) > _SHOWN,
        in_basket=services().asking_queries.basket_count(actor),
    )


def _item(given: str | None) -> CatalogueEntry:
    """Return the item to ask for.

    Raises:
        NotFound: it is not one that can be requested now.
    """
    item_id = identifier(given)
    item = services().access_queries.item(item_id) if item_id else None
    if item is None:
        raise NotFound(
            "no_such_item",
            Message("这项权限不能申请：它不在可申请的目录中，或已经下架。"),
            remedy=Message("请在“申请权限”中重新查找，或联系主管部门。"),
        )
    return item


def _subject() -> Subject | None:
    return services().identity_queries.subject(acting_appointment())


def _scope(item: CatalogueEntry, form: Mapping[str, str], findings: Findings) -> Scope:
    """Return the rows that were picked; one that was not offered is noted."""
    if item.scope_kind != "division":
        return PROVINCE
    picked = form.get("scope", "")
    code = form.get("scope_other", "") if picked == _OTHER else picked
    try:
        return Scope((code,))
    except ValueError:
        findings.add("scope", Message("请选择一个地区。"))
        return PROVINCE


def _form(item: CatalogueEntry, given: Mapping[str, str], divisions: DivisionChoices | None) -> _Form:
    """Return what the form shows: what was given, else the least."""
    own = next((choice.code for choice in divisions.near if choice.suggested), "") if divisions else ""
    scope = given.get("scope") or own or _OTHER
    if divisions is not None and scope != _OTHER and scope not in {choice.code for choice in divisions.near}:
        scope, other = _OTHER, scope
    else:
        other = given.get("scope_other", "")
    return _Form(
        reason=text_of(given, "reason"),
        case_number=given.get("case_number", ""),
        matter_id=given.get("matter_id", ""),
        days=given.get("days") or str(usual_duration(item.max_days)),
        scope=scope,
        scope_other=other,
        duty=given.get("duty", ""),
    )


def _page(item: CatalogueEntry, given: Mapping[str, str], findings: Findings) -> str:
    subject = _subject()
    divisions = None
    if item.scope_kind == "division":
        divisions = division_choices(services().access_queries.scope_choices(PROVINCE, subject.division if subject else None))
    route = services().access_queries.route(current_actor(), item.id)
    return render_template(
        "portal/request_form.html",
        item=item,
        untold=_untold(item),
        form=_form(item, given, divisions),
        divisions=divisions,
        durations=durations(item.max_days),
        matters=_matters(item.id),
        duties=duty_options() if services().authorization_queries.apart.tied_to_cases([item.function]) else [],
        applicant=gettext("%(name)s（%(duty)s）", name=subject.name, duty=f"{subject.department_name} · {subject.post}") if subject else "",
        deciders=listed(route.waits_for) or item.owner_department_name,
        due_at=route.due_at,
        errors=findings.errors,
        general=findings.general,
    )


def _untold(item: CatalogueEntry) -> bool:
    """Say whether the end of a grant would not be felt: then it cannot be asked for, and the form says so before one fills it in."""
    return not asks_each_time(item.integration_level) and bool(services().subsystem_queries.untold_clients(item.function.partition(":")[0]))


def _matters(item_id: UUID) -> list[tuple[str, str]]:
    """Return the matters that need this item."""
    return [
        (str(matter.id), matter.name)
        for matter in services().subsystem_queries.matters()
        if any(entry.item.id == item_id for entry in matter.items)
    ]
