"""What the API takes in and gives out about the power list and the implementation list."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, StrictBool

from govcloud.entrypoints.api.wire.answers import Answer
from govcloud.entrypoints.api.wire.bodies import Input, Text
from govcloud.identity.views import DepartmentView
from govcloud.kernel.tables.findings import Finding
from govcloud.subsystems.listing.planning import Plan
from govcloud.subsystems.listing.views import EditionView, ItemHistory, PowerItemView, ServiceItemView, VersionView
from govcloud.web.locale import say

MOST_ROWS = 10_000
_SHOWN = 1_000
Department = Annotated[str | None, Field(max_length=18, description="unified social credit code of a department")]


class ItemsQuery(Input):
    """A page of a list."""

    department: Department = None
    q: str = Field(default="", max_length=100, description="beginning of a name or of a code")
    as_of: AwareDatetime | None = Field(default=None, description="as of this moment, with its zone; null is now")
    cursor: UUID | None = Field(default=None, description="`cursor` of the page before")
    limit: int = Field(default=20, ge=1, le=200)


class PowerItemsQuery(ItemsQuery):
    """A page of the power list."""

    kind: str = Field(default="", max_length=2, description="two digits, e.g. `05`; empty is every kind")


class ServiceItemsQuery(ItemsQuery):
    """A page of the implementation list."""

    power_item: UUID | None = Field(default=None, description="only what rests on this entry of the power list")


class EditionsQuery(Input):
    """A page of editions."""

    cursor: int | None = Field(default=None, ge=1, le=2**31 - 1, description="`cursor` of the page before")
    limit: int = Field(default=20, ge=1, le=200)


class ListImportBody(Input):
    """How to import a list. Beyond what one body holds, files go through the console or the command line."""

    dry_run: StrictBool = Field(default=True, description="only report what would happen")
    complete: StrictBool = Field(default=False, description="the rows name every entry: what they do not name leaves the list")
    department: Department = None
    allow_vanish: float = Field(default=5.0, ge=0, le=100, description="percent of the entries that may leave a complete list")
    title: Text = Field(default="", description="what the edition is called, at most 100 characters")
    note: Text = Field(default="", description="why, at most 500 characters")
    skip_wrong: StrictBool = Field(default=False, description="leave rows with findings out instead of writing nothing")


class PowerItemRow(Input):
    """A row of the power list."""

    code: Text = Field(description="base code, 12 characters; the third and fourth are the kind")
    department_uscc: Text
    name: Text
    kind: Text = Field(description="two digits, e.g. `05`")
    legal_basis: Text = Field(default="", description="left out: stays as it is; empty: is emptied")


class ServiceItemRow(Input):
    """A row of the implementation list."""

    code: Text = Field(description="implementation code, 31 characters (GB/T 39554.1)")
    name: Text
    promised_days: Text = Field(default="", description="working days; left out: stays as it is; empty: none are promised")


class PowerListBody(ListImportBody):
    """Rows of the power list."""

    rows: Annotated[list[PowerItemRow], Field(min_length=1, max_length=MOST_ROWS)]


class ServiceListBody(ListImportBody):
    """Rows of the implementation list."""

    rows: Annotated[list[ServiceItemRow], Field(min_length=1, max_length=MOST_ROWS)]


class ListItemAnswer(Answer):
    """An entry of a list as it was at the moment asked for; `ended_at` is set once it left the list."""

    id: UUID
    code: str
    name: str
    department_id: UUID
    department_uscc: str | None
    department_name: str | None
    version: int
    listed_at: datetime | None
    ended_at: datetime | None


class ListedPowerItemAnswer(ListItemAnswer):
    """An entry of the power list."""

    kind: str
    legal_basis: str

    @classmethod
    def of(cls, item: PowerItemView, departments: Mapping[UUID, DepartmentView]) -> Self:
        """Take the view over."""
        return cls(**vars(item), **_named(item.department_id, departments))


class ListedServiceItemAnswer(ListItemAnswer):
    """A service item of the implementation list."""

    power_item_id: UUID
    promised_days: int | None

    @classmethod
    def of(cls, item: ServiceItemView, departments: Mapping[UUID, DepartmentView]) -> Self:
        """Take the view over."""
        return cls(**vars(item), **_named(item.department_id, departments))


class PowerItemsAnswer(Answer):
    """A page of the power list, in the order of the codes."""

    items: tuple[ListedPowerItemAnswer, ...]
    cursor: UUID | None


class ServiceItemsAnswer(Answer):
    """A page of the implementation list, in the order of the codes."""

    items: tuple[ListedServiceItemAnswer, ...]
    cursor: UUID | None


class EditionAnswer(Answer):
    """One change of a list: an import, or a batch of registrations, changes or withdrawals."""

    id: UUID
    number: int
    title: str
    note: str
    file_name: str | None
    sha256: str | None
    complete: bool
    recorded_at: datetime
    added: int
    changed: int
    unchanged: int
    withdrawn: int

    @classmethod
    def of(cls, view: EditionView) -> Self:
        """Take the view over."""
        return cls.model_validate(view)


class EditionsAnswer(Answer):
    """A page of editions."""

    editions: tuple[EditionAnswer, ...]
    cursor: int | None


class ItemVersionAnswer(Answer):
    """What an entry said over `[since, until)`; `changed` names what differs from the version before."""

    version: int
    facts: dict[str, str | int | None]
    changed: tuple[str, ...]
    edition: EditionAnswer
    since: datetime
    until: datetime | None

    @classmethod
    def of(cls, view: VersionView) -> Self:
        """Take the view over."""
        facts: dict[str, Any] = view.facts
        return cls(
            version=view.version,
            facts=facts,
            changed=view.changed,
            edition=EditionAnswer.of(view.edition),
            since=view.valid_from,
            until=view.valid_to,
        )


class PowerItemPageAnswer(Answer):
    """An entry of the power list with its versions, the newest first."""

    item: ListedPowerItemAnswer
    versions: tuple[ItemVersionAnswer, ...]

    @classmethod
    def of(cls, item: ListedPowerItemAnswer, history: ItemHistory) -> Self:
        """Put the parts together."""
        return cls(item=item, versions=tuple(ItemVersionAnswer.of(said) for said in history.versions))


class ServiceItemPageAnswer(Answer):
    """A service item with its versions, the newest first."""

    item: ListedServiceItemAnswer
    versions: tuple[ItemVersionAnswer, ...]

    @classmethod
    def of(cls, item: ListedServiceItemAnswer, history: ItemHistory) -> Self:
        """Put the parts together."""
        return cls(item=item, versions=tuple(ItemVersionAnswer.of(said) for said in history.versions))


class FindingAnswer(Answer):
    """What is wrong with one field of one row, counted from 1."""

    row: int
    field: str
    value: str
    message: str

    @classmethod
    def of(cls, found: Finding) -> Self:
        """Say it in the caller's language."""
        return cls(row=found.line, field=found.field, value=found.value, message=say(found.message))


