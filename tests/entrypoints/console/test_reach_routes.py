"""越权 at the wire, as a list that cannot fall behind: every route that opens to a department's administrator, aimed outside."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from govcloud.identity.importing.runs import Order as ImportOrder
from govcloud.identity.inputs import NewOffice
from govcloud.identity.working_life.orders import Order
from govcloud.subsystems.listing.importing import ListOrder
from govcloud.web.gate import gate_of
from tests.entrypoints.console.conftest import happened, new_official
from tests.factories.browsing import Visitor, signed_in
from tests.factories.imports import OPERATOR, a_row, csv_bytes, write_csv
from tests.factories.lists import list_file, power, service
from tests.factories.people import a_department, id_number
from tests.factories.requests import REGISTER
from tests.factories.world import PASSWORD, SEED, World

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.test import TestResponse

    from govcloud.services import Services

OUTSIDE = "SHANXUEMEI"
REASON = "越权，按规定办理"
#: Routes that name nothing: what they list stands within reach, so nobody from outside is on the page.
LISTS = {
    "console.index": "/console/",
    "console_officials.index_view": "/console/officials/?search=单",
    "console_officials.export_view": "/console/officials/export.csv",
    "console_planned.index_view": "/console/planned/",
    "console_imports.index_view": "/console/imports/",
    "console_activation.index_view": "/console/activation/",
    "console_departments.index_view": "/console/departments/",
    "console_departments.export_view": "/console/departments/export.csv",
    "console_ceilings.index_view": "/console/ceilings/?search=余杭",
    "console_sessions.index_view": "/console/sessions/?search=单",
    **{
        f"console_{table}.{page}": f"/console/{table}/{path}"
        for table in ("power_items", "service_items")
        for page, path in (("index_view", ""), ("editions_view", "editions/"), ("export", "export.csv"), ("import_view", "import/"))
    },
    "api.planned_changes": "/api/v1/personnel-changes",
    "api.officials": "/api/v1/officials?q=sxm",
}
#: Routes that hold nothing of anybody: the same file for everyone.
NOBODYS = {"console.static", "console_imports.template", "console_power_items.template", "console_service_items.template"}
#: Routes about drafts of the policy: each asks for an office itself (tests/entrypoints/api/test_policies.py), whoever is signed in.
OFFICERS = {
    *(f"api.{verb}_policy_draft" for verb in ("copy", "change", "rebase", "submit", "withdraw", "discard", "work_out", "approve")),
    *(f"api.{verb}_policy_draft" for verb in ("reject", "apply", "shadow", "unshadow")),
    *("api.draft_policy", "api.draft_rollback"),
    # Rules of separation of duty and their exceptions (tests/entrypoints/api/test_apart.py).
    *(f"api.{verb}_sod_draft" for verb in ("approve", "drop")),
    *(f"api.{name}" for name in ("propose_sod_rule", "propose_sod_end", "give_sod_exception", "end_sod_exception")),
}
#: Routes of the API that every official may ask: the tree of departments is public within the platform, what is one's own, and
#: what concerns requests (tests/entrypoints/test_escalation.py).
EVERYBODYS = {
    "api.departments",
    "api.search_departments",
    "api.department",
    "api.department_history",
    # The lists are published by law.
    "api.power_items",
    "api.power_item",
    "api.power_list_editions",
    "api.service_items",
    "api.service_item",
    "api.implementation_list_editions",
    # Requests name matters.
    "api.matters",
    "api.matter",
    "api.me",
    "api.catalogue",
    "api.scopes",
    "api.submit",
    "api.requests",
    "api.request_",
    "api.withdraw",
    "api.inbox",
    "api.line",
    "api.decision",
    "api.approve",
    "api.reject",
    "api.decide_each",
    "api.decide_request",
    "api.return_line",
    "api.retract_line",
    "api.resubmit_line",
    "api.claim_line",
    "api.release_line",
    "api.reassign_line",
    "api.line_candidates",
    "api.comments",
    "api.add_comment",
    "api.list_delegations",
    "api.add_delegation",
    "api.end_delegation",
    "api.sign_approval_rule",
    "api.end_approval_rule",
    "api.sign_approval_rule_again",
    "api.access",
    "api.overseen",
    "api.revoke",
    "api.relinquish",
    # What one may ask for and how one stands to it, one's own basket, submissions and receipts (tests/entrypoints/api/test_submissions.py).
    *(f"api.{name}" for name in ("search", "basket", "put_in_basket", "take_out_of_basket", "compare", "matter_to_ask")),
    *(f"api.{name}" for name in ("submit_all", "submission", "line_receipts", "sign_receipt", "request_files", "request_file")),
    # One's own notices, and the rules of the clock that everybody's requests go by (tests/entrypoints/api/test_notices.py).
    *(f"api.{name}" for name in ("notices", "read_notices", "notice_settings", "choose_notices", "clock_rules")),
    *(f"api.{verb}_mail_address" for verb in ("enter", "confirm", "remove")),
    "api.extension_offer",
    "api.extend",
    "api.suspend",
    "api.resume",
    "api.taken_back",
}


@dataclass(frozen=True)
class Things:
    """What lies outside, by the names that the addresses use."""

    person: UUID
    department: UUID
    office: UUID
    change: UUID
    run: UUID
    assignment: UUID
    rule: UUID
    own: UUID
    entries: Mapping[str, UUID]
    uploads: Mapping[str, UUID]
    edition: UUID
    session: UUID


@dataclass(frozen=True)
class Try:
    """One request: its method, its address, what it sends (form or JSON), and how it is refused."""

    method: str
    path: str
    sent: Mapping[str, object]
    refused: tuple[int, ...]


@pytest.fixture
def things(services: Services, world: World, tmp_path: Path) -> Things:
    ids, person = world.organisation.ids, world.people[OUTSIDE]
    (office,) = services.identity.open_offices(SEED, [NewOffice(person.department_id, "救助科")])
    ahead = Order("退休", services.clock.now() + timedelta(days=9))
    (held,) = services.authorization_queries.assignments_of(person.official_id)
    order = ImportOrder("file", person.department_id)
    path = write_csv(tmp_path / "a.csv", [a_row(1, at="yuhang_civil_affairs")])
    run = services.importing.upload(OPERATOR, path, "a.csv", order, at_once=True)
    services.importing.check(run.id)
    there = ListOrder(department_id=person.department_id)
    files = {
        "power_items": ("power", list_file(tmp_path / "p.csv", "power", [power(at="yuhang_civil_affairs")])),
        "service_items": (
            "implementation",
            list_file(tmp_path / "s.csv", "implementation", [service(at="yuhang_civil_affairs", level="4")]),
        ),
    }
    editions = [services.subsystems.import_list(OPERATOR, kind, source, there).edition_id for kind, source in files.values()]
    assert editions[0] is not None
    queries = services.subsystem_queries
    return Things(
        person=person.official_id,
        department=person.department_id,
        office=office,
        change=services.identity.leave(SEED, person.official_id, ahead).change_id,
        run=run.id,
        assignment=held.id,
        rule=UUID(int=7),
        own=ids["xihu_civil_affairs"],
        entries={
            "power_items": queries.power_items(person.department_id)[0].id,
            "service_items": queries.service_items(person.department_id)[0].id,
        },
        uploads={
            table: services.subsystems.keep_list(OPERATOR, kind, source.path, "a.csv", there) for table, (kind, source) in files.items()
        },
        edition=editions[0],
        session=services.signon.sign_in(OUTSIDE, PASSWORD, "192.0.2.9", "test").session_id,
    )


def list_tries(at: Things, uscc: str) -> dict[str, list[Try]]:
    """Return what is tried on the pages of both lists."""
    found: dict[str, list[Try]] = {}
    for table, upload in at.uploads.items():
        pages = f"/console/{table}"
        edition = at.edition if table == "power_items" else at.person
        found |= {
            f"console_{table}.level": [Try("GET", f"{pages}/level/{at.department}", {}, (403, 404))],
            f"console_{table}.item_view": [Try("GET", f"{pages}/item/{at.entries[table]}", {}, (404,))],
            f"console_{table}.edition_view": [Try("GET", f"{pages}/editions/{edition}", {}, (404,))],
            f"console_{table}.upload": [
                Try("POST", f"{pages}/import/", {"department": str(at.department), "file": True}, (403, 404)),
                Try("POST", f"{pages}/import/", {"file": True}, (403, 422)),
            ],
            f"console_{table}.upload_view": [Try("GET", f"{pages}/upload/{upload}", {}, (403, 404))],
            f"console_{table}.confirm": [Try("POST", f"{pages}/upload/{upload}/confirm", {}, (403, 404))],
            f"console_{table}.discard": [Try("POST", f"{pages}/upload/{upload}/discard", {}, (403, 404))],
            f"console_{table}.report": [Try("GET", f"{pages}/upload/{upload}/report.csv", {}, (403, 404))],
        }
    body: dict[str, object] = {"department": uscc, "dry_run": False}
    found["api.import_power_items"] = [
        Try("POST", "/api/v1/power-items/imports", body | {"rows": [power(at="yuhang_civil_affairs")]}, (403,))
    ]
    row = {"code": service(at="yuhang_civil_affairs", level="4")["code"], "name": "越权"}
    found["api.import_service_items"] = [Try("POST", "/api/v1/service-items/imports", body | {"rows": [row]}, (403,))]
    return found


def subsystem_tries(world: World) -> dict[str, list[Try]]:
    """Return what is tried on the API of the catalogue, of which a department's administrator manages nothing."""
    api, item = "/api/v1", world.items[REGISTER]
    subsystem: dict[str, object] = {"name": "越权", "integration_level": 0}
    function: dict[str, object] = {"name": "越权", "integration_level": 0}
    offered: dict[str, object] = {"name": "越权", "exposes": "越权", "scope_kind": "none"}
    reason: dict[str, object] = {"reason": REASON}
    binding: dict[str, object] = {"function": REGISTER, "service_item": service()["code"]}
    client: dict[str, object] = {"client_id": "far-away", "name": "越权", "redirect_uris": ["https://far.zj.example/cb"]}
    owner = str(world.organisation.ids["housing"])
    led = str(world.organisation.ids["civil_affairs"])
    matter: dict[str, object] = {"name": "越权", "lead_department_id": led, "items": [{"item_id": str(item)}]}
    tries: dict[str, tuple[str, dict[str, object]]] = {
        "api.register_subsystem": ("/subsystems", subsystem | {"code": "far_away", "owner_department_id": owner}),
        "api.change_subsystem": ("/subsystems/housing/change", subsystem),
        "api.register_subsystem_client": ("/subsystems/housing/clients", client),
        "api.change_client": ("/clients/housing-web/change", {"name": "越权", "redirect_uris": ["https://far.zj.example/cb"]}),
        "api.rotate_client_secret": ("/clients/housing-web/rotate-secret", {}),
        "api.disable_client": ("/clients/housing-web/disable", {}),
        "api.test_client": ("/clients/housing-web/test", {}),
        "api.submit_subsystem": ("/subsystems/housing/submit", {"note": REASON}),
        "api.return_subsystem": ("/subsystems/housing/return", reason),
        "api.check_subsystem": ("/subsystems/housing/check", {"note": REASON}),
        "api.publish_subsystem": ("/subsystems/housing/publish", {"note": REASON}),
        "api.retire_subsystem": ("/subsystems/housing/retire", reason),
        "api.add_functions": ("/functions", {"functions": [function | {"code": "housing:far:away"}]}),
        "api.change_function": (f"/functions/{REGISTER}/change", function | reason),
        "api.withdraw_function": (f"/functions/{REGISTER}/withdraw", reason),
        "api.bind_functions": ("/functions/bind", {"bindings": [binding]}),
        "api.unbind_function": ("/functions/unbind", binding),
        "api.offer_items": ("/items", {"items": [offered | {"function": REGISTER}]}),
        "api.change_item": (f"/items/{item}/change", offered | reason | {"version": 1}),
        "api.withdraw_item": (f"/items/{item}/withdraw", reason),
    }
    tries |= {
        "api.hand_over_subsystem": (
            "/subsystems/housing/hand-over",
            reason | {"owner_department_id": str(world.organisation.ids["xihu_civil_affairs"])},
        ),
        "api.register_matter": ("/matters", matter | {"code": "FAR-AWAY"}),
        "api.change_matter": ("/matters/RESCUE-01/change", matter | reason | {"version": 1}),
        "api.end_matter": ("/matters/RESCUE-01/end", reason | {"version": 1}),
        "api.entrust_client": ("/clients/housing-web/entrust", reason | {"roles": ["provisioning"]}),
    }
    return {endpoint: [Try("POST", api + path, body, (403,))] for endpoint, (path, body) in tries.items()}


