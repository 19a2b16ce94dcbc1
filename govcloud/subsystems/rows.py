"""How rows of the catalogue's tables become views: selections as of a moment, and their translation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from govcloud.kernel.database import live_at
from govcloud.subsystems.findings import from_json
from govcloud.subsystems.models import (
    CatalogueItem,
    CatalogueItemVersion,
    Client,
    ClientRedirect,
    Subsystem,
    SubsystemFunction,
    SubsystemFunctionVersion,
    SubsystemStep,
)
from govcloud.subsystems.protocols import settings_of
from govcloud.subsystems.views import ClientView, FunctionView, ItemView, StepView, SubsystemView

_CLIENT_COLUMNS = (
    Client.id,
    Client.client_id,
    Client.name,
    Client.subsystem_id,
    Client.protocol,
    Client.auth_method,
    Client.settings,
    Client.secret_digest,
    Client.disabled_at,
    Client.roles,
)

# Selections of several columns and their rows; the columns are taken by name.
Rows: TypeAlias = Select[*tuple[Any, ...]]
Found: TypeAlias = Row[*tuple[Any, ...]]


# Columns and no objects: what decisions and pages read many times over, and remember none of.
_FUNCTION_COLUMNS = (
    SubsystemFunction.id,
    SubsystemFunction.subsystem_id,
    SubsystemFunction.code,
    SubsystemFunctionVersion.name,
    SubsystemFunctionVersion.description,
    SubsystemFunctionVersion.sensitive,
    SubsystemFunctionVersion.integration_level,
    SubsystemFunctionVersion.basis_note,
    SubsystemFunctionVersion.label,
    Subsystem.code.label("subsystem_code"),
)
_ITEM_COLUMNS = (
    CatalogueItem.id,
    CatalogueItemVersion.name,
    SubsystemFunction.id.label("function_id"),
    SubsystemFunction.code.label("function"),
    SubsystemFunctionVersion.name.label("function_name"),
    SubsystemFunctionVersion.sensitive,
    SubsystemFunctionVersion.integration_level,
    Subsystem.id.label("subsystem_id"),
    Subsystem.code.label("subsystem_code"),
    Subsystem.name.label("subsystem_name"),
    CatalogueItemVersion.exposes,
    CatalogueItemVersion.tier,
    CatalogueItemVersion.max_days,
    CatalogueItemVersion.requires_case_number,
    CatalogueItemVersion.scope_kind,
    CatalogueItemVersion.version,
    CatalogueItemVersion.owner_department_id,
    CatalogueItemVersion.approval,
    SubsystemFunctionVersion.label,
    CatalogueItemVersion.grace_minutes,
)


def functions_at(at: datetime | ColumnElement[datetime]) -> Rows:
    """Select functions that are live at ``at``, as they then are, with the code of their subsystem."""
    joined = (
        select(*_FUNCTION_COLUMNS)
        .join(SubsystemFunctionVersion, SubsystemFunctionVersion.function_id == SubsystemFunction.id)
        .join(Subsystem, Subsystem.id == SubsystemFunction.subsystem_id)
    )
    return joined.where(live_at(SubsystemFunction, at), live_at(SubsystemFunctionVersion, at)).order_by(SubsystemFunction.code)


def items() -> Rows:
    """Select items of every time in their newest version, with their function (as it was last) and subsystem."""
    return _items().where(CatalogueItemVersion.valid_to.is_(None), SubsystemFunctionVersion.valid_to.is_(None))


def items_at(at: datetime | ColumnElement[datetime]) -> Rows:
    """Select items that are live at ``at``, as they and their functions then are; whatever the state of the subsystem."""
    tables = (CatalogueItem, CatalogueItemVersion, SubsystemFunction, SubsystemFunctionVersion)
    return _items().where(*(live_at(table, at) for table in tables))


def requestable_at(at: datetime | ColumnElement[datetime]) -> Rows:
    """Select items that may be requested at ``at``: live, of a live function, of a published subsystem."""
    return items_at(at).where(Subsystem.status == "published")


def _items() -> Rows:
    """Select every version of every item with every version of its function."""
    return (
        select(*_ITEM_COLUMNS)
        .join(CatalogueItemVersion, CatalogueItemVersion.item_id == CatalogueItem.id)
        .join(SubsystemFunction, SubsystemFunction.id == CatalogueItem.function_id)
        .join(SubsystemFunctionVersion, SubsystemFunctionVersion.function_id == SubsystemFunction.id)
        .join(Subsystem, Subsystem.id == SubsystemFunction.subsystem_id)
        .order_by(SubsystemFunction.code, CatalogueItem.valid_from, CatalogueItem.id)
    )


def clients() -> Rows:
    """Select clients with their subsystem and their addresses, in one statement: every call of a relying system begins with it."""
    mine = aliased(ClientRedirect)
    pair = func.jsonb_build_array(mine.kind, mine.uri)
    addresses = select(func.jsonb_agg(aggregate_order_by(pair, mine.uri))).where(mine.client_id == Client.id, mine.removed_at.is_(None))
    return (
        select(
            *_CLIENT_COLUMNS,
            Subsystem.code.label("subsystem_code"),
            Subsystem.name.label("subsystem_name"),
            addresses.scalar_subquery().label("addresses"),
        )
        .join(Subsystem, Subsystem.id == Client.subsystem_id)
        .order_by(Client.client_id)
    )


def subsystem_view(row: Subsystem) -> SubsystemView:
    """Translate one subsystem."""
    return SubsystemView(
        id=row.id,
        code=row.code,
        name=row.name,
        owner_department_id=row.owner_department_id,
        integration_level=row.integration_level,
        status=row.status,
        launch_url=row.launch_url,
        webhook_url=row.webhook_url,
        description=row.description,
        created_at=row.created_at,
    )


def step_view(row: SubsystemStep) -> StepView:
    """Translate one step."""
    return StepView(row.step, row.at, row.actor, row.official_id, row.appointment_id, row.note, from_json(row.findings))


def function_view(row: Found) -> FunctionView:
    """Translate a row of ``functions_at``."""
    return FunctionView(
        id=row.id,
        subsystem_id=row.subsystem_id,
        subsystem_code=row.subsystem_code,
        code=row.code,
        name=row.name,
        description=row.description,
        sensitive=row.sensitive,
        integration_level=row.integration_level,
        basis_note=row.basis_note,
        label=row.label,
    )


def item_view(row: Found) -> ItemView:
    """Translate a row of ``items``, ``items_at`` or ``requestable_at``."""
    return ItemView(
        id=row.id,
        name=row.name,
        function_id=row.function_id,
        function=row.function,
        function_name=row.function_name,
        sensitive=row.sensitive,
        integration_level=row.integration_level,
        subsystem_id=row.subsystem_id,
        subsystem_code=row.subsystem_code,
        subsystem_name=row.subsystem_name,
        exposes=row.exposes,
        tier=row.tier,
        max_days=row.max_days,
        requires_case_number=row.requires_case_number,
        scope_kind=row.scope_kind,
        version=row.version,
        owner_department_id=row.owner_department_id,
        approval=row.approval,
        label=row.label,
        grace_minutes=row.grace_minutes,
    )


def client_view(row: Found) -> ClientView:
    """Translate a row of ``clients``."""
    addresses: list[tuple[str, str]] = row.addresses or []
    return ClientView(
        id=row.id,
        client_id=row.client_id,
        name=row.name,
        subsystem_id=row.subsystem_id,
        subsystem_code=row.subsystem_code,
        subsystem_name=row.subsystem_name,
        auth_method=row.auth_method,
        settings=settings_of(row.protocol, row.settings),
        redirect_uris=_of("redirect", addresses),
        post_logout_uris=_of("post_logout", addresses),
        services=_of("service", addresses),
        origins=_of("origin", addresses),
        disabled=row.disabled_at is not None,
        roles=tuple(row.roles),
    )


def _of(wanted: str, addresses: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(uri for kind, uri in addresses if kind == wanted)
