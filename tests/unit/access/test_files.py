"""Which files may go with a request: told by their content, and by a name that fits it."""

from __future__ import annotations

import io
from zipfile import ZipFile, ZipInfo

import pytest

from govcloud.access.asking.files import kind_of
from govcloud.access.asking.models import MOST_BYTES


def archive(*names: str) -> bytes:
    """Return a ZIP archive with members of these names, the same bytes at every hour: they stand in the names of the tests."""
    held = io.BytesIO()
    with ZipFile(held, "w") as made:
        for name in names:
            made.writestr(ZipInfo(name), "<x/>")
    return held.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("a.pdf", b"%PDF-1.7", "application/pdf"),
        ("A.PDF", b"%PDF-1.7", "application/pdf"),
        ("a.png", b"\x89PNG\r\n\x1a\nx", "image/png"),
        ("a.jpeg", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("a.ofd", archive("OFD.xml"), "application/ofd"),
        ("a.xlsx", archive("xl/workbook.xml"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("a.pdf", b"%PDF-" + b"x" * (MOST_BYTES - 5), "application/pdf"),
        ("a.pdf", b"%PDF-" + b"x" * (MOST_BYTES - 4), None),
        ("a.pdf", b"", None),
        ("a.pdf", b"\x89PNG\r\n\x1a\nx", None),
        ("a.html", b"%PDF-1.7", None),
        ("pdf", b"%PDF-1.7", None),
        ("a.xlsx", archive("word/document.xml"), None),
        ("a.xlsx", archive("xl/workbook.xml", "xl/vbaProject.bin"), None),
        ("a.xlsm", archive("xl/workbook.xml"), None),
        ("a.ofd", b"PK\x03\x04", None),
        ("a.ofd", archive("OFD.xml")[:40], None),
    ],
)
def test_the_kind_of_a_file(name: str, content: bytes, media_type: str | None) -> None:
    kind = kind_of(name, content)
    assert (kind.media_type if kind else None) == media_type
