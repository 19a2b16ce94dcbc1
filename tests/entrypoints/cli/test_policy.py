"""``govcloud policy``: what is in force, what a file would change, and that a wrong file changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from govcloud.app import assemble
from govcloud.authorization.errors import PolicyError
from govcloud.authorization.shipped import baseline
from govcloud.cli.main import main
from govcloud.kernel.errors import Conflict
from govcloud.services import Services
from govcloud.settings import Settings
from tests.factories.world import POLICY, World

Cli = Callable[..., Result]


@pytest.fixture
def cli(settings: Settings, services: Services, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Return the command line; a refused command keeps its error in ``exception``."""
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("GOVCLOUD_MASTER_KEY_FILE", str(settings.master_key_file))
    monkeypatch.setenv("GOVCLOUD_ENVIRONMENT", "test")

    def run(*words: str, typed: str = "") -> Result:
        return CliRunner().invoke(main, ["policy", *words], input=typed, obj=assemble)

    return run


def document(folder: Path, extra: str, *, standing: bool = True) -> str:
    """Write a policy and return its path: the shipped one with ``extra``, and with the province's own roles."""
    base = baseline().extended_by(POLICY, "a") if standing else baseline()
    path = folder / "policy.yaml"
    path.write_text(base.extended_by(extra, "b").text, encoding="utf-8")
    return str(path)


def test_an_empty_platform_shows_and_installs_the_shipped_policy(cli: Cli, services: Services) -> None:
    assert "govcloud:line:approve" in cli("show").output
    assert "no difference" in cli("diff").output
    refused = cli("install", typed="n\n")
    assert refused.exit_code == 1
    assert services.authorization_queries.policy_versions() == ()
    assert "policy 1 is in force" in cli("install", "--yes").output
    assert "policy 1 is in force" in cli("install", typed="y\n").output
    assert cli("show", "--source").output == baseline().text
    assert "system:operator" in cli("show", "--versions").output


def test_a_change_is_shown_and_installed(cli: Cli, services: Services, world: World, tmp_path: Path) -> None:
    assert world.people
    file = document(
        tmp_path, "roles: {exporter: {includes: [housing_clerk], rules: [{allow: ['housing:register:export', 'housing:roof:mend']}]}}"
    )
    shown = cli("diff", file)
    assert shown.exit_code == 1
    assert "+ role exporter" in shown.output
    assert "+ exporter includes housing_clerk" in shown.output
    assert "+ exporter allow housing:register:export" in shown.output
    assert "not in the catalogue, so nobody can use them yet: housing:roof:mend" in shown.output
    assert "policy 2 is in force" in cli("install", file, "--yes").output
    assert "no difference" in cli("diff", file).output
    assert cli("show", "--role", "exporter").output.count("exporter") == 2
    assert "- role exporter" in cli("diff", document(tmp_path, "roles: {}")).output


def test_wrong_files_change_nothing(cli: Cli, services: Services, world: World, tmp_path: Path) -> None:
    assert world.people
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("roles: {a: {rules: [{allow: 'govcloud:*'}]}}", encoding="utf-8")
    for words in (("install", str(wrong), "--yes"), ("diff", str(wrong)), ("test", str(wrong))):
        assert isinstance(cli(*words).exception, PolicyError)
    assert isinstance(cli("install", document(tmp_path, "roles: {}", standing=False), "--yes").exception, Conflict)
    assert cli("install", str(tmp_path / "none.yaml")).exit_code == 2
    assert "no role 'nobody'" in cli("show", "--role", "nobody").output
    assert len(services.authorization_queries.policy_versions()) == 1


def test_the_cases_run_without_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    run = CliRunner().invoke(main, ["policy", "test"], obj=assemble)
    assert run.exit_code == 0
    assert " 0 failed" in run.output
    harsh = tmp_path / "harsh.yaml"
    harsh.write_text(baseline().text + "  barred: {}\n", encoding="utf-8")
    assert CliRunner().invoke(main, ["policy", "test", str(harsh)], obj=assemble).exit_code == 0
    harsh.write_text(baseline().text.replace("resource.installed_version == 0", "resource.installed_version == 7"), encoding="utf-8")
    failed = CliRunner().invoke(main, ["policy", "test", str(harsh)], obj=assemble)
    assert failed.exit_code == 1
    assert "2 failed" in failed.output or "1 failed" in failed.output
