"""Finding sessions: by a browser's token, by the name that a client knows them by, behind a token; each is one read of one row.

Limits are compared there and then, so an expired session is over although no job has marked it yet. The statements are made once:
every request runs one of them, and putting one together takes longer than running it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, DateTime, Row, bindparam, select, update

from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import Clock
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.prepared import Look, Prepared
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.signon.models import IssuedToken, Participant, Session
from govcloud.signon.policy import Policies
from govcloud.signon.views import CurrentSession

_SLIDE = timedelta(minutes=1)

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
Moment = datetime | BindParameter[datetime]


def _live(now: Moment, seen_after: Moment) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that a session is live: not ended, within its age, and seen lately."""
    return (Session.ended_at.is_(None), Session.expires_at > now, Session.last_seen_at > seen_after)


_NOW, _SEEN_AFTER = (bindparam(name, type_=DateTime(timezone=True)) for name in ("now", "seen_after"))
_LIVE_ONE = select(*_COLUMNS).where(*_live(_NOW, _SEEN_AFTER))
#: A live session together with one live participant of it.
_TAKEN_PART_IN = _LIVE_ONE.join(Participant, Participant.session_id == Session.id).where(Participant.ended_at.is_(None))
_BY_TOKEN = Look(_LIVE_ONE.where(Session.token_digest == bindparam("digest")))
_ENDED_BY_TOKEN = Look(select(Session.id).where(Session.token_digest == bindparam("digest"), Session.ended_at.is_not(None)))
_BY_ID = _LIVE_ONE.where(Session.id == bindparam("session"))
_BY_ID_ALONE, _BY_ID_HELD = Prepared(_BY_ID.with_for_update()), Prepared(_BY_ID.with_for_update(read=True))
_BY_SID = Look(_TAKEN_PART_IN.where(Participant.id == bindparam("sid"), Participant.client_id == bindparam("client")))
_PART = _TAKEN_PART_IN.where(Participant.id == bindparam("sid"))
_BEHIND = Look(_PART)
_BEHIND_HELD = Prepared(_PART.with_for_update(read=True, of=Participant))
_BEHIND_TOKEN = Look(
    _PART.add_columns(IssuedToken.scope, IssuedToken.confirmation)
    .join(IssuedToken, IssuedToken.participant_id == Participant.id)
    .where(IssuedToken.jti == bindparam("jti"), IssuedToken.revoked_at.is_(None), IssuedToken.expires_at > _NOW)
)
_OF_OFFICIAL = _LIVE_ONE.where(Session.official_id == bindparam("official")).order_by(Session.started_at.desc(), Session.id.desc())

_LAST_APPOINTMENT = (
    select(Session.appointment_id)
    .where(Session.official_id == bindparam("official"), Session.appointment_id.is_not(None))
    .order_by(Session.started_at.desc(), Session.id.desc())
    .limit(1)
)


class FindingSessions:
    """Finds live sessions; reads only, but for noting that one was seen."""

    def __init__(self, uow: UnitOfWork, keys: KeyRing, clock: Clock, policies: Policies) -> None:
        """Take what is read from, the key of the tokens' digests, the clock, and the rules that limit a session."""
        self._uow = uow
        self._keys = keys
        self._clock = clock
        self._policies = policies

    def current(self, token: str) -> CurrentSession | None:
        """Return the live session of a browser's token, and note that it was seen."""
        return self._found(_BY_TOKEN, digest=self.digest(token))

    def ended(self, token: str) -> UUID | None:
        """Return the session of a browser's token if it has ended, by whatever: no other browser ever held that token."""
        row = _only(self._uow.look(_ENDED_BY_TOKEN, digest=self.digest(token)))
        return None if row is None else row.id

    def by_sid(self, sid: UUID, client_id: str) -> CurrentSession | None:
        """Return the live session that ``client_id`` knows as ``sid``, and note that it was seen."""
        return self._found(_BY_SID, sid=sid, client=client_id)

    def behind(self, participant_id: UUID, *, held: bool = False) -> CurrentSession | None:
        """Return the live session that a participant takes part in; programs at work for it do not count as being seen.

        ``held``, within a command: whoever ends the participant waits for it, and then tells its client of what it got.
        """
        now = self._clock.now()
        sought = {"sid": participant_id, **self._moment(now)}
        row = _only(_BEHIND_HELD.within(self._uow.read(), sought) if held else self._uow.look(_BEHIND, **sought))
        return _view(row, now) if row is not None else None

    def held(self, tx: Transaction, session_id: UUID, *, alone: bool = False) -> CurrentSession | None:
        """Return a live session as it is now, which stays as it is until ``tx`` ends; ``alone``: for one holder at a time."""
        row = _only(tx.run(_BY_ID_ALONE if alone else _BY_ID_HELD, session=session_id, **self._moment(tx.now)))
        return _view(row, tx.now) if row is not None else None

    def behind_token(self, jti: UUID, sid: UUID) -> tuple[CurrentSession, str, Mapping[str, Any] | None] | None:
        """Return the live session that an access token was issued in, its scope and the key that it is bound to, unless it was revoked."""
        now = self._clock.now()
        row = _only(self._uow.look(_BEHIND_TOKEN, jti=jti, sid=sid, **self._moment(now)))
        return (_view(row, now), row.scope, row.confirmation) if row is not None else None

    def of_official(self, official_id: UUID) -> tuple[CurrentSession, ...]:
        """Return the live sessions of a person, the latest first."""
        now = self._clock.now()
        rows = self._uow.read().execute(_OF_OFFICIAL, {"official": official_id, **self._moment(now)})
        return tuple(_view(row, now) for row in rows)

    def last_appointment(self, official_id: UUID) -> UUID | None:
        """Return the appointment that the person acted under last, whether or not it is still live."""
        return self._uow.read().scalar(_LAST_APPOINTMENT, {"official": official_id})

    def live(self, now: datetime) -> tuple[ColumnElement[bool], ...]:
        """Return the conditions that a session is live at ``now``."""
        return _live(now, now - self._policies.current().idle)

    def digest(self, token: str) -> bytes:
        """Return the form in which a session's token is stored."""
        return self._keys.digest("session", token.encode("utf-8", "surrogatepass"))

    def _moment(self, now: datetime) -> dict[str, Any]:
        """Return what the statements compare limits with."""
        return {"now": now, "seen_after": now - self._policies.current().idle}

    def _found(self, query: Look, **key: object) -> CurrentSession | None:
        now = self._clock.now()
        row = _only(self._uow.look(query, **key, **self._moment(now)))
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


def _only(rows: list[Any]) -> Any:  # noqa: ANN401 - a row, whose columns are taken by name
    """Return the one row that was found, if any."""
    return rows[0] if rows else None


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
