"""docs/events.md lists every event with its fields; the expected line of one that is missing stands in the failure."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import govcloud.app  # noqa: F401 - importing the house enters every event in the registry
from govcloud.kernel.events import Event, type_registry

PAGE = Path(__file__).parents[2] / "docs" / "events.md"


def test_the_page_lists_every_event_as_it_is() -> None:
    expected = [line(event) for name, event in sorted(type_registry.items()) if not name.startswith("tests:")]
    listed = [text for text in PAGE.read_text(encoding="utf-8").splitlines() if text.startswith("| `")]
    assert sorted(listed) == sorted(expected), "\n".join(
        ["", *sorted(set(expected) - set(listed)), "must replace", *sorted(set(listed) - set(expected))]
    )


def line(event: type[Event]) -> str:
    """Return the line of an event: its name, its docstring's first sentence, its fields (personal ones in italics), the outbox."""
    own = [item.name for item in fields(event) if item.name not in {"subject", "chain"}]
    shown = ", ".join(f"*{name}*" if name in event.personal else name for name in own) or "—"
    said = " ".join((event.__doc__ or "").split("\n\n")[0].split()).replace("``", "`")
    return f"| `{event.name}` | {said} | {shown} | {'yes' if event.outbox else ''} |"
