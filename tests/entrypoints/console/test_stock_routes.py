"""What Flask-Admin would bring along: its ways to write are closed, its session refuses, and every form needs its token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from govcloud.entrypoints.console.parts.base import ConsoleView
from govcloud.kernel.database import ReadOnlyError, db
from tests.entrypoints.console.conftest import REASON, Enter, Rows, happened
from tests.entrypoints.console.test_who_may import LISTS, OPENED, RUN, TABLES, form_of
from tests.factories.browsing import Visitor, said

if TYPE_CHECKING:
    from flask import Flask

    from govcloud.services import Services
    from tests.factories.world import World

#: Flask-Admin's own routes that write, export or look up, with what its scripts would send.
STOCK = [
    ("GET", "edit/?id={row}"),
    ("POST", "edit/?id={row}"),
    ("POST", "delete/"),
    ("POST", "action/"),
    ("GET", "export/csv/"),
    ("GET", "export/json/"),
    ("GET", "ajax/lookup/?name=official&query=x"),
    ("POST", "ajax/update/"),
]

#: Pages that are no table of Flask-Admin's, and the routes that pages and tables of ours add.
PAGES = (
    *("planned", "imports", "activation", "departments", *LISTS),
    *("subsystems", "matters", "ceilings", "access", "policy_drafts", "signon", "clocks", "keys", "logouts", "audit"),
    *("who_can", "playground", "decision_log"),
)
OWN = {
    ("/console/officials/export.csv", "GET"),
    *(
        (f"/console/officials/{page}", method)
        for page in (
            "change/<kind>/<official_id>",
            "reset-second-factor/<official_id>",
            "facts/<official_id>",
            "correct/<official_id>",
            "cancel/<uuid:change_id>",
            "unmask/<fact>/<official_id>",
            "give-role/<official_id>",
            "end-role/<uuid:assignment_id>",
        )
        for method in ("GET", "POST")
    ),
    ("/console/signon/", "POST"),
    ("/console/clocks/", "POST"),
    ("/console/clocks/calendar", "POST"),
    ("/console/who_can/export.csv", "GET"),
    *(("/console/keys/act/<act_name>", method) for method in ("GET", "POST")),
    ("/console/logouts/client/", "GET"),
    ("/console/logouts/retry", "POST"),
    ("/console/imports/upload", "POST"),
    ("/console/imports/<uuid:run_id>", "GET"),
    *((f"/console/imports/<uuid:run_id>/{command}", "POST") for command in ("confirm", "discard")),
    ("/console/imports/<uuid:run_id>/report.csv", "GET"),
    ("/console/imports/template.<kind>", "GET"),
    *((f"/console/{page}/import/", method) for page in LISTS for method in ("GET", "POST")),
    *(
        (f"/console/{page}/{path}", "GET")
        for page in LISTS
        for path in (
            "level/<uuid:parent_id>",
            "item/<uuid:item_id>",
            "editions/",
            "editions/<uuid:edition_id>",
            "export.<form>",
            "template.<form>",
            "upload/<uuid:upload_id>",
            "upload/<uuid:upload_id>/report.csv",
        )
    ),
    *((f"/console/{page}/upload/<uuid:upload_id>/{command}", "POST") for page in LISTS for command in ("confirm", "discard")),
    ("/console/subsystems/details/", "GET"),
    ("/console/matters/details/", "GET"),
    *(
        (f"/console/matters/{page}", method)
        for page in ("new/", "change/<uuid:matter_id>", "end/<uuid:matter_id>")
        for method in ("GET", "POST")
    ),
    *((f"/console/subsystems/client/<uuid:subsystem_id>/<client_id>/{page}", "GET") for page in ("", "change", "test", "try")),
    *((f"/console/subsystems/client/<uuid:subsystem_id>/<client_id>/{page}", "POST") for page in ("change", "test", "test/<key>")),
    *(("/console/subsystems/new-client/<uuid:subsystem_id>/", method) for method in ("GET", "POST")),
    *(
        (f"/console/subsystems/{page}", method)
        for page in ("new/", "form/<form_name>/<uuid:subsystem_id>", "step/<step>/<uuid:subsystem_id>")
        for method in ("GET", "POST")
    ),
    *(
        (f"/console/policy_drafts/{page}", method)
        for page in ("new", "rule", "drop/<uuid:rule_id>", "rollback/<int:number>", "<uuid:draft_id>/edit")
        for method in ("GET", "POST")
    ),
    *((f"/console/policy_drafts/<uuid:draft_id>{page}", "GET") for page in ("", "/text", "/people")),
    ("/console/policy_drafts/<uuid:draft_id>/<step>", "POST"),
    ("/console/decision_log/why", "GET"),
    ("/console/activation/issue", "POST"),
    ("/console/departments/level/<uuid:parent_id>", "GET"),
    ("/console/departments/export.csv", "GET"),
    *(("/console/departments/change/<change_name>/<uuid:department_id>", method) for method in ("GET", "POST")),
    *(("/console/ceilings/set/<department_id>", method) for method in ("GET", "POST")),
    *(("/console/duties/change/<row_id>", method) for method in ("GET", "POST")),
}


def test_the_console_has_these_routes_and_no_other(app: Flask) -> None:
    found = {
        (rule.rule, method)
        for rule in app.url_map.iter_rules()
        if rule.endpoint.partition(".")[0].startswith("console")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    tables = [table for table in TABLES if table not in PAGES]
    expected = {("/console/", "GET"), *((f"/console/{page}/", "GET") for page in PAGES), *OWN}
    expected |= {(f"/console/{table}/{page}", "GET") for table in tables for page in ("", "details/")}
    expected |= {(f"/console/{table}/new/", method) for table in tables for method in ("GET", "POST")}
    expected |= {(f"/console/{table}/command/<command_name>/<row_id>", method) for table in tables for method in ("GET", "POST")}
    assert {pair for pair in found if "/static/" not in pair[0]} == expected


@pytest.mark.parametrize("login", ["ZHOUJIANJUN", "WUXIAOYAN", "ZHENGGUOHUA"])
def test_stock_ways_to_write_do_not_exist(enter: Enter, services: Services, rows: Rows, login: str) -> None:
    visitor = enter(login)
    token, before = visitor.token("/"), happened(services)
    for table, row in rows.addresses().items():
        form = {"csrf_token": token, "id": row, "rowid": row, "action": "delete", "list_form_pk": row, "name": "x", "reason": REASON}
        for method, path in STOCK:
            answer = visitor.client.open(f"/console/{table}/{path.format(row=row)}", method=method, data=form if method == "POST" else None)
            assert answer.status_code == 404, (table, path)
            assert "页面不存在" in said(answer)
    assert happened(services) == before


def test_rows_are_made_only_where_there_is_a_command(system: Visitor, security: Visitor) -> None:
    for visitor, login in ((system, "ZHOUJIANJUN"), (security, "WUXIAOYAN")):
        for table in sorted(OPENED[login] - {"officials", "assignments", "duties", "subsystems", "matters", "sod_rules", "sod_exceptions"}):
            assert visitor.get(f"/console/{table}/new/").status_code == 404, table
            assert visitor.post(f"/console/{table}/new/", {"name": "x", "code": "x"}, page="/").status_code == 404, table


def test_unknown_commands_and_rows(system: Visitor, rows: Rows) -> None:
    for path in (
        f"officials/command/delete/{rows.active}",
        "officials/change/suspend/nobody",
        "officials/change/suspend/00000000-0000-7000-8000-000000000000",
        "officials/details/?id=nobody",
        "officials/details/?id=" + "9" * 200,
        "subsystems/details/?id=' OR 1=1 --",
    ):
        answer = system.get(f"/console/{path}")
        assert answer.status_code == 404, path
        assert "找不到" in said(answer)


def test_flask_admins_own_ways_to_write_do_nothing(app: Flask, services: Services, world: World) -> None:
    views = [view for view in app.extensions["admin"][0]._views if isinstance(view, ConsoleView)]
    assert len(views) == len(TABLES) - len(PAGES)
    before = happened(services)
    for view in views:
        row = db.session.query(view.model).first()
        assert not view.create_model(view.get_create_form()())
        assert not view.update_model(view.get_create_form()(), row)
        assert not view.delete_model(row)
        with pytest.raises(ReadOnlyError):
            view.session.session.commit()
    assert happened(services) == before


def test_no_form_works_without_its_token(enter: Enter, services: Services, world: World, rows: Rows) -> None:
    before = happened(services)
    for path, runners in RUN.items():
        visitor = enter(min(runners))
        stood = happened(services)
        for token in ({}, {"csrf_token": ""}, {"csrf_token": "forged"}):
            answer = visitor.client.post(f"/console/{path.format(rows=rows)}", data=form_of(path, services, world) | token)
            assert answer.status_code == 400, path
            assert "表单已过期" in said(answer)
        assert happened(services) == stood, path
    assert happened(services) == before + len(RUN)  # the sign-ins above
