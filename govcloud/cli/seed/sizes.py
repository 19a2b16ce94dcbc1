"""How big a province is: a preset of a few numbers for each size, from a developer's slice to the whole of Zhejiang."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """The numbers of one size; at every level the government itself is one of its departments.

    ``city_departments``, ``county_departments`` and ``township_departments`` count the departments of *one* city, county, township.
    """

    name: str
    officials: int
    provincial_departments: int
    cities: int
    city_departments: int
    counties: int
    county_departments: int
    townships: int
    township_departments: int
    subsystems: int

    @property
    def departments(self) -> int:
        """Return how many departments there are in all."""
        return (
            self.provincial_departments
            + self.cities * self.city_departments
            + self.counties * self.county_departments
            + self.townships * self.township_departments
        )


SHAPES = {
    shape.name: shape
    for shape in (
        Shape("dev", 2_000, 24, 2, 10, 4, 10, 8, 2, 20),
        Shape("demo", 20_000, 36, 3, 20, 8, 15, 28, 3, 60),
        # All departments of the province, with few people in them: what benchmarks import into.
        Shape("wide", 60_000, 60, 11, 45, 90, 35, 1_360, 4, 20),
        Shape("province", 1_500_000, 60, 11, 45, 90, 35, 1_360, 4, 1_000),
    )
}
#: What the command line offers; the whole province is for benchmarks, which have their own way in.
OFFERED = ("dev", "demo")
