"""``govcloud policy``: what is in force, what a file would change, and that a wrong file changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from govcloud.app import assemble
from govcloud.authorization.deciding.decisions import Question
from govcloud.authorization.errors import PolicyError
from govcloud.authorization.shipped import baseline
from govcloud.cli.main import main
from govcloud.kernel.errors import Conflict, Denied, NotFound
from govcloud.services import Services
from govcloud.settings import Settings
from tests.factories.people import an_official
from tests.factories.policies import drafted, province_policy, put_in_force, second_officer, shown
from tests.factories.world import SEED, World

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
    base = province_policy() if standing else baseline()
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
    assert isinstance(cli("install", file, "--yes").exception, Denied)
    assert services.draft_queries.live_number() == 1


def test_a_file_becomes_a_draft_that_two_officers_bring_in(cli: Cli, services: Services, world: World, tmp_path: Path) -> None:
    file = document(tmp_path, "roles: {exporter: {includes: [housing_clerk], rules: [{allow: ['housing:register:export']}]}}")
    tried = cli("import", file, "--reason", "试试", "--dry-run")
    assert tried.exit_code == 0, tried.output
    assert "0 of 11 appointments are touched" in tried.output
    assert services.draft_queries.drafts() == ()
    imported = cli("import", file, "--reason", "开放导出", "--title", "导出")
    assert "+ role exporter" in imported.output
    assert "there is one security officer" in imported.output
    (theirs,) = services.draft_queries.drafts()
    assert (theirs.title, theirs.created_by, theirs.maker_id) == ("导出", "system:operator", None)
    maker, checker = world.security_admin, second_officer(services, world)
    mine = services.drafting.copy(maker.actor(), theirs.id)
    services.drafting.work_out(maker.actor(), mine)
    services.drafting.submit(maker.actor(), mine, 1)
    assert isinstance(cli("apply", str(mine), "--yes").exception, Conflict)
    services.drafting.approve(checker.actor(), mine, shown(services, mine))
    assert "approved" in cli("apply", str(mine), "--dry-run").output
    assert services.draft_queries.live_number() == 1
    assert "policy 2 is in force" in cli("apply", str(mine), "--yes").output
    assert "no difference" in cli("diff", file).output
    assert cli("show", "--role", "exporter").output.count("exporter") == 1
    assert "- role exporter" in cli("diff", document(tmp_path, "roles: {}")).output
    assert "吴晓燕" in cli("show", "--versions").output
    assert "thrown away" in cli("discard", str(theirs.id), "--reason", "已由他人采用").output
    assert "discarded" in cli("drafts", "--over").output


def test_whom_a_file_would_touch_is_shown_by_name(cli: Cli, world: World, tmp_path: Path) -> None:
    assert world.people
    file = document(tmp_path, "roles: {housing_clerk: {name: 住房保障经办, rules: [{allow: ['housing:door:enter']}]}}")
    found = cli("diff", file, "--people")
    assert found.exit_code == 1
    assert "1 of 11 appointments are touched" in found.output
    assert "housing:register:read\t0\t1\t0" in found.output
    assert "陈杰" in found.output


def test_what_was_in_force_comes_back(cli: Cli, services: Services, world: World, tmp_path: Path) -> None:
    put_in_force(services, world, province_policy("roles: {visitor: {name: 访客, rules: [{allow: ['housing:guide:read']}]}}").text)
    first = tmp_path / "first.yaml"
    assert "lines" in cli("export", "--version", "1", "-o", str(first)).output
    assert first.read_text(encoding="utf-8") == province_policy().text
    assert cli("export").output != first.read_text(encoding="utf-8")
    assert "appointments are touched" in cli("rollback", "1", "--reason", "改错了", "--dry-run").output
    assert "draft" in cli("rollback", "1", "--reason", "改错了").output
    assert cli("rollback", "1", "--reason", "改错了", "--emergency", typed="n\n").exit_code == 1
    assert services.draft_queries.live_number() == 2
    assert "policy 3 is in force" in cli("rollback", "1", "--reason", "影响办事", "--emergency", "--yes").output
    assert "emergency" in cli("show", "--versions").output
    assert cli("export").output == first.read_text(encoding="utf-8")


def test_a_draft_is_exported_and_tested(cli: Cli, services: Services, world: World) -> None:
    draft_id = drafted(services, world.security_admin, province_policy().text)
    assert cli("export", "--draft", str(draft_id)).output == province_policy().text
    assert " 0 failed" in cli("test", "--draft", str(draft_id)).output
    assert "no difference" in cli("diff", "--draft", str(draft_id)).output
    assert cli("export", "--draft", str(draft_id), "--version", "1").exit_code == 2


def test_wrong_files_change_nothing(cli: Cli, services: Services, world: World, tmp_path: Path) -> None:
    assert world.people
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("roles: {a: {rules: [{allow: 'govcloud:*'}]}}", encoding="utf-8")
    for words in (("install", str(wrong), "--yes"), ("diff", str(wrong)), ("test", str(wrong))):
        assert isinstance(cli(*words).exception, PolicyError)
    assert isinstance(cli("install", document(tmp_path, "roles: {}", standing=False), "--yes").exception, Denied)
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
    assert " 3 failed" in failed.output


def test_a_shadow_is_started_looked_at_and_ended(cli: Cli, services: Services, world: World) -> None:
    fewer = "roles: {housing_clerk: {name: 住房保障经办, rules: [{allow: ['housing:door:enter'], scope: own_division}]}}"
    draft_id = str(drafted(services, world.security_admin, province_policy(fewer).text))
    assert "never run" in cli("shadow", "show", draft_id).output
    assert "none is running" in cli("shadow", "end", draft_id).output
    assert cli("shadow", "start", draft_id, "--hours", "400").exit_code == 2
    assert "runs until" in cli("shadow", "start", draft_id, "--hours", "2").output
    assert isinstance(cli("shadow", "start", draft_id).exception, Conflict)
    chen = world.people["CHENJIE"]
    question = Question("housing:register:read", chen.appointment_id, chen.official_id)
    services.shadowing.note(question)
    services.shadowing.look()
    services.given_out.note(question, services.authorization.decide(question), "housing-web")
    services.shadowing.work()
    shown = cli("shadow", "show", draft_id).output
    assert "1 questions decided twice, 1 differed; 0 more were not looked at" in shown
    assert "housing:register:read\tallowed\tno_permission\t1\t" in shown
    assert "陈杰\thousing:register:read\t\tallowed\tno_permission" in shown
    assert "陈杰" not in cli("shadow", "show", draft_id, "--samples", "0").output
    ended = cli("shadow", "end", draft_id)
    assert ", ended " in ended.output
    assert "1 differed" in ended.output
    assert isinstance(cli("shadow", "show", str(uuid4())).exception, NotFound)


def test_whom_a_file_would_touch_for_programs_and_whole(cli: Cli, services: Services, world: World, tmp_path: Path) -> None:
    rows = [an_official(world.organisation.ids["xihu_housing"]) for _ in range(25)]
    services.identity.register_officials(SEED, rows)
    for row in rows:
        services.authorization.assign_role(SEED, row.id, "housing_clerk", row.appointments[0].id, reason="岗位")
    file = document(tmp_path, "roles: {housing_clerk: {name: 住房保障经办, rules: [{allow: ['housing:door:enter']}]}}")
    first, whole = cli("diff", file, "--people").output, cli("diff", file, "--all").output
    assert "and 6 more" in first
    assert "more" not in whole
    assert sum(row.employee_code in first for row in rows) < 25
    assert all(row.employee_code in whole for row in rows)
    read = cli("diff", file, "--all", "--json")
    assert read.exit_code == 1
    found = json.loads(read.stdout)
    assert found["impact"]["touched"] == 26
    assert {person["employee_code"] for group in found["impact"]["groups"] for person in group["people"]} >= {
        row.employee_code for row in rows
    }
    assert {"function": "housing:register:read", "gain": 0, "lose": 26, "other": 0, "parts": 0} in found["impact"]["functions"]
    assert any(line.startswith("- housing_clerk allow housing:register:read") for line in found["difference"])
    plain = json.loads(cli("diff", file, "--json").stdout)
    assert plain["impact"] is None
    assert json.loads(cli("diff", file, "--impact", "--json").stdout)["impact"]["groups"][0]["people"] == []


def test_an_emergency_says_whom_it_touches_before_it_asks(cli: Cli, services: Services, world: World) -> None:
    put_in_force(services, world, province_policy("roles: {housing_clerk: {rules: [{allow: ['housing:register:export']}]}}").text)
    asked = cli("rollback", "1", "--reason", "改错了", "--emergency", typed="n\n")
    assert asked.output.index("1 of 11 appointments are touched") < asked.output.index("put version 1 in force at once")
    assert services.draft_queries.live_number() == 2
    assert "appointments are touched" not in cli("rollback", "1", "--reason", "影响办事", "--emergency", "--yes").output
    assert services.draft_queries.live_number() == 3
