"""The life of a grant between its opening and its end: extended, suspended, resumed. Each command is one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from govcloud.access.commands import Rested, Submitted
from govcloud.access.life.extending import ExtendedIn, Extending, ExtensionOffer
from govcloud.access.life.grants import Closing
from govcloud.access.service import Access
from govcloud.authorization.service import Authorization
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import Clock
from govcloud.kernel.unit_of_work import UnitOfWork


class GrantLife:
    """What holders, and those who answer for grants, do with a grant that goes on."""

    def __init__(self, uow: UnitOfWork, access: Access, authorization: Authorization, clock: Clock) -> None:
        """Take the unit of work, access (whose facts and rules hold here too), the owner of grants, and the clock."""
        self._facts = access.facts
        self._extending = Extending(uow, access.facts, access.placing, clock)
        self._closing = Closing(uow, access.facts, authorization)

    def extend(self, actor: Actor, grant_id: UUID, days: int, reason: str) -> Submitted:
        """Ask for ``days`` × 24 hours more of one's own grant, from its end on, for the same rows and the same case.

        Raises:
            Invalid: the reason is wrong, or the grants together would last longer than the item allows.
            NotFound: there is no such grant, or it is somebody else's.
            Conflict: it has ended, can no longer be requested, or is being extended already.
            Denied: the actor may not ask for access.
        """
        return self._extending.extend(actor, grant_id, days, reason)

    def offer(self, grant_id: UUID) -> ExtensionOffer | None:
        """Return for how long a grant can be extended; ``None``: it cannot be, whoever asks."""
        grant = self._facts.authorization.grant(grant_id)
        return self._extending.offer(grant) if grant else None

    def extended_in(self, lines: Sequence[UUID]) -> Mapping[UUID, ExtendedIn]:
        """Return for each of ``lines`` the request that extends its grant, if there is one."""
        return self._extending.extended_in(lines)

    def suspend(self, actor: Actor, grant_id: UUID, reason: str) -> Rested:
        """Let somebody's grant rest, at once and until it is resumed; one that rests already stays as it is.

        Raises:
            NotFound: there is no such grant.
            Conflict: it has been closed.
            Denied: the actor answers neither for the owning department nor for security.
            Invalid: the reason is missing or wrong.
        """
        return self._closing.suspend(actor, grant_id, reason)

    def resume(self, actor: Actor, grant_id: UUID, reason: str) -> Rested:
        """Wake a grant that rests; its end stays where it was. Raises as ``suspend``."""
        return self._closing.resume(actor, grant_id, reason)
