"""The shortest way to ask an engine of a few rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from govcloud.authorization.deciding.asking import Asking
from govcloud.authorization.deciding.engine import Engine, Verdict
from govcloud.authorization.deciding.policy import compile_policy
from govcloud.authorization.policies.document import RoleSpec, RuleSpec
from govcloud.authorization.shipped import model_text
from govcloud.authorization.subjects.snapshot import Snapshot, Window

READ = "housing:register:read"


def engine_of(*rules: RuleSpec, roles: tuple[str, ...] = ("clerk", "barred")) -> Engine:
    """Return an engine of these rules."""
    return Engine(model_text(), compile_policy(1, [RoleSpec(role, role) for role in roles], rules))


def verdict(
    engine: Engine,
    *roles: str,
    function: str = READ,
    label: int = 0,
    resource: Mapping[str, Any] | None = None,
    attributes: Mapping[str, Any] | None = None,
) -> Verdict:
    """Return what the engine says to somebody who holds ``roles`` for good."""
    snapshot = Snapshot("someone", attributes or {}, dict.fromkeys(roles, (Window(0),)))
    asking = Asking(snapshot, function, 10, label=label, resource=resource or {}, context={}, bounded=bool(resource))
    return engine.decide(asking, function)


def ask(engine: Engine, *roles: str, function: str = READ) -> bool:
    """Return whether somebody who holds ``roles`` may use ``function``."""
    return verdict(engine, *roles, function=function).allowed
