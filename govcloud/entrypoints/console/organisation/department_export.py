"""机构 as a file: one department with everything below it on some day, read a page at a time and written while it is read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from govcloud.entrypoints.console.parts.words import LEVELS
from govcloud.identity.views import DepartmentView
from govcloud.kernel.messages import Message
from govcloud.kernel.spreadsheets import csv_lines
from govcloud.web.gate import services
from govcloud.web.locale import say

_HEADS = (
    Message("名称"),
    Message("简称"),
    Message("统一社会信用代码"),
    Message("上级机构"),
    Message("层级"),
    Message("行政区划代码"),
    Message("行政区划"),
    Message("条线"),
    Message("牵头部门"),
)


def as_csv(path: str, at: datetime | None) -> Iterator[str]:
    """Yield the department at ``path`` and all below it as CSV, each behind the one above it; ``at`` is aware, ``None`` now."""
    return csv_lines([say(head) for head in _HEADS], _rows(path, at))


def _rows(path: str, at: datetime | None) -> Iterator[list[str]]:
    after: str | None = None
    while True:
        page = services().tree_queries.subtree(path, after, at=at)
        yield from _cells(page, at)
        if not page:
            return
        after = page[-1].path


def _cells(page: tuple[DepartmentView, ...], at: datetime | None) -> Iterator[list[str]]:
    """Return the rows of one page; the names beside them are looked up once for all of it."""
    queries = services().identity_queries
    others = {key for view in page for key in (view.parent_id, view.lead_department_id) if key}
    names = {key: view.name for key, view in queries.departments(others, at).items()} if others else {}
    divisions = queries.division_names({view.division for view in page}) if page else {}
    for view in page:
        yield [
            view.name,
            view.short_name,
            view.uscc,
            names.get(view.parent_id, "") if view.parent_id else "",
            say(LEVELS[view.level]),
            view.division,
            divisions.get(view.division, ""),
            say(Message("、")).join(view.business_lines),
            names.get(view.lead_department_id, "") if view.lead_department_id else "",
        ]
