"""CSV: UTF-8 with or without a byte order mark, or GB18030; told apart by reading, never guessed from a few bytes."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from govcloud.kernel.errors import Invalid
from govcloud.kernel.messages import Message
from govcloud.kernel.tables.columns import Columns
from govcloud.kernel.tables.headings import places_of
from govcloud.kernel.tables.record import MOST_CELL, MOST_RECORD, Record
from govcloud.kernel.tables.refusals import refused, too_long

_CHUNK = 1 << 20
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SEPARATORS = (",", "\t", ";")


def read(path: Path, columns: Columns) -> Iterator[Record]:
    """Give the rows below the headings.

    Raises:
        Invalid: no encoding fits (with the line), the headings are not there, a line is too long, or a quote stays open.
    """
    encoding = encoding_of(path, columns)
    # newline="": the csv module sees the line ends itself, so that a quoted cell may hold one.
    with path.open(encoding=encoding, newline="") as file:
        lines = _Lines(file)
        first = next(lines, "")
        separator = max(_SEPARATORS, key=first.count)
        reader = csv.reader(_again(first, lines), delimiter=separator, strict=True)
        try:
            places = places_of(next(reader, []), columns)
            for cells in reader:
                if any(cells):
                    yield _record(reader.line_num, cells, places, columns)
        except csv.Error as error:
            raise _malformed(reader.line_num or 1, str(error)) from None


def encoding_of(path: Path, columns: Columns) -> str:
    """Return the encoding of all of a file: ``utf-8-sig`` or ``gb18030``.

    A heading that reads well as UTF-8 settles it: a bad byte further down is then named, not taken for the other encoding.

    Raises:
        Invalid: neither fits; names the line.
    """
    with path.open("rb") as file:
        head = file.read(MOST_RECORD)
    if head.startswith(_WIDE):
        raise refused("wide_encoding", Message("文件是 UTF-16 编码。"), Message("请另存为“CSV UTF-8（逗号分隔）”后重试。"), line=1)
    bad = _first_bad_line(path, "utf-8")
    if bad is None:
        return "utf-8-sig"
    if not _reads_as(head, "utf-8", columns) and _first_bad_line(path, "gb18030") is None:
        return "gb18030"
    raise refused(
        "wrong_encoding",
        Message("第 %(line)s 行含有不是 UTF-8（也不是 GB18030）的字节。", line=bad),
        Message("请用表格软件打开该文件，另存为“CSV UTF-8（逗号分隔）”后重试。"),
        line=bad,
    )


def _reads_as(head: bytes, encoding: str, columns: Columns) -> bool:
    """Say whether the first line has known headings beyond ASCII in ``encoding``."""
    names = head.partition(b"\n")[0].decode(encoding, "replace").removeprefix("\ufeff")
    return any(
        columns.place_of(name.strip('" \r')) is not None and not name.isascii()
        for name in names.replace("\t", ",").replace(";", ",").split(",")
    )


def _first_bad_line(path: Path, encoding: str) -> int | None:
    """Return the line of the first byte that ``encoding`` cannot be, or ``None``."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line, kept = 1, b""
    with path.open("rb") as file:
        while True:
            chunk = file.read(_CHUNK)
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                # The decoder counts from what it kept of the chunk before, which is a few bytes of the same line.
                return line + chunk[: max(0, error.start - len(kept))].count(b"\n")
            if not chunk:
                return None
            line += chunk.count(b"\n")
            kept = decoder.getstate()[0]


class _Lines:
    """The lines of a text file, none longer than a record may be: a hundred megabytes in one cell are never read."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(MOST_RECORD + 1)
        if not line:
            raise StopIteration
        self._number += 1
        if len(line) > MOST_RECORD:
            raise too_long(self._number)
        if "\0" in line:
            raise _malformed(self._number, "NUL")
        return line


def _again(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _record(line: int, cells: Sequence[str], places: Sequence[int | None], columns: Columns) -> Record:
    values: list[str | None] = [None] * columns.width
    if len(cells) > len(places):
        fault = Message(
            "该行有 %(cells)s 个单元格，表头只有 %(heads)s 列；请检查多余的逗号或缺少的引号。", cells=len(cells), heads=len(places)
        )
        return _with_code(line, cells, places, columns, fault)
    for place, cell in zip(places, cells, strict=False):
        if place is not None:
            if len(cell) > MOST_CELL and len(cell) > columns.most[place]:
                fault = Message("“%(column)s”有 %(length)s 个字符，过长；请核对该单元格。", column=columns[place].heading, length=len(cell))
                return _with_code(line, cells, places, columns, fault)
            values[place] = cell
    return Record(line, tuple(values))


def _with_code(line: int, cells: Sequence[str], places: Sequence[int | None], columns: Columns, fault: Message) -> Record:
    """Return a record that counts for nothing but its first column, by which it belongs to what it is about."""
    code = next((cell[:MOST_CELL] for place, cell in zip(places, cells, strict=False) if place == 0), "")
    return Record(line, (code, *[None] * (columns.width - 1)), ("row", fault))


def _malformed(line: int, reason: str) -> Invalid:
    return refused(
        "malformed_csv",
        Message("第 %(line)s 行不是有效的 CSV（%(reason)s）。", line=line, reason=reason),
        Message("请检查该行的引号是否成对，或用表格软件另存为 CSV。"),
        line=line,
    )
