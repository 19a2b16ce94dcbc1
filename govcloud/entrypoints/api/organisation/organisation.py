"""The routes of the department tree: reading it as of a moment, and changing it, with a dry run of every change."""

from __future__ import annotations

from uuid import UUID

from govcloud.entrypoints.api.organisation.departments import (
    AbolishBody,
    AtQuery,
    ChangeBody,
    DepartmentAnswer,
    DepartmentPageAnswer,
    DepartmentsAnswer,
    DepartmentSearchQuery,
    FactsBody,
    HistoryAnswer,
    MergeBody,
    MoveBody,
    NewDepartmentBody,
    NodeAnswer,
    OfficeAnswer,
    OfficeChangedAnswer,
    OfficeNameBody,
    OfficesBody,
    OpenedAnswer,
    RegisteredAnswer,
    RenameBody,
    ReorderBody,
    ReorganisedAnswer,
    SplitBody,
    TreeAnswer,
    TreeQuery,
)
from govcloud.entrypoints.api.wire.table import Route
from govcloud.identity.inputs import NewDepartment, NewOffice
from govcloud.identity.reorganisation import Abolish, Change, Merge, Move, Rename, Reorder, Reorganisation, Split
from govcloud.kernel.errors import FieldError, Invalid, NotFound
from govcloud.kernel.messages import Message
from govcloud.web.gate import current_actor, requires, services, signed_in

_READ = "govcloud:department:read"


@requires(_READ)
def departments(query: TreeQuery) -> TreeAnswer:
    """One level of the department tree."""
    page = services().tree_queries.children(query.parent, query.limit, query.cursor, at=query.at)
    return TreeAnswer(departments=tuple(NodeAnswer.of(node) for node in page.nodes), cursor=page.after)


@requires(_READ)
def search_departments(query: DepartmentSearchQuery) -> DepartmentsAnswer:
    """Departments by a part of their name, short name, pinyin or initials."""
    page = services().tree_queries.search(query.q, query.limit, query.cursor, at=query.at)
    return DepartmentsAnswer(departments=tuple(DepartmentAnswer.of(view) for view in page.rows), cursor=page.after)


@requires(_READ)
def department(department_id: UUID, query: AtQuery) -> DepartmentPageAnswer:
    """One department, also one that is no more."""
    found = services().tree_queries.last_known(department_id, query.at)
    if found is None:
        raise NotFound.of(Message("部门"), department_id)
    view, ended_at = found
    offices = services().identity_queries.offices(department_id, query.at)
    return DepartmentPageAnswer(
        department=DepartmentAnswer.of(view),
        ended_at=ended_at,
        ancestors=tuple(NodeAnswer.of(node) for node in services().tree_queries.ancestors(view, at=query.at)),
        offices=tuple(OfficeAnswer(id=key, name=name) for key, name in offices.items()),
    )


@requires(_READ)
def department_history(department_id: UUID) -> HistoryAnswer:
    """How a department changed, what it came from and what became of it."""
    history = services().tree_queries.history(department_id)
    if not history.versions:
        raise NotFound.of(Message("部门"), department_id)
    return HistoryAnswer.of(history)


@signed_in
def register_department(body: NewDepartmentBody) -> RegisteredAnswer:
    """Register a department."""
    return RegisteredAnswer(id=services().identity.register_department(current_actor(), body.to_input()))


@signed_in
def rename_department(department_id: UUID, body: RenameBody) -> ReorganisedAnswer:
    """Give a department another name."""
    return _run(Rename(department_id, body.name, body.short_name), body)


@signed_in
def move_department(department_id: UUID, body: MoveBody) -> ReorganisedAnswer:
    """Put a department, with all below it, under another parent."""
    return _run(Move(department_id, body.parent_id, body.position), body)


@signed_in
def reorder_departments(body: ReorderBody) -> ReorganisedAnswer:
    """Set the order of all children of a department."""
    return _run(Reorder(body.parent_id, tuple(body.order)), body)


@signed_in
def change_department(department_id: UUID, body: FactsBody) -> ReorganisedAnswer:
    """Change division, level, business lines or lead department."""
    lines = None if body.business_lines is None else tuple(body.business_lines)
    change = Change(department_id, body.division_code, body.level, lines, body.lead_department_id, unled=body.unled)
    return _run(change, body)


