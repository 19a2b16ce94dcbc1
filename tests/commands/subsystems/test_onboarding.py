"""The way of a subsystem into service: who takes which step, what stands in the way, two at once, and the way out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from govcloud.identity.reorganisation import Change, Merge
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Conflict, Denied, GovcloudError, Invalid
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.subsystems.changes import SubsystemChange
from govcloud.subsystems.inputs import NewFunction, NewItem, NewSubsystem
from govcloud.subsystems.publishing import publisher_of
from tests.factories.requests import REGISTER, granted, may_read
from tests.factories.subsystems import CODE, READ, Crew, a_registered_subsystem, crew
from tests.factories.world import SEED, World, bring_into_service

WAIT_SECONDS = 30


@pytest.fixture
def people(services: Services, world: World) -> Crew:
    return crew(services, world)


def status(services: Services) -> str:
    view = services.subsystem_queries.subsystem(CODE)
    assert view is not None
    return view.status


def test_each_step_is_taken_by_another_person_and_stands_with_its_name(services: Services, world: World, people: Crew) -> None:
    subsystem_id = a_registered_subsystem(services, world)
    commands = services.subsystems
    commands.submit_subsystem(people.owner.actor(), CODE, "材料齐全")
    assert status(services) == "submitted"
    commands.check_subsystem(world.system_admin.actor(), CODE)
    commands.publish_subsystem(people.lead.actor(), CODE, "同意")
    assert status(services) == "published"
    assert services.subsystem_queries.item_for_function(READ) is not None

    steps = services.subsystem_queries.steps(subsystem_id)
    assert [(step.step, step.actor, step.note) for step in steps] == [
        ("register", "seed", ""),
        ("submit", "何伟", "材料齐全"),
        ("check", "周建军", ""),
        ("publish", "孙丽", "同意"),
    ]
    assert steps[1].official_id == people.owner.official_id
    assert steps[1].appointment_id == people.owner.appointment_id


STEPS: dict[str, Callable[[Services, Actor], None]] = {
    "submit": lambda services, actor: services.subsystems.submit_subsystem(actor, CODE),
    "check": lambda services, actor: services.subsystems.check_subsystem(actor, CODE),
    "publish": lambda services, actor: services.subsystems.publish_subsystem(actor, CODE),
    "return": lambda services, actor: services.subsystems.return_subsystem(actor, CODE, "请补充"),
    "retire": lambda services, actor: services.subsystems.retire_subsystem(actor, CODE, "系统下线"),
}
#: State, step, and who may take it then; everybody else is refused.
MAY = [
    ("registered", "submit", {"HEWEI", "SUNLI", "ZHOUJIANJUN"}),
    ("submitted", "check", {"ZHOUJIANJUN"}),
    ("submitted", "return", {"HEWEI", "SUNLI", "ZHOUJIANJUN"}),
    ("checked", "publish", {"SUNLI"}),
    ("checked", "return", {"SUNLI", "ZHOUJIANJUN"}),
    ("published", "retire", {"SUNLI", "ZHOUJIANJUN"}),
]
BEFORE = {"registered": (), "submitted": ("submit",), "checked": ("submit", "check"), "published": ("submit", "check", "publish")}


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("taker", range(3))
@pytest.mark.parametrize(("state", "step", "allowed"), MAY)
def test_who_may_take_a_step(services: Services, world: World, *, taker: int, state: str, step: str, allowed: set[str]) -> None:
    a_registered_subsystem(services, world)
    for taken in BEFORE[state]:
        STEPS[taken](services, SEED)
    for login, person in world.people.items():
        if login not in allowed:
            with pytest.raises(Denied):
                STEPS[step](services, person.actor())
    assert status(services) == state
    STEPS[step](services, world.people[sorted(allowed)[taker % len(allowed)]].actor())
    assert status(services) != state


def test_nobody_checks_or_publishes_what_they_submitted(services: Services, world: World, people: Crew) -> None:
    a_registered_subsystem(services, world)
    commands = services.subsystems
    commands.submit_subsystem(world.system_admin.actor(), CODE)
    with pytest.raises(Denied) as own:
        commands.check_subsystem(world.system_admin.actor(), CODE)
    assert own.value.code == "own_step"
    commands.return_subsystem(world.system_admin.actor(), CODE, "换人提交")
    # The administrator of the department above reaches the owner's too, and submits; then somebody else there publishes.
    commands.submit_subsystem(people.lead.actor(), CODE)
    commands.check_subsystem(world.system_admin.actor(), CODE)
    with pytest.raises(Denied) as again:
        commands.publish_subsystem(people.lead.actor(), CODE)
    assert again.value.code == "own_step"
    assert status(services) == "checked"


def test_a_lead_department_publishes_instead_of_the_one_above(services: Services, world: World, people: Crew, clock: ManualClock) -> None:
    housing, civil = world.organisation.ids["housing"], world.organisation.ids["civil_affairs"]
    a_registered_subsystem(services, world)
    clock.advance(timedelta(minutes=1))
    services.identity.reorganise(SEED, Change(housing, "330000000000", "province", ("住房和城乡建设",), civil))
    publisher = publisher_of(services.identity_queries, housing)
    assert publisher is not None
    assert publisher.id == civil
    queries, own = services.subsystem_queries, (world.organisation.paths["civil_affairs"],)
    assert queries.subsystem_within(CODE, own) is not None
    for step in ("submit", "check"):
        STEPS[step](services, SEED)
    assert [row.code for row in queries.waiting_for_publication(own).rows] == [CODE]
    assert queries.waiting_counts(own, own) == (0, 1)
    with pytest.raises(Denied):
        services.subsystems.publish_subsystem(people.owner.actor(), CODE)
    services.subsystems.publish_subsystem(people.stranger.actor(), CODE)
    assert status(services) == "published"
    # Leading publishes; it does not manage.
    with pytest.raises(Denied):
        services.subsystems.add_function(people.stranger.actor(), NewFunction(f"{CODE}:a:b", "甲", integration_level=1))


def test_a_lead_department_below_the_owner_does_not_count(services: Services, world: World, people: Crew, clock: ManualClock) -> None:
    """The owner's own administrator reaches what lies below, and would publish alone."""
    xihu, below = world.organisation.ids["xihu"], world.organisation.ids["xihu_housing"]
    clock.advance(timedelta(minutes=1))
    services.identity.reorganise(SEED, Change(xihu, "330106000000", "county", ("综合政务",), below))
    publisher = publisher_of(services.identity_queries, xihu)
    assert publisher is not None
    assert publisher.id == world.organisation.ids["government"]
    services.subsystems.register_subsystem(SEED, NewSubsystem("district", "区级系统", xihu, launch_url=None))
    services.subsystems.add_function(SEED, NewFunction("district:door:enter", "进入"))
    for step in (services.subsystems.submit_subsystem, services.subsystems.check_subsystem):
        step(SEED, "district")
    queries, paths = services.subsystem_queries, world.organisation.paths
    assert queries.waiting_for_publication((paths["xihu"],)).rows == ()
    assert [row.code for row in queries.waiting_for_publication((paths["government"],)).rows] == ["district"]
    services.subsystems.publish_subsystem(people.lead.actor(), "district")


