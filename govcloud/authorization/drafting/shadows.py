"""The commands that let a draft run as a shadow, and end it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update

from govcloud.authorization.drafting import checking, states
from govcloud.authorization.drafting.drafts import held_draft
from govcloud.authorization.drafting.errors import shadow_running, wrong_state
from govcloud.authorization.drafting.events import PolicyShadowEnded, PolicyShadowStarted
from govcloud.authorization.drafting.models import PolicyShadow
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.constraints import explained
from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.kernel.validation import Fields

COMMAND = "govcloud:policy:shadow"
#: A shadow that nobody ends, ends by itself.
MOST_HOURS = 24 * 14


class Shadows:
    """The commands on shadows."""

    def __init__(self, uow: UnitOfWork, zones: Collection[str]) -> None:
        """Take the unit of work, and the network zones that conditions may name."""
        self._uow = uow
        self._zones = zones

    def start(self, actor: Actor, draft_id: UUID, hours: int) -> UUID:
        """Let the text of a draft decide beside the live policy for some hours; see ``Drafting.start_shadow``."""
        with self._uow.begin(actor, COMMAND, Target("policy_draft", str(draft_id))) as tx:
            fields = Fields()
            fields.number("hours", hours, least=1, most=MOST_HOURS)
            fields.done()
            draft = held_draft(tx, draft_id)
            if draft.state not in states.ALIVE:
                raise wrong_state(states.STATES[draft.state])
            checking.checked(draft.document, draft.source, self._zones)
            over = PolicyShadow.ended_at.is_(None) & (PolicyShadow.until <= tx.now)
            tx.session.execute(update(PolicyShadow).where(over).values(ended_at=PolicyShadow.until))
            if tx.session.scalar(select(PolicyShadow.id).where(PolicyShadow.ended_at.is_(None)).limit(1)) is not None:
                raise shadow_running()
            row = PolicyShadow(
                id=new_id(),
                draft_id=draft.id,
                checksum=draft.checksum,
                document=draft.document,
                current=True,
                started_by=actor.reference,
                started_at=tx.now,
                until=tx.now + timedelta(hours=hours),
                ended_at=None,
                checked=0,
                different=0,
                dropped=0,
            )
            with explained({"uq_policy_shadow_current": shadow_running().message}):
                tx.session.add(row)
                tx.session.flush()
            tx.record(
                PolicyShadowStarted(
                    subject=f"policy_draft:{draft.id}", shadow_id=row.id, draft_id=draft.id, checksum=row.checksum, until=row.until
                )
            )
            return row.id

    def stop(self, actor: Actor, draft_id: UUID) -> bool:
        """End the shadow of a draft; return whether one was running."""
        with self._uow.begin(actor, COMMAND, Target("policy_draft", str(draft_id))) as tx:
            query = select(PolicyShadow).where(PolicyShadow.draft_id == draft_id, PolicyShadow.ended_at.is_(None))
            row = tx.session.scalars(query.with_for_update()).one_or_none()
            if row is None:
                return False
            _end(tx, row)
            return True


def _end(tx: Transaction, row: PolicyShadow) -> None:
    row.ended_at = min(tx.now, row.until)
    tx.record(
        PolicyShadowEnded(
            subject=f"policy_draft:{row.draft_id}",
            shadow_id=row.id,
            draft_id=row.draft_id,
            checked=row.checked,
            different=row.different,
        )
    )
