"""Zhejiang's divisions: the tree of twelve-digit codes, and which places a smaller province is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, zip_longest

from govcloud.cli.seed.datafiles import table
from govcloud.cli.seed.sizes import Shape

PROVINCE = "330000000000"
#: Counties that the story needs come first in every size: 西湖区 and 余杭区.
_FIRST_COUNTIES = ("330106000000", "330110000000")
_LEVELS = {2: "province", 4: "city", 6: "county", 9: "township"}
_DISTRICT = "区"


@dataclass(frozen=True)
class PlannedDivision:
    """A division; ``full_name`` puts the city before a district (``杭州市西湖区``), as official names do."""

    code: str
    name: str
    full_name: str
    level: str
    parent_code: str | None


class Divisions:
    """The whole tree, parents before children."""

    def __init__(self) -> None:
        """Read the data file."""
        self.by_code: dict[str, PlannedDivision] = {}
        for code, name in table("divisions"):
            length = next(length for length in _LEVELS if not code[length:].strip("0"))
            parent = self.by_code.get(_cut(code, {2: 0, 4: 2, 6: 4, 9: 6}[length]))
            full_name = parent.name + name if parent and length > len("3301") and name.endswith(_DISTRICT) else name
            self.by_code[code] = PlannedDivision(code, name, full_name, _LEVELS[length], parent.code if parent else None)

    @property
    def province(self) -> PlannedDivision:
        """Return the root."""
        return self.by_code[PROVINCE]

    @cached_property
    def county_codes(self) -> tuple[str, ...]:
        """Return the six-digit codes of all counties."""
        return tuple(division.code[:6] for division in self.by_code.values() if division.level == "county")

    def cities(self, shape: Shape) -> list[PlannedDivision]:
        """Return the cities that have departments in ``shape``."""
        return list(islice(self._children(PROVINCE), shape.cities))

    def counties(self, shape: Shape) -> list[PlannedDivision]:
        """Return the counties that have departments: one of each city in turn."""
        by_city = [sorted(self._children(city.code), key=_story_first) for city in self.cities(shape)]
        return list(islice(_in_turn(by_city), shape.counties))

    def townships(self, shape: Shape) -> list[PlannedDivision]:
        """Return the townships that have departments: one of each county in turn."""
        return list(islice(_in_turn([list(self._children(county.code)) for county in self.counties(shape)]), shape.townships))

    def _children(self, code: str) -> Iterator[PlannedDivision]:
        return (division for division in self.by_code.values() if division.parent_code == code)


def _cut(code: str, length: int) -> str:
    """Return the division code that keeps the first ``length`` digits of ``code``."""
    return code[:length].ljust(12, "0")


def _story_first(division: PlannedDivision) -> tuple[int, str]:
    place = _FIRST_COUNTIES.index(division.code) if division.code in _FIRST_COUNTIES else len(_FIRST_COUNTIES)
    return place, division.code


def _in_turn(lists: Iterable[Iterable[PlannedDivision]]) -> Iterator[PlannedDivision]:
    """Return the first of each list, then the second of each, and so on."""
    for row in zip_longest(*lists):
        yield from (item for item in row if item is not None)
