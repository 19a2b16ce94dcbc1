"""A source of rows: what kind of file it is, its digest, and its records one after another, whatever the kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from govcloud.kernel.messages import Message
from govcloud.kernel.tables import csv_source, json_source, xlsx_source
from govcloud.kernel.tables.columns import Columns
from govcloud.kernel.tables.record import Record
from govcloud.kernel.tables.refusals import refused

_ZIP = b"PK\x03\x04"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_CHUNK = 1 << 20
_READERS: dict[str, Callable[[Path, Columns], Iterator[Record]]] = {
    "csv": csv_source.read,
    "xlsx": xlsx_source.read,
    "json": json_source.read,
}


@dataclass(frozen=True)
class Source:
    """A file to import: where it lies, what people call it, its kind (``csv``, ``xlsx`` or ``json``), SHA-256, bytes and columns."""

    path: Path
    name: str
    kind: str
    sha256: str
    size: int
    columns: Columns

    def records(self) -> Iterator[Record]:
        """Give the records in their order; nothing is kept of one when the next is read.

        Raises:
            Invalid: the file cannot be read on; says where.
        """
        return _READERS[self.kind](self.path, self.columns)


def examine(path: Path, columns: Columns, name: str = "") -> Source:
    """Return the source at ``path`` as a table of ``columns``; ``name`` is what it was called where it comes from.

    The kind follows from the first bytes, not from the name: a CSV that was named ``.xlsx`` is read as what it is.

    Raises:
        Invalid: the file is empty, or of a kind that is not read here.
    """
    digest, size = sha256(), 0
    with path.open("rb") as file:
        head = file.read(_CHUNK)
        chunk = head
        while chunk:
            digest.update(chunk)
            size += len(chunk)
            chunk = file.read(_CHUNK)
    return Source(path, name or path.name, _kind(head), digest.hexdigest(), size, columns)


def _kind(head: bytes) -> str:
    if not head.strip():
        raise refused("empty_source", Message("文件是空的。"), Message("请下载模板，填写后再导入。"))
    if head.startswith(_ZIP):
        return "xlsx"
    if head.startswith(_OLD_EXCEL):
        raise refused("old_excel", Message("这是旧版或加密的 Excel 文件（.xls），不能读取。"), Message("请另存为 .xlsx 或 CSV（UTF-8）。"))
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return "json" if start in {b"[", b"{"} else "csv"
