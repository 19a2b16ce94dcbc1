"""Searching: what is served, what is refused and why, pages that miss nobody, and how many statements a page costs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import Engine, event, text

from govcloud.audit.changes import Changes
from govcloud.identity.directory import departments
from govcloud.identity.directory.departments import _departments
from govcloud.identity.directory.lookups import Begins, Is, as_sql
from govcloud.identity.directory.people import _LOOKUPS, _people
from govcloud.identity.inputs import OfficialChange
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.services import Services
from tests.entrypoints.scim.conftest import DEPARTMENT, ENTERPRISE, Counted, Scim, a_user, uscc
from tests.factories.people import an_official
from tests.factories.plans import plan_without
from tests.factories.world import SEED, World

#: SQL statements of a page, the client's credentials and the engine's question included.
STATEMENTS = 6


def asking(filter_: str, kind: str = "Users", **more: object) -> str:
    """Return the address of a search."""
    return f"/{kind}?{urlencode({'filter': filter_, **more})}"


def found(scim: Scim, filter_: str, kind: str = "Users", **more: object) -> list[str]:
    """Return the names of what a filter finds."""
    page = scim.get(asking(filter_, kind, **more))
    return [resource["displayName"] for resource in page.get("Resources", [])]


@pytest.mark.parametrize(
    ("filter_", "names"),
    [
        ('userName eq "WANGFANG"', ["王芳"]),
        ('userName eq "wangfang"', ["王芳"]),
        ('USERNAME EQ "WangFang"', ["王芳"]),
        ('userName sw "Z"', ["赵敏", "周建军", "郑国华"]),
        ('externalId eq "LIQIANG"', ["李强"]),
        (f'{ENTERPRISE}:employeeNumber eq "LIQIANG"', ["李强"]),
        ('name.formatted eq "单雪梅"', ["单雪梅"]),
        ('displayName sw "王"', ["王芳"]),
        ('userName eq "WANGFANG" or displayName eq "李强"', ["王芳", "李强"]),
        ('userName sw "Z" and active eq true', ["赵敏", "周建军", "郑国华"]),
        ('userName sw "Z" and active eq false', []),
        ('userName sw "Z" and (displayName sw "赵" or displayName sw "周")', ["赵敏", "周建军"]),
        ('userName pr and displayName eq "王芳"', ["王芳"]),
        ('userName eq "nobody"', []),
        ('id eq "not an id"', []),
        ('userName eq "WANG%"', []),
        ('displayName sw "%"', []),
        ('displayName eq "\' OR 1=1 --"', []),
        ('displayName sw "王\\u0000"', ["王芳"]),
    ],
)
def test_filters_that_an_index_serves(world: World, scim: Scim, filter_: str, names: list[str]) -> None:
    assert found(scim, filter_) == names
    assert found(scim, filter_, startIndex=1) == names


@pytest.mark.parametrize(
    "filter_",
    [
        'userName co "ANG"',
        'userName ew "FANG"',
        'userName ne "WANGFANG"',
        'displayName co "芳"',
        "active eq false",
        'active eq false or userName eq "WANGFANG"',
        "active eq false and userName pr",
        'not (userName eq "WANGFANG")',
        'title eq "科员"',
        "title pr",
        'phoneNumbers.value eq "13800138000"',
        'phoneNumbers[type eq "mobile"]',
        f'{ENTERPRISE}:department eq "浙江省民政厅"',
        'userName gt "A"',
        'meta.lastModified gt "2026-01-01T00:00:00Z"',
        'meta.lastModified ge "2026-01-01T00:00:00"',
        'not (meta.lastModified ge "2026-01-01T00:00:00Z")',
        'meta.lastModified ge "2026-01-01T00:00:00Z" or userName eq "WANGFANG"',
        'nothing eq "x"',
        "userName eq",
        "((((",
        "userName eq true",
        "userName eq null",
        'userName eq ""',
        "(" * 500 + "userName pr" + ")" * 480,
        'userName eq "' + "x" * 2000 + '"',
    ],
)
def test_filters_that_would_walk_through_the_province_are_refused(world: World, scim: Scim, filter_: str) -> None:
    answer = scim.call("GET", asking(filter_))
    assert scim.refused(answer, 400, "invalidFilter")


def test_a_refusal_says_what_is_served(world: World, scim: Scim) -> None:
    detail = scim.refused(scim.call("GET", asking('userName co "x"')), 400, "invalidFilter")
    assert "“userName co”" in detail
    assert "userName eq|sw" in detail
    assert f"{ENTERPRISE}:employeeNumber eq|sw" in detail


def test_people_of_a_department_and_departments_of_a_person(services: Services, world: World, scim: Scim) -> None:
    civil, xihu = world.organisation.ids["xihu_civil_affairs"], world.organisation.ids["xihu"]
    assert found(scim, f'groups.value eq "{civil}"') == ["王芳", "孙丽"]
    assert found(scim, f'groups eq "{civil}" and userName sw "WANG"') == ["王芳"]
    assert found(scim, f'members.value eq "{world.wang.official_id}"', "Groups") == ["杭州市西湖区民政局"]
    assert found(scim, f'externalId eq "{uscc(services, world, "xihu")}"', "Groups") == ["杭州市西湖区人民政府"]
    assert found(scim, 'displayName sw "杭州市西湖区住房"', "Groups") == ["杭州市西湖区住房和城乡建设局"]
    assert len(found(scim, f'{DEPARTMENT}:parent eq "{xihu}"', "Groups")) == 2
    scim.refused(scim.call("GET", asking('displayName co "民政"', "Groups")), 400, "invalidFilter")


def test_cursors_go_through_everybody_once_and_count_nobody(services: Services, world: World, scim: Scim) -> None:
    everybody = {str(person.official_id) for person in world.people.values()}
    seen, query = [], {"count": "3"}
    while True:
        page = scim.get(f"/Users?{urlencode(query)}")
        seen += [user["id"] for user in page["Resources"]]
        if "nextCursor" not in page:
            break
        assert "totalResults" not in page
        if len(seen) == 3:  # somebody who comes meanwhile comes at the end
            everybody.add(scim.create("/Users", a_user(services, world))["id"])
        query["cursor"] = page["nextCursor"]
    assert len(seen) == len(set(seen))
    assert set(seen) == everybody
    # All there is on the first page: then the total is known.
    assert scim.get("/Users")["totalResults"] == len(everybody)

    first = scim.get("/Users?count=3&cursor=")["nextCursor"]
    scim.refused(scim.call("GET", f"/Users?count=4&cursor={first}"), 400, "invalidCount")
    scim.refused(scim.call("GET", f"/Groups?count=3&cursor={first}"), 400, "invalidCursor")
    scim.refused(scim.call("GET", f"/Users?count=3&cursor={first[:-2]}xx"), 400, "invalidCursor")
    scim.refused(scim.call("GET", f"/Users?count=3&startIndex=1&cursor={first}"), 400, "invalidValue")


def test_index_pages_have_the_exact_total(world: World, scim: Scim) -> None:
    total = len(world.people)
    page = scim.get("/Users?startIndex=4&count=3")
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"], len(page["Resources"])) == (total, 4, 3, 3)
    assert scim.get("/Users?startIndex=1&count=0")["totalResults"] == total
    assert scim.get(f"/Users?startIndex={total + 1}").get("Resources", []) == []
    assert scim.get(asking('userName sw "Z"', startIndex=1, count=1))["totalResults"] == 3
    scim.refused(scim.call("GET", "/Users?sortBy=userName"), 501)


def test_a_search_may_be_posted(world: World, scim: Scim) -> None:
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": 'userName eq "WANGFANG"', "attributes": ["title"]}
    page = scim.call("POST", "/Users/.search", body).get_json()
    assert [user["title"] for user in page["Resources"]] == ["科员"]
    scim.refused(scim.call("POST", "/.search", body), 501)
    scim.refused(scim.call("POST", "/Users/.search", body | {"filter": "(" * 5000}), 400, "invalidFilter")


def test_what_changed_since(services: Services, world: World, clock: ManualClock, scim: Scim) -> None:
    clock.advance(timedelta(hours=1))
    since = clock.now().isoformat()
    asked = f'meta.lastModified ge "{since}"'
    assert found(scim, asked) == []
    li, wang = f"/Users/{world.li.official_id}", f"/Users/{world.wang.official_id}"
    for minute, path in enumerate((wang, li, wang)):
        clock.advance(timedelta(minutes=1))
        scim.patch(path, {"op": "replace", "path": "phoneNumbers", "value": [{"value": f"1380013800{minute}"}]})
    # Each once, the one who changed last in the end.
    assert found(scim, asked) == ["李强", "王芳"]
    assert found(scim, f'{asked} and userName sw "WANG"') == ["王芳"]
    page = scim.get(asking(asked, count=1))
    assert [user["displayName"] for user in page["Resources"]] == ["李强"]
    rest = scim.get(asking(asked, count=1, cursor=page["nextCursor"]))
    assert [user["displayName"] for user in rest["Resources"]] == ["王芳"]
    assert "nextCursor" not in rest
    assert rest["Resources"][0]["meta"]["lastModified"] == clock.now().isoformat().replace("+00:00", "Z")
    scim.refused(scim.call("GET", asking(asked, startIndex=1)), 400, "invalidFilter")
    clock.advance(timedelta(minutes=1))
    scim.patch(f"/Groups/{world.organisation.ids['data']}", {"op": "replace", "path": "displayName", "value": "浙江省数据管理局"})
    assert found(scim, asked, "Groups") == ["浙江省数据管理局"]


def test_a_page_costs_the_same_however_many_are_on_it(services: Services, world: World, scim: Scim, counted: Counted) -> None:
    at = world.organisation.ids["xihu_civil_affairs"]
    services.identity.register_officials(SEED, [an_official(at) for _ in range(120)])

    def statements(path: str) -> int:
        scim.get(path)
        with counted() as ran:
            page = scim.get(path)
        assert page["itemsPerPage"] == int(path.rpartition("=")[2])
        return len(ran)

    few, many = statements("/Users?count=2"), statements("/Users?count=100")
    assert few == many == STATEMENTS, (few, many)
    assert statements("/Users?startIndex=1&count=100") == many + 1
    assert statements("/Groups?count=9") == STATEMENTS
    assert scim.get("/Users?count=1000")["itemsPerPage"] == len(world.people) + 120


def test_look_ups_go_by_their_indexes(services: Services, world: World) -> None:
    session = services.uow.read()
    plan_without(session, "seqscan")
    now = services.clock.now()
    for condition, index in (
        (Is("employee_code", "WANGFANG"), "employee_code"),
        (Begins("employee_code", "WANG"), "employee_code"),
        (Begins("name", "王"), "ix_official_name"),
        (Is("department", world.organisation.ids["xihu"]), "ix_appointment_department_id"),
    ):
        query = _people(now).where(as_sql(condition, _LOOKUPS, now))
        compiled = query.compile(session.connection(), compile_kwargs={"literal_binds": True})
        plan = "\n".join(session.execute(text(f"EXPLAIN {compiled}")).scalars())
        assert index in plan, plan


def test_departments_and_changes_go_by_their_indexes(services: Services, world: World) -> None:
    session = services.uow.read()
    plan_without(session, "seqscan")
    now = services.clock.now()
    for condition in (Is("name", "浙江省民政厅"), Begins("name", "浙江省")):
        query = _departments(now).where(as_sql(condition, departments._LOOKUPS, now))
        compiled = query.compile(session.connection(), compile_kwargs={"literal_binds": True})
        plan = "\n".join(session.execute(text(f"EXPLAIN {compiled}")).scalars())
        assert "ix_department_version_name" in plan, plan
    with asked_of(db.engine) as seen:
        Changes(services.uow.read).newest("identity", [f"official:{world.wang.official_id}"])
    statement, values = seen[-1]
    plan = "\n".join(row[0] for row in session.connection().exec_driver_sql(f"EXPLAIN {statement}", values))
    assert "ix_audit_event_identity" in plan, plan


def test_everybody_has_a_last_change_of_their_own(services: Services, world: World, clock: ManualClock) -> None:
    wang, li = (f"official:{person.official_id}" for person in (world.wang, world.li))
    before = Changes(services.uow.read).newest("identity", [wang, li])
    clock.advance(timedelta(days=1))
    services.identity.change_official(SEED, world.wang.official_id, OfficialChange(rank="二级科员"))
    after = Changes(services.uow.read).newest("identity", [wang, li, "official:nobody"])
    assert after == {wang: clock.now(), li: before[li]}


@contextmanager
def asked_of(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """Collect the statements that are sent, with their values."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, values: object, *_rest: object) -> None:
        seen.append((statement, values))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_what_is_published_is_what_there_is(world: World, scim: Scim) -> None:
    config: dict[str, Any] = scim.get("/ServiceProviderConfig")
    assert config["bulk"] == {"supported": True, "maxOperations": 200, "maxPayloadSize": 1_048_576}
    assert config["filter"] == {"supported": True, "maxResults": 200}
    assert (config["patch"]["supported"], config["etag"]["supported"], config["sort"]["supported"]) == (True, True, False)
    assert config["pagination"] == {
        "cursor": True,
        "index": True,
        "defaultPaginationMethod": "cursor",
        "defaultPageSize": 100,
        "maxPageSize": 200,
        "cursorTimeout": 3600,
    }
    assert [scheme["type"] for scheme in config["authenticationSchemes"]] == ["httpbasic"]
    assert {kind["endpoint"] for kind in scim.get("/ResourceTypes")["Resources"]} == {"/Users", "/Groups"}
    assert len(scim.get("/Schemas")["Resources"]) == 5
