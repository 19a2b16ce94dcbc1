"""Calls of access that carry an ``Idempotency-Key``: all that change something, by one mechanism; and what must not hide behind one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from govcloud.access.notices.mailing import code_context, seal_address
from govcloud.access.notices.models import NoticeAddress
from govcloud.entrypoints.api.routes import ACCESS, TABLE
from govcloud.entrypoints.api.wire.table import Once
from govcloud.kernel.ids import new_id
from tests.entrypoints.api.test_submissions import keyed
from tests.factories.requests import ask, granted
from tests.factories.world import SEED

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from govcloud.kernel.clock import ManualClock
    from govcloud.services import Services
    from tests.entrypoints.api.conftest import SignIn
    from tests.factories.world import World

WITHOUT = {"/basket/compare": "only looks; every look is recorded"}
"""What is called by POST and takes no key, and why."""


def test_every_call_of_access_that_changes_something_takes_a_key() -> None:
    posts = [route for route in ACCESS if route.method != "GET"]
    assert len(posts) > 30
    assert {route.path for route in posts if route.once is None} == set(WITHOUT)
    assert {route.path for route in posts if route.reads} == set(WITHOUT)
    assert {route.path for route in ACCESS if route.method == "GET" and route.once is not None} == set()
    assert {route.path for route in TABLE if route.once is not None} == {route.path for route in posts} - set(WITHOUT)
    # What commits by itself is done apart, and nothing else is.
    assert {route.path for route in ACCESS if route.once is Once.APART} == {"/lines/decide", "/revocations", "/notices/address/confirm"}


def test_the_document_says_so(client: FlaskClient) -> None:
    paths = client.get("/api/v1/openapi.json").json["paths"]  # type: ignore[index]
    said = {
        path
        for path, methods in paths.items()
        for operation in methods.values()
        if any(parameter["name"] == "Idempotency-Key" for parameter in operation["parameters"])
    }
    assert len(said) == len({route.path for route in ACCESS if route.once is not None})
    assert {"/lines/{line_id}/claim", "/delegations", "/notices/read", "/grants/{grant_id}/suspend", "/approval-rules"} <= said


def test_the_same_call_is_done_once(services: Services, world: World, clock: ManualClock, caller: SignIn) -> None:
    li, wang = caller("LIQIANG"), caller("WANGFANG")
    grant = granted(services, world, days=3)
    line = ask(services, world, world.people["SUNLI"]).line_id
    lending = {
        "delegate_appointment_id": str(world.people["CHENJIE"].appointment_id),
        "ends_at": (clock.now() + timedelta(days=3)).isoformat(),
        "reason": "出差",
    }
    calls: tuple[tuple[Any, str, dict[str, Any], dict[str, Any]], ...] = (
        (li, f"/lines/{line}/comments", {"text": "请补充"}, {"text": "别的话"}),
        (li, "/delegations", lending, {**lending, "reason": "休假"}),
        (li, f"/grants/{grant}/suspend", {"reason": "核查"}, {"reason": "别的"}),
        (li, f"/grants/{grant}/resume", {"reason": "核查完毕"}, {"reason": "别的"}),
        (wang, f"/access/{grant}/extension", {"days": 5, "reason": "尚未办完"}, {"days": 6, "reason": "尚未办完"}),
        (wang, "/notices/read", {}, {"notices": []}),
        (li, f"/lines/{line}/return", {"version": 1, "missing": "缺材料"}, {"version": 1, "missing": "缺别的"}),
    )
    for place, (who, path, body, other) in enumerate(calls):
        first, second = (keyed(who, path, body, f"k-{place}") for _ in range(2))
        assert (first.status_code, second.status_code) == (first.status_code, first.status_code), path
        assert first.status_code < 300, (path, first.text)
        assert (second.text, second.headers.get("Idempotent-Replayed")) == (first.text, "true"), path
        assert keyed(who, path, other, f"k-{place}").json["code"] == "idempotency_key_reused", path
    assert [row["text"] for row in li.get(f"/lines/{line}/comments").json["comments"]] == ["请补充", "缺材料"]
    assert len(li.get("/delegations").json["delegations"]) == 1


def test_several_lines_are_refused_one_by_one_under_a_key_too(services: Services, world: World, caller: SignIn) -> None:
    li = caller("LIQIANG")
    good, bad = ask(services, world).line_id, ask(services, world, world.people["SUNLI"]).line_id
    body = {
        "lines": [{"line_id": str(good), "version": 1, "outcome": "approve"}, {"line_id": str(bad), "version": 9, "outcome": "approve"}]
    }
    first, second = (keyed(li, "/lines/decide", body, "d-1") for _ in range(2))
    assert first.status_code == 200, first.text
    verdicts = {row["line_id"]: row for row in first.json["verdicts"]}
    assert (verdicts[str(good)]["decided"]["state"], verdicts[str(bad)]["error"]["code"]) == ("approved", "line_changed")
    assert (second.text, second.headers["Idempotent-Replayed"]) == (first.text, "true")
    assert keyed(li, "/lines/decide", {"lines": body["lines"][:1]}, "d-1").json["code"] == "idempotency_key_reused"


def test_a_call_that_was_never_answered_is_done_again(services: Services, world: World, caller: SignIn) -> None:
    """As when the platform stopped between the work and the answer; and nobody waits for it for ever."""
    li = caller("LIQIANG")
    line = ask(services, world).line_id
    body = {"lines": [{"line_id": str(line), "version": 1, "outcome": "approve"}]}
    assert keyed(li, "/lines/decide", body, "e-1").status_code == 200
    with services.uow.begin(SEED, "govcloud:item:offer") as tx:
        tx.session.execute(text("UPDATE answered_call SET status = 0, answer = ''"))
    again = keyed(li, "/lines/decide", body, "e-1")
    [verdict] = again.json["verdicts"]
    assert (verdict["decided"]["state"], verdict["decided"]["replayed"]) == ("approved", True)
    assert keyed(li, "/lines/decide", body, "e-1").headers["Idempotent-Replayed"] == "true"


def test_wrong_codes_are_counted_whatever_key_they_come_under(services: Services, world: World, caller: SignIn) -> None:
    """A key must not take back what a wrong code costs."""
    wang = caller("WANGFANG")
    key, now = new_id(), services.clock.now()
    with services.uow.begin(SEED, "govcloud:item:offer") as tx:
        code = services.keys.seal(b"123456", code_context(key))
        row = NoticeAddress(id=key, official_id=world.wang.official_id, sealed=seal_address(services.keys, key, "w@example.gov.cn"))
        row.code_sealed, row.created_at, row.expires_at = code, now, now + timedelta(hours=1)
        tx.session.add(row)
    answers = [keyed(wang, "/notices/address/confirm", {"code": "x"}, f"f-{place}").status_code for place in range(6)]
    assert answers == [422] * 5 + [409]
