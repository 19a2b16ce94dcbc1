"""Files over the API: as they are sent beside a submission or a correction, and as they are given out again, in base64 (RFC 4648)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self, TypeAlias
from uuid import UUID

from pydantic import Field, StrictStr

from govcloud.access.asking.attachments import MOST_FILES, NewAttachment, StoredFile
from govcloud.access.asking.files_views import AttachmentView
from govcloud.access.asking.models import MOST_BYTES
from govcloud.entrypoints.api.wire.answers import Answer
from govcloud.entrypoints.api.wire.bodies import Input, Text
from govcloud.kernel.errors import FieldError, Invalid
from govcloud.kernel.messages import Message

#: Base64 takes four characters for three bytes; one byte too many is let through, so that the file is refused by its name.
_MOST_TEXT = (MOST_BYTES + 3) // 3 * 4 + 4
MOST_UPLOAD = MOST_FILES * _MOST_TEXT
"""How many bytes of files one call may carry."""


class FileBody(Input):
    """A file to attach: PDF, OFD, PNG, JPEG, DOCX or XLSX by its content and its name, of 5 MB at the most."""

    name: Text = Field(description="with its ending, in at most 120 characters")
    content: Annotated[StrictStr, Field(max_length=_MOST_TEXT)] = Field(
        description="base64", json_schema_extra={"contentEncoding": "base64"}
    )


Files: TypeAlias = Annotated[
    list[FileBody], Field(default_factory=list, max_length=MOST_FILES, description="sealed, for those who may see the request")
]


def attachments_of(files: Sequence[FileBody]) -> tuple[NewAttachment, ...]:
    """Return files as the command takes them.

    Raises:
        Invalid: one is no base64; the field is named.
    """
    wrong: list[FieldError] = []
    found: list[NewAttachment] = []
    for place, file in enumerate(files):
        try:
            found.append(NewAttachment(file.name, base64.b64decode(file.content, validate=True)))
        except (binascii.Error, ValueError):
            wrong.append(FieldError(f"files.{place}.content", Message("不是 base64。")))
    if wrong:
        raise Invalid.of(*wrong)
    return tuple(found)


class FileAnswer(Answer):
    """A file beside a request, without its content."""

    id: UUID
    name: str
    media_type: str
    size: int
    sha256: str
    added_at: datetime

    @classmethod
    def of(cls, view: AttachmentView) -> Self:
        """Take the view over."""
        return cls.model_validate(view)


class FilesAnswer(Answer):
    """What goes with a request, the first first."""

    files: tuple[FileAnswer, ...]


class FileContentAnswer(Answer):
    """A file with its content. Whoever saves it decides what to open it with; nothing in it was run or looked through for programs."""

    id: UUID
    name: str
    media_type: str
    size: int
    sha256: str
    content: str = Field(description="base64", json_schema_extra={"contentEncoding": "base64"})

    @classmethod
    def of(cls, file: StoredFile) -> Self:
        """Take the file over."""
        view = file.view
        return cls(
            id=view.id,
            name=view.name,
            media_type=view.media_type,
            size=view.size,
            sha256=view.sha256,
            content=base64.b64encode(file.content).decode("ascii"),
        )
