"""The commands of access behind one face; each is one transaction, authorised by the engine.

Asking lies in ``submit.py``, deciding in ``decide.py``, ending grants in ``grants.py``; the life of a grant in between in ``life.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from govcloud.access import lines
from govcloud.access.asking.submit import Submitting
from govcloud.access.commands import NO_ALTERNATIVE, Alternative, Answer, Closed, Decided, NewRequest, Submitted, Withdrawn
from govcloud.access.life.grants import Closing
from govcloud.access.parts import Parts
from govcloud.authorization.scopes.scope import Scope
from govcloud.authorization.service import Authorization
from govcloud.kernel.actor import Actor
from govcloud.kernel.unit_of_work import Transaction


class Access:
    """Request → decide → use → end. Whoever comes second gets a ``Conflict`` that names the state and who brought it about."""

    def __init__(self, parts: Parts, authorization: Authorization) -> None:
        """Take what asking and deciding are made of, and the owner of grants."""
        self.submitting = Submitting(parts.uow, parts.facts, parts.placing, parts.opening)
        #: Others that put lines into requests or end grants (``life.py``, ``ending``) go by the same.
        self.facts, self.placing = parts.facts, parts.placing
        self._deciding = parts.deciding
        self._closing = Closing(parts.uow, parts.facts, authorization)

    def submit(self, actor: Actor, new: NewRequest) -> Submitted:
        """Ask for temporary access to one item.

        Raises:
            Invalid: a field is wrong (text, days, scope, case number), or the item cannot be requested.
            NotFound: the catalogue never had the item.
            Conflict: the beneficiary waits for the item already, is no longer in office, or nobody could decide.
            Denied: the actor may not ask, or not for this person.
        """
        return self.submitting.submit(actor, new)

    def withdraw(self, actor: Actor, line_id: UUID, version: int) -> Withdrawn:
        """Take back a line that still waits; ``version`` is the one that was shown.

        Raises:
            NotFound: there is no such line.
            Conflict: the line has been decided, has lapsed, or changed since.
            Denied: the actor is neither requester nor beneficiary.
        """
        return self.submitting.withdraw(actor, line_id, version)

    def approve(
        self,
        actor: Actor,
        line_id: UUID,
        version: int,
        *,
        scope: Scope | None = None,
        days: int | None = None,
        comment: str = "",
        evidence_hash: str | None = None,
    ) -> Decided:
        """Say yes to a line, as requested or to less.

        When nobody else has to agree, the grant opens and runs for ``days`` × 24 hours from its start (see ``opening.py``); else the line
        waits on. In a request that opens as a whole nothing opens before the last line is approved: then the result has no grant.

        The same decision sent again returns the same result. ``evidence_hash`` is that of the card shown: if the facts have
        changed since, nothing is decided.

        Raises:
            NotFound: there is no such line.
            Conflict: the line was decided, withdrawn or lapsed, or what it rests on has changed.
            Denied: the actor has no authority, or may not decide on this request.
            Invalid: more is given than was asked for, or the comment is wrong.
        """
        return self._deciding.decide(actor, line_id, version, Answer.yes(scope, days, comment, evidence_hash))

    def reject(
        self,
        actor: Actor,
        line_id: UUID,
        version: int,
        reason_code: str,
        comment: str = "",
        *,
        evidence_hash: str | None = None,
        alternative: Alternative = NO_ALTERNATIVE,
    ) -> Decided:
        """Say no to a line, with a reason of ``RejectReason``, and perhaps with what could be asked for instead.

        Raises:
            NotFound, Conflict, Denied, Invalid: as ``approve``; also Invalid for an unknown reason.
        """
        return self._deciding.decide(actor, line_id, version, Answer.no(reason_code, comment, evidence_hash, alternative))

    def revoke(self, actor: Actor, grant_id: UUID, reason: str) -> Closed:
        """End somebody's grant at once, with what extends it; a grant that has been closed stays as it is.

        Raises:
            NotFound: there is no such grant.
            Denied: the actor answers neither for the owning department nor for security.
            Invalid: the reason is missing or wrong.
        """
        return self._closing.revoke(actor, grant_id, reason)

    def relinquish(self, actor: Actor, grant_id: UUID) -> Closed:
        """Give one's own grant back at once, with what extends it; a grant that has been closed stays as it is.

        Raises:
            NotFound: there is no such grant.
            Denied: it is somebody else's.
        """
        return self._closing.relinquish(actor, grant_id)

    def follow_department(self, tx: Transaction, old_path: str, new_path: str) -> int:
        """Let the lines of departments that moved stand below their new path, in the transaction of the move; return how many."""
        return lines.follow_department(tx.session, old_path, new_path)

    def change_owner(self, tx: Transaction, department_id: UUID, successor_id: UUID) -> None:
        """Let the lines of a department be its successor's, in the transaction of the merger."""
        lines.change_owner(tx.session, department_id, successor_id)

    def change_owner_of(self, tx: Transaction, subsystem_code: str, department_id: UUID, successor_id: UUID, path: str) -> None:
        """Let the lines of one subsystem be another department's, in the transaction that hands it over."""
        lines.change_owner_of(tx.session, subsystem_code, department_id, successor_id, path)

    def change_owner_of_item(self, tx: Transaction, item_id: UUID, department_id: UUID) -> int:
        """Let the open lines of an item be its new owner's, in the transaction that changes the item; return how many."""
        return lines.change_owner_of_item(tx.session, item_id, department_id, self.facts.department_path(department_id, tx.now))

    def carry_appointments(self, tx: Transaction, appointments: Mapping[UUID, UUID]) -> None:
        """Let requests that wait go on under the appointments that a reorganisation put in the place of others (old id → new id)."""
        lines.carry_appointments(tx.session, appointments)
