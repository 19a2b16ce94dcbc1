"""The routes of the API, and the table that lists them."""

from __future__ import annotations

from uuid import UUID

from flask_wtf.csrf import generate_csrf

from govcloud.access.commands import NO_ALTERNATIVE, NewRequest
from govcloud.authorization.scopes.scope import PROVINCE
from govcloud.entrypoints.api.answering.apart import TABLE as APART
from govcloud.entrypoints.api.answering.duties import TABLE as DUTIES
from govcloud.entrypoints.api.answering.label_effects import TABLE as LABELS
from govcloud.entrypoints.api.asking import TABLE as ASKING
from govcloud.entrypoints.api.catalogue.lists import LISTS
from govcloud.entrypoints.api.catalogue.matters import TABLE as MATTERS
from govcloud.entrypoints.api.catalogue.subsystems import TABLE as SUBSYSTEMS
from govcloud.entrypoints.api.files import TABLE as FILES
from govcloud.entrypoints.api.organisation.changes import CHANGES
from govcloud.entrypoints.api.organisation.feed import PersonnelEventsAnswer, PersonnelEventsBody, personnel_events
from govcloud.entrypoints.api.organisation.organisation import ORGANISATION
from govcloud.entrypoints.api.organisation.people import PEOPLE
from govcloud.entrypoints.api.policies.policies import TABLE as POLICIES
from govcloud.entrypoints.api.policies.policy_difference import TABLE as POLICY_DIFFERENCE
from govcloud.entrypoints.api.requests.approval_bodies import InboxQuery
from govcloud.entrypoints.api.requests.approvals import TABLE as APPROVALS
from govcloud.entrypoints.api.requests.catalogue_answers import ItemAnswer, ItemsAnswer, ScopeChoiceAnswer, ScopeChoicesAnswer
from govcloud.entrypoints.api.requests.deciding import DecisionPageAnswer, InboxAnswer, InboxLineAnswer
from govcloud.entrypoints.api.requests.life import TABLE as LIFE
from govcloud.entrypoints.api.requests.notices import TABLE as NOTICES
from govcloud.entrypoints.api.requests.submissions import TABLE as SUBMISSIONS
from govcloud.entrypoints.api.requests.waiting import TABLE as WAITING
from govcloud.entrypoints.api.signon import TABLE as SIGNON
from govcloud.entrypoints.api.wire.answers import AppointmentAnswer, LineAnswer, MeAnswer, RequestAnswer, RequestsAnswer
from govcloud.entrypoints.api.wire.bodies import (
    ApproveBody,
    CatalogueQuery,
    ListQuery,
    NewRequestBody,
    RejectBody,
    RevokeBody,
    WithdrawBody,
)
from govcloud.entrypoints.api.wire.errors import refusals_of
from govcloud.entrypoints.api.wire.named import scope_of
from govcloud.entrypoints.api.wire.results import (
    ClosedAnswer,
    DecidedAnswer,
    HeldAnswer,
    HeldListAnswer,
    OverseenAnswer,
    SubmittedAnswer,
    WithdrawnAnswer,
)
from govcloud.entrypoints.api.wire.table import Route, keyed
from govcloud.kernel.errors import FieldError, Invalid, NotFound
from govcloud.kernel.messages import Message
from govcloud.web.gate import current_actor, reader_session, services, signed_in

PREFIX = "/api/v1"


@signed_in
def me() -> MeAnswer:
    """Who is signed in, in which duty, and the token for writing calls."""
    session = reader_session()
    appointments = services().identity_queries.appointments_of(session.official_id, services().clock.now())
    return MeAnswer(
        official_id=session.official_id,
        name=session.name,
        employee_code=session.employee_code,
        appointment_id=session.appointment_id,
        appointments=tuple(AppointmentAnswer.model_validate(appointment) for appointment in appointments),
        inbox_count=services().access_queries.inbox_count(current_actor()),
        csrf_token=generate_csrf(),
    )


@signed_in
def catalogue(query: CatalogueQuery) -> ItemsAnswer:
    """What can be requested now."""
    found = services().access_queries.catalogue(query.q, query.limit)
    return ItemsAnswer(items=tuple(ItemAnswer.of(entry) for entry in found))


