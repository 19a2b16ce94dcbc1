"""Reads of who takes part where, and of what became of the notices of sign-out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, func, or_, select
from sqlalchemy.orm import Session as DatabaseSession

from govcloud.kernel.clock import Clock
from govcloud.outbox.queries import OutboxQueries, Standing
from govcloud.signon.logout.channels import FRONT_CHANNEL, NONE, channel_of
from govcloud.signon.logout.leaving import among
from govcloud.signon.logout.models import LogoutNotice
from govcloud.signon.logout.views import DeliveryView, NoticePage, NoticeState, NoticeView, PolicyEffect, StayView
from govcloud.signon.models import Participant, Session
from govcloud.signon.policy import SignOnPolicy
from govcloud.subsystems.queries import SubsystemQueries
from govcloud.subsystems.views import ClientView

SHOWN = "shown"
LATELY = timedelta(days=1)
OPEN = and_(LogoutNotice.acknowledged_at.is_(None), LogoutNotice.message_id.is_not(None))
WAITING = and_(OPEN, LogoutNotice.given_up_at.is_(None))
GIVEN_UP = and_(OPEN, LogoutNotice.given_up_at.is_not(None))
FAILING = and_(WAITING, LogoutNotice.answer.is_not(None))
FILTERS: Mapping[str, ColumnElement[bool]] = {"waiting": WAITING, "failing": FAILING, "given_up": GIVEN_UP}
"""What the list of a client's notices can be narrowed to."""


class LogoutQueries:
    """Answers questions about stays and notices; it never writes."""

    def __init__(self, read: Callable[[], DatabaseSession], subsystems: SubsystemQueries, outbox: OutboxQueries, clock: Clock) -> None:
        """Take the source of reading sessions, the catalogue, and the outbox that carries the notices."""
        self._read = read
        self._subsystems = subsystems
        self._outbox = outbox
        self._clock = clock

    def stays_of(self, sessions: Iterable[UUID]) -> Mapping[UUID, tuple[StayView, ...]]:
        """Return for each of ``sessions`` who takes part or took part in it, the first first; two statements whatever their number."""
        columns = (Participant.id, Participant.session_id, Participant.client_id, Participant.created_at, Participant.ended_at)
        query = select(*columns).where(among(Participant.session_id, sessions)).order_by(Participant.created_at, Participant.id)
        rows = self._read().execute(query).all()
        clients = self._subsystems.clients_named({row.client_id for row in rows})
        found: dict[UUID, list[StayView]] = defaultdict(list)
        for row in rows:
            client = clients[row.client_id]
            found[row.session_id].append(
                StayView(
                    participant_id=row.id,
                    session_id=row.session_id,
                    client_id=row.client_id,
                    client_name=client.name,
                    subsystem_code=client.subsystem_code,
                    subsystem_name=client.subsystem_name,
                    protocol=client.protocol,
                    since=row.created_at,
                    ended_at=row.ended_at,
                )
            )
        return {session: tuple(stays) for session, stays in found.items()}

    def of_session(self, session_id: UUID) -> tuple[NoticeView, ...]:
        """Return the notices about a session, the first first."""
        return self.of_sessions([session_id])

    def of_sessions(self, sessions: Iterable[UUID]) -> tuple[NoticeView, ...]:
        """Return the notices about several sessions, the first first."""
        return self._notices(among(LogoutNotice.session_id, sessions))

    def of_official(self, official_id: UUID, limit: int = 20) -> tuple[NoticeView, ...]:
        """Return the latest notices about a person, the newest first."""
        return tuple(self._page(LogoutNotice.official_id == official_id, limit=limit, after=None).rows)

    def of_grants(self, grants: Iterable[UUID]) -> Mapping[UUID, tuple[NoticeView, ...]]:
        """Return for each of ``grants`` the notices that its end caused; those without any are left out."""
        found: dict[UUID, list[NoticeView]] = defaultdict(list)
        wanted = list(grants)
        for notice in self._notices(LogoutNotice.grant_id.in_(wanted)) if wanted else ():
            if notice.grant_id is not None:
                found[notice.grant_id].append(notice)
        return {grant: tuple(notices) for grant, notices in found.items()}

    def of_client(self, client_id: str, narrowed: str = "", after: UUID | None = None, limit: int = 20) -> NoticePage:
        """Return a page of a client's notices, the newest first; ``narrowed`` is one of ``FILTERS``."""
        conditions = [LogoutNotice.client_id == client_id]
        if narrowed in FILTERS:
            conditions.append(FILTERS[narrowed])
        return self._page(*conditions, limit=limit, after=after)

    def notice(self, notice_id: UUID) -> NoticeView | None:
        """Return one notice."""
        found = self._notices(LogoutNotice.id == notice_id)
        return found[0] if found else None

    def deliveries(self) -> tuple[DeliveryView, ...]:
        """Return how every client keeps up that was told something in the last day or still has to be told, the worst first."""
        lately = LogoutNotice.created_at > self._clock.now() - LATELY
        acknowledged = and_(lately, LogoutNotice.acknowledged_at.is_not(None))
        took = func.extract("epoch", LogoutNotice.acknowledged_at - LogoutNotice.created_at)
        query = (
            select(
                LogoutNotice.client_id,
                func.count().filter(WAITING).label("waiting"),
                func.count().filter(FAILING).label("failing"),
                func.count().filter(GIVEN_UP).label("given_up"),
                func.count().filter(acknowledged).label("acknowledged"),
                func.percentile_cont(0.5).within_group(took).filter(acknowledged).label("middle"),
                func.min(LogoutNotice.created_at).filter(WAITING).label("oldest"),
            )
            .where(or_(lately, OPEN))
            .group_by(LogoutNotice.client_id)
        )
        rows = self._read().execute(query).all()
        clients = self._subsystems.clients_named({row.client_id for row in rows})
        views = [_delivery(row, clients[row.client_id]) for row in rows]
        return tuple(sorted(views, key=lambda view: (-view.given_up, -view.failing, -view.waiting, view.client_id)))

    def touched(self, policy: SignOnPolicy) -> PolicyEffect:
        """Return what other rules for sessions would do at once: whose sessions are too many, and which are idle for too long."""
        now = self._clock.now()
        live = (Session.ended_at.is_(None), Session.expires_at > now)
        idle = self._read().scalar(select(func.count()).where(*live, Session.last_seen_at <= now - policy.idle)) or 0
        over = 0
        if policy.sessions_at_once:
            people = select(Session.official_id).where(*live, Session.last_seen_at > now - policy.idle).group_by(Session.official_id)
            crowded = people.having(func.count() > policy.sessions_at_once).subquery()
            over = self._read().scalar(select(func.count()).select_from(crowded)) or 0
        return PolicyEffect(idle, over)

    # How the above read

    def _page(self, *conditions: ColumnElement[bool], limit: int, after: UUID | None) -> NoticePage:
        # Ids are made in the order of time (UUIDv7).
        older = () if after is None else (LogoutNotice.id < after,)
        query = select(LogoutNotice).where(*conditions, *older).order_by(LogoutNotice.id.desc()).limit(limit + 1)
        rows = self._read().scalars(query).all()
        return NoticePage(self._views(rows[:limit]), rows[limit - 1].id if len(rows) > limit else None)

    def _notices(self, *conditions: ColumnElement[bool]) -> tuple[NoticeView, ...]:
        return self._views(self._read().scalars(select(LogoutNotice).where(*conditions).order_by(LogoutNotice.id)).all())

    def _views(self, rows: Sequence[LogoutNotice]) -> tuple[NoticeView, ...]:
        clients = self._subsystems.clients_named({row.client_id for row in rows})
        waiting = [row.message_id for row in rows if row.message_id is not None and row.acknowledged_at is None]
        standing = self._outbox.standing(waiting) if waiting else {}
        return tuple(_view(row, clients[row.client_id], standing.get(row.message_id) if row.message_id else None) for row in rows)


