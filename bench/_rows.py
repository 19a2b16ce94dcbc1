"""The record of a benchmark: one row for each figure, written as one JSON object a line and printed as a table."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

RESULTS = Path(__file__).parent / "results"
_OPERATORS = {"<=": float.__le__, ">=": float.__ge__}
_MEASURES = ("figure", "ratio")
_HEADS = ("workload", "figure", "target", "", "peer", "ratio")


@dataclass(frozen=True)
class Target:
    """What a row should keep to: its figure, or its ratio to the peer, at most (``<=``) or at least (``>=``) ``value``."""

    op: str
    value: float
    of: str = "figure"

    def __post_init__(self) -> None:
        """Refuse what nobody could compare.

        Raises:
            ValueError: the operator or the measure is not one of the format.
        """
        if self.op not in _OPERATORS:
            raise ValueError(f"op must be one of {', '.join(_OPERATORS)}, not {self.op!r}")
        if self.of not in _MEASURES:
            raise ValueError(f"of must be one of {', '.join(_MEASURES)}, not {self.of!r}")


@dataclass(frozen=True)
class Row:
    """One result; the fields are the keys of the format, in their order.

    ``peer`` names what was measured beside it in the same run, and ``ratio`` is the figure divided by the peer's. ``machine`` says
    on what: processors, memory and versions, never a name or a path.
    """

    workload: str
    figure: float
    unit: str
    target: Target | None
    peer: str | None
    ratio: float | None
    machine: str

    def __post_init__(self) -> None:
        """Refuse a row that says nothing, or half of a comparison.

        Raises:
            ValueError: a number is not finite, peer and ratio do not come together, or the target speaks of a missing ratio.
        """
        if not all(math.isfinite(number) for number in (self.figure, self.ratio) if number is not None):
            raise ValueError(f"{self.workload}: figure and ratio must be finite, not {self.figure} and {self.ratio}")
        if (self.peer is None) != (self.ratio is None):
            raise ValueError(f"{self.workload}: peer and ratio come together, not {self.peer!r} and {self.ratio!r}")
        if self.target is not None and self.target.of == "ratio" and self.ratio is None:
            raise ValueError(f"{self.workload}: the target speaks of a ratio, and there is none")

    @property
    def met(self) -> bool | None:
        """Return whether the target is met; ``None`` without one."""
        if self.target is None:
            return None
        measured = self.figure if self.target.of == "figure" else self.ratio
        assert measured is not None
        return _OPERATORS[self.target.op](float(measured), float(self.target.value))


class Sheet:
    """The rows of one benchmark as they come in, all of one machine."""

    def __init__(self, machine: str) -> None:
        """Start without rows."""
        self.rows: list[Row] = []
        self._machine = machine

    def add(self, workload: str, figure: float, unit: str, target: Target | None = None, *, peer: tuple[str, float] | None = None) -> None:
        """Take a figure in, to four digits; ``peer`` is the peer's name and its own figure, in the same unit."""
        name, ratio = (None, None) if peer is None else (peer[0], _rounded(figure / peer[1]))
        self.rows.append(Row(workload, _rounded(figure), unit, target, name, ratio, self._machine))


def machine(postgresql: str) -> str:
    """Return what the figures were taken on; ``postgresql`` is the version of the database's server."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{len(os.sched_getaffinity(0))} cpus {platform.machine()}, {memory:.0f} GB, {python}, PostgreSQL {postgresql}"


def write(name: str, rows: Iterable[Row], folder: Path = RESULTS) -> Path:
    """Write the rows to ``<name>.json``, in place of what the run before had left, and return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.json"
    file.write_text("".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return file


def kept(name: str, rows: Iterable[Row], folder: Path = RESULTS) -> list[Row]:
    """Return the recorded rows of ``name`` that ``rows`` do not measure anew; each row says on what it was taken."""
    file, anew = folder / f"{name}.json", {row.workload for row in rows}
    if not file.exists():
        return []
    lines = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
    old = [Row(**{**line, "target": Target(**line["target"]) if line["target"] else None}) for line in lines]
    return [row for row in old if row.workload not in anew]


def finish(name: str, rows: Sequence[Row], *, quick: bool, folder: Path = RESULTS) -> None:
    """Print the table, keep the record, and fail if a target is missed.

    A quick try is printed only: it never takes the place of a measurement, and it neither holds nor breaks a target.

    Raises:
        ClickException: names the rows that miss their target; the record is written all the same.
    """
    click.echo("\n".join(table(rows)))
    if quick:
        click.echo("a quick try: the record of the last full run stays")
        return
    click.echo(f"written: bench/results/{write(name, rows, folder).name}")
    if missed := [row.workload for row in rows if row.met is False]:
        raise click.ClickException(f"{len(missed)} of {len(rows)} rows miss their target: {'; '.join(missed)}")


def table(rows: Iterable[Row]) -> list[str]:
    """Return the rows as lines of text, with whether each target is met."""
    cells = [_HEADS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEADS))]
    return ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in cells]


def _cells(row: Row) -> tuple[str, ...]:
    target = "" if row.target is None else f"{row.target.op} {row.target.value:g} {row.unit if row.target.of == 'figure' else '(ratio)'}"
    verdict = {None: "", True: "met", False: "MISSED"}[row.met]
    return (row.workload, f"{row.figure:,g} {row.unit}", target, verdict, row.peer or "", "" if row.ratio is None else f"{row.ratio:g}")


def _rounded(number: float) -> float:
    return float(f"{number:.4g}")
