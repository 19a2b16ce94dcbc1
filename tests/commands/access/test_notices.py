"""Who is told of what, in the same transaction, as a set, and once; and what people do with their notices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text

from govcloud.access.deciding.delegating import NewDelegation
from govcloud.access.notices.kinds import GROUPS, KINDS, USUALLY_MAILED
from govcloud.access.notices.table import GRANTS, LINES, PEOPLE
from govcloud.authorization.commands import NewAssignment
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Conflict, Denied, Invalid
from govcloud.kernel.events import type_registry
from govcloud.services import Services
from govcloud.settings import Settings
from tests.factories.browsing import counted
from tests.factories.deciders import end_offices, set_tier
from tests.factories.plans import plan_without
from tests.factories.requests import REGISTER, ask, granted
from tests.factories.world import SEED, Person, World

JOBS = Actor.system("jobs")
SECOND = timedelta(seconds=1)


def kinds(services: Services, person: Person, *, unread: bool = False) -> list[str]:
    """Return the kinds of a person's notices, the oldest first."""
    return [view.kind for view in reversed(services.notice_queries.page(person.official_id, unread=unread).entries)]


def words(services: Services, person: Person) -> str:
    """Return what the newest notice of a person says."""
    return str(services.notice_queries.page(person.official_id).entries[0].sentence)


def appoint(services: Services, world: World, login: str, role: str, place: str) -> Person:
    """Give somebody a role over a department."""
    person = world.people[login]
    scope = {"department_path": world.organisation.paths[place]}
    services.authorization.assign_roles(
        SEED, [NewAssignment(person.official_id, role, person.appointment_id, scope=scope, reason="岗位职责")]
    )
    return person


def test_a_request_is_told_to_those_who_are_asked_first(services: Services, world: World) -> None:
    above = appoint(services, world, "SUNLI", "senior_admin", "government")
    ask(services, world)
    li, qian = world.li, world.people["QIANWEI"]
    assert kinds(services, li) == kinds(services, qian) == ["to_decide"]
    assert words(services, li) == "王芳申请“查询住房登记信息”，等待浙江省住房和城乡建设厅答复，应于 2026-11-26 09:30 前决定。"
    for person in (above, world.wang, world.zhao, world.security_admin):
        assert kinds(services, person) == [], person.name


def test_the_answer_is_told_to_whoever_asked_and_the_peers_hear_that_it_is_done(
    services: Services, world: World, clock: ManualClock
) -> None:
    submitted = ask(services, world)
    clock.advance(SECOND)
    li, qian = world.li, world.people["QIANWEI"]
    services.access.approve(li.actor(), submitted.line_id, 1, days=3)
    assert kinds(services, world.wang) == ["approved"], "and not a second time that the grant was opened"
    assert "期限 3 天" in words(services, world.wang)
    assert kinds(services, li, unread=True) == []
    assert kinds(services, qian, unread=True) == ["settled"]
    assert kinds(services, qian) == ["to_decide", "settled"]
    [newest, _] = services.notice_queries.page(qian.official_id).entries
    assert newest.link == f"/inbox/{submitted.line_id}"
    [told] = services.notice_queries.page(world.wang.official_id).entries
    assert told.link == f"/requests/{submitted.request_id}"


def test_a_colleague_for_whom_somebody_asks_is_told(services: Services, world: World) -> None:
    sun = world.people["SUNLI"]
    submitted = ask(services, world, sun, beneficiary_appointment_id=world.wang.appointment_id)
    assert kinds(services, world.wang) == ["asked_for_you"]
    assert words(services, world.wang).startswith("孙丽为您申请了“查询住房登记信息”")
    services.access.reject(world.li.actor(), submitted.line_id, 1, "not_needed", "请改用目录查询")
    assert kinds(services, world.wang)[-1] == kinds(services, sun)[-1] == "rejected"
    assert "请改用目录查询" not in words(services, sun), "what the approver wrote stands on the page alone"


