"""The decision page: one line with its evidence, what stands against a decision of the reader, and the other lines of the request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from govcloud.access import errors
from govcloud.access.asking.choices import scope_choices
from govcloud.access.deciding.inbox import Inbox
from govcloud.access.deciding.routing import SUPERIOR_FROM, Authority, usable
from govcloud.access.evidence.gathering import CardMaker
from govcloud.access.facts import PersonFacts, Wanted
from govcloud.access.lines import read_line
from govcloud.access.loading import FactsLoader
from govcloud.access.models import AccessRequest, Decision, RequestLine
from govcloud.access.rules import APPROVE, HOLD, REJECT
from govcloud.access.showing import Shower
from govcloud.access.tasks.rights import Case, Right, Rights
from govcloud.access.tasks.standing import claimant, decisions_of_round, open_task, spent_in, unit_agreed
from govcloud.access.views import DecisionPage, RequestView
from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.actor import Actor
from govcloud.kernel.errors import Refusal


@dataclass(frozen=True)
class Reader:
    """Who reads a page, and under which rights they may decide."""

    person: PersonFacts
    authority: tuple[Authority, ...]


class DecisionPages:
    """Makes decision pages."""

    def __init__(self, read: Callable[[], Session], facts: FactsLoader, cards: CardMaker) -> None:
        """Take the source of reading sessions, the loader of facts, and the maker of evidence cards."""
        self._read = read
        self._facts = facts
        self._cards = cards
        self._rights = Rights(facts)

    def page(self, actor: Actor, line_id: UUID, now: datetime) -> DecisionPage:
        """Return everything that somebody with authority over a line needs to decide on it; see ``AccessQueries.decision_page``."""
        reader = self._facts.acting(actor, now)
        session = self._read()
        line = read_line(session, line_id)
        authority = self._facts.authority(reader, now)
        if not usable(authority, line.owner_path, SUPERIOR_FROM):
            raise errors.no_such_line(line_id)
        request = session.get_one(AccessRequest, line.request_id)
        shown = Shower(session, self._facts, now).requests([request], actor.official_id)[0]
        page = self._page(shown, request, line, Reader(reader, authority), now)
        if not page.may_decide or len(shown.lines) == 1:
            return page
        others = (other for other in Inbox(session, self._facts, reader, now).lines_of(request.id) if other.id != line_id)
        pages = (self._page(shown, request, other, Reader(reader, authority), now) for other in others)
        return replace(page, others=tuple(other for other in pages if other.may_decide))

    def _page(self, shown: RequestView, request: AccessRequest, line: RequestLine, reader: Reader, now: datetime) -> DecisionPage:
        """Return the page of one line, without the others."""
        session = self._read()
        case = Case(session, request, line, open_task(session, line.id), now)
        before = decisions_of_round(session, line)
        right = self._rights.of(case, reader.person, spent_in(before), reader.authority)
        wanted = Wanted(Scope.from_json(line.requested_scope), line.requested_days)
        facts = self._rights.facts_for(case, right, wanted)
        card = self._cards.card(request, line, now, facts.findings)
        holder = claimant(case.task, now) if case.task else None
        foreign = holder is not None and holder not in {reader.person.official_id, right.principal.official_id}
        near = self._facts.identity.subject(request.beneficiary_appointment_id, now)
        division = near.division if near else None
        by_division = facts.item.scope_kind == "division"
        return DecisionPage(
            request=shown,
            line=next(view for view in shown.lines if view.id == line.id),
            card=card,
            evidence_hash=card.digest(),
            scope_choices=scope_choices(self._facts.identity, wanted.scope, division) if by_division else (),
            max_days=max(1, min(line.requested_days, facts.item.max_days - facts.carried_days)),
            refusals=tuple(refusal for _rule, refusal in REJECT.refusals(facts)),
            approval_refusals=(*(refusal for _rule, refusal in APPROVE.refusals(facts)), *_own_unit_agreed(case, right, before)),
            principal=right.principal.name if right.is_lent else "",
            answered=right.spent or any(row.official_id == reader.person.official_id for row in before),
            answered_by=self._answered_by(before, reader.person),
            may_hold=not right.spent and case.task is not None and case.task.needed == 1 and not HOLD.refusals(facts),
            held_by=self._facts.identity.official_names([holder])[holder] if holder is not None and foreign else "",
        )

    def _answered_by(self, before: Sequence[Decision], reader: PersonFacts) -> str:
        """Return who answered in the reader's right in this round, if that was not the reader."""
        if any(row.official_id == reader.official_id for row in before):
            return ""
        lent = next((row.official_id for row in before if row.principal_id == reader.official_id), None)
        return self._facts.identity.official_names([lent])[lent] if lent is not None else ""


def _own_unit_agreed(case: Case, right: Right, before: Sequence[Decision]) -> tuple[Refusal, ...]:
    """Return what stands against a yes of a department that has said it already, where two departments have to agree."""
    if case.task is None or not unit_agreed(case.task, before, right.unit):
        return ()
    error = errors.same_unit()
    return (Refusal(error.code, error.message),)
