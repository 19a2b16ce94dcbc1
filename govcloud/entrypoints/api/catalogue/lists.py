"""The routes of the power list and the implementation list: reading them as of a moment, and importing them after a dry run."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from govcloud.entrypoints.api.catalogue.list_bodies import (
    EditionAnswer,
    EditionsAnswer,
    EditionsQuery,
    ListedPowerItemAnswer,
    ListedServiceItemAnswer,
    ListImportBody,
    ListImportedAnswer,
    PowerItemPageAnswer,
    PowerItemRow,
    PowerItemsAnswer,
    PowerItemsQuery,
    PowerListBody,
    ServiceItemPageAnswer,
    ServiceItemRow,
    ServiceItemsAnswer,
    ServiceItemsQuery,
    ServiceListBody,
)
from govcloud.entrypoints.api.wire.named import department_of
from govcloud.entrypoints.api.wire.table import Route
from govcloud.identity.views import DepartmentView
from govcloud.kernel.errors import NotFound
from govcloud.kernel.messages import Message
from govcloud.kernel.tables.sources import examine
from govcloud.subsystems.listing.importing import ListOrder
from govcloud.subsystems.listing.kinds import kind_of
from govcloud.subsystems.listing.queries import Wanted
from govcloud.subsystems.listing.views import ItemView, PowerItemView, ServiceItemView
from govcloud.web.gate import current_actor, requires, services, signed_in

_READ = "govcloud:list:read"


@requires(_READ)
def power_items(query: PowerItemsQuery) -> PowerItemsAnswer:
    """The power list, or a department's part of it, as of any moment."""
    wanted = Wanted(department_of(query.department), text=query.q, kind=query.kind)
    page = services().subsystem_queries.list_page("power", wanted, query.cursor, query.limit, at=query.as_of)
    departments = _departments(page.rows)
    rows = tuple(ListedPowerItemAnswer.of(item, departments) for item in page.rows if isinstance(item, PowerItemView))
    return PowerItemsAnswer(items=rows, cursor=page.after)


@requires(_READ)
def service_items(query: ServiceItemsQuery) -> ServiceItemsAnswer:
    """The implementation list, or a department's part of it, as of any moment."""
    wanted = Wanted(department_of(query.department), text=query.q, power_item_id=query.power_item)
    page = services().subsystem_queries.list_page("implementation", wanted, query.cursor, query.limit, at=query.as_of)
    departments = _departments(page.rows)
    rows = tuple(ListedServiceItemAnswer.of(item, departments) for item in page.rows if isinstance(item, ServiceItemView))
    return ServiceItemsAnswer(items=rows, cursor=page.after)


@requires(_READ)
def power_item(item_id: UUID) -> PowerItemPageAnswer:
    """One entry of the power list with its versions, also one that left it."""
    history = services().subsystem_queries.power_item_history(item_id)
    if not isinstance(history.item, PowerItemView):
        raise NotFound.of(Message("权力事项"), item_id)
    return PowerItemPageAnswer.of(ListedPowerItemAnswer.of(history.item, _departments([history.item])), history)


@requires(_READ)
def service_item(item_id: UUID) -> ServiceItemPageAnswer:
    """One service item with its versions, also one that left the list."""
    history = services().subsystem_queries.service_item_history(item_id)
    if not isinstance(history.item, ServiceItemView):
        raise NotFound.of(Message("政务服务事项"), item_id)
    return ServiceItemPageAnswer.of(ListedServiceItemAnswer.of(history.item, _departments([history.item])), history)


@requires(_READ)
def power_list_editions(query: EditionsQuery) -> EditionsAnswer:
    """The editions of the power list, the newest first."""
    return _editions("power", query)


@requires(_READ)
def implementation_list_editions(query: EditionsQuery) -> EditionsAnswer:
    """The editions of the implementation list, the newest first."""
    return _editions("implementation", query)


@signed_in
def import_power_items(body: PowerListBody) -> ListImportedAnswer:
    """Import rows of the power list, or say what importing them would do."""
    return _import("power", body, body.rows)


@signed_in
def import_service_items(body: ServiceListBody) -> ListImportedAnswer:
    """Import rows of the implementation list, or say what importing them would do."""
    return _import("implementation", body, body.rows)


def _import(kind: str, body: ListImportBody, rows: Sequence[PowerItemRow | ServiceItemRow]) -> ListImportedAnswer:
    """Bring the rows in by the same reader as a file."""
    order = ListOrder(
        complete=body.complete,
        department_id=department_of(body.department),
        allow_vanish=body.allow_vanish,
        title=body.title,
        note=body.note,
        skip_wrong=body.skip_wrong,
    )
    with tempfile.TemporaryDirectory(prefix="govcloud-list-") as folder:
        path = Path(folder) / "rows.json"
        # A name that is not given is not there at all: an empty text would empty what is registered.
        path.write_text(json.dumps([row.model_dump(exclude_unset=True) for row in rows]), encoding="utf-8")
        source = examine(path, kind_of(kind).columns, "API")
        if body.dry_run:
            return ListImportedAnswer.of(services().subsystems.plan_list(current_actor(), kind, source, order), dry_run=True)
        outcome = services().subsystems.import_list(current_actor(), kind, source, order)
    edition = services().subsystem_queries.edition(outcome.edition_id) if outcome.edition_id else None
    return ListImportedAnswer.of(outcome.plan, edition, dry_run=False)


def _editions(kind: str, query: EditionsQuery) -> EditionsAnswer:
    page = services().subsystem_queries.editions(kind, query.cursor, query.limit)
    return EditionsAnswer(editions=tuple(EditionAnswer.of(row) for row in page.rows), cursor=page.after)


def _departments(items: Sequence[ItemView]) -> dict[UUID, DepartmentView]:
    return dict(services().identity_queries.departments({item.department_id for item in items}))


def _lists(
    path: str, pages: tuple[Callable[..., Any], ...], answers: tuple[Any, ...], query: type[Any], body: type[ListImportBody]
) -> tuple[Route, ...]:
    """Return the routes of one list."""
    items, item, editions, take_in = pages
    return (
        Route("GET", path, items, answers[0], query=query),
        Route("GET", f"{path}/<uuid:item_id>", item, answers[1]),
        Route("GET", f"{path}/editions", editions, EditionsAnswer, query=EditionsQuery),
        Route("POST", f"{path}/imports", take_in, ListImportedAnswer, body=body),
    )


LISTS = (
    *_lists(
        "/power-items",
        (power_items, power_item, power_list_editions, import_power_items),
        (PowerItemsAnswer, PowerItemPageAnswer),
        PowerItemsQuery,
        PowerListBody,
    ),
    *_lists(
        "/service-items",
        (service_items, service_item, implementation_list_editions, import_service_items),
        (ServiceItemsAnswer, ServiceItemPageAnswer),
        ServiceItemsQuery,
        ServiceListBody,
    ),
)
