"""Versions that are or were in force, by number; 0 is the shipped policy, which decides while none is installed."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from govcloud.authorization.drafting.errors import no_such_version
from govcloud.authorization.models import PolicyVersion
from govcloud.authorization.policies.document import PolicyDocument, parse_document
from govcloud.authorization.shipped import baseline


def version_id(session: Session, number: int) -> UUID | None:
    """Return the id of a version, by which its engine is found; ``None`` is the shipped policy.

    Raises:
        NotFound: no version has this number.
    """
    if number == 0:
        return None
    found = session.scalar(select(PolicyVersion.id).where(PolicyVersion.number == number))
    if found is None:
        raise no_such_version(number)
    return found


def document_of(session: Session, number: int) -> PolicyDocument:
    """Return the document of a version.

    Raises:
        NotFound: no version has this number.
        PolicyError: the text is of a language that this program no longer reads.
    """
    if number == 0:
        return baseline()
    row = session.execute(select(PolicyVersion.document, PolicyVersion.source).where(PolicyVersion.number == number)).one_or_none()
    if row is None:
        raise no_such_version(number)
    return parse_document(row.document, row.source)


def checksum_of(session: Session, number: int) -> str:
    """Return the checksum of a version's text, which need not be readable any more; an empty text when there is no such version."""
    if number == 0:
        return baseline().checksum
    return session.scalar(select(PolicyVersion.checksum).where(PolicyVersion.number == number)) or ""
