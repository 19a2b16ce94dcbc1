"""Who may decide on a line and who is asked first: pure rules over paths of the organisation and holders of offices.

Authority hangs on the path of the organisation: whoever holds it over a department holds it over everything below. The nearest
fit ones are asked first; those above may act at any time, so that a line is never without somebody as long as the top has one, and
are asked themselves when nobody nearer is fit, or the clock has carried the line up to them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from govcloud.subsystems.approval import SUPERIOR, Step

DECIDING_ROLE, DEPUTY_ROLE = "senior_admin", "deputy_senior_admin"
DEPUTIES_FROM, SUPERIOR_FROM = 2, 3
"""From which escalation of a line (``RequestLine.escalation``) deputies have authority, and the next department above is asked too."""


@dataclass(frozen=True)
class Holder:
    """Somebody who holds authority over the department at ``path`` and everything below it, and serves in that at ``unit``."""

    official_id: UUID
    path: str
    unit: str = ""


@dataclass(frozen=True)
class Authority:
    """The right to decide below ``path``, in the right of ``principal_id``: of the person themselves, or of who delegated to them.

    ``appointment_id`` is the office from which it comes. That of a deputy counts only once a line has been escalated to deputies.
    ``delegation_id`` is by what it was lent, ``stands_in`` whether the lender is out of office meanwhile.
    """

    path: str
    principal_id: UUID
    appointment_id: UUID | None = None
    deputy: bool = False
    delegation_id: UUID | None = None
    stands_in: bool = False


def levels(owner_path: str) -> tuple[str, ...]:
    """Return the paths of the owning department and of all departments above it, the nearest first.

    ``"/a/b/"`` gives ``("/a/b/", "/a/")``.
    """
    parts = [part for part in owner_path.split("/") if part]
    return tuple("/" + "/".join(parts[:depth]) + "/" for depth in range(len(parts), 0, -1))


def ids_of(paths: Iterable[str]) -> tuple[UUID, ...]:
    """Return the id of the department at the end of each path."""
    return tuple(UUID(hex=path.rstrip("/").rpartition("/")[2]) for path in paths)


def candidates(owner_path: str, holders: Iterable[Holder], barred: Collection[UUID] = ()) -> tuple[Holder, ...]:
    """Return who may decide, those nearest to the owning department first.

    Args:
        owner_path: the path of the department that owns what is asked for.
        holders: everybody who holds authority anywhere.
        barred: officials who may not decide on this line (its requester, its beneficiary, the beneficiary's subordinates).
    """
    order = {path: distance for distance, path in enumerate(levels(owner_path))}
    fit = (holder for holder in holders if holder.path in order and holder.official_id not in barred)
    return tuple(sorted(fit, key=lambda holder: (order[holder.path], holder.official_id)))


def nearest(owner_path: str, holders: Iterable[Holder], barred: Collection[UUID] = ()) -> tuple[Holder, ...]:
    """Return those of the ``candidates`` who are asked first: all at the lowest level that has any."""
    return asked(owner_path, holders, barred)


def asked(owner_path: str, holders: Iterable[Holder], barred: Collection[UUID] = (), depth: int = 1) -> tuple[Holder, ...]:
    """Return those of the ``candidates`` at the ``depth`` lowest levels that have any."""
    found = candidates(owner_path, holders, barred)
    lowest = tuple(dict.fromkeys(holder.path for holder in found))[:depth]
    return tuple(holder for holder in found if holder.path in lowest)


def depth_asked(escalation: int, *, distinct_units: bool) -> int:
    """Return how many levels that have anybody are asked: one more for each reason why the nearest alone will not do."""
    return 1 + (escalation >= SUPERIOR_FROM) + distinct_units


def usable(authority: Iterable[Authority], path: str, escalation: int, barred: Collection[UUID] = ()) -> tuple[Authority, ...]:
    """Return the rights that reach over ``path`` at this escalation; none in the right of somebody who is barred."""
    return tuple(
        right
        for right in authority
        if path.startswith(right.path) and right.principal_id not in barred and (not right.deputy or escalation >= DEPUTIES_FROM)
    )


def nearer_levels(waiting: Iterable[str], mine: Collection[str], held: Collection[str]) -> Mapping[str, int]:
    """Return, for each path that lines wait at, how many levels with anybody lie nearer to it than the reader's.

    Zero means that the reader is among those asked first. Paths out of the reader's reach are left out.

    Args:
        waiting: paths of departments at which lines wait.
        mine: the paths over which the reader holds authority.
        held: the paths at which somebody holds the office now.
    """
    found: dict[str, int] = {}
    for path in waiting:
        above = levels(path)
        reach = next((place for place, level in enumerate(above) if level in mine), len(above) if "/" in mine else None)
        if reach is not None:
            found[path] = sum(level in held for level in above[:reach])
    return found


def path_of_step(kind: str, owner_path: str) -> str:
    """Return what authority a step of an approval must reach over: the owner's path, or of the department above it if there is one."""
    if kind != SUPERIOR:
        return owner_path
    return next(iter(levels(owner_path)[1:]), owner_path)


def satisfiable(steps: Iterable[Step], owner_path: str, fit: Iterable[Holder]) -> bool:
    """Return whether those who are fit to decide are enough for all steps, when nobody says yes twice.

    Whoever is fit for a step of the superior's is so for one of the owner's, so it is enough to count from the highest step down.
    """
    everybody, taken = tuple(fit), 0
    for step in sorted(steps, key=lambda step: len(path_of_step(step.kind, owner_path))):
        able = candidates(path_of_step(step.kind, owner_path), everybody)
        taken += step.needed
        units = {holder.unit for holder in able}
        if len({holder.official_id for holder in able}) < taken or (step.distinct_units and len(units) < step.needed):
            return False
    return True
