"""Proxies: a real receiver takes the proxy-granting ticket, and tickets for others come of it, in a chain that is told in order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest
from flask.testing import FlaskClient

from govcloud.jobs.job import ACTOR
from govcloud.jobs.purge import purge
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.signon.cas import callback
from govcloud.signon.views import SignedIn
from govcloud.subsystems.protocols import CasSettings
from tests.entrypoints.cas.conftest import NS, REGISTER, CasParty, enter, register_cas, success, ticket_in
from tests.factories.receivers import Receiver, certificate, receiving, tls
from tests.factories.world import World


@pytest.fixture
def receiver(services: Services, browser: FlaskClient) -> Iterator[Receiver]:
    """Return the callback address of the assistance subsystem, which is registered as its own."""
    with receiving() as found:
        register_cas(services, "assistance", f"{found.origin}/app", CasSettings(proxy=True), name="proxy")
        yield found


@pytest.fixture
def proxying(browser: FlaskClient, receiver: Receiver) -> CasParty:
    """Return the service that wants to act as a proxy."""
    return CasParty(browser, f"{receiver.origin}/app/index")


def pgt_of(party: CasParty, receiver: Receiver, ticket: str, path: str = "/cas/serviceValidate") -> str:
    """Return the proxy-granting ticket that comes with the validation of ``ticket``."""
    seen = success(party.validate(ticket, path, pgtUrl=f"{receiver.origin}/app/pgt?own=1"))
    iou = seen.findtext(f"{NS}proxyGrantingTicket")
    assert iou is not None
    assert iou.startswith("PGTIOU-")
    last = receiver.last
    assert (last["own"], last["pgtIou"]) == ("1", iou)
    assert last["pgtId"].startswith("PGT-")
    assert len(last["pgtId"]) == len(iou) == 64
    return last["pgtId"]


def proxy(party: CasParty, pgt: str, target: str) -> ET.Element:
    """Ask for a ticket for ``target``."""
    return ET.fromstring(party.programs.get(f"/cas/proxy?{urlencode({'pgt': pgt, 'targetService': target})}").data)  # noqa: S314 - ours


def proxy_ticket(party: CasParty, pgt: str, target: str) -> str:
    found = proxy(party, pgt, target).findtext(f"{NS}proxySuccess/{NS}proxyTicket")
    assert found is not None
    assert found.startswith("PT-")
    return found


def refused(party: CasParty, pgt: str, target: str) -> str:
    failure = proxy(party, pgt, target).find(f"{NS}proxyFailure")
    assert failure is not None
    return failure.attrib["code"]


def test_a_proxy_gets_a_ticket_for_another_service(proxying: CasParty, receiver: Receiver, wang: SignedIn) -> None:
    pgt = pgt_of(proxying, receiver, proxying.ticket())
    target = CasParty(proxying.browser, f"{REGISTER}api")
    ticket = proxy_ticket(proxying, pgt, target.service)
    seen = success(target.validate(ticket, "/cas/p3/proxyValidate"))
    assert seen.findtext(f"{NS}user") == "WANGFANG"
    assert [part.text for part in seen.findall(f"{NS}proxies/{NS}proxy")] == [f"{receiver.origin}/app/pgt?own=1"]
    assert [part.tag.removeprefix(NS) for part in seen] == ["user", "attributes", "proxies"]
    # A grant gives any number of tickets; each is good for one try, at endpoints for proxies.
    for path, code in (("/cas/serviceValidate", "INVALID_TICKET_SPEC"), ("/cas/p3/serviceValidate", "INVALID_TICKET_SPEC")):
        again = proxy_ticket(proxying, pgt, target.service)
        assert target.code(again, path) == code
        assert target.code(again, "/cas/proxyValidate") == "INVALID_TICKET"
    once_more = proxy_ticket(proxying, pgt, target.service)
    assert target.validate(once_more, "/cas/validate").text == "no\n\n"


def test_a_service_ticket_is_validated_there_as_well(proxying: CasParty, wang: SignedIn) -> None:
    assert proxying.user(proxying.ticket(), "/cas/proxyValidate") == "WANGFANG"


def test_a_chain_names_the_proxy_visited_last_first(proxying: CasParty, receiver: Receiver, wang: SignedIn, services: Services) -> None:
    with receiving() as middle:
        register_cas(services, "housing", f"{middle.origin}/", CasSettings(proxy=True), name="middle")
        second = CasParty(proxying.browser, f"{middle.origin}/api")
        root = proxying.ticket()
        first_pgt = pgt_of(proxying, receiver, root)
        seen = success(
            second.validate(proxy_ticket(proxying, first_pgt, second.service), "/cas/proxyValidate", pgtUrl=f"{middle.origin}/pgt")
        )
        assert seen.findtext(f"{NS}proxyGrantingTicket") == middle.last["pgtIou"]
        target = CasParty(proxying.browser, f"{REGISTER}api")
        ticket = proxy_ticket(second, middle.last["pgtId"], target.service)
        lost = proxy_ticket(second, middle.last["pgtId"], target.service)
    chain = success(target.validate(ticket, "/cas/proxyValidate")).findall(f"{NS}proxies/{NS}proxy")
    assert [part.text for part in chain] == [f"{middle.origin}/pgt", f"{receiver.origin}/app/pgt?own=1"]
    # The ticket at the root of the chain is brought again: nothing at its other end holds any more.
    assert proxying.code(root) == "INVALID_TICKET"
    assert target.code(lost, "/cas/proxyValidate") == "INVALID_TICKET"
    assert refused(second, middle.last["pgtId"], target.service) == "INVALID_TICKET"


def test_sign_out_ends_every_grant(proxying: CasParty, receiver: Receiver, wang: SignedIn) -> None:
    pgt = pgt_of(proxying, receiver, proxying.ticket())
    waiting = proxy_ticket(proxying, pgt, f"{REGISTER}api")
    proxying.browser.get("/cas/logout")
    assert refused(proxying, pgt, f"{REGISTER}api") == "INVALID_TICKET"
    assert CasParty(proxying.browser, f"{REGISTER}api").code(waiting, "/cas/proxyValidate") == "INVALID_TICKET"


def test_a_ticket_brought_again_ends_all_that_grew_out_of_it(proxying: CasParty, receiver: Receiver, wang: SignedIn) -> None:
    ticket = proxying.ticket()
    pgt, other = pgt_of(proxying, receiver, ticket), pgt_of(proxying, receiver, proxying.ticket())
    waiting = proxy_ticket(proxying, pgt, f"{REGISTER}api")
    assert proxying.code(ticket) == "INVALID_TICKET"
    assert refused(proxying, pgt, f"{REGISTER}api") == "INVALID_TICKET"
    assert CasParty(proxying.browser, f"{REGISTER}api").code(waiting, "/cas/proxyValidate") == "INVALID_TICKET"
    assert proxy_ticket(proxying, other, f"{REGISTER}api")


def test_a_ticket_brought_again_while_the_proxy_is_called_ends_the_grant(
    proxying: CasParty, receiver: Receiver, wang: SignedIn, services: Services
) -> None:
    """In the seconds that the call-back takes, whoever stole the service's ticket tries it: the grant must not outlive that."""
    stolen, said = proxying.ticket(), list[str]()

    def replay() -> None:
        receiver.meanwhile = None
        said.append(CasParty(proxying.browser, proxying.service).code(stolen))

    receiver.meanwhile = replay
    pgt = pgt_of(proxying, receiver, stolen)
    assert said == ["INVALID_TICKET"]
    assert refused(proxying, pgt, f"{REGISTER}api") == "INVALID_TICKET"
    # A grant of another ticket of the same session is not touched.
    assert proxy_ticket(proxying, pgt_of(proxying, receiver, proxying.ticket()), f"{REGISTER}api")


