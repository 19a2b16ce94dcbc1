"""Deciding on a line: narrower only, by the right person only, once only; and what the second one is told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text

from govcloud.access.commands import RejectReason
from govcloud.access.lifecycle import LineState
from govcloud.authorization.scopes.scope import NOTHING, PROVINCE, Scope
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, Denied, Invalid, NotFound
from govcloud.services import Services
from tests.factories.requests import ask, may_read
from tests.factories.world import HANGZHOU, SEED, XIHU, YUHANG, Person, World

HANGZHOU_SCOPE = Scope((HANGZHOU,))


def count(services: Services, table: str) -> int:
    return services.uow.read().scalar(text(f"SELECT count(*) FROM {table}")) or 0


def advance(services: Services, by: timedelta) -> datetime:
    assert isinstance(services.clock, ManualClock)
    return services.clock.advance(by)


def make_senior(services: Services, world: World, person: Person, place: str) -> None:
    services.authorization.assign_role(
        SEED,
        person.official_id,
        "senior_admin",
        appointment_id=person.appointment_id,
        scope={"department_path": world.organisation.paths[place]},
        reason="岗位职责",
    )


@pytest.mark.parametrize(
    ("given", "divisions", "term"),
    [
        ({}, (HANGZHOU,), 10),
        ({"scope": Scope((XIHU,)), "days": 5}, (XIHU,), 5),
        ({"scope": Scope((XIHU, YUHANG)), "days": 1}, (XIHU, YUHANG), 1),
        ({"scope": HANGZHOU_SCOPE, "days": 10}, (HANGZHOU,), 10),
    ],
)
def test_an_approval_gives_at_most_what_was_asked(
    services: Services, world: World, given: dict[str, Any], divisions: tuple[str, ...], term: int
) -> None:
    line_id = ask(services, world, scope=HANGZHOU_SCOPE).line_id
    now = advance(services, timedelta(hours=30))
    decided = services.access.approve(world.li.actor(), line_id, 1, **given)
    assert decided.grant_id is not None
    grant = services.authorization_queries.grant(decided.grant_id)
    assert grant is not None
    assert (grant.scope.divisions, grant.line_id, grant.official_id) == (divisions, line_id, world.wang.official_id)
    # The duration starts at the grant, not at the request.
    assert (grant.starts_at, grant.ends_at) == (now, now + timedelta(days=term))
    assert decided.ends_at == grant.ends_at


TOO_MUCH: list[tuple[dict[str, Any], str]] = [
    ({"scope": PROVINCE}, "wider_than_requested"),
    ({"scope": NOTHING}, "wider_than_requested"),
    ({"days": 11}, "wider_than_requested"),
    ({"days": 0}, "beyond_cap"),
    ({"days": -3}, "beyond_cap"),
    ({"comment": "长" * 501}, "invalid_input"),
    ({"comment": "a\x00"}, "invalid_input"),
]


def test_more_or_nothing_is_refused(services: Services, world: World) -> None:
    line_id = ask(services, world, scope=HANGZHOU_SCOPE).line_id
    for given, code in TOO_MUCH:
        with pytest.raises(Invalid) as caught:
            services.access.approve(world.li.actor(), line_id, 1, **given)
        assert caught.value.code == code, given
    assert (count(services, "decision"), count(services, "access_grant")) == (0, 0)
    assert services.access_queries.line(world.wang.actor(), line_id).state is LineState.PENDING


def test_nobody_approves_their_own_request(services: Services, world: World) -> None:
    # His deputy stands below him, so it takes somebody above for the request to find anybody at all.
    make_senior(services, world, world.people["SHANXUEMEI"], "government")
    line_id = ask(services, world, world.li).line_id
    page = services.access_queries.decision_page(world.li.actor(), line_id)
    assert not page.may_decide
    assert [refusal.code for refusal in page.refusals] == ["own_request"]
    assert services.access_queries.inbox_count(world.li.actor()) == 0
    with pytest.raises(Denied) as caught:
        services.access.approve(world.li.actor(), line_id, 1)
    assert caught.value.code == "own_request"
    with pytest.raises(Denied) as caught:
        services.access.reject(world.li.actor(), line_id, 1, "other")
    assert caught.value.code == "own_request"
    # Nor for a colleague in whose name one asked, nor as the colleague for whom it was asked.
    mate = world.people["QIANWEI"]
    other = ask(services, world, world.li, beneficiary_appointment_id=mate.appointment_id).line_id
    for person in (world.li, mate):
        with pytest.raises(Denied) as caught:
            services.access.approve(person.actor(), other, 1)
        assert "own_request" in [refusal.code for refusal in caught.value.refusals]
    assert count(services, "access_grant") == 0


def test_nobody_approves_for_their_superior(services: Services, world: World) -> None:
    with pytest.raises(Conflict) as nobody:
        ask(services, world, world.li)
    assert nobody.value.code == "nobody_decides"
    make_senior(services, world, world.people["SHANXUEMEI"], "government")
    line_id = ask(services, world, world.li).line_id
    with pytest.raises(Denied) as caught:
        services.access.approve(world.people["QIANWEI"].actor(), line_id, 1)
    assert [refusal.code for refusal in caught.value.refusals] == ["subordinate"]
    below = ask(services, world, world.people["QIANWEI"]).line_id
    assert services.access.approve(world.li.actor(), below, 1).state is LineState.APPROVED


def test_without_authority_nobody_decides(services: Services, world: World) -> None:
    line_id = ask(services, world).line_id
    people = [world.people[login].actor() for login in ("WANGFANG", "SUNLI", "ZHAOMIN", "HEWEI", "ZHOUJIANJUN", "WUXIAOYAN", "ZHENGGUOHUA")]
    parts = [Actor.anonymous(), Actor.system("seed"), Actor.system("jobs"), Actor.subsystem("housing-web", "住房")]
    for actor in (*people, *parts):
        with pytest.raises(Denied):
            services.access.approve(actor, line_id, 1)
        with pytest.raises(Denied):
            services.access.reject(actor, line_id, 1, "other")
    assert count(services, "decision") == 0


def test_authority_must_hold_at_the_moment_of_the_decision(services: Services, world: World) -> None:
    line_id = ask(services, world).line_id
    assert services.access_queries.decision_page(world.li.actor(), line_id).may_decide
    for held in services.authorization_queries.assignments_of(world.li.official_id):
        services.authorization.end_assignment(world.security_admin.actor(), held.id, "岗位调整")
    with pytest.raises(Denied):
        services.access.approve(world.li.actor(), line_id, 1)
    assert services.access_queries.inbox(world.li.actor()).entries == ()
    with pytest.raises(NotFound):
        services.access_queries.decision_page(world.li.actor(), line_id)


def test_a_senior_administrator_above_may_decide_too(services: Services, world: World) -> None:
    make_senior(services, world, world.people["SHANXUEMEI"], "government")
    line_id = ask(services, world).line_id
    # The nearest are named as those who are asked; those above find the line among all below them, and may act.
    assert services.access_queries.line(world.wang.actor(), line_id).waits_for == ("浙江省住房和城乡建设厅",)
    above = world.people["SHANXUEMEI"].actor()
    assert services.access_queries.inbox_count(above) == 0
    assert [entry.line_id for entry in services.access_queries.inbox(above, below=True).entries] == [line_id]
    assert services.access.approve(world.people["SHANXUEMEI"].actor(), line_id, 1).state is LineState.APPROVED


def test_one_below_or_beside_the_owner_may_not(services: Services, world: World) -> None:
    for login, place in (("SHANXUEMEI", "xihu_housing"), ("CHENJIE", "xihu")):
        make_senior(services, world, world.people[login], place)
    line_id = ask(services, world).line_id
    for login in ("SHANXUEMEI", "CHENJIE"):
        with pytest.raises(Denied):
            services.access.approve(world.people[login].actor(), line_id, 1)


def test_the_second_decision_is_told_of_the_first(services: Services, world: World) -> None:
    line_id = ask(services, world).line_id
    services.access.reject(world.li.actor(), line_id, 1, "too_broad", "请缩小范围")
    with pytest.raises(Conflict) as caught:
        services.access.approve(world.people["QIANWEI"].actor(), line_id, 1)
    assert caught.value.code == "line_already_decided"
    assert str(caught.value) == "该申请项已驳回：李强于2026-11-24 09:30已作出处理，您的操作没有生效。"
    assert (count(services, "decision"), count(services, "access_grant")) == (1, 0)


def test_the_same_decision_again_returns_the_same_result(services: Services, world: World, clock: ManualClock) -> None:
    line_id = ask(services, world).line_id
    given: dict[str, Any] = {"scope": Scope((XIHU,)), "days": 5, "comment": "仅限本案"}
    first = services.access.approve(world.li.actor(), line_id, 1, **given)
    clock.advance(timedelta(minutes=1))
    again = services.access.approve(world.li.actor(), line_id, 1, **given)
    assert again.replayed
    assert (again.decision_id, again.grant_id, again.at, again.ends_at) == (first.decision_id, first.grant_id, first.at, first.ends_at)
    for other in ({**given, "days": 4}, {**given, "comment": ""}, {"days": 5}):
        with pytest.raises(Conflict):
            services.access.approve(world.li.actor(), line_id, 1, **other)
    with pytest.raises(Conflict):
        services.access.reject(world.li.actor(), line_id, 1, "other")
    with pytest.raises(Conflict):
        services.access.approve(world.people["QIANWEI"].actor(), line_id, 1, **given)
    assert (count(services, "decision"), count(services, "access_grant")) == (1, 1)


def test_a_refusal_has_a_reason_of_the_list(services: Services, world: World) -> None:
    for reason in RejectReason:
        line_id = ask(services, world).line_id
        decided = services.access.reject(world.li.actor(), line_id, 1, reason, "<b>说明</b>")
        assert (decided.state, decided.grant_id) == (LineState.REJECTED, None)
        shown = services.access_queries.line(world.wang.actor(), line_id).decision
        assert shown is not None
        assert (shown.reason_code, shown.comment, shown.decided_by.name, shown.days) == (reason, "<b>说明</b>", "李强", None)
        assert services.access.reject(world.li.actor(), line_id, 1, reason, "<b>说明</b>").replayed
    assert not may_read(services, world.wang)


def test_a_refusal_without_a_known_reason_is_invalid(services: Services, world: World) -> None:
    line_id = ask(services, world).line_id
    for reason in ("", "because", "' OR 1=1 --"):
        with pytest.raises(Invalid) as caught:
            services.access.reject(world.li.actor(), line_id, 1, reason)
        assert [found.field for found in caught.value.fields] == ["reason_code"]


def test_a_decision_on_another_version_or_card_is_not_taken(services: Services, world: World) -> None:
    line_id = ask(services, world).line_id
    with pytest.raises(Conflict) as caught:
        services.access.approve(world.li.actor(), line_id, 2)
    assert caught.value.code == "line_changed"
    with pytest.raises(Conflict) as caught:
        services.access.approve(world.li.actor(), line_id, 1, evidence_hash="0" * 64)
    assert caught.value.code == "evidence_changed"
    with pytest.raises(NotFound):
        services.access.approve(world.li.actor(), uuid4(), 1)
    assert count(services, "decision") == 0


def test_the_beneficiary_must_still_be_in_office(services: Services, world: World) -> None:
    line_id = ask(services, world).line_id
    services.identity.end_appointment(world.system_admin.actor(), world.wang.appointment_id, "调动")
    page = services.access_queries.decision_page(world.li.actor(), line_id)
    assert [refusal.code for refusal in page.approval_refusals] == ["beneficiary_moved"]
    assert not page.card.beneficiary.active
    with pytest.raises(Conflict) as caught:
        services.access.approve(world.li.actor(), line_id, 1)
    assert caught.value.code == "beneficiary_moved"
    assert services.access.reject(world.li.actor(), line_id, 1, "not_needed").state is LineState.REJECTED


def test_an_item_that_was_withdrawn_or_changed_is_not_granted(services: Services, world: World, superuser_url: str) -> None:
    line_id = ask(services, world).line_id
    # No command changes an item yet, and the platform's own role may not.
    with psycopg.connect(superuser_url) as connection:
        connection.execute("UPDATE catalogue_item_version SET version = 2 WHERE item_id = %s", (world.items["housing:register:read"],))
    with pytest.raises(Conflict) as caught:
        services.access.approve(world.li.actor(), line_id, 1)
    assert caught.value.code == "item_changed"
    with services.uow.begin(SEED, "govcloud:item:offer") as tx:
        tx.session.execute(text("UPDATE subsystem SET status = 'retired' WHERE code = 'housing'"))
    with pytest.raises(Conflict) as caught:
        services.access.approve(world.li.actor(), line_id, 1)
    assert "停止开放申请" in str(caught.value)


def test_decided_lines_are_listed_for_whom_decided_them(services: Services, world: World, clock: ManualClock) -> None:
    lines = []
    for outcome in ("approve", "reject"):
        line_id = ask(services, world).line_id
        if outcome == "approve":
            services.access.approve(world.li.actor(), line_id, 1)
        else:
            services.access.reject(world.li.actor(), line_id, 1, "other", "重复")
        lines.append(line_id)
        clock.advance(timedelta(minutes=1))
    page = services.access_queries.decided_by(world.li.actor())
    assert {(entry.line_id, entry.outcome) for entry in page.entries} == {(lines[0], "approved"), (lines[1], "rejected")}
    assert services.access_queries.decided_by(world.people["QIANWEI"].actor()).entries == ()


def test_a_waiting_line_follows_its_department(services: Services, world: World) -> None:
    """Whoever answers for the department after a reorganisation finds the line in the inbox and may decide."""
    line_id = ask(services, world).line_id
    departments = world.organisation.ids
    services.identity.move_department(world.system_admin.actor(), departments["housing"], departments["data"])
    make_senior(services, world, world.people["WUXIAOYAN"], "data")
    for person in (world.li, world.people["WUXIAOYAN"]):
        assert len(services.access_queries.inbox(person.actor(), below=True).entries) == 1
        assert services.access_queries.decision_page(person.actor(), line_id).may_decide
    assert services.access_queries.inbox_count(world.li.actor()) == 1
    assert services.access_queries.inbox_count(world.people["WUXIAOYAN"].actor()) == 0
    assert services.access.approve(world.people["WUXIAOYAN"].actor(), line_id, 1).state is LineState.APPROVED
    assert services.access_queries.overseen_access(world.li.actor()).entries[0].holder.name == "王芳"
