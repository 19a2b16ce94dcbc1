"""What CAS asks of sign-on and gets back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from govcloud.signon.views import CurrentSession
from govcloud.subsystems.queries import ClientView


@dataclass(frozen=True)
class Caller:
    """Where a request of a program comes from, for the record."""

    address: str | None = None
    trace_id: str | None = None


@dataclass(frozen=True)
class Validation:
    """What a service asks: whether ``ticket`` was made for it (``service`` as it was sent).

    ``renew`` demands that somebody proved who they are for this very ticket, ``proxied`` takes tickets of other services' proxies.
    """

    ticket: str
    service: str
    renew: bool = False
    proxied: bool = False
    pgt_url: str | None = None


@dataclass(frozen=True)
class Validated:
    """What a ticket stood for: ``user`` is the employee code; ``proxies`` are callback addresses, the one visited last first."""

    client: ClientView
    session: CurrentSession
    participant_id: UUID
    family_id: UUID
    proxy_grant_id: UUID | None
    fresh: bool
    proxies: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    pgt_iou: str | None = None

    @property
    def user(self) -> str:
        """Return the name that the service knows the official by."""
        return self.session.employee_code
