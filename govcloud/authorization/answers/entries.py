"""What lists of answers give out: people and functions, each allowed, or conditional with the attributes that would settle it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from govcloud.subsystems.views import SubsystemView


class State(StrEnum):
    """How a question came out: ``allowed`` exactly when ``decide`` allows it.

    ``conditional`` is denied as it stands, and undetermined only because the question lacks attributes that a rule reads.
    """

    ALLOWED = "allowed"
    CONDITIONAL = "conditional"
    DENIED = "denied"


class PersonEntry(NamedTuple):
    """Somebody who may use the function; ``id`` is the official.

    ``missing`` names what a ``conditional`` answer lacks (``resource.level``, ``context.network_zone``). ``under`` are the appointments
    under which it is so (``None``: under none at all), when the list was asked for every appointment; else it is empty.
    ``because`` says what gives the function: ``role:<code>``, ``duty:<id>``, ``grant``, ``everybody``.
    """

    id: UUID
    state: State
    missing: tuple[str, ...] = ()
    under: tuple[UUID | None, ...] = ()
    because: tuple[str, ...] = ()


class FunctionEntry(NamedTuple):
    """A function that somebody may use; ``id`` is its code, ``name`` what the catalogue calls it."""

    id: str
    state: State
    missing: tuple[str, ...] = ()
    name: str = ""


class SubsystemEntry(NamedTuple):
    """A subsystem that somebody may enter, or may if the question said more."""

    subsystem: SubsystemView
    state: State
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """One page of people, in the order of their ids; ``after`` asks for the next one and is ``None`` at the end.

    A page may hold fewer than were asked for, or none, and still have a next one: a call looks at a bounded number of candidates.
    ``epoch`` is the number of the last change that it took into account; 0 for another moment than now.
    """

    rows: tuple[PersonEntry, ...]
    after: UUID | None
    epoch: int


@dataclass(frozen=True, slots=True)
class FunctionPage:
    """One page of functions, in the order of their codes; ``after`` asks for the next one and is ``None`` at the end."""

    rows: tuple[FunctionEntry, ...]
    after: str | None
    epoch: int


@dataclass(frozen=True, slots=True)
class Subsystems:
    """The subsystems that somebody may enter, in the order of their codes: all of them, there are as many as the catalogue has."""

    rows: tuple[SubsystemEntry, ...]
    epoch: int


@dataclass(frozen=True, slots=True)
class PeopleCount:
    """How many people may use a function; ``everybody``: it is open to every official by a rule, and nobody was counted.

    ``more``: there are so many that counting stopped, and there may be others.
    """

    allowed: int
    conditional: int
    everybody: bool = False
    more: bool = False
