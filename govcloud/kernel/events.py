"""Events: what happened, as frozen dataclasses that the audit record and the outbox take in."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any, ClassVar
from uuid import UUID

type_registry: dict[str, type[Event]] = {}


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened to ``subject`` (``"official:<uuid>"``, ``"request_line:<uuid>"``, …).

    Subclasses set ``name`` (``source:subject:action``) and add fields; two subclasses with one name are refused.
    ``personal`` names the fields that are kept salted beside the hash, so that erasure keeps proofs.
    ``outbox`` says that a delivery is promised with the event. ``chain`` ties the events of one access request together.
    """

    name: ClassVar[str] = ""
    personal: ClassVar[frozenset[str]] = frozenset()
    outbox: ClassVar[bool] = False

    subject: str
    chain: str | None = None

    def __init_subclass__(cls) -> None:
        """Enter the event in the registry, which the page of all events is checked against."""
        super().__init_subclass__()
        # dataclass(slots=True) would build the class twice; events do without slots, so one entry is one class.
        if not cls.name or cls.name in type_registry:
            msg = f"event {cls.__qualname__} needs a name of its own, got {cls.name!r}"
            raise TypeError(msg)
        type_registry[cls.name] = cls

    def payload(self) -> dict[str, Any]:
        """Return the event's own fields as JSON-ready values; times are ISO 8601 in UTC."""
        return {name: _json_ready(getattr(self, name)) for name in _own_fields(self.name)}


@cache
def _own_fields(event_name: str) -> tuple[str, ...]:
    """Return the fields that a class of events has of its own."""
    return tuple(item.name for item in fields(type_registry[event_name]) if item.name not in {"subject", "chain"})


def _json_ready(value: Any) -> Any:  # noqa: ANN401, PLR0911 - any field type of an event, one line each
    """Return ``value`` in the types of JSON."""
    # Nearly all are one of these two, and an import makes tens of millions.
    if type(value) is str:
        return value
    if type(value) is UUID:
        return str(value)
    match value:
        case None | bool() | str() | int():
            return value
        case UUID():
            return str(value)
        case datetime():
            return value.astimezone(UTC).isoformat()
        case Enum():
            return value.value
        case list() | tuple():
            return [_json_ready(item) for item in value]
        case frozenset() | set():
            return sorted(_json_ready(item) for item in value)
        case dict():
            return {str(key): _json_ready(item) for key, item in value.items()}
        case _:
            msg = f"an event cannot carry {type(value).__name__}: {value!r}"
            raise TypeError(msg)
