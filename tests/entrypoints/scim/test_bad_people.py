"""The same wrong people by every way in that takes one at a time: command, page, feed, SCIM; each names the field, none writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from govcloud.identity.inputs import NewAppointment
from govcloud.kernel.errors import GovcloudError
from tests.entrypoints.scim.conftest import DEPARTMENT, OFFICIAL, Scim, a_group, a_user, uscc
from tests.factories.browsing import Visitor, said, signed_in
from tests.factories.people import a_department, an_official, id_number
from tests.factories.world import SEED, World

if TYPE_CHECKING:
    from flask import Flask

    from govcloud.services import Services

RIGHT = id_number(63_000)
WRONG_CHECK = RIGHT[:-1] + ("1" if RIGHT[-1] != "1" else "2")
WRONG_USCC = "11330000MB1234567X"
UNKNOWN_DIVISION = "330199000000"
EVENTS = "/api/v1/personnel-events"


@dataclass(frozen=True)
class Ways:
    """Every way in, each with the rights to do it."""

    services: Services
    world: World
    scim: Scim
    system: Visitor

    def command(self, run: Callable[[], object]) -> str:
        """Run a command and return the fields that its refusal names, with what it says."""
        with pytest.raises(GovcloudError) as refused:
            run()
        return " ".join([str(refused.value.message), *(f"{item.field}={item.value}" for item in refused.value.fields)])

    def page(self, path: str, form: dict[str, str]) -> str:
        """Send a form of the console and return what its page says."""
        answer = self.system.post(f"/console{path}", form)
        assert answer.status_code in {409, 422}, said(answer)
        return said(answer)

    def event(self, **event: object) -> str:
        """Report a personnel event and return its problem."""
        whole = {"id": "b-1", "employee_code": "BAD0001", "reason": "人事系统报送", "position": "受理员"} | event
        answer = self.scim.client.post(EVENTS, json={"events": [whole]}, auth=self.scim.auth)
        (result,) = answer.get_json()["results"]
        assert result["outcome"] == "refused", result
        return str(result["problem"])

    def user(self, **official: Any) -> str:  # noqa: ANN401 - any JSON
        """Enter a SCIM user and return the refusal's detail."""
        body = a_user(self.services, self.world)
        body[OFFICIAL] |= official
        answer = self.scim.call("POST", "/Users", body)
        assert answer.status_code in {400, 409}, answer.text
        return str(answer.get_json()["detail"])

    def uscc(self, key: str) -> str:
        """Return the credit code of a department."""
        return uscc(self.services, self.world, key)

    def form(self, **changes: str) -> dict[str, str]:
        """Return the console's form for a new official."""
        usual = {"employee_code": "BAD0001", "name": "仇晓", "id_number": RIGHT, "phone": "", "position": "受理员", "post": ""}
        return usual | {"department": self.uscc("xihu_civil_affairs")} | changes

    def recorded(self) -> int:
        """Return how much stands on record, apart from refusals."""
        query = text("SELECT count(*) FROM audit_event WHERE name <> 'kernel:command:refused'")
        return int(self.services.uow.read().scalar(query) or 0)


@pytest.fixture
def ways(app: Flask, services: Services, world: World, scim: Scim) -> Ways:
    return Ways(services, world, scim, signed_in(app, services, "ZHOUJIANJUN"))


def wrong_check_digit(by: Ways) -> list[tuple[str, str]]:
    person = replace(an_official(by.world.wang.department_id), id_number=WRONG_CHECK)
    place = {"department_uscc": by.uscc("xihu_civil_affairs"), "name": "仇晓", "kind": "join"}
    return [
        (by.command(lambda: by.services.identity.register_official(SEED, person)), "id_number"),
        (by.page("/officials/new/", by.form(id_number=WRONG_CHECK)), "校验"),
        (by.event(**place, id_number=WRONG_CHECK), "id_number"),
        (by.user(idNumber=WRONG_CHECK), "idNumber"),
        # The check digit of a credit code.
        (by.command(lambda: by.services.identity.register_department(SEED, replace(a_department(), uscc=WRONG_USCC))), "uscc"),
        (by.page("/officials/new/", by.form(department=WRONG_USCC)), "没有这个部门，请填写部门全称或统一社会信用代码"),
        (by.event(kind="join", name="仇晓", id_number=RIGHT, department_uscc=WRONG_USCC), "department_uscc"),
        (by.user(appointments=[{"department": WRONG_USCC, "position": "受理员"}]), "appointments[0].department"),
    ]


