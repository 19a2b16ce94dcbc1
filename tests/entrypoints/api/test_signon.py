"""Sessions, the delivery record of sign-out and the rules of sign-on over the API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from govcloud.services import Services
from tests.commands.signon.conftest import sign_in
from tests.entrypoints.api.conftest import SignIn
from tests.factories.receiving import JOBS, Listener, a_client, enter, listening, told_at
from tests.factories.world import World


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as found:
        yield found


def test_a_person_sees_the_own_sessions_and_the_subsystems_in_them(
    services: Services, world: World, caller: SignIn, listener: Listener
) -> None:
    session = sign_in(services)
    sid = enter(services, session, a_client(services, "archive-web", told_at(listener, "/bye")))
    reply = caller("WANGFANG").get(f"/officials/{world.wang.official_id}/sessions")
    assert reply.status_code == 200
    (first,) = [item for item in reply.json["sessions"] if item["session_id"] == str(session.session_id)]
    assert [(stay["participant_id"], stay["protocol"], stay["ended_at"]) for stay in first["stays"]] == [(str(sid), "oidc", None)]
    assert caller("LIQIANG").get(f"/officials/{world.wang.official_id}/sessions").status_code == 403


def test_an_administrator_ends_sessions_with_a_reason(services: Services, world: World, caller: SignIn, listener: Listener) -> None:
    session = sign_in(services)
    enter(services, session, a_client(services, "archive-web", told_at(listener, "/bye")))
    admin, path = caller("SUNLI"), f"/officials/{world.wang.official_id}/sessions"
    assert len(admin.get(path).json["sessions"]) == 1
    assert admin.post(f"{path}/end", {"reason": " "}).status_code == 422
    reply = admin.post(f"{path}/end", {"reason": "设备遗失"})
    assert (reply.status_code, reply.json) == (200, {"ended": 1})
    assert admin.get(path).json == {"sessions": []}
    services.delivery.deliver_due(JOBS)
    assert [told.path for told in listener.told] == ["/bye"]


def test_the_delivery_record_and_sending_again(services: Services, world: World, caller: SignIn, listener: Listener) -> None:
    session = sign_in(services)
    enter(services, session, a_client(services, "archive-web", told_at(listener, "/bye")))
    listener.status = 500
    services.logout.end_sessions(world.system_admin.actor(), world.wang.official_id, "设备遗失")
    services.delivery.deliver_due(JOBS)
    admin = caller("ZHOUJIANJUN")
    (client,) = admin.get("/logout-deliveries").json["clients"]
    assert (client["client_id"], client["failing"], client["channel"]) == ("archive-web", 1, "back_channel")
    listener.status = 200
    assert admin.post("/logout-deliveries/archive-web/retry").json == {"retried": 1}
    services.delivery.deliver_due(JOBS)
    (client,) = admin.get("/logout-deliveries").json["clients"]
    assert (client["failing"], client["acknowledged"]) == (0, 1)
    assert caller("WUXIAOYAN").post("/logout-deliveries/archive-web/retry").status_code == 403
    assert caller("WANGFANG").get("/logout-deliveries").status_code == 403


def test_the_rules_are_read_and_set_within_their_bounds(services: Services, world: World, caller: SignIn) -> None:
    officer = caller("WUXIAOYAN")
    assert officer.get("/signon-policy").json["rules"]["session_idle_minutes"] == 30
    reply = officer.post("/signon-policy", {"rules": {"sessions_at_once": 2, "when_exceeded": "refuse"}, "reason": "一人两处"})
    assert (reply.status_code, reply.json["rules"]["sessions_at_once"]) == (200, 2)
    wrong = officer.post("/signon-policy", {"rules": {"session_idle_minutes": 0, "nothing": 1}, "reason": "一人两处"})
    assert wrong.status_code == 422
    assert caller("ZHOUJIANJUN").post("/signon-policy", {"rules": {"sessions_at_once": 0}, "reason": "放开限制"}).status_code == 403
    (change,) = services.signon_policies.history()
    assert change.changes == {"sessions_at_once": (0, 2), "when_exceeded": ("end_oldest", "refuse")}
    assert (change.set_by, change.reason) == (f"official:{world.security_admin.official_id}", "一人两处")
