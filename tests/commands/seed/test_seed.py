"""Seeding is all or nothing, and what it gives back is kept from others' eyes."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from govcloud.authorization.errors import PolicyError
from govcloud.cli.seed.command import keep_secrets
from govcloud.cli.seed.loader import load
from govcloud.cli.seed.plan import Plan
from govcloud.cli.seed.report import SeedReport
from govcloud.services import Services
from tests.factories.seeded import SMALL, XIHU, silent


def test_a_failure_leaves_the_platform_empty_and_ready_for_another_try(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan(SMALL, 1)
    monkeypatch.setattr(type(plan.duties), "policy_text", lambda _self: "roles: {broken: [1]}")
    with pytest.raises(PolicyError):
        load(services, plan, silent, {})
    assert services.identity_queries.division(XIHU) is None
    monkeypatch.undo()
    # The examples may run elsewhere than on their usual ports.
    load(services, Plan(SMALL, 1), silent, {"housing": "http://127.0.0.1:18001/"})
    housing = services.subsystem_queries.client_by_client_id("housing")
    assert housing is not None
    assert housing.redirect_uris == ("http://127.0.0.1:18001/govcloud/callback",)


def test_secrets_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text("older and longer than what is written now, readable by all" * 3)
    path.chmod(0o644)
    keep_secrets(SeedReport((), {"housing": "s3cret"}), path)
    assert json.loads(path.read_text()) == {"housing": "s3cret"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
