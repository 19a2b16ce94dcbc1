"""Whether a subsystem has heard of what it was promised, on its page."""

from __future__ import annotations

import psycopg

from govcloud.services import Services
from tests.factories.browsing import Visitor, said
from tests.factories.requests import granted
from tests.factories.world import World


def test_the_page_says_what_a_subsystem_has_not_heard(system: Visitor, services: Services, world: World, superuser_url: str) -> None:
    subsystem = services.subsystem_queries.subsystem("housing")
    assert subsystem is not None
    page = f"/console/subsystems/details/?id={subsystem.id}"
    assert "通知送达" not in said(system.get(page)), "it has no address"
    with psycopg.connect(superuser_url.replace("+psycopg", ""), autocommit=True) as owner:
        owner.execute("UPDATE subsystem SET webhook_url = 'https://housing.example/hook' WHERE code = 'housing'")
        assert "全部已送达" in said(system.get(page))
        granted(services, world)
        text = said(system.get(page))
        assert "2 条未送达" in text
        assert "已试" not in text
        owner.execute("UPDATE outbox_message SET attempts = 3, last_error = 'HTTP 503' WHERE destination = 'subsystem:housing'")
        text = said(system.get(page))
        assert "已试 3 次" in text
        assert "HTTP 503" in text
