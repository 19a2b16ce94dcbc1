"""Files that go with a request, for those who may see the request: its requester, its beneficiary, and whoever may decide on it."""

from __future__ import annotations

from urllib.parse import quote
from uuid import UUID

from flask import Response, request

from govcloud.access.asking.attachments import NewAttachment, no_such_attachment
from govcloud.access.asking.models import MOST_BYTES
from govcloud.entrypoints.portal.blueprint import portal
from govcloud.web.gate import current_actor, services, signed_in


@portal.get("/requests/<uuid:request_id>/files/<uuid:attachment_id>")
@signed_in
def attachment(request_id: UUID, attachment_id: UUID) -> Response:
    """Give out a file to be saved, never to be opened here.

    Raises:
        NotFound: there is no such request or file, or it is not one of the reader's.
    """
    entry = services().access_queries.request(current_actor(), request_id)
    listed = services().asking_queries.attachments(entry)
    if all(view.id != attachment_id for view in listed):
        raise no_such_attachment(attachment_id)
    file = services().asking.attachment(attachment_id)
    response = Response(file.content, content_type=file.view.media_type)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(file.view.name, safe='')}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def sent_files() -> list[NewAttachment]:
    """Return the files that were sent, each no further than it takes to see that it is too large."""
    found: list[NewAttachment] = []
    for file in request.files.getlist("files"):
        if file.filename:
            found.append(NewAttachment(file.filename, file.read(MOST_BYTES + 1)))
        file.close()
    return found
