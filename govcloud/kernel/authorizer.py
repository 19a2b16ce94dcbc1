"""The port through which every command asks whether its actor may run it; the decision engine is wired to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from govcloud.kernel.actor import Actor


@dataclass(frozen=True)
class Target:
    """What a command acts on, as far as a rule may ask: its place in the organisation and a few attributes.

    ``department_path`` is the materialised path of the department that owns the thing (``"/<hex>/<hex>/"``).
    """

    type: str
    id: str
    department_path: str | None = None
    division: str | None = None
    attributes: Mapping[str, str | int | bool] = field(default_factory=dict)


class Authorizer(Protocol):
    """Decides whether ``actor`` may run ``command`` on ``target``."""

    def authorize(self, session: Session, actor: Actor, command: str, target: Target | None, now: datetime) -> None:
        """Return nothing when allowed.

        Raises:
            Denied: with every reason that stands against it.
        """
        ...
