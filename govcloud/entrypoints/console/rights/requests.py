"""申请: every line of every access request, read only; decisions are made in the portal by those whom routing names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from govcloud.access.lifecycle import LineState
from govcloud.access.models import RequestLine
from govcloud.entrypoints.console.parts.base import ConsoleView
from govcloud.entrypoints.console.parts.columns import name_of
from govcloud.entrypoints.console.rights.levels import keep_levels, level_of
from govcloud.kernel.messages import Message
from govcloud.web.gate import services
from govcloud.web.locale import say
from govcloud.web.words import LINE


class RequestsView(ConsoleView):
    """The request lines, newest first."""

    opens = "govcloud:console:requests"
    title = Message("权限申请")
    lead = Message("全部跨部门权限申请和审批结果；这里只读。")
    icon = "clipboard-list"
    group = Message("授权")
    column_list = (
        "beneficiary_official_id",
        "function",
        "level",
        "owner_department_id",
        "state",
        "requested_days",
        "submitted_at",
        "due_at",
    )
    column_details_list = (*column_list, "closed_at", "version")
    column_searchable_list = ("function",)
    column_sortable_list = ()
    column_default_sort = ("id", True)
    labels = {
        "beneficiary_official_id": Message("使用人"),
        "function": Message("功能"),
        "level": Message("接入级别"),
        "owner_department_id": Message("主管部门"),
        "state": Message("状态"),
        "requested_days": Message("申请天数"),
        "submitted_at": Message("提交时间"),
        "due_at": Message("时限"),
        "closed_at": Message("办结时间"),
        "version": Message("版本"),
    }
    column_formatters = {
        "beneficiary_official_id": name_of("beneficiary_official_id"),
        "owner_department_id": name_of("owner_department_id"),
        "level": level_of,
        "state": lambda _v, _c, row, _n: say(LINE[LineState(row.state)].text),
    }

    def names(self, rows: Sequence[RequestLine]) -> Mapping[UUID, str]:
        """Return the names of people and owners; keep the levels beside them."""
        keep_levels(rows)
        identity = services().identity_queries
        owners = identity.departments({row.owner_department_id for row in rows})
        people = identity.official_names({row.beneficiary_official_id for row in rows})
        return {**people, **{key: view.name for key, view in owners.items()}}

    def heading(self, row: RequestLine) -> str:
        """Return the function."""
        return row.function
