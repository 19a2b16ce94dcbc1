"""Answers about what can be requested: items, and the scopes that one may pick."""

from __future__ import annotations

from typing import Self
from uuid import UUID

from pydantic import Field

from govcloud.access.asking.views import CatalogueEntry, ScopeChoice
from govcloud.entrypoints.api.wire.answers import Answer, IntegrationLevel


class ItemAnswer(Answer):
    """Something that can be requested."""

    id: UUID
    version: int
    name: str
    exposes: str
    function: str
    function_name: str
    subsystem_code: str
    subsystem_name: str
    owner_department_name: str
    tier: str
    max_days: int
    requires_case_number: bool
    scope_kind: str
    sensitive: bool
    integration_level: IntegrationLevel
    service_items: tuple[str, ...] = Field(description="the service items that the function serves, each with its implementation code")

    @classmethod
    def of(cls, view: CatalogueEntry) -> Self:
        """Take the view over."""
        return cls.model_validate(view)


class ItemsAnswer(Answer):
    """Items that match."""

    items: tuple[ItemAnswer, ...]


class ScopeChoiceAnswer(Answer):
    """One scope that may be picked."""

    divisions: tuple[str, ...] | None
    name: str
    level: str
    suggested: bool

    @classmethod
    def of(cls, choice: ScopeChoice) -> Self:
        """Take the choice over."""
        return cls(divisions=choice.scope.divisions, name=choice.name, level=choice.level, suggested=choice.suggested)


class ScopeChoicesAnswer(Answer):
    """Scopes that may be picked, the beneficiary's own first."""

    choices: tuple[ScopeChoiceAnswer, ...]
