"""Reads of the catalogue: which subsystems, functions and items there are, and who a client is.

Every look-up of one thing returns ``None`` when there is none at that moment; ``at`` is an aware datetime, by default now.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, and_, bindparam, func, or_, select

from govcloud.kernel import crypto
from govcloud.kernel.database import live_at
from govcloud.kernel.prepared import Look, one_of
from govcloud.kernel.validation import searchable
from govcloud.subsystems import rows
from govcloud.subsystems.beginnings import place_of
from govcloud.subsystems.clients.secrets import secret_digest
from govcloud.subsystems.levels import CHECK, Traits
from govcloud.subsystems.lifecycle import Status
from govcloud.subsystems.listing.views import PowerItemView, ServiceItemView
from govcloud.subsystems.models import (
    CatalogueItem,
    CatalogueItemVersion,
    Client,
    ClientRedirect,
    Subsystem,
    SubsystemFunction,
    SubsystemFunctionVersion,
)
from govcloud.subsystems.onboarding_queries import published_at
from govcloud.subsystems.owners import owned
from govcloud.subsystems.protocols import CAS, SECRET
from govcloud.subsystems.search_queries import FoundServiceItem, SearchQueries
from govcloud.subsystems.sensitive import SENSITIVE
from govcloud.subsystems.views import (
    ClientView,
    FunctionView,
    ItemView,
    MatterItemView,
    MatterView,
    SubsystemView,
)

__all__ = [
    "ClientView",
    "FoundServiceItem",
    "FunctionView",
    "ItemView",
    "MatterItemView",
    "MatterView",
    "PowerItemView",
    "ServiceItemView",
    "SubsystemQueries",
    "SubsystemView",
]

_MOST_ROWS = 200
_ENABLED = (Client.disabled_at.is_(None), Subsystem.status != "retired")
#: Every call of a relying system begins with it.
_BY_CLIENT_ID = Look(rows.clients().where(Client.client_id == bindparam("client"), *_ENABLED))

_CLIENTS_OF_ID = Look(rows.clients().where(Subsystem.id == bindparam("subsystem")))
_CLIENTS_OF_CODE = Look(rows.clients().where(Subsystem.code == bindparam("subsystem")))

_AT = bindparam("at", type_=DateTime(timezone=True))
_ITEMS = Look(rows.items().where(one_of(CatalogueItem.id, "wanted")))
_FUNCTION = Look(rows.functions_at(_AT).where(SubsystemFunction.code == bindparam("code")))
#: One statement of every decision.
_TRAITS = Look(
    select(SubsystemFunctionVersion.label, SubsystemFunctionVersion.integration_level, SENSITIVE.label("sensitive"))
    .select_from(Subsystem)
    .outerjoin(
        SubsystemFunction,
        and_(
            SubsystemFunction.subsystem_id == Subsystem.id,
            SubsystemFunction.code == bindparam("function"),
            live_at(SubsystemFunction, _AT),
        ),
    )
    .outerjoin(
        SubsystemFunctionVersion,
        and_(SubsystemFunctionVersion.function_id == SubsystemFunction.id, live_at(SubsystemFunctionVersion, _AT)),
    )
    .where(Subsystem.code == bindparam("subsystem"), Subsystem.status != "retired")
)


class SubsystemQueries(SearchQueries):
    """Answers questions about the catalogue; it never writes.

    The search: ``search_queries.py``; matters: ``matter_queries.py``; the way into service: ``onboarding_queries.py``; the lists:
    ``listing/``.
    """

    # Subsystems and functions

    def subsystem(self, key: str | UUID) -> SubsystemView | None:
        """Return a subsystem by its code or its id, whatever its status."""
        condition = Subsystem.id == key if isinstance(key, UUID) else Subsystem.code == searchable(key)
        row = self._read().scalar(select(Subsystem).where(condition))
        return rows.subsystem_view(row) if row else None

    def all(self) -> tuple[SubsystemView, ...]:
        """Return every subsystem, retired ones too, in the order of their codes."""
        found = self._read().scalars(select(Subsystem).order_by(Subsystem.code))
        return tuple(rows.subsystem_view(row) for row in found)

    def functions_of(self, key: str | UUID, at: datetime | None = None) -> tuple[FunctionView, ...]:
        """Return the functions of a subsystem, given by code or id, in the order of their codes."""
        condition = Subsystem.id == key if isinstance(key, UUID) else Subsystem.code == searchable(key)
        found = self._read().execute(rows.functions_at(self._at(at)).where(condition))
        return tuple(rows.function_view(row) for row in found)

    def functions(self, at: datetime | None = None) -> tuple[FunctionView, ...]:
        """Return every live function of the province, in the order of their codes."""
        return tuple(rows.function_view(row) for row in self._read().execute(rows.functions_at(self._at(at))))

    def function(self, code: str, at: datetime | None = None) -> FunctionView | None:
        """Return a function by its code."""
        found = _FUNCTION.within(self._read(), {"code": searchable(code), "at": self._at(at)})
        return rows.function_view(found[0]) if found else None

    def search_functions(self, text: str, limit: int = 20, at: datetime | None = None) -> tuple[FunctionView, ...]:
        """Return functions whose code or name contains ``text``, in the order of their codes."""
        clean = searchable(text)
        named = or_(SubsystemFunction.code.contains(clean, autoescape=True), SubsystemFunctionVersion.name.contains(clean, autoescape=True))
        found = self._read().execute(rows.functions_at(self._at(at)).where(named).limit(_limited(limit)))
        return tuple(rows.function_view(row) for row in found)

    def function_names(self, codes: Iterable[str]) -> dict[str, str]:
        """Return what functions are called, by their codes; what is none is left out."""
        wanted = {searchable(code) for code in codes}
        if not wanted:
            return {}
        found = self._read().execute(rows.functions_at(self._at(None)).where(SubsystemFunction.code.in_(wanted)))
        return {row.code: row.name for row in found}

    def levels(self, codes: Iterable[str], at: datetime | None = None) -> Mapping[str, int]:
        """Return the integration levels of functions by their codes; those that are not live are left out."""
        query = rows.functions_at(self._at(at)).where(SubsystemFunction.code.in_(set(codes)))
        return {row.code: row.integration_level for row in self._read().execute(query)}

    def function_traits(self, codes: Iterable[str], at: datetime | None = None) -> Mapping[str, Traits]:
        """Return the security labels and integration levels of functions by their codes; those that are not live are left out."""
        query = rows.functions_at(self._at(at)).where(SubsystemFunction.code.in_(set(codes)))
        return {row.code: rows.function_view(row).traits for row in self._read().execute(query)}

    def published_doors(self, at: datetime | None = None) -> tuple[tuple[SubsystemView, int], ...]:
        """Return the published subsystems with the security label of their door (0 where none is listed), in the order of their codes.

        With ``at`` it is those that were published then.
        """
        moment = self._at(at)
        of_door = and_(
            SubsystemFunction.subsystem_id == Subsystem.id,
            SubsystemFunction.code == Subsystem.code + ":door:enter",
            live_at(SubsystemFunction, moment),
        )
        as_it_is = and_(SubsystemFunctionVersion.function_id == SubsystemFunction.id, live_at(SubsystemFunctionVersion, moment))
        query = select(Subsystem, func.coalesce(SubsystemFunctionVersion.label, 0).label("label"))
        query = query.outerjoin(SubsystemFunction, of_door).outerjoin(SubsystemFunctionVersion, as_it_is)
        published = Subsystem.status == Status.PUBLISHED if at is None else published_at(at)
        found = self._read().execute(query.where(published).order_by(Subsystem.code))
        return tuple((rows.subsystem_view(row.Subsystem), row.label) for row in found)

    def traits_in_catalogue(self, code: str, at: datetime | None = None) -> Traits | None:
        """Return what decisions read of a function; ``None``: there is none at ``at``, or its subsystem is retired.

        A door is there even where nobody has registered it as a function; then its label is 0.
        """
        subsystem_code = code.partition(":")[0]
        named = {"function": searchable(code), "subsystem": searchable(subsystem_code), "at": self._at(at)}
        row = next(iter(_TRAITS.within(self._read(), named)), None)
        if row is None:
            return None
        if row.label is None:
            return Traits() if code == f"{subsystem_code}:door:enter" else None
        return Traits(row.label, row.integration_level, row.sensitive)

    def owned(self, departments: Iterable[UUID], at: datetime | None = None) -> Mapping[str, tuple[int, tuple[str, ...]]]:
        """Return how many ``subsystems``, ``items`` and ``lists`` departments own, and the names of the first."""
        return owned(self._read(), departments, self._at(at))

    # Requestable items

    def item(self, item_id: UUID, at: datetime | None = None) -> ItemView | None:
        """Return an item that may be requested at ``at``."""
        return self.requestable_among([item_id], at=at).get(item_id)

    def owner_departments(self) -> frozenset[UUID]:
        """Return every department that owns, or owned, something that may be requested."""
        return frozenset(self._read().scalars(select(CatalogueItemVersion.owner_department_id).distinct()))

    def items(self, wanted: Iterable[UUID]) -> Mapping[UUID, ItemView]:
        """Return items by id, withdrawn ones too: old requests still name them."""
        found = _ITEMS.within(self._read(), {"wanted": list(set(wanted))})
        return {row.id: rows.item_view(row) for row in found}

    def items_of(self, key: str | UUID, at: datetime | None = None) -> tuple[ItemView, ...]:
        """Return the live items of a subsystem, given by code or id, whatever its status, in the order of their functions."""
        condition = Subsystem.id == key if isinstance(key, UUID) else Subsystem.code == searchable(key)
        return tuple(rows.item_view(row) for row in self._read().execute(rows.items_at(self._at(at)).where(condition)))

    def items_for_function(self, code: str, at: datetime | None = None) -> tuple[ItemView, ...]:
        """Return the items that open a function, the oldest first."""
        query = rows.requestable_at(self._at(at)).where(SubsystemFunction.code == searchable(code))
        return tuple(rows.item_view(row) for row in self._read().execute(query))

    def item_for_function(self, code: str, at: datetime | None = None) -> ItemView | None:
        """Return the item that a refusal of this function points to: the first one offered."""
        found = self.items_for_function(code, at)
        return found[0] if found else None

    def requestable_items(self, text: str = "", limit: int = 50) -> tuple[ItemView, ...]:
        """Return items that may be requested now and lead to ``text`` (``items_named``); all for an empty one."""
        return self.items_named(text, _limited(limit))

    # Clients

    def client_by_client_id(self, client_id: str) -> ClientView | None:
        """Return an enabled client of a subsystem that is not retired; a disabled one is as good as unknown."""
        row = self._enabled(client_id)
        return rows.client_view(row) if row is not None else None

    def client_by_service(self, address: str) -> ClientView | None:
        """Return the enabled CAS client with a registered beginning of ``address``; of several of one subsystem the most exact.

        When beginnings of two subsystems fit, nobody can say whose the address is, and whose door has to be open: there is none.
        """
        place = place_of(address)
        if place is None:
            return None
        begins = (ClientRedirect.kind == "service", ClientRedirect.removed_at.is_(None), ClientRedirect.uri.in_(place.beginnings()))
        query = rows.clients().add_columns(ClientRedirect.uri).join(ClientRedirect, ClientRedirect.client_id == Client.id)
        found = self._read().execute(query.where(*begins, Client.protocol == CAS, *_ENABLED)).all()
        if len({row.subsystem_id for row in found}) != 1:
            return None
        return rows.client_view(max(found, key=lambda row: len(row.uri)))

    def clients_named(self, client_ids: Iterable[str]) -> Mapping[str, ClientView]:
        """Return clients by their ``client_id``, disabled ones too: old records still name them."""
        wanted = {searchable(client_id) for client_id in client_ids}
        if not wanted:
            return {}
        found = self._read().execute(rows.clients().where(Client.client_id.in_(wanted)))
        return {row.client_id: rows.client_view(row) for row in found}

    def clients_of(self, key: str | UUID) -> tuple[ClientView, ...]:
        """Return every client of a subsystem, given by code or id, disabled ones too."""
        query, named = (_CLIENTS_OF_ID, key) if isinstance(key, UUID) else (_CLIENTS_OF_CODE, searchable(key))
        return tuple(rows.client_view(row) for row in query.within(self._read(), {"subsystem": named}))

    def clients_not_asking(self, at: datetime | None = None) -> Mapping[str, str]:
        """Return the enabled clients of subsystems with something below L2, each with its subsystem's code: nobody there asks each time."""
        moment, version = self._at(at), SubsystemFunctionVersion
        shallow = (
            select(version.id)
            .join(SubsystemFunction, SubsystemFunction.id == version.function_id)
            .where(SubsystemFunction.subsystem_id == Subsystem.id, SubsystemFunction.code != Subsystem.code + ":door:enter")
            .where(version.integration_level < CHECK, live_at(SubsystemFunction, moment), live_at(version, moment))
        )
        below = or_(Subsystem.integration_level < CHECK, shallow.exists())
        query = select(Client.client_id, Subsystem.code).join(Subsystem, Subsystem.id == Client.subsystem_id)
        return {row.client_id: row.code for row in self._read().execute(query.where(below, *_ENABLED))}

    def untold_clients(self, subsystem_code: str) -> tuple[str, ...]:
        """Return the enabled clients of a subsystem that people sign in through and that cannot be told of a sign-out."""
        return tuple(client.client_id for client in self.clients_of(subsystem_code) if not client.disabled and not client.hears_of_logout)

    def subsystems_of_clients(self, client_ids: Collection[str]) -> dict[str, tuple[UUID, str]]:
        """Return whose clients these are, disabled and retired ones included: the subsystem's id and the protocol, by ``client_id``."""
        columns = select(Client.client_id, Client.subsystem_id, Client.protocol)
        found = self._read().execute(columns.where(Client.client_id.in_(client_ids)))
        return {row.client_id: (row.subsystem_id, row.protocol) for row in found}

    def is_web_origin(self, origin: str, client_id: str | None = None) -> bool:
        """Say whether the client, or any enabled one, runs in browsers under this origin (``OidcSettings.web_origins``)."""
        query = select(Client.id).join(Subsystem, Subsystem.id == Client.subsystem_id).limit(1)
        named = Client.settings["web_origins"].contains([searchable(origin)])
        if client_id is not None:
            query = query.where(Client.client_id == client_id)
        return self._read().scalar(query.where(named, *_ENABLED)) is not None

    def authenticate_client(self, client_id: str, secret: str) -> ClientView | None:
        """Return the enabled client whose secret this is and that is registered to show it (RFC 6749 section 2.3.1), else ``None``.

        Secrets are compared as keyed digests in constant time, and an unknown or public client costs the same comparison.
        """
        row = self._enabled(client_id)
        stored = row.secret_digest if row is not None and row.auth_method == SECRET else None
        given = secret_digest(self._keys, client_id, secret)
        # Against all zeros nothing matches: a digest that is not stored cannot be guessed into being.
        matches = crypto.same(given, stored if stored is not None else bytes(len(given)))
        return rows.client_view(row) if matches and row is not None and stored is not None else None

    # How the above read

    def _enabled(self, client_id: str) -> rows.Found | None:
        """Return the row of an enabled client."""
        return next(iter(self._look(_BY_CLIENT_ID, client=searchable(client_id))), None)


def _limited(limit: int) -> int:
    return max(1, min(limit, _MOST_ROWS))