def tries(at: Things, services: Services, world: World) -> dict[str, list[Try]]:
    """Return for each endpoint what is tried."""
    reason: dict[str, object] = {"reason": REASON}
    role = reason | {"confirmed": "1", "role_code": "housing_clerk", "ends_on": "2027-01-01"}
    confirmed = reason | {"confirmed": "1", "department": "杭州市西湖区民政局", "position": "协办员", "ends_on": "2027-01-01"}
    away = services.identity_queries.department(at.department)
    assert away is not None
    kinds = ("transfer", "concurrent", "attachment", "secondment", "end", "suspend", "reinstate", "leave", "undo_leave", "rejoin")
    changes = ("rename", "move", "merge", "split", "abolish", "change", "new", "open-office", "rename-office", "close-office", "reorder")
    new = new_official(world, services, department=away.uscc)
    body: dict[str, object] = {"uscc": a_department().uscc, "name": "新局", "division_code": "330110000000", "level": "county"}
    shape = reason | {"step": "confirm", "office": str(at.office)}
    rule: dict[str, object] = {"role_code": "housing_clerk", "label": "x", "reason": "x", "criteria": {"positions": ["窗口受理员"]}}
    api = f"/api/v1/departments/{at.department}"
    until = (services.clock.now() + timedelta(days=9)).isoformat()
    (place,) = services.identity_queries.appointments_of(at.person)
    form = "console_officials"
    return {
        **list_tries(at, away.uscc),
        **subsystem_tries(world),
        f"{form}.details_view": [Try("GET", f"/console/officials/details/?id={at.person}", {}, (404,))],
        f"{form}.change_view": [
            Try(method, f"/console/officials/change/{kind}/{at.person}", confirmed, (404,)) for kind in kinds for method in ("GET", "POST")
        ],
        f"{form}.facts_view": [
            Try(method, f"/console/officials/facts/{at.person}", reason | {"name": "单雪", "rank": "一级科员"}, (404,))
            for method in ("GET", "POST")
        ],
        f"{form}.correct_view": [
            Try(method, f"/console/officials/correct/{at.person}", {"id_number": id_number(9100)}, (403, 404)) for method in ("GET", "POST")
        ],
        "api.official": [Try("GET", f"/api/v1/officials/{at.person}", {}, (404,))],
        "api.unmask_official": [
            Try("POST", f"/api/v1/officials/{at.person}/unmask", reason | {"fact": fact}, (403,)) for fact in ("id_number", "phone")
        ],
        "api.change_official": [Try("POST", f"/api/v1/officials/{at.person}/change", {"name": "单雪"}, (403,))],
        "api.correct_id_number": [Try("POST", f"/api/v1/officials/{at.person}/correct-id-number", {"id_number": id_number(9100)}, (403,))],
        f"{form}.cancel_view": [Try(method, f"/console/officials/cancel/{at.change}", reason, (404,)) for method in ("GET", "POST")],
        f"{form}.unmask_view": [
            Try(method, f"/console/officials/unmask/{fact}/{at.person}", reason, (404,))
            for fact in ("id_number", "phone")
            for method in ("GET", "POST")
        ],
        f"{form}.reset_factor_view": [
            Try(method, f"/console/officials/reset-second-factor/{at.person}", reason, (404,)) for method in ("GET", "POST")
        ],
        f"{form}.give_role_view": [
            Try(method, f"/console/officials/give-role/{at.person}", role | {"appointment": str(place.id)}, (404,))
            for method in ("GET", "POST")
        ],
        f"{form}.end_role_view": [
            Try(method, f"/console/officials/end-role/{at.assignment}", reason, (404,)) for method in ("GET", "POST")
        ],
        f"{form}.command_view": [
            Try(method, f"/console/officials/command/suspend/{at.person}", reason, (404,)) for method in ("GET", "POST")
        ],
        f"{form}.create_view": [Try("POST", "/console/officials/new/", dict(new), (403,))],
        "console_sessions.details_view": [Try("GET", f"/console/sessions/details/?id={at.session}", {}, (404,))],
        "console_sessions.command_view": [
            Try(method, f"/console/sessions/command/{name}/{at.session}", reason, (404,))
            for name in ("end", "end_all")
            for method in ("GET", "POST")
        ],
        "console_sessions.create_view": [Try("POST", "/console/sessions/new/", dict(reason), (404,))],
        "api.official_sessions": [Try("GET", f"/api/v1/officials/{at.person}/sessions", {}, (403,))],
        "api.end_sessions": [Try("POST", f"/api/v1/officials/{at.person}/sessions/end", dict(reason), (403,))],
        "api.retry_logouts": [Try("POST", "/api/v1/logout-deliveries/housing-web/retry", {}, (403,))],
        "api.set_signon_policy": [Try("POST", "/api/v1/signon-policy", reason | {"rules": {"sessions_at_once": 1}}, (403,))],
        "console_imports.run_view": [Try("GET", f"/console/imports/{at.run}", {}, (404,))],
        "console_imports.confirm": [Try("POST", f"/console/imports/{at.run}/confirm", {}, (404,))],
        "console_imports.discard": [Try("POST", f"/console/imports/{at.run}/discard", {}, (404,))],
        "console_imports.report": [Try("GET", f"/console/imports/{at.run}/report.csv", {}, (404,))],
        "console_imports.upload": [Try("POST", "/console/imports/upload", {"scope": "all", "file": True}, (403, 422))],
        "console_activation.issue": [
            Try("POST", "/console/activation/issue", sent, (403, 422)) for sent in ({"employee_code": OUTSIDE}, {"department": away.uscc})
        ],
        "console_departments.export_view": [Try("GET", f"/console/departments/export.csv?id={at.department}", {}, (403,))],
        "console_departments.level": [Try("GET", f"/console/departments/level/{at.department}", {}, (403,))],
        "console_departments.change_view": [
            Try(
                method,
                f"/console/departments/change/{name}/{at.department}",
                shape,
                (403, 404),
            )
            for name in changes
            for method in ("GET", "POST")
        ],
        "console_ceilings.set_view": [Try(method, f"/console/ceilings/set/{at.department}", reason, (403,)) for method in ("GET", "POST")],
        "console_access.index_view": [Try("GET", f"/console/access/?code={OUTSIDE}", {}, (403,))],
        "api.official_access": [Try("GET", f"/api/v1/officials/{at.person}/access", {}, (403,))],
        "api.usable_functions": [
            Try("POST", "/api/v1/ask/functions", {"official_id": str(at.person), "subsystem": "housing"}, (403,)),
        ],
        "api.enterable_subsystems": [Try("POST", "/api/v1/ask/subsystems", {"official_id": str(at.person)}, (403,))],
        "api.check": [Try("POST", "/api/v1/ask/check", {"official_id": str(at.person), "function": REGISTER}, (403,))],
        "api.check_batch": [
            Try("POST", "/api/v1/ask/checks", {"checks": [{"official_id": str(at.person), "function": REGISTER}]}, (403,)),
        ],
        "api.explain": [Try("POST", "/api/v1/ask/explain", {"official_id": str(at.person), "function": REGISTER}, (403,))],
        "api.function_label_impact": [Try("GET", f"/api/v1/functions/{REGISTER}/label-impact?label=2", {}, (403,))],
        "api.role_ceiling": [Try("GET", f"{api}/role-ceiling", {}, (403,))],
        "api.set_role_ceiling": [Try("POST", f"{api}/role-ceiling", {"roles": [], "reason": REASON}, (403,))],
        "api.assign_role": [
            Try(
                "POST",
                f"/api/v1/officials/{at.person}/roles",
                {"role_code": "housing_clerk", "appointment_id": str(place.id), "until": until, "reason": REASON},
                (403,),
            )
        ],
        "api.end_assignment": [Try("POST", f"/api/v1/role-assignments/{at.assignment}/end", dict(reason), (403,))],
        "api.cancel_planned_change": [Try("POST", f"/api/v1/personnel-changes/{at.change}/cancel", dict(reason), (403,))],
        "api.add_duty_rule": [Try("POST", "/api/v1/duty-rules", rule, (403,))],
        "api.change_duty_rule": [Try("POST", f"/api/v1/duty-rules/{at.rule}/change", rule, (403,))],
        "api.end_duty_rule": [Try("POST", f"/api/v1/duty-rules/{at.rule}/end", dict(reason), (403,))],
        "api.register_department": [Try("POST", "/api/v1/departments", body | {"parent_id": str(at.department)}, (403,))],
        "api.rename_department": [Try("POST", f"{api}/rename", {"name": "新名"}, (403,))],
        "api.move_department": [Try("POST", f"{api}/move", {"parent_id": str(at.own)}, (403,))],
        "api.reorder_departments": [
            Try(
                "POST",
                "/api/v1/departments/reorder",
                {"parent_id": str(world.organisation.ids["xihu"]), "order": [str(world.organisation.ids["xihu_housing"]), str(at.own)]},
                (403,),
            )
        ],
        "api.change_department": [Try("POST", f"{api}/change", {"business_lines": ["民政"]}, (403,))],
        "api.merge_departments": [
            Try("POST", "/api/v1/departments/merge", {"sources": [str(at.department)], "into": str(at.own), "reason": "x"}, (403,))
        ],
        "api.split_department": [Try("POST", f"{api}/split", {"new": body, "reason": "x"}, (403,))],
        "api.abolish_department": [Try("POST", f"{api}/abolish", {"reason": "x"}, (403,))],
        "api.open_offices": [Try("POST", f"{api}/offices", {"names": ["新处室"]}, (403,))],
        "api.rename_office": [Try("POST", f"/api/v1/offices/{at.office}/rename", {"name": "新名"}, (403,))],
        "api.close_office": [Try("POST", f"/api/v1/offices/{at.office}/close", {}, (403,))],
    }


