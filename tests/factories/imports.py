"""Files of people as sources send them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import xlsxwriter

from govcloud.identity.importing.columns import COLUMNS, HEADINGS, KEYS
from govcloud.kernel.actor import Actor
from tests.factories.people import credit_code, id_number, phone_number
from tests.factories.world import _DEPARTMENTS

OPERATOR = Actor.system("operator")
Row = dict[str, str]


def a_row(number: int, *, at: str = "xihu_civil_affairs", **given: str) -> Row:
    """Return a valid row about somebody new, who serves in a department of the small province; ``given`` columns win."""
    row = {
        "employee_code": f"IM{number:05d}",
        "name": "单小丽",
        "id_number": id_number(30_000 + number),
        "phone": phone_number(30_000 + number),
        "rank": "一级科员",
        "staffing_type": "行政编制",
        "security_label": "1",
        "department_uscc": uscc_of(at),
        "position": "窗口受理员",
        "post": "科员",
    }
    return row | given


def uscc_of(at: str) -> str:
    """Return the credit code of a department of the small province."""
    number, division = next((index, row[2]) for index, row in enumerate(_DEPARTMENTS) if row[0] == at)
    return credit_code(number, division)


def csv_bytes(rows: Iterable[Row], *, encoding: str = "utf-8", keys: Sequence[str] = KEYS) -> bytes:
    """Return a CSV with Chinese headings."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([HEADINGS[key] for key in keys])
    writer.writerows([[row.get(key, "") for key in keys] for row in rows])
    return text.getvalue().encode(encoding)


def write_csv(path: Path, rows: Iterable[Row], **options: str) -> Path:
    """Write a CSV and return its path."""
    path.write_bytes(csv_bytes(rows, **options))
    return path


def write_xlsx(path: Path, rows: Iterable[Mapping[str, object]]) -> Path:
    """Write a workbook whose cells keep the types of the values."""
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, [column.heading for column in COLUMNS])
        for line, row in enumerate(rows, 1):
            for column, key in enumerate(KEYS):
                value = row.get(key, "")
                if isinstance(value, str) and not value.startswith("="):
                    sheet.write_string(line, column, value)
                else:
                    sheet.write(line, column, value)
    return path


def write_json(path: Path, rows: Iterable[Row], *, lines: bool = False) -> Path:
    """Write a feed: one array, or one object a line."""
    objects = list(rows)
    text = "\n".join(json.dumps(row) for row in objects) if lines else json.dumps(objects, ensure_ascii=False, indent=1)
    path.write_text(text, encoding="utf-8")
    return path
