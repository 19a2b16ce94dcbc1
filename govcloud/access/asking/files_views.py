"""What is shown of a file beside a request, without its content."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from govcloud.access.asking.models import Attachment


@dataclass(frozen=True)
class AttachmentView:
    """A file that goes with a submission."""

    id: UUID
    submission_id: UUID
    name: str
    media_type: str
    size: int
    sha256: str
    added_at: datetime


def view_of(row: Attachment) -> AttachmentView:
    """Translate one file."""
    return AttachmentView(row.id, row.submission_id, row.name, row.media_type, row.size, row.sha256, row.added_at)
