"""The commands of separation of duty behind one face."""

from __future__ import annotations

from uuid import UUID

from govcloud.authorization.apart.breaches import Breaches, Nightly
from govcloud.authorization.apart.drafts import Drafts
from govcloud.authorization.apart.exceptions import Exceptions
from govcloud.authorization.apart.findings import Separation
from govcloud.authorization.apart.inputs import NewException, NewRule
from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.rights.granting import Granting
from govcloud.kernel.actor import Actor
from govcloud.kernel.unit_of_work import UnitOfWork

__all__ = ["Apart", "NewException", "NewRule"]


class Apart:
    """Proposes and approves rules, gives and ends exceptions, looks for violations; each command is one transaction."""

    def __init__(self, uow: UnitOfWork, decider: Decider) -> None:
        """Take the unit of work and the decider."""
        breaches = Breaches(uow.read, decider)
        self._drafts = Drafts(uow, decider, breaches)
        self._exceptions = Exceptions(uow, decider, Separation(uow.read, decider), Granting(uow, decider))
        self._nightly = Nightly(uow, breaches)

    def propose_rule(self, actor: Actor, new: NewRule) -> UUID:
        """Propose a rule, new or changed, for a second person to approve; return the draft.

        Raises:
            Invalid: a field is wrong, a function is not in the catalogue, or every official would break the rule.
            Conflict: a draft about the rule waits already.
        """
        return self._drafts.propose(actor, new)

    def propose_end(self, actor: Actor, code: str, reason: str) -> UUID:
        """Propose that a rule be no more; return the draft.

        Raises:
            NotFound: there is no such rule.
            Invalid: the reason is missing or wrong.
            Conflict: a draft about the rule waits already.
        """
        return self._drafts.propose_end(actor, code, reason)

    def approve_rule(self, actor: Actor, draft_id: UUID, comment: str = "") -> int:
        """Put a draft in force and return the rule's version (of an end: the one that ended).

        Raises:
            NotFound: there is no such draft.
            Denied: the actor proposed it.
            Conflict: it was decided, or the rule has changed since it was written.
        """
        return self._drafts.approve(actor, draft_id, comment)

    def drop_rule(self, actor: Actor, draft_id: UUID, reason: str) -> None:
        """Throw a draft away.

        Raises:
            NotFound: there is no such draft.
            Conflict: it was decided.
            Invalid: the reason is missing or wrong.
        """
        self._drafts.drop(actor, draft_id, reason)

    def give_exception(self, actor: Actor, new: NewException) -> UUID:
        """Let an official hold together what a rule keeps apart, until a day; return the exception.

        Raises:
            Denied: the actor is the official, serves in a department of theirs or below, or is no official at all.
            NotFound: there is no such rule or official.
            Conflict: the rule has no exceptions.
            Invalid: the reason, the end or the functions are wrong.
        """
        return self._exceptions.give(actor, new)

    def end_exception(self, actor: Actor, exception_id: UUID, reason: str) -> bool:
        """Take an exception back at once, with the grants that rest on it; return whether it still held.

        Raises:
            NotFound: there is no such exception.
            Invalid: the reason is missing or wrong.
        """
        return self._exceptions.end(actor, exception_id, reason)

    def look_for_violations(self, actor: Actor) -> int:
        """Compare every static rule with what people hold; return how many violations came or went."""
        return self._nightly.look(actor)
