"""What the launcher remembers of a person: favourites, what was used lately, and where this very session is signed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, case, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.signon import errors
from govcloud.signon.events import FavouriteSet
from govcloud.signon.handing import CAS_PROXY
from govcloud.signon.models import Favourite, Participant, Session, Ticket
from govcloud.subsystems.queries import SubsystemQueries

LATELY = timedelta(days=30)
MOST_FAVOURITES = 50


@dataclass(frozen=True)
class Remembered:
    """What is known of a person's use of subsystems, each by its id.

    ``lately`` is when each was entered last within thirty days; ``signed_in`` since when this session takes part in each, by protocol.
    """

    favourites: frozenset[UUID]
    lately: dict[UUID, datetime]
    signed_in: dict[UUID, dict[str, datetime]]


class Launcher:
    """Keeps favourites, and reads where somebody has been."""

    def __init__(self, uow: UnitOfWork, subsystems: SubsystemQueries, clock: Clock) -> None:
        """Take the unit of work, the catalogue and the clock."""
        self._uow = uow
        self._subsystems = subsystems
        self._clock = clock

    def remembered(self, official_id: UUID, session_id: UUID | None) -> Remembered:
        """Return what is known of a person's use of subsystems, in three statements."""
        read, since = self._uow.read(), self._clock.now() - LATELY
        kept = frozenset(read.scalars(select(Favourite.subsystem_id).where(Favourite.official_id == official_id)))
        # A person signs in a few times a day, so these are a few hundred rows at most, found by the index on (official, started).
        by_themselves = and_(Ticket.participant_id == Participant.id, Ticket.kind != CAS_PROXY)
        taking_part = case((and_(Participant.session_id == session_id, Participant.ended_at.is_(None)), Participant.created_at))
        # Who comes in again gets another ticket. It is kept for a day, as long as a session lasts; of older ones the first entry counts.
        entered = func.max(func.coalesce(Ticket.created_at, Participant.created_at)).label("last")
        taken = select(Participant.client_id, entered, func.min(taking_part).label("since"))
        taken = taken.join(Session, Session.id == Participant.session_id).outerjoin(Ticket, by_themselves)
        mine = taken.where(Session.official_id == official_id, Session.started_at >= since).group_by(Participant.client_id)
        parts = read.execute(mine).all()
        owners = self._subsystems.subsystems_of_clients([part.client_id for part in parts]) if parts else {}
        lately: dict[UUID, datetime] = {}
        signed_in: dict[UUID, dict[str, datetime]] = {}
        for part in parts:
            subsystem_id, protocol = owners[part.client_id]
            lately[subsystem_id] = max(part.last, lately.get(subsystem_id, part.last))
            if part.since is not None:
                here = signed_in.setdefault(subsystem_id, {})
                here[protocol] = min(part.since, here.get(protocol, part.since))
        return Remembered(kept, lately, signed_in)

    def set_favourite(self, actor: Actor, subsystem_code: str, *, wanted: bool) -> None:
        """Keep a subsystem at hand for the actor, or no longer; doing it twice is fine.

        Raises:
            Denied: the actor is no official.
            NotFound: there is no such published subsystem.
            Conflict: there are fifty favourites already.
        """
        view = self._subsystems.subsystem(subsystem_code)
        if view is None or view.status != "published":
            raise errors.no_such_subsystem(subsystem_code)
        official_id = actor.official_id
        target = Target("subsystem", subsystem_code, attributes={"official_id": str(official_id)})
        with self._uow.begin(actor, "govcloud:launcher:keep", target) as tx:
            if official_id is None:
                raise errors.no_own_account()
            mine = (Favourite.official_id == official_id, Favourite.subsystem_id == view.id)
            if wanted:
                count = tx.session.scalar(select(func.count()).where(Favourite.official_id == official_id)) or 0
                if count >= MOST_FAVOURITES:
                    raise errors.too_many_favourites(MOST_FAVOURITES)
                row = insert(Favourite).values(official_id=official_id, subsystem_id=view.id, created_at=tx.now)
                changed = tx.session.execute(row.on_conflict_do_nothing().returning(Favourite.subsystem_id)).all()
            else:
                changed = tx.session.execute(delete(Favourite).where(*mine).returning(Favourite.subsystem_id)).all()
            if changed:
                tx.record(FavouriteSet(subject=f"official:{official_id}", subsystem_code=view.code, kept=wanted))
