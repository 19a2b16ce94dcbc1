"""Reading a question from the wire: what the standard requires must be there, what it does not know is ignored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Request

from govcloud.entrypoints.authzen.errors import MalformedError


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One question, as a relying system asks it (section 6.1)."""

    subject_type: str
    subject_id: str
    sid: str | None
    function: str
    resource: Mapping[str, Any]
    context: Mapping[str, Any]


def read_evaluation(request: Request) -> Evaluation:
    """Return the question in the body.

    Raises:
        MalformedError: it is not JSON, or a required field is missing or of the wrong type. The standard has 400 for all of
            these, for a wrong Content-Type too (Flask itself would say 415).
    """
    body = _body(request)
    subject = _entity(body, "subject")
    resource = _entity(body, "resource")
    sid = _object(subject, "subject.properties", "properties").get("sid")
    if sid is not None and not isinstance(sid, str):
        raise MalformedError("subject.properties.sid must be a string")
    return Evaluation(
        subject_type=_text(subject, "subject.type", "type"),
        subject_id=_text(subject, "subject.id", "id"),
        sid=sid,
        function=_text(_entity(body, "action"), "action.name", "name"),
        # The entity's own type and id win over properties of the same name.
        resource={
            **_object(resource, "resource.properties", "properties"),
            "type": _text(resource, "resource.type", "type"),
            "id": _text(resource, "resource.id", "id"),
        },
        context=_object(body, "context", "context"),
    )


def _body(request: Request) -> dict[str, Any]:
    if request.mimetype != "application/json":
        raise MalformedError(f"Content-Type must be application/json, not {request.mimetype[:60] or 'absent'}")
    try:
        body = json.loads(request.get_data(cache=False))
    except (ValueError, RecursionError) as error:
        raise MalformedError("the body is not valid JSON") from error
    if not isinstance(body, dict):
        raise MalformedError("the body must be a JSON object")
    return body


def _entity(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name)
    if not isinstance(value, dict):
        raise MalformedError(f"{name} must be an object")
    return value


def _object(parent: Mapping[str, Any], place: str, name: str) -> dict[str, Any]:
    value = parent.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedError(f"{place} must be an object")
    return value


def _text(parent: Mapping[str, Any], place: str, name: str) -> str:
    value = parent.get(name)
    if not isinstance(value, str) or not value:
        raise MalformedError(f"{place} must be a string that is not empty")
    return value
