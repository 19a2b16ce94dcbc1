"""HTML, SQL and template code typed into any field is text: stored as typed, shown escaped, executed nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from markupsafe import escape
from sqlalchemy import text

from govcloud.authorization.case_numbers import written
from tests.factories.browsing import Visitor, inline_code, said, signed_in
from tests.factories.requests import REGISTER
from tests.factories.world import PASSWORD, XIHU

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.test import TestResponse

    from govcloud.services import Services
    from tests.factories.world import World

#: Fits into the shortest field.
NASTY = "<img src=x onerror=alert(1)>'\";--{{7*7}}"
TABLES = ("official", "access_request", "request_line", "decision", "access_grant", "audit_event", "session")


@pytest.fixture
def people(app: Flask, services: Services, world: World) -> dict[str, Visitor]:
    """Return who asks, who decides, and the officers, by login."""
    return {login: signed_in(app, services, login) for login in ("WANGFANG", "LIQIANG", "WUXIAOYAN", "ZHENGGUOHUA")}


def harmless(name: str, page: TestResponse, *, shows: bool = True) -> None:
    """Check that a page shows the text and runs nothing of it."""
    assert page.status_code in {200, 403, 409, 422}, (name, said(page))
    assert "<img" not in page.text, name
    assert inline_code(page) == [], name
    assert "{{7*7}}" in page.text or not shows, name
    assert str(escape(NASTY)) in page.text or not shows, name


def shown(page: str) -> dict[str, str]:
    """Return the version and the digest that a decision's forms carry."""
    return {name: page.partition(f'name="{name}" value="')[2].partition('"')[0] for name in ("version", "evidence")}


def request_form(world: World) -> dict[str, str]:
    """Return a request whose texts are nasty."""
    return {"item": str(world.items[REGISTER]), "reason": NASTY, "case_number": NASTY, "days": "5", "scope": XIHU}


def test_from_request_to_revocation(people: dict[str, Visitor], services: Services, world: World) -> None:
    wang, li, security, auditor = people.values()
    asked = wang.post("/requests/new", request_form(world), page="/")
    assert asked.status_code == 303, said(asked)
    request_id = asked.location.rpartition("/")[2]
    line_id = services.uow.read().execute(text("SELECT id FROM request_line")).scalar_one()
    harmless("the request", wang.get(f"/requests/{request_id}"))
    harmless("my requests", wang.get("/requests"), shows=False)
    harmless("the inbox", li.get("/inbox"), shows=False)
    decision = li.get(f"/inbox/{line_id}")
    harmless("the decision", decision)
    answer = {"action": "narrow", "scope": XIHU, "days": "3", "comment": NASTY, **shown(decision.text)}
    assert li.post(f"/inbox/{line_id}", answer).status_code == 303
    harmless("the decided", li.get(f"/inbox/{line_id}"))
    harmless("my decisions", li.get("/inbox?tab=decided"), shows=False)
    grant_id = services.uow.read().execute(text("SELECT id FROM access_grant")).scalar_one()
    harmless("my access", wang.get("/access"), shows=False)
    harmless("handing back", wang.get(f"/access/{grant_id}/relinquish"), shows=False)
    harmless("the grants", li.get("/grants"), shows=False)
    harmless("revoking", li.get(f"/grants/{grant_id}/revoke"), shows=False)
    harmless("a wrong reason", li.post(f"/grants/{grant_id}/revoke", {"reason": NASTY + "\0"}), shows=False)
    assert li.post(f"/grants/{grant_id}/revoke", {"reason": NASTY}).status_code == 303
    harmless("what was revoked", wang.get("/access"))
    harmless("the request in the end", wang.get(f"/requests/{request_id}"))
    harmless("the console's grant", security.get(f"/console/grants/details/?id={grant_id}"))
    harmless("the console's line", security.get(f"/console/requests/details/?id={line_id}"), shows=False)
    harmless("the record", auditor.get(f"/console/audit/?chain={request_id}"), shows=False)

    stored = text("SELECT r.reason, r.case_number, d.comment, g.close_reason FROM access_request r, decision d, access_grant g")
    assert services.uow.read().execute(stored).one() == (NASTY, written(NASTY), NASTY, NASTY)
    line = wang.get(f"/api/v1/lines/{line_id}")
    assert line.mimetype == "application/json"
    assert line.get_json()["decision"]["comment"] == NASTY
    for table in TABLES:
        assert services.uow.read().scalar(text(f"SELECT count(*) FROM {table}")) > 0


