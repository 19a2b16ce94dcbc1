"""The files that go with requests, over the API: for those who may see the request."""

from __future__ import annotations

from uuid import UUID

from govcloud.access.asking.attachments import no_such_attachment
from govcloud.entrypoints.api.file_bodies import FileAnswer, FileContentAnswer, FilesAnswer
from govcloud.entrypoints.api.wire.table import Route
from govcloud.web.gate import current_actor, services, signed_in


@signed_in
def request_files(request_id: UUID) -> FilesAnswer:
    """What goes with a request; for its requester, its beneficiary and its approvers."""
    entry = services().access_queries.request(current_actor(), request_id)
    return FilesAnswer(files=tuple(FileAnswer.of(view) for view in services().asking_queries.attachments(entry)))


@signed_in
def request_file(request_id: UUID, file_id: UUID) -> FileContentAnswer:
    """One file that goes with a request, with its content."""
    entry = services().access_queries.request(current_actor(), request_id)
    if all(view.id != file_id for view in services().asking_queries.attachments(entry)):
        raise no_such_attachment(file_id)
    return FileContentAnswer.of(services().asking.attachment(file_id))


TABLE = (
    Route("GET", "/requests/<uuid:request_id>/files", request_files, FilesAnswer),
    Route("GET", "/requests/<uuid:request_id>/files/<uuid:file_id>", request_file, FileContentAnswer),
)
