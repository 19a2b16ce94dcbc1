"""Who may decide on a line: the senior administrators of the owning department, else of the nearest department above it.

Authority hangs on the path of the organisation: whoever holds it over a department holds it over everything below. The nearest
are asked first; those above may act at any time, so that a line is never without somebody as long as the top has one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

DECIDING_ROLE, DEPUTY_ROLE = "senior_admin", "deputy_senior_admin"


@dataclass(frozen=True)
class Holder:
    """Somebody who holds authority over the department at ``path`` and everything below it."""

    official_id: UUID
    path: str


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
        barred: officials who may not decide on this line (its requester, its beneficiary).
    """
    order = {path: distance for distance, path in enumerate(levels(owner_path))}
    fit = (holder for holder in holders if holder.path in order and holder.official_id not in barred)
    return tuple(sorted(fit, key=lambda holder: (order[holder.path], holder.official_id)))


def nearest(owner_path: str, holders: Iterable[Holder], barred: Collection[UUID] = ()) -> tuple[Holder, ...]:
    """Return those of the ``candidates`` who are asked first: all at the lowest level that has any."""
    found = candidates(owner_path, holders, barred)
    return tuple(holder for holder in found if holder.path == found[0].path)