def test_a_refusal_with_its_comment(people: dict[str, Visitor], services: Services, world: World) -> None:
    wang, li = people["WANGFANG"], people["LIQIANG"]
    request = wang.post("/requests/new", request_form(world), page="/").location
    line_id = services.uow.read().execute(text("SELECT id FROM request_line")).scalar_one()
    values = shown(li.get(f"/inbox/{line_id}").text)
    for code in (NASTY, "", "__class__"):
        wrong = li.post(f"/inbox/{line_id}", {"action": "reject", "reason_code": code, "refusal": NASTY, **values})
        assert wrong.status_code == 422
        harmless("a wrong refusal", wrong)
    harmless("a wrong button", li.post(f"/inbox/{line_id}", {"action": NASTY, **values}))
    harmless("a wrong place", li.post(f"/inbox/{line_id}", {"action": "narrow", "scope": NASTY, "days": NASTY, "comment": NASTY, **values}))
    refusal = {"action": "reject", "reason_code": "other", "refusal": NASTY, **values}
    assert li.post(f"/inbox/{line_id}", refusal).status_code == 303
    harmless("what was refused", wang.get(request))


@pytest.mark.parametrize("field", ["reason", "case_number", "days", "scope", "scope_other", "matter_id"])
def test_what_is_wrong_with_a_request_comes_back_as_text(people: dict[str, Visitor], world: World, field: str) -> None:
    form = request_form(world) | {"days": "0", field: NASTY}
    page = people["WANGFANG"].post("/requests/new", form, page="/")
    assert page.status_code == 422
    harmless(field, page)


#: Whatever an address says is shown as text or left out.
ADDRESSES = [
    "/?q={nasty}&owner={nasty}",
    "/search?q={nasty}",
    "/search?q={nasty}&part=1",
    "/requests/new?q={nasty}",
    "/requests/new?item={item}&reason={nasty}&case_number={nasty}&days={nasty}&scope={nasty}&matter_id={nasty}",
    "/requests?after={nasty}",
    "/inbox?after={nasty}&tab={nasty}",
    "/appointment?next={nasty}&last={nasty}",
    "/sign-in?next={nasty}&login_hint={nasty}",
    "/account?x={nasty}",
]
NOTHING = "a%00b%ED%A0%80"


def test_addresses_are_text(people: dict[str, Visitor], world: World) -> None:
    wang = people["WANGFANG"]
    for address in ADDRESSES:
        for typed in ("%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E'%22;--{{7*7}}", NOTHING, "%25", "%5C", "x" * 5000):
            page = wang.get(address.replace("{nasty}", typed).replace("{item}", str(world.items[REGISTER])))
            assert page.status_code in {200, 302}, (address, typed[:20])
            if page.status_code == 200:
                harmless(address, page, shows=False)
            else:
                assert page.location == "/", address


def test_the_sign_in_form_and_the_browsers_name(app: Flask, people: dict[str, Visitor], services: Services) -> None:
    stranger = Visitor(app.test_client())
    for login in (NASTY, NASTY + "\0", "\ud800", "' OR '1'='1", "x" * 5000):
        data = {"login": login.encode("utf-8", "surrogatepass"), "password": NASTY, "csrf_token": stranger.token("/sign-in")}
        refused = stranger.client.post("/sign-in", data=data, headers={"User-Agent": NASTY})
        assert refused.status_code == 403
        assert "账号或密码不正确。" in said(refused)
        harmless(login[:30], refused, shows=False)
        assert NASTY not in refused.text.partition('type="password"')[2].partition(">")[0]
    services.signon.sign_in("WANGFANG", PASSWORD, "192.0.2.1", NASTY)
    harmless("my sessions", people["WANGFANG"].get("/account"), shows=False)
    harmless("the record", people["ZHENGGUOHUA"].get("/console/audit/"), shows=False)