def state_of(row: LogoutNotice) -> NoticeState:
    """Return how far a client has been told."""
    if row.acknowledged_at is not None:
        return NoticeState.ACKNOWLEDGED
    if row.channel == NONE:
        return NoticeState.NONE
    if row.channel == FRONT_CHANNEL:
        return NoticeState.SHOWN if row.answer == SHOWN else NoticeState.UNSHOWN
    if row.given_up_at is not None:
        return NoticeState.GIVEN_UP
    return NoticeState.WAITING if row.answer is None else NoticeState.FAILING


def _view(row: LogoutNotice, client: ClientView, standing: Standing | None) -> NoticeView:
    return NoticeView(
        id=row.id,
        session_id=row.session_id,
        participant_id=row.participant_id,
        official_id=row.official_id,
        client_id=row.client_id,
        client_name=client.name,
        subsystem_name=client.subsystem_name,
        protocol=client.protocol,
        channel=row.channel,
        cause=row.cause,
        grant_id=row.grant_id,
        created_at=row.created_at,
        acknowledged_at=row.acknowledged_at,
        answer=row.answer,
        state=state_of(row),
        attempts=standing.attempts if standing else 0,
        next_at=standing.available_at if standing else None,
    )


def _delivery(row: Row[*tuple[Any, ...]], client: ClientView) -> DeliveryView:
    return DeliveryView(
        client_id=row.client_id,
        client_name=client.name,
        subsystem_name=client.subsystem_name,
        channel=channel_of(client),
        waiting=row.waiting,
        failing=row.failing,
        given_up=row.given_up,
        acknowledged=row.acknowledged,
        middle=None if row.middle is None else timedelta(seconds=float(row.middle)),
        oldest=row.oldest,
    )
