"""The organisation of a province: governments and their departments at four levels, with names, codes and internal offices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from govcloud.cli.seed.datafiles import document
from govcloud.cli.seed.divisions import Divisions, PlannedDivision
from govcloud.cli.seed.numbers import CreditCodes, stream
from govcloud.cli.seed.sizes import Shape

GOVERNMENT = "government"
TOWNSHIP = "township"
# Authority and class of a credit code, by how the department's name ends; other departments are organs of the state.
_CATEGORIES = {"中心": "12", "队": "12", "地质院": "12", "联合会": "13", "红十字会": "13", "联合社": "13"}
_ORGAN = "11"
_STREET = "街道"
_PROVINCE_SHORT = "省"
# Townships stand below the county's own departments.
_AFTER_DEPARTMENTS = 100


@dataclass(frozen=True)
class PlannedDepartment:
    """A department, named by ``key`` (division and kind) until it has an id; ``code`` is its two digits in service items."""

    key: str
    parent_key: str | None
    kind: str
    code: str
    uscc: str
    name: str
    short_name: str
    division: str
    level: str
    business_lines: tuple[str, ...]
    offices: tuple[str, ...]
    position: int


def department_key(division: str, kind: str) -> str:
    """Return what names the department of ``kind`` in a division."""
    return f"{division}/{kind}"


def plan_departments(shape: Shape, divisions: Divisions, seed: int) -> Iterator[PlannedDepartment]:
    """Return the departments, every parent before its children."""
    return _Planner(shape, divisions, seed).departments()


class _Planner:
    """Walks the levels from the top."""

    def __init__(self, shape: Shape, divisions: Divisions, seed: int) -> None:
        self._shape = shape
        self._divisions = divisions
        self._data: Mapping[str, Any] = document("departments")
        self._suffixes = {level: names["office_suffix"] for level, names in document("posts")["levels"].items()}
        self._codes = CreditCodes(stream(seed, "credit codes"))
        self._numbers = count()

    def departments(self) -> Iterator[PlannedDepartment]:
        yield from self._of_place(self._divisions.province, self._shape.provincial_departments, None)
        for place in self._divisions.cities(self._shape):
            yield from self._of_place(place, self._shape.city_departments, place.parent_code)
        for place in self._divisions.counties(self._shape):
            yield from self._of_place(place, self._shape.county_departments, place.parent_code)
        for place in self._divisions.townships(self._shape):
            yield from self._of_township(place)

    def _of_place(self, place: PlannedDivision, wanted: int, parent_code: str | None) -> Iterator[PlannedDepartment]:
        """Return a people's government and the departments under it."""
        above = department_key(parent_code, GOVERNMENT) if parent_code else None
        name = "人民政府"
        yield self._build(place, GOVERNMENT, self._data["government"], (place.full_name + name, place.name + name), above)
        government = department_key(place.code, GOVERNMENT)
        kinds = [kind for kind in self._data["kinds"] if place.level in kind][: wanted - 1]
        short = _PROVINCE_SHORT if place.level == "province" else place.name
        for position, kind in enumerate(kinds, 1):
            name = kind[place.level]
            full = kind.get("prefix", "") + place.full_name + name
            yield self._build(place, kind["kind"], kind, (full, short + name), government, position)

    def _of_township(self, place: PlannedDivision) -> Iterator[PlannedDepartment]:
        """Return a township's government (of a street: its office) and its centres."""
        county = self._divisions.by_code[str(place.parent_code)]
        data = self._data[TOWNSHIP]
        name = place.name + ("办事处" if place.name.endswith(_STREET) else "人民政府")
        above = department_key(county.code, GOVERNMENT)
        yield self._build(place, TOWNSHIP, data, (county.full_name + name, name), above, _AFTER_DEPARTMENTS)
        own = department_key(place.code, TOWNSHIP)
        for position, centre in enumerate(data["centres"][: self._shape.township_departments - 1], 1):
            name = place.name + centre["name"]
            yield self._build(place, centre["kind"], centre, (county.full_name + name, name), own, position)

    def _build(  # noqa: PLR0917 - private, and every call gives all
        self,
        place: PlannedDivision,
        kind: str,
        data: Mapping[str, Any],
        names: tuple[str, str],
        parent: str | None,
        position: int = 0,
    ) -> PlannedDepartment:
        name, short = names
        category = next((category for ending, category in _CATEGORIES.items() if name.endswith(ending)), _ORGAN)
        return PlannedDepartment(
            key=department_key(place.code, kind),
            parent_key=parent,
            kind=kind,
            code=data["code"],
            uscc=self._codes.code(next(self._numbers), category, place.code),
            name=name,
            short_name=short,
            division=place.code,
            level=place.level,
            business_lines=(data["line"],),
            offices=self._offices(place.level, data["offices"], is_kind="kind" in data and place.level != TOWNSHIP),
            position=position,
        )

    def _offices(self, level: str, stems: list[str], *, is_kind: bool) -> tuple[str, ...]:
        """Return the names of the internal offices: stems with the level's word for an office."""
        common = self._data["common_offices"] if is_kind else []
        suffix = self._suffixes[level]
        names = [stem if stem.endswith(("室", "中心")) else stem + suffix for stem in (*common, *stems)]
        return tuple(dict.fromkeys(names))
