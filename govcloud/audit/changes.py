"""When things last changed, as the record tells it: for programs that fetch only what is new."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ARRAY, ColumnElement, Text, cast, func, literal_column, select, tuple_
from sqlalchemy.orm import Session, aliased

from govcloud.audit.models import AuditEvent
from govcloud.kernel.paging import Cursor

#: The events of each domain that is asked for. Somebody signs in a thousand times between two changes; ``ix_audit_event_identity``
#: has the changes alone.
_NAMES: Mapping[str, ColumnElement[str]] = {"identity": literal_column("'identity:%'", Text())}


@dataclass(frozen=True)
class Change:
    """The newest change of a subject (``"official:<uuid>"``), and its place in the record."""

    subject: str
    cursor: Cursor


class Changes:
    """Reads the newest event of subjects; ``domain`` is the first part of an event's name, e.g. ``"identity"``."""

    def __init__(self, read: Callable[[], Session]) -> None:
        """Take the source of reading sessions."""
        self._read = read

    def newest(self, domain: str, subjects: Iterable[str]) -> Mapping[str, datetime]:
        """Return when each of ``subjects`` last changed; those that the record does not know are left out."""
        # Not called "subject": within the subquery that would be the event's own, and everybody's newest event would be one and the same.
        subject = func.unnest(cast(sorted(set(subjects)), ARRAY(Text()))).column_valued("asked_for")
        # One step back along the index of each subject.
        last = select(AuditEvent.at).where(AuditEvent.subject == subject, _of(AuditEvent, domain))
        at = last.order_by(AuditEvent.at.desc(), AuditEvent.id.desc()).limit(1).scalar_subquery()
        return {row.subject: row.at for row in self._read().execute(select(subject.label("subject"), at.label("at"))) if row.at is not None}

    def since(self, domain: str, kind: str, start: datetime, *, after: Cursor | None = None, limit: int = 100) -> list[Change]:
        """Return the subjects of ``kind`` that changed at ``start`` or later, each once, in the order of their newest change.

        It reads on from ``start`` (or ``after``) until ``limit`` are found: its cost grows with what happened since, not with how
        many subjects there are.
        """
        later = aliased(AuditEvent)
        followed = (
            select(later.id)
            .where(
                later.subject == AuditEvent.subject,
                _of(later, domain),
                tuple_(later.at, later.id) > tuple_(AuditEvent.at, AuditEvent.id),
            )
            .exists()
        )
        query = select(AuditEvent.subject, AuditEvent.at, AuditEvent.id).where(
            AuditEvent.at >= start, _of(AuditEvent, domain), AuditEvent.subject.startswith(f"{kind}:", autoescape=True), ~followed
        )
        if after is not None:
            query = query.where(tuple_(AuditEvent.at, AuditEvent.id) > tuple_(after.at, after.id))
        found = self._read().execute(query.order_by(AuditEvent.at, AuditEvent.id).limit(limit))
        return [Change(row.subject, Cursor(row.at, row.id)) for row in found]


def _of(events: type[AuditEvent], domain: str) -> ColumnElement[bool]:
    """Return the condition that an event is of ``domain``, word for word as the index has it: a bound value would not be proved to fit."""
    return events.name.like(_NAMES[domain])
