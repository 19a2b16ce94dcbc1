"""Who asks, as the engine sees it: officials with what they hold, and the subjects that are no officials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from govcloud.authorization.subjects.duties import NO_DUTIES, CompiledDuties
from govcloud.authorization.subjects.holding import EVERY_OFFICIAL, take_snapshot
from govcloud.authorization.subjects.snapshot import AssignmentFact, GrantFact, Snapshot, Window
from govcloud.identity.queries import Subject
from govcloud.kernel.actor import Actor, ActorKind


def official_snapshot(
    official_id: UUID,
    subject: Subject | None,
    assignments: Iterable[AssignmentFact],
    grants: Iterable[GrantFact],
    closure: Mapping[str, frozenset[str]],
    *,
    duties: CompiledDuties = NO_DUTIES,
    everywhere: Sequence[Subject] | None = None,
) -> Snapshot:
    """Return an active official's snapshot, under the appointment of ``subject`` (``None``: under no appointment).

    Args:
        official_id: who it is.
        subject: the official under the appointment that is acted under.
        assignments: roles that were assigned.
        grants: temporary grants.
        closure: what each role includes.
        duties: the duty rules in force.
        everywhere: the official under every live appointment, when the policy asks about all of them.
    """
    attributes: dict[str, Any] = {"kind": "official", "official_id": str(official_id), "active_appointment": subject is not None}
    if subject is not None:
        attributes |= {
            "appointment_id": str(subject.appointment_id),
            "department_id": str(subject.department_id),
            "department_path": subject.department_path,
            "division": subject.division,
            "business_lines": subject.business_lines,
            "level": subject.level,
            "rank": subject.rank,
            "post": subject.post,
            "position": subject.position,
            "appointment_kind": subject.kind,
            "label": subject.label,
        }
    if everywhere is not None:
        attributes["all_department_ids"] = tuple(str(place.department_id) for place in everywhere)
        attributes["all_positions"] = tuple(place.position for place in everywhere)
    since_ever = AssignmentFact(EVERY_OFFICIAL, datetime(1970, 1, 1, tzinfo=UTC))
    by_duty = duties.held(subject) if subject is not None else ()
    return take_snapshot(f"official:{official_id}", attributes, (since_ever, *assignments), grants, closure, duties=by_duty)


def fixed_snapshot(actor: Actor, closure: Mapping[str, frozenset[str]]) -> Snapshot:
    """Return the snapshot of an actor who is no official: its role, those that a client was entrusted with, and all they include."""
    roles: tuple[str, ...]
    match actor.kind:
        case ActorKind.SYSTEM:
            roles, attributes = (f"system:{actor.id}",), {"kind": "system"}
        case ActorKind.SUBSYSTEM:
            roles, attributes = ("subsystem", *actor.roles), {"kind": "subsystem", "client_id": actor.id}
        case _:
            roles, attributes = ("anonymous",), {"kind": "anonymous"}
    always = (Window(0),)
    held = {included: always for role in roles for included in closure.get(role, frozenset((role,)))}
    return Snapshot(actor.reference, attributes, held)
