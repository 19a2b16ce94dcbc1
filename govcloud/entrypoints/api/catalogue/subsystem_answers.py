"""What the API gives out about subsystems: lists, one with all that stands about it, findings, credentials."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import Field

from govcloud.entrypoints.api.catalogue.client_bodies import ClientAnswer
from govcloud.entrypoints.api.wire.answers import Answer
from govcloud.subsystems.checks import Checklist
from govcloud.subsystems.findings import Finding
from govcloud.subsystems.queries import ClientView, FunctionView, ItemView, ServiceItemView, SubsystemView
from govcloud.subsystems.service_life.handing_over import HandedOver
from govcloud.subsystems.views import StepView, SubsystemPage
from govcloud.web.locale import say


class SubsystemAnswer(Answer):
    """A subsystem."""

    id: UUID
    code: str
    name: str
    owner_department_id: UUID
    integration_level: int
    status: str
    launch_url: str | None
    webhook_url: str | None
    description: str
    created_at: datetime

    @classmethod
    def of(cls, view: SubsystemView) -> Self:
        """Take the view over."""
        return cls.model_validate(view)


class SubsystemsAnswer(Answer):
    """A page of subsystems."""

    subsystems: tuple[SubsystemAnswer, ...]
    cursor: str | None

    @classmethod
    def of(cls, page: SubsystemPage) -> Self:
        """Take the page over."""
        return cls(subsystems=tuple(SubsystemAnswer.of(row) for row in page.rows), cursor=page.after)


class HandedOverAnswer(Answer):
    """What goes to the new owner with a subsystem."""

    dry_run: bool
    functions: int
    items: int = Field(description="on which the old owner decided, and the new one decides")
    items_elsewhere: int = Field(description="on which a third department decides, as before")
    clients: int
    grants: int = Field(description="live; they go on, and the new owner answers for them")
    waiting: int = Field(description="requests that wait, now for the new owner")

    @classmethod
    def of(cls, done: HandedOver, *, dry_run: bool) -> Self:
        """Take the result over."""
        usage = done.usage
        return cls(
            dry_run=dry_run,
            functions=done.functions,
            items=done.items,
            items_elsewhere=done.elsewhere,
            clients=done.clients,
            grants=usage.grants,
            waiting=usage.lines,
        )


class FindingAnswer(Answer):
    """What a check found; a blocking finding stands in the way."""

    key: str
    blocking: bool
    subject: str
    message: str
    remedy: str

    @classmethod
    def of(cls, finding: Finding) -> Self:
        """Say it in the reader's language."""
        return cls(
            key=finding.key,
            blocking=finding.blocking,
            subject=finding.subject,
            message=say(finding.message),
            remedy=say(finding.remedy),
        )


class StepAnswer(Answer):
    """A step of the way into service, with what the checks found then."""

    step: str
    at: datetime
    actor: str
    note: str
    findings: tuple[FindingAnswer, ...]

    @classmethod
    def of(cls, view: StepView) -> Self:
        """Take the view over."""
        found = tuple(FindingAnswer.of(finding) for finding in view.findings)
        return cls(step=view.step, at=view.at, actor=view.actor, note=view.note, findings=found)


class ServiceItemAnswer(Answer):
    """A service item that a function serves."""

    id: UUID
    code: str
    name: str


class OfferedItemAnswer(Answer):
    """An item as it is offered now."""

    id: UUID
    version: int
    name: str
    exposes: str
    tier: str
    approval: dict[str, Any]
    max_days: int
    requires_case_number: bool
    scope_kind: str
    owner_department_id: UUID
    grace_minutes: int


class FunctionAnswer(Answer):
    """A function with its items and the service items that it serves."""

    id: UUID
    code: str
    name: str
    description: str
    sensitive: bool
    integration_level: int
    basis_note: str
    label: int
    items: tuple[OfferedItemAnswer, ...]
    service_items: tuple[ServiceItemAnswer, ...]

    @classmethod
    def of(cls, view: FunctionView, items: tuple[ItemView, ...], bases: tuple[ServiceItemView, ...]) -> Self:
        """Put the function and what hangs on it together."""
        names = ("id", "code", "name", "description", "sensitive", "integration_level", "basis_note", "label")
        own = {name: getattr(view, name) for name in names}
        return cls(
            **own,
            items=tuple(OfferedItemAnswer.model_validate(item) for item in items),
            service_items=tuple(ServiceItemAnswer.model_validate(item) for item in bases),
        )


class SubsystemPageAnswer(Answer):
    """One subsystem: where it stands, what the checks find, its functions and clients."""

    subsystem: SubsystemAnswer
    publisher_department_id: UUID | None = Field(description="the department that publishes it")
    steps: tuple[StepAnswer, ...]
    findings: tuple[FindingAnswer, ...]
    functions: tuple[FunctionAnswer, ...]
    clients: tuple[ClientAnswer, ...]

    @classmethod
    def of(
        cls,
        view: SubsystemView,
        *,
        publisher_id: UUID | None,
        steps: tuple[StepView, ...],
        checklist: Checklist,
        functions: tuple[FunctionView, ...],
        items: tuple[ItemView, ...],
        bases: Mapping[UUID, tuple[ServiceItemView, ...]],
        clients: tuple[ClientView, ...],
    ) -> Self:
        """Put all parts together."""
        return cls(
            subsystem=SubsystemAnswer.of(view),
            publisher_department_id=publisher_id,
            steps=tuple(StepAnswer.of(step) for step in steps),
            findings=tuple(FindingAnswer.of(finding) for finding in checklist.findings),
            functions=tuple(
                FunctionAnswer.of(row, tuple(item for item in items if item.function_id == row.id), bases.get(row.id, ()))
                for row in functions
            ),
            clients=tuple(ClientAnswer.of(client) for client in clients),
        )


class SubsystemIdAnswer(Answer):
    """A subsystem that was registered."""

    id: UUID
    code: str


class StatusAnswer(Answer):
    """Where a subsystem stands now."""

    code: str
    status: str


class AddedAnswer(Answer):
    """What was added, or would be."""

    dry_run: bool
    functions: int
    items: int
    ids: tuple[UUID, ...] = Field(description="of the functions, or of the items when no function was added; none for a dry run")


class BoundAnswer(Answer):
    """How many bindings are new, or would be."""

    dry_run: bool
    new: int


class VersionAnswer(Answer):
    """The version of an item that stands now."""

    version: int


class DifferentAnswer(Answer):
    """Whether anything is different now."""

    changed: bool


class CredentialsAnswer(Answer):
    """What a client signs in with; the secret is shown this once, and a public client has none."""

    client_id: str
    secret: str | None
