"""Rows of an answer as people read them: by the names of divisions and departments, and the numbers of cases."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from govcloud.authorization.scopes.scope import RowCondition, Scope
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import identifier
from govcloud.web.gate import services
from govcloud.web.locale import say

#: More alternatives than this are counted and not named.
MOST_NAMED = 50


def rows_words(rows: Scope) -> str:
    """Return which rows are open, in words; names are looked up for all of them at once."""
    if rows.whole:
        return say(Message("全省"))
    named = rows.alternatives[:MOST_NAMED]
    queries = services().identity_queries
    divisions = queries.division_names([item.division for item in named if item.division])
    ids = [found for item in named if (found := _department_of(item)) is not None]
    departments = {view.id: view.name for view in queries.departments(ids).values()} if ids else {}
    words = [_condition_words(item, divisions, departments) for item in named]
    if more := len(rows.alternatives) - len(named):
        words.append(say(Message("另有 %(n)s 项", n=more)))
    return say(Message("、")).join(words) or say(Message("没有数据"))


def _condition_words(item: RowCondition, divisions: Mapping[str, str], departments: Mapping[UUID, str]) -> str:
    """Return what one alternative asks of a row, all at once."""
    parts: list[str] = []
    if item.division is not None:
        parts.append(divisions.get(item.division, item.division))
    if item.department_path is not None:
        department_id = _department_of(item)
        name = departments.get(department_id, item.department_path) if department_id else item.department_path
        parts.append(say(Message("%(department)s及下级", department=name)))
    if item.case_number is not None:
        parts.append(say(Message("办件 %(number)s", number=item.case_number)))
    return say(Message("且")).join(parts)


def _department_of(item: RowCondition) -> UUID | None:
    """Return the department at whose path the rows stand; ``None``: at none, or the path names none."""
    steps = [part for part in (item.department_path or "").split("/") if part]
    return identifier(steps[-1]) if steps else None
