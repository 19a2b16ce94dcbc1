"""The shell around every page behind sign-in: who one is, in which duty, and where one may go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast
from uuid import UUID

from flask import g, request, url_for
from flask_babel import gettext

from govcloud.kernel.messages import Message
from govcloud.web.gate import current_actor, current_session, may_among, services
from govcloud.web.locale import say

#: More than this in the inbox shows as "99+".
_MANY = 99


@dataclass(frozen=True)
class NavItem:
    """One way to go: address, word, icon, a number that waits there, whether this page lies there, and what lies there."""

    href: str
    label: str
    icon: str
    count: str = ""
    current: bool = False
    hint: str = ""


@dataclass(frozen=True)
class NavGroup:
    """Ways to go that belong together, with or without a heading."""

    title: str
    items: tuple[NavItem, ...]


@dataclass(frozen=True)
class Shell:
    """What the shell shows; ``bottom`` and ``more`` are the phone's bar of four."""

    name: str
    appointment: str
    inbox_count: int
    inbox_label: str
    unread_count: int
    unread_label: str
    groups: tuple[NavGroup, ...]
    bottom: tuple[NavItem, ...]
    more: tuple[NavItem, ...]


@dataclass(frozen=True)
class _Place:
    """An entry of the rail: its endpoint, word and icon, and the endpoints that lie below it."""

    endpoint: str
    label: Message
    icon: str
    below: tuple[str, ...] = ()


STAFF = (
    _Place("portal.workbench", Message("工作台"), "layout-dashboard", ("portal.search",)),
    _Place(
        "portal.new_request",
        Message("申请权限"),
        "key-round",
        (
            "portal.submit",
            "portal.basket",
            "portal.ask_for_matter",
            "portal.ask_again",
            "portal.ask",
            "portal.colleagues",
            "portal.compare",
        ),
    ),
    _Place("portal.requests", Message("我的申请"), "clipboard-list", ("portal.request_detail", "portal.submission")),
    _Place("portal.held", Message("我的权限"), "shield-check", ("portal.relinquish", "portal.extend", "portal.ask_for_more")),
    _Place(
        "portal.inbox",
        Message("待我审批"),
        "inbox",
        ("portal.decision", "portal.decide", "portal.delegations", "portal.approval_rules", "portal.preview"),
    ),
    _Place("portal.account", Message("我的账号"), "circle-user-round", ("portal.change_password", "portal.set_up_factor")),
)
GRANTS = _Place(
    "portal.grants",
    Message("授权管理"),
    "gavel",
    (
        "portal.revoke",
        "portal.end_grant",
        "portal.rest",
        "portal.let_rest",
        "portal.wake",
        "portal.let_work",
        "portal.revoke_many",
        "portal.order_revocation",
        "portal.revocation",
        "portal.go_on",
    ),
)
REPORTS = _Place("portal.reports", Message("权限报表"), "scroll-text")
NOTICES = _Place("portal.notices", Message("消息"), "bell", ("portal.notice_settings",))
WAITING = _Place("portal.waiting", Message("等待时长"), "timer")
CONSOLE = _Place("console.index", Message("管理控制台"), "monitor-cog")
"""The console's first page; ``govcloud:console:open`` opens it."""


def _item(place: _Place, inbox: str) -> NavItem:
    endpoint = request.endpoint or ""
    return NavItem(
        href=url_for(place.endpoint),
        label=say(place.label),
        icon=place.icon,
        count=inbox if place.endpoint == "portal.inbox" else "",
        current=endpoint == place.endpoint or endpoint in place.below,
    )


def _counted(count: int) -> str:
    """Return a number of things that wait as it is shown."""
    return f"{_MANY}+" if count > _MANY else str(count)


def _duty(appointment_id: UUID | None) -> str:
    """Return department and post (or position) of the appointment in which one acts, or nothing."""
    if appointment_id is None:
        return ""
    held = services().identity_queries.appointment(appointment_id, services().clock.now())
    return f"{held.department_name} · {held.post or held.position}" if held else ""


def _build() -> Shell:
    session = current_session()
    count = services().access_queries.inbox_count(current_actor()) if session and session.appointment_id else 0
    unread = services().notice_queries.unread(session.official_id) if session else 0
    label = _counted(count)
    waiting = label if count else ""
    staff = [_item(place, waiting) for place in STAFF]
    functions = {
        "govcloud:grant:revoke": GRANTS,
        "govcloud:waiting:read": WAITING,
        "govcloud:access_report:read": REPORTS,
        "govcloud:console:open": CONSOLE,
    }
    opened = may_among(functions)
    managing = [_item(place, "") for function, place in functions.items() if function in opened]
    groups = [NavGroup("", tuple(staff))]
    if managing:
        groups.append(NavGroup(gettext("管理"), tuple(managing)))
    workbench, new_request, requests, held, inbox, account = staff
    return Shell(
        name=session.name if session else "",
        appointment=_duty(session.appointment_id) if session else "",
        inbox_count=count,
        inbox_label=label,
        unread_count=unread,
        unread_label=_counted(unread),
        groups=tuple(groups),
        bottom=(workbench, requests, inbox),
        more=(new_request, held, _item(NOTICES, ""), account, *managing),
    )


def shell() -> Shell:
    """Return the shell of the current request, built once."""
    if "shell" not in g:
        g.shell = _build()
    return cast("Shell", g.shell)
