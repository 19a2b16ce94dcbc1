"""Reading a question from the wire: what the standard requires must be there, what it does not know is ignored.

Bodies are I-JSON (section 11.5 of the standard, RFC 7493): UTF-8, every name once in an object, no lone surrogate, no number that is
none. Two readers of one body then read the same question.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, Never

from flask import Request

from govcloud.entrypoints.authzen.errors import MalformedError

#: How deep objects and arrays may lie in one another; the questions of the standard need five levels.
MOST_DEPTH = 32
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class Subject(NamedTuple):
    """Who is asked about (section 5.1); ``sid`` is the session, ``given`` the entity as it came."""

    type: str
    id: str
    sid: str | None
    given: Mapping[str, Any]


class Action(NamedTuple):
    """What the subject would do (section 5.3)."""

    name: str
    given: Mapping[str, Any]


class Resource(NamedTuple):
    """What it would be done to (section 5.2); ``id`` is ``None`` only in a search for resources."""

    type: str
    id: str | None
    properties: Mapping[str, Any]
    given: Mapping[str, Any]


class Context(NamedTuple):
    """The surroundings (section 5.4); ``min_epoch`` is the change that the decision may not miss."""

    given: Mapping[str, Any]
    min_epoch: int | None = None


NO_CONTEXT = Context({})


class Evaluation(NamedTuple):
    """One question, as a relying system asks it (section 6.1)."""

    subject: Subject
    action: Action
    resource: Resource
    context: Context


# The body


def read_body(request: Request) -> dict[str, Any]:
    """Return the JSON object in the body.

    Raises:
        MalformedError: it is none, or not sent as one. The standard has 400 for all of these, for a wrong Content-Type too (Flask
            itself would say 415).
        RequestEntityTooLarge: it is longer than the platform takes; nothing of it has been read then.
    """
    if request.mimetype != "application/json":
        raise MalformedError(f"Content-Type must be application/json, not {request.mimetype[:60] or 'absent'}")
    body = _parsed(request.get_data(cache=False))
    if not isinstance(body, dict):
        raise MalformedError("the body must be a JSON object")
    return body


def _parsed(data: bytes) -> Any:  # noqa: ANN401 - any JSON
    try:
        source = data.decode("utf-8")
        body = _DECODER.decode(source)
        if _SURROGATE.search(source):
            # Pairs have become one character by now; what is left alone cannot be encoded.
            json.dumps(body, ensure_ascii=False).encode("utf-8")
    except _RepeatedNameError as error:
        raise MalformedError(f"the name {error.args[0][:100]!r} stands twice in one object") from error
    except (ValueError, RecursionError) as error:
        raise MalformedError("the body is not valid JSON in UTF-8") from error
    if source.count("{") + source.count("[") > MOST_DEPTH and _too_deep(body):
        raise MalformedError(f"objects and arrays lie more than {MOST_DEPTH} deep in one another")
    return body


class _RepeatedNameError(ValueError):
    """An object has two members of one name; readers differ in which of them they see."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise _RepeatedNameError(next(name for name in names if names.count(name) > 1))
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"a number is out of range: {text[:30]}")
    return number


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_finite, parse_constant=_no_constant)


_CONTAINERS = frozenset((dict, list))


def _too_deep(body: object) -> bool:
    level: list[Any] = [body]
    for _ in range(MOST_DEPTH):
        inner = (child for node in level for child in (node.values() if isinstance(node, dict) else node))
        # What was parsed is of exactly these types, and there may be thousands of them.
        level = [child for child in inner if type(child) in _CONTAINERS]
        if not level:
            return False
    return True


# The entities


def read_evaluation(body: Mapping[str, Any]) -> Evaluation:
    """Return the question in ``body``.

    Raises:
        MalformedError: a required member is missing, or one is of the wrong type; the text names it.
    """
    return Evaluation(
        subject=read_subject(body.get("subject")),
        action=read_action(body.get("action")),
        resource=read_resource(body.get("resource")),
        context=read_context(body.get("context")),
    )


def read_subject(value: object) -> Subject:
    """Return the subject; raises as ``read_evaluation``."""
    given = entity(value, "subject")
    sid = members(given, "subject.properties", "properties").get("sid")
    if sid is not None and not isinstance(sid, str):
        raise MalformedError("subject.properties.sid must be a string")
    return Subject(text(given, "subject.type", "type"), text(given, "subject.id", "id"), sid, given)


def read_subject_type(value: object) -> str:
    """Return which subjects are searched for: an ``id`` is ignored (section 8.4.1); raises as ``read_evaluation``."""
    return text(entity(value, "subject"), "subject.type", "type")


def read_action(value: object) -> Action:
    """Return the action; raises as ``read_evaluation``."""
    given = entity(value, "action")
    members(given, "action.properties", "properties")
    return Action(text(given, "action.name", "name"), given)


def read_resource(value: object) -> Resource:
    """Return the resource; raises as ``read_evaluation``."""
    kind = read_resource_type(value)
    return Resource(kind.type, text(kind.given, "resource.id", "id"), kind.properties, kind.given)


def read_resource_type(value: object) -> Resource:
    """Return which resources are searched for: an ``id`` is ignored (section 8.5.1); raises as ``read_evaluation``."""
    given = entity(value, "resource")
    return Resource(text(given, "resource.type", "type"), None, members(given, "resource.properties", "properties"), given)


def read_context(value: object) -> Context:
    """Return the context, empty when there is none; raises as ``read_evaluation``."""
    if value is None:
        return NO_CONTEXT
    given = entity(value, "context")
    least = given.get("min_epoch")
    if least is not None and (not isinstance(least, int) or isinstance(least, bool) or least < 0):
        raise MalformedError("context.min_epoch must be a whole number, 0 or more")
    return Context(given, least)


def entity(value: object, place: str) -> dict[str, Any]:
    """Return ``value`` as an object.

    Raises:
        MalformedError: it is none.
    """
    if not isinstance(value, dict):
        raise MalformedError(f"{place} must be an object")
    return value


def members(parent: Mapping[str, Any], place: str, name: str) -> dict[str, Any]:
    """Return an optional object, empty when it is absent.

    Raises:
        MalformedError: it is something else.
    """
    value = parent.get(name)
    return {} if value is None else entity(value, place)


def text(parent: Mapping[str, Any], place: str, name: str) -> str:
    """Return a required string.

    Raises:
        MalformedError: it is absent, empty or no string.
    """
    value = parent.get(name)
    if not isinstance(value, str) or not value:
        raise MalformedError(f"{place} must be a string that is not empty")
    return value
