"""The routes of planned personnel changes: what lies ahead within the caller's reach, and cancelling one of it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime, Field

from govcloud.entrypoints.api.wire.answers import Answer
from govcloud.entrypoints.api.wire.bodies import Input, Text
from govcloud.entrypoints.api.wire.table import Route
from govcloud.identity.finding.people_queries import ChangePage, ChangeView, Planned
from govcloud.identity.finding.reach import NOWHERE, Reach
from govcloud.identity.working_life.orders import PLANNABLE
from govcloud.kernel.errors import FieldError, Invalid
from govcloud.kernel.messages import Message
from govcloud.web.gate import current_actor, reach_of, requires, services, signed_in

READ = "govcloud:personnel_change:read"


class PlannedQuery(Input):
    """A page of planned changes."""

    kind: str = Field(default="", max_length=20, description=", ".join(f"`{kind}`" for kind in PLANNABLE))
    department: str = Field(default="", max_length=18, description="unified social credit code: only this department and all below it")
    since: AwareDatetime | None = Field(default=None, description="effective at this moment or later, with its zone")
    until: AwareDatetime | None = Field(default=None, description="effective before this moment, with its zone")
    cursor: str | None = Field(default=None, max_length=100, description="`cursor` of the page before")
    limit: int = Field(default=20, ge=1, le=100)


class CancelBody(Input):
    """Why a change is cancelled."""

    reason: Text = Field(description="at most 500 characters; stands in the audit record")


class PlannedChangeAnswer(Answer):
    """One change that lies ahead: who, what, when, and by whom it was ordered."""

    id: UUID
    official_id: UUID
    name: str
    employee_code: str
    kind: str
    effective_at: datetime
    department: str | None = Field(description="name of the department of the new place")
    position: str | None
    reason: str
    recorded_at: datetime
    recorded_by: str = Field(description="an official by name, a client by its id")

    @classmethod
    def of(cls, row: ChangeView, page: ChangePage) -> PlannedChangeAnswer:
        """Take a change over."""
        return cls(
            id=row.id,
            official_id=row.official_id,
            name=row.official_name,
            employee_code=row.employee_code,
            kind=row.kind,
            effective_at=row.effective_at,
            department=row.department_name,
            position=row.position,
            reason=row.reason,
            recorded_at=row.recorded_at,
            recorded_by=page.by(row),
        )


class PlannedChangesAnswer(Answer):
    """A page of planned changes, the next one first."""

    changes: tuple[PlannedChangeAnswer, ...]
    cursor: str | None


class CancelledAnswer(Answer):
    """A change that will not come."""

    id: UUID


@requires(READ)
def planned_changes(query: PlannedQuery) -> PlannedChangesAnswer:
    """Personnel changes that lie ahead, of the people within the caller's reach."""
    if query.kind and query.kind not in PLANNABLE:
        wrong = Message("不是可选值，请填写：%(allowed)s。", allowed="、".join(PLANNABLE))
        raise Invalid.of(FieldError("kind", wrong, query.kind))
    page = services().identity_queries.planned_page(
        reach_within(READ, query.department), Planned(query.kind, query.since, query.until), query.cursor, query.limit
    )
    return PlannedChangesAnswer(changes=tuple(PlannedChangeAnswer.of(row, page) for row in page.rows), cursor=page.after)


@signed_in
def cancel_planned_change(change_id: UUID, body: CancelBody) -> CancelledAnswer:
    """Cancel a personnel change that lies ahead."""
    services().identity.cancel_change(current_actor(), change_id, body.reason)
    return CancelledAnswer(id=change_id)


def reach_within(function: str, uscc: str = "") -> Reach:
    """Return how far the caller sees people by ``function``, narrowed to the department that is named.

    Raises:
        Invalid: there is no such department within reach.
    """
    paths = reach_of(function)
    reach = Reach(paths) if paths else NOWHERE
    if not uscc:
        return reach
    department = services().identity_queries.department_by_uscc(uscc)
    if department is None or not reach.covers(department.path):
        raise Invalid.of(FieldError("department", Message("您的管理范围内没有这个部门，请填写部门全称或统一社会信用代码。"), uscc))
    return reach.narrowed(department.path)


CHANGES = (
    Route("GET", "/personnel-changes", planned_changes, PlannedChangesAnswer, query=PlannedQuery),
    Route("POST", "/personnel-changes/<uuid:change_id>/cancel", cancel_planned_change, CancelledAnswer, body=CancelBody),
)