def test_a_department_at_the_top_publishes_itself(services: Services, world: World) -> None:
    government = world.organisation.ids["government"]
    publisher = publisher_of(services.identity_queries, government)
    assert publisher is not None
    assert publisher.id == government
    own = (world.organisation.paths["government"],)
    services.subsystems.register_subsystem(SEED, NewSubsystem("cabinet", "政务督查系统", government))
    assert {row.code for row in services.subsystem_queries.subsystems_within(own).rows} >= {"cabinet"}


def test_what_is_not_ready_is_not_submitted_and_all_findings_are_told(services: Services, world: World) -> None:
    a_registered_subsystem(services, world, ready=False)
    services.subsystems.add_function(SEED, NewFunction(READ, "查看住房档案", sensitive=True, integration_level=1))
    services.subsystems.offer_item(SEED, NewItem(READ, "查看住房档案", "题名", tier="auto", max_days=366))
    with pytest.raises(Conflict) as refused:
        services.subsystems.submit_subsystem(SEED, CODE)
    assert refused.value.code == "not_ready"
    found = [refusal.code for refusal in refused.value.refusals]
    assert found == ["door", "launch_client", "confidential_client", "scope", "sensitive", "sensitive"]
    assert status(services) == "registered"
    assert len(services.subsystem_queries.steps(services.subsystems._subsystem(CODE).id)) == 1


