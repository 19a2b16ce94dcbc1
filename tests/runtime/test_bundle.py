"""What `make bundle` packs is all there: the files that the Makefile copies, and in the wheel everything that the program reads."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from govcloud.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
#: What an installation has below its prefix, as a checkout has it below its root.
BESIDE = ("policies", "migrations", "examples", "wsgi.py")
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))


def test_everything_that_the_bundle_copies_exists() -> None:
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\nbundle:")[2].partition("\n\n")[0]
    copied = [path for line in re.findall(r"@cp (?:-r )?(.+) dist/bundle/", recipe) for path in line.split()]
    assert "deploy/install.sh" in copied
    assert [path for path in copied if not (ROOT / path).exists()] == []


def test_the_wheel_holds_what_the_program_reads(tmp_path: Path) -> None:
    tree, wheels = tmp_path / "tree", tmp_path / "wheels"
    forgotten = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in ("govcloud", "policies", "migrations", "examples", "requirements"):
        shutil.copytree(ROOT / name, tree / name, ignore=forgotten)
    for name in ("pyproject.toml", "README.md", "wsgi.py"):
        shutil.copy(ROOT / name, tree)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", str(wheels), "."], cwd=tree, check=True)
    (wheel,) = wheels.iterdir()
    packed = {re.sub(r"^govcloud-[^/]+\.data/data/share/govcloud/", "", name) for name in zipfile.ZipFile(wheel).namelist()}
    wanted = [path for name in ("govcloud", *BESIDE) for path in [ROOT / name, *(ROOT / name).rglob("*")] if path.is_file()]
    read = {str(path.relative_to(ROOT)) for path in wanted if "__pycache__" not in path.parts}
    assert sorted(read - packed) == []


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_a_unit_runs_a_command_that_exists_without_privileges(unit: Path) -> None:
    lines = [line for line in unit.read_text(encoding="utf-8").splitlines() if "=" in line and not line.startswith("#")]
    set_to = dict(line.split("=", 1) for line in lines)
    assert set_to["ExecStart"].split()[1] in COMMANDS
    assert set_to["User"] not in {"", "root"}
    assert set_to["CapabilityBoundingSet"] == ""
    assert {set_to["NoNewPrivileges"], set_to["ProtectHome"], set_to["PrivateTmp"]} == {"yes"}
    assert set_to["ProtectSystem"] == "strict"


def test_there_are_all_units() -> None:
    assert {unit.stem for unit in UNITS} == {"govcloud", "govcloud-jobs", "govcloud-replica"}
