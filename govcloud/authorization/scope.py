"""Data scope: the divisions whose rows somebody may use, and the algebra on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

_CODE_LENGTH = 12
#: GB/T 10114: two digits each for province, city and county, then three each for township and village.
_LEVELS = (2, 4, 6, 9, 12)


@lru_cache(maxsize=65_536)
def division_prefix(code: str) -> str:
    """Return the significant digits of a 12-digit division code (``"330106000000"`` → ``"330106"``).

    Whole levels are cut, never single zeros: county ``330110`` must not come out as ``33011`` and cover ``330111``.

    Raises:
        ValueError: ``code`` is not 12 digits, or starts with ``00``.
    """
    if len(code) != _CODE_LENGTH or not (code.isascii() and code.isdigit()) or code.startswith("00"):
        msg = f"a division code has 12 digits, got {code!r}"
        raise ValueError(msg)
    return next(code[:length] for length in _LEVELS if not code[length:].strip("0"))


def division_covers(outer: str, inner: str) -> bool:
    """Return whether division ``inner`` is ``outer`` or lies in it."""
    return inner.startswith(division_prefix(outer))


@dataclass(frozen=True, slots=True)
class Scope:
    """The divisions whose rows may be used; ``divisions=None`` is the whole province, ``()`` is no row at all.

    Kept sorted and without divisions that another one already covers, so that equal scopes compare equal.
    """

    divisions: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Check the codes and bring them into the one form.

        Raises:
            ValueError: a code is not a division code.
        """
        if self.divisions is None:
            return
        kept: list[str] = []
        # A covering division sorts before those that it covers: its digits are their prefix, then zeros.
        for code in sorted(set(self.divisions)):
            division_prefix(code)
            if not any(division_covers(outer, code) for outer in kept):
                kept.append(code)
        object.__setattr__(self, "divisions", tuple(kept))

    def covers(self, other: str | Scope) -> bool:
        """Return whether the division, or everything in the other scope, lies in this one."""
        if self.divisions is None:
            return True
        if isinstance(other, str):
            return any(division_covers(outer, other) for outer in self.divisions)
        return other.divisions is not None and all(self.covers(code) for code in other.divisions)

    def intersect(self, other: Scope) -> Scope:
        """Return the rows that both allow."""
        if self.divisions is None:
            return other
        if other.divisions is None:
            return self
        mine = [code for code in self.divisions if other.covers(code)]
        theirs = [code for code in other.divisions if self.covers(code)]
        return Scope((*mine, *theirs))

    def union(self, other: Scope) -> Scope:
        """Return the rows that either allows."""
        if self.divisions is None or other.divisions is None:
            return PROVINCE
        return Scope((*self.divisions, *other.divisions))

    def to_json(self) -> dict[str, Any]:
        """Return ``{"divisions": [...]}``; ``{"divisions": None}`` is the whole province."""
        return {"divisions": None if self.divisions is None else list(self.divisions)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any] | None) -> Self:
        """Read what ``to_json`` wrote; ``None`` and an absent key are the whole province.

        Raises:
            ValueError: ``divisions`` is not a list of division codes.
        """
        divisions = None if value is None else value.get("divisions")
        if divisions is None:
            return cls(None)
        if not isinstance(divisions, list | tuple) or not all(isinstance(code, str) for code in divisions):
            msg = f"divisions must be a list of codes, got {divisions!r}"
            raise ValueError(msg)
        return cls(tuple(divisions))


PROVINCE = Scope(None)
NOTHING = Scope(())
