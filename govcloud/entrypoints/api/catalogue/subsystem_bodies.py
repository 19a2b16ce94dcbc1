"""What the API takes in about subsystems: registration, functions, items, bindings, clients, and the steps into service."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StrictBool, StrictInt

from govcloud.entrypoints.api.wire.bodies import Input, Text
from govcloud.subsystems.changes import Binding, FunctionChange, ItemChange, SubsystemChange
from govcloud.subsystems.inputs import NewFunction, NewItem, NewSubsystem

_MOST_ROWS = 500
Level = Annotated[StrictInt, Field(description="0 door, 1 claims, 2 checks, 3 row filters")]
Label = Annotated[StrictInt, Field(description="0 (none) to 4")]
Reason = Annotated[Text, Field(description="at most 500 characters; stands in the audit record")]


class SubsystemsQuery(Input):
    """A page of the subsystems within one's reach."""

    q: str = Field(default="", max_length=100, description="part of a name or code")
    status: str = Field(default="", max_length=20, description="`registered`, `submitted`, `checked`, `published` or `retired`")
    cursor: str | None = Field(default=None, max_length=64, description="`cursor` of the page before")
    limit: int = Field(default=20, ge=1, le=100)


class SubsystemBody(Input):
    """How a subsystem is called and reached."""

    name: Text
    integration_level: Level = 0
    launch_url: Text | None = None
    webhook_url: Text | None = None
    description: Text = ""

    def to_change(self) -> SubsystemChange:
        """Return it as the command takes it."""
        return SubsystemChange(**self.model_dump())


class NewSubsystemBody(SubsystemBody):
    """A subsystem to register."""

    code: Text = Field(description="2 to 32 lower-case letters, digits, underscores; stays for good")
    owner_department_id: UUID

    def to_input(self) -> NewSubsystem:
        """Return it as the command takes it."""
        return NewSubsystem(**self.model_dump())


class HandOverBody(Input):
    """Which department is to own a subsystem."""

    owner_department_id: UUID
    reason: Reason
    dry_run: StrictBool = Field(default=False, description="run every check, say what goes along, write nothing")


class FunctionBody(Input):
    """What a function is like."""

    name: Text
    description: Text = ""
    sensitive: StrictBool = False
    integration_level: Level = 0
    basis_note: Text = Field(default="", description="why it rests on no service item, where that is so")
    label: Label = Field(default=0, description="security label: who uses it has to be cleared for as much")


class NewFunctionBody(FunctionBody):
    """A function to add."""

    code: Text = Field(description="`subsystem:resource:action`")

    def to_input(self) -> NewFunction:
        """Return it as the command takes it."""
        return NewFunction(**self.model_dump())


class FunctionChangeBody(FunctionBody):
    """How a function is to be from now on, whole."""

    reason: Reason

    def to_change(self) -> FunctionChange:
        """Return it as the command takes it."""
        return FunctionChange(**self.model_dump(exclude={"reason"}))


class ItemBody(Input):
    """What may be requested of a function, and with how much care."""

    name: Text
    exposes: Text = Field(description="what one sees; the approver reads it")
    tier: Text = Field(default="one", description="`auto`, `one`, `quorum`, `two_units` or `serial`")
    approval: dict[str, Any] = Field(
        default_factory=dict,
        description='`quorum`: `{"needed": 2}`; `serial`: `{"steps": [{"kind": "owner", "needed": 1}, …]}` (`owner`, `superior`)',
    )
    max_days: StrictInt = 30
    requires_case_number: StrictBool = False
    scope_kind: Text = Field(default="division", description="`division` (the function is at L2 or L3) or `none`")
    owner_department_id: UUID | None = Field(default=None, description="who decides; null is the subsystem's owner")
    grace_minutes: StrictInt = Field(default=0, description="so long after the end of a grant work in progress may be finished (0 to 30)")


class NewItemBody(ItemBody):
    """An item to offer."""

    function: Text = Field(description="`subsystem:resource:action`")

    def to_input(self) -> NewItem:
        """Return it as the command takes it."""
        return NewItem(**self.model_dump())


class ItemChangeBody(ItemBody):
    """How an item is to be from now on, whole."""

    version: StrictInt = Field(description="the version that was shown")
    reason: Reason

    def to_change(self) -> ItemChange:
        """Return it as the command takes it."""
        return ItemChange(**self.model_dump(exclude={"reason", "version"}))


class CatalogueBody(Input):
    """Functions and items to add together: all or nothing."""

    functions: Annotated[list[NewFunctionBody], Field(min_length=1, max_length=_MOST_ROWS)]
    items: Annotated[list[NewItemBody], Field(max_length=_MOST_ROWS)] = Field(default_factory=list)
    dry_run: StrictBool = Field(default=False, description="run every check, write nothing")


class ItemsBody(Input):
    """Items to offer of functions that there are: all or nothing."""

    items: Annotated[list[NewItemBody], Field(min_length=1, max_length=_MOST_ROWS)]
    dry_run: StrictBool = Field(default=False, description="run every check, write nothing")


class BindingBody(Input):
    """A function and a service item that it serves."""

    function: Text
    service_item: Text = Field(description="implementation code of 31 characters")

    def to_input(self) -> Binding:
        """Return it as the command takes it."""
        return Binding(self.function, self.service_item)


class BindingsBody(Input):
    """Bindings to add: all or nothing; those that stand already stay."""

    bindings: Annotated[list[BindingBody], Field(min_length=1, max_length=_MOST_ROWS)]
    dry_run: StrictBool = Field(default=False, description="run every check, say how many are new, write nothing")


class EntrustBody(Input):
    """For which of the platform's own duties a client may act."""

    roles: Annotated[list[Text], Field(max_length=20)] = Field(
        description="`provisioning`, `address_source` (tells from which address people come); an empty list takes all away"
    )
    reason: Reason


class NoteBody(Input):
    """A step, with what there is to say about it."""

    note: Text = Field(default="", description="at most 500 characters; stays with the step")


class WithReasonBody(Input):
    """A step or a withdrawal that takes a reason."""

    reason: Reason
