"""What a reorganisation would do to what people may use: what the preview says is what happens, and a preview leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest

from govcloud.authorization.drafting import reorganising
from govcloud.authorization.drafting.effects import Effect
from govcloud.authorization.drafting.reorganising import Affected, Regranted
from govcloud.authorization.rights.duty_inputs import NewDutyRule
from govcloud.identity.finding.criteria import AppointmentCriteria
from govcloud.identity.reorganisation import Merge, Move, Reorganisation, Split
from govcloud.services import Services
from tests.factories.people import a_department
from tests.factories.requests import REGISTER, granted
from tests.factories.world import SEED, XIHU, YUHANG, World

REASON = "机构改革方案"


def rehearsed(services: Services, change: Reorganisation) -> Regranted:
    """Return the first page of a rehearsal."""
    watched = services.drafting.watched()
    services.identity.preview(SEED, change, watched)
    assert watched.found is not None
    return watched.found


def usable(services: Services, world: World) -> dict[str, frozenset[str]]:
    """Return what everybody may use, under whichever appointment, by login; of all functions that have a subsystem of their own."""
    return {
        login: frozenset(
            function
            for place in services.identity_queries.appointments_of(person.official_id)
            for function in services.authorization_queries.open_functions(place.id)
            if not function.startswith("govcloud:")
        )
        for login, person in world.people.items()
    }


def _merge(world: World) -> Reorganisation:
    ids = world.organisation.ids
    return Merge((ids["xihu_civil_affairs"],), ids["yuhang_civil_affairs"], REASON)


def _move(world: World) -> Reorganisation:
    return Move(world.organisation.ids["xihu_civil_affairs"], None)


def _split(world: World) -> Reorganisation:
    new = replace(a_department(), name="西湖区社会救助局", division_code=YUHANG, level="county", parent_id=world.organisation.ids["xihu"])
    return Split(world.organisation.ids["xihu_civil_affairs"], new, REASON, people=(world.wang.official_id,))


@pytest.mark.parametrize("make", [_merge, _move, _split])
def test_what_is_said_happens(services: Services, world: World, make: Callable[[World], Reorganisation]) -> None:
    ids = world.organisation.ids
    for label, criteria in (
        ("在西湖区", AppointmentCriteria(department_id=ids["xihu"], positions=("窗口受理员",))),
        ("在余杭区", AppointmentCriteria(division_code=YUHANG)),
    ):
        services.authorization.add_duty_rules(SEED, [NewDutyRule("housing_clerk", label, criteria, "一窗通办")])
    before = usable(services, world)
    change = make(world)
    found = rehearsed(services, change)
    assert usable(services, world) == before, "a rehearsal leaves nothing behind"
    said = {row.official_id: row for row in found.people}
    services.identity.reorganise(SEED, change)
    after = usable(services, world)
    for login, person in world.people.items():
        row = said.get(person.official_id)
        gained, lost = (frozenset(row.gained), frozenset(row.lost)) if row else (frozenset(), frozenset())
        theirs = {code for code in gained | lost if not code.startswith("govcloud:")}
        assert theirs == before[login] ^ after[login], login
        assert gained >= after[login] - before[login]
        assert lost >= before[login] - after[login]


def test_the_duty_rules_that_decide_are_not_those_of_a_rehearsal(services: Services, world: World) -> None:
    """Rules are kept in memory by their number; what a rehearsal read under a number that was rolled back decides nothing."""
    ids = world.organisation.ids
    criteria = AppointmentCriteria(department_id=ids["xihu_civil_affairs"])
    services.authorization.add_duty_rules(SEED, [NewDutyRule("housing_clerk", "民政局", criteria, "一窗通办")])
    before = usable(services, world)
    rehearsed(services, _merge(world))
    services.authorization.add_duty_rules(SEED, [NewDutyRule("housing_clerk", "西湖", AppointmentCriteria(division_code=XIHU), "一窗通办")])
    assert before["WANGFANG"] <= usable(services, world)["WANGFANG"]
    assert REGISTER in usable(services, world)["WANGFANG"]


def test_a_grant_goes_along_and_nothing_is_said_of_it(services: Services, world: World) -> None:
    granted(services, world)
    assert not [row for row in rehearsed(services, _move(world)).people if REGISTER in row.effects]


def test_other_rows_are_said(services: Services, world: World) -> None:
    criteria = AppointmentCriteria(positions=("窗口受理员",))
    services.authorization.add_duty_rules(SEED, [NewDutyRule("housing_clerk", "窗口", criteria, "一窗通办", bound=True)])
    row = next(row for row in rehearsed(services, _move(world)).people if row.official_id == world.wang.official_id)
    assert row.effects[REGISTER] is Effect.ALTERED
    assert REGISTER in row.altered


def test_it_goes_page_by_page(services: Services, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    services.authorization.add_duty_rules(
        SEED, [NewDutyRule("housing_clerk", "西湖", AppointmentCriteria(department_id=world.organisation.ids["xihu"]), "一窗通办")]
    )
    change = Move(world.organisation.ids["xihu_civil_affairs"], None)
    whole = rehearsed(services, change)
    monkeypatch.setattr(reorganising, "AT_ONCE", 1)
    found: list[Affected] = []
    after: UUID | None = None
    while True:
        watched = services.drafting.watched(after)
        services.identity.preview(SEED, change, watched)
        assert watched.found is not None
        assert watched.found.looked_at <= 1
        found += watched.found.people
        after = watched.found.after
        if after is None:
            break
    assert sorted(row.official_id for row in found) == sorted(row.official_id for row in whole.people)
    assert whole.people