def test_what_is_under_review_does_not_change(services: Services, world: World, people: Crew) -> None:
    a_registered_subsystem(services, world)
    services.subsystems.submit_subsystem(people.owner.actor(), CODE)
    change = SubsystemChange("住房档案", 3, "https://archive.zj.example/")
    with pytest.raises(Conflict) as frozen:
        services.subsystems.change_subsystem(people.owner.actor(), CODE, change)
    assert frozen.value.code == "not_open_to_change"
    with pytest.raises(Conflict):
        services.subsystems.add_function(people.owner.actor(), NewFunction(f"{CODE}:a:b", "甲"))
    with pytest.raises(Invalid):
        services.subsystems.return_subsystem(people.owner.actor(), CODE, " ")
    services.subsystems.return_subsystem(people.owner.actor(), CODE, "名称有误")
    assert services.subsystems.change_subsystem(people.owner.actor(), CODE, change)
    assert not services.subsystems.change_subsystem(people.owner.actor(), CODE, change)
    services.subsystems.submit_subsystem(people.owner.actor(), CODE)


def test_what_came_loose_during_the_review_is_found(services: Services, world: World, people: Crew) -> None:
    a_registered_subsystem(services, world)
    services.subsystems.submit_subsystem(people.owner.actor(), CODE)
    services.subsystems.disable_client(people.owner.actor(), CODE)
    with pytest.raises(Conflict) as refused:
        services.subsystems.check_subsystem(world.system_admin.actor(), CODE)
    assert {refusal.code for refusal in refused.value.refusals} == {"launch_client", "confidential_client"}


def test_findings_stand_as_they_were(services: Services, world: World, people: Crew) -> None:
    subsystem_id = a_registered_subsystem(services, world)
    services.subsystems.add_function(SEED, NewFunction(f"{CODE}:note:read", "查看便签", integration_level=3))
    services.subsystems.submit_subsystem(people.owner.actor(), CODE)
    step = services.subsystem_queries.steps(subsystem_id)[-1]
    assert [(finding.key, finding.blocking, finding.subject) for finding in step.findings] == [
        ("basis", False, f"{CODE}:note:read"),
        ("description", False, f"{CODE}:note:read"),
    ]
    assert "archive:note:read" in str(step.findings[0].message)


def test_two_publishers_at_once(app: Flask, settings: Settings, services: Services, world: World, people: Crew) -> None:
    a_registered_subsystem(services, world)
    for step in ("submit", "check"):
        STEPS[step](services, SEED)
    db.session.remove()
    url = settings.database_url.replace("postgresql+psycopg://", "postgresql://")

    def publish(actor: Actor) -> str:
        with app.app_context():
            try:
                services.subsystems.publish_subsystem(actor, CODE)
            except GovcloudError as error:
                return error.code
            finally:
                db.session.remove()
            return "published"

    with psycopg.connect(url) as gate, ThreadPoolExecutor(2) as pool:
        gate.execute("SELECT id FROM subsystem WHERE code = %s FOR UPDATE", (CODE,))
        started = [pool.submit(publish, actor) for actor in (people.lead.actor(), SEED)]
        _until_waiting(url, 2)
        gate.commit()
        outcomes = sorted(future.result(timeout=WAIT_SECONDS) for future in started)
    assert outcomes == ["published", "wrong_status"]
    steps = services.uow.read().execute(text("SELECT count(*) FROM subsystem_step WHERE step = 'publish'")).scalar_one()
    assert steps == 3, "two of the small province and one here"


