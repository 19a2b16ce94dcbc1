"""Asking for access and taking it back: what is refused, with which kind of error, and that nothing is left behind."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from govcloud.access.lifecycle import LineState, RequestState
from govcloud.authorization.scopes.scope import NOTHING, PROVINCE, Scope
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, Denied, Invalid, NotFound
from govcloud.services import Services
from tests.factories.requests import ask, granted, new_request
from tests.factories.world import SEED, XIHU, World

NASTY = ["<img src=x onerror=alert(1)>", "'; DROP TABLE decision; --", "{{ 7 * 7 }} %(x)s ${jndi}", "正常\n换行\t制表"]


def count(services: Services, table: str) -> int:
    return services.uow.read().scalar(text(f"SELECT count(*) FROM {table}")) or 0


def test_text_is_kept_as_text(services: Services, world: World) -> None:
    for reason in NASTY:
        submitted = ask(services, world, reason=reason, case_number=reason.replace("\n", " ").replace("\t", " "))
        shown = services.access_queries.request(world.wang.actor(), submitted.request_id)
        assert shown.reason == reason
        assert services.access_queries.evidence_card(submitted.line_id).reason == reason
        services.access.withdraw(world.wang.actor(), submitted.line_id, 1)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"reason": ""}, "reason"),
    ({"reason": " \n "}, "reason"),
    ({"reason": "长" * 1001}, "reason"),
    ({"reason": "a\x00b"}, "reason"),
    ({"reason": "反\u202e转"}, "reason"),
    ({"case_number": "X" * 61}, "case_number"),
    ({"case_number": None}, "case_number"),
    ({"case_number": "  "}, "case_number"),
    ({"days": 0}, "days"),
    ({"days": -1}, "days"),
    ({"days": 31}, "days"),
    ({"days": 10**30}, "days"),
    ({"scope": NOTHING}, "divisions"),
    ({"matter_id": uuid4()}, "matter_id"),
    ({"beneficiary_appointment_id": uuid4()}, "beneficiary_appointment_id"),
]


def test_a_wrong_field_is_named(services: Services, world: World) -> None:
    for given, field in WRONG:
        with pytest.raises(Invalid) as caught:
            ask(services, world, **given)
        assert field in [found.field for found in caught.value.fields], given
    assert count(services, "access_request") == 0


def test_the_longest_reason_passes(services: Services, world: World) -> None:
    ask(services, world, reason="长" * 1000, days=30)


def test_an_item_that_never_was_is_not_found(services: Services, world: World) -> None:
    with pytest.raises(NotFound):
        ask(services, world, item_id=uuid4())


def test_what_two_departments_must_sign_is_not_asked_where_there_is_one(services: Services, world: World) -> None:
    with pytest.raises(Conflict) as caught:
        ask(services, world, item_id=world.items["housing:register:export"], days=7)
    assert caught.value.code == "nobody_decides"


def test_an_item_of_a_retired_subsystem_cannot_be_requested(services: Services, world: World) -> None:
    with services.uow.begin(SEED, "govcloud:subsystem:register") as tx:
        tx.session.execute(text("UPDATE subsystem SET status = 'retired' WHERE code = 'housing'"))
    assert services.access_queries.item(world.items["housing:register:read"]) is None
    with pytest.raises(Invalid) as caught:
        ask(services, world)
    assert caught.value.code == "not_requestable"


def test_asking_twice_is_a_conflict_that_names_the_first(services: Services, world: World) -> None:
    first = ask(services, world)
    with pytest.raises(Conflict) as caught:
        ask(services, world, days=3)
    assert caught.value.code == "duplicate_open_line"
    assert first.number in str(caught.value)
    assert count(services, "access_request") == 1
    # Another person may wait for the same item, and the same person after the first has closed.
    ask(services, world, world.people["SUNLI"])
    services.access.withdraw(world.wang.actor(), first.line_id, 1)
    ask(services, world)


def test_while_access_is_held_more_may_be_asked_for(services: Services, world: World) -> None:
    granted(services, world, days=2)
    granted(services, world, days=5)
    assert len(services.access_queries.my_access(world.wang.official_id)) == 2


def test_for_a_colleague_but_not_for_a_stranger(services: Services, world: World) -> None:
    colleague, stranger = world.people["SUNLI"], world.people["SHANXUEMEI"]
    submitted = ask(services, world, beneficiary_appointment_id=colleague.appointment_id)
    shown = services.access_queries.request(colleague.actor(), submitted.request_id)
    assert (shown.requester.name, shown.beneficiary.name, shown.may_withdraw) == ("王芳", "孙丽", True)
    card = services.access_queries.evidence_card(submitted.line_id)
    assert card.requester is not None
    assert card.requester.name == "王芳"
    with pytest.raises(Denied) as caught:
        ask(services, world, beneficiary_appointment_id=stranger.appointment_id)
    assert caught.value.code == "beneficiary_elsewhere"


def test_without_anybody_to_decide_nothing_is_taken_in(services: Services, world: World) -> None:
    # 李强 asks for what his own department owns, and the only other senior administrator loses the role.
    mate = world.people["QIANWEI"]
    for held in services.authorization_queries.assignments_of(mate.official_id):
        services.authorization.end_assignment(world.security_admin.actor(), held.id, "岗位调整")
    with pytest.raises(Conflict) as caught:
        ask(services, world, world.li)
    assert caught.value.code == "nobody_decides"


def test_somebody_who_left_cannot_ask(services: Services, world: World) -> None:
    services.identity.disable_official(world.system_admin.actor(), world.wang.official_id, "离职")
    with pytest.raises(Denied):
        ask(services, world)


def test_only_officials_ask(services: Services, world: World) -> None:
    for actor in (Actor.anonymous(), Actor.subsystem("housing-web", "住房"), Actor.system("jobs")):
        with pytest.raises(Denied):
            services.access.submit(actor, new_request(world))


def test_an_official_without_an_appointment_is_told_to_choose_one(services: Services, world: World) -> None:
    actor = Actor.official(world.wang.official_id, world.wang.name)
    with pytest.raises(Denied) as caught:
        services.access.submit(actor, new_request(world))
    assert caught.value.code == "official_required"


def test_every_refusal_is_remembered(services: Services, world: World) -> None:
    with pytest.raises(Denied):
        ask(services, world, beneficiary_appointment_id=world.people["SHANXUEMEI"].appointment_id)
    canonical = services.uow.read().scalars(
        text("SELECT convert_from(canonical, 'UTF8') FROM audit_event WHERE name = 'kernel:command:refused'")
    )
    assert "beneficiary_elsewhere" in list(canonical)[-1]


def test_withdrawing_closes_the_line_once(services: Services, world: World, clock: ManualClock) -> None:
    submitted = ask(services, world)
    first = services.access.withdraw(world.wang.actor(), submitted.line_id, 1)
    clock.advance(timedelta(minutes=1))
    second = services.access.withdraw(world.wang.actor(), submitted.line_id, 1)
    assert (first.replayed, second.replayed, second.at) == (False, True, first.at)
    shown = services.access_queries.request(world.wang.actor(), submitted.request_id)
    assert (shown.state, shown.lines[0].state, shown.may_withdraw) == (RequestState.WITHDRAWN, LineState.WITHDRAWN, False)
    assert services.access_queries.inbox_count(world.li.actor()) == 0
    with pytest.raises(Conflict) as caught:
        services.access.approve(world.li.actor(), submitted.line_id, 1)
    assert caught.value.code == "line_closed"
    assert "已撤回" in str(caught.value)


def test_nobody_else_withdraws(services: Services, world: World) -> None:
    submitted = ask(services, world)
    for person in (world.people["SUNLI"], world.li):
        with pytest.raises(Denied):
            services.access.withdraw(person.actor(), submitted.line_id, 1)
    with pytest.raises(NotFound):
        services.access.withdraw(world.wang.actor(), uuid4(), 1)
    with pytest.raises(Conflict):
        services.access.withdraw(world.wang.actor(), submitted.line_id, 7)


def test_a_decided_line_is_not_withdrawn(services: Services, world: World) -> None:
    submitted = ask(services, world)
    services.access.reject(world.li.actor(), submitted.line_id, 1, "not_needed", "不需要")
    with pytest.raises(Conflict) as caught:
        services.access.withdraw(world.wang.actor(), submitted.line_id, 1)
    assert "李强" in str(caught.value)
    assert "2026-11-24 09:30" in str(caught.value)


def test_a_line_nobody_answers_lapses(services: Services, world: World, clock: ManualClock) -> None:
    jobs = Actor.system("jobs")
    submitted = ask(services, world)
    clock.advance(submitted.due_at - clock.now() - timedelta(seconds=1))
    services.escalating.run(jobs)
    assert services.access_queries.request(world.wang.actor(), submitted.request_id).state is RequestState.PENDING
    clock.advance(timedelta(seconds=1))
    assert services.escalating.run(jobs) == 1
    assert services.escalating.run(jobs) == 0
    assert services.access_queries.request(world.wang.actor(), submitted.request_id).state is RequestState.LAPSED
    with pytest.raises(Conflict) as caught:
        services.access.approve(world.li.actor(), submitted.line_id, 1)
    assert "已逾期失效" in str(caught.value)
    ask(services, world)
    clock.advance(timedelta(days=11))
    with pytest.raises(Denied):
        services.escalating.run(world.wang.actor())


def test_strangers_do_not_learn_of_a_request(services: Services, world: World) -> None:
    submitted = ask(services, world)
    queries = services.access_queries
    for stranger in (world.people["SUNLI"], world.people["SHANXUEMEI"], world.zhao):
        with pytest.raises(NotFound):
            queries.request(stranger.actor(), submitted.request_id)
        with pytest.raises(NotFound):
            queries.line(stranger.actor(), submitted.line_id)
        with pytest.raises(NotFound):
            queries.decision_page(stranger.actor(), submitted.line_id)
    assert queries.line(world.li.actor(), submitted.line_id).requested_scope == Scope((XIHU,))


def test_lists_are_cut_into_pages(services: Services, world: World) -> None:
    ids: list[UUID] = []
    for _ in range(5):
        submitted = ask(services, world)
        services.access.withdraw(world.wang.actor(), submitted.line_id, 1)
        ids.append(submitted.request_id)
    seen: list[UUID] = []
    cursor = None
    while True:
        page = services.access_queries.my_requests(world.wang.official_id, cursor, 2)
        seen += [entry.id for entry in page.entries]
        cursor = page.cursor
        if cursor is None:
            break
    assert sorted(seen) == sorted(ids)
    assert len(services.access_queries.my_requests(world.wang.official_id, "'; --", 100).entries) == 5


def test_scopes_to_pick_begin_with_ones_own(services: Services, world: World) -> None:
    queries = services.access_queries
    offered = queries.scope_choices(PROVINCE, XIHU)
    assert [(choice.name, choice.suggested) for choice in offered] == [
        ("西湖区", True),
        ("杭州市", False),
        ("余杭区", False),
        ("", False),
    ]
    assert offered[-1].scope == PROVINCE
    assert [choice.name for choice in queries.scope_choices(Scope((XIHU,)), XIHU)] == ["西湖区"]
    assert not any(choice.suggested for choice in queries.scope_choices(Scope(("330110000000",)), XIHU))


def test_the_catalogue_is_searched_by_text_and_never_by_pattern(services: Services, world: World) -> None:
    queries = services.access_queries
    assert [entry.function for entry in queries.catalogue("住房登记")] == ["housing:register:export", "housing:register:read"]
    assert queries.catalogue("%") == ()
    assert queries.catalogue("' OR '1'='1") == ()
    found = queries.item_for_function("housing:register:read")
    assert found is not None
    assert (found.owner_department_name, found.max_days, found.sensitive) == ("浙江省住房和城乡建设厅", 30, True)
    assert queries.item_for_function("housing:guide:read") is None
