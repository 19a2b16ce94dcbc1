"""Bad input: a clear finding by line and field, numbers masked, and nothing half-applied."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from govcloud.identity.importing.columns import COLUMNS
from govcloud.identity.importing.report import Report
from govcloud.identity.importing.runs import Order
from govcloud.identity.importing.sources import examine
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.tables.findings import report_lines
from govcloud.services import Services
from tests.factories.imports import OPERATOR, Row, a_row, uscc_of, write_csv, write_xlsx
from tests.factories.people import id_number
from tests.factories.world import World

HR = Order("hr")
WRONG_CHECK = id_number(30_002)[:-1] + ("1" if id_number(30_002)[-1] != "1" else "2")


def _plus(row: Row, **given: str) -> list[Row]:
    return [row, row | given]


CASES: dict[str, tuple[Callable[[], list[Row]], tuple[int, str]]] = {
    "wrong check digit": (lambda: [a_row(2, id_number=WRONG_CHECK)], (2, "id_number")),
    "number kept as a number": (lambda: [a_row(2, id_number="3.30106E+17")], (2, "id_number")),
    "unknown department": (lambda: [a_row(2, department_uscc="91330000MA27XL0A1X")], (2, "department_uscc")),
    "malformed credit code": (lambda: [a_row(2, department_uscc="123")], (2, "department_uscc")),
    "unknown division": (lambda: [a_row(2, division_code="330199000000")], (2, "division_code")),
    "malformed division": (lambda: [a_row(2, division_code="33")], (2, "division_code")),
    "unknown office": (lambda: [a_row(2, office="不存在的处")], (2, "office")),
    "unknown kind": (lambda: [a_row(2, kind="领导")], (2, "kind")),
    "two primaries": (lambda: _plus(a_row(2), department_uscc=uscc_of("xihu_housing")), (3, "kind")),
    "overlap in one position": (lambda: _plus(a_row(2, kind="兼职"), starts_at="2026-01-01"), (3, "position")),
    "second account for an ID number": (lambda: [a_row(2), a_row(3, id_number=id_number(30_002))], (3, "id_number")),
    "ID number of somebody registered": (lambda: [a_row(2, id_number=id_number(5_000))], (2, "id_number")),
    "another ID number for a known code": (lambda: [a_row(2, employee_code="WANGFANG")], (2, "id_number")),
    "rows of one person apart": (lambda: [a_row(2), a_row(3), a_row(2, kind="兼职", position="数据管理员")], (4, "employee_code")),
    "rows of one person disagree": (lambda: _plus(a_row(2), name="别人", kind="兼职"), (3, "name")),
    "no name": (lambda: [a_row(2, name="")], (2, "name")),
    "no employee code": (lambda: [a_row(2, employee_code="")], (2, "employee_code")),
    "formula": (lambda: [a_row(2, name="=cmd|' /C calc'!A0")], (2, "name")),
    "formula by sign": (lambda: [a_row(2, post="@SUM(1)")], (2, "post")),
    "control characters": (lambda: [a_row(2, name="王\u202e芳")], (2, "name")),
    "long cell": (lambda: [a_row(2, post="长" * 5_000)], (2, "row")),
    "wrong phone": (lambda: [a_row(2, phone="1380000")], (2, "phone")),
    "label out of range": (lambda: [a_row(2, security_label="9")], (2, "security_label")),
    "label no number": (lambda: [a_row(2, security_label="一")], (2, "security_label")),
    "no date": (lambda: [a_row(2, starts_at="2026-02-30")], (2, "starts_at")),
    "ends before it starts": (lambda: [a_row(2, starts_at="2026-02-02", ends_at="2026-02-01")], (2, "ends_at")),
    "password in clear": (lambda: [a_row(2, password_hash="Secret-123456")], (2, "password_hash")),
    "weak hash": (lambda: [a_row(2, password_hash="5f4dcc3b5aa765d61d8327deb882cf99")], (2, "password_hash")),
    "hash that costs the machine": (lambda: [a_row(2, password_hash="$2b$31$" + "a" * 53)], (2, "password_hash")),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_found_by_line_and_field_and_nothing_of_the_person_is_written(
    services: Services, world: World, tmp_path: Path, name: str
) -> None:
    make, (line, field) = CASES[name]
    rows = make()
    last = a_row(99)
    source = examine(write_csv(tmp_path / "a.csv", [*rows, last]))
    dry = services.importing.dry_run(OPERATOR, source, HR)
    assert (line, field) in [(found.line, found.field) for found in dry.findings]
    report = Report()
    run = services.importing.apply(OPERATOR, source, HR, report)
    assert (report.summary, report.findings) == (dry.summary, dry.findings)
    assert report.summary.refused == 1
    refused = {row["employee_code"] for row in rows if row["employee_code"]} - {"WANGFANG"}
    if name not in {"second account for an ID number", "rows of one person apart"}:
        assert all(services.identity_queries.official_by_code(code) is None for code in refused)
    # The others are not held up.
    assert services.identity_queries.official_by_code(last["employee_code"]) is not None
    text = "".join(report_lines(COLUMNS, report.findings, ("行", "列", "值", "问题")))
    assert not [number for number in (WRONG_CHECK, id_number(30_002), id_number(5_000), "Secret-123456") if number in text]
    assert [found for _, found in services.import_queries.findings(run.id)] == report.findings


def test_formula_cells_of_a_workbook_are_found(services: Services, world: World, tmp_path: Path) -> None:
    rows = [a_row(1), a_row(2, name='=HYPERLINK("http://x","王芳")')]
    dry = services.importing.dry_run(OPERATOR, examine(write_xlsx(tmp_path / "a.xlsx", rows)), HR)
    assert [(found.line, found.field) for found in dry.findings] == [(3, "row")]
    assert "B3" in str(dry.findings[0].message)


def test_a_number_that_a_workbook_rounded_is_named(services: Services, world: World, tmp_path: Path) -> None:
    row = dict(a_row(1)) | {"id_number": float(330106189001010048)}
    dry = services.importing.dry_run(OPERATOR, examine(write_xlsx(tmp_path / "a.xlsx", [row])), HR)
    assert [(found.line, found.field) for found in dry.findings] == [(2, "id_number")]
    assert "文本格式" in str(dry.findings[0].message)


def test_a_new_primary_must_not_begin_before_the_old_one_ended(
    services: Services, world: World, tmp_path: Path, clock: ManualClock
) -> None:
    services.importing.apply(OPERATOR, examine(write_csv(tmp_path / "a.csv", [a_row(1)])), HR)
    clock.advance(timedelta(days=10))
    moved = a_row(1, at="xihu_housing", starts_at="2026-11-25")
    dry = services.importing.dry_run(OPERATOR, examine(write_csv(tmp_path / "b.csv", [moved])), HR)
    assert [(found.line, found.field) for found in dry.findings] == [(2, "kind")]
    again = a_row(1, starts_at="2026-11-25", ends_at="2026-11-30")
    dry = services.importing.dry_run(OPERATOR, examine(write_csv(tmp_path / "c.csv", [again])), HR)
    assert (dry.summary.ended, dry.summary.begun) == (1, 0)
    moved["starts_at"] = ""
    assert services.importing.dry_run(OPERATOR, examine(write_csv(tmp_path / "d.csv", [moved])), HR).findings == []