class ListImportedAnswer(Answer):
    """What an import did, or would do: counts, the codes that leave the list, and the first thousand findings."""

    dry_run: bool
    edition: EditionAnswer | None = Field(description="null after a dry run, and when nothing changed")
    rows: int
    added: int
    changed: int
    unchanged: int
    withdrawn: tuple[str, ...]
    withdrawn_with_them: tuple[str, ...]
    refused: int
    findings: tuple[FindingAnswer, ...]

    @classmethod
    def of(cls, plan: Plan, edition: EditionView | None = None, *, dry_run: bool) -> Self:
        """Take a plan over."""
        return cls(
            dry_run=dry_run,
            edition=EditionAnswer.of(edition) if edition else None,
            rows=plan.lines,
            added=len(plan.new),
            changed=len(plan.changed),
            unchanged=plan.unchanged,
            withdrawn=tuple(item.code for item in plan.withdrawn),
            withdrawn_with_them=tuple(item.code for item in plan.carried),
            refused=plan.refused,
            findings=tuple(FindingAnswer.of(found) for found in plan.findings[:_SHOWN]),
        )


def _named(department_id: UUID, departments: Mapping[UUID, DepartmentView]) -> dict[str, str | None]:
    view = departments.get(department_id)
    return {"department_uscc": view.uscc if view else None, "department_name": view.name if view else None}
