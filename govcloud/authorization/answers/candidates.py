"""Who could hold a function at all: whatever gives it (roles by assignment and by duty, grants, what everybody holds), as SQL.

A fact is ``official_id``, ``appointment_id`` (NULL: under every one), ``code`` (which fact it is) and ``scope`` (its own, as JSON).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    Text,
    case,
    cast,
    column,
    func,
    literal,
    literal_column,
    null,
    select,
    true,
    union,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY

from govcloud.authorization.deciding.decider import PLATFORM
from govcloud.authorization.deciding.facts import not_over
from govcloud.authorization.deciding.policy import CompiledPolicy, all_of
from govcloud.authorization.models import AccessGrant, GrantSuspension, RoleAssignment
from govcloud.authorization.policies.document import ALLOW
from govcloud.authorization.subjects.duties import Duty
from govcloud.authorization.subjects.snapshot import door_of, subsystem_of
from govcloud.identity.finding import roster
from govcloud.kernel.database import live_at

Columns: TypeAlias = Select[*tuple[Any, ...]]

#: What a fact is: a role that was assigned (and which), a duty rule (by its place among the candidates'), a grant, a grant of whatever
#: function that names a case, what all have.
ROLE, DUTY, GRANT, CASE, EVERYBODY = "r:", "d:", "g", "c", "e"
#: A grant's scope that bounds nothing, as it is stored.
_EVERY_ROW = """CAST('{"divisions": null}' AS jsonb)"""
_PLAIN = {GRANT: "grant", EVERYBODY: "everybody"}


@dataclass(frozen=True, slots=True)
class Candidates:
    """What may give ``function`` at ``at``: the assignable ``roles``, the ``duties``, and whether ``everybody`` has it.

    ``opening`` are the roles that allow it; the others forbid it, which counts as well. ``paths`` are the places of the departments that
    the duties name. ``reads_cases``: the cases that somebody's grants name matter.
    """

    function: str
    at: datetime
    roles: tuple[str, ...]
    duties: tuple[Duty, ...]
    everybody: bool
    opening: frozenset[str]
    paths: Mapping[UUID, str]
    reads_cases: bool = False

    @property
    def granted(self) -> bool:
        """Say whether grants can give it: never a function of the platform itself."""
        return subsystem_of(self.function) != PLATFORM

    @property
    def nobody(self) -> bool:
        """Say that nothing gives it."""
        return not (self.roles or self.duties or self.everybody or self.granted)

    def giving(self, facts: Iterable[tuple[str, str | None]]) -> tuple[str, ...]:
        """Return, for people, those of the facts that can open the function: ``role:<code>``, ``duty:<id>``, ``grant``, ``everybody``."""
        found: dict[str, None] = {}
        for code, _ in facts:
            if code.startswith(ROLE) and code.removeprefix(ROLE) in self.opening:
                found[f"role:{code.removeprefix(ROLE)}"] = None
            elif code.startswith(DUTY):
                duty = self.duties[int(code.removeprefix(DUTY))]
                if duty.role_code in self.opening:
                    found[f"duty:{duty.id}"] = None
            elif code in _PLAIN:
                found[_PLAIN[code]] = None
        return tuple(found)

    def facts(self, after: UUID | None, until: UUID | None) -> Subquery:
        """Select every fact of the officials behind ``after``, up to and with ``until``."""
        found = [source.subquery() for source in self._sources()]
        if self.reads_cases:
            people = union(*(select(rows.c.official_id) for rows in found))
            found.append(self._cases(people).subquery())
        return union_all(*(select(rows).where(*_between(rows.c.official_id, after, until)) for rows in found)).subquery("held")

    def boundary(self, after: UUID | None, most: int) -> Columns:
        """Select the last of the next ``most`` candidates behind ``after``; no row when there are no more than these.

        Each source is asked for its first ones alone, in the order of its index; all that it has up to there is among them.
        """
        firsts = [_first(source, after, most) for source in self._sources(assigned=False)]
        if self.roles:
            firsts.append(self._first_assigned(after, most))
        first = union(*firsts).subquery("first")
        return select(first.c.official_id).order_by(first.c.official_id).offset(most - 1).limit(1)

    def _sources(self, *, assigned: bool = True) -> Iterator[Columns]:
        if assigned and self.roles:
            yield self._assigned()
        if self.granted:
            yield self._granted()
        for place, duty in enumerate(self.duties):
            yield _fact(roster.serving(duty.criteria, self.paths, self.at), f"{DUTY}{place}")
        if self.everybody:
            yield _fact(roster.everybody(self.at), EVERYBODY)

    def _assigned(self) -> Columns:
        code = (literal(ROLE) + RoleAssignment.role_code).label("code")
        scope = cast(RoleAssignment.scope, Text).label("scope")
        query = select(RoleAssignment.official_id, RoleAssignment.appointment_id, code, scope)
        return query.where(RoleAssignment.role_code.in_(self.roles), live_at(RoleAssignment, self.at))

    def _first_assigned(self, after: UUID | None, most: int) -> Columns:
        """Select the first holders of each role; a role has its own stretch of the index."""
        role = func.unnest(cast(list(self.roles), ARRAY(Text))).table_valued(column("code", Text), name="role").render_derived()
        mine = (RoleAssignment.role_code == role.c.code, live_at(RoleAssignment, self.at))
        holders = select(RoleAssignment.official_id).where(*mine, *_between(RoleAssignment.official_id, after, None))
        first = holders.distinct().order_by(RoleAssignment.official_id).limit(most).correlate(role).lateral("holder")
        return select(first.c.official_id).select_from(role.join(first, true()))

    def _granted(self) -> Columns:
        """Select the live grants of the function; any grant in a subsystem opens its door, wherever its rows are."""
        code = subsystem_of(self.function)
        of_it = AccessGrant.subsystem_code == code if self.function == door_of(code) else AccessGrant.function == self.function
        # The case that a grant was given for bounds nothing by itself.
        rows = AccessGrant.scope if self.reads_cases else func.nullif(AccessGrant.scope.op("-")("case_number"), literal_column(_EVERY_ROW))
        own_scope = case((AccessGrant.function == self.function, cast(rows, Text)))
        query = select(AccessGrant.official_id, AccessGrant.appointment_id, literal(GRANT).label("code"), own_scope.label("scope"))
        # Whoever may only finish goes through no door.
        in_term = (AccessGrant.ends_at > self.at,) if self.function == door_of(code) else ()
        return query.where(of_it, *self._live(), *in_term)

    def _cases(self, people: Any) -> Columns:  # noqa: ANN401 - a union of selections
        """Select the live grants of ``people`` that name a case, whatever they open."""
        scope = func.jsonb_build_object("case_number", AccessGrant.scope["case_number"])
        query = select(AccessGrant.official_id, AccessGrant.appointment_id, literal(CASE).label("code"), cast(scope, Text).label("scope"))
        named = AccessGrant.scope["case_number"].astext.is_not(None)
        return query.where(named, AccessGrant.official_id.in_(people), *self._live())

    def _live(self) -> tuple[ColumnElement[bool], ...]:
        """Return the conditions that a grant is in its term, and neither closed nor resting."""
        at = self.at
        resting = select(GrantSuspension.id).where(GrantSuspension.grant_id == AccessGrant.id, live_at(GrantSuspension, at)).exists()
        return (live_at(AccessGrant, at), AccessGrant.starts_at <= at, not_over(at), ~resting)


def roles_about(policy: CompiledPolicy, function: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the roles that allow or forbid ``function``, by their own rules or by what they include; and those that allow it."""
    keys = {function, all_of(function)}
    about = [rule for rule in policy.rules[1:] if rule.function in keys]
    named, opening = {rule.role for rule in about}, {rule.role for rule in about if rule.effect == ALLOW}
    closed = policy.closure.items()
    return frozenset(role for role, within in closed if within & named), frozenset(role for role, within in closed if within & opening)


def _fact(rows: Columns, code: str) -> Columns:
    """Turn a selection of people and appointments into facts without a scope of their own."""
    return rows.add_columns(literal(code).label("code"), cast(null(), Text).label("scope"))


def _first(rows: Columns, after: UUID | None, most: int) -> Columns:
    found = rows.subquery()
    query = select(found.c.official_id).where(*_between(found.c.official_id, after, None))
    return query.distinct().order_by(found.c.official_id).limit(most)


def _between(place: Any, after: UUID | None, until: UUID | None) -> Iterator[ColumnElement[bool]]:  # noqa: ANN401 - a column of ids
    if after is not None:
        yield place > after
    if until is not None:
        yield place <= until