def test_what_is_taken_back_settles_the_call(services: Services, world: World, clock: ManualClock) -> None:
    submitted = ask(services, world)
    clock.advance(SECOND)
    services.access.withdraw(world.wang.actor(), submitted.line_id, 1)
    assert kinds(services, world.li) == ["to_decide", "settled"]
    assert services.notice_queries.unread(world.li.official_id) == 1
    assert kinds(services, world.wang) == []


def test_the_clock_tells_approvers_deputies_superiors_and_in_the_end_whoever_asked(
    services: Services, world: World, clock: ManualClock
) -> None:
    deputy = appoint(services, world, "HEWEI", "deputy_senior_admin", "housing")
    superior = appoint(services, world, "SUNLI", "senior_admin", "government")
    submitted = ask(services, world)
    seen: list[tuple[Sequence[str], ...]] = []
    for hours in (24, 24, 24, 72):
        clock.advance(timedelta(hours=hours))
        services.escalating.run(JOBS)
        seen.append(tuple(kinds(services, person) for person in (world.li, deputy, superior, world.wang)))
    assert seen == [
        (["to_decide", "reminded"], [], [], []),
        (["to_decide", "reminded"], ["deputised"], [], []),
        (["to_decide", "reminded"], ["deputised"], ["escalated"], []),
        (["to_decide", "reminded", "settled"], ["deputised", "settled"], ["escalated", "settled"], ["lapsed"]),
    ]
    for person in (world.li, deputy, superior):
        assert kinds(services, person, unread=True) == ["settled"], "whatever said that it waits is over"
    assert "浙江省住房和城乡建设厅没有在时限内答复" in words(services, world.wang)
    assert "一键重新申请" in words(services, world.wang)
    assert "浙江省住房和城乡建设厅" in str(services.notice_queries.page(superior.official_id).entries[1].sentence)
    assert services.access_queries.request(world.wang.actor(), submitted.request_id).state == "lapsed"


def test_a_deputy_decides_nothing_before_the_clock_says_so(services: Services, world: World) -> None:
    deputy = appoint(services, world, "HEWEI", "deputy_senior_admin", "housing")
    with pytest.raises(Denied):
        services.access.approve(deputy.actor(), ask(services, world).line_id, 1)


def test_ends_and_rests_of_a_grant_are_told_to_its_holder(services: Services, world: World) -> None:
    grant_id = granted(services, world)
    services.authorization.suspend_grant(world.li.actor(), grant_id, "核查中")
    services.authorization.resume_grant(world.li.actor(), grant_id)
    services.access.revoke(world.li.actor(), grant_id, "办件已撤销")
    assert kinds(services, world.wang) == ["approved", "suspended", "resumed", "revoked"]
    assert words(services, world.wang) == "“查询住房登记信息”提前终止：办件已撤销"


def test_what_one_does_oneself_is_not_told(services: Services, world: World) -> None:
    services.access.relinquish(world.wang.actor(), granted(services, world))
    assert kinds(services, world.wang) == ["approved"]


def test_who_leaves_is_told_nothing_that_nobody_would_read(services: Services, world: World) -> None:
    granted(services, world)
    services.identity.disable_official(world.system_admin.actor(), world.wang.official_id, "离职")
    assert kinds(services, world.wang) == ["approved"]


def test_nothing_is_told_of_what_was_rolled_back(services: Services, world: World) -> None:
    submitted = ask(services, world)
    before = services.uow.read().scalar(text("SELECT count(*) FROM notice"))
    with pytest.raises(Conflict):
        services.access.approve(world.li.actor(), submitted.line_id, 7)

    def ask_and_fail() -> None:
        with services.uow.begin(SEED, "govcloud:platform:seed"):
            ask(services, world, world.people["SUNLI"])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask_and_fail()
    db.session.remove()
    assert services.uow.read().scalar(text("SELECT count(*) FROM notice")) == before


