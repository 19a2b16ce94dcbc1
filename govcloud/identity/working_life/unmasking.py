"""Reading a personal number in clear: a command with a reason, on record; no list, page or log shows one otherwise."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from govcloud.identity import errors, sealing
from govcloud.identity.events import OfficialUnmasked
from govcloud.identity.inputs import checked_reason
from govcloud.identity.models import Official
from govcloud.identity.working_life.people import People
from govcloud.kernel.actor import Actor
from govcloud.kernel.validation import Fields

FACTS = ("id_number", "phone")


class Unmasking(People):
    """The command that shows a number."""

    def unmask(self, actor: Actor, official_id: UUID, fact: str, reason: str) -> str:
        """Return a person's ``id_number`` or ``phone`` in clear; empty when there is none. That it was read is on record.

        Raises:
            Invalid: there is no such fact, or the reason is wrong.
            NotFound: there is no such person.
        """
        with self._uow.begin(actor, "govcloud:official:unmask", self._person(official_id)) as tx:
            fields = Fields()
            fields.choice("fact", fact, FACTS)
            fields.done()
            clean = checked_reason(reason)
            columns = select(Official.id_number_sealed, Official.phone_sealed).where(Official.id == official_id)
            row = tx.session.execute(columns).one_or_none()
            if row is None:
                raise errors.official_missing(official_id)
            tx.record(OfficialUnmasked(subject=f"official:{official_id}", official_id=official_id, fact=fact, reason=clean))
            if fact == "id_number":
                return sealing.open_id_number(self._keys, official_id, row.id_number_sealed)
            return sealing.open_phone(self._keys, official_id, row.phone_sealed) if row.phone_sealed else ""
