"""Who is asked about lines that wait now: the inbox (``inbox.py``) turned round, for many lines at once.

A notice that says "this waits for you" goes to exactly those in whose inbox the line is. The inbox asks of one reader which lines, in
SQL; this asks of lines which people, in plain rules. A property over random offices, delegations and lines holds the two together
(``tests/commands/access/test_called.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from govcloud.access.deciding.routing import DECIDING_ROLE, DEPUTIES_FROM, DEPUTY_ROLE, depth_asked, ids_of, levels
from govcloud.access.facts import Office, PersonFacts
from govcloud.access.lifecycle import WAITING
from govcloud.access.loading import FactsLoader, facts_of
from govcloud.access.models import AccessRequest, Decision, RequestLine
from govcloud.access.rules.subordinate import stands_below
from govcloud.access.tasks.lending import lent_by
from govcloud.access.tasks.models import OPEN_TASK, DecisionTask
from govcloud.access.tasks.standing import CLAIM_LASTS

EVERYWHERE = "/"
"""Where an office stands that is held without bounds: above every department."""
People = frozenset[UUID]


@dataclass(frozen=True)
class WaitingLine:
    """What decides on who is asked about a line: its task, how far the clock carried it, and who has had a part in it.

    ``barred`` are the requester, the beneficiary, and whoever answered in this round or in whose right; ``agreed`` the departments
    that said yes already, where two have to; ``holder`` is who has taken it on.
    """

    path: str
    asked_path: str
    escalation: int
    distinct_units: bool
    barred: People
    agreed: People
    beneficiary: PersonFacts | None
    holder: UUID | None


@dataclass(frozen=True)
class Loan:
    """A delegation that holds: whose office, under which appointment, and who may use it."""

    delegator_id: UUID
    appointment_id: UUID
    delegate: PersonFacts


@dataclass(frozen=True)
class _Right:
    """Somebody who may answer, and by which office, which is theirs or was lent to them; ``units`` are the departments it counts for."""

    person: PersonFacts
    office: Office
    units: tuple[str, ...]

    @property
    def people(self) -> People:
        """Return who has a part in it: who answers, and whose office it is."""
        return frozenset({self.person.official_id, self.office.person.official_id})


def called(line: WaitingLine, offices: Sequence[Office], loans: Sequence[Loan]) -> People:
    """Return who is asked about a line: whoever has taken it on, else everybody who is fit at the levels that are asked."""
    usable = [right for right in _rights(line, offices, loans) if line.barred.isdisjoint(right.people)]
    if line.holder is not None:
        return frozenset({line.holder} & {right.person.official_id for right in usable})
    depth = depth_asked(line.escalation, distinct_units=line.distinct_units)
    near = _held(line.asked_path, (office for office in offices if not office.deputy))[:depth]
    nearest_deputies = _held(line.path, (office for office in offices if office.deputy))[:1]
    return frozenset(
        right.person.official_id
        for right in usable
        if right.office.path in (nearest_deputies if right.office.deputy else near) and _fit(line, right)
    )


def _rights(line: WaitingLine, offices: Iterable[Office], loans: Sequence[Loan]) -> Iterator[_Right]:
    """Give every right that reaches over the line: by an office of one's own, and by one that was lent."""
    for office in offices:
        if not line.path.startswith(office.path) or (office.deputy and line.escalation < DEPUTIES_FROM):
            continue
        yield _Right(office.person, office, tuple(office.units.values()))
        if office.deputy:
            continue  # what the clock gives is not lent
        for loan in loans:
            if loan.delegator_id == office.person.official_id and loan.appointment_id in office.units:
                yield _Right(loan.delegate, office, (office.units[loan.appointment_id],))


def _held(start: str, offices: Iterable[Office]) -> list[str]:
    """Return the levels from ``start`` up at which there is anybody, the nearest first."""
    paths = {office.path for office in offices}
    return [level for level in (*levels(start), EVERYWHERE) if level in paths]