def test_a_thousand_ends_take_as_many_statements_as_one(services: Services, world: World) -> None:
    def closing(count: int) -> tuple[int, int]:
        from govcloud.authorization.commands import NewGrant  # noqa: PLC0415

        now = services.clock.now()
        for _ in range(count):
            services.authorization.open_grant(
                SEED,
                NewGrant(
                    world.wang.official_id, world.wang.appointment_id, "housing", "housing:register:read", now, now + timedelta(days=3)
                ),
            )
        before = services.uow.read().scalar(text("SELECT count(*) FROM notice WHERE kind = 'revoked'")) or 0
        db.session.remove()
        with counted() as statements:
            services.authorization.close_grants_of(Actor.system("reaction"), [world.wang.official_id], "mover")
        after = services.uow.read().scalar(text("SELECT count(*) FROM notice WHERE kind = 'revoked'")) or 0
        return after - before, sum("INSERT INTO notice " in statement for statement in statements)

    assert closing(1) == (1, 1)
    assert closing(40) == (40, 1)


def test_one_reads_ones_own_and_nobody_elses(services: Services, world: World) -> None:
    ask(services, world)
    li, qian = world.li, world.people["QIANWEI"]
    [mine] = services.notice_queries.page(li.official_id).entries
    assert services.notice_desk.mark_read(qian.actor(), [mine.id]) == 0
    assert services.notice_queries.link_of(qian.official_id, mine.id) is None
    assert services.notice_queries.unread(li.official_id) == 1
    assert services.notice_desk.mark_read(li.actor(), [mine.id, uuid4()]) == 1
    assert services.notice_desk.mark_read(li.actor(), [mine.id]) == 0
    assert services.notice_queries.unread(li.official_id) == 0
    assert services.notice_desk.mark_read(qian.actor()) == 1
    for actor in (Actor.anonymous(), JOBS):
        with pytest.raises(Denied):
            services.notice_desk.mark_read(actor)


def test_the_list_is_paged_and_filtered(services: Services, world: World) -> None:
    for person in (world.wang, world.people["SUNLI"], world.people["SHANXUEMEI"]):
        ask(services, world, person)
    queries, li = services.notice_queries, world.li.official_id
    first = queries.page(li, limit=2)
    second = queries.page(li, limit=2, cursor=first.cursor)
    assert (len(first.entries), len(second.entries), second.cursor) == (2, 1, None)
    assert len({view.id for view in (*first.entries, *second.entries)}) == 3
    assert [len(queries.page(li, group=group).entries) for group in GROUPS] == [3, 0, 0]
    services.notice_desk.mark_read(world.li.actor(), [first.entries[0].id])
    assert len(queries.page(li, unread=True).entries) == 2
    assert queries.page(li, cursor="not a cursor").entries == queries.page(li).entries


def test_the_count_is_one_statement_from_its_own_index(services: Services, world: World) -> None:
    ask(services, world)
    services.notice_queries.unread(world.li.official_id)
    db.session.remove()
    with counted() as statements:
        assert services.notice_queries.unread(world.li.official_id) == 1
    assert len(statements) <= 1
    session = services.uow.read()
    plan_without(session, "seqscan")
    count = "SELECT count(*) FROM (SELECT id FROM notice WHERE official_id = :me AND read_at IS NULL LIMIT 100) AS mine"
    plan = "\n".join(session.scalars(text(f"EXPLAIN {count}"), {"me": world.li.official_id}))
    assert "ix_notice_unread" in plan


def test_a_page_takes_as_many_statements_for_many_as_for_one(services: Services, world: World) -> None:
    def statements() -> int:
        db.session.remove()
        with counted() as found:
            services.notice_queries.page(world.li.official_id)
        return len(found)

    ask(services, world)
    one = statements()
    for login in ("SUNLI", "SHANXUEMEI", "CHENJIE", "ZHAOMIN"):
        ask(services, world, world.people[login])
    assert statements() == one


def test_what_is_wanted_by_mail_is_kept(services: Services, world: World) -> None:
    desk, wang = services.notice_desk, world.wang
    assert desk.choices(wang.official_id).mailed == USUALLY_MAILED
    desk.choose(wang.actor(), ["lapsed", "approved", "lapsed"], "en")
    db.session.remove()
    chosen = desk.choices(wang.official_id)
    assert (chosen.mailed, chosen.language) == (("approved", "lapsed"), "en")
    desk.choose(wang.actor(), [], "zh")
    db.session.remove()
    assert desk.choices(wang.official_id).mailed == ()
    wrong: list[tuple[Any, Any]] = [(["nothing"], "zh"), ([], "fr"), (["lapsed"], "")]
    for mailed, language in wrong:
        with pytest.raises(Invalid):
            desk.choose(wang.actor(), mailed, language)
    with pytest.raises(Denied):
        desk.choose(JOBS, [], "zh")


