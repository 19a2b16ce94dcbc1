"""Choosing the appointment in which one acts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from govcloud.identity.inputs import NewAppointment
from govcloud.services import Services
from tests.factories.browsing import Visitor, said
from tests.factories.world import PASSWORD, SEED, World

UNKNOWN = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
def two_duties(services: Services, world: World) -> World:
    """Give 王芳 an attachment in the provincial department."""
    attachment = NewAppointment(world.organisation.ids["civil_affairs"], "窗口受理员", "四级主任科员", "attachment")
    services.identity.appoint(SEED, world.wang.official_id, attachment)
    return world


def test_with_several_one_chooses_before_anything_else(visitor: Callable[[], Visitor], two_duties: World) -> None:
    somebody = visitor()
    answer = somebody.post("/sign-in", {"login": "WANGFANG", "password": PASSWORD, "next": "/requests/new"})
    assert answer.location.startswith("/appointment?next=/requests/new")
    assert somebody.get("/").location == "/appointment?next=/"
    page = said(somebody.get(answer.location))
    assert "杭州市西湖区民政局" in page
    assert "浙江省民政厅" in page
    assert "挂职" in page
    chosen = somebody.post("/appointment", {"appointment": str(two_duties.wang.appointment_id), "next": "/requests/new"})
    assert (chosen.status_code, chosen.location) == (303, "/requests/new")
    assert "杭州市西湖区民政局 · 科员" in said(somebody.get("/requests/new"))


@pytest.mark.parametrize("appointment", ["", "nonsense", UNKNOWN])
def test_only_ones_own_can_be_chosen(visitor: Callable[[], Visitor], two_duties: World, appointment: str) -> None:
    somebody = visitor()
    somebody.post("/sign-in", {"login": "WANGFANG", "password": PASSWORD})
    assert somebody.post("/appointment", {"appointment": appointment}).status_code == 422
    other = somebody.post("/appointment", {"appointment": str(two_duties.li.appointment_id)})
    assert other.status_code == 422
    assert 'id="error-summary"' in other.text
