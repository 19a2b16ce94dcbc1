"""What the checks see of a subsystem: everything already loaded, so that no check reads a database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from govcloud.subsystems.usage import Promised
from govcloud.subsystems.views import ClientView, FunctionView, ItemView, SubsystemView


@dataclass(frozen=True)
class SubsystemFacts:
    """A subsystem as it would go into service.

    ``clients`` are the enabled ones, ``bound`` the ids of the functions that rest on a service item. ``loopback_allowed`` says that
    addresses on the same machine will do, which is so everywhere but in production. ``promised`` is what
    rules and grants bound, by function.
    """

    subsystem: SubsystemView
    functions: tuple[FunctionView, ...]
    items: tuple[ItemView, ...]
    clients: tuple[ClientView, ...]
    bound: frozenset[UUID]
    owner_live: bool
    loopback_allowed: bool
    promised: Mapping[str, Promised] = field(default_factory=dict)

    def working(self) -> Iterator[FunctionView]:
        """Give the functions that do something, which is all but the door."""
        return (function for function in self.functions if not function.is_door)

    def items_of(self, function: FunctionView) -> tuple[ItemView, ...]:
        """Return the items that open a function."""
        return tuple(item for item in self.items if item.function_id == function.id)
