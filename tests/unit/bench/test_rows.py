"""The record of a benchmark: its keys, its file, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click
import pytest

from bench._rows import Row, Sheet, Target, finish, machine, table, write
from bench._running import percentile

ROW = Row("evaluation, p99", 12.5, "ms", Target("<=", 0.5, of="ratio"), "the peer", 0.25, "2 cpus")


def test_a_result_is_one_object_a_line_with_exactly_these_keys(tmp_path: Path) -> None:
    bare = replace(ROW, target=None, peer=None, ratio=None)
    write("some", [bare, bare], tmp_path)
    file = write("some", [ROW, bare], tmp_path)
    assert [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] == [
        {
            "workload": "evaluation, p99",
            "figure": 12.5,
            "unit": "ms",
            "target": {"op": "<=", "value": 0.5, "of": "ratio"},
            "peer": "the peer",
            "ratio": 0.25,
            "machine": "2 cpus",
        },
        {"workload": "evaluation, p99", "figure": 12.5, "unit": "ms", "target": None, "peer": None, "ratio": None, "machine": "2 cpus"},
    ]


@pytest.mark.parametrize(("op", "of", "word"), [("<", "figure", "'<'"), ("==", "ratio", "'=='"), ("<=", "peer", "'peer'")])
def test_a_target_that_cannot_be_compared_is_refused(op: str, of: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        Target(op, 1, of)


@pytest.mark.parametrize(
    "wrong",
    [{"figure": float("nan")}, {"ratio": float("inf")}, {"ratio": None}, {"peer": None}, {"peer": None, "ratio": None}],
    ids=str,
)
def test_a_row_that_says_nothing_is_refused(wrong: dict[str, float | None]) -> None:
    with pytest.raises(ValueError, match="evaluation, p99"):
        replace(ROW, **wrong)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (None, None),
        (Target("<=", 12.5), True),
        (Target("<=", 12), False),
        (Target(">=", 12), True),
        (Target("<=", 0.2, of="ratio"), False),
        (Target(">=", 0.25, of="ratio"), True),
    ],
    ids=str,
)
def test_a_target_is_met_or_missed(target: Target | None, met: bool | None) -> None:  # noqa: FBT001 - a case of the table
    row = replace(ROW, target=target)
    assert row.met is met
    assert ("MISSED" in table([row])[1]) is (met is False)


def test_a_missed_target_fails_the_run_after_its_record_is_kept(tmp_path: Path) -> None:
    missed, held = replace(ROW, workload="too slow", target=Target("<=", 12)), replace(ROW, workload="well", target=Target("<=", 13))
    finish("some", [held, replace(ROW, target=None)], quick=False, folder=tmp_path)
    with pytest.raises(click.ClickException, match="1 of 2 rows miss their target: too slow") as error:
        finish("some", [held, missed], quick=False, folder=tmp_path)
    assert error.value.exit_code == 1
    kept = (tmp_path / "some.json").read_text(encoding="utf-8")
    assert len(kept.splitlines()) == 2
    assert "too slow" in kept


def test_a_quick_try_keeps_nothing_and_fails_nothing(tmp_path: Path) -> None:
    finish("some", [replace(ROW, target=Target("<=", 12))], quick=True, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_ratio_is_the_figure_over_the_peers() -> None:
    sheet = Sheet("2 cpus")
    sheet.add("ours", 12.3456, "µs", peer=("theirs", 50.0))
    assert (sheet.rows[0].figure, sheet.rows[0].ratio) == (12.35, 0.2469)


def test_the_machine_names_versions_only() -> None:
    words = machine("18.4")
    assert words.endswith("PostgreSQL 18.4")
    assert "/" not in words


def test_a_percentile_is_a_sample() -> None:
    samples = [float(number) for number in range(1, 101)]
    assert [percentile(samples, percent) for percent in (1, 50, 95, 99, 100)] == [1, 50, 95, 99, 100]
    assert percentile([3.0], 50) == 3
    with pytest.raises(ValueError, match="0 samples"):
        percentile([], 50)
