"""Requests under rules of separation of duty: blocked at the door, let on by an exception, looked at again when they are approved."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from govcloud.access.asking.queries import Chosen
from govcloud.access.clocks.line_clock import LEFT_LYING
from govcloud.access.commands import NewRequest, Submitted
from govcloud.access.lifecycle import LineState
from govcloud.authorization.commands import NewGrant
from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Conflict, GovcloudError, Invalid
from govcloud.services import Services
from govcloud.subsystems.changes import FunctionChange
from tests.factories.apart import ACCEPT, CASES, REGISTER, excepted, in_force
from tests.factories.browsing import counted
from tests.factories.requests import ask, granted, may_read, new_request
from tests.factories.world import SEED, XIHU, Person, World

JOBS = Actor.system("jobs")


def ask_cases(services: Services, world: World, who: Person, **given: object) -> Submitted:
    """Ask for the cases of assistance, which the civil affairs department decides on."""
    return ask(services, world, who, item_id=world.items[CASES], **given)


def state_of(services: Services, world: World, line_id: UUID) -> LineState:
    return services.access_queries.line(world.li.actor(), line_id).state


def events_of(services: Services, name: str) -> int:
    return services.uow.read().scalar(text("SELECT count(*) FROM audit_event WHERE name = :name"), {"name": name}) or 0


def test_what_a_standing_role_keeps_apart_blocks_the_line(services: Services, world: World) -> None:
    in_force(services, world, "accept-and-check", REGISTER, ACCEPT)
    asked = ask(services, world)
    mine = services.access_queries.request(world.wang.actor(), asked.request_id).lines[0]
    assert mine.state is LineState.BLOCKED_SOD
    assert mine.is_open
    assert mine.waits_for == ()
    assert [conflict.code for conflict in mine.conflicts] == ["accept-and-check"]
    assert ACCEPT in str(mine.conflicts[0].message), "what it conflicts with is named"
    assert services.access_queries.inbox(world.li.actor()).entries == (), "it is in nobody's inbox"
    assert events_of(services, "access:line:blocked") == 1
    with pytest.raises(Conflict) as caught:
        services.access.approve(world.li.actor(), asked.line_id, 1)
    assert caught.value.code == "line_closed"


def test_an_exception_lets_the_line_on_and_bounds_what_is_given(services: Services, world: World) -> None:
    in_force(services, world, "accept-and-check", REGISTER, ACCEPT)
    line_id = ask(services, world).line_id
    excepted(services, world, world.wang, "accept-and-check", days=5)
    assert state_of(services, world, line_id) is LineState.PENDING
    page = services.access_queries.decision_page(world.li.actor(), line_id)
    assert [refusal.code for refusal in page.approval_refusals] == ["sod_exception_ends"], "ten days are more than five"
    [rule] = page.card.separation
    assert (rule.rule, rule.version, rule.state, rule.held) == ("accept-and-check", 1, "lifted", (ACCEPT,))
    with pytest.raises(Conflict) as caught:
        services.access.approve(world.li.actor(), line_id, 2)
    assert caught.value.code == "sod_exception_ends"
    decided = services.access.approve(world.li.actor(), line_id, 2, days=5)
    assert decided.state is LineState.APPROVED
    assert may_read(services, world.wang)


def test_a_rule_without_exceptions_is_refused_at_the_door(services: Services, world: World) -> None:
    in_force(services, world, "never", REGISTER, ACCEPT, liftable=False)
    with pytest.raises(Conflict) as caught:
        ask(services, world)
    assert caught.value.code == "sod_conflict"
    assert "规则 never" in str(caught.value)


def test_a_rule_that_comes_later_is_kept_at_the_approval(services: Services, world: World) -> None:
    line_id = ask(services, world).line_id
    in_force(services, world, "accept-and-check", REGISTER, ACCEPT)
    page = services.access_queries.decision_page(world.li.actor(), line_id)
    assert [refusal.code for refusal in page.approval_refusals] == ["sod_conflict"]
    assert [(rule.state, rule.held) for rule in page.card.separation] == [("conflict", (ACCEPT,))]
    with pytest.raises(Conflict) as caught:
        services.access.approve(world.li.actor(), line_id, 1)
    assert caught.value.code == "sod_conflict"
    services.access.reject(world.li.actor(), line_id, 1, "conflict_of_interest")


def test_the_version_of_the_rule_stands_in_the_decision(services: Services, world: World) -> None:
    in_force(services, world, "read-and-accept", REGISTER, ACCEPT, most=1)
    in_force(services, world, "read-and-accept", REGISTER, CASES)
    line_id = ask(services, world, world.people["SUNLI"]).line_id
    services.access.approve(world.li.actor(), line_id, 1)
    stored = services.uow.read().execute(text("SELECT evidence FROM decision")).scalar_one()
    assert [(rule["rule"], rule["version"], rule["state"]) for rule in stored["separation"]] == [("read-and-accept", 2, "clear")]


def test_two_lines_that_wait_are_both_taken_in_and_one_is_given(services: Services, world: World) -> None:
    in_force(services, world, "one-of-two", REGISTER, CASES)
    sun = world.people["SUNLI"]
    first, second = ask(services, world, sun), ask_cases(services, world, sun)
    services.access.approve(world.li.actor(), first.line_id, 1)
    with pytest.raises(Conflict) as caught:
        services.access.approve(world.zhao.actor(), second.line_id, 1)
    assert caught.value.code == "sod_conflict"


def test_a_blocked_line_goes_on_when_the_conflict_is_gone(services: Services, world: World, clock: ManualClock) -> None:
    in_force(services, world, "one-of-two", REGISTER, CASES)
    sun = world.people["SUNLI"]
    first = ask(services, world, sun, days=2)
    services.access.approve(world.li.actor(), first.line_id, 1)
    second = ask_cases(services, world, sun)
    assert services.blocked.look_at_all(JOBS) == 0
    clock.advance(timedelta(days=2))
    assert services.blocked.look_at_all(JOBS) == 1
    assert services.access.approve(world.zhao.actor(), second.line_id, 2).state is LineState.APPROVED
    assert services.blocked.look_at_all(JOBS) == 0


def test_a_blocked_line_is_withdrawn_or_lapses_like_any_other(services: Services, world: World, clock: ManualClock) -> None:
    in_force(services, world, "accept-and-check", REGISTER, ACCEPT)
    asked = ask(services, world)
    services.access.withdraw(world.wang.actor(), asked.line_id, 1)
    again = ask(services, world)
    clock.advance(LEFT_LYING)
    assert services.escalating.run(JOBS) == 1
    assert state_of(services, world, again.line_id) is LineState.LAPSED
    excepted(services, world, world.wang, "accept-and-check")
    assert state_of(services, world, again.line_id) is LineState.LAPSED, "an exception wakes nothing that is over"


def with_duty(services: Services, world: World, who: Person, duty: str, case_number: str) -> GovcloudError | None:
    """Open the register to somebody for a part in a case, as a matter's line would; return what stood against it."""
    now = services.clock.now()
    new = NewGrant(
        official_id=who.official_id,
        appointment_id=who.appointment_id,
        subsystem_code="housing",
        function=REGISTER,
        starts_at=now,
        ends_at=now + timedelta(days=1),
        scope=Scope((XIHU,)),
        case_number=case_number,
        duty=duty,
    )
    try:
        services.authorization.open_grant(SEED, new)
    except GovcloudError as error:
        return error
    return None


