"""Revoking many grants at once: whose and what is shown first, the number is typed to confirm, and the page says how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from time import monotonic
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from govcloud.access.ending.targets import Kind
from govcloud.access.ending.views import Preview, RevocationView
from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.duty import acting_appointment, reader
from govcloud.entrypoints.portal.forms import Findings, text_of, whole_number
from govcloud.kernel.errors import Conflict, Invalid, NotFound
from govcloud.kernel.messages import Message
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, requires, services

AT_ONCE_SECONDS = 2.0
"""So long a page waits for the work; the rest goes on behind it."""
KINDS: Mapping[Kind, Message] = {
    Kind.PERSON: Message("某人的全部临时权限"),
    Kind.SUBSYSTEM: Message("某子系统的全部临时权限"),
    Kind.MATTER: Message("为某件事开通的临时权限"),
    Kind.DEPARTMENT: Message("某部门（含下级）人员的临时权限"),
}
_LABELS = {"reason": Message("撤销理由"), "confirmed": Message("确认项数")}
_CHOICES = 20


@portal.get("/grants/many")
@requires("govcloud:grant:revoke_many")
def revoke_many() -> ResponseReturnValue:
    """Choose what the grants have in common; then show what would end."""
    acting_appointment()
    kind, target = _kind(request.args.get("kind", "")), request.args.get("target", "").strip()
    if kind is None or not target:
        return _choose(kind)
    try:
        return _page(services().ending.preview(current_actor(), kind, target), Findings(labels=_LABELS))
    except NotFound:
        return _choose(kind, target)


@portal.post("/grants/many")
@requires("govcloud:grant:revoke_many")
def order_revocation() -> ResponseReturnValue:
    """Order the end of what was shown, and work at it for a moment."""
    acting_appointment()
    kind, target = _kind(request.form.get("kind", "")), request.form.get("target", "")
    if kind is None:
        return _choose(None), 422
    findings, confirmed = Findings(labels=_LABELS), whole_number(request.form.get("confirmed"))
    ending, actor, seen_at = services().ending, current_actor(), _moment(request.form.get("seen_at", ""))
    shown = whole_number(request.form.get("shown"))
    if confirmed is None or confirmed != shown or seen_at is None:
        findings.add("confirmed", Message("请照上面的数字输入将要撤销的项数。"))
        return _page(ending.preview(actor, kind, target), findings), 422
    try:
        ordered = ending.order(actor, kind, target, text_of(request.form, "reason"), confirmed=confirmed, seen_at=seen_at)
    except (Invalid, Conflict) as error:
        findings.take(error)
        return _page(ending.preview(actor, kind, target), findings), status_of(error)
    _work(ordered)
    return redirect(url_for("portal.revocation", revocation_id=ordered.id), 303)


@portal.get("/grants/many/<uuid:revocation_id>")
@requires("govcloud:grant:revoke_many")
def revocation(revocation_id: UUID) -> ResponseReturnValue:
    """Show how far an order is."""
    acting_appointment()
    return render_template("portal/revocation.html", order=services().ending.one(current_actor(), revocation_id), kinds=KINDS)


@portal.post("/grants/many/<uuid:revocation_id>")
@requires("govcloud:grant:revoke_many")
def go_on(revocation_id: UUID) -> ResponseReturnValue:
    """Work on at an order that is not done; a job does so as well."""
    acting_appointment()
    _work(services().ending.one(current_actor(), revocation_id))
    return redirect(url_for("portal.revocation", revocation_id=revocation_id), 303)


def _work(order: RevocationView) -> None:
    """Work at an order for as long as a page may take."""
    if order.finished_at is None:
        end = monotonic() + AT_ONCE_SECONDS
        order = services().ending.go_on(current_actor(), order.id, lambda: monotonic() >= end)
    if order.finished_at is not None:
        flash(gettext("已撤销 %(count)s 项临时权限。", count=order.done), "success")


def _choose(kind: Kind | None, text: str = "") -> str:
    """Return the page on which the target is looked for; what is typed finds people, departments, subsystems or matters."""
    return render_template(
        "portal/revoke_many.html",
        kinds=KINDS,
        kind=kind,
        text=text,
        found=_found(kind, text) if kind and text else (),
        recent=services().ending.of(reader().official_id, 5),
    )


def _found(kind: Kind, text: str) -> list[tuple[str, str, str]]:
    """Return (target, name, what tells it from others) of what fits ``text``."""
    identity, catalogue = services().identity_queries, services().subsystem_queries
    if kind is Kind.PERSON:
        found = identity.search_officials(text, _CHOICES).rows
        # Only whose access one answers for: this is no directory of people.
        holders = services().ending.holders_among(current_actor(), [person.id for person in found])
        people = [person for person in found if person.id in holders]
        places = identity.main_places([person.id for person in people])
        return [(str(one.id), one.name, places[one.id].department_name if one.id in places else "") for one in people]
    if kind is Kind.DEPARTMENT:
        return [(str(one.id), one.name, one.short_name) for one in identity.search_departments(text, _CHOICES)]
    if kind is Kind.SUBSYSTEM:
        return [(one.code, one.name, one.code) for one in catalogue.all() if text.lower() in f"{one.name} {one.code}".lower()][:_CHOICES]
    return [(str(one.id), one.name, one.code) for one in catalogue.matters() if text.lower() in f"{one.name} {one.code}".lower()][:_CHOICES]


def _page(preview: Preview, findings: Findings) -> str:
    return render_template(
        "portal/revoke_preview.html",
        preview=preview,
        kinds=KINDS,
        reason=text_of(request.form, "reason"),
        errors=findings.errors,
        general=findings.general,
    )


def _kind(text: str) -> Kind | None:
    return Kind(text) if text in set(Kind) else None


def _moment(text: str) -> datetime | None:
    """Return the moment of the preview, as the form carried it."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
