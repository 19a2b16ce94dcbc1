"""A JSON feed: one array of objects, or one object a line; the keys are those of the columns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from govcloud.kernel.errors import Invalid
from govcloud.kernel.messages import Message
from govcloud.kernel.tables.columns import Columns
from govcloud.kernel.tables.record import MOST_RECORD, Record
from govcloud.kernel.tables.refusals import refused, too_long

_DECODER = json.JSONDecoder()
_SPACE = " \t\r\n"


def read(path: Path, columns: Columns) -> Iterator[Record]:
    """Give the elements; ``line`` is the number of the element, from 1.

    Raises:
        Invalid: it is no JSON, an element is no object or too long; says which.
    """
    with path.open(encoding="utf-8-sig") as file:
        try:
            for number, element in enumerate(_elements(file), 1):
                yield _record(number, element, columns)
        except UnicodeDecodeError:
            raise refused("wrong_encoding", Message("文件不是 UTF-8 编码。"), Message("JSON 应为 UTF-8（RFC 8259）。")) from None


def _elements(file: TextIO) -> Iterator[Any]:
    start = file.read(1)
    while start and start in _SPACE:
        start = file.read(1)
    if start != "[":
        yield from _by_line(file, start)
        return
    yield from _of_array(file)


def _by_line(file: TextIO, start: str) -> Iterator[Any]:
    number = 0
    while line := start + file.readline(MOST_RECORD + 1):
        start, number = "", number + 1
        if len(line) > MOST_RECORD:
            raise too_long(number)
        if line.strip():
            yield _parsed(line, number)


def _parsed(text: str, number: int) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise _malformed(number) from None


def _of_array(file: TextIO) -> Iterator[Any]:
    """Give the elements of an array of any length with a buffer of two elements."""
    buffer, number, ended = "", 0, False
    while True:
        buffer = buffer.lstrip(_SPACE)
        if number and buffer.startswith(","):
            buffer = buffer[1:].lstrip(_SPACE)
        elif buffer.startswith("]"):
            if buffer[1:].strip() or file.read(MOST_RECORD).strip():
                raise _malformed(number)
            return
        try:
            if not buffer:
                raise ValueError  # noqa: TRY301 - the same as an element that is not whole yet
            element, end = _DECODER.raw_decode(buffer)
        except (ValueError, RecursionError):
            if len(buffer) > MOST_RECORD:
                raise too_long(number + 1) from None
            if ended:
                raise _malformed(number + 1) from None
            more = file.read(MOST_RECORD)
            ended = not more
            buffer += more
            continue
        number += 1
        buffer = buffer[end:]
        yield element


def _record(number: int, element: Any, columns: Columns) -> Record:  # noqa: ANN401 - any JSON
    if not isinstance(element, dict):
        raise _malformed(number)
    values: list[str | None] = [None] * columns.width
    fault = None
    for key, value in element.items():
        place = columns.place_of(key)
        if place is None:
            fault = (key[:60], Message("没有“%(key)s”这一项；请按文档中的字段填写。", key=key[:60]))
        elif isinstance(value, str | int) and not isinstance(value, bool) and len(str(value)) <= columns.most[place]:
            values[place] = str(value)
        elif value is not None:
            fault = (
                columns.keys[place],
                Message("“%(key)s”应为 %(most)s 个字符以内的文本。", key=columns.keys[place], most=columns.most[place]),
            )
    return Record(number, tuple(values), fault)


def _malformed(number: int) -> Invalid:
    return refused(
        "malformed_json",
        Message("第 %(number)s 个元素不是有效的 JSON 对象。", number=number),
        Message("应为对象的数组，或每行一个对象（JSON Lines）。"),
        line=number,
    )