@pytest.mark.parametrize(("first", "then"), [("handle", "review"), ("review", "handle")])
def test_who_handled_a_case_does_not_review_it_nor_the_reverse(
    services: Services, world: World, clock: ManualClock, first: str, then: str
) -> None:
    in_force(services, world, "four-eyes", kind="per_case")
    sun = world.people["SUNLI"]
    assert with_duty(services, world, sun, first, "XH-2026-0117") is None
    clock.advance(timedelta(days=90))
    for same in ("XH-2026-0117", "xh-2026-0117 ", "ＸＨ-2026-0117", "XH—2026－0117", "XH ——2026—— 0117"):
        found = with_duty(services, world, sun, then, same)
        assert found is not None, "who handled it once has handled it for ever, however the number is written"
        assert found.code == "sod_conflict"
    assert with_duty(services, world, sun, first, "XH-2026-0117") is None, "the same part again"
    assert with_duty(services, world, sun, then, "XH-2026-0118") is None, "another case"
    assert with_duty(services, world, world.people["CHENJIE"], then, "XH-2026-0117") is None, "another person"


def test_a_part_that_nobody_stated_is_both(services: Services, world: World, clock: ManualClock) -> None:
    """Whoever had something for a case without a word on the part may have done either, so they get no part of another function."""
    sun = world.people["SUNLI"]
    asked = ask(services, world, sun, days=3)
    services.access.approve(world.li.actor(), asked.line_id, 1)
    in_force(services, world, "four-eyes", kind="per_case")
    for duty in ("handle", "review"):
        other = ask_cases(services, world, sun, duty=duty)
        assert state_of_line(services, sun, other) is LineState.BLOCKED_SOD
        services.access.withdraw(sun.actor(), other.line_id, 1)
    grant = services.authorization_queries.grant_of_line(asked.line_id)
    assert grant is not None
    line_id = services.grant_life.extend(sun.actor(), grant.id, 2, "未办结").line_id
    assert services.access.approve(world.li.actor(), line_id, 1).grant_id is not None, "the same again adds nothing"


