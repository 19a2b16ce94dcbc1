"""The port through which the catalogue asks how much elsewhere hangs on functions: live grants, and requests that wait."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Usage:
    """How many live grants open some functions, and how many lines of requests for them still wait."""

    grants: int
    lines: int

    @property
    def none(self) -> bool:
        """Say whether nothing hangs on them."""
        return not (self.grants or self.lines)


CountUsage = Callable[[Sequence[str]], Usage]
