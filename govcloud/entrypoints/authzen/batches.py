"""Reading several questions of one request (section 7): defaults, options, and items that cannot be read.

A default takes the place of an entity that an item leaves out, as a whole; an entity that an item has replaces the default, as a
whole (section 7.1.1). Parts of two entities are never put together: who forgets the ``type`` of a resource asks about no resource.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from govcloud.entrypoints.authzen.errors import MalformedError
from govcloud.entrypoints.authzen.wire import (
    Action,
    Context,
    Evaluation,
    Resource,
    Subject,
    entity,
    members,
    read_action,
    read_context,
    read_evaluation,
    read_resource,
    read_subject,
)

EntityT = TypeVar("EntityT", Subject, Action, Resource)
#: How many questions one request may hold.
MOST_EVALUATIONS = 500


class Semantic(StrEnum):
    """How the questions of a request hang together (section 7.1.2.1)."""

    EXECUTE_ALL = "execute_all"
    DENY_ON_FIRST_DENY = "deny_on_first_deny"
    PERMIT_ON_FIRST_PERMIT = "permit_on_first_permit"

    def ends_with(self, *, allowed: bool) -> bool:
        """Return whether an answer makes those after it superfluous."""
        return (self is Semantic.DENY_ON_FIRST_DENY and not allowed) or (self is Semantic.PERMIT_ON_FIRST_PERMIT and allowed)


@dataclass(frozen=True, slots=True)
class Batch:
    """The questions in their order, each readable or with what is wrong with it, and how they hang together."""

    items: tuple[Evaluation | MalformedError, ...]
    semantic: Semantic


@dataclass(frozen=True, slots=True)
class _Defaults:
    """What items inherit; ``None`` is what each of them has to bring itself."""

    subject: Subject | None
    action: Action | None
    resource: Resource | None
    context: Context


def read_evaluations(body: Mapping[str, Any]) -> Evaluation | Batch:
    """Return the questions in ``body``; without any in ``evaluations``, the one that the body itself is (section 7.1).

    Raises:
        MalformedError: the request as a whole is wrong: a default is no entity, the semantic is unknown, there are too many questions.
    """
    listed = body.get("evaluations")
    if listed is None or listed == []:
        return read_evaluation(body)
    if not isinstance(listed, list):
        raise MalformedError("evaluations must be an array")
    if len(listed) > MOST_EVALUATIONS:
        raise MalformedError(f"at most {MOST_EVALUATIONS} evaluations in one request, not {len(listed)}")
    semantic = _semantic(body)
    defaults = _Defaults(
        subject=read_subject(body["subject"]) if body.get("subject") is not None else None,
        action=read_action(body["action"]) if body.get("action") is not None else None,
        resource=read_resource(body["resource"]) if body.get("resource") is not None else None,
        context=read_context(body.get("context")),
    )
    return Batch(tuple(_item(value, defaults) for value in listed), semantic)


def _semantic(body: Mapping[str, Any]) -> Semantic:
    given = members(body, "options", "options").get("evaluations_semantic")
    if given is None:
        return Semantic.EXECUTE_ALL
    if not isinstance(given, str) or given not in _SEMANTICS:
        raise MalformedError(f"options.evaluations_semantic must be one of {', '.join(sorted(_SEMANTICS))}")
    return Semantic(given)


_SEMANTICS = frozenset(semantic.value for semantic in Semantic)


def _item(value: object, defaults: _Defaults) -> Evaluation | MalformedError:
    """Return one question, or what is wrong with it: that concerns this item alone (section 7.2.1)."""
    try:
        given = entity(value, "an evaluation")
        return Evaluation(
            subject=_inherited(defaults.subject, "subject", given) or read_subject(given.get("subject")),
            action=_inherited(defaults.action, "action", given) or read_action(given.get("action")),
            resource=_inherited(defaults.resource, "resource", given) or read_resource(given.get("resource")),
            context=read_context(given["context"]) if given.get("context") is not None else defaults.context,
        )
    except MalformedError as error:
        return error


def _inherited(default: EntityT | None, name: str, given: Mapping[str, Any]) -> EntityT | None:
    return None if name in given else default
