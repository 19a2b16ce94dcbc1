"""The preview “sign in as myself” of an application behind a proxy is what its nginx is told, header for header."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from govcloud.signon.forwarding.headers import ASSERTION
from govcloud.signon.trying import EACH_TIME
from govcloud.subsystems.protocols import CLAIMS, ForwardAuthSettings
from tests.entrypoints.forward_auth.conftest import Proxy, register_application, sign_in

if TYPE_CHECKING:
    from flask import Flask

    from govcloud.services import Services
    from tests.factories.world import World

WRITTEN = "SELECT (SELECT count(*) FROM ticket), (SELECT count(*) FROM participant), (SELECT count(*) FROM audit_event)"


@pytest.mark.parametrize("headers", [("employee_code",), CLAIMS], ids=["code", "all"])
def test_it_is_told_what_a_real_check_tells(app: Flask, services: Services, world: World, headers: tuple[str, ...]) -> None:
    secret = register_application(
        services, ForwardAuthSettings(headers=headers), client_id="assistance-told", origin="https://told.zj.example"
    )
    proxy = Proxy(app, secret, "https://told.zj.example", "assistance-told")
    session = services.signon.current(sign_in(services, proxy.at_platform).token)
    client = services.subsystem_queries.client_by_client_id("assistance-told")
    assert session is not None
    assert client is not None
    before = services.uow.read().execute(text(WRITTEN)).one()
    tried = services.trying.as_myself(session, client, client_address=None)
    assert services.uow.read().execute(text(WRITTEN)).one() == before
    assert tried.decision.allowed
    proxy.enter()
    answer = proxy.check()
    real = {name: value for name, value in answer.headers.items() if name.startswith("X-Govcloud-")}
    assert answer.status_code == 200
    assert real.pop(ASSERTION)
    assert tried.told == {"headers": real | {ASSERTION: EACH_TIME}}
