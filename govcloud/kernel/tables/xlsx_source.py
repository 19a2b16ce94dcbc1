"""XLSX: the first sheet of a workbook, opened only after its archive was found harmless."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import IO

from python_calamine import CalamineError, CalamineWorkbook

from govcloud.kernel.errors import Invalid
from govcloud.kernel.messages import Message
from govcloud.kernel.tables.columns import Columns
from govcloud.kernel.tables.headings import places_of
from govcloud.kernel.tables.record import Record
from govcloud.kernel.tables.refusals import refused

#: What a workbook may unpack to: a sheet of 200,000 rows has about 200 MB.
MOST_UNPACKED = 300 * 1024 * 1024
#: Real sheets shrink tenfold, repetitive ones fiftyfold; a bomb a thousandfold.
_MOST_RATIO = 200
_SMALL = 1024 * 1024
_MOST_MEMBERS = 2_000
_CHUNK = 1 << 20
_OVERLAP = 4096
_FORMULA = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"[^>]{0,200}>\s*<f[ >/]')
#: Beyond fifteen digits a spreadsheet's numbers are no longer whole.
_WHOLE = 10**15


def read(path: Path, columns: Columns) -> Iterator[Record]:
    """Give the rows below the headings of the first sheet.

    Raises:
        Invalid: the archive is broken or would unpack to too much, or the headings are not there.
    """
    _guard(path)
    formulas = _formulas(path)
    try:
        sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
        rows = iter(sheet.iter_rows())
        start = (sheet.start or (0, 0))[0]
        places = places_of(list(next(rows, [])), columns)
        for line, cells in enumerate(rows, start + 2):
            if any(cell not in {"", None} for cell in cells):
                yield _record(line, cells, places, columns, formulas.get(line))
    except (CalamineError, IndexError) as error:
        raise _broken() from error


def _guard(path: Path) -> None:
    """Look at the sizes that the archive names for its members, and hold it to them, before anything is unpacked whole."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > _MOST_MEMBERS or sum(member.file_size for member in members) > MOST_UNPACKED:
                raise _bomb()
            for member in members:
                if member.file_size > _SMALL and member.file_size > _MOST_RATIO * max(member.compress_size, 1):
                    raise _bomb()
                if member.flag_bits & 0x1:
                    raise refused("encrypted", Message("工作簿设有密码，不能读取。"), Message("请去掉密码后重试。"))
            # A member may lie about its size; zipfile stops at what was named and compares the checksum.
            for member in members:
                with archive.open(member) as stream:
                    while stream.read(_CHUNK):
                        pass
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, ValueError, zlib.error) as error:
        raise _broken() from error


def _formulas(path: Path) -> dict[int, str]:
    """Return the first formula cell of each row of the first sheet, by line: ``{5: "C"}``."""
    found: dict[int, str] = {}
    with zipfile.ZipFile(path) as archive:
        sheets = sorted(
            (name for name in archive.namelist() if re.fullmatch(r"xl/worksheets/sheet[0-9]+\.xml", name)),
            key=lambda name: (len(name), name),
        )
        if sheets:
            with archive.open(sheets[0]) as stream:
                for column, line in _formula_cells(stream):
                    found.setdefault(line, column)
    return found


def _formula_cells(stream: IO[bytes]) -> Iterator[tuple[str, int]]:
    kept = b""
    while chunk := stream.read(_CHUNK):
        text = kept + chunk
        for match in _FORMULA.finditer(text):
            yield match[1].decode(), int(match[2])
        kept = text[-_OVERLAP:]


def _record(line: int, cells: Sequence[object], places: tuple[int | None, ...], columns: Columns, formula: str | None) -> Record:
    values: list[str | None] = [None] * columns.width
    fault = None
    for place, cell in zip(places, cells, strict=False):
        if place is None:
            continue
        if isinstance(cell, float) and abs(cell) >= _WHOLE:
            fault = (columns.keys[place], Message("单元格是数字格式，15 位之后已失真；请把该列设为文本格式后重新填写。"))
        text = values[place] = _text(cell)
        if len(text) > columns.most[place]:
            fault = (
                columns.keys[place],
                Message(
                    "“%(column)s”有 %(length)s 个字符，过长；请核对该单元格。",
                    column=columns[place].heading,
                    length=len(text),
                ),
            )
            values[place] = ""
    if formula is not None:
        fault = ("row", Message("单元格 %(cell)s 是公式；请粘贴为数值后重试。", cell=f"{formula}{line}"))
    return Record(line, tuple(values), fault)


def _text(cell: object) -> str:
    """Return a cell as one would type it into a CSV."""
    match cell:
        case bool():
            return str(cell).upper()
        case float():
            return str(int(cell)) if cell.is_integer() else repr(cell)
        case datetime():
            return cell.strftime("%Y-%m-%d") if cell.time() == time() else cell.strftime("%Y-%m-%d %H:%M:%S")
        case date():
            return cell.isoformat()
        case _:
            return "" if cell is None else str(cell)


def _bomb() -> Invalid:
    return refused(
        "too_large_unpacked",
        Message("工作簿解压后过大或压缩比异常，没有打开。"),
        Message("请只保留一张工作表并删去多余的内容；超过 20 万行请改用 CSV。"),
    )


def _broken() -> Invalid:
    return refused("broken_xlsx", Message("不是有效的 XLSX 工作簿，或文件已损坏。"), Message("请重新下载或另存为 .xlsx 后重试。"))