#: What other rooms have still to record.
def test_every_event_of_the_tables_is_recorded_by_somebody() -> None:
    assert {*LINES, *GRANTS, *PEOPLE} <= type_registry.keys()
    assert {telling.kind for telling in PEOPLE.values()} <= KINDS.keys()
    assert {telling.kind for tellings in LINES.values() for telling in tellings} <= KINDS.keys()
    assert {kind for kind, _ in GRANTS.values()} <= KINDS.keys()


def test_nobody_is_told_twice_of_one_thing(services: Services, world: World) -> None:
    """Not even by a hand in the database."""
    ask(services, world)
    twice = (
        "INSERT INTO notice (id, official_id, kind, params, link, event_id, created_at)"
        " SELECT gen_random_uuid(), official_id, kind, params, link, event_id, created_at FROM notice"
    )
    with pytest.raises(Exception, match="uq_notice_event_id_official_id"), services.uow.begin(SEED, "govcloud:platform:seed") as tx:
        tx.session.execute(text(twice))


def test_a_line_goes_without_a_decider_who_left(services: Services, world: World) -> None:
    services.identity.disable_official(world.system_admin.actor(), world.people["QIANWEI"].official_id, "停用")
    ask(services, world)
    assert kinds(services, world.people["QIANWEI"]) == []
    assert kinds(services, world.li) == ["to_decide"]


def test_whoever_reads_just_now_holds_no_decision_up(services: Services, world: World, settings: Settings, clock: ManualClock) -> None:
    """Decisions on many lines and “read all” meet at the same rows in other orders: neither waits, so neither waits in a circle."""
    first, second = ask(services, world), ask(services, world, world.people["SUNLI"])
    clock.advance(SECOND)
    db.session.remove()
    with psycopg.connect(settings.database_url.replace("+psycopg", "")) as reading:
        reading.execute(
            "SELECT id FROM notice WHERE official_id = %s AND line_id = %s FOR UPDATE", (world.people["QIANWEI"].official_id, first.line_id)
        )
        services.access.reject(world.li.actor(), first.line_id, 1, "not_needed")
        assert services.notice_desk.mark_read(world.people["QIANWEI"].actor()) == 2, (
            "the one about the other line, and that this one is done"
        )
    assert kinds(services, world.people["QIANWEI"], unread=True) == ["to_decide"], "the one that was being read"
    services.access.reject(world.li.actor(), second.line_id, 1, "not_needed")
    assert services.notice_desk.mark_read(world.people["QIANWEI"].actor()) == 2


def test_what_is_answered_in_the_moment_of_asking_is_no_news_to_those_asked(services: Services, world: World) -> None:
    """As when a rule that the owner signed beforehand approves: the call to decide is settled before anybody could see it."""
    services.access.approve(world.li.actor(), ask(services, world).line_id, 1)
    assert kinds(services, world.people["QIANWEI"], unread=True) == []


# Calls that are over


def standing(services: Services, person: Person) -> list[str]:
    """Return the kinds of the calls of a person that stand unread."""
    return [kind for kind in kinds(services, person, unread=True) if KINDS[kind].calls]


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("end", ["approve", "reject", "withdraw", "return"])
def test_calls_of_every_kind_are_over_when_a_line_waits_no_more(
    services: Services, world: World, clock: ManualClock, level: int, end: str
) -> None:
    deputy = appoint(services, world, "HEWEI", "deputy_senior_admin", "housing")
    superior = appoint(services, world, "SUNLI", "senior_admin", "government")
    line_id = ask(services, world).line_id
    for hours in (24, 24, 24)[:level]:
        clock.advance(timedelta(hours=hours))
        services.escalating.run(JOBS)
    called = [world.li, world.people["QIANWEI"], *([deputy] if level > 1 else []), *([superior] if level > 2 else [])]
    assert all(standing(services, person) for person in called)
    match end:
        case "approve":
            services.access.approve(world.li.actor(), line_id, 1)
        case "reject":
            services.access.reject(world.li.actor(), line_id, 1, "not_needed")
        case "withdraw":
            services.access.withdraw(world.wang.actor(), line_id, 1)
        case _:
            services.approving.returning.send_back(world.li.actor(), line_id, 1, "缺材料")
    assert [standing(services, person) for person in called] == [[] for _ in called]


