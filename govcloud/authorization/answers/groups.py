"""One question to many people: whoever is alike to the rules about the function shares one decision.

What can make a difference between two people is what these rules read: the roles, duties and grants that give or forbid the
function, and the attributes of the subject in their conditions and rows. The database groups the candidates by exactly these, and
each group is decided once. That a group's decision is the one of everybody in it is held by a property test against ``decide``.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID, SafeUUID

from sqlalchemy import ColumnElement, LargeBinary, case, func, literal_column, select
from sqlalchemy.orm import Session

from govcloud.authorization.answers.candidates import CASE, DUTY, GRANT, ROLE, Candidates
from govcloud.authorization.answers.entries import PersonEntry, State
from govcloud.authorization.answers.judging import Asked, Judged, judge
from govcloud.authorization.answers.moments import Moment
from govcloud.authorization.deciding.policy import all_of
from govcloud.authorization.policies.conditions import EVERYWHERE
from govcloud.authorization.policies.document import RuleSpec
from govcloud.authorization.policies.scope_rules import ScopeRule
from govcloud.authorization.scopes.scope import ROW_KEYS
from govcloud.authorization.subjects.duties import Duty
from govcloud.authorization.subjects.holding import EVERY_OFFICIAL, take_snapshot
from govcloud.authorization.subjects.snapshot import AssignmentFact, GrantFact, Snapshot, Window
from govcloud.identity.finding import roster
from govcloud.subsystems.levels import Traits

#: What of a question bounds rows: then where a subject stands can make a difference to rules on its own rows.
_PLACES = frozenset(ROW_KEYS)
_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
_AGES = timedelta(days=36_500)
#: Stands for whichever function a grant is of that matters only by the case that it names.
_ANOTHER = "another:function:use"

Fact: TypeAlias = tuple[str, str | None]
"""What somebody holds, and its own scope as JSON."""
Found: TypeAlias = "dict[bytes, Come]"
"""How it came out for each subject: an official, by the 16 bytes of the id, with those of the appointment behind if every one counts."""
#: How many bytes an official takes, and an official under an appointment; what stands in the place of none.
ID, _PAIR = 16, 32
_NOWHERE = UUID(int=0)
#: Some division and some department: for whoever has one, where it does not matter which.
_SOMEWHERE = {"division": "110000000000", "department_path": "/0/"}


#: What is known of who serves nowhere, too; what is the same for every official, or follows from whether they serve at all.
#: A rule that reads ``official_id`` or ``appointment_id`` puts everybody into a group of their own.
_WITHOUT_PLACE = EVERYWHERE | {"official_id"}
_DERIVED = frozenset({"kind", "client_id", "active_appointment"})
_OWN_ROWS = {"own_division": "division", "own_department": "department_path"}


@dataclass(frozen=True, slots=True)
class Reads:
    """What of a subject the rules about a function read: in conditions, and for their rows alone."""

    conditions: frozenset[str]
    rows: frozenset[str]

    @property
    def names(self) -> tuple[str, ...]:
        """Return all of them, in the order of the columns."""
        return tuple(sorted(self.conditions | self.rows))


def reads_about(asked: Asked, label: int, moment: Moment, duties: Iterable[Duty]) -> Reads:
    """Return what the rules about a function read; what a rule on another one reads makes no difference.

    The label is what a subject is cleared for: it matters where something is to be cleared for.
    """
    policy = moment.policy
    texts = {rule.condition for rule in _about(moment, asked.function) if rule.condition}
    conditions = frozenset({"label"} if label or "label" in asked.resource else ()).union(
        *(policy.conditions[text].subject_reads for text in texts)
    )
    rows: set[str] = {"department_path"} if any(duty.bound for duty in duties) else set()
    for scope in scopes_about(moment, asked.function):
        read = {name for word, name in _OWN_ROWS.items() if word in scope.text}
        # Where own rows are narrowed by others, it matters for itself where somebody stands.
        if " and " in scope.text:
            conditions |= read
        else:
            rows |= read
    return Reads(conditions - _DERIVED, frozenset(rows) - conditions)


def scopes_about(moment: Moment, function: str) -> list[ScopeRule]:
    """Return the rows of the rules about a function."""
    return [moment.policy.scopes[text] for text in {rule.scope_expr for rule in _about(moment, function)}]


def _about(moment: Moment, function: str) -> list[RuleSpec]:
    keys = {function, all_of(function)}
    return [rule for rule in moment.policy.rules[1:] if rule.function in keys]


@dataclass(frozen=True, slots=True)
class Group:
    """Facts that some subjects have in common, with what the rules read of them."""

    facts: tuple[Fact, ...]
    attributes: Mapping[str, Any]
    placed: bool


class Come(NamedTuple):
    """How the question came out for a group: the state, what would settle it, and what gives the function."""

    state: State
    missing: tuple[str, ...]
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """One question to everybody, ready to be asked stretch by stretch of the candidates."""

    asked: Asked
    traits: Traits
    moment: Moment
    candidates: Candidates
    reads: Reads
    within: tuple[str, ...] | None
    every_appointment: bool

    def between(self, session: Session, after: UUID | None, until: UUID | None) -> Found:
        """Return who may use it among the candidates behind ``after`` up to ``until``."""
        found: Found = {}
        for group, subjects in _apart(self._groups(session, after, until)):
            judged = self._judge(group)
            if judged.state is not State.DENIED:
                found |= dict.fromkeys(subjects, Come(judged.state, judged.missing, self.candidates.giving(group.facts)))
        return found

    def entries(self, found: Found, most: int) -> list[PersonEntry]:
        """Return the first ``most`` people of what was found, in the order of their ids, one entry each."""
        return list(_each_under(found, most) if self.every_appointment else _each(found, most))

    def _judge(self, group: Group) -> Judged:
        return judge(self.asked, self.traits, self.moment.seen(self._snapshot(group)))

    def _groups(self, session: Session, after: UUID | None, until: UUID | None) -> Iterator[tuple[Group, set[bytes]]]:
        """Read the groups of one fact each: the fact, its scope, whether under an appointment, what is read, and the people."""
        names = self.reads.names
        width = _PAIR if self.every_appointment else ID
        for row in session.execute(self.query(after, until)):
            code, scope, placed, *exact, people = row
            attributes = {name: tuple(value) if isinstance(value, list) else value for name, value in zip(names, exact, strict=True)}
            subjects = {people[start : start + width] for start in range(0, len(people), width)}
            yield Group(((code, scope),), attributes, placed), subjects

    def query(self, after: UUID | None, until: UUID | None) -> Any:  # noqa: ANN401 - a selection of many columns
        """Select the groups; their people come as ids one behind the other, which costs a fraction of an array of them."""
        held = self.candidates.facts(after, until)
        acting = roster.acting(held, self.moment.at, self.reads.names, primary=not self.every_appointment, within=self.within)
        appointment = acting.columns["appointment_id"]
        keys: list[ColumnElement[Any]] = [held.c.code, held.c.scope, appointment.is_not(None)]
        is_placed = bool(_PLACES & self.asked.resource.keys())
        for name in self.reads.names:
            # For a rule's rows alone, it matters only when the question or the fact itself has a place.
            matters = name in self.reads.conditions or is_placed
            keys.append(acting.columns[name] if matters else case((held.c.scope.is_not(None), acting.columns[name])))
        subject: ColumnElement[Any] = func.uuid_send(held.c.official_id)
        if self.every_appointment:
            subject = subject.op("||")(func.uuid_send(func.coalesce(appointment, _NOWHERE)))
        people = func.string_agg(subject, literal_column("CAST('' AS bytea)"), type_=LargeBinary)
        return select(*keys, people).select_from(acting.source).where(acting.condition).group_by(*keys)

    def _snapshot(self, group: Group) -> Snapshot:
        """Return what decides for everybody in a group, in the form that a decision reads."""
        known = {**self._examples(), **{name: value for name, value in group.attributes.items() if value is not None}}
        read = {name: str(value) if isinstance(value, UUID) else value for name, value in known.items()}
        attributes: dict[str, Any] = {"kind": "official", "active_appointment": group.placed}
        # Who serves nowhere has no attributes but these.
        attributes |= read if group.placed else {name: read[name] for name in _WITHOUT_PLACE & read.keys()}
        assignments = [AssignmentFact(EVERY_OFFICIAL, _ALWAYS)]
        grants: list[GrantFact] = []
        duties: list[tuple[str, Window]] = []
        for code, scope in group.facts:
            own: Mapping[str, Any] | None = json.loads(scope) if scope else None
            if code.startswith(ROLE):
                assignments.append(AssignmentFact(code.removeprefix(ROLE), _ALWAYS, None, own))
            elif code.startswith(DUTY):
                duty = self.candidates.duties[int(code.removeprefix(DUTY))]
                duties.append((duty.role_code, Window(0, department_path=attributes.get("department_path") if duty.bound else None)))
            elif code in {GRANT, CASE}:
                at, function = self.moment.at, self.asked.function if code == GRANT else _ANOTHER
                grants.append(GrantFact(UUID(int=len(grants)), function, at, at + _AGES, own))
        return take_snapshot("", attributes, assignments, grants, self.moment.policy.closure, duties=duties)

    def _examples(self) -> dict[str, str]:
        """Return something for what is read for a rule's rows alone, which makes no difference as long as it is there."""
        return {name: _SOMEWHERE[name] for name in self.reads.rows}


