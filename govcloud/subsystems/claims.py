"""Which addresses are one subsystem's alone: the beginnings of its CAS services, the origins of its applications behind a proxy.

An address that clients of two subsystems may claim is nobody's when somebody comes to it (``client_by_service``), so a second claim
would close the first one's door. Redirect addresses and web origins are not claimed: they are compared for a client that is already
known, and several may share one.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from govcloud.kernel.locks import take
from govcloud.subsystems.beginnings import place_of
from govcloud.subsystems.models import Client, ClientRedirect, Subsystem

#: Of the kinds of addresses, those that are claimed.
SERVICE, ORIGIN = "service", "origin"
_LOCK = "govcloud client addresses"


@dataclass(frozen=True)
class Claim:
    """An address that was to be claimed, and the one of another subsystem that it meets."""

    address: str
    theirs: str
    subsystem_id: UUID


def lock_claims(session: Session) -> None:
    """Let one client be registered or changed at a time: what was compared is what is written. Subsystems are held after it."""
    take(session, _LOCK)


def claimed_elsewhere(session: Session, subsystem_id: UUID, addresses: Collection[tuple[str, str]]) -> Claim | None:
    """Return the first of ``addresses`` (kind, address) that an enabled client of another subsystem claims, or ``None``.

    Two beginnings meet when some address begins with both, so when one is the other or lies below it.
    """
    for kind, address in addresses:
        meets = _meets(kind, address)
        if meets is None:
            continue
        query = (
            select(ClientRedirect.uri, Client.subsystem_id)
            .join(Client, Client.id == ClientRedirect.client_id)
            .join(Subsystem, Subsystem.id == Client.subsystem_id)
            .where(ClientRedirect.kind == kind, ClientRedirect.removed_at.is_(None), meets)
            .where(Client.disabled_at.is_(None), Subsystem.status != "retired", Client.subsystem_id != subsystem_id)
            .order_by(ClientRedirect.uri, ClientRedirect.id)
            .limit(1)
        )
        found = session.execute(query).first()
        if found is not None:
            return Claim(address, found.uri, found.subsystem_id)
    return None


def _meets(kind: str, address: str) -> ColumnElement[bool] | None:
    if kind == ORIGIN:
        return ClientRedirect.uri == address
    place = place_of(address) if kind == SERVICE else None
    if place is None:
        return None
    below = f"{place.address.rstrip('/')}/"
    return or_(ClientRedirect.uri.in_(place.beginnings()), ClientRedirect.uri.startswith(below, autoescape=True))
