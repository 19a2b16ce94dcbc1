"""What a change of duty takes and gives, by name: the groups that a form shows before it is confirmed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from govcloud.entrypoints.console.rights.authorization import role_name
from govcloud.identity.queries import Subject
from govcloud.identity.views import AppointmentView, OfficialView
from govcloud.identity.working_life.orders import Duty
from govcloud.kernel.messages import Message
from govcloud.web.gate import services

#: No appointment has this id: it stands for one that is only being asked about.
_NOT_YET = UUID(int=0)
Roles = frozenset[tuple[str, str | None]]


@dataclass(frozen=True)
class Loss:
    """A group of what changes hands: a heading, and the things by name; a ``notice`` is a sentence that names nothing."""

    title: Message
    names: tuple[str, ...] = ()
    notice: bool = False


def roles_by_duty(ended: Sequence[AppointmentView], begun: Subject | None, at: datetime) -> list[Loss]:
    """Return the roles that follow from the duties ``ended`` and no longer from ``begun``, and the other way round, as at ``at``."""
    before = _following(services().identity_queries.subjects_among({view.official_id for view in ended}, at), ended, at)
    after = services().authorization_queries.duties.following(begun, at) if begun else frozenset()
    found = [Loss(Message("随岗位失去的角色"), _names(before - after))] if ended else []
    return [*found, Loss(Message("随岗位获得的角色"), _names(after - before))] if begun else found


def serving(person: OfficialView, duty: Duty, kind: str, at: datetime) -> Subject | None:
    """Return the person as decisions will see them in a place that they do not have yet; ``None`` when there is no such department."""
    place = services().identity_queries.department(duty.department_id)
    if place is None:
        return None
    return Subject(
        official_id=person.id,
        appointment_id=_NOT_YET,
        name=person.name,
        employee_code=person.employee_code,
        status=person.status,
        kind=kind,
        post=duty.post.strip(),
        position=duty.position.strip(),
        rank=person.rank,
        label=person.security_label,
        department_id=place.id,
        department_name=place.name,
        department_path=place.path,
        division=place.division,
        level=place.level,
        business_lines=place.business_lines,
        starts_at=at,
        ends_at=duty.ends_at,
    )


def _following(subjects: Iterable[Subject], ended: Sequence[AppointmentView], at: datetime) -> Roles:
    ids, duties = {view.id for view in ended}, services().authorization_queries.duties
    return frozenset[tuple[str, str | None]]().union(*(duties.following(row, at) for row in subjects if row.appointment_id in ids))


def _names(roles: Roles) -> tuple[str, ...]:
    return tuple(sorted({role_name(code) for code, _ in roles}))
