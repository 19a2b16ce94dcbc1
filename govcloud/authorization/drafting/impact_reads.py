"""Reads of impacts: the counts by function, the groups, and the people by name, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.deciding.installing import live_number
from govcloud.authorization.drafting.effects import Effect
from govcloud.authorization.drafting.errors import no_such_impact
from govcloud.authorization.drafting.listing import Listing
from govcloud.authorization.drafting.measuring import Gathered, Measured
from govcloud.authorization.drafting.models import PolicyImpact
from govcloud.authorization.drafting.versions import document_of
from govcloud.authorization.drafting.views import FunctionImpact, GroupView, ImpactView, Totals, Touched, TouchedPage
from govcloud.kernel.clock import Clock
from govcloud.kernel.messages import Message

MOST_SHOWN = 200


class ImpactReads:
    """Answers whom a draft touches; it never writes."""

    def __init__(self, read: Callable[[], Session], decider: Decider, clock: Clock) -> None:
        """Take the source of reading sessions, the decider and the clock."""
        self._read = read
        self._decider = decider
        self._clock = clock
        self._listing = Listing(read, decider)

    def impact(self, impact_id: UUID) -> ImpactView:
        """Return one impact.

        Raises:
            NotFound: it was never worked out, or was forgotten with its text.
        """
        return self._impact_view(self._impact(impact_id))

    def impact_of(self, draft_id: UUID) -> ImpactView | None:
        """Return the newest impact of a draft, of whichever of its texts; ``None``: none was asked for."""
        query = select(PolicyImpact).where(PolicyImpact.draft_id == draft_id).order_by(PolicyImpact.id.desc()).limit(1)
        row = self._read().scalars(query.execution_options(populate_existing=True)).one_or_none()
        return None if row is None else self._impact_view(row)

    def groups(self, impact_id: UUID, *, function: str | None = None, effects: Iterable[Effect] = ()) -> tuple[GroupView, ...]:
        """Return the groups of people of an impact; see ``Listing.groups``."""
        return self._listing.groups(impact_id, function=function, effects=effects)

    def touched(
        self,
        impact_id: UUID,
        *,
        function: str | None = None,
        effects: Iterable[Effect] = (),
        group: int | None = None,
        after: str | None = None,
        limit: int = 20,
    ) -> TouchedPage:
        """Return a page of the people whom an impact touches, each with the group that says how.

        Args:
            impact_id: which impact.
            function: only those to whom something happens with this function.
            effects: only these effects.
            group: only this group.
            after: ``after`` of the page before.
            limit: how many at most.
        """
        impact = self._impact(impact_id)
        found = self._listing.groups(impact_id, function=function, effects=effects)
        wanted = [item for item in found if group is None or item.number == group]
        return self._listing.page(impact, wanted, after=after, limit=max(1, min(limit, MOST_SHOWN)))

    def people_of(self, measured: Measured, group: Gathered, limit: int) -> list[Touched]:
        """Return the first people of a group that was measured and not kept; none of those who serve nowhere."""
        return self._listing.of_measured(measured, group, limit)

    def function_names(self, codes: Iterable[str]) -> Mapping[str, str]:
        """Return what functions are called for people: of the platform in the policy in force, of subsystems in the catalogue."""
        wanted, live = set(codes), live_number(self._read())
        names = {view.code: view.name for view in self._decider.subsystems.functions(self._clock.now()) if view.code in wanted}
        return {**{code: name for code, name in document_of(self._read(), live).functions.items() if code in wanted}, **names}

    # How the above read

    def _impact(self, impact_id: UUID) -> PolicyImpact:
        query = select(PolicyImpact).where(PolicyImpact.id == impact_id).execution_options(populate_existing=True)
        row = self._read().scalars(query).one_or_none()
        if row is None:
            raise no_such_impact(impact_id)
        return row

    def _impact_view(self, row: PolicyImpact) -> ImpactView:
        counts: Mapping[str, Mapping[str, int]] = row.summary.get("functions", {})
        names = self.function_names(counts) if counts else {}
        functions = [
            FunctionImpact(code, names.get(code, code), {Effect(k): n for k, n in found.items()}) for code, found in counts.items()
        ]
        return ImpactView(
            id=row.id,
            draft_id=row.draft_id,
            checksum=row.checksum,
            base_number=row.base_number,
            state=row.state,
            at=row.at,
            done=row.done,
            total=row.total,
            digest=row.digest,
            error=Message.of_stored(row.error) if row.error else None,
            totals=Totals(**row.summary.get("totals", {})),
            functions=tuple(sorted(functions, key=lambda item: (-item.losses, -item.gains, -item.altered, item.function))),
            unknown=tuple(row.summary.get("unknown", ())),
            roles_lost=tuple(row.summary.get("roles_lost", ())),
            finished_at=row.finished_at,
        )
