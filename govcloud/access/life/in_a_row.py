"""How long somebody has an item in a row: what an item's longest term bounds, however the row came about.

A row is made of the grants of one item to one person (for the same case, where the item is tied to cases) between which there is less
than ``BREAK``: an extension, a request for more beside a grant, or one that is to start where a grant ends. All of it counts against
the cap as long as it is asked for ahead, while something of the row still stands. What is asked for when the last of it is over is
looked at afresh by its owner, and begins a row of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from govcloud.access.models import RequestLine
from govcloud.authorization.case_numbers import case_key
from govcloud.authorization.queries import AuthorizationQueries, GrantView

BREAK = timedelta(days=1)
"""Less than this between two grants is no break: a start that is wished for a little after an end goes on with what ended."""
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Held:
    """When a grant works, or worked: ``[begins, ends)``."""

    begins: datetime
    ends: datetime


@dataclass(frozen=True)
class Asked:
    """What somebody asks to have of an item: from when, for how many days; ``at`` is when they asked."""

    official_id: UUID
    item_id: UUID
    function: str
    case_number: str | None
    by_case: bool
    begins: datetime
    days: int
    at: datetime


class Rows:
    """Finds the row that what is asked for would belong to."""

    def __init__(self, read: Callable[[], Session], authorization: AuthorizationQueries) -> None:
        """Take the source of reading sessions, and the queries of grants."""
        self._read = read
        self._authorization = authorization

    def days_beside(self, asked: Asked) -> int:
        """Return how many whole days the row lasts beside what is asked for; those count against the item's cap as well."""
        grants = [grant for grant in self._authorization.grants_of(asked.official_id) if _concerns(grant, asked)]
        lines = [grant.line_id for grant in grants]
        if not lines:
            return 0
        mine = select(RequestLine.id).where(RequestLine.id.in_(lines), RequestLine.item_id == asked.item_id)
        of_item = set(self._read().scalars(mine))
        held = (Held(grant.starts_at, min(grant.ends_at, grant.closed_at or grant.ends_at)) for grant in grants if grant.line_id in of_item)
        return days_beside(held, asked.begins, asked.begins + asked.days * _DAY, asked.at)


def days_beside(held: Iterable[Held], begins: datetime, ends: datetime, at: datetime) -> int:
    """Return how many whole days the row that ``[begins, ends)`` belongs to lasts beside it; nothing if all of it was over at ``at``."""
    apart, row = [one for one in held if one.begins < one.ends], [Held(begins, ends)]
    first, last = begins, ends
    while near := [one for one in apart if one.begins < last + BREAK and one.ends > first - BREAK]:
        row += near
        apart = [one for one in apart if one not in near]
        first, last = min(one.begins for one in row), max(one.ends for one in row)
    if not any(one.ends > at for one in row[1:]):
        return 0
    return ((last - first) - (ends - begins)) // _DAY


def _concerns(grant: GrantView, asked: Asked) -> bool:
    """Return whether a grant opens what is asked for, to the same end."""
    if grant.function != asked.function or grant.line_id is None:
        return False
    return not asked.by_case or _key(grant.case_number) == _key(asked.case_number)


def _key(case_number: str | None) -> str:
    return case_key(case_number) if case_number else ""
