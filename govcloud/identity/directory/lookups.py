"""What people and departments can be looked up by, as small conditions; and whether an index serves them.

A condition that no index serves would walk through the whole province, so whoever builds one asks ``effort`` first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, true


class Effort(IntEnum):
    """How a condition is met: by an index; by going on in a list, most rows fit; or by sifting all rows for the few that fit."""

    FINDS = 0
    LISTS = 1
    SIFTS = 2


@dataclass(frozen=True)
class Is:
    """``field`` is ``value``."""

    field: str
    value: str | bool | UUID


@dataclass(frozen=True)
class Begins:
    """``field`` begins with ``value``."""

    field: str
    value: str


@dataclass(frozen=True)
class Everything:
    """No condition: every row has what was asked for."""


@dataclass(frozen=True)
class AllOf:
    """Every one of ``parts`` holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class AnyOf:
    """One of ``parts`` holds."""

    parts: tuple[Condition, ...]


Condition: TypeAlias = Is | Begins | Everything | AllOf | AnyOf
#: Which columns stand behind the simple conditions, by their type and field.
Lookups: TypeAlias = Mapping[tuple[type, str], Callable[[Any, datetime], ColumnElement[bool]]]


def effort(condition: Condition) -> Effort:
    """Return how ``condition`` is met; what is not ``FINDS`` or ``LISTS`` must not be run."""
    match condition:
        case Everything() | Is("active", True):
            return Effort.LISTS
        case Is("active", _):
            return Effort.SIFTS
        case AllOf(parts):
            efforts = [effort(part) for part in parts]
            return Effort.FINDS if Effort.FINDS in efforts else max(efforts)
        case AnyOf(parts):
            return max(effort(part) for part in parts)
        case _:
            return Effort.FINDS


def as_sql(condition: Condition, lookups: Lookups, now: datetime) -> ColumnElement[bool]:
    """Return a condition as SQL; every value is bound.

    Raises:
        KeyError: there is no such look-up.
    """
    match condition:
        case Everything():
            return true()
        case AllOf(parts):
            return and_(*(as_sql(part, lookups, now) for part in parts))
        case AnyOf(parts):
            return or_(*(as_sql(part, lookups, now) for part in parts))
        case Is(field, value) | Begins(field, value):
            return lookups[type(condition), field](value, now)
