"""The port through which the catalogue asks what elsewhere hangs on functions: grants, requests, and rights to certain rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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


@dataclass(frozen=True)
class Promised:
    """What is bounded about a function: roles (their names) to rows or to fields, and how many live grants to certain rows."""

    rows: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    grants: int = 0


Promises = Callable[[Sequence[str]], Mapping[str, Promised]]
"""Returns what is promised about functions, by their codes; those about which nothing is are left out."""
CountUsage = Callable[[Sequence[str]], Usage]
