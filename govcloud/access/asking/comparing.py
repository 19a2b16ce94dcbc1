"""The same as a colleague has: what it is that one lacks, looked at before anything is asked for.

It reads what somebody else may do, so it is a command that is recorded, and it reaches no further than one's own department. Nothing of how
the colleague came by it is told, nor on which rows: what one needs oneself is chosen as for any request.
"""

from __future__ import annotations

from uuid import UUID

from govcloud.access.asking.events import ColleagueCompared
from govcloud.access.asking.queries import AskingQueries, Chosen
from govcloud.access.asking.standing import Standings
from govcloud.access.asking.views import Difference
from govcloud.access.loading import FactsLoader
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.errors import Denied, NotFound
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import UnitOfWork

COMPARE = "govcloud:colleague:compare"
_PLATFORM = "govcloud"
_MOST_CLOSED = 20


class Comparing:
    """Compares the actor with a colleague."""

    def __init__(self, uow: UnitOfWork, facts: FactsLoader, queries: AskingQueries) -> None:
        """Take the unit of work, the loader of facts, and what shows items to ask for."""
        self._uow = uow
        self._facts = facts
        self._queries = queries

    def compare(self, actor: Actor, appointment_id: UUID) -> Difference:
        """Return what the colleague under ``appointment_id`` may use now and the actor may not.

        Raises:
            NotFound: there is no such appointment now.
            Denied: it is in another department; this is remembered like every refusal.
        """
        with self._uow.begin(actor, COMPARE, Target("appointment", str(appointment_id))) as tx:
            reader = self._facts.acting(actor, tx.now)
            own = self._facts.identity.subject(reader.appointment_id, tx.now)
            theirs = self._facts.identity.subject(appointment_id, tx.now)
            if theirs is None or not theirs.active:
                raise NotFound.of(Message("任职"), appointment_id)
            if own is None or own.department_id != theirs.department_id:
                raise Denied("colleague_elsewhere", Message("只能与本部门的同事比较。"))
            access = self._facts.authorization.access_of(theirs.official_id, appointment_id)
            names = {entry.function: entry.name for entry in access.functions if entry.subsystem_code != _PLATFORM}
            held = Standings(self._uow.read, self._facts, reader, tx.now).held(names)
            lacking = {code: name for code, name in names.items() if code not in held}
            items = self._facts.subsystems.requestable_among(codes=lacking)
            offered = {item.function for item in items.values()}
            closed = tuple(name for code, name in lacking.items() if code not in offered)[:_MOST_CLOSED]
            asked = self._queries.asked(actor, [Chosen(item_id) for item_id in items])
            tx.record(
                ColleagueCompared(
                    subject=f"official:{theirs.official_id}",
                    official_id=theirs.official_id,
                    appointment_id=appointment_id,
                    functions=tuple(lacking),
                )
            )
            return Difference(theirs.official_id, theirs.name, asked, closed)
