"""``govcloud audit`` from a shell: seal, verify, take evidence out, read; errors are one line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import create_engine, text

from govcloud.app import assemble
from govcloud.cli.main import main
from govcloud.kernel.provisioning import engine_url
from govcloud.settings import Settings

CHECKPOINT = re.compile(r"checkpoint: ([0-9]+:[0-9a-f]{64})")


@pytest.fixture
def govcloud(app: Flask, settings: Settings) -> Callable[..., Result]:
    """Return what runs a command line on the platform of the test."""
    env = {
        "DATABASE_URL": settings.database_url,
        "GOVCLOUD_MASTER_KEY_FILE": str(settings.master_key_file),
        "GOVCLOUD_ENVIRONMENT": "test",
        "GOVCLOUD_PUBLIC_URL": settings.public_url,
    }

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, words, obj=assemble, env=env)

    return run


def checkpoint(result: Result) -> str:
    found = CHECKPOINT.search(result.output)
    assert found is not None, result.output
    return found[1]


def test_seal_then_verify_and_go_on_from_the_kept_checkpoint(govcloud: Callable[..., Result]) -> None:
    sealed = govcloud("audit", "seal")
    assert sealed.exit_code == 0, sealed.output
    verified = govcloud("audit", "verify")
    assert verified.exit_code == 0, verified.output
    assert "nothing was altered" in verified.output
    kept = checkpoint(sealed)
    assert checkpoint(verified) == kept
    govcloud("audit", "seal")  # the verification itself stands in the record now
    assert govcloud("audit", "verify", "--since", kept).exit_code == 0
    other = kept[:-1] + ("0" if kept[-1] != "0" else "1")
    forked = govcloud("audit", "verify", "--since", other)
    assert forked.exit_code == 1
    assert "history_rewritten" in forked.output


def test_verify_names_what_was_altered(govcloud: Callable[..., Result], superuser_url: str) -> None:
    govcloud("audit", "seal")
    engine = create_engine(engine_url(superuser_url))
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit_event DISABLE TRIGGER ALL"))
        connection.execute(text("UPDATE audit_event SET subject = 'somebody:else'"))
    engine.dispose()
    result = govcloud("audit", "verify")
    assert result.exit_code == 1
    assert "column_edited  seq 0" in result.output
    assert "the record does not hold" in result.output


def test_the_trail_is_lines_of_json_and_a_bundle_verifies_without_a_database(govcloud: Callable[..., Result], tmp_path: Path) -> None:
    trail = govcloud("audit", "trail", "--actor", "system:operator", "--limit", "5")
    assert trail.exit_code == 0, trail.output
    assert {json.loads(line)["actor_kind"] for line in trail.output.splitlines()} == {"system"}
    govcloud("audit", "seal")
    file = tmp_path / "evidence.json"
    assert govcloud("audit", "bundle", "-o", str(file)).exit_code == 0
    alone = CliRunner().invoke(main, ["audit", "verify", "--bundle", str(file)], env={"DATABASE_URL": "", "GOVCLOUD_MASTER_KEY_FILE": ""})
    assert alone.exit_code == 0, alone.output
    assert "nothing was altered" not in alone.output
    assert "the file agrees with itself" in alone.output
    held = CliRunner().invoke(main, ["audit", "verify", "--bundle", str(file), "--since", checkpoint(alone)])
    assert "nothing was altered since the checkpoint" in held.output
    bundle = json.loads(file.read_text(encoding="utf-8"))
    bundle["events"][0]["canonical"] += " "
    file.write_text(json.dumps(bundle), encoding="utf-8")
    forged = govcloud("audit", "verify", "--bundle", str(file))
    assert forged.exit_code == 1
    assert "proof_wrong" in forged.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("verify", "--since", "nonsense"), "is not a checkpoint"),
        (("verify", "--bundle", "no/such/file"), "does not exist"),
        (("trail", "--chain", "a", "--subject", "b"), "give one of"),
        (("trail", "--limit", "0"), "0 is not in the range"),
        (("bundle",), "Missing option"),
    ],
)
def test_a_wrong_option_is_one_clear_line(words: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(main, ("audit", *words))
    assert result.exit_code >= 1
    assert said in result.output
    assert "Traceback" not in result.output
