"""Matters (一件事): versions, as of a day, who may, what hangs on them, rehearsals that write nothing, and commands that race."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import text

from govcloud.identity.reorganisation import Merge
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Conflict, Denied, GovcloudError, Invalid, NotFound
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.subsystems.changes import MatterChange, MatterEntry
from govcloud.subsystems.inputs import MOST_MATTER_ITEMS, NewMatter
from govcloud.subsystems.queries import MatterView
from tests.factories.imports import OPERATOR
from tests.factories.racing import together
from tests.factories.requests import ask
from tests.factories.subsystems import crew
from tests.factories.world import SEED, World

READ, EXPORT, CASE = "housing:register:read", "housing:register:export", "assistance:case:read"
WHY = "流程调整"


def matter_of(services: Services, world: World) -> MatterView:
    assert world.matter_id is not None
    found = services.subsystem_queries.matter(world.matter_id)
    assert found is not None
    return found


def as_it_is(view: MatterView) -> MatterChange:
    return MatterChange(
        view.name, view.lead_department_id, tuple(MatterEntry(entry.item.id, entry.stage, entry.duty) for entry in view.items)
    )


def wrong(error: pytest.ExceptionInfo[Invalid]) -> list[str]:
    return [item.field for item in error.value.fields]


def happened(services: Services) -> int:
    db.session.remove()
    return int(services.uow.read().execute(text("SELECT count(*) FROM audit_event WHERE name LIKE 'subsystems:matter:%'")).scalar_one())


def test_a_change_is_a_new_version_and_the_old_one_holds_for_the_day_before(services: Services, world: World, clock: ManualClock) -> None:
    before, old = clock.now(), matter_of(services, world)
    clock.advance(timedelta(days=1))
    row = MatterChange("困难群众救助一件事", old.lead_department_id, (MatterEntry(world.items[CASE], 1), MatterEntry(world.items[READ], 2)))
    found = services.subsystems.change_matter(OPERATOR, old.code, 1, row, WHY)
    assert (found.version, set(found.changed)) == (2, {"name", "items"})
    assert [item.id for item in found.added] == [world.items[CASE]]
    assert found.removed == ()
    assert [(item.id, was, now) for item, was, now in found.restaged] == [(world.items[READ], 1, 2)]

    now = matter_of(services, world)
    assert (now.id, now.code, now.version, now.name) == (old.id, old.code, 2, "困难群众救助一件事")
    assert [(entry.item.function, entry.stage) for entry in now.items] == [(CASE, 1), (READ, 2)]
    assert services.subsystem_queries.matters(before) == (old,)
    assert services.subsystem_queries.matters() == (now,)
    assert [(since, view.version) for since, view in services.subsystem_queries.matter_versions(old.id)] == [(clock.now(), 2), (before, 1)]

    # The same once more is no change: nothing is written, whatever the reason.
    events = happened(services)
    assert services.subsystems.change_matter(OPERATOR, old.code, 2, row, WHY).changed == ()
    assert happened(services) == events
    # On the version that was seen before, it is refused.
    with pytest.raises(Conflict):
        services.subsystems.change_matter(OPERATOR, old.code, 1, replace(row, name="另一件"), WHY)
    with pytest.raises(Conflict):
        services.subsystems.end_matter(OPERATOR, old.code, 1, WHY)


def test_a_rehearsal_says_the_same_and_writes_nothing(services: Services, world: World) -> None:
    old, events = matter_of(services, world), happened(services)
    row = replace(as_it_is(old), items=(MatterEntry(world.items[EXPORT], 1),))
    found = services.subsystems.change_matter(OPERATOR, old.code, 1, row, WHY, dry_run=True)
    assert ([item.id for item in found.added], [item.id for item in found.removed]) == ([world.items[EXPORT]], [world.items[READ]])
    services.subsystems.end_matter(OPERATOR, old.code, 1, WHY, dry_run=True)
    new = NewMatter("BIRTH-01", "出生一件事", old.lead_department_id, (MatterEntry(world.items[CASE], 1),))
    services.subsystems.register_matter(SEED, new, dry_run=True)
    assert matter_of(services, world) == old
    assert services.subsystem_queries.matter("BIRTH-01") is None
    assert happened(services) == events
    assert services.subsystems.change_matter(OPERATOR, old.code, 1, row, WHY) == found


def test_wrong_input_is_named_whole_and_leaves_everything_as_it_was(services: Services, world: World) -> None:
    old, events = matter_of(services, world), happened(services)
    item = world.items[READ]
    with pytest.raises(Invalid) as empty:
        services.subsystems.change_matter(OPERATOR, old.code, 1, MatterChange(" ", uuid4(), ()), "")
    assert wrong(empty) == ["items", "name", "reason", "lead_department_id"]
    for items in (
        (MatterEntry(item, 1), MatterEntry(item, 2)),
        (MatterEntry(item, 0),),
        (MatterEntry(item, 100),),
        (MatterEntry(item, 1, "watch"),),
        (MatterEntry(uuid4(), 1),),
        tuple(MatterEntry(uuid4(), 1) for _ in range(MOST_MATTER_ITEMS + 1)),
    ):
        with pytest.raises(Invalid) as refused:
            services.subsystems.change_matter(OPERATOR, old.code, 1, replace(as_it_is(old), items=items), WHY)
        assert set(wrong(refused)) == {"items"}, items[:3]
    for name in ("甲" * 101, "甲\x00乙", "甲\u202e乙"):
        with pytest.raises(Invalid) as named:
            services.subsystems.change_matter(OPERATOR, old.code, 1, replace(as_it_is(old), name=name), WHY)
        assert wrong(named) == ["name"]
    for key in ("NOTHING", uuid4(), "\x00", ""):
        with pytest.raises(NotFound):
            services.subsystems.change_matter(OPERATOR, key, 1, as_it_is(old), WHY)
        with pytest.raises(NotFound):
            services.subsystems.end_matter(OPERATOR, key, 1, WHY)
    assert matter_of(services, world) == old
    assert happened(services) == events


def test_an_ended_matter_is_chosen_no_longer_and_old_requests_still_name_it(services: Services, world: World, clock: ManualClock) -> None:
    old, before = matter_of(services, world), clock.now()
    asked = ask(services, world, matter_id=old.id)
    assert services.access_queries.open_lines_naming(old.id) == 1
    clock.advance(timedelta(hours=1))
    services.subsystems.end_matter(OPERATOR, old.code, 1, WHY)
    ended = matter_of(services, world)
    assert (ended.ended_at, ended.items) == (clock.now(), old.items)
    assert services.subsystem_queries.matters() == ()
    assert services.subsystem_queries.matters(before) == (ended,), "it held then, and its end is known now"
    assert services.access_queries.request(world.wang.actor(), asked.request_id).matter_name == old.name
    assert services.access_queries.open_lines_naming(old.id) == 1, "what waits goes on"
    with pytest.raises(Invalid) as refused:
        ask(services, world, matter_id=old.id)
    assert wrong(refused) == ["matter_id"]
    for command in (
        lambda: services.subsystems.end_matter(OPERATOR, old.code, 1, WHY),
        lambda: services.subsystems.change_matter(OPERATOR, old.id, 1, replace(as_it_is(old), name="又一次"), WHY),
    ):
        with pytest.raises(NotFound):
            command()
    # Its code is not used again: records name it.
    with pytest.raises(Conflict):
        services.subsystems.register_matter(
            SEED, NewMatter(old.code, "又一件", old.lead_department_id, (MatterEntry(world.items[READ], 1),))
        )
    # Nothing keeps the item any longer.
    services.subsystems.withdraw_item(OPERATOR, world.items[READ], WHY)


def test_a_request_names_a_matter_that_takes_its_item(services: Services, world: World) -> None:
    old = matter_of(services, world)
    services.subsystems.change_matter(OPERATOR, old.code, 1, replace(as_it_is(old), items=(MatterEntry(world.items[CASE], 1),)), WHY)
    with pytest.raises(Invalid) as refused:
        ask(services, world, matter_id=old.id)
    assert wrong(refused) == ["matter_id"]


def test_an_item_taken_out_can_be_withdrawn_and_none_that_is_withdrawn_comes_in(services: Services, world: World) -> None:
    old = matter_of(services, world)
    with pytest.raises(Conflict):
        services.subsystems.withdraw_item(OPERATOR, world.items[READ], WHY)
    services.subsystems.change_matter(OPERATOR, old.code, 1, replace(as_it_is(old), items=(MatterEntry(world.items[CASE], 1),)), WHY)
    services.subsystems.withdraw_item(OPERATOR, world.items[READ], WHY)
    with pytest.raises(Invalid) as refused:
        services.subsystems.change_matter(OPERATOR, old.code, 2, replace(as_it_is(old), items=(MatterEntry(world.items[READ], 1),)), WHY)
    assert wrong(refused) == ["items"]


def test_who_may(services: Services, world: World) -> None:
    people, ids = crew(services, world), world.organisation.ids
    old, civil = matter_of(services, world), people.stranger.actor()
    row = replace(as_it_is(old), name="困难群众救助一件事")
    away = replace(row, lead_department_id=ids["housing"])
    new = NewMatter("BIRTH-01", "出生一件事", ids["civil_affairs"], (MatterEntry(world.items[READ], 1),))
    for actor in (people.owner.actor(), world.wang.actor(), world.li.actor(), world.people["WUXIAOYAN"].actor()):
        for command in (
            lambda by=actor: services.subsystems.change_matter(by, old.code, 1, row, WHY),
            lambda by=actor: services.subsystems.change_matter(by, old.code, 1, row, WHY, dry_run=True),
            lambda by=actor: services.subsystems.end_matter(by, old.code, 1, WHY),
            lambda by=actor: services.subsystems.register_matter(by, new),
            lambda by=actor: services.subsystems.change_matter(by, old.code, 1, away, WHY),
        ):
            with pytest.raises(Denied):
                command()
    # Civil affairs leads it; to give it away takes authority over both.
    with pytest.raises(Denied):
        services.subsystems.change_matter(civil, old.code, 1, away, WHY)
    services.subsystems.change_matter(civil, old.code, 1, row, WHY)
    services.subsystems.register_matter(civil, new)
    services.subsystems.change_matter(people.lead.actor(), old.code, 2, away, WHY)
    with pytest.raises(Denied):
        services.subsystems.end_matter(civil, old.code, 3, WHY)
    services.subsystems.end_matter(people.owner.actor(), old.code, 3, WHY)


def test_matters_within_reach(services: Services, world: World) -> None:
    queries, paths = services.subsystem_queries, world.organisation.paths
    old = matter_of(services, world)
    for number in range(3):
        new = NewMatter(f"M-{number}", f"第{number}件事", world.organisation.ids["housing"], (MatterEntry(world.items[READ], 1),))
        services.subsystems.register_matter(SEED, new)
    first = queries.matters_within([paths["housing"]], limit=2)
    assert [row.code for row in first.rows] == ["M-0", "M-1"]
    rest = queries.matters_within([paths["housing"]], limit=2, after=first.after)
    assert ([row.code for row in rest.rows], rest.after) == (["M-2"], None)
    assert [row.code for row in queries.matters_within([paths["civil_affairs"]]).rows] == [old.code]
    assert queries.matters_within([]).rows == ()
    assert [row.code for row in queries.matters_within(["/"], "第1件 件事").rows] == ["M-1"]
    assert queries.matters_within(["/"], "%").rows == ()
    assert queries.matters_within(["/"], ended=True).rows == ()
    assert queries.matter_within(old.id, [paths["housing"]]) is None
    assert queries.matter_within(old.id, [paths["civil_affairs"]]) == old


def test_a_merger_takes_the_matters_along(services: Services, world: World) -> None:
    ids, old = world.organisation.ids, matter_of(services, world)
    services.identity.reorganise(SEED, Merge((ids["civil_affairs"],), ids["data"], "机构改革"))
    assert matter_of(services, world).lead_department_id == ids["data"]
    assert services.subsystem_queries.matters_within([world.organisation.paths["data"]]).rows[0].code == old.code


PLACES = st.dictionaries(
    st.sampled_from([READ, EXPORT, CASE]), st.tuples(st.integers(1, 99), st.sampled_from([None, "handle", "review"])), min_size=1
)


@hypothesis_settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PLACES)
def test_what_is_asked_for_is_what_stands_whatever_it_was_before(
    services: Services, world: World, places: dict[str, tuple[int, str | None]]
) -> None:
    old = matter_of(services, world)
    wanted = {world.items[function]: place for function, place in places.items()}
    before = {entry.item.id: (entry.stage, entry.duty) for entry in old.items}
    change = replace(as_it_is(old), items=tuple(MatterEntry(item, *place) for item, place in wanted.items()))
    found = services.subsystems.change_matter(OPERATOR, old.id, old.version, change, WHY)
    now = matter_of(services, world)
    assert {entry.item.id: (entry.stage, entry.duty) for entry in now.items} == wanted
    assert [entry.stage for entry in now.items] == sorted(stage for stage, _ in wanted.values())
    assert now.version == found.version == old.version + (before != wanted)
    assert {item.id for item in found.added} == wanted.keys() - before.keys()
    assert {item.id for item in found.removed} == before.keys() - wanted.keys()
    kept = before.keys() & wanted.keys()
    assert {item.id for item, _was, _now in found.restaged} == {item for item in kept if before[item][0] != wanted[item][0]}
    assert {item.id for item, _was, _now in found.assigned} == {item for item in kept if before[item][1] != wanted[item][1]}


def test_of_two_changes_at_once_one_is_refused(app: Flask, settings: Settings, services: Services, world: World) -> None:
    old = matter_of(services, world)
    lock = f"SELECT id FROM matter WHERE id = '{old.id}' FOR UPDATE"

    def called(name: str) -> object:
        return services.subsystems.change_matter(OPERATOR, old.id, 1, replace(as_it_is(old), name=name), WHY)

    outcomes = together(app, settings, lock, lambda: called("甲"), lambda: called("乙"))
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 1
    assert matter_of(services, world).version == 2


def test_an_item_is_not_withdrawn_while_a_matter_takes_it_in(app: Flask, settings: Settings, services: Services, world: World) -> None:
    item, old = world.items[CASE], matter_of(services, world)
    lock = f"SELECT id FROM catalogue_item WHERE id = '{item}' FOR UPDATE"
    row = replace(as_it_is(old), items=(MatterEntry(item, 1), MatterEntry(world.items[READ], 2)))
    outcomes = together(
        app,
        settings,
        lock,
        lambda: services.subsystems.withdraw_item(OPERATOR, item, WHY),
        lambda: services.subsystems.change_matter(OPERATOR, old.id, 1, row, WHY),
    )
    assert sum(isinstance(outcome, GovcloudError) for outcome in outcomes) == 1, outcomes
    taken = item in {entry.item.id for entry in matter_of(services, world).items}
    live = item in {view.id for view in services.subsystem_queries.items_of("assistance")}
    assert taken == live, "a matter never asks for what cannot be requested"


def test_two_of_one_code_at_once_are_one(app: Flask, settings: Settings, services: Services, world: World) -> None:
    item = world.items[READ]
    lock = f"SELECT id FROM catalogue_item WHERE id = '{item}' FOR UPDATE"

    def enter() -> UUID:
        return services.subsystems.register_matter(
            SEED, NewMatter("BIRTH-01", "出生一件事", world.organisation.ids["housing"], (MatterEntry(item, 1),))
        )

    outcomes = together(app, settings, lock, enter, enter)
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 1, outcomes
