"""Many items at once: one request a person with a line for each item, all of it or nothing, and every line that is wrong is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import text

from govcloud.access.commands import NewSubmission, Submission, WantedItem
from govcloud.access.lifecycle import LineState, RequestState
from govcloud.authorization.scopes.scope import PROVINCE, Scope
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, Denied, GovcloudError, Invalid, NotFound
from govcloud.services import Services
from govcloud.subsystems.changes import MatterChange, MatterEntry
from tests.factories.requests import ask
from tests.factories.world import XIHU, World

OPERATOR = Actor.system("operator")
READ, CASE, EXPORT = "housing:register:read", "assistance:case:read", "housing:register:export"


def new(world: World, **given: Any) -> NewSubmission:  # noqa: ANN401 - fields of NewSubmission
    """Return a submission that is in order: two items of two departments, for oneself."""
    items = (WantedItem(world.items[READ], 10, Scope((XIHU,))), WantedItem(world.items[CASE], 5, Scope((XIHU,))))
    usual: dict[str, Any] = {"items": items, "reason": "办理困难家庭救助", "case_number": "XH-2026-0117"}
    return NewSubmission(**{**usual, **given})


def submit(services: Services, world: World, **given: Any) -> Submission:  # noqa: ANN401 - the same
    """Submit it as 王芳."""
    return services.asking.submit(world.wang.actor(), new(world, **given))


def count(services: Services, table: str) -> int:
    return services.uow.read().scalar(text(f"SELECT count(*) FROM {table}")) or 0


def written(services: Services) -> tuple[int, ...]:
    return tuple(count(services, table) for table in ("access_request", "request_line", "audit_event"))


def test_each_department_gets_a_line_and_answers_its_own(services: Services, world: World) -> None:
    done = submit(services, world)
    [request] = done.requests
    assert done.submission_id == request.request_id
    shown = services.access_queries.request(world.wang.actor(), request.request_id)
    assert [(line.item_id, line.requested_days) for line in shown.lines] == [(world.items[READ], 10), (world.items[CASE], 5)]
    assert {line.owner_department_name for line in shown.lines} == {"浙江省住房和城乡建设厅", "浙江省民政厅"}
    housing, civil = request.lines
    services.access.approve(world.li.actor(), housing.line_id, 1)
    assert services.access_queries.request(world.wang.actor(), request.request_id).state is RequestState.PARTLY_DECIDED
    services.access.reject(world.zhao.actor(), civil.line_id, 1, "not_needed")
    shown = services.access_queries.request(world.wang.actor(), request.request_id)
    assert (shown.state, [line.state for line in shown.lines]) == (
        RequestState.PARTLY_APPROVED,
        [LineState.APPROVED, LineState.REJECTED],
    )


def test_a_team_gets_a_request_each_and_their_owners_see_their_own(services: Services, world: World) -> None:
    sun = world.people["SUNLI"]
    done = submit(services, world, beneficiaries=(world.wang.appointment_id, sun.appointment_id))
    assert [request.beneficiary_official_id for request in done.requests] == [world.wang.official_id, sun.official_id]
    assert len({request.number for request in done.requests}) == len(done.requests)
    assert [view.id for view in services.asking_queries.submission(world.wang.actor(), done.submission_id)] == [
        request.request_id for request in done.requests
    ]
    mine = services.asking_queries.submission(sun.actor(), done.submission_id)
    assert [(view.beneficiary.name, view.submission_id) for view in mine] == [("孙丽", done.submission_id)]
    for stranger in (world.people["CHENJIE"], world.people["SHANXUEMEI"]):
        with pytest.raises(NotFound):
            services.asking_queries.submission(stranger.actor(), done.submission_id)


def test_events_of_all_lines_stand_in_the_chains_of_their_requests(services: Services, world: World) -> None:
    done = submit(services, world, beneficiaries=(world.wang.appointment_id, world.people["SUNLI"].appointment_id))
    for request in done.requests:
        found = services.uow.read().execute(
            text("SELECT name, chain_position FROM audit_event WHERE chain = :chain ORDER BY chain_position"),
            {"chain": str(request.request_id)},
        )
        assert [tuple(row) for row in found] == [("access:request:submitted", 1), ("access:request:submitted", 2)]


def test_one_item_is_a_submission_of_one(services: Services, world: World) -> None:
    submitted = ask(services, world)
    [view] = services.asking_queries.submission(world.wang.actor(), submitted.request_id)
    assert (view.id, view.submission_id, view.mode) == (submitted.request_id, submitted.request_id, "progressive")


def test_every_line_that_is_refused_is_named_and_nothing_is_taken_in(services: Services, world: World) -> None:
    before = written(services)
    items = (WantedItem(world.items[READ], 99, Scope((XIHU,))), WantedItem(world.items[CASE], 5), WantedItem(world.items[EXPORT], 3))
    with pytest.raises(Conflict) as caught:
        submit(services, world, items=items)
    assert {field.field for field in caught.value.fields} == {"items.0.days", "items.2"}
    said = [str(field.message) for field in caught.value.fields]
    assert said[0] == "“查询住房登记信息”：期限应为 1 至 30 天，现为 99 天。"
    assert [refusal.code for refusal in caught.value.refusals] == ["beyond_cap", "nobody_decides"]
    assert written(services) == before


def test_what_waits_already_stops_the_whole_and_says_for_whom(services: Services, world: World) -> None:
    sun = world.people["SUNLI"]
    first = ask(services, world, sun)
    with pytest.raises(Conflict) as caught:
        submit(services, world, beneficiaries=(world.wang.appointment_id, sun.appointment_id))
    [refusal] = caught.value.refusals
    assert refusal.code == caught.value.code == "duplicate_open_line"
    assert str(refusal.message).startswith("“查询住房登记信息”（孙丽）：")
    assert first.number in str(refusal.message)
    assert [field.field for field in caught.value.fields] == ["items.0"]
    assert count(services, "access_request") == 1


def test_somebody_elsewhere_is_refused_as_a_person(services: Services, world: World) -> None:
    stranger = world.people["SHANXUEMEI"]
    with pytest.raises(Denied) as caught:
        submit(services, world, beneficiaries=(world.wang.appointment_id, stranger.appointment_id))
    assert {refusal.code for refusal in caught.value.refusals} == {"beneficiary_elsewhere"}
    assert count(services, "access_request") == 0


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"items": ()}, "items"),
    ({"reason": " "}, "reason"),
    ({"case_number": "X" * 61}, "case_number"),
    ({"mode": "sometime"}, "mode"),
    ({"matter_id": uuid4()}, "matter_id"),
    ({"beneficiaries": (uuid4(),)}, "beneficiary_appointment_id"),
    ({"beneficiaries": tuple(uuid4() for _ in range(51))}, "beneficiaries"),
]


@pytest.mark.parametrize(("given", "field"), WRONG)
def test_a_wrong_field_is_named(services: Services, world: World, given: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        submit(services, world, **given)
    assert field in [found.field for found in caught.value.fields]
    assert count(services, "access_request") == 0


def test_things_named_twice_and_too_many_are_refused(services: Services, world: World) -> None:
    item = WantedItem(world.items[READ], 5, Scope((XIHU,)))
    many = tuple(WantedItem(uuid4(), 5) for _ in range(101))
    for wrong in ({"items": (item, replace(item, days=3))}, {"items": many}, {"items": (replace(item, duty="watch"),)}):
        with pytest.raises(Invalid):
            submit(services, world, **wrong)
    twice = (world.wang.appointment_id, world.wang.appointment_id)
    with pytest.raises(Invalid):
        submit(services, world, beneficiaries=twice)
    with pytest.raises(NotFound):
        submit(services, world, items=(item, WantedItem(uuid4(), 5)))
    assert count(services, "access_request") == 0


def test_a_start_lies_ahead_but_not_far(services: Services, world: World, clock: ManualClock) -> None:
    now = clock.now()
    for wrong in (now, now - timedelta(days=1), now + timedelta(days=90, seconds=1)):
        with pytest.raises(Invalid) as caught:
            submit(services, world, starts_at=wrong)
        assert [field.field for field in caught.value.fields] == ["starts_at"]
    done = submit(services, world, starts_at=now + timedelta(days=90), mode="atomic")
    view = services.access_queries.request(world.wang.actor(), done.submission_id)
    assert (view.starts_at, view.mode) == (now + timedelta(days=90), "atomic")


def test_a_matter_gives_its_items_their_duties_and_its_version_stays(services: Services, world: World) -> None:
    old = services.subsystem_queries.matter("RESCUE-01")
    assert old is not None
    entries = (MatterEntry(world.items[READ], 1, "handle"), MatterEntry(world.items[CASE], 2, "review"))
    services.subsystems.change_matter(OPERATOR, old.id, 1, MatterChange(old.name, old.lead_department_id, entries), "分环节")
    done = submit(services, world, matter_id=old.id)
    services.subsystems.change_matter(OPERATOR, old.id, 2, MatterChange(old.name, old.lead_department_id, entries[:1]), "减少")
    view = services.access_queries.request(world.wang.actor(), done.submission_id)
    assert (view.matter_version, [line.duty for line in view.lines]) == (2, ["handle", "review"])
    items = (WantedItem(world.items[READ], 5, Scope((XIHU,)), "review"),)
    for wrong in (items, (WantedItem(world.items[CASE], 5),)):
        with pytest.raises(Invalid) as caught:
            submit(services, world, items=wrong, matter_id=old.id)
        assert [field.field for field in caught.value.fields] == ["matter_id"]
    free = submit(
        services,
        world,
        items=(WantedItem(world.items[CASE], 5, PROVINCE, "review"),),
        beneficiaries=(world.people["SUNLI"].appointment_id,),
    )
    view = services.access_queries.request(world.wang.actor(), free.submission_id)
    assert (view.matter_version, [line.duty for line in view.lines]) == (None, ["review"])


def test_only_officials_in_a_duty_ask(services: Services, world: World) -> None:
    for actor in (Actor.anonymous(), Actor.subsystem("housing-web", "住房"), Actor.official(world.wang.official_id, "王芳")):
        with pytest.raises(Denied):
            services.asking.submit(actor, new(world))


def test_a_rehearsal_says_what_a_submission_would_and_writes_nothing(services: Services, world: World) -> None:
    before = written(services)
    services.asking.rehearse(world.wang.actor(), new(world))
    assert written(services) == before
    with pytest.raises(Invalid):
        services.asking.rehearse(world.wang.actor(), new(world, items=(WantedItem(world.items[READ], 99),)))
    submit(services, world)


FUNCTIONS = [READ, CASE, EXPORT]
PEOPLE = ["WANGFANG", "SUNLI", "SHANXUEMEI"]


@hypothesis_settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from(FUNCTIONS), st.integers(0, 31)), min_size=1, max_size=3, unique_by=lambda item: item[0]),
    st.lists(st.sampled_from(PEOPLE), min_size=1, unique=True),
)
def test_a_submission_is_taken_in_exactly_if_each_of_its_lines_would_be(
    services: Services, world: World, wanted: list[tuple[str, int]], people: list[str]
) -> None:
    """All of it stands as asked for, or nothing does and the lines that the rules refuse are the ones that are named."""
    items = tuple(WantedItem(world.items[function], days, Scope((XIHU,))) for function, days in wanted)
    before = written(services)
    good = {place for place, (function, days) in enumerate(wanted) if function != EXPORT and 1 <= days <= 30}
    near = "SHANXUEMEI" not in people
    appointments = tuple(world.people[login].appointment_id for login in people)
    try:
        done = services.asking.submit(world.wang.actor(), new(world, items=items, beneficiaries=appointments))
    except GovcloudError as error:
        assert written(services)[:2] == before[:2]
        named = {int(field.field.split(".")[1]) for field in error.fields}
        wrong = set(range(len(wanted))) - good
        assert named == (wrong if near else set(range(len(wanted))))
        return
    assert near
    assert len(good) == len(wanted)
    assert [len(request.lines) for request in done.requests] == [len(wanted)] * len(people)
    for request in done.requests:
        owner = next(person for person in world.people.values() if person.official_id == request.beneficiary_official_id)
        for line in request.lines:
            services.access.withdraw(owner.actor(), line.line_id, 1)