def test_a_grant_serves_as_soon_as_it_was_handed_over(proxying: CasParty, receiver: Receiver, wang: SignedIn) -> None:
    """A proxy may use its ticket before it has answered the call that brought it."""
    got: list[str] = []

    def use() -> None:
        receiver.meanwhile = None
        got.append(proxy_ticket(CasParty(proxying.browser, proxying.service), receiver.last["pgtId"], f"{REGISTER}api"))

    receiver.meanwhile = use
    pgt_of(proxying, receiver, proxying.ticket())
    assert got


def test_who_may_not_enter_the_target_gets_no_ticket_through_a_proxy(
    proxying: CasParty, receiver: Receiver, wang: SignedIn, services: Services, world: World
) -> None:
    pgt = pgt_of(proxying, receiver, proxying.ticket())
    for view in services.authorization_queries.assignments_of(world.wang.official_id):
        services.authorization.end_assignment(world.security_admin.actor(), view.id, "岗位调整")
    assert refused(proxying, pgt, f"{REGISTER}api") == "UNAUTHORIZED_SERVICE"


def test_what_is_no_grant_or_no_service(proxying: CasParty, receiver: Receiver, wang: SignedIn) -> None:
    pgt = pgt_of(proxying, receiver, proxying.ticket())
    for target in ("https://evil.example/", f"{REGISTER}../x", "imap://mail", "x"):
        assert refused(proxying, pgt, target) == "UNAUTHORIZED_SERVICE"
    for wrong in (pgt[:-1], receiver.last["pgtIou"], "PGT-x", "王", "x" * 2000):
        assert refused(proxying, wrong, f"{REGISTER}api") == "INVALID_TICKET"
    for query in ("", f"pgt={pgt}", "targetService=x", f"pgt={pgt}&pgt=x&targetService=x"):
        assert b'proxyFailure code="INVALID_REQUEST"' in proxying.programs.get(f"/cas/proxy?{query}").data


