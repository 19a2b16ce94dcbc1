"""The roles that a subject holds, each with its windows: gathered from the facts that give them, closed over inclusion.

A decision looks at one or two roles of a dozen, so windows are made when somebody first looks at a role.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from msgspec.structs import replace

from govcloud.authorization.scopes.scope import PROVINCE
from govcloud.authorization.subjects.snapshot import AssignmentFact, Fact, GrantFact, Snapshot, Window, door_of, grant_role, subsystem_of

Windows = tuple[Window, ...]
#: Held by every active official, and only while active.
EVERY_OFFICIAL = "official"
#: How it is held: always, by everybody.
SINCE_EVER = Window(0)


class _Door(NamedTuple):
    """A grant, as what lets its holder in: which rows matter only inside."""

    grant: Fact

    def window(self) -> Window:
        return replace(self.grant.window(), scope=PROVINCE)


class Lent(Fact, Protocol):
    """A temporary grant, which may have a grace."""

    @property
    def grace(self) -> int:
        """For how long (microseconds) after its end work in progress may be finished."""
        ...


class _Grace(NamedTuple):
    """The time after a grant in which work in progress may be finished; its end is the grant's, and stands nowhere else."""

    grant: Lent

    def window(self) -> Window:
        term = self.grant.window()
        end = term.ends_at or 0
        return replace(term, starts_at=end, ends_at=end + self.grant.grace, finishing=True)


class HeldRoles(Mapping[str, Windows]):
    """The roles that a subject holds, each with its windows.

    Several windows of one role stand side by side: any live one suffices and their scopes unite, so a second grant never cuts
    off the first. Whoever makes it gives it the facts; from then on, like everything in a snapshot, it is not to be changed, and it
    belongs to one request.
    """

    __slots__ = ("_closure", "_facts", "_known", "_names")

    def __init__(self, closure: Mapping[str, frozenset[str]]) -> None:
        """Start with nothing; ``closure`` has for each role itself and everything that it includes, however deep."""
        self._closure = closure
        #: What gives roles, behind the roles that it gives.
        self._facts: list[tuple[frozenset[str], Fact]] = []
        self._known: dict[str, Windows] = {}
        self._names: frozenset[str] | None = None

    def assign(self, code: str, fact: Fact) -> None:
        """Add a role with what gives it; what the role includes is held with it."""
        self._facts.append((self._closure.get(code) or frozenset((code,)), fact))

    def grant(self, function: str, fact: Fact) -> None:
        """Add a temporary grant of ``function`` that is neither closed nor at rest."""
        own, door = _roles_of_grant(function)
        self._facts.append((own, fact))
        # Whoever may use one function of a subsystem may go through its door.
        if door is not None:
            self._facts.append((door, _Door(fact)))

    def finish(self, function: str, fact: Lent) -> None:
        """Add the grace after a temporary grant of ``function``: what it opened, but not the door, so that nobody begins anything."""
        if fact.grace:
            own, _door = _roles_of_grant(function)
            self._facts.append((own, _Grace(fact)))

    def keys(self) -> Any:  # noqa: ANN401 - a set serves where a view would, and meets other sets sooner
        """Return the names of the roles."""
        names = self._names
        if names is None:
            names = self._names = frozenset().union(*[roles for roles, _ in self._facts])
        return names

    def get(self, role: str, default: Any = None) -> Any:  # noqa: ANN401 - as Mapping has it
        """Return the windows of ``role``, or ``default`` when it is not held."""
        found = self._known.get(role)
        if found is None:
            found = self._known[role] = tuple([fact.window() for roles, fact in self._facts if role in roles])
        return found or default

    def __getitem__(self, role: str) -> Windows:
        found: Windows | None = self.get(role)
        if found is None:
            raise KeyError(role)
        return found

    def __contains__(self, role: object) -> bool:
        return role in self.keys()

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())


@lru_cache(maxsize=65_536)
def _roles_of_grant(function: str) -> tuple[frozenset[str], frozenset[str] | None]:
    """Return the role of a grant of ``function``, and that of the door of its subsystem where that is another."""
    door = door_of(subsystem_of(function))
    return frozenset((grant_role(function),)), None if door == function else frozenset((grant_role(door),))


def take_snapshot(
    subject_id: str,
    attributes: Mapping[str, Any],
    assignments: Iterable[AssignmentFact],
    grants: Iterable[GrantFact],
    closure: Mapping[str, frozenset[str]],
    *,
    duties: Iterable[tuple[str, Window]] = (),
) -> Snapshot:
    """Bring a subject's facts into the form that decisions read.

    Closed and suspended grants give no window at all; scheduled and expired ones do, and the decision compares.

    Args:
        subject_id: names the subject in explanations.
        attributes: what conditions may read.
        assignments: standing roles.
        grants: temporary grants.
        closure: for each role, itself and everything that it includes, however deep.
        duties: roles that follow from the appointment.
    """
    held = HeldRoles(closure)
    for fact in assignments:
        held.assign(fact.role_code, fact)
    for role, window in duties:
        held.assign(role, window)
    for grant in grants:
        if not grant.suspended and grant.closed_at is None:
            held.grant(grant.function, grant)
            held.finish(grant.function, grant)
    return Snapshot(subject_id, attributes, held)


def without_grace(snapshot: Snapshot) -> Snapshot:
    """Return the subject without what it may only finish."""
    held = {role: tuple(window for window in windows if not window.finishing) for role, windows in snapshot.roles.items()}
    return replace(snapshot, roles={role: windows for role, windows in held.items() if windows})
