"""The two lists as one table: what tells them apart, so that everything else is written once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import InstrumentedAttribute

from govcloud.kernel.errors import NotFound
from govcloud.kernel.messages import Message
from govcloud.kernel.tables.columns import Columns
from govcloud.subsystems.listing import columns
from govcloud.subsystems.listing.models import PowerItemVersion, ServiceItemVersion
from govcloud.subsystems.models import PowerItem, ServiceItem


@dataclass(frozen=True)
class ListKind:
    """One of the lists.

    ``facts`` are what a version says, with what a new entry has when its source does not say, and PostgreSQL's type of each.
    """

    code: str
    title: Message
    thing: Message
    columns: Columns
    item: type[PowerItem | ServiceItem]
    version: type[PowerItemVersion | ServiceItemVersion]
    owner: str
    facts: Mapping[str, Any] = field(hash=False)
    types: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """Return how an entry is called in events and commands."""
        return self.item.__tablename__

    @property
    def owner_column(self) -> InstrumentedAttribute[Any]:
        """Return the column by which a version says whose it is."""
        found: InstrumentedAttribute[Any] = getattr(self.version, self.owner)
        return found

    def facts_of(self, row: Any) -> dict[str, Any]:  # noqa: ANN401 - a row with the facts as attributes
        """Return what a row of versions says."""
        return {name: getattr(row, name) for name in self.facts}


POWER = ListKind(
    "power",
    Message("权力清单"),
    Message("权力事项"),
    columns.POWER,
    PowerItem,
    PowerItemVersion,
    "power_item_id",
    {"name": "", "kind": "", "legal_basis": ""},
    ("text", "text", "text"),
)
IMPLEMENTATION = ListKind(
    "implementation",
    Message("实施清单"),
    Message("政务服务事项"),
    columns.IMPLEMENTATION,
    ServiceItem,
    ServiceItemVersion,
    "service_item_id",
    {"name": "", "promised_days": None},
    ("text", "int4"),
)
KINDS = {kind.code: kind for kind in (POWER, IMPLEMENTATION)}


def kind_of(code: str) -> ListKind:
    """Return a list by its code.

    Raises:
        NotFound: there is no such list.
    """
    if code not in KINDS:
        raise NotFound.of(Message("清单"), code)
    return KINDS[code]