def test_a_client_that_is_no_proxy_gets_no_grant(browser: FlaskClient, wang: SignedIn) -> None:
    party = CasParty(browser, f"{REGISTER}home")
    assert party.code(party.ticket(), pgtUrl=f"{REGISTER}pgt") == "UNAUTHORIZED_SERVICE_PROXY"


def test_the_callback_must_be_the_clients_own_and_answer(proxying: CasParty, receiver: Receiver, wang: SignedIn) -> None:
    """Else whoever holds a ticket could have the platform call any address of the inner network (SSRF)."""
    with receiving() as stranger:
        for address in (f"{stranger.origin}/app/pgt", f"{receiver.origin}/elsewhere", f"{REGISTER}pgt", "file:///etc/passwd", "x"):
            assert proxying.code(proxying.ticket(), pgtUrl=address) == "INVALID_PROXY_CALLBACK"
        receiver.status, receiver.location = 302, f"{stranger.origin}/steal"
        assert proxying.code(proxying.ticket(), pgtUrl=f"{receiver.origin}/app/pgt") == "INVALID_PROXY_CALLBACK"
        assert stranger.paths == []
    for status in (204, 404, 500):
        receiver.status = status
        assert proxying.code(proxying.ticket(), pgtUrl=f"{receiver.origin}/app/pgt") == "INVALID_PROXY_CALLBACK"
    # What a failed call had handed over opens nothing.
    assert refused(proxying, receiver.last["pgtId"], f"{REGISTER}api") == "INVALID_TICKET"


def test_the_certificate_of_the_callback_is_checked(
    browser: FlaskClient, wang: SignedIn, services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, expired = certificate(tmp_path), certificate(tmp_path, days=-3)
    wrong = "INVALID_PROXY_CALLBACK"
    for pair, trusted, expected in ((good, good, ""), (good, expired, wrong), (expired, expired, wrong)):
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted[0]))
        callback._trusted.cache_clear()
        with receiving(tls(*pair)) as secure:
            name = f"tls{secure.origin.rpartition(':')[2]}"
            register_cas(services, "assistance", f"{secure.origin}/", CasSettings(proxy=True), name=name)
            party = CasParty(browser, f"{secure.origin}/index")
            if expected:
                assert party.code(party.ticket(), pgtUrl=f"{secure.origin}/pgt") == expected
                assert secure.heard == []
            else:
                assert b"PGTIOU-" in party.validate(party.ticket(), pgtUrl=f"{secure.origin}/pgt").data
    callback._trusted.cache_clear()


def test_plain_http_is_for_loopback_outside_production() -> None:
    for address, allowed in (("http://127.0.0.1:1/x", False), ("http://app.example/x", True)):
        with pytest.raises(callback.CallbackFailedError, match="not https"):
            callback.call_back(address, "PGT-1", "PGTIOU-1", loopback_allowed=allowed)


def test_proxy_grants_are_purged_when_nothing_refers_to_them(
    proxying: CasParty, receiver: Receiver, wang: SignedIn, services: Services, clock: ManualClock
) -> None:
    pgt = pgt_of(proxying, receiver, proxying.ticket())
    proxy_ticket(proxying, pgt, f"{REGISTER}api")
    clock.advance(timedelta(days=1, hours=11))
    services.signon.end_expired(ACTOR)
    assert purge(services) == 3  # two tickets, and the grant that one of them came by


def test_of_an_official_who_signed_in_anew_nothing_old_holds(
    proxying: CasParty, receiver: Receiver, wang: SignedIn, services: Services
) -> None:
    pgt = pgt_of(proxying, receiver, proxying.ticket())
    proxying.browser.get("/cas/logout")
    enter(services, proxying.browser)
    assert refused(proxying, pgt, f"{REGISTER}api") == "INVALID_TICKET"
    assert ticket_in(proxying.login(), proxying.service)