def test_where_a_rule_looks_at_cases_the_part_is_stated(services: Services, world: World) -> None:
    in_force(services, world, "four-eyes", kind="per_case")
    sun = world.people["SUNLI"]
    with pytest.raises(Invalid) as refused:
        ask(services, world, sun)
    assert [(field.field, refusal.code) for field, refusal in zip(refused.value.fields, refused.value.refusals, strict=True)] == [
        ("duty", "duty_missing")
    ]
    assert state_of_line(services, sun, ask(services, world, sun, duty="handle")) is LineState.PENDING
    assert state_of_line(services, sun, ask_cases(services, world, sun, case_number=None)) is LineState.PENDING, "of no case"


def test_a_rule_that_names_the_function_wants_the_case_as_well(services: Services, world: World) -> None:
    """Without the case nobody could tell who had a part in it before."""
    in_force(services, world, "one-a-case", REGISTER, CASES, kind="per_case")
    sun = world.people["SUNLI"]
    with pytest.raises(Invalid) as refused:
        ask_cases(services, world, sun, case_number=None)
    assert {refusal.code for refusal in refused.value.refusals} == {"case_number_missing", "duty_missing"}


def test_two_functions_of_a_set_are_refused_whatever_was_stated(services: Services, world: World) -> None:
    in_force(services, world, "one-a-case", REGISTER, CASES, kind="per_case")
    sun = world.people["SUNLI"]
    services.access.approve(world.li.actor(), ask(services, world, sun, duty="handle").line_id, 1)
    assert state_of_line(services, sun, ask_cases(services, world, sun, duty="handle")) is LineState.BLOCKED_SOD


def test_of_a_set_for_cases_one_function_a_case(services: Services, world: World) -> None:
    in_force(services, world, "one-a-case", REGISTER, CASES, kind="per_case")
    sun = world.people["SUNLI"]
    services.access.approve(world.li.actor(), ask(services, world, sun, duty="handle").line_id, 1)
    same = ask_cases(services, world, sun, duty="handle")
    assert state_of_line(services, sun, same) is LineState.BLOCKED_SOD
    services.access.withdraw(sun.actor(), same.line_id, 1)
    assert state_of_line(services, sun, ask_cases(services, world, sun, case_number="XH-2026-0200", duty="handle")) is LineState.PENDING


