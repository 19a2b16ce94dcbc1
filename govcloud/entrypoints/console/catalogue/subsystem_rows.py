"""Functions and items pasted as rows, from a spreadsheet or as CSV: one row a function."""

from __future__ import annotations

import csv
import io

from govcloud.kernel.errors import FieldError, Invalid
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import shorten, whole_number
from govcloud.subsystems.approval import read_approval
from govcloud.subsystems.inputs import NewFunction, NewItem
from govcloud.web.words import TIERS

COLUMNS = Message(
    "依次为：功能代码、名称、说明、接入级别（0 至 3）、是否敏感（是/否）；可以申请的再填：会看到什么、"
    "事项级别（一人审批、两个部门会签、自动开通，或带人数、步骤的“多人同意 2”“依次审批 主管部门、上级部门:2”）、"
    "最长天数、须填办件编号（是/否）、按行政区划（是/否）。用逗号或制表符分开。"
)
MOST_ROWS = 500
_FUNCTION_COLUMNS, _ALL_COLUMNS = 5, 10
_YES, _NO = frozenset({"是", "yes", "y", "1", "true"}), frozenset({"否", "no", "n", "0", "false", ""})
_TIERS = {str(word): code for code, word in TIERS.items()} | {code: code for code in TIERS}


def read_rows(subsystem: str, text: str) -> tuple[list[NewFunction], list[NewItem]]:
    """Return the functions and items of pasted rows.

    Raises:
        Invalid: a row cannot be read; names every such row by its number from 1.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    findings: list[FieldError] = []
    functions: list[NewFunction] = []
    items: list[NewItem] = []
    if not 1 <= len(lines) <= MOST_ROWS:
        raise Invalid.of(FieldError("rows", Message("应填 1 至 %(most)s 行。", most=MOST_ROWS)))
    for place, line in enumerate(lines, 1):
        try:
            cells = next(csv.reader(io.StringIO(line), delimiter="\t" if "\t" in line else ",", strict=True))
            function, item = _row(subsystem, [cell.strip() for cell in cells])
        except (ValueError, csv.Error, StopIteration) as error:
            findings.append(FieldError("rows", Message("第 %(line)s 行：%(what)s", line=place, what=_what(error)), shorten(line)))
            continue
        functions.append(function)
        if item is not None:
            items.append(item)
    if findings:
        raise Invalid.of(*findings)
    return functions, items


class _CellError(ValueError):
    """A cell is wrong; carries the sentence."""

    def __init__(self, message: Message) -> None:
        super().__init__(str(message))
        self.message = message


def _what(error: Exception) -> Message:
    return error.message if isinstance(error, _CellError) else Message("不能按逗号或制表符拆分，请核对引号。")


def _row(subsystem: str, cells: list[str]) -> tuple[NewFunction, NewItem | None]:
    if len(cells) not in {_FUNCTION_COLUMNS, _ALL_COLUMNS}:
        message = Message("应有 5 列或 10 列，现有 %(count)s 列。", count=len(cells))
        raise _CellError(message)
    code, name, description, level, sensitive = cells[:_FUNCTION_COLUMNS]
    full = code if code.startswith(f"{subsystem}:") else f"{subsystem}:{code}"
    function = NewFunction(full, name, description, sensitive=_yes(sensitive), integration_level=_number(level))
    if len(cells) == _FUNCTION_COLUMNS or not cells[_FUNCTION_COLUMNS]:
        return function, None
    exposes, tier, days, case, division = cells[_FUNCTION_COLUMNS:]
    tier, _, people = tier.partition(" ")
    if tier not in _TIERS:
        raise _CellError(Message("没有“%(tier)s”这个事项级别。", tier=shorten(tier)))
    approval = read_approval(_TIERS[tier], people)
    scope = "division" if _yes(division) else "none"
    return function, NewItem(full, name, exposes, _TIERS[tier], _number(days), _yes(case), scope, approval=approval)


def _yes(cell: str) -> bool:
    lower = cell.lower()
    if lower not in _YES | _NO:
        raise _CellError(Message("“%(cell)s”应为是或否。", cell=shorten(cell)))
    return lower in _YES


def _number(cell: str) -> int:
    found = whole_number(cell)
    if found is None:
        raise _CellError(Message("“%(cell)s”应为整数。", cell=shorten(cell)))
    return found