@signed_in
def scopes(item_id: UUID) -> ScopeChoicesAnswer:
    """The scopes in which an item can be requested, those around one's own division first."""
    entry = services().access_queries.item(item_id)
    if entry is None:
        raise NotFound.of(Message("可申请项"), item_id)
    if entry.scope_kind != "division":
        return ScopeChoicesAnswer(choices=(ScopeChoiceAnswer(divisions=None, name="", level="", suggested=True),))
    session = reader_session()
    duty = services().identity_queries.appointment(session.appointment_id) if session.appointment_id else None
    choices = services().access_queries.scope_choices(PROVINCE, duty.division if duty else None)
    return ScopeChoicesAnswer(choices=tuple(ScopeChoiceAnswer.of(choice) for choice in choices))


@signed_in
def submit(body: NewRequestBody) -> SubmittedAnswer:
    """Ask for temporary access to one item."""
    new = NewRequest(
        item_id=_item_id(body),
        reason=body.reason,
        days=body.days,
        scope=scope_of(body.divisions) or PROVINCE,
        case_number=body.case_number,
        matter_id=body.matter_id,
        beneficiary_appointment_id=body.beneficiary_appointment_id,
        duty=body.duty,
    )
    return SubmittedAnswer.of(services().access.submit(current_actor(), new))


def _item_id(body: NewRequestBody) -> UUID:
    """Return the item that a body names, by its id or by the function that it opens.

    Raises:
        Invalid: neither or both are given, or the function cannot be requested.
    """
    if body.item_id is not None and body.function is None:
        return body.item_id
    if body.item_id is not None or body.function is None:
        raise Invalid.of(FieldError("item_id", Message("item_id 与 function 应填且只填一个。")))
    entry = services().access_queries.item_for_function(body.function)
    if entry is None:
        raise Invalid(
            "not_requestable",
            Message("“%(function)s”不是可以申请的功能。", function=body.function[:100]),
            fields=(FieldError("function", Message("没有这个功能，或它不开放申请。"), body.function[:100]),),
        )
    return entry.id


@signed_in
def requests(query: ListQuery) -> RequestsAnswer:
    """One's requests, and those made for one, newest first."""
    page = services().access_queries.my_requests(reader_session().official_id, query.cursor, query.limit)
    return RequestsAnswer(requests=tuple(RequestAnswer.of(view) for view in page.entries), cursor=page.cursor)


@signed_in
def request_(request_id: UUID) -> RequestAnswer:
    """One request with its lines."""
    return RequestAnswer.of(services().access_queries.request(current_actor(), request_id))


@signed_in
def inbox(query: InboxQuery) -> InboxAnswer:
    """The lines that one is asked to decide on, oldest first; with `below` all that one may."""
    page = services().access_queries.inbox(current_actor(), query.cursor, query.limit, below=query.below)
    return InboxAnswer(lines=tuple(InboxLineAnswer.of(entry) for entry in page.entries), cursor=page.cursor)


@signed_in
def line(line_id: UUID) -> LineAnswer:
    """One line, for its requester, its beneficiary and its approvers."""
    return LineAnswer.of(services().access_queries.line(current_actor(), line_id))


@signed_in
def decision(line_id: UUID) -> DecisionPageAnswer:
    """A line with the evidence for its approvers."""
    page = services().access_queries.decision_page(current_actor(), line_id)
    return DecisionPageAnswer.of(page, refusals_of(page.refusals), refusals_of(page.approval_refusals))


@signed_in
def approve(line_id: UUID, body: ApproveBody) -> DecidedAnswer:
    """Say yes to a line, as requested or to less."""
    decided = services().access.approve(
        current_actor(),
        line_id,
        body.version,
        scope=scope_of(body.divisions),
        days=body.days,
        comment=body.comment,
        evidence_hash=body.evidence_hash,
    )
    return DecidedAnswer.of(decided)


@signed_in
def reject(line_id: UUID, body: RejectBody) -> DecidedAnswer:
    """Say no to a line, with a reason."""
    decided = services().access.reject(
        current_actor(),
        line_id,
        body.version,
        body.reason_code,
        body.comment,
        evidence_hash=body.evidence_hash,
        alternative=body.alternative.to_input() if body.alternative else NO_ALTERNATIVE,
    )
    return DecidedAnswer.of(decided)


