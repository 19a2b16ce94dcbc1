"""Sources: what they are is found by reading, what cannot be read is named with its line, and nothing is unpacked or read on trust."""

from __future__ import annotations

import io
import json
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from govcloud.identity.importing.columns import COLUMNS, KEYS
from govcloud.identity.importing.seen import Seen
from govcloud.identity.importing.sources import examine
from govcloud.identity.importing.template import csv_template, xlsx_template
from govcloud.kernel.errors import Invalid
from govcloud.kernel.tables import xlsx_source
from govcloud.kernel.tables.csv_source import encoding_of
from govcloud.kernel.tables.record import Record
from tests.factories.imports import Row, csv_bytes, write_csv, write_json, write_xlsx

ROWS: list[Row] = [
    {"employee_code": "A001", "name": "𠮷田·买买提", "id_number": "1", "department_uscc": "2", "position": "岗,位\n二"},
    {"employee_code": "A002", "name": "\ue863", "id_number": "3", "department_uscc": "4", "position": '"引号"'},
]


def records(path: Path) -> list[Record]:
    return list(examine(path).records())


def refusal(path: Path) -> Invalid:
    with pytest.raises(Invalid) as caught:
        records(path)
    assert caught.value.remedy is not None
    return caught.value


def values(path: Path) -> list[dict[str, str]]:
    return [{key: value for key, value in zip(KEYS, record.values, strict=True) if value} for record in records(path)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    assert values(write_csv(tmp_path / "a.csv", ROWS, encoding=encoding)) == ROWS


def test_kinds_are_known_by_their_bytes_not_their_names(tmp_path: Path) -> None:
    assert examine(write_csv(tmp_path / "a.xlsx", ROWS)).kind == "csv"
    assert examine(write_xlsx(tmp_path / "a.csv", ROWS)).kind == "xlsx"
    assert examine(write_json(tmp_path / "a.txt", ROWS)).kind == "json"
    assert values(tmp_path / "a.csv") == values(tmp_path / "a.txt") == ROWS
    assert values(write_json(tmp_path / "b", ROWS, lines=True)) == ROWS


def test_lines_count_the_heading_and_columns_may_stand_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("备注,岗位*, 姓名 ,ID_NUMBER,工号,部门信用代码\nx,p,n,1,C1,2\n\n,,,,,\nx,p,n,1,C2,2\n", encoding="utf-8")
    assert [(record.line, record.values[0]) for record in records(path)] == [(2, "C1"), (5, "C2")]


def test_semicolons_and_tabs_separate_too(tmp_path: Path) -> None:
    for separator in ";\t":
        path = tmp_path / "a.csv"
        path.write_text(
            separator.join(("工号", "姓名", "证件号码", "部门信用代码", "岗位")) + "\n" + separator.join("abcde") + "\n", "utf-8"
        )
        assert [record.values[1] for record in records(path)] == ["b"]


def test_a_wrong_byte_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(csv_bytes([ROWS[1]] * 40_000) + b"A003,\xff\xfe,1,2\n" + csv_bytes(ROWS))
    error = refusal(path)
    assert (error.code, error.fields[0].value) == ("wrong_encoding", "40002")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_utf_16_is_named(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes((b"\xfe\xff" if encoding == "utf-16-be" else b"") + csv_bytes(ROWS).decode().encode(encoding))
    assert refusal(path).code == "wide_encoding"


def test_big5_is_no_known_heading(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("工號,姓名,證件\n1,2,3\n".encode("big5"))
    assert refusal(path).code in {"missing_columns", "wrong_encoding"}
    assert encoding_of(path, COLUMNS) == "gb18030" or refusal(path).code == "wrong_encoding"


def test_what_is_malformed_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    heads = csv_bytes([])
    path.write_bytes(heads + b'A001,"open\n')
    assert refusal(path).code == "malformed_csv"
    path.write_bytes(heads + b"A001,\0\n")
    assert refusal(path).fields[0].value == "2"
    path.write_text("工号,姓名\n1,2\n", "utf-8")
    assert "证件号码" in str(refusal(path).message)
    path.write_bytes(csv_bytes(ROWS, keys=(*KEYS, "name")))
    assert refusal(path).code == "doubled_column"
    path.write_bytes(heads + b",".join([b"x"] * 40) + b"\n")
    assert [record.fault is not None for record in records(path)] == [True]
    path.write_bytes(b"")
    with pytest.raises(Invalid):
        examine(path)
    path.write_bytes(b"\xd0\xcf\x11\xe0old")
    with pytest.raises(Invalid):
        examine(path)


@pytest.mark.parametrize("kind", ["csv", "json", "jsonl"])
def test_a_hundred_megabytes_in_one_field_are_never_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a"
    filler = b"x" * (1 << 20)
    with path.open("wb") as file:
        if kind == "csv":
            file.write(csv_bytes([ROWS[0]]) + b"A002,")
        else:
            file.write(
                (b"[" if kind == "json" else b"") + json.dumps(ROWS[0]).encode() + (b"," if kind == "json" else b"\n") + b'{"name": "'
            )
        for _ in range(100):
            file.write(filler)
    tracemalloc.start()
    error = refusal(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (error.code, error.fields[0].value) == ("record_too_long", "4" if kind == "csv" else "2")
    assert peak < 20 * 2**20


@pytest.mark.parametrize(
    "text",
    [
        '[{"a": 1}',
        "[1]",
        '{"employee_code": "A"}\nnope',
        "[" * 60_000,
        '[{"employee_code": "A"} {"employee_code": "B"}',
        '[{"a":1}] x',
        "[,]",
    ],
)
def test_malformed_json_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text, "utf-8")
    error = refusal(path)
    assert error.fields


def test_json_takes_numbers_and_nothing_else_but_text(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{"employee_code": "A", "security_label": 2, "phone": null}, {"name": ["x"]}, {"pass": "x"}]', "utf-8")
    first, second, third = records(path)
    assert (first.values[6], first.values[3], first.fault) == ("2", None, None)
    assert second.fault is not None
    assert third.fault is not None
    assert third.fault[0] == "pass"


def test_a_zip_bomb_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/worksheets/sheet1.xml", "w") as member:
        for _ in range(40):
            member.write(b" " * (1 << 20))
    assert refusal(path).code == "too_large_unpacked"
    write_xlsx(path, ROWS * 50)
    assert len(records(path)) == 100
    monkeypatch.setattr(xlsx_source, "MOST_UNPACKED", 1000)
    assert refusal(path).code == "too_large_unpacked"


def test_a_member_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", ROWS * 500)
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    path.write_bytes(bytes(data).replace(size.to_bytes(4, "little"), (10).to_bytes(4, "little")))
    assert refusal(path).code == "broken_xlsx"


@pytest.mark.parametrize("cut", [100, 2_000, -30])
def test_a_broken_workbook_is_refused(tmp_path: Path, cut: int) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", ROWS)
    path.write_bytes(path.read_bytes()[:cut])
    assert refusal(path).code == "broken_xlsx"


def test_a_zip_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello.txt", "hello")
    assert refusal(path).code == "broken_xlsx"


def test_the_template_can_be_read_back(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("".join(csv_template()), encoding="utf-8", newline="")
    assert records(path) == []
    with (tmp_path / "t.xlsx").open("wb") as file:
        xlsx_template(file)
    assert records(tmp_path / "t.xlsx") == []
    assert len(COLUMNS) == len(set(KEYS)) == 16


def test_what_was_seen_is_remembered_in_little_room() -> None:
    seen = Seen()
    assert all(seen.add(f"ZJ{number}") for number in range(20_000))
    assert not any(seen.add(f"ZJ{number}") for number in range(20_000))
    assert seen.add("ZJ20000")
    assert all(f"ZJ{number}" in seen for number in range(20_001))
    assert not any(f"ZJ{number}" in seen for number in range(20_001, 40_000))
