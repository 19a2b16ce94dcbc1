"""Handing a living subsystem to another department: who may, what goes along, what waits meanwhile, and two at once."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import text

from govcloud.identity.reorganisation import Merge
from govcloud.kernel.actor import Actor
from govcloud.kernel.errors import Conflict, Denied, Invalid, NotFound
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.subsystems.changes import SubsystemChange
from govcloud.subsystems.inputs import PLATFORM, NewItem
from govcloud.subsystems.service_life.handing_over import HandedOver
from govcloud.subsystems.usage import Usage
from tests.factories.racing import together
from tests.factories.requests import REGISTER, ask, granted, may_read
from tests.factories.subsystems import CODE, Crew, a_registered_subsystem, crew
from tests.factories.world import SEED, World

WHY = "机构职能调整，省政府办公厅〔2026〕12 号"


@pytest.fixture
def people(services: Services, world: World) -> Crew:
    return crew(services, world)


def owner_of(services: Services, code: str) -> UUID | None:
    view = services.subsystem_queries.subsystem(code)
    assert view is not None
    return view.owner_department_id


def decider_over(services: Services, world: World, place: str) -> Actor:
    """Let 孙丽 decide for a department too and return her."""
    sun = world.people["SUNLI"]
    scope = {"department_path": world.organisation.paths[place]}
    services.authorization.assign_role(SEED, sun.official_id, "senior_admin", sun.appointment_id, scope=scope, reason="审批")
    return sun.actor()


def test_what_waits_and_what_is_held_goes_along(services: Services, world: World, people: Crew) -> None:
    civil = world.organisation.ids["civil_affairs"]
    grant = granted(services, world)
    waiting = ask(services, world, world.people["SHANXUEMEI"])
    done = services.subsystems.hand_over_subsystem(people.lead.actor(), "housing", civil, WHY)
    assert owner_of(services, "housing") == civil
    assert done.items > 0
    assert done.usage == Usage(grants=1, lines=1)
    assert services.subsystem_queries.item(world.items[REGISTER]).owner_department_id == civil  # type: ignore[union-attr]
    # Nothing changes for those who use it.
    assert may_read(services, world.wang)
    # The old owner's deciders are out, the new one's are in: over what waits, and over what is held.
    zhao, li = world.people["ZHAOMIN"].actor(), world.li.actor()
    with pytest.raises(Denied):
        services.access.approve(li, waiting.line_id, 1)
    with pytest.raises(Denied):
        services.access.revoke(li, grant, "不再需要")
    assert [entry.line_id for entry in services.access_queries.inbox(zhao).entries] == [waiting.line_id]
    assert services.access_queries.inbox(li).entries == ()
    assert [entry.grant.id for entry in services.access_queries.overseen_access(zhao).entries] == [grant]
    services.access.approve(zhao, waiting.line_id, 1)
    services.access.revoke(zhao, grant, "不再需要")
    assert not may_read(services, world.wang)
    # And so with the administrators.
    change = SubsystemChange("住房系统", 3, "http://127.0.0.1:8001/")
    with pytest.raises(Denied):
        services.subsystems.change_subsystem(people.owner.actor(), "housing", change)
    assert services.subsystems.change_subsystem(people.stranger.actor(), "housing", change)


def test_it_takes_authority_over_both_departments(services: Services, world: World, people: Crew) -> None:
    ids = world.organisation.ids
    for actor in (people.owner.actor(), people.stranger.actor(), world.li.actor(), world.wang.actor(), world.people["WUXIAOYAN"].actor()):
        for dry_run in (True, False):
            with pytest.raises(Denied):
                services.subsystems.hand_over_subsystem(actor, "housing", ids["civil_affairs"], WHY, dry_run=dry_run)
    assert owner_of(services, "housing") == ids["housing"]
    # Within one's own reach one hands on freely: from the county's government to a bureau below it.
    services.subsystems.hand_over_subsystem(world.system_admin.actor(), "housing", ids["xihu"], WHY)
    sun = world.people["SUNLI"]
    scope = {"department_path": world.organisation.paths["xihu"]}
    services.authorization.assign_role(
        SEED, world.wang.official_id, "subsystem_admin", world.wang.appointment_id, scope=scope, reason="管理"
    )
    services.subsystems.hand_over_subsystem(world.wang.actor(), "housing", ids["xihu_housing"], WHY)
    assert owner_of(services, "housing") == ids["xihu_housing"]
    with pytest.raises(Denied):
        services.subsystems.hand_over_subsystem(world.wang.actor(), "housing", ids["housing"], WHY)
    assert people.lead == sun


def test_a_dry_run_tells_the_same_and_writes_nothing(services: Services, world: World, people: Crew) -> None:
    ids = world.organisation.ids
    granted(services, world)
    count = text("SELECT (SELECT count(*) FROM audit_event) + (SELECT count(*) FROM subsystem_step)")
    before = services.uow.read().execute(count).scalar_one()
    told = services.subsystems.hand_over_subsystem(people.lead.actor(), "housing", ids["data"], WHY, dry_run=True)
    assert services.uow.read().execute(count).scalar_one() == before
    assert owner_of(services, "housing") == ids["housing"]
    assert services.subsystems.hand_over_subsystem(people.lead.actor(), "housing", ids["data"], WHY) == told


def test_the_step_and_the_event_say_from_whom_to_whom(services: Services, world: World, people: Crew) -> None:
    services.subsystems.hand_over_subsystem(people.lead.actor(), "housing", world.organisation.ids["data"], WHY)
    view = services.subsystem_queries.subsystem("housing")
    assert view is not None
    step = services.subsystem_queries.steps(view.id)[-1]
    assert (step.step, step.actor) == ("hand_over", "孙丽")
    assert step.note == f"浙江省住房和城乡建设厅 → 浙江省数据局\n{WHY}"
    said = (
        services.uow.read()
        .execute(text("SELECT convert_from(canonical, 'UTF8') FROM audit_event WHERE name = 'subsystems:subsystem:handed_over'"))
        .scalar_one()
    )
    assert WHY in str(said)


def test_an_item_on_which_a_third_department_decides_stays_with_it(services: Services, world: World, people: Crew) -> None:
    ids = world.organisation.ids
    item = NewItem(REGISTER, "住房登记信息（联合）", "房屋坐落", owner_department_id=ids["audit"])
    services.subsystems.offer_item(SEED, item)
    done = services.subsystems.hand_over_subsystem(people.lead.actor(), "housing", ids["data"], WHY)
    assert done.elsewhere == 1
    owners = {row.id: row.owner_department_id for row in services.subsystem_queries.items_of("housing")}
    assert owners.pop(item.id) == ids["audit"]
    assert set(owners.values()) == {ids["data"]}
    # Of other subsystems nothing moved.
    assert {row.owner_department_id for row in services.subsystem_queries.items_of("assistance")} <= {ids["civil_affairs"]}


def test_what_is_wrong_is_said(services: Services, world: World, people: Crew) -> None:
    ids, hand_over = world.organisation.ids, services.subsystems.hand_over_subsystem
    with pytest.raises(Invalid) as same:
        hand_over(SEED_OPERATOR, "housing", ids["housing"], " ")
    assert [item.field for item in same.value.fields] == ["reason", "owner_department_id"]
    with pytest.raises(Invalid):
        hand_over(SEED_OPERATOR, "housing", uuid4(), WHY)
    with pytest.raises(Invalid):
        hand_over(SEED_OPERATOR, "housing", ids["data"], "长" * 501)
    with pytest.raises(NotFound):
        hand_over(SEED_OPERATOR, "nothing", ids["data"], WHY)
    with pytest.raises(NotFound):
        hand_over(SEED_OPERATOR, PLATFORM, ids["data"], WHY)
    a_registered_subsystem(services, world)
    services.subsystems.submit_subsystem(people.owner.actor(), CODE)
    with pytest.raises(Conflict) as review:
        hand_over(SEED_OPERATOR, CODE, ids["data"], WHY)
    assert review.value.code == "not_open_to_change"


def test_whoever_handed_it_over_may_still_check_it(services: Services, world: World, people: Crew) -> None:
    a_registered_subsystem(services, world)
    services.subsystems.hand_over_subsystem(world.system_admin.actor(), CODE, world.organisation.ids["civil_affairs"], WHY)
    services.subsystems.submit_subsystem(people.stranger.actor(), CODE)
    services.subsystems.check_subsystem(world.system_admin.actor(), CODE)
    services.subsystems.publish_subsystem(people.lead.actor(), CODE)


def test_a_change_that_waited_finds_another_owner(app: Flask, settings: Settings, services: Services, world: World, people: Crew) -> None:
    """The old owner's administrator asked while the subsystem was still the old owner's."""
    civil, change = world.organisation.ids["civil_affairs"], SubsystemChange("换名", 3, "http://127.0.0.1:8001/")
    lock = f"UPDATE subsystem SET owner_department_id = '{civil}' WHERE code = 'housing'"
    outcomes = together(
        app,
        settings,
        lock,
        lambda: services.subsystems.change_subsystem(people.owner.actor(), "housing", change),
        lambda: services.subsystems.retire_subsystem(SEED_OPERATOR, "housing", "下线"),
        lambda: services.subsystems.hand_over_subsystem(people.lead.actor(), "housing", world.organisation.ids["data"], WHY),
    )
    assert [getattr(outcome, "code", outcome) for outcome in outcomes] == ["owner_changed"] * 3
    assert owner_of(services, "housing") == civil


def test_of_two_who_hand_it_over_at_once_one_comes_second(
    app: Flask, settings: Settings, services: Services, world: World, people: Crew
) -> None:
    ids = world.organisation.ids
    outcomes = together(
        app,
        settings,
        "SELECT id FROM subsystem WHERE code = 'housing' FOR UPDATE",
        *(
            lambda place=place: services.subsystems.hand_over_subsystem(people.lead.actor(), "housing", ids[place], WHY)
            for place in ("data", "audit")
        ),
    )
    assert sorted(getattr(outcome, "code", "done") for outcome in outcomes) == ["done", "owner_changed"]
    assert any(isinstance(outcome, HandedOver) for outcome in outcomes)


def test_it_does_not_go_to_a_department_that_is_merged_away_meanwhile(
    app: Flask, settings: Settings, services: Services, world: World, people: Crew
) -> None:
    ids = world.organisation.ids
    outcomes = together(
        app,
        settings,
        "SELECT pg_advisory_xact_lock(hashtext('govcloud department tree'))",
        lambda: services.identity.reorganise(SEED, Merge((ids["data"],), ids["audit"], "机构改革")),
        lambda: services.subsystems.hand_over_subsystem(people.lead.actor(), "housing", ids["data"], WHY),
    )
    assert outcomes[0] is not None
    assert owner_of(services, "housing") in {ids["audit"], ids["housing"]}


SEED_OPERATOR = Actor.system("operator")