def _fit(line: WaitingLine, right: _Right) -> bool:
    """Return whether a yes by this right could count."""
    beneficiary = line.beneficiary
    if beneficiary is not None and any(stands_below(person, beneficiary) for person in (right.person, right.office.person)):
        return False
    return not line.distinct_units or any(ids_of([unit])[0] not in line.agreed for unit in right.units)


class Called:
    """Loads what that takes, in a few statements for any number of lines."""

    def __init__(self, facts: FactsLoader) -> None:
        """Take the loader of facts."""
        self._facts = facts

    def of(self, session: Session, lines: Collection[UUID], now: datetime) -> Mapping[UUID, People]:
        """Return for each of ``lines`` who is asked about it now; those that wait for nobody are left out."""
        rows = session.execute(_WAITING_LINES.where(RequestLine.id.in_(list(lines)))).all() if lines else ()
        if not rows:
            return {}
        above = {level for row in rows for level in (*levels(row.path), EVERYWHERE)}
        offices = list(self._facts.offices(DECIDING_ROLE, above, now))
        if any(row.escalation >= DEPUTIES_FROM for row in rows):
            offices += self._facts.offices(DEPUTY_ROLE, above, now)
        lent = lent_by(session, {office.person.official_id for office in offices}, now)
        beneficiaries = {row.beneficiary_official_id for row in rows}
        people = self._facts.subjects({*beneficiaries, *(row.delegate_id for row in lent)}, now)
        loans = [
            Loan(row.delegator_id, row.delegator_appointment_id, facts_of(subject, people[row.delegate_id]))
            for row in lent
            for subject in people.get(row.delegate_id, ())
            if subject.appointment_id == row.delegate_appointment_id and subject.active
        ]
        had = _parts(session, [row.id for row in rows])
        found = {}
        for row in rows:
            subjects = people.get(row.beneficiary_official_id)
            parts = had.get(row.id, ())
            line = WaitingLine(
                path=row.path,
                asked_path=row.asked_path,
                escalation=row.escalation,
                distinct_units=row.distinct_units,
                barred=frozenset({row.requester_official_id, row.beneficiary_official_id, *_people_in(parts)}),
                agreed=frozenset(part.department_id for part in parts if part.task_id == row.task_id and part.department_id),
                beneficiary=facts_of(subjects[0], subjects) if subjects else None,
                holder=row.claimed_by if row.claimed_at is not None and row.claimed_at + CLAIM_LASTS > now else None,
            )
            found[row.id] = called(line, offices, loans)
        return found


_WAITING_LINES = (
    select(
        RequestLine.id,
        RequestLine.escalation,
        AccessRequest.requester_official_id,
        AccessRequest.beneficiary_official_id,
        DecisionTask.id.label("task_id"),
        DecisionTask.path,
        DecisionTask.asked_path,
        DecisionTask.distinct_units,
        DecisionTask.claimed_by,
        DecisionTask.claimed_at,
    )
    .join(AccessRequest, AccessRequest.id == RequestLine.request_id)
    .join(DecisionTask, and_(DecisionTask.line_id == RequestLine.id, DecisionTask.state == OPEN_TASK))
    .where(RequestLine.state.in_(WAITING))
)


def _parts(session: Session, lines: Sequence[UUID]) -> Mapping[UUID, Sequence[Decision]]:
    """Return the decisions of the present round of each line."""
    query = select(Decision).join(RequestLine, and_(RequestLine.id == Decision.line_id, RequestLine.round == Decision.round))
    found: dict[UUID, list[Decision]] = {}
    for row in session.scalars(query.where(Decision.line_id.in_(lines))):
        found.setdefault(row.line_id, []).append(row)
    return found


def _people_in(parts: Iterable[Decision]) -> Iterator[UUID]:
    for part in parts:
        yield part.official_id
        yield part.principal_id
