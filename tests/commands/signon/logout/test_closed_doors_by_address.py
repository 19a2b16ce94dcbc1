"""A door whose rule names a network is asked again from where somebody entered, which need not be where they signed in."""

from __future__ import annotations

from ipaddress import ip_network

import psycopg
import pytest

from govcloud.jobs.close_stays import close_stays
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.signon.errors import NotAdmitted
from govcloud.signon.logout.closed_doors import LOOK_AT_ALL
from govcloud.signon.sessions import CurrentSession
from tests.commands.signon.conftest import ADDRESS
from tests.commands.signon.logout.test_stays import a_subsystem, client
from tests.factories.policies import install, province_policy
from tests.factories.receiving import Listener, enter
from tests.factories.world import World

OFFICE, NEXT_DOOR = "10.1.2.3", "10.9.9.9"
IN_ZONE = """
roles:
  ledger_reader: {{name: 台账查阅, rules: [{{allow: "ledger:door:enter", when: 'context.network_zone == "{zone}"'}}]}}
"""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Return settings with an office, in which 王芳 did not sign in."""
    zones = {"office": (ip_network("10.0.0.0/8"),), "hall": (ip_network("172.16.0.0/12"),)}
    return settings.model_copy(update={"network_zones": zones})


@pytest.fixture
def ledger(services: Services, world: World, listener: Listener) -> World:
    """Return the province with an old subsystem that is open in the office."""
    install(services, province_policy(IN_ZONE.format(zone="office")))
    a_subsystem(services, world, listener, 1)
    services.authorization.assign_role(world.security_admin.actor(), world.wang.official_id, "ledger_reader", until=None, reason="查台账")
    return world


def looked_at_anew(services: Services, clock: ManualClock) -> int:
    clock.advance(LOOK_AT_ALL)
    return close_stays(services)


def test_whoever_entered_from_an_open_network_stays_wherever_they_signed_in(
    services: Services, ledger: World, session: CurrentSession, clock: ManualClock, superuser_url: str
) -> None:
    with pytest.raises(NotAdmitted):
        enter(services, session, client(services), ADDRESS)
    sid = enter(services, session, client(services), OFFICE)
    assert looked_at_anew(services, clock) == 0
    # The last entry counts; it is the same stay.
    assert enter(services, session, client(services), NEXT_DOOR) == sid
    with psycopg.connect(superuser_url.replace("+psycopg", "")) as hand:
        assert hand.execute("SELECT source_address FROM participant").fetchall() == [(NEXT_DOOR,)]
    assert looked_at_anew(services, clock) == 0
    install(services, province_policy(IN_ZONE.format(zone="hall")))
    assert close_stays(services) == 1


def test_a_stay_of_which_the_address_is_not_known_outlives_conditions_and_nothing_else(
    services: Services, ledger: World, session: CurrentSession, clock: ManualClock, superuser_url: str
) -> None:
    enter(services, session, client(services), OFFICE)
    with psycopg.connect(superuser_url.replace("+psycopg", ""), autocommit=True) as hand:
        hand.execute("UPDATE participant SET source_address = NULL")
    install(services, province_policy(IN_ZONE.format(zone="hall")))
    assert looked_at_anew(services, clock) == 0
    install(services, province_policy("roles: {ledger_reader: {name: 台账查阅, rules: []}}"))
    assert close_stays(services) == 1
