"""The resources that the platform itself knows, beside the rows that subsystems keep; a table of their types.

==========================  ==================  ===================================================================================
type                        action              what it means
==========================  ==================  ===================================================================================
``govcloud:function``       ``use``             ``id`` is a function: may the subject use it?
``govcloud:subsystem``      ``enter``           ``id`` is a subsystem: may the subject go through its door?
``govcloud:division``       any function        ``id`` is a division (12 digits): may the subject use the function on rows of it?
any other                   any function        a row of the subsystem's own; ``properties`` say where it stands
==========================  ==================  ===================================================================================

Only these three can be searched for. Other rows lie with the subsystems, which filter them by the obligations of a decision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from govcloud.authorization.deciding.asking import ANYTHING
from govcloud.authorization.subjects.snapshot import door_of
from govcloud.entrypoints.authzen.wire import Resource

FUNCTION, SUBSYSTEM, DIVISION = "govcloud:function", "govcloud:subsystem", "govcloud:division"
USE, ENTER = "use", "enter"
#: The ``id`` of a question that is about no row in particular.
ANY = ANYTHING


class Target(NamedTuple):
    """The function that a question is about, and what conditions may read of the resource."""

    function: str
    resource: Mapping[str, Any]


def target_of(action: str, resource: Resource) -> Target | None:
    """Return what is asked for by ``action`` on ``resource``; ``None``: there is no such action on what the platform knows."""
    known = _TARGETS.get(resource.type)
    if known is not None:
        return known(action, resource.id or ANY, resource.properties)
    # The entity's own type and id win over properties of the same name.
    return Target(action, {**resource.properties, "type": resource.type, "id": resource.id})


def division_target(action: str, code: str, properties: Mapping[str, Any]) -> Target:
    """Return the question about rows of one division; what the properties say of the division does not count."""
    row = {**properties, "type": DIVISION, "id": code, "division": code}
    if code == ANY:
        del row["division"]
    return Target(action, row)


def _function(action: str, code: str, properties: Mapping[str, Any]) -> Target | None:
    return Target(code, properties) if action == USE else None


def _subsystem(action: str, code: str, properties: Mapping[str, Any]) -> Target | None:
    return Target(door_of(code), properties) if action == ENTER else None


#: The resources that know one action alone.
ONE_ACTION = {FUNCTION: USE, SUBSYSTEM: ENTER}
_TARGETS: dict[str, Callable[[str, str, Mapping[str, Any]], Target | None]] = {
    FUNCTION: _function,
    SUBSYSTEM: _subsystem,
    DIVISION: division_target,
}
