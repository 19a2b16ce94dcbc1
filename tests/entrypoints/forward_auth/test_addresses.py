"""From which address somebody comes to an application behind a proxy: it counts from a proxy that is entrusted with telling it alone."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask import Flask

from govcloud.authorization.shipped import baseline
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.signon.forwarding.service import READ_AGAIN
from govcloud.subsystems.protocols import ForwardAuthSettings
from tests.entrypoints.forward_auth.conftest import CLIENT, Proxy, local, register_application, sign_in
from tests.factories.browsing import counted
from tests.factories.policies import install
from tests.factories.world import POLICY, World

OFFICE, HOME = "10.1.2.3", "203.0.113.9"
#: 王芳 may enter from anywhere, and read cases at the office alone.
AT_THE_OFFICE = """
roles:
  counter_clerk:
    rules:
      - {allow: [assistance:door:enter]}
      - {allow: [assistance:case:read], when: context.network_zone == "office"}
"""
DOOR_AT_THE_OFFICE = """
roles:
  counter_clerk:
    rules:
      - {allow: [assistance:door:enter], when: context.network_zone == "office"}
"""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Return settings with two zones; what peers of the platform itself are is a zone, too."""
    zones = {"office": (ip_network("10.0.0.0/8"),), "machines": (ip_network("127.0.0.0/8"),)}
    return settings.model_copy(update={"network_zones": zones})


def entrust(services: Services, world: World, *roles: str) -> None:
    services.subsystems.entrust_client(world.security_admin.actor(), CLIENT, roles, "前置代理如实转告来访地址")


def a_proxy(app: Flask, services: Services, policy: str = AT_THE_OFFICE) -> Proxy:
    """Return the proxy of an application whose cases need a function; 王芳 is signed in at the platform."""
    install(services, baseline().extended_by(POLICY, "a").extended_by(policy, "b"))
    rules = (("/case", "assistance:case:read"),) if "case:read" in policy else ()
    proxy = Proxy(app, register_application(services, ForwardAuthSettings(rules=rules)))
    sign_in(services, proxy.at_platform)
    return proxy


def seen(proxy: Proxy, uri: str = "/case", **headers: str) -> int:
    return proxy.check(uri, **headers).status_code


def test_a_rule_on_the_zone_opens_and_closes_as_the_device_moves(app: Flask, services: Services, world: World) -> None:
    proxy = a_proxy(app, services)
    entrust(services, world, "address_source")
    proxy.enter()
    assert seen(proxy, X_Govcloud_Client_Address=OFFICE) == 200
    assert seen(proxy, X_Govcloud_Client_Address=HOME) == 403
    assert seen(proxy, X_Govcloud_Client_Address=f"::ffff:{OFFICE}") == 200, "the same address, written as one of version 6"
    assert seen(proxy) == 403, "an address that is not told is in no zone"
    assert seen(proxy, "/", X_Govcloud_Client_Address=HOME) == 200, "the door asks for no zone"


def test_a_proxy_that_is_not_entrusted_tells_no_address(app: Flask, services: Services, world: World) -> None:
    """Its settings may be older than the header, and hand on what a browser wrote there."""
    proxy = a_proxy(app, services)
    proxy.enter()
    forged = {"X_Govcloud_Client_Address": OFFICE, "X_Forwarded_For": OFFICE, "Forwarded": f"for={OFFICE}", "X_Real_Ip": OFFICE}
    assert seen(proxy, **forged) == 403
    entrust(services, world, "provisioning")
    assert seen(proxy, **forged) == 403


def test_what_other_headers_say_does_not_count(app: Flask, services: Services, world: World) -> None:
    """Neither what somebody before the proxy claims, nor the machine that asks: that stands in the government's network."""
    proxy = a_proxy(app, services, AT_THE_OFFICE.replace('"office"', '"machines"'))
    entrust(services, world, "address_source")
    proxy.enter()
    assert seen(proxy) == 403, "the proxy's own address is not the person's"
    assert seen(proxy, X_Forwarded_For="127.0.0.1", X_Real_Ip="127.0.0.1", Forwarded="for=127.0.0.1") == 403
    assert seen(proxy, X_Govcloud_Client_Address="127.0.0.1") == 200


