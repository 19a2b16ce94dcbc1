"""In whose right somebody decides on a line, and what the rules see when they do: the same for the page, the answer and the return."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from govcloud.access.asking.windows import ends_at
from govcloud.access.deciding.routing import Authority, ids_of, usable
from govcloud.access.facts import DecisionFacts, PersonFacts, Wanted
from govcloud.access.lines import approved_for
from govcloud.access.loading import FactsLoader
from govcloud.access.models import AccessRequest, RequestLine
from govcloud.access.rules import Registry, check
from govcloud.access.rules.reciprocal import WINDOW
from govcloud.access.tasks.models import DecisionTask
from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target

REACTION = Actor.system("reaction")
"""Who opens what was decided in somebody else's right: the decision is theirs, the grant follows from it."""


@dataclass(frozen=True)
class Case:
    """A line that somebody looks at or answers at a moment, with its request and the task that it waits for."""

    session: Session
    request: AccessRequest
    line: RequestLine
    task: DecisionTask | None
    now: datetime


@dataclass(frozen=True)
class Right:
    """In whose right (``principal``) the ``decider`` decides: usually their own; ``spent`` says that it has been used in this round.

    ``authority`` is the one of their rights that is used: the nearest to the line's department.
    """

    decider: PersonFacts
    principal: PersonFacts
    paths: tuple[str, ...]
    spent: bool = False
    authority: Authority | None = None

    @property
    def is_lent(self) -> bool:
        """Return whether somebody else lent it."""
        return self.decider.official_id != self.principal.official_id

    @property
    def unit(self) -> UUID | None:
        """Return the department whose word it is, as two departments are told apart by it: that in which the principal serves."""
        return ids_of([self.principal.department_path])[0] if self.principal.department_path else None


def approver_target(facts: FactsLoader, actor: Actor, line: RequestLine, now: datetime) -> Target:
    """Return a line as the target of an approver's command: it stands under its owner, and names the actor if authority was lent."""
    path = facts.department_path(line.owner_department_id, now)
    attributes = {"delegate_id": facts.lent_over(actor, path, now), "official_id": ""}
    return Target("request_line", str(line.id), department_path=path, attributes=attributes)


class Rights:
    """Finds in whose right somebody acts on a line, and asks the rules of both."""

    def __init__(self, facts: FactsLoader) -> None:
        """Take the loader of facts."""
        self._facts = facts

    def of(self, case: Case, decider: PersonFacts, spent: Collection[UUID] = (), authority: Sequence[Authority] | None = None) -> Right:
        """Return the right that ``decider`` has: one's own first, then one lent by somebody who has not used it in this round.

        ``spent`` are those in whose right somebody decided in this round; ``authority`` is that of the decider, if it is known. Without
        any right ``paths`` is empty, and the rules say so.
        """
        request, line = case.request, case.line
        barred = {request.requester_official_id, request.beneficiary_official_id} - {decider.official_id}
        path = case.task.path if case.task else line.owner_path
        held = self._facts.authority(decider, case.now) if authority is None else authority
        rights = usable(held, path, line.escalation, barred)
        if not rights:
            return Right(decider, decider, ())
        ordered = sorted(
            rights,
            key=lambda right: (right.principal_id in spent, right.principal_id != decider.official_id, right.deputy, -len(right.path)),
        )
        first, paths = ordered[0], tuple(dict.fromkeys(right.path for right in ordered))
        return Right(decider, self._principal(decider, first, case.now), paths, first.principal_id in spent, first)

    def facts_for(self, case: Case, right: Right, approved: Wanted | None) -> DecisionFacts:
        """Return what the rules see when this right is used."""
        request, line = case.request, case.line
        item = self._facts.catalogue_item(line.item_id)
        days = approved.days if approved else line.requested_days
        return DecisionFacts(
            item=self._facts.item(item, case.now),
            requester_id=request.requester_official_id,
            beneficiary=self._facts.person(request.beneficiary_official_id, request.beneficiary_appointment_id, case.now),
            wanted=Wanted(Scope.from_json(line.requested_scope), line.requested_days),
            requested_version=line.item_version,
            decider=right.decider,
            authority=right.paths,
            approved=approved,
            principals=(right.principal,) if right.is_lent else (),
            owed=_owed(case, right.decider) or (right.is_lent and _owed(case, right.principal)),
            carried_days=self._facts.carried_days(request, item, days, line.parent_line_id, asked_at=line.submitted_at, now=case.now),
            parent_closed=self._facts.parent_closed(line.parent_line_id),
            findings=self._facts.authorization.apart.findings(
                request.beneficiary_official_id, [line.function], request.case_number, line.duty, case.now
            ),
            # More than was asked for is refused by a rule of its own.
            ends_at=self._ends_at(case, approved) if approved is not None else None,
        )

    def _ends_at(self, case: Case, approved: Wanted) -> datetime:
        """Return when access would end if it were approved so now."""
        line = case.line
        parent = self._facts.authorization.grant_of_line(line.parent_line_id) if line.parent_line_id else None
        return ends_at(case.request, min(approved.days, line.requested_days), case.now, parent.ends_at if parent else None)

    def ask(self, registry: Registry[DecisionFacts], case: Case, right: Right, approved: Wanted | None) -> DecisionFacts:
        """Return what the rules saw, when none refuses the decider, nor the person in whose right they decide.

        Raises:
            Denied, Conflict, Invalid: as ``rules.check``.
        """
        facts = self.facts_for(case, right, approved)
        check(registry, facts)
        return facts

    def _principal(self, decider: PersonFacts, right: Authority, now: datetime) -> PersonFacts:
        """Return the person in whose right one decides, in the office from which it comes."""
        if right.principal_id == decider.official_id or right.appointment_id is None:
            return decider
        return self._facts.person(right.principal_id, right.appointment_id, now)


def _owed(case: Case, decider: PersonFacts) -> bool:
    """Return whether the beneficiary approved something for the decider a short time ago."""
    return approved_for(case.session, case.request.beneficiary_official_id, decider.official_id, case.now - WINDOW)