@signed_in
def merge_departments(body: MergeBody) -> ReorganisedAnswer:
    """Let departments go into one."""
    return _run(Merge(tuple(body.sources), _successor(body), body.reason), body)


@signed_in
def split_department(department_id: UUID, body: SplitBody) -> ReorganisedAnswer:
    """Let a new department take a part of one."""
    taken = (tuple(body.offices), tuple(body.people), tuple(body.children))
    return _run(Split(department_id, body.new.to_input(), body.reason, *taken), body)


@signed_in
def abolish_department(department_id: UUID, body: AbolishBody) -> ReorganisedAnswer:
    """End a department."""
    return _run(Abolish(department_id, body.reason, body.successor_id), body)


@signed_in
def open_offices(department_id: UUID, body: OfficesBody) -> OpenedAnswer:
    """Open internal offices."""
    rows = [NewOffice(department_id, name) for name in body.names]
    return OpenedAnswer(ids=services().identity.open_offices(current_actor(), rows))


@signed_in
def rename_office(office_id: UUID, body: OfficeNameBody) -> OfficeChangedAnswer:
    """Give an internal office another name."""
    services().identity.rename_office(current_actor(), office_id, body.name)
    return OfficeChangedAnswer(id=office_id)


@signed_in
def close_office(office_id: UUID) -> OfficeChangedAnswer:
    """Close an internal office in which nobody serves."""
    services().identity.close_office(current_actor(), office_id)
    return OfficeChangedAnswer(id=office_id)


def _run(change: Reorganisation, body: ChangeBody) -> ReorganisedAnswer:
    """Rehearse or apply a change."""
    if body.dry_run:
        watched = services().drafting.watched(body.people_after)
        preview = services().identity.preview(current_actor(), change, watched)
        return ReorganisedAnswer.of(preview, None, watched.found, dry_run=True)
    done = services().identity.reorganise(current_actor(), change)
    return ReorganisedAnswer.of(done.preview, done.department_id, None, dry_run=False)


def _successor(body: MergeBody) -> UUID | NewDepartment:
    """Return what the departments go into.

    Raises:
        Invalid: neither or both of the two ways to name it are used.
    """
    if body.into is not None and body.new is None:
        return body.into
    if body.new is not None and body.into is None:
        return body.new.to_input()
    raise Invalid.of(FieldError("into", Message("into 与 new 应填且只填一个。")))


ORGANISATION = (
    Route("GET", "/departments", departments, TreeAnswer, query=TreeQuery),
    Route("GET", "/departments/search", search_departments, DepartmentsAnswer, query=DepartmentSearchQuery),
    Route("GET", "/departments/<uuid:department_id>", department, DepartmentPageAnswer, query=AtQuery),
    Route("GET", "/departments/<uuid:department_id>/history", department_history, HistoryAnswer),
    Route("POST", "/departments", register_department, RegisteredAnswer, body=NewDepartmentBody),
    Route("POST", "/departments/reorder", reorder_departments, ReorganisedAnswer, body=ReorderBody),
    Route("POST", "/departments/merge", merge_departments, ReorganisedAnswer, body=MergeBody),
    Route("POST", "/departments/<uuid:department_id>/rename", rename_department, ReorganisedAnswer, body=RenameBody),
    Route("POST", "/departments/<uuid:department_id>/move", move_department, ReorganisedAnswer, body=MoveBody),
    Route("POST", "/departments/<uuid:department_id>/change", change_department, ReorganisedAnswer, body=FactsBody),
    Route("POST", "/departments/<uuid:department_id>/split", split_department, ReorganisedAnswer, body=SplitBody),
    Route("POST", "/departments/<uuid:department_id>/abolish", abolish_department, ReorganisedAnswer, body=AbolishBody),
    Route("POST", "/departments/<uuid:department_id>/offices", open_offices, OpenedAnswer, body=OfficesBody),
    Route("POST", "/offices/<uuid:office_id>/rename", rename_office, OfficeChangedAnswer, body=OfficeNameBody),
    Route("POST", "/offices/<uuid:office_id>/close", close_office, OfficeChangedAnswer),
)
