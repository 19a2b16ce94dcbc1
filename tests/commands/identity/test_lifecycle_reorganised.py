"""A person's working life while departments are merged: what is planned stays planned, and can still be cancelled and undone."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from govcloud.audit.models import AuditEvent
from govcloud.identity.reorganisation import Merge
from govcloud.identity.working_life.orders import Duty, Order
from govcloud.jobs.job import ACTOR
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from tests.factories.world import SEED, World

DAY = timedelta(days=1)
WHY = "机构改革方案（2026）"


@pytest.fixture
def ids(world: World) -> dict[str, UUID]:
    return world.organisation.ids


def merge(services: Services, clock: ManualClock, ids: dict[str, UUID]) -> None:
    clock.advance(DAY)
    services.identity.reorganise(SEED, Merge((ids["xihu_civil_affairs"],), ids["xihu_housing"], WHY))
    clock.advance(DAY)


def places(services: Services, world: World) -> list[tuple[str, UUID, bool, bool]]:
    held = services.identity_queries.appointments_of(world.wang.official_id)
    return [(view.position, view.department_id, view.ends_at is None, view.handing_over) for view in held]


def test_a_planned_leave_is_cancelled_after_the_merger(services: Services, world: World, ids: dict[str, UUID], clock: ManualClock) -> None:
    done = services.identity.leave(SEED, world.wang.official_id, Order("退休", clock.now() + 30 * DAY))
    merge(services, clock, ids)
    assert places(services, world) == [("窗口受理员", ids["xihu_housing"], False, False)]
    services.identity.cancel_change(SEED, done.change_id, "延期退休")
    assert places(services, world) == [("窗口受理员", ids["xihu_housing"], True, False)]


def test_a_planned_transfer_into_the_old_department_leads_to_its_successor(
    services: Services, world: World, ids: dict[str, UUID], clock: ManualClock
) -> None:
    order = Order("轮岗", clock.now() + 30 * DAY)
    done = services.identity.transfer(SEED, world.wang.official_id, Duty(ids["xihu_civil_affairs"], "综合岗"), order, handover_days=3)
    merge(services, clock, ids)
    (planned,) = services.identity_queries.planned_changes(world.wang.official_id)
    assert (planned.id, planned.position, planned.department_name) == (done.change_id, "综合岗", "杭州市西湖区住房和城乡建设局")
    clock.advance(29 * DAY)
    services.identity.settle_due(ACTOR)
    assert places(services, world) == [("综合岗", ids["xihu_housing"], True, False), ("窗口受理员", ids["xihu_housing"], False, True)]


def test_a_planned_transfer_is_cancelled_after_the_merger(
    services: Services, world: World, ids: dict[str, UUID], clock: ManualClock
) -> None:
    order = Order("轮岗", clock.now() + 30 * DAY)
    done = services.identity.transfer(SEED, world.wang.official_id, Duty(ids["xihu_civil_affairs"], "综合岗"), order)
    merge(services, clock, ids)
    services.identity.cancel_change(SEED, done.change_id, "另有任用")
    clock.advance(40 * DAY)
    services.identity.settle_due(ACTOR)
    assert places(services, world) == [("窗口受理员", ids["xihu_housing"], True, False)]


def test_who_hands_over_during_the_merger_hands_over_still(
    services: Services, world: World, ids: dict[str, UUID], clock: ManualClock
) -> None:
    duty = Duty(ids["xihu_civil_affairs"], "综合岗")
    services.identity.transfer(SEED, world.wang.official_id, duty, Order("轮岗"), handover_days=9)
    merge(services, clock, ids)
    assert places(services, world) == [("综合岗", ids["xihu_housing"], True, False), ("窗口受理员", ids["xihu_housing"], False, True)]
    clock.advance(9 * DAY)
    services.identity.settle_due(ACTOR)
    assert [place[0] for place in places(services, world)] == ["综合岗"]


def test_what_a_merger_closed_does_not_run_out_once_more(
    services: Services, world: World, ids: dict[str, UUID], clock: ManualClock
) -> None:
    merge(services, clock, ids)
    services.identity.settle_due(ACTOR)
    assert services.uow.read().query(AuditEvent).where(AuditEvent.name == "identity:appointment:ended").count() == 0


def test_an_undone_leave_goes_on_in_the_successor(services: Services, world: World, ids: dict[str, UUID], clock: ManualClock) -> None:
    services.identity.leave(SEED, world.wang.official_id, Order("辞职"))
    merge(services, clock, ids)
    services.identity.undo_leave(SEED, world.wang.official_id, "登记有误")
    assert places(services, world) == [("窗口受理员", ids["xihu_housing"], True, False)]
    assert services.identity_queries.subject(services.identity_queries.appointments_of(world.wang.official_id)[0].id) is not None