@pytest.mark.parametrize("told", [f"{OFFICE}, {HOME}", "office", "unix:", "10.0.0.0/8", "010.1.2.3", f"{OFFICE}:443", "1" * 5000])
def test_what_is_not_one_address_lets_nobody_in(app: Flask, services: Services, world: World, told: str) -> None:
    proxy = a_proxy(app, services)
    entrust(services, world, "address_source")
    proxy.enter()
    assert seen(proxy, X_Govcloud_Client_Address=told) == 400


def test_trust_that_is_taken_away_is_gone_at_the_next_request(app: Flask, services: Services, world: World, clock: ManualClock) -> None:
    proxy = a_proxy(app, services)
    proxy.enter()
    assert seen(proxy, X_Govcloud_Client_Address=OFFICE) == 403
    entrust(services, world, "address_source")
    clock.advance(READ_AGAIN)
    assert seen(proxy, X_Govcloud_Client_Address=OFFICE) == 200
    entrust(services, world)
    assert seen(proxy, X_Govcloud_Client_Address=OFFICE) == 403


def test_a_door_is_remembered_for_one_address_alone(app: Flask, services: Services, world: World, clock: ManualClock) -> None:
    proxy = a_proxy(app, services, DOOR_AT_THE_OFFICE)
    entrust(services, world, "address_source")
    asked = proxy.check("/", X_Govcloud_Client_Address=OFFICE)
    started = proxy.at_platform.get(local(asked.headers["X-Govcloud-Location"]), environ_base={"REMOTE_ADDR": OFFICE})
    assert proxy.come_back(started).status_code == 303
    assert seen(proxy, "/", X_Govcloud_Client_Address=OFFICE) == 200
    assert seen(proxy, "/", X_Govcloud_Client_Address=HOME) == 403, "a cookie that was carried away"
    with counted() as statements:
        assert seen(proxy, "/", X_Govcloud_Client_Address=OFFICE) == 200
    assert len(statements) == 2, statements  # the session, and whether the proxy is still trusted
    clock.advance(timedelta(seconds=31))
    assert seen(proxy, "/", X_Govcloud_Client_Address=HOME) == 403


def test_a_device_that_the_platform_sees_elsewhere_goes_round_in_no_circle(app: Flask, services: Services, world: World) -> None:
    """The page decides as the check did, by the address of the check, and by no other that somebody writes there."""
    proxy = a_proxy(app, services)
    entrust(services, world, "address_source")
    proxy.enter()
    location = proxy.check("/case", X_Govcloud_Client_Address=HOME).headers["X-Govcloud-Location"]
    at_office = {"environ_base": {"REMOTE_ADDR": OFFICE}}
    page = proxy.at_platform.get(local(location), **at_office)
    assert page.status_code == 403
    # From the office the way leads on; an address without its seal, or with that of another one, is none.
    given = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    application = services.subsystem_queries.client_by_client_id(CLIENT)
    assert application is not None
    mended = dict(services.forwarding.seen_from(application, OFFICE))
    assert proxy.at_platform.get(f"/forward-auth/refused?{urlencode(given | mended)}").status_code == 303
    seal = given["from"].rpartition("~")[2]
    for forged in (OFFICE, f"{OFFICE}~{seal}", f"{OFFICE}~", "~", mended["from"][:-1]):
        assert proxy.at_platform.get(f"/forward-auth/refused?{urlencode(given | {'from': forged})}").status_code == 403, forged
    del given["from"]
    assert proxy.at_platform.get(f"/forward-auth/refused?{urlencode(given)}", **at_office).status_code == 403
