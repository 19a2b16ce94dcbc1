"""Ending a grant before its time, or letting it rest: by those who answer for it, or by its holder. All are idempotent.

Whoever ends a grant ends what extends it as well: access that was taken away does not come back when the grant would have ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from govcloud.access import errors
from govcloud.access.commands import Closed, Rested
from govcloud.access.life.events import GrantRelinquished, GrantRevoked
from govcloud.access.life.extending import following
from govcloud.access.lifecycle import RELINQUISHED
from govcloud.access.loading import FactsLoader
from govcloud.access.models import RequestLine
from govcloud.authorization.queries import GrantView
from govcloud.authorization.service import Authorization
from govcloud.identity.locking import lock_official
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.kernel.validation import Fields

REASON_MOST = 500


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
        reason = checked_reason(reason)
        grant = self._grant(grant_id)
        origin = self._origin(grant)
        path = self._facts.department_path(origin.owner_id) if origin.owner_id else None
        target = Target("access_grant", str(grant_id), department_path=path)
        with self._uow.begin(actor, "govcloud:grant:revoke", target) as tx:
            lock_official(tx.session, grant.official_id)
            closed_now = self._authorization.close_grant(actor, grant_id, reason)
            self._end_extensions(tx, [grant.line_id], reason)
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
            self._end_extensions(tx, [grant.line_id], RELINQUISHED)
            if closed_now:
                tx.record(GrantRelinquished(subject=f"official:{grant.official_id}", chain=origin.chain, grant_id=grant_id))
            return Closed(grant_id, replayed=not closed_now)

    def suspend(self, actor: Actor, grant_id: UUID, reason: str) -> Rested:
        """Let somebody's grant rest; see ``Access.suspend``."""
        reason = checked_reason(reason)
        grant = self._grant(grant_id)
        with self._uow.begin(actor, "govcloud:grant:suspend", self._target(grant)) as tx:
            lock_official(tx.session, grant.official_id)
            done = self._authorization.suspend_grant(actor, grant_id, reason)
            for extension in self._extensions(tx, [grant.line_id]):
                self._authorization.suspend_grant(actor, extension, reason)
            return Rested(grant_id, suspended=True, replayed=not done)

    def resume(self, actor: Actor, grant_id: UUID, reason: str) -> Rested:
        """Wake somebody's grant; see ``Access.resume``."""
        reason = checked_reason(reason)
        grant = self._grant(grant_id)
        with self._uow.begin(actor, "govcloud:grant:resume", self._target(grant)) as tx:
            lock_official(tx.session, grant.official_id)
            done = self._authorization.resume_grant(actor, grant_id, reason)
            for extension in self._extensions(tx, [grant.line_id]):
                self._authorization.resume_grant(actor, extension, reason)
            return Rested(grant_id, suspended=False, replayed=not done)

    def _end_extensions(self, tx: Transaction, lines: Sequence[UUID | None], reason: str) -> None:
        """End the grants that go on from those of ``lines``, as far as they are open."""
        self._authorization.close_grants(tx, self._extensions(tx, lines), reason)

    def _extensions(self, tx: Transaction, lines: Sequence[UUID | None]) -> list[UUID]:
        """Return the grants that go on from those of ``lines``, as far as they are open."""
        found = following(tx.session, [line for line in lines if line is not None])
        grants = self._facts.authorization.grants_of_lines(found) if found else ()
        return [grant.id for grant in grants if grant.closed_at is None]

    def _target(self, grant: GrantView) -> Target:
        origin = self._origin(grant)
        path = self._facts.department_path(origin.owner_id) if origin.owner_id else None
        return Target("access_grant", str(grant.id), department_path=path, attributes={"official_id": str(grant.official_id)})

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


def checked_reason(text: str) -> str:
    """Return a reason in its stored form.

    Raises:
        Invalid: it is empty, too long or has control characters.
    """
    fields = Fields()
    reason = fields.text("reason", text, most=REASON_MOST, multiline=True)
    fields.done()
    return reason