def _apart(read: Iterable[tuple[Group, set[bytes]]]) -> Iterator[tuple[Group, set[bytes]]]:
    """Give the groups; people who stand in several of them, having several facts, stand in groups of their own."""
    found = list(read)
    once: set[bytes] = set()
    several: set[bytes] = set()
    for _, subjects in found:
        several |= once & subjects
        once |= subjects
    places: dict[bytes, list[int]] = defaultdict(list)
    for place, (group, subjects) in enumerate(found):
        for subject in subjects & several:
            places[subject].append(place)
        alone = subjects - several if several else subjects
        if alone:
            yield group, alone
    together: dict[tuple[int, ...], set[bytes]] = defaultdict(set)
    for subject, where in places.items():
        together[tuple(where)].add(subject)
    for together_in, subjects in together.items():
        yield _joined([found[place][0] for place in together_in]), subjects


def _joined(groups: Sequence[Group]) -> Group:
    """Return the group of people who have the facts of all of these; what one of them leaves open another may know."""
    attributes: dict[str, Any] = {}
    for group in groups:
        attributes |= {name: value for name, value in group.attributes.items() if value is not None}
    return Group(tuple(fact for group in groups for fact in group.facts), attributes, groups[0].placed)


def _each(found: Found, most: int) -> Iterator[PersonEntry]:
    """Give one entry a person."""
    for subject in sorted(found)[:most]:
        state, missing, because = found[subject]
        yield PersonEntry(_uuid(subject), state, missing, (), because)


