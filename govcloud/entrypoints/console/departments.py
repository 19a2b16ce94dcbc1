"""机构: the departments of the organisation tree as they stand today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import g

from govcloud.entrypoints.console.base import ConsoleView, name_of, services
from govcloud.entrypoints.console.sections import Section
from govcloud.identity.models import DepartmentVersion
from govcloud.kernel.messages import Message
from govcloud.web.locale import say

LEVELS = {
    "province": Message("省级"),
    "city": Message("市级"),
    "county": Message("县级"),
    "township": Message("乡镇级"),
}


class DepartmentsView(ConsoleView):
    """The departments that exist now; history stays in the table and is read by as-of questions."""

    opens = "govcloud:console:departments"
    title = Message("机构")
    lead = Message("现行的机构：层级、上级、行政区划和条线；历史版本保留备查。")
    icon = "building-2"
    group = Message("组织与人员")
    column_list = ("name", "level", "parent_id", "division_code", "business_lines")
    column_details_list = ("name", "short_name", "level", "parent_id", "division_code", "business_lines", "valid_from")
    column_searchable_list = ("name",)
    column_sortable_list = ()
    column_default_sort = [("path", False), ("position", False)]
    labels = {
        "name": Message("名称"),
        "short_name": Message("简称"),
        "level": Message("层级"),
        "parent_id": Message("上级机构"),
        "division_code": Message("行政区划"),
        "business_lines": Message("条线"),
        "valid_from": Message("生效时间"),
    }
    column_formatters = {
        "level": lambda _v, _c, row, _n: say(LEVELS[row.level]),
        "parent_id": name_of("parent_id"),
        "division_code": lambda _v, _c, row, _n: f"{g.console_divisions.get(row.division_code, '')} {row.division_code}".strip(),
        "business_lines": lambda _v, _c, row, _n: "、".join(row.business_lines),
    }

    def get_query(self) -> Any:  # noqa: ANN401 - Flask-Admin's query
        """Return the versions that hold now."""
        return super().get_query().filter(DepartmentVersion.valid_to.is_(None))

    def names(self, rows: Sequence[DepartmentVersion]) -> Mapping[UUID, str]:
        """Return the names of the parents, and keep those of the divisions beside them."""
        g.console_divisions = services().identity_queries.division_names({row.division_code for row in rows})
        parents = {row.parent_id for row in rows if row.parent_id}
        return {key: view.name for key, view in services().identity_queries.departments(parents).items()}

    def heading(self, row: DepartmentVersion) -> str:
        """Return the name."""
        return row.name

    def sections(self, row: DepartmentVersion) -> list[Section]:
        """Return the departments below."""
        below = services().identity_queries.children(row.department_id)
        return [Section(Message("下级机构"), (Message("名称"), Message("统一社会信用代码")), [(item.name, item.uscc) for item in below])]