def second_account(by: Ways) -> list[tuple[str, str]]:
    taken = id_number(5000)
    person = replace(an_official(by.world.wang.department_id), id_number=taken)
    place = {"department_uscc": by.uscc("xihu_civil_affairs"), "name": "仇晓", "kind": "join"}
    return [
        (by.command(lambda: by.services.identity.register_official(SEED, person)), "id_number"),
        (by.page("/officials/new/", by.form(id_number=taken)), "一人只能有一个账号"),
        (by.event(**place, id_number=taken), "id_number"),
        (by.user(idNumber=taken), "idNumber"),
    ]


def two_primaries(by: Ways) -> list[tuple[str, str]]:
    wang, other = by.world.wang, by.world.organisation.ids["data"]
    two = tuple(NewAppointment(other, f"岗位{number}") for number in range(2))
    person = replace(an_official(wang.department_id), appointments=two)
    places = [{"department": by.uscc("data"), "position": f"岗位{number}", "kind": "primary"} for number in range(2)]
    return [
        (by.command(lambda: by.services.identity.register_official(SEED, person)), "appointments"),
        (by.command(lambda: by.services.identity.appoint(SEED, wang.official_id, two[0])), "主职"),
        (by.user(appointments=places), "ppointments"),
    ]


def one_position_twice(by: Ways) -> list[tuple[str, str]]:
    wang, position = by.world.wang, "窗口受理员"
    again = NewAppointment(wang.department_id, position, kind="concurrent")
    form = {"department": "杭州市西湖区民政局", "position": position, "reason": "兼任，按规定办理", "confirmed": "1"}
    event = {"employee_code": "WANGFANG", "department_uscc": by.uscc("xihu_civil_affairs"), "position": position}
    added = {"department": by.uscc("xihu_civil_affairs"), "position": position, "kind": "concurrent"}
    patched = by.scim.patch(f"/Users/{wang.official_id}", {"op": "add", "path": f"{OFFICIAL}:appointments", "value": [added]})
    assert patched.status_code == 409
    return [
        (by.command(lambda: by.services.identity.appoint(SEED, wang.official_id, again)), "担任这个岗位"),
        (by.page(f"/officials/change/concurrent/{wang.official_id}", form), "担任这个岗位"),
        (by.event(kind="concurrent", **event), "担任这个岗位"),
        (str(patched.get_json()["detail"]), "position"),
    ]


def unknown_division(by: Ways) -> list[tuple[str, str]]:
    below = by.world.organisation.ids["government"]
    row = replace(a_department(below), division_code=UNKNOWN_DIVISION)
    form = {"name": "新局", "uscc": a_department().uscc, "division_code": UNKNOWN_DIVISION, "level": "county", "business_lines": "民政"}
    group = a_group(by.world, 83_000)
    group[DEPARTMENT] |= {"division": UNKNOWN_DIVISION}
    answer = by.scim.call("POST", "/Groups", group)
    assert answer.status_code == 400, answer.text
    return [
        (by.command(lambda: by.services.identity.register_department(SEED, row)), "division_code"),
        (by.page(f"/departments/change/new/{below}", form | {"step": "confirm"}), "行政区划"),
        (str(answer.get_json()["detail"]), "division"),
    ]


CASES = (wrong_check_digit, second_account, two_primaries, one_position_twice, unknown_division)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_it_is_named_by_every_way_in_and_nothing_is_half_applied(ways: Ways, case: Callable[[Ways], list[tuple[str, str]]]) -> None:
    before = ways.recorded()
    for said_there, expected in case(ways):
        assert expected in said_there, said_there
        # A number that was typed stays masked in what is said of it.
        for number in (WRONG_CHECK, id_number(5000)):
            assert number not in said_there, said_there
    assert ways.recorded() == before
    assert ways.services.identity_queries.official_by_code("BAD0001") is None
