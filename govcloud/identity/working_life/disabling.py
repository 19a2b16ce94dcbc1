"""Commands that say whether people may act at all, at once and until further notice: one person, a set of them, and back."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from govcloud.identity import errors, inputs
from govcloud.identity.events import OfficialDisabled, OfficialRestored
from govcloud.identity.locking import lock_official, lock_officials
from govcloud.identity.models import Official
from govcloud.identity.working_life import changes, standings
from govcloud.identity.working_life.people import People
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.batches import one_place
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction

_STATUS = {"active": Message("在岗"), "suspended": Message("停用"), "left": Message("已离职")}


class Disabling(People):
    """Disables people and restores them; each command is one transaction."""

    def disable_official(self, actor: Actor, official_id: UUID, reason: str) -> None:
        """Stop a person from acting, now; sessions and grants end in the same transaction, through the event.

        Raises:
            NotFound: there is no such person.
            Conflict: the person is disabled already.
        """
        with self._uow.begin(actor, "govcloud:official:disable", self._person(official_id)) as tx:
            clean = inputs.checked_reason(reason)
            self._change_status(tx, official_id, standings.SUSPENDED)
            tx.record(OfficialDisabled(subject=f"official:{official_id}", official_id=official_id, reason=clean))

    def disable_officials(self, actor: Actor, officials: Collection[UUID], reason: str) -> tuple[UUID, ...]:
        """Stop people from acting, now, as one set; return whom. Those who may not act already, or not without end, stay as they are.

        Sessions and grants of all of them end in the same transaction, in as many statements as for one.

        Raises:
            Invalid: the reason is wrong.
        """
        served = self._queries.departments_served_by(officials)
        # Somebody who serves nowhere lies in no department, as with one person.
        place = self._path_of_all({place for places in served.values() for place in places}) if len(served) == len(officials) else None
        with self._uow.begin(actor, "govcloud:official:disable", Target("official", one_place(map(str, officials)), place)) as tx:
            clean = inputs.checked_reason(reason)
            lock_officials(tx.session, officials)
            disabled = standings.suspend_all(tx.session, officials, tx.now)
            tx.record_all([OfficialDisabled(subject=f"official:{id_}", official_id=id_, reason=clean) for id_ in disabled])
        return disabled

    def restore_official(self, actor: Actor, official_id: UUID, reason: str) -> None:
        """Let a disabled person act again; sessions and grants that ended stay ended.

        Raises:
            NotFound: there is no such person.
            Conflict: the person is active.
        """
        with self._uow.begin(actor, "govcloud:official:restore", self._person(official_id)) as tx:
            clean = inputs.checked_reason(reason)
            self._change_status(tx, official_id, standings.ACTIVE)
            tx.record(OfficialRestored(subject=f"official:{official_id}", official_id=official_id, reason=clean))

    # Parts of the commands above

    def _change_status(self, tx: Transaction, official_id: UUID, status: str) -> None:
        """Let another status hold from now until the next change of it that is planned; a leave, present or planned, stays.

        Raises:
            Conflict: the person has the status already, or has left.
        """
        lock_official(tx.session, official_id)
        name = tx.session.scalars(select(Official.name).where(Official.id == official_id)).one()
        if standings.status_at(tx.session, official_id, tx.now) == standings.LEFT:
            raise errors.has_left(name)
        ahead = changes.planned(tx.session, official_id, tx.now)
        until = next((change.effective_at for change in ahead if change.kind in changes.STATUS_CHANGES), None)
        stretch = standings.Stretch(status, tx.now, until)
        if not standings.restate(tx.session, official_id, stretch, keeping=(standings.LEFT,)):
            raise errors.wrong_status(name, _STATUS[status])
