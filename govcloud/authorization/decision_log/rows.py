"""What is kept of a decision: which ones at all, and of each only what an auditor needs."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from govcloud.authorization.deciding.decisions import Decision, Question
from govcloud.authorization.subjects.snapshot import subsystem_of

DENIED, SENSITIVE, SAMPLED = "denied", "sensitive", "sampled"
#: Texts come from callers; a longer one is cut.
_MOST_FUNCTION, _MOST_TEXT = 200, 100


class Row(NamedTuple):
    """One decision as it waits to be written; the order is that of ``COLUMNS``."""

    at: datetime
    kind: str
    official_id: UUID | None
    appointment_id: UUID | None
    client_id: str
    subsystem_code: str
    function: str
    allowed: bool
    reason: str
    role: str | None
    rule: str | None
    grant_id: UUID | None
    resource_type: str | None
    division: str | None
    epoch: int
    trace_id: str | None


COLUMNS = Row._fields


@dataclass(frozen=True, slots=True)
class Keeping:
    """Says which decisions are kept.

    ``sensitive`` are the functions of which every yes is kept; ``None``: they are not known yet, and every yes is. ``sample`` is the share
    of the other yeses, from 0 to 1.
    """

    sensitive: frozenset[str] | None
    sample: float
    draw: Callable[[], float] = random.random

    def kind_of(self, function: str, decision: Decision) -> str | None:
        """Return why a decision is kept; ``None``: it is not."""
        if not decision.allowed:
            return DENIED
        if self.sensitive is None or function in self.sensitive:
            return SENSITIVE
        return SAMPLED if self.sample and self.draw() < self.sample else None


def row_of(kind: str, at: datetime, question: Question, decision: Decision, client_id: str, *, trace_id: str | None) -> Row:
    """Return what is kept of a decision."""
    function = _clean(question.function, _MOST_FUNCTION) or ""
    return Row(
        at=at,
        kind=kind,
        official_id=question.official_id,
        appointment_id=question.appointment_id,
        client_id=_clean(client_id, _MOST_TEXT) or "",
        subsystem_code=subsystem_of(function),
        function=function,
        allowed=decision.allowed,
        reason=str(decision.code),
        role=decision.role,
        rule=_clean(decision.rule, _MOST_TEXT),
        grant_id=decision.grant_id,
        resource_type=_text(question.resource, "type"),
        division=_text(question.resource, "division"),
        epoch=decision.epoch,
        trace_id=_clean(trace_id, _MOST_TEXT),
    )


def _text(resource: Mapping[str, Any], name: str) -> str | None:
    value = resource.get(name)
    return _clean(value, _MOST_TEXT) if isinstance(value, str) else None


def _clean(text: str | None, most: int) -> str | None:
    """Return a text that the database takes: no NUL, no half of a surrogate pair, not too long."""
    if text is None or (len(text) <= most and text.isascii() and "\x00" not in text):
        return text
    return text[:most].replace("\x00", "").encode("utf-8", "replace").decode()
