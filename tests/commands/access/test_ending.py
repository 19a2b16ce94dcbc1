"""The end of many grants: what is shown is what ends, within what one answers for, once, and whatever happens to the process."""

from __future__ import annotations

from datetime import timedelta

import pytest

from govcloud.access.ending import service
from govcloud.access.ending.targets import Kind
from govcloud.access.ending.views import Preview
from govcloud.authorization.queries import GrantView
from govcloud.jobs.end_grants import end_grants
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Conflict, Denied, Invalid, NotFound
from govcloud.services import Services
from tests.factories.joint import CASES, approve, ask_jointly, many_grants
from tests.factories.requests import REGISTER, granted, may_read
from tests.factories.world import Person, World

WHY = "系统停用核查"


def end_all(services: Services, who: Person, preview: Preview) -> int:
    """Order what was shown, work it off, and return how many grants ended."""
    ordered = services.ending.order(who.actor(), preview.kind, preview.target, WHY, confirmed=preview.grants, seen_at=preview.seen_at)
    return services.ending.go_on(who.actor(), ordered.id).done


def open_grants(services: Services, world: World) -> list[GrantView]:
    db.session.remove()
    people = [person.official_id for person in world.people.values()]
    return [grant for one in people for grant in services.authorization_queries.grants_of(one) if grant.closed_at is None]


def test_of_a_person(services: Services, world: World) -> None:
    granted(services, world)
    many_grants(services, world, [world.wang.official_id, world.people["SUNLI"].official_id], 4)
    preview = services.ending.preview(world.li.actor(), Kind.PERSON, str(world.wang.official_id))
    assert (preview.label, preview.grants, preview.people) == ("王芳", 3, 1)
    assert [(item.function_name, item.grants, item.people) for item in preview.functions] == [("查询住房登记信息", 3, 1)]
    assert len(preview.first) == 3
    assert end_all(services, world.li, preview) == 3
    assert not may_read(services, world.wang)
    left = open_grants(services, world)
    assert {grant.official_id for grant in left} == {world.people["SUNLI"].official_id}


def test_of_a_subsystem_as_far_as_one_answers_for_it(services: Services, world: World) -> None:
    lines = ask_jointly(services, world, mode="progressive")
    for function in (REGISTER, CASES):
        approve(services, world, function, lines[function])
    seen = services.ending.preview(world.zhao.actor(), Kind.SUBSYSTEM, "housing")
    assert (seen.grants, seen.functions, seen.first) == (0, (), ())
    assert end_all(services, world.zhao, seen) == 0
    assert services.ending.preview(world.security_admin.actor(), Kind.SUBSYSTEM, "housing").grants == 1
    assert end_all(services, world.li, services.ending.preview(world.li.actor(), Kind.SUBSYSTEM, "housing")) == 1
    assert [grant.subsystem_code for grant in open_grants(services, world)] == ["assistance"]


def test_of_a_matter(services: Services, world: World) -> None:
    granted(services, world)
    lines = ask_jointly(services, world, mode="progressive", functions=(CASES,))
    approve(services, world, CASES, lines[CASES])
    preview = services.ending.preview(world.security_admin.actor(), Kind.MATTER, str(world.matter_id))
    assert (preview.label, preview.grants) == ("困难家庭救助一件事", 1)
    assert end_all(services, world.security_admin, preview) == 1
    assert [grant.function for grant in open_grants(services, world)] == [REGISTER]


def test_of_the_people_of_a_department_and_below(services: Services, world: World) -> None:
    many_grants(services, world, [world.people[login].official_id for login in ("WANGFANG", "CHENJIE", "SHANXUEMEI")], 6)
    preview = services.ending.preview(world.li.actor(), Kind.DEPARTMENT, str(world.organisation.ids["xihu"]))
    assert (preview.grants, preview.people) == (4, 2)
    assert end_all(services, world.li, preview) == 4
    assert {grant.official_id for grant in open_grants(services, world)} == {world.people["SHANXUEMEI"].official_id}


def test_nobody_else_orders(services: Services, world: World) -> None:
    granted(services, world)
    for login in ("WANGFANG", "SUNLI", "HEWEI", "ZHOUJIANJUN", "ZHENGGUOHUA"):
        actor = world.people[login].actor()
        seen = services.ending.preview(actor, Kind.SUBSYSTEM, "housing")
        assert seen.grants == 0, login
        with pytest.raises(Denied):
            services.ending.order(actor, Kind.SUBSYSTEM, "housing", WHY, confirmed=100, seen_at=seen.seen_at)
    assert may_read(services, world.wang)


