"""Sessions: found by an opaque token, limited by idleness and by age, ended once and for all.

The check that every request makes (``current``) is one read of one row. Limits are compared there and then, so an expired session
is over although no job has marked it yet.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, or_, select, update

from govcloud.identity.locking import lock_officials
from govcloud.identity.queries import AppointmentView, IdentityQueries
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.batches import one_place
from govcloud.kernel.clock import Clock
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.kernel.validation import Fields
from govcloud.signon import errors, events
from govcloud.signon.logout.leaving import Leaving, among, by_session
from govcloud.signon.models import IssuedToken, Participant, Session
from govcloud.signon.policy import REFUSE, Policies
from govcloud.signon.views import CurrentSession, SignedIn

__all__ = ["CurrentSession", "Sessions", "SignedIn"]

_SLIDE = timedelta(minutes=1)
BATCH = 500
_REASON_MOST = 500

_COLUMNS = (
    Session.id,
    Session.account_id,
    Session.official_id,
    Session.official_name,
    Session.employee_code,
    Session.appointment_id,
    Session.appointment_until,
    Session.started_at,
    Session.auth_time,
    Session.amr,
    Session.second_factor_at,
    Session.last_seen_at,
    Session.expires_at,
    Session.source_address,
    Session.user_agent,
)


class Sessions:
    """Opens, finds and ends sessions."""

    def __init__(  # noqa: PLR0917 - all that it rests on, in the order of the house
        self, uow: UnitOfWork, identity: IdentityQueries, keys: KeyRing, clock: Clock, policies: Policies, leaving: Leaving
    ) -> None:
        """Take what a session is made of, the rules that limit it, and what tells its participants of its end."""
        self._uow = uow
        self._identity = identity
        self._keys = keys
        self._clock = clock
        self._policies = policies
        self._leaving = leaving

    @property
    def longest(self) -> timedelta:
        """Return how long a session lasts at the most."""
        return self._policies.current().longest

    # Finding

    def current(self, token: str) -> CurrentSession | None:
        """Return the live session of a browser's token, and note that it was seen."""
        return self._found(select(*_COLUMNS).where(Session.token_digest == self.digest(token)))

    def by_sid(self, sid: UUID, client_id: str) -> CurrentSession | None:
        """Return the live session that ``client_id`` knows as ``sid``, and note that it was seen."""
        return self._found(_taken_part_in().where(Participant.id == sid, Participant.client_id == client_id))

    def behind(self, participant_id: UUID, *, held: bool = False) -> CurrentSession | None:
        """Return the live session that a participant takes part in; programs at work for it do not count as being seen.

        ``held``, within a command: whoever ends the participant waits for it, and then tells its client of what it got.
        """
        now = self._clock.now()
        query = _taken_part_in().where(Participant.id == participant_id, *self.live(now))
        query = query.with_for_update(read=True, of=Participant) if held else query
        row = self._uow.read().execute(query).one_or_none()
        return _view(row, now) if row else None

    def held(self, tx: Transaction, session_id: UUID, *, alone: bool = False) -> CurrentSession | None:
        """Return a live session as it is now, which stays as it is until ``tx`` ends; ``alone``: for one holder at a time."""
        query = select(*_COLUMNS).where(Session.id == session_id, *self.live(tx.now)).with_for_update(read=not alone)
        row = tx.session.execute(query).one_or_none()
        return _view(row, tx.now) if row else None

    def behind_token(self, jti: UUID, sid: UUID) -> tuple[CurrentSession, str, Mapping[str, Any] | None] | None:
        """Return the live session that an access token was issued in, its scope and the key that it is bound to, unless it was revoked."""
        now = self._clock.now()
        issued = (IssuedToken.jti == jti, IssuedToken.revoked_at.is_(None), IssuedToken.expires_at > now, Participant.id == sid)
        query = _taken_part_in().add_columns(IssuedToken.scope, IssuedToken.confirmation)
        joined = query.join(IssuedToken, IssuedToken.participant_id == Participant.id)
        row = self._uow.read().execute(joined.where(*issued, *self.live(now))).one_or_none()
        return (_view(row, now), row.scope, row.confirmation) if row else None

    def of_official(self, official_id: UUID) -> tuple[CurrentSession, ...]:
        """Return the live sessions of a person, the latest first."""
        query = select(*_COLUMNS).where(Session.official_id == official_id, *self.live(self._clock.now()))
        rows = self._uow.read().execute(query.order_by(Session.started_at.desc(), Session.id.desc()))
        return tuple(_view(row, self._clock.now()) for row in rows)

    def last_appointment(self, official_id: UUID) -> UUID | None:
        """Return the appointment that the person acted under last, whether or not it is still live."""
        query = select(Session.appointment_id).where(Session.official_id == official_id, Session.appointment_id.is_not(None))
        return self._uow.read().scalar(query.order_by(Session.started_at.desc(), Session.id.desc()).limit(1))

    def live(self, now: datetime) -> tuple[ColumnElement[bool], ...]:
        """Return the conditions that a session is live at ``now``."""
        return (Session.ended_at.is_(None), Session.expires_at > now, Session.last_seen_at > now - self._policies.current().idle)

    # Appointments

    def choose_appointment(self, actor: Actor, session_id: UUID, appointment_id: UUID) -> AppointmentView:
        """Act under another appointment from now on, in this session and all that takes part in it.

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
            tx.record_all(
                [
                    events.StayEnded(subject=f"official:{official}", session_id=session, cause="appointment_ended", client_ids=clients)
                    for (session, official), clients in by_session(left).items()
                ]
            )
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
            fields = Fields()
            reason = fields.text("reason", reason, most=_REASON_MOST, multiline=True)
            fields.done()
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

    # How the above work

    def digest(self, token: str) -> bytes:
        """Return the form in which a session's token is stored."""
        return self._keys.digest("session", token.encode("utf-8", "surrogatepass"))

    def _found(self, query: Select[*tuple[Any, ...]]) -> CurrentSession | None:
        now = self._clock.now()
        row = self._uow.read().execute(query.where(*self.live(now))).one_or_none()
        if row is None:
            return None
        if now - row.last_seen_at >= _SLIDE:
            self._slide(row.id)
        return _view(row, now)

    def _slide(self, session_id: UUID) -> None:
        """Move the idle limit on; at most once a minute, so that reading pages does not become writing."""
        with self._uow.begin(Actor.system("signon"), "govcloud:session:keep") as tx:
            stale = (Session.id == session_id, Session.ended_at.is_(None), Session.last_seen_at <= tx.now - _SLIDE)
            tx.session.execute(update(Session).where(*stale).values(last_seen_at=tx.now))


def _taken_part_in() -> Select[*tuple[Any, ...]]:
    """Return the query of sessions together with one live participant of each."""
    joined = select(*_COLUMNS).join(Participant, Participant.session_id == Session.id)
    return joined.where(Participant.ended_at.is_(None))


def _view(row: Row[*tuple[Any, ...]], now: datetime) -> CurrentSession:
    over = row.appointment_until is not None and row.appointment_until <= now
    return CurrentSession(
        session_id=row.id,
        account_id=row.account_id,
        official_id=row.official_id,
        name=row.official_name,
        employee_code=row.employee_code,
        appointment_id=None if over else row.appointment_id,
        started_at=row.started_at,
        auth_time=row.auth_time,
        amr=tuple(row.amr),
        second_factor_at=row.second_factor_at,
        last_seen_at=row.last_seen_at,
        expires_at=row.expires_at,
        source_address=row.source_address,
        user_agent=row.user_agent,
    )
