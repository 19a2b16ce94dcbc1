"""Network zones in a policy: a name that is none of them is found when it is saved, not when a rule fails to forbid something."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from govcloud.authorization.drafting.service import NewDraft
from govcloud.authorization.errors import PolicyError
from govcloud.authorization.shipped import baseline
from govcloud.services import Services
from govcloud.settings import Settings
from tests.factories.policies import OPERATOR, drafted, province_policy
from tests.factories.world import World


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Return settings with two zones."""
    zones = {"office": (ip_network("10.0.0.0/8"),), "government_extranet": (ip_network("172.16.0.0/12"),)}
    return settings.model_copy(update={"network_zones": zones})


def only(condition: str) -> str:
    rule = f"{{allow: 'housing:register:read', when: '{condition}'}}"
    return province_policy(f"roles: {{housing_clerk: {{name: 住房保障经办, rules: [{rule}]}}}}").text


def test_a_draft_that_names_no_zone_is_not_submitted(services: Services, world: World) -> None:
    """Of a deny rule it would be silent: it would never forbid."""
    maker = world.security_admin
    draft_id = drafted(services, maker, only('context.workday and context.network_zone in ["office", "offise"]'))
    (finding,) = services.draft_queries.findings(draft_id)
    for word in ("offise", "office", "government_extranet", "outside"):
        assert word in str(finding.message)
    text = services.draft_queries.text(draft_id)
    assert finding.line is not None
    assert finding.column is not None
    assert text.splitlines()[finding.line - 1][finding.column - 1 :].startswith('["office"')
    with pytest.raises(PolicyError, match="offise"):
        services.drafting.submit(maker.actor(), draft_id, 1)
    with pytest.raises(PolicyError, match="offise"):
        services.drafting.start_shadow(maker.actor(), draft_id, 1)
    good = NewDraft("x", "y", only('context.network_zone in ["office", "outside"]'))
    assert services.drafting.change(maker.actor(), draft_id, 1, good) == 2
    assert services.draft_queries.findings(draft_id) == ()
    assert services.drafting.submit(maker.actor(), draft_id, 2).cases > 50


def test_the_first_policy_is_held_to_the_zones_as_well(services: Services) -> None:
    wrong = "roles: {a: {rules: [{deny: 'housing:register:read', when: 'context.network_zone == \"home\"'}]}}"
    with pytest.raises(PolicyError, match="home"):
        services.authorization.install_policy(OPERATOR, baseline().extended_by(wrong, "zones"))
    services.authorization.install_policy(OPERATOR, baseline().extended_by(wrong.replace("home", "office"), "zones"))
