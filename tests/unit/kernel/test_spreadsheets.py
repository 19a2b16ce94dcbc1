"""Exports run nothing: neither from a CSV nor from a workbook."""

from __future__ import annotations

import csv
import io

import pytest
from python_calamine import CalamineWorkbook

from govcloud.kernel.spreadsheets import csv_lines, safe_cell, write_xlsx

EVIL = ("=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", " =1", "\u3000=cmd")


@pytest.mark.parametrize("text", EVIL)
def test_a_formula_is_written_as_text(text: str) -> None:
    assert safe_cell(text) == "'" + text


@pytest.mark.parametrize(("value", "cell"), [("王芳", "王芳"), ("𠮷·a=b", "𠮷·a=b"), (None, ""), (-3, "-3"), (1.5, "1.5"), ("'=1", "'=1")])
def test_other_cells_stay_as_they_are(value: object, cell: str) -> None:
    assert safe_cell(value) == cell


def test_csv_and_workbook_come_back_as_text() -> None:
    lines = list(csv_lines(("=a", "b"), [(text, 1) for text in EVIL]))
    assert lines[0].startswith("\ufeff")
    rows = list(csv.reader(io.StringIO("".join(lines).removeprefix("\ufeff"), newline="")))
    assert [row[0] for row in rows] == ["'=a", *("'" + text for text in EVIL)]
    file = io.BytesIO()
    write_xlsx(file, [("人员", ("a", "b"), [(text, 1) for text in EVIL])])
    file.seek(0)
    cells = CalamineWorkbook.from_filelike(file).get_sheet_by_index(0).to_python()
    assert cells[1] == ["'=1+1", "1"]
    assert b"<f>" not in file.getvalue()
