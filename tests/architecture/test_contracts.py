"""The house's contracts hold, and they bite: a line that breaks one is reported."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    program = "import sys; from importlinter.cli import lint_imports_command; sys.path.insert(0, '.'); lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False, timeout=110
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the code that may be broken."""
    shutil.copytree(ROOT / "govcloud", tmp_path / "govcloud", ignore=shutil.ignore_patterns("__pycache__", "static", "*.svg", "data"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_contracts_are_kept() -> None:
    result = _lint_imports(ROOT)
    assert result.returncode == 0, result.stdout


VIOLATIONS = {
    "kernel/clock.py": "import govcloud.identity.queries",
    "identity/paths.py": "import flask",
    "access/lifecycle.py": "import sqlalchemy",
    "access/asking/submit.py": "import govcloud.authorization.models",
    "signon/sessions.py": "import casbin",
    "entrypoints/portal/account.py": "import jwt",
    "entrypoints/api/routes.py": "import govcloud.entrypoints.portal.forms",
    "client/checks.py": "import govcloud.kernel.clock",
    "jobs/job.py": "import govcloud.web.gate",
    "helpers/__init__.py": "import json",
}


def test_every_violation_is_caught(copy: Path) -> None:
    """All violations at once, so that the graph is built once; each must be named in the report."""
    for place, line in VIOLATIONS.items():
        path = copy / "govcloud" / place
        path.parent.mkdir(exist_ok=True)
        path.write_text((path.read_text(encoding="utf-8") if path.exists() else "") + f"\n{line}\n", encoding="utf-8")
    result = _lint_imports(copy)
    assert result.returncode != 0
    for place, line in VIOLATIONS.items():
        named = "govcloud." + place.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        assert named in result.stdout, f"{line!r} in {place} went unnoticed:\n{result.stdout[-3000:]}"
