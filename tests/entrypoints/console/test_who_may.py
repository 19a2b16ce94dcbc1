"""Who opens which page of the console and runs which of its commands: the whole matrix, and that nobody is a superuser."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.entrypoints.console.conftest import REASON, Enter, Rows, happened, new_assignment, new_official, new_subsystem
from tests.factories.browsing import Visitor, said

if TYPE_CHECKING:
    from flask import Flask

    from govcloud.services import Services
    from tests.factories.world import World

TABLES = (
    "officials",
    "planned",
    "imports",
    "activation",
    "departments",
    "power_items",
    "service_items",
    "subsystems",
    "matters",
    "clients",
    "roles",
    "duties",
    "assignments",
    "ceilings",
    "access",
    "who_can",
    "playground",
    "policies",
    "policy_drafts",
    *(SOD := ("sod_rules", "sod_drafts", "sod_exceptions", "sod_violations")),
    "requests",
    "grants",
    "clocks",
    "signon",
    "keys",
    "sessions",
    "logouts",
    "outbox",
    "audit",
    "decision_log",
)
LISTS = ("power_items", "service_items")
#: Who opens which table; the index opens to whoever opens a table.
OPENED = {
    "ZHOUJIANJUN": {
        "officials",
        "planned",
        "imports",
        "activation",
        "departments",
        "subsystems",
        "matters",
        "clients",
        "access",
        "sessions",
        "logouts",
        "outbox",
        "keys",
        *LISTS,
    },
    "WUXIAOYAN": {
        "officials",
        "roles",
        "duties",
        "assignments",
        "ceilings",
        "access",
        "who_can",
        "playground",
        "policies",
        "policy_drafts",
        "requests",
        "grants",
        "sessions",
        "clients",
        "clocks",
        "signon",
        "logouts",
        "keys",
        *SOD,
    },
    "ZHENGGUOHUA": {"audit", "decision_log", "policies", "policy_drafts", *SOD},
    "LIQIANG": set(),
    "SUNLI": {"officials", "planned", "imports", "activation", "departments", "ceilings", "access", "sessions", *LISTS},
    "HEWEI": {"subsystems", "matters", "who_can", "decision_log", *LISTS},
    "WANGFANG": set(),
}
#: The commands of the console, and who may run each.
RUN = {
    "officials/new/": {"ZHOUJIANJUN", "SUNLI"},
    "officials/change/suspend/{rows.active}": {"ZHOUJIANJUN", "WUXIAOYAN"},
    "officials/change/reinstate/{rows.disabled}": {"ZHOUJIANJUN"},
    "subsystems/new/": {"ZHOUJIANJUN", "HEWEI"},
    "matters/new/": {"ZHOUJIANJUN", "HEWEI"},
    "matters/change/{rows.matter}": {"ZHOUJIANJUN"},
    "matters/end/{rows.matter}": {"ZHOUJIANJUN"},
    "subsystems/form/bulk/{rows.unpublished}": {"ZHOUJIANJUN"},
    "subsystems/step/submit/{rows.unpublished}": {"ZHOUJIANJUN"},
    "subsystems/step/retire/{rows.registered}": {"ZHOUJIANJUN"},
    "clients/command/entrust/{rows.client}": {"WUXIAOYAN"},
    "assignments/new/": {"WUXIAOYAN"},
    "assignments/command/end/{rows.assignment}": {"WUXIAOYAN"},
    "grants/command/revoke/{rows.grant}": {"WUXIAOYAN"},
    "sod_rules/new/": {"WUXIAOYAN"},
    "sod_rules/command/end/{rows.apart.rule}": {"WUXIAOYAN"},
    "sod_drafts/command/approve/{rows.apart.draft}": {"WUXIAOYAN"},
    "sod_exceptions/new/": {"WUXIAOYAN"},
    "sod_exceptions/command/end/{rows.apart.exception}": {"WUXIAOYAN"},
    "sessions/command/end/{rows.session}": {"ZHOUJIANJUN", "WUXIAOYAN"},
    "sessions/command/end_all/{rows.session}": {"ZHOUJIANJUN", "WUXIAOYAN"},
}


#: Who manages the people, or the subsystems, of one department only; what is not among them cannot be found.
WITHIN = {
    "SUNLI": ("officials/change", "officials/details", "sessions/command", "sessions/details"),
    "HEWEI": ("subsystems/form", "subsystems/step", "subsystems/details", "matters/change", "matters/end", "matters/details"),
}


def refused(login: str, page: str) -> int:
    """Return the status of what somebody may not open or run: what lies beyond one's reach is not there at all."""
    return 404 if page.startswith(WITHIN.get(login, "-")) else 403