def test_what_somebody_takes_on_calls_nobody_else_until_they_let_it_go(services: Services, world: World) -> None:
    handling, li, qian = services.approving.handling, world.li, world.people["QIANWEI"]
    line_id = ask(services, world).line_id
    handling.claim(li.actor(), line_id)
    assert (standing(services, li), standing(services, qian)) == (["to_decide"], [])
    handling.release(li.actor(), line_id)
    assert (standing(services, li), standing(services, qian)) == (["to_decide"], ["released"])


def test_who_is_given_a_line_and_who_had_it_are_told(services: Services, world: World, clock: ManualClock) -> None:
    handling, li, qian = services.approving.handling, world.li, world.people["QIANWEI"]
    above = appoint(services, world, "SUNLI", "senior_admin", "government")
    line_id = ask(services, world).line_id
    handling.claim(li.actor(), line_id)
    clock.advance(SECOND)
    handling.reassign(qian.actor(), line_id, above.official_id, "请上级决定")
    assert kinds(services, above) == ["given_to_you"]
    assert kinds(services, li) == ["to_decide", "given_to_another"]
    assert standing(services, li) == standing(services, qian) == []
    clock.advance(SECOND)
    services.access.approve(above.actor(), line_id, 1)
    assert kinds(services, above, unread=True) == []


def test_whose_office_ends_is_called_no_more(services: Services, world: World) -> None:
    qian = world.people["QIANWEI"]
    ask(services, world)
    end_offices(services, world, qian)
    assert (standing(services, world.li), standing(services, qian)) == (["to_decide"], [])


def test_whose_delegation_ends_is_called_no_more(services: Services, world: World, clock: ManualClock) -> None:
    chen, now = world.people["CHENJIE"], clock.now()
    lent = services.approving.delegating.delegate(
        world.li.actor(), NewDelegation(chen.appointment_id, now, now + timedelta(days=5), "出差")
    )
    ask(services, world)
    assert standing(services, chen) == ["to_decide"]
    services.approving.delegating.end(world.li.actor(), lent)
    assert standing(services, chen) == []
    assert kinds(services, chen) == ["lent_to_you", "to_decide", "lending_ended"]
    assert kinds(services, world.li) == ["to_decide"], "he ended it himself"


def test_a_line_that_goes_to_another_owner_calls_the_new_one(services: Services, world: World) -> None:
    from govcloud.subsystems.changes import ItemChange  # noqa: PLC0415

    ask(services, world)
    item = services.subsystem_queries.items([world.items[REGISTER]])[world.items[REGISTER]]
    elsewhere = world.organisation.ids["civil_affairs"]
    change = ItemChange(item.name, item.exposes, "one", 30, item.requires_case_number, item.scope_kind, elsewhere)
    services.subsystems.change_item(world.system_admin.actor(), item.id, item.version, change, "职能划转")
    assert (standing(services, world.li), standing(services, world.zhao)) == ([], ["to_decide"])


# What else is told


def test_a_first_yes_is_told_to_who_asked_and_the_next_one_is_called(services: Services, world: World) -> None:
    end_offices(services, world, world.people["QIANWEI"])
    above = appoint(services, world, "SUNLI", "senior_admin", "government")
    set_tier(services, world, "quorum", {"needed": 2})
    line_id = ask(services, world).line_id
    assert kinds(services, above) == []
    services.access.approve(world.li.actor(), line_id, 1)
    assert kinds(services, world.wang) == ["endorsed"]
    assert words(services, world.wang) == "“查询住房登记信息”（QX20261124-000001）已有人同意（本步 1/2），还须其他审批人决定。"
    assert (standing(services, world.li), standing(services, above)) == ([], ["to_decide"])


