"""Charts as SVG, made by the server: bars beside their table, without script, in the colours of the style sheet.

A chart repeats what its table says, so it is hidden from readers of screens, who have the table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

_WIDTH, _LABEL, _VALUE = 640, 150, 96
_BAR, _GAP, _TOP = 14, 10, 26
_LONGEST_LABEL = 14


@dataclass(frozen=True)
class Bars:
    """One row of bars: its label, and a value for each series (``None``: there is none)."""

    label: str
    values: tuple[float | None, ...]


def bar_chart(series: Sequence[str], rows: Sequence[Bars], said: Callable[[float], str]) -> Markup:
    """Return grouped horizontal bars.

    Args:
        series: the names of the series, for the legend; at most four.
        rows: the groups, from above.
        said: writes a value.
    """
    if not rows:
        return Markup()
    most = max((value for row in rows for value in row.values if value is not None), default=0.0) or 1.0
    height_of_row = len(series) * _BAR + _GAP
    height = _TOP + len(rows) * height_of_row
    parts = [_legend(series)]
    for index, row in enumerate(rows):
        parts.append(_row(row, _TOP + index * height_of_row, most, said))
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-hidden="true" focusable="false">{}</svg>').format(
        _WIDTH, height, Markup("").join(parts)
    )


def _legend(series: Sequence[str]) -> Markup:
    parts = []
    for index, name in enumerate(series):
        x = _LABEL + index * 130
        parts.append(Markup('<rect class="chart-{}" x="{}" y="2" width="10" height="10" rx="2"/>').format(index + 1, x))
        parts.append(Markup('<text class="chart-text" x="{}" y="11">{}</text>').format(x + 15, name))
    return Markup("").join(parts)


def _row(row: Bars, top: int, most: float, said: Callable[[float], str]) -> Markup:
    label = row.label if len(row.label) <= _LONGEST_LABEL else f"{row.label[: _LONGEST_LABEL - 1]}…"
    middle = top + len(row.values) * _BAR / 2 + 4
    parts = [
        Markup('<text class="chart-label" x="{}" y="{}" text-anchor="end">{}<title>{}</title></text>').format(
            _LABEL - 8, f"{middle:.1f}", label, row.label
        )
    ]
    for index, value in enumerate(row.values):
        if value is None:
            continue
        y, width = top + index * _BAR, max(1.0, value / most * (_WIDTH - _LABEL - _VALUE))
        bar = Markup('<rect class="chart-{}" x="{}" y="{}" width="{}" height="{}" rx="2"/>')
        parts.append(bar.format(index + 1, _LABEL, y + 1, f"{width:.1f}", _BAR - 2))
        parts.append(
            Markup('<text class="chart-text" x="{}" y="{}">{}</text>').format(
                f"{_LABEL + width + 5:.1f}", y + _BAR - 3, escape(said(value))
            )
        )
    return Markup("").join(parts)
