"""What one holds: standing by which role, temporary by which request; and handing a temporary grant back."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from govcloud.access.views import HeldAccess
from govcloud.authorization.deciding.explaining import CauseKind
from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.duty import acting_appointment, reader
from govcloud.entrypoints.portal.workbench import SOON
from govcloud.kernel.errors import NotFound
from govcloud.kernel.messages import Message
from govcloud.web.gate import current_actor, services, signed_in
from govcloud.web.locale import say
from govcloud.web.standing import access_panel
from govcloud.web.stays import taken_back

#: What is not temporary.
_STANDING = frozenset({CauseKind.EVERYBODY, CauseKind.DUTY, CauseKind.ASSIGNMENT})


@portal.get("/access")
@signed_in
def held() -> ResponseReturnValue:
    """Show temporary grants, the next to end first, then what stands."""
    appointment_id = acting_appointment()
    mine = services().access_queries.my_access(reader().official_id)
    live, past = [entry for entry in mine if entry.is_live], [entry for entry in mine if not entry.is_live]
    return render_template(
        "portal/held.html",
        temporary=live,
        extended=services().grant_life.extended_in([entry.grant.line_id for entry in live if entry.grant.line_id]),
        past=past,
        taken_back=taken_back({entry.grant.id: entry.grant.function for entry in past}),
        standing=access_panel(reader().official_id, appointment_id, kinds=_STANDING, platform=False).rows,
        soon=services().clock.now() + SOON,
    )


@portal.get("/access/<uuid:grant_id>/relinquish")
@signed_in
def relinquish(grant_id: UUID) -> ResponseReturnValue:
    """Show what is handed back, to be confirmed."""
    entry = own_grant(grant_id)
    return render_template(
        "portal/close_grant.html",
        title=gettext("交还临时权限"),
        lead=gettext("不再需要时可以提前交还，不必等到期。"),
        back=(url_for("portal.held"), gettext("我的权限")),
        held=entry,
        effect=_effect(entry),
        confirm=gettext("确认交还"),
        asks_reason=False,
        errors={},
        general="",
    )


@portal.post("/access/<uuid:grant_id>/relinquish")
@signed_in
def hand_back(grant_id: UUID) -> ResponseReturnValue:
    """Hand the grant back; doing it twice is fine."""
    services().access.relinquish(current_actor(), grant_id)
    flash(gettext("已交还，权限即刻失效。"), "success")
    return redirect(url_for("portal.held"), 303)


def _effect(entry: HeldAccess) -> str:
    """Say what handing back does: where the subsystem cannot ask by itself, one is signed out of it."""
    if taken_back({entry.grant.id: entry.grant.function})[entry.grant.id].asks:
        return say(Message("您对“%(name)s”的下一次操作即被拒绝；需要时须重新申请。", name=entry.grant.function_name))
    return say(Message("平台即刻通知“%(name)s”结束您的登录；需要时须重新申请。", name=entry.grant.subsystem_name))


def own_grant(grant_id: UUID) -> HeldAccess:
    """Return one's own live grant.

    Raises:
        NotFound: it is not one's own, or it has ended.
    """
    found = next((entry for entry in services().access_queries.my_access(reader().official_id) if entry.grant.id == grant_id), None)
    if found is None or not found.is_live:
        raise NotFound("no_such_grant", Message("这项临时权限不存在，或已经结束。"), remedy=Message("请在“我的权限”中查看。"))
    return found