def test_a_comment_is_told_to_all_others_who_are_concerned(services: Services, world: World) -> None:
    discussing, li, qian, sun = services.approving.discussing, world.li, world.people["QIANWEI"], world.people["SUNLI"]
    submitted = ask(services, world, sun, beneficiary_appointment_id=world.wang.appointment_id)
    discussing.comment(li.actor(), submitted.line_id, "请说明用途")
    assert [kinds(services, person)[-1] for person in (sun, world.wang, qian, li)] == [
        "commented",
        "commented",
        "commented_deciding",
        "to_decide",
    ]
    services.approving.handling.claim(qian.actor(), submitted.line_id)
    discussing.comment(sun.actor(), submitted.line_id, "办理救助核对")
    assert kinds(services, li)[-1] == kinds(services, qian)[-1] == "commented_deciding"
    assert kinds(services, sun).count("commented") == 1
    assert "请说明用途" not in words(services, world.wang)


def test_a_line_that_was_returned_and_left_lying_blames_no_department(services: Services, world: World, clock: ManualClock) -> None:
    line_id = ask(services, world).line_id
    services.approving.returning.send_back(world.li.actor(), line_id, 1, "缺材料")
    clock.advance(timedelta(days=31))
    services.escalating.run(JOBS)
    assert kinds(services, world.wang) == ["returned", "lapsed_returned"]
    assert "退回补正后没有按期重新提交" in words(services, world.wang)
    assert services.uow.read().scalar(text("SELECT count(*) FROM line_wait")) == 0


def test_nobody_is_told_of_their_own_doing(services: Services, world: World, clock: ManualClock) -> None:
    now = clock.now()
    new = NewDelegation(world.people["CHENJIE"].appointment_id, now, now + timedelta(days=5), "出差")
    services.approving.delegating.delegate(world.li.actor(), new)
    assert kinds(services, world.li) == []
    assert kinds(services, world.people["CHENJIE"]) == ["lent_to_you"]
    assert words(services, world.people["CHENJIE"]) == "李强委托您代为审批，2026-11-24 09:30 至 2026-11-29 09:30 有效。"


# Steps, stand-ins, letters


def test_whoever_is_asked_at_the_next_step_is_told_when_it_comes_with_the_whole_time_to_answer(
    services: Services, world: World, clock: ManualClock
) -> None:
    superior = appoint(services, world, "SUNLI", "senior_admin", "government")
    set_tier(services, world, "serial", {"steps": [{"kind": "owner", "needed": 1}, {"kind": "superior", "needed": 1}]})
    submitted = ask(services, world)
    assert kinds(services, superior) == []
    clock.advance(timedelta(hours=24))
    services.access.approve(world.li.actor(), submitted.line_id, 1)
    assert kinds(services, superior) == ["to_decide"]
    line = services.access_queries.line(superior.actor(), submitted.line_id)
    assert line.due_at > submitted.due_at, "the second step has a clock of its own"


def test_whoever_stands_in_is_called_beside_the_one_who_is_out_of_office(services: Services, world: World, clock: ManualClock) -> None:
    chen, now = world.people["CHENJIE"], clock.now()
    away = NewDelegation(chen.appointment_id, now, now + timedelta(days=5), "休假", out_of_office=True)
    services.approving.delegating.delegate(world.li.actor(), away)
    ask(services, world)
    assert kinds(services, world.li) == ["to_decide"], "in the portal, where the line waits for him as well; by mail he is left alone"
    assert kinds(services, chen) == ["lent_to_you", "to_decide"]
    assert kinds(services, world.people["QIANWEI"]) == ["to_decide"]


def test_nobody_is_called_to_decide_on_what_they_asked_for_by_standing_in(services: Services, world: World, clock: ManualClock) -> None:
    now = clock.now()
    away = NewDelegation(world.people["CHENJIE"].appointment_id, now, now + timedelta(days=5), "休假", out_of_office=True)
    services.approving.delegating.delegate(world.li.actor(), away)
    ask(services, world, world.people["CHENJIE"])
    assert "to_decide" not in kinds(services, world.people["CHENJIE"])
