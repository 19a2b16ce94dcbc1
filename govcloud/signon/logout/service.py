"""The commands of sign-out that are more than the end of one's own session: by administrators, of stays, and on notices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import groupby
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import UUID

from sqlalchemy import select, true, update

from govcloud.identity.locking import lock_official
from govcloud.identity.queries import IdentityQueries
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.batches import one_place
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.kernel.validation import checked_reason, searchable
from govcloud.outbox.promising import hasten
from govcloud.signon import errors, events
from govcloud.signon.logout.calls import revoke_calls
from govcloud.signon.logout.channels import FRONT_CHANNEL
from govcloud.signon.logout.leaving import Leaving, among, stays_ended
from govcloud.signon.logout.models import LogoutNotice
from govcloud.signon.logout.queries import OPEN, SHOWN
from govcloud.signon.logout.views import Frame, GrantEnding
from govcloud.signon.models import Participant, Session
from govcloud.signon.sessions import Sessions
from govcloud.subsystems.protocols import OidcSettings
from govcloud.subsystems.queries import SubsystemQueries

END = "govcloud:session:end"
_REASON_MOST = 500
ASKS_BY_ITSELF = 2
"""From this integration level on a subsystem asks the platform at each use, so a grant that ended opens nothing any more."""
_MOST_AT_ONCE = 5_000


class Logout:
    """Ends sessions and stays, and has notices sent again."""

    def __init__(  # noqa: PLR0917 - all that it rests on, in the order of the house
        self,
        uow: UnitOfWork,
        identity: IdentityQueries,
        subsystems: SubsystemQueries,
        sessions: Sessions,
        leaving: Leaving,
        issuer: str,
    ) -> None:
        """Take what ends sessions and stays; ``issuer`` is the platform's public address."""
        self._uow = uow
        self._identity = identity
        self._subsystems = subsystems
        self._sessions = sessions
        self._leaving = leaving
        self._issuer = issuer

    # Sessions

    def end_sessions(self, actor: Actor, official_id: UUID, reason: str, *, session_id: UUID | None = None) -> int:
        """End a person's sessions, or one of them, at an administrator's word; return how many ended.

        Raises:
            Denied: the person is not in the actor's care.
            Invalid: the reason is missing or wrong.
            NotFound: there is no such person.
        """
        with self._uow.begin(actor, END, self._person(official_id)) as tx:
            clean = checked_reason(reason, _REASON_MOST)
            # The person's lock comes first: a sign-in under way is either seen and ended here, or begins after.
            lock_official(tx.session, official_id)
            one = true() if session_id is None else Session.id == session_id
            ended = self._sessions.end(tx, "administrator", Session.official_id == official_id, one)
            tx.record(events.SessionsEndedByAdministrator(subject=f"official:{official_id}", sessions=ended, reason=clean))
            return ended

    def end_other_sessions(self, actor: Actor) -> int:
        """End every session of the actor but the present one; return how many ended.

        Raises:
            NotFound: the actor is in no session.
        """
        if actor.official_id is None or actor.session_id is None:
            raise errors.no_such_session()
        with self._uow.begin(actor, "govcloud:session:sign_out", Target("official", str(actor.official_id))) as tx:
            lock_official(tx.session, actor.official_id)
            return self._sessions.end(tx, "signed_out_elsewhere", Session.official_id == actor.official_id, Session.id != actor.session_id)

    def _person(self, official_id: UUID) -> Target:
        """Return the person under the place of the main duty, which bounds delegated administration as for passwords."""
        place = self._identity.main_places([official_id]).get(official_id)
        path = place.department_path if place else None
        return Target("official", str(official_id), department_path=path, attributes={"official_id": str(official_id)})

    # Stays

    def end_stays(self, actor: Actor, endings: Sequence[GrantEnding], cause: str) -> int:
        """Sign people out of the subsystems whose grants ended, where the function's integration level is 0 or 1; return how many stays.

        Tokens with which other subsystems call there on their behalf end as well. At levels 2 and 3 there is nothing to do: the next
        check refuses.
        """
        wanted = self._untold(endings)
        if not wanted:
            return 0
        officials = sorted({ending.official_id for ending in wanted})
        with self._uow.begin(actor, "govcloud:stay:end", Target("official", one_place(map(str, officials)))) as tx:
            grants = self._stays(tx, wanted, officials)
            which = among(Participant.id, grants)
            self._leaving.hold(tx, which)
            left = self._leaving.leave(tx, cause, which, grants=grants) if grants else []
            ended: dict[tuple[UUID, str], list[datetime | None]] = defaultdict(list)
            for ending in wanted:
                ended[ending.official_id, ending.subsystem_code].append(ending.at)
            revoke_calls(tx, ended)
            ordered = sorted(left, key=lambda item: (item.session_id, grants[item.participant_id], item.client_id))
            tx.record_all(
                [
                    events.StayEnded(
                        subject=f"official:{official_id}",
                        session_id=session_id,
                        cause=cause,
                        client_ids=tuple(item.client_id for item in items),
                        grant_id=grant_id,
                    )
                    for (session_id, official_id, grant_id), items in groupby(
                        ordered, key=lambda item: (item.session_id, item.official_id, grants[item.participant_id])
                    )
                ]
            )
            return len(left)

    def end_stays_in(self, actor: Actor, clients: Collection[str], cause: str) -> int:
        """Sign everybody out of clients that go; return how many stays. One that was closed can be told nothing any more."""
        if not clients:
            return 0
        with self._uow.begin(actor, "govcloud:stay:end", Target("client", one_place(clients))) as tx:
            self._leaving.hold(tx, Participant.client_id.in_(clients))
            left = self._leaving.leave(tx, cause, Participant.client_id.in_(clients))
            tx.record_all(stays_ended(left, cause))
            return len(left)

    def _untold(self, endings: Sequence[GrantEnding]) -> list[GrantEnding]:
        """Return those whose subsystem does not ask at each use; a function that was withdrawn is as its subsystem is."""
        levels = self._subsystems.levels({ending.function for ending in endings})
        gone = {ending.subsystem_code for ending in endings if ending.function not in levels}
        found = {code: self._subsystems.subsystem(code) for code in gone}
        own = {code: view.integration_level for code, view in found.items() if view is not None}
        return [item for item in endings if levels.get(item.function, own.get(item.subsystem_code, 0)) < ASKS_BY_ITSELF]

    def _stays(self, tx: Transaction, endings: Sequence[GrantEnding], officials: Sequence[UUID]) -> dict[UUID, UUID]:
        """Return the live stays that the endings concern, each with the grant."""
        columns = (Participant.id, Participant.client_id, Participant.created_at, Session.official_id)
        query = select(*columns).join(Session, Session.id == Participant.session_id)
        live = (among(Session.official_id, officials), Session.ended_at.is_(None), Participant.ended_at.is_(None))
        rows = tx.session.execute(query.where(*live)).all()
        clients = self._subsystems.clients_named({row.client_id for row in rows})
        ended: dict[tuple[UUID, str], list[GrantEnding]] = defaultdict(list)
        for ending in endings:
            ended[ending.official_id, ending.subsystem_code].append(ending)
        found: dict[UUID, UUID] = {}
        for row in rows:
            for ending in ended.get((row.official_id, clients[row.client_id].subsystem_code), ()):
                if ending.at is None or row.created_at < ending.at:
                    found[row.id] = ending.grant_id
        return found

    # The browser

    def ended(self, token: str) -> UUID | None:
        """Return the session that a browser's token was of, if it has ended: by an application, say, whose origin is sent no such token."""
        return self._sessions.ended(token)

    def frames(self, actor: Actor, session_id: UUID) -> tuple[Frame, ...]:
        """Return what the browser that ended a session has to load, and note that it was shown (OIDC Front-Channel Logout 1.0)."""
        with self._uow.begin(actor, "govcloud:logout_notice:show", Target("session", str(session_id))) as tx:
            mine = (LogoutNotice.session_id == session_id, LogoutNotice.channel == FRONT_CHANNEL, LogoutNotice.answer.is_(None))
            shown = update(LogoutNotice).where(*mine).values(answer=SHOWN)
            rows = tx.session.execute(shown.returning(LogoutNotice.client_id, LogoutNotice.participant_id)).all()
            clients = self._subsystems.clients_named({row.client_id for row in rows})
            found = []
            for row in sorted(rows, key=lambda row: row.client_id):
                client = clients[row.client_id]
                if isinstance(client.settings, OidcSettings) and client.settings.frontchannel_logout_uri:
                    found.append(self._frame(client.settings.frontchannel_logout_uri, row.participant_id, client.subsystem_name))
            return tuple(found)

    def _frame(self, address: str, sid: UUID, subsystem_name: str) -> Frame:
        parts = urlsplit(address)
        query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), ("iss", self._issuer), ("sid", str(sid))])
        return Frame(urlunsplit(parts._replace(query=query)), f"{parts.scheme}://{parts.netloc}", subsystem_name)

    # Notices

    def retry(self, actor: Actor, client_id: str, *, notice_id: UUID | None = None) -> int:
        """Have a client's notice, or all of its notices that were not acknowledged, sent at once; return how many.

        One that was given up gets another try; if that fails too, it is given up again.
        """
        client_id = searchable(client_id)
        with self._uow.begin(actor, "govcloud:logout_notice:retry", Target("client", client_id)) as tx:
            one = true() if notice_id is None else LogoutNotice.id == notice_id
            query = select(LogoutNotice.id, LogoutNotice.message_id).where(LogoutNotice.client_id == client_id, OPEN, one)
            rows = tx.session.execute(query.order_by(LogoutNotice.id).limit(_MOST_AT_ONCE).with_for_update(skip_locked=True)).all()
            if rows:
                hasten(tx, [row.message_id for row in rows])
                change = update(LogoutNotice).where(among(LogoutNotice.id, [row.id for row in rows]))
                tx.session.execute(change.values(given_up_at=None).execution_options(synchronize_session=False))
                tx.record(events.LogoutRetried(subject=f"client:{client_id}", client_id=client_id, notices=len(rows)))
            return len(rows)
