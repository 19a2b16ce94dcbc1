"""Who holds which functions of a set: by roles that were given, by duties, and by temporary grants, live or scheduled.

Separation of duty asks what somebody could use, whichever appointment they act under: conditions, denials, rows and moments that a
decision would look at are left aside, and so is that a grant rests. What is held by being an official is held by everybody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from govcloud.authorization.apart.views import DUTY, EVERYBODY, GRANT, ROLE, Way
from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.deciding.policy import CompiledPolicy
from govcloud.authorization.models import AccessGrant, RoleAssignment
from govcloud.authorization.policies.document import ALLOW
from govcloud.authorization.subjects.holding import EVERY_OFFICIAL
from govcloud.identity.queries import Wanted
from govcloud.kernel.database import lasts_beyond

#: So many people are looked at in one go.
BATCH = 500
_EFFECT = 4
_PAGE = 200


class Holdings:
    """Reads what people hold; it never writes."""

    def __init__(self, read: Callable[[], Session], decider: Decider) -> None:
        """Take the source of reading sessions and the decider (policy, duties, identity)."""
        self._read = read
        self._decider = decider

    def of(self, officials: Collection[UUID], functions: Collection[str], at: datetime) -> dict[UUID, frozenset[str]]:
        """Return which of ``functions`` each of ``officials`` holds, in three statements for all of them."""
        roles = self._roles(officials, at)
        policy = self._decider.policy()
        found = {official: set(opened_by(policy, roles[official], functions)) for official in officials}
        live = (AccessGrant.official_id.in_(officials), AccessGrant.function.in_(functions), *_not_over(at))
        for row in self._read().execute(select(AccessGrant.official_id, AccessGrant.function).where(*live)):
            found[row.official_id].add(row.function)
        return {official: frozenset(held) for official, held in found.items()}

    def ways(self, official_id: UUID, functions: Collection[str], at: datetime) -> tuple[Way, ...]:
        """Return from where an official holds each of ``functions``: what has to end so that a conflict does."""
        policy, duties = self._decider.policy(), self._decider.duties()
        assigned = self._decider.facts.roles_among([official_id], at)[official_id]
        sources = [(ROLE, role, role) for role in sorted(assigned)]
        matched = {duty for subject in self._decider.identity.subjects_among([official_id], at) for duty in duties.matching(subject)}
        sources += [(DUTY, duty.role_code, duty.label) for duty in sorted(matched, key=lambda duty: duty.id)]
        sources.append((EVERYBODY, EVERY_OFFICIAL, ""))
        found = [Way(function, kind, name) for kind, role, name in sources for function in opened_by(policy, {role}, functions)]
        live = (AccessGrant.official_id == official_id, AccessGrant.function.in_(functions), *_not_over(at))
        found += [Way(function, GRANT, "") for function in self._read().scalars(select(AccessGrant.function).where(*live).distinct())]
        return tuple(sorted(found, key=lambda way: (way.function, way.kind, way.name)))

    def candidates(self, functions: Collection[str], at: datetime) -> Counter[UUID]:
        """Return everybody who may hold some of ``functions``, each with how many; what is open to every official is left out.

        Each role and each function is looked up once, however many people there are; whoever counts too little holds too little.
        """
        naming = {function: self._decider.policy().roles_naming(function) - {EVERY_OFFICIAL} for function in functions}
        holders = self._holders(frozenset[str]().union(*naming.values()), at)
        granted: dict[str, set[UUID]] = {function: set() for function in functions}
        live = (AccessGrant.function.in_(functions), *_not_over(at))
        for row in self._read().execute(select(AccessGrant.function, AccessGrant.official_id).where(*live).distinct()):
            granted[row.function].add(row.official_id)
        found: Counter[UUID] = Counter()
        for function in functions:
            found.update(granted[function].union(*(holders[role] for role in naming[function])))
        return found

    def open_to_all(self, functions: Collection[str]) -> frozenset[str]:
        """Return which of ``functions`` every official holds."""
        return opened_by(self._decider.policy(), {EVERY_OFFICIAL}, functions)

    def in_batches(self, officials: Iterable[UUID], functions: Collection[str], at: datetime) -> Iterator[tuple[UUID, frozenset[str]]]:
        """Give each of ``officials``, in the order of their ids, with the functions that they hold."""
        ordered = sorted(officials)
        for start in range(0, len(ordered), BATCH):
            yield from self.of(ordered[start : start + BATCH], functions, at).items()

    def _roles(self, officials: Collection[UUID], at: datetime) -> Mapping[UUID, set[str]]:
        """Return the roles of people under whatever appointment, present and ahead, by assignment, by duty, and by being an official."""
        roles = self._decider.facts.roles_among(officials, at)
        duties = self._decider.duties()
        if duties.duties:
            for subject in self._decider.identity.subjects_among(officials, at):
                roles[subject.official_id] |= {duty.role_code for duty in duties.matching(subject)}
        for held in roles.values():
            held.add(EVERY_OFFICIAL)
        return roles

    def _holders(self, roles: Collection[str], at: datetime) -> Mapping[str, set[UUID]]:
        """Return who holds each of ``roles``, present and ahead, by assignment or by duty."""
        holders: dict[str, set[UUID]] = {role: set(self._on_duty(role, at)) for role in roles}
        lasting = lasts_beyond(RoleAssignment, at)
        assigned = select(RoleAssignment.role_code, RoleAssignment.official_id).where(RoleAssignment.role_code.in_(roles), lasting)
        for row in self._read().execute(assigned):
            holders[row.role_code].add(row.official_id)
        return holders

    def _on_duty(self, role: str, at: datetime) -> Iterator[UUID]:
        """Give those to whom a duty gives a role."""
        criteria = tuple(duty.criteria for duty in self._decider.duties().giving((role,), at))
        after: UUID | None = None
        while criteria:
            page = self._decider.identity.subjects_wanted(Wanted(criteria), _PAGE, after, at=at)
            yield from (row.official_id for row in page.rows)
            after = page.after
            if after is None:
                return


def opened_by(policy: CompiledPolicy, roles: Collection[str], functions: Collection[str]) -> frozenset[str]:
    """Return which of ``functions`` some allow rule of ``roles``, or of what they include, names."""
    closed = dict.fromkeys(included for role in roles for included in policy.closure.get(role, frozenset((role,))))
    # No role is called "", so the grant's rule is not among them.
    return frozenset(function for function in functions if any(row[_EFFECT] == ALLOW for row in policy.slice_for(function, closed, "")))


def _not_over(at: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return AccessGrant.valid_to.is_(None), AccessGrant.ends_at > at
