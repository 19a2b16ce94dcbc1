"""What one holds: standing by which role, temporary by which request; and handing a temporary grant back."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from govcloud.access.views import HeldAccess
from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.duty import acting_appointment, reader
from govcloud.entrypoints.portal.workbench import SOON
from govcloud.kernel.errors import NotFound
from govcloud.kernel.messages import Message
from govcloud.web.gate import current_actor, services, signed_in
from govcloud.web.locale import say
from govcloud.web.looks import listed

_EVERYBODY = "official"
_PLATFORM = "govcloud"


@dataclass(frozen=True)
class _Standing:
    """The functions of one subsystem that a duty opens, and which roles open them."""

    subsystem_name: str
    functions: tuple[str, ...]
    cause: str


@portal.get("/access")
@signed_in
def held() -> ResponseReturnValue:
    """Show temporary grants, the next to end first, then what stands."""
    appointment_id = acting_appointment()
    mine = services().access_queries.my_access(reader().official_id)
    return render_template(
        "portal/held.html",
        temporary=[entry for entry in mine if entry.is_live],
        past=[entry for entry in mine if not entry.is_live],
        standing=_standing(appointment_id),
        soon=services().clock.now() + SOON,
    )


@portal.get("/access/<uuid:grant_id>/relinquish")
@signed_in
def relinquish(grant_id: UUID) -> ResponseReturnValue:
    """Show what is handed back, to be confirmed."""
    entry = _own(grant_id)
    return render_template(
        "portal/close_grant.html",
        title=gettext("交还临时权限"),
        lead=gettext("不再需要时可以提前交还，不必等到期。"),
        back=(url_for("portal.held"), gettext("我的权限")),
        held=entry,
        effect=gettext("您对“%(name)s”的下一次操作即被拒绝；需要时须重新申请。", name=entry.grant.function_name),
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


def _own(grant_id: UUID) -> HeldAccess:
    """Return one's own live grant.

    Raises:
        NotFound: it is not one's own, or it has ended.
    """
    found = next((entry for entry in services().access_queries.my_access(reader().official_id) if entry.grant.id == grant_id), None)
    if found is None or not found.is_live:
        raise NotFound("no_such_grant", Message("这项临时权限不存在，或已经结束。"), remedy=Message("请在“我的权限”中查看。"))
    return found


def _standing(appointment_id: UUID) -> list[_Standing]:
    """Return what the appointment may do without a temporary grant, by subsystem and by the roles that open it."""
    queries, now = services().authorization_queries, services().clock.now()
    policy = queries.policy()
    held_roles = [entry for entry in queries.assignments_of(reader().official_id, now) if entry.appointment_id in {None, appointment_id}]
    roles = list(dict.fromkeys([_EVERYBODY, *(entry.role_code for entry in held_roles)]))
    named = {role: policy.functions_of(policy.closure.get(role, frozenset({role}))) for role in roles}
    opened = queries.open_functions(appointment_id)
    functions = [
        entry for entry in services().subsystem_queries.functions(now) if entry.code in opened and entry.subsystem_code != _PLATFORM
    ]
    names = {entry.code: entry.name for entry in services().subsystem_queries.all()}
    rows: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for function in functions:
        keys = {function.code, f"{function.subsystem_code}:*"}
        cause = tuple(role for role in roles if keys & named[role])
        if cause:
            rows[function.subsystem_code, cause].append(function.name)
    return [
        _Standing(
            names.get(code, code),
            tuple(members),
            listed(say(Message(policy.roles[role].name)) for role in cause if role in policy.roles),
        )
        for (code, cause), members in rows.items()
    ]