def _each_under(found: Found, most: int) -> Iterator[PersonEntry]:
    """Give one entry a person: with the appointments under which it is allowed; without any, those under which it may be."""
    people = groupby(sorted(found), key=itemgetter(slice(ID)))
    for official, subjects in islice(people, most):
        held = [(subject[ID:], found[subject]) for subject in subjects]
        state = State.ALLOWED if any(come.state is State.ALLOWED for _, come in held) else State.CONDITIONAL
        counting = [(place, come) for place, come in held if come.state is state]
        yield PersonEntry(
            _uuid(official),
            state,
            tuple(sorted({name for _, come in counting for name in come.missing})),
            tuple(None if place == _NOWHERE.bytes else _uuid(place) for place, _ in counting),
            tuple(dict.fromkeys(code for _, come in counting for code in come.because)),
        )


def _uuid(octets: bytes) -> UUID:
    """Return the id that these 16 bytes are; without the checks of one that somebody typed, which cost more than the rest of a list."""
    found = _new(UUID)
    _set_int(found, int.from_bytes(octets))
    _set_safe(found, _UNKNOWN)
    return found


_new, _set_int, _set_safe = object.__new__, UUID.__dict__["int"].__set__, UUID.__dict__["is_safe"].__set__
_UNKNOWN = SafeUUID.unknown
