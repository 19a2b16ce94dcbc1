"""Reads on the way into service: steps, lists within somebody's reach, and the service items that functions rest on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, and_, bindparam, func, or_, select

from govcloud.identity.extents import overseen_departments, publishing_departments
from govcloud.kernel.database import live_at
from govcloud.kernel.prepared import Look, one_of
from govcloud.kernel.validation import searchable
from govcloud.subsystems import rows
from govcloud.subsystems.lifecycle import Status
from govcloud.subsystems.listing.queries import ListQueries
from govcloud.subsystems.listing.views import ServiceItemView
from govcloud.subsystems.models import FunctionBasis, Subsystem, SubsystemFunction, SubsystemStep
from govcloud.subsystems.views import FunctionView, StepView, SubsystemPage, SubsystemView

_MOST = 200


def published_at(at: datetime) -> ColumnElement[bool]:
    """Return the condition that a subsystem was published at ``at``; who is published now without a step on record always was."""

    def taken(step: str, *when: ColumnElement[bool]) -> ColumnElement[bool]:
        mine = (SubsystemStep.subsystem_id == Subsystem.id, SubsystemStep.step == step)
        return select(SubsystemStep.id).where(*mine, *when).exists()

    since = and_(Subsystem.status == Status.PUBLISHED, ~taken("publish", SubsystemStep.at > at))
    until = and_(Subsystem.status == Status.RETIRED, taken("publish", SubsystemStep.at <= at), taken("retire", SubsystemStep.at > at))
    return or_(since, until)


_BASES = Look(
    select(FunctionBasis.function_id, FunctionBasis.service_item_id).where(
        one_of(FunctionBasis.function_id, "functions"), live_at(FunctionBasis, bindparam("at", type_=DateTime(timezone=True)))
    )
)


class OnboardingQueries(ListQueries):
    """Answers questions about the way into service; it never writes."""

    def steps(self, subsystem_id: UUID) -> tuple[StepView, ...]:
        """Return the steps that a subsystem has taken, the first one first."""
        query = select(SubsystemStep).where(SubsystemStep.subsystem_id == subsystem_id)
        return tuple(rows.step_view(row) for row in self._read().scalars(query.order_by(SubsystemStep.at, SubsystemStep.id)))

    def retired_at(self, at: datetime) -> frozenset[str]:
        """Return the codes of the subsystems that had been retired by ``at``; who is retired now without a step on record always was."""
        later = select(SubsystemStep.id).where(
            SubsystemStep.subsystem_id == Subsystem.id, SubsystemStep.step == "retire", SubsystemStep.at > at
        )
        query = select(Subsystem.code).where(Subsystem.status == Status.RETIRED, ~later.exists())
        return frozenset(self._read().scalars(query))

    def subsystems_within(
        self, paths: Sequence[str], text: str = "", status: str = "", *, limit: int = 20, after: str | None = None
    ) -> SubsystemPage:
        """Return subsystems whose owner lies at or below ``paths``, or is led by a department there, in the order of their codes.

        Every word of ``text`` is part of the name or the code; ``after`` is the code at the end of the page before.
        """
        return self._subsystem_page([self._overseen(paths), *_matching(text, status)], limit, after)

    def waiting_for_publication(self, paths: Sequence[str], *, limit: int = 20, after: str | None = None) -> SubsystemPage:
        """Return the checked subsystems that a department at or below ``paths`` publishes, in the order of their codes."""
        return self._subsystem_page([self._published_from(paths), Subsystem.status == Status.CHECKED], limit, after)

    def waiting_counts(self, paths: Sequence[str], publishing: Sequence[str]) -> tuple[int, int]:
        """Return how many subsystems within ``paths`` wait to be checked, and how many departments within ``publishing`` may publish."""
        submitted = func.count().filter(Subsystem.status == Status.SUBMITTED, self._overseen(paths))
        checked = func.count().filter(Subsystem.status == Status.CHECKED, self._published_from(publishing))
        row = self._read().execute(select(submitted, checked).select_from(Subsystem)).one()
        return row[0], row[1]

    def subsystem_within(self, key: str | UUID, paths: Sequence[str]) -> SubsystemView | None:
        """Return a subsystem, by code or id, if its owner lies at or below ``paths`` or is led by a department there."""
        condition = Subsystem.id == key if isinstance(key, UUID) else Subsystem.code == searchable(key)
        row = self._read().scalar(select(Subsystem).where(condition, self._overseen(paths)))
        return rows.subsystem_view(row) if row else None

    # What functions are for

    def bases_of(self, function_ids: Iterable[UUID], at: datetime | None = None) -> Mapping[UUID, tuple[ServiceItemView, ...]]:
        """Return the service items that functions rest on, by function, in the order of their codes; two statements for any number."""
        links = _BASES.within(self._read(), {"functions": list(set(function_ids)), "at": self._at(at)})
        items = self.service_items_by_id(link.service_item_id for link in links) if links else {}
        found: dict[UUID, list[ServiceItemView]] = defaultdict(list)
        for link in links:
            found[link.function_id].append(items[link.service_item_id])
        return {key: tuple(sorted(views, key=lambda view: view.code)) for key, views in found.items()}

    def functions_resting_on(self, service_item_id: UUID, at: datetime | None = None) -> tuple[FunctionView, ...]:
        """Return the functions that rest on a service item, in the order of their codes."""
        moment = self._at(at)
        bound = select(FunctionBasis.function_id).where(FunctionBasis.service_item_id == service_item_id, live_at(FunctionBasis, moment))
        found = self._read().execute(rows.functions_at(moment).where(SubsystemFunction.id.in_(bound)))
        return tuple(rows.function_view(row) for row in found)

    # How the above read

    def _overseen(self, paths: Sequence[str]) -> ColumnElement[bool]:
        if "/" in paths:
            return Subsystem.owner_department_id.is_not(None)
        return Subsystem.owner_department_id.in_(overseen_departments(paths, self._clock.now()))

    def _published_from(self, paths: Sequence[str]) -> ColumnElement[bool]:
        if "/" in paths:
            return Subsystem.owner_department_id.is_not(None)
        return Subsystem.owner_department_id.in_(publishing_departments(paths, self._clock.now()))

    def _subsystem_page(self, conditions: Sequence[ColumnElement[bool]], limit: int, after: str | None) -> SubsystemPage:
        limit = max(1, min(limit, _MOST))
        query = select(Subsystem).where(*conditions).order_by(Subsystem.code).limit(limit + 1)
        if after:
            query = query.where(Subsystem.code > searchable(after))
        found = [rows.subsystem_view(row) for row in self._read().scalars(query)]
        return SubsystemPage(tuple(found[:limit]), found[limit - 1].code if len(found) > limit else None)


def _matching(text: str, status: str) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [Subsystem.status == status] if status else []
    columns = (Subsystem.name, Subsystem.code)
    named = [or_(*(column.icontains(word, autoescape=True) for column in columns)) for word in searchable(text).split()]
    return conditions + named