@pytest.mark.parametrize("login", OPENED)
def test_each_role_opens_its_pages_and_no_other(enter: Enter, rows: Rows, login: str) -> None:
    visitor, mine = enter(login), OPENED[login]
    pages = {"/console/": bool(mine)}
    pages |= {f"/console/{table}/": table in mine for table in TABLES}
    pages |= {f"/console/{table}/details/?id={row}": table in mine and login not in WITHIN for table, row in rows.addresses().items()}
    pages |= {f"/console/{path.format(rows=rows)}": login in runners for path, runners in RUN.items()}
    found = {page: visitor.get(page).status_code for page in pages}
    assert found == {page: 200 if opens else refused(login, page.removeprefix("/console/")) for page, opens in pages.items()}


@pytest.mark.parametrize("login", OPENED)
def test_each_role_runs_its_commands_and_no_other(enter: Enter, services: Services, world: World, rows: Rows, login: str) -> None:
    visitor = enter(login)
    found = {}
    for path, runners in RUN.items():
        before = happened(services)
        found[path] = visitor.post(f"/console/{path.format(rows=rows)}", form_of(path, services, world), page="/").status_code
        assert (happened(services) > before) == (login in runners), path
    assert found == {path: 303 if login in runners else refused(login, path) for path, runners in RUN.items()}


def form_of(path: str, services: Services, world: World) -> dict[str, str]:
    """Return the form that runs a command."""
    forms = {
        "officials/new/": new_official(world, services),
        "assignments/new/": new_assignment(),
        "subsystems/new/": new_subsystem(services, world.organisation.ids["housing"]),
        "subsystems/form/bulk/{rows.unpublished}": {"rows": "record:read,查看档案,,2,否", "confirmed": "1"},
        "subsystems/step/retire/{rows.registered}": {"note": REASON},
        "sod_rules/new/": {
            "code": "another",
            "name": "又一条",
            "kind": "static",
            "functions": "housing:register:read assistance:case:read",
            "most": "1",
            "reason": REASON,
        },
        "sod_exceptions/new/": {"employee_code": "QIANWEI", "rule_code": "shown", "ends_at": "2026-12-31T18:00", "reason": REASON},
        "matters/new/": _matter(world, "浙江省住房和城乡建设厅") | {"code": "BIRTH-01"},
        "matters/change/{rows.matter}": _matter(world, "浙江省民政厅") | {"version": "1"},
        # The change before made it another version.
        "matters/end/{rows.matter}": {"version": "2", "reason": REASON},
    }
    return forms.get(path, {"reason": REASON, "confirmed": "1"})


def _matter(world: World, lead: str) -> dict[str, str]:
    item = str(world.items["assistance:case:read"])
    return {"name": "出生一件事", "lead": lead, "item": item, f"stage-{item}": "1", "reason": REASON, "step": "confirm"}


def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(app: Flask, services: Services, world: World, rows: Rows) -> None:
    stranger = Visitor(app.test_client())
    for page in ["", *(f"{table}/" for table in TABLES), f"officials/details/?id={rows.active}"]:
        answer = stranger.get(f"/console/{page}")
        address = urlsplit(answer.location or "")
        assert (answer.status_code, address.path) == (302, "/sign-in"), page
        assert parse_qs(address.query)["next"] == [f"/console/{page}"]
    before = happened(services)
    for path in RUN:
        answer = stranger.post(f"/console/{path.format(rows=rows)}", form_of(path, services, world), page="/sign-in")
        assert answer.status_code == 403, path
        assert "请先登录" in said(answer)
    assert happened(services) == before


