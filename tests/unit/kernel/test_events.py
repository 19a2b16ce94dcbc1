"""Events: named once, frozen, JSON-ready."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

import pytest

from govcloud.kernel.events import Event, type_registry


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, kw_only=True)
class ThingHappened(Event):
    """An event of these tests."""

    name: ClassVar[str] = "tests:thing:happened"

    value: Any


def test_an_event_enters_the_registry() -> None:
    assert type_registry["tests:thing:happened"] is ThingHappened


def test_an_event_without_a_name_is_refused() -> None:
    with pytest.raises(TypeError, match="needs a name of its own"):
        type("Nameless", (Event,), {})


def test_a_name_belongs_to_one_event() -> None:
    with pytest.raises(TypeError, match="tests:thing:happened"):
        type("Second", (Event,), {"name": "tests:thing:happened"})


def test_an_event_cannot_be_changed() -> None:
    event = ThingHappened(subject="thing:1", value=1)
    with pytest.raises(FrozenInstanceError):
        event.subject = "thing:2"  # type: ignore[misc]  # that is what is refused


@pytest.mark.parametrize(
    ("value", "ready"),
    [
        (None, None),
        (True, True),
        (7, 7),
        ("文", "文"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (datetime(2026, 11, 24, 1, 30, tzinfo=UTC), "2026-11-24T01:30:00+00:00"),
        (datetime(2026, 11, 24, 9, 30, tzinfo=timezone(timedelta(hours=8))), "2026-11-24T01:30:00+00:00"),
        (Colour.RED, "red"),
        ((1, (2, UUID(int=1))), [1, [2, "00000000-0000-0000-0000-000000000001"]]),
        (frozenset({"b", "a"}), ["a", "b"]),
        ({"k": [datetime(2026, 1, 1, tzinfo=UTC)]}, {"k": ["2026-01-01T00:00:00+00:00"]}),
    ],
)
def test_the_payload_is_ready_for_json(value: object, ready: object) -> None:
    payload = ThingHappened(subject="thing:1", chain="QX1", value=value).payload()
    assert payload == {"value": ready}
    assert json.loads(json.dumps(payload)) == payload


@pytest.mark.parametrize("value", [1.5, b"bytes", object()])
def test_a_value_that_has_no_exact_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="an event cannot carry"):
        ThingHappened(subject="thing:1", value=value).payload()