def open_to_sun(app: Flask, services: Services, world: World) -> set[str]:
    """Return the endpoints of console and API that the gate opens to 孙丽."""
    sun, found = world.people["SUNLI"], set[str]()
    gates = {rule.endpoint: gate for rule in app.url_map.iter_rules() if (gate := gate_of(app, rule.endpoint)) is not None}
    asked = {gate.detail for gate in gates.values() if gate.kind == "requires"}
    opened = services.authorization_queries.open_among(sun.official_id, sun.appointment_id, asked)
    for endpoint, gate in gates.items():
        if endpoint.startswith(("console", "api.")) and (gate.kind == "signed_in" or gate.detail in opened):
            found.add(endpoint)
    return found


def test_every_route_that_opens_stands_in_a_list(app: Flask, services: Services, world: World, things: Things) -> None:
    listed = set(tries(things, services, world)) | set(LISTS) | NOBODYS | EVERYBODYS | OFFICERS
    assert open_to_sun(app, services, world) == listed, open_to_sun(app, services, world) ^ listed


def send(visitor: Visitor, token: str, asked: Try) -> TestResponse:
    if asked.path.startswith("/api/") and asked.method == "POST":
        return visitor.client.post(asked.path, json=dict(asked.sent) or None, headers={"X-CSRFToken": token})
    if asked.method == "GET":
        return visitor.get(asked.path)
    data: dict[str, object] = {**asked.sent, "csrf_token": token}
    if asked.sent.get("file"):
        data["file"] = (io.BytesIO(csv_bytes([a_row(1, at="yuhang_civil_affairs")])), "a.csv")
    return visitor.client.post(asked.path, data=data)


def test_each_is_refused_outside_the_subtree_and_changes_nothing(app: Flask, services: Services, world: World, things: Things) -> None:
    sun = signed_in(app, services, "SUNLI")
    token, before = sun.token("/appointment"), happened(services)
    wrong = {}
    for endpoint, attempts in tries(things, services, world).items():
        for asked in attempts:
            answer = send(sun, token, asked)
            if answer.status_code not in asked.refused or "单雪梅" in answer.text:
                wrong[endpoint, asked.method, asked.path] = answer.status_code
    assert wrong == {}
    assert happened(services) == before


def test_no_list_shows_anybody_from_outside(app: Flask, services: Services, world: World, things: Things) -> None:
    sun = signed_in(app, services, "SUNLI")
    for endpoint, path in LISTS.items():
        answer = sun.get(path)
        assert answer.status_code == 200, endpoint
        for told in ("单雪梅", OUTSIDE, str(things.person), str(things.run)):
            assert told not in answer.text, (endpoint, told)
