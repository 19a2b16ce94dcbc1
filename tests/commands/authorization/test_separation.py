"""Rules of separation of duty: two people set them, another department gives exceptions, and nothing is given beside them."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from govcloud.authorization.apart.inputs import NewException
from govcloud.authorization.apart.views import FindingState
from govcloud.authorization.commands import NewGrant
from govcloud.authorization.deciding.decisions import Question, Reason
from govcloud.authorization.rights.duty_inputs import NewDutyRule
from govcloud.identity.finding.criteria import AppointmentCriteria
from govcloud.identity.working_life.orders import Order
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, Denied, Invalid, NotFound
from govcloud.services import Services
from tests.factories.apart import ACCEPT, CASES, REGISTER, excepted, in_force, new_rule, second_officer
from tests.factories.browsing import counted
from tests.factories.world import SEED, Person, World

JOBS, OPERATOR = Actor.system("jobs"), Actor.system("operator")
GUIDE = "housing:guide:read"


def grant(services: Services, who: Person, function: str, days: int = 10) -> UUID:
    """Open a grant without a request."""
    now = services.clock.now()
    new = NewGrant(who.official_id, who.appointment_id, function.partition(":")[0], function, now, now + timedelta(days=days))
    return services.authorization.open_grant(SEED, new)


def live(services: Services, grant_id: UUID) -> bool:
    found = services.authorization_queries.grant(grant_id)
    assert found is not None
    return found.closed_at is None and found.ends_at > services.clock.now()


# Rules


def test_one_proposes_and_another_puts_in_force(services: Services, world: World) -> None:
    first, second = world.security_admin.actor(), second_officer(services, world).actor()
    draft_id = services.apart.propose_rule(first, new_rule("apart", (REGISTER, ACCEPT)))
    assert services.authorization_queries.apart.rules() == (), "nothing holds yet"
    with pytest.raises(Denied) as caught:
        services.apart.approve_rule(first, draft_id)
    assert caught.value.code == "own_draft"
    assert services.apart.approve_rule(second, draft_id, "同意") == 1
    [rule] = services.authorization_queries.apart.rules()
    assert (rule.code, rule.version, rule.functions, rule.most) == ("apart", 1, (ACCEPT, REGISTER), 1)
    with pytest.raises(Conflict) as late:
        services.apart.approve_rule(second, draft_id)
    assert late.value.code == "sod_draft_decided"


def test_the_command_line_proposes_and_never_approves(services: Services, world: World) -> None:
    draft_id = services.apart.propose_rule(OPERATOR, new_rule("apart", (REGISTER, ACCEPT)))
    with pytest.raises(Denied):
        services.apart.approve_rule(OPERATOR, draft_id)
    assert services.apart.approve_rule(world.security_admin.actor(), draft_id) == 1


@pytest.mark.parametrize("login", ["ZHOUJIANJUN", "ZHENGGUOHUA", "LIQIANG", "WANGFANG", "SUNLI"])
def test_nobody_else_sets_rules_or_gives_exceptions(services: Services, world: World, login: str) -> None:
    in_force(services, world, "apart", REGISTER, ACCEPT)
    actor = world.people[login].actor()
    with pytest.raises(Denied):
        services.apart.propose_rule(actor, new_rule("mine", (REGISTER, ACCEPT)))
    draft_id = services.apart.propose_end(world.security_admin.actor(), "apart", "不再需要")
    with pytest.raises(Denied):
        services.apart.approve_rule(actor, draft_id)
    with pytest.raises(Denied):
        services.apart.drop_rule(actor, draft_id, "不要")
    ends_at = services.clock.now() + timedelta(days=1)
    with pytest.raises(Denied):
        services.apart.give_exception(actor, NewException(world.people["CHENJIE"].official_id, "apart", ends_at, "人手不足"))


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"code": "Not A Code"}, "code"),
        ({"code": "x" * 61}, "code"),
        ({"functions": (REGISTER,)}, "functions"),
        ({"functions": (REGISTER, REGISTER)}, "functions"),
        ({"functions": (REGISTER, "housing:no:such")}, "functions"),
        ({"functions": (), "kind": "static"}, "functions"),
        ({"functions": tuple(f"housing:f{n}:read" for n in range(51))}, "functions"),
        ({"functions": (REGISTER, ACCEPT), "most": 2}, "functions"),
        ({"functions": (REGISTER, ACCEPT), "most": 0}, "most"),
        ({"kind": "sometimes"}, "kind"),
        ({"name": ""}, "name"),
        ({"reason": "x" * 501}, "reason"),
        ({"name": "隐藏\u202e"}, "name"),
    ],
)
def test_a_wrong_rule_is_refused(services: Services, world: World, given: dict[str, object], field: str) -> None:
    rule = {"code": "apart", "functions": (REGISTER, ACCEPT), **given}
    with pytest.raises(Invalid) as caught:
        services.apart.propose_rule(world.security_admin.actor(), new_rule(**rule))  # type: ignore[arg-type]
    assert field in {item.field for item in caught.value.fields}


def test_a_change_is_the_next_version_and_an_older_draft_is_void(services: Services, world: World) -> None:
    in_force(services, world, "apart", REGISTER, ACCEPT)
    second = world.people["HEWEI"].actor()
    draft_id = services.apart.propose_rule(world.security_admin.actor(), new_rule("apart", (REGISTER, ACCEPT, CASES), most=2))
    with pytest.raises(Conflict) as caught:
        services.apart.propose_end(second, "apart", "不再需要")
    assert caught.value.code == "sod_draft_waits"
    assert services.apart.approve_rule(second, draft_id) == 2
    assert [(rule.version, rule.most) for rule in services.authorization_queries.apart.versions("apart")] == [(2, 2), (1, 1)]
    ending = services.apart.propose_end(second, "apart", "不再需要")
    assert services.apart.approve_rule(world.security_admin.actor(), ending) == 2
    assert services.authorization_queries.apart.rules() == ()
    again = services.apart.propose_rule(OPERATOR, new_rule("apart", (REGISTER, ACCEPT)))
    assert services.apart.approve_rule(second, again) == 3, "a rule that comes back goes on counting"


def test_a_dropped_draft_holds_nothing(services: Services, world: World) -> None:
    draft_id = services.apart.propose_rule(OPERATOR, new_rule("apart", (REGISTER, ACCEPT)))
    services.apart.drop_rule(world.security_admin.actor(), draft_id, "重复")
    with pytest.raises(Conflict):
        services.apart.approve_rule(world.security_admin.actor(), draft_id)
    with pytest.raises(NotFound):
        services.apart.propose_end(OPERATOR, "apart", "没有")


def test_a_preview_names_who_would_break_it(services: Services, world: World) -> None:
    grant(services, world.wang, REGISTER)
    draft_id = services.apart.propose_rule(OPERATOR, new_rule("apart", (REGISTER, ACCEPT)))
    queries = services.authorization_queries.apart
    preview = queries.preview(queries.draft(draft_id))
    assert [(breach.official_id, breach.functions) for breach in preview.broken] == [(world.wang.official_id, (ACCEPT, REGISTER))]
    services.apart.approve_rule(world.security_admin.actor(), draft_id)
    stored = services.uow.read().scalar(text("SELECT convert_from(canonical, 'UTF8') FROM audit_event WHERE name LIKE '%sod_rule:set'"))
    assert '"breaking":1' in (stored or ""), "how many broke it then is on record"


# What is given


def test_a_grant_beside_a_role_is_refused_wherever_it_comes_from(services: Services, world: World) -> None:
    in_force(services, world, "apart", REGISTER, ACCEPT)
    with pytest.raises(Conflict) as caught:
        grant(services, world.wang, REGISTER)
    assert caught.value.code == "sod_conflict"
    assert caught.value.remedy is not None
    grant(services, world.people["SUNLI"], REGISTER)


def test_a_role_beside_a_grant_is_refused(services: Services, world: World) -> None:
    in_force(services, world, "apart", REGISTER, ACCEPT)
    sun = world.people["SUNLI"]
    grant_id = grant(services, sun, REGISTER)
    with pytest.raises(Conflict) as caught:
        services.authorization.assign_role(SEED, sun.official_id, "counter_clerk", sun.appointment_id, reason="窗口")
    assert caught.value.code == "sod_conflict"
    excepted(services, world, sun, "apart")
    with pytest.raises(Conflict):
        services.authorization.assign_role(SEED, sun.official_id, "counter_clerk", sun.appointment_id, reason="窗口")
    services.authorization.close_grant(SEED, grant_id, "交还")
    services.authorization.assign_role(SEED, sun.official_id, "counter_clerk", sun.appointment_id, reason="窗口")


def test_one_role_that_holds_both_is_refused(services: Services, world: World) -> None:
    in_force(services, world, "apart", REGISTER, GUIDE)
    with pytest.raises(Conflict):
        services.authorization.assign_role(SEED, world.people["SUNLI"].official_id, "housing_clerk", reason="经办")
    with pytest.raises(Conflict):
        services.authorization.assign_role(SEED, world.wang.official_id, "housing_clerk", world.wang.appointment_id, reason="经办")


def test_k_of_a_set_may_be_held(services: Services, world: World) -> None:
    in_force(services, world, "two-of-three", REGISTER, CASES, GUIDE, most=2)
    sun = world.people["SUNLI"]
    grant(services, sun, REGISTER)
    grant(services, sun, CASES)
    with pytest.raises(Conflict):
        grant(services, sun, GUIDE)
    assert grant(services, sun, REGISTER), "more of what is held already is no further one"


# Exceptions


def test_an_exception_comes_from_another_department(services: Services, world: World) -> None:
    in_force(services, world, "apart", REGISTER, ACCEPT)
    li = world.li
    ends_at = services.clock.now() + timedelta(days=5)
    with pytest.raises(Denied) as caught:
        services.apart.give_exception(world.people["HEWEI"].actor(), NewException(li.official_id, "apart", ends_at, "人手不足"))
    assert caught.value.code == "same_department"
    assert "浙江省住房和城乡建设厅" in str(caught.value)
    assert services.apart.give_exception(world.security_admin.actor(), NewException(li.official_id, "apart", ends_at, "人手不足"))
    with pytest.raises(Denied):
        services.apart.give_exception(
            world.security_admin.actor(), NewException(world.security_admin.official_id, "apart", ends_at, "给自己")
        )


def test_an_exception_is_bounded(services: Services, world: World) -> None:
    in_force(services, world, "apart", REGISTER, ACCEPT)
    in_force(services, world, "never", REGISTER, GUIDE, liftable=False)
    now, actor, wang = services.clock.now(), world.security_admin.actor(), world.wang.official_id
    for wrong in (
        NewException(wang, "apart", now, "已经到期"),
        NewException(wang, "apart", now + timedelta(days=367), "太久"),
        NewException(wang, "apart", now + timedelta(days=5), ""),
        NewException(wang, "apart", now + timedelta(days=5), "别的功能", (REGISTER, GUIDE)),
        NewException(wang, "apart", now + timedelta(days=5), "没有意义", (REGISTER,)),
    ):
        with pytest.raises(Invalid):
            services.apart.give_exception(actor, wrong)
    with pytest.raises(Conflict) as caught:
        services.apart.give_exception(actor, NewException(wang, "never", now + timedelta(days=5), "破例"))
    assert caught.value.code == "sod_not_liftable"
    with pytest.raises(NotFound):
        services.apart.give_exception(actor, NewException(wang, "no-such", now + timedelta(days=5), "破例"))
    with pytest.raises(NotFound):
        services.apart.give_exception(actor, NewException(UUID(int=7), "apart", now + timedelta(days=5), "破例"))


def test_what_rests_on_an_exception_ends_no_later(services: Services, world: World, clock: ManualClock) -> None:
    in_force(services, world, "apart", REGISTER, ACCEPT)
    excepted(services, world, world.wang, "apart", days=5)
    with pytest.raises(Conflict) as caught:
        grant(services, world.wang, REGISTER, days=6)
    assert caught.value.code == "sod_exception_ends"
    grant_id = grant(services, world.wang, REGISTER, days=5)
    clock.advance(timedelta(days=5))
    assert not live(services, grant_id)
    with pytest.raises(Conflict):
        grant(services, world.wang, REGISTER, days=1)


def test_an_exception_taken_back_takes_along_what_rests_on_it(services: Services, world: World) -> None:
    in_force(services, world, "apart", REGISTER, CASES)
    sun = world.people["SUNLI"]
    before = grant(services, sun, REGISTER)
    services.uow._clock.advance(timedelta(minutes=1))  # type: ignore[attr-defined]
    exception_id = excepted(services, world, sun, "apart", days=20)
    since = grant(services, sun, CASES)
    assert services.apart.end_exception(world.security_admin.actor(), exception_id, "事由已消失")
    assert live(services, before), "what was there before goes on"
    assert not live(services, since)
    assert not services.apart.end_exception(OPERATOR, exception_id, "再次收回")


def test_a_second_exception_that_ends_earlier_does_not_carry_a_longer_grant(services: Services, world: World) -> None:
    in_force(services, world, "apart", REGISTER, ACCEPT)
    long, _short = excepted(services, world, world.wang, "apart", days=20), excepted(services, world, world.wang, "apart", days=2)
    grant_id = grant(services, world.wang, REGISTER, days=10)
    services.apart.end_exception(OPERATOR, long, "收回")
    assert not live(services, grant_id)


def test_an_exception_does_not_grow_with_its_rule(services: Services, world: World) -> None:
    in_force(services, world, "apart", REGISTER, ACCEPT)
    excepted(services, world, world.wang, "apart")
    in_force(services, world, "apart", REGISTER, ACCEPT, "housing:register:export")
    grant(services, world.wang, REGISTER)
    with pytest.raises(Conflict):
        grant(services, world.wang, "housing:register:export")


def test_findings_name_rule_version_and_exception(services: Services, world: World) -> None:
    in_force(services, world, "apart", REGISTER, ACCEPT)
    queries, wang = services.authorization_queries.apart, world.wang.official_id
    now = services.clock.now()
    [found] = queries.conflicts(wang, [REGISTER], None, None, now)
    assert (found.rule.version, found.asked, found.held, found.state) == (1, (REGISTER,), (ACCEPT,), FindingState.CONFLICT)
    exception_id = excepted(services, world, world.wang, "apart", days=3)
    [found] = queries.conflicts(wang, [REGISTER], None, None, now)
    assert (found.state, found.exception_id, found.until) == (FindingState.LIFTED, exception_id, now + timedelta(days=3))
    assert queries.conflicts(wang, ["housing:register:export"], None, None, now) == ()


# Each night


def test_the_nightly_look_lists_who_breaks_a_rule_until_it_is_gone(services: Services, world: World) -> None:
    grant_id = grant(services, world.wang, REGISTER)
    in_force(services, world, "apart", REGISTER, ACCEPT)
    assert services.apart.look_for_violations(JOBS) == 1
    assert services.apart.look_for_violations(JOBS) == 0, "known already"
    [found] = services.authorization_queries.apart.violations()
    assert (found.official_id, found.rule_code, found.functions) == (world.wang.official_id, "apart", (ACCEPT, REGISTER))
    services.authorization.close_grant(SEED, grant_id, "交还")
    assert services.apart.look_for_violations(JOBS) == 1
    assert services.authorization_queries.apart.violations() == ()


def test_a_rule_that_ended_is_broken_by_nobody(services: Services, world: World) -> None:
    grant(services, world.wang, REGISTER)
    in_force(services, world, "apart", REGISTER, ACCEPT)
    services.apart.look_for_violations(JOBS)
    ending = services.apart.propose_end(OPERATOR, "apart", "不再需要")
    services.apart.approve_rule(world.security_admin.actor(), ending)
    assert services.apart.look_for_violations(JOBS) == 1
    assert services.authorization_queries.apart.violations() == ()


def test_a_violation_by_a_duty_is_found_and_says_from_where(services: Services, world: World) -> None:
    """A duty rule gives to many at once and refuses nobody; the night finds whom it gave too much, and the page says by what."""
    in_force(services, world, "apart", REGISTER, ACCEPT)
    clerks = AppointmentCriteria(positions=("窗口受理员",))
    rule = NewDutyRule(role_code="housing_clerk", label="窗口兼办住房", criteria=clerks, reason="试点")
    services.authorization.add_duty_rules(world.security_admin.actor(), [rule])
    services.apart.look_for_violations(JOBS)
    found = {one.official_id: one for one in services.authorization_queries.apart.violations()}
    assert found[world.wang.official_id].functions == (ACCEPT, REGISTER)
    ways = services.authorization_queries.apart.ways(world.wang.official_id, (ACCEPT, REGISTER))
    assert ("duty", "窗口兼办住房") in {(way.kind, way.name) for way in ways if way.function == REGISTER}
    assert ("role", "counter_clerk") in {(way.kind, way.name) for way in ways if way.function == ACCEPT}
    events = services.audit_queries.by_subject(f"official:{world.wang.official_id}")
    assert "authorization:sod_violation:found" in {event.name for event in events}


# What an undone leave gives back


def test_an_undone_leave_gives_nothing_back_that_conflicts_by_now(services: Services, world: World) -> None:
    """The rule came while the person was away: of two roles that it keeps apart the first comes back, the second is named."""
    chen = world.people["CHENJIE"]
    services.authorization.assign_role(SEED, chen.official_id, "counter_clerk", chen.appointment_id, reason="窗口")
    before = {row.role_code for row in services.authorization_queries.assignments_of(chen.official_id)}
    assert before >= {"counter_clerk", "housing_clerk"}
    services.identity.leave(OPERATOR, chen.official_id, Order("误操作"))
    in_force(services, world, "apart", REGISTER, ACCEPT)
    services.identity.undo_leave(OPERATOR, chen.official_id, "误操作，撤销")
    after = {row.role_code for row in services.authorization_queries.assignments_of(chen.official_id)}
    undone = [change.id for change in services.identity_queries.changes_of(chen.official_id) if change.state == "undone"]
    [withheld] = services.authorization_queries.withheld_of(chen.official_id, undone)
    assert {withheld.role_code} == before - after
    assert len(before - after) == 1
    assert services.authorization_queries.apart.breaches(services.authorization_queries.apart.rules()[0]).broken == ()
    [event] = [
        event for event in services.audit_queries.by_subject(f"official:{chen.official_id}") if event.name == "authorization:role:withheld"
    ]
    assert (event.data["role"], event.data["rule_code"]) == (withheld.role_code, "apart")
    assert event.data["functions"] == [ACCEPT, REGISTER]
    other = next(row.id for row in services.authorization_queries.assignments_of(chen.official_id) if row.role_code.endswith("clerk"))
    services.authorization.end_assignment(OPERATOR, other, "改任")
    place = services.identity_queries.appointments_of(chen.official_id)[0].id
    services.authorization.assign_role(SEED, chen.official_id, withheld.role_code, place, reason="改任")
    assert services.authorization_queries.withheld_of(chen.official_id, undone) == (), "given anew, it is missed no more"


# In one session


def test_two_functions_of_a_dynamic_rule_are_not_both_used_in_one_session(services: Services, world: World, clock: ManualClock) -> None:
    in_force(services, world, "one-a-session", CASES, ACCEPT, kind="dynamic")
    clock.advance(timedelta(seconds=2))
    wang = world.wang

    def ask(function: str, session: int) -> Reason:
        question = Question(
            function, wang.appointment_id, wang.official_id, resource={"division": "330106000000"}, session_id=UUID(int=session)
        )
        return services.authorization.settle(question, services.authorization.decide(question)).code

    assert ask(CASES, 1) is Reason.ALLOWED
    assert ask(ACCEPT, 1) is Reason.USED_APART
    assert ask(CASES, 1) is Reason.ALLOWED, "what was used stays open"
    assert ask(ACCEPT, 2) is Reason.ALLOWED, "another session"
    assert ask(CASES, 2) is Reason.USED_APART
    assert ask(GUIDE, 1) is Reason.ALLOWED, "no rule is about it"
    excepted(services, world, wang, "one-a-session")
    assert ask(ACCEPT, 1) is Reason.ALLOWED
    clock.advance(timedelta(days=40))
    assert services.authorization.forget_uses(JOBS) == 3
    assert services.authorization.forget_uses(JOBS) == 0


def test_what_no_dynamic_rule_names_costs_no_statement(services: Services, world: World) -> None:
    in_force(services, world, "static", CASES, REGISTER)
    question = Question(ACCEPT, world.wang.appointment_id, world.wang.official_id, session_id=UUID(int=1))
    decision = services.authorization.decide(question)
    services.authorization.settle(question, decision)
    with counted() as seen:
        services.authorization.settle(question, decision)
    assert seen == []