def test_a_change_waits_for_the_step_that_goes_before(app: Flask, settings: Settings, services: Services, world: World) -> None:
    """A change that began while the subsystem was registered finds it under review once it holds the row."""
    a_registered_subsystem(services, world)
    db.session.remove()
    url = settings.database_url.replace("postgresql+psycopg://", "postgresql://")

    def add() -> str:
        with app.app_context():
            try:
                services.subsystems.add_function(SEED, NewFunction(f"{CODE}:a:b", "甲", integration_level=3))
            except GovcloudError as error:
                return error.code
            finally:
                db.session.remove()
            return "added"

    with psycopg.connect(url) as gate, ThreadPoolExecutor(1) as pool:
        gate.execute("UPDATE subsystem SET status = 'submitted' WHERE code = %s", (CODE,))
        started = pool.submit(add)
        _until_waiting(url, 1)
        gate.commit()
        assert started.result(timeout=WAIT_SECONDS) == "not_open_to_change"
    assert services.subsystem_queries.function(f"{CODE}:a:b") is None


def _until_waiting(url: str, count: int) -> None:
    """Return once ``count`` connections stand at a lock of this database."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    deadline = time.monotonic() + WAIT_SECONDS
    with psycopg.connect(url, autocommit=True) as eye:
        while time.monotonic() < deadline:
            row = eye.execute(waiting).fetchone()
            if row is not None and row[0] >= count:
                return
            threading.Event().wait(0.01)
    pytest.fail("the commands never met at the lock")


def test_retiring_closes_everything_at_once(services: Services, world: World, people: Crew) -> None:
    granted(services, world)
    assert may_read(services, world.wang)
    affected = services.subsystems.affected_by_retiring("housing")
    assert (affected.functions, affected.items, affected.clients, affected.usage.grants, affected.usage.lines) == (4, 2, 1, 1, 0)
    with pytest.raises(Denied):
        services.subsystems.retire_subsystem(people.owner.actor(), "housing", "系统下线")
    services.subsystems.retire_subsystem(people.lead.actor(), "housing", "系统下线")
    queries = services.subsystem_queries
    assert not may_read(services, world.wang)
    assert queries.item_for_function(REGISTER) is None
    secret = world.clients["housing"].secret or ""
    assert queries.authenticate_client("housing-web", secret) is None
    with pytest.raises(Conflict):
        services.subsystems.retire_subsystem(people.lead.actor(), "housing", "再次下线")
    with pytest.raises(Conflict):
        services.subsystems.add_function(SEED, NewFunction("housing:a:b", "甲"))


def test_a_merged_owner_hands_its_place_over(services: Services, world: World, clock: ManualClock) -> None:
    a_registered_subsystem(services, world)
    clock.advance(timedelta(minutes=1))
    services.identity.reorganise(SEED, Merge((world.organisation.ids["housing"],), world.organisation.ids["data"], "机构改革"))
    bring_into_service(services.subsystems, CODE)
    view = services.subsystem_queries.subsystem(CODE)
    assert view is not None
    assert view.owner_department_id == world.organisation.ids["data"]


def test_steps_are_never_rewritten(services: Services, world: World) -> None:
    a_registered_subsystem(services, world)
    for statement in ("UPDATE subsystem_step SET actor = 'x'", "DELETE FROM subsystem_step"):
        with db.engine.connect() as connection, pytest.raises(Exception, match="permission denied"):
            connection.execute(text(statement))
