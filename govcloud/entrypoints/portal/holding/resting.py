"""Suspending a grant that one answers for, and resuming it: what it means, the reason, confirmation."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from govcloud.access.views import HeldAccess
from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.duty import acting_appointment
from govcloud.entrypoints.portal.forms import Findings, text_of
from govcloud.entrypoints.portal.holding.grants import overseen
from govcloud.kernel.errors import Conflict, Invalid
from govcloud.kernel.messages import Message
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, requires, services

_LABELS = {"reason": Message("理由")}


@portal.get("/grants/<uuid:grant_id>/suspend")
@requires("govcloud:grant:suspend")
def rest(grant_id: UUID) -> ResponseReturnValue:
    """Show whose grant would rest, and ask for the reason."""
    acting_appointment()
    return _page(overseen(grant_id), Findings(labels=_LABELS), waking=False)


@portal.post("/grants/<uuid:grant_id>/suspend")
@requires("govcloud:grant:suspend")
def let_rest(grant_id: UUID) -> ResponseReturnValue:
    """Suspend the grant; the holder's next click is refused until it is resumed."""
    acting_appointment()
    entry, findings = overseen(grant_id), Findings(labels=_LABELS)
    try:
        services().grant_life.suspend(current_actor(), grant_id, text_of(request.form, "reason"))
    except (Invalid, Conflict) as error:
        findings.take(error)
        return _page(entry, findings, waking=False), status_of(error)
    flash(gettext("已暂停%(name)s的“%(what)s”，恢复之前不能使用。", name=entry.holder.name, what=entry.grant.function_name), "success")
    return redirect(url_for("portal.grants"), 303)


@portal.get("/grants/<uuid:grant_id>/resume")
@requires("govcloud:grant:resume")
def wake(grant_id: UUID) -> ResponseReturnValue:
    """Show whose grant would work again, and ask for the reason."""
    acting_appointment()
    return _page(overseen(grant_id), Findings(labels=_LABELS), waking=True)


@portal.post("/grants/<uuid:grant_id>/resume")
@requires("govcloud:grant:resume")
def let_work(grant_id: UUID) -> ResponseReturnValue:
    """Resume the grant; its end stays where it was."""
    acting_appointment()
    entry, findings = overseen(grant_id), Findings(labels=_LABELS)
    try:
        services().grant_life.resume(current_actor(), grant_id, text_of(request.form, "reason"))
    except (Invalid, Conflict) as error:
        findings.take(error)
        return _page(entry, findings, waking=True), status_of(error)
    flash(gettext("已恢复%(name)s的“%(what)s”。", name=entry.holder.name, what=entry.grant.function_name), "success")
    return redirect(url_for("portal.grants"), 303)


def _page(entry: HeldAccess, findings: Findings, *, waking: bool) -> str:
    return render_template(
        "portal/close_grant.html",
        title=gettext("恢复临时权限") if waking else gettext("暂停临时权限"),
        lead=gettext("恢复后即可使用，到期时间不变。") if waking else gettext("暂停立即生效，可以恢复；到期时间不变。"),
        back=(url_for("portal.grants"), gettext("授权管理")),
        held=entry,
        effect=gettext("使用人即刻可以继续使用。") if waking else gettext("恢复之前，使用人的操作一律被拒绝；仍有其他权限的部分不受影响。"),
        confirm=gettext("确认恢复") if waking else gettext("确认暂停"),
        asks_reason=True,
        reason_label=gettext("恢复理由") if waking else gettext("暂停理由"),
        reason=text_of(request.form, "reason"),
        errors=findings.errors,
        general=findings.general,
    )
