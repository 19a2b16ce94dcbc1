"""Transactions end in one file: nobody else commits or rolls back."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENDINGS = {"commit", "rollback"}


def test_commit_stands_in_the_unit_of_work_alone() -> None:
    found = {str(path.relative_to(ROOT)) for path in (ROOT / "govcloud").rglob("*.py") if ends_transactions(path)}
    assert found == {"govcloud/kernel/unit_of_work.py"}


def ends_transactions(path: Path) -> bool:
    """Say whether a file calls ``commit`` or ``rollback`` on anything."""
    calls = (node.func for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
    return any(isinstance(func, ast.Attribute) and func.attr in ENDINGS for func in calls)
