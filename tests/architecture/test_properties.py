"""Properties are judged by what they say, never by the wall clock."""

from __future__ import annotations

import ast
from pathlib import Path

import hypothesis
from hypothesis import given
from hypothesis import strategies as st

TESTS = Path(__file__).parents[1]


@given(st.none())
def _property(_: None) -> None:
    """Stand for any property that says nothing of deadlines."""


def test_no_property_has_a_deadline() -> None:
    assert hypothesis.settings.default is not None
    assert hypothesis.settings.default.deadline is None
    assert getattr(_property, "_hypothesis_internal_use_settings", hypothesis.settings.default).deadline is None


def test_nor_does_any_test_bring_one_back() -> None:
    for path in TESTS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "deadline":
                assert isinstance(node.value, ast.Constant), path
                assert node.value.value is None, path
