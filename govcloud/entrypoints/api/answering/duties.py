"""Standing access over the API: duty rules with their previews, ceilings, direct roles, and what an official may do and why."""

from __future__ import annotations

from uuid import UUID

from govcloud.authorization.rights.duty_inputs import DutyChange
from govcloud.entrypoints.api.answering.duty_answers import (
    AccessAnswer,
    AssignedAnswer,
    CeilingAnswer,
    ChangedAnswer,
    DutyRuleAnswer,
    DutyRuleIdAnswer,
    DutyRulesAnswer,
    PreviewAnswer,
)
from govcloud.entrypoints.api.answering.duty_bodies import (
    AccessQuery,
    AssignBody,
    CeilingBody,
    DutyRuleBody,
    DutyRulesQuery,
    EndBody,
    PreviewBody,
    TakeBody,
)
from govcloud.entrypoints.api.wire.table import Route
from govcloud.identity.queries import DepartmentView
from govcloud.kernel.errors import NotFound
from govcloud.kernel.messages import Message
from govcloud.web.asking import not_yours
from govcloud.web.gate import current_actor, may, reader_session, requires, services, signed_in

ACCESS = "govcloud:official:access"


@requires("govcloud:duty_rule:read")
def duty_rules(query: DutyRulesQuery) -> DutyRulesAnswer:
    """The duty rules that hold or will hold, in the order in which they were made."""
    page = services().authorization_queries.duties.rules(query.limit, query.cursor, role=query.role, ended=query.ended)
    return DutyRulesAnswer(rules=tuple(DutyRuleAnswer.of(duty) for duty in page.rows), cursor=page.after)


@requires("govcloud:duty_rule:read")
def preview_duty_rule(body: PreviewBody) -> PreviewAnswer:
    """What a change to the duty rules would do; nothing is changed."""
    change = DutyChange(body.new.rule() if body.new else None, body.rule_id)
    found = services().authorization_queries.duties.preview(
        change, body.limit, gainers_after=body.gainers_after, losers_after=body.losers_after
    )
    return PreviewAnswer.of(found)


@signed_in
def add_duty_rule(body: DutyRuleBody) -> DutyRuleIdAnswer:
    """Let everybody in an appointment of some description hold a role."""
    [rule_id] = services().authorization.add_duty_rules(current_actor(), [body.rule()])
    return DutyRuleIdAnswer(rule_id=rule_id)


@signed_in
def change_duty_rule(rule_id: UUID, body: DutyRuleBody) -> DutyRuleIdAnswer:
    """Let another rule follow one, at the moment at which it begins."""
    return DutyRuleIdAnswer(rule_id=services().authorization.change_duty_rule(current_actor(), rule_id, body.rule()))


@signed_in
def end_duty_rule(rule_id: UUID, body: EndBody) -> ChangedAnswer:
    """End a rule, now or later."""
    return ChangedAnswer(changed=services().authorization.end_duty_rule(current_actor(), rule_id, body.reason, body.at))


@requires("govcloud:role_ceiling:read")
def role_ceiling(department_id: UUID) -> CeilingAnswer:
    """What may be given directly in a department."""
    department = _department(department_id)
    if not _may("govcloud:role_ceiling:read", department.path):
        raise not_yours()
    found = services().authorization_queries.duties.ceiling(department.path)
    return CeilingAnswer(roles=tuple(sorted(found.roles)), set_on=found.set_on)


@signed_in
def set_role_ceiling(department_id: UUID, body: CeilingBody) -> ChangedAnswer:
    """Set what may be given directly in a department and below."""
    return ChangedAnswer(changed=services().authorization.set_role_ceiling(current_actor(), department_id, body.roles, body.reason))


@signed_in
def assign_role(official_id: UUID, body: AssignBody) -> AssignedAnswer:
    """Give a role directly, for the exception that no duty covers."""
    scope = {"department_path": _department(body.department_id).path} if body.department_id else None
    given = services().authorization.assign_role(
        current_actor(), official_id, body.role_code, body.appointment_id, scope=scope, reason=body.reason, until=body.until
    )
    return AssignedAnswer(assignment_id=given)


@signed_in
def end_assignment(assignment_id: UUID, body: TakeBody) -> ChangedAnswer:
    """Take a directly given role away at once."""
    return ChangedAnswer(changed=services().authorization.end_assignment(current_actor(), assignment_id, body.reason))


@signed_in
def official_access(official_id: UUID, query: AccessQuery) -> AccessAnswer:
    """What an official may do, and why: one's own, or that of people in one's charge."""
    at = query.at or services().clock.now()
    places = services().identity_queries.appointments_of(official_id, at)
    appointment_id = query.appointment_id or (places[0].id if places else None)
    if reader_session().official_id != official_id:
        here = next((place for place in places if place.id == appointment_id), None)
        if not _may(ACCESS, here.department_path if here else None):
            raise not_yours()
    return AccessAnswer.of(services().authorization_queries.access_of(official_id, appointment_id, at))


def _may(function: str, path: str | None) -> bool:
    """Return whether the reader's role reaches the department at ``path``; people who serve nowhere stand under none."""
    return may(function, {"type": "department"} if path is None else {"department_path": path})


def _department(department_id: UUID) -> DepartmentView:
    found = services().identity_queries.department(department_id)
    if found is None:
        raise NotFound.of(Message("部门"), department_id)
    return found


TABLE = (
    Route("GET", "/duty-rules", duty_rules, DutyRulesAnswer, query=DutyRulesQuery),
    Route("POST", "/duty-rules", add_duty_rule, DutyRuleIdAnswer, body=DutyRuleBody),
    Route("POST", "/duty-rules/preview", preview_duty_rule, PreviewAnswer, body=PreviewBody),
    Route("POST", "/duty-rules/<uuid:rule_id>/change", change_duty_rule, DutyRuleIdAnswer, body=DutyRuleBody),
    Route("POST", "/duty-rules/<uuid:rule_id>/end", end_duty_rule, ChangedAnswer, body=EndBody),
    Route("GET", "/departments/<uuid:department_id>/role-ceiling", role_ceiling, CeilingAnswer),
    Route("POST", "/departments/<uuid:department_id>/role-ceiling", set_role_ceiling, ChangedAnswer, body=CeilingBody),
    Route("POST", "/officials/<uuid:official_id>/roles", assign_role, AssignedAnswer, body=AssignBody),
    Route("POST", "/role-assignments/<uuid:assignment_id>/end", end_assignment, ChangedAnswer, body=TakeBody),
    Route("GET", "/officials/<uuid:official_id>/access", official_access, AccessAnswer, query=AccessQuery),
)
