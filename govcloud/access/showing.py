"""Turns rows of access into what pages show: names beside ids, decisions and grants beside lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from govcloud.access.around import Around, Surroundings
from govcloud.access.asking.views import CatalogueEntry
from govcloud.access.deciding.views import InboxEntry
from govcloud.access.lifecycle import ATOMIC, BLOCKED, RETURNED, WAITING, LineState, grant_state, never_opens, request_state
from govcloud.access.loading import FactsLoader
from govcloud.access.models import AccessRequest, Decision, RequestLine
from govcloud.access.naming import Names, named
from govcloud.access.views import GrantView, HeldAccess, LineView, PersonView, RequestView
from govcloud.authorization.queries import GrantView as StoredGrant
from govcloud.authorization.scopes.scope import Scope
from govcloud.subsystems.views import FunctionView, ItemView, SubsystemView

Bases: TypeAlias = Mapping[UUID, tuple[str, ...]]


class Shower:
    """Makes the views of one page: it remembers names and is thrown away with the page."""

    def __init__(self, session: Session, facts: FactsLoader, now: datetime) -> None:
        """Take the reading session, the loader of facts and the moment of the page."""
        self._session = session
        self._facts = facts
        self._now = now
        self._names = Names(facts.identity)
        self._functions: dict[str, FunctionView | None] = {}
        self._subsystems: dict[str, SubsystemView | None] = {}
        self._surroundings = Surroundings(session, facts, self._names, now)

    def requests(self, rows: Sequence[AccessRequest], reader: UUID | None) -> tuple[RequestView, ...]:
        """Return requests with their lines, in the order of ``rows``."""
        ids = [row.id for row in rows]
        lines = self._session.scalars(select(RequestLine).where(RequestLine.request_id.in_(ids)).order_by(RequestLine.id)).all()
        views = self.lines(lines)
        return tuple(self._request(row, tuple(view for view in views if view.request_id == row.id), reader) for row in rows)

    def lines(self, rows: Sequence[RequestLine]) -> tuple[LineView, ...]:
        """Return lines with their decisions and grants, in the order of ``rows``."""
        ids = [row.id for row in rows]
        around = self._surroundings.of(rows)
        grants = {grant.line_id: grant for grant in self._facts.authorization.grants_of_lines(ids)}
        items = self._facts.subsystems.items(row.item_id for row in rows)
        bases = self._bases(items.values())
        return tuple(self._line(row, items[row.item_id], around[row.id], grants.get(row.id), bases) for row in rows)

    def inbox(
        self, rows: Sequence[tuple[RequestLine, AccessRequest, Decision | None]], reach: Sequence[str] | None = None
    ) -> tuple[InboxEntry, ...]:
        """Return lines as the lists of an approver show them; with ``reach`` those elsewhere cannot be opened."""
        items = self._facts.subsystems.items(line.item_id for line, _request, _decision in rows)
        self._names.learn_people((request.beneficiary_appointment_id, request.created_at) for _line, request, _decision in rows)
        self._names.learn_divisions(Scope.from_json(line.requested_scope) for line, _request, _decision in rows)
        around = self._surroundings.of([line for line, _request, decision in rows if decision is None or line.state in WAITING])
        entries = (
            (line, self._entry(line, request, decision, items[line.item_id], around.get(line.id))) for line, request, decision in rows
        )
        return tuple(
            replace(entry, may_open=reach is None or any(line.owner_path.startswith(path) for path in reach)) for line, entry in entries
        )

    def held(self, grants: Sequence[StoredGrant]) -> tuple[HeldAccess, ...]:
        """Return grants with the requests behind them, in the order of ``grants``."""
        ids = [grant.line_id for grant in grants if grant.line_id is not None]
        query = select(RequestLine.id, AccessRequest).join(AccessRequest, AccessRequest.id == RequestLine.request_id)
        self._names.learn_people((grant.appointment_id, grant.opened_at) for grant in grants)
        self._names.learn_officials(grant.official_id for grant in grants if grant.appointment_id is None)
        self._names.learn_divisions(grant.scope for grant in grants)
        behind: dict[UUID, AccessRequest] = {row[0]: row[1] for row in self._session.execute(query.where(RequestLine.id.in_(ids)))}
        return tuple(self._held(grant, behind.get(grant.line_id) if grant.line_id else None) for grant in grants)

    def catalogue(self, items: Sequence[ItemView]) -> tuple[CatalogueEntry, ...]:
        """Return what can be requested, with the names of the owners."""
        bases = self._bases(items)
        return tuple(self._catalogue_entry(item, bases) for item in items)

    def _bases(self, items: Iterable[ItemView]) -> Bases:
        """Return the names of the service items that the functions of ``items`` serve, looked up at once."""
        found = self._facts.subsystems.bases_of((item.function_id for item in items), self._now)
        return {key: named(views) for key, views in found.items()}

    def _request(self, row: AccessRequest, lines: tuple[LineView, ...], reader: UUID | None) -> RequestView:
        matter = self._facts.subsystems.matter(row.matter_id) if row.matter_id else None
        own = reader in {row.requester_official_id, row.beneficiary_official_id}
        return RequestView(
            id=row.id,
            number=row.number,
            state=request_state(line.state for line in lines),
            requester=self._names.person(row.requester_official_id, row.requester_appointment_id, row.created_at),
            beneficiary=self._names.person(row.beneficiary_official_id, row.beneficiary_appointment_id, row.created_at),
            reason=row.reason,
            case_number=row.case_number,
            matter_id=row.matter_id,
            matter_name=matter.name if matter else None,
            created_at=row.created_at,
            lines=_held_back(lines) if row.mode == ATOMIC else lines,
            may_withdraw=own and any(line.is_open for line in lines),
            mode=row.mode,
            starts_at=row.starts_at,
            matter_version=row.matter_version,
            submission_id=row.submission_id,
        )

    def _line(self, row: RequestLine, item: ItemView, around: Around, grant: StoredGrant | None, bases: Bases) -> LineView:
        scope = Scope.from_json(row.requested_scope)
        state = LineState(row.state)
        return LineView(
            id=row.id,
            request_id=row.request_id,
            state=state,
            version=row.version,
            item_id=row.item_id,
            item_name=item.name,
            function=row.function,
            function_name=item.function_name,
            subsystem_code=row.subsystem_code,
            subsystem_name=item.subsystem_name,
            owner_department_id=row.owner_department_id,
            owner_department_name=self._names.department(row.owner_department_id, row.submitted_at),
            requested_scope=scope,
            scope_names=self._names.divisions(scope),
            requested_days=row.requested_days,
            submitted_at=row.submitted_at,
            due_at=row.due_at,
            closed_at=row.closed_at,
            waits_for=self._surroundings.waits_for(row, around.task) if state in WAITING else (),
            decision=self._surroundings.closing(row, around.decisions),
            grant=self.grant(grant) if grant else None,
            integration_level=item.integration_level,
            service_items=bases.get(item.function_id, ()),
            round=row.round,
            task=self._surroundings.task(around, item),
            decisions=tuple(self._surroundings.decision(decision, row) for decision in around.decisions),
            missing=around.returns[-1].missing if around.returns else "",
            returned_by=self._returned_by(around),
            returned_at=around.returns[-1].at if around.returns else None,
            correct_by=row.acts_at if state in RETURNED else None,
            duty=row.duty,
            conflicts=self._surroundings.conflicts(row) if state in BLOCKED else (),
            answer_by=row.deputy_at or row.due_at,
            escalation=row.escalation,
            held_back="waiting" if row.held_days is not None else None,
            extends=row.parent_line_id,
            lapses_at=row.acts_at if row.paused_at and row.acts_at else row.due_at,
        )

    def _returned_by(self, around: Around) -> PersonView | None:
        """Return who sent a line back last."""
        if not around.returns:
            return None
        last = around.returns[-1]
        return self._names.person(last.official_id, last.appointment_id, last.at)

    def grant(self, stored: StoredGrant) -> GrantView:
        """Return a grant as it stands at the moment of the page."""
        function, subsystem = self._function(stored.function), self._subsystem(stored.subsystem_code)
        enforced = function or subsystem
        return GrantView(
            id=stored.id,
            line_id=stored.line_id,
            function=stored.function,
            function_name=function.name if function else stored.function,
            subsystem_code=stored.subsystem_code,
            subsystem_name=subsystem.name if subsystem else stored.subsystem_code,
            scope=stored.scope,
            scope_names=self._names.divisions(stored.scope),
            starts_at=stored.starts_at,
            ends_at=stored.ends_at,
            state=grant_state(
                starts_at=stored.starts_at,
                ends_at=stored.ends_at,
                closed_at=stored.closed_at,
                suspended=stored.suspended,
                now=self._now,
            ),
            closed_at=stored.closed_at,
            close_reason=stored.close_reason,
            integration_level=enforced.integration_level if enforced else 0,
            finish_until=stored.ends_at + stored.grace if stored.finishing(self._now) else None,
        )

    def _function(self, code: str) -> FunctionView | None:
        if code not in self._functions:
            self._functions[code] = self._facts.subsystems.function(code)
        return self._functions[code]

    def _subsystem(self, code: str) -> SubsystemView | None:
        if code not in self._subsystems:
            self._subsystems[code] = self._facts.subsystems.subsystem(code)
        return self._subsystems[code]

    def _held(self, stored: StoredGrant, request: AccessRequest | None) -> HeldAccess:
        return HeldAccess(
            grant=self.grant(stored),
            holder=self._names.person(stored.official_id, stored.appointment_id, stored.opened_at),
            request_id=request.id if request else None,
            request_number=request.number if request else None,
            reason=request.reason if request else "",
        )

    def _entry(
        self, line: RequestLine, request: AccessRequest, decision: Decision | None, item: ItemView, around: Around | None
    ) -> InboxEntry:
        task = self._surroundings.task(around, item) if around else None
        return InboxEntry(
            line_id=line.id,
            version=line.version,
            state=LineState(line.state),
            request_id=request.id,
            request_number=request.number,
            item_name=item.name,
            subsystem_name=item.subsystem_name,
            owner_department_name=self._names.department(line.owner_department_id, line.submitted_at),
            beneficiary=self._names.person(request.beneficiary_official_id, request.beneficiary_appointment_id, request.created_at),
            scope_names=self._names.divisions(Scope.from_json(line.requested_scope)),
            requested_days=line.requested_days,
            submitted_at=line.submitted_at,
            due_at=line.due_at,
            outcome=decision.outcome if decision else None,
            decided_at=decision.at if decision else None,
            integration_level=item.integration_level,
            holder=task.holder if task else "",
            given=task.given if task else 0,
            needed=task.needed if task else 1,
            answer_by=line.deputy_at or line.due_at,
            escalation=line.escalation,
        )

    def _catalogue_entry(self, item: ItemView, bases: Bases) -> CatalogueEntry:
        return CatalogueEntry(
            id=item.id,
            version=item.version,
            name=item.name,
            exposes=item.exposes,
            function=item.function,
            function_name=item.function_name,
            subsystem_code=item.subsystem_code,
            subsystem_name=item.subsystem_name,
            owner_department_id=item.owner_department_id,
            owner_department_name=self._names.department(item.owner_department_id, self._now),
            tier=item.tier,
            max_days=item.max_days,
            requires_case_number=item.requires_case_number,
            scope_kind=item.scope_kind,
            sensitive=item.sensitive,
            integration_level=item.integration_level,
            service_items=bases.get(item.function_id, ()),
        )


def _held_back(lines: tuple[LineView, ...]) -> tuple[LineView, ...]:
    """Say of the approved lines of a request that opens as a whole why they have no grant: those that hold nothing back were given up."""
    shut = never_opens(line.state for line in lines)

    def said(line: LineView) -> LineView:
        if line.state is not LineState.APPROVED or line.grant is not None:
            return line
        return replace(line, held_back="given_up" if shut or line.held_back is None else "waiting")

    return tuple(map(said, lines))
