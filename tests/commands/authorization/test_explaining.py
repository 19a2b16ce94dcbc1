"""Why: what stands behind a yes, the nearest things that would mend a no, and how each rule fared; now, then, and by another policy."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from govcloud.authorization.answers.entries import State
from govcloud.authorization.answers.explanation import Explanation
from govcloud.authorization.answers.nearest import RemedyKind
from govcloud.authorization.answers.service import Asked
from govcloud.authorization.answers.typed import attributes
from govcloud.authorization.deciding.decisions import Question, Reason
from govcloud.authorization.deciding.explaining import CauseKind
from govcloud.authorization.scopes.scope import Scope
from govcloud.identity.inputs import NewAppointment
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Invalid
from govcloud.services import Services
from tests.factories import policies
from tests.factories.requests import REGISTER, granted
from tests.factories.world import SEED, XIHU, YUHANG, Person, World

READ, GUIDE = "assistance:case:read", "housing:guide:read"


def why(services: Services, person: Person, function: str, resource: dict[str, Any] | None = None, **asked: Any) -> Explanation:  # noqa: ANN401
    """Return the explanation for somebody under the first appointment."""
    question = Asked(function, resource or {}, asked.pop("context", {}))
    appointment = asked.pop("appointment", person.appointment_id)
    return services.authorization_queries.answers.explain(person.official_id, appointment, question, **asked)


def kinds(found: Explanation) -> list[RemedyKind]:
    return [remedy.kind for remedy in found.remedies]


def install(services: Services, text: str) -> None:
    policies.install(services, policies.province_policy(text))


def test_a_yes_goes_back_to_its_cause(services: Services, world: World) -> None:
    found = why(services, world.wang, READ, {"division": XIHU})
    assert (found.decision.allowed, found.state, found.remedies) == (True, State.ALLOWED, ())
    [cause] = found.causes
    assert (cause.kind, cause.held_role, cause.rule, cause.because) == (
        CauseKind.ASSIGNMENT,
        "counter_clerk",
        "民政窗口岗位职责",
        "岗位职责",
    )
    grant = granted(services, world)
    [lent] = why(services, world.wang, REGISTER).causes
    assert (lent.kind, lent.id) == (CauseKind.GRANT, grant)


def test_it_is_the_decision_of_a_click(services: Services, world: World) -> None:
    granted(services, world)
    for person in world.people.values():
        for function in (READ, GUIDE, REGISTER, "govcloud:audit:read", "housing:none:here", "x"):
            for resource in ({}, {"division": XIHU}, {"division": "nowhere"}):
                found = why(services, person, function, resource)
                question = Question(function, person.appointment_id, person.official_id, resource=resource)
                assert found.decision == services.authorization.decide(question)


def test_what_can_be_requested_stands_in_a_denial(services: Services, world: World) -> None:
    found = why(services, world.wang, REGISTER)
    assert found.decision.code is Reason.NO_PERMISSION
    [remedy] = found.remedies
    assert remedy.kind is RemedyKind.REQUEST
    assert remedy.item is not None
    assert remedy.item.id == world.items[REGISTER]


def test_another_appointment_of_the_same_person(services: Services, world: World) -> None:
    also = NewAppointment(world.organisation.ids["xihu_housing"], "窗口受理员", kind="concurrent")
    services.identity.appoint(SEED, world.wang.official_id, also)
    services.authorization.assign_role(SEED, world.wang.official_id, "housing_clerk", also.id, reason="兼管")
    found = why(services, world.wang, REGISTER)
    [other] = [remedy for remedy in found.remedies if remedy.kind is RemedyKind.OTHER_APPOINTMENT]
    assert other.subject is not None
    assert other.subject.appointment_id == also.id


def test_rows_that_are_open_instead(services: Services, world: World) -> None:
    found = why(services, world.wang, READ, {"division": YUHANG})
    assert found.decision.code is Reason.OUT_OF_SCOPE
    [rows] = [remedy.rows for remedy in found.remedies if remedy.kind is RemedyKind.ROWS]
    assert rows == Scope((XIHU,))


def test_a_condition_says_when_it_would_be_met(services: Services, world: World, clock: ManualClock) -> None:
    hours = (
        """roles: {counter_clerk: {rules: [{allow: [housing:guide:read], when: '"08:00" <= context.time < "18:00"', label: 工作时间}]}}"""
    )
    install(services, hours)
    clock.advance(timedelta(hours=9))  # 18:30 in China
    found = why(services, world.wang, GUIDE)
    assert found.decision.code is Reason.CONDITION_NOT_MET
    [wait] = [remedy for remedy in found.remedies if remedy.kind is RemedyKind.WAIT]
    assert wait.at is not None
    assert wait.until is not None
    assert wait.at - clock.now() == timedelta(hours=13, minutes=30)
    assert wait.until - wait.at == timedelta(hours=10)
    [condition] = [remedy for remedy in found.remedies if remedy.kind is RemedyKind.CONDITION]
    assert (condition.rule, condition.condition) == ("工作时间", '"08:00" <= context.time < "18:00"')


def test_what_begins_later_and_what_rests(services: Services, world: World, clock: ManualClock) -> None:
    grant = granted(services, world)
    services.authorization.suspend_grant(world.li.actor(), grant, "核查")
    found = why(services, world.wang, REGISTER)
    assert found.decision.code is Reason.GRANT_SUSPENDED
    clock.advance(timedelta(days=11))
    assert why(services, world.wang, REGISTER).decision.code is Reason.GRANT_EXPIRED
    assert kinds(why(services, world.wang, REGISTER)) == [RemedyKind.REQUEST]


def test_what_a_question_lacks(services: Services, world: World) -> None:
    install(services, "roles: {counter_clerk: {rules: [{allow: [housing:guide:read], when: resource.level >= 2, label: 二级以上}]}}")
    found = why(services, world.wang, GUIDE)
    assert (found.state, found.missing) == (State.CONDITIONAL, ("resource.level",))
    [missing] = [remedy for remedy in found.remedies if remedy.kind is RemedyKind.MISSING]
    assert (missing.rule, missing.missing) == ("二级以上", ("resource.level",))
    assert why(services, world.wang, GUIDE, {"level": 2}).decision.allowed


def test_a_label_that_is_too_low(services: Services, world: World) -> None:
    found = why(services, world.wang, READ, {"division": XIHU, "label": 4})
    assert found.decision.code is Reason.LABEL_TOO_LOW
    [label] = [remedy for remedy in found.remedies if remedy.kind is RemedyKind.LABEL]
    assert label.needs == 4
    assert label.has is not None
    assert label.has < 4
    assert RemedyKind.REQUEST not in kinds(found)


def test_a_rule_that_forbids(services: Services, world: World) -> None:
    install(
        services,
        "roles: {official: {rules: [{deny: [housing:guide:read], when: subject.position == '窗口受理员', label: 窗口禁用}]}}",
    )
    found = why(services, world.people["CHENJIE"], GUIDE)
    assert found.decision.code is Reason.FORBIDDEN_BY_RULE
    assert [(remedy.kind, remedy.rule) for remedy in found.remedies] == [(RemedyKind.RULE, "窗口禁用")]
    by_label = {item.rule.label: item for item in found.considered}
    assert by_label["窗口禁用"].matched is True
    assert by_label["住房保障岗位职责"].matched is True


def test_every_rule_about_the_function_is_shown(services: Services, world: World) -> None:
    found = why(services, world.wang, REGISTER, {"division": XIHU})
    [rule] = found.considered
    assert (rule.rule.role, rule.held, rule.reaches, rule.matched) == ("housing_clerk", False, False, False)
    assert {item.rule.function for item in why(services, world.wang, GUIDE).considered} == {GUIDE}


def test_then_and_by_another_version(services: Services, world: World, clock: ManualClock) -> None:
    before = clock.now()
    answers = services.authorization_queries.answers
    first = services.authorization_queries.policy().number
    clock.advance(timedelta(hours=1))
    install(services, "roles: {counter_clerk: {}, housing_clerk: {}}")
    assert not why(services, world.wang, READ).decision.allowed
    then = why(services, world.wang, READ, at=before)
    assert (then.decision.allowed, then.policy, then.at) == (True, first, before)
    tried = why(services, world.wang, READ, version_id=answers.version(first))
    assert (tried.decision.allowed, tried.policy, tried.at) == (True, first, clock.now())
    assert answers.version(first + 7) is None


def test_somebody_who_may_not_act(services: Services, world: World) -> None:
    services.identity.disable_official(SEED, world.wang.official_id, "停职")
    found = why(services, world.wang, READ)
    assert (found.decision.code, found.remedies, found.considered) == (Reason.SUBJECT_INACTIVE, (), ())


def test_attributes_as_people_type_them() -> None:
    typed = ["division=330106000000", "level = 3", "secret=true", 'name="5"', "", "note=a=b"]
    assert attributes("resource", typed) == {"division": "330106000000", "level": 3, "secret": True, "name": "5", "note": "a=b"}
    for wrong in (["novalue"], ["Name=1"], ["a b=1"], [f"a{number}=1" for number in range(51)], ["a=" + "x" * 501]):
        with pytest.raises(Invalid):
            attributes("resource", wrong)
