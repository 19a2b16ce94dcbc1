"""Answers of ``govcloud ask`` as lines for people and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from msgspec import Struct

from govcloud.authorization.answers.checking import Checked
from govcloud.authorization.answers.explanation import Considered
from govcloud.authorization.answers.nearest import Remedy
from govcloud.authorization.deciding.obligations import obligations_of
from govcloud.authorization.scopes.scope import Scope
from govcloud.cli.changes import CHINA
from govcloud.kernel.messages import Message
from govcloud.services import Services


def remedy_line(services: Services, remedy: Remedy) -> str:
    """Return one remedy as a line."""
    parts: dict[str, str] = {
        "request": f"request {remedy.item.name}: {services.settings.public_url}/requests/new?item={remedy.item.id}" if remedy.item else "",
        "other_appointment": f"as {remedy.subject.position} of {remedy.subject.department_name}" if remedy.subject else "",
        "wait": f"from {when(remedy.at)} until {when(remedy.until) or 'further notice'}",
        "condition": f"the condition of “{remedy.rule}”: {remedy.condition}",
        "missing": f"say {', '.join(remedy.missing)} (rule “{remedy.rule}”)",
        "rows": f"only on these rows: {json.dumps(remedy.rows.to_json()) if remedy.rows else ''}",
        "label": f"a label of {remedy.needs}, not {remedy.has}",
        "level": f"level L{remedy.needs}, not L{remedy.has}, to keep what the rule “{remedy.rule}” bounds",
        "rule": f"the rule “{remedy.rule}” forbids it{f', when {remedy.condition}' if remedy.condition else ''}",
    }
    return parts[remedy.kind]


def check_cells(found: Checked) -> dict[str, Any]:
    """Return an answer with its names, for programs."""
    decision = found.decision
    return {
        "allowed": decision.allowed,
        "reason": decision.code,
        "state": found.state,
        "missing": found.missing,
        "obligations": obligations_of(decision),
        "ends_at": decision.ends_at,
        "epoch": decision.epoch,
    }


def rule_cells(item: Considered) -> tuple[str, ...]:
    """Return one rule and how it fared as the cells of a row."""
    words = {True: "yes", False: "no", None: "?"}
    return (
        item.rule.label or item.rule.function,
        item.rule.role,
        item.rule.effect,
        words[item.matched],
        words[item.held],
        words[item.reaches],
        words[item.kept],
        words[item.holds],
        " ".join(item.missing),
    )


def when(moment: datetime | None) -> str:
    """Return a moment as clocks in China show it, empty for none."""
    return moment.astimezone(CHINA).isoformat() if moment else ""


def json_text(value: object) -> str:
    """Return any value of an answer as JSON, for programs."""
    return json.dumps(_plain(value), ensure_ascii=False, indent=2)


def _plain(value: Any) -> Any:  # noqa: ANN401, PLR0911 - any value of an answer; one return for each kind
    """Return a value as JSON has it."""
    if isinstance(value, Message | UUID):
        return str(value)
    if isinstance(value, Scope):
        return value.to_json()
    if isinstance(value, datetime):
        return when(value)
    if isinstance(value, StrEnum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value