@signed_in
def withdraw(line_id: UUID, body: WithdrawBody) -> WithdrawnAnswer:
    """Take one's own line back while it waits."""
    return WithdrawnAnswer.of(services().access.withdraw(current_actor(), line_id, body.version))


@signed_in
def access() -> HeldListAnswer:
    """One's temporary access: live, the next to end first; then what ended in the last 30 days."""
    held = services().access_queries.my_access(reader_session().official_id)
    return HeldListAnswer(access=tuple(HeldAnswer.of(entry) for entry in held))


@signed_in
def overseen(query: ListQuery) -> OverseenAnswer:
    """The live grants that one may revoke as senior administrator, the newest first."""
    page = services().access_queries.overseen_access(current_actor(), query.cursor, query.limit)
    return OverseenAnswer(access=tuple(HeldAnswer.of(entry) for entry in page.entries), cursor=page.cursor)


@signed_in
def revoke(grant_id: UUID, body: RevokeBody) -> ClosedAnswer:
    """End somebody's grant at once."""
    return ClosedAnswer.of(services().access.revoke(current_actor(), grant_id, body.reason))


@signed_in
def relinquish(grant_id: UUID) -> ClosedAnswer:
    """Give one's own grant back at once."""
    return ClosedAnswer.of(services().access.relinquish(current_actor(), grant_id))


def _request_address(answer: SubmittedAnswer) -> str:
    return f"{PREFIX}/requests/{answer.request_id}"


#: Asking, deciding, and the life of what comes of it: whatever changes something there takes an ``Idempotency-Key``.
ACCESS = keyed(
    Route("GET", "/me", me, MeAnswer),
    Route("GET", "/catalogue", catalogue, ItemsAnswer, query=CatalogueQuery),
    Route("GET", "/catalogue/<uuid:item_id>/scopes", scopes, ScopeChoicesAnswer),
    Route("POST", "/requests", submit, SubmittedAnswer, body=NewRequestBody, location=_request_address),
    Route("GET", "/requests", requests, RequestsAnswer, query=ListQuery),
    Route("GET", "/requests/<uuid:request_id>", request_, RequestAnswer),
    Route("GET", "/inbox", inbox, InboxAnswer, query=InboxQuery),
    Route("GET", "/lines/<uuid:line_id>", line, LineAnswer),
    Route("GET", "/lines/<uuid:line_id>/decision", decision, DecisionPageAnswer),
    Route("POST", "/lines/<uuid:line_id>/approve", approve, DecidedAnswer, body=ApproveBody),
    Route("POST", "/lines/<uuid:line_id>/reject", reject, DecidedAnswer, body=RejectBody),
    Route("POST", "/lines/<uuid:line_id>/withdraw", withdraw, WithdrawnAnswer, body=WithdrawBody),
    Route("GET", "/access", access, HeldListAnswer),
    Route("GET", "/access/overseen", overseen, OverseenAnswer, query=ListQuery),
    Route("POST", "/grants/<uuid:grant_id>/revoke", revoke, ClosedAnswer, body=RevokeBody),
    Route("POST", "/grants/<uuid:grant_id>/relinquish", relinquish, ClosedAnswer),
    *LIFE,
    *SUBMISSIONS,
    *FILES,
    *APART,
    *APPROVALS,
    *NOTICES,
    *WAITING,
)
TABLE = (
    *ACCESS,
    *DUTIES,
    *ASKING,
    *POLICIES,
    *POLICY_DIFFERENCE,
    *SIGNON,
    *ORGANISATION,
    *PEOPLE,
    *CHANGES,
    *LISTS,
    *SUBSYSTEMS,
    *LABELS,
    *MATTERS,
    Route("POST", "/personnel-events", personnel_events, PersonnelEventsAnswer, body=PersonnelEventsBody, by_client=True),
)

UPLOADS = tuple(f"api.{route.name}" for route in TABLE if route.takes_files)
"""The endpoints that read files."""
