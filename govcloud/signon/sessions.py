"""Sessions: under which appointment they act, how many there may be at once, and their end; how they are found: ``finding.py``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, update

from govcloud.identity.locking import lock_officials
from govcloud.identity.queries import AppointmentView, IdentityQueries
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.batches import one_place
from govcloud.kernel.clock import Clock
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.kernel.validation import checked_reason
from govcloud.signon import errors, events
from govcloud.signon.finding import FindingSessions
from govcloud.signon.logout.leaving import Leaving, among, by_session, stays_ended
from govcloud.signon.models import Participant, Session
from govcloud.signon.policy import REFUSE, Policies
from govcloud.signon.views import CurrentSession, SignedIn

__all__ = ["CurrentSession", "Sessions", "SignedIn"]

BATCH = 500
_REASON_MOST = 500


class Sessions(FindingSessions):
    """Finds sessions, changes them and ends them."""

    def __init__(  # noqa: PLR0917 - all that it rests on, in the order of the house
        self, uow: UnitOfWork, identity: IdentityQueries, keys: KeyRing, clock: Clock, policies: Policies, leaving: Leaving
    ) -> None:
        """Take what a session is made of, the rules that limit it, and what tells its participants of its end."""
        super().__init__(uow, keys, clock, policies)
        self._identity = identity
        self._leaving = leaving

    @property
    def longest(self) -> timedelta:
        """Return how long a session lasts at the most."""
        return self._policies.current().longest

    # Appointments

    def choose_appointment(self, actor: Actor, session_id: UUID, appointment_id: UUID) -> AppointmentView:
        """Act under another appointment from now on, in this session and all that takes part in it.

        Subsystems that ask the platform at each use follow; the stays in all others end, and their clients are told.

        Raises:
            NotFound: the session is not a live one of the actor, or the appointment is not a live one of theirs.
        """
        with self._uow.begin(actor, "govcloud:appointment:choose", Target("session", str(session_id))) as tx:
            appointment = self._identity.appointment(appointment_id, tx.now)
            if appointment is None or appointment.official_id != actor.official_id:
                raise errors.no_such_appointment(appointment_id)
            own = (Session.id == session_id, Session.official_id == actor.official_id, *self.live(tx.now))
            row = tx.session.execute(select(Session.appointment_id).where(*own).with_for_update()).one_or_none()
            if row is None:
                raise errors.no_such_session()
            change = update(Session).where(Session.id == session_id)
            tx.session.execute(change.values(appointment_id=appointment.id, appointment_until=appointment.ends_at))
            tx.record(
                events.AppointmentChosen(
                    subject=f"official:{actor.official_id}",
                    session_id=session_id,
                    appointment_id=appointment.id,
                    previous_appointment_id=row.appointment_id,
                )
            )
            if row.appointment_id != appointment.id:
                # Where nobody asks at each use, the stay knows the appointment of its beginning: the official comes in anew, silently.
                left = self._leaving.leave_where_nobody_asks(tx, "appointment_changed", session_id)
                tx.record_all(stays_ended(left, "appointment_changed"))
            return appointment

    def leave_appointments(self, actor: Actor, appointments: Sequence[UUID], officials: Collection[UUID]) -> None:
        """Take appointments of ``officials`` that ended out of every session that acts under one of them."""
        place = one_place(map(str, appointments))
        with self._uow.begin(actor, "govcloud:session:leave_appointment", Target("appointment", place)) as tx:
            self._hold_all(tx, officials)
            acting = select(Session.id, Session.official_id, Session.appointment_id).where(
                Session.appointment_id.in_(appointments), Session.ended_at.is_(None)
            )
            rows = tx.session.execute(acting.order_by(Session.id).with_for_update()).all()
            if not rows:
                return
            change = update(Session).where(Session.id.in_([row.id for row in rows]))
            tx.session.execute(change.values(appointment_id=None, appointment_until=None).execution_options(synchronize_session=False))
            # Whoever takes part was told of the appointment that has ended now: they sign in again, under another or none.
            left = self._leaving.leave(tx, "appointment_ended", among(Participant.session_id, [row.id for row in rows]))
            tx.record_all(stays_ended(left, "appointment_ended"))
            tx.record_all(
                [
                    events.AppointmentLeft(subject=f"official:{row.official_id}", session_id=row.id, appointment_id=row.appointment_id)
                    for row in rows
                ]
            )

    def carry_appointments(self, tx: Transaction, appointments: Mapping[UUID, UUID], officials: Collection[UUID]) -> None:
        """Let sessions go on under the appointments that a reorganisation put in the place of others (old id → new id)."""
        self._hold_all(tx, officials)
        live = select(Session.id, Session.appointment_id).where(Session.appointment_id.in_(appointments), Session.ended_at.is_(None))
        rows = tx.session.execute(live.order_by(Session.id).with_for_update()).all()
        for old in {row.appointment_id for row in rows}:
            change = update(Session).where(Session.id.in_([row.id for row in rows if row.appointment_id == old]))
            tx.session.execute(change.values(appointment_id=appointments[old]).execution_options(synchronize_session=False))

    def reschedule_appointment(self, tx: Transaction, appointment_id: UUID, ends_at: datetime | None) -> None:
        """Let the sessions that act under an appointment know its new end, which each of their requests compares."""
        change = update(Session).where(Session.appointment_id == appointment_id, Session.ended_at.is_(None))
        tx.session.execute(change.values(appointment_until=ends_at))

    def cap_sessions(self, tx: Transaction, official_id: UUID, until: datetime) -> None:
        """Let no session of a person outlast ``until``, when the person may no longer act."""
        change = update(Session).where(Session.official_id == official_id, Session.ended_at.is_(None), Session.expires_at > until)
        tx.session.execute(change.values(expires_at=until))

    def _hold_all(self, tx: Transaction, officials: Collection[UUID]) -> None:
        """Hold every session of people before anything else of theirs ends.

        Where several appointments of a person end in one command, the grants under the first are closed before the sessions under the
        second are looked for. A ticket that is made meanwhile holds a session and wants those grants: so all sessions come first.
        """
        if not officials:
            return
        live = select(Session.id).where(among(Session.official_id, officials), Session.ended_at.is_(None))
        tx.session.execute(live.order_by(Session.id).with_for_update()).all()

    # Ending

    def sign_out(self, actor: Actor, session_id: UUID, *, reason: str = "signed_out") -> None:
        """End one of the actor's own sessions; ending it twice is fine.

        Raises:
            NotFound: it is not the actor's.
        """
        with self._uow.begin(actor, "govcloud:session:sign_out", Target("session", str(session_id))) as tx:
            owner = tx.session.scalar(select(Session.official_id).where(Session.id == session_id))
            if owner is None or owner != actor.official_id:
                raise errors.no_such_session()
            self.end(tx, reason, Session.id == session_id)

    def sign_out_by_client(self, actor: Actor, sid: UUID, client_id: str) -> None:
        """End the session that the client ``client_id`` takes part in as ``sid`` (OIDC RP-Initiated Logout section 2)."""
        with self._uow.begin(actor, "govcloud:session:sign_out", Target("participant", str(sid))) as tx:
            of_client = select(Participant.session_id).where(Participant.id == sid, Participant.client_id == client_id)
            self.end(tx, "signed_out", Session.id.in_(of_client))

    def end_of_officials(self, actor: Actor, officials: Sequence[UUID], reason: str) -> int:
        """End every session of people and return how many ended; it runs inside the command that made this necessary.

        Raises:
            Invalid: the reason is missing or wrong.
        """
        with self._uow.begin(actor, "govcloud:session:end", Target("official", one_place(map(str, officials)))) as tx:
            reason = checked_reason(reason, _REASON_MOST)
            # The lock of a person comes first: a sign-in under way is either seen and ended here, or sees the person disabled.
            lock_officials(tx.session, officials)
            return self.end(tx, reason, among(Session.official_id, officials))

    def end_expired(self, actor: Actor, limit: int = BATCH) -> int:
        """Mark up to ``limit`` sessions that ran out as ended, so that their end is on record and known; return how many."""
        with self._uow.begin(actor, "govcloud:session:expire") as tx:
            over = or_(Session.expires_at <= tx.now, Session.last_seen_at <= tx.now - self._policies.current().idle)
            due = select(Session.id).where(Session.ended_at.is_(None), over)
            ids = tx.session.scalars(due.order_by(Session.expires_at).limit(limit).with_for_update(skip_locked=True)).all()
            return self.end(tx, "expired", among(Session.id, ids)) if ids else 0

    def end(self, tx: Transaction, reason: str, *which: ColumnElement[bool]) -> int:
        """End the sessions that ``which`` names, and with them every part in them, of which clients are told; return how many ended."""
        change = update(Session).where(Session.ended_at.is_(None), *which).execution_options(synchronize_session=False)
        ended = tx.session.execute(change.values(ended_at=tx.now, end_reason=reason).returning(Session.id, Session.official_id)).all()
        if not ended:
            return 0
        left = self._leaving.leave(tx, reason, among(Participant.session_id, [row.id for row in ended]))
        clients = by_session(left)
        tx.record_all(
            [
                events.SessionEnded(
                    subject=f"official:{row.official_id}",
                    session_id=row.id,
                    reason=reason,
                    client_ids=clients.get((row.id, row.official_id), ()),
                )
                for row in ended
            ]
        )
        return len(ended)

    # How many at once

    def make_room(self, tx: Transaction, official_id: UUID) -> None:
        """Let one more session of a person begin under the rules; the caller holds the person's lock, so two cannot both find room.

        Raises:
            TooManySessions: there are as many as the rules allow, and they do not end the oldest.
        """
        policy = self._policies.current()
        if over := self._beyond(tx, official_id):
            if policy.when_exceeded == REFUSE:
                raise errors.TooManySessions(policy.sessions_at_once)
            self.end(tx, "too_many_sessions", among(Session.id, over))

    def full(self, tx: Transaction, official_id: UUID) -> errors.TooManySessions | None:
        """Return the refusal of one more session, if there is no room and none is made."""
        policy = self._policies.current()
        refused = policy.when_exceeded == REFUSE and self._beyond(tx, official_id)
        return errors.TooManySessions(policy.sessions_at_once) if refused else None

    def _beyond(self, tx: Transaction, official_id: UUID) -> Sequence[UUID]:
        """Return the oldest live sessions of a person that would be too many beside a new one."""
        most = self._policies.current().sessions_at_once
        if not most:
            return ()
        live = select(Session.id).where(Session.official_id == official_id, *self.live(tx.now))
        return tx.session.scalars(live.order_by(Session.started_at.desc(), Session.id.desc()).offset(most - 1)).all()
