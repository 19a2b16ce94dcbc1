"""The commands of authorization behind one face, with the decisions that the domains above ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from govcloud.authorization.assigning import Assigning
from govcloud.authorization.commands import NewAssignment, NewGrant
from govcloud.authorization.decider import Decider
from govcloud.authorization.decisions import Decision, Question
from govcloud.authorization.document import PolicyDocument
from govcloud.authorization.epochs import note_change
from govcloud.authorization.granting import Granting
from govcloud.authorization.installing import Installing
from govcloud.kernel.actor import Actor
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork

__all__ = ["Authorization", "NewAssignment", "NewGrant"]


class Authorization:
    """Installs policies, assigns roles, opens and closes grants, and decides; each command is one transaction."""

    def __init__(self, uow: UnitOfWork, decider: Decider) -> None:
        """Take the unit of work and the decider."""
        self._decider = decider
        self._installing = Installing(uow)
        self._assigning = Assigning(uow, decider)
        self._granting = Granting(uow, decider)

    # Decisions

    def decide(self, question: Question) -> Decision:
        """Return whether the subject may use the function on the resource, now."""
        return self._decider.decide(question)

    def may_enter(self, appointment_id: UUID, subsystem_code: str) -> Decision:
        """Return whether the subsystem's door is open to the appointment."""
        return self._decider.may_enter(appointment_id, subsystem_code)

    # The policy

    def install_policy(self, actor: Actor, document: PolicyDocument) -> int:
        """Put ``document`` in force and return its number; the very document that is in force already is left alone.

        Raises:
            Conflict: it drops a role that officials hold.
        """
        return self._installing.install(actor, document)

    # Roles

    def assign_role(
        self,
        actor: Actor,
        official_id: UUID,
        role_code: str,
        appointment_id: UUID | None = None,
        *,
        scope: Mapping[str, Any] | None = None,
        reason: str = "",
        until: datetime | None = None,
    ) -> UUID:
        """Give a role to an official and return the assignment's id; the same one, if it is held already.

        Raises:
            Conflict: it would make one official two of the three officers; names the office that stands against it.
            Invalid: the role, its scope or the appointment is wrong.
            NotFound: there is no such official.
        """
        return self._assigning.assign(actor, [NewAssignment(official_id, role_code, appointment_id, scope, reason, until)])[0]

    def assign_roles(self, actor: Actor, assignments: Sequence[NewAssignment]) -> list[UUID]:
        """Give many roles in one transaction; see ``assign_role``."""
        return self._assigning.assign(actor, assignments)

    def end_assignment(self, actor: Actor, assignment_id: UUID, reason: str) -> bool:
        """Take a role away; return whether it was still held.

        Raises:
            NotFound: there is no such assignment.
        """
        return self._assigning.end(actor, assignment_id, reason)

    def end_roles_of(self, actor: Actor, official_id: UUID, reason: str, *, cause: UUID) -> int:
        """Take every role of an official away, present and ahead, because of ``cause``; return how many there were."""
        return self._assigning.end_all(actor, official_id, reason, cause)

    def restore_roles_of(self, actor: Actor, official_id: UUID, *, cause: UUID, followed: Mapping[str, str]) -> int:
        """Give back the roles that ended because of ``cause``, as far as they would last; return how many.

        ``followed`` names for an appointment that ended the one that goes on in its place.

        Raises:
            Conflict: the official would be two of the three officers.
        """
        return self._assigning.restore_all(actor, official_id, cause, followed)

    # Grants

    def open_grant(self, actor: Actor, new: NewGrant) -> UUID:
        """Open a temporary grant and return its id.

        Raises:
            Invalid: the term is empty or over, or the function is not one that can be granted.
            Conflict: the beneficiary is not active under that appointment, or the request's line has its grant already.
        """
        return self._granting.open(actor, new)

    def close_grant(self, actor: Actor, grant_id: UUID, reason: str) -> bool:
        """End a grant at once, for good; return whether it was still open. Repeating it changes nothing.

        Raises:
            NotFound: there is no such grant.
        """
        return self._granting.close(actor, grant_id, reason)

    def close_grants_of(self, actor: Actor, official_id: UUID, reason: str, *, appointment_id: UUID | None = None) -> int:
        """End every open grant of an official (of one appointment, if named); return how many there were."""
        return self._granting.close_all(actor, official_id, reason, appointment_id)

    def suspend_grant(self, actor: Actor, grant_id: UUID, reason: str) -> bool:
        """Let a grant rest; return whether it was awake.

        Raises:
            NotFound: there is no such grant.
            Conflict: it has been closed.
        """
        return self._granting.suspend(actor, grant_id, reason)

    def resume_grant(self, actor: Actor, grant_id: UUID) -> bool:
        """Wake a grant that rests; return whether it did. Its end stays where it was.

        Raises:
            NotFound: there is no such grant.
            Conflict: it has been closed.
        """
        return self._granting.resume(actor, grant_id)

    # For reactions to what happens below

    def advance_epoch(self, tx: Transaction, kind: str, *, official_id: UUID | None = None, reduces: bool = True) -> None:
        """Note, in the transaction of its cause, a change in another domain that decisions may not miss."""
        note_change(tx, kind, official_id=official_id, reduces=reduces)

    def follow_department(self, tx: Transaction, old_path: str, new_path: str) -> int:
        """Let delegated roles follow a department that has moved in the tree; return how many did."""
        return self._assigning.follow_department(tx, old_path, new_path)
