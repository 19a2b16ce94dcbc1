"""The commands of authorization behind one face, with the decisions that the domains above ask for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from govcloud.authorization.apart.sessions import SessionSeparation
from govcloud.authorization.commands import NewAssignment, NewGrant
from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.deciding.decisions import Decision, Question
from govcloud.authorization.deciding.installing import Installing
from govcloud.authorization.deciding.live import Sessions
from govcloud.authorization.deciding.remembering import Until, always_on
from govcloud.authorization.epochs import note_change
from govcloud.authorization.models import AccessGrant
from govcloud.authorization.policies.document import PolicyDocument
from govcloud.authorization.rights import following
from govcloud.authorization.rights.assigning import Assigning
from govcloud.authorization.rights.ceilings import Ceilings
from govcloud.authorization.rights.closing import Ended, among, close_open
from govcloud.authorization.rights.duty_inputs import NewDutyRule
from govcloud.authorization.rights.duty_rules import DutyRules
from govcloud.authorization.rights.granting import Granting, hold_grants
from govcloud.authorization.rights.selecting import GrantSelection
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import Clock
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork

__all__ = ["Authorization", "NewAssignment", "NewDutyRule", "NewGrant"]


class Authorization:
    """Installs policies, assigns roles, opens and closes grants, and decides; each command is one transaction."""

    def __init__(self, uow: UnitOfWork, decider: Decider, clock: Clock) -> None:
        """Take the unit of work, the decider and the clock."""
        self._decider = decider
        self._sessions = SessionSeparation(uow, clock)
        self._installing = Installing(uow, decider.live.surroundings.zones.names, decider.subsystems)
        self._assigning = Assigning(uow, decider)
        self._granting = Granting(uow, decider)
        self._duties = DutyRules(uow, decider)
        self._ceilings = Ceilings(uow, decider)

    # Decisions

    def decide(self, question: Question) -> Decision:
        """Return whether the subject may use the function on the resource, now."""
        return self._decider.decide(question)

    def decide_all(self, questions: Sequence[Question], until: Until = always_on) -> list[Decision]:
        """Answer questions in their order, each subject read once; see ``Decider.decide_all``."""
        return self._decider.decide_all(questions, until)

    def settle(self, question: Question, decision: Decision) -> Decision:
        """Return a decision that is given out for a session as dynamic separation of duty leaves it; see ``apart/sessions.py``."""
        return self._sessions.settle(question, decision)

    def forget_uses(self, actor: Actor) -> int:
        """Forget one batch of what sessions used that ended long ago; return how many rows went."""
        return self._sessions.purge(actor)

    def entrusted(self, official_id: UUID) -> str:
        """Return what is entrusted to an official under any appointment: ``office`` (one of the three), ``delegated`` or ``nothing``."""
        return self._decider.entrusted([official_id])[official_id]

    def entrusted_among(self, officials: Collection[UUID]) -> Mapping[UUID, str]:
        """Return what is entrusted to each of ``officials``, in as many statements as for one."""
        return self._decider.entrusted(officials)

    # The policy

    def make_policies_beside(self, sessions: Sessions) -> None:
        """Compile new policies on threads of their own from now on; see ``LiveEngine.make_beside``."""
        self._decider.live.make_beside(sessions)

    def install_policy(self, actor: Actor, document: PolicyDocument) -> int:
        """Put ``document`` in force and return its number; the very document that is in force already is left alone.

        Raises:
            Conflict: it drops a role that officials hold.
            PolicyError: a condition names a network zone that there is not.
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
            Invalid: the reason is missing or wrong.
        """
        return self._assigning.end(actor, assignment_id, reason)

    def end_roles_of(self, actor: Actor, official_id: UUID, reason: str, *, cause: UUID) -> int:
        """Take every role of an official away, present and ahead, because of ``cause``; return how many there were."""
        return self._assigning.end_all(actor, official_id, reason, cause)

    def restore_roles_of(self, actor: Actor, official_id: UUID, *, cause: UUID, followed: Mapping[str, str]) -> int:
        """Give back the roles that ended because of ``cause``, as far as they would last; return how many.

        ``followed`` names for an appointment that ended the one that goes on in its place. A role that separation of duty keeps apart
        from what the official holds by now stays ended, on record and listed (``AuthorizationQueries.withheld_of``).

        Raises:
            Conflict: the official would be two of the three officers.
        """
        return self._assigning.restore_all(actor, official_id, cause, followed)

    # Duties and ceilings

    def add_duty_rules(self, actor: Actor, rules: Sequence[NewDutyRule]) -> list[UUID]:
        """Let everybody in an appointment of some description hold a role, and return the rules' ids; a rule that stands is left alone.

        Raises:
            Invalid: a role, a criterion or the window is wrong; an officer's role never follows from a duty.
            Denied: a rule would give its author a role.
        """
        return self._duties.add(actor, rules)

    def change_duty_rule(self, actor: Actor, rule_id: UUID, new: NewDutyRule) -> UUID:
        """Let ``new`` follow a rule at the moment at which it begins; return the new rule's id.

        Raises:
            NotFound: there is no such rule.
            Conflict: it has ended.
            Invalid, Denied: as for ``add_duty_rules``.
        """
        return self._duties.change(actor, rule_id, new)

    def end_duty_rule(self, actor: Actor, rule_id: UUID, reason: str, at: datetime | None = None) -> bool:
        """End a rule at ``at`` (UTC, by default now); return whether that was earlier than it would have ended.

        Raises:
            NotFound: there is no such rule.
            Invalid: the moment has passed, or there is no reason.
        """
        return self._duties.end(actor, rule_id, reason, at)

    def set_role_ceiling(self, actor: Actor, department_id: UUID, roles: Collection[str] | None, reason: str) -> bool:
        """Set which roles administrators may give directly in a department and below; return whether anything changed.

        ``None`` lets the department above decide; none at all lets nothing be given. What is taken away is taken from every
        department below, too.

        Raises:
            NotFound: there is no such department.
            Invalid: a role cannot be given; an officer's never can.
            Denied: the actor does not administer a department above, or passes on more than was opened there.
        """
        return self._ceilings.set(actor, department_id, roles, reason)

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

    def close_grants_of(self, actor: Actor, officials: Sequence[UUID], reason: str, *, appointments: Sequence[UUID] | None = None) -> int:
        """End every open grant of officials (under some of their appointments, if named); return how many there were."""
        return self._granting.close_all(actor, officials, reason, appointments)

    def close_grants(self, tx: Transaction, grants: Sequence[UUID], reason: str, *, by: str | None = None) -> list[Ended]:
        """End those of ``grants`` that are open, in the transaction of whoever may; return them. See ``closing.py``."""
        return close_open(tx, reason, among(AccessGrant.id, grants), by=by) if grants else []

    def close_selected(self, tx: Transaction, selection: GrantSelection, reason: str) -> list[Ended]:
        """End the open grants of a selection, in the transaction of the cause; return them."""
        return close_open(tx, reason, *selection.conditions(tx.now))

    def hold_grants(self, tx: Transaction, official_id: UUID, subsystem_code: str) -> None:
        """Keep a person's open grants in a subsystem as they are until ``tx`` ends; one that was being closed is closed by then."""
        hold_grants(tx.session, official_id, subsystem_code)

    def suspend_grant(self, actor: Actor, grant_id: UUID, reason: str) -> bool:
        """Let a grant rest; return whether it was awake.

        Raises:
            NotFound: there is no such grant.
            Conflict: it has been closed.
        """
        return self._granting.suspend(actor, grant_id, reason)

    def resume_grant(self, actor: Actor, grant_id: UUID, reason: str = "") -> bool:
        """Wake a grant that rests; return whether it did. Its end stays where it was.

        Raises:
            NotFound: there is no such grant.
            Conflict: it has been closed.
        """
        return self._granting.resume(actor, grant_id, reason)

    # For reactions to what happens below

    def advance_epoch(
        self,
        tx: Transaction,
        kind: str,
        *,
        official_id: UUID | None = None,
        officials: Collection[UUID] = (),
        departments: Collection[UUID] = (),
        subsystem_code: str | None = None,
        reduces: bool = True,
    ) -> None:
        """Note, in the transaction of its cause, a change in another domain that decisions may not miss; see ``note_change``."""
        note_change(
            tx,
            kind,
            official_id=official_id,
            officials=officials,
            departments=departments,
            subsystem_code=subsystem_code,
            reduces=reduces,
        )

    def carry_appointments(self, tx: Transaction, appointments: Mapping[UUID, UUID]) -> None:
        """Let roles and grants go on under the appointments that a reorganisation put in the place of others (old id → new id)."""
        following.carry_appointments(tx, appointments)

    def change_owner(self, tx: Transaction, department_id: UUID, successor_id: UUID) -> None:
        """Let the successor of a department answer for its grants."""
        following.change_owner(tx, department_id, successor_id)

    def change_owner_of(self, tx: Transaction, subsystem_code: str, department_id: UUID, successor_id: UUID) -> None:
        """Let another department answer for the grants of one subsystem, in the transaction that hands it over."""
        following.change_owner_of(tx, subsystem_code, department_id, successor_id)

    def end_delegations(self, tx: Transaction, path: str, reason: str) -> None:
        """Take away the roles that reach over a department which is no more."""
        following.end_delegations(tx, path, reason)

    def follow_department(self, tx: Transaction, old_path: str, new_path: str) -> int:
        """Let delegated roles follow a department that has moved in the tree; return how many did."""
        return self._assigning.follow_department(tx, old_path, new_path)
