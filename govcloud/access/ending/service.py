"""Ending many grants: preview, order, and the work, which goes on where it was broken off.

What is ended is what was shown: the open grants of the target that were opened up to the moment of the preview, as far as the one who
orders answers for them. Some may have ended meanwhile; more cannot be touched than were confirmed. The order commits first, so nothing
that happens to the process loses it; then its parts follow, each a transaction of a fraction of a second, so that nobody waits long at
a lock. A grant that is being approved beside it either was opened before the preview's moment and ends, or stands after it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from govcloud.access import errors
from govcloud.access.ending.targets import EVERYWHERE, Found, Kind, Targets
from govcloud.access.ending.views import LostFunction, Preview, RevocationView
from govcloud.access.events import RevocationDone, RevocationOrdered
from govcloud.access.life.extending import following
from govcloud.access.life.grants import checked_reason
from govcloud.access.models import Revocation
from govcloud.access.service import Access
from govcloud.access.showing import Shower
from govcloud.authorization.queries import AuthorizationQueries, GrantView
from govcloud.authorization.rights.selecting import Counted, GrantSelection, SelectedGrants
from govcloud.authorization.service import Authorization
from govcloud.identity.locking import lock_officials
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork

REVOKE_MANY = "govcloud:grant:revoke_many"
GO_ON = "govcloud:grant:revoke_ordered"
ITEM_RETIRED = "item_retired"
"""The close reason of grants whose item, or whose whole subsystem, is no longer offered."""
SHOWN = 50
PART = 2_000
"""So many grants end in one transaction."""


class Ending:
    """The commands that end grants by the thousand."""

    def __init__(self, uow: UnitOfWork, access: Access, authorization: Authorization, queries: AuthorizationQueries, clock: Clock) -> None:
        """Take the unit of work, access, the owner of grants with its reads, and the clock."""
        self._uow = uow
        self._facts = access.facts
        self._authorization = authorization
        self._queries = queries
        self._clock = clock
        self._selected = SelectedGrants(uow.read, queries, clock)
        self._targets = Targets(uow.read, access.facts, self._selected, clock)

    def reach(self, actor: Actor) -> tuple[str, ...]:
        """Return the departments below which the actor may end many grants; ``("/",)`` is everywhere."""
        if actor.official_id is None:
            return ()
        return self._queries.reach_of(actor.official_id, actor.appointment_id, REVOKE_MANY)

    def preview(self, actor: Actor, kind: Kind, target: str) -> Preview:
        """Return what an order would end now.

        Raises:
            NotFound: there is no such person, subsystem, matter or department.
        """
        found, now = self._targets.find(kind, target, self.reach(actor)), self._clock.now()
        counted = self._selected.count(found.selection)
        shower = Shower(self._uow.read(), self._facts, now)
        return Preview(
            kind=kind,
            target=target,
            label=found.label,
            grants=counted.grants,
            people=counted.people,
            functions=self._functions(found.selection),
            first=tuple(shower.held(self._selected.first(found.selection, SHOWN))),
            seen_at=now,
        )

    def holders_among(self, actor: Actor, officials: Sequence[UUID]) -> frozenset[UUID]:
        """Return those of ``officials`` who hold something that the actor may end."""
        return self._selected.holders(self._targets.within(self.reach(actor)), officials)

    def may_see(self, actor: Actor, grant: GrantView) -> bool:
        """Return whether a grant, ended or not, is the actor's own, or one that the actor answers for."""
        if actor.official_id is not None and grant.official_id == actor.official_id:
            return True
        paths = self.reach(actor)
        owner = grant.owner_department_id
        if owner is None:
            subsystem = self._facts.subsystems.subsystem(grant.subsystem_code)
            owner = subsystem.owner_department_id if subsystem else None
        return EVERYWHERE in paths or (owner is not None and self._facts.department_path(owner).startswith(paths or ("-",)))

    def order(self, actor: Actor, kind: Kind, target: str, reason: str, *, confirmed: int, seen_at: datetime) -> RevocationView:
        """Order the end of what ``preview`` showed: ``confirmed`` grants at ``seen_at``; nothing ends before ``go_on``.

        Raises:
            Invalid: the reason is missing or wrong.
            NotFound: there is no such person, subsystem, matter or department.
            Conflict: there are more grants than were confirmed, which have to be looked at first.
            Denied: the actor answers neither for subsystems nor for security.
        """
        reason, paths = checked_reason(reason), self.reach(actor)
        with self._uow.begin(actor, REVOKE_MANY, _target(paths)) as tx:
            if actor.official_id is None or actor.appointment_id is None:
                raise errors.not_an_official()
            found, until = self._targets.find(kind, target, paths), min(seen_at, tx.now)
            total = self._selected.count(_until(found, until)).grants
            if total > confirmed:
                raise errors.more_than_confirmed(confirmed, total)
            row = Revocation(
                id=new_id(),
                kind=kind,
                target=target,
                label=found.label,
                paths=list(paths),
                reason=reason,
                ordered_by=actor.reference,
                official_id=actor.official_id,
                appointment_id=actor.appointment_id,
                seen_at=until,
                total=total,
                done=0,
                created_at=tx.now,
                finished_at=None if total else tx.now,
            )
            tx.session.add(row)
            tx.session.flush()
            tx.record(
                RevocationOrdered(
                    subject=f"revocation:{row.id}",
                    revocation_id=row.id,
                    kind=kind,
                    target=target,
                    label=found.label,
                    grants=total,
                    reason=reason,
                )
            )
            return _view(row)

    def go_on(self, actor: Actor, revocation_id: UUID, stopping: Callable[[], bool] = lambda: False) -> RevocationView:
        """Work an order off, part after part, until it is done or ``stopping`` says so; return how far it is.

        Raises:
            NotFound: there is no such order.
            Denied: it is somebody else's.
        """
        while True:
            view = self._part(actor, revocation_id)
            if view.finished_at is not None or stopping():
                return view

    def unfinished(self, limit: int = 20) -> list[UUID]:
        """Return orders that are not done, the oldest first."""
        query = select(Revocation.id).where(Revocation.finished_at.is_(None)).order_by(Revocation.created_at)
        return list(self._uow.read().scalars(query.limit(limit)))

    def of(self, official_id: UUID, limit: int = 20) -> tuple[RevocationView, ...]:
        """Return the orders that a person gave, the newest first."""
        mine = select(Revocation).where(Revocation.official_id == official_id).order_by(Revocation.created_at.desc())
        return tuple(_view(row) for row in self._uow.read().scalars(mine.limit(limit)))

    def one(self, actor: Actor, revocation_id: UUID) -> RevocationView:
        """Return an order of the actor's own.

        Raises:
            NotFound: there is none.
        """
        row = self._uow.read().get(Revocation, revocation_id)
        if row is None or row.official_id != actor.official_id:
            raise errors.no_such_revocation(revocation_id)
        return _view(row)

    # What is retired

    def count_of_item(self, item_id: UUID) -> Counted:
        """Return how many grants end, and of how many people, when an item is withdrawn now."""
        return self._selected.count(self._targets.of_item(item_id))

    def end_item(self, tx: Transaction, item_id: UUID) -> int:
        """End what was granted of an item, in the transaction that withdraws it; return how many grants that were."""
        return len(self._authorization.close_selected(tx, self._targets.of_item(item_id), ITEM_RETIRED))

    def end_subsystem(self, tx: Transaction, code: str) -> int:
        """End what was granted in a subsystem, in the transaction that retires it; return how many grants that were."""
        return len(self._authorization.close_selected(tx, GrantSelection(subsystem_code=code), ITEM_RETIRED))

    # How the above work

    def _part(self, actor: Actor, revocation_id: UUID) -> RevocationView:
        """End the next grants of an order; two who work at one order take turns."""
        seen = self._uow.read().get(Revocation, revocation_id)
        if seen is None:
            raise errors.no_such_revocation(revocation_id)
        own = actor.official_id is not None and actor.official_id == seen.official_id
        target = Target("revocation", str(revocation_id), department_path=_path(tuple(seen.paths)))
        with self._uow.begin(actor, REVOKE_MANY if own else GO_ON, target) as tx:
            row = _locked(tx.session, revocation_id)
            if row.finished_at is None:
                found = self._targets.find(Kind(row.kind), row.target, tuple(row.paths))
                part = self._selected.part(_until(found, row.seen_at), PART)
                # People before grants, as everywhere: whoever is approving something for one of them is waited for.
                lock_officials(tx.session, {official_id for _, official_id in part})
                ended = self._authorization.close_grants(tx, [key for key, _ in part], row.reason, by=row.ordered_by)
                # What goes on from them ends with them, even if it was approved after the preview.
                lines = [
                    grant.line_id for grant in self._queries.grants_by_id(key for key, _ in part).values() if grant.line_id is not None
                ]
                further = self._queries.grants_of_lines(following(tx.session, lines)) if lines else ()
                self._authorization.close_grants(tx, [one.id for one in further if one.closed_at is None], row.reason, by=row.ordered_by)
                self._note(tx, row, len(ended), finished=len(part) < PART)
            return _view(row)

    def _note(self, tx: Transaction, row: Revocation, ended: int, *, finished: bool) -> None:
        """Write down how far an order is."""
        row.done += ended
        row.finished_at = tx.now if finished else None
        tx.session.flush()
        if finished:
            tx.record(RevocationDone(subject=f"revocation:{row.id}", revocation_id=row.id, grants=row.done))

    def _functions(self, selection: GrantSelection) -> tuple[LostFunction, ...]:
        counts = self._selected.by_function(selection, SHOWN)
        systems = {view.code: view.name for view in self._facts.subsystems.all()} if counts else {}
        views = {item.function: self._facts.subsystems.function(item.function) for item in counts}
        names = {code: view.name if view else code for code, view in views.items()}
        return tuple(
            LostFunction(systems.get(item.subsystem_code, item.subsystem_code), names[item.function], item.grants, item.people)
            for item in counts
        )


def _locked(session: Session, revocation_id: UUID) -> Revocation:
    query = select(Revocation).where(Revocation.id == revocation_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def _until(found: Found, moment: datetime) -> GrantSelection:
    """Return the grants of a target that were opened up to ``moment``."""
    return replace(found.selection, opened_until=moment)


def _target(paths: tuple[str, ...]) -> Target:
    return Target("revocation", "new", department_path=_path(paths))


def _path(paths: tuple[str, ...]) -> str | None:
    """Return a department that is within ``paths``: what is ended lies within them in any case."""
    return next((path for path in paths if path != EVERYWHERE), None)


def _view(row: Revocation) -> RevocationView:
    return RevocationView(row.id, Kind(row.kind), row.label, row.reason, row.total, row.done, row.created_at, row.finished_at)
