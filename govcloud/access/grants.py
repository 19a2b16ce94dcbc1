"""Ending a grant before its time: revoked by those who answer for it, or given back by its holder. Both are idempotent."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from govcloud.access import errors
from govcloud.access.commands import Closed
from govcloud.access.events import GrantRelinquished, GrantRevoked
from govcloud.access.loading import FactsLoader
from govcloud.access.models import RequestLine
from govcloud.authorization.queries import GrantView
from govcloud.authorization.service import Authorization
from govcloud.identity.locking import lock_official
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.kernel.validation import Fields

REASON_MOST = 500
RELINQUISHED = "relinquished"
"""The close reason of a grant that its holder gave back; that of a revoked one is the text that was given."""


@dataclass(frozen=True)
class _Origin:
    """The department that answers for a grant, and the id of the request behind it."""

    owner_id: UUID | None
    chain: str | None


class Closing:
    """The commands that end grants."""

    def __init__(self, uow: UnitOfWork, facts: FactsLoader, authorization: Authorization) -> None:
        """Take the unit of work, the loader of facts, and the owner of grants."""
        self._uow = uow
        self._facts = facts
        self._authorization = authorization

    def revoke(self, actor: Actor, grant_id: UUID, reason: str) -> Closed:
        """End somebody's grant; see ``Access.revoke``."""
        fields = Fields()
        reason = fields.text("reason", reason, most=REASON_MOST, multiline=True)
        fields.done()
        grant = self._grant(grant_id)
        origin = self._origin(grant)
        path = self._facts.department_path(origin.owner_id) if origin.owner_id else None
        target = Target("access_grant", str(grant_id), department_path=path)
        with self._uow.begin(actor, "govcloud:grant:revoke", target) as tx:
            lock_official(tx.session, grant.official_id)
            closed_now = self._authorization.close_grant(actor, grant_id, reason)
            if closed_now:
                tx.record(GrantRevoked(subject=f"official:{grant.official_id}", chain=origin.chain, grant_id=grant_id, reason=reason))
            return Closed(grant_id, replayed=not closed_now)

    def relinquish(self, actor: Actor, grant_id: UUID) -> Closed:
        """Give one's own grant back; see ``Access.relinquish``."""
        grant = self._grant(grant_id)
        origin = self._origin(grant)
        target = Target("access_grant", str(grant_id), attributes={"official_id": str(grant.official_id)})
        with self._uow.begin(actor, "govcloud:grant:relinquish", target) as tx:
            if actor.official_id != grant.official_id:
                raise errors.not_yours()
            lock_official(tx.session, grant.official_id)
            closed_now = self._authorization.close_grant(actor, grant_id, RELINQUISHED)
            if closed_now:
                tx.record(GrantRelinquished(subject=f"official:{grant.official_id}", chain=origin.chain, grant_id=grant_id))
            return Closed(grant_id, replayed=not closed_now)

    def _grant(self, grant_id: UUID) -> GrantView:
        """Return a grant, closed or not.

        Raises:
            NotFound: there is no such grant.
        """
        grant = self._facts.authorization.grant(grant_id)
        if grant is None:
            raise errors.no_such_grant(grant_id)
        return grant

    def _origin(self, grant: GrantView) -> _Origin:
        """Return where a grant comes from: its request, or for one that was opened without, the owner of the subsystem."""
        line = self._uow.read().get(RequestLine, grant.line_id) if grant.line_id else None
        if line is not None:
            return _Origin(line.owner_department_id, str(line.request_id))
        subsystem = self._facts.subsystems.subsystem(grant.subsystem_code)
        return _Origin(subsystem.owner_department_id if subsystem else None, None)
