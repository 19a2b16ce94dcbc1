"""``govcloud policy duties``: what a rule would do is shown before it is added, and before it is ended."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from govcloud.app import assemble
from govcloud.cli.main import main
from govcloud.kernel.errors import Invalid
from govcloud.services import Services
from govcloud.settings import Settings
from tests.factories.policies import install, province_policy
from tests.factories.world import World

COUNTER = ("housing_clerk", "--position", "窗口受理员", "--line", "民政")


@pytest.fixture(autouse=True)
def environment(settings: Settings, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command line find the platform of the test."""
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("GOVCLOUD_MASTER_KEY_FILE", str(settings.master_key_file))
    monkeypatch.setenv("GOVCLOUD_ENVIRONMENT", "test")


def duties(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(main, ["policy", "duties", *words], input=typed, obj=assemble)


def test_from_preview_to_end(services: Services, world: World) -> None:
    shown = duties("preview", *COUNTER)
    assert shown.exit_code == 0, shown.output
    assert "2 appointments match, 2 gain the role, 0 lose it" in shown.output
    assert "王芳" in shown.output
    assert services.authorization_queries.duties.rules().rows == ()
    declined = duties("add", *COUNTER, typed="n\n")
    assert declined.exit_code == 1
    assert services.authorization_queries.duties.rules().rows == ()
    added = duties("add", *COUNTER, "--until", "2027-01-01T00:00+0800", "--yes")
    assert added.exit_code == 0, added.output
    [duty] = services.authorization_queries.duties.rules().rows
    assert duty.ends_at is not None
    assert duty.ends_at.isoformat() == "2026-12-31T16:00:00+00:00"
    listed = duties("list")
    assert str(duty.id) in listed.output
    assert "窗口受理员 & 民政" in listed.output
    narrower = ("--division", "330106000000", "--instead-of", str(duty.id), "--yes")
    changed = duties("add", *COUNTER, *narrower)
    assert "0 gain the role, 1 lose it" in changed.output
    second = next(found for found in services.authorization_queries.duties.rules().rows if found.id != duty.id)
    ended = duties("end", str(second.id), "--reason", "不再需要", "--yes")
    assert ended.output.endswith("ended\n")
    assert "housing_clerk" not in duties("list").output
    assert str(duty.id) in duties("list", "--ended").output


def test_a_duty_that_nothing_would_keep_to_is_not_bound(services: Services, world: World) -> None:
    install(services, province_policy("roles: {guide: {name: 指南查阅, rules: [{allow: 'housing:guide:read'}]}}"))
    refused = duties("add", "guide", "--position", "窗口受理员", "--bound", "--yes")
    assert isinstance(refused.exception, Invalid)
    [finding] = refused.exception.fields
    assert finding.field == "bound"
    assert "housing:guide:read" in str(finding.message)
    assert "L0" in str(finding.message)


def test_what_is_wrong(world: World) -> None:
    assert isinstance(duties("add", "audit_admin", "--position", "审计管理员", "--yes").exception, Invalid)
    assert "no department has" in duties("preview", "housing_clerk", "--department", "91330100000000000X").output
    assert duties("preview", "housing_clerk", "--from", "tomorrow").exit_code == 2
