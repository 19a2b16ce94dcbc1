"""The command line as the shell runs it, on a database of the test's own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import make_url

from govcloud.app import create_app
from govcloud.cli.main import run
from govcloud.settings import Settings
from tests.factories import databases


@dataclass(frozen=True)
class Outcome:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str


Shell = Callable[..., Outcome]


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Shell:
    """Return what runs a command line as ``govcloud`` does, in an environment without any of its settings."""
    for name in list(os.environ):
        if name.startswith(("GOVCLOUD_", "DATABASE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GOVCLOUD_HOME", str(tmp_path / "home"))

    def call(*words: str, **environment: str) -> Outcome:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["govcloud", *words])
            for name, value in environment.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                run(create_app)
        printed = capsys.readouterr()
        code = ended.value.code
        return Outcome(code if isinstance(code, int) else 0, printed.out, printed.err)

    return call


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    """Return the settings of the migrated clone."""
    owner = databases.owner_url(str(make_url(settings.database_url).database))
    return {
        "DATABASE_URL": settings.database_url,
        "DATABASE_OWNER_URL": owner,
        "GOVCLOUD_MASTER_KEY_FILE": str(settings.master_key_file),
    }
