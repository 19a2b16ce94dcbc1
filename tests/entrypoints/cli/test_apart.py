"""``govcloud apart`` and ``govcloud receipt``: proposing, files, who breaks a rule; what is taken out verifies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from govcloud.app import assemble
from govcloud.cli.main import main
from govcloud.kernel.actor import Actor
from govcloud.services import Services
from govcloud.settings import Settings
from tests.factories.apart import ACCEPT, REGISTER, excepted
from tests.factories.requests import granted
from tests.factories.world import World


@pytest.fixture(autouse=True)
def environment(settings: Settings, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command line find the platform of the test."""
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("GOVCLOUD_MASTER_KEY_FILE", str(settings.master_key_file))
    monkeypatch.setenv("GOVCLOUD_ENVIRONMENT", "test")


def run(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(main, [*words], input=typed, obj=assemble)


def test_rules_by_command_and_by_file(services: Services, world: World, tmp_path: Path) -> None:
    granted(services, world)
    proposed = run(
        "apart", "propose", "accept-and-check", "--name", "受理与核对分离", "--function", REGISTER, "--function", ACCEPT, "--reason", "分离"
    )
    assert proposed.exit_code == 0, proposed.output
    assert "1 break it" in proposed.output
    assert "王芳" in proposed.output
    [draft] = services.authorization_queries.apart.drafts()
    assert str(draft.id) in run("apart", "drafts").output
    services.apart.approve_rule(world.security_admin.actor(), draft.id)
    assert "accept-and-check" in run("apart", "rules").output
    shown = run("apart", "show", "accept-and-check").output
    assert "proposed by system:operator" in shown
    checked = run("apart", "check")
    assert checked.exit_code == 1
    assert "! 王芳" in checked.output
    services.apart.look_for_violations(Actor.system("jobs"))
    assert "王芳" in run("apart", "violations").output

    exported = run("apart", "export").output
    file = tmp_path / "rules.yaml"
    file.write_text(exported, encoding="utf-8")
    assert run("apart", "import", str(file)).output == "nothing differs\n"
    file.write_text(
        exported.replace("most: 1", "most: 1\n  ") + "four-eyes: {name: 复核, kind: per_case, reason: 四眼}\n", encoding="utf-8"
    )
    assert "+ four-eyes" in run("apart", "import", str(file), "--dry-run").output
    assert services.authorization_queries.apart.drafts() == ()
    assert run("apart", "import", str(file)).exit_code == 0
    [draft] = services.authorization_queries.apart.drafts()
    assert run("apart", "drop", str(draft.id), "--reason", "再议").output == "dropped\n"
    assert "draft" in run("apart", "propose-end", "accept-and-check", "--reason", "不再需要").output
    for wrong in (
        "- 1",
        "x: {name: 1}",
        "x: {name: n, kind: static, reason: r, more: 1}",
        "\x00",
        "x: {name: n, kind: static, reason: r, most: '2'}",
    ):
        file.write_text(wrong, encoding="utf-8")
        refused = run("apart", "import", str(file))
        assert refused.exit_code == 1
        assert "Error" in refused.output


def test_exceptions_are_listed_and_taken_back(services: Services, world: World) -> None:
    draft_id = run("apart", "propose", "apart", "--name", "规则", "--function", REGISTER, "--function", ACCEPT, "--reason", "分离")
    assert draft_id.exit_code == 0
    services.apart.approve_rule(world.security_admin.actor(), services.authorization_queries.apart.drafts()[0].id)
    exception_id = excepted(services, world, world.wang, "apart")
    listed = run("apart", "exceptions").output
    assert str(exception_id) in listed
    assert "吴晓燕" in listed
    assert run("apart", "end-exception", str(exception_id), "--reason", "收回", typed="n\n").exit_code == 1
    assert run("apart", "end-exception", str(exception_id), "--reason", "收回", "--yes").output == "ended\n"
    assert run("apart", "end-exception", str(exception_id), "--reason", "收回", "--yes").output == "it had ended already\n"


def test_receipts_and_keys_are_taken_out_and_verify(services: Services, world: World, tmp_path: Path) -> None:
    granted(services, world)
    line = services.access_queries.my_requests(world.wang.official_id).entries[0].lines[0]
    receipt, keys = tmp_path / "receipt.json", tmp_path / "keys.json"
    receipt.write_text(run("receipt", "show", str(line.id)).output, encoding="utf-8")
    keys.write_text(run("receipt", "keys").output, encoding="utf-8")
    done = run("receipt", "verify", str(receipt), "--keys", str(keys))
    assert done.exit_code == 0, done.output
    assert "李强" in done.output
    document = json.loads(receipt.read_text(encoding="utf-8"))
    document["signatures"][0]["signature"] = document["signatures"][0]["signature"][::-1]
    receipt.write_text(json.dumps(document), encoding="utf-8")
    assert run("receipt", "verify", str(receipt), "--keys", str(keys)).exit_code == 1
    receipt.write_text("{", encoding="utf-8")
    assert run("receipt", "verify", str(receipt), "--keys", str(keys)).exit_code == 1
