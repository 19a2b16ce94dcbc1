"""Notices in words: the names and moments that their sentences need, looked up once for a whole page or a batch of letters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from govcloud.access.errors import local_time
from govcloud.access.models import AccessRequest, RequestLine
from govcloud.access.notices.kinds import HOLDING, KINDS, Kind
from govcloud.access.notices.models import Notice
from govcloud.access.tasks.models import ApprovalRule, Delegation
from govcloud.authorization.queries import AuthorizationQueries, GrantView
from govcloud.identity.masking import family_name
from govcloud.identity.queries import IdentityQueries
from govcloud.kernel.messages import Message
from govcloud.subsystems.queries import SubsystemQueries

Translate = Callable[[str], str]
#: Why grants end without anybody having written a reason.
_ENDS: Mapping[str, Message] = {
    "mover": Message("任职已经变动"),
    "leaver": Message("已离职"),
    "disabled": Message("账号已停用"),
    "item_retired": Message("该项权限已下架"),
}


@dataclass(frozen=True)
class NoticeView:
    """A notice as people read it; ``at`` is its moment in words."""

    id: UUID
    kind: str
    group: str
    name: Message
    sentence: Message
    icon: str
    link: str
    at: str
    created_at: datetime
    read_at: datetime | None


class NoticeReader:
    """Puts notices into words."""

    def __init__(
        self, read: Callable[[], Session], identity: IdentityQueries, subsystems: SubsystemQueries, authorization: AuthorizationQueries
    ) -> None:
        """Take the source of sessions and the queries that know names."""
        self._read = read
        self._identity = identity
        self._subsystems = subsystems
        self._authorization = authorization

    def views(self, notices: Sequence[Notice], *, discreet: bool = False) -> tuple[NoticeView, ...]:
        """Return notices in their order; it takes as many statements for a hundred as for one.

        ``discreet`` is for what leaves the platform: people by their family name only, and not what somebody wrote.
        """
        lines = self._line_values({notice.line_id for notice in notices if notice.line_id})
        grants = self._grant_values({notice.grant_id for notice in notices if notice.grant_id})
        lendings = self._lending_values(_named(notices, "delegation_id"))
        rules = self._rule_values(_named(notices, "rule_id"))
        found = []
        for notice in notices:
            values = {**notice.params}
            for known, key in (
                (grants, notice.grant_id),
                (lines, notice.line_id),
                (lendings, _id_in(notice, "delegation_id")),
                (rules, _id_in(notice, "rule_id")),
            ):
                values |= known.get(key, {}) if key is not None else {}
            found.append(_view(notice, _discreet(values) if discreet else values))
        return tuple(found)

    def _line_values(self, ids: set[UUID]) -> Mapping[UUID, dict[str, object]]:
        if not ids:
            return {}
        query = select(RequestLine, AccessRequest).join(AccessRequest, AccessRequest.id == RequestLine.request_id)
        rows = self._read().execute(query.where(RequestLine.id.in_(ids))).all()
        items = self._subsystems.items({line.item_id for line, _ in rows})
        owners = self._identity.departments({line.owner_department_id for line, _ in rows})
        names = self._identity.official_names(
            {key for _, request in rows for key in (request.requester_official_id, request.beneficiary_official_id)}
        )
        return {
            line.id: {
                "item": items[line.item_id].name,
                "number": request.number,
                "who": names.get(request.beneficiary_official_id, ""),
                "requester": names.get(request.requester_official_id, ""),
                "department": owners[line.owner_department_id].name if line.owner_department_id in owners else Message("主管部门"),
                "answer_by": local_time(line.deputy_at or line.due_at),
                "lapses_at": local_time(line.due_at),
            }
            for line, request in rows
        }

    def _grant_values(self, ids: set[UUID]) -> Mapping[UUID, dict[str, object]]:
        if not ids:
            return {}
        grants = self._authorization.grants_by_id(ids)
        names = self._subsystems.function_names({grant.function for grant in grants.values()})
        return {key: _of_grant(grant, names) for key, grant in grants.items()}

    def _lending_values(self, ids: set[UUID]) -> Mapping[UUID, dict[str, object]]:
        if not ids:
            return {}
        rows = self._read().scalars(select(Delegation).where(Delegation.id.in_(ids))).all()
        names = self._identity.official_names({key for row in rows for key in (row.delegator_id, row.delegate_id)})
        return {
            row.id: {
                "delegator": names.get(row.delegator_id, ""),
                "delegate": names.get(row.delegate_id, ""),
                "starts_at": local_time(row.starts_at),
                "ends_at": local_time(row.ends_at),
            }
            for row in rows
        }

    def _rule_values(self, ids: set[UUID]) -> Mapping[UUID, dict[str, object]]:
        if not ids:
            return {}
        rows = self._read().scalars(select(ApprovalRule).where(ApprovalRule.id.in_(ids))).all()
        items = self._subsystems.items({row.item_id for row in rows})
        return {row.id: {"item": items[row.item_id].name, "ends_at": local_time(row.ends_at)} for row in rows}


def _named(notices: Iterable[Notice], name: str) -> set[UUID]:
    return {key for notice in notices if (key := _id_in(notice, name)) is not None}


def _id_in(notice: Notice, name: str) -> UUID | None:
    """Return an id that a notice keeps with what its sentence needs."""
    return UUID(notice.params[name]) if name in notice.params else None


_PERSONS = ("who", "requester", "delegator", "delegate")
_IN_THE_PORTAL = Message("（理由见平台）")


def _discreet(values: Mapping[str, object]) -> dict[str, object]:
    """Return what a sentence says of people where others might read along."""
    hidden: dict[str, object] = {name: family_name(str(values[name])) for name in _PERSONS if name in values}
    if "reason" in values:
        hidden["reason"] = _IN_THE_PORTAL
    return {**values, **hidden}


def _of_grant(grant: GrantView, names: Mapping[str, str]) -> dict[str, object]:
    reason = grant.close_reason or ""
    return {
        "item": names.get(grant.function, grant.function),
        "starts_at": local_time(grant.starts_at),
        "ends_at": local_time(grant.ends_at),
        "reason": _ENDS.get(reason) or Message("%(reason)s", reason=reason),
    }


def _view(notice: Notice, values: Mapping[str, object]) -> NoticeView:
    kind = KINDS.get(notice.kind) or _unknown()
    return NoticeView(
        id=notice.id,
        kind=notice.kind,
        group=kind.group,
        name=kind.name,
        sentence=Message(kind.sentence.template, **values),
        icon=kind.icon,
        link=notice.link,
        at=local_time(notice.created_at),
        created_at=notice.created_at,
        read_at=notice.read_at,
    )


def _unknown() -> Kind:
    """Return how a notice shows that a later release wrote."""
    return Kind(HOLDING, Message("消息"), Message("有一条新消息。"), "inbox", "/notices", mailed=False)
