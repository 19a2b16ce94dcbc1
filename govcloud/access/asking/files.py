"""What files may go with a request: small ones of a few kinds, told by what is in them and not by how they are called."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from zipfile import BadZipFile, ZipFile

from govcloud.access.asking.models import MOST_BYTES

_ZIP = b"PK\x03\x04"


@dataclass(frozen=True)
class FileKind:
    """A kind of file: its media type, how names of it end, how it begins, and for an archive which member it has."""

    media_type: str
    endings: tuple[str, ...]
    begins: bytes
    member: str = ""


KINDS = (
    FileKind("application/pdf", (".pdf",), b"%PDF-"),
    FileKind("image/png", (".png",), b"\x89PNG\r\n\x1a\n"),
    FileKind("image/jpeg", (".jpg", ".jpeg"), b"\xff\xd8\xff"),
    FileKind("application/ofd", (".ofd",), _ZIP, "OFD.xml"),
    FileKind("application/vnd.openxmlformats-officedocument.wordprocessingml.document", (".docx",), _ZIP, "word/document.xml"),
    FileKind("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", (".xlsx",), _ZIP, "xl/workbook.xml"),
)
"""GB/T 33190 (OFD) is the form of official documents. Nothing that a browser would run, and no macros."""
ENDINGS = tuple(ending for kind in KINDS for ending in kind.endings)


def kind_of(name: str, content: bytes) -> FileKind | None:
    """Return the kind of a file, if it is one that may be attached: its content is of that kind, and its name ends accordingly."""
    found = [kind for kind in KINDS if name.lower().endswith(kind.endings) and content.startswith(kind.begins)]
    if not found or len(content) > MOST_BYTES:
        return None
    [kind] = found
    return kind if not kind.member or _has_member(content, kind.member) else None


def _has_member(content: bytes, member: str) -> bool:
    """Return whether an archive holds a member, and no program; only its directory is read."""
    try:
        with ZipFile(BytesIO(content)) as archive:
            names = archive.namelist()
    except (BadZipFile, ValueError, OSError):
        return False
    return member in names and not any(name.lower().endswith("vbaproject.bin") for name in names)
