"""谁能使用: who may use a function, now or as of a date, with what gives it; the whole list as a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import Response, make_response, request, stream_with_context
from flask_admin import expose

from govcloud.authorization.answers.entries import PeopleCount, PeoplePage, PersonEntry
from govcloud.authorization.answers.service import Asked
from govcloud.entrypoints.console.parts.official_list import csv_line
from govcloud.entrypoints.console.parts.pages import ConsolePage, opened
from govcloud.entrypoints.console.rights.answer_words import STATES, because_words
from govcloud.entrypoints.console.rights.authorization import GROUP
from govcloud.entrypoints.console.rights.typed_question import TOLD, asked_of
from govcloud.identity.queries import Subject
from govcloud.identity.views import DepartmentView
from govcloud.kernel.errors import Invalid
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import identifier, searchable
from govcloud.subsystems.queries import FunctionView
from govcloud.web.asking import HOLDERS, TRY, may_ask_about, not_your_function
from govcloud.web.attribute_words import attribute_words
from govcloud.web.gate import services
from govcloud.web.locale import say
from govcloud.web.moments import at_of, minute

PAGE = 20
_EXPORT_PAGE = 500
_CHOICES = 12
_HEADS = tuple(Message(text) for text in ("工号", "姓名", "部门", "岗位", "结论", "依据", "还要知道"))


@dataclass(frozen=True)
class Row:
    """One person of the list, in words."""

    entry: PersonEntry
    code: str
    name: str
    places: tuple[Subject, ...]

    @property
    def because(self) -> str:
        """Return what gives the function."""
        return because_words(self.entry)

    @property
    def missing(self) -> str:
        """Return what would settle it."""
        return attribute_words(self.entry.missing)


@dataclass(frozen=True)
class Query:
    """What the query bar asks: a function, a department with all below it, a moment, and what is told of the thing and the request.

    ``asked`` is the question to the engine; ``None``: no function is meant, or what is told is wrong (``errors``).
    """

    typed: str
    function: FunctionView | None
    choices: tuple[FunctionView, ...]
    typed_department: str
    department: DepartmentView | None
    at: datetime | None
    told: Mapping[str, str]
    asked: Asked | None
    errors: Mapping[str, list[str]]

    @classmethod
    def of_request(cls) -> Query:
        """Read the address.

        Raises:
            Denied: the function is not one that the reader may ask about.
        """
        typed, department = (searchable(request.args.get(name, "").strip())[:200] for name in ("function", "department"))
        catalogue = services().subsystem_queries
        function = catalogue.function(typed) if typed else None
        if function is not None and not may_ask_about(function.code):
            raise not_your_function()
        choices = () if function or not typed else catalogue.search_functions(typed, _CHOICES)
        told = {name: request.args.get(name, "").strip()[:4000] for name in TOLD}
        asked, errors = _asked(function, told)
        return cls(typed, function, choices, department, _department(department), at_of(request.args.get("at", "")), told, asked, errors)

    @property
    def unknown_department(self) -> bool:
        """Say that a department was typed and none is meant."""
        return bool(self.typed_department) and self.department is None

    def page(self, after: UUID | None, limit: int = PAGE) -> PeoplePage:
        """Return one page of the list."""
        if self.asked is None or self.unknown_department:
            return PeoplePage((), None, 0)
        asked = self.asked
        return services().authorization_queries.answers.list_people(
            asked.function,
            asked.resource,
            asked.context,
            at=self.at,
            department_id=self.department.id if self.department else None,
            every_appointment=True,
            client_address=asked.client_address,
            limit=limit,
            after=after,
        )

    def count(self) -> PeopleCount | None:
        """Return how many people the list holds; ``None``: there is no list."""
        if self.asked is None or self.unknown_department:
            return None
        asked = self.asked
        return services().authorization_queries.answers.count_people(
            asked.function,
            asked.resource,
            asked.context,
            at=self.at,
            department_id=self.department.id if self.department else None,
            client_address=asked.client_address,
        )

    def rows(self, page: PeoplePage) -> tuple[Row, ...]:
        """Put names and places to a page, all at once."""
        ids = [entry.id for entry in page.rows]
        held: dict[UUID, list[Subject]] = {}
        for subject in services().identity_queries.subjects_among(ids, self.at) if ids else ():
            held.setdefault(subject.official_id, []).append(subject)
        names = services().identity_queries.official_names(ids) if ids else {}
        return tuple(_row(entry, names.get(entry.id, ""), held.get(entry.id, [])) for entry in page.rows)

    def address(self) -> Mapping[str, str]:
        """Return the query as it stands in an address."""
        parts = {
            "function": self.function.code if self.function else self.typed,
            "department": self.department.uscc if self.department else self.typed_department,
            "at": minute(self.at),
            **self.told,
        }
        return {name: value for name, value in parts.items() if value}


class WhoCanView(ConsolePage):
    """Who may use a function."""

    opens = HOLDERS
    title = Message("谁能使用")
    lead = Message("选定一项功能，看现在或过去某一时点谁能使用、依据是什么。与每次点击所用的引擎相同。")
    icon = "users"
    group = GROUP
    asks = (TRY,)

    def __init__(self) -> None:
        """Serve below ``/console/who_can/``."""
        super().__init__("who_can")

    @expose("/")
    def index_view(self) -> Response:
        """Show one page of the list, or functions to choose from."""
        query = Query.of_request()
        page = query.page(identifier(request.args.get("after")))
        rendered = self.render(
            "console/who_can.html",
            view=self,
            query=query,
            page=page,
            rows=query.rows(page),
            count=query.count(),
            states=STATES,
            tries=opened(TRY),
            at=query.address().get("at", ""),
            mine=[choice for choice in query.choices if may_ask_about(choice.code)],
        )
        return make_response(rendered, 422 if query.errors else 200)

    @expose("/export.csv")
    def export_view(self) -> Response:
        """Send the whole list as a file, written while it is read."""
        lines = stream_with_context(as_csv(Query.of_request()))
        headers = {"Content-Disposition": 'attachment; filename="who-can.csv"'}
        return Response(lines, content_type="text/csv; charset=utf-8", headers=headers)


def as_csv(query: Query) -> Iterator[str]:
    """Yield the list as CSV, page by page."""
    yield "\ufeff" + csv_line([say(head) for head in _HEADS])
    after: UUID | None = None
    while True:
        page = query.page(after, _EXPORT_PAGE)
        yield "".join(csv_line(_cells(row)) for row in query.rows(page))
        after = page.after
        if after is None:
            return


def _asked(function: FunctionView | None, told: Mapping[str, str]) -> tuple[Asked | None, Mapping[str, list[str]]]:
    """Return the question about the function, or what is wrong with what is told beside it."""
    if function is None:
        return None, {}
    try:
        return asked_of(function.code, told), {}
    except Invalid as error:
        return None, {item.field: [say(item.message)] for item in error.fields}


def _row(entry: PersonEntry, name: str, held: list[Subject]) -> Row:
    places = tuple(subject for subject in held if subject.appointment_id in entry.under)
    return Row(entry, held[0].employee_code if held else "", name, places)


def _cells(row: Row) -> list[str]:
    return [
        row.code,
        row.name,
        "；".join(place.department_name for place in row.places),
        "；".join(place.position for place in row.places),
        say(STATES[row.entry.state].text),
        row.because,
        row.missing,
    ]


def _department(typed: str) -> DepartmentView | None:
    """Return the department that is typed by code or name, wherever it stands: who may ask about a function may ask of all people."""
    if not typed:
        return None
    by_code = services().identity_queries.department_by_uscc(typed)
    if by_code is not None:
        return by_code
    found = services().identity_queries.search_departments(typed)
    exact = [view for view in found if typed in {view.name, view.short_name}]
    return exact[0] if len(exact) == 1 else found[0] if len(found) == 1 else None
