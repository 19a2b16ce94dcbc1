"""What happens to the record itself: it is read by people, verified, and handed out as evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from govcloud.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class TrailRead(Event):
    """Somebody read the record; ``by`` says how they searched (``subject``, ``chain``, ``actor``, ``all``) and ``about`` for what.

    The subject is the record, not the thing searched for, whose own trail would otherwise grow by being looked at.
    """

    name: ClassVar[str] = "audit:trail:read"

    by: str
    about: str
    entries: int


@dataclass(frozen=True, kw_only=True)
class RecordVerified(Event):
    """The record was verified up to ``size`` events; ``findings`` counts what did not hold."""

    name: ClassVar[str] = "audit:record:verified"

    size: int
    root: str
    findings: int


@dataclass(frozen=True, kw_only=True)
class EvidenceExported(Event):
    """Events were handed out as a bundle that verifies offline."""

    name: ClassVar[str] = "audit:evidence:exported"

    size: int
    root: str
    about: str
    entries: int
