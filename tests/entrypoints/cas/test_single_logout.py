"""Sign-out reaches a CAS service with the very ticket that it validated, in a form that python-cas takes."""

from __future__ import annotations

from cas import CASClient

from govcloud.services import Services
from govcloud.signon.views import SignedIn
from govcloud.subsystems.protocols import CasSettings
from tests.entrypoints.cas.conftest import CasParty, register_cas
from tests.factories.receiving import JOBS, listening


def test_a_service_is_told_of_the_sign_out_by_its_ticket(party: CasParty, wang: SignedIn, services: Services) -> None:
    with listening() as listener:
        register_cas(services, "assistance", f"{listener.base}/app", CasSettings(), name="told")
        party.service = f"{listener.base}/app/index"
        ticket = party.ticket()
        party.user(ticket)
        party.browser.get("/cas/logout")
        assert services.delivery.deliver_due(JOBS).delivered == 1
        [told] = listener.told
    client = CASClient(version=3, service_url=party.service, server_url="http://localhost/cas/")
    assert client.verify_logout_request(told.form["logoutRequest"], ticket)
    assert not client.verify_logout_request(told.form["logoutRequest"], "ST-other")