def test_an_order_is_its_givers_own(services: Services, world: World) -> None:
    granted(services, world)
    preview = services.ending.preview(world.li.actor(), Kind.SUBSYSTEM, "housing")
    ordered = services.ending.order(world.li.actor(), Kind.SUBSYSTEM, "housing", WHY, confirmed=1, seen_at=preview.seen_at)
    for person in (world.zhao, world.wang, world.security_admin):
        with pytest.raises(NotFound):
            services.ending.one(person.actor(), ordered.id)
        with pytest.raises(Denied):
            services.ending.go_on(person.actor(), ordered.id)
    assert may_read(services, world.wang)


def test_no_more_ends_than_was_confirmed(services: Services, world: World, clock: ManualClock) -> None:
    granted(services, world)
    preview = services.ending.preview(world.li.actor(), Kind.SUBSYSTEM, "housing")
    with pytest.raises(Conflict) as more:
        services.ending.order(world.li.actor(), Kind.SUBSYSTEM, "housing", WHY, confirmed=0, seen_at=preview.seen_at)
    assert more.value.code == "more_than_confirmed"
    clock.advance(timedelta(minutes=1))
    later = granted(services, world)
    assert end_all(services, world.li, preview) == 1
    assert [grant.id for grant in open_grants(services, world)] == [later]


def test_a_reason_and_a_target_there_must_be(services: Services, world: World) -> None:
    now = services.clock.now()
    for reason in ("", " ", "长" * 501, "a\x07"):
        with pytest.raises(Invalid):
            services.ending.order(world.li.actor(), Kind.SUBSYSTEM, "housing", reason, confirmed=0, seen_at=now)
    for kind in Kind:
        for target in ("nonsense", "' OR 1=1 --", str(world.organisation.ids["xihu"]) + "0"):
            with pytest.raises(NotFound):
                services.ending.preview(world.li.actor(), kind, target)


def test_a_job_ends_what_a_page_left(services: Services, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "PART", 3)
    many_grants(services, world, [person.official_id for person in world.people.values()], 10)
    preview = services.ending.preview(world.li.actor(), Kind.SUBSYSTEM, "housing")
    ordered = services.ending.order(world.li.actor(), Kind.SUBSYSTEM, "housing", WHY, confirmed=10, seen_at=preview.seen_at)
    first = services.ending.go_on(world.li.actor(), ordered.id, lambda: True)
    assert (first.done, first.finished_at) == (3, None)
    assert end_grants(services) == 10
    assert services.ending.unfinished() == []
    assert services.ending.one(world.li.actor(), ordered.id).done == 10
    grants = services.authorization_queries.grants_by_id([grant.grant.id for grant in preview.first]).values()
    assert {grant.close_reason for grant in grants} == {WHY}
    assert services.ending.go_on(world.li.actor(), ordered.id).done == 10


def test_every_end_stands_in_the_record(services: Services, world: World) -> None:
    many_grants(services, world, [world.wang.official_id, world.people["SUNLI"].official_id], 6)
    end_all(services, world.li, services.ending.preview(world.li.actor(), Kind.SUBSYSTEM, "housing"))
    names = [entry.name for entry in services.audit_queries.newest(limit=20)]
    assert names.count("authorization:grant:closed") == 6
    assert {"access:revocation:ordered", "access:revocation:done"} <= set(names)


def test_what_was_granted_of_an_item_ends_with_it(services: Services, world: World) -> None:
    lines = ask_jointly(services, world, mode="progressive")
    for function in (REGISTER, CASES):
        approve(services, world, function, lines[function])
    (beside,) = many_grants(services, world, [world.wang.official_id], 1)
    item = world.items[CASES]
    assert (services.ending.count_of_item(item).grants, services.ending.count_of_item(item).people) == (1, 1)
    services.subsystems.withdraw_item(world.system_admin.actor(), item, "不再提供")
    grants = {grant.line_id: grant for grant in services.authorization_queries.grants_of_lines(lines.values())}
    assert grants[lines[CASES]].close_reason == "item_retired"
    assert grants[lines[REGISTER]].closed_at is None
    assert beside in {grant.id for grant in open_grants(services, world)}


def test_what_was_granted_in_a_subsystem_ends_with_it(services: Services, world: World) -> None:
    grant_id = granted(services, world)
    services.subsystems.retire_subsystem(world.system_admin.actor(), "housing", "系统下线")
    grant = services.authorization_queries.grant(grant_id)
    assert grant is not None
    assert grant.close_reason == "item_retired"
