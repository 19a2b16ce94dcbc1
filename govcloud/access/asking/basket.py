"""The basket of a duty: what its holder means to ask for, kept until it is asked for or taken out, across sign-outs and devices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from govcloud.access import errors
from govcloud.access.asking.models import BasketItem
from govcloud.access.asking.queries import Chosen
from govcloud.kernel.authorizer import Target
from govcloud.kernel.errors import Conflict, FieldError, Invalid
from govcloud.kernel.messages import Message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from govcloud.access.loading import FactsLoader
    from govcloud.kernel.actor import Actor
    from govcloud.kernel.unit_of_work import Transaction, UnitOfWork

KEEP = "govcloud:basket:keep"
MOST_KEPT = 50
_KEYS = ("official_id", "appointment_id", "item_id")


class Basket:
    """Commands on one's own basket. They are recorded nowhere: nothing is asked of anybody yet, and nothing opens."""

    def __init__(self, uow: UnitOfWork, facts: FactsLoader) -> None:
        """Take the unit of work and the loader of facts."""
        self._uow = uow
        self._facts = facts

    def put(self, actor: Actor, items: Sequence[Chosen]) -> None:
        """Put items in; of those that lie there already, what was chosen for them is brought up to date.

        Raises:
            Invalid: an item cannot be requested, or its days are none.
            Conflict: the basket would hold more than fifty.
            Denied: the actor is not an official in an appointment.
        """
        with self._mine(actor) as (tx, owner):
            self._check(items)
            for chosen in items:
                scope = chosen.scope.to_json() if chosen.scope is not None else None
                row = insert(BasketItem).values(**owner, item_id=chosen.item_id, scope=scope, days=chosen.days, added_at=tx.now)
                again = {name: value for name, value in (("scope", scope), ("days", chosen.days)) if value is not None}
                kept = row.on_conflict_do_update(index_elements=_KEYS, set_=again) if again else row.on_conflict_do_nothing()
                tx.session.execute(kept)
            held = tx.session.scalar(select(func.count()).select_from(BasketItem).filter_by(**owner)) or 0
            if held > MOST_KEPT:
                raise Conflict("basket_full", Message("申请清单最多放 %(most)s 项，请先提交或移出一些。", most=MOST_KEPT))

    def take_out(self, actor: Actor, items: Iterable[UUID]) -> None:
        """Take items out; what does not lie there is not missed.

        Raises:
            Denied: the actor is not an official in an appointment.
        """
        with self._mine(actor) as (tx, owner):
            tx.session.execute(delete(BasketItem).filter_by(**owner).where(BasketItem.item_id.in_(set(items))))

    @contextmanager
    def _mine(self, actor: Actor) -> Iterator[tuple[Transaction, dict[str, UUID]]]:
        """Open a command on the actor's own basket, and say whose it is."""
        target = Target("basket", actor.id, attributes={"official_id": str(actor.official_id)})
        with self._uow.begin(actor, KEEP, target) as tx:
            if actor.official_id is None or actor.appointment_id is None:
                raise errors.not_an_official()
            yield tx, {"official_id": actor.official_id, "appointment_id": actor.appointment_id}

    def _check(self, items: Sequence[Chosen]) -> None:
        known = self._facts.subsystems.requestable_among(chosen.item_id for chosen in items)
        wrong = []
        for place, chosen in enumerate(items):
            item = known.get(chosen.item_id)
            if item is None:
                wrong.append(
                    FieldError(f"items.{place}", Message("这项权限不能申请：它不在可申请的目录中，或已经下架。"), str(chosen.item_id))
                )
            elif chosen.days is not None and not 1 <= chosen.days <= item.max_days:
                said = Message("期限应为 1 至 %(cap)s 天，现为 %(days)s 天。", cap=item.max_days, days=chosen.days)
                wrong.append(FieldError(f"items.{place}.days", said, str(chosen.days)))
        if wrong:
            raise Invalid.of(*wrong)
