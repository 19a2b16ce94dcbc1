"""The preview “sign in as myself” of a CAS client is what a validated ticket tells, attribute for attribute, and leaves nothing behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from govcloud.subsystems.protocols import CLAIMS, CasSettings
from tests.entrypoints.cas.conftest import NS, CasParty, enter, register_cas, success

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from govcloud.services import Services
    from govcloud.signon.views import SignedIn

WRITTEN = "SELECT (SELECT count(*) FROM ticket), (SELECT count(*) FROM participant), (SELECT count(*) FROM audit_event)"


@pytest.mark.parametrize("attributes", [(), ("name",), CLAIMS], ids=["none", "name", "all"])
def test_it_is_told_what_a_real_validation_tells(
    browser: FlaskClient, services: Services, wang: SignedIn, attributes: tuple[str, ...]
) -> None:
    register_cas(services, "assistance", "https://other.zj.example/", CasSettings(attributes=attributes), name="other")
    session = services.signon.current(wang.token)
    client = services.subsystem_queries.client_by_client_id("assistance-other")
    assert session is not None
    assert client is not None
    before = services.uow.read().execute(text(WRITTEN)).one()
    tried = services.trying.as_myself(session, client, client_address=None)
    assert services.uow.read().execute(text(WRITTEN)).one() == before
    assert tried.decision.allowed
    party = CasParty(browser, "https://other.zj.example/index")
    seen = success(party.validate(party.ticket(), "/cas/p3/serviceValidate"))
    real = {part.tag.removeprefix(NS): part.text for part in seen.find(f"{NS}attributes") or ()}
    assert tried.told == {"serviceValidate": {"user": seen.findtext(f"{NS}user"), "attributes": real}}
    assert list(tried.told["serviceValidate"]["attributes"]) == list(real), "in the order of the answer"


def test_who_may_not_enter_is_told_nothing(browser: FlaskClient, services: Services) -> None:
    stranger = enter(services, browser, "ZHENGGUOHUA")
    session = services.signon.current(stranger.token)
    client = services.subsystem_queries.client_by_client_id("assistance-cas")
    assert session is not None
    assert client is not None
    tried = services.trying.as_myself(session, client, client_address=None)
    assert (tried.decision.allowed, tried.told) == (False, {})
