"""Who acts: an official under an appointment, a subsystem, a part of the platform itself, or nobody yet."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from govcloud.kernel.validation import identifier


class ActorKind(StrEnum):
    """The four kinds of actor."""

    OFFICIAL = "official"
    SUBSYSTEM = "subsystem"
    SYSTEM = "system"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who runs a command, and from where; it stands in every audit event.

    ``id`` is the official's id, the client_id of a subsystem, or the name of the part of the platform. ``roles`` are what a
    client was entrusted with beyond its own subsystem.
    """

    kind: ActorKind
    id: str
    name: str
    official_id: UUID | None = None
    appointment_id: UUID | None = None
    session_id: UUID | None = None
    source_address: str | None = None
    trace_id: str | None = None
    roles: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """Return the actor as tables keep who did something: ``official:<id>``, ``subsystem:<client_id>``, ``system:<part>``."""
        return f"{self.kind}:{self.id}"

    @classmethod
    def official(
        cls,
        official_id: UUID,
        name: str,
        *,
        appointment_id: UUID | None = None,
        session_id: UUID | None = None,
        source_address: str | None = None,
        trace_id: str | None = None,
    ) -> Actor:
        """Return a person acting under ``appointment_id`` (``None``: signed in, no appointment chosen)."""
        return cls(ActorKind.OFFICIAL, str(official_id), name, official_id, appointment_id, session_id, source_address, trace_id)

    @classmethod
    def subsystem(
        cls,
        client_id: str,
        name: str,
        *,
        roles: tuple[str, ...] = (),
        source_address: str | None = None,
        trace_id: str | None = None,
    ) -> Actor:
        """Return a relying system that proved its client credentials."""
        return cls(ActorKind.SUBSYSTEM, client_id, name, source_address=source_address, trace_id=trace_id, roles=roles)

    @classmethod
    def system(cls, name: str, *, trace_id: str | None = None) -> Actor:
        """Return a part of the platform (``"jobs"``, ``"seed"``, …); its rights stand under role ``system:<name>``."""
        return cls(ActorKind.SYSTEM, name, name, trace_id=trace_id)

    @classmethod
    def anonymous(cls, source_address: str | None = None, *, trace_id: str | None = None) -> Actor:
        """Return somebody who has not signed in."""
        return cls(ActorKind.ANONYMOUS, "anonymous", "anonymous", source_address=source_address, trace_id=trace_id)


def official_of(reference: str) -> UUID | None:
    """Return the official whom a reference (``"official:<id>"``, of an actor or a subject) names; ``None``: it names none."""
    kind, _, name = reference.partition(":")
    return identifier(name) if kind == ActorKind.OFFICIAL else None
