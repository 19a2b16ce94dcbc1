"""Working out whom a change of policy touches: the whole province by classes, whoever holds something by name one by one.

Reads only. The figures are exact as of one moment: facts keep their times, so a list that is read later is the list that was counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from govcloud.authorization.deciding.decider import PLATFORM, Decider
from govcloud.authorization.deciding.installing import lost_roles
from govcloud.authorization.deciding.policy import CompiledPolicy, compile_policy
from govcloud.authorization.drafting.alike import ANYBODY, Alike, divide, values_of
from govcloud.authorization.drafting.apart import Apart, FactsOf, People
from govcloud.authorization.drafting.changes import Changes, changes, relabelled
from govcloud.authorization.drafting.comparison import Comparison, Effects, Facts
from govcloud.authorization.drafting.effects import Effect
from govcloud.authorization.drafting.reads import reads_of
from govcloud.authorization.policies.document import PolicyDocument
from govcloud.authorization.subjects.snapshot import door_of
from govcloud.identity.finding.grouping import Grouping, GroupQueries, Key
from govcloud.identity.queries import Subject
from govcloud.subsystems.levels import Traits

#: So many people are looked at one by one between two signs of progress.
CHUNK = 1000
Progress = Callable[[int, int], None]


def unheard(_done: int, _total: int) -> None:
    """Take signs of progress that nobody waits for."""


@dataclass
class Gathered:
    """People to whom the change does the same; of a group by duty the classes, of one by name the members (place, person, duty)."""

    kind: str
    roles: tuple[str, ...]
    attributes: dict[str, str]
    effects: Effects
    size: int = 0
    classes: list[Key] = field(default_factory=list)
    members: list[tuple[UUID, UUID, UUID | None]] = field(default_factory=list)


@dataclass(frozen=True)
class Measured:
    """All that a change does: the groups, out of how many appointments, and what stands in its way."""

    grouping: Grouping
    apart: Apart
    population: int
    groups: tuple[Gathered, ...]
    unknown: tuple[str, ...]
    roles_lost: tuple[str, ...]

    def touching(self, effects: Iterable[Effect]) -> list[Gathered]:
        """Return the groups of people to whom one of ``effects`` happens; parts of the platform are no people."""
        wanted = frozenset(effects)
        return [group for group in self.groups if group.kind != "part" and not wanted.isdisjoint(group.effects.values())]


class Measuring:
    """Works impacts out."""

    def __init__(self, read: Callable[[], Session], decider: Decider) -> None:
        """Take the source of reading sessions and the decider, for facts, duty rules and catalogue."""
        self._read = read
        self._decider = decider
        self.groups = GroupQueries(read)
        self.people = People(read, decider, self.groups)

    def measure(self, live: CompiledPolicy, document: PolicyDocument, at: datetime, progress: Progress = unheard) -> Measured:
        """Return what becomes of everybody when ``document`` takes the place of ``live``, as of ``at``.

        Args:
            live: the policy in force.
            document: the text that would be.
            at: the moment; what begins later counts as perhaps.
            progress: is told (steps done, of how many).
        """
        new = compile_policy(live.number + 1, document.roles, document.rules)
        what = self._known(changes(live, new, self.catalogue(at)), at)
        measured = self._measured((live, new), what, at, progress)
        return replace(measured, roles_lost=tuple(lost_roles(self._read(), document, at)))

    def relabelled(
        self, policy: CompiledPolicy, function: str, traits: tuple[Traits, Traits], at: datetime, progress: Progress = unheard
    ) -> Measured:
        """Return what becomes of everybody when the security label of ``function`` gives way to another (before, after), as of ``at``."""
        return self._measured((policy, policy), relabelled(policy, function, traits), at, progress)

    def _measured(self, sides: tuple[CompiledPolicy, CompiledPolicy], what: Changes, at: datetime, progress: Progress) -> Measured:
        """Walk through the province with what differs between two policies, or between two labels under one."""
        walk = self._walk(*sides, what, at)
        people = self.people.all(walk.apart, at) if what.functions else []
        chunks = [people[start : start + CHUNK] for start in range(0, len(people), CHUNK)]
        total = len(chunks) + 2
        if what.functions:
            walk.sizes.update((group.key, group.size) for group in self.groups.groups(walk.alike.grouping))
            walk.unplaced = self.groups.count_unplaced(at)
        population = sum(walk.sizes.values()) + walk.unplaced
        progress(1, total)
        for place, chunk in enumerate(chunks, start=2):
            self._one_by_one(chunk, walk)
            progress(place, total)
        walk.by_class()
        walk.others()
        progress(total, total)
        groups = tuple(sorted(walk.found.values(), key=lambda group: (group.kind, -group.size, group.roles)))
        return Measured(walk.alike.grouping, walk.apart, population, groups, what.unknown, ())

    def catalogue(self, at: datetime) -> frozenset[str]:
        """Return every function of relying systems that can be asked for at ``at``, doors included."""
        subsystems = {view.code for view in self._decider.subsystems.all() if view.status != "retired" and view.code != PLATFORM}
        functions = {view.code for view in self._decider.subsystems.functions(at) if view.subsystem_code in subsystems}
        return frozenset(functions | {door_of(code) for code in subsystems})

    def _known(self, what: Changes, at: datetime) -> Changes:
        """Return the changes with the security labels and integration levels of their functions."""
        return replace(what, traits=self._decider.subsystems.function_traits(what.functions, at))

    def _walk(self, live: CompiledPolicy, new: CompiledPolicy, what: Changes, at: datetime) -> _Walk:
        naming = frozenset[str]().union(*what.functions.values())
        rules = (rule for policy in (live, new) for rule in policy.rules[1:] if rule.role in naming)
        reads = reads_of(rule.condition for rule in rules if rule.condition)
        if what.labelled:
            # Who is cleared for what then decides as well.
            reads = replace(reads, attributes=reads.attributes | {"label"})
        _, duties = self._decider.facts.duty_rules(at)
        alike = divide(self.groups.places(at), duties, what, reads, at)
        return _Walk(Apart.of(what, reads), alike, Comparison(live, new, what, alike.duties, at))

    def _one_by_one(self, people: Sequence[UUID], walk: _Walk) -> None:
        """Take some people out of their classes and look at each."""
        at = walk.alike.grouping.at
        facts_of, subjects = self.people.facts_of(people, walk.apart, at), self.people.subjects_of(people, at)
        classes = {appointment: key for _, appointment, key in self.groups.keys_of(people, walk.alike.grouping)}
        for places in subjects.values():
            for subject in places:
                walk.look_at(subject, places, facts_of, classes[subject.appointment_id])
        nowhere = self.groups.unplaced(at, among=[person for person in people if person not in subjects])
        walk.look_at_unplaced(nowhere, facts_of)


class _Walk:
    """One way through the province: what was found so far, and how many are left in each class."""

    def __init__(self, apart: Apart, alike: Alike, comparison: Comparison) -> None:
        self.apart = apart
        self.alike = alike
        self.comparison = comparison
        self.sizes: dict[Key, int] = {}
        self.unplaced = 0
        self.found: dict[object, Gathered] = {}
        self._scoped = comparison.scoped()

    def look_at(self, subject: Subject, places: tuple[Subject, ...], facts_of: FactsOf, key: Key) -> None:
        """Take a subject out of the class ``key`` if it stands apart, and see what becomes of it."""
        facts = facts_of(subject.official_id, subject.appointment_id)
        if not self.apart.stands(subject, facts, len(places)):
            return
        self.sizes[key] -= 1
        effects = self.comparison.of_official(self._alike(subject, places, facts), subject.official_id, subject, facts, places)
        duties = (duty.role_code for duty in self.alike.duties.matching(subject))
        self._gather(facts, duties, effects, (subject.appointment_id, subject.official_id, subject.appointment_id))

    def look_at_unplaced(self, people: Iterable[UUID], facts_of: FactsOf) -> None:
        """See what becomes of people who serve nowhere and hold something by name."""
        for person in people:
            facts = facts_of(person, None)
            if not facts and person not in self.apart.named:
                continue
            self.unplaced -= 1
            effects = self.comparison.of_official(("nowhere", person), person, None, facts)
            self._gather(facts, (), effects, (person, person, None))

    def by_class(self) -> None:
        """See what becomes of everybody else, class by class."""
        for key, size in sorted(self.sizes.items()):
            if not size:
                continue
            subject = self.alike.subject(key)
            profile = self.alike.profile(subject)
            effects = self.comparison.of_official(profile, ANYBODY, subject, Facts(), (subject,))
            if not effects:
                continue
            roles = self.comparison.roles_behind(duty.role_code for duty in self.alike.duties.matching(subject))
            group = self.found.setdefault(("duty", profile), Gathered("duty", roles, values_of(subject, self.alike.reads), effects))
            group.size += size
            group.classes.append(key)

    def others(self) -> None:
        """Add those who serve nowhere, and what is no official at all."""
        effects = self.comparison.of_official("unplaced", ANYBODY, None, Facts()) if self.unplaced else {}
        if effects:
            self.found["unplaced"] = Gathered("unplaced", self.comparison.roles_behind(()), {}, effects, self.unplaced)
        for role, actor in self.comparison.parts():
            if effects := self.comparison.of_part(actor):
                self.found["part", role] = Gathered("part", (role,), {}, effects)

    def _alike(self, subject: Subject, places: tuple[Subject, ...], facts: Facts) -> object:
        """Return the same for those who stand apart and are decided alike nevertheless."""
        named = self.apart.named_here(subject.official_id, subject.appointment_id)
        if named or (self.apart.everywhere and len(places) > 1):
            return subject.appointment_id
        where = (subject.division, subject.department_path) if self._scoped or facts.bounded else None
        return (facts.key(self.alike.grouping.at), self.alike.profile(subject), where)

    def _gather(self, facts: Facts, duties: Iterable[str], effects: Effects, member: tuple[UUID, UUID, UUID | None]) -> None:
        if not effects:
            return
        held = {*(fact.role_code for fact in facts.assignments), *(f"grant:{fact.function}" for fact in facts.grants)}
        roles = tuple(sorted({*held, *self.comparison.roles_behind(duties)}))
        group = self.found.setdefault(("direct", roles, frozenset(effects.items())), Gathered("direct", roles, {}, effects))
        group.size += 1
        group.members.append(member)
