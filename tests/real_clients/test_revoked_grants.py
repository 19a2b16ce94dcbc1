"""A grant lets somebody into a subsystem that never asks the platform; it is revoked, and Apache's modules turn the next click away."""

from __future__ import annotations

import httpx
import pytest

from govcloud.access.commands import NewRequest, Submitted
from govcloud.authorization.scopes.scope import PROVINCE
from govcloud.services import Services
from govcloud.signon.logout.views import NoticeState
from govcloud.subsystems.inputs import NewFunction, NewItem, NewSubsystem
from tests.factories.world import SEED, World, bring_into_service
from tests.real_clients.apache import Ports
from tests.real_clients.conftest import Browser, Town

pytestmark = [pytest.mark.clients, pytest.mark.timeout(120), pytest.mark.usefixtures("trusting")]

DOOR = "ledger:door:enter"
SITES = {"apache-oidc": "oidc", "apache-cas": "cas"}


@pytest.fixture
def level() -> int:
    """Return the integration level of the old subsystem."""
    return 0


@pytest.fixture
def owners(services: Services, world: World, ports: Ports, level: int) -> tuple[str, str]:
    """Register the old subsystem, into which nobody's duties lead; both sites are its doors."""
    new = NewSubsystem("ledger", "旧台账系统", world.organisation.ids["housing"], level, launch_url=f"https://localhost:{ports.oidc}/")
    services.subsystems.register_subsystem(SEED, new)
    services.subsystems.add_functions(SEED, [NewFunction(DOOR, "进入旧台账系统", integration_level=level)])
    item = NewItem(DOOR, "进入旧台账系统", "台账全部栏目", tier="one", max_days=30, scope_kind="none")
    services.subsystems.offer_items(SEED, [item])
    world.items[DOOR] = item.id
    return "ledger", "ledger"


def page(town: Town, site: str) -> str:
    return f"https://localhost:{getattr(town.ports, SITES[site])}/protected/page"


def asked(town: Town) -> Submitted:
    """Take the subsystem, which has its clients by now, into service, and let 王芳 ask for its door."""
    bring_into_service(town.services.subsystems, "ledger")
    new = NewRequest(town.world.items[DOOR], "核对旧台账", 5, PROVINCE)
    return town.services.access.submit(town.world.wang.actor(), new)


def refused(answer: httpx.Response, town: Town) -> bool:
    """Return whether the platform's own page says no."""
    return answer.status_code == 403 and str(answer.url).startswith(town.issuer)


def receipt(browser: Browser, town: Town, line: object) -> str:
    """Return what the approver reads of the line."""
    return browser.open(f"{town.issuer}/inbox/{line}", "LIQIANG").text


@pytest.mark.parametrize("level", [0, 1])
@pytest.mark.parametrize("site", SITES)
def test_a_grant_works_at_once_and_is_gone_at_once(town: Town, site: str) -> None:
    services, world = town.services, town.world
    browser = town.browser()
    assert refused(browser.open(page(town, site), "WANGFANG"), town)
    submitted = asked(town)
    grant = services.access.approve(world.li.actor(), submitted.line_id, 1).grant_id
    assert grant is not None
    entered = browser.open(page(town, site))
    assert entered.json()["path"] == "/protected/page"

    services.access.revoke(world.li.actor(), grant, "不再需要")
    town.deliver()
    assert refused(browser.open(page(town, site)), town)
    [notice] = services.logout_queries.of_grants([grant])[grant]
    assert (notice.client_id, notice.cause, notice.state) == (site, "grant_closed", NoticeState.ACKNOWLEDGED)
    # mod_auth_cas takes the ticket out of its cache while it sends the one who told it, who has no cookie, to sign in.
    assert notice.answer == {"apache-oidc": "HTTP 200", "apache-cas": "HTTP 302"}[site]
    assert notice.acknowledged_at is not None
    # The session at the platform goes on, and the approver's page keeps what the subsystem answered.
    assert browser.open(f"{town.issuer}/").url.path == "/"
    assert "已确认退出" in receipt(town.browser(), town, submitted.line_id)


def test_whoever_is_in_by_both_doors_is_out_of_both(town: Town) -> None:
    services, world = town.services, town.world
    grant = services.access.approve(world.li.actor(), asked(town).line_id, 1).grant_id
    assert grant is not None
    browser = town.browser()
    for site in SITES:
        assert browser.open(page(town, site), "WANGFANG").status_code == 200
    services.access.revoke(world.li.actor(), grant, "不再需要")
    town.deliver()
    assert {notice.client_id: notice.state for notice in services.logout_queries.of_grants([grant])[grant]} == dict.fromkeys(
        SITES, NoticeState.ACKNOWLEDGED
    )
    for site in SITES:
        assert refused(browser.open(page(town, site)), town)
