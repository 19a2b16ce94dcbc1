"""The list of 人员: query bar, pages by cursor, and the same rows as CSV, written while they are read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from flask import Request

from govcloud.entrypoints.console.parts.people_reach import departments_named, reach
from govcloud.identity.finding.reach import Reach
from govcloud.identity.views import AppointmentView, DepartmentView, OfficialPage, OfficialView
from govcloud.kernel.messages import Message
from govcloud.web.gate import services
from govcloud.web.locale import say
from govcloud.web.words import OFFICIAL_STATUS

PAGE = 20
_EXPORT_PAGE = 200
_HEADS = (
    Message("工号"),
    Message("姓名"),
    Message("拼音"),
    Message("状态"),
    Message("部门"),
    Message("岗位"),
    Message("职务"),
    Message("职级"),
    Message("编制"),
    Message("证件号码"),
    Message("手机号"),
)
#: A cell that begins so is taken as a formula by spreadsheets (OWASP, CSV Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Query:
    """What the query bar asks: the beginning of a key, a department (with all below it), a status."""

    text: str
    department: str
    status: str
    chosen: DepartmentView | None
    choices: tuple[DepartmentView, ...]

    @classmethod
    def of(cls, request: Request) -> Query:
        """Read the address; a department that is not named exactly is offered as choices."""
        text, typed, status = (request.args.get(name, "").strip() for name in ("search", "department", "status"))
        chosen, choices = departments_named(typed, reach())
        return cls(text, typed, status if status in OFFICIAL_STATUS else "", chosen, choices)

    @property
    def reach(self) -> Reach:
        """How far the list goes: the reader's own reach, narrowed to the department."""
        if not self.department:
            return reach()
        return reach().narrowed(self.chosen.path) if self.chosen else Reach(())

    def page(self, after: str | None, limit: int = PAGE) -> OfficialPage:
        """Return one page of people."""
        return services().identity_queries.search_officials(self.text, limit, after, reach=self.reach, status=self.status)

    def address(self) -> Mapping[str, str]:
        """Return the query as it stands in an address."""
        parts = {"search": self.text, "department": self.chosen.uscc if self.chosen else self.department, "status": self.status}
        return {name: value for name, value in parts.items() if value}


def places_of(rows: tuple[OfficialView, ...]) -> Mapping[UUID, AppointmentView]:
    """Return where each person of a page serves, in one query."""
    return services().identity_queries.main_places(row.id for row in rows)


def as_csv(query: Query) -> Iterator[str]:
    """Yield the list as CSV, page by page; personal numbers are masked, as in the list."""
    # Spreadsheets of the house take a file without this mark for GB18030.
    yield "\ufeff" + csv_line([say(head) for head in _HEADS])
    after: str | None = None
    while True:
        page = query.page(after, _EXPORT_PAGE)
        places = places_of(page.rows)
        yield "".join(csv_line(_cells(row, places.get(row.id))) for row in page.rows)
        after = page.after
        if after is None:
            return


def _cells(row: OfficialView, place: AppointmentView | None) -> list[str]:
    return [
        row.employee_code,
        row.name,
        row.pinyin,
        say(OFFICIAL_STATUS[row.status].text),
        place.department_name if place else "",
        place.position if place else "",
        place.post if place else "",
        row.rank,
        row.staffing_type,
        row.masked_id_number,
        row.masked_phone or "",
    ]


def csv_line(cells: list[str]) -> str:
    """Return one line of CSV; a cell that a spreadsheet would take as a formula is marked as text."""
    out = io.StringIO()
    csv.writer(out).writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells])
    return out.getvalue()