def state_of_line(services: Services, who: Person, asked: Submitted) -> LineState:
    return services.access_queries.line(who.actor(), asked.line_id).state


def test_whoever_is_not_cleared_cannot_ask_and_is_told_why(services: Services, world: World) -> None:
    labelled(services, 2)
    with pytest.raises(Conflict) as caught:
        ask(services, world)
    assert caught.value.code == "not_cleared"
    assert "2 级" in str(caught.value)
    assert "人事部门" in str(caught.value), "the remedy"


def test_a_label_that_rises_before_the_decision_stops_the_approval(services: Services, world: World) -> None:
    line_id = ask(services, world).line_id
    labelled(services, 1)
    page = services.access_queries.decision_page(world.li.actor(), line_id)
    assert (page.card.clearance.needs, page.card.clearance.has, page.card.clearance.suffices) == (1, 0, False)
    with pytest.raises(Conflict) as caught:
        services.access.approve(world.li.actor(), line_id, 1)
    assert caught.value.code == "not_cleared"


def test_the_search_says_what_would_wait_for_an_exception(services: Services, world: World) -> None:
    in_force(services, world, "accept-and-check", REGISTER, ACCEPT)
    hits = {hit.code: hit for hit in services.asking_queries.search(world.wang.actor(), "住房登记") if hit.kind == "item"}
    assert hits[REGISTER].may_ask
    [conflict] = hits[REGISTER].conflicts
    assert conflict.code == "accept-and-check"
    assert ACCEPT in str(conflict.message)
    assert hits["housing:register:export"].conflicts == ()
    [asked] = services.asking_queries.asked(world.wang.actor(), [Chosen(world.items[REGISTER])])
    assert [one.code for one in asked.standing.conflicts] == ["accept-and-check"]
    excepted(services, world, world.wang, "accept-and-check")
    [asked] = services.asking_queries.asked(world.wang.actor(), [Chosen(world.items[REGISTER])])
    assert asked.standing.conflicts == (), "it would go to its owner at once"


def test_the_search_says_what_no_exception_could_lift(services: Services, world: World) -> None:
    in_force(services, world, "never", REGISTER, ACCEPT, liftable=False)
    [hit] = [hit for hit in services.asking_queries.search(world.wang.actor(), "查询住房") if hit.kind == "item"]
    assert not hit.may_ask
    assert [refusal.code for refusal in hit.why] == ["sod_conflict"]
    assert hit.conflicts == ()


def test_conflicts_of_many_items_cost_no_more_statements(services: Services, world: World) -> None:
    in_force(services, world, "one-of-three", REGISTER, "housing:register:export", ACCEPT)
    asked = [Chosen(world.items[function]) for function in (REGISTER, "housing:register:export")]
    with counted() as one:
        services.asking_queries.asked(world.wang.actor(), asked[:1])
    db.session.remove()
    with counted() as two:
        found = services.asking_queries.asked(world.wang.actor(), asked)
    assert all(item.standing.conflicts for item in found)
    assert len(two) <= len(one)


def labelled(services: Services, label: int) -> None:
    """Give the register a security label."""
    view = services.subsystem_queries.function(REGISTER)
    assert view is not None
    row = FunctionChange(view.name, view.description, sensitive=view.sensitive, integration_level=view.integration_level, label=label)
    services.subsystems.change_function(Actor.system("operator"), REGISTER, row, "定级")


def test_what_is_held_for_as_long_already_is_not_asked_for_again(services: Services, world: World) -> None:
    granted(services, world, case_number="XH-2026-0117")
    with pytest.raises(Conflict) as caught:
        ask(services, world, days=9)
    assert caught.value.code == "already_held"
    assert "续期" in str(caught.value)
    with pytest.raises(Conflict) as caught:
        ask(services, world, days=10)
    assert caught.value.code == "already_held", "to the very end of what is held"
    assert ask(services, world, days=11).line_id, "longer is more"


