"""Files that go with a submission: checked, sealed with the platform's key, and kept beside it for whoever decides."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import undefer

from govcloud.access.asking.files import ENDINGS, FileKind, kind_of
from govcloud.access.asking.files_views import AttachmentView, view_of
from govcloud.access.asking.models import MOST_BYTES, Attachment
from govcloud.access.asking.submit import SUBMIT
from govcloud.access.commands import Resubmitted, Submission
from govcloud.access.lines import read_line
from govcloud.access.models import AccessRequest
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.errors import NotFound
from govcloud.kernel.ids import new_id
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.kernel.validation import Fields

MOST_FILES = 5
RESUBMIT = "govcloud:line:resubmit"
_MOST_NAME = 120


@dataclass(frozen=True)
class NewAttachment:
    """A file as it was sent."""

    name: str
    content: bytes


@dataclass(frozen=True)
class StoredFile:
    """A file as it was attached."""

    view: AttachmentView
    content: bytes


class Attaching:
    """Keeps files with submissions, and gives them out again."""

    def __init__(self, uow: UnitOfWork, keys: KeyRing) -> None:
        """Take the unit of work and the key ring."""
        self._uow = uow
        self._keys = keys

    def submit(self, actor: Actor, files: Sequence[NewAttachment], work: Callable[[], Submission]) -> Submission:
        """Take in what ``work`` takes in, with files; all of it or nothing.

        Raises:
            Invalid: a file is too large, of a kind that is not taken, or there are too many; and whatever ``work`` raises.
        """
        with self._uow.begin(actor, SUBMIT, Target("catalogue_item", "batch")) as tx:
            kinds = _checked(files)
            done = work()
            self._keep(tx, done.submission_id, files, kinds)
            return done

    def correct(self, actor: Actor, line_id: UUID, files: Sequence[NewAttachment], work: Callable[[], Resubmitted]) -> Resubmitted:
        """Put a returned line up again (``work``) with files, which go with its whole submission; all of it or nothing.

        Raises:
            NotFound: there is no such line.
            Invalid: a file is too large, of a kind that is not taken, or there are too many; and whatever ``work`` raises.
            Denied: the actor is neither requester nor beneficiary.
        """
        line = read_line(self._uow.read(), line_id)
        request = self._uow.read().get_one(AccessRequest, line.request_id)
        with self._uow.begin(actor, RESUBMIT, resubmitted_target(actor, request, line_id)) as tx:
            kinds = _checked(files)
            done = work()
            self._keep(tx, request.submission_id or request.id, files, kinds)
            return done

    def _keep(self, tx: Transaction, submission_id: UUID, files: Sequence[NewAttachment], kinds: Sequence[FileKind]) -> None:
        """Write files down, sealed."""
        for file, kind in zip(files, kinds, strict=True):
            key = new_id()
            tx.session.add(
                Attachment(
                    id=key,
                    submission_id=submission_id,
                    name=file.name,
                    media_type=kind.media_type,
                    size=len(file.content),
                    sha256=hashlib.sha256(file.content).hexdigest(),
                    sealed=self._keys.seal(file.content, _context(key)),
                    added_at=tx.now,
                )
            )
        tx.session.flush()

    def opened(self, attachment_id: UUID) -> StoredFile:
        """Return a file with its content.

        Raises:
            NotFound: there is none.
        """
        query = select(Attachment).where(Attachment.id == attachment_id).options(undefer(Attachment.sealed))
        row = self._uow.read().scalars(query).one_or_none()
        if row is None:
            raise no_such_attachment(attachment_id)
        return StoredFile(view_of(row), self._keys.open(row.sealed, _context(row.id)))


def resubmitted_target(actor: Actor, request: AccessRequest, line_id: UUID) -> Target:
    """Return a returned line as the target of whoever puts it up again: it belongs to its requester and to its beneficiary."""
    own = actor.official_id in {request.requester_official_id, request.beneficiary_official_id}
    owner = actor.official_id if own else request.requester_official_id
    return Target("request_line", str(line_id), attributes={"official_id": str(owner)})


def no_such_attachment(attachment_id: UUID) -> NotFound:
    """Return the error for a file that there is not, or that the caller may not know of."""
    return NotFound.of(Message("附件"), attachment_id)


def _context(key: UUID) -> bytes:
    return b"request attachment " + key.bytes


def _checked(files: Sequence[NewAttachment]) -> tuple[FileKind, ...]:
    fields = Fields()
    if len(files) > MOST_FILES:
        fields.fail("files", Message("最多附 %(most)s 个文件。", most=MOST_FILES), len(files))
    kinds = [_kind(place, file, fields) for place, file in enumerate(files)]
    fields.done()
    return tuple(kind for kind in kinds if kind is not None)


def _kind(place: int, file: NewAttachment, fields: Fields) -> FileKind | None:
    field = f"files.{place}"
    fields.text(field, file.name, most=_MOST_NAME)
    if len(file.content) > MOST_BYTES:
        fields.fail(field, Message("“%(name)s”超过 5 MB，请压缩或拆分。", name=file.name[:_MOST_NAME]))
        return None
    kind = kind_of(file.name, file.content)
    if kind is None:
        wrong = Message(
            "“%(name)s”不是可以附上的文件，或内容与扩展名不符。可用：%(kinds)s。", name=file.name[:_MOST_NAME], kinds="、".join(ENDINGS)
        )
        fields.fail(field, wrong)
    return kind
