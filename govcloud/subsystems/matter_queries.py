"""Reads of matters (一件事): those of the province, those led within somebody's reach, one with its items, and as of a moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select

from govcloud.identity.extents import department_ids_within
from govcloud.kernel.database import live_at
from govcloud.kernel.validation import searchable
from govcloud.subsystems import rows
from govcloud.subsystems.models import CatalogueItem, Matter, MatterItem, MatterVersion
from govcloud.subsystems.onboarding_queries import OnboardingQueries
from govcloud.subsystems.rows import Found, Rows
from govcloud.subsystems.views import ItemView, MatterItemView, MatterPage, MatterView

_MOST = 200


class MatterQueries(OnboardingQueries):
    """Answers questions about matters; it never writes."""

    def matters(self, at: datetime | None = None) -> tuple[MatterView, ...]:
        """Return every matter that is live at ``at``, as it then is, in the order of their codes."""
        moment = self._at(at)
        return self._matters(_versions().where(live_at(Matter, moment), live_at(MatterVersion, moment)))

    def matter(self, key: str | UUID) -> MatterView | None:
        """Return a matter, by code or id, as it is or was last: an ended one too, for old requests still name it."""
        condition = Matter.id == key if isinstance(key, UUID) else Matter.code == searchable(key)
        found = self._matters(_newest().where(condition))
        return found[0] if found else None

    def matter_within(self, matter_id: UUID, paths: Sequence[str]) -> MatterView | None:
        """Return a matter if the department that leads it lies at or below ``paths``."""
        found = self._matters(self._led(_newest().where(Matter.id == matter_id), paths))
        return found[0] if found else None

    def matters_within(
        self, paths: Sequence[str], text: str = "", *, ended: bool = False, limit: int = 20, after: str | None = None
    ) -> MatterPage:
        """Return matters that a department at or below ``paths`` leads, live or ended ones, in the order of their codes.

        Every word of ``text`` is part of the name or the code; ``after`` is the code at the end of the page before.
        """
        limit = max(1, min(limit, _MOST))
        query = self._led(_newest(), paths).where(Matter.valid_to.is_not(None) if ended else Matter.valid_to.is_(None))
        for word in searchable(text).split():
            columns = (MatterVersion.name, Matter.code)
            query = query.where(or_(*(column.icontains(word, autoescape=True) for column in columns)))
        if after:
            query = query.where(Matter.code > searchable(after))
        found = self._matters(query.limit(limit + 1))
        return MatterPage(found[:limit], found[limit - 1].code if len(found) > limit else None)

    def matter_versions(self, matter_id: UUID) -> tuple[tuple[datetime, MatterView], ...]:
        """Return every version of a matter with the moment from which it holds, the newest first."""
        found = self._read().execute(_versions().where(Matter.id == matter_id)).all()
        since = {row.MatterVersion.version: row.MatterVersion.valid_from for row in found}
        views = sorted(self._views(found), key=lambda view: view.version, reverse=True)
        return tuple((since[view.version], view) for view in views)

    # How the above read

    def _led(self, query: Rows, paths: Sequence[str]) -> Rows:
        if "/" in paths:
            return query
        return query.where(MatterVersion.lead_department_id.in_(department_ids_within(paths, self._clock.now())))

    def _matters(self, query: Rows) -> tuple[MatterView, ...]:
        return self._views(self._read().execute(query).all())

    def _views(self, found: Sequence[Found]) -> tuple[MatterView, ...]:
        """Return the matters of these versions with their items: two statements for any number."""
        query = select(MatterItem).where(MatterItem.version_id.in_([row.MatterVersion.id for row in found]))
        links = self._read().scalars(query.order_by(MatterItem.stage, MatterItem.id)).all() if found else ()
        items = self._named(link.catalogue_item_id for link in links)
        members: dict[UUID, list[MatterItemView]] = defaultdict(list)
        for link in links:
            members[link.version_id].append(MatterItemView(items[link.catalogue_item_id], link.stage, link.duty))
        return tuple(_view(row.Matter, row.MatterVersion, members[row.MatterVersion.id]) for row in found)

    def _named(self, items: Iterable[UUID]) -> Mapping[UUID, ItemView]:
        wanted = set(items)
        found = self._read().execute(rows.items().where(CatalogueItem.id.in_(wanted))) if wanted else ()
        return {row.id: rows.item_view(row) for row in found}


def _versions() -> Rows:
    """Select every version of every matter."""
    return select(Matter, MatterVersion).join(MatterVersion, MatterVersion.matter_id == Matter.id).order_by(Matter.code)


def _newest() -> Rows:
    """Select matters of every time in their newest version."""
    return _versions().where(MatterVersion.valid_to.is_(None))


def _view(matter: Matter, version: MatterVersion, items: Sequence[MatterItemView]) -> MatterView:
    return MatterView(matter.id, matter.code, version.name, version.lead_department_id, tuple(items), version.version, matter.valid_to)