def test_another_case_or_more_rows_are_not_held_yet(services: Services, world: World) -> None:
    granted(services, world, case_number="XH-2026-0117")
    asked = ask(services, world, days=1, case_number="XH-2026-0999")
    services.access.withdraw(world.wang.actor(), asked.line_id, 1)
    assert ask(services, world, days=1, scope=Scope(("330100000000",))).line_id


def test_the_decision_page_says_that_a_favour_is_owed(services: Services, world: World) -> None:
    """The button is not offered where the command would refuse."""
    zhao, li = world.zhao, world.li
    theirs = services.access.submit(li.actor(), replace_item(new_request(world), world, CASES))
    services.access.approve(zhao.actor(), theirs.line_id, 1)
    back = ask(services, world, zhao)
    page = services.access_queries.decision_page(li.actor(), back.line_id)
    assert [refusal.code for refusal in page.approval_refusals] == ["reciprocal"]


def replace_item(new: NewRequest, world: World, function: str) -> NewRequest:
    return replace(new, item_id=world.items[function])


MANY = """
INSERT INTO request_line (id, request_id, beneficiary_official_id, item_id, item_version, function, subsystem_code,
                          owner_department_id, owner_path, state, version, requested_scope, requested_days, submitted_at, due_at, closed_at)
SELECT gen_random_uuid(), request_id, beneficiary_official_id, item_id, item_version, function, subsystem_code,
       owner_department_id, owner_path, 'rejected', 2, requested_scope, requested_days, submitted_at - interval '1 year',
       due_at - interval '1 year', submitted_at - n * interval '1 minute'
  FROM request_line CROSS JOIN generate_series(1, 50000) AS n
"""
PAST = """
EXPLAIN (ANALYZE, FORMAT JSON)
SELECT id, state FROM request_line WHERE item_id = %s AND state IN ('approved', 'rejected') AND closed_at < now() + interval '1 year'
 ORDER BY closed_at DESC, id DESC LIMIT 200
"""


def rows_read(plan: dict[str, Any]) -> int:
    """Return the most rows that any node of a plan gave."""
    return max([int(plan["Actual Rows"]), *(rows_read(part) for part in plan.get("Plans", ()))])


def test_the_card_costs_the_same_after_fifty_thousand_past_lines(services: Services, world: World, superuser_url: str) -> None:
    """The same statements, and of the past lines no more than are counted: the index gives the latest, and nothing reads the others."""
    line_id = ask(services, world).line_id
    services.access_queries.evidence_card(line_id)
    with counted() as few:
        services.access_queries.evidence_card(line_id)
    db.session.remove()
    with psycopg.connect(superuser_url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True) as connection:
        connection.execute(MANY.encode())
        connection.execute("ANALYZE request_line")
        found = connection.execute(PAST.encode(), (world.items[REGISTER],)).fetchone()
    assert found is not None
    assert rows_read(found[0][0]["Plan"]) <= 201
    with counted() as many:
        card = services.access_queries.evidence_card(line_id)
    assert len(many) == len(few)
    assert card.rejected_before == card.looked_back == 200


@pytest.mark.parametrize("way", ["浙建[2026]12号", "浙建（２０２６）１２号", "浙建 〔2026〕 12 号", "浙建【2026】12号"])
def test_a_case_written_otherwise_is_the_same_case(services: Services, world: World, way: str) -> None:
    """What was had for a case counts however its number is written then and now: kept in one form, and compared so."""
    granted(services, world, days=3, case_number="浙建〔2026〕12号")
    with pytest.raises(Conflict) as caught:
        ask(services, world, days=2, case_number=way)
    assert caught.value.code == "already_held"
    asked = ask(services, world, days=9, case_number=way)
    assert services.access_queries.request(world.wang.actor(), asked.request_id).case_number == "浙建〔2026〕12号"
    for wrong in ("\u200b", "\ufdfa" * 5):
        with pytest.raises(Invalid):
            ask(services, world, world.people["SUNLI"], case_number=wrong)
