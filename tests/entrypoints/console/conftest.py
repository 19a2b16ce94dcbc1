"""What the console's tests stand on: visitors who have signed in, and one row for every command of the console."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from sqlalchemy import text

from govcloud.kernel.actor import Actor
from govcloud.subsystems.inputs import NewClient, NewFunction, NewSubsystem
from tests.entrypoints.console.administrators import Administrator, Become
from tests.factories.apart import excepted, new_rule
from tests.factories.browsing import Visitor, signed_in
from tests.factories.people import credit_code, id_number
from tests.factories.requests import ask, granted
from tests.factories.world import PASSWORD, SEED, World

if TYPE_CHECKING:
    from flask import Flask

    from govcloud.services import Services

Enter = Callable[[str], Visitor]
#: A reason of the length that the console asks for.
REASON = "岗位调整，予以处理"


@pytest.fixture
def enter(app: Flask, services: Services, world: World) -> Enter:
    """Return the way to become somebody of the small province."""
    return lambda login: signed_in(app, services, login)


@pytest.fixture
def security(enter: Enter) -> Visitor:
    """Return 吴晓燕, the security officer."""
    return enter("WUXIAOYAN")


@pytest.fixture
def system(enter: Enter) -> Visitor:
    """Return 周建军, the system officer."""
    return enter("ZHOUJIANJUN")


@pytest.fixture
def auditor(enter: Enter) -> Visitor:
    """Return 郑国华, the audit officer."""
    return enter("ZHENGGUOHUA")


@pytest.fixture
def officers(system: Visitor, security: Visitor, auditor: Visitor) -> dict[str, Visitor]:
    """Return the three officers by login."""
    return {"ZHOUJIANJUN": system, "WUXIAOYAN": security, "ZHENGGUOHUA": auditor}


@dataclass(frozen=True)
class Separated:
    """A row for each table of separation of duty."""

    rule: UUID
    draft: UUID
    exception: UUID
    violation: UUID


@dataclass(frozen=True)
class Rows:
    """A row for every table and every command of the console."""

    active: UUID
    disabled: UUID
    unpublished: UUID
    registered: UUID
    client: UUID
    matter: UUID
    role: UUID
    assignment: UUID
    rule: UUID
    line: UUID
    grant: UUID
    session: UUID
    apart: Separated

    def addresses(self) -> dict[str, UUID]:
        """Return the row whose details each table shows."""
        return {
            "officials": self.active,
            "subsystems": self.unpublished,
            "clients": self.client,
            "matters": self.matter,
            "roles": self.role,
            "assignments": self.assignment,
            "policies": self.rule,
            "requests": self.line,
            "grants": self.grant,
            "sessions": self.session,
            "sod_rules": self.apart.rule,
            "sod_drafts": self.apart.draft,
            "sod_exceptions": self.apart.exception,
            "sod_violations": self.apart.violation,
        }


@pytest.fixture
def rows(services: Services, world: World) -> Rows:
    """Make what the commands act on; nobody of them is an officer."""
    people, queries = world.people, services.authorization_queries
    grant = granted(services, world)
    line = ask(services, world, people["SHANXUEMEI"])
    services.identity.disable_official(world.system_admin.actor(), people["CHENJIE"].official_id, REASON)
    new = NewSubsystem("archive", "档案查询系统", world.organisation.ids["data"], 2, launch_url="http://127.0.0.1:8009/")
    unpublished = services.subsystems.register_subsystem(SEED, new)
    services.subsystems.add_function(SEED, NewFunction("archive:door:enter", "进入档案查询系统"))
    services.subsystems.register_client(SEED, NewClient("archive", "archive", "档案", ("http://127.0.0.1:8009/cb",)))
    other = NewSubsystem("ledger", "台账系统", world.organisation.ids["data"])
    return Rows(
        active=people["SHANXUEMEI"].official_id,
        disabled=people["CHENJIE"].official_id,
        unpublished=unpublished,
        registered=services.subsystems.register_subsystem(SEED, other),
        client=one(services, "SELECT id FROM client WHERE client_id = 'housing-web'"),
        matter=one(services, "SELECT id FROM matter"),
        role=one(services, "SELECT id FROM role WHERE code = 'counter_clerk'"),
        assignment=queries.assignments_of(people["SUNLI"].official_id)[0].id,
        rule=one(services, "SELECT id FROM policy_rule ORDER BY position LIMIT 1"),
        line=line.line_id,
        grant=grant,
        session=services.signon.sign_in("QIANWEI", PASSWORD, "127.0.0.1", "test").session_id,
        apart=_separated(services, world),
    )


def _separated(services: Services, world: World) -> Separated:
    """Make a rule that 陈杰 breaks, a draft of another, and an exception; the operator proposes, so that any officer may approve."""
    operator, officer = Actor.system("operator"), world.security_admin.actor()
    shown = services.apart.propose_rule(operator, new_rule("shown", ("housing:register:read", "housing:guide:read")))
    services.apart.approve_rule(officer, shown)
    services.apart.look_for_violations(Actor.system("jobs"))
    return Separated(
        rule=one(services, "SELECT id FROM sod_rule"),
        draft=services.apart.propose_rule(operator, new_rule("waiting", ("housing:register:read", "assistance:case:accept"))),
        exception=excepted(services, world, world.people["SUNLI"], "shown"),
        violation=one(services, "SELECT id FROM sod_violation ORDER BY id LIMIT 1"),
    )


def one(services: Services, query: str) -> UUID:
    """Return the one id that ``query`` finds."""
    return UUID(str(services.uow.read().execute(text(query)).scalar_one()))


def happened(services: Services) -> int:
    """Return how many events stand on record, apart from refusals and looks into the record."""
    uncounted = ("kernel:command:refused", "audit:trail:read")
    query = text("SELECT count(*) FROM audit_event WHERE name <> ALL(:uncounted)")
    return int(services.uow.read().execute(query, {"uncounted": list(uncounted)}).scalar_one())


def new_official(world: World, services: Services, **changes: str) -> dict[str, str]:
    """Return the form for a new official as an administrator fills it in."""
    department = services.identity_queries.department(world.organisation.ids["xihu_civil_affairs"])
    assert department is not None
    usual = {
        "employee_code": "N0001",
        "name": "仇晓",
        "id_number": id_number(7001),
        "phone": "",
        "department": department.uscc,
        "position": "窗口受理员",
        "post": "科员",
    }
    return usual | changes


def new_subsystem(services: Services, department_id: UUID, **changes: str) -> dict[str, str]:
    """Return the form for a new subsystem of a department."""
    department = services.identity_queries.department(department_id)
    assert department is not None
    usual = {"name": "统计系统", "code": "census", "owner": department.uscc, "integration_level": "0", "description": ""}
    return usual | changes


def new_assignment(**changes: str) -> dict[str, str]:
    """Return the form that gives a role."""
    return {"employee_code": "SUNLI", "role_code": "counter_clerk", "department": "", "reason": REASON} | changes


def unknown_department() -> str:
    """Return a valid credit code that no department has."""
    return credit_code(90_001)


@pytest.fixture
def become(app: Flask, services: Services, world: World) -> Become:
    """Return the way to become somebody of the small province."""

    def sign_in(login: str) -> Administrator:
        client = app.test_client()
        client.set_cookie("govcloud_session", services.signon.sign_in(login, PASSWORD, "192.0.2.7", "test").token)
        return Administrator(client)

    return sign_in
