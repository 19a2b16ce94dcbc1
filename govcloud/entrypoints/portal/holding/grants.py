"""The grants that a senior administrator answers for, and revoking one: preview, reason, confirmation."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from govcloud.access.views import HeldAccess
from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.duty import acting_appointment
from govcloud.entrypoints.portal.forms import Findings, text_of
from govcloud.kernel.errors import Invalid, NotFound
from govcloud.kernel.messages import Message
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, requires, services
from govcloud.web.locale import say
from govcloud.web.stays import taken_back

_LABELS = {"reason": Message("撤销理由")}


@portal.get("/grants")
@requires("govcloud:grant:revoke")
def grants() -> ResponseReturnValue:
    """Show the live grants under the reader's authority."""
    acting_appointment()
    after = request.args.get("after")
    page = services().access_queries.overseen_access(current_actor(), after)
    return render_template("portal/grants.html", page=page, after=after)


@portal.get("/grants/<uuid:grant_id>/revoke")
@requires("govcloud:grant:revoke")
def revoke(grant_id: UUID) -> ResponseReturnValue:
    """Show whose grant ends and what that means, and ask for the reason."""
    acting_appointment()
    return _page(overseen(grant_id), Findings(labels=_LABELS))


@portal.post("/grants/<uuid:grant_id>/revoke")
@requires("govcloud:grant:revoke")
def end_grant(grant_id: UUID) -> ResponseReturnValue:
    """Revoke the grant; the holder's next click is refused."""
    acting_appointment()
    entry, findings = overseen(grant_id), Findings(labels=_LABELS)
    try:
        services().access.revoke(current_actor(), grant_id, text_of(request.form, "reason"))
    except Invalid as error:
        findings.take(error)
        return _page(entry, findings), status_of(error)
    flash(_said(entry), "success")
    line_id = entry.grant.line_id
    # The receipt shows how the end reaches the subsystem.
    return redirect(url_for("portal.decision", line_id=line_id) if line_id else url_for("portal.grants"), 303)


def _said(entry: HeldAccess) -> str:
    """Say what follows: the next check refuses, or the subsystem is told to end the stay."""
    name, what = entry.holder.name, entry.grant.function_name
    if _asks(entry):
        return say(Message("已撤销%(name)s的“%(what)s”，其下一次操作即被拒绝。", name=name, what=what))
    return say(Message("已撤销%(name)s的“%(what)s”，平台正在通知子系统结束其登录。", name=name, what=what))


def _effect(entry: HeldAccess) -> str:
    name, system = entry.holder.name, entry.grant.subsystem_name
    if _asks(entry):
        return say(Message("%(name)s的下一次操作即被拒绝，无须等待其退出登录。", name=name))
    return say(Message("“%(system)s”不逐次向平台核对，平台将通知其结束%(name)s的登录，并保存确认。", system=system, name=name))


def _asks(entry: HeldAccess) -> bool:
    return taken_back({entry.grant.id: entry.grant.function})[entry.grant.id].asks


def overseen(grant_id: UUID) -> HeldAccess:
    """Return a live grant that the reader answers for.

    Raises:
        NotFound: there is none, or it has ended.
    """
    found = services().access_queries.overseen_grant(current_actor(), grant_id)
    if found is None:
        raise NotFound(
            "no_such_grant", Message("这项临时权限不存在、已经结束，或不在您主管的范围内。"), remedy=Message("请在“授权管理”中查看。")
        )
    return found


def _page(entry: HeldAccess, findings: Findings) -> str:
    return render_template(
        "portal/close_grant.html",
        title=gettext("撤销临时权限"),
        lead=gettext("撤销立即生效，不能恢复；使用人需要时须重新申请。"),
        back=(url_for("portal.grants"), gettext("授权管理")),
        held=entry,
        effect=_effect(entry),
        confirm=gettext("确认撤销"),
        asks_reason=True,
        reason=text_of(request.form, "reason"),
        errors=findings.errors,
        general=findings.general,
    )
