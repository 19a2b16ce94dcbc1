"""The command that corrects the number a person is identified by."""

from __future__ import annotations

from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from govcloud.identity import codes, errors, masking, sealing
from govcloud.identity.events import OfficialChanged
from govcloud.identity.locking import lock_official
from govcloud.identity.models import Official, OfficialVersion
from govcloud.identity.working_life.people import People
from govcloud.kernel.actor import Actor
from govcloud.kernel.constraints import explained
from govcloud.kernel.database import live_at
from govcloud.kernel.validation import Fields

_CHINA = ZoneInfo("Asia/Shanghai")


class Correcting(People):
    """Corrects ID numbers; each command is one transaction."""

    def correct_id_number(self, actor: Actor, official_id: UUID, id_number: str) -> bool:
        """Put the right ID number in place of one that was mistyped; return whether it is another.

        Raises:
            Invalid: it is no ID number.
            NotFound: there is no such person.
            Conflict: somebody else is registered under it: one person has one account.
        """
        with self._uow.begin(actor, "govcloud:official:correct_id_number", self._person(official_id)) as tx:
            fields = Fields()
            clean = id_number.strip().upper()
            fault = codes.id_number_fault(clean, tx.now.astimezone(_CHINA).date())
            if fault:
                fields.fail("id_number", fault, masking.mask_id_number(clean))
            fields.done()
            lock_official(tx.session, official_id)
            digest = sealing.id_number_digest(self._keys, clean)
            person = select(Official.name, Official.id_number_digest).where(Official.id == official_id)
            name, old = tx.session.execute(person).one()
            if old == digest:
                return False
            values = {"id_number_sealed": sealing.seal_id_number(self._keys, official_id, clean), "id_number_digest": digest}
            with explained(errors.CONSTRAINTS):
                tx.session.execute(update(Official).where(Official.id == official_id).values(values))
            mine = (OfficialVersion.official_id == official_id, live_at(OfficialVersion, tx.now))
            standing = tx.session.scalars(select(OfficialVersion).where(*mine)).one()
            tx.record(
                OfficialChanged(
                    subject=f"official:{official_id}",
                    official_id=official_id,
                    changed=("id_number",),
                    official_name=name,
                    rank=standing.rank,
                    staffing_type=standing.staffing_type,
                    security_label=standing.security_label,
                )
            )
            return True
