"""Entering a subsystem: whether its door is open to an official, asked where a ticket is made.

A grant may be revoked at any moment. So whoever makes a ticket holds the session and the official's grants there, and then asks: a
revocation is either seen, or waits and finds the stay that it has to end (integration levels 0 and 1).
"""

from __future__ import annotations

from govcloud.authorization.deciding.decisions import Decision, Question
from govcloud.authorization.given_out import GivenOut
from govcloud.authorization.service import Authorization
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.signon import events
from govcloud.signon.errors import NotAdmitted, no_such_session
from govcloud.signon.sessions import Sessions
from govcloud.signon.views import CurrentSession
from govcloud.subsystems.queries import ClientView


class Entering:
    """Asks at the doors of subsystems."""

    def __init__(self, uow: UnitOfWork, sessions: Sessions, authorization: Authorization, given_out: GivenOut) -> None:
        """Take the sessions that enter, who decides, and what remembers decisions."""
        self._uow = uow
        self._sessions = sessions
        self._authorization = authorization
        self._given_out = given_out

    def admit(self, actor: Actor, session: CurrentSession, client: ClientView) -> Decision:
        """Return whether the official may enter the client's subsystem under the current appointment; a refusal is recorded.

        For doors before which the official does not stand; everybody else is asked in ``hold``.
        """
        decision = self._decide(session, client, actor)
        if not decision.allowed:
            with self._uow.begin(actor, "govcloud:ticket:issue", Target("client", client.client_id)) as tx:
                tx.record(_refused(session, client, decision))
        return decision

    def hold(self, tx: Transaction, session: CurrentSession, client: ClientView, *, alone: bool = False) -> CurrentSession | NotAdmitted:
        """Return the session as it is now, into which the caller may let ``client``; it stays so until ``tx`` ends.

        Or why the door is closed, which is on record: to be raised once ``tx`` is committed, so that the record stays.

        Args:
            tx: the command that makes a ticket.
            session: the session as it was found when the request began.
            client: who is to take part in it.
            alone: whether nobody else may make a ticket of this session beside it.

        Raises:
            NotFound: the session, or the appointment under which it acted, has ended meanwhile.
        """
        held = self._sessions.held(tx, session.session_id, alone=alone)
        if held is None or (held.appointment_id is None and session.appointment_id is not None):
            raise no_such_session()
        # After the session, as every command that ends both does.
        self._authorization.hold_grants(tx, held.official_id, client.subsystem_code)
        decision = self._decide(held, client, tx.actor)
        if not decision.allowed:
            tx.record(_refused(held, client, decision))
            return NotAdmitted(decision)
        return held

    def _decide(self, session: CurrentSession, client: ClientView, actor: Actor) -> Decision:
        address = asked_from(actor)
        door = f"{client.subsystem_code}:door:enter"
        question = Question(door, session.appointment_id, session.official_id, client_address=address, session_id=session.session_id)
        decision = self._authorization.settle(question, self._authorization.decide(question))
        # The audit record has the refusal as a fact; the log has it among the decisions, beside those of every other way in.
        self._given_out.note(question, decision, client.client_id, trace_id=actor.trace_id)
        return decision


def asked_from(actor: Actor) -> str | None:
    """Return the address of the person's device with which a door is asked for ``actor``; ``None``: it is not known.

    Only where the person is here: a subsystem that comes for its ticket has an address of its own.
    """
    return actor.source_address if actor.official_id is not None else None


def _refused(session: CurrentSession, client: ClientView, decision: Decision) -> events.EntryRefused:
    return events.EntryRefused(
        subject=f"official:{session.official_id}",
        client_id=client.client_id,
        subsystem_code=client.subsystem_code,
        appointment_id=session.appointment_id,
        code=decision.code,
    )
