"""Several lines answered in one act: those of one request, all or none; or many of an inbox, each with a verdict of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from govcloud.access import errors
from govcloud.access.commands import Answer, Decided
from govcloud.access.deciding.decide import Deciding
from govcloud.access.lines import read_line
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.errors import Conflict, Denied, Invalid, NotFound
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import UnitOfWork

MOST_LINES = 100


@dataclass(frozen=True)
class Ballot:
    """An answer to one line at the version that was shown."""

    line_id: UUID
    version: int
    answer: Answer


@dataclass(frozen=True)
class Verdict:
    """What came of one ballot: what was decided, or why nothing was."""

    line_id: UUID
    decided: Decided | None
    error: Conflict | Denied | Invalid | NotFound | None


class DecidingTogether:
    """Answers several lines; the rules of each are those of a single decision."""

    def __init__(self, uow: UnitOfWork, deciding: Deciding) -> None:
        """Take the unit of work and the command on one line."""
        self._uow = uow
        self._deciding = deciding

    def of_request(self, actor: Actor, request_id: UUID, ballots: Sequence[Ballot]) -> tuple[Decided, ...]:
        """Answer several lines of one request in one transaction: all of it stands, or nothing does.

        Raises:
            Invalid: there is no ballot, there are too many, or two for one line.
            NotFound: a line is not one of the request's.
            NotFound, Conflict, Denied, Invalid: one of the answers is refused, as ``Access.approve`` says; then none was given.
        """
        ordered = _ordered(ballots)
        with self._uow.begin(actor, "govcloud:line:decide_together", Target("access_request", str(request_id))):
            # Of one request only: its audit chain and its beneficiary are then all that this transaction holds on to.
            for ballot in ordered:
                if read_line(self._uow.read(), ballot.line_id).request_id != request_id:
                    raise errors.no_such_line(ballot.line_id)
            return tuple(self._deciding.decide(actor, ballot.line_id, ballot.version, ballot.answer) for ballot in ordered)

    def each(self, actor: Actor, ballots: Sequence[Ballot]) -> tuple[Verdict, ...]:
        """Answer many lines, each in a transaction of its own: one that is refused is refused alone.

        A transaction a line keeps locks and audit chains of different requests apart, so that two approvers who answer the same
        lines in different orders never wait in a circle.

        Raises:
            Invalid: there is no ballot, there are too many, or two for one line.
        """
        return tuple(self._one(actor, ballot) for ballot in _ordered(ballots))

    def _one(self, actor: Actor, ballot: Ballot) -> Verdict:
        try:
            return Verdict(ballot.line_id, self._deciding.decide(actor, ballot.line_id, ballot.version, ballot.answer), None)
        except (Conflict, Denied, Invalid, NotFound) as error:
            return Verdict(ballot.line_id, None, error)


def _ordered(ballots: Sequence[Ballot]) -> list[Ballot]:
    """Return the ballots in the order of their lines, in which they are locked."""
    lines = {ballot.line_id for ballot in ballots}
    if not 1 <= len(ballots) <= MOST_LINES or len(lines) < len(ballots):
        raise Invalid("wrong_selection", Message("请选择 1 至 %(most)s 个不同的申请项。", most=MOST_LINES))
    return sorted(ballots, key=lambda ballot: ballot.line_id)