def test_the_index_and_the_rail_show_what_opens_and_nothing_else(enter: Enter) -> None:
    for login in ("ZHOUJIANJUN", "WUXIAOYAN", "ZHENGGUOHUA"):
        page = enter(login).get("/console/").text
        assert {table for table in TABLES if f'href="/console/{table}/"' in page} == OPENED[login]
    assert 'href="/console/"' not in enter("WANGFANG").get("/").text


def test_the_buttons_are_those_that_work(enter: Enter, rows: Rows) -> None:
    for login in ("ZHOUJIANJUN", "WUXIAOYAN"):
        visitor = enter(login)
        shown = set()
        for table in sorted(OPENED[login]):
            page = visitor.get(f"/console/{table}/").text
            if table == "officials":
                # What concerns one person is offered on the person's page.
                page += "".join(visitor.get(f"/console/officials/details/?id={row}").text for row in (rows.active, rows.disabled))
            if table == "matters":
                page += visitor.get(f"/console/matters/details/?id={rows.matter}").text
            if table == "subsystems":
                page += "".join(visitor.get(f"/console/subsystems/details/?id={row}").text for row in (rows.unpublished, rows.registered))
            shown |= {path for path in RUN if f'href="/console/{path.format(rows=rows)}"' in page}
        assert shown == {path for path, runners in RUN.items() if login in runners}


def test_a_command_that_does_not_apply_is_not_offered(system: Visitor, rows: Rows) -> None:
    page = system.get(f"/console/officials/details/?id={rows.active}").text
    assert f"/change/suspend/{rows.active}" in page
    assert f"/change/reinstate/{rows.active}" not in page


def test_a_role_that_is_taken_away_closes_the_console_at_once(services: Services, world: World, system: Visitor) -> None:
    assert system.get("/console/officials/").status_code == 200
    held = services.authorization_queries.assignments_of(world.system_admin.official_id)[0]
    services.authorization.end_assignment(world.security_admin.actor(), held.id, REASON)
    assert system.get("/console/officials/").status_code == 403
    assert system.get("/console/").status_code == 403


def test_nobody_is_a_superuser(services: Services, world: World) -> None:
    """No official opens every function of the platform, and the three offices share no command on rights, people or the record."""
    queries = services.authorization_queries
    every = {function.code for function in services.subsystem_queries.functions_of("govcloud")}
    opened = {
        login: queries.open_among(person.official_id, person.appointment_id, every | {f"govcloud:{name}:x" for name in ("is", "admin")})
        for login, person in world.people.items()
    }
    assert len(every) > len(RUN)
    assert all(found < every for found in opened.values())
    offices = [opened[login] - opened["WANGFANG"] for login in ("ZHOUJIANJUN", "WUXIAOYAN", "ZHENGGUOHUA")]
    shared = (offices[0] & offices[1]) | (offices[0] & offices[2]) | (offices[1] & offices[2])
    assert shared == {
        # Policies are read by the audit officer, and changed by the security officers.
        "govcloud:policy:read",
        "govcloud:console:policies",
        "govcloud:console:policy_drafts",
        # So are rules of separation of duty.
        "govcloud:sod_rule:read",
        "govcloud:console:apart",
        # How long access takes is read by both.
        "govcloud:access_report:read",
        "govcloud:console:open",
        "govcloud:console:clients",
        "govcloud:console:keys",
        "govcloud:console:officials",
        "govcloud:console:sessions",
        "govcloud:console:logouts",
        "govcloud:official:access",
        "govcloud:official:suspend",
        "govcloud:official:disable",
        "govcloud:session:end",
    }
