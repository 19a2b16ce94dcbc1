"""What the API takes in and gives out about matters (一件事): a matter with its items and stages, and what a change of one does."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self, TypeAlias
from uuid import UUID

from pydantic import Field, StrictBool, StrictInt

from govcloud.entrypoints.api.catalogue.subsystem_bodies import Reason
from govcloud.entrypoints.api.wire.answers import Answer
from govcloud.entrypoints.api.wire.bodies import Input, Text
from govcloud.subsystems.changes import MatterChange, MatterEntry
from govcloud.subsystems.inputs import NewMatter
from govcloud.subsystems.matters.matters import MatterDifference
from govcloud.subsystems.queries import MatterView
from govcloud.subsystems.views import MatterPage

_MOST_ITEMS = 500
_DRY_RUN = Field(default=False, description="run every check, write nothing")
Duty: TypeAlias = Annotated[
    Literal["handle", "review"] | None, Field(description="handling a case (`handle`) or reviewing it; null: either")
]
Version = Annotated[StrictInt, Field(description="the version that was read; another by now is a conflict")]


class MattersQuery(Input):
    """A page of the matters of the province."""

    q: str = Field(default="", max_length=100, description="part of a name or code")
    cursor: str | None = Field(default=None, max_length=64, description="`cursor` of the page before")
    limit: int = Field(default=20, ge=1, le=100)


class MatterItemBody(Input):
    """One item of a matter."""

    item_id: UUID
    stage: StrictInt = Field(default=1, description="from 1; items of one stage are wanted at the same time")
    duty: Duty = None


class MatterBody(Input):
    """How a matter is to be."""

    name: Text
    lead_department_id: UUID
    items: list[MatterItemBody] = Field(max_length=_MOST_ITEMS)

    def entries(self) -> tuple[MatterEntry, ...]:
        """Return the items as the commands take them."""
        return tuple(MatterEntry(row.item_id, row.stage, row.duty) for row in self.items)


class NewMatterBody(MatterBody):
    """A matter to register."""

    code: Text = Field(description="2 to 32 letters, digits, `-` and `_`; stays for good")
    dry_run: StrictBool = _DRY_RUN

    def to_input(self) -> NewMatter:
        """Return it as the command takes it."""
        return NewMatter(self.code, self.name, self.lead_department_id, self.entries())


class MatterChangeBody(MatterBody):
    """How a matter is to be from now on, whole."""

    version: Version
    reason: Reason
    dry_run: StrictBool = _DRY_RUN

    def to_change(self) -> MatterChange:
        """Return it as the command takes it."""
        return MatterChange(self.name, self.lead_department_id, self.entries())


class MatterEndBody(Input):
    """The end of a matter."""

    version: Version
    reason: Reason
    dry_run: StrictBool = _DRY_RUN


class MatterItemAnswer(Answer):
    """One item of a matter: what it is, and which department decides on it."""

    item_id: UUID
    name: str
    function: str
    subsystem_code: str
    owner_department_id: UUID
    stage: int
    duty: str | None


class MatterAnswer(Answer):
    """A matter with its items, in the order of their stages."""

    id: UUID
    code: str
    name: str
    lead_department_id: UUID
    version: int
    ended_at: datetime | None
    items: tuple[MatterItemAnswer, ...]

    @classmethod
    def of(cls, view: MatterView) -> Self:
        """Take the view over."""
        items = tuple(
            MatterItemAnswer(
                item_id=entry.item.id,
                name=entry.item.name,
                function=entry.item.function,
                subsystem_code=entry.item.subsystem_code,
                owner_department_id=entry.item.owner_department_id,
                stage=entry.stage,
                duty=entry.duty,
            )
            for entry in view.items
        )
        return cls(
            id=view.id,
            code=view.code,
            name=view.name,
            lead_department_id=view.lead_department_id,
            version=view.version,
            ended_at=view.ended_at,
            items=items,
        )


class MattersAnswer(Answer):
    """A page of matters."""

    matters: tuple[MatterAnswer, ...]
    cursor: str | None

    @classmethod
    def of(cls, page: MatterPage) -> Self:
        """Take the page over."""
        return cls(matters=tuple(MatterAnswer.of(row) for row in page.rows), cursor=page.after)


class MatterIdAnswer(Answer):
    """The matter that was registered; a dry run made none."""

    id: UUID | None
    code: str
    dry_run: bool


class MatterChangedAnswer(Answer):
    """What a change did, or would do: the version that stands, what differs, and which items come, go or move."""

    dry_run: bool
    version: int
    changed: tuple[str, ...]
    added: tuple[UUID, ...]
    removed: tuple[UUID, ...]
    restaged: tuple[UUID, ...]
    assigned: tuple[UUID, ...] = Field(description="items that serve another duty than before")

    @classmethod
    def of(cls, found: MatterDifference, *, dry_run: bool) -> Self:
        """Take the result over."""
        return cls(
            dry_run=dry_run,
            version=found.version,
            changed=found.changed,
            added=tuple(item.id for item in found.added),
            removed=tuple(item.id for item in found.removed),
            restaged=tuple(item.id for item, _old, _new in found.restaged),
            assigned=tuple(item.id for item, _old, _new in found.assigned),
        )


class MatterEndedAnswer(Answer):
    """The end of a matter; ``waiting`` requests name it and go on."""

    dry_run: bool
    waiting: int
