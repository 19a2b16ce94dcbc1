"""Comments on a line: a short conversation of its requester, its beneficiary and its approvers, kept with the line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from govcloud.access.commands import COMMENT_MOST
from govcloud.access.deciding.events import LineCommented
from govcloud.access.lines import read_line
from govcloud.access.loading import FactsLoader
from govcloud.access.models import AccessRequest, RequestLine
from govcloud.access.naming import Names
from govcloud.access.tasks.models import LineComment, LineReturn
from govcloud.access.tasks.rights import approver_target
from govcloud.access.views import PersonView
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.kernel.validation import Fields


@dataclass(frozen=True)
class Remark:
    """What somebody wrote about a line; ``returned`` says that it is what was missing when the line was sent back."""

    by: PersonView
    text: str
    at: datetime
    returned: bool = False


class Discussing:
    """Writes and reads what is said about a line; whoever may see the line may read it (callers look at that first)."""

    def __init__(self, uow: UnitOfWork, clock: Clock, facts: FactsLoader) -> None:
        """Take the unit of work, the clock and the loader of facts."""
        self._uow = uow
        self._clock = clock
        self._facts = facts

    def comment(self, actor: Actor, line_id: UUID, text: str) -> UUID:
        """Write a comment; return its id.

        Raises:
            NotFound: there is no such line.
            Invalid: the text is empty or too long.
            Denied: the actor is neither requester nor beneficiary and has no authority over the line.
        """
        fields = Fields()
        clean = fields.text("text", text, most=COMMENT_MOST, multiline=True)
        fields.done()
        line = read_line(self._uow.read(), line_id)
        with self._uow.begin(actor, "govcloud:line:comment", self._target(actor, line)) as tx:
            person = self._facts.acting(actor, tx.now)
            row = LineComment(
                id=new_id(), line_id=line_id, official_id=person.official_id, appointment_id=person.appointment_id, text=clean, at=tx.now
            )
            tx.session.add(row)
            tx.session.flush()
            tx.record(LineCommented(subject=f"request_line:{line_id}", chain=str(line.request_id), comment_id=row.id, text=clean))
            return row.id

    def remarks(self, line_id: UUID) -> tuple[Remark, ...]:
        """Return what was said about a line, the oldest first: comments, and what was missing when it was sent back."""
        session, names = self._uow.read(), Names(self._facts.identity)
        comments = session.scalars(select(LineComment).where(LineComment.line_id == line_id)).all()
        returns = session.scalars(select(LineReturn).where(LineReturn.line_id == line_id)).all()
        names.learn_people([(row.appointment_id, row.at) for row in comments] + [(row.appointment_id, row.at) for row in returns])
        said = [Remark(names.person(row.official_id, row.appointment_id, row.at), row.text, row.at) for row in comments]
        said += [Remark(names.person(row.official_id, row.appointment_id, row.at), row.missing, row.at, returned=True) for row in returns]
        return tuple(sorted(said, key=lambda remark: remark.at))

    def _target(self, actor: Actor, line: RequestLine) -> Target:
        """Return the line as a target; it belongs to the actor who asked for it, or for whom it was asked."""
        request = self._uow.read().get_one(AccessRequest, line.request_id)
        target = approver_target(self._facts, actor, line, self._clock.now())
        own = actor.official_id in {request.requester_official_id, request.beneficiary_official_id}
        return Target(
            target.type,
            target.id,
            department_path=target.department_path,
            attributes=dict(target.attributes) | ({"official_id": str(actor.official_id)} if own else {}),
        )
