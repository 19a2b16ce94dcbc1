"""What may this person do, and why: every open function with the windows that open it, each back to its cause.

The same engine decides on the same facts as a click does, so that a function stands here exactly when ``decide`` allows it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from govcloud.authorization.deciding.answering import Seen
from govcloud.authorization.deciding.asking import Asking
from govcloud.authorization.deciding.decider import PLATFORM, Decider, Standing
from govcloud.authorization.deciding.decisions import Reason
from govcloud.authorization.deciding.engine import Engine
from govcloud.authorization.models import AccessGrant, RoleAssignment
from govcloud.authorization.scopes.scope import Scope
from govcloud.authorization.subjects.duties import CompiledDuties
from govcloud.authorization.subjects.holding import EVERY_OFFICIAL
from govcloud.authorization.subjects.snapshot import Snapshot, Window, door_of, moment, subsystem_of
from govcloud.subsystems.levels import OWN, Traits


class CauseKind(StrEnum):
    """Where a right comes from."""

    EVERYBODY = "everybody"
    DUTY = "duty"
    ASSIGNMENT = "assignment"
    GRANT = "grant"


@dataclass(frozen=True, slots=True)
class Cause:
    """One way in which a right is held, in ``[starts_at, ends_at)``.

    ``id`` names the duty rule, the assignment or the grant, and ``because`` says in its words why it is there. ``held_role`` is what
    it gives, ``role`` the role (the same, or one that it includes) whose rule ``rule`` opens the function. ``department_path``
    bounds a delegated role, ``scope`` the rows. ``line_id`` and ``chain`` lead from a grant to its request.
    """

    kind: CauseKind
    id: UUID | None
    held_role: str | None
    role: str | None
    rule: str
    because: str
    starts_at: datetime
    ends_at: datetime | None
    scope: Scope
    department_path: str | None = None
    line_id: UUID | None = None
    chain: str | None = None


@dataclass(frozen=True, slots=True)
class OpenFunction:
    """A function that is open, on ``scope``, until the last of its causes ends (``None``: no end is known)."""

    function: str
    name: str
    subsystem_code: str
    scope: Scope
    ends_at: datetime | None
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class AccessView:
    """All that an official may do under one appointment at ``at``; ``refused`` says why it is nothing at all.

    ``roles`` are what is held directly, each with its cause, those included that have not begun.
    """

    official_id: UUID
    appointment_id: UUID | None
    at: datetime
    refused: Reason | None
    functions: tuple[OpenFunction, ...] = ()
    roles: tuple[Cause, ...] = ()


class Explaining:
    """Answers what somebody may do, and why; reads only."""

    def __init__(self, read: Callable[[], Session], decider: Decider) -> None:
        """Take the source of reading sessions and the decider."""
        self._read = read
        self._decider = decider

    def access_of(self, official_id: UUID, appointment_id: UUID | None, at: datetime) -> AccessView:
        """Return what the official may do at ``at``; see ``AuthorizationQueries.access_of``."""
        decider = self._decider
        standing = decider.standing(official_id, appointment_id, at)
        if isinstance(standing, Reason):
            return AccessView(official_id, appointment_id, at, standing)
        engine = decider.live.as_of(decider.facts.version_at(at))
        duties = decider.live_duties.as_of(at)
        snapshot = self._snapshot(standing, engine, duties, at)
        causes = self._causes([window for held in snapshot.roles.values() for window in held], duties)
        seen = Seen(snapshot, engine, 0, at)
        opened = (self._opened(code, name, traits, seen, causes) for code, name, traits in self.catalogue(snapshot, engine, at))
        return AccessView(
            official_id,
            appointment_id,
            at,
            None,
            functions=tuple(function for function in opened if function is not None),
            roles=tuple(causes.held(snapshot)),
        )

    def _snapshot(self, standing: Standing, engine: Engine, duties: CompiledDuties, at: datetime) -> Snapshot:
        who = (standing.official_id, standing.appointment_id, at)
        facts = self._decider.facts
        return self._decider.snapshot(standing, engine.policy, duties, facts.assignments(*who), facts.grants(*who), at)

    def catalogue(self, snapshot: Snapshot, engine: Engine, at: datetime) -> Iterator[tuple[str, str, Traits]]:
        """Return code, name and traits of every function that could be open: some rule of a held role, or a grant, names it."""
        retired = self._decider.subsystems.retired_at(at)
        subsystems = {item.code: item for item in self._decider.subsystems.all() if item.code not in retired}
        listed = self._decider.subsystems.functions(at)
        names = {item.code: item.name for item in listed}
        traits = {item.code: item.traits for item in listed}
        known = {code: name for code, name in names.items() if subsystem_of(code) in subsystems}
        known |= {door_of(code): names.get(door_of(code), item.name) for code, item in subsystems.items() if code != PLATFORM}
        named = engine.policy.functions_of(snapshot.roles)
        known = {code: name for code, name in known.items() if subsystem_of(code) != PLATFORM}
        known |= {code: names.get(code, code) for code in named if subsystem_of(code) == PLATFORM}
        is_named = Seen(snapshot, engine, 0, at).naming()
        yield from ((code, name, traits.get(code, OWN)) for code, name in sorted(known.items()) if is_named(code))

    def _opened(self, code: str, name: str, traits: Traits, seen: Seen, causes: _Causes) -> OpenFunction | None:
        asking = seen.asking(code, traits)
        verdict = seen.engine.decide(asking, code)
        if not verdict.allowed:
            return None
        found = _behind(asking, seen.engine, causes)
        ends = [cause.ends_at for cause in found]
        last = None if None in ends else max(end for end in ends if end is not None)
        return OpenFunction(code, name, subsystem_of(code), verdict.rows, last, tuple(found))

    def behind(self, asking: Asking, engine: Engine, duties: CompiledDuties) -> tuple[Cause, ...]:
        """Return what stands behind an allow: the causes of the rules that matched in ``asking``, which the engine has decided."""
        return tuple(_behind(asking, engine, self._causes([window for opened in asking.matched for window in opened.windows], duties)))

    def _causes(self, windows: Collection[Window], duties: CompiledDuties) -> _Causes:
        """Return what turns these windows into causes."""
        assignments = self._assignments({window.assignment_id for window in windows if window.assignment_id})
        return _Causes(duties, assignments, self._grants({window.grant_id for window in windows if window.grant_id}))

    def _assignments(self, wanted: Collection[UUID]) -> Mapping[UUID, tuple[str, str]]:
        if not wanted:
            return {}
        query = select(RoleAssignment.id, RoleAssignment.role_code, RoleAssignment.reason).where(RoleAssignment.id.in_(wanted))
        return {row.id: (row.role_code, row.reason) for row in self._read().execute(query)}

    def _grants(self, wanted: Collection[UUID]) -> Mapping[UUID, tuple[UUID | None, str | None]]:
        if not wanted:
            return {}
        query = select(AccessGrant.id, AccessGrant.line_id, AccessGrant.chain).where(AccessGrant.id.in_(wanted))
        return {row.id: (row.line_id, row.chain) for row in self._read().execute(query)}


def _behind(asking: Asking, engine: Engine, causes: _Causes) -> list[Cause]:
    """Return the causes of the rules that matched, each with the rows that it opens."""
    found: list[Cause] = []
    for opened in asking.matched:
        rule = engine.policy.rules[opened.number]
        role, own = asking.role_of(rule.role), asking.own_rows(engine.policy.scopes[rule.scope_expr])
        found.extend(causes.of(window, role, rule.label, own.intersect(window.scope)) for window in opened.windows)
    return found


@dataclass(frozen=True, slots=True)
class _Causes:
    """Turns windows into causes: assignments by id (role, reason), grants by id (line, chain)."""

    duties: CompiledDuties
    assignments: Mapping[UUID, tuple[str, str]]
    grants: Mapping[UUID, tuple[UUID | None, str | None]]

    def of(self, window: Window, role: str, rule: str, scope: Scope) -> Cause:
        """Return the cause that ``window`` stands for."""
        starts_at, ends_at = moment(window.starts_at), None if window.ends_at is None else moment(window.ends_at)
        bounds = (starts_at, ends_at, scope, window.department_path)
        if window.grant_id is not None:
            line_id, chain = self.grants.get(window.grant_id, (None, None))
            return Cause(CauseKind.GRANT, window.grant_id, None, None, rule, "", *bounds, line_id, chain)
        if window.duty_id is not None:
            duty = self.duties.duties[window.duty_id]
            return Cause(CauseKind.DUTY, duty.id, duty.role_code, role, rule, duty.label, *bounds)
        if window.assignment_id is not None:
            held, reason = self.assignments[window.assignment_id]
            return Cause(CauseKind.ASSIGNMENT, window.assignment_id, held, role, rule, reason, *bounds)
        return Cause(CauseKind.EVERYBODY, None, EVERY_OFFICIAL, role, rule, "", *bounds)

    def held(self, snapshot: Snapshot) -> Iterable[Cause]:
        """Return the roles that are held directly, each once for each cause; included roles and grants are left out."""
        for role, windows in sorted(snapshot.roles.items()):
            for window in windows:
                if window.grant_id is None:
                    cause = self.of(window, role, "", window.scope)
                    if cause.held_role == role:
                        yield cause
