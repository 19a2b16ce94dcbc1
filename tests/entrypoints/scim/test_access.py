"""Who may use the SCIM way in: a client that was entrusted with provisioning, for as long as it is; nobody else, not even to read."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from govcloud.audit.models import AuditEvent
from govcloud.services import Services
from tests.entrypoints.scim.conftest import BULK, OPERATOR, Scim, a_group, a_user
from tests.factories.world import PASSWORD, SEED, World

PATHS = (
    ("GET", "/Users"),
    ("GET", "/Groups?count=1"),
    ("GET", "/ServiceProviderConfig"),
    ("GET", "/Schemas"),
    ("GET", "/ResourceTypes"),
    ("POST", "/Users/.search"),
    ("POST", "/Users"),
    ("POST", "/Groups"),
    ("POST", "/Bulk"),
    ("DELETE", "/Users/{wang}"),
    ("PUT", "/Users/{wang}"),
    ("PATCH", "/Groups/{xihu}"),
    ("GET", "/Users/{wang}"),
    ("GET", "/nowhere"),
)


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_a_client_without_the_role_gets_403_on_everything(services: Services, world: World, stranger: Scim, method: str, path: str) -> None:
    address = path.format(wang=world.wang.official_id, xihu=world.organisation.ids["xihu"])
    answer = stranger.call(method, address, {} if method not in {"GET", "DELETE"} else None)
    detail = stranger.refused(answer, 403)
    assert "govcloud:directory:" in detail
    refused = services.uow.read().scalars(select(AuditEvent).where(AuditEvent.name == "kernel:command:refused")).all()
    assert [event.actor_id for event in refused] == ["assistance-web"]
    person = services.identity_queries.official(world.wang.official_id)
    assert person is not None
    assert person.active


def test_without_credentials_nothing_is_there(app: Flask, world: World, scim: Scim) -> None:
    client_id, secret = scim.auth
    for auth in (("", ""), (client_id, "wrong"), ("nobody", secret)):
        answer = Scim(app.test_client(), auth).call("GET", "/Users")
        scim.refused(answer, 401)
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="govcloud", charset="UTF-8"'
    bearer = app.test_client().get("/scim/v2/Users", headers={"Authorization": "Bearer token"})
    scim.refused(bearer, 401)


def test_the_cookie_of_an_official_opens_nothing(app: Flask, services: Services, world: World, scim: Scim) -> None:
    browser = app.test_client()
    browser.set_cookie("govcloud_session", services.signon.sign_in("ZHOUJIANJUN", PASSWORD, "192.0.2.7", "test").token)
    scim.refused(browser.get("/scim/v2/Users"), 401)
    scim.refused(browser.delete(f"/scim/v2/Users/{world.wang.official_id}"), 401)


def test_trust_that_is_taken_back_ends_at_once(services: Services, world: World, scim: Scim) -> None:
    assert scim.get("/Users?count=1")["itemsPerPage"] == 1
    services.subsystems.entrust_client(OPERATOR, scim.auth[0], [], "改由他系统同步")
    scim.refused(scim.call("GET", "/Users"), 403)
    services.subsystems.disable_client(SEED.system("operator"), scim.auth[0])
    scim.refused(scim.call("GET", "/Users"), 401)


def test_every_change_is_recorded_as_the_clients(services: Services, world: World, scim: Scim) -> None:
    scim.create("/Users", a_user(services, world))
    scim.create("/Groups", a_group(world, 81_000))
    names = {"identity:official:registered", "identity:department:registered"}
    newest = services.audit_queries.by_actor("subsystem", scim.auth[0], limit=10)
    assert {entry.name for entry in newest} >= names
    assert {entry.command for entry in newest if entry.name in names} == {"govcloud:official:register", "govcloud:department:register"}


def test_in_a_bulk_request_the_role_is_asked_for_first(stranger: Scim) -> None:
    body = {"schemas": [BULK], "Operations": [{"method": "DELETE", "path": "/Users/1"}]}
    stranger.refused(stranger.call("POST", "/Bulk", body), 403)
