"""People over the API: found within the caller's reach, shown masked, a number in clear with a reason, and facts beside the duties.

Duties change by events (``feed.py``), which a personnel system sends; nobody else needs a program for them.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from govcloud.entrypoints.api.organisation.changes import reach_within
from govcloud.entrypoints.api.wire.answers import Answer
from govcloud.entrypoints.api.wire.bodies import Input, Text
from govcloud.entrypoints.api.wire.table import Route
from govcloud.identity.inputs import OfficialChange
from govcloud.identity.views import AppointmentView, OfficialView
from govcloud.kernel.errors import FieldError, Invalid, NotFound
from govcloud.kernel.messages import Message
from govcloud.web.gate import current_actor, requires, services, signed_in
from govcloud.web.words import OFFICIAL_STATUS

READ = "govcloud:console:officials"


class OfficialsQuery(Input):
    """A search of people."""

    q: str = Field(default="", max_length=100, description="how name, pinyin, initials or employee code begins; empty lists everybody")
    department: str = Field(default="", max_length=18, description="unified social credit code: only this department and all below it")
    status: str = Field(default="", max_length=20, description="`active`, `suspended` or `left`")
    cursor: str | None = Field(default=None, max_length=400, description="`cursor` of the page before")
    limit: int = Field(default=20, ge=1, le=100)


class UnmaskBody(Input):
    """Which number is to be read, and why."""

    fact: Text = Field(description="`id_number` or `phone`")
    reason: Text = Field(description="at most 500 characters; stands in the audit record")


class OfficialFactsBody(Input):
    """Other facts about a person; what is null or left out stays."""

    name: Text | None = None
    phone: Text | None = Field(default=None, description="an empty text takes the number away")
    rank: Text | None = None
    staffing_type: Text | None = None


class IdNumberBody(Input):
    """The right number in place of a mistyped one."""

    id_number: Text


class PlaceAnswer(Answer):
    """An appointment that holds now."""

    id: UUID
    kind: str
    department_id: UUID
    department_name: str
    office_name: str | None
    position: str
    post: str
    starts_at: datetime
    ends_at: datetime | None


class OfficialAnswer(Answer):
    """A person; personal numbers are masked."""

    id: UUID
    employee_code: str
    name: str
    pinyin: str
    status: str
    rank: str
    staffing_type: str
    masked_id_number: str
    masked_phone: str | None
    main: PlaceAnswer | None = Field(description="the primary appointment, else the first that holds")

    @classmethod
    def of(cls, view: OfficialView, place: AppointmentView | None) -> OfficialAnswer:
        """Put a person and a place together."""
        own = {name: getattr(view, name) for name in cls.model_fields if name != "main"}
        return cls(**own, main=None if place is None else PlaceAnswer.model_validate(place))


class OfficialsAnswer(Answer):
    """A page of people, in the order of their pinyin; there is no total."""

    officials: tuple[OfficialAnswer, ...]
    cursor: str | None


class OfficialPageAnswer(Answer):
    """A person with every appointment that holds now."""

    official: OfficialAnswer
    appointments: tuple[PlaceAnswer, ...]


class NumberAnswer(Answer):
    """A number in clear; empty when there is none."""

    number: str


class FactsChangedAnswer(Answer):
    """Whether anything is different."""

    changed: bool


@requires(READ)
def officials(query: OfficialsQuery) -> OfficialsAnswer:
    """People within the caller's reach, by the beginning of name, pinyin, initials or employee code."""
    if query.status and query.status not in OFFICIAL_STATUS:
        wrong = Message("不是可选值，请填写：%(allowed)s。", allowed="、".join(OFFICIAL_STATUS))
        raise Invalid.of(FieldError("status", wrong, query.status))
    page = services().identity_queries.search_officials(
        query.q.strip(), query.limit, query.cursor, reach=reach_within(READ, query.department), status=query.status
    )
    places = services().identity_queries.main_places(row.id for row in page.rows)
    return OfficialsAnswer(officials=tuple(OfficialAnswer.of(row, places.get(row.id)) for row in page.rows), cursor=page.after)


@requires(READ)
def official(official_id: UUID) -> OfficialPageAnswer:
    """One person within the caller's reach."""
    view = services().identity_queries.official_within(official_id, reach_within(READ))
    if view is None:
        raise NotFound.of(Message("公职人员"), official_id)
    held = services().identity_queries.appointments_of(official_id)
    places = tuple(PlaceAnswer.model_validate(place) for place in held)
    return OfficialPageAnswer(official=OfficialAnswer.of(view, held[0] if held else None), appointments=places)


@signed_in
def unmask_official(official_id: UUID, body: UnmaskBody) -> NumberAnswer:
    """Read a person's ID number or phone number in clear; that it was read is on record, with the reason."""
    return NumberAnswer(number=services().identity.unmask(current_actor(), official_id, body.fact, body.reason))


@signed_in
def change_official(official_id: UUID, body: OfficialFactsBody) -> FactsChangedAnswer:
    """Change name, phone, rank or staffing type."""
    change = OfficialChange(**body.model_dump())
    return FactsChangedAnswer(changed=services().identity.change_official(current_actor(), official_id, change))


@signed_in
def correct_id_number(official_id: UUID, body: IdNumberBody) -> FactsChangedAnswer:
    """Put the right ID number in place of one that was mistyped."""
    return FactsChangedAnswer(changed=services().identity.correct_id_number(current_actor(), official_id, body.id_number))


PEOPLE = (
    Route("GET", "/officials", officials, OfficialsAnswer, query=OfficialsQuery),
    Route("GET", "/officials/<uuid:official_id>", official, OfficialPageAnswer),
    Route("POST", "/officials/<uuid:official_id>/unmask", unmask_official, NumberAnswer, body=UnmaskBody),
    Route("POST", "/officials/<uuid:official_id>/change", change_official, FactsChangedAnswer, body=OfficialFactsBody),
    Route("POST", "/officials/<uuid:official_id>/correct-id-number", correct_id_number, FactsChangedAnswer, body=IdNumberBody),
)
