"""越权, as a list that cannot fall behind: every command that a department's administrator may run is tried outside the subtree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from govcloud.authorization.deciding.decisions import Question
from govcloud.identity.importing.runs import Order as ImportOrder
from govcloud.identity.importing.sources import examine
from govcloud.identity.inputs import NewAppointment, NewOffice, OfficialChange
from govcloud.identity.reorganisation import Abolish, Change, Merge, Move, Rename, Reorder, Split
from govcloud.identity.working_life.orders import Duty, Order
from govcloud.kernel.actor import Actor
from govcloud.kernel.errors import Denied
from govcloud.services import Services
from govcloud.subsystems.listing.importing import ListOrder
from govcloud.subsystems.listing.inputs import ItemChange, NewPowerItem, NewServiceItem
from tests.factories.imports import OPERATOR, a_row, uscc_of, write_csv
from tests.factories.lists import list_file, power
from tests.factories.people import a_department, an_official
from tests.factories.world import SEED, Person, World

WHY = Order("工作需要")
#: What opens pages and reads; tests/entrypoints/console/test_reach_routes.py tries their routes.
READS = {
    "govcloud:console:open",
    "govcloud:console:officials",
    "govcloud:console:imports",
    "govcloud:console:activation",
    "govcloud:console:departments",
    "govcloud:console:power_items",
    "govcloud:console:service_items",
    "govcloud:console:sessions",
    "govcloud:official:access",
    "govcloud:role_ceiling:read",
    "govcloud:personnel_change:read",
}


@dataclass(frozen=True)
class Outside:
    """Somebody and something beyond the reach of 孙丽, who administers 西湖区民政局."""

    services: Services
    world: World
    folder: Path
    office: UUID

    @property
    def person(self) -> Person:
        """Return 单雪梅, who serves in another county."""
        return self.world.people["SHANXUEMEI"]

    @property
    def department(self) -> UUID:
        """Return where she serves."""
        return self.person.department_id

    def duty(self) -> Duty:
        """Return another place there."""
        return Duty(self.department, "另一岗位", ends_at=self.services.clock.now() + timedelta(days=30))

    def power(self) -> UUID:
        """Put an entry on the power list there and return its id."""
        (item,) = self.services.subsystems.register_power_items(SEED, [NewPowerItem("330530001000", "救助", "05", self.department)])
        return item

    def service(self) -> UUID:
        """Put an entry on the implementation list there and return its id."""
        code = f"{uscc_of('yuhang_civil_affairs')}4330530001000"
        (item,) = self.services.subsystems.register_service_items(SEED, [NewServiceItem(code, "救助申领", self.power())])
        return item

    def left(self) -> UUID:
        """Let her leave and return her id."""
        self.services.identity.leave(SEED, self.person.official_id, WHY)
        return self.person.official_id


def _issue(at: Outside, actor: Actor) -> object:
    account = at.services.identity_queries.account_of(at.person.official_id)
    assert account is not None
    return at.services.signon.issue_password(actor, account.id)


def _import(at: Outside, actor: Actor) -> object:
    source = examine(write_csv(at.folder / "a.csv", [a_row(1, at="yuhang_civil_affairs")]))
    return at.services.importing.apply(actor, source, ImportOrder("file", at.department))


def _assign(at: Outside, actor: Actor) -> object:
    until = at.services.clock.now() + timedelta(days=9)
    who = at.person
    return at.services.authorization.assign_role(actor, who.official_id, "housing_clerk", who.appointment_id, reason="越权", until=until)


def _take(at: Outside, actor: Actor) -> object:
    (held,) = at.services.authorization_queries.assignments_of(at.person.official_id)
    return at.services.authorization.end_assignment(actor, held.id, "越权")


def _cancel(at: Outside, actor: Actor) -> object:
    ahead = Order("退休", at.services.clock.now() + timedelta(days=3))
    planned = at.services.identity.leave(SEED, at.person.official_id, ahead)
    at.services.identity.cancel_change(actor, planned.change_id, "越权")
    return planned


def _reinstate(at: Outside, actor: Actor) -> object:
    at.services.identity.suspend(SEED, at.person.official_id, WHY)
    return at.services.identity.reinstate(actor, at.person.official_id, WHY)


def _import_hashes(at: Outside, actor: Actor) -> object:
    path = write_csv(at.folder / "h.csv", [a_row(1, at="yuhang_civil_affairs", password_hash="pbkdf2:sha256:1000$salt$" + "a" * 64)])
    run = at.services.importing.upload(OPERATOR, path, "h.csv", ImportOrder("file", at.department), at_once=True)
    at.services.importing.check(run.id)
    at.services.importing.confirm(actor, run.id)
    return run


def _import_list(at: Outside, actor: Actor) -> object:
    source = list_file(at.folder / "list.csv", "power", [power(2, at="yuhang_civil_affairs")])
    return at.services.subsystems.import_list(actor, "power", source, ListOrder(department_id=at.department))


Attempt = Callable[[Outside, Actor], object]
ATTEMPTS: dict[str, Attempt] = {
    "govcloud:official:register": lambda at, a: at.services.identity.register_official(a, an_official(at.department)),
    "govcloud:official:import": _import,
    "govcloud:password:import": _import_hashes,
    "govcloud:official:change": lambda at, a: at.services.identity.change_official(a, at.person.official_id, OfficialChange(rank="科员")),
    "govcloud:official:transfer": lambda at, a: at.services.identity.transfer(a, at.person.official_id, at.duty(), WHY),
    "govcloud:official:suspend": lambda at, a: at.services.identity.suspend(a, at.person.official_id, WHY),
    "govcloud:official:reinstate": _reinstate,
    "govcloud:official:leave": lambda at, a: at.services.identity.leave(a, at.person.official_id, WHY),
    "govcloud:official:undo_leave": lambda at, a: at.services.identity.undo_leave(a, at.left(), "越权"),
    "govcloud:official:rejoin": lambda at, a: at.services.identity.rejoin(a, at.left(), [NewAppointment(at.department, "返岗")], WHY),
    "govcloud:official:unmask": lambda at, a: at.services.identity.unmask(a, at.person.official_id, "phone", "越权"),
    "govcloud:personnel_change:cancel": _cancel,
    "govcloud:appointment:begin": lambda at, a: at.services.identity.concurrent(a, at.person.official_id, at.duty(), WHY),
    "govcloud:appointment:end": lambda at, a: at.services.identity.end_appointment(a, at.person.appointment_id, "越权"),
    "govcloud:session:end": lambda at, a: at.services.logout.end_sessions(a, at.person.official_id, "越权"),
    "govcloud:password:issue": _issue,
    "govcloud:activation:issue": lambda at, a: at.services.signon.issue_activation_codes(a, [at.person.official_id]),
    "govcloud:second_factor:reset": lambda at, a: at.services.second_factors.reset(a, at.person.official_id, "越权"),
    "govcloud:role:assign": _assign,
    "govcloud:role:end": _take,
    "govcloud:role_ceiling:set": lambda at, a: at.services.authorization.set_role_ceiling(a, at.department, [], "越权"),
    "govcloud:department:register": lambda at, a: at.services.identity.register_department(a, a_department(at.department)),
    "govcloud:department:rename": lambda at, a: at.services.identity.reorganise(a, Rename(at.department, "新名")),
    "govcloud:department:move": lambda at, a: at.services.identity.reorganise(
        a, Move(at.department, at.world.organisation.ids["xihu_civil_affairs"])
    ),
    "govcloud:department:reorder": lambda at, a: at.services.identity.reorganise(
        a,
        Reorder(
            at.world.organisation.ids["xihu"],
            (at.world.organisation.ids["xihu_housing"], at.world.organisation.ids["xihu_civil_affairs"]),
        ),
    ),
    "govcloud:department:change": lambda at, a: at.services.identity.reorganise(a, Change(at.department, business_lines=("民政",))),
    "govcloud:department:merge": lambda at, a: at.services.identity.reorganise(
        a, Merge((at.department,), at.world.organisation.ids["xihu_civil_affairs"], "越权")
    ),
    "govcloud:department:split": lambda at, a: at.services.identity.reorganise(a, Split(at.department, a_department(), "越权")),
    "govcloud:department:abolish": lambda at, a: at.services.identity.reorganise(a, Abolish(at.department, "越权")),
    "govcloud:office:open": lambda at, a: at.services.identity.open_offices(a, [NewOffice(at.department, "新处室")]),
    "govcloud:office:rename": lambda at, a: at.services.identity.rename_office(a, at.office, "新名"),
    "govcloud:office:close": lambda at, a: at.services.identity.close_office(a, at.office),
    "govcloud:list:import": _import_list,
    "govcloud:power_item:register": lambda at, a: at.services.subsystems.register_power_items(
        a, [NewPowerItem("330530003000", "救助", "05", at.department)]
    ),
    "govcloud:power_item:change": lambda at, a: at.services.subsystems.change_power_items(a, [ItemChange(at.power(), {"name": "新名"})]),
    "govcloud:power_item:withdraw": lambda at, a: at.services.subsystems.withdraw_power_items(a, [at.power()]),
    "govcloud:service_item:register": lambda at, a: at.services.subsystems.register_service_items(
        a, [NewServiceItem(f"{uscc_of('yuhang_civil_affairs')}4330530001000", "救助申领", at.power())]
    ),
    "govcloud:service_item:change": lambda at, a: at.services.subsystems.change_service_items(
        a, [ItemChange(at.service(), {"name": "新名"})]
    ),
    "govcloud:service_item:withdraw": lambda at, a: at.services.subsystems.withdraw_service_items(a, [at.service()]),
}


@pytest.fixture
def outside(services: Services, world: World, tmp_path: Path) -> Outside:
    (office,) = services.identity.open_offices(SEED, [NewOffice(world.organisation.ids["yuhang_civil_affairs"], "救助科")])
    return Outside(services, world, tmp_path, office)


def test_every_function_of_the_role_stands_in_the_list(services: Services, world: World) -> None:
    policy = services.authorization_queries.policy()
    own = policy.functions_of(policy.closure["department_admin"]) - policy.functions_of(policy.closure["official"])
    assert own == set(ATTEMPTS) | READS, own ^ (set(ATTEMPTS) | READS)


@pytest.mark.parametrize("function", ATTEMPTS)
def test_it_is_refused_outside_the_subtree(services: Services, world: World, outside: Outside, function: str) -> None:
    with pytest.raises(Denied):
        ATTEMPTS[function](outside, world.people["SUNLI"].actor())


def test_every_other_command_is_closed_to_the_role(services: Services, world: World) -> None:
    sun, policy = world.people["SUNLI"], services.authorization_queries.policy()
    mine = policy.functions_of(policy.closure["department_admin"]) | policy.functions_of(policy.closure["official"])
    own = {"official_id": str(sun.official_id), "department_path": world.organisation.paths["xihu_civil_affairs"]}
    every = {function.code for function in services.subsystem_queries.functions_of("govcloud")}
    others = every - mine
    assert {"govcloud:official:disable", "govcloud:official:correct_id_number", "govcloud:duty_rule:add"} <= others
    for function in others:
        asked = Question(function, sun.appointment_id, sun.official_id, own)
        assert not services.authorization.decide(asked).allowed, function
